// Texts that many rows share, as small numbers: ARNs and definition keys. Private to this folder.
//
// The numbers are kept in memory, so that a known text costs no query. What is kept is true of the
// transaction in progress; whoever undoes changes calls intern_clear().

#pragma once

#include "store/connection.h"

enum { INTERNED_COUNT_MAX = 4096 };

struct intern_entry {
    int64_t id;
    int64_t used_until_id; // Of a definition: as in its row.
    char key[];            // A letter for the table, and the text.
};

// What is known of `text` of `table` ('a', 'd'); NULL: nothing.
struct intern_entry *intern_find(struct store_tx *tx, char table, struct str text);

// Remember; returns an entry to fill, or NULL without memory or with a text of no use for this:
// nothing is kept then.
struct intern_entry *intern_add(struct store_tx *tx, char table, struct str text);

// Number of an ARN. STATUS_NOT_FOUND when no row has it.
MUST_USE enum status intern_find_arn(struct store_tx *tx, struct str arn, int64_t *ret_id);

// The same, inserting it when absent.
MUST_USE enum status intern_put_arn(struct store_tx *tx, struct str arn, int64_t *ret_id);

// Run an insertion or an update that may stay behind although its task fails.
MUST_USE enum status intern_run_harmless(struct store_tx *tx, sqlite3_stmt *statement);

void intern_clear(struct store_tx *tx);
void intern_release(struct store_tx *tx);

// Number of a definition, which `execution_id` runs; see definition.c. STATUS_NOT_FOUND.
MUST_USE enum status definition_find(struct store_tx *tx, struct str key, int64_t *ret_id);
// Note that `execution_id` runs the definition, which definition_find() has just found.
MUST_USE enum status definition_note_use(struct store_tx *tx, struct str key, int64_t execution_id);

// Remove at most `count_max` definitions that nobody runs.
MUST_USE enum status definition_purge(struct store_tx *tx, uint32_t count_max, bool *ret_is_done);
