// Rows are appended with identifiers counted in memory, so that one that is removed is not used
// again while somebody may still hold it.

#include "store/journal.h"

#include <assert.h>

#include "store/connection.h"

enum status store_journal_append(struct store_tx *tx, struct str record, int64_t *ret_id)
{
    assert(tx->is_writable);
    if (record.size > STORE_VALUE_SIZE_MAX) return STATUS_OVER_LIMIT;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_JOURNAL_APPEND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    int64_t id = tx->journal_id_next;
    sqlite3_bind_int64(statement, 1, id);
    connection_bind_bytes(statement, 2, record);
    enum status status = connection_run(tx, statement);
    assert(status != STATUS_CONFLICT); // Nobody else appends.
    if (status != STATUS_OK) return status;
    tx->journal_id_next++;
    *ret_id = id;
    return STATUS_OK;
}

enum status store_journal_remove(struct store_tx *tx, int64_t id)
{
    assert(tx->is_writable && id > 0);
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_JOURNAL_REMOVE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    return connection_run(tx, statement);
}

enum status store_journal_each(struct store_tx *tx, int64_t after_id, uint32_t count_max,
                               store_journal_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_JOURNAL_EACH);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, count_max);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        status =
            callback(context, sqlite3_column_int64(statement, 0), connection_column(statement, 1));
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
