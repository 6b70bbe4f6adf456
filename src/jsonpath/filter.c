// Deciding filters. The comparisons follow the library's: which side is a string and which a number
// matters, and what leads nowhere equals nothing.

#include <math.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "jsonpath/path.h"

static bool is_type(const struct operand *operand, enum json_type type)
{
    return operand->kind == OPERAND_VALUE && operand->value.type == type;
}

static bool is_number(const struct operand *operand)
{
    return operand->kind == OPERAND_VALUE && json_is_number(&operand->value);
}

static bool is_container(const struct operand *operand)
{
    return is_type(operand, JSON_ARRAY) || is_type(operand, JSON_OBJECT);
}

// What an operand stands for when the filter looks at `item`.
static enum outcome resolve(struct evaluation *evaluation, const struct operand *operand,
                            const struct json *item, struct operand *ret_operand)
{
    *ret_operand = *operand;
    if (operand->kind != OPERAND_PATH) return OUTCOME_OK;
    *ret_operand = (struct operand){.kind = OPERAND_VALUE};
    const struct json *start = operand->path->starts_at_item ? item : evaluation->document;
    enum outcome outcome =
        path_evaluate(evaluation, operand->path, start, false, &ret_operand->value, NULL);
    if (outcome != OUTCOME_MISSING) return outcome;
    ret_operand->kind = OPERAND_NOTHING;
    return OUTCOME_OK;
}

// The text of a number as Java prints it. `bytes` is where it may be put.
static struct str number_text(const struct operand *number, struct buffer *buffer)
{
    if (number->number_text.size > 0) return number->number_text;
    buffer_clear(buffer);
    json_render(buffer, &number->value);
    return buffer_str(buffer);
}

// A number is equal to a text that reads as the same number, but a text to a number only when it is
// the number's text.
static bool number_equals_text(const struct operand *number, struct str text)
{
    char copy[400];
    if (text.size == 0 || text.size >= sizeof(copy)) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strspn(copy, "0123456789+-.eE") != text.size) return false;
    char *after;
    double real = strtod(copy, &after);
    if (after != copy + text.size || !isfinite(real)) return false;
    return json_to_real(&number->value) == real;
}

static bool equals(const struct operand *left, const struct operand *right)
{
    if (left->kind != OPERAND_VALUE || right->kind != OPERAND_VALUE) return false;
    char bytes[64];
    struct buffer buffer = {.data = bytes, .capacity = sizeof(bytes), .limit_bytes = sizeof(bytes)};
    if (is_type(left, JSON_STRING) && is_number(right)) {
        return str_equal(json_str(&left->value), number_text(right, &buffer));
    }
    if (is_number(left) && is_type(right, JSON_STRING)) {
        return number_equals_text(left, json_str(&right->value));
    }
    if (left->is_written_json)
        return false; // The library compares its text, which equals no value.
    return json_equal(&left->value, &right->value);
}

// Order of two numbers or two texts; false when there is none.
static bool compare(const struct operand *left, const struct operand *right, int *ret_order)
{
    if (is_number(left) && is_number(right)) {
        *ret_order = json_number_compare(&left->value, &right->value);
        return true;
    }
    if (is_type(left, JSON_STRING) && is_type(right, JSON_STRING)) {
        // Order of UTF-8 is that of code points; the library's differs beyond U+FFFF only.
        *ret_order = str_compare(json_str(&left->value), json_str(&right->value));
        return true;
    }
    return false;
}

static bool is_ordered(const struct filter *filter, const struct operand *left,
                       const struct operand *right)
{
    int order;
    if (!compare(left, right, &order)) return false;
    if (filter->operator== OPERATOR_LESS) return order < 0;
    if (filter->operator== OPERATOR_LESS_EQUAL) return order <= 0;
    if (filter->operator== OPERATOR_GREATER) return order > 0;
    return order >= 0;
}

// Of the library's classes of values.
static bool has_same_type(const struct operand *left, const struct operand *right)
{
    if (left->kind != right->kind) return false;
    if (left->kind != OPERAND_VALUE) return true;
    if (is_number(left)) return is_number(right);
    if (json_is_boolean(&left->value)) return json_is_boolean(&right->value);
    if (is_container(left)) return is_container(right);
    return left->value.type == right->value.type;
}

static struct operand item_of(const struct operand *list, uint32_t index)
{
    return (struct operand){.kind = OPERAND_VALUE, .value = list->value.items[index]};
}

