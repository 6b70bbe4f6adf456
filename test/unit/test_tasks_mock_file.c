// Mock files: the format, choosing a test case, counting, and what is said about mistakes.

#include "tasks/mock_file.h"
#include "test/lib/test.h"

static const char *const orders =
    "{\"StateMachines\": {\"Orders\": {\"TestCases\": {"
    "   \"Happy\": {\"Pay\": \"Paid\", \"Ship\": \"Shipped\"},"
    "   \"Slow\": {\"Pay\": \"BusyFirst\", \"Ship\": \"Nowhere\"}}}},"
    " \"MockedResponses\": {"
    "   \"Paid\": {\"0\": {\"Return\": {\"paid\": true}}},"
    "   \"Shipped\": {\"0-1\": {\"Return\": null}},"
    "   \"BusyFirst\": {\"0\": {\"Throw\": {\"Error\": \"Busy\", \"Cause\": \"later\"}},"
    "                  \"1-2\": {\"Throw\": {\"Error\": \"Slow\", \"Cause\": \"\"}},"
    "                  \"3\": {\"Return\": 7}},"
    "   \"Unused\": 5}}";

static struct str text;

static bool open_file(struct arena *arena, const char *source, struct mock_file *ret_file)
{
    text = STR("");
    arena_init(arena, MIB(4));
    return mock_file_parse(arena, str_from_c(source), ret_file, &text) == STATUS_OK;
}

TEST(each_task_of_a_state_takes_the_answer_of_its_number)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    struct mock_answer answer;
    REQUIRE(open_file(&arena, orders, &file));
    REQUIRE(mock_file_choose(&file, STR(""), STR("Slow"), &text) == STATUS_OK);
    static const char *const errors[] = {"Busy", "Slow", "Slow"};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(mock_file_answer(&file, STR("Pay"), &answer, &text) == STATUS_OK);
        CHECK_STR(answer.error, str_from_c(errors[i]));
        CHECK(answer.result == NULL && answer.number == i);
    }
    CHECK(mock_file_answer(&file, STR("Pay"), &answer, &text) == STATUS_OK);
    CHECK(answer.result != NULL && answer.result->integer == 7);
    CHECK(mock_file_answer(&file, STR("Pay"), &answer, &text) == STATUS_INVALID);
    CHECK_STR(text, STR("The mocked response 'BusyFirst' of the state 'Pay' has nothing for "
                        "invocation 4 (it has: 0, 1-2, 3)."));
}

TEST(states_count_by_themselves_and_choosing_starts_anew)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    struct mock_answer answer;
    REQUIRE(open_file(&arena, orders, &file));
    for (int round = 0; round < 2; round++) {
        REQUIRE(mock_file_choose(&file, STR("Orders"), STR("Happy"), &text) == STATUS_OK);
        CHECK(mock_file_answer(&file, STR("Pay"), &answer, &text) == STATUS_OK);
        CHECK(mock_file_answer(&file, STR("Ship"), &answer, &text) == STATUS_OK);
        CHECK(answer.result != NULL && json_is_null(answer.result));
        CHECK(mock_file_answer(&file, STR("Ship"), &answer, &text) == STATUS_OK);
        CHECK(mock_file_answer(&file, STR("Pay"), &answer, &text) == STATUS_INVALID);
    }
    CHECK(mock_file_answer(&file, STR("Refund"), &answer, &text) == STATUS_NOT_FOUND);
}

TEST(a_response_that_is_missing_matters_only_to_the_task_that_wants_it)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    struct mock_answer answer;
    REQUIRE(open_file(&arena, orders, &file));
    REQUIRE(mock_file_choose(&file, STR(""), STR("Slow"), &text) == STATUS_OK);
    CHECK(mock_file_answer(&file, STR("Ship"), &answer, &text) == STATUS_INVALID);
    CHECK_STR(text, STR("The mocked response 'Nowhere' of the state 'Ship' is not in "
                        "MockedResponses."));
}

TEST(what_to_choose_from_is_said)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    REQUIRE(open_file(&arena, orders, &file));
    CHECK(mock_file_choose(&file, STR(""), STR(""), &text) == STATUS_INVALID);
    CHECK_STR(text, STR("say which test case of \"Orders\": Happy, Slow"));
    CHECK(mock_file_choose(&file, STR(""), STR("Hapy"), &text) == STATUS_NOT_FOUND);
    CHECK_STR(text, STR("there is no test case of \"Orders\" \"Hapy\"; there is: Happy, Slow"));
    CHECK(mock_file_choose(&file, STR("Order"), STR("Happy"), &text) == STATUS_NOT_FOUND);
    CHECK_STR(text, STR("there is no state machine \"Order\"; there is: Orders"));
}

