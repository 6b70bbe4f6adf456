// Hashes agree where json_equal() does: numbers are hashed as doubles, members of objects in any
// order.

#include "asl/value_set.h"

#include <assert.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 33);
}

static uint64_t hash_number(const struct json *value)
{
    double real = json_to_real(value);
    if (real == 0) real = 0; // Also for minus zero.
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    return mix(JSON_REAL, bits);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as a value, which the parser limits.
static uint64_t hash_value(const struct json *value)
{
    if (json_is_number(value)) return hash_number(value);
    uint64_t hash = mix(value->type, value->size);
    if (json_is_string(value)) return mix(hash, str_hash(json_str(value)));
    for (uint32_t i = 0; json_is_array(value) && i < value->size; i++) {
        hash = mix(hash, hash_value(&value->items[i]));
    }
    for (uint32_t i = 0; json_is_object(value) && i < value->size; i++) {
        hash +=
            mix(str_hash(json_str(&value->members[i].name)), hash_value(&value->members[i].value));
    }
    return hash;
}

bool value_set_init(struct value_set *set, struct arena *arena, size_t count)
{
    set->slot_count = 8;
    while (set->slot_count < count * 2)
        set->slot_count *= 2;
    set->slots = arena_alloc_zeroed(arena, set->slot_count * sizeof(const struct json *));
    return set->slots != NULL;
}

bool value_set_add(struct value_set *set, const struct json *value)
{
    assert(set->slots != NULL);
    size_t mask = set->slot_count - 1;
    for (size_t slot = hash_value(value) & mask;; slot = (slot + 1) & mask) {
        if (set->slots[slot] == NULL) {
            set->slots[slot] = value;
            return true;
        }
        if (json_equal(set->slots[slot], value)) return false;
    }
}
