// Deep equality. Members are looked for at the same position first, where they nearly always are;
// large objects in another order go through a hash table.

#include "base/map.h"
#include "json/json.h"

enum { FEW_MEMBERS = 16 };

static bool equal(const struct json *a, const struct json *b, int depth);

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool arrays_equal(const struct json *a, const struct json *b, int depth)
{
    if (a->size != b->size) return false;
    if (a->items == b->items) return true;
    for (uint32_t i = 0; i < a->size; i++) {
        if (!equal(&a->items[i], &b->items[i], depth)) return false;
    }
    return true;
}

static bool index_members(struct map *map, const struct json *object)
{
    map_init(map);
    for (uint32_t i = 0; i < object->size; i++) {
        // The map only hands the pointer back, as a pointer to const.
        void *value = (void *)(uintptr_t)&object->members[i].value;
        if (!map_set(map, json_str(&object->members[i].name), value)) return false;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool objects_equal(const struct json *a, const struct json *b, int depth)
{
    if (a->size != b->size) return false;
    if (a->members == b->members) return true;
    struct map CLEANUP(map_release) index = {0};
    bool has_index = false, may_index = a->size > FEW_MEMBERS;
    for (uint32_t i = 0; i < a->size; i++) {
        struct str name = json_str(&a->members[i].name);
        const struct json *found = NULL;
        if (str_equal(name, json_str(&b->members[i].name))) {
            found = &b->members[i].value;
        } else if (may_index && !has_index) {
            may_index = has_index = index_members(&index, b); // Without memory: the slow way.
        }
        if (found == NULL) found = has_index ? map_find(&index, name) : json_find(b, name);
        if (found == NULL || !equal(&a->members[i].value, found, depth)) return false;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool equal(const struct json *a, const struct json *b, int depth)
{
    if (json_is_number(a)) return json_is_number(b) && json_number_compare(a, b) == 0;
    if (a->type != b->type) return false;
    if (a->type == JSON_STRING) return str_equal(json_str(a), json_str(b));
    if (depth == 0 && (a->type == JSON_ARRAY || a->type == JSON_OBJECT)) return false;
    if (a->type == JSON_ARRAY) return arrays_equal(a, b, depth - 1);
    if (a->type == JSON_OBJECT) return objects_equal(a, b, depth - 1);
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return equal(a, b, JSON_DEPTH_MAX);
}
