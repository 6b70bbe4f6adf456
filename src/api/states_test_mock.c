// What stands in for the work of a tested state, and for what happened to it before.

#include "api/states_test_state.h"

// What makes no sense unless a mock is there, by member and as messages name it.
static const struct {
    struct str member;
    const char *name;
} needs_mock[] = {
    {STR_INIT("stateConfiguration.mapIterationFailureCount"), "MapIterationFailureCount"},
    {STR_INIT("stateConfiguration.mapItemReaderData"), "MapItemReaderData"},
    {STR_INIT("stateConfiguration.errorCausedByState"), "ErrorCausedByState"},
    {STR_INIT("stateConfiguration.retrierRetryCount"), "RetrierRetryCount"},
    {STR_INIT("context"), "Context"},
};

static bool check_unmocked(struct test_state *test)
{
    for (size_t i = 0; i < ARRAY_COUNT(needs_mock); i++) {
        if (!api_member_is_present(&test->members, needs_mock[i].member)) continue;
        test_state_refuse(test, "TestState does not support %s when a mock is not specified.",
                          needs_mock[i].name);
        return false;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// The result

static bool check_task_result(struct test_state *test, const struct json *result)
{
    struct str problem;
    if (test->validation == TEST_STATE_NO_VALIDATION) return true;
    if (test_state_conforms(test->request->arena, &test->state->task.resource, result,
                            test->validation == TEST_STATE_STRICT, &problem)) {
        return true;
    }
    test_state_refuse(test, "Mock result schema validation error: %" STR_FORMAT, STR_ARGS(problem));
    return false;
}

static bool check_result(struct test_state *test, const struct json *result)
{
    const struct asl_state *state = test->state;
    if (state->type == ASL_STATE_TASK) return check_task_result(test, result);
    bool is_written = state->type == ASL_STATE_MAP && state->map.result_writer != NULL;
    if (is_written && !json_is_object(result)) {
        test_state_refuse(test, "Mocked result must be a JSON object.");
        return false;
    }
    if (!is_written && !json_is_array(result)) {
        test_state_refuse(test, "Mocked result must be an array.");
        return false;
    }
    if (state->type == ASL_STATE_PARALLEL && result->size != state->parallel.branch_count) {
        test_state_refuse(test, "Mocked result must contain the same number of items as number of "
                                "Parallel branches.");
        return false;
    }
    return true;
}

static bool read_result(struct test_state *test)
{
    struct engine_inspection *inspection = &test->inspection;
    struct str text = test_state_text(test, STR("mock.result"));
    inspection->mock = ENGINE_MOCK_RESULT;
    return test_state_parse(test, text, "Mocked result must be valid JSON",
                            &inspection->mock_result) &&
           check_result(test, &inspection->mock_result);
}

static bool read_error(struct test_state *test)
{
    struct asl_error *error = &test->inspection.mock_error;
    test->inspection.mock = ENGINE_MOCK_ERROR;
    error->name = test_state_text(test, STR("mock.errorOutput.error"));
    error->cause = test_state_text(test, STR("mock.errorOutput.cause"));
    if (error->name.data != NULL) return true;
    test_state_refuse(test, "A mocked errorOutput must have the field 'error'.");
    return false;
}

// ---------------------------------------------------------------------------------------------
// What ItemReader read

static struct str reader_setting(const struct asl_state *state, struct str name)
{
    const struct asl_template *reader = state->map.item_reader;
    for (uint32_t i = 0; i < reader->count; i++) {
        const struct asl_template_member *member = &reader->members[i];
        if (!str_is(member->name, "ReaderConfig")) continue;
        for (uint32_t j = 0; j < member->value.count; j++) {
            const struct asl_template_member *setting = &member->value.members[j];
            bool is_text = setting->value.kind == ASL_TEMPLATE_LITERAL &&
                           json_is_string(&setting->value.literal);
            if (is_text && str_equal(setting->name, name)) {
                return json_str(&setting->value.literal);
            }
        }
    }
    return STR("");
}

static bool read_json_lines(struct test_state *test, struct str text)
{
    struct json_items items;
    json_items_init(&items, test->request->arena);
    while (text.size > 0) {
        struct str line = str_trim(str_cut(&text, '\n'));
        struct json item;
        if (line.size == 0) continue;
        if (!test_state_parse(test, line, "Map item reader data must be valid JSON lines", &item)) {
            return false;
        }
        json_items_append(&items, item);
    }
    test->inspection.reader_items = json_items_finish(&items);
    return true;
}

// Items are known where the data are JSON; of other formats the mocked result tells the count.
static bool read_reader_data(struct test_state *test)
{
    const struct asl_state *state = test->state;
    struct str text = test_state_text(test, STR("stateConfiguration.mapItemReaderData"));
    if (text.data == NULL || state->type != ASL_STATE_MAP || state->map.item_reader == NULL) {
        return true;
    }
    struct str type = reader_setting(state, STR("InputType"));
    if (str_is(type, "JSONL")) return read_json_lines(test, text);
    if (!str_is(type, "JSON")) return true;
    return test_state_parse(test, text, "Map item reader data must be valid JSON",
                            &test->inspection.reader_items);
}

// ---------------------------------------------------------------------------------------------

// The state that is blamed for an error must be one within the Map or Parallel state.
static bool check_blamed(struct test_state *test)
{
    struct str name = test_state_text(test, STR("stateConfiguration.errorCausedByState"));
    const struct asl_state *blamed =
        name.data == NULL ? NULL : asl_machine_find_state(test->machine, name);
    if (name.data == NULL || (blamed != NULL && blamed->scope != 0)) return true;
    test_state_refuse(test, "State not found in definition");
    return false;
}

static bool read_configuration(struct test_state *test)
{
    struct engine_inspection *inspection = &test->inspection;
    inspection->retry_count = (uint32_t)api_member_integer(
        &test->members, STR("stateConfiguration.retrierRetryCount"), 0);
    inspection->map_failure_count =
        api_member_integer(&test->members, STR("stateConfiguration.mapIterationFailureCount"), -1);
    return check_blamed(test) && read_reader_data(test);
}

static enum test_state_validation validation_of(struct str name)
{
    if (str_is(name, "NONE")) return TEST_STATE_NO_VALIDATION;
    return str_is(name, "PRESENT") ? TEST_STATE_PRESENT : TEST_STATE_STRICT;
}

bool test_state_read_mock(struct test_state *test)
{
    if (!api_member_is_present(&test->members, STR("mock"))) return check_unmocked(test);
    bool has_result = api_member_is_present(&test->members, STR("mock.result"));
    bool has_error = api_member_is_present(&test->members, STR("mock.errorOutput"));
    if (has_result == has_error) {
        test_state_refuse(test, "A test mock should have only one of the following fields: "
                                "[result, errorOutput].");
        return false;
    }
    test->validation = validation_of(test_state_text(test, STR("mock.fieldValidationMode")));
    if (!(has_result ? read_result(test) : read_error(test))) return false;
    return read_configuration(test);
}
