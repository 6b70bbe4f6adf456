// Parsing: what is JSON, what is not and why, and that memory runs out politely.

#include <stdlib.h>

#include "json/json.h"
#include "test/lib/test.h"

static struct arena arena;

static struct json parse(const char *text)
{
    struct json value = {.type = 99};
    struct json_error error;
    enum status status = json_parse(&arena, str_from_c(text), 0, &value, &error);
    if (status != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, text, STR_ARGS(error.message));
        return json_null;
    }
    return value;
}

static struct str rendered(const char *text)
{
    struct json value = parse(text);
    return json_render_to_arena(&arena, &value);
}

static struct json_error refusal(const char *text)
{
    struct json value;
    struct json_error error = {0};
    if (json_parse(&arena, str_from_c(text), 0, &value, &error) != STATUS_INVALID) {
        test_fail(__FILE__, __LINE__, "%s was accepted", text);
    }
    return error;
}

TEST(parse_reads_every_kind_of_value)
{
    arena_init(&arena, MIB(1));
    CHECK_STR(
        rendered(" {\"a\" : [ 1 , -2.5, true,false , null ], \"b\":{}, \"c\":[] ,\"\":\"\"}\n"),
        STR("{\"a\":[1,-2.5,true,false,null],\"b\":{},\"c\":[],\"\":\"\"}"));
    CHECK_STR(rendered("\"x\""), STR("\"x\""));
    CHECK_STR(rendered("null"), STR("null"));
    CHECK_STR(rendered(" 17 "), STR("17"));
    CHECK_STR(rendered("[[[]]]"), STR("[[[]]]"));
    arena_release(&arena);
}

TEST(parse_keeps_integers_exact)
{
    arena_init(&arena, MIB(1));
    CHECK(parse("9223372036854775807").integer == INT64_MAX);
    CHECK(parse("-9223372036854775808").integer == INT64_MIN);
    CHECK(parse("9223372036854775808").type == JSON_NUMBER_TEXT);
    CHECK(parse("-9223372036854775809").type == JSON_NUMBER_TEXT);
    CHECK(parse("18446744073709551616").type == JSON_NUMBER_TEXT);
    CHECK_STR(rendered("123456789012345678901234567890"), STR("123456789012345678901234567890"));
    CHECK(parse("-0").type == JSON_INTEGER && parse("-0").integer == 0);
    CHECK(parse("-0.0").type == JSON_REAL);
    CHECK_STR(rendered("-0.0"), STR("-0.0"));
    arena_release(&arena);
}

TEST(parse_reads_reals_to_the_nearest_double)
{
    arena_init(&arena, MIB(1));
    CHECK(parse("0.1").real == 0.1);
    CHECK(parse("1e3").real == 1000.0 && parse("1e3").type == JSON_REAL);
    CHECK(parse("1E-7").real == 1e-7);
    CHECK(parse("1.7976931348623157e308").real == 1.7976931348623157e308);
    CHECK(parse("4.9e-324").real == 4.9e-324);
    CHECK(parse("2.2250738585072011e-308").real == 2.2250738585072011e-308);
    CHECK(parse("9007199254740993.0").real == 9007199254740992.0);
    CHECK(parse("0.500000000000000166533453693773481063544750213623046875").real ==
          0.500000000000000166533453693773481063544750213623046875);
    CHECK(parse("0.000000000000000000000000000000000000000001e42").real == 1.0);
    CHECK(parse("123456789012345678901234567890.5e-10").real ==
          123456789012345678901234567890.5e-10);
    CHECK(parse("0e999999999999").real == 0);
    CHECK(parse("1e-999999999999").real == 0);
    CHECK(refusal("1e999").message.size > 0);
    CHECK(refusal("[-1e999999999999]").message.size > 0);
    arena_release(&arena);
}

TEST(parse_decodes_escapes)
{
    arena_init(&arena, MIB(1));
    struct json value = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00x\"");
    CHECK_STR(json_str(&value), STR("\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x"));
    value = parse("\"\\u0000\"");
    CHECK(value.size == 1 && value.text[0] == '\0');
    value = parse("\"\\ud800\\ud800\\udc00\\udc00\\ud800x\"");
    CHECK_STR(json_str(&value), STR("\xed\xa0\x80\xf0\x90\x80\x80\xed\xb0\x80\xed\xa0\x80x"));
    CHECK_STR(rendered("[\"\\ud800\",\"0123456789abcdef\\uDFFF\\n\"]"),
              STR("[\"\\uD800\",\"0123456789abcdef\\uDFFF\\n\"]"));
    CHECK_STR(rendered("\"\xed\xa0\x80\""), STR("\"\\uD800\""));
    arena_release(&arena);
}

