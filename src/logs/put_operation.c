// PutLogEvents.

#include <inttypes.h>

#include "logs/operation_private.h"

enum {
    EVENT_OVERHEAD_BYTES = 26, // Counted by the service for each event.
    EVENT_SIZE_MAX = 256 << 10,
    BATCH_BYTES_MAX = 1 << 20,
    HOUR_MS = 3600000,
    DAY_MS = 86400000,
    OLD_DAYS_MAX = 14,
    NEW_HOURS_MAX = 2,
};

#define OPERATION_OF(task, type) CONTAINER_OF(task, struct type, operation.task)

// ---------------------------------------------------------------------------------------------
// Checks of the batch

static void check_events(struct logs_put_events *call)
{
    struct logs_operation *operation = &call->operation;
    if (call->count == 0 || call->count > OPERATION_EVENTS_MAX) {
        operation_fail(operation, "InvalidParameterException",
                       "1 validation error detected: Value at 'logEvents' failed to satisfy "
                       "constraint: Member must have length %s than or equal to %d",
                       call->count == 0 ? "greater" : "less",
                       call->count == 0 ? 1 : OPERATION_EVENTS_MAX);
        return;
    }
    size_t batch_bytes = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct logs_input_event *event = &call->events[i];
        size_t event_bytes = event->message.size + EVENT_OVERHEAD_BYTES;
        batch_bytes += event_bytes;
        if (event->message.size == 0) {
            operation_fail(operation, "InvalidParameterException",
                           "1 validation error detected: Value '' at 'logEvents.%zu.member.message'"
                           " failed to satisfy constraint: Member must have length greater than or "
                           "equal to 1",
                           i + 1);
        } else if (event->timestamp_unix_ms < 0) {
            operation_fail(operation, "InvalidParameterException",
                           "1 validation error detected: Value '%" PRId64
                           "' at 'logEvents.%zu.member.timestamp' failed to satisfy constraint: "
                           "Member must have value greater than or equal to 0",
                           event->timestamp_unix_ms, i + 1);
        } else if (event_bytes > EVENT_SIZE_MAX) {
            operation_fail(operation, "InvalidParameterException",
                           "Log event too large: %zu bytes exceeds limit of %d", event_bytes,
                           EVENT_SIZE_MAX);
        } else if (i > 0 && event->timestamp_unix_ms < call->events[i - 1].timestamp_unix_ms) {
            operation_fail(operation, "InvalidParameterException",
                           "Log events in a single PutLogEvents request must be in chronological "
                           "order.");
        }
        if (operation_is_refused(operation)) return;
    }
    if (batch_bytes > BATCH_BYTES_MAX) {
        operation_fail(operation, "InvalidParameterException",
                       "Upload too large: %zu bytes exceeds limit of %d", batch_bytes,
                       BATCH_BYTES_MAX);
    }
}

// Which events of the batch, in chronological order, are taken: [ret_begin, ret_end).
static void reject_by_time(struct logs_put_events *call, int32_t retention_days,
                           int64_t now_unix_ms, size_t *ret_begin, size_t *ret_end)
{
    int64_t too_old_unix_ms = now_unix_ms - (int64_t)OLD_DAYS_MAX * DAY_MS;
    int64_t expired_unix_ms = now_unix_ms - (int64_t)retention_days * DAY_MS;
    int64_t too_new_unix_ms = now_unix_ms + (int64_t)NEW_HOURS_MAX * HOUR_MS;
    size_t begin = 0, end = call->count;
    while (begin < end && call->events[begin].timestamp_unix_ms < too_old_unix_ms)
        begin++;
    if (begin > 0) call->too_old_end_index = (int64_t)begin;
    if (retention_days > 0) {
        size_t expired = begin;
        while (expired < end && call->events[expired].timestamp_unix_ms < expired_unix_ms)
            expired++;
        if (expired > begin) call->expired_end_index = (int64_t)expired;
        begin = expired;
    }
    while (end > begin && call->events[end - 1].timestamp_unix_ms > too_new_unix_ms)
        end--;
    if (end < call->count) call->too_new_start_index = (int64_t)end;
    *ret_begin = begin;
    *ret_end = end;
}

// ---------------------------------------------------------------------------------------------
// On the store thread

static enum status insert_events(struct logs_put_events *call, struct store_tx *tx,
                                 struct store_log_note *note, size_t begin, size_t end)
{
    note->first_event_unix_ms = call->events[begin].timestamp_unix_ms;
    note->last_event_unix_ms = call->events[end - 1].timestamp_unix_ms;
    note->event_count = (int64_t)(end - begin);
    for (size_t i = begin; i < end; i++) {
        struct store_log_event event = {
            .stream_id = note->stream_id,
            .timestamp_unix_ms = call->events[i].timestamp_unix_ms,
            .ingestion_unix_ms = note->ingestion_unix_ms,
            .message = call->events[i].message,
        };
        note->stored_bytes += (int64_t)event.message.size;
        enum status status = store_log_event_insert(tx, note->group_id, &event);
        if (status != STATUS_OK) return status;
    }
    return store_log_stream_note(tx, note);
}

static enum status run_put_events(struct store_task *task, struct store_tx *tx)
{
    struct logs_put_events *call = OPERATION_OF(task, logs_put_events);
    struct logs_operation *operation = &call->operation;
    int64_t now_unix_ms = clock_unix_ms(operation->logs->clock);
    struct logs_group *group = NULL;
    struct store_log_stream stream;
    enum status status = operation_find_group(operation, call->group_name, &group);
    if (status != STATUS_OK) return status;
    status = operation_find_stream(operation, tx, group->store_id, call->stream_name, &stream);
    if (status != STATUS_OK) return status;
    int32_t retention_days = 0;
    status = store_log_group_retention(tx, group->store_id, &retention_days);
    if (status != STATUS_OK) return status;
    size_t begin, end;
    reject_by_time(call, retention_days, now_unix_ms, &begin, &end);
    call->next_sequence_token =
        arena_printf(operation->arena, "4903%052" PRId64,
                     stream.id * 1000000 + (stream.event_count + (int64_t)(end - begin)) % 1000000);
    if (operation->arena->is_exhausted) return STATUS_NO_MEMORY;
    if (begin == end) return STATUS_OK;
    if (call->events[end - 1].timestamp_unix_ms - call->events[begin].timestamp_unix_ms > DAY_MS) {
        return operation_fail(operation, "InvalidParameterException",
                              "The batch of log events in a single PutLogEvents request cannot "
                              "span more than 24 hours.");
    }
    struct store_log_note note = {
        .group_id = group->store_id,
        .stream_id = stream.id,
        .ingestion_unix_ms = now_unix_ms,
    };
    return insert_events(call, tx, &note, begin, end);
}

void logs_put_events(struct logs *logs, struct logs_put_events *call)
{
    operation_check_group_name(&call->operation, "logGroupName", call->group_name);
    operation_check_stream_name(&call->operation, "logStreamName", call->stream_name);
    if (!operation_is_refused(&call->operation)) check_events(call);
    call->too_new_start_index = LOGS_ABSENT;
    call->too_old_end_index = LOGS_ABSENT;
    call->expired_end_index = LOGS_ABSENT;
    call->next_sequence_token = (struct str){0};
    operation_submit(logs, &call->operation, STORE_DURABLE, run_put_events);
}
