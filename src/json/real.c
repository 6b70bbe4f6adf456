// Shortest decimal digits of a double, in Java's and in ECMAScript's form.

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

enum { DIGITS_MAX = 17 };

// value = 0.d1d2d3... * 10^point, d1 not 0.
struct digits {
    char text[DIGITS_MAX];
    int count;
    int point;
};

static void set_digits(struct digits *digits, uint64_t mantissa, int exponent)
{
    assert(mantissa != 0);
    for (; mantissa % 10 == 0; mantissa /= 10)
        exponent++;
    char reversed[20];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + mantissa % 10);
        mantissa /= 10;
    } while (mantissa != 0);
    assert(count <= DIGITS_MAX);
    digits->count = count;
    digits->point = count + exponent;
    for (int i = 0; i < count; i++)
        digits->text[i] = reversed[count - 1 - i];
}

// Most numbers in practice are decimals of at most 15 digits. Any two of those are different
// doubles, so the first scale at which the number becomes such an integer m, with m / 10^scale
// rounding to the number again, gives its shortest form. Powers up to 10^22 and m are exact, so the
// check is one correctly rounded division.
static bool set_digits_if_short(struct digits *digits, double real)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (real >= 1e15 || real < 1e-7) return false;
    for (size_t scale = 0; scale < ARRAY_COUNT(powers); scale++) {
        double scaled = real * powers[scale];
        if (scaled >= 1e15) return false;
        double rounded = nearbyint(scaled);
        if (rounded / powers[scale] == real) {
            set_digits(digits, (uint64_t)rounded, -(int)scale);
            return true;
        }
    }
    return false;
}

// The decimal of `count` digits that is nearest to `real`; true when it reads back as `real`.
static bool set_digits_rounded(struct digits *digits, double real, int count)
{
    char text[40];
    snprintf(text, sizeof(text), "%.*e", count - 1, real);
    digits->text[0] = text[0];
    if (count > 1) memcpy(digits->text + 1, text + 2, (size_t)count - 1);
    digits->count = count;
    digits->point = atoi(strchr(text, 'e') + 1) + 1;
    bool is_back = strtod(text, NULL) == real;
    if (!is_back && text[count] != '9' && count > 1) {
        // Doubles are farther apart above a power of two than below it, so there the next decimal
        // may read back where the nearest one does not.
        text[count]++;
        is_back = strtod(text, NULL) == real;
        if (is_back) digits->text[count - 1]++;
    }
    while (digits->count > 1 && digits->text[digits->count - 1] == '0')
        digits->count--;
    return is_back;
}

static void set_shortest_digits(struct digits *digits, double real)
{
    assert(isfinite(real) && real > 0);
    if (set_digits_if_short(digits, real)) return;
    for (int count = isnormal(real) ? 15 : 1; count < DIGITS_MAX; count++) {
        if (set_digits_rounded(digits, real, count)) return;
    }
    bool is_back = set_digits_rounded(digits, real, DIGITS_MAX);
    assert(is_back);
}

static void append_zeros(struct buffer *buffer, int count)
{
    for (int i = 0; i < count; i++)
        buffer_append_byte(buffer, '0');
}

// Digits without exponent: "0.001", "1.5", "100" and then `whole_suffix`.
static void append_plain(struct buffer *buffer, const struct digits *digits,
                         const char *whole_suffix)
{
    int count = digits->count, point = digits->point;
    if (point <= 0) {
        buffer_append_str(buffer, STR("0."));
        append_zeros(buffer, -point);
        buffer_append(buffer, digits->text, (size_t)count);
    } else if (point >= count) {
        buffer_append(buffer, digits->text, (size_t)count);
        append_zeros(buffer, point - count);
        buffer_append_str(buffer, str_from_c(whole_suffix));
    } else {
        buffer_append(buffer, digits->text, (size_t)point);
        buffer_append_byte(buffer, '.');
        buffer_append(buffer, digits->text + point, (size_t)(count - point));
    }
}

void json_render_real(struct buffer *buffer, double real)
{
    assert(isfinite(real));
    if (signbit(real)) buffer_append_byte(buffer, '-');
    real = fabs(real);
    if (real == 0) {
        buffer_append_str(buffer, STR("0.0"));
        return;
    }
    struct digits digits;
    set_shortest_digits(&digits, real);
    if (real >= 1e-3 && real < 1e7) {
        append_plain(buffer, &digits, ".0");
        return;
    }
    // Java always prints a second digit, and of all two-digit forms the nearest: 4.9E-324.
    if (digits.count == 1) {
        bool is_back = set_digits_rounded(&digits, real, 2);
        assert(is_back);
    }
    buffer_append_byte(buffer, digits.text[0]);
    buffer_append_byte(buffer, '.');
    if (digits.count == 1) buffer_append_byte(buffer, '0');
    buffer_append(buffer, digits.text + 1, (size_t)digits.count - 1);
    buffer_append_byte(buffer, 'E');
    buffer_append_i64(buffer, digits.point - 1);
}

void json_render_real_ecmascript(struct buffer *buffer, double real)
{
    assert(isfinite(real));
    if (real == 0) { // Minus zero too.
        buffer_append_byte(buffer, '0');
        return;
    }
    if (real < 0) buffer_append_byte(buffer, '-');
    struct digits digits;
    set_shortest_digits(&digits, fabs(real));
    if (digits.point > -6 && digits.point <= 21) {
        append_plain(buffer, &digits, "");
        return;
    }
    buffer_append_byte(buffer, digits.text[0]);
    if (digits.count > 1) {
        buffer_append_byte(buffer, '.');
        buffer_append(buffer, digits.text + 1, (size_t)digits.count - 1);
    }
    buffer_append_byte(buffer, 'e');
    if (digits.point > 0) buffer_append_byte(buffer, '+');
    buffer_append_i64(buffer, digits.point - 1);
}
