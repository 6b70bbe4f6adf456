// Numbers: integers are exact or keep their text; reals are the nearest double.
//
// Three ways lead to the nearest double, the first that is sure of its result wins: one exact
// multiplication or division (Clinger), the product with a 128-bit power of ten (Lemire), the C
// library.

#include <math.h>
#include <stdlib.h>

#include "json/parse.h"
#include "json/powers.h"

enum {
    MANTISSA_DIGITS_MAX = 19, // As many always fit 64 bits.
    EXACT_POWER_MAX = 22,     // 10^22 is the last power of ten that a double holds exactly.
    EXPONENT_LIMIT = 100000,  // Far outside of any double, far inside of an int.
    REAL_EXPONENT_MAX = 308,
};

// The number is mantissa * 10^exponent, unless it has more digits than fit the mantissa.
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool is_negative;
    bool is_long;
};

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *take_digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    for (; at != end && is_digit(*at); at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *mantissa = value;
    return at;
}

static COLD const char *fail_digit(struct json_parser *parser, const char *at,
                                   const char *expectation)
{
    if (at == parser->end) return json_parse_fail_end(parser, " in a Number value");
    return json_parse_fail_number(parser, at, expectation);
}

// The digits behind the 'e', with their sign.
static const char *take_exponent(struct json_parser *parser, const char *at,
                                 struct decimal *decimal)
{
    const char *end = parser->end;
    bool is_negative = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) at++;
    if (at == end || !is_digit(*at)) {
        return fail_digit(parser, at, "Exponent indicator not followed by a digit");
    }
    int exponent = 0;
    for (; at != end && is_digit(*at); at++) {
        if (exponent < EXPONENT_LIMIT) exponent = exponent * 10 + (*at - '0');
    }
    decimal->exponent += is_negative ? -exponent : exponent;
    return at;
}

// Fraction and exponent, of which there is at least one.
static const char *take_rest(struct json_parser *parser, const char *at, size_t digit_count,
                             struct decimal *decimal)
{
    const char *end = parser->end;
    if (*at == '.') {
        const char *fraction = ++at;
        at = take_digits(at, end, &decimal->mantissa);
        if (at == fraction) {
            return fail_digit(parser, at, "Decimal point not followed by a digit");
        }
        size_t fraction_count = (size_t)(at - fraction);
        decimal->is_long = digit_count + fraction_count > MANTISSA_DIGITS_MAX;
        decimal->exponent = fraction_count > EXPONENT_LIMIT ? 0 : -(int)fraction_count;
    }
    if (at != end && (*at == 'e' || *at == 'E')) return take_exponent(parser, at + 1, decimal);
    return at;
}

