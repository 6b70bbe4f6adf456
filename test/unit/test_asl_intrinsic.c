// Intrinsic functions: results, failures, and what is refused at creation.

#include "asl/machine.h"
#include "test/lib/test.h"

static struct arena arena;
static struct asl_diagnostics diagnostics;

// A machine of one Pass state that calls the function; NULL when it is refused.
static const struct asl_machine *pass_with(const char *call)
{
    struct buffer CLEANUP(buffer_release) literal;
    buffer_init(&literal, MIB(1));
    json_render_string(&literal, str_from_c(call));
    struct str text = arena_printf(&arena,
                                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
                                   "\"End\":true,\"Parameters\":{\"r.$\":%" STR_FORMAT "}}}}",
                                   STR_ARGS(buffer_str(&literal)));
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = asl_machine_parse(text, ASL_MACHINE_STANDARD, &diagnostics, &machine);
    return status == STATUS_OK ? machine : NULL;
}

static struct str evaluate(const char *call, const char *data, struct random *random)
{
    const struct asl_machine *machine = pass_with(call);
    if (machine == NULL) return STR("refused");
    struct json input = json_null, result;
    if (json_parse(&arena, str_from_c(data), 0, &input, NULL) != STATUS_OK)
        test_fail(__FILE__, __LINE__, "%s", data);
    struct asl_environment environment = {
        .data = &input, .context_object = &input, .random = random};
    struct asl_error error = {0};
    const struct asl_template *template = &machine->states[0].parameters->members[0].value;
    enum status status = asl_template_evaluate(template, &environment, &arena, &result, &error);
    if (status == STATUS_INVALID) CHECK_STR(error.name, STR("States.Runtime"));
    struct str text = status == STATUS_OK ? json_render_to_arena(&arena, &result) : error.cause;
    asl_machine_unref(machine);
    return text;
}

