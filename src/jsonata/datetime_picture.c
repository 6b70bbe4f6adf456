// Pictures of dates and times, "[Y0001]-[M01]-[D01]", as XPath F&O 3.1, section 9.8.4, defines
// them: reading the picture, and writing a time by it.

#include "base/encoding.h"
#include "jsonata/functions.h"

const char *const datetime_days[8] = {"",         "Monday", "Tuesday",  "Wednesday",
                                      "Thursday", "Friday", "Saturday", "Sunday"};
const char *const datetime_months[13] = {"",        "January",  "February", "March",  "April",
                                         "May",     "June",     "July",     "August", "September",
                                         "October", "November", "December"};

static const struct {
    char component;
    const char *presentation; // Unless the picture says otherwise.
} components[] = {
    {'Y', "1"}, {'M', "1"},     {'D', "1"},     {'d', "1"}, {'F', "n"}, {'W', "1"},  {'w', "1"},
    {'X', "1"}, {'x', "1"},     {'H', "1"},     {'h', "1"}, {'P', "n"}, {'m', "01"}, {'s', "01"},
    {'f', "1"}, {'Z', "01:01"}, {'z', "01:01"}, {'C', "n"}, {'E', "n"},
};

static bool is_integer_component(char component)
{
    return strchr("YMDdFWwXxHhmsf", component) != NULL;
}

static bool parse_width(struct str text, uint32_t *ret_width)
{
    uint64_t value;
    *ret_width = 0;
    if (str_is(text, "*") || !str_to_u64(text, &value) || value > 1000) return false;
    *ret_width = (uint32_t)value;
    return true;
}

// "[D1o,2-3]": component, presentation, modifier, width; blanks mean nothing.
static struct str take_marker(struct evaluation *evaluation, struct str marker)
{
    char *text = evaluation_alloc(evaluation, marker.size);
    size_t size = 0;
    for (size_t i = 0; i < marker.size; i++)
        if (strchr(" \t\n\r\v\f", marker.data[i]) == NULL) text[size++] = marker.data[i];
    return (struct str){text, size};
}

static void read_presentation(struct datetime_part *part, struct str presentation)
{
    size_t comma = SIZE_MAX;
    for (size_t i = 0; i < presentation.size; i++)
        if (presentation.data[i] == ',') comma = i;
    if (comma != SIZE_MAX) {
        struct str width = str_skip(presentation, comma + 1);
        presentation = str_slice(presentation, 0, comma);
        struct str least = str_cut(&width, '-');
        parse_width(least, &part->width_min);
        if (width.size > 0) parse_width(width, &part->width_max);
        part->has_width = true;
    }
    char last = presentation.size > 1 ? presentation.data[presentation.size - 1] : '\0';
    if (last == 'o' || last == 't' || last == 'a' || last == 'c') {
        part->is_ordinal = last == 'o';
        part->is_timezone_integer = last == 't';
        presentation.size--;
    }
    if (presentation.size > 0) part->presentation = presentation;
}

static void read_integer_format(struct evaluation *evaluation, struct datetime_part *part)
{
    part->integer = integer_format_parse(evaluation, part->presentation);
    part->integer.is_ordinal = part->is_ordinal;
    if (part->width_min > part->integer.mandatory_digits)
        part->integer.mandatory_digits = part->width_min;
    if (part->component != 'Y') return;
    uint32_t digits = part->integer.mandatory_digits + part->integer.optional_digits;
    uint32_t limit = digits >= 2 ? digits : 0;
    if (part->width_max != 0) {
        limit = part->width_max;
        part->integer.mandatory_digits = limit;
    }
    for (part->modulus = limit == 0 || limit > 17 ? -1 : 1; part->modulus > 0 && limit > 0; limit--)
        part->modulus *= 10;
}

