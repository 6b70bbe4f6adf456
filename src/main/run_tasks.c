// Mocked answers are known at once but are delivered from the event loop, as real ones are.

#include "main/run_tasks.h"

#include "lambda/arn.h"

struct pending {
    struct net_deferred delivery;
    struct list link;
    struct run_tasks *tasks;
    struct runtime_execution *execution;
    const struct asl_resource *resource;
    struct engine_event event;
};

// What comes before the answer: a worker takes an activity, a service takes a job.
static bool has_prelude(const struct asl_resource *resource, enum engine_event_type *ret_type)
{
    bool is_activity = resource->kind == ASL_RESOURCE_ACTIVITY;
    *ret_type = is_activity ? ENGINE_EVENT_TASK_STARTED : ENGINE_EVENT_TASK_SUBMITTED;
    return is_activity ||
           (resource->kind == ASL_RESOURCE_SERVICE && resource->pattern != ASL_REQUEST_RESPONSE);
}

static void deliver(struct net_deferred *deferred)
{
    struct pending *pending = CONTAINER_OF(deferred, struct pending, delivery);
    struct run_tasks *tasks = pending->tasks;
    struct engine_event event = pending->event;
    struct engine_event prelude = {.task_id = event.task_id, .output = json_empty_object};
    list_remove(&pending->link);
    bool is_unstartable =
        event.type == ENGINE_EVENT_TASK_FAILED && str_equal(event.error.name, ASL_ERROR_RUNTIME);
    tasks->told = pending->execution;
    if (!is_unstartable && has_prelude(pending->resource, &prelude.type)) {
        runtime_execution_tell(pending->execution, &prelude);
    }
    // Telling may have ended the execution, and with it everything in its arena.
    if (tasks->told != NULL) runtime_execution_tell(tasks->told, &event);
    tasks->told = NULL;
}

static void answer_soon(struct run_tasks *tasks, struct runtime_execution *execution,
                        const struct engine_command *command, struct engine_event event)
{
    struct pending *pending = ARENA_NEW(&execution->arena, struct pending);
    if (pending == NULL) return; // The exhausted arena ends the execution.
    *pending = (struct pending){
        .tasks = tasks, .execution = execution, .resource = command->resource, .event = event};
    pending->event.task_id = command->task_id;
    net_deferred_init(&pending->delivery, deliver);
    list_append(&tasks->pending, &pending->link);
    net_loop_defer(tasks->loop, &pending->delivery);
}

static void refuse(struct run_tasks *tasks, struct runtime_execution *execution,
                   const struct engine_command *command, struct str cause)
{
    struct engine_event event = {.type = ENGINE_EVENT_TASK_FAILED,
                                 .error = {.name = ASL_ERROR_RUNTIME, .cause = cause}};
    answer_soon(tasks, execution, command, event);
}

// ---------------------------------------------------------------------------------------------
// Mocks

