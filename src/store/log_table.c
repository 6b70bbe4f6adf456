// Rows of groups, streams and events; see docs/STORE.md.

#include "store/log_table.h"

#include <assert.h>
#include <stdlib.h>

#include "store/connection.h"

enum { PURGE_COUNT_MAX = 1000, DAY_MS = 86400000 };

// ---------------------------------------------------------------------------------------------
// Groups

enum status store_log_group_create(struct store_tx *tx, const struct store_log_group *group,
                                   int64_t *ret_id)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_CREATE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, group->region);
    connection_bind_text(statement, 2, group->name);
    sqlite3_bind_int64(statement, 3, group->created_unix_ms);
    sqlite3_bind_int(statement, 4, group->retention_days);
    connection_bind_text(statement, 5, group->tags);
    enum status status = connection_run(tx, statement);
    if (status == STATUS_OK) *ret_id = sqlite3_last_insert_rowid(tx->database);
    return status;
}

// An UPDATE of one row that should be there.
static enum status run_update(struct store_tx *tx, sqlite3_stmt *statement)
{
    enum status status = connection_run(tx, statement);
    if (status != STATUS_OK) return status;
    return sqlite3_changes(tx->database) == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

static enum status update_group(struct store_tx *tx, enum statement name, int64_t group_id,
                                int64_t value)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    sqlite3_bind_int64(statement, 2, value);
    return run_update(tx, statement);
}

enum status store_log_group_delete(struct store_tx *tx, int64_t group_id, int64_t now_unix_ms)
{
    return update_group(tx, STATEMENT_GROUP_DELETE, group_id, now_unix_ms);
}

enum status store_log_group_set_retention(struct store_tx *tx, int64_t group_id,
                                          int32_t retention_days)
{
    return update_group(tx, STATEMENT_GROUP_SET_RETENTION, group_id, retention_days);
}

enum status store_log_group_set_tags(struct store_tx *tx, int64_t group_id, struct str tags)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_SET_TAGS);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    connection_bind_text(statement, 2, tags);
    return run_update(tx, statement);
}

enum status store_log_group_each(struct store_tx *tx, struct str region, struct str from_name,
                                 store_log_group_fn callback, void *context)
{
    bool is_everywhere = region.data == NULL;
    sqlite3_stmt *statement = connection_statement(
        tx, is_everywhere ? STATEMENT_GROUP_EACH : STATEMENT_GROUP_EACH_IN_REGION);
    if (statement == NULL) return connection_status(tx, tx->fault);
    if (!is_everywhere) {
        connection_bind_text(statement, 1, region);
        connection_bind_text(statement, 2, from_name);
    }
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_log_group group = {
            .id = sqlite3_column_int64(statement, 0),
            .region = connection_column(statement, 1),
            .name = connection_column(statement, 2),
            .created_unix_ms = sqlite3_column_int64(statement, 3),
            .retention_days = sqlite3_column_int(statement, 4),
            .stored_bytes = sqlite3_column_int64(statement, 5),
            .tags = connection_column(statement, 6),
        };
        status = callback(context, &group);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_log_group_retention(struct store_tx *tx, int64_t group_id, int32_t *ret_days)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_RETENTION);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) *ret_days = sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    return status;
}

enum status store_log_group_tags(struct store_tx *tx, int64_t group_id, struct arena *arena,
                                 struct str *ret_tags)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_TAGS);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK && !arena_copy_str(arena, connection_column(statement, 0), ret_tags)) {
        status = STATUS_NO_MEMORY;
    }
    sqlite3_reset(statement);
    return status;
}

static enum status check_group(struct store_tx *tx, int64_t group_id)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_EXISTS);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    enum status status = connection_step(tx, statement);
    sqlite3_reset(statement);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Streams

