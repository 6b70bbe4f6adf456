// What values mean: their truth, equality, order, and how they combine.

#include "jsonata/value.h"

#include <math.h>

#include "base/encoding.h"
#include "jsonata/evaluation.h"

bool value_is_numeric(struct evaluation *evaluation, struct json value)
{
    if (!value_is_number(value) || value_is_nan(value)) return false;
    if (value.type == JSON_REAL && !isfinite(value.real)) {
        evaluation->error.value = value;
        evaluation->error.has_value = true;
        evaluation_fail(evaluation, "D1001");
    }
    return true;
}

bool value_to_boolean(struct evaluation *evaluation, struct json value)
{
    evaluation_step(evaluation);
    switch (value_kind(value)) {
    case JSON_TRUE: return true;
    case JSON_INTEGER: return value.integer != 0;
    case JSON_REAL:
    case JSON_NUMBER_TEXT: {
        // Infinite numbers are an error.
        return value_is_numeric(evaluation, value) && value_real(value) != 0;
    }
    case JSON_STRING: return value.size > 0;
    case JSON_OBJECT: return value.size > 0;
    case JSON_ARRAY:
        evaluation_guard_stack(evaluation);
        for (uint32_t i = 0; i < value.size; i++)
            if (value_to_boolean(evaluation, value.items[i])) return true;
        return false;
    default: return false;
    }
}

static bool objects_equal(struct evaluation *evaluation, struct json a, struct json b)
{
    if (a.size != b.size) return false;
    for (uint32_t i = 0; i < a.size; i++) {
        struct str name = json_str(&a.members[i].name);
        // Equal objects mostly have their members in the same order.
        const struct json *other = str_equal(json_str(&b.members[i].name), name)
                                       ? &b.members[i].value
                                       : json_find(&b, name);
        if (other == NULL || !values_equal(evaluation, a.members[i].value, *other)) return false;
    }
    return true;
}

bool values_equal(struct evaluation *evaluation, struct json a, struct json b)
{
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    if (value_is_number(a)) {
        if (!value_is_number(b)) return false;
        if (a.type == JSON_INTEGER && b.type == JSON_INTEGER) return a.integer == b.integer;
        return value_real(a) == value_real(b);
    }
    if (value_kind(a) != value_kind(b)) return false;
    switch (value_kind(a)) {
    case JSON_STRING: return str_equal(json_str(&a), json_str(&b));
    case JSON_ARRAY:
        if (a.size != b.size) return false;
        for (uint32_t i = 0; i < a.size; i++)
            if (!values_equal(evaluation, a.items[i], b.items[i])) return false;
        return true;
    case JSON_OBJECT: return objects_equal(evaluation, a, b);
    case VALUE_FUNCTION: return a.text == b.text;
    default: return true;
    }
}

// UTF-16 puts surrogates, and so everything beyond the basic plane, before U+E000.
int text_compare(struct str a, struct str b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    for (size_t i = 0; i < size; i++) {
        unsigned char x = (unsigned char)a.data[i], y = (unsigned char)b.data[i];
        if (x == y) continue;
        if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0)) return x >= 0xf0 ? -1 : 1;
        return x < y ? -1 : 1;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

struct json values_append(struct evaluation *evaluation, struct json a, struct json b)
{
    if (value_is_undefined(a)) return b;
    if (value_is_undefined(b)) return a;
    struct list_of_values list = {.evaluation = evaluation};
    list_grow(&list, (value_is_array(a) ? a.size : 1) + (size_t)(value_is_array(b) ? b.size : 1));
    list_push_all(&list, a);
    list_push_all(&list, b);
    return list_to_array(&list, 0);
}

static void lookup_all(struct list_of_values *list, struct json value, struct str name)
{
    struct evaluation *evaluation = list->evaluation;
    evaluation_step(evaluation);
    for (uint32_t i = 0; i < value.size; i++) {
        struct json item = value.items[i];
        if (value_is_object(item)) {
            const struct json *found = json_find(&item, name);
            if (found != NULL) list_push_all(list, *found);
        } else if (value_is_array(item)) {
            evaluation_guard_stack(evaluation);
            lookup_all(list, item, name);
        }
    }
}

struct json value_lookup(struct evaluation *evaluation, struct json value, struct str name)
{
    if (value_is_object(value)) {
        const struct json *found = json_find(&value, name);
        return found == NULL ? value_undefined : *found;
    }
    if (!value_is_array(value)) return value_undefined;
    struct list_of_values list = {.evaluation = evaluation};
    lookup_all(&list, value, name);
    return list_to_sequence(&list);
}

struct json sequence_unwrap(struct json value, bool keep_array)
{
    if (!value_is_sequence(value) || value_is_tuples(value)) return value;
    if (keep_array) value.type |= VALUE_KEEP;
    if (value.size == 0) return value_undefined;
    if (value.size == 1 && (value.type & VALUE_KEEP) == 0) return value.items[0];
    return value;
}

static void merge(struct evaluation *evaluation, struct json *items, size_t middle, size_t count,
                  struct json *scratch, const struct ordering *ordering)
{
    memcpy(scratch, items, middle * sizeof(*items));
    size_t left = 0, right = middle, out = 0;
    while (left < middle && right < count) {
        evaluation_step(evaluation);
        if (ordering->is_after(evaluation, ordering, scratch[left], items[right]))
            items[out++] = items[right++];
        else
            items[out++] = scratch[left++];
    }
    memcpy(items + out, scratch + left, (middle - left) * sizeof(*items));
}

static void merge_sort(struct evaluation *evaluation, struct json *items, size_t count,
                       struct json *scratch, const struct ordering *ordering)
{
    if (count < 2) return;
    size_t middle = count / 2;
    merge_sort(evaluation, items, middle, scratch, ordering);
    merge_sort(evaluation, items + middle, count - middle, scratch, ordering);
    merge(evaluation, items, middle, count, scratch, ordering);
}

void values_sort(struct evaluation *evaluation, struct json *items, size_t count,
                 const struct ordering *ordering)
{
    struct json *scratch = evaluation_alloc_array(evaluation, count / 2 + 1, sizeof(*scratch));
    merge_sort(evaluation, items, count, scratch, ordering);
}

void builder_append_code_point(struct text *text, uint32_t code_point)
{
    char *room = builder_reserve(text, 4);
    text->size += encoding_utf8_put(code_point, room);
}
