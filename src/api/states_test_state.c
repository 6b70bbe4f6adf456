// TestState: one state as an execution of its own, on the request's worker.

#include "api/states_test_state.h"

static void on_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct test_state *test = execution->context;
    if (test->inspection.verdict == ENGINE_VERDICT_TOO_MANY_FAILURES) {
        test_state_refuse(test, "Map iteration failure count must be less than or equal to the "
                                "number of Map iterations");
        return;
    }
    test_state_reply(test, update);
}

// The state machine around the state: one that nobody else sees. The machine passes to it.
static enum status new_state_machine(struct test_state *test, struct str name,
                                     struct state_machine **ret_state_machine)
{
    struct api_request *request = test->request;
    struct state_machine_fields fields = {
        .arn =
            arena_printf(request->arena,
                         "arn:aws:states:%" STR_FORMAT ":%" STR_FORMAT ":stateMachine:%" STR_FORMAT,
                         STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(name)),
        .name = name,
        .region = request->region,
        .role_arn = test->role_arn,
        .type = ASL_MACHINE_EXPRESS,
        .tags = json_empty_object,
    };
    const struct asl_machine *machine = test->machine;
    test->machine = NULL;
    return state_machine_new_of(&fields, machine, ret_state_machine);
}

static enum status start(struct test_state *test)
{
    struct api_request *request = test->request;
    struct state_machine *state_machine;
    struct runtime_execution *execution;
    char name[RANDOM_UUID_SIZE];
    random_uuid(&request->worker->random, name);
    enum status status = new_state_machine(test, (struct str){name, sizeof(name)}, &state_machine);
    if (status != STATUS_OK) return status;
    status = runtime_execution_new(request->worker->runtime, state_machine, STR(""), &execution);
    state_machine_unref(state_machine);
    if (status != STATUS_OK) return status;
    struct engine_start *engine = &execution->start;
    // The service shows such executions without the last part of Express ARNs.
    engine->execution_arn = arena_printf(
        request->arena,
        "arn:aws:states:%" STR_FORMAT ":%" STR_FORMAT ":express:%" STR_FORMAT ":%" STR_FORMAT,
        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(engine->state_machine_name),
        STR_ARGS(engine->execution_name));
    engine->role_arn = test->role_arn;
    engine->input_text = test->input_text;
    engine->input = test->input;
    engine->inspection = &test->inspection;
    if (request->arena->is_exhausted) {
        runtime_execution_discard(execution);
        return STATUS_NO_MEMORY;
    }
    return runtime_execution_begin(execution, on_end, test);
}

static void test_state(struct api_request *request)
{
    struct test_state *test = ARENA_NEW(request->arena, struct test_state);
    if (test == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    test->request = request;
    engine_inspection_init(&test->inspection);
    if (!test_state_read(test)) {
        asl_machine_unref(test->machine);
        return;
    }
    enum status status = start(test);
    if (status != STATUS_OK) api_fault(request, status);
}

static const struct api_member test_members[] = {
    {.name = STR_INIT("definition"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 1048576},
    {.name = STR_INIT("roleArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
    {.name = STR_INIT("input"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("inspectionLevel"),
     .type = API_MEMBER_STRING,
     .enum_values = "[INFO, DEBUG, TRACE]"},
    {.name = STR_INIT("revealSecrets"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("variables"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("stateName"), .type = API_MEMBER_STRING, .min = 1, .max = 80},
    {.name = STR_INIT("mock"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("context"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("stateConfiguration"), .type = API_MEMBER_OBJECT},
};

const struct states_operation states_test_operations[] = {
    STATES_OPERATION("TestState", test_members, test_state),
};
const size_t states_test_operation_count = ARRAY_COUNT(states_test_operations);
