// The functions of metric math: a table of names, what they take, and who does it.

#include <stdlib.h>

#include "api/metric_math_private.h"
#include "base/clock.h"

struct call {
    struct metric_scope *scope;
    struct str name;
    int kind; // For the function of the table: which of its names.
    const struct metric_value *arguments;
    size_t count;
};

typedef enum status (*function_fn)(const struct call *call, struct metric_value *ret_value);

// ---------------------------------------------------------------------------------------------
// Arguments

static bool is_series(const struct call *call, size_t index)
{
    return index < call->count && call->arguments[index].type == METRIC_VALUE_SERIES;
}

static bool is_list(const struct call *call, size_t index)
{
    return index < call->count && call->arguments[index].type == METRIC_VALUE_LIST;
}

static bool is_number(const struct call *call, size_t index)
{
    return index < call->count && call->arguments[index].type == METRIC_VALUE_NUMBER;
}

static bool is_word(const struct call *call, size_t index, const char *word)
{
    return index < call->count && call->arguments[index].type == METRIC_VALUE_WORD &&
           str_is(call->arguments[index].text, word);
}

static enum status refuse(const struct call *call, const char *wants)
{
    return metric_refuse(call->scope, "%" STR_FORMAT " takes %s", STR_ARGS(call->name), wants);
}

// The series of an argument, one after the other.
typedef const struct metric_series *(*series_fn)(const struct call *call,
                                                 const struct metric_series *series);

// A series of each series of the first argument; one of one, a list of a list.
static enum status map_series(const struct call *call, series_fn function,
                              struct metric_value *ret_value)
{
    struct metric_value result;
    if (!is_series(call, 0) && !is_list(call, 0)) {
        return refuse(call, "a time series or an array of time series first");
    }
    if (!metric_list_new(call->scope, call->arguments[0].count, &result))
        return metric_series_fault(call->scope);
    result.type = call->arguments[0].type;
    for (size_t i = 0; i < call->arguments[0].count; i++) {
        const struct metric_series *series = function(call, call->arguments[0].items[i]);
        if (series == NULL) return metric_series_fault(call->scope);
        result.items[result.count++] = series;
    }
    *ret_value = result;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Point by point

enum { POINT_ABS, POINT_CEIL, POINT_FLOOR, POINT_LOG, POINT_LOG10 };

static double point_value(int kind, double value)
{
    switch (kind) {
    case POINT_ABS: return fabs(value);
    case POINT_CEIL: return ceil(value);
    case POINT_FLOOR: return floor(value);
    case POINT_LOG: return log(value);
    default: return log10(value);
    }
}

static const struct metric_series *each_point(const struct call *call,
                                              const struct metric_series *series)
{
    struct metric_series *result = metric_series_new(call->scope, series, series->count);
    for (size_t i = 0; result != NULL && i < series->count; i++)
        metric_series_append(result, series->points[i].unix_s,
                             point_value(call->kind, series->points[i].value));
    return result;
}

static enum status call_point(const struct call *call, struct metric_value *ret_value)
{
    if (is_number(call, 0)) {
        *ret_value = metric_number(point_value(call->kind, call->arguments[0].number));
        return STATUS_OK;
    }
    return map_series(call, each_point, ret_value);
}

// ---------------------------------------------------------------------------------------------
// With the point before

enum { STEP_RATE, STEP_DIFF, STEP_DIFF_TIME, STEP_RUNNING_SUM };

static const struct metric_series *each_step(const struct call *call,
                                             const struct metric_series *series)
{
    struct metric_series *result = metric_series_new(call->scope, series, series->count);
    double sum = 0;
    for (size_t i = 0; result != NULL && i < series->count; i++) {
        const struct metric_point *point = &series->points[i];
        sum += point->value;
        if (call->kind == STEP_RUNNING_SUM) metric_series_append(result, point->unix_s, sum);
        if (call->kind == STEP_RUNNING_SUM || i == 0) continue;
        double difference = point->value - point[-1].value;
        double seconds = (double)(point->unix_s - point[-1].unix_s);
        metric_series_append(result, point->unix_s,
                             call->kind == STEP_RATE   ? difference / seconds
                             : call->kind == STEP_DIFF ? difference
                                                       : seconds);
    }
    return result;
}

static enum status call_step(const struct call *call, struct metric_value *ret_value)
{
    return map_series(call, each_step, ret_value);
}

// ---------------------------------------------------------------------------------------------
// Many values become one

enum { FOLD_SUM, FOLD_AVG, FOLD_MIN, FOLD_MAX, FOLD_STDDEV, FOLD_COUNT };

struct fold {
    double sum, min, max, squares;
    size_t count;
};

static void fold_add(struct fold *fold, double value)
{
    fold->min = fold->count == 0 || value < fold->min ? value : fold->min;
    fold->max = fold->count == 0 || value > fold->max ? value : fold->max;
    fold->sum += value;
    fold->squares += value * value;
    fold->count++;
}

// `count` values in all; those that were not added are missing.
static double fold_result(const struct fold *fold, int kind, size_t count)
{
    double n = (double)fold->count;
    if (kind == FOLD_COUNT) return n;
    if (fold->count == 0) return METRIC_NONE;
    switch (kind) {
    case FOLD_SUM: return fold->sum;
    case FOLD_AVG: return fold->sum / (double)count;
    case FOLD_MIN: return fold->min;
    case FOLD_MAX: return fold->max;
    default: return sqrt(fmax(0, fold->squares / n - fold->sum / n * (fold->sum / n)));
    }
}

// What it is to walk all points of a list.
static size_t points_of(const struct metric_value *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i]->count;
    return count;
}

