// From minutes to periods, and from periods to the statistics that are asked for.

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "api/metric_search.h"
#include "runtime/worker.h"

enum { SECONDS_PER_MINUTE = 60, WORK_PER_HISTORY = 10 };

// ---------------------------------------------------------------------------------------------
// Statistics

static bool read_percent(struct str text, double *ret_percent)
{
    double number = 0, scale = 0;
    if (text.size == 0 || text.size > 12) return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '.' && scale == 0 && i > 0) {
            scale = 1;
        } else if (byte >= '0' && byte <= '9') {
            number = number * 10 + (byte - '0');
            scale *= 10;
        } else {
            return false;
        }
    }
    *ret_percent = scale > 0 ? number / scale : number;
    return *ret_percent <= 100;
}

bool cloudwatch_statistic_find(struct str name, struct cloudwatch_statistic *ret_statistic)
{
    static const char *const names[] = {"Average", "Sum", "Minimum", "Maximum", "SampleCount"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!str_is(name, names[i])) continue;
        ret_statistic->kind = (enum cloudwatch_statistic_kind)i;
        return true;
    }
    ret_statistic->kind = CLOUDWATCH_PERCENTILE;
    return name.size > 1 && name.data[0] == 'p' &&
           read_percent(str_skip(name, 1), &ret_statistic->percent);
}

// Within the bound that holds the rank, the values count as evenly spread.
static double percentile(double percent, const struct cloudwatch_sample *sample)
{
    double low = (double)sample->stat.min, high = (double)sample->stat.max;
    double rank = percent / 100 * (double)sample->stat.count, seen = 0;
    if (!sample->has_histogram) return low + (high - low) * percent / 100;
    for (size_t i = 0; i < METRICS_BOUNDS; i++) {
        double count = (double)sample->histogram[i];
        if (count == 0 || seen + count < rank) {
            seen += count;
            continue;
        }
        double from = i == 0 ? 0 : (double)metrics_bounds[i - 1];
        double to = i + 1 == METRICS_BOUNDS ? high : (double)metrics_bounds[i];
        double value = from + (to - from) * (rank - seen) / count;
        return fmin(fmax(value, low), high);
    }
    return high;
}

double cloudwatch_statistic_value(const struct cloudwatch_statistic *statistic,
                                  const struct cloudwatch_sample *sample)
{
    const struct metrics_stat *stat = &sample->stat;
    assert(stat->count > 0);
    switch (statistic->kind) {
    case CLOUDWATCH_AVERAGE: return (double)stat->sum / (double)stat->count;
    case CLOUDWATCH_SUM: return (double)stat->sum;
    case CLOUDWATCH_MINIMUM: return (double)stat->min;
    case CLOUDWATCH_MAXIMUM: return (double)stat->max;
    case CLOUDWATCH_SAMPLE_COUNT: return (double)stat->count;
    case CLOUDWATCH_PERCENTILE: return percentile(statistic->percent, sample);
    }
    return 0;
}

// ---------------------------------------------------------------------------------------------
// Dimensions

struct cloudwatch_metric cloudwatch_metric_of(const struct metrics_subject *subject, size_t index)
{
    static const struct str names[METRICS_GROUP_COUNT] = {
        [METRICS_STATE_MACHINE] = STR_INIT("StateMachineArn"),
        [METRICS_ACTIVITY] = STR_INIT("ActivityArn"),
        [METRICS_FUNCTION] = STR_INIT("LambdaFunctionArn"),
        [METRICS_SERVICE] = STR_INIT("ServiceIntegrationResourceArn"),
    };
    struct cloudwatch_metric metric = {
        .metric_namespace = STR("AWS/States"),
        .name = str_from_c(metrics_name(subject->group, index)),
        .region = subject->region,
    };
    if (subject->arn.size == 0) return metric; // Of the account.
    metric.dimensions[metric.dimension_count++] =
        (struct cloudwatch_dimension){names[subject->group], subject->arn};
    if (subject->version.size > 0) {
        metric.dimensions[metric.dimension_count++] =
            (struct cloudwatch_dimension){STR("Version"), subject->version};
    } else if (subject->alias.size > 0) {
        metric.dimensions[metric.dimension_count++] =
            (struct cloudwatch_dimension){STR("Alias"), subject->alias};
    }
    return metric;
}

