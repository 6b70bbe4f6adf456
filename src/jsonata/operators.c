// The binary operators.

#include <assert.h>
#include <math.h>

#include "jsonata/evaluation.h"

static NO_RETURN void fail_operand(struct evaluation *evaluation, const char *code,
                                   const struct node *node, struct json value, struct json other)
{
    evaluation->error.value = value;
    evaluation->error.has_value = true;
    evaluation->error.value2 = other;
    evaluation->error.has_value2 = value_is_defined(other);
    evaluation_fail_at(evaluation, code, node);
}

// Whole numbers stay whole as long as a double would hold them exactly.
static bool calculate_exactly(enum token token, int64_t a, int64_t b, int64_t *ret_result)
{
    enum { EXACT_BITS = 53 };
    bool is_over;
    switch ((int)token) { // NOLINT: the others divide.
    case TOKEN_PLUS: is_over = __builtin_add_overflow(a, b, ret_result); break;
    case TOKEN_MINUS: is_over = __builtin_sub_overflow(a, b, ret_result); break;
    case TOKEN_STAR: is_over = __builtin_mul_overflow(a, b, ret_result); break;
    default: return false;
    }
    int64_t most = (int64_t)1 << EXACT_BITS;
    if (token == TOKEN_STAR && *ret_result == 0) return a >= 0 && b >= 0; // Not minus zero.
    return !is_over && a >= -most && a <= most && b >= -most && b <= most && *ret_result >= -most &&
           *ret_result <= most;
}

static struct json calculate(struct evaluation *evaluation, const struct node *node,
                             struct json left, struct json right)
{
    int64_t exact;
    if (left.type == JSON_INTEGER && right.type == JSON_INTEGER &&
        calculate_exactly(node->token, left.integer, right.integer, &exact))
        return json_from_integer(exact);
    if (value_is_defined(left) && !value_is_numeric(evaluation, left))
        fail_operand(evaluation, "T2001", node, left, value_undefined);
    if (value_is_defined(right) && !value_is_numeric(evaluation, right))
        fail_operand(evaluation, "T2002", node, right, value_undefined);
    if (value_is_undefined(left) || value_is_undefined(right)) return value_undefined;
    double a = value_real(left), b = value_real(right);
    switch ((int)node->token) { // NOLINT: the arithmetic operators only.
    case TOKEN_PLUS: return value_from_real(a + b);
    case TOKEN_MINUS: return value_from_real(a - b);
    case TOKEN_STAR: return value_from_real(a * b);
    case TOKEN_SLASH: return value_from_real(a / b);
    default: return value_from_real(fmod(a, b));
    }
}

static bool is_comparable(struct json value)
{
    return value_is_undefined(value) || value_is_string(value) || value_is_number(value);
}

static struct json compare(struct evaluation *evaluation, const struct node *node, struct json left,
                           struct json right)
{
    if (!is_comparable(left) || !is_comparable(right)) {
        bool is_left = !value_is_string(left) && !value_is_number(left);
        fail_operand(evaluation, "T2010", node, is_left ? left : right, value_undefined);
    }
    if (value_is_undefined(left) || value_is_undefined(right)) return value_undefined;
    if (value_is_string(left) != value_is_string(right))
        fail_operand(evaluation, "T2009", node, left, right);
    int order;
    if (value_is_string(left)) {
        order = text_compare(json_str(&left), json_str(&right));
    } else {
        double a = value_real(left), b = value_real(right);
        if (isnan(a) || isnan(b)) return json_false;
        order = a < b ? -1 : a > b;
    }
    switch ((int)node->token) { // NOLINT: the ordering operators only.
    case TOKEN_LESS: return json_from_bool(order < 0);
    case TOKEN_LESS_EQUAL: return json_from_bool(order <= 0);
    case TOKEN_GREATER: return json_from_bool(order > 0);
    default: return json_from_bool(order >= 0);
    }
}

static struct json concatenate(struct evaluation *evaluation, struct json left, struct json right)
{
    struct text text = {.evaluation = evaluation};
    struct str a = value_is_undefined(left) ? STR("") : value_to_text(evaluation, left, false);
    struct str b = value_is_undefined(right) ? STR("") : value_to_text(evaluation, right, false);
    builder_reserve(&text, a.size + b.size);
    builder_append(&text, a);
    builder_append(&text, b);
    return text_value(&text);
}

