// Grouping, which makes objects, and ordering.

#include "jsonata/evaluation.h"

// ---------------------------------------------------------------------------------------------
// Groups: a hash table from keys to the items that have them, in order of appearance.

struct group_item {
    struct group_item *next;
    struct json value;
};

struct group {
    struct str key;
    uint32_t pair; // Whose key expression gave the key.
    size_t count;
    struct group_item *first;
    struct group_item **last;
};

struct groups {
    struct evaluation *evaluation;
    struct group *items;
    size_t count;
    size_t capacity;
    uint32_t *slots; // Index + 1; a power of two of them, at least twice as many as items.
    size_t slot_count;
};

static void groups_index(struct groups *groups, size_t slot_count)
{
    groups->slots = evaluation_alloc_array(groups->evaluation, slot_count, sizeof(*groups->slots));
    memset(groups->slots, 0, slot_count * sizeof(*groups->slots));
    groups->slot_count = slot_count;
    for (size_t i = 0; i < groups->count; i++) {
        size_t slot = str_hash(groups->items[i].key) & (slot_count - 1);
        while (groups->slots[slot] != 0)
            slot = (slot + 1) & (slot_count - 1);
        groups->slots[slot] = (uint32_t)i + 1;
    }
}

static struct group *groups_add(struct groups *groups, struct str key)
{
    if (groups->count == groups->capacity) {
        size_t capacity = groups->capacity == 0 ? 8 : groups->capacity * 2;
        struct group *items = evaluation_alloc_array(groups->evaluation, capacity, sizeof(*items));
        if (groups->count > 0) memcpy(items, groups->items, groups->count * sizeof(*items));
        groups->items = items;
        groups->capacity = capacity;
        if (capacity > 8) groups_index(groups, capacity * 2);
    }
    struct group *group = &groups->items[groups->count++];
    *group = (struct group){.key = key, .pair = UINT32_MAX};
    if (groups->slot_count > 0) {
        size_t slot = str_hash(key) & (groups->slot_count - 1);
        while (groups->slots[slot] != 0)
            slot = (slot + 1) & (groups->slot_count - 1);
        groups->slots[slot] = (uint32_t)groups->count;
    }
    return group;
}

static struct group *groups_get(struct groups *groups, struct str key)
{
    if (groups->slot_count == 0) {
        for (size_t i = 0; i < groups->count; i++)
            if (str_equal(groups->items[i].key, key)) return &groups->items[i];
        return groups_add(groups, key);
    }
    size_t slot = str_hash(key) & (groups->slot_count - 1);
    for (; groups->slots[slot] != 0; slot = (slot + 1) & (groups->slot_count - 1)) {
        struct group *group = &groups->items[groups->slots[slot] - 1];
        if (str_equal(group->key, key)) return group;
    }
    return groups_add(groups, key);
}

static void group_append(struct evaluation *evaluation, struct group *group, struct json value)
{
    struct group_item *item = evaluation_alloc(evaluation, sizeof(*item));
    *item = (struct group_item){.value = value};
    if (group->first == NULL)
        group->first = item;
    else
        *group->last = item;
    group->last = &item->next;
    group->count++;
}

// All items of a group as $append() would join them.
static struct json group_value(struct evaluation *evaluation, const struct group *group)
{
    if (group->count == 1) return group->first->value;
    struct list_of_values list = {.evaluation = evaluation};
    size_t defined = 0;
    struct json only = value_undefined;
    for (const struct group_item *item = group->first; item != NULL; item = item->next) {
        if (value_is_undefined(item->value)) continue;
        only = item->value;
        defined++;
        list_push_all(&list, item->value);
    }
    return defined < 2 ? only : list_to_array(&list, 0);
}

static void collect_pair(struct groups *groups, const struct node *node, uint32_t pair,
                         struct json item, struct frame *frame)
{
    struct evaluation *evaluation = groups->evaluation;
    struct json context = item.type == VALUE_TUPLE ? value_tuple(item)->at : item;
    struct json key = evaluate(evaluation, node->items.items[2 * pair], context, frame);
    if (value_is_undefined(key)) return;
    if (!value_is_string(key)) {
        evaluation->error.value = key;
        evaluation->error.has_value = true;
        evaluation_fail_at(evaluation, "T1003", node);
    }
    struct group *group = groups_get(groups, json_str(&key));
    if (group->pair != UINT32_MAX && group->pair != pair) {
        evaluation->error.value = key;
        evaluation->error.has_value = true;
        evaluation_fail_at(evaluation, "D1009", node);
    }
    group->pair = pair;
    group_append(evaluation, group, item);
}

