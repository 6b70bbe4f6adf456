// The journal of asynchronous Express starts: what has been acknowledged and has not ended.
//
// A start is appended by a STORE_DURABLE task before it is acknowledged, and removed by a
// STORE_LAZY task when its execution ends. What a restart finds here runs again (at least once).

#pragma once

#include <stdint.h>

#include "store/store.h"

// Identifiers rise, start at 1 and are not used twice within one opening of the store. The append
// is the only change of its task in the common case: set `is_single_change`.
MUST_USE enum status store_journal_append(struct store_tx *tx, struct str record, int64_t *ret_id);

// Removing what is not there is no error.
MUST_USE enum status store_journal_remove(struct store_tx *tx, int64_t id);

// The record is borrowed for the call. Anything but STATUS_OK ends the walk and becomes its result.
typedef enum status (*store_journal_fn)(void *context, int64_t id, struct str record);

// At most `count_max` records with an identifier above `after_id`, oldest first. Start with 0 and
// go on with the last identifier seen until fewer than `count_max` come.
MUST_USE enum status store_journal_each(struct store_tx *tx, int64_t after_id, uint32_t count_max,
                                        store_journal_fn callback, void *context);
