// Evaluating paths: matches, what is missing, functions and limits.

#include "jsonpath/jsonpath.h"
#include "test/lib/test.h"

static struct arena arena;

static struct str evaluate_text(const char *path_text, const char *document_text, unsigned flags)
{
    const struct jsonpath *path;
    struct json document, value;
    struct str message = STR("without memory");
    if (json_parse(&arena, str_from_c(document_text), 0, &document, NULL) != STATUS_OK) {
        return STR("no document");
    }
    if (jsonpath_compile(&arena, str_from_c(path_text), flags, &path, &message) != STATUS_OK) {
        return message;
    }
    struct jsonpath_missing missing;
    enum status status = jsonpath_evaluate(path, &document, &document, &arena, &value, &missing);
    if (status == STATUS_OK) return json_render_to_arena(&arena, &value);
    if (status != STATUS_NOT_FOUND) return status == STATUS_INVALID ? STR("invalid") : STR("fault");
    return arena_printf(&arena, "%s %" STR_FORMAT, missing.is_last ? "last" : "before",
                        STR_ARGS(missing.path));
}

static void check(const char *path, const char *document, const char *expected)
{
    struct str actual = evaluate_text(path, document, 0);
    if (!str_is(actual, expected)) {
        test_fail(__FILE__, __LINE__, "%s on %s is %" STR_FORMAT ", not %s", path, document,
                  STR_ARGS(actual), expected);
    }
}

TEST(evaluate_follows_names_and_indices)
{
    arena_init(&arena, MIB(1));
    check("$", "7", "7");
    check("$.a.b[1]", "{\"a\":{\"b\":[1,{\"c\":2}]}}", "{\"c\":2}");
    check("$['a b'][\"c\"]", "{\"a b\":{\"c\":null}}", "null");
    check("$[-1]", "[1,2,3]", "3");
    check("$['it\\'s']", "{\"it's\":1}", "1");
    check("$.\xc3\xa9", "{\"\xc3\xa9\":1}", "1");
    check("$['']", "{\"\":1}", "1");
    check(" $.a ", "{\"a\":1}", "1");
    arena_release(&arena);
}

TEST(evaluate_says_what_is_missing)
{
    arena_init(&arena, MIB(1));
    check("$.p", "{}", "last $['p']");
    check("$.a.b.c", "{}", "before $['a']");
    check("$.a.b.c", "{\"a\":{}}", "before $['a']['b']");
    check("$.a.b", "{\"a\":1}", "last $['a']['b']");
    check("$.a[5].b", "{\"a\":[]}", "last $['a'][5]['b']");
    check("$.a[-1]", "{\"a\":[]}", "last $['a'][-1]");
    check("$['it\\'s'].b", "{}", "before $['it\\'s']");
    check("$.a.length()", "{}", "before $['a']");
    arena_release(&arena);
}

TEST(evaluate_gives_all_matches_of_indefinite_paths)
{
    arena_init(&arena, MIB(1));
    check("$.*", "{\"a\":1,\"b\":[2]}", "[1,[2]]");
    check("$[*].a", "[{\"a\":1},{\"b\":2},{\"a\":3},4]", "[1,3]");
    check("$[0,2,9,-1]", "[1,2,3]", "[1,3,3]");
    check("$[1:3]", "[0,1,2,3]", "[1,2]");
    check("$[-2:]", "[0,1,2,3]", "[2,3]");
    check("$[:-1]", "[0,1,2,3]", "[0,1,2]");
    check("$[-3:-1]", "[0,1,2,3]", "[1,2]");
    check("$[1:-1]", "[0,1,2,3]", "[]");
    check("$[0:4:2]", "[0,1,2,3]", "[0,1,2,3]");
    check("$[-2147483648:2147483647]", "[0,1]", "[0,1,0,1]");
    check("$['a','c']", "{\"a\":1,\"b\":2}", "{\"a\":1}");
    check("$['a','c'].x", "{\"a\":{\"x\":1},\"c\":{\"x\":2}}", "[1,2]");
    check("$..a", "{\"a\":{\"a\":1},\"b\":[{\"a\":2}]}", "[{\"a\":1},1,2]");
    check("$..[0]", "[[1],[2]]", "[[1],1,2]");
    check("$..[1].a", "[{\"a\":1},{\"a\":2}]", "[2]");
    check("$..*", "{\"a\":[1]}", "[[1],1]");
    check("$.a[*]", "{\"a\":7}", "[]");
    arena_release(&arena);
}

TEST(evaluate_finds_nothing_where_an_indefinite_path_starts_nowhere)
{
    arena_init(&arena, MIB(1));
    check("$.item.items[1:5].itemValue", "{}", "[]");
    check("$.a[?(@.b)]", "{\"a\":1}", "[]");
    CHECK_STR(evaluate_text("$.a[*]", "{}", JSONPATH_DEMAND_START), STR("before $['a']"));
    CHECK_STR(evaluate_text("$.a[?(@.b)]", "{\"a\":1}", JSONPATH_DEMAND_START), STR("invalid"));
    arena_release(&arena);
}