static double fold_series(const struct metric_series *series, int kind)
{
    struct fold fold = {0};
    for (size_t i = 0; i < series->count; i++)
        fold_add(&fold, series->points[i].value);
    return fold_result(&fold, kind, series->count);
}

static enum status fold_list(const struct call *call, const struct metric_value *list,
                             struct metric_value *ret_value)
{
    size_t *positions = arena_alloc_zeroed(call->scope->arena, 2 * list->count * sizeof(size_t));
    struct metric_series *result =
        metric_series_new(call->scope, list->count > 0 ? list->items[0] : NULL, points_of(list));
    if (positions == NULL || result == NULL) return metric_series_fault(call->scope);
    int64_t unix_s = INT64_MIN;
    while (metric_next_time(list->items, list->count, positions, &unix_s)) {
        struct fold fold = {0};
        if (!metric_work(call->scope, 2 * list->count)) return STATUS_INVALID; // Twice looked at.
        for (size_t i = 0; i < list->count; i++) {
            const struct metric_point *point =
                metric_series_at(list->items[i], &positions[list->count + i], unix_s);
            if (point != NULL) fold_add(&fold, point->value);
        }
        metric_series_append(result, unix_s, fold_result(&fold, call->kind, list->count));
    }
    result->label = (struct str){NULL, 0};
    result->source = NULL;
    return metric_one(call->scope, result, ret_value);
}

