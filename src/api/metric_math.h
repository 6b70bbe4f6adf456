// Metric math: the expressions of GetMetricData, which make time series of time series.
//
//     100 * failed / FILL(started, 1)        SUM(METRICS("retry")) / PERIOD(m1)
//
// A value is a number, a time series, or a list of time series. Where an operator meets two series,
// a point that only one of them has counts as 0 in the other; what is no number (a division by
// zero, a logarithm of -1) is left out.
//
// Nothing here knows where series come from: a scope answers for names and searches.
//
// Source: Amazon CloudWatch User Guide, "Using metric math".

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    METRIC_MATH_SIZE_MAX = 2048,  // Of an expression or a label, in bytes.
    METRIC_MATH_DEPTH_MAX = 50,   // Of parentheses and calls within each other.
    METRIC_MATH_CALLS_MAX = 3000, // Of the evaluation, through all expressions that it refers to.
    METRIC_MATH_POINTS_MAX = 2000000, // Of all series made, and again of those given out.
    METRIC_MATH_WORK_MAX = 100000000, // Points looked at.
};

struct metric_point {
    int64_t unix_s;
    double value; // Finite.
};

struct metric_series {
    struct str id;    // Of the query that it comes from.
    struct str label; // Of the metric or expression.
    const void *source;
    int64_t period_s;
    bool is_metric;              // And not the result of an expression.
    struct metric_point *points; // By time, each time once.
    size_t count;
};

enum metric_value_type {
    METRIC_VALUE_NUMBER, // `number`; NAN when it is of no points.
    METRIC_VALUE_SERIES, // The first of `items`.
    METRIC_VALUE_LIST,   // `items`
    METRIC_VALUE_TEXT,   // `text`: within expressions only, as the next.
    METRIC_VALUE_WORD,   // REPEAT, ASC, …
};

struct metric_value {
    enum metric_value_type type;
    double number;
    struct str text;
    const struct metric_series **items;
    size_t count;
};

// What an expression may refer to. One for all expressions of a request.
struct metric_scope {
    struct arena *arena;
    int64_t start_unix_s;                 // Of the request.
    int64_t end_unix_s;                   // Excluded.
    int64_t period_s;                     // Of series that are made of numbers.
    const struct metric_series **metrics; // METRICS()
    size_t metric_count;
    size_t points_left; // At first METRIC_MATH_POINTS_MAX.
    size_t work_left;   // At first METRIC_MATH_WORK_MAX.
    uint32_t depth;     // Of the evaluation under way.
    struct str message; // Why something was refused.

    // The value of another query. STATUS_OK; STATUS_NOT_FOUND; STATUS_INVALID with `message` set.
    enum status (*find)(struct metric_scope *scope, struct str id, struct metric_value *ret_value);
    // SEARCH(text, statistic, period): a list. The same statuses.
    enum status (*search)(struct metric_scope *scope, const struct metric_value *arguments,
                          size_t argument_count, struct metric_value *ret_value);
};

// Evaluate an expression to a series or a list of series.
//
// Returns STATUS_OK, STATUS_INVALID (scope->message says why, without a full stop) or
// STATUS_NO_MEMORY.
MUST_USE enum status metric_math_evaluate(struct metric_scope *scope, struct str expression,
                                          struct metric_value *ret_value);

// Take note of points that are made or given out, or of work that makes no points; false when it is
// too much (the message says so).
MUST_USE bool metric_take_points(struct metric_scope *scope, size_t count);
MUST_USE bool metric_work(struct metric_scope *scope, size_t amount);

// STATUS_INVALID when there is a message, otherwise STATUS_NO_MEMORY.
enum status metric_series_fault(const struct metric_scope *scope);

// Refuse with this message.
enum status metric_refuse(struct metric_scope *scope, const char *format, ...) PRINTF(2, 3);

// A new series with room for `count_max` points, its texts, period and source those of `like` (or
// those of the scope when that is NULL). NULL: too many points (the message says so) or no memory.
struct metric_series *metric_series_new(struct metric_scope *scope,
                                        const struct metric_series *like, size_t count_max);
