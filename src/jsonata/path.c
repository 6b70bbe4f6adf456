// Paths: each step is evaluated for every item that the step before gave. A path that binds
// variables or remembers ancestors carries tuples instead of items.

#include "jsonata/evaluation.h"

static bool is_false_start(struct json value)
{
    return value_is_undefined(value) || (value_is_array(value) && value.size == 0);
}

static struct json filter_by_index(struct evaluation *evaluation, struct json input, double real)
{
    double index = __builtin_floor(real);
    unsigned flags = value_is_tuples(input) ? VALUE_SEQUENCE | VALUE_TUPLES : VALUE_SEQUENCE;
    struct json none = {.type = (uint8_t)(JSON_ARRAY | flags)};
    bool is_array = value_is_array(input);
    double size = is_array ? input.size : 1;
    if (index < 0) index += size;
    if (!(index >= 0 && index < size)) return none;
    struct json item = is_array ? input.items[(size_t)index] : input;
    if (value_is_undefined(item)) return none;
    return value_is_array(item) ? item : array_of_one(evaluation, item, flags);
}

static bool is_number_list(struct evaluation *evaluation, struct json value)
{
    if (!value_is_array(value)) return false;
    for (uint32_t i = 0; i < value.size; i++)
        if (!value_is_numeric(evaluation, value.items[i])) return false;
    return true;
}

// Whether the predicate's result picks the item at `index`, or how often.
static size_t count_picks(struct evaluation *evaluation, struct json result, size_t index,
                          size_t size)
{
    struct json one;
    if (value_is_numeric(evaluation, result)) {
        one = result;
        result = json_from_items(&one, 1);
    } else if (!is_number_list(evaluation, result)) {
        return value_to_boolean(evaluation, result);
    }
    size_t picks = 0;
    for (uint32_t i = 0; i < result.size; i++) {
        double position = __builtin_floor(value_real(result.items[i]));
        if (position < 0) position += (double)size;
        if (position == (double)index) picks++;
    }
    return picks;
}

struct json evaluate_filter(struct evaluation *evaluation, const struct node *predicate,
                            struct json input, struct frame *frame)
{
    if (predicate->type == NODE_NUMBER)
        return filter_by_index(evaluation, input, value_real(predicate->value));
    bool is_tuples = value_is_tuples(input);
    struct json single = input;
    if (!value_is_array(input)) {
        input = json_from_items(&single, 1);
        if (value_is_undefined(single)) input.size = 1;
    }
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < input.size; i++) {
        struct json item = input.items[i];
        struct json context = item;
        struct frame *inner = frame;
        if (is_tuples) {
            context = value_tuple(item)->at;
            inner = frame_of_tuple(evaluation, frame, value_tuple(item));
        }
        struct json result = evaluate(evaluation, predicate, context, inner);
        size_t picks = count_picks(evaluation, result, i, input.size);
        while (picks-- > 0)
            list_push(&list, item);
    }
    return list_to_array(&list, is_tuples ? VALUE_SEQUENCE | VALUE_TUPLES : VALUE_SEQUENCE);
}

static struct json evaluate_stages(struct evaluation *evaluation, const struct node *step,
                                   struct json input, struct frame *frame)
{
    for (uint32_t i = 0; i < step->stages.count; i++) {
        const struct stage *stage = &step->stages.items[i];
        if (stage->filter != NULL) {
            input = evaluate_filter(evaluation, stage->filter, input, frame);
            continue;
        }
        // The filter before may have left a single tuple or none.
        if (!value_is_tuples(input)) continue;
        struct json *rows = evaluation_alloc_array(evaluation, input.size, sizeof(*rows));
        for (uint32_t k = 0; k < input.size; k++) {
            struct tuple *tuple = evaluation_alloc(evaluation, sizeof(*tuple));
            *tuple = *value_tuple(input.items[k]);
            tuple->bindings =
                binding_add(evaluation, tuple->bindings, stage->index, json_from_integer(k));
            rows[k] = value_from_tuple(tuple);
        }
        input.items = rows;
    }
    return input;
}

// ---------------------------------------------------------------------------------------------
// Plain steps

static void push_result(struct list_of_values *list, struct json value)
{
    if (value_is_array(value) && (value.type & VALUE_CONSTRUCTED) == 0)
        list_push_all(list, value);
    else
        list_push(list, value_stored(value));
}

