// Intrinsic functions over objects and numbers, and those that draw at random.

#include <math.h>

#include "asl/intrinsic.h"
#include "base/random.h"

// ---------------------------------------------------------------------------------------------
// States.JsonMerge

// Places of the names of an object, so that merging takes one pass over each.
struct index {
    uint32_t *slots; // Position + 1 of a member, or 0.
    size_t mask;
};

static size_t find_slot(const struct index *index, const struct json_member *members,
                        struct str name)
{
    for (size_t slot = str_hash(name) & index->mask;; slot = (slot + 1) & index->mask) {
        uint32_t place = index->slots[slot];
        if (place == 0 || str_equal(json_str(&members[place - 1].name), name)) return slot;
    }
}

static bool index_init(struct index *index, struct arena *arena, size_t count)
{
    size_t slots = 8;
    while (slots < count * 2)
        slots *= 2;
    index->mask = slots - 1;
    index->slots = arena_alloc_zeroed(arena, slots * sizeof(*index->slots));
    return index->slots != NULL;
}

// Members of the second object replace those of the first in their place; new ones follow.
enum status asl_intrinsic_json_merge(struct asl_call *call, struct json *ret_value)
{
    const struct json *objects = call->arguments;
    if (!json_is_object(&objects[0]) || !json_is_object(&objects[1])) return STATUS_INVALID;
    if (call->arguments[2].type != JSON_FALSE) return STATUS_INVALID; // Deep merging is not known.
    size_t most = (size_t)objects[0].size + objects[1].size;
    struct json_member *members = arena_alloc_array(call->arena, most, sizeof(*members));
    struct index index;
    if (members == NULL || !index_init(&index, call->arena, most)) return STATUS_NO_MEMORY;
    uint32_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        for (uint32_t n = 0; n < objects[i].size; n++) {
            const struct json_member *member = &objects[i].members[n];
            size_t slot = find_slot(&index, members, json_str(&member->name));
            if (index.slots[slot] == 0) index.slots[slot] = ++count;
            members[index.slots[slot] - 1] = *member;
        }
    }
    *ret_value = json_from_members(members, count);
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Numbers

// A number rounded to the nearest integer of 32 bits, halves up (Java's Math.round).
static bool to_rounded(const struct json *value, int64_t *ret_rounded)
{
    if (!json_is_number(value)) return false;
    double rounded = floor(json_to_real(value) + 0.5);
    if (!(rounded >= INT32_MIN && rounded <= INT32_MAX)) return false;
    *ret_rounded = (int64_t)rounded;
    return true;
}

enum status asl_intrinsic_math_add(struct asl_call *call, struct json *ret_value)
{
    int64_t a, b;
    if (!to_rounded(&call->arguments[0], &a) || !to_rounded(&call->arguments[1], &b))
        return STATUS_INVALID;
    if (a + b < INT32_MIN || a + b > INT32_MAX) return STATUS_INVALID;
    *ret_value = json_from_integer(a + b);
    return STATUS_OK;
}

// Bounds lose their fraction, as the service does it.
static bool to_bound(const struct json *value, int64_t *ret_bound)
{
    if (!json_is_number(value)) return false;
    double whole = trunc(json_to_real(value));
    if (!(whole >= INT32_MIN && whole <= INT32_MAX)) return false;
    *ret_bound = (int64_t)whole;
    return true;
}

// From the first number up to, but without, the second. The same seed gives the same number.
enum status asl_intrinsic_math_random(struct asl_call *call, struct json *ret_value)
{
    int64_t start, end;
    if (!to_bound(&call->arguments[0], &start) || !to_bound(&call->arguments[1], &end) ||
        start >= end)
        return STATUS_INVALID;
    struct random seeded;
    struct random *random = call->environment->random;
    if (call->argument_count == 3) {
        int64_t seed;
        if (!to_bound(&call->arguments[2], &seed)) return STATUS_INVALID;
        random_init_seed(&seeded, (uint64_t)seed);
        random = &seeded;
    }
    uint64_t span = (uint64_t)(end - start);
    *ret_value = json_from_integer(start + (int64_t)(random_u64(random) % span));
    return STATUS_OK;
}

enum status asl_intrinsic_uuid(struct asl_call *call, struct json *ret_value)
{
    char *text = arena_alloc(call->arena, RANDOM_UUID_SIZE);
    if (text == NULL) return STATUS_NO_MEMORY;
    random_uuid(call->environment->random, text);
    *ret_value = json_from_str((struct str){text, RANDOM_UUID_SIZE});
    return STATUS_OK;
}