static bool start_mocked(struct run_tasks *tasks, struct runtime_execution *execution,
                         const struct engine_command *command)
{
    struct mock_answer answer;
    struct str why;
    if (tasks->mock_file.states == NULL) return false;
    enum status status = mock_file_answer(&tasks->mock_file, command->state->name, &answer, &why);
    if (status == STATUS_NOT_FOUND) return false;
    if (status == STATUS_NO_MEMORY) why = STR("The mock file has run out of memory.");
    if (status != STATUS_OK) {
        refuse(tasks, execution, command, why);
        return true;
    }
    bool is_function = command->resource->kind == ASL_RESOURCE_LAMBDA_FUNCTION;
    struct engine_event event = {.type = ENGINE_EVENT_TASK_FAILED,
                                 .error = {.name = answer.error, .cause = answer.cause}};
    if (answer.result != NULL) {
        event.type = ENGINE_EVENT_TASK_SUCCEEDED;
        event.output = is_function ? *mock_function_result(answer.result) : *answer.result;
    }
    answer_soon(tasks, execution, command, event);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Functions

// What the task calls: a function's ARN or the FunctionName of lambda:invoke. Empty for others.
static struct str called_function(const struct tasks_request *request)
{
    if (request->service.size == 0) return request->resource_arn;
    bool is_invoke = str_is(request->service, "lambda") && str_is(request->action, "invoke");
    return is_invoke ? JSON_FIND_STR(&request->parameters, "FunctionName") : STR("");
}

// The request as it must be for the local function of that name.
static bool redirect(struct tasks_request *request, const struct run_function *function)
{
    if (request->service.size == 0) {
        request->resource_arn =
            lambda_arn_render(request->arena, RUN_REGION, RUN_ACCOUNT, function->name, STR(""));
        return request->resource_arn.size > 0;
    }
    struct json name = json_from_str(function->name);
    const struct json *parameters =
        json_with_member(request->arena, &request->parameters, STR("FunctionName"), &name);
    if (parameters != NULL && JSON_FIND(parameters, "Qualifier") != NULL) {
        parameters = json_with_member(request->arena, parameters, STR("Qualifier"), &json_null);
    }
    if (parameters == NULL) return false;
    request->parameters = *parameters;
    return true;
}

static struct str hint(const struct run_tasks *tasks, const struct engine_command *command,
                       struct str called, struct arena *arena)
{
    const char *mock = tasks->mock_file.states == NULL ? "give a mock file with --mock FILE"
                                                       : "mock the state in the test case";
    struct str name = run_function_name(called);
    struct str function =
        called.size == 0
            ? STR("")
            : arena_printf(arena, ", or the function with --function %" STR_FORMAT "=PATH",
                           STR_ARGS(name));
    return arena_printf(arena,
                        "Nobody performs the task '%" STR_FORMAT "' of the state '%" STR_FORMAT
                        "': %s%" STR_FORMAT ".",
                        STR_ARGS(command->resource->arn), STR_ARGS(command->state->name), mock,
                        STR_ARGS(function));
}

static bool start_task(struct runtime_stand_in *stand_in, struct runtime_execution *execution,
                       const struct engine_command *command, struct tasks_request *request)
{
    struct run_tasks *tasks = CONTAINER_OF(stand_in, struct run_tasks, stand_in);
    if (start_mocked(tasks, execution, command)) return true;
    struct str called = called_function(request);
    const struct run_function *function =
        called.size == 0 ? NULL : run_functions_find(&tasks->functions, called);
    if (function == NULL) {
        refuse(tasks, execution, command, hint(tasks, command, called, request->arena));
        return true;
    }
    if (request->pattern.size > 0) {
        refuse(tasks, execution, command,
               STR("A task that waits for its token needs a mock: nobody would send the token "
                   "back."));
        return true;
    }
    return !redirect(request, function);
}

static void forget(struct runtime_stand_in *stand_in, const struct runtime_execution *execution)
{
    struct run_tasks *tasks = CONTAINER_OF(stand_in, struct run_tasks, stand_in);
    if (tasks->told == execution) tasks->told = NULL;
    LIST_EACH(link, &tasks->pending)
    {
        struct pending *pending = LIST_ITEM(link, struct pending, link);
        if (pending->execution != execution) continue;
        net_deferred_cancel(&pending->delivery);
        list_remove(link);
    }
}

void run_tasks_init(struct run_tasks *tasks, struct net_loop *loop)
{
    *tasks = (struct run_tasks){
        .stand_in = {.start_task = start_task, .forget = forget},
        .loop = loop,
    };
    list_init(&tasks->pending);
}

void run_tasks_end(struct run_tasks *tasks)
{
    tasks->is_over = true;
    LIST_EACH(link, &tasks->pending)
    {
        net_deferred_cancel(&LIST_ITEM(link, struct pending, link)->delivery);
        list_remove(link);
    }
}
