// How a connection is used: statements are prepared once and kept, and every SQLite code becomes an
// `enum status` in one place, where codes that spoil the whole transaction are noted.

#include "store/connection.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/intern.h"

// What statement.def puts together: the columns that every reading of an execution begins with (see
// read_row() in execution.c), in whose order `execution` comes first.
#define EXECUTION_COLUMNS                                                                          \
    "e.id, m.arn, e.name, d.key, e.status, r.arn, e.started_unix_ms, e.stopped_unix_ms,"           \
    " e.history_count, e.redrive_count, e.redriven_unix_ms, e.item_count, e.is_express,"           \
    " e.version_arn, e.alias_arn, e.trace_header"
#define EXECUTION_JOINS                                                                            \
    "CROSS JOIN arn m ON m.id = e.state_machine_id"                                                \
    " CROSS JOIN definition d ON d.id = e.definition_id LEFT JOIN arn r ON r.id = e.map_run_id"

#define MAP_RUN_SELECTION                                                                          \
    "SELECT a.arn, r.execution_id, r.status, r.started_unix_ms, r.stopped_unix_ms, "               \
    "r.max_concurrency, r.tolerated_failure_count, r.tolerated_failure_percentage, "               \
    "r.items_pending, r.items_running, r.items_succeeded, r.items_failed, r.items_timed_out, "     \
    "r.items_aborted, r.items_total, r.items_results_written, r.executions_pending, "              \
    "r.executions_running, r.executions_succeeded, r.executions_failed, "                          \
    "r.executions_timed_out, r.executions_aborted, r.executions_total, "                           \
    "r.executions_results_written, r.redrive_count, r.redriven_unix_ms, m.arn, e.name FROM "       \
    "map_run r JOIN arn a ON a.id = r.id JOIN execution e ON e.id = r.execution_id JOIN arn m "    \
    "ON m.id = e.state_machine_id"

static const char *const statement_texts[STATEMENT_COUNT] = {
#define X(name, text) [STATEMENT_##name] = text,
#include "store/statement.def"
#undef X
};

enum status connection_status(struct store_tx *tx, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STATUS_OK;
    case SQLITE_CONSTRAINT: return STATUS_CONFLICT;
    case SQLITE_TOOBIG: return STATUS_OVER_LIMIT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        if (tx->fault == SQLITE_OK) tx->fault = code;
        return STATUS_CORRUPT;
    case SQLITE_NOMEM:
        if (tx->fault == SQLITE_OK) tx->fault = code;
        return STATUS_NO_MEMORY;
    default: // SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_BUSY, …
        if (tx->fault == SQLITE_OK) tx->fault = code;
        return STATUS_IO;
    }
}

void connection_set_synced(struct store_tx *tx, bool is_synced)
{
    assert(sqlite3_get_autocommit(tx->database));
    if (tx->is_synced == is_synced || tx->path == NULL) return;
    const char *text = is_synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    int code = sqlite3_exec(tx->database, text, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        tx->is_synced = is_synced;
    } else {
        connection_status(tx, code);
    }
}

bool connection_checkpoint(struct store_tx *tx)
{
    if (tx->path == NULL) return true;
    int page_count, moved_count;
    int code = sqlite3_wal_checkpoint_v2(tx->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &page_count,
                                         &moved_count);
    if (code != SQLITE_OK || moved_count < page_count) return false;
    tx->wal_page_count = 0;
    return true;
}

sqlite3_stmt *connection_statement(struct store_tx *tx, enum statement name)
{
    sqlite3_stmt *statement = tx->statements[name];
    if (LIKELY(statement != NULL)) return statement;
    int code = sqlite3_prepare_v3(tx->database, statement_texts[name], -1,
                                  SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK) {
        // The schema has been checked, so what is left is memory, the disk, or a bug.
        assert((code & 0xff) != SQLITE_ERROR);
        connection_status(tx, code);
        return NULL;
    }
    tx->statements[name] = statement;
    return statement;
}

void connection_bind_text(sqlite3_stmt *statement, int at, struct str text)
{
    int code = sqlite3_bind_text64(statement, at, text.data == NULL ? "" : text.data, text.size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    assert(code == SQLITE_OK); // Sizes are checked by the callers; static data needs no memory.
}

void connection_bind_optional(sqlite3_stmt *statement, int at, struct str text)
{
    if (text.data == NULL) {
        sqlite3_bind_null(statement, at);
    } else {
        connection_bind_text(statement, at, text);
    }
}

void connection_bind_bytes(sqlite3_stmt *statement, int at, struct str bytes)
{
    int code = sqlite3_bind_blob64(statement, at, bytes.data == NULL ? "" : bytes.data, bytes.size,
                                   SQLITE_STATIC);
    assert(code == SQLITE_OK);
}

struct str connection_column(sqlite3_stmt *statement, int at)
{
    const char *data = sqlite3_column_blob(statement, at);
    int size = sqlite3_column_bytes(statement, at);
    return data == NULL ? STR("") : (struct str){data, (size_t)size};
}

struct str connection_optional_column(sqlite3_stmt *statement, int at)
{
    if (sqlite3_column_type(statement, at) == SQLITE_NULL) return (struct str){0};
    return connection_column(statement, at);
}

enum status connection_read_integer(struct store_tx *tx, sqlite3_stmt *statement,
                                    int64_t *ret_value)
{
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return status;
}

enum status connection_run(struct store_tx *tx, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    assert(code != SQLITE_ROW);
    int reset_code = sqlite3_reset(statement);
    return connection_status(tx, code == SQLITE_DONE ? reset_code : code);
}

enum status connection_execute(struct store_tx *tx, enum statement name)
{
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    return connection_run(tx, statement);
}

enum status connection_step(struct store_tx *tx, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return STATUS_OK;
    if (code == SQLITE_DONE) return STATUS_NOT_FOUND;
    return connection_status(tx, code);
}

void connection_close(struct store_tx *tx)
{
    intern_release(tx);
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(tx->statements[i]);
    if (tx->database != NULL) {
        int code = sqlite3_close(tx->database);
        assert(code == SQLITE_OK);
    }
    free(tx->path);
    if (tx->lock_fd >= 0) close(tx->lock_fd);
    *tx = (struct store_tx){.lock_fd = -1};
}
