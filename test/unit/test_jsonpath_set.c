// Setting what a Reference Path names.

#include "jsonpath/jsonpath.h"
#include "test/lib/test.h"

static struct arena arena;

static struct str set(const char *path_text, const char *document_text, const char *value_text)
{
    const struct jsonpath *path;
    struct json document, value, result;
    bool is_ready =
        json_parse(&arena, str_from_c(document_text), 0, &document, NULL) == STATUS_OK &&
        json_parse(&arena, str_from_c(value_text), 0, &value, NULL) == STATUS_OK &&
        jsonpath_compile(&arena, str_from_c(path_text), JSONPATH_REFERENCE, &path, NULL) ==
            STATUS_OK;
    if (!is_ready) return STR("not ready");
    struct str before = json_render_to_arena(&arena, &document);
    enum status status = jsonpath_set(path, &document, &value, &arena, &result);
    CHECK_STR(json_render_to_arena(&arena, &document), before);
    return status == STATUS_OK ? json_render_to_arena(&arena, &result)
                               : str_from_c(status_name(status));
}

TEST(set_replaces_and_creates)
{
    arena_init(&arena, MIB(1));
    CHECK_STR(set("$", "{\"a\":1}", "2"), STR("2"));
    CHECK_STR(set("$.a", "{\"a\":1,\"b\":2}", "[]"), STR("{\"a\":[],\"b\":2}"));
    CHECK_STR(set("$.c", "{\"a\":1}", "null"), STR("{\"a\":1,\"c\":null}"));
    CHECK_STR(set("$.x.y.z", "{\"a\":1}", "3"), STR("{\"a\":1,\"x\":{\"y\":{\"z\":3}}}"));
    CHECK_STR(set("$.x['y z']", "{\"x\":{\"a\":1}}", "3"), STR("{\"x\":{\"a\":1,\"y z\":3}}"));
    CHECK_STR(set("$.l[1]", "{\"l\":[1,2,3]}", "9"), STR("{\"l\":[1,9,3]}"));
    CHECK_STR(set("$.l[1]", "{\"l\":[1]}", "9"), STR("{\"l\":[1,9]}"));
    CHECK_STR(set("$.l[0].a", "{\"l\":[]}", "9"), STR("{\"l\":[{\"a\":9}]}"));
    CHECK_STR(set("$.l[0]", "{}", "9"), STR("{\"l\":[9]}"));
    arena_release(&arena);
}

TEST(set_refuses_ways_through_scalars_and_gaps)
{
    arena_init(&arena, MIB(1));
    CHECK_STR(set("$.a.b", "{\"a\":1}", "2"), STR("INVALID"));
    CHECK_STR(set("$.a", "[1]", "2"), STR("INVALID"));
    CHECK_STR(set("$.a", "\"text\"", "2"), STR("INVALID"));
    CHECK_STR(set("$[0]", "{}", "2"), STR("INVALID"));
    CHECK_STR(set("$.l[2]", "{\"l\":[1]}", "2"), STR("INVALID"));
    CHECK_STR(set("$.a.b", "{\"a\":null}", "2"), STR("INVALID"));
    arena_release(&arena);
}

TEST(set_survives_every_arena_limit)
{
    struct arena fixed;
    arena_init(&fixed, MIB(1));
    const struct jsonpath *path;
    struct json document, result;
    REQUIRE(json_parse(&fixed, STR("{\"a\":{\"l\":[1,2]}}"), 0, &document, NULL) == STATUS_OK);
    REQUIRE(jsonpath_compile(&fixed, STR("$.a.l[2].x.y"), JSONPATH_REFERENCE, &path, NULL) ==
            STATUS_OK);
    bool was_ok = false;
    for (size_t limit = 0; limit < 2048; limit += 16) {
        arena_init(&arena, limit);
        enum status status = jsonpath_set(path, &document, &json_true, &arena, &result);
        CHECK(status == STATUS_NO_MEMORY || (status == STATUS_OK && !arena.is_exhausted));
        CHECK(status == STATUS_OK || !was_ok);
        was_ok = status == STATUS_OK;
        arena_release(&arena);
    }
    CHECK(was_ok);
    arena_release(&fixed);
}
