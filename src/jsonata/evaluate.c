// The evaluator's heart: one function that tells node types apart, and the small ones it needs.

#include <stdlib.h>

#include "jsonata/evaluation.h"

static struct json evaluate_by_type(struct evaluation *evaluation, const struct node *node,
                                    struct json input, struct frame *frame);

// The binding with that name, in the nearest frame that has one.
static const struct binding *frame_find(const struct frame *frame, uint32_t name)
{
    for (; frame != NULL; frame = frame->outer)
        for (const struct binding *binding = frame->bindings; binding != NULL;
             binding = binding->next)
            if (binding->name == name) return binding;
    return NULL;
}

static struct json evaluate_variable(struct evaluation *evaluation, const struct node *node,
                                     struct json input, const struct frame *frame)
{
    if (node->global >= 0) return evaluation->globals[node->global];
    if (node->name == NAME_INPUT) return value_is_outer(input) ? input.items[0] : input;
    if (node->name == NAME_ROOT) return evaluation->root;
    const struct binding *binding = frame_find(frame, node->name);
    if (binding != NULL) return binding->value;
    // Bound somewhere else in the expression, but not here: it may still come from outside.
    return evaluation->globals[node->outside];
}

static uint32_t slot_label(const struct slot *slot)
{
    while (slot->same != NULL)
        slot = slot->same;
    return slot->label;
}

static struct json evaluate_parent(const struct evaluation *evaluation, const struct node *node,
                                   const struct frame *frame)
{
    uint32_t name = evaluation->jsonata->label_base + slot_label(node->slot);
    const struct binding *binding = frame_find(frame, name);
    return binding == NULL ? value_undefined : binding->value;
}

static struct json evaluate_negate(struct evaluation *evaluation, const struct node *node,
                                   struct json input, struct frame *frame)
{
    struct json value = evaluate(evaluation, node->lhs, input, frame);
    if (value_is_undefined(value)) return value;
    if (value.type == JSON_INTEGER && value.integer != INT64_MIN && value.integer != 0)
        return json_from_integer(-value.integer);
    if (value_is_numeric(evaluation, value)) return json_from_real(-value_real(value));
    evaluation->error.value = value;
    evaluation->error.has_value = true;
    evaluation_fail_at(evaluation, "D1002", node);
}

static struct json evaluate_array(struct evaluation *evaluation, const struct node *node,
                                  struct json input, struct frame *frame)
{
    unsigned flags = node->is_constructed ? VALUE_CONSTRUCTED : 0;
    struct list_of_values list = {.evaluation = evaluation};
    for (uint32_t i = 0; i < node->items.count; i++) {
        const struct node *item = node->items.items[i];
        struct json value = evaluate(evaluation, item, input, frame);
        if (value_is_undefined(value)) continue;
        if (item->type == NODE_ARRAY) {
            list_push(&list, value_stored(value));
        } else if (value_is_array(value) && list.count == 0 && node->items.count == 1) {
            // Alone, the items need no copy.
            value.type = (uint8_t)(JSON_ARRAY | flags);
            return value;
        } else {
            list_push_all(&list, value);
        }
    }
    // Even an empty array is only the same as itself.
    if (list.count == 0) list.items = evaluation_alloc(evaluation, sizeof(*list.items));
    return list_to_array(&list, flags);
}

// An array with the arrays inside it dissolved, at any depth.
static void push_flat(struct list_of_values *list, struct json value)
{
    evaluation_step(list->evaluation);
    if (!value_is_array(value)) {
        list_push(list, value);
        return;
    }
    evaluation_guard_stack(list->evaluation);
    for (uint32_t i = 0; i < value.size; i++)
        push_flat(list, value.items[i]);
}

static struct json evaluate_wildcard(struct evaluation *evaluation, struct json input)
{
    if (value_is_outer(input)) input = input.items[0];
    struct list_of_values list = {.evaluation = evaluation};
    unsigned flags = VALUE_SEQUENCE;
    bool is_object = value_is_object(input);
    if (!is_object && !value_is_array(input)) return list_to_sequence(&list);
    for (uint32_t i = 0; i < input.size; i++) {
        struct json value = is_object ? input.members[i].value : input.items[i];
        // The language makes a plain array of it as soon as one of the values is an array.
        if (value_is_array(value)) flags = 0;
        push_flat(&list, value);
    }
    return list_to_array(&list, flags);
}

static void push_descendants(struct list_of_values *list, struct json value)
{
    struct evaluation *evaluation = list->evaluation;
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    if (!value_is_array(value)) list_push(list, value);
    if (value_is_array(value)) {
        for (uint32_t i = 0; i < value.size; i++)
            push_descendants(list, value.items[i]);
    } else if (value_is_object(value)) {
        for (uint32_t i = 0; i < value.size; i++)
            push_descendants(list, value.members[i].value);
    }
}

static struct json evaluate_descendants(struct evaluation *evaluation, struct json input)
{
    if (value_is_undefined(input)) return input;
    struct list_of_values list = {.evaluation = evaluation};
    push_descendants(&list, input);
    return list.count == 1 ? list.items[0] : list_to_sequence(&list);
}

