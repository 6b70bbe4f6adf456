// CreateLogStream, DeleteLogStream, DescribeLogStreams.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "logs/operation_private.h"

#define OPERATION_OF(task, type) CONTAINER_OF(task, struct type, operation.task)

static enum status run_create_stream(struct store_task *task, struct store_tx *tx)
{
    struct logs_create_stream *call = OPERATION_OF(task, logs_create_stream);
    struct logs_operation *operation = &call->operation;
    struct logs_group *group = NULL;
    enum status status = operation_find_group(operation, call->group_name, &group);
    if (status != STATUS_OK) return status;
    int64_t id;
    status = store_log_stream_create(tx, group->store_id, call->name,
                                     clock_unix_ms(operation->logs->clock), &id);
    if (status != STATUS_CONFLICT) return status;
    return operation_fail(operation, "ResourceAlreadyExistsException",
                          "The specified log stream already exists");
}

void logs_create_stream(struct logs *logs, struct logs_create_stream *call)
{
    operation_check_group_name(&call->operation, "logGroupName", call->group_name);
    operation_check_stream_name(&call->operation, "logStreamName", call->name);
    operation_submit(logs, &call->operation, STORE_DURABLE, run_create_stream);
}

static enum status run_delete_stream(struct store_task *task, struct store_tx *tx)
{
    struct logs_delete_stream *call = OPERATION_OF(task, logs_delete_stream);
    struct logs_operation *operation = &call->operation;
    struct logs_group *group = NULL;
    enum status status = operation_find_group(operation, call->group_name, &group);
    if (status != STATUS_OK) return status;
    status = store_log_stream_delete(tx, group->store_id, call->name,
                                     clock_unix_ms(operation->logs->clock));
    if (status == STATUS_NOT_FOUND) {
        return operation_fail(operation, "ResourceNotFoundException",
                              "The specified log stream does not exist.");
    }
    if (status != STATUS_OK) return status;
    logs_streams_forget(operation->logs);
    logs_purge(operation->logs);
    return STATUS_OK;
}

void logs_delete_stream(struct logs *logs, struct logs_delete_stream *call)
{
    operation_check_group_name(&call->operation, "logGroupName", call->group_name);
    operation_check_stream_name(&call->operation, "logStreamName", call->name);
    operation_submit(logs, &call->operation, STORE_DURABLE, run_delete_stream);
}

// ---------------------------------------------------------------------------------------------
// DescribeLogStreams
//
// Tokens are "n/NAME" by name and "t/LAST/ID" by last event: the last stream shown.

struct describing {
    struct logs_describe_streams *call;
    const struct logs_group *group;
    struct store_log_stream_query query;
    size_t limit;
    int64_t last_unix_ms; // Of the last stream shown.
    int64_t last_id;
};

static bool parse_time_token(struct str token, struct store_log_stream_query *query)
{
    struct str rest = str_skip(token, 2);
    struct str last = str_cut(&rest, '/');
    uint64_t last_unix_ms = 0, id;
    bool is_empty_stream = str_is(last, "-1");
    if (!str_starts_with(token, STR("t/")) || !str_to_u64(rest, &id) || id > INT64_MAX)
        return false;
    if (!is_empty_stream && (!str_to_u64(last, &last_unix_ms) || last_unix_ms > INT64_MAX)) {
        return false;
    }
    query->has_position = true;
    query->position_last_unix_ms = is_empty_stream ? -1 : (int64_t)last_unix_ms;
    query->position_id = (int64_t)id;
    return true;
}

// Where a walk by name begins: behind the token's name, or at the edge of the prefix.
static enum status bound_by_name(struct logs_describe_streams *call, struct str token_name,
                                 struct store_log_stream_query *query)
{
    struct arena *arena = call->operation.arena;
    struct str bound;
    if (call->is_descending) {
        if (token_name.size > 0) {
            query->bound_name = token_name;
        } else if (call->prefix.size > 0) {
            // No name is as high as its prefix with this byte, which UTF-8 does not have.
            query->bound_name = arena_printf(arena, "%.*s\xff", STR_ARGS(call->prefix));
        }
        return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
    }
    query->bound_name = call->prefix.size > 0 ? call->prefix : STR("");
    if (token_name.size == 0) return STATUS_OK;
    if (!arena_copy_str(arena, token_name, &bound)) return STATUS_NO_MEMORY;
    bound.size++; // The next name possible is the same with a NUL behind it.
    if (str_compare(bound, query->bound_name) > 0) query->bound_name = bound;
    return STATUS_OK;
}

