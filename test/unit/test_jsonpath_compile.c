// Compiling paths: what is a path, what kind it is, and what is none.

#include "jsonpath/jsonpath.h"
#include "test/lib/test.h"

static struct arena arena;

static const struct jsonpath *compile(const char *text, unsigned flags)
{
    const struct jsonpath *path = NULL;
    struct str message = STR("without memory");
    if (jsonpath_compile(&arena, str_from_c(text), flags, &path, &message) != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, text, STR_ARGS(message));
    }
    return path;
}

static bool is_refused(const char *text, unsigned flags)
{
    const struct jsonpath *path;
    struct str message = {0};
    enum status status = jsonpath_compile(&arena, str_from_c(text), flags, &path, &message);
    return status == STATUS_INVALID && message.size > 0;
}

TEST(compile_knows_the_roots)
{
    arena_init(&arena, MIB(1));
    CHECK(jsonpath_root(compile("$", 0)) == JSONPATH_ROOT_DATA);
    CHECK(jsonpath_is_root(compile("$", 0)));
    CHECK(!jsonpath_is_root(compile("$.a", 0)));
    CHECK(jsonpath_root(compile("$$.Execution.Id", JSONPATH_ALLOW_ROOTS)) == JSONPATH_ROOT_CONTEXT);
    CHECK(jsonpath_is_root(compile("$$", JSONPATH_ALLOW_ROOTS)));
    const struct jsonpath *path = compile("$order_1.id", JSONPATH_ALLOW_ROOTS);
    REQUIRE(path != NULL);
    CHECK(jsonpath_root(path) == JSONPATH_ROOT_VARIABLE);
    CHECK_STR(jsonpath_variable(path), STR("order_1"));
    CHECK_STR(jsonpath_text(path), STR("$order_1.id"));
    CHECK(jsonpath_root(compile("$[0]", JSONPATH_ALLOW_ROOTS)) == JSONPATH_ROOT_DATA);
    CHECK(jsonpath_is_root(compile("$\xc3\xa9t\xc3\xa9", JSONPATH_ALLOW_ROOTS)));
    CHECK(is_refused("$$.a", 0));
    CHECK(is_refused("$name", 0));
    CHECK(is_refused("$1a", JSONPATH_ALLOW_ROOTS));
    arena_release(&arena);
}

TEST(compile_tells_definite_paths_from_others)
{
    arena_init(&arena, MIB(1));
    static const char *const definite[] = {"$",       "$.a.b[0]",   "$['a'][-1]",
                                           "$.['a']", "$['a','b']", "$.a.length()"};
    static const char *const indefinite[] = {"$.*",   "$[*]",         "$..a",     "$[0,1]",
                                             "$[1:]", "$['a','b'].c", "$[?(@.a)]"};
    for (size_t i = 0; i < ARRAY_COUNT(definite); i++)
        CHECK(jsonpath_is_definite(compile(definite[i], 0)));
    for (size_t i = 0; i < ARRAY_COUNT(indefinite); i++)
        CHECK(!jsonpath_is_definite(compile(indefinite[i], 0)));
    arena_release(&arena);
}

TEST(compile_restricts_reference_paths)
{
    arena_init(&arena, MIB(1));
    unsigned flags = JSONPATH_REFERENCE;
    CHECK(compile("$", flags) != NULL);
    CHECK(compile("$.a['b c'][3]", flags) != NULL);
    static const char *const refused[] = {"$.*", "$[-1]",   "$[0,1]",     "$[1:2]",       "$..a",
                                          "$$",  "$[?(@)]", "$['a','b']", "$.a.length()", "$x.a"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        CHECK(is_refused(refused[i], flags));
    CHECK(compile("$$.a[0]", flags | JSONPATH_ALLOW_ROOTS) != NULL);
    arena_release(&arena);
}

TEST(compile_refuses_what_is_no_path)
{
    static const char *const texts[] = {
        "",
        " ",
        "a",
        "$a",
        "$.",
        "$..",
        "$.a.",
        "$...a",
        "$.a b",
        "$[",
        "$[]",
        "$['a'",
        "$['a",
        "$['a'",
        "$['a',]",
        "$['a' 'b']",
        "$['a',\"b\"]",
        "$[a]",
        "$[1",
        "$[1 2]",
        "$[--1]",
        "$[1-2]",
        "$[:]",
        "$[1:x]",
        "$[99999999999]",
        "$[*",
        "$[?]",
        "$[?()]",
        "$[?(@.a]",
        "$[?(@.a == )]",
        "$[?(@.a = 1)]",
        "$[?(1)]",
        "$[?(@.a && )]",
        "$[?(@.a) || (@.b)]",
        "$[?(@.a == 'x)]",
        "$[?(@.a =~ /x)]",
        "$[?(@.a =~ /(/)]",
        "$[?(@.a == tru)]",
        "$[?(@.a == 1e)]",
        "$[?(@.a == [1)]",
        "$[?(@.a ~~ 1)]",
        "$[?(!(@.a)]",
        "$.nosuch()",
        "$.a.sum(",
        "$.a.sum($.b",
        "$.a.sum($.)",
        "$..sum()",
        "$.a()",
        "$['\\u12']",
        "$.a.append({1})",
    };
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (!is_refused(texts[i], 0)) test_fail(__FILE__, __LINE__, "%s was accepted", texts[i]);
    }
    arena_release(&arena);
}

