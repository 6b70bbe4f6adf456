// Commands: timers on the worker's loop, tasks by src/tasks.
//
// Nothing here calls back into execution_feed() while a step's commands are performed: answers,
// timers and continuations all come from the event loop.

#include <stdlib.h>

#include "base/log.h"
#include "runtime/activity.h"
#include "runtime/activity_resource.h"
#include "runtime/drain.h"
#include "runtime/execution_private.h"
#include "runtime/job.h"
#include "runtime/map_run.h"
#include "runtime/nested.h"
#include "tasks/aws_service.h"

enum {
    CONTINUE_TAKES_MS = 1000, // Of virtual time.
    FREE_TIMERS_MAX = 4096,
    FREE_TASKS_MAX = 256,
};

struct runtime_timer {
    struct net_timer timer;
    struct list link; // Of its execution, or of the worker's free ones.
    struct runtime_execution *execution;
    uint64_t timer_id;
};

struct runtime_task {
    struct list link;   // Of its execution, or of the worker's free ones.
    struct arena arena; // What the call holds and its answer: gone with the task.
    struct runtime_execution *execution;
    struct tasks_call *call;
    uint64_t task_id;
    const struct asl_resource *resource;
};

// ---------------------------------------------------------------------------------------------
// Timers and tasks are the worker's: what an execution keeps must not grow with what it has done.

static void give_back_timer(struct runtime_timer *timer)
{
    struct runtime_worker *worker = timer->execution->worker;
    net_timer_disarm(worker->loop, &timer->timer);
    list_remove(&timer->link);
    if (worker->free_timer_count >= FREE_TIMERS_MAX) {
        free(timer);
        return;
    }
    list_append(&worker->free_timers, &timer->link);
    worker->free_timer_count++;
}

static struct runtime_timer *take_timer(struct runtime_worker *worker)
{
    if (list_is_empty(&worker->free_timers)) {
        struct runtime_timer *timer = calloc(1, sizeof(*timer));
        if (timer != NULL) list_init(&timer->link);
        return timer;
    }
    struct runtime_timer *timer = LIST_ITEM(worker->free_timers.next, struct runtime_timer, link);
    list_remove(&timer->link);
    worker->free_timer_count--;
    return timer;
}

static void give_back_task(struct runtime_task *task)
{
    struct runtime_worker *worker = task->execution->worker;
    if (task->execution->id != 0) worker->durable_call_count--;
    list_remove(&task->link);
    if (worker->free_task_count >= FREE_TASKS_MAX) {
        arena_release(&task->arena);
        free(task);
        return;
    }
    arena_reset(&task->arena);
    list_append(&worker->free_tasks, &task->link);
    worker->free_task_count++;
}

static struct runtime_task *take_task(struct runtime_worker *worker)
{
    if (list_is_empty(&worker->free_tasks)) {
        struct runtime_task *task = calloc(1, sizeof(*task));
        if (task == NULL) return NULL;
        list_init(&task->link);
        arena_init(&task->arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
        return task;
    }
    struct runtime_task *task = LIST_ITEM(worker->free_tasks.next, struct runtime_task, link);
    list_remove(&task->link);
    worker->free_task_count--;
    return task;
}

// ---------------------------------------------------------------------------------------------
// Timers

static void on_timer(struct net_timer *timer)
{
    struct runtime_timer *fired = CONTAINER_OF(timer, struct runtime_timer, timer);
    struct runtime_execution *execution = fired->execution;
    struct engine_event event = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = fired->timer_id};
    give_back_timer(fired);
    execution_feed(execution, &event);
}

enum status execution_arm_timer(struct runtime_execution *execution, uint64_t timer_id,
                                int64_t at_unix_ms)
{
    struct runtime_timer *timer = take_timer(execution->worker);
    if (timer == NULL) return STATUS_NO_MEMORY;
    timer->execution = execution;
    timer->timer_id = timer_id;
    net_timer_init(&timer->timer, on_timer);
    list_append(&execution->timers, &timer->link);
    net_timer_arm(execution->worker->loop, &timer->timer, at_unix_ms);
    return STATUS_OK;
}

