// $formatNumber(): decimal pictures as XPath F&O 3.1, section 4.7, defines them.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "jsonata/functions.h"

// The characters that mean something, each of which an option may replace.
struct decimal_format {
    struct str decimal_separator;
    struct str grouping_separator;
    struct str exponent_separator;
    struct str infinity;
    struct str minus_sign;
    struct str nan;
    struct str percent;
    struct str per_mille;
    struct str zero_digit;
    struct str digit;
    struct str pattern_separator;
    uint32_t zero;
};

enum { GROUPS_MAX = 32 };

struct sub_picture {
    struct str prefix;
    struct str suffix;
    struct str active; // Between them.
    struct str mantissa;
    struct str exponent;
    struct str whole;
    struct str fraction;
    bool has_exponent;
    bool has_point;
    bool is_percent;
    bool is_per_mille;
    uint32_t whole_groups[GROUPS_MAX]; // Digits to the right of each separator.
    uint32_t whole_group_count;
    uint32_t regular_group;               // 0: irregular.
    uint32_t fraction_groups[GROUPS_MAX]; // Digits to the left of each.
    uint32_t fraction_group_count;
    uint32_t whole_min;
    uint32_t scaling;
    uint32_t fraction_min;
    uint32_t fraction_max;
    uint32_t exponent_min;
};

static void set_option(struct decimal_format *format, struct str name, struct str value)
{
    const struct {
        const char *name;
        struct str *place;
    } options[] = {
        {"decimal-separator", &format->decimal_separator},
        {"grouping-separator", &format->grouping_separator},
        {"exponent-separator", &format->exponent_separator},
        {"infinity", &format->infinity},
        {"minus-sign", &format->minus_sign},
        {"NaN", &format->nan},
        {"percent", &format->percent},
        {"per-mille", &format->per_mille},
        {"zero-digit", &format->zero_digit},
        {"digit", &format->digit},
        {"pattern-separator", &format->pattern_separator},
    };
    for (size_t i = 0; i < ARRAY_COUNT(options); i++)
        if (str_is(name, options[i].name) && value.size > 0) *options[i].place = value;
}

static struct decimal_format read_options(struct json options)
{
    struct decimal_format format = {STR("."), STR(","),   STR("e"), STR("Infinity"),
                                    STR("-"), STR("NaN"), STR("%"), STR("\xe2\x80\xb0"),
                                    STR("0"), STR("#"),   STR(";"), '0'};
    for (uint32_t i = 0; value_is_object(options) && i < options.size; i++)
        if (value_is_string(options.members[i].value))
            set_option(&format, json_str(&options.members[i].name),
                       json_str(&options.members[i].value));
    struct str zero = format.zero_digit;
    format.zero = encoding_utf8_take(&zero);
    return format;
}

static bool is_digit(const struct decimal_format *format, uint32_t code)
{
    return code >= format->zero && code <= format->zero + 9;
}

static bool starts_with_digit(const struct decimal_format *format, struct str text)
{
    return text.size > 0 && is_digit(format, encoding_utf8_take(&text));
}

static size_t count_of(struct str text, struct str part)
{
    size_t count = 0;
    for (size_t offset; part.size > 0 && (offset = str_find(text, part)) != SIZE_MAX; count++)
        text = str_skip(text, offset + part.size);
    return count;
}

static size_t character_size(struct str text)
{
    struct str rest = text;
    encoding_utf8_take(&rest);
    return text.size - rest.size;
}

// Active characters but the exponent separator.
static bool is_active_start(const struct decimal_format *format, struct str text)
{
    return str_starts_with(text, format->decimal_separator) ||
           str_starts_with(text, format->grouping_separator) ||
           str_starts_with(text, format->digit) || starts_with_digit(format, text);
}

static size_t prefix_size(const struct decimal_format *format, struct str text)
{
    size_t size = 0;
    while (size < text.size && !is_active_start(format, str_skip(text, size)))
        size += character_size(str_skip(text, size));
    return size;
}

static size_t suffix_start(const struct decimal_format *format, struct str text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.size; i += character_size(str_skip(text, i)))
        if (is_active_start(format, str_skip(text, i)))
            start = i + character_size(str_skip(text, i));
    return start;
}

