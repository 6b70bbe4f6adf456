// Whole numbers by pictures: decimal digits of any script with grouping, letters, Roman numerals,
// English words; cardinal or ordinal.

#include <math.h>
#include <stdio.h>

#include "base/encoding.h"
#include "jsonata/functions.h"

static const uint32_t digit_zeros[] = {
    0x30,   0x660,  0x6f0,  0x7c0,  0x966,  0x9e6,  0xa66,  0xae6,  0xb66,  0xbe6,
    0xc66,  0xce6,  0xd66,  0xde6,  0xe50,  0xed0,  0xf20,  0x1040, 0x1090, 0x17e0,
    0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
};

static const char *const few[] = {"Zero",    "One",     "Two",       "Three",    "Four",
                                  "Five",    "Six",     "Seven",     "Eight",    "Nine",
                                  "Ten",     "Eleven",  "Twelve",    "Thirteen", "Fourteen",
                                  "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
static const char *const few_ordinal[] = {
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
static const char *const decades[] = {"Twenty", "Thirty",  "Forty",  "Fifty",
                                      "Sixty",  "Seventy", "Eighty", "Ninety"};
static const char *const magnitudes[] = {"Thousand", "Million", "Billion", "Trillion"};

// ---------------------------------------------------------------------------------------------
// Reading pictures

static void find_regular_grouping(struct integer_format *format)
{
    if (format->separator_count == 0) return;
    uint32_t factor = 0;
    for (uint32_t i = 0; i < format->separator_count; i++) {
        if (format->separators[i].character != format->separators[0].character) return;
        uint32_t a = factor, b = format->separators[i].position;
        while (b != 0) {
            uint32_t rest = a % b;
            a = b;
            b = rest;
        }
        factor = a;
    }
    // Positions rise from right to left; regular ones are all multiples, none left out.
    for (uint32_t i = 0; i < format->separator_count; i++)
        if (format->separators[format->separator_count - 1 - i].position != (i + 1) * factor &&
            format->separators[i].position != (i + 1) * factor)
            return;
    format->is_regular = factor > 0;
    format->group_size = factor;
}

static uint32_t zero_of(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(digit_zeros); i++)
        if (code >= digit_zeros[i] && code <= digit_zeros[i] + 9) return digit_zeros[i];
    return 0;
}

static void parse_decimal(struct evaluation *evaluation, struct integer_format *format,
                          struct str picture)
{
    struct str rest = picture;
    while (rest.size > 0) {
        uint32_t code = encoding_utf8_take(&rest);
        uint32_t zero = zero_of(code);
        if (zero != 0) {
            if (format->mandatory_digits > 0 && zero != format->zero)
                evaluation_fail(evaluation, "D3131");
            format->zero = zero;
            format->mandatory_digits++;
        } else if (code == '#') {
            format->optional_digits++;
        } else if (format->separator_count < INTEGER_SEPARATORS_MAX) {
            uint32_t seen = format->mandatory_digits + format->optional_digits;
            format->separators[format->separator_count].position = seen; // From the left, yet.
            format->separators[format->separator_count++].character = code;
        }
    }
    if (format->mandatory_digits == 0)
        evaluation_fail_value(evaluation, "D3130", json_from_str(picture), 0);
    uint32_t total = format->mandatory_digits + format->optional_digits;
    for (uint32_t i = 0; i < format->separator_count; i++)
        format->separators[i].position = total - format->separators[i].position;
    find_regular_grouping(format);
}

struct integer_format integer_format_parse(struct evaluation *evaluation, struct str picture)
{
    static const struct {
        const char *text;
        enum integer_primary primary;
        enum integer_case letter_case;
    } presentations[] = {
        {"A", INTEGER_LETTERS, INTEGER_UPPER}, {"a", INTEGER_LETTERS, INTEGER_LOWER},
        {"I", INTEGER_ROMAN, INTEGER_UPPER},   {"i", INTEGER_ROMAN, INTEGER_LOWER},
        {"W", INTEGER_WORDS, INTEGER_UPPER},   {"Ww", INTEGER_WORDS, INTEGER_TITLE},
        {"w", INTEGER_WORDS, INTEGER_LOWER},
    };
    struct integer_format format = {.primary = INTEGER_DECIMAL, .zero = '0'};
    size_t semicolon = SIZE_MAX;
    for (size_t i = 0; i < picture.size; i++)
        if (picture.data[i] == ';') semicolon = i;
    struct str primary = str_slice(picture, 0, semicolon);
    if (semicolon != SIZE_MAX && semicolon + 1 < picture.size)
        format.is_ordinal = picture.data[semicolon + 1] == 'o';
    format.picture = primary;
    for (size_t i = 0; i < ARRAY_COUNT(presentations); i++) {
        if (!str_is(primary, presentations[i].text)) continue;
        format.primary = presentations[i].primary;
        format.letter_case = presentations[i].letter_case;
        return format;
    }
    parse_decimal(evaluation, &format, primary);
    return format;
}

// ---------------------------------------------------------------------------------------------
// Writing

static void append_c(struct text *text, const char *part)
{
    builder_append(text, str_from_c(part));
}

static void render_words(struct text *text, double value, bool is_after, bool is_ordinal)
{
    evaluation_step(text->evaluation);
    if (value < 20) {
        if (is_after) append_c(text, " and ");
        append_c(text, is_ordinal ? few_ordinal[(int)value] : few[(int)value]);
    } else if (value < 100) {
        if (is_after) append_c(text, " and ");
        append_c(text, decades[(int)value / 10 - 2]);
        if ((int)value % 10 > 0) {
            append_c(text, "-");
            render_words(text, (int)value % 10, false, is_ordinal);
        } else if (is_ordinal) {
            text->size--; // The "y".
            append_c(text, "ieth");
        }
    } else if (value < 1000) {
        if (is_after) append_c(text, ", ");
        append_c(text, few[(int)value / 100]);
        append_c(text, " Hundred");
        if ((int)value % 100 > 0)
            render_words(text, (int)value % 100, true, is_ordinal);
        else if (is_ordinal)
            append_c(text, "th");
    } else {
        int magnitude = (int)floor(log10(value) / 3);
        if (magnitude > (int)ARRAY_COUNT(magnitudes)) magnitude = (int)ARRAY_COUNT(magnitudes);
        double factor = pow(10, magnitude * 3);
        double mantissa = floor(value / factor);
        double rest = value - mantissa * factor;
        if (is_after) append_c(text, ", ");
        render_words(text, mantissa, false, false);
        append_c(text, " ");
        append_c(text, magnitudes[magnitude - 1]);
        if (rest > 0)
            render_words(text, rest, true, is_ordinal);
        else if (is_ordinal)
            append_c(text, "th");
    }
}

static void render_roman(struct text *text, double value)
{
    static const struct {
        int value;
        const char *letters;
    } numerals[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                    {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                    {5, "V"},    {4, "IV"},   {1, "I"}};
    if (value > 1e9) evaluation_out_of_memory(text->evaluation);
    for (size_t i = 0; i < ARRAY_COUNT(numerals); i++) {
        for (; value >= numerals[i].value; value -= numerals[i].value) {
            evaluation_step(text->evaluation);
            append_c(text, numerals[i].letters);
        }
    }
}

static void render_letters(struct text *text, double value)
{
    enum { LETTERS_MAX = 256 };
    char letters[LETTERS_MAX];
    size_t start = LETTERS_MAX;
    while (value > 0 && start > 0) {
        letters[--start] = (char)('A' + (int)fmod(value - 1, 26));
        value = floor((value - 1) / 26);
    }
    builder_append(text, (struct str){letters + start, LETTERS_MAX - start});
}

// Put irregular separators among the digits, leftmost first. Where there are fewer digits than the
// picture has, the language counts from the end and loses what stands before; so does this.
static size_t place_separators(uint32_t *codes, size_t count, const struct integer_format *format)
{
    for (uint32_t i = 0; i < format->separator_count; i++) {
        uint32_t position = format->separators[i].position;
        size_t kept = count >= position ? count - position : 0;
        size_t rest = kept;
        if (count < position && position - count < count) rest = 2 * count - position;
        memmove(codes + kept + 1, codes + rest, (count - rest) * sizeof(*codes));
        codes[kept] = format->separators[i].character;
        count = kept + 1 + count - rest;
    }
    return count;
}

static void append_ordinal(struct text *text, const char *digits, size_t count)
{
    char last = digits[count - 1];
    bool is_teen = count > 1 && digits[count - 2] == '1';
    const char *suffix = is_teen       ? "th"
                         : last == '1' ? "st"
                         : last == '2' ? "nd"
                         : last == '3' ? "rd"
                                       : "th";
    append_c(text, suffix);
}

static void render_decimal(struct text *text, double value, const struct integer_format *format)
{
    enum { DIGITS_MAX = 320 };
    char digits[DIGITS_MAX + 1];
    uint32_t given = (uint32_t)snprintf(digits, sizeof(digits), "%.0f", value);
    uint32_t total = given > format->mandatory_digits ? given : format->mandatory_digits;
    size_t room = 2 * (size_t)total + format->separator_count;
    uint32_t *codes = evaluation_alloc_array(text->evaluation, room, sizeof(*codes));
    size_t count = 0;
    for (uint32_t i = 0; i < total; i++) {
        uint32_t position = total - i; // Digits from here to the end.
        if (i > 0 && format->is_regular && position % format->group_size == 0)
            codes[count++] = format->separators[0].character;
        uint32_t digit = position > given ? 0 : (uint32_t)(digits[given - position] - '0');
        codes[count++] = format->zero + digit;
    }
    if (!format->is_regular) count = place_separators(codes, count, format);
    for (size_t i = 0; i < count; i++)
        builder_append_code_point(text, codes[i]);
    if (format->is_ordinal) append_ordinal(text, digits, given);
}

void integer_render(struct text *text, double value, const struct integer_format *format)
{
    if (!isfinite(value)) evaluation_fail_value(text->evaluation, "D1001", json_null, 0);
    if (value < 0) {
        builder_append_byte(text, '-');
        value = -value;
    }
    size_t start = text->size;
    switch (format->primary) {
    case INTEGER_WORDS: render_words(text, value, false, format->is_ordinal); break;
    case INTEGER_ROMAN: render_roman(text, value); break;
    case INTEGER_LETTERS: render_letters(text, value); break;
    case INTEGER_DECIMAL:
    case INTEGER_SEQUENCE: render_decimal(text, value, format); return;
    }
    for (size_t i = start; i < text->size; i++) {
        char *letter = &text->data[i];
        if (format->letter_case == INTEGER_UPPER && *letter >= 'a' && *letter <= 'z')
            *letter = (char)(*letter - 32);
        if (format->letter_case == INTEGER_LOWER && *letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter + 32);
    }
}

// ---------------------------------------------------------------------------------------------
// Reading numbers

static bool takes_word(struct str *text, const char *word)
{
    struct str expected = str_from_c(word);
    if (text->size < expected.size ||
        !str_equal_ignoring_case(str_slice(*text, 0, expected.size), expected))
        return false;
    *text = str_skip(*text, expected.size);
    return true;
}

// Whole words only: what follows is no letter.
static bool take_value_word(struct str *text, const char *word, const char *ending)
{
    struct str rest = *text;
    if (!takes_word(&rest, word) || !takes_word(&rest, ending)) return false;
    bool goes_on = rest.size > 0 && ((rest.data[0] | 0x20) >= 'a' && (rest.data[0] | 0x20) <= 'z');
    if (goes_on) return false;
    *text = rest;
    return true;
}

static double take_word_value(struct str *text)
{
    static const char *const decades_ordinal[] = {"Twentieth", "Thirtieth", "Fortieth",
                                                  "Fiftieth",  "Sixtieth",  "Seventieth",
                                                  "Eightieth", "Ninetieth"};
    for (size_t i = 0; i < ARRAY_COUNT(few); i++)
        if (take_value_word(text, few[i], "") || take_value_word(text, few_ordinal[i], ""))
            return (double)i;
    for (size_t i = 0; i < ARRAY_COUNT(decades); i++)
        if (take_value_word(text, decades[i], "") || take_value_word(text, decades_ordinal[i], ""))
            return (double)(i + 2) * 10;
    if (take_value_word(text, "Hundred", "") || take_value_word(text, "Hundred", "th")) return 100;
    for (size_t i = 0; i < ARRAY_COUNT(magnitudes); i++)
        if (take_value_word(text, magnitudes[i], "") || take_value_word(text, magnitudes[i], "th"))
            return pow(10, 3 * (double)(i + 1));
    return -1;
}

double integer_word_value(struct str word)
{
    double value = take_word_value(&word);
    return word.size == 0 ? value : -1;
}

static void skip_between_words(struct str *text)
{
    for (;;) {
        while (text->size > 0 && strchr(" ,-", text->data[0]) != NULL && text->data[0] != '\0')
            *text = str_skip(*text, 1);
        if (!take_value_word(text, "and", "")) return;
    }
}

static bool read_words(struct str *text, double *ret_value)
{
    // Sums of what is below a hundred, and what they are multiplied by, from left to right.
    enum { SEGMENTS_MAX = 64 };
    double segments[SEGMENTS_MAX] = {0};
    size_t count = 1;
    bool has_any = false;
    struct str rest = *text;
    for (;;) {
        struct str before = rest;
        if (has_any) skip_between_words(&rest);
        double value = take_word_value(&rest);
        if (value < 0) {
            rest = before;
            break;
        }
        has_any = true;
        if (value >= 100)
            segments[count - 1] *= value;
        else if (segments[count - 1] < 1000)
            segments[count - 1] += value;
        else if (count < SEGMENTS_MAX)
            segments[count++] = value;
    }
    if (!has_any) return false;
    *ret_value = 0;
    for (size_t i = 0; i < count; i++)
        *ret_value += segments[i];
    *text = rest;
    return true;
}

static bool read_roman(struct str *text, double *ret_value)
{
    static const char letters[] = "IVXLCDM";
    static const int values[] = {1, 5, 10, 50, 100, 500, 1000};
    double value = 0;
    int previous = 0;
    size_t size = 0;
    while (size < text->size) {
        char letter = text->data[size];
        if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 32);
        const char *found = letter == '\0' ? NULL : strchr(letters, letter);
        if (found == NULL) break;
        int current = values[found - letters];
        // A smaller numeral before a larger one is taken from it.
        if (current > previous) value -= 2 * previous;
        value += current;
        previous = current;
        size++;
    }
    *text = str_skip(*text, size);
    *ret_value = value;
    return true;
}

static bool read_letters(struct str *text, double *ret_value)
{
    double value = 0;
    size_t size = 0;
    for (; size < text->size; size++) {
        char letter = (char)(text->data[size] | 0x20);
        if (letter < 'a' || letter > 'z') break;
        value = value * 26 + (letter - 'a' + 1);
    }
    *text = str_skip(*text, size);
    *ret_value = value;
    return size > 0;
}

static bool is_separator(const struct integer_format *format, uint32_t code)
{
    for (uint32_t i = 0; i < format->separator_count; i++)
        if (format->separators[i].character == code) return true;
    return false;
}

static bool read_decimal(const struct integer_format *format, size_t digits_max, struct str *text,
                         double *ret_value)
{
    double value = 0;
    size_t count = 0;
    while (text->size > 0 && (digits_max == 0 || count < digits_max)) {
        struct str rest = *text;
        uint32_t code = encoding_utf8_take(&rest);
        bool is_digit = code >= format->zero && code <= format->zero + 9;
        if (!is_digit && !(count > 0 && is_separator(format, code))) break;
        if (is_digit) {
            value = value * 10 + (code - format->zero);
            count++;
        }
        *text = rest;
    }
    if (count == 0) return false;
    if (format->is_ordinal) {
        static const char *const suffixes[] = {"th", "st", "nd", "rd"};
        size_t i = 0;
        while (i < ARRAY_COUNT(suffixes) && !takes_word(text, suffixes[i]))
            i++;
        if (i == ARRAY_COUNT(suffixes)) return false;
    }
    *ret_value = value;
    return true;
}

bool integer_read(const struct integer_format *format, size_t digits_max, struct str *text,
                  double *ret_value)
{
    switch (format->primary) {
    case INTEGER_WORDS: return read_words(text, ret_value);
    case INTEGER_ROMAN: return read_roman(text, ret_value);
    case INTEGER_LETTERS: return read_letters(text, ret_value);
    case INTEGER_DECIMAL:
    case INTEGER_SEQUENCE: return read_decimal(format, digits_max, text, ret_value);
    }
    return false;
}