// Two exactly represented factors, one rounding.
static bool to_real_exactly(const struct decimal *decimal, double *ret_real)
{
    static const double powers[EXACT_POWER_MAX + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    bool is_exact = decimal->mantissa <= UINT64_C(1) << 53 &&
                    decimal->exponent >= -EXACT_POWER_MAX && decimal->exponent <= EXACT_POWER_MAX;
    if (!is_exact) return false;
    double real = (double)decimal->mantissa;
    if (decimal->exponent < 0) {
        real /= powers[-decimal->exponent];
    } else {
        real *= powers[decimal->exponent];
    }
    *ret_real = real;
    return true;
}

// The mantissa times a power of ten of 128 bits gives 192 bits, of which the upper 53 are wanted.
// The power is too large by less than 1, so the product is by less than 2^64. Where that might
// reach the rounding, and for results that are not normal doubles, the answer is no.
static bool to_real_by_product(const struct decimal *decimal, double *ret_real)
{
    if (decimal->mantissa == 0) return false;
    if (decimal->exponent < POWER_FIRST || decimal->exponent > REAL_EXPONENT_MAX) return false;
    const struct power *power = power_of_ten(decimal->exponent);
    int shift = __builtin_clzll(decimal->mantissa);
    uint64_t mantissa = decimal->mantissa << shift;
    power_wide lowest = (power_wide)mantissa * power->low;
    power_wide product = (power_wide)mantissa * power->high + (uint64_t)(lowest >> 64);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    bool is_power_exact = decimal->exponent >= 0 && decimal->exponent <= POWER_EXACT_LAST;
    if (!is_power_exact && low < 4) return false;
    bool has_rest = low != 0 || (uint64_t)lowest != 0;

    int top = high >> 63 != 0 ? 0 : 1; // The top bit is the highest or the one below.
    int dropped_bits = 11 - top;
    uint64_t dropped = high & ((UINT64_C(1) << dropped_bits) - 1);
    uint64_t half = UINT64_C(1) << (dropped_bits - 1);
    uint64_t significand = high >> dropped_bits;
    if (dropped > half || (dropped == half && (has_rest || (significand & 1) != 0))) significand++;
    int exponent = power_floor_log2(decimal->exponent) + 1 - shift + dropped_bits;
    if (significand >> 53 != 0) {
        significand >>= 1;
        exponent++;
    }
    int biased = exponent + 1075;
    if (biased < 1 || biased > 2046) return false;
    uint64_t bits = (uint64_t)biased << 52 | (significand & ((UINT64_C(1) << 52) - 1));
    memcpy(ret_real, &bits, sizeof(bits));
    return true;
}

static const char *finish_real(struct json_parser *parser, struct str text,
                               const struct decimal *decimal, struct json *ret_value)
{
    double real;
    bool is_found = !decimal->is_long &&
                    (to_real_exactly(decimal, &real) || to_real_by_product(decimal, &real));
    if (LIKELY(is_found)) {
        if (decimal->is_negative) real = -real;
    } else {
        struct str copy;
        if (!arena_copy_str(parser->arena, text, &copy)) return json_parse_fail_memory(parser);
        real = strtod(copy.data, NULL);
        if (!isfinite(real)) {
            return json_parse_fail(parser, text.data, "Numeric value out of range of double");
        }
    }
    ret_value->type = JSON_REAL;
    ret_value->size = 0;
    ret_value->real = real;
    return text.data + text.size;
}

static const char *finish_integer(struct json_parser *parser, struct str text,
                                  const struct decimal *decimal, struct json *ret_value)
{
    uint64_t limit = (uint64_t)INT64_MAX + decimal->is_negative;
    const char *after = text.data + text.size;
    if (LIKELY(!decimal->is_long && decimal->mantissa <= limit)) {
        ret_value->type = JSON_INTEGER;
        ret_value->size = 0;
        ret_value->integer =
            (int64_t)(decimal->is_negative ? -decimal->mantissa : decimal->mantissa);
        return after;
    }
    if ((parser->flags & JSON_PARSE_COPY) != 0) {
        if (!arena_copy_str(parser->arena, text, &text)) return json_parse_fail_memory(parser);
    }
    ret_value->type = JSON_NUMBER_TEXT;
    ret_value->size = (uint32_t)text.size;
    ret_value->text = text.data;
    return after;
}

const char *json_parse_number(struct json_parser *parser, const char *at, struct json *ret_value)
{
    const char *start = at, *end = parser->end;
    struct decimal decimal = {.is_negative = *at == '-'};
    if (decimal.is_negative) at++;
    const char *digits = at;
    at = take_digits(at, end, &decimal.mantissa);
    size_t digit_count = (size_t)(at - digits);
    if (UNLIKELY(digit_count == 0)) {
        return fail_digit(parser, at,
                          "expected digit (0-9) to follow minus sign, for valid numeric value");
    }
    if (UNLIKELY(*digits == '0' && digit_count > 1)) {
        return json_parse_fail(parser, digits + 1,
                               "Invalid numeric value: Leading zeroes not allowed");
    }
    decimal.is_long = digit_count > MANTISSA_DIGITS_MAX;
    bool is_real = at != end && (*at == '.' || *at == 'e' || *at == 'E');
    if (is_real) {
        at = take_rest(parser, at, digit_count, &decimal);
        if (UNLIKELY(at == NULL)) return NULL;
    }
    if (parser->container == NO_CONTAINER && at != end) {
        bool is_separated = *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r';
        if (!is_separated) {
            return json_parse_fail_character(parser, at,
                                             "Expected space separating root-level values");
        }
    }
    struct str text = {start, (size_t)(at - start)};
    if (is_real) return finish_real(parser, text, &decimal, ret_value);
    return finish_integer(parser, text, &decimal, ret_value);
}
