// From minutes to periods, and from periods to the statistics that are asked for.

#include <assert.h>
#include <math.h>

#include "api/cloudwatch.h"
#include "runtime/worker.h"

enum { SECONDS_PER_MINUTE = 60 };

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

enum { DIMENSIONS_MAX = 2 };

struct dimension {
    struct str name;
    struct str value;
};

static size_t dimensions_of(const struct metrics_subject *subject,
                            struct dimension ret_dimensions[static DIMENSIONS_MAX])
{
    static const struct str names[METRICS_GROUP_COUNT] = {
        [METRICS_STATE_MACHINE] = STR_INIT("StateMachineArn"),
        [METRICS_ACTIVITY] = STR_INIT("ActivityArn"),
        [METRICS_FUNCTION] = STR_INIT("LambdaFunctionArn"),
        [METRICS_SERVICE] = STR_INIT("ServiceIntegrationResourceArn"),
    };
    size_t count = 0;
    if (subject->arn.size == 0) return 0; // Of the account.
    ret_dimensions[count++] = (struct dimension){names[subject->group], subject->arn};
    if (subject->version.size > 0) {
        ret_dimensions[count++] = (struct dimension){STR("Version"), subject->version};
    } else if (subject->alias.size > 0) {
        ret_dimensions[count++] = (struct dimension){STR("Alias"), subject->alias};
    }
    return count;
}

struct json cloudwatch_dimensions(struct arena *arena, const struct metrics_subject *subject)
{
    struct dimension dimensions[DIMENSIONS_MAX];
    struct json_items items;
    json_items_init(&items, arena);
    size_t count = dimensions_of(subject, dimensions);
    for (size_t i = 0; i < count; i++) {
        struct json_members members;
        struct str value;
        if (!arena_copy_str(arena, dimensions[i].value, &value)) break;
        json_members_init(&members, arena);
        json_members_append(&members, STR("Name"), json_from_str(dimensions[i].name));
        json_members_append(&members, STR("Value"), json_from_str(value));
        json_items_append(&items, json_members_finish(&members));
    }
    return json_items_finish(&items);
}

static bool has_exactly(const struct metrics_subject *subject, const struct json *wanted)
{
    struct dimension dimensions[DIMENSIONS_MAX];
    size_t count = dimensions_of(subject, dimensions);
    // An empty list is an empty text in the query protocol.
    bool is_list = wanted != NULL && json_is_array(wanted);
    if ((is_list ? wanted->size : 0) != count) return false;
    for (size_t i = 0; i < count; i++) {
        bool is_found = false;
        for (uint32_t k = 0; k < wanted->size && !is_found; k++) {
            const struct json *item = &wanted->items[k];
            is_found = str_equal(api_member_str(item, STR("Name"), STR("")), dimensions[i].name) &&
                       str_equal(api_member_str(item, STR("Value"), STR("")), dimensions[i].value);
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
    struct cloudwatch_samples samples;
    bool is_failed;
};

static void add_bucket(struct cloudwatch_sample *sample, const struct metrics_bucket *bucket,
                       size_t index, bool has_histogram)
{
    const struct metrics_stat *from = &bucket->stats[index];
    struct metrics_stat *into = &sample->stat;
    if (into->count == 0 || from->min < into->min) into->min = from->min;
    if (from->max > into->max) into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    sample->has_histogram = has_histogram;
    for (size_t i = 0; has_histogram && i < METRICS_BOUNDS; i++)
        sample->histogram[i] += bucket->histograms[index][i];
}

static void collect_metric(struct collecting *collecting, const struct metrics_history *history,
                           size_t index)
{
    const struct cloudwatch_question *question = collecting->question;
    struct cloudwatch_samples *samples = &collecting->samples;
    samples->unit = metrics_unit(history->subject.group, index);
    samples->count = 0;
    samples->items = arena_alloc_array(collecting->request->arena, history->count - history->first,
                                       sizeof(*samples->items));
    if (samples->items == NULL) {
        collecting->is_failed = true;
        return;
    }
    bool has_histogram = index < metrics_time_count(history->subject.group);
    for (size_t i = history->first; i < history->count; i++) {
        const struct metrics_bucket *bucket = &history->buckets[i];
        int64_t unix_s = bucket->minute * SECONDS_PER_MINUTE;
        int64_t start = unix_s - unix_s % question->period_s;
        if (bucket->stats[index].count == 0 || unix_s >= question->end_unix_s ||
            unix_s < question->start_unix_s - question->start_unix_s % SECONDS_PER_MINUTE) {
            continue;
        }
        if (samples->count == 0 || samples->items[samples->count - 1].unix_s != start) {
            samples->items[samples->count++] = (struct cloudwatch_sample){.unix_s = start};
        }
        add_bucket(&samples->items[samples->count - 1], bucket, index, has_histogram);
    }
}

static void collect(void *context, const struct metrics_history *history)
{
    struct collecting *collecting = context;
    const struct cloudwatch_question *question = collecting->question;
    if (!str_equal(history->subject.region, collecting->request->region) ||
        !has_exactly(&history->subject, question->dimensions)) {
        return;
    }
    for (size_t i = 0; metrics_name(history->subject.group, i) != NULL; i++) {
        if (str_is(question->name, metrics_name(history->subject.group, i))) {
            collect_metric(collecting, history, i);
            return;
        }
    }
}

enum status cloudwatch_collect(struct api_request *request,
                               const struct cloudwatch_question *question,
                               struct cloudwatch_samples *ret_samples)
{
    struct collecting collecting = {.request = request, .question = question};
    if (str_is(question->metric_namespace, "AWS/States")) {
        metrics_each(&request->worker->api->runtime->metrics, collect, &collecting);
    }
    if (collecting.is_failed) return STATUS_NO_MEMORY;
    *ret_samples = collecting.samples;
    return STATUS_OK;
}
