// The SQLite connection behind the store, private to this folder.
//
// `struct store_tx` is the connection seen from inside a transaction. It belongs to the store
// thread; store_open() makes it before that thread starts.

#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "store/store.h"

enum statement {
#define X(name, text) STATEMENT_##name,
#include "store/statement.def"
#undef X
    STATEMENT_COUNT,
};

struct store_tx {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT]; // NULL until first used.
    // First SQLite code of this transaction that spoils it as a whole (disk full, I/O, damage), or
    // SQLITE_OK.
    int fault;
    bool is_writable;   // Inside a write transaction.
    bool is_synced;     // Commits wait for the disk (PRAGMA synchronous).
    int wal_page_count; // In the write-ahead log since the last complete checkpoint.
    int64_t journal_id_next;
    int64_t log_event_id_next;
    struct map interned; // See intern.h.
    // Rows changed that may stay although their task fails (interned texts): they say nothing.
    int64_t harmless_changes;
    char *path;  // Of the database file; NULL in memory.
    int lock_fd; // Holds the lock on the directory; -1 in memory.
};

// See store_open() for outcomes and messages.
MUST_USE enum status connection_open(struct store_tx *tx, struct str directory, struct arena *arena,
                                     struct str *reterr_text);

// Commits wait for the disk from now on, or do not. Outside transactions only.
void connection_set_synced(struct store_tx *tx, bool is_synced);

// Move what is in the write-ahead log to the database file, both synced. False when it could not
// be done completely.
bool connection_checkpoint(struct store_tx *tx);

// Statuses of SQLite codes; notes a fault that spoils the transaction.
enum status connection_status(struct store_tx *tx, int code);

// A statement, ready for its bindings. NULL when it cannot be prepared: the fault is noted.
sqlite3_stmt *connection_statement(struct store_tx *tx, enum statement name);

// Bind at `at` (from 1); the bytes must stay until the statement is reset.
void connection_bind_text(sqlite3_stmt *statement, int at, struct str text);
void connection_bind_bytes(sqlite3_stmt *statement, int at, struct str bytes);
// NULL in the table when `text.data` is.
void connection_bind_optional(sqlite3_stmt *statement, int at, struct str text);

// A column's bytes, borrowed until the next step.
struct str connection_column(sqlite3_stmt *statement, int at);
// The same; its data is NULL for NULL.
struct str connection_optional_column(sqlite3_stmt *statement, int at);

// Run a statement that gives at most one row, read that row's first column, and reset it.
// STATUS_NOT_FOUND without a row.
MUST_USE enum status connection_read_integer(struct store_tx *tx, sqlite3_stmt *statement,
                                             int64_t *ret_value);

// Run a statement that gives no rows, and reset it. A violated uniqueness is STATUS_CONFLICT.
MUST_USE enum status connection_run(struct store_tx *tx, sqlite3_stmt *statement);

// The same for one without bindings.
MUST_USE enum status connection_execute(struct store_tx *tx, enum statement name);

// Go to the next row: STATUS_OK with a row, STATUS_NOT_FOUND at the end, or a fault. Whoever steps
// also resets, with sqlite3_reset().
MUST_USE enum status connection_step(struct store_tx *tx, sqlite3_stmt *statement);

// Release everything, checkpointing first. Accepts one that failed to open.
void connection_close(struct store_tx *tx);