TEST(parse_points_into_the_text_unless_told_to_copy)
{
    arena_init(&arena, MIB(1));
    char text[] = "[\"abc\",12345678901234567890,\"\"]";
    struct str input = str_from_c(text);
    struct json shared, copied;
    REQUIRE(json_parse(&arena, input, 0, &shared, NULL) == STATUS_OK);
    REQUIRE(json_parse(&arena, input, JSON_PARSE_COPY, &copied, NULL) == STATUS_OK);
    CHECK(shared.items[0].text == text + 2);
    memset(text, 'x', sizeof(text) - 1);
    CHECK_STR(json_render_to_arena(&arena, &copied), STR("[\"abc\",12345678901234567890,\"\"]"));
    arena_release(&arena);
}

TEST(parse_lets_the_last_of_duplicate_names_win_in_the_first_place)
{
    arena_init(&arena, MIB(16));
    CHECK_STR(rendered("{\"a\":1,\"b\":2,\"a\":3}"), STR("{\"a\":3,\"b\":2}"));
    CHECK_STR(rendered("{\"\\u0061\":1,\"a\":2,\"\":3,\"\":4}"), STR("{\"a\":2,\"\":4}"));
    for (int count = 10; count <= 10000; count *= 10) {
        struct buffer CLEANUP(buffer_release) text;
        buffer_init(&text, MIB(4));
        buffer_append_byte(&text, '{');
        for (int i = 0; i < 2 * count; i++)
            buffer_printf(&text, "%s\"name%d\":%d", i == 0 ? "" : ",", i % count, i);
        buffer_append_byte(&text, '}');
        struct json value;
        REQUIRE(json_parse(&arena, buffer_str(&text), 0, &value, NULL) == STATUS_OK);
        CHECK(value.size == (uint32_t)count);
        for (int i = 0; i < count; i++)
            CHECK(value.members[i].value.integer == i + count);
    }
    arena_release(&arena);
}

TEST(parse_explains_refusals_in_the_words_of_the_service)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"not json", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object "
                     "or token 'null', 'true' or 'false')"},
        {"{'a':1}", "Unexpected character (''' (code 39)): was expecting double-quote to start "
                    "field name"},
        {"", "No content to map due to end-of-input"},
        {"  ", "No content to map due to end-of-input"},
        {"nul", "Unrecognized token 'nul': was expecting (JSON String, Number, Array, Object or "
                "token 'null', 'true' or 'false')"},
        {"[nullx]", "Unrecognized token 'nullx': was expecting (JSON String, Number, Array, Object "
                    "or token 'null', 'true' or 'false')"},
        {"{\"a\":1,}", "Unexpected character ('}' (code 125)): was expecting double-quote to start "
                       "field name"},
        {"{\"a\" 1}", "Unexpected character ('1' (code 49)): was expecting a colon to separate "
                      "field name and value"},
        {"{\"a\":1 \"b\":2}", "Unexpected character ('\"' (code 34)): was expecting comma to "
                              "separate Object entries"},
        {"[1 2]",
         "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"},
        {"{\"a\":}", "Unexpected character ('}' (code 125)): expected a value"},
        {"[1,]", "Unexpected character (']' (code 93)): expected a valid value (JSON String, "
                 "Number, Array, Object or token 'null', 'true' or 'false')"},
        {"[", "Unexpected end-of-input: expected close marker for Array (start marker at [Source: "
              "(String)\"[\"; line: 1, column: 1])"},
        {"{\"a\":\n [", "Unexpected end-of-input: expected close marker for Array (start marker at "
                        "[Source: (String)\"{\"a\":\n [\"; line: 2, column: 2])"},
        {"{\"a\"", "Unexpected end-of-input within/between Object entries"},
        {"{\"a", "Unexpected end-of-input in field name"},
        {"\"abc", "Unexpected end-of-input: was expecting closing quote for a string value"},
        {"\"a\\", "Unexpected end-of-input in character escape sequence"},
        {"\"\\u12", "Unexpected end-of-input in character escape sequence"},
        {"\"\\x\"", "Unrecognized character escape 'x' (code 120)"},
        {"\"\\u12g4\"", "Unexpected character ('g' (code 103)): expected a hex-digit for character "
                        "escape sequence"},
        {"\"a\nb\"", "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using "
                     "backslash to be included in string value"},
        {"[\x01]", "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, "
                   "\\t) is allowed between tokens"},
        {"[1}", "Unexpected close marker '}': expected ']' (for Array starting at [Source: "
                "(String)\"[1}\"; line: 1, column: 1])"},
        {"01", "Invalid numeric value: Leading zeroes not allowed"},
        {"-", "Unexpected end-of-input in a Number value"},
        {"-x", "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to "
               "follow minus sign, for valid numeric value"},
        {"[1.]",
         "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed "
         "by a digit"},
        {"[1e]", "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not "
                 "followed by a digit"},
        {"12a",
         "Unexpected character ('a' (code 97)): Expected space separating root-level values"},
        {"[\xe2\x82\xac]", "Unrecognized token '\xe2\x82\xac': was expecting (JSON String, Number, "
                           "Array, Object or token 'null', 'true' or 'false')"},
        {"NaN", "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to "
                "allow"},
    };
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK_STR(refusal(cases[i].text).message, str_from_c(cases[i].message));
    arena_release(&arena);
}