static struct json evaluate_block(struct evaluation *evaluation, const struct node *node,
                                  struct json input, struct frame *frame)
{
    if (node->is_scope) frame = frame_new(evaluation, frame);
    struct json result = value_undefined;
    for (uint32_t i = 0; i < node->items.count; i++)
        result = evaluate(evaluation, node->items.items[i], input, frame);
    return result;
}

static struct json evaluate_condition(struct evaluation *evaluation, const struct node *node,
                                      struct json input, struct frame *frame)
{
    struct json condition = evaluate(evaluation, node->lhs, input, frame);
    if (value_to_boolean(evaluation, condition))
        return evaluate(evaluation, node->rhs, input, frame);
    return node->third == NULL ? value_undefined : evaluate(evaluation, node->third, input, frame);
}

static struct json evaluate_bind(struct evaluation *evaluation, const struct node *node,
                                 struct json input, struct frame *frame)
{
    struct json value = evaluate(evaluation, node->rhs, input, frame);
    frame_bind(evaluation, frame, node->lhs->name, value);
    return value;
}

static struct json evaluate_closure(struct evaluation *evaluation, const struct node *node,
                                    struct json input, struct frame *frame)
{
    struct function *function = evaluation_alloc(evaluation, sizeof(*function));
    *function = (struct function){
        .kind = node->type == NODE_LAMBDA  ? FUNCTION_LAMBDA
                : node->type == NODE_REGEX ? FUNCTION_REGEX
                                           : FUNCTION_TRANSFORM,
        .arity = node->type == NODE_LAMBDA  ? node->items.count
                 : node->type == NODE_REGEX ? 2 // The text, and where to start in it.
                                            : 1,
        .signature = node->signature,
        .node = node,
        .frame = frame,
        .input = input,
        .regex = node->regex,
    };
    return value_from_function(function);
}

static struct json evaluate_function(struct evaluation *evaluation, const struct node *node,
                                     struct json input, struct frame *frame)
{
    if (!node->is_tail) return evaluate_call(evaluation, node, input, frame, NULL);
    // Whoever applied the function makes the call, when the stack is as low as it was.
    evaluation->thunk = node;
    evaluation->thunk_input = input;
    evaluation->thunk_frame = frame;
    return (struct json){.type = VALUE_THUNK};
}

static struct json evaluate_name(struct evaluation *evaluation, const struct node *node,
                                 struct json input)
{
    return value_lookup(evaluation, input, node->text);
}

static struct json evaluate_by_type(struct evaluation *evaluation, const struct node *node,
                                    struct json input, struct frame *frame)
{
    switch ((int)node->type) { // NOLINT: dispatch.
    case NODE_PATH: return evaluate_path(evaluation, node, input, frame);
    case NODE_NAME: return evaluate_name(evaluation, node, input);
    case NODE_STRING:
    case NODE_NUMBER:
    case NODE_VALUE: return node->value;
    case NODE_VARIABLE: return evaluate_variable(evaluation, node, input, frame);
    case NODE_WILDCARD: return evaluate_wildcard(evaluation, input);
    case NODE_DESCENDANT: return evaluate_descendants(evaluation, input);
    case NODE_PARENT: return evaluate_parent(evaluation, node, frame);
    case NODE_BINARY: return evaluate_binary(evaluation, node, input, frame);
    case NODE_NEGATE: return evaluate_negate(evaluation, node, input, frame);
    case NODE_ARRAY: return evaluate_array(evaluation, node, input, frame);
    case NODE_OBJECT: return evaluate_group(evaluation, node, input, frame);
    case NODE_BLOCK: return evaluate_block(evaluation, node, input, frame);
    case NODE_CONDITION: return evaluate_condition(evaluation, node, input, frame);
    case NODE_BIND: return evaluate_bind(evaluation, node, input, frame);
    case NODE_FUNCTION: return evaluate_function(evaluation, node, input, frame);
    case NODE_PARTIAL: return evaluate_partial(evaluation, node, input, frame);
    case NODE_REGEX:
    case NODE_TRANSFORM:
    case NODE_LAMBDA: return evaluate_closure(evaluation, node, input, frame);
    case NODE_APPLY: return evaluate_apply(evaluation, node, input, frame);
    case NODE_OPERATOR: return (struct json){.type = VALUE_HOLE};
    case NODE_SORT: return evaluate_sort(evaluation, node, input, frame);
    default: break;
    }
    abort(); // Types that only the parser knows.
}

struct json evaluate(struct evaluation *evaluation, const struct node *node, struct json input,
                     struct frame *frame)
{
    evaluation_step(evaluation);
    if (UNLIKELY(++evaluation->depth > evaluation->depth_max ||
                 (const char *)__builtin_frame_address(0) < evaluation->stack_end))
        evaluation_out_of_depth(evaluation);
    struct json result = evaluate_by_type(evaluation, node, input, frame);
    if (UNLIKELY(!node->is_plain)) {
        for (uint32_t i = 0; i < node->predicates.count; i++)
            result = evaluate_filter(evaluation, node->predicates.items[i], result, frame);
        if (node->group != NULL && node->type != NODE_PATH)
            result = evaluate_group(evaluation, node->group, result, frame);
    }
    evaluation->depth--;
    return sequence_unwrap(result, node->keep_array);
}
