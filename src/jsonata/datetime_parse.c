// Reading dates and times by pictures.

#include <stdio.h>

#include "jsonata/functions.h"

struct fields {
    bool has[128];
    double value[128];
    int offset_minutes;
};

static bool take_literal(struct str *text, struct str literal)
{
    if (!str_equal_ignoring_case(str_slice(*text, 0, literal.size), literal)) return false;
    *text = str_skip(*text, literal.size);
    return true;
}

static bool take_name(struct str *text, const struct datetime_part *part, double *ret_value)
{
    bool is_day = part->component == 'F';
    const char *const *names = is_day ? datetime_days : datetime_months;
    int count = is_day ? 7 : 12;
    size_t size = 0;
    while (size < text->size && ((text->data[size] | 0x20) >= 'a') &&
           ((text->data[size] | 0x20) <= 'z'))
        size++;
    for (int i = 1; i <= count; i++) {
        struct str name = str_from_c(names[i]);
        if (part->width_max != 0) name = str_slice(name, 0, part->width_max);
        if (!str_equal_ignoring_case(name, str_slice(*text, 0, size))) continue;
        *text = str_skip(*text, size);
        *ret_value = i;
        return true;
    }
    return false;
}

static bool take_offset(struct str *text, const struct datetime_part *part, int *ret_minutes)
{
    if (part->component == 'z') take_literal(text, STR("GMT"));
    if (part->is_timezone_integer && take_literal(text, STR("Z"))) {
        *ret_minutes = 0;
        return true;
    }
    size_t size = 0;
    if (text->size == 0 || (text->data[0] != '+' && text->data[0] != '-')) return false;
    for (size = 1; size < text->size && size < 6; size++)
        if ((text->data[size] < '0' || text->data[size] > '9') && text->data[size] != ':') break;
    if (!datetime_parse_offset(str_slice(*text, 0, size), ret_minutes)) return false;
    *text = str_skip(*text, size);
    return true;
}

// `is_joined`: another number follows at once, so this one has as many digits as its picture.
static bool take_component(struct str *text, const struct datetime_part *part, bool is_joined,
                           struct fields *fields)
{
    double value = 0;
    switch (part->component) {
    case 'Z':
    case 'z':
        if (!take_offset(text, part, &fields->offset_minutes)) return false;
        break;
    case 'P':
        if (take_literal(text, STR("pm")))
            value = 1;
        else if (!take_literal(text, STR("am")))
            return false;
        break;
    case 'C':
    case 'E':
        if (!take_literal(text, STR("ISO"))) return false;
        break;
    default:
        if (part->names != 0) {
            if (!take_name(text, part, &value)) return false;
        } else if (!integer_read(&part->integer, is_joined ? part->integer.mandatory_digits : 0,
                                 text, &value)) {
            return false;
        }
        break;
    }
    fields->has[(unsigned char)part->component] = true;
    fields->value[(unsigned char)part->component] = value;
    return true;
}

static bool is_number(const struct datetime_part *part)
{
    return part->component != '\0' && part->names == 0 &&
           strchr("ZzPCE", part->component) == NULL && part->integer.primary == INTEGER_DECIMAL;
}

static bool take_all(struct str text, const struct datetime_picture *picture, struct fields *fields)
{
    for (uint32_t i = 0; i < picture->count; i++) {
        const struct datetime_part *part = &picture->parts[i];
        bool is_joined = i + 1 < picture->count && is_number(part) && is_number(part + 1);
        bool is_taken = part->component == '\0' ? take_literal(&text, part->literal)
                                                : take_component(&text, part, is_joined, fields);
        if (!is_taken) return false;
    }
    return text.size == 0;
}

// Whether those of `all` that are given are among `set`, and at least one is.
static bool is_made_of(const struct fields *fields, const char *all, const char *set)
{
    bool has_any = false;
    for (; *all != '\0'; all++) {
        if (!fields->has[(unsigned char)*all]) continue;
        if (strchr(set, *all) == NULL) return false;
        has_any = true;
    }
    return has_any;
}

static double now_value(struct evaluation *evaluation, char component)
{
    struct clock_date now = clock_date_from_unix_ms(evaluation->now_unix_ms);
    switch (component) {
    case 'Y': return now.year;
    case 'M': return now.month;
    case 'D': return now.day;
    case 'd':
        return (double)(clock_days_from_civil(now.year, now.month, now.day) -
                        clock_days_from_civil(now.year, 1, 1) + 1);
    case 'H': return now.hour;
    case 'P': return now.hour >= 12;
    case 'h': return now.hour % 12;
    case 'm': return now.minute;
    case 's': return now.second;
    default: return now.millisecond;
    }
}

// What comes before the given components is taken from now, what comes after them is the least;
// there may be no gap between them.
static void fill_in(struct evaluation *evaluation, struct fields *fields, const char *order)
{
    bool has_started = false, has_ended = false;
    for (; *order != '\0'; order++) {
        unsigned char component = (unsigned char)*order;
        if (fields->has[component]) {
            has_started = true;
            if (has_ended) evaluation_fail(evaluation, "D3136");
        } else if (has_started) {
            fields->value[component] = strchr("MDd", *order) != NULL ? 1 : 0;
            has_ended = true;
        } else {
            fields->value[component] = now_value(evaluation, *order);
        }
    }
}

struct json datetime_parse(struct evaluation *evaluation, struct str text,
                           const struct datetime_picture *picture)
{
    static const char dates[] = "YXMxWwdD", times[] = "PHhmsf";
    struct fields fields = {0};
    if (!take_all(text, picture, &fields)) return value_undefined;
    bool has_any = false;
    for (size_t i = 0; i < ARRAY_COUNT(fields.has); i++)
        if (fields.has[i]) has_any = true;
    if (!has_any) return value_undefined;
    bool by_month = is_made_of(&fields, dates, "YMD");
    bool by_day = !by_month && is_made_of(&fields, dates, "Yd");
    bool has_date = is_made_of(&fields, dates, dates);
    if (has_date && !by_month && !by_day) evaluation_fail(evaluation, "D3136");
    bool by_half = is_made_of(&fields, times, "Phmsf") && fields.has['h'];
    char order[16];
    snprintf(order, sizeof(order), "%s%s", by_day ? "Yd" : "YMD", by_half ? "Phmsf" : "Hmsf");
    if (by_half && fields.has['P'] && !fields.has['h']) evaluation_fail(evaluation, "D3136");
    fill_in(evaluation, &fields, order);
    const double *value = fields.value;
    if (!(value['Y'] < 400000) || !(value['M'] < 400000)) return value_undefined;
    double days = (double)clock_days_from_civil((int32_t)value['Y'], 1, 1) + value['d'] - 1;
    if (!by_day) {
        int32_t month = value['M'] < 1 ? 0 : (int32_t)value['M'] - 1;
        days = (double)clock_days_from_civil((int32_t)value['Y'] + month / 12, month % 12 + 1, 1) +
               value['D'] - 1;
    }
    double hour = value['H'];
    if (by_half) hour = (value['h'] == 12 ? 0 : value['h']) + (value['P'] == 1 ? 12 : 0);
    double unix_ms = days * 86400000 + hour * 3600000 + value['m'] * 60000 + value['s'] * 1000 +
                     value['f'] - (double)fields.offset_minutes * 60000;
    return value_from_real(unix_ms);
}
