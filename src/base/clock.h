// Time: the only place that reads it.
//
// A clock is real, or virtual: then it stands still until clock_advance() and the event loop jumps
// it to the next timer when all work is idle. Times are milliseconds since 1970 in UTC
// (`*_unix_ms`), 64 bits, signed.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

struct clock {
    bool is_virtual;
    _Atomic int64_t virtual_unix_ms; // Meaningful when is_virtual.
};

void clock_init_real(struct clock *clock);
void clock_init_virtual(struct clock *clock, int64_t start_unix_ms);

// Never runs backwards within one process by more than the system clock is set back.
int64_t clock_unix_ms(const struct clock *clock);

// Virtual clocks only: set to `unix_ms` unless that lies in the past.
void clock_advance(struct clock *clock, int64_t unix_ms);

// Nanoseconds of a steady clock, for measuring real durations only; never virtual.
int64_t clock_steady_ns(void);

// ISO 8601 in UTC with milliseconds as the service prints them, "2024-01-01T00:00:00.123Z";
// always three digits of fraction. Needs 24 bytes and writes no NUL.
enum { CLOCK_ISO_SIZE = 24 };
void clock_render_iso(int64_t unix_ms, char ret_text[static CLOCK_ISO_SIZE]);

// A time of the RFC 3339 profile that the States Language demands: upper-case T, seconds, optional
// fraction of 1 to 9 digits, Z or a numeric offset, all fields in range.
//
//   ret_unix_ms   rounded down to the millisecond
//   ret_nanos     of the second, for exact comparison; may be NULL
MUST_USE bool clock_parse_rfc3339(struct str text, int64_t *ret_unix_ms, int32_t *ret_nanos);

// Civil date of a time, for signatures, log stream names and pictures.
struct clock_date {
    int32_t year;
    int32_t month; // 1 to 12
    int32_t day;   // 1 to 31
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t millisecond;
    int32_t weekday; // 0 is Sunday.
};

struct clock_date clock_date_from_unix_ms(int64_t unix_ms);

// Days since 1970-01-01 of a civil date in the proleptic Gregorian calendar.
int64_t clock_days_from_civil(int32_t year, int32_t month, int32_t day);
