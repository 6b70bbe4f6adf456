// The transform operator: a copy of its input in which objects are changed.
//
// Values are immutable, so a changed object is a new one; which object replaces which is remembered
// by the address of the members of the copy, and put together when a value is looked at again.

#include "jsonata/evaluation.h"

struct change {
    struct change *next;
    const struct json_member *members; // Of the object in the copy.
    struct json changed;
};

struct transformation {
    struct evaluation *evaluation;
    struct change **slots;
    size_t slot_count; // A power of two.
    size_t count;
};

struct json value_copy(struct evaluation *evaluation, struct json value)
{
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    if (value_is_array(value)) {
        struct json *items = evaluation_alloc_array(evaluation, value.size, sizeof(*items));
        for (uint32_t i = 0; i < value.size; i++)
            items[i] = value_copy(evaluation, value.items[i]);
        return json_from_items(items, value.size);
    }
    if (!value_is_object(value)) return value;
    // Never of size 0: the address is the object's identity.
    struct json_member *members =
        evaluation_alloc_array(evaluation, (size_t)value.size + 1, sizeof(*members));
    for (uint32_t i = 0; i < value.size; i++) {
        members[i].name = value.members[i].name;
        members[i].value = value_copy(evaluation, value.members[i].value);
    }
    return json_from_members(members, value.size);
}

static size_t slot_of(const struct transformation *transformation,
                      const struct json_member *members)
{
    uint64_t address = (uint64_t)(uintptr_t)members >> 4;
    return (size_t)((address * 0x9e3779b97f4a7c15u) >> 32) & (transformation->slot_count - 1);
}

static struct change *change_find(const struct transformation *transformation,
                                  const struct json_member *members)
{
    struct change *change = transformation->slots[slot_of(transformation, members)];
    while (change != NULL && change->members != members)
        change = change->next;
    return change;
}

static void slots_grow(struct transformation *transformation, size_t slot_count)
{
    struct change **old = transformation->slots;
    size_t old_count = transformation->slot_count;
    transformation->slots =
        evaluation_alloc_array(transformation->evaluation, slot_count, sizeof(struct change *));
    memset(transformation->slots, 0, slot_count * sizeof(struct change *));
    transformation->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct change *change = old[i], *next; change != NULL; change = next) {
            next = change->next;
            struct change **slot = &transformation->slots[slot_of(transformation, change->members)];
            change->next = *slot;
            *slot = change;
        }
    }
}

static void change_set(struct transformation *transformation, const struct json_member *members,
                       struct json changed)
{
    struct change *change = change_find(transformation, members);
    if (change == NULL) {
        if (transformation->count == transformation->slot_count)
            slots_grow(transformation, transformation->slot_count * 4);
        struct change **slot = &transformation->slots[slot_of(transformation, members)];
        change = evaluation_alloc(transformation->evaluation, sizeof(*change));
        *change = (struct change){.next = *slot, .members = members};
        *slot = change;
        transformation->count++;
    }
    change->changed = changed;
}

static struct json with_changes(struct transformation *transformation, struct json value);

static struct json array_with_changes(struct transformation *transformation, struct json array)
{
    struct json *items = NULL;
    for (uint32_t i = 0; i < array.size; i++) {
        struct json item = with_changes(transformation, array.items[i]);
        if (items == NULL && item.items != array.items[i].items) {
            items = evaluation_alloc_array(transformation->evaluation, array.size, sizeof(*items));
            memcpy(items, array.items, array.size * sizeof(*items));
        }
        if (items != NULL) items[i] = item;
    }
    if (items != NULL) array.items = items;
    return array;
}

static struct json object_with_changes(struct transformation *transformation, struct json object)
{
    struct json_member *members = NULL;
    for (uint32_t i = 0; i < object.size; i++) {
        struct json value = with_changes(transformation, object.members[i].value);
        if (members == NULL && value.items != object.members[i].value.items) {
            members =
                evaluation_alloc_array(transformation->evaluation, object.size, sizeof(*members));
            memcpy(members, object.members, object.size * sizeof(*members));
        }
        if (members != NULL) members[i].value = value;
    }
    return members == NULL ? object : json_from_members(members, object.size);
}

