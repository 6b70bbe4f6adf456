// GetLogEvents: one stream, page by page in both directions.
//
// A token says a direction and the place of an event: "f/POSITION/s" goes on behind it, and
// "b/POSITION/s" before it. Where nothing is left the token stays as it was.

#include <stdlib.h>

#include "logs/operation_private.h"

#define OPERATION_OF(task, type) CONTAINER_OF(task, struct type, operation.task)

enum { TOKEN_SIZE = POSITION_TEXT_SIZE + 4 };

struct getting {
    struct logs_get_events *call;
    size_t limit;
    size_t page_bytes;
    bool is_backwards;
    struct position first, last; // In the order of the walk.
};

static bool parse_token(struct str token, bool *ret_is_backwards, struct position *ret_position)
{
    bool is_forward = str_starts_with(token, STR("f/"));
    bool is_backward = str_starts_with(token, STR("b/"));
    struct str text = str_slice(token, 2, POSITION_TEXT_SIZE);
    struct str end = str_skip(token, 2 + POSITION_TEXT_SIZE);
    if (!is_forward && !is_backward) return false;
    if (end.size > 0 && !str_is(end, "/s")) return false;
    *ret_is_backwards = is_backward;
    return position_parse(text, ret_position);
}

static struct str render_token(struct arena *arena, char direction, struct position position)
{
    char *text = arena_alloc(arena, TOKEN_SIZE);
    if (text == NULL) return STR("");
    text[0] = direction;
    text[1] = '/';
    position_render(position, text + 2);
    text[TOKEN_SIZE - 2] = '/';
    text[TOKEN_SIZE - 1] = 's';
    return (struct str){text, TOKEN_SIZE};
}

// STATUS_OVER_LIMIT: the page is full.
static enum status get_event(void *context, const struct store_log_event *row)
{
    struct getting *getting = context;
    struct logs_get_events *call = getting->call;
    if (call->count == getting->limit) return STATUS_OVER_LIMIT;
    if (call->count > 0 && getting->page_bytes + row->message.size > OPERATION_PAGE_BYTES_MAX) {
        return STATUS_OVER_LIMIT;
    }
    getting->page_bytes += row->message.size;
    struct logs_output_event *event = &call->events[call->count];
    *event = (struct logs_output_event){
        .timestamp_unix_ms = row->timestamp_unix_ms,
        .ingestion_unix_ms = row->ingestion_unix_ms,
    };
    if (!arena_copy_str(call->operation.arena, row->message, &event->message)) {
        return STATUS_NO_MEMORY;
    }
    getting->last = (struct position){row->timestamp_unix_ms, row->id};
    if (call->count == 0) getting->first = getting->last;
    call->count++;
    return STATUS_OK;
}

static void reverse_events(struct logs_get_events *call)
{
    for (size_t i = 0; i < call->count / 2; i++) {
        struct logs_output_event event = call->events[i];
        call->events[i] = call->events[call->count - 1 - i];
        call->events[call->count - 1 - i] = event;
    }
}

// The tokens around the page, or around the place where there was nothing.
static void set_tokens(struct getting *getting, bool has_token, struct position asked)
{
    struct logs_get_events *call = getting->call;
    struct arena *arena = call->operation.arena;
    struct position before, behind; // The page lies between them, both outside.
    if (call->count > 0) {
        behind = getting->is_backwards ? getting->first : getting->last;
        before = getting->is_backwards ? getting->last : getting->first;
    } else if (!has_token) {
        int64_t start_unix_ms = call->start_unix_ms == LOGS_ABSENT ? 0 : call->start_unix_ms;
        before = behind = (struct position){start_unix_ms, 0};
    } else {
        // The event of the token itself lies on the other side.
        behind = before = asked;
        if (getting->is_backwards) {
            behind.id = asked.id > 0 ? asked.id - 1 : 0;
        } else {
            before.id = asked.id + 1;
        }
    }
    call->next_forward_token = render_token(arena, 'f', behind);
    call->next_backward_token = render_token(arena, 'b', before);
}

static enum status run_get_events(struct store_task *task, struct store_tx *tx)
{
    struct logs_get_events *call = OPERATION_OF(task, logs_get_events);
    struct logs_operation *operation = &call->operation;
    struct getting getting = {.call = call, .limit = OPERATION_EVENTS_MAX};
    if (call->limit != LOGS_ABSENT) getting.limit = (size_t)call->limit;
    getting.is_backwards = !call->is_from_head;
    struct position asked = {0};
    bool has_token = call->next_token.data != NULL;
    if (has_token && !parse_token(call->next_token, &getting.is_backwards, &asked)) {
        return operation_fail(operation, "InvalidParameterException",
                              "The specified nextToken is invalid.");
    }
    struct logs_group *group = NULL;
    struct store_log_stream stream;
    enum status status = operation_find_group(operation, call->group.name, &group);
    if (status != STATUS_OK) return status;
    status = operation_find_stream(operation, tx, group->store_id, call->stream_name, &stream);
    if (status != STATUS_OK) return status;
    struct store_log_event_query query = {
        .group_id = group->store_id,
        .stream_id = stream.id,
        // What the stream knows of its events bounds the walk through those of the whole group.
        .start_unix_ms = stream.event_count == 0 ? INT64_MAX : stream.first_event_unix_ms,
        .end_unix_ms = stream.event_count == 0 ? 0 : stream.last_event_unix_ms + 1,
        .is_backwards = getting.is_backwards,
        .has_position = has_token,
        .position_unix_ms = asked.unix_ms,
        .position_id = asked.id,
    };
    if (call->start_unix_ms > query.start_unix_ms) query.start_unix_ms = call->start_unix_ms;
    if (call->end_unix_ms != LOGS_ABSENT && call->end_unix_ms < query.end_unix_ms) {
        query.end_unix_ms = call->end_unix_ms;
    }
    call->events = arena_alloc_array(operation->arena, getting.limit, sizeof(*call->events));
    if (call->events == NULL) return STATUS_NO_MEMORY;
    call->count = 0;
    status = store_log_event_each(tx, &query, get_event, &getting);
    if (status != STATUS_OK && status != STATUS_OVER_LIMIT) return status;
    if (getting.is_backwards) reverse_events(call);
    set_tokens(&getting, has_token, asked);
    return operation->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

void logs_get_events(struct logs *logs, struct logs_get_events *call)
{
    struct logs_operation *operation = &call->operation;
    operation_check_group(operation, &call->group);
    operation_check_stream_name(operation, "logStreamName", call->stream_name);
    operation_check_number(operation, "startTime", call->start_unix_ms, 0, INT64_MAX);
    operation_check_number(operation, "endTime", call->end_unix_ms, 0, INT64_MAX);
    operation_check_number(operation, "limit", call->limit, 1, OPERATION_EVENTS_MAX);
    call->events = NULL;
    call->count = 0;
    operation_submit(logs, operation, STORE_READ, run_get_events);
}