static enum outcome list_contains(struct evaluation *evaluation, const struct operand *list,
                                  const struct operand *wanted, bool *ret_contains)
{
    *ret_contains = false;
    evaluation->steps += list->value.size;
    if (evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    for (uint32_t i = 0; i < list->value.size && !*ret_contains; i++) {
        struct operand item = item_of(list, i);
        *ret_contains = equals(wanted, &item);
    }
    return OUTCOME_OK;
}

// How many items of `left` are in `right`.
static enum outcome count_common(struct evaluation *evaluation, const struct operand *left,
                                 const struct operand *right, uint32_t *ret_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < left->value.size; i++) {
        struct operand item = item_of(left, i);
        bool is_contained;
        enum outcome outcome = list_contains(evaluation, right, &item, &is_contained);
        if (outcome != OUTCOME_OK) return outcome;
        count += is_contained;
    }
    *ret_count = count;
    return OUTCOME_OK;
}

static enum outcome decide_sets(struct evaluation *evaluation, const struct filter *filter,
                                const struct operand *left, const struct operand *right,
                                bool *ret_accepts)
{
    *ret_accepts = false;
    if (filter->operator== OPERATOR_ALL) {
        if (!is_type(right, JSON_ARRAY)) return OUTCOME_REFUSED;
        if (!is_container(left)) return OUTCOME_OK;
        *ret_accepts = left->value.type == JSON_OBJECT;
        if (*ret_accepts) return OUTCOME_OK;
    } else {
        if (!is_container(left) || !is_container(right)) return OUTCOME_REFUSED;
        if (!is_type(left, JSON_ARRAY) || !is_type(right, JSON_ARRAY)) return OUTCOME_OK;
    }
    uint32_t count;
    bool is_all = filter->operator== OPERATOR_ALL;
    const struct operand *counted = is_all ? right : left;
    enum outcome outcome = count_common(evaluation, counted, is_all ? left : right, &count);
    if (outcome != OUTCOME_OK) return outcome;
    if (filter->operator== OPERATOR_ANY_OF) {
        *ret_accepts = count > 0;
    } else if (filter->operator== OPERATOR_NONE_OF) {
        *ret_accepts = count == 0;
    } else {
        *ret_accepts = count == counted->value.size;
    }
    return OUTCOME_OK;
}

static enum outcome decide_in(struct evaluation *evaluation, const struct operand *left,
                              const struct operand *right, bool *ret_accepts)
{
    *ret_accepts = false;
    if (!is_container(right)) return OUTCOME_REFUSED;
    if (right->value.type == JSON_OBJECT) return OUTCOME_OK;
    return list_contains(evaluation, right, left, ret_accepts);
}

static enum outcome decide_contains(struct evaluation *evaluation, const struct operand *left,
                                    const struct operand *right, bool *ret_accepts)
{
    *ret_accepts = false;
    if (is_type(left, JSON_STRING) && is_type(right, JSON_STRING)) {
        *ret_accepts = str_find(json_str(&left->value), json_str(&right->value)) != SIZE_MAX;
        return OUTCOME_OK;
    }
    if (!is_type(left, JSON_ARRAY)) return OUTCOME_OK;
    return list_contains(evaluation, left, right, ret_accepts);
}

static bool has_size(const struct operand *left, const struct operand *right)
{
    if (!is_number(right)) return false;
    double expected = trunc(json_to_real(&right->value));
    if (is_type(left, JSON_STRING))
        return (double)encoding_utf16_size(json_str(&left->value)) == expected;
    return is_type(left, JSON_ARRAY) && (double)left->value.size == expected;
}

static enum outcome decide_empty(const struct operand *left, const struct operand *right,
                                 bool *ret_accepts)
{
    *ret_accepts = false;
    if (!is_type(left, JSON_STRING) && !is_container(left)) return OUTCOME_OK;
    bool is_boolean = right->kind == OPERAND_VALUE && json_is_boolean(&right->value);
    if (!is_boolean) return OUTCOME_REFUSED;
    *ret_accepts = (left->value.size == 0) == (right->value.type == JSON_TRUE);
    return OUTCOME_OK;
}