static void split_sub_picture(const struct decimal_format *format, struct str text,
                              struct sub_picture *ret_picture)
{
    struct sub_picture picture = {0};
    size_t prefix = prefix_size(format, text);
    size_t suffix = suffix_start(format, text);
    if (suffix < prefix) suffix = prefix;
    picture.prefix = str_slice(text, 0, prefix);
    picture.suffix = str_skip(text, suffix);
    picture.active = str_slice(text, prefix, suffix - prefix);
    size_t exponent = str_find(picture.active, format->exponent_separator);
    picture.has_exponent = exponent != SIZE_MAX && exponent > 0;
    picture.mantissa =
        picture.has_exponent ? str_slice(picture.active, 0, exponent) : picture.active;
    if (picture.has_exponent)
        picture.exponent = str_skip(picture.active, exponent + format->exponent_separator.size);
    size_t point = str_find(picture.mantissa, format->decimal_separator);
    picture.whole = str_slice(picture.mantissa, 0, point);
    picture.fraction = point == SIZE_MAX
                           ? picture.suffix
                           : str_skip(picture.mantissa, point + format->decimal_separator.size);
    if (point == SIZE_MAX) picture.fraction.size = 0;
    picture.has_point = str_find(text, format->decimal_separator) != SIZE_MAX;
    picture.is_percent = str_find(text, format->percent) != SIZE_MAX;
    picture.is_per_mille = str_find(text, format->per_mille) != SIZE_MAX;
    *ret_picture = picture;
}

// Whether a digit stands before the first optional digit of a whole part, or behind the last one of
// a fraction.
static bool is_misordered(const struct decimal_format *format, struct str text, bool is_fraction)
{
    bool has_digit = false, has_optional = false;
    for (; text.size > 0; text = str_skip(text, character_size(text))) {
        if (str_starts_with(text, format->digit)) {
            if (!is_fraction) return has_digit;
            has_optional = true;
            has_digit = false;
        } else if (starts_with_digit(format, text)) {
            has_digit = true;
        }
    }
    return is_fraction && has_optional && has_digit;
}

static bool has_passive(const struct decimal_format *format, struct str text)
{
    while (text.size > 0) {
        bool is_exponent = str_starts_with(text, format->exponent_separator);
        if (!is_exponent && !is_active_start(format, text)) return true;
        text = str_skip(text, character_size(text));
    }
    return false;
}

static bool has_any_digit(const struct decimal_format *format, struct str text)
{
    for (; text.size > 0; text = str_skip(text, character_size(text)))
        if (str_starts_with(text, format->digit) || starts_with_digit(format, text)) return true;
    return false;
}

static bool is_adjacent(struct str text, struct str first, struct str second)
{
    for (size_t offset; (offset = str_find(text, first)) != SIZE_MAX;
         text = str_skip(text, offset + first.size))
        if (str_starts_with(str_skip(text, offset + first.size), second)) return true;
    return false;
}

static const char *check_exponent(const struct decimal_format *format,
                                  const struct sub_picture *picture)
{
    if (picture->has_exponent && (picture->is_percent || picture->is_per_mille)) return "D3092";
    if (!picture->has_exponent) return NULL;
    struct str rest = picture->exponent;
    if (rest.size == 0) return "D3093";
    for (; rest.size > 0; rest = str_skip(rest, character_size(rest)))
        if (!starts_with_digit(format, rest)) return "D3093";
    return NULL;
}

static const char *check_sub_picture(const struct decimal_format *format, struct str text,
                                     const struct sub_picture *picture)
{
    struct str point = format->decimal_separator, group = format->grouping_separator;
    if (count_of(text, point) > 1) return "D3081";
    if (count_of(text, format->percent) > 1) return "D3082";
    if (count_of(text, format->per_mille) > 1) return "D3083";
    if (picture->is_percent && picture->is_per_mille) return "D3084";
    if (!has_any_digit(format, picture->mantissa)) return "D3085";
    if (has_passive(format, picture->active)) return "D3086";
    if (is_adjacent(text, group, point) || is_adjacent(text, point, group)) return "D3087";
    if (str_find(text, point) == SIZE_MAX && str_ends_with(picture->whole, group)) return "D3088";
    if (is_adjacent(text, group, group)) return "D3089";
    if (is_misordered(format, picture->whole, false)) return "D3090";
    if (is_misordered(format, picture->fraction, true)) return "D3091";
    return check_exponent(format, picture);
}