static enum status call_fold(const struct call *call, struct metric_value *ret_value)
{
    if (is_list(call, 0)) return fold_list(call, &call->arguments[0], ret_value);
    if (!is_series(call, 0)) return refuse(call, "a time series or an array of time series");
    const struct metric_series *series = call->arguments[0].items[0];
    if (!metric_work(call->scope, series->count)) return STATUS_INVALID;
    *ret_value = metric_number(fold_series(series, call->kind));
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Series without gaps

struct grid {
    int64_t first_unix_s;
    int64_t period_s;
    size_t count;
};

static struct grid grid_of(const struct metric_scope *scope, int64_t period_s)
{
    int64_t start = scope->start_unix_s - scope->start_unix_s % period_s;
    if (start >= scope->end_unix_s) return (struct grid){start, period_s, 0};
    return (struct grid){start, period_s,
                         (size_t)((scope->end_unix_s - start + period_s - 1) / period_s)};
}

// Of a gap at `unix_s` whose neighbours are `before` and `after`, either of which may be NULL.
static double filler(const struct call *call, const struct metric_point *before,
                     const struct metric_point *after, int64_t unix_s)
{
    if (is_number(call, 1)) return call->arguments[1].number;
    if (is_word(call, 1, "REPEAT")) return before == NULL ? METRIC_NONE : before->value;
    if (before == NULL || after == NULL) return METRIC_NONE;
    double part = (double)(unix_s - before->unix_s) / (double)(after->unix_s - before->unix_s);
    return before->value + part * (after->value - before->value);
}

static const struct metric_series *fill_one(const struct call *call,
                                            const struct metric_series *series)
{
    struct grid grid = grid_of(call->scope, series->period_s);
    const struct metric_series *other = is_series(call, 1) ? call->arguments[1].items[0] : NULL;
    // Both are walked, also where the grid of a longer period has few points.
    if (!metric_work(call->scope, series->count + (other == NULL ? 0 : other->count))) return NULL;
    struct metric_series *result = metric_series_new(call->scope, series, grid.count);
    size_t at = 0, other_at = 0;
    for (size_t i = 0; result != NULL && i < grid.count; i++) {
        int64_t unix_s = grid.first_unix_s + (int64_t)i * grid.period_s;
        const struct metric_point *point = metric_series_at(series, &at, unix_s);
        if (point == NULL && other != NULL) point = metric_series_at(other, &other_at, unix_s);
        if (point != NULL) {
            metric_series_append(result, unix_s, point->value);
        } else if (other == NULL) {
            metric_series_append(result, unix_s,
                                 filler(call, at > 0 ? &series->points[at - 1] : NULL,
                                        at < series->count ? &series->points[at] : NULL, unix_s));
        }
    }
    return result;
}

static enum status call_fill(const struct call *call, struct metric_value *ret_value)
{
    if (!is_number(call, 1) && !is_series(call, 1) && !is_word(call, 1, "REPEAT") &&
        !is_word(call, 1, "LINEAR")) {
        return refuse(call, "a number, a time series, REPEAT or LINEAR second");
    }
    return map_series(call, fill_one, ret_value);
}

static enum status call_time_series(const struct call *call, struct metric_value *ret_value)
{
    if (!is_number(call, 0)) return refuse(call, "a number");
    struct grid grid = grid_of(call->scope, call->scope->period_s);
    struct metric_series *result = metric_series_new(call->scope, NULL, grid.count);
    for (size_t i = 0; result != NULL && i < grid.count; i++)
        metric_series_append(result, grid.first_unix_s + (int64_t)i * grid.period_s,
                             call->arguments[0].number);
    return metric_one(call->scope, result, ret_value);
}

enum { TIME_MINUTE, TIME_HOUR, TIME_DAY, TIME_DATE, TIME_MONTH, TIME_YEAR, TIME_EPOCH };

static double time_value(int kind, int64_t unix_s)
{
    struct clock_date date = clock_date_from_unix_ms(unix_s * 1000);
    switch (kind) {
    case TIME_MINUTE: return date.minute;
    case TIME_HOUR: return date.hour;
    case TIME_DAY: return date.weekday == 0 ? 7 : date.weekday; // Monday is 1.
    case TIME_DATE: return date.day;
    case TIME_MONTH: return date.month;
    case TIME_YEAR: return date.year;
    default: return (double)unix_s;
    }
}

static enum status call_time(const struct call *call, struct metric_value *ret_value)
{
    if (!is_series(call, 0)) return refuse(call, "a time series");
    const struct metric_series *series = call->arguments[0].items[0];
    struct grid grid = grid_of(call->scope, series->period_s);
    struct metric_series *result = metric_series_new(call->scope, series, grid.count);
    for (size_t i = 0; result != NULL && i < grid.count; i++) {
        int64_t unix_s = grid.first_unix_s + (int64_t)i * grid.period_s;
        metric_series_append(result, unix_s, time_value(call->kind, unix_s));
    }
    return metric_one(call->scope, result, ret_value);
}

// ---------------------------------------------------------------------------------------------
// Lists

// The metrics, or those with this in their ids.
static enum status call_metrics(const struct call *call, struct metric_value *ret_value)
{
    struct metric_scope *scope = call->scope;
    struct metric_value list;
    if (call->count > 0 && call->arguments[0].type != METRIC_VALUE_TEXT) {
        return refuse(call, "nothing, or a text in quotes");
    }
    if (!metric_list_new(scope, scope->metric_count, &list)) return metric_series_fault(scope);
    for (size_t i = 0; i < scope->metric_count; i++) {
        struct str part = call->count > 0 ? call->arguments[0].text : STR("");
        if (!metric_work(scope, scope->metrics[i]->id.size)) return STATUS_INVALID;
        if (part.size > 0 && str_find(scope->metrics[i]->id, part) == SIZE_MAX) continue;
        list.items[list.count++] = scope->metrics[i];
    }
    *ret_value = list;
    return STATUS_OK;
}

static enum status call_metric_count(const struct call *call, struct metric_value *ret_value)
{
    if (!is_list(call, 0)) return refuse(call, "an array of time series");
    *ret_value = metric_number((double)call->arguments[0].count);
    return STATUS_OK;
}

static enum status call_first_or_last(const struct call *call, struct metric_value *ret_value)
{
    if (!is_list(call, 0)) return refuse(call, "an array of time series");
    const struct metric_value *list = &call->arguments[0];
    if (list->count > 0) {
        size_t index = call->kind == 0 ? 0 : list->count - 1;
        return metric_one(call->scope, list->items[index], ret_value);
    }
    return metric_one(call->scope, metric_series_new(call->scope, NULL, 0), ret_value);
}

static enum status call_remove_empty(const struct call *call, struct metric_value *ret_value)
{
    struct metric_value list;
    if (!is_list(call, 0)) return refuse(call, "an array of time series");
    if (!metric_list_new(call->scope, call->arguments[0].count, &list))
        return metric_series_fault(call->scope);
    for (size_t i = 0; i < call->arguments[0].count; i++) {
        const struct metric_series *series = call->arguments[0].items[i];
        if (series->count > 0) list.items[list.count++] = series;
    }
    *ret_value = list;
    return STATUS_OK;
}

// A whole number from 0 to `max`; what is beyond counts as the nearest.
static size_t index_of(double number, size_t max)
{
    if (!(number > 0)) return 0;
    return number >= (double)max ? max : (size_t)number;
}

static enum status call_slice(const struct call *call, struct metric_value *ret_value)
{
    if (!is_list(call, 0) || !is_number(call, 1) || (call->count == 3 && !is_number(call, 2))) {
        return refuse(call, "an array of time series and one or two numbers");
    }
    struct metric_value list = call->arguments[0];
    size_t from = index_of(call->arguments[1].number, list.count);
    size_t to = call->count == 3 ? index_of(call->arguments[2].number, list.count) : list.count;
    list.items += from;
    list.count = to > from ? to - from : 0;
    *ret_value = list;
    return STATUS_OK;
}

struct sorted {
    double key;
    size_t position; // Keeps what is equal in order.
    const struct metric_series *series;
    bool is_descending;
};

// What has no points comes last.
static int compare_sorted(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    if (isnan(a->key) != isnan(b->key)) return isnan(a->key) ? 1 : -1;
    if (a->key < b->key) return a->is_descending ? 1 : -1;
    if (a->key > b->key) return a->is_descending ? -1 : 1;
    return a->position < b->position ? -1 : 1;
}

// SORT(list, AVG, DESC) or with a number that limits the result.
static enum status call_sort(const struct call *call, struct metric_value *ret_value)
{
    static const char *const folds[] = {"SUM", "AVG", "MIN", "MAX"};
    int kind = -1;
    for (int i = 0; i < (int)ARRAY_COUNT(folds); i++)
        if (is_word(call, 1, folds[i])) kind = i;
    bool is_descending = is_word(call, 2, "DESC");
    if (!is_list(call, 0) || kind < 0 || (!is_descending && !is_word(call, 2, "ASC")) ||
        (call->count == 4 && !is_number(call, 3))) {
        return refuse(call, "an array of time series, AVG, MIN, MAX or SUM, ASC or DESC, and a "
                            "number or nothing");
    }
    struct metric_value list = call->arguments[0], result;
    if (!metric_work(call->scope, points_of(&list)) ||
        !metric_list_new(call->scope, list.count, &result)) {
        return metric_series_fault(call->scope);
    }
    struct sorted *sorted = arena_alloc_array(call->scope->arena, list.count, sizeof(*sorted));
    if (sorted == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < list.count; i++)
        sorted[i] =
            (struct sorted){fold_series(list.items[i], kind), i, list.items[i], is_descending};
    qsort(sorted, list.count, sizeof(*sorted), compare_sorted);
    result.count = call->count == 4 ? index_of(call->arguments[3].number, list.count) : list.count;
    for (size_t i = 0; i < result.count; i++)
        result.items[i] = sorted[i].series;
    *ret_value = result;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// The rest

static enum status call_period(const struct call *call, struct metric_value *ret_value)
{
    if (!is_series(call, 0) || !call->arguments[0].items[0]->is_metric) {
        return refuse(call, "the id of a metric");
    }
    *ret_value = metric_number((double)call->arguments[0].items[0]->period_s);
    return STATUS_OK;
}

// A value that an IF may choose, at a time. `if_missing` where a series has no point.
static double chosen(const struct metric_value *value, size_t *at, int64_t unix_s,
                     double if_missing)
{
    if (value->type == METRIC_VALUE_NUMBER) return value->number;
    const struct metric_point *point = metric_series_at(value->items[0], at, unix_s);
    return point == NULL ? if_missing : point->value;
}

static size_t points_chosen_from(const struct metric_value *value)
{
    return value->type == METRIC_VALUE_NUMBER ? 0 : value->items[0]->count;
}

// IF(condition, value, otherwise): without an otherwise, points whose condition is false are left
// out.
static enum status call_if(const struct call *call, struct metric_value *ret_value)
{
    struct metric_scope *scope = call->scope;
    const struct metric_value *then = &call->arguments[1], *otherwise = &call->arguments[2];
    bool has_otherwise = call->count == 3;
    if ((!is_series(call, 0) && !is_number(call, 0)) ||
        (!is_series(call, 1) && !is_number(call, 1)) ||
        (has_otherwise && !is_series(call, 2) && !is_number(call, 2))) {
        return refuse(call, "two or three numbers and time series");
    }
    if (is_number(call, 0)) {
        bool is_true = call->arguments[0].number != 0;
        if (is_true || has_otherwise) {
            *ret_value = is_true ? *then : *otherwise;
            return STATUS_OK;
        }
        return metric_one(scope, metric_series_new(scope, NULL, 0), ret_value);
    }
    if (!metric_work(scope, points_chosen_from(then) +
                                (has_otherwise ? points_chosen_from(otherwise) : 0))) {
        return STATUS_INVALID;
    }
    const struct metric_series *condition = call->arguments[0].items[0];
    struct metric_series *result = metric_series_new(scope, condition, condition->count);
    size_t then_at = 0, otherwise_at = 0;
    for (size_t i = 0; result != NULL && i < condition->count; i++) {
        int64_t unix_s = condition->points[i].unix_s;
        double value = condition->points[i].value != 0 ? chosen(then, &then_at, unix_s, 0)
                       : has_otherwise ? chosen(otherwise, &otherwise_at, unix_s, METRIC_NONE)
                                       : METRIC_NONE;
        metric_series_append(result, unix_s, value);
    }
    return metric_one(scope, result, ret_value);
}

static enum status call_search(const struct call *call, struct metric_value *ret_value)
{
    return call->scope->search(call->scope, call->arguments, call->count, ret_value);
}

static const struct {
    const char *name;
    function_fn function;
    int kind;
    size_t count_min, count_max; // Of arguments.
} functions[] = {
    {"ABS", call_point, POINT_ABS, 1, 1},
    {"AVG", call_fold, FOLD_AVG, 1, 1},
    {"CEIL", call_point, POINT_CEIL, 1, 1},
    {"DATAPOINT_COUNT", call_fold, FOLD_COUNT, 1, 1},
    {"DATE", call_time, TIME_DATE, 1, 1},
    {"DAY", call_time, TIME_DAY, 1, 1},
    {"DIFF", call_step, STEP_DIFF, 1, 1},
    {"DIFF_TIME", call_step, STEP_DIFF_TIME, 1, 1},
    {"EPOCH", call_time, TIME_EPOCH, 1, 1},
    {"FILL", call_fill, 0, 2, 2},
    {"FIRST", call_first_or_last, 0, 1, 1},
    {"FLOOR", call_point, POINT_FLOOR, 1, 1},
    {"HOUR", call_time, TIME_HOUR, 1, 1},
    {"IF", call_if, 0, 2, 3},
    {"LAST", call_first_or_last, 1, 1, 1},
    {"LOG", call_point, POINT_LOG, 1, 1},
    {"LOG10", call_point, POINT_LOG10, 1, 1},
    {"MAX", call_fold, FOLD_MAX, 1, 1},
    {"METRICS", call_metrics, 0, 0, 1},
    {"METRIC_COUNT", call_metric_count, 0, 1, 1},
    {"MIN", call_fold, FOLD_MIN, 1, 1},
    {"MINUTE", call_time, TIME_MINUTE, 1, 1},
    {"MONTH", call_time, TIME_MONTH, 1, 1},
    {"PERIOD", call_period, 0, 1, 1},
    {"RATE", call_step, STEP_RATE, 1, 1},
    {"REMOVE_EMPTY", call_remove_empty, 0, 1, 1},
    {"RUNNING_SUM", call_step, STEP_RUNNING_SUM, 1, 1},
    {"SEARCH", call_search, 0, 2, 3},
    {"SLICE", call_slice, 0, 2, 3},
    {"SORT", call_sort, 0, 3, 4},
    {"STDDEV", call_fold, FOLD_STDDEV, 1, 1},
    {"SUM", call_fold, FOLD_SUM, 1, 1},
    {"TIME_SERIES", call_time_series, 0, 1, 1},
    {"YEAR", call_time, TIME_YEAR, 1, 1},
};

enum status metric_call(struct metric_scope *scope, struct str name,
                        const struct metric_value *arguments, size_t count,
                        struct metric_value *ret_value)
{
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        if (!str_is(name, functions[i].name)) continue;
        if (count < functions[i].count_min || count > functions[i].count_max) {
            return metric_refuse(scope, "%s does not take %zu arguments", functions[i].name, count);
        }
        struct call call = {scope, name, functions[i].kind, arguments, count};
        return functions[i].function(&call, ret_value);
    }
    return metric_refuse(scope, "the function \"%" STR_FORMAT "\" is not supported",
                         STR_ARGS(name));
}
