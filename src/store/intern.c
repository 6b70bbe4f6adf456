// A map from "letter + text" to the number. It is emptied when it is full, which costs a query per
// text afterwards and needs no order of use.

#include "store/intern.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE_MAX = 1024 }; // Longer ones are looked up each time.

static struct str make_key(char *bytes, char table, struct str text)
{
    bytes[0] = table;
    memcpy(bytes + 1, text.data, text.size);
    return (struct str){bytes, text.size + 1};
}

struct intern_entry *intern_find(struct store_tx *tx, char table, struct str text)
{
    char bytes[KEY_SIZE_MAX + 1];
    if (text.size == 0 || text.size > KEY_SIZE_MAX) return NULL;
    return map_find(&tx->interned, make_key(bytes, table, text));
}

struct intern_entry *intern_add(struct store_tx *tx, char table, struct str text)
{
    if (text.size == 0 || text.size > KEY_SIZE_MAX) return NULL;
    assert(intern_find(tx, table, text) == NULL);
    if (tx->interned.count >= INTERNED_COUNT_MAX) intern_clear(tx);
    struct intern_entry *entry = malloc(sizeof(*entry) + text.size + 1);
    if (entry == NULL) return NULL;
    struct str key = make_key(entry->key, table, text);
    if (!map_set(&tx->interned, key, entry)) {
        free(entry);
        return NULL;
    }
    return entry;
}

void intern_clear(struct store_tx *tx)
{
    intern_release(tx);
    map_init(&tx->interned);
}

void intern_release(struct store_tx *tx)
{
    for (size_t i = 0; i < tx->interned.count; i++)
        free(tx->interned.entries[i].value);
    map_release(&tx->interned);
}

enum status intern_run_harmless(struct store_tx *tx, sqlite3_stmt *statement)
{
    assert(tx->is_writable);
    int64_t before = sqlite3_total_changes64(tx->database);
    enum status status = connection_run(tx, statement);
    tx->harmless_changes += sqlite3_total_changes64(tx->database) - before;
    return status;
}

// ---------------------------------------------------------------------------------------------
// ARNs

enum status intern_find_arn(struct store_tx *tx, struct str arn, int64_t *ret_id)
{
    struct intern_entry *entry = intern_find(tx, 'a', arn);
    if (LIKELY(entry != NULL)) {
        *ret_id = entry->id;
        return STATUS_OK;
    }
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_ARN_FIND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, arn);
    enum status status = connection_read_integer(tx, statement, ret_id);
    if (status == STATUS_OK && (entry = intern_add(tx, 'a', arn)) != NULL) entry->id = *ret_id;
    return status;
}

enum status intern_put_arn(struct store_tx *tx, struct str arn, int64_t *ret_id)
{
    enum status status = intern_find_arn(tx, arn, ret_id);
    if (status != STATUS_NOT_FOUND) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_ARN_INSERT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, arn);
    status = intern_run_harmless(tx, statement);
    if (status != STATUS_OK) return status;
    *ret_id = sqlite3_last_insert_rowid(tx->database);
    struct intern_entry *entry = intern_add(tx, 'a', arn);
    if (entry != NULL) entry->id = *ret_id;
    return STATUS_OK;
}
