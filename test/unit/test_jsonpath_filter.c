// Filters: which items pass.

#include "jsonpath/jsonpath.h"
#include "test/lib/test.h"

static struct arena arena;

static void check(const char *filter, const char *document_text, const char *expected)
{
    const struct jsonpath *path;
    struct json document, value;
    struct str message = STR("without memory");
    arena_init(&arena, MIB(1));
    struct str text = arena_printf(&arena, "$[?(%s)]", filter);
    struct str actual = message;
    if (json_parse(&arena, str_from_c(document_text), 0, &document, NULL) != STATUS_OK) {
        actual = STR("no document");
    } else if (jsonpath_compile(&arena, text, 0, &path, &message) != STATUS_OK) {
        actual = message;
    } else if (jsonpath_evaluate(path, &document, &document, &arena, &value, NULL) == STATUS_OK) {
        actual = json_render_to_arena(&arena, &value);
    } else {
        actual = STR("invalid");
    }
    if (!str_is(actual, expected)) {
        test_fail(__FILE__, __LINE__, "%s on %s is %" STR_FORMAT ", not %s", filter, document_text,
                  STR_ARGS(actual), expected);
    }
    arena_release(&arena);
}

TEST(filter_asks_for_existence)
{
    check("@.a", "[{\"a\":null},{\"b\":1},1]", "[{\"a\":null}]");
    check("!@.a", "[{\"a\":null},{\"b\":1}]", "[{\"b\":1}]");
    check("@", "[0,null,false]", "[0,null,false]");
    check("@.a.b", "[{\"a\":{\"b\":1}},{\"a\":1}]", "[{\"a\":{\"b\":1}}]");
    check("@[1]", "[[1],[1,2]]", "[[1,2]]");
    check("@..x", "[{\"a\":1}]", "[{\"a\":1}]"); // No match, but a list of matches.
}

TEST(filter_combines_with_the_usual_precedence)
{
    const char *document = "[{\"a\":1},{\"b\":1},{\"a\":1,\"b\":1},{\"c\":1}]";
    check("@.a && @.b", document, "[{\"a\":1,\"b\":1}]");
    check("@.c || @.a && @.b", document, "[{\"a\":1,\"b\":1},{\"c\":1}]");
    check("(@.c || @.a) && @.b", document, "[{\"a\":1,\"b\":1}]");
    check("!(@.a || @.b)", document, "[{\"c\":1}]");
    check("!(!(@.c))", document, "[{\"c\":1}]");
    check("@.a&&@.b", document, "[{\"a\":1,\"b\":1}]");
}

TEST(filter_compares)
{
    check("@ == 1", "[1,1.0,\"1\",2,null]", "[1,1.0,\"1\"]");
    check("@ === 1", "[1,1.0,\"1\",2,null]", "[1,1.0]");
    check("@ != 1", "[1,\"1\",2,null]", "[2,null]");
    check("@ !== 1", "[1,\"1\",2]", "[\"1\",2]");
    check("@ == '1'", "[1,\"1\",\"1.0\"]", "[1,\"1\"]");
    check("@ == null", "[null,0,{}]", "[null]");
    check("@ == true", "[true,false,\"true\"]", "[true]");
    check("@ > 1", "[0,1,2,\"3\"]", "[2]");
    check("@ >= 1", "[0,1,2]", "[1,2]");
    check("@ < 'b'", "[\"a\",\"b\",1]", "[\"a\"]");
    check("@ <= 1.5", "[1,1.5,2]", "[1,1.5]");
    check("@ == -1e-10", "[-1e-10]", "[-1.0E-10]");
    check("@ == [1,'a']", "[[1,\"a\"],[1]]", "[[1,\"a\"]]");
    check("@ == {'a':[true]}", "[{\"a\":[true]},{}]", "[{\"a\":[true]}]");
    check("@.a == @.b", "[{\"a\":1,\"b\":1},{\"a\":1}]", "[{\"a\":1,\"b\":1}]");
    check("@.a != 1", "[{\"a\":1},{}]", "[{}]");
    check("9007199254740993 == @", "[9007199254740993,9007199254740992]", "[9007199254740993]");
}

TEST(filter_matches_regular_expressions_as_a_whole)
{
    check("@ =~ /a+/", "[\"aa\",\"aab\",\"b\"]", "[\"aa\"]");
    check("@ =~ /A./i", "[\"ab\"]", "[\"ab\"]");
    check("/a+/ =~ @", "[\"aa\"]", "[\"aa\"]");
    check("@ =~ /\\d+/", "[12,\"12\",true]", "[12,\"12\"]");
    check("@ =~ /a\\/b/", "[\"a/b\"]", "[\"a/b\"]");
    check("@.l =~ /b/", "[{\"l\":[\"a\",\"b\"]},{\"l\":[\"c\"]}]", "[{\"l\":[\"a\",\"b\"]}]");
    check("@ =~ /./", "[\"\xc3\xa9\"]", "[\"\xc3\xa9\"]");
    check("@ =~ /a/ || @ == 'x'", "[\"a\",\"x\"]", "[\"a\",\"x\"]");
}

TEST(filter_gives_up_on_expressions_that_would_try_for_ever)
{
    check("@ =~ /(a+)+[bd]/", "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\"]", "invalid");
}

TEST(filter_knows_lists)
{
    check("@ in [1,'a']", "[1,2,\"a\"]", "[1,\"a\"]");
    check("@ nin [1,'a']", "[1,2,\"a\"]", "[2]");
    check("@ IN ['a']", "[\"a\"]", "[\"a\"]");
    check("@.a in @.b", "[{\"a\":1,\"b\":[1]},{\"a\":1,\"b\":[2]}]", "[{\"a\":1,\"b\":[1]}]");
    check("@ contains 1", "[[1],[2]]", "[[1]]");
    check("@ contains 'b'", "[\"abc\",\"ac\"]", "[\"abc\"]");
    check("@ subsetof [1,2]", "[[1],[1,3],[]]", "[[1],[]]");
    check("@ anyof [1,2]", "[[1,9],[3]]", "[[1,9]]");
    check("@ noneof [1,2]", "[[1,9],[3]]", "[[3]]");
    check("@ all [1,2]", "[[1,2,3],[1]]", "[[1,2,3]]");
    check("@ size 2", "[[1,2],\"ab\",\"\xf0\x9f\x98\x80\",[1],{}]",
          "[[1,2],\"ab\",\"\xf0\x9f\x98\x80\"]");
    check("@ empty true", "[[],\"\",{},[1],0]", "[[],\"\",{}]");
    check("@ empty false", "[[],[1],\"a\"]", "[[1],\"a\"]");
    check("@ empty 1", "[[]]", "[]");
    check("@ in 1", "[1]", "[]");
    check("@ nin 1", "[1]", "[]");
}

TEST(filter_may_hold_filters_and_functions)
{
    check("@.l[?(@ > 1)].length() > 0", "[{\"l\":[2]}]", "[]");
    check("@.l.length() >= $.length()", "[{\"l\":[1,2]},{\"l\":[1]}]", "[{\"l\":[1,2]}]");
    check("@.l.sum() > 2", "[{\"l\":[]}]", "invalid");
    check("@['a','b'] == {'a':1}", "[{\"a\":1,\"c\":2}]", "[{\"a\":1,\"c\":2}]");
}
