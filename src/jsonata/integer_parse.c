// $parseInteger(): a whole text by a picture, as the reference reads it: what does not fit the
// picture gives no error but a number, often none ("not a number").

#include <math.h>

#include "base/encoding.h"
#include "jsonata/functions.h"

// From the last letter to the first, which decides how large numbers are rounded.
static double parse_letters(struct str text, char first)
{
    double value = 0, count = 0;
    while (text.size > 0) {
        size_t start = text.size - 1;
        while (start > 0 && ((unsigned char)text.data[start] & 0xc0) == 0x80)
            start--;
        struct str letter = str_skip(text, start);
        uint32_t code = encoding_utf8_take(&letter);
        if (code > 0xffff) { // Counted in UTF-16 units.
            value += (0xdc00 + (double)(code & 0x3ff) - first + 1) * pow(26, count++);
            code = 0xd800 + ((code - 0x10000) >> 10);
        }
        value += ((double)code - first + 1) * pow(26, count++);
        text.size = start;
    }
    return value;
}

static double parse_roman(struct str text, bool is_upper)
{
    static const char letters[] = "IVXLCDM";
    static const int values[] = {1, 5, 10, 50, 100, 500, 1000};
    double sum = 0;
    int most = 1;
    for (size_t i = text.size; i-- > 0;) {
        char letter = text.data[i];
        if (!is_upper && letter >= 'a' && letter <= 'z') letter = (char)(letter - 32);
        const char *found = letter == '\0' ? NULL : strchr(letters, letter);
        if (found == NULL) return (double)NAN;
        int value = values[found - letters];
        // A smaller numeral before a larger one is taken from it.
        sum += value < most ? -value : value;
        if (value > most) most = value;
    }
    return sum;
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// Where the next word ends, and behind what separates it from the one after: ", ", " and ", a
// blank, a hyphen or a backslash.
static size_t find_separator(struct str text, size_t *ret_size)
{
    for (size_t i = 0; i < text.size; i++) {
        struct str rest = str_skip(text, i);
        bool is_comma = rest.size > 1 && rest.data[0] == ',' && is_blank(rest.data[1]);
        bool is_and = rest.size > 4 && is_blank(rest.data[0]) && is_blank(rest.data[4]) &&
                      str_equal_ignoring_case(str_slice(rest, 1, 3), STR("and"));
        if (!is_comma && !is_and && !is_blank(rest.data[0]) && rest.data[0] != '-' &&
            rest.data[0] != '\\')
            continue;
        *ret_size = is_comma ? 2 : is_and ? 5 : 1;
        return i;
    }
    *ret_size = 0;
    return text.size;
}

static double parse_words(struct evaluation *evaluation, struct str text)
{
    // Sums of what is below a hundred, and what they are multiplied by, from left to right.
    double total = 0, last = 0;
    for (;;) {
        size_t separator_size, size = find_separator(text, &separator_size);
        double value = integer_word_value(str_slice(text, 0, size));
        evaluation_step(evaluation);
        if (value < 0) return (double)NAN;
        if (value >= 100) {
            last *= value;
        } else if (last >= 1000) {
            total += last;
            last = value;
        } else {
            last += value;
        }
        if (separator_size == 0) return total + last;
        text = str_skip(text, size + separator_size);
    }
}

static bool is_separator(const struct integer_format *format, uint32_t code)
{
    if (format->is_regular) return code == ',';
    for (uint32_t i = 0; i < format->separator_count; i++)
        if (format->separators[i].character == code) return true;
    return false;
}

static struct str without_ordinal(struct str text)
{
    size_t units = 0;
    while (units < 2 && text.size > 0) {
        text.size--;
        units += ((unsigned char)text.data[text.size] & 0xc0) != 0x80;
    }
    return text;
}

// A sign, perhaps "0x", and digits as far as they go.
static double parse_decimal(const struct integer_format *format, struct str text)
{
    if (format->is_ordinal) text = without_ordinal(text);
    double value = 0, sign = 1, base = 10;
    bool has_digit = false, is_start = true, is_zero_first = false;
    while (text.size > 0) {
        uint32_t code = encoding_utf8_take(&text);
        if (is_separator(format, code)) continue;
        code = code - format->zero + '0';
        if (is_start && code < 0x80 && is_blank((char)code)) continue;
        bool is_sign = is_start && (code == '-' || code == '+');
        if (code == '-' && is_sign) sign = -1;
        is_start = false;
        if (is_sign) continue;
        if (is_zero_first && base == 10 && (code | 0x20) == 'x') {
            base = 16;
            has_digit = is_zero_first = false;
            continue;
        }
        uint32_t lower = code | 0x20;
        bool is_letter = base == 16 && lower >= 'a' && lower <= 'f';
        if (!is_letter && (code < '0' || code > '9')) break;
        is_zero_first = !has_digit && code == '0';
        has_digit = true;
        value = value * base + (is_letter ? lower - 'a' + 10 : code - '0');
    }
    return has_digit ? sign * value : (double)NAN;
}

double integer_parse(struct evaluation *evaluation, const struct integer_format *format,
                     struct str text)
{
    bool is_upper = format->letter_case == INTEGER_UPPER;
    evaluation_steps(evaluation, text.size / 16);
    switch (format->primary) {
    case INTEGER_LETTERS: return parse_letters(text, is_upper ? 'A' : 'a');
    case INTEGER_ROMAN: return parse_roman(text, is_upper);
    case INTEGER_WORDS: return parse_words(evaluation, text);
    case INTEGER_DECIMAL: return parse_decimal(format, text);
    case INTEGER_SEQUENCE: break;
    }
    evaluation_fail_value(evaluation, "D3130", json_from_str(format->picture), 0);
}