static struct json evaluate_step_item(struct evaluation *evaluation, const struct node *step,
                                      struct json item, struct frame *frame)
{
    struct json result;
    // Names are most of all steps.
    if (step->type == NODE_NAME && step->is_plain && value_is_object(item)) {
        evaluation_step(evaluation);
        const struct json *found = json_find(&item, step->text);
        result = found == NULL ? value_undefined : *found;
    } else {
        result = evaluate(evaluation, step, item, frame);
    }
    for (uint32_t i = 0; i < step->stages.count; i++)
        if (step->stages.items[i].filter != NULL)
            result = evaluate_filter(evaluation, step->stages.items[i].filter, result, frame);
    return result;
}

static struct json evaluate_step(struct evaluation *evaluation, const struct node *step,
                                 struct json input, struct frame *frame, bool is_last)
{
    if (step->type == NODE_SORT) {
        struct json sorted = evaluate_sort(evaluation, step, input, frame);
        return evaluate_stages(evaluation, step, sorted, frame);
    }
    struct list_of_values list = {.evaluation = evaluation};
    struct json first = value_undefined; // Held back until there is a second one.
    bool has_second = false;
    for (uint32_t i = 0; i < input.size; i++) {
        struct json result = evaluate_step_item(evaluation, step, input.items[i], frame);
        if (value_is_undefined(result)) continue;
        if (value_is_undefined(first)) {
            first = result;
            continue;
        }
        if (!has_second) {
            if (input.size - i < 65536) list_grow(&list, input.size - i + 1);
            push_result(&list, first);
        }
        has_second = true;
        push_result(&list, result);
    }
    if (value_is_undefined(first)) return list_to_sequence(&list);
    if (has_second) return list_to_sequence(&list);
    if (value_is_array(first) && !value_is_sequence(first) && is_last) return first;
    if (value_is_array(first) && (first.type & VALUE_CONSTRUCTED) == 0) {
        first.type = JSON_ARRAY | VALUE_SEQUENCE;
        return first;
    }
    return array_of_one(evaluation, value_stored(first), VALUE_SEQUENCE);
}

// ---------------------------------------------------------------------------------------------
// Steps that carry tuples

static const struct binding *bindings_of_both(struct evaluation *evaluation,
                                              const struct binding *bindings,
                                              const struct binding *others)
{
    if (others == NULL) return bindings;
    return binding_add(evaluation, bindings_of_both(evaluation, bindings, others->next),
                       others->name, others->value);
}

static struct tuple *next_tuple(struct evaluation *evaluation, const struct node *step,
                                const struct tuple *before, struct json item, uint32_t index)
{
    struct tuple *tuple = evaluation_alloc(evaluation, sizeof(*tuple));
    *tuple = *before;
    if (item.type == VALUE_TUPLE) {
        const struct tuple *inner = value_tuple(item);
        tuple->at = inner->at;
        tuple->bindings = bindings_of_both(evaluation, before->bindings, inner->bindings);
        return tuple;
    }
    if (step->focus != 0)
        tuple->bindings = binding_add(evaluation, tuple->bindings, step->focus, item);
    else
        tuple->at = item;
    if (step->index != 0)
        tuple->bindings =
            binding_add(evaluation, tuple->bindings, step->index, json_from_integer(index));
    if (step->ancestor != NULL) {
        const struct slot *slot = step->ancestor;
        while (slot->same != NULL)
            slot = slot->same;
        uint32_t name = evaluation->jsonata->label_base + slot->label;
        tuple->bindings = binding_add(evaluation, tuple->bindings, name, before->at);
    }
    return tuple;
}

static struct json sorted_to_tuples(struct evaluation *evaluation, const struct node *step,
                                    struct json sorted)
{
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < sorted.size; i++) {
        struct tuple *tuple = evaluation_alloc(evaluation, sizeof(*tuple));
        *tuple = (struct tuple){.at = sorted.items[i]};
        if (step->index != 0)
            tuple->bindings = binding_add(evaluation, NULL, step->index, json_from_integer(i));
        list_push(&list, value_from_tuple(tuple));
    }
    return list_to_array(&list, VALUE_SEQUENCE | VALUE_TUPLES);
}