// The value with all changes made so far. What has none inside stays the value it was: when an
// update puts it elsewhere, its later changes are seen there too.
static struct json with_changes(struct transformation *transformation, struct json value)
{
    struct evaluation *evaluation = transformation->evaluation;
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    if (transformation->count == 0) return value;
    if (value_is_array(value)) return array_with_changes(transformation, value);
    if (!value_is_object(value)) return value;
    const struct change *change = change_find(transformation, value.members);
    return object_with_changes(transformation, change == NULL ? value : change->changed);
}

static NO_RETURN void fail_clause(struct evaluation *evaluation, const char *code,
                                  const struct node *clause, struct json value)
{
    evaluation->error.value = value;
    evaluation->error.has_value = true;
    evaluation_fail_at(evaluation, code, clause);
}

static struct json update_members(struct transformation *transformation, const struct node *node,
                                  struct json object, struct json update)
{
    if (value_is_undefined(update)) return object;
    if (!value_is_object(update))
        fail_clause(transformation->evaluation, "T2011", node->rhs, update);
    struct json_members members;
    json_members_init(&members, transformation->evaluation->arena);
    for (uint32_t i = 0; i < object.size; i++)
        json_members_set(&members, json_str(&object.members[i].name), object.members[i].value);
    for (uint32_t i = 0; i < update.size; i++)
        json_members_set(&members, json_str(&update.members[i].name), update.members[i].value);
    struct json result = json_members_finish(&members);
    if (transformation->evaluation->arena->is_exhausted)
        evaluation_out_of_memory(transformation->evaluation);
    return result;
}

static bool is_deleted(struct json names, struct str name)
{
    if (!value_is_array(names)) return str_equal(json_str(&names), name);
    for (uint32_t i = 0; i < names.size; i++)
        if (str_equal(json_str(&names.items[i]), name)) return true;
    return false;
}

static struct json delete_members(struct transformation *transformation, const struct node *node,
                                  struct json object, struct json names)
{
    struct evaluation *evaluation = transformation->evaluation;
    if (value_is_undefined(names)) return object;
    bool is_good = value_is_string(names) || value_is_array(names);
    for (uint32_t i = 0; is_good && value_is_array(names) && i < names.size; i++)
        if (!value_is_string(names.items[i])) is_good = false;
    if (!is_good) fail_clause(evaluation, "T2012", node->third, names);
    struct json_member *members =
        evaluation_alloc_array(evaluation, (size_t)object.size + 1, sizeof(*members));
    uint32_t size = 0;
    for (uint32_t i = 0; i < object.size; i++)
        if (!is_deleted(names, json_str(&object.members[i].name)))
            members[size++] = object.members[i];
    return json_from_members(members, size);
}

static void transform_match(struct transformation *transformation, const struct function *function,
                            struct json match)
{
    struct evaluation *evaluation = transformation->evaluation;
    const struct node *node = function->node;
    struct json update =
        evaluate(evaluation, node->rhs, with_changes(transformation, match), function->frame);
    struct json object = value_undefined;
    if (value_is_object(match)) {
        const struct change *change = change_find(transformation, match.members);
        object = change == NULL ? match : change->changed;
    }
    bool is_object = value_is_object(object);
    struct json changed =
        update_members(transformation, node, is_object ? object : json_empty_object, update);
    if (is_object) change_set(transformation, match.members, changed);
    if (node->third == NULL) return;
    struct json names =
        evaluate(evaluation, node->third, with_changes(transformation, match), function->frame);
    changed = delete_members(transformation, node, changed, names);
    if (is_object) change_set(transformation, match.members, changed);
}

struct json run_transform(struct evaluation *evaluation, const struct function *function,
                          struct json value)
{
    enum { SLOTS = 16 };
    if (value_is_undefined(value)) return value;
    if (!value_is_object(value) && !value_is_array(value))
        evaluation_fail_value(evaluation, "T0410", value, 1);
    struct json copy = value_copy(evaluation, value);
    struct transformation transformation = {.evaluation = evaluation};
    slots_grow(&transformation, SLOTS);
    struct json matches = evaluate(evaluation, function->node->lhs, copy, function->frame);
    if (!value_is_array(matches)) {
        if (value_is_defined(matches)) transform_match(&transformation, function, matches);
    } else {
        for (uint32_t i = 0; i < matches.size; i++)
            transform_match(&transformation, function, matches.items[i]);
    }
    return with_changes(&transformation, copy);
}
