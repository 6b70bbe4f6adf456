// A context object of the caller's: what it may hold.

#include "api/states_test_state.h"

enum kind { ANYTHING, TEXT, NUMBER, FIELDS };

struct field {
    struct str path; // "Execution.Id"
    enum kind kind;
};

static const struct field fields[] = {
    {STR_INIT("Execution"), FIELDS},
    {STR_INIT("Execution.Id"), TEXT},
    {STR_INIT("Execution.Input"), ANYTHING},
    {STR_INIT("Execution.Name"), TEXT},
    {STR_INIT("Execution.RoleArn"), TEXT},
    {STR_INIT("Execution.StartTime"), TEXT},
    {STR_INIT("Execution.RedriveCount"), NUMBER},
    {STR_INIT("Execution.RedriveTime"), TEXT},
    {STR_INIT("State"), FIELDS},
    {STR_INIT("State.EnteredTime"), TEXT},
    {STR_INIT("State.Name"), TEXT},
    {STR_INIT("State.RetryCount"), NUMBER},
    {STR_INIT("StateMachine"), FIELDS},
    {STR_INIT("StateMachine.Id"), TEXT},
    {STR_INIT("StateMachine.Name"), TEXT},
    {STR_INIT("Task"), FIELDS},
    {STR_INIT("Task.Token"), TEXT},
};

static bool refuse(struct test_state *test, const char *what, struct str path)
{
    test_state_refuse(test, "Invalid Context object provided: %" STR_FORMAT " %s", STR_ARGS(path),
                      what);
    return false;
}

static const struct field *find_field(struct str path)
{
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (str_equal(fields[i].path, path)) return &fields[i];
    }
    return NULL;
}

// NOLINTNEXTLINE(misc-no-recursion): the table has two levels.
static bool check_fields(struct test_state *test, struct str prefix, const struct json *object)
{
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json *value = &object->members[i].value;
        struct str path = json_str(&object->members[i].name);
        if (prefix.size > 0) {
            path = arena_printf(test->request->arena, "%" STR_FORMAT ".%" STR_FORMAT,
                                STR_ARGS(prefix), STR_ARGS(path));
        }
        const struct field *field = find_field(path);
        if (field == NULL) {
            test_state_refuse(
                test, "Invalid Context object provided: Field '%" STR_FORMAT "' is not allowed",
                STR_ARGS(path));
            return false;
        }
        switch (field->kind) {
        case ANYTHING: break;
        case TEXT:
            if (!json_is_string(value)) return refuse(test, "must be a string", path);
            break;
        case NUMBER:
            if (!json_is_number(value)) return refuse(test, "must be a number", path);
            break;
        case FIELDS:
            if (!json_is_object(value)) return refuse(test, "must be an object", path);
            if (!check_fields(test, path, value)) return false;
            break;
        }
    }
    return true;
}

static bool has_token(const struct asl_state *state)
{
    if (state->type != ASL_STATE_TASK) return false;
    const struct asl_resource *resource = &state->task.resource;
    return resource->kind == ASL_RESOURCE_ACTIVITY ||
           (resource->kind == ASL_RESOURCE_SERVICE && resource->pattern != ASL_REQUEST_RESPONSE);
}

bool test_state_read_context(struct test_state *test)
{
    struct json *context = &test->inspection.context_object;
    struct str text = test_state_text(test, STR("context"));
    if (text.data == NULL) return true;
    if (!test_state_parse(test, text, "Context object must be valid JSON", context)) return false;
    if (!json_is_object(context)) {
        test_state_refuse(test, "Invalid Context object provided: Context must be a JSON object");
        return false;
    }
    if (JSON_FIND(context, "Map") != NULL) {
        test_state_refuse(test, "Invalid Context object provided: 'Map' field is not supported "
                                "when mocking a Context object");
        return false;
    }
    if (JSON_FIND(context, "Task") != NULL && !has_token(test->state)) {
        test_state_refuse(test, "Invalid Context object provided: Context object contains 'Task' "
                                "when state is not a Task state with a '.sync' or "
                                "'.waitForTaskToken' service integration pattern");
        return false;
    }
    return check_fields(test, STR(""), context);
}