enum status store_log_stream_create(struct store_tx *tx, int64_t group_id, struct str name,
                                    int64_t now_unix_ms, int64_t *ret_id)
{
    assert(tx->is_writable);
    enum status status = check_group(tx, group_id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STREAM_CREATE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    connection_bind_text(statement, 2, name);
    sqlite3_bind_int64(statement, 3, now_unix_ms);
    status = connection_run(tx, statement);
    if (status == STATUS_OK) *ret_id = sqlite3_last_insert_rowid(tx->database);
    return status;
}

static struct store_log_stream read_stream(sqlite3_stmt *statement)
{
    return (struct store_log_stream){
        .id = sqlite3_column_int64(statement, 0),
        .group_id = sqlite3_column_int64(statement, 1),
        .name = connection_column(statement, 2),
        .created_unix_ms = sqlite3_column_int64(statement, 3),
        .event_count = sqlite3_column_int64(statement, 4),
        .first_event_unix_ms = sqlite3_column_int64(statement, 5),
        .last_event_unix_ms = sqlite3_column_int64(statement, 6),
        .last_ingestion_unix_ms = sqlite3_column_int64(statement, 7),
    };
}

enum status store_log_stream_find(struct store_tx *tx, int64_t group_id, struct str name,
                                  struct arena *arena, struct store_log_stream *ret_stream)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STREAM_FIND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    connection_bind_text(statement, 2, name);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) {
        struct store_log_stream stream = read_stream(statement);
        if (arena == NULL) {
            stream.name = STR("");
        } else if (!arena_copy_str(arena, stream.name, &stream.name)) {
            status = STATUS_NO_MEMORY;
        }
        if (status == STATUS_OK) *ret_stream = stream;
    }
    sqlite3_reset(statement);
    return status;
}

enum status store_log_stream_name(struct store_tx *tx, int64_t stream_id, struct arena *arena,
                                  struct str *ret_name)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STREAM_NAME);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, stream_id);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK && !arena_copy_str(arena, connection_column(statement, 0), ret_name)) {
        status = STATUS_NO_MEMORY;
    }
    sqlite3_reset(statement);
    return status;
}

enum status store_log_stream_delete(struct store_tx *tx, int64_t group_id, struct str name,
                                    int64_t now_unix_ms)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STREAM_DELETE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    connection_bind_text(statement, 2, name);
    sqlite3_bind_int64(statement, 3, now_unix_ms);
    return run_update(tx, statement);
}

static void bind_stream_position(sqlite3_stmt *statement,
                                 const struct store_log_stream_query *query)
{
    if (query->is_by_last_event) {
        int64_t edge = query->is_descending ? INT64_MAX : INT64_MIN;
        sqlite3_bind_int64(statement, 2, query->has_position ? query->position_last_unix_ms : edge);
        sqlite3_bind_int64(statement, 3, query->has_position ? query->position_id : edge);
    } else if (query->bound_name.data != NULL || !query->is_descending) {
        connection_bind_text(statement, 2, query->bound_name);
    } else {
        sqlite3_bind_null(statement, 2);
    }
}

enum status store_log_stream_each(struct store_tx *tx, const struct store_log_stream_query *query,
                                  store_log_stream_fn callback, void *context)
{
    static const enum statement names[2][2] = {
        {STATEMENT_STREAM_BY_NAME, STATEMENT_STREAM_BY_NAME_DOWN},
        {STATEMENT_STREAM_BY_TIME, STATEMENT_STREAM_BY_TIME_DOWN},
    };
    sqlite3_stmt *statement =
        connection_statement(tx, names[query->is_by_last_event][query->is_descending]);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, query->group_id);
    bind_stream_position(statement, query);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_log_stream stream = read_stream(statement);
        status = callback(context, &stream);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// ---------------------------------------------------------------------------------------------
// Events

enum status store_log_event_insert(struct store_tx *tx, int64_t group_id,
                                   struct store_log_event *event)
{
    assert(tx->is_writable && group_id > 0 && event->stream_id > 0);
    if (event->message.size > STORE_VALUE_SIZE_MAX) return STATUS_OVER_LIMIT;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EVENT_INSERT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    event->id = tx->log_event_id_next;
    sqlite3_bind_int64(statement, 1, event->id);
    sqlite3_bind_int64(statement, 2, group_id);
    sqlite3_bind_int64(statement, 3, event->stream_id);
    sqlite3_bind_int64(statement, 4, event->timestamp_unix_ms);
    sqlite3_bind_int64(statement, 5, event->ingestion_unix_ms);
    connection_bind_text(statement, 6, event->message);
    enum status status = connection_run(tx, statement);
    assert(status != STATUS_CONFLICT); // Nobody else inserts.
    if (status == STATUS_OK) tx->log_event_id_next++;
    return status;
}

static enum status note_in_group(struct store_tx *tx, int64_t group_id, int64_t added_bytes)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_GROUP_NOTE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    sqlite3_bind_int64(statement, 2, added_bytes);
    return connection_run(tx, statement);
}

