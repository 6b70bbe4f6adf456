// Linear probing over a table of indices at most half full; entries stay dense for iteration.

#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

void map_init(struct map *map)
{
    *map = (struct map){0};
}

// The slot that holds `key`, or the free slot where it belongs.
static size_t find_slot(const struct map *map, struct str key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
        uint32_t index = map->slots[slot];
        if (index == 0) return slot;
        const struct map_entry *entry = &map->entries[index - 1];
        if (entry->hash == hash && str_equal(entry->key, key)) return slot;
    }
}

void *map_find(const struct map *map, struct str key)
{
    if (map->count == 0) return NULL;
    uint32_t index = map->slots[find_slot(map, key, str_hash(key))];
    return index == 0 ? NULL : map->entries[index - 1].value;
}

static bool grow(struct map *map)
{
    size_t capacity = map->capacity == 0 ? 8 : map->capacity * 2;
    if (capacity > UINT32_MAX / 2) return false;
    uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
    if (slots == NULL) return false;
    struct map_entry *entries = realloc(map->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        free(slots);
        return false;
    }
    free(map->slots);
    map->entries = entries;
    map->slots = slots;
    map->capacity = capacity;
    map->slot_count = capacity * 2;
    for (size_t i = 0; i < map->count; i++) {
        map->slots[find_slot(map, entries[i].key, entries[i].hash)] = (uint32_t)i + 1;
    }
    return true;
}

bool map_set(struct map *map, struct str key, void *value)
{
    uint64_t hash = str_hash(key);
    if (map->count > 0) {
        uint32_t index = map->slots[find_slot(map, key, hash)];
        if (index != 0) {
            map->entries[index - 1].key = key;
            map->entries[index - 1].value = value;
            return true;
        }
    }
    if (map->count == map->capacity && !grow(map)) return false;
    size_t slot = find_slot(map, key, hash);
    map->entries[map->count] = (struct map_entry){key, value, hash};
    map->slots[slot] = (uint32_t)++map->count;
    return true;
}

// Free a slot and move later entries of the same run forward, so that no search stops early.
static void free_slot(struct map *map, size_t hole)
{
    size_t mask = map->slot_count - 1;
    map->slots[hole] = 0;
    for (size_t slot = (hole + 1) & mask; map->slots[slot] != 0; slot = (slot + 1) & mask) {
        size_t home = map->entries[map->slots[slot] - 1].hash & mask;
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            map->slots[hole] = map->slots[slot];
            map->slots[slot] = 0;
            hole = slot;
        }
    }
}

void *map_remove(struct map *map, struct str key)
{
    if (map->count == 0) return NULL;
    size_t slot = find_slot(map, key, str_hash(key));
    uint32_t index = map->slots[slot];
    if (index == 0) return NULL;
    void *value = map->entries[index - 1].value;
    uint32_t last = (uint32_t)map->count;
    if (index != last) {
        size_t last_slot = find_slot(map, map->entries[last - 1].key, map->entries[last - 1].hash);
        map->entries[index - 1] = map->entries[last - 1];
        map->slots[last_slot] = index;
    }
    // The entry at `index` changed its owner; the slot of the removed key is the one to free.
    map->count--;
    free_slot(map, slot);
    return value;
}

void map_release(struct map *map)
{
    free(map->entries);
    free(map->slots);
    map_init(map);
}