static uint32_t count_digits(const struct decimal_format *format, struct str text,
                             bool with_optional)
{
    uint32_t count = 0;
    for (; text.size > 0; text = str_skip(text, character_size(text)))
        if (starts_with_digit(format, text) ||
            (with_optional && str_starts_with(text, format->digit)))
            count++;
    return count;
}

// How many digits stand behind each grouping separator of the whole part, or before each of the
// fraction. As in the reference, the second one of a fraction is looked for in the whole part.
static uint32_t find_groups(const struct decimal_format *format, struct str whole,
                            const struct str *fraction, uint32_t *ret_groups)
{
    struct str separator = format->grouping_separator;
    uint32_t count = 0;
    size_t from = 0;
    while (count < GROUPS_MAX && separator.size > 0) {
        struct str searched = count == 0 && fraction != NULL ? *fraction : whole;
        size_t found = str_find(str_skip(searched, from), separator);
        if (found == SIZE_MAX) break;
        size_t at = from + found;
        struct str part = fraction != NULL ? str_slice(*fraction, 0, at) : str_skip(whole, at);
        ret_groups[count++] = count_digits(format, part, true);
        from = at + 1;
    }
    return count;
}

static uint32_t find_regular_group(const uint32_t *groups, uint32_t count)
{
    if (count == 0) return 0;
    uint32_t factor = groups[count - 1]; // The rightmost, so the smallest.
    for (uint32_t i = 0; i < count; i++)
        if (factor == 0 || groups[count - 1 - i] != (i + 1) * factor) return 0;
    return factor;
}

static void analyse(const struct decimal_format *format, struct sub_picture *picture)
{
    picture->whole_group_count = find_groups(format, picture->whole, NULL, picture->whole_groups);
    picture->regular_group = find_regular_group(picture->whole_groups, picture->whole_group_count);
    picture->fraction_group_count =
        find_groups(format, picture->whole, &picture->fraction, picture->fraction_groups);
    picture->whole_min = count_digits(format, picture->whole, false);
    picture->scaling = picture->whole_min;
    picture->fraction_min = count_digits(format, picture->fraction, false);
    picture->fraction_max = count_digits(format, picture->fraction, true);
    if (picture->whole_min == 0 && picture->fraction_max == 0) {
        if (picture->has_exponent)
            picture->fraction_min = picture->fraction_max = 1;
        else
            picture->whole_min = 1;
    }
    bool has_optional = str_find(picture->whole, format->digit) != SIZE_MAX;
    if (picture->has_exponent && picture->whole_min == 0 && has_optional) picture->whole_min = 1;
    if (picture->whole_min == 0 && picture->fraction_min == 0) picture->fraction_min = 1;
    if (picture->has_exponent)
        picture->exponent_min = count_digits(format, picture->exponent, false);
}

// ---------------------------------------------------------------------------------------------

// What the reference does with a fraction: separators count the places of those before them and
// stand even where the digits have ended, and a picture without a point loses its last digit.
static void append_fraction(struct text *text, const struct decimal_format *format,
                            const struct sub_picture *picture, struct str digits)
{
    enum { GROUP = ',' };
    size_t size = digits.size;
    char *marks = evaluation_alloc(text->evaluation, size + GROUPS_MAX);
    if (size > 0) memcpy(marks, digits.data, size);
    for (uint32_t k = 0; k < picture->fraction_group_count; k++) {
        size_t at = picture->fraction_groups[k] < size ? picture->fraction_groups[k] : size;
        memmove(marks + at + 1, marks + at, size - at);
        marks[at] = GROUP;
        size++;
    }
    if (size == 0) return;
    builder_append(text, format->decimal_separator);
    if (!picture->has_point) size--;
    for (size_t i = 0; i < size; i++) {
        if (marks[i] == GROUP)
            builder_append(text, format->grouping_separator);
        else
            builder_append_code_point(text, format->zero + (uint32_t)(marks[i] - '0'));
    }
}

static void append_whole(struct text *text, const struct decimal_format *format, const char *digits,
                         size_t count, const struct sub_picture *picture)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t position = (uint32_t)(count - i);
        bool is_group =
            i > 0 && picture->regular_group != 0 && position % picture->regular_group == 0;
        for (uint32_t k = 0; i > 0 && k < picture->whole_group_count; k++)
            if (picture->whole_groups[k] == position) is_group = true;
        if (is_group) builder_append(text, format->grouping_separator);
        builder_append_code_point(text, format->zero + (uint32_t)(digits[i] - '0'));
    }
}