// The rows of a group as one: every binding holds all their values.
static struct tuple join_tuples(struct evaluation *evaluation, const struct group *group)
{
    const struct tuple *first = value_tuple(group->first->value);
    if (group->count == 1) return *first;
    struct tuple joined = {.at = first->at};
    struct group at = {0};
    for (const struct group_item *item = group->first; item != NULL; item = item->next)
        group_append(evaluation, &at, value_tuple(item->value)->at);
    joined.at = group_value(evaluation, &at);
    for (const struct binding *binding = first->bindings; binding != NULL;
         binding = binding->next) {
        struct group values = {0};
        for (const struct group_item *item = group->first; item != NULL; item = item->next) {
            const struct binding *other = value_tuple(item->value)->bindings;
            while (other != NULL && other->name != binding->name)
                other = other->next;
            evaluation_step(evaluation);
            if (other != NULL) group_append(evaluation, &values, other->value);
        }
        joined.bindings = binding_add(evaluation, joined.bindings, binding->name,
                                      group_value(evaluation, &values));
    }
    return joined;
}

static struct json evaluate_value(struct evaluation *evaluation, const struct node *node,
                                  const struct group *group, bool is_tuples, struct frame *frame)
{
    const struct node *value = node->items.items[2 * group->pair + 1];
    if (!is_tuples) return evaluate(evaluation, value, group_value(evaluation, group), frame);
    struct tuple joined = join_tuples(evaluation, group);
    struct frame *inner = frame_of_tuple(evaluation, frame, &joined);
    return evaluate(evaluation, value, joined.at, inner);
}

// An object constructor with constant keys over a single input needs no groups.
static bool make_plain_object(struct evaluation *evaluation, const struct node *node,
                              struct json input, struct frame *frame, struct json *ret_object)
{
    uint32_t count = node->items.count / 2;
    for (uint32_t i = 0; i < count; i++) {
        const struct node *key = node->items.items[2 * i];
        if (key->type != NODE_STRING || !key->is_plain || count > 32) return false;
        for (uint32_t k = 0; k < i; k++)
            if (str_equal(json_str(&node->items.items[2 * k]->value), json_str(&key->value)))
                return false;
    }
    struct json_member *members = evaluation_alloc_array(evaluation, count, sizeof(*members));
    uint32_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct json value = evaluate(evaluation, node->items.items[2 * i + 1], input, frame);
        if (value_is_undefined(value)) continue;
        members[size++] =
            (struct json_member){node->items.items[2 * i]->value, value_stored(value)};
    }
    *ret_object = json_from_members(members, size);
    return true;
}

struct json evaluate_group(struct evaluation *evaluation, const struct node *node,
                           struct json input, struct frame *frame)
{
    bool is_tuples = value_is_tuples(input);
    bool is_array = value_is_array(input);
    const struct json *items = is_array ? input.items : &input;
    uint32_t count = is_array ? input.size : 1;
    if (count == 0) { // One object all the same.
        is_tuples = false;
        items = &value_undefined;
        count = 1;
    }
    struct json object;
    if (count == 1 && !is_tuples && make_plain_object(evaluation, node, items[0], frame, &object))
        return object;
    struct groups groups = {.evaluation = evaluation};
    for (uint32_t i = 0; i < count; i++) {
        struct frame *inner =
            is_tuples ? frame_of_tuple(evaluation, frame, value_tuple(items[i])) : frame;
        for (uint32_t pair = 0; pair < node->items.count / 2; pair++)
            collect_pair(&groups, node, pair, items[i], inner);
    }
    struct json_member *members =
        evaluation_alloc_array(evaluation, groups.count, sizeof(*members));
    size_t size = 0;
    for (size_t i = 0; i < groups.count; i++) {
        const struct group *group = &groups.items[i];
        struct json value = evaluate_value(evaluation, node, group, is_tuples, frame);
        if (value_is_undefined(value)) continue;
        members[size++] = (struct json_member){json_from_str(group->key), value_stored(value)};
    }
    return json_from_members(members, size);
}

