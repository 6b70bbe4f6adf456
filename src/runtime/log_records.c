// Log records: the history events of an execution that its state machine's log level asks for.

#include "logs/logs.h"
#include "runtime/execution_private.h"

uint64_t execution_logged_mask(const struct state_machine *state_machine)
{
    switch (state_machine->log_level) {
    case LOG_LEVEL_ALL: return ENGINE_HISTORY_ALL;
    case LOG_LEVEL_ERROR: return engine_history_error_mask;
    case LOG_LEVEL_FATAL: return engine_history_fatal_mask;
    case LOG_LEVEL_OFF: return ENGINE_HISTORY_NONE;
    }
    return ENGINE_HISTORY_NONE;
}

// "states/NAME/yyyy-MM-dd-HH-mm/8 hex": one stream per state machine, minute and worker.
static bool name_log_stream(struct runtime_execution *execution)
{
    struct clock_date date = clock_date_from_unix_ms(execution->start.started_unix_ms);
    execution->log_stream = arena_printf(
        &execution->arena, "states/%" STR_FORMAT "/%04d-%02d-%02d-%02d-%02d/%08x",
        STR_ARGS(execution->state_machine->name), (int)date.year, (int)date.month, (int)date.day,
        (int)date.hour, (int)date.minute, execution->worker->log_stream_suffix);
    return execution->log_stream.size > 0;
}

void execution_write_log_records(struct runtime_execution *execution,
                                 const struct engine_update *update)
{
    const struct state_machine *state_machine = execution->state_machine;
    uint64_t mask = execution_logged_mask(state_machine);
    if (state_machine->log_group == NULL || !logs_group_exists(state_machine->log_group)) return;
    if (execution->log_stream.size == 0 && !name_log_stream(execution)) return;
    struct buffer *buffer = &execution->worker->scratch;
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        if ((mask & ENGINE_HISTORY_BIT(event->type)) == 0) continue;
        buffer_clear(buffer);
        engine_history_event_render_log(event, execution->start.execution_arn,
                                        state_machine->logs_execution_data, buffer);
        if (buffer->is_failed) continue;
        logs_append(execution->worker->runtime->logs, state_machine->log_group,
                    execution->log_stream, event->unix_ms, buffer_str(buffer));
    }
}
