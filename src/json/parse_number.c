// Numbers: integers are exact or keep their text; reals are the nearest double, by one exact
// multiplication or division where that is possible (Clinger's fast path) and by the C library
// otherwise.

#include <math.h>
#include <stdlib.h>

#include "json/parse.h"

enum {
    MANTISSA_DIGITS_MAX = 19, // As many always fit 64 bits.
    EXACT_POWER_MAX = 22,     // 10^22 is the last power of ten that a double holds exactly.
    EXPONENT_LIMIT = 100000,  // Far outside of any double, far inside of an int.
};

struct decimal {
    uint64_t mantissa;
    int32_t exponent; // The value is mantissa * 10^exponent, unless truncated.
    uint32_t digit_count;
    bool is_negative;
    bool is_truncated; // There were more digits than the mantissa holds.
};

static const double exact_powers[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static inline bool is_digit_at(const struct json_parser *parser)
{
    return parser->at != parser->end && *parser->at >= '0' && *parser->at <= '9';
}

static inline void take_digit(struct decimal *decimal, char c)
{
    if (decimal->digit_count < MANTISSA_DIGITS_MAX) {
        decimal->mantissa = decimal->mantissa * 10 + (uint64_t)(c - '0');
        if (decimal->mantissa != 0) decimal->digit_count++; // Leading zeros do not count.
    } else {
        decimal->is_truncated = true;
        decimal->exponent++;
    }
}

static enum status fail_digit(struct json_parser *parser, const char *expectation)
{
    if (parser->at == parser->end) return json_parse_fail_end(parser, " in a Number value");
    return json_parse_fail_number(parser, expectation);
}

static enum status take_integer_part(struct json_parser *parser, struct decimal *decimal)
{
    decimal->is_negative = *parser->at == '-';
    if (decimal->is_negative) {
        parser->at++;
        if (!is_digit_at(parser)) {
            return fail_digit(parser, "expected digit (0-9) to follow minus sign, for valid "
                                      "numeric value");
        }
    }
    if (*parser->at == '0') {
        parser->at++;
        if (!is_digit_at(parser)) return STATUS_OK;
        return json_parse_fail(parser, "Invalid numeric value: Leading zeroes not allowed");
    }
    while (is_digit_at(parser))
        take_digit(decimal, *parser->at++);
    return STATUS_OK;
}

static enum status take_fraction(struct json_parser *parser, struct decimal *decimal)
{
    parser->at++;
    if (!is_digit_at(parser)) return fail_digit(parser, "Decimal point not followed by a digit");
    while (is_digit_at(parser)) {
        take_digit(decimal, *parser->at++);
        decimal->exponent--;
    }
    return STATUS_OK;
}

static enum status take_exponent(struct json_parser *parser, struct decimal *decimal)
{
    parser->at++;
    bool is_negative = false;
    if (parser->at != parser->end && (*parser->at == '-' || *parser->at == '+')) {
        is_negative = *parser->at++ == '-';
    }
    if (!is_digit_at(parser)) {
        return fail_digit(parser, "Exponent indicator not followed by a digit");
    }
    int32_t exponent = 0;
    while (is_digit_at(parser)) {
        if (exponent < EXPONENT_LIMIT) exponent = exponent * 10 + (*parser->at - '0');
        parser->at++;
    }
    decimal->exponent += is_negative ? -exponent : exponent;
    return STATUS_OK;
}

// Two exactly represented factors, one rounding: the nearest double.
static bool to_real_exactly(const struct decimal *decimal, double *ret_real)
{
    bool is_exact = !decimal->is_truncated && decimal->mantissa <= UINT64_C(1) << 53 &&
                    decimal->exponent >= -EXACT_POWER_MAX && decimal->exponent <= EXACT_POWER_MAX;
    if (!is_exact) return false;
    double real = (double)decimal->mantissa;
    if (decimal->exponent < 0) {
        real /= exact_powers[-decimal->exponent];
    } else {
        real *= exact_powers[decimal->exponent];
    }
    *ret_real = decimal->is_negative ? -real : real;
    return true;
}

static enum status finish_real(struct json_parser *parser, const char *start,
                               const struct decimal *decimal, struct json *ret_value)
{
    double real;
    if (!to_real_exactly(decimal, &real)) {
        struct str text = {start, (size_t)(parser->at - start)};
        if (!arena_copy_str(parser->arena, text, &text)) return STATUS_NO_MEMORY;
        real = strtod(text.data, NULL);
    }
    if (!isfinite(real)) {
        parser->at = start;
        return json_parse_fail(parser, "Numeric value out of range of double");
    }
    *ret_value = json_from_real(real);
    return STATUS_OK;
}

static enum status finish_integer(struct json_parser *parser, const char *start,
                                  const struct decimal *decimal, struct json *ret_value)
{
    uint64_t limit = (uint64_t)INT64_MAX + decimal->is_negative;
    if (LIKELY(!decimal->is_truncated && decimal->mantissa <= limit)) {
        uint64_t value = decimal->is_negative ? -decimal->mantissa : decimal->mantissa;
        *ret_value = json_from_integer((int64_t)value);
        return STATUS_OK;
    }
    struct str text = {start, (size_t)(parser->at - start)};
    if ((parser->flags & JSON_PARSE_COPY) != 0) {
        if (!arena_copy_str(parser->arena, text, &text)) return STATUS_NO_MEMORY;
    }
    *ret_value =
        (struct json){.type = JSON_NUMBER_TEXT, .size = (uint32_t)text.size, .text = text.data};
    return STATUS_OK;
}

enum status json_parse_number(struct json_parser *parser, struct json *ret_value)
{
    const char *start = parser->at;
    struct decimal decimal = {0};
    bool is_real = false;
    enum status status = take_integer_part(parser, &decimal);
    if (status == STATUS_OK && parser->at != parser->end && *parser->at == '.') {
        is_real = true;
        status = take_fraction(parser, &decimal);
    }
    if (status == STATUS_OK && parser->at != parser->end && (*parser->at | 0x20) == 'e') {
        is_real = true;
        status = take_exponent(parser, &decimal);
    }
    if (UNLIKELY(status != STATUS_OK)) return status;
    if (parser->container == NO_CONTAINER && parser->at != parser->end) {
        char c = *parser->at;
        bool is_separated = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!is_separated) {
            return json_parse_fail_character(parser, "Expected space separating root-level values");
        }
    }
    if (is_real) return finish_real(parser, start, &decimal, ret_value);
    return finish_integer(parser, start, &decimal, ret_value);
}
