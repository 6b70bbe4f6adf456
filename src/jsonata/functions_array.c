// Functions of arrays, and those that call functions for each item.

#include <math.h>

#include "jsonata/functions.h"

struct json builtin_sum(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array)) return array;
    double sum = 0;
    evaluation_steps(evaluation, array.size / 8);
    for (uint32_t i = 0; i < array.size; i++)
        sum += value_real(array.items[i]);
    return value_from_real(sum);
}

struct json builtin_count(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    struct json array = argument(call, 0);
    return json_from_integer(value_is_undefined(array) ? 0 : array.size);
}

struct json builtin_max(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array) || array.size == 0) return value_undefined;
    struct json best = array.items[0];
    evaluation_steps(evaluation, array.size / 8);
    for (uint32_t i = 1; i < array.size; i++)
        if (value_real(array.items[i]) > value_real(best) || value_is_nan(array.items[i]))
            best = array.items[i];
    return best;
}

struct json builtin_min(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array) || array.size == 0) return value_undefined;
    struct json best = array.items[0];
    evaluation_steps(evaluation, array.size / 8);
    for (uint32_t i = 1; i < array.size; i++)
        if (value_real(array.items[i]) < value_real(best) || value_is_nan(array.items[i]))
            best = array.items[i];
    return best;
}

struct json builtin_average(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array) || array.size == 0) return value_undefined;
    return value_from_real(value_real(builtin_sum(evaluation, call)) / array.size);
}

struct json builtin_append(struct evaluation *evaluation, const struct call *call)
{
    return values_append(evaluation, argument(call, 0), argument(call, 1));
}

struct json builtin_reverse(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array) || array.size <= 1) return array;
    struct json *items = evaluation_alloc_array(evaluation, array.size, sizeof(*items));
    for (uint32_t i = 0; i < array.size; i++)
        items[i] = array.items[array.size - 1 - i];
    return json_from_items(items, array.size);
}

struct json builtin_shuffle(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array) || array.size <= 1) return array;
    struct json *items = evaluation_alloc_array(evaluation, array.size, sizeof(*items));
    for (uint32_t i = 0; i < array.size; i++) {
        uint32_t other = (uint32_t)(random_uniform(evaluation->random) * (i + 1));
        if (other != i) items[i] = items[other];
        items[other] = array.items[i];
    }
    return json_from_items(items, array.size);
}

// ---------------------------------------------------------------------------------------------
// Distinct values, by a hash table of what each value would be as a number.

static uint64_t hash_value(struct evaluation *evaluation, struct json value)
{
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    uint64_t hash = value_kind(value);
    if (value_is_number(value)) {
        double real = value_real(value);
        if (real == 0) real = 0; // Minus zero is zero.
        memcpy(&hash, &real, sizeof(hash));
        return hash * 0x9e3779b97f4a7c15u;
    }
    if (value_is_string(value)) return str_hash(json_str(&value));
    if (value_is_array(value)) {
        for (uint32_t i = 0; i < value.size; i++)
            hash = hash * 31 + hash_value(evaluation, value.items[i]);
    } else if (value_is_object(value)) {
        for (uint32_t i = 0; i < value.size; i++) // In whatever order.
            hash += str_hash(json_str(&value.members[i].name)) *
                    (hash_value(evaluation, value.members[i].value) | 1);
    }
    return hash * 0x9e3779b97f4a7c15u;
}

// Every bit counts in the low ones: those of a whole number's double are all zero.
static uint64_t spread_hash(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

struct json builtin_distinct(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (!value_is_array(array) || array.size <= 1) return array;
    size_t slot_count = 16;
    while (slot_count < (size_t)array.size * 2)
        slot_count *= 2;
    uint32_t *slots = evaluation_alloc_array(evaluation, slot_count, sizeof(*slots));
    memset(slots, 0, slot_count * sizeof(*slots));
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < array.size; i++) {
        size_t slot = spread_hash(hash_value(evaluation, array.items[i])) & (slot_count - 1);
        while (slots[slot] != 0 &&
               !values_equal(evaluation, list.items[slots[slot] - 1], array.items[i]))
            slot = (slot + 1) & (slot_count - 1);
        if (slots[slot] != 0) continue;
        list_push(&list, array.items[i]);
        slots[slot] = (uint32_t)list.count;
    }
    return list_to_array(&list, array.type & VALUE_SEQUENCE);
}

struct json builtin_zip(struct evaluation *evaluation, const struct call *call)
{
    uint32_t size = UINT32_MAX;
    for (size_t i = 0; i < call->count; i++) {
        uint32_t other = value_is_array(call->arguments[i]) ? call->arguments[i].size : 0;
        if (other < size) size = other;
    }
    if (call->count == 0) size = 0;
    struct json *rows = evaluation_alloc_array(evaluation, size, sizeof(*rows));
    for (uint32_t row = 0; row < size; row++) {
        struct json *items = evaluation_alloc_array(evaluation, call->count, sizeof(*items));
        evaluation_steps(evaluation, call->count);
        for (size_t i = 0; i < call->count; i++)
            items[i] = call->arguments[i].items[row];
        rows[row] = json_from_items(items, call->count);
    }
    return json_from_items(rows, size);
}

