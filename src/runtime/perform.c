// Commands: timers on the worker's loop, tasks by src/tasks.
//
// Nothing here calls back into execution_feed() while a step's commands are performed: answers,
// timers and continuations all come from the event loop.

#include "runtime/activity.h"
#include "runtime/execution_private.h"

enum { CONTINUE_TAKES_MS = 1000 }; // Of virtual time.

struct runtime_timer {
    struct net_timer timer;
    struct list link;
    struct runtime_execution *execution;
    uint64_t timer_id;
};

struct runtime_task {
    struct list link;
    struct runtime_execution *execution;
    struct tasks_call *call;
    uint64_t task_id;
    bool is_submission; // The answer is not the task's, but that of whoever took it on.
};

static void on_timer(struct net_timer *timer)
{
    struct runtime_timer *fired = CONTAINER_OF(timer, struct runtime_timer, timer);
    struct runtime_execution *execution = fired->execution;
    struct engine_event event = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = fired->timer_id};
    list_remove(&fired->link);
    list_append(&execution->free_timers, &fired->link);
    execution_feed(execution, &event);
}

enum status execution_arm_timer(struct runtime_execution *execution, uint64_t timer_id,
                                int64_t at_unix_ms)
{
    struct runtime_timer *timer;
    if (!list_is_empty(&execution->free_timers)) {
        timer = LIST_ITEM(execution->free_timers.next, struct runtime_timer, link);
        list_remove(&timer->link);
    } else {
        timer = ARENA_NEW(&execution->arena, struct runtime_timer);
        if (timer == NULL) return STATUS_NO_MEMORY;
        list_init(&timer->link);
        timer->execution = execution;
    }
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
        net_timer_disarm(execution->worker->loop, &timer->timer);
        list_remove(&timer->link);
        list_append(&execution->free_timers, &timer->link);
        return;
    }
}

// Of tasks that are answered later, by token or when a job ends, this is only the submission.
static bool answers_later(const struct asl_resource *resource)
{
    return resource->kind == ASL_RESOURCE_SERVICE && resource->pattern != ASL_REQUEST_RESPONSE;
}

static void on_answer(void *context, const struct tasks_answer *answer)
{
    struct runtime_task *task = context;
    struct runtime_execution *execution = task->execution;
    struct engine_event event = {
        .type = !answer->is_success   ? ENGINE_EVENT_TASK_FAILED
                : task->is_submission ? ENGINE_EVENT_TASK_SUBMITTED
                                      : ENGINE_EVENT_TASK_SUCCEEDED,
        .task_id = task->task_id,
        .output = answer->output,
        .output_size_bytes = answer->output_size_bytes,
        .error = {.name = answer->error, .cause = answer->cause},
    };
    list_remove(&task->link);
    execution_feed(execution, &event);
}

static enum status offer_activity(struct runtime_execution *execution,
                                  const struct asl_resource *resource, uint64_t task_id,
                                  struct str token, const struct json *input)
{
    return runtime_activity_offer(execution->worker, resource->arn, execution->id, task_id, token,
                                  input);
}

static enum status start_task(struct runtime_execution *execution,
                              const struct engine_command *command)
{
    const struct asl_resource *resource = command->resource;
    struct runtime_stand_in *stand_in = execution->worker->stand_in;
    struct str role_arn = command->credentials_role_arn;
    struct tasks_request request = {
        .resource_arn = resource->arn,
        .service = resource->type,
        .action = resource->action,
        .pattern = str_skip(resource->resource, resource->action.size),
        .parameters = command->parameters,
        .role_arn = role_arn.size > 0 ? role_arn : execution->start.role_arn,
        .session_name = execution->start.execution_name,
        .region = execution->start.region,
        .arena = &execution->arena,
    };
    if (stand_in != NULL && stand_in->start_task(stand_in, execution, command, &request)) {
        return STATUS_OK;
    }
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        return offer_activity(execution, resource, command->task_id, command->task_token,
                              &command->parameters);
    }
    struct runtime_task *task = ARENA_NEW(&execution->arena, struct runtime_task);
    if (task == NULL) return STATUS_NO_MEMORY;
    list_init(&task->link);
    task->execution = execution;
    task->task_id = command->task_id;
    task->is_submission = answers_later(resource);
    task->call = tasks_start(&execution->worker->tasks, &request, on_answer, task);
    if (task->call == NULL) return STATUS_NO_MEMORY;
    list_append(&execution->tasks, &task->link);
    return STATUS_OK;
}

enum status execution_resume_task(struct runtime_execution *execution,
                                  const struct engine_wait *wait)
{
    if (wait->is_submitted) return STATUS_OK; // Whoever has the token answers.
    if (wait->resource->kind == ASL_RESOURCE_ACTIVITY) {
        return offer_activity(execution, wait->resource, wait->task_id, wait->task_token,
                              &wait->parameters);
    }
    struct engine_event event = {
        .type = ENGINE_EVENT_TASK_FAILED,
        .task_id = wait->task_id,
        .error = {.name = STR("Lambda.Unknown"),
                  .cause = STR("The server stopped while the function was running; whether it "
                               "completed is not known.")},
    };
    return commit_defer(execution, &event);
}

static void cancel_task(struct runtime_execution *execution, uint64_t task_id,
                        const struct asl_resource *resource)
{
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        runtime_activity_withdraw(execution->worker, resource->arn, execution->id, task_id);
        return;
    }
    LIST_EACH(link, &execution->tasks)
    {
        struct runtime_task *task = LIST_ITEM(link, struct runtime_task, link);
        if (task->task_id != task_id) continue;
        tasks_cancel(task->call);
        list_remove(&task->link);
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
        tasks_cancel(LIST_ITEM(link, struct runtime_task, link)->call);
        list_remove(link);
    }
    LIST_EACH(link, &execution->timers)
    {
        net_timer_disarm(execution->worker->loop,
                         &LIST_ITEM(link, struct runtime_timer, link)->timer);
        list_remove(link);
    }
    net_deferred_cancel(&execution->continuation);
}
