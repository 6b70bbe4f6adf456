// Evaluating the tree of an expression: names, operators, lists; functions are in
// metric_math_functions.c.

#include <assert.h>
#include <stdarg.h>

#include "api/metric_math_private.h"

// ---------------------------------------------------------------------------------------------
// Series

enum status metric_refuse(struct metric_scope *scope, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    scope->message = arena_vprintf(scope->arena, format, args);
    va_end(args);
    return STATUS_INVALID;
}

enum status metric_series_fault(const struct metric_scope *scope)
{
    return scope->message.size > 0 ? STATUS_INVALID : STATUS_NO_MEMORY;
}

bool metric_take_points(struct metric_scope *scope, size_t count)
{
    if (count > scope->points_left) {
        scope->message = STR("there are too many data points");
        return false;
    }
    scope->points_left -= count;
    return true;
}

bool metric_work(struct metric_scope *scope, size_t amount)
{
    if (amount > scope->work_left) {
        scope->message = STR("there is too much to compute");
        return false;
    }
    scope->work_left -= amount;
    return true;
}

struct metric_series *metric_series_new(struct metric_scope *scope,
                                        const struct metric_series *like, size_t count_max)
{
    if (!metric_take_points(scope, count_max) || !metric_work(scope, count_max)) return NULL;
    struct metric_series *series = ARENA_NEW(scope->arena, struct metric_series);
    if (series == NULL) return NULL;
    series->period_s = scope->period_s;
    if (like != NULL) {
        series->id = like->id;
        series->label = like->label;
        series->source = like->source;
        series->period_s = like->period_s;
    }
    series->points = arena_alloc_array(scope->arena, count_max, sizeof(*series->points));
    return series->points == NULL ? NULL : series;
}

void metric_series_append(struct metric_series *series, int64_t unix_s, double value)
{
    if (isfinite(value)) series->points[series->count++] = (struct metric_point){unix_s, value};
}

const struct metric_point *metric_series_at(const struct metric_series *series, size_t *at,
                                            int64_t unix_s)
{
    while (*at < series->count && series->points[*at].unix_s < unix_s)
        ++*at;
    bool is_there = *at < series->count && series->points[*at].unix_s == unix_s;
    return is_there ? &series->points[*at] : NULL;
}

bool metric_next_time(const struct metric_series *const *items, size_t count, size_t *positions,
                      int64_t *unix_s)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        while (positions[i] < items[i]->count && items[i]->points[positions[i]].unix_s <= *unix_s)
            positions[i]++;
        if (positions[i] < items[i]->count && items[i]->points[positions[i]].unix_s < next) {
            next = items[i]->points[positions[i]].unix_s;
        }
    }
    *unix_s = next;
    return next != INT64_MAX;
}

// ---------------------------------------------------------------------------------------------
// Values

struct metric_value metric_number(double number)
{
    return (struct metric_value){.type = METRIC_VALUE_NUMBER, .number = number};
}

bool metric_list_new(struct metric_scope *scope, size_t count, struct metric_value *ret_value)
{
    if (!metric_take_points(scope, count)) return false;
    const struct metric_series **items = arena_alloc_array(scope->arena, count, sizeof(*items));
    if (items == NULL) return false;
    *ret_value = (struct metric_value){.type = METRIC_VALUE_LIST, .items = items};
    return true;
}

