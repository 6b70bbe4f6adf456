// Calendar arithmetic works on days since 1970-03-01 shifted eras of 400 years, so that leap days
// fall at the end of a year and no tables are needed.

#include "base/clock.h"

#include <time.h>

void clock_init_real(struct clock *clock)
{
    clock->is_virtual = false;
    atomic_init(&clock->virtual_unix_ms, 0);
}

void clock_init_virtual(struct clock *clock, int64_t start_unix_ms)
{
    clock->is_virtual = true;
    atomic_init(&clock->virtual_unix_ms, start_unix_ms);
}

int64_t clock_unix_ms(const struct clock *clock)
{
    if (clock->is_virtual) {
        return atomic_load_explicit(&clock->virtual_unix_ms, memory_order_relaxed);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_advance(struct clock *clock, int64_t unix_ms)
{
    if (unix_ms > atomic_load_explicit(&clock->virtual_unix_ms, memory_order_relaxed)) {
        atomic_store_explicit(&clock->virtual_unix_ms, unix_ms, memory_order_relaxed);
    }
}

int64_t clock_steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t clock_days_from_civil(int32_t year, int32_t month, int32_t day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct clock_date clock_date_from_unix_ms(int64_t unix_ms)
{
    int64_t days = floor_div(unix_ms, 86400000);
    int64_t ms = unix_ms - days * 86400000;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int32_t month = (int32_t)(mp + (mp < 10 ? 3 : -9));
    int64_t weekday = (days + 4) % 7;
    return (struct clock_date){
        .year = (int32_t)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int32_t)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int32_t)(ms / 3600000),
        .minute = (int32_t)(ms / 60000 % 60),
        .second = (int32_t)(ms / 1000 % 60),
        .millisecond = (int32_t)(ms % 1000),
        .weekday = (int32_t)(weekday < 0 ? weekday + 7 : weekday),
    };
}

static void put_digits(char *text, int32_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_render_iso(int64_t unix_ms, char ret_text[static CLOCK_ISO_SIZE])
{
    struct clock_date date = clock_date_from_unix_ms(unix_ms);
    memcpy(ret_text, "0000-00-00T00:00:00.000Z", CLOCK_ISO_SIZE);
    put_digits(ret_text, date.year, 4);
    put_digits(ret_text + 5, date.month, 2);
    put_digits(ret_text + 8, date.day, 2);
    put_digits(ret_text + 11, date.hour, 2);
    put_digits(ret_text + 14, date.minute, 2);
    put_digits(ret_text + 17, date.second, 2);
    put_digits(ret_text + 20, date.millisecond, 3);
}

// Exactly `count` digits from the front of `text`.
static bool take_digits(struct str *text, size_t count, int32_t *ret_value)
{
    uint64_t value;
    if (text->size < count || !str_to_u64(str_slice(*text, 0, count), &value)) return false;
    *text = str_skip(*text, count);
    *ret_value = (int32_t)value;
    return true;
}

static bool take_byte(struct str *text, char byte)
{
    if (text->size == 0 || text->data[0] != byte) return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool take_fraction(struct str *text, int32_t *ret_nanos)
{
    int32_t nanos = 0;
    int digits = 0;
    while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
        if (++digits > 9) return false;
        nanos = nanos * 10 + (text->data[0] - '0');
        *text = str_skip(*text, 1);
    }
    if (digits == 0) return false;
    for (; digits < 9; digits++)
        nanos *= 10;
    *ret_nanos = nanos;
    return true;
}

// Seconds east of UTC.
static bool take_offset(struct str *text, int32_t *ret_seconds)
{
    if (take_byte(text, 'Z')) {
        *ret_seconds = 0;
        return true;
    }
    int32_t sign = text->size > 0 && text->data[0] == '-' ? -1 : 1;
    int32_t hours, minutes;
    if (!take_byte(text, sign < 0 ? '-' : '+') || !take_digits(text, 2, &hours) ||
        !take_byte(text, ':') || !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    if (month == 2) return 28 + ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    return 30 + ((month + (month > 7)) & 1);
}

bool clock_parse_rfc3339(struct str text, int64_t *ret_unix_ms, int32_t *ret_nanos)
{
    int32_t year, month, day, hour, minute, second, nanos = 0, offset;
    if (!take_digits(&text, 4, &year) || !take_byte(&text, '-') || !take_digits(&text, 2, &month) ||
        !take_byte(&text, '-') || !take_digits(&text, 2, &day) || !take_byte(&text, 'T') ||
        !take_digits(&text, 2, &hour) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &minute) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &second)) {
        return false;
    }
    if (take_byte(&text, '.') && !take_fraction(&text, &nanos)) return false;
    if (!take_offset(&text, &offset) || text.size != 0) return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    int64_t seconds = clock_days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                      second - offset;
    *ret_unix_ms = seconds * 1000 + nanos / 1000000;
    if (ret_nanos != NULL) *ret_nanos = nanos;
    return true;
}