TEST(intrinsic_functions_give_results)
{
    static const struct {
        const char *call, *data, *result;
    } cases[] = {
        {"States.Format('a{}b{}', 1, $.x)", "{\"x\":\"y\"}", "\"a1by\""},
        {"States.Format('none')", "{}", "\"none\""},
        {"States.Format($.t, $.x)", "{\"t\":\"<{}>\",\"x\":true}", "\"<true>\""},
        {"States.Format('\\{\\}{}\\'\\\\', null)", "{}", "\"{}null'\\\\\""},
        {"States.Format('{}', $)", "{\"a\":1,\"b\":[\"x\",{}],\"c\":1.5}",
         "\"{a=1, b=[x, {}], c=1.5}\""},
        {"States.Format('{} {}' $.a $.b)", "{\"a\":1,\"b\":2}", "\"1 2\""},
        {"States.StringToJson($.s)", "{\"s\":\"{\\\"a\\\": [1, 2.5]}\"}", "{\"a\":[1,2.5]}"},
        {"States.StringToJson('  ')", "{}", "null"},
        {"States.JsonToString($)", "{ \"a\" : [ 1 ] }", "\"{\\\"a\\\":[1]}\""},
        {"States.Array()", "{}", "[]"},
        {"States.Array('a', -1.5e1, true, false, null, $.x, States.Array(1))", "{\"x\":{}}",
         "[\"a\",-15.0,true,false,null,{},[1]]"},
        {"States.ArrayPartition($, 2)", "[1,2,3]", "[[1,2],[3]]"},
        {"States.ArrayPartition($, 2.9)", "[1,2,3]", "[[1,2],[3]]"},
        {"States.ArrayPartition($, 9)", "[]", "[]"},
        {"States.ArrayContains($, States.Array(1.0))", "[[1],2]", "true"},
        {"States.ArrayContains($, 'x')", "[]", "false"},
        {"States.ArrayRange(1, 9, 2)", "{}", "[1,3,5,7,9]"},
        {"States.ArrayRange(5, 1, -2)", "{}", "[5,3,1]"},
        {"States.ArrayRange(3, 3, -1)", "{}", "[3]"},
        {"States.ArrayRange(1, 5, -1)", "{}", "[]"},
        {"States.ArrayRange(1.4, 5.6, 2.2)", "{}", "[1,3,5]"},
        {"States.ArrayRange(5.4, -0.6, -2.4)", "{}", "[5,3,1]"},
        {"States.ArrayGetItem($, 1)", "[1,\"b\"]", "\"b\""},
        {"States.ArrayLength($)", "[1,2]", "2"},
        {"States.ArrayUnique($)", "[1,1.0,\"1\",[1],[1],{\"a\":1,\"b\":2},{\"b\":2,\"a\":1},null]",
         "[1,\"1\",[1],{\"a\":1,\"b\":2},null]"},
        {"States.Base64Encode('hello')", "{}", "\"aGVsbG8=\""},
        {"States.Base64Encode('')", "{}", "\"\""},
        {"States.Base64Decode('aGVsbG8=')", "{}", "\"hello\""},
        {"States.Base64Decode(' aGVs!bG8 ')", "{}", "\"hello\""},
        {"States.Base64Decode('/w==')", "{}", "\"\xef\xbf\xbd\""},
        {"States.Hash('input data', 'SHA-1')", "{}",
         "\"aaff4a450a104cd177d28d18d74485e8cae074b7\""},
        {"States.Hash($, 'MD5')", "{}", "\"99914b932bd37a50b983c5e7c90ae93b\""},
        {"States.JsonMerge($.a, $.b, false)",
         "{\"a\":{\"x\":{\"p\":1},\"y\":2},\"b\":{\"z\":3,\"x\":{\"q\":1}}}",
         "{\"x\":{\"q\":1},\"y\":2,\"z\":3}"},
        {"States.MathAdd(1.5, -1.5)", "{}", "1"},
        {"States.MathAdd(-0.5, 0)", "{}", "0"},
        {"States.MathAdd(-2.5, 0.49)", "{}", "-2"},
        {"States.MathRandom(5, 6)", "{}", "5"},
        {"States.StringSplit('a,b.c,,', '.,')", "{}", "[\"a\",\"b\",\"c\"]"},
        {"States.StringSplit(',,,', ',')", "{}", "[]"},
        {"States.StringSplit('abc', '')", "{}", "[\"abc\"]"},
        {"States.StringSplit('\xc3\xa4-\xc3\xb6', '\xc3\xa4')", "{}", "[\"-\xc3\xb6\"]"},
        {"States.ArrayLength($.a[?(@.b == 'x)')])", "{\"a\":[]}", "0"},
    };
    struct random random;
    random_init_seed(&random, 1);
    arena_init(&arena, MIB(32));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str result = evaluate(cases[i].call, cases[i].data, &random);
        if (!str_equal(result, str_from_c(cases[i].result)))
            test_fail(__FILE__, __LINE__, "%s gives %" STR_FORMAT, cases[i].call, STR_ARGS(result));
    }
    arena_release(&arena);
}

TEST(intrinsic_functions_refuse_arguments_that_they_do_not_take)
{
    static const struct {
        const char *call, *data;
    } cases[] = {
        {"States.StringToJson($)", "1"},
        {"States.StringToJson('nope')", "{}"},
        {"States.ArrayPartition($, 0.6)", "[1]"},
        {"States.ArrayPartition($, 2)", "{}"},
        {"States.ArrayPartition($, '2')", "[]"},
        {"States.ArrayContains($, 1)", "{}"},
        {"States.ArrayRange(1, 1001, 1)", "{}"},
        {"States.ArrayRange(1, 10, 0.49)", "{}"},
        {"States.ArrayRange('a', 5, 1)", "{}"},
        {"States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)", "{}"},
        {"States.ArrayRange(0, 1, -9223372036854775808)", "{}"},
        {"States.ArrayGetItem($, 1)", "[1]"},
        {"States.ArrayGetItem($, -1)", "[1]"},
        {"States.ArrayLength($)", "\"abc\""},
        {"States.ArrayUnique($)", "{}"},
        {"States.Base64Encode($)", "1"},
        {"States.Base64Decode(null)", "{}"},
        {"States.Hash('a', 'CRC')", "{}"},
        {"States.Hash(null, 'MD5')", "{}"},
        {"States.JsonMerge($, $, true)", "{}"},
        {"States.JsonMerge($, 1, false)", "{}"},
        {"States.MathRandom(1, 1)", "{}"},
        {"States.MathRandom(1.4, 1.6)", "{}"},
        {"States.MathRandom('a', 2)", "{}"},
        {"States.MathAdd(2147483647, 1)", "{}"},
        {"States.MathAdd(1, '1')", "{}"},
        {"States.MathAdd(1e300, 1)", "{}"},
        {"States.StringSplit($, ',')", "1"},
    };
    struct random random;
    random_init_seed(&random, 1);
    arena_init(&arena, MIB(32));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t name_size = strcspn(cases[i].call, "(");
        struct str wanted = arena_printf(
            &arena, "The function '%s' had the following error: Invalid arguments in %.*s",
            cases[i].call, (int)name_size, cases[i].call);
        CHECK_STR(evaluate(cases[i].call, cases[i].data, &random), wanted);
    }
    arena_release(&arena);
}