enum status metric_one(struct metric_scope *scope, const struct metric_series *series,
                       struct metric_value *ret_value)
{
    if (series == NULL) return metric_series_fault(scope);
    struct metric_value value;
    if (!metric_list_new(scope, 1, &value)) return metric_series_fault(scope);
    value.type = METRIC_VALUE_SERIES;
    value.items[value.count++] = series;
    *ret_value = value;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Operators

static double combine(enum metric_operator operation, double a, double b)
{
    switch (operation) {
    case METRIC_OR: return a != 0 || b != 0;
    case METRIC_AND: return a != 0 && b != 0;
    case METRIC_EQUAL: return a == b;
    case METRIC_NOT_EQUAL: return a != b;
    case METRIC_LESS_OR_EQUAL: return a <= b;
    case METRIC_GREATER_OR_EQUAL: return a >= b;
    case METRIC_LESS: return a < b;
    case METRIC_GREATER: return a > b;
    case METRIC_ADD: return a + b;
    case METRIC_SUBTRACT: return a - b;
    case METRIC_MULTIPLY: return a * b;
    case METRIC_DIVIDE: return b == 0 ? METRIC_NONE : a / b;
    case METRIC_POWER: return pow(a, b);
    }
    return METRIC_NONE;
}

// One of the operands may be NULL: then it is the number.
struct operands {
    enum metric_operator operation;
    const struct metric_series *left, *right;
    double number;
};

static double combine_with_number(const struct operands *operands, double value)
{
    // What no point has a say in has no value, even where a comparison would give one.
    if (isnan(operands->number)) return METRIC_NONE;
    return operands->left != NULL ? combine(operands->operation, value, operands->number)
                                  : combine(operands->operation, operands->number, value);
}

static const struct metric_series *combine_series(struct metric_scope *scope,
                                                  const struct operands *operands)
{
    const struct metric_series *left = operands->left, *right = operands->right;
    const struct metric_series *one = left != NULL ? left : right;
    bool are_two = left != NULL && right != NULL;
    struct metric_series *result =
        metric_series_new(scope, one, are_two ? left->count + right->count : one->count);
    if (result == NULL) return NULL;
    if (!are_two) {
        for (size_t i = 0; i < one->count; i++)
            metric_series_append(result, one->points[i].unix_s,
                                 combine_with_number(operands, one->points[i].value));
        return result;
    }
    if (right->period_s > result->period_s) result->period_s = right->period_s;
    const struct metric_series *both[] = {left, right};
    size_t positions[2] = {0}, left_at = 0, right_at = 0;
    int64_t unix_s = INT64_MIN;
    while (metric_next_time(both, 2, positions, &unix_s)) {
        const struct metric_point *a = metric_series_at(left, &left_at, unix_s);
        const struct metric_point *b = metric_series_at(right, &right_at, unix_s);
        metric_series_append(
            result, unix_s,
            combine(operands->operation, a == NULL ? 0 : a->value, b == NULL ? 0 : b->value));
    }
    return result;
}

static bool is_operand(const struct metric_value *value)
{
    return value->type == METRIC_VALUE_NUMBER || value->type == METRIC_VALUE_SERIES ||
           value->type == METRIC_VALUE_LIST;
}

static enum status apply(struct metric_scope *scope, enum metric_operator operation,
                         const struct metric_value *left, const struct metric_value *right,
                         struct metric_value *ret_value)
{
    if (!is_operand(left) || !is_operand(right)) {
        return metric_refuse(scope, "an operator needs numbers and time series");
    }
    if (left->type == METRIC_VALUE_LIST && right->type == METRIC_VALUE_LIST) {
        return metric_refuse(scope, "an operator cannot stand between two arrays of time series");
    }
    if (left->type == METRIC_VALUE_NUMBER && right->type == METRIC_VALUE_NUMBER) {
        bool is_known = !isnan(left->number) && !isnan(right->number);
        *ret_value =
            metric_number(is_known ? combine(operation, left->number, right->number) : METRIC_NONE);
        return STATUS_OK;
    }
    struct metric_value result;
    bool is_list = left->type == METRIC_VALUE_LIST || right->type == METRIC_VALUE_LIST;
    size_t count = left->type == METRIC_VALUE_LIST    ? left->count
                   : right->type == METRIC_VALUE_LIST ? right->count
                                                      : 1;
    if (!metric_list_new(scope, count, &result)) return metric_series_fault(scope);
    if (!is_list) result.type = METRIC_VALUE_SERIES;
    for (size_t i = 0; i < count; i++) {
        struct operands operands = {.operation = operation};
        if (left->type == METRIC_VALUE_NUMBER) {
            operands.number = left->number;
        } else {
            operands.left = left->items[left->type == METRIC_VALUE_LIST ? i : 0];
        }
        if (right->type == METRIC_VALUE_NUMBER) {
            operands.number = right->number;
        } else {
            operands.right = right->items[right->type == METRIC_VALUE_LIST ? i : 0];
        }
        const struct metric_series *series = combine_series(scope, &operands);
        if (series == NULL) return metric_series_fault(scope);
        result.items[result.count++] = series;
    }
    *ret_value = result;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// The tree

static enum status evaluate(struct metric_scope *scope, const struct metric_node *node,
                            struct metric_value *ret_value);

// The words that functions know are in capitals, ids begin with a small letter.
static enum status evaluate_name(struct metric_scope *scope, struct str name,
                                 struct metric_value *ret_value)
{
    if (name.data[0] >= 'A' && name.data[0] <= 'Z') {
        *ret_value = (struct metric_value){.type = METRIC_VALUE_WORD, .text = name};
        return STATUS_OK;
    }
    enum status status = scope->find(scope, name, ret_value);
    if (status != STATUS_NOT_FOUND) return status;
    return metric_refuse(scope, "there is no metric or expression with the id \"%" STR_FORMAT "\"",
                         STR_ARGS(name));
}

// The children of a node, all of them evaluated.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the scope's depth, as is all that calls it.
static enum status evaluate_children(struct metric_scope *scope, const struct metric_node *node,
                                     struct metric_value **ret_values)
{
    struct metric_value *values =
        arena_alloc_array(scope->arena, node->child_count, sizeof(*values));
    if (values == NULL) return STATUS_NO_MEMORY;
    size_t count = 0;
    for (const struct metric_node *child = node->first; count < node->child_count;
         child = child->next) {
        enum status status = evaluate(scope, child, &values[count++]);
        if (status != STATUS_OK) return status;
    }
    *ret_values = values;
    return STATUS_OK;
}

static enum status make_list(struct metric_scope *scope, const struct metric_value *values,
                             size_t value_count, struct metric_value *ret_value)
{
    size_t count = 0;
    for (size_t i = 0; i < value_count; i++) {
        if (values[i].type != METRIC_VALUE_SERIES && values[i].type != METRIC_VALUE_LIST) {
            return metric_refuse(scope, "an array may hold time series only");
        }
        count += values[i].count;
    }
    struct metric_value list;
    if (!metric_list_new(scope, count, &list)) return metric_series_fault(scope);
    for (size_t i = 0; i < value_count; i++) {
        for (size_t k = 0; k < values[i].count; k++)
            list.items[list.count++] = values[i].items[k];
    }
    *ret_value = list;
    return STATUS_OK;
}

// A node whose children are evaluated.
static enum status evaluate_node(struct metric_scope *scope, const struct metric_node *node,
                                 const struct metric_value *values, struct metric_value *ret_value)
{
    const struct metric_value zero = metric_number(0);
    switch (node->type) {
    case METRIC_NODE_NUMBER: *ret_value = metric_number(node->number); return STATUS_OK;
    case METRIC_NODE_TEXT:
        *ret_value = (struct metric_value){.type = METRIC_VALUE_TEXT, .text = node->text};
        return STATUS_OK;
    case METRIC_NODE_NAME: return evaluate_name(scope, node->text, ret_value);
    case METRIC_NODE_CALL:
        return metric_call(scope, node->text, values, node->child_count, ret_value);
    case METRIC_NODE_LIST: return make_list(scope, values, node->child_count, ret_value);
    case METRIC_NODE_NEGATE: return apply(scope, METRIC_SUBTRACT, &zero, &values[0], ret_value);
    case METRIC_NODE_OPERATOR:
        return apply(scope, node->operation, &values[0], &values[1], ret_value);
    }
    assert(false);
    return STATUS_INVALID;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the scope's depth.
static enum status evaluate(struct metric_scope *scope, const struct metric_node *node,
                            struct metric_value *ret_value)
{
    struct metric_value *values = NULL;
    if (scope->depth == METRIC_MATH_CALLS_MAX) {
        return metric_refuse(scope, "expressions refer to each other too deeply");
    }
    scope->depth++;
    enum status status = evaluate_children(scope, node, &values);
    if (status == STATUS_OK) status = evaluate_node(scope, node, values, ret_value);
    scope->depth--;
    return status;
}

enum status metric_math_evaluate(struct metric_scope *scope, struct str expression,
                                 struct metric_value *ret_value)
{
    struct metric_node *node;
    struct metric_value value;
    enum status status = metric_math_parse(scope, expression, &node);
    if (status == STATUS_OK) status = evaluate(scope, node, &value);
    if (status != STATUS_OK) return status;
    if (value.type != METRIC_VALUE_SERIES && value.type != METRIC_VALUE_LIST) {
        return metric_refuse(scope, "the result must be a time series or an array of time series");
    }
    *ret_value = value;
    return STATUS_OK;
}