static void read_marker(struct evaluation *evaluation, struct str marker,
                        struct datetime_part *part)
{
    marker = take_marker(evaluation, marker);
    *part = (struct datetime_part){.component = marker.size == 0 ? '?' : marker.data[0]};
    size_t i = 0;
    while (i < ARRAY_COUNT(components) && components[i].component != part->component)
        i++;
    if (i == ARRAY_COUNT(components))
        evaluation_fail_value(evaluation, "D3132", json_from_str(str_slice(marker, 0, 1)), 0);
    part->presentation = str_from_c(components[i].presentation);
    read_presentation(part, str_skip(marker, 1));
    char first = part->presentation.data[0];
    if (first == 'n') {
        part->names = 'n';
    } else if (first == 'N') {
        bool is_title = part->presentation.size > 1 && part->presentation.data[1] == 'n';
        part->names = is_title ? 't' : 'N';
    } else if (is_integer_component(part->component)) {
        read_integer_format(evaluation, part);
    } else if (part->component == 'Z' || part->component == 'z') {
        part->integer = integer_format_parse(evaluation, part->presentation);
    }
}

static struct datetime_part *next_part(struct evaluation *evaluation,
                                       struct datetime_picture *picture)
{
    if (picture->count == DATETIME_PARTS_MAX) evaluation_out_of_memory(evaluation);
    return &picture->parts[picture->count++];
}

static void add_literal(struct evaluation *evaluation, struct datetime_picture *picture,
                        struct str literal)
{
    if (literal.size == 0) return;
    struct text text = {.evaluation = evaluation};
    for (size_t i = 0; i < literal.size; i++) { // "]]" stands for "]".
        builder_append_byte(&text, literal.data[i]);
        if (literal.data[i] == ']' && i + 1 < literal.size && literal.data[i + 1] == ']') i++;
    }
    *next_part(evaluation, picture) = (struct datetime_part){.literal = text_str(&text)};
}

const struct datetime_picture *datetime_picture_parse(struct evaluation *evaluation,
                                                      struct str text)
{
    struct datetime_picture *picture = evaluation_alloc(evaluation, sizeof(*picture));
    picture->count = 0;
    while (text.size > 0) {
        size_t open = str_find_byte(text, '[');
        add_literal(evaluation, picture, str_slice(text, 0, open));
        if (open == SIZE_MAX) break;
        text = str_skip(text, open + 1);
        if (str_starts_with(text, STR("["))) { // "[[" stands for "[".
            *next_part(evaluation, picture) = (struct datetime_part){.literal = STR("[")};
            text = str_skip(text, 1);
            continue;
        }
        size_t close = str_find_byte(text, ']');
        if (close == SIZE_MAX) evaluation_fail(evaluation, "D3135");
        struct datetime_part *part = next_part(evaluation, picture);
        read_marker(evaluation, str_slice(text, 0, close), part);
        text = str_skip(text, close + 1);
    }
    for (uint32_t i = 0; i < picture->count; i++) {
        const struct datetime_part *part = &picture->parts[i];
        if (part->names == 0 || strchr("MxFPCE", part->component) != NULL) continue;
        struct str component = {&part->component, 1};
        evaluation_fail_value(evaluation, "D3133", json_from_str(component), 0);
    }
    return picture;
}

bool datetime_parse_offset(struct str text, int *ret_minutes)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    if (text.size > 0 && (text.data[0] == '+' || text.data[0] == '-')) text = str_skip(text, 1);
    int digits[4], count = 0;
    size_t colon = SIZE_MAX;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ':' && colon == SIZE_MAX && count > 0 && count <= 2) {
            colon = (size_t)count;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || count == 4) return false;
        digits[count++] = text.data[i] - '0';
    }
    if (count == 0) return false;
    int hour_digits = colon != SIZE_MAX ? (int)colon : count <= 2 ? count : count - 2;
    int hours = 0, minutes = 0;
    for (int i = 0; i < count; i++) {
        if (i < hour_digits)
            hours = hours * 10 + digits[i];
        else
            minutes = minutes * 10 + digits[i];
    }
    *ret_minutes = (hours * 60 + minutes) * (is_negative ? -1 : 1);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Writing

struct moment {
    struct clock_date date;
    int64_t days;     // Since 1970.
    int64_t thursday; // Of the ISO week, which decides the week's year and month.
    int offset_minutes;
};

static int64_t year_day(struct clock_date date, int64_t days)
{
    return days - clock_days_from_civil(date.year, 1, 1);
}

static struct clock_date date_of_days(int64_t days)
{
    return clock_date_from_unix_ms(days * 86400000);
}

static int iso_weekday(const struct moment *moment)
{
    return moment->date.weekday == 0 ? 7 : moment->date.weekday;
}

