// What an execution waits for, told to whoever brought it back.

#include "engine/engine.h"
#include "engine/execution.h"

static enum status tell_map_run(const struct strand *strand, engine_wait_fn callback, void *context)
{
    struct engine_wait wait = {
        .type = ENGINE_WAIT_MAP_RUN,
        .task_id = strand->task.id,
        .map_run = &strand->map_run->told,
        .state = strand->state,
    };
    return callback(context, &wait);
}

static enum status tell_task(const struct strand *strand, engine_wait_fn callback, void *context)
{
    const struct strand_task *task = &strand->task;
    assert(strand->state->type == ASL_STATE_TASK);
    struct engine_wait wait = {
        .type = ENGINE_WAIT_TASK,
        .task_id = task->id,
        .state = strand->state,
        .resource = &strand->state->task.resource,
        .parameters = task->parameters,
        .task_token = task->token,
        .credentials_role_arn = task->credentials_role_arn,
        .deadline_unix_ms = task->timeout_unix_ms,
        .heartbeat_seconds = task->heartbeat_seconds,
        .is_submitted = task->is_submitted,
        .has_early_result = task->has_early_result,
        .heartbeat_unix_ms = task->heartbeat_unix_ms,
    };
    return callback(context, &wait);
}

static enum status tell_timer(uint64_t timer_id, int64_t at_unix_ms, engine_wait_fn callback,
                              void *context)
{
    struct engine_wait wait = {
        .type = ENGINE_WAIT_TIMER,
        .timer_id = timer_id,
        .at_unix_ms = at_unix_ms,
    };
    return callback(context, &wait);
}

enum status engine_execution_each_wait(const struct engine_execution *execution,
                                       engine_wait_fn callback, void *context)
{
    enum status status = STATUS_OK;
    assert(execution->status == ENGINE_RUNNING);
    if (execution->has_yielded) {
        struct engine_wait wait = {.type = ENGINE_WAIT_CONTINUE};
        status = callback(context, &wait);
    }
    if (status == STATUS_OK && execution->deadline_timer_id != 0) {
        status = tell_timer(execution->deadline_timer_id, execution->deadline_unix_ms, callback,
                            context);
    }
    LIST_EACH(link, &execution->live)
    {
        const struct strand *strand = LIST_ITEM(link, struct strand, live);
        if (status == STATUS_OK && strand->task.id != 0) {
            status = strand->map_run != NULL ? tell_map_run(strand, callback, context)
                                             : tell_task(strand, callback, context);
        }
        if (status == STATUS_OK && strand->timer_id != 0) {
            status = tell_timer(strand->timer_id, strand->timer_unix_ms, callback, context);
        }
        if (status != STATUS_OK) return status;
    }
    return status;
}