TEST(compile_limits_segments_nesting_and_size)
{
    arena_init(&arena, MIB(16));
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    buffer_append_byte(&text, '$');
    for (int i = 0; i < 2000; i++)
        buffer_append_str(&text, STR("[0]"));
    buffer_append_byte(&text, '\0');
    CHECK(is_refused(text.data, 0));

    buffer_clear(&text);
    buffer_append_byte(&text, '$');
    for (int i = 0; i < 2000; i++)
        buffer_append_str(&text, STR("[?(@.a"));
    for (int i = 0; i < 2000; i++)
        buffer_append_str(&text, STR(")]"));
    buffer_append_byte(&text, '\0');
    CHECK(is_refused(text.data, 0));

    buffer_clear(&text);
    buffer_append_str(&text, STR("$[?("));
    for (int i = 0; i < 5000; i++)
        buffer_append_str(&text, STR("!("));
    buffer_append_byte(&text, '\0');
    CHECK(is_refused(text.data, 0));

    buffer_clear(&text);
    buffer_append_str(&text, STR("$[?(@ in "));
    for (int i = 0; i < 5000; i++)
        buffer_append_str(&text, STR("["));
    buffer_append_byte(&text, '\0');
    CHECK(is_refused(text.data, 0));

    buffer_clear(&text);
    buffer_append_str(&text, STR("$."));
    for (int i = 0; i < 70000; i++)
        buffer_append_byte(&text, 'a');
    buffer_append_byte(&text, '\0');
    CHECK(is_refused(text.data, 0));
    arena_release(&arena);
}

TEST(compile_takes_long_chains_of_operators)
{
    arena_init(&arena, MIB(16));
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    buffer_append_str(&text, STR("$[?(@.a == 1"));
    for (int i = 0; i < 4000; i++)
        buffer_append_str(&text, i % 2 == 0 ? STR(" && @.a") : STR(" || @.b"));
    buffer_append_str(&text, STR(")]"));
    const struct jsonpath *path;
    REQUIRE(jsonpath_compile(&arena, buffer_str(&text), 0, &path, NULL) == STATUS_OK);
    struct json item = json_from_integer(1), value;
    struct json_member member = {json_from_str(STR("a")), item};
    struct json object = json_from_members(&member, 1), array = json_from_items(&object, 1);
    CHECK(jsonpath_evaluate(path, &array, &array, &arena, &value, NULL) == STATUS_OK);
    CHECK(value.size == 1);
    arena_release(&arena);
}

TEST(compile_survives_every_arena_limit)
{
    static const char text[] = "$.a['b\\n',\"c\"][0,1,2,3,4,5][1:2]..d[?(@.e =~ /x+/i && !(@.f in "
                               "['g', {'h': [1]}]) || @['i'] == $.j)].append($.k[*], \"l\").sum()";
    bool was_ok = false;
    for (size_t limit = 0; limit < KIB(64); limit += 64) {
        arena_init(&arena, limit);
        const struct jsonpath *path;
        struct str message;
        enum status status = jsonpath_compile(&arena, STR(""), 0, &path, &message);
        CHECK(status == STATUS_INVALID || status == STATUS_NO_MEMORY);
        arena_release(&arena);
        arena_init(&arena, limit);
        struct str quotes_differ = STR("$.a['b']");
        status = jsonpath_compile(&arena, quotes_differ, 0, &path, &message);
        CHECK(status == STATUS_OK || status == STATUS_NO_MEMORY);
        arena_release(&arena);
        arena_init(&arena, limit);
        status = jsonpath_compile(&arena, str_from_c(text), 0, &path, &message);
        CHECK(status != STATUS_OK || !arena.is_exhausted);
        was_ok = was_ok || status != STATUS_NO_MEMORY;
        arena_release(&arena);
    }
    CHECK(was_ok);
}