struct cloudwatch_metric cloudwatch_metric_of_gauge(const struct metrics_gauge_history *history)
{
    struct cloudwatch_metric metric = {
        .metric_namespace = str_from_c(metrics_gauge_namespace(history->gauge)),
        .name = str_from_c(metrics_gauge_name(history->gauge)),
        .region = history->region,
    };
    if (history->arn.size > 0) {
        metric.dimensions[metric.dimension_count++] =
            (struct cloudwatch_dimension){STR("ResourceArn"), history->arn};
    }
    return metric;
}

static bool has_exactly(const struct cloudwatch_metric *metric, const struct json *wanted)
{
    if ((wanted == NULL ? 0 : wanted->size) != metric->dimension_count) return false;
    for (size_t i = 0; i < metric->dimension_count; i++) {
        const struct cloudwatch_dimension *dimension = &metric->dimensions[i];
        bool is_found = false;
        for (uint32_t k = 0; k < wanted->size && !is_found; k++) {
            const struct json *item = &wanted->items[k];
            is_found = str_equal(api_member_str(item, STR("Name"), STR("")), dimension->name) &&
                       str_equal(api_member_str(item, STR("Value"), STR("")), dimension->value);
        }
        if (!is_found) return false;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// Collecting

struct collecting {
    struct api_request *request;
    const struct cloudwatch_question *question;
    cloudwatch_found_fn found;
    void *context;
    struct cloudwatch_samples samples; // Of the metric at hand; `items` on the heap.
    size_t capacity;
    enum status status;
};

// Room for this many samples, which are none at first.
static bool make_room(struct collecting *collecting, size_t count)
{
    collecting->samples.count = 0;
    if (count <= collecting->capacity) return true;
    free(collecting->samples.items);
    collecting->samples.items = calloc(count, sizeof(*collecting->samples.items));
    collecting->capacity = collecting->samples.items == NULL ? 0 : count;
    return collecting->samples.items != NULL;
}

// The sample of the period that begins then, a new one unless it is the last.
static struct cloudwatch_sample *sample_at(struct collecting *collecting, int64_t unix_s)
{
    struct cloudwatch_samples *samples = &collecting->samples;
    if (samples->count == 0 || samples->items[samples->count - 1].unix_s != unix_s) {
        assert(samples->count < collecting->capacity);
        samples->items[samples->count++] = (struct cloudwatch_sample){.unix_s = unix_s};
    }
    return &samples->items[samples->count - 1];
}

// Returns false when it is too much, which ends the collecting.
static bool take_work(struct collecting *collecting, size_t work)
{
    size_t *left = collecting->question->work_left;
    if (left == NULL) return true;
    if (work > *left) {
        collecting->status = STATUS_OVER_LIMIT;
        return false;
    }
    *left -= work;
    return true;
}

static bool is_asked_for(struct collecting *collecting, const struct cloudwatch_metric *metric)
{
    const struct cloudwatch_question *question = collecting->question;
    if (collecting->status != STATUS_OK) return false;
    if (metric->region.size > 0 && !str_equal(metric->region, collecting->request->region)) {
        return false;
    }
    if (question->search != NULL) {
        return take_work(collecting, metric_search_work(question->search)) &&
               metric_search_matches(question->search, metric);
    }
    return str_equal(metric->name, question->name) &&
           str_equal(metric->metric_namespace, question->metric_namespace) &&
           has_exactly(metric, question->dimensions);
}

static void collect_history(struct collecting *collecting, const struct cloudwatch_metric *metric,
                            const struct metrics_history *history, size_t index)
{
    const struct cloudwatch_question *question = collecting->question;
    bool has_histogram = index < metrics_time_count(history->subject.group);
    size_t count = history->count - history->first;
    if (!take_work(collecting, count * (has_histogram ? 1 + METRICS_BOUNDS : 1))) return;
    if (!make_room(collecting, count + 1)) {
        collecting->status = STATUS_NO_MEMORY;
        return;
    }
    for (size_t i = history->first; i < history->count; i++) {
        const struct metrics_bucket *bucket = &history->buckets[i];
        int64_t unix_s = bucket->minute * SECONDS_PER_MINUTE;
        if (bucket->stats[index].count == 0 || unix_s >= question->end_unix_s ||
            unix_s < question->start_unix_s - question->start_unix_s % SECONDS_PER_MINUTE) {
            continue;
        }
        struct cloudwatch_sample *sample =
            sample_at(collecting, unix_s - unix_s % question->period_s);
        metrics_stat_merge(&sample->stat, &bucket->stats[index]);
        sample->has_histogram = has_histogram;
        for (size_t k = 0; has_histogram && k < METRICS_BOUNDS; k++)
            sample->histogram[k] += bucket->histograms[index][k];
    }
    collecting->samples.unit = metrics_unit(history->subject.group, index);
    collecting->status = collecting->found(collecting->context, metric, &collecting->samples);
}

static void collect(void *context, const struct metrics_history *history)
{
    struct collecting *collecting = context;
    const struct cloudwatch_question *question = collecting->question;
    if (collecting->status != STATUS_OK || !take_work(collecting, WORK_PER_HISTORY)) return;
    for (size_t i = 0; metrics_name(history->subject.group, i) != NULL; i++) {
        if (history->totals[i].count == 0 ||
            (question->search == NULL &&
             !str_is(question->name, metrics_name(history->subject.group, i)))) {
            continue;
        }
        struct cloudwatch_metric metric = cloudwatch_metric_of(&history->subject, i);
        if (is_asked_for(collecting, &metric)) collect_history(collecting, &metric, history, i);
    }
}

// As if each minute of the run were a bucket with one value.
static void add_run(struct collecting *collecting, const struct metrics_run *run)
{
    const struct cloudwatch_question *question = collecting->question;
    int64_t from = question->start_unix_s / SECONDS_PER_MINUTE; // Minutes, as the next.
    int64_t to = (question->end_unix_s + SECONDS_PER_MINUTE - 1) / SECONDS_PER_MINUTE;
    const int64_t period = question->period_s / SECONDS_PER_MINUTE;
    if (from < run->first_minute) from = run->first_minute;
    if (to > run->last_minute + 1) to = run->last_minute + 1;
    while (from < to) {
        int64_t start = from - from % period;
        int64_t end = start + period < to ? start + period : to;
        struct metrics_stat stat = {(uint64_t)(end - from), (uint64_t)(end - from) * run->value,
                                    run->value, run->value};
        metrics_stat_merge(&sample_at(collecting, start * SECONDS_PER_MINUTE)->stat, &stat);
        from = end;
    }
}

static void collect_gauge(void *context, const struct metrics_gauge_history *history)
{
    struct collecting *collecting = context;
    struct cloudwatch_metric metric = cloudwatch_metric_of_gauge(history);
    if (collecting->status != STATUS_OK || !take_work(collecting, 1)) return;
    if (!is_asked_for(collecting, &metric) || !take_work(collecting, history->count)) return;
    const int64_t period = collecting->question->period_s / SECONDS_PER_MINUTE;
    size_t count_max = 1;
    for (size_t i = 0; i < history->count; i++) {
        const struct metrics_run *run = &history->runs[i];
        count_max += (size_t)((run->last_minute - run->first_minute) / period) + 2;
    }
    if (!make_room(collecting, count_max)) {
        collecting->status = STATUS_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < history->count; i++)
        add_run(collecting, &history->runs[i]);
    collecting->samples.unit = "Count";
    collecting->status = collecting->found(collecting->context, &metric, &collecting->samples);
}

enum status cloudwatch_collect(struct api_request *request,
                               const struct cloudwatch_question *question,
                               cloudwatch_found_fn found, void *context)
{
    struct metrics *metrics = &request->worker->api->runtime->metrics;
    struct collecting collecting = {
        .request = request, .question = question, .found = found, .context = context};
    metrics_each(metrics, collect, &collecting);
    metrics_each_gauge(metrics, collect_gauge, &collecting);
    free(collecting.samples.items);
    return collecting.status;
}