static void render_mantissa(struct text *text, const struct decimal_format *format,
                            const struct sub_picture *picture, double mantissa)
{
    enum { ROOM = 1500 };
    char *digits = evaluation_alloc(text->evaluation, ROOM);
    uint32_t places = picture->fraction_max > 300 ? 300 : picture->fraction_max;
    snprintf(digits, ROOM, "%.*f", (int)places, mantissa);
    char *point = strchr(digits, '.');
    char *whole = digits;
    size_t whole_count = point == NULL ? strlen(digits) : (size_t)(point - digits);
    char *fraction = point == NULL ? digits + whole_count : point + 1;
    size_t fraction_count = strlen(fraction);
    for (; whole_count > 0 && *whole == '0'; whole_count--)
        whole++;
    while (fraction_count > picture->fraction_min && fraction[fraction_count - 1] == '0')
        fraction_count--;
    if (whole_count < picture->whole_min && picture->whole_min < ROOM / 2) {
        char *padded = evaluation_alloc(text->evaluation, picture->whole_min);
        size_t missing = picture->whole_min - whole_count;
        memset(padded, '0', missing);
        memcpy(padded + missing, whole, whole_count);
        whole = padded;
        whole_count = picture->whole_min;
    }
    append_whole(text, format, whole, whole_count, picture);
    append_fraction(text, format, picture, (struct str){fraction, fraction_count});
}

static void render_exponent(struct text *text, const struct decimal_format *format,
                            const struct sub_picture *picture, int exponent)
{
    char digits[32];
    int count = snprintf(digits, sizeof(digits), "%d", abs(exponent));
    builder_append(text, format->exponent_separator);
    if (exponent < 0) builder_append(text, format->minus_sign);
    for (uint32_t i = (uint32_t)count; i < picture->exponent_min; i++)
        builder_append_code_point(text, format->zero);
    for (int i = 0; i < count; i++)
        builder_append_code_point(text, format->zero + (uint32_t)(digits[i] - '0'));
}

static void render(struct text *text, const struct decimal_format *format,
                   const struct sub_picture *picture, double number)
{
    double mantissa = fabs(number);
    if (picture->is_percent) mantissa *= 100;
    if (picture->is_per_mille) mantissa *= 1000;
    int exponent = 0;
    if (picture->has_exponent && mantissa != 0) {
        double most = pow(10, picture->scaling), least = pow(10, (double)picture->scaling - 1);
        for (; mantissa < least && exponent > -400; exponent--)
            mantissa *= 10;
        for (; mantissa > most && exponent < 400; exponent++)
            mantissa /= 10;
    }
    builder_append(text, picture->prefix);
    if (isnan(mantissa))
        builder_append(text, STR("NaN"));
    else if (!isfinite(mantissa))
        builder_append(text, format->infinity);
    else
        render_mantissa(text, format, picture, mantissa);
    if (picture->has_exponent) render_exponent(text, format, picture, exponent);
    builder_append(text, picture->suffix);
}

struct json builtin_format_number(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), picture = argument(call, 1);
    if (value_is_undefined(value)) return value;
    struct decimal_format format = read_options(argument(call, 2));
    struct str parts[2] = {value_is_string(picture) ? json_str(&picture) : STR("0"), STR("")};
    size_t count = 1 + count_of(parts[0], format.pattern_separator);
    if (count > 2) evaluation_fail(evaluation, "D3080");
    if (count == 2) {
        size_t offset = str_find(parts[0], format.pattern_separator);
        parts[1] = str_skip(parts[0], offset + format.pattern_separator.size);
        parts[0] = str_slice(parts[0], 0, offset);
    }
    struct sub_picture pictures[2];
    for (size_t i = 0; i < count; i++) {
        split_sub_picture(&format, parts[i], &pictures[i]);
        const char *code = check_sub_picture(&format, parts[i], &pictures[i]);
        if (code != NULL) evaluation_fail(evaluation, code);
        analyse(&format, &pictures[i]);
    }
    struct text text = {.evaluation = evaluation};
    double number = value_real(value);
    bool is_negative = !(number >= 0);
    if (is_negative && count == 1) builder_append(&text, format.minus_sign);
    render(&text, &format, &pictures[is_negative && count == 2], number);
    return text_value(&text);
}
