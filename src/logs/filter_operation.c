// FilterLogEvents: all streams of a group, or some, in order of time, in pieces.
//
// The walk stops after a piece of work and goes on in a later turn of the store thread, so that a
// search through much does not hold up others; after SCANNED_EVENTS_MAX it answers with what it
// has and a token, as the service does.

#include <stdlib.h>

#include "logs/filter.h"
#include "logs/operation_private.h"

#define OPERATION_OF(task, type) CONTAINER_OF(task, struct type, operation.task)

enum {
    PIECE_EVENTS = 1000,
    PIECE_BYTES = 2 << 20,
    SCANNED_EVENTS_MAX = 500000, // Of one page.
    STREAMS_REMEMBERED_MAX = 4096,
    STREAM_NAMES_MAX = 100, // A service limit.
};

// What is known of a stream met on the way.
struct met_stream {
    int64_t id;
    bool is_wanted;
    struct str name;       // Of wanted ones, in the search's memory.
    struct str shown_name; // In the caller's memory, once an event of it is shown.
};

// Lives from the first piece to the last.
struct search {
    struct logs_filter_events *call;
    struct store_tx *tx; // Of the current piece.
    struct logs_filter *filter;
    struct store_log_event_query query;
    size_t limit;
    size_t page_bytes;
    size_t piece_events, piece_bytes;
    size_t scanned_events;
    bool is_page_full;
    size_t events_capacity;
    struct met_stream *streams; // Open addressing, STREAMS_REMEMBERED_MAX * 2 places.
    size_t stream_count;
    struct arena names; // Of those streams.
};

static void release_search(struct logs_operation *operation)
{
    struct logs_filter_events *call = CONTAINER_OF(operation, struct logs_filter_events, operation);
    struct search *search = call->search;
    if (search == NULL) return;
    logs_filter_free(search->filter);
    arena_release(&search->names);
    free(search->streams);
    free(search);
    call->search = NULL;
}

// ---------------------------------------------------------------------------------------------
// Streams

static bool is_wanted(const struct logs_filter_events *call, struct str name)
{
    if (call->stream_name_prefix.size > 0) return str_starts_with(name, call->stream_name_prefix);
    for (size_t i = 0; i < call->stream_name_count; i++)
        if (str_equal(call->stream_names[i], name)) return true;
    return call->stream_name_count == 0;
}

