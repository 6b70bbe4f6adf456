// Sets of JSON values by deep equality, for one pass over an array. Private to this folder.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "json/json.h"

struct value_set {
    const struct json **slots; // Open addressing; NULL when free.
    size_t slot_count;         // A power of two, at least twice the number of values.
};

// Room for `count` values. Returns false when the arena is exhausted.
MUST_USE bool value_set_init(struct value_set *set, struct arena *arena, size_t count);

// Add a value, which is borrowed. Returns false when an equal one is there.
bool value_set_add(struct value_set *set, const struct json *value);