static enum outcome match_one(struct evaluation *evaluation, const struct pattern *pattern,
                              const struct operand *subject, bool *ret_matches)
{
    char bytes[64];
    struct buffer buffer = {.data = bytes, .capacity = sizeof(bytes), .limit_bytes = sizeof(bytes)};
    struct str text = STR("");
    if (is_type(subject, JSON_STRING)) {
        text = json_str(&subject->value);
    } else if (is_number(subject)) {
        text = number_text(subject, &buffer);
    } else if (is_type(subject, JSON_TRUE)) {
        text = STR("true");
    } else if (is_type(subject, JSON_FALSE)) {
        text = STR("false");
    }
    if (++evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    return pattern_matches(evaluation, pattern, text, ret_matches);
}

// A pattern on either side, against a text or any item of a list.
static enum outcome decide_matches(struct evaluation *evaluation, const struct operand *left,
                                   const struct operand *right, bool *ret_accepts)
{
    *ret_accepts = false;
    bool is_left = left->kind == OPERAND_PATTERN;
    if (is_left == (right->kind == OPERAND_PATTERN)) return OUTCOME_OK;
    const struct pattern *pattern = is_left ? left->pattern : right->pattern;
    const struct operand *subject = is_left ? right : left;
    if (!is_type(subject, JSON_ARRAY)) {
        return match_one(evaluation, pattern, subject, ret_accepts);
    }
    for (uint32_t i = 0; i < subject->value.size && !*ret_accepts; i++) {
        struct operand item = item_of(subject, i);
        enum outcome outcome = match_one(evaluation, pattern, &item, ret_accepts);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome decide(struct evaluation *evaluation, const struct filter *filter,
                           const struct operand *left, const struct operand *right,
                           bool *ret_accepts)
{
    enum outcome outcome = OUTCOME_OK;
    switch (filter->operator) {
    case OPERATOR_EQUAL: *ret_accepts = equals(left, right); break;
    case OPERATOR_NOT_EQUAL: *ret_accepts = !equals(left, right); break;
    case OPERATOR_SAME: *ret_accepts = has_same_type(left, right) && equals(left, right); break;
    case OPERATOR_NOT_SAME:
        *ret_accepts = !has_same_type(left, right) || !equals(left, right);
        break;
    case OPERATOR_LESS:
    case OPERATOR_LESS_EQUAL:
    case OPERATOR_GREATER:
    case OPERATOR_GREATER_EQUAL: *ret_accepts = is_ordered(filter, left, right); break;
    case OPERATOR_MATCHES: return decide_matches(evaluation, left, right, ret_accepts);
    case OPERATOR_IN: return decide_in(evaluation, left, right, ret_accepts);
    case OPERATOR_NOT_IN:
        outcome = decide_in(evaluation, left, right, ret_accepts);
        *ret_accepts = !*ret_accepts;
        break;
    case OPERATOR_CONTAINS: return decide_contains(evaluation, left, right, ret_accepts);
    case OPERATOR_SIZE: *ret_accepts = has_size(left, right); break;
    case OPERATOR_EMPTY: return decide_empty(left, right, ret_accepts);
    case OPERATOR_ALL:
    case OPERATOR_SUBSET_OF:
    case OPERATOR_ANY_OF:
    case OPERATOR_NONE_OF: return decide_sets(evaluation, filter, left, right, ret_accepts);
    }
    return outcome;
}

// As in the library such a path starts at the item even when it is written with '$', and a path
// that may have several matches exists even when it has none.
static enum outcome decide_exists(struct evaluation *evaluation, const struct filter *filter,
                                  const struct json *item, bool *ret_accepts)
{
    struct json value;
    enum outcome outcome = path_evaluate(evaluation, filter->left.path, item, true, &value, NULL);
    if (outcome != OUTCOME_OK && outcome != OUTCOME_MISSING) return outcome;
    *ret_accepts = (outcome == OUTCOME_OK) == filter->should_exist;
    return OUTCOME_OK;
}

static enum outcome decide_compare(struct evaluation *evaluation, const struct filter *filter,
                                   const struct json *item, bool *ret_accepts)
{
    struct operand left, right;
    enum outcome outcome = resolve(evaluation, &filter->left, item, &left);
    if (outcome == OUTCOME_OK) outcome = resolve(evaluation, &filter->right, item, &right);
    if (outcome == OUTCOME_OK) outcome = decide(evaluation, filter, &left, &right, ret_accepts);
    return outcome;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the nesting of the filter.
static enum outcome accepts(struct evaluation *evaluation, const struct filter *filter,
                            const struct json *item, bool *ret_accepts)
{
    enum outcome outcome = OUTCOME_OK;
    if (filter->kind == FILTER_EXISTS) return decide_exists(evaluation, filter, item, ret_accepts);
    if (filter->kind == FILTER_COMPARE) {
        return decide_compare(evaluation, filter, item, ret_accepts);
    }
    if (filter->kind == FILTER_NOT) {
        outcome = accepts(evaluation, filter->first, item, ret_accepts);
        *ret_accepts = !*ret_accepts;
        return outcome;
    }
    bool goes_on_while = filter->kind == FILTER_AND;
    const struct filter *operand = filter->first;
    do {
        outcome = accepts(evaluation, operand, item, ret_accepts);
        operand = operand->next;
    } while (outcome == OUTCOME_OK && *ret_accepts == goes_on_while && operand != NULL);
    return outcome;
}

enum outcome filter_accepts(struct evaluation *evaluation, const struct filter *filter,
                            const struct json *item, bool *ret_accepts)
{
    *ret_accepts = false;
    if (++evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    enum outcome outcome = accepts(evaluation, filter, item, ret_accepts);
    if (outcome != OUTCOME_REFUSED) return outcome;
    *ret_accepts = false; // What does not suit the filter does not pass it.
    return OUTCOME_OK;
}
