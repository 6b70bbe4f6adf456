// Values as such: constants, members, copies.

#include <assert.h>

#include "json/json.h"

static_assert(sizeof(struct json) == 16, "a value is 16 bytes");
static_assert(sizeof(struct json_member) == 2 * sizeof(struct json), "a member is two values");

const struct json json_null = {.type = JSON_NULL};
const struct json json_true = {.type = JSON_TRUE};
const struct json json_false = {.type = JSON_FALSE};
const struct json json_empty_string = {.type = JSON_STRING, .text = ""};
const struct json json_empty_array = {.type = JSON_ARRAY};
const struct json json_empty_object = {.type = JSON_OBJECT};

const char *json_type_name(const struct json *value)
{
    switch ((enum json_type)value->type) {
    case JSON_NULL: return "null";
    case JSON_FALSE:
    case JSON_TRUE: return "boolean";
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_NUMBER_TEXT: return "number";
    case JSON_STRING: return "string";
    case JSON_ARRAY: return "array";
    case JSON_OBJECT: return "object";
    }
    assert(false); // A value has one of the types.
    return "";
}

const struct json *json_find(const struct json *object, struct str name)
{
    if (object->type != JSON_OBJECT) return NULL;
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        if (member->name.size != name.size) continue;
        if (name.size == 0 || memcmp(member->name.text, name.data, name.size) == 0) {
            return &member->value;
        }
    }
    return NULL;
}

struct str json_find_str(const struct json *object, struct str name, struct str if_absent)
{
    const struct json *value = json_find(object, name);
    return value != NULL && json_is_string(value) ? json_str(value) : if_absent;
}

const struct json *json_new(struct arena *arena, struct json value)
{
    struct json *place = arena_alloc(arena, sizeof(*place));
    if (place != NULL) *place = value;
    return place;
}

const struct json *json_with_member(struct arena *arena, const struct json *object, struct str name,
                                    const struct json *value)
{
    assert(object == NULL || object->type == JSON_OBJECT);
    size_t count = object == NULL ? 0 : object->size, at = 0;
    while (at < count && !str_equal(json_str(&object->members[at].name), name))
        at++;
    size_t new_count = count + (at == count);
    struct json_member *members = arena_alloc_array(arena, new_count, sizeof(*members));
    struct json *result = arena_alloc(arena, sizeof(*result));
    struct str own_name;
    if (members == NULL || result == NULL) return NULL;
    if (count > 0) memcpy(members, object->members, count * sizeof(*members));
    if (at == count) {
        if (!arena_copy_str(arena, name, &own_name)) return NULL;
        members[at].name = json_from_str(own_name);
    }
    members[at].value = *value;
    *result = json_from_members(members, new_count);
    return result;
}

static bool copy_text(struct arena *arena, struct json *value)
{
    struct str text;
    if (!arena_copy_str(arena, json_str(value), &text)) return false;
    value->text = text.data;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool copy(struct arena *arena, struct json *value, int depth)
{
    switch ((enum json_type)value->type) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_INTEGER:
    case JSON_REAL: return true;
    case JSON_NUMBER_TEXT:
    case JSON_STRING: return copy_text(arena, value);
    case JSON_ARRAY: {
        if (value->size == 0) {
            value->items = NULL;
            return true;
        }
        struct json *items = arena_alloc_array(arena, value->size, sizeof(*items));
        if (items == NULL || depth == 0) return false;
        memcpy(items, value->items, value->size * sizeof(*items));
        for (uint32_t i = 0; i < value->size; i++) {
            if (!copy(arena, &items[i], depth - 1)) return false;
        }
        value->items = items;
        return true;
    }
    case JSON_OBJECT: {
        if (value->size == 0) {
            value->members = NULL;
            return true;
        }
        struct json_member *members = arena_alloc_array(arena, value->size, sizeof(*members));
        if (members == NULL || depth == 0) return false;
        memcpy(members, value->members, value->size * sizeof(*members));
        for (uint32_t i = 0; i < value->size; i++) {
            if (!copy_text(arena, &members[i].name)) return false;
            if (!copy(arena, &members[i].value, depth - 1)) return false;
        }
        value->members = members;
        return true;
    }
    }
    return false;
}

bool json_copy(struct arena *arena, const struct json *value, struct json *ret_copy)
{
    struct json result = *value;
    if (!copy(arena, &result, JSON_DEPTH_MAX)) return false;
    *ret_copy = result;
    return true;
}