// ---------------------------------------------------------------------------------------------
// Sorting

static bool is_after_by_value(struct evaluation *evaluation, const struct ordering *ordering,
                              struct json a, struct json b)
{
    (void)evaluation;
    (void)ordering;
    if (value_is_string(a)) return text_compare(json_str(&a), json_str(&b)) > 0;
    return value_real(a) > value_real(b);
}

static bool is_after_by_function(struct evaluation *evaluation, const struct ordering *ordering,
                                 struct json a, struct json b)
{
    const struct json *function = ordering->data;
    struct json arguments[] = {a, b};
    struct json result = apply(evaluation, *function, arguments, 2, value_null_input());
    // True as JavaScript has it, not the language: empty arrays and objects count.
    return value_is_array(result) || value_is_object(result) || value_is_function(result) ||
           value_to_boolean(evaluation, result);
}

struct json builtin_sort(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), function = argument(call, 1);
    if (value_is_undefined(array) || array.size <= 1) return array;
    struct ordering ordering = {is_after_by_value, NULL};
    if (value_is_function(function)) ordering = (struct ordering){is_after_by_function, &function};
    bool has_strings = false, has_numbers = false, has_others = false;
    for (uint32_t i = 0; i < array.size && ordering.data == NULL; i++) {
        if (value_is_string(array.items[i]))
            has_strings = true;
        else if (value_is_numeric(evaluation, array.items[i]))
            has_numbers = true;
        else
            has_others = true;
    }
    if (has_others || (has_strings && has_numbers)) {
        evaluation->error.index = 1;
        evaluation->error.has_index = true;
        evaluation_fail(evaluation, "D3070");
    }
    struct json *items = evaluation_alloc_array(evaluation, array.size, sizeof(*items));
    memcpy(items, array.items, array.size * sizeof(*items));
    values_sort(evaluation, items, array.size, &ordering);
    return json_from_items(items, array.size);
}

// ---------------------------------------------------------------------------------------------
// Functions of items

struct json apply_to_item(struct evaluation *evaluation, struct json function, struct json item,
                          struct json second, struct json whole)
{
    struct json arguments[] = {item, second, whole};
    size_t arity = function_arity(function);
    size_t count = arity < 2 ? 1 : arity > 3 ? 3 : arity;
    return apply(evaluation, function, arguments, count, value_null_input());
}

struct json builtin_map(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), function = argument(call, 1);
    if (value_is_undefined(array)) return array;
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < array.size; i++) {
        struct json result =
            apply_to_item(evaluation, function, array.items[i], json_from_integer(i), array);
        if (value_is_defined(result)) list_push(&list, value_stored(result));
    }
    return list_to_sequence(&list);
}

struct json builtin_filter(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), function = argument(call, 1);
    if (value_is_undefined(array)) return array;
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < array.size; i++) {
        struct json result =
            apply_to_item(evaluation, function, array.items[i], json_from_integer(i), array);
        if (value_to_boolean(evaluation, result)) list_push(&list, array.items[i]);
    }
    return list_to_sequence(&list);
}

struct json builtin_single(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), function = argument(call, 1);
    if (value_is_undefined(array)) return array;
    struct json found = value_undefined;
    bool has_found = false;
    for (uint32_t i = 0; i < array.size; i++) {
        if (value_is_function(function) &&
            !value_to_boolean(evaluation, apply_to_item(evaluation, function, array.items[i],
                                                        json_from_integer(i), array)))
            continue;
        if (has_found) {
            evaluation->error.index = i;
            evaluation->error.has_index = true;
            evaluation_fail(evaluation, "D3138");
        }
        has_found = true;
        found = array.items[i];
    }
    if (!has_found) evaluation_fail(evaluation, "D3139");
    return found;
}

struct json builtin_reduce(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), function = argument(call, 1);
    if (value_is_undefined(array)) return array;
    size_t arity = function_arity(function);
    if (arity < 2) {
        evaluation->error.index = 1;
        evaluation->error.has_index = true;
        evaluation_fail(evaluation, "D3050");
    }
    struct json result = argument(call, 2);
    uint32_t i = 0;
    if (value_is_undefined(result) && array.size > 0) result = array.items[i++];
    for (; i < array.size; i++) {
        struct json arguments[] = {result, array.items[i], json_from_integer(i), array};
        result = apply(evaluation, function, arguments, arity > 4 ? 4 : arity, value_null_input());
    }
    return result;
}
