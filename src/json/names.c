// Unique names. Few names are compared in pairs, after a filter that lets most through without any
// comparison; many go through a hash table, so that no text can make this quadratic.

#include <stdlib.h>

#include "json/parse.h"

enum { FEW_NAMES = 16, SLOTS_ON_STACK = 1024 };

static inline bool names_equal(const struct json_member *a, const struct json_member *b)
{
    return a->name.size == b->name.size &&
           (a->name.size == 0 || memcmp(a->name.text, b->name.text, a->name.size) == 0);
}

// One of 64 bits; equal names have equal bits.
static inline uint64_t filter_bit(const struct json_member *member)
{
    uint32_t size = member->name.size;
    if (size == 0) return 1;
    unsigned char first = (unsigned char)member->name.text[0];
    unsigned char last = (unsigned char)member->name.text[size - 1];
    return UINT64_C(1) << ((first * 5U + last * 11U + size * 23U) & 63);
}

static size_t drop_among_few(struct json_member *members, size_t count)
{
    uint64_t seen = 0;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = filter_bit(&members[i]);
        size_t same = kept;
        if (UNLIKELY((seen & bit) != 0)) {
            same = 0;
            while (same < kept && !names_equal(&members[same], &members[i]))
                same++;
        }
        seen |= bit;
        if (LIKELY(same == kept)) {
            if (kept != i) members[kept] = members[i];
            kept++;
        } else {
            members[same].value = members[i].value;
        }
    }
    return kept;
}

// `slots` hold index + 1 of a kept member, or 0; there are at least twice as many as members.
static size_t drop_by_table(struct json_member *members, size_t count, uint32_t *slots, size_t mask)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t slot = str_hash(json_str(&members[i].name)) & mask;
        while (slots[slot] != 0 && !names_equal(&members[slots[slot] - 1], &members[i]))
            slot = (slot + 1) & mask;
        if (slots[slot] == 0) {
            members[kept] = members[i];
            slots[slot] = (uint32_t)++kept;
        } else {
            members[slots[slot] - 1].value = members[i].value;
        }
    }
    return kept;
}

enum status json_drop_duplicates(struct json_member *members, size_t *count)
{
    if (LIKELY(*count <= FEW_NAMES)) {
        *count = drop_among_few(members, *count);
        return STATUS_OK;
    }
    size_t slot_count = FEW_NAMES * 2;
    while (slot_count < *count * 2)
        slot_count *= 2;
    if (slot_count <= SLOTS_ON_STACK) {
        uint32_t slots[SLOTS_ON_STACK];
        memset(slots, 0, slot_count * sizeof(*slots));
        *count = drop_by_table(members, *count, slots, slot_count - 1);
        return STATUS_OK;
    }
    uint32_t *slots = calloc(slot_count, sizeof(*slots));
    if (slots == NULL) return STATUS_NO_MEMORY;
    *count = drop_by_table(members, *count, slots, slot_count - 1);
    free(slots);
    return STATUS_OK;
}
