// A table of values, each of which stands in it once. Private to the folder.
//
// Values of an execution share structure. A value that was added before is known again by where
// its parts lie, so that what is shared is not told, or copied, twice.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "json/json.h"

struct value_table {
    struct json *values; // As they were added.
    size_t count;
    size_t capacity;
    uint32_t *slots; // Open addressing: index + 1 of a value, or 0.
    size_t slot_count;
};

// Find or append `value`. Returns false when there is no memory.
MUST_USE bool value_table_add(struct value_table *table, struct json value, size_t *ret_index);

void value_table_release(struct value_table *table);
