// YAML as JSON: what becomes of it, where each part came from, and what is refused.

#include "json/json.h"
#include "test/lib/test.h"
#include "yaml/yaml.h"

static struct arena arena;
static struct yaml_document document;

static struct str read(const char *yaml)
{
    struct yaml_error error = {0};
    arena_release(&arena);
    arena_init(&arena, MIB(64));
    document = (struct yaml_document){0};
    enum status status = yaml_read(&arena, str_from_c(yaml), &document, &error);
    if (status == STATUS_OK) return document.json;
    return arena_printf(&arena, "%s at %zu: %" STR_FORMAT, status_name(status), error.offset,
                        STR_ARGS(error.message));
}

static bool is_refused(const char *yaml, const char *part)
{
    return str_find(read(yaml), STR(" at ")) != SIZE_MAX &&
           str_find(read(yaml), str_from_c(part)) != SIZE_MAX;
}

// The part of the YAML that the first `part` of the JSON came from.
static struct str source_of(const char *yaml, const char *part)
{
    struct str json = read(yaml);
    size_t offset = str_find(json, str_from_c(part));
    if (offset == SIZE_MAX) return json;
    struct yaml_span first = yaml_find_source(&document, offset);
    struct yaml_span last = yaml_find_source(&document, offset + strlen(part) - 1);
    return str_slice(str_from_c(yaml), first.start, last.end - first.start);
}

TEST(plain_scalars_are_typed_by_the_core_schema)
{
    CHECK_STR(read("[null, ~, Null, true, True, FALSE, 1, -2, +3, 007, 0x1f, 0o17]"),
              STR("[null,null,null,true,true,false,1,-2,3,7,31,15]"));
    CHECK_STR(read("[1.5, .5, 1., -0.25e-3, 1E5, 1e400, .inf, 1.2.3, 1_000, 0x, 1e]"),
              STR("[1.5,0.5,1,-0.25e-3,1e5,\"1e400\",\".inf\",\"1.2.3\",\"1_000\",\"0x\",\"1e\"]"));
    CHECK_STR(read("[yes, no, on, 2026-01-31, nul, '1', \"true\", !!str 1, !!int 1]"),
              STR("[\"yes\",\"no\",\"on\",\"2026-01-31\",\"nul\",\"1\",\"true\",\"1\",1]"));
    CHECK_STR(read("a:\nb: ''\n1: x\ntrue: y"),
              STR("{\"a\":null,\"b\":\"\",\"1\":\"x\",\"true\":\"y\"}"));
}

TEST(blocks_and_quotes_become_strings)
{
    CHECK_STR(read("a: |\n  x\n   \"y\"\nb: >\n  p\n  q\nc: \"\\u00e9\\n\"\nd: 'it''s'"),
              STR("{\"a\":\"x\\n \\\"y\\\"\\n\",\"b\":\"p q\\n\",\"c\":\"é\\n\",\"d\":\"it's\"}"));
    CHECK_STR(read("# nothing\n"), STR(""));
    CHECK_STR(read(""), STR(""));
}

TEST(tags_of_cloudformation_become_the_objects_that_they_abbreviate)
{
    CHECK_STR(
        read("a: !Ref X\nb: !GetAtt F.Arn\nc: !Sub '${X}'\nd: !Join ['', [a, !Ref B]]\n"
             "e: !If [c, {f: 1}, !Ref 12]\ng: !Sub\n  - x\n  - {y: z}"),
        STR("{\"a\":{\"Ref\":\"X\"},\"b\":{\"Fn::GetAtt\":\"F.Arn\"},"
            "\"c\":{\"Fn::Sub\":\"${X}\"},\"d\":{\"Fn::Join\":[\"\",[\"a\",{\"Ref\":\"B\"}]]},"
            "\"e\":{\"Fn::If\":[\"c\",{\"f\":1},{\"Ref\":\"12\"}]},"
            "\"g\":{\"Fn::Sub\":[\"x\",{\"y\":\"z\"}]}}"));
}

TEST(aliases_are_copied_and_lead_back_to_their_anchor)
{
    CHECK_STR(
        read("a: &x {b: [1, two]}\nc: *x\nd: [*x]"),
        STR("{\"a\":{\"b\":[1,\"two\"]},\"c\":{\"b\":[1,\"two\"]},\"d\":[{\"b\":[1,\"two\"]}]}"));
    struct str json = document.json;
    size_t copy = str_find(str_skip(json, 25), STR("\"two\"")) + 25;
    struct yaml_span span = yaml_find_source(&document, copy);
    CHECK_STR(str_slice(document.yaml, span.start, span.end - span.start), STR("two"));
    CHECK(is_refused("a: *x", "no anchor '&x'"));
    CHECK(is_refused("a: &x [*x]", "within its own anchor"));
    CHECK(is_refused("a: &x b\n*x : c", "cannot be a name"));
}

TEST(aliases_cannot_multiply_a_text_without_end)
{
    char yaml[4096];
    size_t size = (size_t)snprintf(yaml, sizeof(yaml), "a0: &a0 [xxxxxxxxxx]\n");
    for (int i = 1; i < 30; i++) {
        size += (size_t)snprintf(yaml + size, sizeof(yaml) - size,
                                 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1,
                                 i - 1);
    }
    CHECK(is_refused(yaml, "aliases make this document larger"));
}

TEST(every_part_leads_back_to_its_source)
{
    const char *yaml =
        "na me: 'it''s x'\nb: \"q\\tr\"\nc: plain\nd: |\n    one\n      two\n\n    tri\n"
        "e: [1, {f: !Ref G}]\nö: ü\n";
    CHECK_STR(source_of(yaml, "\"na me\""), STR("na me"));
    CHECK_STR(source_of(yaml, "\"it's x\""), STR("'it''s x'"));
    CHECK_STR(source_of(yaml, "'s"), STR("''s"));
    CHECK_STR(source_of(yaml, "\\t"), STR("\\t"));
    CHECK_STR(source_of(yaml, "lai"), STR("lai"));
    CHECK_STR(source_of(yaml, "two"), STR("two"));
    CHECK_STR(source_of(yaml, "tri"), STR("tri"));
    CHECK_STR(source_of(yaml, "1,"), STR("1"));
    CHECK_STR(source_of(yaml, "\"G\""), STR("G"));
    CHECK_STR(source_of(yaml, "\"ö\""), STR("ö"));
    CHECK_STR(source_of(yaml, "\"ü\""), STR("ü"));
}

TEST(what_is_no_yaml_is_refused_with_its_place)
{
    CHECK(is_refused("a: [1\nb: 2", "closing bracket"));
    CHECK(is_refused("a: \"x", "closing quote"));
    CHECK(is_refused("a: 1\na: 2", "stands twice"));
    CHECK(is_refused("a: {x: 1, x: 2}", "stands twice"));
    CHECK(is_refused("a: 1\n---\nb: 2", "one document"));
    CHECK(is_refused("? [a]\n: b", "must be a scalar"));
    CHECK(is_refused("a: \xff", "not UTF-8"));
    CHECK_STR(read("{a: {x: 1}, b: {x: 1}}"), STR("{\"a\":{\"x\":1},\"b\":{\"x\":1}}"));
    char deep[1000] = {0};
    memset(deep, '[', sizeof(deep) - 1);
    CHECK(is_refused(deep, "nested more than 200 levels deep"));
    arena_release(&arena);
}
