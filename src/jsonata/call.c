// Applying functions: of the library, of the expression, partial, composed, and patterns.

#include <stdlib.h>

#include "jsonata/evaluation.h"
#include "jsonata/functions.h"
#include "jsonata/regex.h"
#include "jsonata/signature.h"

enum { ARGUMENTS_ON_STACK = 20 };

static NO_RETURN void fail_signature(struct evaluation *evaluation,
                                     const struct signature_failure *failure)
{
    if (failure->code == NULL) evaluation_out_of_memory(evaluation);
    struct jsonata_error *error = &evaluation->error;
    if (failure->type != NULL) {
        error->value2 = json_from_str(str_from_c(failure->type));
        error->has_value2 = true;
    }
    evaluation_fail_value(evaluation, failure->code, failure->value, failure->index);
}

static struct json apply_lambda(struct evaluation *evaluation, const struct function *function,
                                const struct json *arguments, size_t count)
{
    const struct node *node = function->node;
    struct frame *frame = evaluation_alloc(
        evaluation, sizeof(struct frame) + node->items.count * sizeof(struct binding));
    *frame = (struct frame){.outer = function->frame};
    struct binding *bindings = (void *)(frame + 1);
    for (uint32_t i = 0; i < node->items.count; i++) {
        bindings[i] = (struct binding){
            .next = frame->bindings,
            .name = node->items.items[i]->name,
            .value = i < count ? arguments[i] : value_undefined,
        };
        frame->bindings = &bindings[i];
    }
    return evaluate(evaluation, node->rhs, function->input, frame);
}

static struct json apply_partial(struct evaluation *evaluation, const struct function *function,
                                 const struct json *arguments, size_t count, struct json input)
{
    size_t total = function->argument_count;
    struct json *all = evaluation_alloc_array(evaluation, total, sizeof(*all));
    size_t used = 0;
    for (size_t i = 0; i < total; i++) {
        all[i] = function->arguments[i];
        if (all[i].type == VALUE_HOLE) all[i] = used < count ? arguments[used++] : value_undefined;
    }
    return apply(evaluation, value_from_function(function->first), all, total, input);
}

static struct json run_function(struct evaluation *evaluation, const struct function *function,
                                struct json *arguments, size_t count, struct json input)
{
    switch (function->kind) {
    case FUNCTION_BUILTIN: {
        struct call call = {arguments, count, input};
        return function->builtin->run(evaluation, &call);
    }
    case FUNCTION_LAMBDA: return apply_lambda(evaluation, function, arguments, count);
    case FUNCTION_PARTIAL: return apply_partial(evaluation, function, arguments, count, input);
    case FUNCTION_COMPOSED: {
        struct json inner = apply(evaluation, value_from_function(function->first), arguments,
                                  count > 1 ? 1 : count, value_null_input());
        return apply(evaluation, value_from_function(function->second), &inner, 1,
                     value_null_input());
    }
    case FUNCTION_TRANSFORM:
        if (count == 0) return run_transform(evaluation, function, input);
        return run_transform(evaluation, function, arguments[0]);
    case FUNCTION_REGEX:
    case FUNCTION_NEXT: return run_regex(evaluation, function, arguments, count);
    }
    abort(); // All kinds have returned.
}

// One application, which may end in a tail call that is still to be made.
static struct json apply_once(struct evaluation *evaluation, struct json function,
                              const struct json *arguments, size_t count, struct json input)
{
    evaluation_step(evaluation);
    if (!value_is_function(function)) evaluation_fail(evaluation, "T1006");
    const struct function *target = value_function(function);
    struct json stack[ARGUMENTS_ON_STACK];
    struct json *room = stack;
    if (count + SIGNATURE_PARAMETERS_MAX > ARGUMENTS_ON_STACK && count > 4)
        room = evaluation_alloc_array(evaluation, count + SIGNATURE_PARAMETERS_MAX, sizeof(*room));
    if (count > 0) memcpy(room, arguments, count * sizeof(*room));
    if (target->signature != NULL) {
        struct signature_failure failure;
        int matched =
            signature_match(target->signature, room, count, input, evaluation->arena, &failure);
        if (matched < 0) fail_signature(evaluation, &failure);
        count = (size_t)matched;
    }
    return run_function(evaluation, target, room, count, input);
}

