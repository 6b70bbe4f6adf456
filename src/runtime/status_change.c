// Telling of a change: the facts are gathered only when somebody wants them.

#include "runtime/status_change.h"

#include "runtime/execution.h"

void runtime_tell_status(struct runtime_execution *execution, const struct engine_update *end,
                         struct str output)
{
    struct runtime *runtime = execution->worker->runtime;
    if (!atomic_load_explicit(&runtime->wants_status_changes, memory_order_relaxed)) return;
    const struct engine_start *start = &execution->start;
    struct runtime_status_change change = {
        .worker = execution->worker,
        .execution_arn = start->execution_arn,
        .state_machine_arn = start->state_machine_arn,
        .name = start->execution_name,
        .region = start->region,
        .status = STR("RUNNING"),
        .version_arn = start->version_arn,
        .alias_arn = start->alias_arn,
        .input = start->input_text,
        .started_unix_ms = start->started_unix_ms,
        .redrive_count = execution->redrive_count,
        .redriven_unix_ms = execution->redriven_unix_ms,
        .changed_unix_ms = clock_unix_ms(runtime->clock),
    };
    if (end != NULL) {
        change.status = str_from_c(engine_status_name(end->status));
        change.stopped_unix_ms = end->stopped_unix_ms;
        change.output = output;
        if (end->status != ENGINE_TIMED_OUT) { // As its row: neither error nor cause.
            change.error = end->error.name;
            change.cause = end->error.cause;
        }
    }
    runtime->on_status_change(runtime->status_change_context, &change);
}
