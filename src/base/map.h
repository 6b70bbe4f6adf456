// Hash tables from strings to pointers.
//
// Keys are borrowed: they must live as long as their entry, normally inside the value. Values are
// borrowed too. Iteration order is insertion order until something is removed.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

struct map_entry {
    struct str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_entry *entries; // Dense, `count` of them.
    uint32_t *slots;           // Open addressing: entry index + 1, or 0 when free.
    size_t count;
    size_t capacity;   // Of `entries`.
    size_t slot_count; // A power of two, or 0.
};

void map_init(struct map *map);

// NULL when absent.
void *map_find(const struct map *map, struct str key);

// Add or replace. Returns STATUS-free success: false only without memory.
MUST_USE bool map_set(struct map *map, struct str key, void *value);

// Remove and return the value; NULL when absent. The last entry takes the freed place.
void *map_remove(struct map *map, struct str key);

// Frees the table, not the values.
void map_release(struct map *map);

#define MAP_EACH(entry, map)                                                                       \
    for (struct map_entry *entry = (map)->entries; entry != (map)->entries + (map)->count; entry++)
