// Reading a TestState request: its members, and the state within its definition.

#include <stdarg.h>

#include "api/states_test_state.h"

// ---------------------------------------------------------------------------------------------
// Members

static const struct api_member nested_members[] = {
    {.name = STR_INIT("mock.result"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("mock.errorOutput"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("mock.errorOutput.error"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("mock.errorOutput.cause"), .type = API_MEMBER_STRING, .max = 32768},
    {.name = STR_INIT("mock.fieldValidationMode"),
     .type = API_MEMBER_STRING,
     .enum_values = "[STRICT, PRESENT, NONE]"},
    {.name = STR_INIT("stateConfiguration.retrierRetryCount"),
     .type = API_MEMBER_INTEGER,
     .max = INT32_MAX},
    {.name = STR_INIT("stateConfiguration.errorCausedByState"),
     .type = API_MEMBER_STRING,
     .min = 1,
     .max = 80},
    {.name = STR_INIT("stateConfiguration.mapIterationFailureCount"),
     .type = API_MEMBER_INTEGER,
     .max = INT32_MAX},
    {.name = STR_INIT("stateConfiguration.mapItemReaderData"),
     .type = API_MEMBER_STRING,
     .max = 262144},
};

// The members of structures beside those of the request, under their full names.
// NOLINTNEXTLINE(misc-no-recursion): the model has three levels.
static void flatten(struct arena *arena, struct json_members *members, struct str prefix,
                    const struct json *object, int depth)
{
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        struct str name = json_str(&member->name);
        if (prefix.size > 0) {
            name = arena_printf(arena, "%" STR_FORMAT ".%" STR_FORMAT, STR_ARGS(prefix),
                                STR_ARGS(name));
        }
        json_members_append(members, name, member->value);
        if (json_is_object(&member->value) && depth < 2) {
            flatten(arena, members, name, &member->value, depth + 1);
        }
    }
}

struct str test_state_text(const struct test_state *test, struct str name)
{
    return api_member_str(&test->members, name, (struct str){NULL, 0});
}

void test_state_refuse(struct test_state *test, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(test->request->arena, format, args);
    va_end(args);
    api_exception(test->request, STR("ValidationException"), "%" STR_FORMAT, STR_ARGS(message));
}

bool test_state_parse(struct test_state *test, struct str text, const char *message,
                      struct json *ret_value)
{
    struct json_error error;
    enum status status = json_parse(test->request->arena, text, 0, ret_value, &error);
    if (status == STATUS_OK) return true;
    if (status == STATUS_INVALID) {
        test_state_refuse(test, "%s", message);
    } else {
        api_fault(test->request, status);
    }
    return false;
}

static enum test_state_level level_of(struct str name)
{
    if (str_is(name, "TRACE")) return TEST_STATE_TRACE;
    return str_is(name, "DEBUG") ? TEST_STATE_DEBUG : TEST_STATE_INFO;
}

static bool read_members(struct test_state *test)
{
    struct api_request *request = test->request;
    struct json_members members;
    json_members_init(&members, request->arena);
    flatten(request->arena, &members, STR(""), &request->body, 0);
    test->members = json_members_finish(&members);
    if (request->arena->is_exhausted) {
        api_fault(request, STATUS_NO_MEMORY);
        return false;
    }
    if (!api_members_check(request, &test->members, nested_members, ARRAY_COUNT(nested_members))) {
        return false;
    }
    test->level = level_of(test_state_text(test, STR("inspectionLevel")));
    test->role_arn = test_state_text(test, STR("roleArn"));
    return true;
}

static bool read_input(struct test_state *test)
{
    struct api_request *request = test->request;
    struct json_error error;
    test->input_text = api_member_str(&request->body, STR("input"), STR("{}"));
    struct str text = test->input_text;
    enum status status = text.size > ASL_PAYLOAD_SIZE_BYTES_MAX
                             ? STATUS_INVALID
                             : json_parse(request->arena, text, 0, &test->input, &error);
    if (status == STATUS_OK) return true;
    if (status != STATUS_INVALID) {
        api_fault(request, status);
        return false;
    }
    struct str why = text.size == 0 ? STR("Invalid execution input.")
                     : text.size > ASL_PAYLOAD_SIZE_BYTES_MAX
                         ? STR("The input is longer than 262144 bytes.")
                         : error.message;
    api_exception(request, STR("InvalidExecutionInput"),
                  "Invalid State Machine Execution Input: '%" STR_FORMAT "'", STR_ARGS(why));
    return false;
}

static bool read_variables(struct test_state *test)
{
    struct json *variables = &test->inspection.variables;
    struct str text = test_state_text(test, STR("variables"));
    if (text.data == NULL) return true;
    if (!test_state_parse(test, text, "Variables must be valid JSON", variables)) return false;
    if (json_is_object(variables)) return true;
    test_state_refuse(test, "Variables must be a JSON object");
    return false;
}

// ---------------------------------------------------------------------------------------------
// The definition

static void refuse_definition(struct api_request *request,
                              const struct asl_diagnostics *diagnostics, enum status status)
{
    if (status != STATUS_INVALID) {
        api_fault(request, status);
        return;
    }
    struct str summary = asl_diagnostics_summary(diagnostics, request->arena);
    api_exception(request, STR("InvalidDefinition"),
                  "Invalid State Machine Definition: '%" STR_FORMAT "'", STR_ARGS(summary));
}

// The state of that name among the states of `scope` and those within them; NULL when absent.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which has compiled.
static const struct json *find_state(const struct json *scope, struct str name)
{
    const struct json *states = JSON_FIND(scope, "States");
    if (states == NULL || !json_is_object(states)) return NULL;
    const struct json *found = json_find(states, name);
    for (uint32_t i = 0; i < states->size && found == NULL; i++) {
        const struct json *state = &states->members[i].value;
        const struct json *branches = JSON_FIND(state, "Branches");
        const struct json *processor = JSON_FIND(state, "ItemProcessor");
        if (processor == NULL) processor = JSON_FIND(state, "Iterator");
        if (processor != NULL) found = find_state(processor, name);
        for (uint32_t b = 0; branches != NULL && b < branches->size && found == NULL; b++)
            found = find_state(&branches->items[b], name);
    }
    return found;
}

// The text of the state that `stateName` names in a whole machine, and the language around it.
static bool take_state_out(struct test_state *test, struct str name,
                           struct asl_diagnostics *diagnostics, struct str *definition,
                           enum asl_query_language *ret_language)
{
    struct api_request *request = test->request;
    const struct asl_machine *whole;
    struct json root;
    enum status status = asl_machine_parse(*definition, ASL_MACHINE_STANDARD, diagnostics, &whole);
    if (status == STATUS_OK) {
        const struct asl_state *state = asl_machine_find_state(whole, name);
        *ret_language = state == NULL ? whole->query_language : state->query_language;
        asl_machine_unref(whole);
        status = json_parse(request->arena, *definition, 0, &root, NULL);
    }
    if (status != STATUS_OK) {
        refuse_definition(request, diagnostics, status);
        return false;
    }
    const struct json *found = find_state(&root, name);
    if (found == NULL) {
        test_state_refuse(test, "State not found in definition");
        return false;
    }
    *definition = json_render_to_arena(request->arena, found);
    return true;
}

static bool read_definition(struct test_state *test)
{
    struct api_request *request = test->request;
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    struct str definition = test_state_text(test, STR("definition"));
    struct str name = test_state_text(test, STR("stateName"));
    enum asl_query_language language = ASL_JSONPATH;
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return false;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    if (name.data != NULL && !take_state_out(test, name, diagnostics, &definition, &language)) {
        return false;
    }
    enum status status = asl_machine_parse_state(definition, language, diagnostics, &test->machine);
    if (status != STATUS_OK) {
        refuse_definition(request, diagnostics, status);
        return false;
    }
    test->state = &test->machine->states[test->machine->scopes[0].start_state];
    return true;
}

// ---------------------------------------------------------------------------------------------
// What can be tested how

static bool refuse_type(struct test_state *test, const char *why)
{
    api_exception(test->request, STR("InvalidDefinition"), "TestState API does not support %s",
                  why);
    return false;
}

static bool check_real(struct test_state *test)
{
    const struct asl_state *state = test->state;
    if (state->type == ASL_STATE_MAP || state->type == ASL_STATE_PARALLEL) {
        return refuse_type(test, "Map or Parallel states. Supported state types include: "
                                 "[Task, Wait, Pass, Succeed, Fail, Choice]");
    }
    if (state->type == ASL_STATE_TASK) {
        const struct asl_resource *resource = &state->task.resource;
        if (resource->kind == ASL_RESOURCE_ACTIVITY) {
            return refuse_type(test, "Activity tasks when a mock is not specified");
        }
        if (resource->pattern != ASL_REQUEST_RESPONSE) {
            return refuse_type(test, "the '.sync' and '.waitForTaskToken' service integration "
                                     "patterns when a mock is not specified");
        }
        if (test->role_arn.data == NULL) {
            test_state_refuse(test, "RoleArn must be specified when testing a Task state");
            return false;
        }
    }
    return test->role_arn.data == NULL || states_role_check(test->request, test->role_arn, STR(""));
}

static bool check_mocked(struct test_state *test)
{
    switch (test->state->type) {
    case ASL_STATE_TASK:
    case ASL_STATE_MAP:
    case ASL_STATE_PARALLEL: return true;
    case ASL_STATE_PASS:
    case ASL_STATE_CHOICE:
    case ASL_STATE_WAIT:
    case ASL_STATE_SUCCEED:
    case ASL_STATE_FAIL: break;
    }
    test_state_refuse(test, "State type '%s' is not supported when a mock is specified",
                      asl_state_type_name(test->state->type));
    return false;
}

bool test_state_read(struct test_state *test)
{
    if (!read_members(test)) return false;
    bool is_mocked = api_member_is_present(&test->request->body, STR("mock"));
    if (is_mocked && api_member_bool(&test->members, STR("revealSecrets"), false)) {
        test_state_refuse(test, "TestState does not support RevealSecrets when a mock is "
                                "specified.");
        return false;
    }
    if (!read_definition(test)) return false;
    if (!(is_mocked ? check_mocked(test) : check_real(test))) return false;
    return test_state_read_mock(test) && read_input(test) && read_variables(test) &&
           test_state_read_context(test);
}