static void cancel_timer(struct runtime_execution *execution, uint64_t timer_id)
{
    LIST_EACH(link, &execution->timers)
    {
        struct runtime_timer *timer = LIST_ITEM(link, struct runtime_timer, link);
        if (timer->timer_id != timer_id) continue;
        give_back_timer(timer);
        return;
    }
}

// ---------------------------------------------------------------------------------------------
// Tasks

// Of tasks that are answered later, by token or when a job ends, this is only the submission.
static bool answers_later(const struct asl_resource *resource)
{
    return resource->kind == ASL_RESOURCE_SERVICE && resource->pattern != ASL_REQUEST_RESPONSE;
}

// What the execution keeps of an answer.
static bool copy_answer(struct arena *arena, const struct tasks_answer *answer,
                        struct engine_event *event)
{
    struct str *const texts[] = {&event->error.name, &event->error.cause};
    if (answer->is_success) return json_copy(arena, &answer->output, &event->output);
    event->error = (struct asl_error){.name = answer->error, .cause = answer->cause};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i]->data != NULL && !arena_copy_str(arena, *texts[i], texts[i])) return false;
    }
    return true;
}

// What the answer is to the engine. A nested execution that has been started is watched.
static struct engine_event take_answer(struct runtime_execution *execution, uint64_t task_id,
                                       const struct asl_resource *resource,
                                       const struct tasks_answer *answer)
{
    struct engine_event event = {
        .type = !answer->is_success       ? ENGINE_EVENT_TASK_FAILED
                : answers_later(resource) ? ENGINE_EVENT_TASK_SUBMITTED
                                          : ENGINE_EVENT_TASK_SUCCEEDED,
        .task_id = task_id,
        .output = json_null,
        .output_size_bytes = answer->output_size_bytes,
    };
    if (!copy_answer(engine_execution_arena(execution->engine), answer, &event)) {
        event.type = ENGINE_EVENT_TASK_FAILED;
        event.error = (struct asl_error){.name = ASL_ERROR_DATA_LIMIT,
                                         .cause = STR("There is no memory for the answer.")};
    } else if (answer->is_success && nested_is_job(resource)) {
        enum status status = nested_watch(execution, task_id, resource, &answer->output);
        if (status != STATUS_OK) {
            log_error("%" STR_FORMAT " cannot wait for its nested execution: %s",
                      STR_ARGS(execution->start.execution_arn), status_name(status));
        }
    }
    return event;
}

void execution_report_task(struct runtime_execution *execution, uint64_t task_id,
                           const struct asl_resource *resource, const struct tasks_answer *answer)
{
    struct engine_event event = take_answer(execution, task_id, resource, answer);
    execution_feed(execution, &event);
}

static void on_answer(void *context, const struct tasks_answer *answer)
{
    struct runtime_task *task = context;
    struct runtime_execution *execution = task->execution;
    struct engine_event event = take_answer(execution, task->task_id, task->resource, answer);
    give_back_task(task);
    execution_feed(execution, &event);
}

static enum status call_task(struct runtime_execution *execution, uint64_t task_id,
                             const struct asl_resource *resource, struct tasks_request *request)
{
    struct runtime_worker *worker = execution->worker;
    if (execution->id != 0 && drain_hold(worker, execution->id, task_id)) return STATUS_OK;
    struct runtime_task *task = take_task(worker);
    if (task == NULL) return STATUS_NO_MEMORY;
    task->execution = execution;
    if (execution->id != 0) worker->durable_call_count++;
    task->task_id = task_id;
    task->resource = resource;
    request->arena = &task->arena;
    bool is_ready = !nested_is_start(resource) ||
                    nested_name(execution, task_id, &task->arena, &request->parameters);
    task->call = is_ready ? tasks_start(&worker->tasks, request, on_answer, task) : NULL;
    if (task->call == NULL) {
        give_back_task(task);
        return STATUS_NO_MEMORY;
    }
    list_append(&execution->tasks, &task->link);
    return STATUS_OK;
}