TEST(parse_tells_where_a_text_is_wrong)
{
    arena_init(&arena, MIB(1));
    struct json_error error = refusal("{\n  \"a\": 1,\r\n  \"b\": x}");
    CHECK(error.offset == 20);
    CHECK(error.line == 3);
    CHECK(error.column == 8);
    error = refusal("[1] x");
    CHECK(error.offset == 4 && error.line == 1 && error.column == 5);
    arena_release(&arena);
}

TEST(parse_refuses_what_follows_the_value)
{
    arena_init(&arena, MIB(1));
    static const char *const texts[] = {"1 2",        "{} {}", "[] ]", "null,", "\"a\" \"b\"",
                                        "true false", "1 }",   "{}x",  "[]:",   "\"\"\""};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        CHECK(refusal(texts[i]).message.size > 0);
    arena_release(&arena);
}

TEST(parse_refuses_malformed_utf8_wherever_it_stands)
{
    arena_init(&arena, MIB(1));
    static const char *const texts[] = {
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\"",
        "\"\xf5\x80\x80\x80\"",
        "\"abc\xe2\x82\"",
        "\"\x80\"",
        "{\"\xc3\":1}",
        "[\"\\n\xc3(\"]",
        "\"01234567890123456789\xc3\"",
        "\xff",
        "[\xe2\x82]",
        "\"\xe2\x82",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct json_error error = refusal(texts[i]);
        CHECK(error.message.size > 0);
    }
    CHECK(refusal("\"abc\xff\"").offset == 4);
    arena_release(&arena);
}

TEST(parse_limits_depth)
{
    arena_init(&arena, MIB(1));
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct json value;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        enum status status = json_parse(&arena, (struct str){text, 2 * depth}, 0, &value, NULL);
        CHECK(status == (depth == JSON_DEPTH_MAX ? STATUS_OK : STATUS_INVALID));
    }
    arena_release(&arena);
}

TEST(parse_never_reads_behind_the_text)
{
    static const char whole[] =
        "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n \xc3\xa9\"],\"b\":\"0123456789abcdef\"}";
    arena_init(&arena, MIB(1));
    for (size_t size = 0; size < sizeof(whole) - 1; size++) {
        char *exact = malloc(size + 1); // The sanitizer watches its end.
        REQUIRE(exact != NULL);
        memcpy(exact + 1, whole, size);
        struct json value;
        struct json_error error;
        CHECK(json_parse(&arena, (struct str){exact + 1, size}, 0, &value, &error) ==
              STATUS_INVALID);
        free(exact);
    }
    arena_release(&arena);
}

TEST(parse_survives_every_arena_limit)
{
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    buffer_append_byte(&text, '[');
    for (int i = 0; i < 600; i++)
        buffer_printf(&text, "{\"a\":%d,\"\\u0062\":[%d.25e30,\"x\\n\"]},", i, i);
    buffer_append_str(&text, STR("0]"));
    bool was_ok = false;
    for (size_t limit = 0; limit < KIB(160); limit += limit < 8192 ? 16 : 512) {
        arena_init(&arena, limit);
        struct json value;
        struct json_error error;
        enum status status = json_parse(&arena, buffer_str(&text), 0, &value, &error);
        CHECK(status == STATUS_OK || status == STATUS_NO_MEMORY);
        CHECK(status == STATUS_OK || !was_ok);
        was_ok = status == STATUS_OK;
        arena_release(&arena);
    }
    CHECK(was_ok);
    for (size_t limit = 0; limit < 4096; limit += 16) {
        arena_init(&arena, limit);
        struct json value;
        struct json_error error;
        enum status status = json_parse(&arena, STR("{\"a\":[\"b\" \xc3\xa9"), 0, &value, &error);
        CHECK(status == STATUS_INVALID || status == STATUS_NO_MEMORY);
        arena_release(&arena);
    }
}
