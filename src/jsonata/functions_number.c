// Functions of numbers.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "jsonata/functions.h"

// Digits of a base, after a prefix such as "0x". (double)NAN when there are none or others.
static double parse_digits(struct str text, int base)
{
    double value = 0;
    if (text.size == 0) return (double)NAN;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        char lower = (char)(byte | 0x20);
        int digit = byte >= '0' && byte <= '9' ? byte - '0' : lower >= 'a' ? lower - 'a' + 10 : 99;
        if (digit >= base) return (double)NAN;
        value = value * base + digit;
    }
    return value;
}

// The numbers of JSON, without blanks around them; zeros may lead.
static bool is_decimal(struct str text)
{
    size_t i = text.size > 0 && text.data[0] == '-';
    size_t start = i;
    while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9')
        i++;
    if (i == start) return false;
    if (i < text.size && text.data[i] == '.') {
        start = ++i;
        while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9')
            i++;
        if (i == start) return false;
    }
    if (i < text.size && (text.data[i] | 0x20) == 'e') {
        i++;
        if (i < text.size && (text.data[i] == '+' || text.data[i] == '-')) i++;
        start = i;
        while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9')
            i++;
        if (i == start) return false;
    }
    return i == text.size;
}

static double parse_number(struct evaluation *evaluation, struct str text)
{
    if (text.size > 2 && text.data[0] == '0') {
        char prefix = (char)(text.data[1] | 0x20);
        int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 0;
        if (base != 0) return parse_digits(str_skip(text, 2), base);
    }
    if (!is_decimal(text)) return (double)NAN;
    char *copy = evaluation_alloc(evaluation, text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return strtod(copy, NULL);
}

static size_t count_digits(struct str text, size_t start, int base)
{
    size_t i = start;
    while (i < text.size && !isnan(parse_digits(str_slice(text, i, 1), base)))
        i++;
    return i - start;
}

// Whether the language takes the text for a number of another base, whatever else stands in it:
//     /^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$/
// What it then cannot read is "not a number" and no error.
static bool seems_of_other_base(struct str text)
{
    for (size_t i = 0; i + 2 < text.size; i++) {
        if (text.data[i] != '0') continue;
        char letter = (char)(text.data[i + 1] | 0x20);
        if (letter == 'x' && i == 0 && count_digits(text, 2, 16) > 0) return true;
        if (letter == 'o' && count_digits(text, i + 2, 8) > 0) return true;
        if (letter == 'b' && i + 2 + count_digits(text, i + 2, 2) == text.size) return true;
    }
    return false;
}

struct json builtin_number(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value) || value_is_number(value)) return value;
    if (value.type == JSON_TRUE || value.type == JSON_FALSE)
        return json_from_integer(value.type == JSON_TRUE);
    if (!value_is_string(value)) evaluation_fail_value(evaluation, "D3030", value, 1);
    struct str text = json_str(&value);
    bool is_of_other_base = seems_of_other_base(text);
    double number = parse_number(evaluation, is_of_other_base ? str_trim(text) : text);
    if (!isfinite(number) && !is_of_other_base)
        evaluation_fail_value(evaluation, "D3030", value, 1);
    return value_from_real(number);
}

struct json builtin_abs(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    struct json value = argument(call, 0);
    return value_is_undefined(value) ? value : value_from_real(fabs(value_real(value)));
}

struct json builtin_floor(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    struct json value = argument(call, 0);
    return value_is_undefined(value) ? value : value_from_real(floor(value_real(value)));
}

struct json builtin_ceil(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    struct json value = argument(call, 0);
    return value_is_undefined(value) ? value : value_from_real(ceil(value_real(value)));
}

// The decimal number as written, with its point moved, so that 1.005 is 100.5 and not 100.49999….
static double shift_point(double number, int places)
{
    char text[64];
    if (!isfinite(number) || number == 0) return number;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        if (strtod(text, NULL) == number) break;
    }
    char *exponent = strchr(text, 'e');
    int shifted = (int)strtol(exponent + 1, NULL, 10) + places;
    snprintf(exponent, 16, "e%d", shifted);
    return strtod(text, NULL);
}

struct json builtin_round(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    struct json value = argument(call, 0), precision = argument(call, 1);
    if (value_is_undefined(value)) return value;
    double number = value_real(value);
    double asked = value_is_undefined(precision) ? 0 : trunc(value_real(precision));
    int places = asked > 400 ? 400 : asked < -400 ? -400 : (int)asked;
    if (places != 0) number = shift_point(number, places);
    double rounded = floor(number + 0.5);
    // Half-way goes to the even neighbour.
    if (fabs(rounded - number) == 0.5 && fmod(rounded, 2) != 0) rounded -= 1;
    if (places != 0) rounded = shift_point(rounded, -places);
    return value_from_real(rounded);
}

struct json builtin_sqrt(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    if (value_real(value) < 0) evaluation_fail_value(evaluation, "D3060", value, 1);
    return value_from_real(sqrt(value_real(value)));
}

struct json builtin_power(struct evaluation *evaluation, const struct call *call)
{
    struct json base = argument(call, 0), exponent = argument(call, 1);
    if (value_is_undefined(base)) return base;
    double x = value_real(base);
    double y = value_is_undefined(exponent) ? (double)NAN : value_real(exponent);
    double result = y == 2 ? x * x : pow(x, y); // Squares are the nearest double.
    if (!isfinite(result)) {
        evaluation->error.value2 = exponent;
        evaluation->error.has_value2 = true;
        evaluation_fail_value(evaluation, "D3061", base, 1);
    }
    return value_from_real(result);
}

struct json builtin_format_base(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), radix = argument(call, 1);
    if (value_is_undefined(value)) return value;
    double number = nearbyint(value_real(value));
    double base = value_is_undefined(radix) ? 10 : nearbyint(value_real(radix));
    if (!(base >= 2 && base <= 36))
        evaluation_fail_value(evaluation, "D3100", value_from_real(base), 0);
    enum { DIGITS_MAX = 1100 }; // Of the largest double in base 2, and a sign.
    char *digits = evaluation_alloc(evaluation, DIGITS_MAX);
    size_t start = DIGITS_MAX;
    double left = fabs(number);
    if (isnan(number)) return json_from_str(STR("NaN"));
    if (isinf(number)) return json_from_str(number < 0 ? STR("-Infinity") : STR("Infinity"));
    do {
        digits[--start] = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)fmod(left, base)];
        left = floor(left / base);
    } while (left > 0);
    if (number < 0) digits[--start] = '-';
    return json_from_str((struct str){digits + start, DIGITS_MAX - start});
}

struct json builtin_format_integer(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), picture = argument(call, 1);
    if (value_is_undefined(value)) return value;
    struct str text_of_picture = value_is_undefined(picture) ? STR("0") : json_str(&picture);
    struct integer_format format = integer_format_parse(evaluation, text_of_picture);
    struct text text = {.evaluation = evaluation};
    integer_render(&text, floor(value_real(value)), &format);
    return text_value(&text);
}

struct json builtin_parse_integer(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), picture = argument(call, 1);
    if (value_is_undefined(value)) return value;
    struct str text_of_picture = value_is_undefined(picture) ? STR("0") : json_str(&picture);
    struct integer_format format = integer_format_parse(evaluation, text_of_picture);
    return value_from_real(integer_parse(evaluation, &format, json_str(&value)));
}