static struct json apply_at(struct evaluation *evaluation, struct json function,
                            const struct json *arguments, size_t count, struct json input,
                            const struct node *call)
{
    evaluation_guard_stack(evaluation);
    const struct node *outer_call = evaluation->call;
    evaluation->call = call;
    struct json result = apply_once(evaluation, function, arguments, count, input);
    while (result.type == VALUE_THUNK) {
        const struct node *node = evaluation->thunk;
        struct json thunk_input = evaluation->thunk_input;
        struct frame *frame = evaluation->thunk_frame;
        struct json next = evaluate(evaluation, node->lhs, thunk_input, frame);
        struct json stack[ARGUMENTS_ON_STACK];
        struct json *values = stack;
        if (node->items.count > ARGUMENTS_ON_STACK)
            values = evaluation_alloc_array(evaluation, node->items.count, sizeof(*values));
        for (uint32_t i = 0; i < node->items.count; i++)
            values[i] = evaluate(evaluation, node->items.items[i], thunk_input, frame);
        evaluation->call = node;
        result = apply_once(evaluation, next, values, node->items.count, thunk_input);
    }
    evaluation->call = outer_call;
    return result;
}

struct json apply(struct evaluation *evaluation, struct json function, const struct json *arguments,
                  size_t count, struct json input)
{
    return apply_at(evaluation, function, arguments, count, input, evaluation->call);
}

// "sum(x)" where "$sum(x)" was meant.
static void check_dollar(struct evaluation *evaluation, const struct node *node,
                         struct json function, const char *code)
{
    const struct node *path = node->lhs;
    if (value_is_defined(function) || path->type != NODE_PATH) return;
    if (builtin_find(path->items.items[0]->text) != NULL)
        evaluation_fail_at(evaluation, code, node);
}

struct json evaluate_call(struct evaluation *evaluation, const struct node *node, struct json input,
                          struct frame *frame, const struct json *applied_to)
{
    struct json function = evaluate(evaluation, node->lhs, input, frame);
    check_dollar(evaluation, node, function, "T1005");
    struct json stack[ARGUMENTS_ON_STACK];
    struct json *arguments = stack;
    size_t count = 0;
    if (node->items.count + 1 > ARGUMENTS_ON_STACK)
        arguments = evaluation_alloc_array(evaluation, node->items.count + 1, sizeof(*arguments));
    if (applied_to != NULL) arguments[count++] = *applied_to;
    for (uint32_t i = 0; i < node->items.count; i++)
        arguments[count++] = evaluate(evaluation, node->items.items[i], input, frame);
    return apply_at(evaluation, function, arguments, count, input, node);
}

struct json evaluate_partial(struct evaluation *evaluation, const struct node *node,
                             struct json input, struct frame *frame)
{
    size_t given = node->items.count;
    struct json *arguments = evaluation_alloc_array(evaluation, given, sizeof(*arguments));
    size_t holes = 0;
    for (size_t i = 0; i < given; i++) {
        arguments[i] = evaluate(evaluation, node->items.items[i], input, frame);
        if (arguments[i].type == VALUE_HOLE) holes++;
    }
    struct json function = evaluate(evaluation, node->lhs, input, frame);
    check_dollar(evaluation, node, function, "T1007");
    if (!value_is_function(function)) evaluation_fail_at(evaluation, "T1008", node);
    struct function *partial = evaluation_alloc(evaluation, sizeof(*partial));
    *partial = (struct function){
        .kind = FUNCTION_PARTIAL,
        .arity = (uint32_t)holes,
        .first = value_function(function),
        .arguments = arguments,
        .argument_count = given,
    };
    return value_from_function(partial);
}

struct json evaluate_apply(struct evaluation *evaluation, const struct node *node,
                           struct json input, struct frame *frame)
{
    struct json left = evaluate(evaluation, node->lhs, input, frame);
    if (node->rhs->type == NODE_FUNCTION)
        return evaluate_call(evaluation, node->rhs, input, frame, &left);
    struct json right = evaluate(evaluation, node->rhs, input, frame);
    if (!value_is_function(right)) {
        evaluation->error.value = right;
        evaluation->error.has_value = true;
        evaluation_fail_at(evaluation, "T2006", node);
    }
    if (!value_is_function(left))
        return apply_at(evaluation, right, &left, 1, value_null_input(), node);
    struct function *composed = evaluation_alloc(evaluation, sizeof(*composed));
    *composed = (struct function){
        .kind = FUNCTION_COMPOSED,
        .arity = 1,
        .first = value_function(left),
        .second = value_function(right),
    };
    return value_from_function(composed);
}

size_t function_arity(struct json function)
{
    return value_function(function)->arity;
}
