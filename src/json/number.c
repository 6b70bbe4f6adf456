// Numbers as values: conversions, and an order that is exact whatever their representations, so
// that equality is transitive.

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

static const double two_to_63 = 9223372036854775808.0;

double json_to_real(const struct json *value)
{
    assert(json_is_number(value));
    if (value->type == JSON_INTEGER) return (double)value->integer;
    if (value->type == JSON_REAL) return value->real;
    char on_stack[400]; // An integer of more digits than this is beyond every double.
    if (value->size >= sizeof(on_stack)) return value->text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    memcpy(on_stack, value->text, value->size);
    on_stack[value->size] = '\0';
    return strtod(on_stack, NULL);
}

bool json_to_integer(const struct json *value, int64_t *ret_integer)
{
    if (value->type == JSON_INTEGER) {
        *ret_integer = value->integer;
        return true;
    }
    if (value->type != JSON_REAL) return false;
    bool fits = value->real >= -two_to_63 && value->real < two_to_63;
    if (!fits || value->real != trunc(value->real)) return false;
    *ret_integer = (int64_t)value->real;
    return true;
}

static int sign_of_difference(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_integer_to_real(int64_t integer, double real)
{
    if (real >= two_to_63) return -1;
    if (real < -two_to_63) return 1;
    double whole = trunc(real);
    int order = sign_of_difference(integer, (int64_t)whole);
    if (order != 0) return order;
    return (whole > real) - (whole < real);
}

// Decimal integers as text, without leading zeros.
static int compare_digits(struct str a, struct str b)
{
    bool a_is_negative = a.data[0] == '-', b_is_negative = b.data[0] == '-';
    if (a_is_negative != b_is_negative) return a_is_negative ? -1 : 1;
    int order =
        a.size != b.size ? (a.size > b.size) - (a.size < b.size) : memcmp(a.data, b.data, a.size);
    if (order == 0) return 0;
    return (order < 0) == a_is_negative ? 1 : -1;
}

// `text` is an integer beyond 64 bits, so `real` decides alone unless it is that large too; then it
// is an integer, and its digits are compared.
static int compare_text_to_real(struct str text, double real)
{
    bool is_negative = text.data[0] == '-';
    if (!is_negative && real < two_to_63) return 1;
    if (is_negative && real >= -two_to_63) return -1;
    char digits[320];
    int size = snprintf(digits, sizeof(digits), "%.0f", real);
    assert(size > 0 && (size_t)size < sizeof(digits));
    return compare_digits(text, (struct str){digits, (size_t)size});
}

int json_number_compare(const struct json *a, const struct json *b)
{
    assert(json_is_number(a) && json_is_number(b));
    if (a->type > b->type) return -json_number_compare(b, a); // NOLINT(misc-no-recursion): once.
    if (a->type == JSON_INTEGER && b->type == JSON_INTEGER) {
        return sign_of_difference(a->integer, b->integer);
    }
    if (a->type == JSON_INTEGER && b->type == JSON_REAL) {
        return compare_integer_to_real(a->integer, b->real);
    }
    if (a->type == JSON_REAL && b->type == JSON_REAL) {
        return (a->real > b->real) - (a->real < b->real);
    }
    if (a->type == JSON_INTEGER) return b->text[0] == '-' ? 1 : -1;
    if (a->type == JSON_REAL) return -compare_text_to_real(json_str(b), a->real);
    return compare_digits(json_str(a), json_str(b));
}