static int64_t component_value(const struct moment *moment, char component)
{
    const struct clock_date *date = &moment->date;
    struct clock_date thursday = date_of_days(moment->thursday);
    switch (component) {
    case 'Y': return date->year;
    case 'M': return date->month;
    case 'D': return date->day;
    case 'd': return year_day(*date, moment->days) + 1;
    case 'F': return iso_weekday(moment);
    case 'W': return year_day(thursday, moment->thursday) / 7 + 1;
    case 'w': return (thursday.day - 1) / 7 + 1;
    case 'X': return thursday.year;
    case 'x': return thursday.month;
    case 'H': return date->hour;
    case 'h': return date->hour % 12 == 0 ? 12 : date->hour % 12;
    case 'm': return date->minute;
    case 's': return date->second;
    default: return date->millisecond;
    }
}

static void append_name(struct text *text, const struct datetime_part *part, const char *name)
{
    struct str full = str_from_c(name);
    if (part->width_max != 0) full = str_slice(full, 0, part->width_max);
    for (size_t i = 0; i < full.size; i++) {
        char letter = full.data[i];
        if (part->names == 'n' && letter >= 'A' && letter <= 'Z') letter = (char)(letter + 32);
        if (part->names == 'N' && letter >= 'a' && letter <= 'z') letter = (char)(letter - 32);
        builder_append_byte(text, letter);
    }
}

static void append_offset(struct text *text, const struct datetime_part *part, int minutes)
{
    const struct integer_format two_digits = {.zero = '0', .mandatory_digits = 2};
    int size = minutes < 0 ? -minutes : minutes;
    uint32_t digits = part->integer.mandatory_digits;
    if (minutes == 0 && part->is_timezone_integer) {
        builder_append_byte(text, 'Z');
        return;
    }
    if (part->component == 'z') builder_append(text, STR("GMT"));
    builder_append_byte(text, minutes < 0 ? '-' : '+');
    if (part->integer.separator_count == 0 && digits > 4) {
        evaluation_fail_value(text->evaluation, "D3134", json_from_integer(digits), 0);
    } else if (part->integer.separator_count == 0 && digits <= 2) {
        integer_render(text, size / 60, &part->integer);
        if (size % 60 == 0) return;
        builder_append_byte(text, ':');
        integer_render(text, size % 60, &two_digits);
    } else {
        integer_render(text, size / 60 * 100 + size % 60, &part->integer);
    }
}

static void append_component(struct text *text, const struct datetime_part *part,
                             const struct moment *moment)
{
    int64_t value = component_value(moment, part->component);
    switch (part->component) {
    case 'Z':
    case 'z': append_offset(text, part, moment->offset_minutes); return;
    case 'P': {
        bool is_upper = part->names == 'N';
        bool is_afternoon = moment->date.hour >= 12;
        builder_append(text, is_upper ? (is_afternoon ? STR("PM") : STR("AM"))
                                      : (is_afternoon ? STR("pm") : STR("am")));
        return;
    }
    case 'C':
    case 'E': builder_append(text, STR("ISO")); return;
    default: break;
    }
    if (part->names != 0) {
        append_name(text, part,
                    part->component == 'F' ? datetime_days[value] : datetime_months[value]);
        return;
    }
    if (part->component == 'Y' && part->modulus > 0) value %= part->modulus;
    integer_render(text, (double)value, &part->integer);
}

struct json datetime_format(struct evaluation *evaluation, double unix_ms,
                            const struct datetime_picture *picture, struct str timezone)
{
    struct moment moment = {0};
    if (timezone.size > 0) {
        int minutes;
        if (datetime_parse_offset(timezone, &minutes)) moment.offset_minutes = minutes;
    }
    int64_t local_ms = (int64_t)unix_ms + (int64_t)moment.offset_minutes * 60000;
    moment.date = clock_date_from_unix_ms(local_ms);
    moment.days = clock_days_from_civil(moment.date.year, moment.date.month, moment.date.day);
    moment.thursday = moment.days + 4 - iso_weekday(&moment);
    struct text text = {.evaluation = evaluation};
    for (uint32_t i = 0; i < picture->count; i++) {
        const struct datetime_part *part = &picture->parts[i];
        if (part->component == '\0')
            builder_append(&text, part->literal);
        else
            append_component(&text, part, &moment);
    }
    return text_value(&text);
}
