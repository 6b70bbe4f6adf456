// GetMetricStatistics and ListMetrics; GetMetricData is in cloudwatch_data.c.

#include <stdlib.h>

#include "api/cloudwatch.h"
#include "runtime/worker.h"

enum {
    DATAPOINTS_MAX = 1440, // Of GetMetricStatistics.
    LISTED_MAX = 500,      // A page of ListMetrics.
    PERIOD_MIN_S = 60,
};

// ---------------------------------------------------------------------------------------------
// Members, which the query protocol has as text

struct str cloudwatch_text(const struct json *object, struct str name)
{
    return api_member_str(object, name, STR(""));
}

// A time as seconds, or as text.
static bool read_time(const struct json *object, struct str name, int64_t *ret_unix_s)
{
    const struct json *value = json_find(object, name);
    int64_t unix_ms;
    int32_t nanos;
    if (value == NULL) return false;
    if (json_is_number(value)) {
        double seconds = json_to_real(value);
        if (!(seconds > -1e11 && seconds < 1e11)) return false;
        *ret_unix_s = (int64_t)seconds;
        return true;
    }
    if (!json_is_string(value) || !clock_parse_rfc3339(json_str(value), &unix_ms, &nanos)) {
        return false;
    }
    *ret_unix_s = unix_ms / 1000;
    return true;
}

int64_t cloudwatch_integer(const struct json *object, struct str name, int64_t if_absent)
{
    uint64_t number;
    struct str text = cloudwatch_text(object, name);
    if (text.size > 0)
        return str_to_u64(text, &number) && number <= INT32_MAX ? (int64_t)number : -1;
    return api_member_integer(object, name, if_absent);
}

bool cloudwatch_read_range(struct cloudwatch_call *call, struct cloudwatch_question *question)
{
    if (!read_time(&call->body, STR("StartTime"), &question->start_unix_s) ||
        !read_time(&call->body, STR("EndTime"), &question->end_unix_s)) {
        cloudwatch_refuse(call, "MissingParameter",
                          "The parameters StartTime and EndTime are required.");
        return false;
    }
    if (question->start_unix_s < question->end_unix_s) return true;
    cloudwatch_refuse(call, "InvalidParameterValue",
                      "The parameter StartTime must be less than the parameter EndTime.");
    return false;
}

