// Shortest decimal digits of a double, in Java's and in ECMAScript's form.
//
// The digits are found as Raffaello Giulietti describes in "The Schubfach way to render doubles":
// scale the double and the bounds of its rounding interval by one power of ten, and take the
// shortest decimal inside, of those the nearest.

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"
#include "json/powers.h"

enum { DIGITS_MAX = 17, TEXT_MAX = 32 };

// value = 0.d1d2d3... * 10^point, d1 not 0, the last digit not 0.
struct digits {
    char text[20];
    int count;
    int point;
};

struct decimal {
    uint64_t mantissa;
    int exponent; // Of ten.
};

static void set_digits(struct digits *digits, struct decimal decimal)
{
    uint64_t rest = decimal.mantissa;
    assert(rest != 0);
    if (rest % 100000000 == 0) { // Short decimals come with many zeros.
        rest /= 100000000;
        decimal.exponent += 8;
    }
    while (rest % 10 == 0) {
        rest /= 10;
        decimal.exponent++;
    }
    char reversed[20];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    assert(count <= DIGITS_MAX);
    digits->count = count;
    digits->point = count + decimal.exponent;
    for (int i = 0; i < count; i++)
        digits->text[i] = reversed[count - 1 - i];
}

// floor(power * factor / 2^127), with the last bit set when something was cut off: enough to
// compare with integers, whatever was cut off.
static uint64_t multiply_to_odd(const struct power *power, uint64_t factor)
{
    power_wide low = (power_wide)power->low * factor;
    power_wide high = (power_wide)power->high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

// `significand` * 2^`exponent`, whose lower neighbour is only half as far away as its upper one
// when `is_lower_closer`.
static struct decimal shortest_decimal(uint64_t significand, int exponent, bool is_lower_closer)
{
    // floor(log10(2^exponent)), or of 3/4 of that, by constants in 2^-22.
    int scale = (exponent * 1262611 - (is_lower_closer ? 524031 : 0)) >> 22;
    const struct power *power = power_of_ten(-scale);
    int shift = exponent + power_floor_log2(-scale) + 1;
    // In quarters of a unit of 10^scale: the value and the bounds of what rounds to it. A double
    // with an even significand attracts its bounds too.
    uint64_t value = multiply_to_odd(power, 4 * significand << shift);
    uint64_t lower = multiply_to_odd(power, (4 * significand - 2 + is_lower_closer) << shift);
    uint64_t upper = multiply_to_odd(power, (4 * significand + 2) << shift);
    bool is_odd = (significand & 1) != 0;
    lower += is_odd;
    upper -= is_odd;

    uint64_t floor = value / 4;
    if (floor >= 10) { // One digit less?
        uint64_t tens = floor / 10;
        bool is_down_inside = lower <= 40 * tens;
        bool is_up_inside = 40 * tens + 40 <= upper;
        if (is_down_inside != is_up_inside) {
            return (struct decimal){tens + is_up_inside, scale + 1};
        }
    }
    bool is_down_inside = lower <= 4 * floor;
    bool is_up_inside = 4 * floor + 4 <= upper;
    if (is_down_inside != is_up_inside) return (struct decimal){floor + is_up_inside, scale};
    uint64_t middle = 4 * floor + 2;
    bool rounds_up = value > middle || (value == middle && (floor & 1) != 0);
    return (struct decimal){floor + rounds_up, scale};
}

static void set_shortest_digits(struct digits *digits, double real)
{
    assert(isfinite(real) && real > 0);
    if (real < 0x1p53 && real == floor(real)) {
        set_digits(digits, (struct decimal){(uint64_t)real, 0});
        return;
    }
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52);
    bool is_subnormal = biased == 0;
    uint64_t significand = is_subnormal ? fraction : fraction | UINT64_C(1) << 52;
    int exponent = (is_subnormal ? 1 : biased) - 1075;
    bool is_lower_closer = fraction == 0 && biased > 1;
    set_digits(digits, shortest_decimal(significand, exponent, is_lower_closer));
}

static char *put_zeros(char *at, int count)
{
    for (int i = 0; i < count; i++)
        *at++ = '0';
    return at;
}

static char *put_digits(char *at, const struct digits *digits, int first, int count)
{
    memcpy(at, digits->text + first, (size_t)count);
    return at + count;
}

// Without exponent: "0.001", "1.5"; whole numbers without a point.
static char *put_plain(char *at, const struct digits *digits)
{
    int count = digits->count, point = digits->point;
    if (point >= count) return put_zeros(put_digits(at, digits, 0, count), point - count);
    if (point > 0) {
        at = put_digits(at, digits, 0, point);
        *at++ = '.';
        return put_digits(at, digits, point, count - point);
    }
    *at++ = '0';
    *at++ = '.';
    return put_digits(put_zeros(at, -point), digits, 0, count);
}

static char *put_exponent(char *at, int exponent)
{
    if (exponent < 0) *at++ = '-';
    unsigned rest = (unsigned)abs(exponent);
    if (rest >= 100) *at++ = (char)('0' + rest / 100);
    if (rest >= 10) *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

// Java always prints a second digit, and of all two-digit forms the nearest. Only the least doubles
// are so coarse that this is not the one digit with a zero: 4.9E-324.
static void set_second_digit(struct digits *digits, double real)
{
    if (digits->count > 1) return;
    digits->count = 2;
    digits->text[1] = '0';
    if (isnormal(real)) return;
    char text[TEXT_MAX];
    snprintf(text, sizeof(text), "%.1e", real);
    digits->text[0] = text[0];
    digits->text[1] = text[2];
    digits->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
}

void json_render_real(struct buffer *buffer, double real)
{
    assert(isfinite(real));
    char text[TEXT_MAX], *at = text;
    if (signbit(real)) *at++ = '-';
    real = fabs(real);
    struct digits digits = {.text = "0", .count = 1, .point = 1};
    if (real != 0) set_shortest_digits(&digits, real);
    if (real == 0 || (real >= 1e-3 && real < 1e7)) {
        at = put_plain(at, &digits);
        if (digits.point >= digits.count) {
            *at++ = '.';
            *at++ = '0';
        }
    } else {
        set_second_digit(&digits, real);
        *at++ = digits.text[0];
        *at++ = '.';
        at = put_digits(at, &digits, 1, digits.count - 1);
        *at++ = 'E';
        at = put_exponent(at, digits.point - 1);
    }
    buffer_append(buffer, text, (size_t)(at - text));
}

void json_render_real_ecmascript(struct buffer *buffer, double real)
{
    assert(isfinite(real));
    char text[TEXT_MAX], *at = text;
    if (real < 0) *at++ = '-'; // Minus zero is "0".
    real = fabs(real);
    struct digits digits = {.text = "0", .count = 1, .point = 1};
    if (real != 0) set_shortest_digits(&digits, real);
    if (digits.point > -6 && digits.point <= 21) {
        at = put_plain(at, &digits);
    } else {
        *at++ = digits.text[0];
        if (digits.count > 1) *at++ = '.';
        at = put_digits(at, &digits, 1, digits.count - 1);
        *at++ = 'e';
        if (digits.point > 0) *at++ = '+';
        at = put_exponent(at, digits.point - 1);
    }
    buffer_append(buffer, text, (size_t)(at - text));
}