static struct tasks_request make_request(struct runtime_execution *execution,
                                         const struct asl_resource *resource,
                                         struct json parameters, struct str role_arn)
{
    return (struct tasks_request){
        .resource_arn = resource->arn,
        .service = resource->type,
        .action = resource->action,
        .pattern = str_skip(resource->resource, resource->action.size),
        .parameters = parameters,
        .role_arn = role_arn.size > 0 ? role_arn : execution->start.role_arn,
        .session_name = execution->start.execution_name,
        .region = execution->start.region,
        .execution_arn = execution->start.execution_arn,
        .state_machine_arn = execution->start.state_machine_arn,
        .arena = &execution->arena,
    };
}

static enum status offer_activity(struct runtime_execution *execution,
                                  const struct asl_resource *resource, uint64_t task_id,
                                  struct str token, const struct json *input)
{
    if (activity_find(&execution->worker->catalog, resource->arn) == NULL) {
        struct engine_event event = {
            .type = ENGINE_EVENT_TASK_FAILED,
            .task_id = task_id,
            .error = {.name = ASL_ERROR_RUNTIME,
                      .cause = arena_printf(engine_execution_arena(execution->engine),
                                            "The activity %" STR_FORMAT " does not exist.",
                                            STR_ARGS(resource->arn))},
        };
        return commit_defer(execution, &event);
    }
    return runtime_activity_offer(execution->worker, resource->arn, execution->id, task_id, token,
                                  input);
}

static enum status start_task(struct runtime_execution *execution,
                              const struct engine_command *command)
{
    const struct asl_resource *resource = command->resource;
    struct runtime_stand_in *stand_in = execution->worker->stand_in;
    struct tasks_request request =
        make_request(execution, resource, command->parameters, command->credentials_role_arn);
    if (stand_in != NULL && stand_in->start_task(stand_in, execution, command, &request)) {
        return STATUS_OK;
    }
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        return offer_activity(execution, resource, command->task_id, command->task_token,
                              &command->parameters);
    }
    return call_task(execution, command->task_id, resource, &request);
}

// Unknown outcomes, by the name that the integration has for them.
static struct asl_error lost_error(struct runtime_execution *execution,
                                   const struct asl_resource *resource)
{
    const struct aws_service *service = aws_service_find(resource->type);
    struct asl_error error = {
        .name = STR("Lambda.Unknown"),
        .cause = STR("The server stopped before the answer came; whether the task was completed is "
                     "not known."),
    };
    if (service != NULL) {
        error.name = arena_printf(&execution->arena, "%" STR_FORMAT ".SdkClientException",
                                  STR_ARGS(service->error_prefix));
    }
    return error;
}

void execution_call_again(struct runtime_execution *execution, const struct engine_wait *wait)
{
    struct tasks_request request =
        make_request(execution, wait->resource, wait->parameters, wait->credentials_role_arn);
    enum status status = call_task(execution, wait->task_id, wait->resource, &request);
    if (status != STATUS_OK) {
        log_error("no memory to take up a task of %" STR_FORMAT,
                  STR_ARGS(execution->start.execution_arn));
    }
}