enum status store_log_stream_note(struct store_tx *tx, const struct store_log_note *note)
{
    assert(tx->is_writable && note->event_count > 0);
    assert(note->first_event_unix_ms <= note->last_event_unix_ms);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STREAM_NOTE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, note->stream_id);
    sqlite3_bind_int64(statement, 2, note->event_count);
    sqlite3_bind_int64(statement, 3, note->first_event_unix_ms);
    sqlite3_bind_int64(statement, 4, note->last_event_unix_ms);
    sqlite3_bind_int64(statement, 5, note->ingestion_unix_ms);
    enum status status = connection_run(tx, statement);
    return status == STATUS_OK ? note_in_group(tx, note->group_id, note->stored_bytes) : status;
}

// Bind the range so that the position and the edge of the time range become one lower (forwards) or
// upper (backwards) bound; identifiers start at 1, so 0 stands before all of a millisecond.
static void bind_event_range(sqlite3_stmt *statement, const struct store_log_event_query *query)
{
    int64_t edge_unix_ms = query->is_backwards ? query->end_unix_ms : query->start_unix_ms;
    int64_t edge_id = 0;
    bool is_position_nearer =
        query->has_position && (query->is_backwards ? query->position_unix_ms < edge_unix_ms
                                                    : query->position_unix_ms >= edge_unix_ms);
    if (is_position_nearer) {
        edge_unix_ms = query->position_unix_ms;
        edge_id = query->position_id;
    }
    sqlite3_bind_int64(statement, 1, query->group_id);
    sqlite3_bind_int64(statement, 2, edge_unix_ms);
    sqlite3_bind_int64(statement, 3, edge_id);
    sqlite3_bind_int64(statement, 4,
                       query->is_backwards ? query->start_unix_ms : query->end_unix_ms);
    if (query->stream_id != 0) sqlite3_bind_int64(statement, 5, query->stream_id);
}