bool cloudwatch_read_period(struct cloudwatch_call *call, int64_t period,
                            struct cloudwatch_question *question)
{
    bool is_short = period == 1 || period == 5 || period == 10 || period == 20 || period == 30;
    if (period <= 0 || (!is_short && period % PERIOD_MIN_S != 0)) {
        cloudwatch_refuse(call, "InvalidParameterValue",
                          "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
        return false;
    }
    question->period_s = period < PERIOD_MIN_S ? PERIOD_MIN_S : period;
    return true;
}

bool cloudwatch_read_statistic(struct cloudwatch_call *call, struct str name,
                               struct cloudwatch_statistic *ret_statistic)
{
    if (cloudwatch_statistic_find(name, ret_statistic)) return true;
    cloudwatch_refuse(call, "InvalidParameterValue",
                      "The value %" STR_FORMAT
                      " is not supported: Galop serves Average, Sum, Minimum, Maximum, "
                      "SampleCount and percentiles.",
                      STR_ARGS(name));
    return false;
}

bool cloudwatch_read_dimensions(struct cloudwatch_call *call, const struct json *object,
                                const struct json **ret_dimensions)
{
    const struct json *dimensions = JSON_FIND(object, "Dimensions");
    // An empty list is an empty text in the query protocol.
    bool is_absent =
        dimensions == NULL || json_is_null(dimensions) ||
        (json_is_string(dimensions) && cloudwatch_text(object, STR("Dimensions")).size == 0);
    if (is_absent || json_is_array(dimensions)) {
        *ret_dimensions = is_absent ? NULL : dimensions;
        return true;
    }
    cloudwatch_refuse(call, "InvalidParameterValue", "The parameter Dimensions must be a list.");
    return false;
}

// ---------------------------------------------------------------------------------------------
// GetMetricStatistics

static struct json extended(struct cloudwatch_call *call, const struct json *names,
                            const struct cloudwatch_sample *sample)
{
    struct json_members members;
    json_members_init(&members, call->request->arena);
    for (uint32_t i = 0; i < names->size; i++) {
        struct cloudwatch_statistic statistic;
        struct str name = json_is_string(&names->items[i]) ? json_str(&names->items[i]) : STR("");
        if (!cloudwatch_read_statistic(call, name, &statistic)) break;
        json_members_set(&members, name,
                         json_from_real(cloudwatch_statistic_value(&statistic, sample)));
    }
    return json_members_finish(&members);
}

static struct json datapoint(struct cloudwatch_call *call, const struct cloudwatch_sample *sample,
                             const char *unit)
{
    const struct json *names = JSON_FIND(&call->body, "Statistics");
    const struct json *extended_names = JSON_FIND(&call->body, "ExtendedStatistics");
    struct json_members members;
    json_members_init(&members, call->request->arena);
    json_members_append(&members, STR("Timestamp"), json_from_integer(sample->unix_s));
    for (uint32_t i = 0; names != NULL && json_is_array(names) && i < names->size; i++) {
        struct cloudwatch_statistic statistic;
        struct str name = json_is_string(&names->items[i]) ? json_str(&names->items[i]) : STR("");
        if (!cloudwatch_read_statistic(call, name, &statistic)) break;
        json_members_set(&members, name,
                         json_from_real(cloudwatch_statistic_value(&statistic, sample)));
    }
    json_members_append(&members, STR("Unit"), json_from_str(str_from_c(unit)));
    if (extended_names != NULL && json_is_array(extended_names) && extended_names->size > 0) {
        json_members_append(&members, STR("ExtendedStatistics"),
                            extended(call, extended_names, sample));
    }
    return json_members_finish(&members);
}

static bool check_names(struct cloudwatch_call *call, const struct json *names)
{
    for (uint32_t i = 0; names != NULL && json_is_array(names) && i < names->size; i++) {
        struct cloudwatch_statistic statistic;
        struct str name = json_is_string(&names->items[i]) ? json_str(&names->items[i]) : STR("");
        if (!cloudwatch_read_statistic(call, name, &statistic)) return false;
    }
    return true;
}

struct statistics {
    struct cloudwatch_call *call;
    struct json_items items;
};

static enum status add_datapoints(void *context, const struct cloudwatch_metric *metric,
                                  const struct cloudwatch_samples *samples)
{
    struct statistics *statistics = context;
    struct cloudwatch_call *call = statistics->call;
    (void)metric;
    for (size_t i = 0; i < samples->count && call->error == NULL; i++)
        json_items_append(&statistics->items, datapoint(call, &samples->items[i], samples->unit));
    return STATUS_OK;
}

static void get_statistics(struct cloudwatch_call *call)
{
    struct cloudwatch_question question = {
        .metric_namespace = cloudwatch_text(&call->body, STR("Namespace")),
        .name = cloudwatch_text(&call->body, STR("MetricName")),
    };
    struct statistics statistics = {.call = call};
    struct json_members members;
    int64_t period = cloudwatch_integer(&call->body, STR("Period"), 0);
    if (!cloudwatch_read_range(call, &question) ||
        !cloudwatch_read_period(call, period, &question) ||
        !cloudwatch_read_dimensions(call, &call->body, &question.dimensions)) {
        return;
    }
    if ((question.end_unix_s - question.start_unix_s) / question.period_s > DATAPOINTS_MAX) {
        cloudwatch_refuse(
            call, "InvalidParameterCombination",
            "You have requested up to %lld datapoints, which exceeds the limit of "
            "1,440. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range.",
            (long long)((question.end_unix_s - question.start_unix_s) / question.period_s));
        return;
    }
    if (JSON_FIND(&call->body, "Statistics") == NULL &&
        JSON_FIND(&call->body, "ExtendedStatistics") == NULL) {
        cloudwatch_refuse(
            call, "MissingParameter",
            "At least one of the parameters Statistics and ExtendedStatistics must be "
            "specified.");
        return;
    }
    if (!check_names(call, JSON_FIND(&call->body, "Statistics")) ||
        !check_names(call, JSON_FIND(&call->body, "ExtendedStatistics"))) {
        return;
    }
    json_items_init(&statistics.items, call->request->arena);
    enum status status = cloudwatch_collect(call->request, &question, add_datapoints, &statistics);
    if (status != STATUS_OK) {
        call->fault = status;
        return;
    }
    json_members_init(&members, call->request->arena);
    json_members_append(&members, STR("Label"), json_from_str(question.name));
    json_members_append(&members, STR("Datapoints"), json_items_finish(&statistics.items));
    call->result = json_members_finish(&members);
}

// ---------------------------------------------------------------------------------------------
// ListMetrics

struct listing {
    struct cloudwatch_call *call;
    struct json_items items;
    size_t position; // Of the next metric that matches.
    size_t start;
};

// Each dimension of the filter is one of the metric's, with any value or with the one given.
static bool passes_filter(const struct json *filter, const struct cloudwatch_metric *metric)
{
    for (uint32_t i = 0; filter != NULL && json_is_array(filter) && i < filter->size; i++) {
        bool is_found = false;
        struct str name = cloudwatch_text(&filter->items[i], STR("Name"));
        struct str value = cloudwatch_text(&filter->items[i], STR("Value"));
        for (size_t k = 0; k < metric->dimension_count && !is_found; k++) {
            const struct cloudwatch_dimension *dimension = &metric->dimensions[k];
            is_found = str_equal(dimension->name, name) &&
                       (value.size == 0 || str_equal(dimension->value, value));
        }
        if (!is_found) return false;
    }
    return true;
}

static struct json dimensions_of(struct arena *arena, const struct cloudwatch_metric *metric)
{
    struct json_items items;
    json_items_init(&items, arena);
    for (size_t i = 0; i < metric->dimension_count; i++) {
        struct json_members members;
        struct str value;
        if (!arena_copy_str(arena, metric->dimensions[i].value, &value)) break;
        json_members_init(&members, arena);
        json_members_append(&members, STR("Name"), json_from_str(metric->dimensions[i].name));
        json_members_append(&members, STR("Value"), json_from_str(value));
        json_items_append(&items, json_members_finish(&members));
    }
    return json_items_finish(&items);
}

static void list_metric(struct listing *listing, const struct cloudwatch_metric *metric)
{
    struct cloudwatch_call *call = listing->call;
    struct arena *arena = call->request->arena;
    struct str metric_namespace = cloudwatch_text(&call->body, STR("Namespace"));
    struct str name = cloudwatch_text(&call->body, STR("MetricName"));
    if ((metric->region.size > 0 && !str_equal(metric->region, call->request->region)) ||
        (name.size > 0 && !str_equal(name, metric->name)) ||
        (metric_namespace.size > 0 && !str_equal(metric_namespace, metric->metric_namespace)) ||
        !passes_filter(JSON_FIND(&call->body, "Dimensions"), metric)) {
        return;
    }
    size_t position = listing->position++;
    if (position < listing->start || position >= listing->start + LISTED_MAX) return;
    struct json_members members;
    json_members_init(&members, arena);
    json_members_append(&members, STR("Namespace"), json_from_str(metric->metric_namespace));
    json_members_append(&members, STR("MetricName"), json_from_str(metric->name));
    json_members_append(&members, STR("Dimensions"), dimensions_of(arena, metric));
    json_items_append(&listing->items, json_members_finish(&members));
}

static void list_history(void *context, const struct metrics_history *history)
{
    for (size_t i = 0; metrics_name(history->subject.group, i) != NULL; i++) {
        if (history->totals[i].count == 0) continue;
        struct cloudwatch_metric metric = cloudwatch_metric_of(&history->subject, i);
        list_metric(context, &metric);
    }
}

static void list_gauge(void *context, const struct metrics_gauge_history *history)
{
    struct cloudwatch_metric metric = cloudwatch_metric_of_gauge(history);
    list_metric(context, &metric);
}

static void list_metrics(struct cloudwatch_call *call)
{
    struct metrics *metrics = &call->request->worker->api->runtime->metrics;
    struct str token = cloudwatch_text(&call->body, STR("NextToken"));
    struct arena *arena = call->request->arena;
    struct listing listing = {.call = call};
    struct json_members members;
    uint64_t start = 0;
    if (token.size > 0 && !str_to_u64(token, &start)) {
        cloudwatch_refuse(call, "InvalidParameterValue", "The NextToken is invalid.");
        return;
    }
    listing.start = (size_t)start;
    json_items_init(&listing.items, arena);
    metrics_each_gauge(metrics, list_gauge, &listing);
    metrics_each(metrics, list_history, &listing);
    json_members_init(&members, arena);
    json_members_append(&members, STR("Metrics"), json_items_finish(&listing.items));
    if (listing.position > listing.start + LISTED_MAX) {
        json_members_append(&members, STR("NextToken"),
                            json_from_str(arena_printf(arena, "%zu", listing.start + LISTED_MAX)));
    }
    call->result = json_members_finish(&members);
}

const struct cloudwatch_operation cloudwatch_operations[] = {
    {STR_INIT("GetMetricData"), cloudwatch_get_data},
    {STR_INIT("GetMetricStatistics"), get_statistics},
    {STR_INIT("ListMetrics"), list_metrics},
};
const size_t cloudwatch_operation_count = ARRAY_COUNT(cloudwatch_operations);
