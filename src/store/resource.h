// Resources: named things that live until they are deleted (state machines, functions, roles, …).
//
// The store knows them as bytes under (kind, region, name); what the bytes mean is their owner's
// business. Global kinds (IAM) use the empty region.

#pragma once

#include <stdbool.h>

#include "store/store.h"

enum store_kind {
#define X(kind, name, is_text) STORE_KIND_##kind,
#include "store/resource_kind.def"
#undef X
    STORE_KIND_COUNT,
};

// "state_machine", …: the value of the column `kind`.
const char *store_kind_name(enum store_kind kind);

// Create or replace.
MUST_USE enum status store_resource_put(struct store_tx *tx, enum store_kind kind,
                                        struct str region, struct str name, struct str body);

// The body, copied to `arena`. STATUS_NOT_FOUND; STATUS_NO_MEMORY also when it does not fit the
// arena.
MUST_USE enum status store_resource_get(struct store_tx *tx, enum store_kind kind,
                                        struct str region, struct str name, struct arena *arena,
                                        struct str *ret_body);

// STATUS_NOT_FOUND when absent.
MUST_USE enum status store_resource_delete(struct store_tx *tx, enum store_kind kind,
                                           struct str region, struct str name);

// One resource of a walk; all strings are borrowed for the call. Anything but STATUS_OK ends the
// walk and becomes its result.
typedef enum status (*store_resource_fn)(void *context, struct str region, struct str name,
                                         struct str body);

// All resources of a kind, by region and name. The callback must not write.
MUST_USE enum status store_resource_each(struct store_tx *tx, enum store_kind kind,
                                         store_resource_fn callback, void *context);