// ---------------------------------------------------------------------------------------------
// Order

// The values to order by are found once per item, when they are first asked for: a later term may
// never be, and its errors do not count then. What is sorted are indices.
struct sort_keys {
    const struct node *node;
    struct json input;
    struct frame *frame;
    struct json *keys; // `term_count` for each item, VALUE_HOLE while not known.
};

static struct json key_of(struct evaluation *evaluation, const struct sort_keys *sort,
                          struct json index, uint32_t term)
{
    struct json *key = &sort->keys[(size_t)index.integer * sort->node->items.count + term];
    if (key->type != VALUE_HOLE) return *key;
    struct json item = sort->input.items[index.integer];
    struct frame *frame = sort->frame;
    if (value_is_tuples(sort->input)) {
        frame = frame_of_tuple(evaluation, frame, value_tuple(item));
        item = value_tuple(item)->at;
    }
    *key = evaluate(evaluation, sort->node->items.items[term]->lhs, item, frame);
    return *key;
}

static int compare_keys(struct evaluation *evaluation, const struct node *node, struct json a,
                        struct json b)
{
    // What has no value comes last.
    if (value_is_undefined(a)) return value_is_undefined(b) ? 0 : 1;
    if (value_is_undefined(b)) return -1;
    bool a_is_string = value_is_string(a), b_is_string = value_is_string(b);
    bool a_is_good = a_is_string || value_is_number(a);
    if (!a_is_good || !(b_is_string || value_is_number(b))) {
        evaluation->error.value = a_is_good ? b : a;
        evaluation->error.has_value = true;
        evaluation_fail_at(evaluation, "T2008", node);
    }
    if (a_is_string != b_is_string) {
        evaluation->error.value = a;
        evaluation->error.value2 = b;
        evaluation->error.has_value = evaluation->error.has_value2 = true;
        evaluation_fail_at(evaluation, "T2007", node);
    }
    if (a_is_string) return text_compare(json_str(&a), json_str(&b));
    double x = value_real(a), y = value_real(b);
    return x < y ? -1 : x != y;
}

static bool is_after_by_terms(struct evaluation *evaluation, const struct ordering *ordering,
                              struct json a, struct json b)
{
    const struct sort_keys *sort = ordering->data;
    uint32_t term_count = sort->node->items.count;
    for (uint32_t i = 0; i < term_count; i++) {
        struct json x = key_of(evaluation, sort, a, i);
        struct json y = key_of(evaluation, sort, b, i);
        int order = compare_keys(evaluation, sort->node, x, y);
        if (order == 0) continue;
        // Missing values are last in either direction.
        bool is_turned =
            sort->node->items.items[i]->is_descending && value_is_defined(x) && value_is_defined(y);
        return (is_turned ? -order : order) > 0;
    }
    return false;
}

struct json evaluate_sort(struct evaluation *evaluation, const struct node *node, struct json input,
                          struct frame *frame)
{
    if (!value_is_array(input) || input.size <= 1) return input;
    uint32_t term_count = node->items.count;
    struct json *keys =
        evaluation_alloc_array(evaluation, (size_t)input.size * term_count, sizeof(*keys));
    struct json *order = evaluation_alloc_array(evaluation, input.size, sizeof(*order));
    for (size_t i = 0; i < (size_t)input.size * term_count; i++)
        keys[i].type = VALUE_HOLE;
    for (uint32_t i = 0; i < input.size; i++)
        order[i] = json_from_integer(i);
    struct sort_keys sort = {node, input, frame, keys};
    struct ordering ordering = {is_after_by_terms, &sort};
    values_sort(evaluation, order, input.size, &ordering);
    for (uint32_t i = 0; i < input.size; i++)
        order[i] = input.items[order[i].integer];
    struct json result = json_from_items(order, input.size);
    if (value_is_tuples(input)) result.type = JSON_ARRAY | VALUE_SEQUENCE | VALUE_TUPLES;
    return result;
}