static bool is_whole(struct json value)
{
    if (value.type == JSON_INTEGER) return true;
    return value_is_number(value) && isfinite(value_real(value)) &&
           floor(value_real(value)) == value_real(value);
}

static struct json make_range(struct evaluation *evaluation, const struct node *node,
                              struct json left, struct json right)
{
    enum { RANGE_SIZE_MAX = 10000000 };
    if (value_is_defined(left) && !is_whole(left))
        fail_operand(evaluation, "T2003", node, left, value_undefined);
    if (value_is_defined(right) && !is_whole(right))
        fail_operand(evaluation, "T2004", node, right, value_undefined);
    if (value_is_undefined(left) || value_is_undefined(right)) return value_undefined;
    double first = value_real(left), last = value_real(right);
    if (first > last) return value_undefined;
    double size = last - first + 1;
    if (size > RANGE_SIZE_MAX)
        fail_operand(evaluation, "D2014", node, value_from_real(size), value_undefined);
    size_t count = (size_t)size;
    struct json *items = evaluation_alloc_array(evaluation, count, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = value_from_real(first + (double)i);
    struct json range = json_from_items(items, count);
    range.type = JSON_ARRAY | VALUE_SEQUENCE;
    return range;
}

// Identity of containers, as in JavaScript; but all that are empty in the input are one.
static bool is_same(struct json a, struct json b)
{
    return value_kind(a) == value_kind(b) && a.items == b.items && a.size == b.size;
}

// Membership is identity for containers.
static bool is_in(struct evaluation *evaluation, struct json left, struct json right)
{
    if (value_is_undefined(left) || value_is_undefined(right)) return false;
    if (value_is_array(left) || value_is_object(left)) {
        if (!value_is_array(right)) return is_same(left, right);
        for (uint32_t i = 0; i < right.size; i++)
            if (is_same(left, right.items[i])) return true;
        return false;
    }
    if (!value_is_array(right)) return values_equal(evaluation, left, right);
    for (uint32_t i = 0; i < right.size; i++)
        if (values_equal(evaluation, left, right.items[i])) return true;
    return false;
}

struct json evaluate_binary(struct evaluation *evaluation, const struct node *node,
                            struct json input, struct frame *frame)
{
    struct json left = evaluate(evaluation, node->lhs, input, frame);
    if (node->token == TOKEN_AND || node->token == TOKEN_OR) {
        bool is_true = value_to_boolean(evaluation, left);
        if (is_true == (node->token == TOKEN_AND))
            is_true = value_to_boolean(evaluation, evaluate(evaluation, node->rhs, input, frame));
        return json_from_bool(is_true);
    }
    struct json right = evaluate(evaluation, node->rhs, input, frame);
    const struct node *call = evaluation->call;
    evaluation->call = node; // For errors.
    struct json result;
    switch ((int)node->token) { // NOLINT: dispatch.
    case TOKEN_PLUS:
    case TOKEN_MINUS:
    case TOKEN_STAR:
    case TOKEN_SLASH:
    case TOKEN_PERCENT: result = calculate(evaluation, node, left, right); break;
    case TOKEN_EQUAL:
    case TOKEN_NOT_EQUAL: {
        bool has_both = value_is_defined(left) && value_is_defined(right);
        bool is_equal = has_both && values_equal(evaluation, left, right);
        result = json_from_bool(has_both && is_equal == (node->token == TOKEN_EQUAL));
        break;
    }
    case TOKEN_LESS:
    case TOKEN_LESS_EQUAL:
    case TOKEN_GREATER:
    case TOKEN_GREATER_EQUAL: result = compare(evaluation, node, left, right); break;
    case TOKEN_AMPERSAND: result = concatenate(evaluation, left, right); break;
    case TOKEN_RANGE: result = make_range(evaluation, node, left, right); break;
    default:
        assert(node->token == TOKEN_IN);
        result = json_from_bool(is_in(evaluation, left, right));
        break;
    }
    evaluation->call = call;
    return result;
}
