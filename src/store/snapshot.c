// Rows of `snapshot`.

#include <assert.h>

#include "store/connection.h"
#include "store/execution.h"

enum status store_snapshot_put(struct store_tx *tx, const struct store_snapshot *snapshot)
{
    assert(tx->is_writable && snapshot->execution_id > 0 && snapshot->step_number > 0);
    if (snapshot->state.size > STORE_VALUE_SIZE_MAX) return STATUS_OVER_LIMIT;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_SNAPSHOT_PUT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, snapshot->execution_id);
    sqlite3_bind_int64(statement, 2, snapshot->step_number);
    if (snapshot->wakes_unix_ms == INT64_MAX) {
        sqlite3_bind_null(statement, 3);
    } else {
        sqlite3_bind_int64(statement, 3, snapshot->wakes_unix_ms);
    }
    connection_bind_text(statement, 4, snapshot->state);
    return connection_run(tx, statement);
}

static struct store_snapshot read_row(sqlite3_stmt *statement)
{
    return (struct store_snapshot){
        .execution_id = sqlite3_column_int64(statement, 0),
        .step_number = sqlite3_column_int64(statement, 1),
        .wakes_unix_ms = sqlite3_column_type(statement, 2) == SQLITE_NULL
                             ? INT64_MAX
                             : sqlite3_column_int64(statement, 2),
        .state = connection_column(statement, 3),
    };
}

enum status store_snapshot_get(struct store_tx *tx, int64_t execution_id, struct arena *arena,
                               struct store_snapshot *ret_snapshot)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_SNAPSHOT_GET);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, execution_id);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) {
        struct store_snapshot snapshot = read_row(statement);
        if (arena_copy_str(arena, snapshot.state, &snapshot.state)) {
            *ret_snapshot = snapshot;
        } else {
            status = STATUS_NO_MEMORY;
        }
    }
    sqlite3_reset(statement);
    return status;
}

enum status store_snapshot_remove(struct store_tx *tx, int64_t execution_id)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_SNAPSHOT_REMOVE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, execution_id);
    return connection_run(tx, statement);
}

enum status store_snapshot_each(struct store_tx *tx, int64_t after_id, uint32_t count_max,
                                store_snapshot_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_SNAPSHOT_EACH);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, count_max);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_snapshot snapshot = read_row(statement);
        status = callback(context, &snapshot);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
