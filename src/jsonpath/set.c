// Setting the place that a Reference Path names, by copying the containers on the way to it and
// sharing everything else.

#include <assert.h>

#include "jsonpath/path.h"

struct setting {
    const struct jsonpath *path;
    const struct json *value;
    struct arena *arena;
};

static enum status set_at(const struct setting *setting, uint32_t at, const struct json *target,
                          struct json *ret_value);

// `target` is NULL where nothing is yet.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the number of segments.
static enum status set_member(const struct setting *setting, uint32_t at, const struct json *target,
                              struct json *ret_value)
{
    struct str name = setting->path->segments[at].name;
    if (target == NULL) target = &json_empty_object;
    if (target->type != JSON_OBJECT) return STATUS_INVALID;
    struct json member;
    enum status status = set_at(setting, at + 1, json_find(target, name), &member);
    if (status != STATUS_OK) return status;
    const struct json *object = json_with_member(setting->arena, target, name, &member);
    if (object == NULL) return STATUS_NO_MEMORY;
    *ret_value = *object;
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the number of segments.
static enum status set_item(const struct setting *setting, uint32_t at, const struct json *target,
                            struct json *ret_value)
{
    uint32_t index = (uint32_t)setting->path->segments[at].index;
    if (target == NULL) target = &json_empty_array;
    if (target->type != JSON_ARRAY || index > target->size) return STATUS_INVALID;
    const struct json *old = index < target->size ? &target->items[index] : NULL;
    struct json item;
    enum status status = set_at(setting, at + 1, old, &item);
    if (status != STATUS_OK) return status;
    size_t count = target->size + (old == NULL);
    struct json *items = arena_alloc_array(setting->arena, count, sizeof(*items));
    if (items == NULL) return STATUS_NO_MEMORY;
    if (target->size > 0) memcpy(items, target->items, target->size * sizeof(*items));
    items[index] = item;
    *ret_value = json_from_items(items, count);
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the number of segments.
static enum status set_at(const struct setting *setting, uint32_t at, const struct json *target,
                          struct json *ret_value)
{
    if (at == setting->path->count) {
        *ret_value = *setting->value;
        return STATUS_OK;
    }
    if (setting->path->segments[at].kind == SEGMENT_NAME) {
        return set_member(setting, at, target, ret_value);
    }
    return set_item(setting, at, target, ret_value);
}

enum status jsonpath_set(const struct jsonpath *path, const struct json *document,
                         const struct json *value, struct arena *arena, struct json *ret_document)
{
    assert((path->flags & JSONPATH_REFERENCE) != 0);
    struct setting setting = {path, value, arena};
    return set_at(&setting, 0, document, ret_document);
}