TEST(outlines_that_are_wrong_are_refused)
{
    static const struct {
        const char *source;
        const char *says;
    } wrong[] = {
        {"", "line 1"},
        {"{\"StateMachines\": {,", "line 1, column 20"},
        {"[]", "must be an object; found: array"},
        {"{}", "the file must have an object \"StateMachines\""},
        {"{\"StateMachines\": []}", "found: array"},
        {"{\"StateMachines\": {\"A\": {}}}",
         "state machine \"A\" must have an object \"TestCases\""},
        {"{\"StateMachines\": {\"A\": 3}}", "\"TestCases\""},
        {"{\"StateMachines\": {\"A\": {\"TestCases\": {\"T\": []}}}}",
         "test case \"T\" of \"A\" must be an object"},
        {"{\"StateMachines\": {\"A\": {\"TestCases\": {\"T\": {\"S\": {}}}}}}",
         "state \"S\" the name of a response; found: object"},
        {"{\"StateMachines\": {}, \"MockedResponses\": 1}", "\"MockedResponses\" must be"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct mock_file file;
        CHECK(!open_file(&arena, wrong[i].source, &file));
        if (str_find(text, str_from_c(wrong[i].says)) == SIZE_MAX) CHECK_STR(text, STR(""));
    }
}

TEST(responses_that_are_wrong_are_refused_when_they_are_needed)
{
    static const struct {
        const char *response;
        const char *says;
    } wrong[] = {
        {"{}", "has nothing for invocation 0 (it has: )"},
        {"[]", "is not in MockedResponses"},
        {"{\"0\": {}}", "either Return or Throw"},
        {"{\"0\": 7}", "either Return or Throw"},
        {"{\"0\": {\"Return\": 1, \"Throw\": {}}}", "either Return or Throw"},
        {"{\"0\": {\"Throw\": \"Busy\"}}", "the strings Error and Cause"},
        {"{\"0\": {\"Throw\": {\"Error\": 5}}}", "the strings Error and Cause"},
        {"{\"first\": {\"Return\": 1}}", "a member 'first'"},
        {"{\"2-1\": {\"Return\": 1}}", "a member '2-1'"},
        {"{\"-1\": {\"Return\": 1}}", "a member '-1'"},
        {"{\"0-\": {\"Return\": 1}}", "a member '0-'"},
        {"{\"0-1-2\": {\"Return\": 1}}", "a member '0-1-2'"},
        {"{\"99999999999999999999\": {\"Return\": 1}}", "a member '99999999999999999999'"},
        {"{\"1-18446744073709551615\": {\"Return\": 1}}", "has nothing for invocation 0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct mock_file file;
        struct mock_answer answer;
        char source[512];
        snprintf(source, sizeof(source),
                 "{\"StateMachines\": {\"M\": {\"TestCases\": {\"T\": {\"S\": \"R\"}}}},"
                 " \"MockedResponses\": {\"R\": %s}}",
                 wrong[i].response);
        REQUIRE(open_file(&arena, source, &file));
        REQUIRE(mock_file_choose(&file, STR(""), STR(""), &text) == STATUS_OK);
        CHECK(mock_file_answer(&file, STR("S"), &answer, &text) == STATUS_INVALID);
        if (str_find(text, str_from_c(wrong[i].says)) == SIZE_MAX) CHECK_STR(text, STR(""));
    }
}

TEST(blanks_around_numbers_do_no_harm)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    struct mock_answer answer;
    REQUIRE(open_file(&arena,
                      "{\"StateMachines\": {\"M\": {\"TestCases\": {\"T\": {\"S\": \"R\"}}}},"
                      " \"MockedResponses\": {\"R\": {\" 0 - 1 \": {\"Return\": 1}}}}",
                      &file));
    REQUIRE(mock_file_choose(&file, STR("M"), STR("T"), &text) == STATUS_OK);
    CHECK(mock_file_answer(&file, STR("S"), &answer, &text) == STATUS_OK);
    CHECK(mock_file_answer(&file, STR("S"), &answer, &text) == STATUS_OK);
}

static struct str function_result(const char *result)
{
    static char rendered[256];
    struct arena CLEANUP(arena_release) arena;
    struct json value;
    arena_init(&arena, MIB(1));
    if (json_parse(&arena, str_from_c(result), 0, &value, NULL) != STATUS_OK) return STR("?");
    struct str text_of = json_render_to_arena(&arena, mock_function_result(&value));
    if (text_of.size >= sizeof(rendered)) return STR("?");
    memcpy(rendered, text_of.data, text_of.size);
    return (struct str){rendered, text_of.size};
}

TEST(a_function_called_by_its_arn_returns_the_payload_of_an_invoke_answer)
{
    CHECK_STR(function_result("{\"StatusCode\":200,\"Payload\":{\"a\":1}}"), STR("{\"a\":1}"));
    CHECK_STR(function_result("{\"Payload\":{\"a\":1}}"), STR("{\"Payload\":{\"a\":1}}"));
    CHECK_STR(function_result("{\"StatusCode\":200,\"Payload\":1,\"body\":2}"),
              STR("{\"StatusCode\":200,\"Payload\":1,\"body\":2}"));
    CHECK_STR(function_result("[1]"), STR("[1]"));
}
