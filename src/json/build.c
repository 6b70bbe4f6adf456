// Collecting items and members: arrays in the arena that double. What a growth leaves behind is
// garbage of the arena, at most as much as the result.

#include "json/json.h"

enum { CAPACITY_MIN = 8, SCANNED_MAX = 16 };

// A larger place for `count` entries, doubling `*capacity`. NULL when refused.
static void *grow(struct arena *arena, const void *entries, size_t count, size_t entry_size,
                  size_t *capacity)
{
    size_t new_capacity = *capacity == 0 ? CAPACITY_MIN : *capacity * 2;
    if (new_capacity > UINT32_MAX) {
        arena->is_exhausted = true;
        return NULL;
    }
    void *place = arena_alloc_array(arena, new_capacity, entry_size);
    if (place == NULL) return NULL;
    if (count > 0) memcpy(place, entries, count * entry_size);
    *capacity = new_capacity;
    return place;
}

void json_items_init(struct json_items *items, struct arena *arena)
{
    *items = (struct json_items){.arena = arena};
}

void json_items_append(struct json_items *items, struct json value)
{
    if (items->count == items->capacity) {
        struct json *place =
            grow(items->arena, items->items, items->count, sizeof(value), &items->capacity);
        if (place == NULL) return;
        items->items = place;
    }
    items->items[items->count++] = value;
}

struct json json_items_finish(struct json_items *items)
{
    return json_from_items(items->items, items->count);
}

void json_members_init(struct json_members *members, struct arena *arena)
{
    *members = (struct json_members){.arena = arena};
}

static void append(struct json_members *members, struct str name, struct json value)
{
    if (members->count == members->capacity) {
        struct json_member *place = grow(members->arena, members->members, members->count,
                                         sizeof(*place), &members->capacity);
        if (place == NULL) return;
        members->members = place;
    }
    members->members[members->count++] =
        (struct json_member){.name = json_from_str(name), .value = value};
}

void json_members_append(struct json_members *members, struct str name, struct json value)
{
    append(members, name, value);
}

// Where `name` is, or belongs, in the table; there are at least twice as many slots as members.
static size_t find_slot(const struct json_members *members, struct str name)
{
    size_t mask = members->slot_count - 1, slot = str_hash(name) & mask;
    while (members->slots[slot] != 0 &&
           !str_equal(json_str(&members->members[members->slots[slot] - 1].name), name))
        slot = (slot + 1) & mask;
    return slot;
}

// Bring the table up to date with all members, also those that were appended without looking.
static bool index_members(struct json_members *members)
{
    if (members->slot_count < (members->count + 1) * 2) {
        size_t slot_count = members->slot_count == 0 ? SCANNED_MAX * 4 : members->slot_count;
        while (slot_count < (members->count + 1) * 2)
            slot_count *= 2;
        uint32_t *slots = arena_alloc_array(members->arena, slot_count, sizeof(*slots));
        if (slots == NULL) return false;
        memset(slots, 0, slot_count * sizeof(*slots));
        members->slots = slots;
        members->slot_count = slot_count;
        members->indexed_count = 0;
    }
    for (; members->indexed_count < members->count; members->indexed_count++) {
        struct str name = json_str(&members->members[members->indexed_count].name);
        members->slots[find_slot(members, name)] = (uint32_t)members->indexed_count + 1;
    }
    return true;
}

static size_t find_index(struct json_members *members, struct str name)
{
    if (members->count > SCANNED_MAX && index_members(members)) {
        size_t slot = find_slot(members, name);
        return members->slots[slot] == 0 ? members->count : members->slots[slot] - 1;
    }
    size_t index = 0;
    while (index < members->count && !str_equal(json_str(&members->members[index].name), name))
        index++;
    return index;
}

void json_members_set(struct json_members *members, struct str name, struct json value)
{
    size_t index = find_index(members, name);
    if (index < members->count) {
        members->members[index].value = value;
    } else {
        append(members, name, value);
    }
}

struct json json_members_finish(struct json_members *members)
{
    return json_from_members(members->members, members->count);
}