// What is known of a stream; looked up when it is met for the first time.
static enum status meet_stream(struct search *search, int64_t id, struct met_stream **ret_stream)
{
    enum { PLACES = 2 * STREAMS_REMEMBERED_MAX };
    size_t at = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 40;
    for (;; at++) {
        at %= PLACES;
        if (search->streams[at].id == id) {
            *ret_stream = &search->streams[at];
            return STATUS_OK;
        }
        if (search->streams[at].id == 0) break;
    }
    if (search->stream_count == STREAMS_REMEMBERED_MAX) {
        memset(search->streams, 0, PLACES * sizeof(*search->streams));
        search->stream_count = 0;
        arena_reset(&search->names);
    }
    struct met_stream *stream = &search->streams[at];
    struct str name;
    enum status status = store_log_stream_name(search->tx, id, &search->names, &name);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    search->stream_count++;
    stream->id = id;
    stream->is_wanted = status == STATUS_OK && is_wanted(search->call, name); // Or it was deleted.
    stream->name = stream->is_wanted ? name : STR("");
    stream->shown_name = (struct str){0};
    *ret_stream = stream;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Events

static bool grow_events(struct search *search)
{
    struct logs_filter_events *call = search->call;
    if (call->count < search->events_capacity) return true;
    size_t capacity = search->events_capacity == 0 ? 128 : search->events_capacity * 2;
    if (capacity > search->limit) capacity = search->limit;
    struct logs_output_event *events =
        arena_alloc_array(call->operation.arena, capacity, sizeof(*events));
    if (events == NULL) return false;
    if (call->count > 0) memcpy(events, call->events, call->count * sizeof(*events));
    call->events = events;
    search->events_capacity = capacity;
    return true;
}

static enum status add_event(struct search *search, const struct store_log_event *row,
                             struct met_stream *stream)
{
    struct logs_filter_events *call = search->call;
    struct arena *arena = call->operation.arena;
    if (!grow_events(search)) return STATUS_NO_MEMORY;
    if (stream->shown_name.data == NULL &&
        !arena_copy_str(arena, stream->name, &stream->shown_name)) {
        return STATUS_NO_MEMORY;
    }
    struct logs_output_event *event = &call->events[call->count];
    *event = (struct logs_output_event){
        .stream_name = stream->shown_name,
        .timestamp_unix_ms = row->timestamp_unix_ms,
        .ingestion_unix_ms = row->ingestion_unix_ms,
    };
    char *id = arena_alloc(arena, POSITION_TEXT_SIZE);
    if (id == NULL || !arena_copy_str(arena, row->message, &event->message)) {
        return STATUS_NO_MEMORY;
    }
    position_render((struct position){row->timestamp_unix_ms, row->id}, id);
    event->event_id = (struct str){id, POSITION_TEXT_SIZE};
    search->page_bytes += row->message.size;
    call->count++;
    return STATUS_OK;
}

// STATUS_OVER_LIMIT: the page is full, or the piece is done.
static enum status search_event(void *context, const struct store_log_event *row)
{
    struct search *search = context;
    struct logs_filter_events *call = search->call;
    bool has_room =
        call->count < search->limit &&
        (call->count == 0 || search->page_bytes + row->message.size <= OPERATION_PAGE_BYTES_MAX);
    search->is_page_full = !has_room || search->scanned_events >= SCANNED_EVENTS_MAX;
    bool is_piece_done = search->piece_events >= PIECE_EVENTS || search->piece_bytes >= PIECE_BYTES;
    if (search->is_page_full || is_piece_done) return STATUS_OVER_LIMIT;
    search->piece_events++;
    search->scanned_events++;
    search->piece_bytes += row->message.size;
    struct met_stream *stream = NULL;
    enum status status = meet_stream(search, row->stream_id, &stream);
    if (status != STATUS_OK) return status;
    if (stream->is_wanted &&
        (search->filter == NULL || logs_filter_matches(search->filter, row->message))) {
        status = add_event(search, row, stream);
    }
    search->query.has_position = true;
    search->query.position_unix_ms = row->timestamp_unix_ms;
    search->query.position_id = row->id;
    return status;
}

static enum status set_next_token(struct search *search)
{
    struct logs_filter_events *call = search->call;
    char *text = arena_alloc(call->operation.arena, POSITION_TEXT_SIZE);
    if (text == NULL) return STATUS_NO_MEMORY;
    position_render((struct position){search->query.position_unix_ms, search->query.position_id},
                    text);
    call->ret_next_token = (struct str){text, POSITION_TEXT_SIZE};
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// The operation

// Find group and streams, once.
static enum status begin_search(struct search *search, struct store_tx *tx)
{
    struct logs_filter_events *call = search->call;
    struct logs_operation *operation = &call->operation;
    struct logs_group *group = NULL;
    enum status status = operation_find_group(operation, call->group.name, &group);
    if (status != STATUS_OK) return status;
    search->query.group_id = group->store_id;
    for (size_t i = 0; i < call->stream_name_count; i++) {
        struct store_log_stream stream;
        status =
            operation_find_stream(operation, tx, group->store_id, call->stream_names[i], &stream);
        if (status != STATUS_OK) return status;
        if (call->stream_name_count == 1) search->query.stream_id = stream.id;
    }
    return STATUS_OK;
}

static enum status run_filter_events(struct store_task *task, struct store_tx *tx)
{
    struct logs_filter_events *call = OPERATION_OF(task, logs_filter_events);
    struct search *search = call->search;
    search->tx = tx;
    search->piece_events = search->piece_bytes = 0;
    enum status status = STATUS_OK;
    if (search->query.group_id == 0) status = begin_search(search, tx);
    if (status != STATUS_OK) return status;
    status = store_log_event_each(tx, &search->query, search_event, search);
    if (status == STATUS_OVER_LIMIT) {
        if (search->is_page_full) return set_next_token(search);
        task->is_unfinished = true;
        return STATUS_OK;
    }
    return status;
}

static struct search *search_new(struct logs_filter_events *call)
{
    struct search *search = calloc(1, sizeof(*search));
    if (search == NULL) return NULL;
    search->call = call;
    search->streams = calloc(2 * STREAMS_REMEMBERED_MAX, sizeof(*search->streams));
    if (search->streams == NULL) {
        free(search);
        return NULL;
    }
    // Names of as many streams as are remembered, at their longest.
    arena_init(&search->names, (size_t)STREAMS_REMEMBERED_MAX * (LOGS_STREAM_NAME_SIZE_MAX * 2));
    search->limit = call->limit == LOGS_ABSENT ? OPERATION_EVENTS_MAX : (size_t)call->limit;
    search->query.start_unix_ms = call->start_unix_ms == LOGS_ABSENT ? 0 : call->start_unix_ms;
    search->query.end_unix_ms = call->end_unix_ms == LOGS_ABSENT || call->end_unix_ms == INT64_MAX
                                    ? INT64_MAX
                                    : call->end_unix_ms + 1; // Inclusive in the request.
    return search;
}

static void check(struct logs_filter_events *call)
{
    struct logs_operation *operation = &call->operation;
    operation_check_group(operation, &call->group);
    if (call->stream_name_count > 0 && call->stream_name_prefix.data != NULL) {
        operation_fail(operation, "InvalidParameterException",
                       "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
    }
    if (call->stream_name_count > STREAM_NAMES_MAX) {
        operation_fail(operation, "InvalidParameterException",
                       "1 validation error detected: Value at 'logStreamNames' failed to satisfy "
                       "constraint: Member must have length less than or equal to 100");
    }
    if (operation_is_refused(operation)) return;
    for (size_t i = 0; i < call->stream_name_count; i++)
        operation_check_stream_name(operation, "logStreamNames", call->stream_names[i]);
    if (call->stream_name_prefix.data != NULL) {
        operation_check_stream_name(operation, "logStreamNamePrefix", call->stream_name_prefix);
    }
    operation_check_number(operation, "startTime", call->start_unix_ms, 0, INT64_MAX);
    operation_check_number(operation, "endTime", call->end_unix_ms, 0, INT64_MAX);
    operation_check_number(operation, "limit", call->limit, 1, OPERATION_EVENTS_MAX);
}

// Compile the pattern and read the token.
static void prepare(struct logs_filter_events *call, struct search *search)
{
    struct logs_operation *operation = &call->operation;
    struct str message = STR("");
    enum status status =
        logs_filter_new(call->filter_pattern, operation->arena, &search->filter, &message);
    if (status == STATUS_INVALID) {
        operation_fail(operation, "InvalidParameterException", "%.*s", STR_ARGS(message));
    } else if (status != STATUS_OK) {
        operation_fail(operation, "ServiceUnavailableException",
                       "The service cannot complete the request.");
    }
    if (call->next_token.data == NULL) return;
    struct position position;
    if (!position_parse(call->next_token, &position)) {
        operation_fail(operation, "InvalidParameterException",
                       "The specified nextToken is invalid.");
        return;
    }
    search->query.has_position = true;
    search->query.position_unix_ms = position.unix_ms;
    search->query.position_id = position.id;
}

void logs_filter_events(struct logs *logs, struct logs_filter_events *call)
{
    struct logs_operation *operation = &call->operation;
    call->events = NULL;
    call->count = 0;
    call->ret_next_token = (struct str){0};
    call->search = NULL;
    check(call);
    if (!operation_is_refused(operation)) {
        call->search = search_new(call);
        if (call->search != NULL) {
            prepare(call, call->search);
        } else {
            operation_fail(operation, "ServiceUnavailableException",
                           "The service cannot complete the request.");
        }
    }
    operation->release = release_search;
    operation_submit(logs, operation, STORE_READ, run_filter_events);
}