enum status execution_resume_task(struct runtime_execution *execution,
                                  const struct engine_wait *wait)
{
    const struct asl_resource *resource = wait->resource;
    if (wait->is_submitted) return STATUS_OK; // Whoever has the token answers.
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        return offer_activity(execution, resource, wait->task_id, wait->task_token,
                              &wait->parameters);
    }
    if (wait->has_early_result) { // It was submitted, or nobody could have answered it.
        struct engine_event submitted = {
            .type = ENGINE_EVENT_TASK_SUBMITTED,
            .task_id = wait->task_id,
            .output = json_empty_object,
        };
        return commit_defer(execution, &submitted);
    }
    if (nested_is_start(resource)) return nested_resume(execution, wait);
    if (drain_was_held(execution->worker->runtime, execution->id, wait->task_id)) {
        execution_call_again(execution, wait); // It has never begun.
        return STATUS_OK;
    }
    struct engine_event event = {
        .type = ENGINE_EVENT_TASK_FAILED,
        .task_id = wait->task_id,
        .error = lost_error(execution, resource),
    };
    return commit_defer(execution, &event);
}

enum status execution_resume_job(struct runtime_execution *execution,
                                 const struct engine_wait *wait, const struct json *submission)
{
    return nested_is_job(wait->resource)
               ? nested_watch(execution, wait->task_id, wait->resource, submission)
               : STATUS_OK;
}

static void cancel_task(struct runtime_execution *execution, uint64_t task_id,
                        const struct asl_resource *resource)
{
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        runtime_activity_withdraw(execution->worker, resource->arn, execution->id, task_id);
        return;
    }
    if (nested_is_job(resource)) job_cancel(execution, task_id);
    LIST_EACH(link, &execution->tasks)
    {
        struct runtime_task *task = LIST_ITEM(link, struct runtime_task, link);
        if (task->task_id != task_id) continue;
        tasks_cancel(task->call);
        give_back_task(task);
        return;
    }
}

void execution_on_continue(struct net_deferred *deferred)
{
    struct runtime_execution *execution =
        CONTAINER_OF(deferred, struct runtime_execution, continuation);
    struct engine_event event = {.type = ENGINE_EVENT_CONTINUE};
    execution_feed(execution, &event);
}

static void go_on_soon(struct runtime_execution *execution)
{
    struct clock *clock = execution->worker->runtime->clock;
    // A step so full that it yields takes a while: a loop without end must end in virtual time too.
    if (clock->is_virtual) clock_advance(clock, clock_unix_ms(clock) + CONTINUE_TAKES_MS);
    net_loop_defer(execution->worker->loop, &execution->continuation);
}

enum status execution_perform(struct runtime_execution *execution,
                              const struct engine_update *update)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < update->command_count && status == STATUS_OK; i++) {
        const struct engine_command *command = &update->commands[i];
        switch (command->type) {
        case ENGINE_COMMAND_START_TASK: status = start_task(execution, command); break;
        case ENGINE_COMMAND_CANCEL_TASK:
            cancel_task(execution, command->task_id, command->resource);
            break;
        case ENGINE_COMMAND_START_MAP_RUN:
            status = map_run_start(execution, command->task_id, command->state, command->map_run);
            break;
        case ENGINE_COMMAND_CANCEL_MAP_RUN: map_run_cancel(execution, command->task_id); break;
        case ENGINE_COMMAND_ARM_TIMER:
            status = execution_arm_timer(execution, command->timer_id, command->at_unix_ms);
            break;
        case ENGINE_COMMAND_CANCEL_TIMER: cancel_timer(execution, command->timer_id); break;
        case ENGINE_COMMAND_CONTINUE: go_on_soon(execution); break;
        }
    }
    return status;
}

void execution_cancel_everything(struct runtime_execution *execution)
{
    LIST_EACH(link, &execution->tasks)
    {
        struct runtime_task *task = LIST_ITEM(link, struct runtime_task, link);
        tasks_cancel(task->call);
        give_back_task(task);
    }
    job_cancel_all(execution);
    map_run_cancel_all(execution);
    struct runtime_stand_in *stand_in = execution->worker->stand_in;
    if (stand_in != NULL && stand_in->forget != NULL) stand_in->forget(stand_in, execution);
    LIST_EACH(link, &execution->timers)
    {
        give_back_timer(LIST_ITEM(link, struct runtime_timer, link));
    }
    net_deferred_cancel(&execution->continuation);
}