static struct json evaluate_tuple_sort(struct evaluation *evaluation, const struct node *step,
                                       struct json input, struct json tuples, struct frame *frame)
{
    struct json result;
    if (value_is_defined(tuples))
        result = evaluate_sort(evaluation, step, tuples, frame);
    else
        result = sorted_to_tuples(evaluation, step, evaluate_sort(evaluation, step, input, frame));
    return evaluate_stages(evaluation, step, result, frame);
}

static struct json evaluate_tuple_step(struct evaluation *evaluation, const struct node *step,
                                       struct json input, struct json tuples, struct frame *frame)
{
    if (step->type == NODE_SORT) return evaluate_tuple_sort(evaluation, step, input, tuples, frame);
    struct list_of_values list = {.evaluation = evaluation};
    bool has_tuples = value_is_defined(tuples);
    struct json rows = has_tuples ? tuples : input;
    for (uint32_t i = 0; i < rows.size; i++) {
        struct tuple plain = {.at = rows.items[i]};
        const struct tuple *tuple = has_tuples ? value_tuple(rows.items[i]) : &plain;
        struct frame *inner = frame_of_tuple(evaluation, frame, tuple);
        struct json result = evaluate(evaluation, step, tuple->at, inner);
        if (value_is_undefined(result)) continue;
        const struct json *items = value_is_array(result) ? result.items : &result;
        uint32_t count = value_is_array(result) ? result.size : 1;
        for (uint32_t k = 0; k < count; k++) {
            evaluation_step(evaluation);
            list_push(&list, value_from_tuple(next_tuple(evaluation, step, tuple, items[k], k)));
        }
    }
    struct json result = list_to_array(&list, VALUE_SEQUENCE | VALUE_TUPLES);
    return evaluate_stages(evaluation, step, result, frame);
}

static struct json tuples_to_values(struct evaluation *evaluation, struct json tuples)
{
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < tuples.size; i++)
        list_push(&list, value_stored(value_tuple(tuples.items[i])->at));
    return list_to_sequence(&list);
}

// ---------------------------------------------------------------------------------------------

static struct json finish_path(struct evaluation *evaluation, const struct node *node,
                               struct json result, struct json tuples, bool is_tuples,
                               struct frame *frame)
{
    if (is_tuples) result = node->is_tuple ? tuples : tuples_to_values(evaluation, tuples);
    if (node->keep_singleton_array && value_is_array(result)) {
        if ((result.type & VALUE_OUTER) == VALUE_CONSTRUCTED)
            result = array_of_one(evaluation, value_stored(result), VALUE_SEQUENCE);
        result.type |= VALUE_KEEP;
    }
    if (node->group != NULL)
        result = evaluate_group(evaluation, node->group, is_tuples ? tuples : result, frame);
    return result;
}

struct json evaluate_path(struct evaluation *evaluation, const struct node *node, struct json input,
                          struct frame *frame)
{
    const struct node_list *steps = &node->items;
    const struct node *first = steps->items[0];
    // A single name on an object needs no sequence at all.
    if (steps->count == 1 && first->type == NODE_NAME && value_is_object(input) &&
        !first->is_tuple && first->stages.count == 0 && first->is_plain && node->group == NULL &&
        !node->keep_singleton_array) {
        const struct json *found = json_find(&input, first->text);
        return found == NULL ? value_undefined : *found;
    }
    struct json single = input;
    if (!value_is_array(input) || first->type == NODE_VARIABLE) {
        // An array constructor may keep its input; other steps only look at the items.
        input = first->is_constructed ? array_of_one(evaluation, input, VALUE_SEQUENCE)
                                      : json_from_items(&single, 1);
    }
    struct json result = value_undefined, tuples = value_undefined;
    bool is_tuples = false;
    for (uint32_t i = 0; i < steps->count; i++) {
        const struct node *step = steps->items[i];
        if (step->is_tuple) is_tuples = true;
        if (i == 0 && step->is_constructed) {
            result = evaluate(evaluation, step, input, frame);
        } else if (is_tuples) {
            tuples = evaluate_tuple_step(evaluation, step, input, tuples, frame);
        } else {
            result = evaluate_step(evaluation, step, input, frame, i + 1 == steps->count);
        }
        if (!is_tuples && is_false_start(result)) break;
        if (step->focus == 0 && !is_tuples) input = result;
        // A constructor with a group is an object, in which the next step finds no items.
        if (!value_is_array(input)) input = json_empty_array;
    }
    return finish_path(evaluation, node, result, tuples, is_tuples, frame);
}