enum status store_log_event_each(struct store_tx *tx, const struct store_log_event_query *query,
                                 store_log_event_fn callback, void *context)
{
    static const enum statement names[2][2] = {
        {STATEMENT_EVENT_FORWARDS, STATEMENT_EVENT_BACKWARDS},
        {STATEMENT_EVENT_FORWARDS_OF_STREAM, STATEMENT_EVENT_BACKWARDS_OF_STREAM},
    };
    sqlite3_stmt *statement =
        connection_statement(tx, names[query->stream_id != 0][query->is_backwards]);
    if (statement == NULL) return connection_status(tx, tx->fault);
    bind_event_range(statement, query);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_log_event event = {
            .id = sqlite3_column_int64(statement, 0),
            .stream_id = sqlite3_column_int64(statement, 1),
            .timestamp_unix_ms = sqlite3_column_int64(statement, 2),
            .ingestion_unix_ms = sqlite3_column_int64(statement, 3),
            .message = connection_column(statement, 4),
        };
        status = callback(context, &event);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// ---------------------------------------------------------------------------------------------
// Removal in pieces

struct purge {
    struct store_tx *tx;
    uint32_t count_max; // At most PURGE_COUNT_MAX.
    uint32_t removed;
};

// Remove the events that `statement`, ready to run, selects as (id, size).
static enum status remove_selected(struct purge *purge, sqlite3_stmt *statement, int64_t group_id,
                                   uint32_t *ret_count)
{
    // First read, then delete: a walk does not survive changes to what it walks over.
    int64_t ids[PURGE_COUNT_MAX];
    uint32_t count = 0;
    int64_t bytes = 0;
    enum status status;
    while ((status = connection_step(purge->tx, statement)) == STATUS_OK) {
        assert(count < PURGE_COUNT_MAX);
        ids[count++] = sqlite3_column_int64(statement, 0);
        bytes += sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    if (status != STATUS_NOT_FOUND) return status;
    *ret_count = count;
    purge->removed += count;
    if (count == 0) return STATUS_OK;
    sqlite3_stmt *removal = connection_statement(purge->tx, STATEMENT_EVENT_DELETE);
    if (removal == NULL) return connection_status(purge->tx, purge->tx->fault);
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(removal, 1, ids[i]);
        status = connection_run(purge->tx, removal);
        if (status != STATUS_OK) return status;
    }
    return note_in_group(purge->tx, group_id, -bytes);
}

static enum status purge_group(struct purge *purge, int64_t group_id, int64_t before_unix_ms,
                               uint32_t *ret_count)
{
    sqlite3_stmt *statement = connection_statement(purge->tx, STATEMENT_PURGE_GROUP_EVENTS);
    if (statement == NULL) return connection_status(purge->tx, purge->tx->fault);
    sqlite3_bind_int64(statement, 1, group_id);
    sqlite3_bind_int64(statement, 2, before_unix_ms);
    sqlite3_bind_int64(statement, 3, purge->count_max - purge->removed);
    return remove_selected(purge, statement, group_id, ret_count);
}

static enum status run_with_id(struct store_tx *tx, enum statement name, int64_t id)
{
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    return connection_run(tx, statement);
}

static enum status remove_group(struct store_tx *tx, int64_t group_id)
{
    enum status status = run_with_id(tx, STATEMENT_STREAM_REMOVE_OF_GROUP, group_id);
    return status == STATUS_OK ? run_with_id(tx, STATEMENT_GROUP_REMOVE, group_id) : status;
}

// One group with something to remove; STATUS_NOT_FOUND when there is none.
static enum status purge_groups(struct purge *purge, int64_t now_unix_ms)
{
    sqlite3_stmt *statement = connection_statement(purge->tx, STATEMENT_PURGE_GROUPS);
    if (statement == NULL) return connection_status(purge->tx, purge->tx->fault);
    enum status status;
    while ((status = connection_step(purge->tx, statement)) == STATUS_OK) {
        int64_t group_id = sqlite3_column_int64(statement, 0);
        bool is_deleted = sqlite3_column_int(statement, 1) != 0;
        int64_t days = sqlite3_column_int64(statement, 2);
        int64_t before_unix_ms = is_deleted ? INT64_MAX : now_unix_ms - days * DAY_MS;
        uint32_t count = 0;
        status = purge_group(purge, group_id, before_unix_ms, &count);
        bool is_full = purge->removed >= purge->count_max;
        if (status == STATUS_OK && count == 0 && is_deleted) {
            // The walk ends here, because it stands on what goes now.
            sqlite3_reset(statement);
            return remove_group(purge->tx, group_id);
        }
        if (status != STATUS_OK || is_full || count > 0) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status;
}

// One deleted stream; STATUS_NOT_FOUND when there is none.
static enum status purge_streams(struct purge *purge)
{
    struct store_tx *tx = purge->tx;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_PURGE_STREAMS);
    if (statement == NULL) return connection_status(tx, tx->fault);
    enum status status = connection_step(tx, statement);
    int64_t stream_id = sqlite3_column_int64(statement, 0);
    int64_t group_id = sqlite3_column_int64(statement, 1);
    int64_t first_unix_ms = sqlite3_column_int64(statement, 2);
    int64_t last_unix_ms = sqlite3_column_int64(statement, 3);
    sqlite3_reset(statement);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *events = connection_statement(tx, STATEMENT_PURGE_STREAM_EVENTS);
    if (events == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(events, 1, group_id);
    sqlite3_bind_int64(events, 2, first_unix_ms);
    sqlite3_bind_int64(events, 3, last_unix_ms);
    sqlite3_bind_int64(events, 4, stream_id);
    sqlite3_bind_int64(events, 5, purge->count_max - purge->removed);
    uint32_t count = 0;
    status = remove_selected(purge, events, group_id, &count);
    if (status != STATUS_OK || count > 0) return status;
    return run_with_id(tx, STATEMENT_STREAM_REMOVE, stream_id);
}

enum status store_log_purge(struct store_tx *tx, int64_t now_unix_ms, uint32_t count_max,
                            uint32_t *ret_removed)
{
    assert(tx->is_writable && count_max > 0);
    struct purge purge = {.tx = tx};
    purge.count_max = count_max < PURGE_COUNT_MAX ? count_max : PURGE_COUNT_MAX;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && purge.removed < purge.count_max)
        status = purge_streams(&purge);
    if (status == STATUS_NOT_FOUND) status = STATUS_OK;
    while (status == STATUS_OK && purge.removed < purge.count_max)
        status = purge_groups(&purge, now_unix_ms);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    *ret_removed = purge.removed;
    return STATUS_OK;
}