static enum status set_next_token(struct describing *describing)
{
    struct logs_describe_streams *call = describing->call;
    struct arena *arena = call->operation.arena;
    if (describing->query.is_by_last_event) {
        call->ret_next_token = arena_printf(arena, "t/%" PRId64 "/%" PRId64,
                                            describing->last_unix_ms, describing->last_id);
    } else {
        struct str name = call->items[call->count - 1].name;
        call->ret_next_token = arena_printf(arena, "n/%.*s", STR_ARGS(name));
    }
    return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OVER_LIMIT;
}

// STATUS_OVER_LIMIT ends the walk.
static enum status describe_stream(void *context, const struct store_log_stream *row)
{
    struct describing *describing = context;
    struct logs_describe_streams *call = describing->call;
    struct arena *arena = call->operation.arena;
    if (call->prefix.size > 0 && !str_starts_with(row->name, call->prefix)) {
        return STATUS_OVER_LIMIT;
    }
    if (call->count == describing->limit) return set_next_token(describing);
    struct logs_stream_item *item = &call->items[call->count];
    *item = (struct logs_stream_item){
        .created_unix_ms = row->created_unix_ms,
        .has_events = row->event_count > 0,
        .first_event_unix_ms = row->first_event_unix_ms,
        .last_event_unix_ms = row->last_event_unix_ms,
        .last_ingestion_unix_ms = row->last_ingestion_unix_ms,
        .upload_sequence_token =
            arena_printf(arena, "4903%052" PRId64, row->id * 1000000 + row->event_count % 1000000),
        .arn = arena_printf(arena, "%.*s:log-stream:%.*s", STR_ARGS(describing->group->arn),
                            STR_ARGS(row->name)),
    };
    if (!arena_copy_str(arena, row->name, &item->name) || arena->is_exhausted) {
        return STATUS_NO_MEMORY;
    }
    describing->last_unix_ms = row->event_count > 0 ? row->last_event_unix_ms : -1;
    describing->last_id = row->id;
    call->count++;
    return STATUS_OK;
}

static enum status run_describe_streams(struct store_task *task, struct store_tx *tx)
{
    struct logs_describe_streams *call = OPERATION_OF(task, logs_describe_streams);
    struct logs_group *group = NULL;
    enum status status = operation_find_group(&call->operation, call->group.name, &group);
    if (status != STATUS_OK) return status;
    struct describing describing = {.call = call, .group = group, .limit = OPERATION_ITEMS_MAX};
    if (call->limit != LOGS_ABSENT) describing.limit = (size_t)call->limit;
    describing.query = (struct store_log_stream_query){
        .group_id = group->store_id,
        .is_by_last_event = str_is(call->order_by, "LastEventTime"),
        .is_descending = call->is_descending,
    };
    bool is_token_good = true;
    if (describing.query.is_by_last_event) {
        if (call->next_token.data != NULL) {
            is_token_good = parse_time_token(call->next_token, &describing.query);
        }
    } else {
        is_token_good =
            call->next_token.data == NULL || str_starts_with(call->next_token, STR("n/"));
        status = bound_by_name(call, str_skip(call->next_token, 2), &describing.query);
    }
    if (!is_token_good) {
        return operation_fail(&call->operation, "InvalidParameterException",
                              "The specified nextToken is invalid.");
    }
    if (status != STATUS_OK) return status;
    call->items = arena_alloc_array(call->operation.arena, describing.limit, sizeof(*call->items));
    if (call->items == NULL) return STATUS_NO_MEMORY;
    status = store_log_stream_each(tx, &describing.query, describe_stream, &describing);
    return status == STATUS_OVER_LIMIT ? STATUS_OK : status;
}

void logs_describe_streams(struct logs *logs, struct logs_describe_streams *call)
{
    struct logs_operation *operation = &call->operation;
    operation_check_group(operation, &call->group);
    bool is_by_last_event = str_is(call->order_by, "LastEventTime");
    if (call->order_by.data != NULL && !is_by_last_event &&
        !str_is(call->order_by, "LogStreamName")) {
        operation_fail(operation, "InvalidParameterException",
                       "1 validation error detected: Value '%.*s' at 'orderBy' failed to satisfy "
                       "constraint: Member must satisfy enum value set: [LogStreamName, "
                       "LastEventTime]",
                       (int)(call->order_by.size > 100 ? 100 : call->order_by.size),
                       call->order_by.data);
    }
    if (call->prefix.data != NULL) {
        operation_check_stream_name(operation, "logStreamNamePrefix", call->prefix);
    }
    if (is_by_last_event && call->prefix.data != NULL) {
        operation_fail(operation, "InvalidParameterException",
                       "Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    operation_check_number(operation, "limit", call->limit, 1, OPERATION_ITEMS_MAX);
    call->items = NULL;
    call->count = 0;
    call->ret_next_token = (struct str){0};
    operation_submit(logs, operation, STORE_READ, run_describe_streams);
}
