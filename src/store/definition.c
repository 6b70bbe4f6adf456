// Rows of `definition`, and when one may go.
//
// To find who runs a definition would take an index that every execution pays for. Instead each row
// promises that no execution with an id above `used_until_id` runs it. The promise is given for an
// hour ahead and renewed when it is reached, so it is written rarely, and a definition goes when
// the oldest execution there is has passed it: a little late, never too early.

#include <assert.h>

#include "store/connection.h"
#include "store/execution.h"
#include "store/intern.h"

// An hour where identifiers are Unix milliseconds shifted by 20. Nothing depends on its being one.
static const int64_t use_margin = INT64_C(3600000) << 20;

static int64_t add_margin(int64_t id)
{
    return id > INT64_MAX - use_margin ? INT64_MAX : id + use_margin;
}

static void remember(struct store_tx *tx, struct str key, int64_t id, int64_t used_until_id)
{
    struct intern_entry *entry = intern_find(tx, 'd', key);
    if (entry == NULL) entry = intern_add(tx, 'd', key);
    if (entry == NULL) return;
    entry->id = id;
    entry->used_until_id = used_until_id;
}

static enum status find(struct store_tx *tx, struct str key, int64_t *ret_id,
                        int64_t *ret_used_until_id)
{
    const struct intern_entry *entry = intern_find(tx, 'd', key);
    if (LIKELY(entry != NULL)) {
        *ret_id = entry->id;
        *ret_used_until_id = entry->used_until_id;
        return STATUS_OK;
    }
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_DEFINITION_FIND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, key);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) {
        *ret_id = sqlite3_column_int64(statement, 0);
        *ret_used_until_id = sqlite3_column_int64(statement, 1);
        remember(tx, key, *ret_id, *ret_used_until_id);
    }
    sqlite3_reset(statement);
    return status;
}

enum status definition_find(struct store_tx *tx, struct str key, int64_t *ret_id)
{
    int64_t used_until_id;
    return find(tx, key, ret_id, &used_until_id);
}

enum status definition_note_use(struct store_tx *tx, struct str key, int64_t execution_id)
{
    int64_t id, used_until_id;
    enum status status = find(tx, key, &id, &used_until_id);
    if (status != STATUS_OK || LIKELY(execution_id <= used_until_id)) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_DEFINITION_NOTE_USE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    used_until_id = add_margin(execution_id);
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, used_until_id);
    status = intern_run_harmless(tx, statement);
    if (status == STATUS_OK) remember(tx, key, id, used_until_id);
    return status;
}

enum status store_definition_put(struct store_tx *tx, struct str key, struct str body)
{
    assert(tx->is_writable && key.size > 0);
    if (body.size > STORE_VALUE_SIZE_MAX) return STATUS_OVER_LIMIT;
    int64_t id, last_id;
    enum status status = definition_find(tx, key, &id);
    if (status != STATUS_NOT_FOUND) return status;
    // Nobody runs it yet; until somebody does it stays as long as any execution there is now.
    status = store_execution_last_id(tx, &last_id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_DEFINITION_INSERT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    int64_t used_until_id = add_margin(last_id);
    connection_bind_text(statement, 1, key);
    sqlite3_bind_int64(statement, 2, used_until_id);
    connection_bind_text(statement, 3, body);
    status = intern_run_harmless(tx, statement);
    if (status != STATUS_OK) return status;
    remember(tx, key, sqlite3_last_insert_rowid(tx->database), used_until_id);
    return STATUS_OK;
}

enum status store_definition_get(struct store_tx *tx, struct str key, struct arena *arena,
                                 struct str *ret_body)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_DEFINITION_GET);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, key);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK && !arena_copy_str(arena, connection_column(statement, 0), ret_body)) {
        status = STATUS_NO_MEMORY;
    }
    sqlite3_reset(statement);
    return status;
}

enum status definition_purge(struct store_tx *tx, uint32_t count_max, bool *ret_is_done)
{
    enum { COUNT_MAX = 100 };
    int64_t ids[COUNT_MAX];
    uint32_t count = 0;
    if (count_max > COUNT_MAX) count_max = COUNT_MAX;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_DEFINITION_UNUSED);
    sqlite3_stmt *removal = connection_statement(tx, STATEMENT_DEFINITION_REMOVE);
    if (statement == NULL || removal == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, count_max);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK)
        ids[count++] = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (status != STATUS_NOT_FOUND) return status;
    if (count > 0) intern_clear(tx);
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(removal, 1, ids[i]);
        status = connection_run(tx, removal);
        if (status != STATUS_OK) return status;
    }
    *ret_is_done = count < count_max;
    return STATUS_OK;
}