TEST(evaluate_takes_the_document_for_the_dollar_in_filters)
{
    arena_init(&arena, MIB(1));
    const struct jsonpath *path;
    struct json root, document, value;
    REQUIRE(json_parse(&arena, STR("[1,2,3]"), 0, &root, NULL) == STATUS_OK);
    REQUIRE(json_parse(&arena, STR("{\"limit\":1}"), 0, &document, NULL) == STATUS_OK);
    REQUIRE(jsonpath_compile(&arena, STR("$list[?(@ > $.limit)]"), JSONPATH_ALLOW_ROOTS, &path,
                             NULL) == STATUS_OK);
    REQUIRE(jsonpath_evaluate(path, &root, &document, &arena, &value, NULL) == STATUS_OK);
    CHECK_STR(json_render_to_arena(&arena, &value), STR("[2,3]"));
    arena_release(&arena);
}

TEST(evaluate_applies_functions)
{
    arena_init(&arena, MIB(1));
    check("$.a.length()", "{\"a\":[1,2]}", "2");
    check("$.a.length()", "{\"a\":{\"x\":1}}", "1");
    check("$.a.length()", "{\"a\":\"text\"}", "null");
    check("$.min()", "[3,1,\"x\",2]", "1.0");
    check("$.max()", "[3,1,2]", "3.0");
    check("$.sum()", "[1,2.5]", "3.5");
    check("$.avg()", "[1,2]", "1.5");
    check("$.stddev()", "[1,3]", "1.0");
    check("$.sum($.b, 10)", "{\"b\":[1,2]}", "13.0");
    check("$.keys()", "{\"a\":1,\"b\":2}", "[\"a\",\"b\"]");
    check("$.concat(\"-\", $.b)", "{\"b\":\"x\"}", "\"-x\"");
    check("$.append(4, \"x\")", "[1]", "[1,4,\"x\"]");
    check("$.first()", "[1,2]", "1");
    check("$.last()", "[1,2]", "2");
    check("$.index(1)", "[1,2]", "2");
    check("$..a.sum()", "{\"a\":1,\"b\":{\"a\":2}}", "3.0");
    check("$..b.length()", "{\"b\":[1,2,3]}", "3");
    check("$[*].length()", "[[1],[1,2]]", "[1,2]");
    check("$.sum()", "[]", "invalid");
    check("$.first()", "[]", "invalid");
    check("$.index(5)", "[1]", "invalid");
    check("$.index(\"x\")", "[1]", "invalid");
    arena_release(&arena);
}

TEST(evaluate_ends_however_much_there_is_to_visit)
{
    arena_init(&arena, MIB(64));
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    for (int i = 0; i < 300; i++)
        buffer_append_str(&text, STR("[["));
    for (int i = 0; i < 300; i++)
        buffer_append_str(&text, STR("],0]"));
    struct json document, value;
    CHECK(json_parse(&arena, buffer_str(&text), 0, &document, NULL) == STATUS_INVALID);
    buffer_clear(&text);
    for (int i = 0; i < 200; i++)
        buffer_append_str(&text, STR("[["));
    for (int i = 0; i < 200; i++)
        buffer_append_str(&text, STR("],0]"));
    REQUIRE(json_parse(&arena, buffer_str(&text), 0, &document, NULL) == STATUS_OK);
    const struct jsonpath *path;
    REQUIRE(jsonpath_compile(&arena, STR("$..[0]..[0]..[0]..[0]..[0]..nosuch"), 0, &path, NULL) ==
            STATUS_OK);
    CHECK(jsonpath_evaluate(path, &document, &document, &arena, &value, NULL) == STATUS_INVALID);
    REQUIRE(jsonpath_compile(&arena, STR("$..*..*..*..*..*"), 0, &path, NULL) == STATUS_OK);
    CHECK(jsonpath_evaluate(path, &document, &document, &arena, &value, NULL) != STATUS_OK);
    arena_release(&arena);
}

TEST(evaluate_survives_every_arena_limit)
{
    static const char *const texts[] = {
        "$..a",           "$[*]['a','b']",    "$..a.sum()", "$[?(@.a =~ /x+|1/)].a",
        "$.append(1, 2)", "$.concat($[*].a)", "$.keys()",   "$.x.y",
    };
    struct arena fixed;
    arena_init(&fixed, MIB(1));
    struct json document, value;
    REQUIRE(json_parse(&fixed, STR("[{\"a\":1,\"b\":2},{\"a\":\"xx\"},{\"a\":[{\"a\":3}]}]"), 0,
                       &document, NULL) == STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        const struct jsonpath *path;
        REQUIRE(jsonpath_compile(&fixed, str_from_c(texts[i]), 0, &path, NULL) == STATUS_OK);
        bool was_decided = false;
        for (size_t limit = 0; limit < KIB(128); limit += limit < 4096 ? 32 : 2048) {
            arena_init(&arena, limit);
            struct jsonpath_missing missing;
            enum status status =
                jsonpath_evaluate(path, &document, &document, &arena, &value, &missing);
            CHECK(status == STATUS_NO_MEMORY || !arena.is_exhausted);
            CHECK(status != STATUS_NO_MEMORY || !was_decided);
            was_decided = status != STATUS_NO_MEMORY;
            arena_release(&arena);
        }
        CHECK(was_decided);
    }
    arena_release(&fixed);
}