TEST(failures_say_more_where_the_service_does)
{
    arena_init(&arena, MIB(8));
    CHECK_STR(evaluate("States.Format('{} {}', $.a)", "{\"a\":1}", NULL),
              STR("The function 'States.Format('{} {}', $.a)' had the following error: Invalid "
                  "arguments in States.Format: number of arguments do not match the occurrences of "
                  "{}."));
    CHECK_STR(evaluate("States.Format('{', $.a)", "{\"a\":1}", NULL),
              STR("The function 'States.Format('{', $.a)' had the following error: Invalid "
                  "arguments in States.Format: matching '}' not found for '{'."));
    CHECK_STR(evaluate("States.Format('{} {}', $.a, $.b)", "{\"a\":1}", NULL),
              STR("The function 'States.Format('{} {}', $.a, $.b)' had the following error: The "
                  "JsonPath argument for the field '$.b' could not be found in the input "
                  "'{\"a\":1}'"));
    arena_release(&arena);
}

TEST(calls_that_are_none_are_refused_at_creation)
{
    static const char *const calls[] = {
        "States.Nope()",
        "States.Array",
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(,1)",
        "States.Array(1)x",
        "States.Array(1) ",
        " States.Array(1)",
        "States.Array (1)",
        "States.Array('a)",
        "States.Array('a\\\"')",
        "States.Array(\"a\")",
        "States.Array(01)",
        "States.Array(True)",
        "States.Array('a''b')",
        "States.ArrayLength()",
        "States.ArrayLength(1, 2)",
        "States.UUID(1)",
        "States.Array($.)",
        "Array(1)",
        ("States.Array(States.Array(States.Array(States.Array(States.Array(States.Array("
         "States.Array(States.Array(States.Array(States.Array(States.Array()))))))))))"),
    };
    arena_init(&arena, MIB(8));
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        const struct asl_machine *machine = pass_with(calls[i]);
        if (machine != NULL) test_fail(__FILE__, __LINE__, "%s", calls[i]);
        asl_machine_unref(machine);
    }
    arena_release(&arena);
}

TEST(random_numbers_come_from_the_environment_or_a_seed)
{
    arena_init(&arena, MIB(8));
    struct random first, second, seeded;
    random_init_seed(&first, 7);
    random_init_seed(&second, 7);
    random_init_seed(&seeded, 8);
    CHECK_STR(evaluate("States.UUID()", "{}", &first), evaluate("States.UUID()", "{}", &second));
    CHECK_STR(evaluate("States.MathRandom(0, 1000000)", "{}", &first),
              evaluate("States.MathRandom(0, 1000000)", "{}", &second));
    CHECK_STR(evaluate("States.MathRandom(0, 1000000, 42)", "{}", &first),
              evaluate("States.MathRandom(0, 1000000, 42)", "{}", &seeded));
    arena_release(&arena);
}

TEST(texts_for_base64_have_a_limit_in_characters)
{
    arena_init(&arena, MIB(8));
    char *data = arena_alloc(&arena, 10004);
    REQUIRE(data != NULL);
    memset(data, 'a', 10003);
    data[0] = '"';
    data[10001] = '"';
    data[10002] = '\0';
    CHECK(!str_starts_with(evaluate("States.Base64Encode($)", data, NULL), STR("The function")));
    data[10001] = 'a';
    data[10002] = '"';
    data[10003] = '\0';
    CHECK(str_starts_with(evaluate("States.Base64Encode($)", data, NULL), STR("The function")));
    arena_release(&arena);
}
