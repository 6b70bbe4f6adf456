// GetMetricData: metrics by name, and expressions that make series of them and of each other.
//
// All metrics are collected first; then expressions are evaluated, each once, those that another
// one refers to before it.

#include <stdlib.h>

#include "api/cloudwatch.h"
#include "api/metric_math.h"
#include "api/metric_search.h"
#include "runtime/worker.h"

enum {
    QUERIES_MAX = 500,
    FOUND_MAX = 500,
    RESULTS_MAX = 20000,
    PERIOD_DEFAULT_S = 60,
    ID_SIZE_MAX = 255,
    REFUSAL_BYTES = 64 * 1024, // Of the arena, kept for saying that it does not suffice.
};

enum query_state { QUERY_NEW, QUERY_UNDER_WAY, QUERY_DONE };

struct data_query {
    const struct json *json;
    struct str id;
    struct str label;
    bool has_label;
    bool is_hidden;
    struct str expression; // data NULL: it is a metric.
    enum query_state state;
    struct metric_value value; // When it is done.
};

struct data {
    struct cloudwatch_call *call;
    struct cloudwatch_question range; // Start and end.
    struct data_query *queries;
    size_t count;
    const struct data_query *failed; // The expression that was refused.
    struct metric_scope scope;
    bool has_reserve; // REFUSAL_BYTES were taken from the arena's limit.
};

// ---------------------------------------------------------------------------------------------
// Series

struct finding {
    struct data *data;
    struct cloudwatch_statistic statistic;
    struct cloudwatch_source source; // But for the metric.
    int64_t period_s;
    struct metric_series **items; // Room for `count_max`.
    size_t count, count_max;
};

static bool copy_metric(struct arena *arena, const struct cloudwatch_metric *metric,
                        struct cloudwatch_metric *ret_metric)
{
    // The names are constants.
    *ret_metric = *metric;
    for (size_t i = 0; i < metric->dimension_count; i++) {
        if (!arena_copy_str(arena, metric->dimensions[i].value, &ret_metric->dimensions[i].value)) {
            return false;
        }
    }
    return true;
}

// What tells the metric from others that a search finds.
static struct str label_of(struct arena *arena, const struct cloudwatch_metric *metric)
{
    struct str label = metric->name;
    for (size_t i = metric->dimension_count; i-- > 0;)
        label = arena_printf(arena, "%" STR_FORMAT " %" STR_FORMAT,
                             STR_ARGS(metric->dimensions[i].value), STR_ARGS(label));
    return label;
}

static enum status add_found(void *context, const struct cloudwatch_metric *metric,
                             const struct cloudwatch_samples *samples)
{
    struct finding *finding = context;
    struct metric_scope *scope = &finding->data->scope;
    if (finding->count == finding->count_max) return STATUS_OK;
    struct metric_series *series = metric_series_new(scope, NULL, samples->count);
    if (series == NULL) return metric_series_fault(scope);
    struct cloudwatch_source *source = ARENA_NEW(scope->arena, struct cloudwatch_source);
    if (source == NULL) return STATUS_NO_MEMORY;
    *source = finding->source;
    if (!copy_metric(scope->arena, metric, &source->metric)) return STATUS_NO_MEMORY;
    series->source = source;
    series->period_s = finding->period_s;
    series->is_metric = true;
    series->label = label_of(scope->arena, &source->metric);
    for (size_t i = 0; i < samples->count; i++) {
        const struct cloudwatch_sample *sample = &samples->items[i];
        series->points[series->count++] = (struct metric_point){
            sample->unix_s, cloudwatch_statistic_value(&finding->statistic, sample)};
    }
    finding->items[finding->count++] = series;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Searches

static int compare_labels(const void *left, const void *right)
{
    const struct metric_series *const *a = left, *const *b = right;
    return str_compare((*a)->label, (*b)->label);
}

static enum status make_list(struct metric_scope *scope, const struct finding *finding,
                             struct metric_value *ret_value)
{
    const struct metric_series **items =
        arena_alloc_array(scope->arena, finding->count, sizeof(*items));
    if (items == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < finding->count; i++)
        items[i] = finding->items[i];
    qsort(items, finding->count, sizeof(*items), compare_labels);
    *ret_value =
        (struct metric_value){.type = METRIC_VALUE_LIST, .items = items, .count = finding->count};
    return STATUS_OK;
}

// SEARCH(text, statistic, period)
static enum status search(struct metric_scope *scope, const struct metric_value *arguments,
                          size_t argument_count, struct metric_value *ret_value)
{
    struct data *data = CONTAINER_OF(scope, struct data, scope);
    struct api_request *request = data->call->request;
    struct cloudwatch_question question = data->range;
    double period = argument_count == 3 ? arguments[2].number : (double)scope->period_s;
    if (arguments[0].type != METRIC_VALUE_TEXT || arguments[1].type != METRIC_VALUE_TEXT ||
        (argument_count == 3 && arguments[2].type != METRIC_VALUE_NUMBER)) {
        return metric_refuse(scope,
                             "SEARCH takes a search and a statistic in quotes, and a period");
    }
    if (!(period >= 1 && period <= INT32_MAX)) {
        return metric_refuse(scope, "the period of SEARCH is out of range");
    }
    question.period_s = (int64_t)period;
    question.period_s += (60 - question.period_s % 60) % 60;
    struct finding finding = {
        .data = data,
        .source = {.statistic = arguments[1].text,
                   .account = request->account,
                   .region = request->region},
        .period_s = question.period_s,
        .items = arena_alloc_array(scope->arena, FOUND_MAX, sizeof(struct metric_series *)),
        .count_max = FOUND_MAX,
    };
    if (!cloudwatch_statistic_find(arguments[1].text, &finding.statistic)) {
        return metric_refuse(scope, "SEARCH has a statistic that is not supported");
    }
    if (finding.items == NULL) return STATUS_NO_MEMORY;
    question.work_left = &scope->work_left;
    enum status status =
        metric_search_compile(scope->arena, arguments[0].text, &question.search, &scope->message);
    if (status == STATUS_OK) status = cloudwatch_collect(request, &question, add_found, &finding);
    if (status == STATUS_OVER_LIMIT) return metric_refuse(scope, "there is too much to search");
    return status == STATUS_OK ? make_list(scope, &finding, ret_value) : status;
}

// ---------------------------------------------------------------------------------------------
// Queries

static enum status evaluate(struct data *data, struct data_query *query)
{
    struct metric_scope *scope = &data->scope;
    query->state = QUERY_UNDER_WAY;
    enum status status = metric_math_evaluate(scope, query->expression, &query->value);
    query->state = QUERY_DONE;
    if (status != STATUS_OK && data->failed == NULL) data->failed = query;
    return status;
}

static enum status find_value(struct metric_scope *scope, struct str id,
                              struct metric_value *ret_value)
{
    struct data *data = CONTAINER_OF(scope, struct data, scope);
    for (size_t i = 0; i < data->count; i++) {
        struct data_query *query = &data->queries[i];
        if (!metric_work(scope, 1)) return STATUS_INVALID;
        if (!str_equal(query->id, id)) continue;
        if (query->state == QUERY_UNDER_WAY) {
            return metric_refuse(scope, "the expression refers to itself");
        }
        enum status status = query->state == QUERY_NEW ? evaluate(data, query) : STATUS_OK;
        if (status == STATUS_OK) *ret_value = query->value;
        return status;
    }
    return STATUS_NOT_FOUND;
}

// Twice does no harm. The arena's limit must be what it was when the request ends.
static void give_reserve_back(struct data *data)
{
    if (data->has_reserve) data->scope.arena->limit_bytes += REFUSAL_BYTES;
    data->has_reserve = false;
}

// Returns false after refusing, like all that follow.
static bool refuse_fault(struct data *data, const struct data_query *query, enum status status)
{
    bool had_reserve = data->has_reserve;
    give_reserve_back(data);
    bool is_told = status == STATUS_INVALID && data->scope.message.size > 0;
    if (!is_told && had_reserve && data->scope.arena->is_exhausted) {
        // What is asked for is too much, and not this program's fault.
        status = metric_refuse(&data->scope, "it needs more memory than a request may have");
    }
    if (status != STATUS_INVALID) {
        data->call->fault = status;
        return false;
    }
    cloudwatch_refuse(data->call, "ValidationError",
                      "Error in %s '%" STR_FORMAT "': %" STR_FORMAT ".",
                      query->expression.data != NULL ? "expression" : "metric", STR_ARGS(query->id),
                      STR_ARGS(data->scope.message));
    return false;
}

static bool collect_metric(struct data *data, struct data_query *query)
{
    struct cloudwatch_call *call = data->call;
    struct metric_scope *scope = &data->scope;
    const struct json *stat = JSON_FIND(query->json, "MetricStat");
    const struct json *metric = JSON_FIND(stat, "Metric");
    struct cloudwatch_question question = data->range;
    struct metric_series *series = NULL;
    struct finding finding = {.data = data, .items = &series, .count_max = 1};
    finding.source.statistic = cloudwatch_text(stat, STR("Stat"));
    finding.source.account = call->request->account;
    finding.source.region = call->request->region;
    if (!cloudwatch_read_period(call, cloudwatch_integer(stat, STR("Period"), 0), &question) ||
        !cloudwatch_read_statistic(call, finding.source.statistic, &finding.statistic) ||
        !cloudwatch_read_dimensions(call, metric, &question.dimensions)) {
        return false;
    }
    question.metric_namespace = cloudwatch_text(metric, STR("Namespace"));
    question.name = cloudwatch_text(metric, STR("MetricName"));
    question.work_left = &scope->work_left;
    finding.period_s = question.period_s;
    if (question.period_s > scope->period_s) scope->period_s = question.period_s;
    enum status status = cloudwatch_collect(call->request, &question, add_found, &finding);
    if (status == STATUS_OK && series == NULL) {
        const struct cloudwatch_metric unknown = {.metric_namespace = question.metric_namespace,
                                                  .name = question.name};
        const struct cloudwatch_samples none = {0};
        status = add_found(&finding, &unknown, &none);
    }
    if (status == STATUS_OVER_LIMIT) {
        status = metric_refuse(scope, "there is too much to look at");
    }
    if (status != STATUS_OK) return refuse_fault(data, query, status);
    series->id = query->id;
    series->label = question.name;
    if (query->has_label) {
        status = metric_label_expand(scope, query->label, question.name, series, &series->label);
        if (status != STATUS_OK) return refuse_fault(data, query, status);
    }
    const struct metric_series **items = arena_alloc(scope->arena, sizeof(struct metric_series *));
    if (items == NULL) return refuse_fault(data, query, STATUS_NO_MEMORY);
    items[0] = series;
    query->value = (struct metric_value){.type = METRIC_VALUE_SERIES, .items = items, .count = 1};
    query->state = QUERY_DONE;
    scope->metrics[scope->metric_count++] = series;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Reading

static bool is_id(struct str id)
{
    if (id.size == 0 || id.size > ID_SIZE_MAX || id.data[0] < 'a' || id.data[0] > 'z') return false;
    for (size_t i = 0; i < id.size; i++) {
        char byte = id.data[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
            !(byte >= '0' && byte <= '9') && byte != '_') {
            return false;
        }
    }
    return true;
}

static bool check_query(struct data *data, const struct data_query *query)
{
    struct cloudwatch_call *call = data->call;
    const struct json *stat = JSON_FIND(query->json, "MetricStat");
    size_t number = (size_t)(query - data->queries) + 1;
    if (!is_id(query->id)) {
        cloudwatch_refuse(call, "ValidationError",
                          "The parameter MetricDataQueries.member.%zu.Id must begin with a small "
                          "letter and consist of letters, digits and underscores.",
                          number);
    } else if (query->expression.data != NULL && stat != NULL) {
        cloudwatch_refuse(call, "ValidationError",
                          "The parameters MetricDataQueries.member.%zu.Expression and MetricStat "
                          "are mutually exclusive.",
                          number);
    } else if (query->expression.data == NULL &&
               (stat == NULL || JSON_FIND(stat, "Metric") == NULL)) {
        cloudwatch_refuse(call, "ValidationError",
                          "The parameter MetricDataQueries.member.%zu.MetricStat is required.",
                          number);
    } else if (query->label.size > METRIC_MATH_SIZE_MAX) {
        cloudwatch_refuse(call, "ValidationError",
                          "The parameter MetricDataQueries.member.%zu.Label must not be longer "
                          "than %d characters.",
                          number, METRIC_MATH_SIZE_MAX);
    } else if (str_starts_with(str_trim(query->expression), STR("SELECT "))) {
        cloudwatch_refuse(call, "ValidationError",
                          "Error in expression '%" STR_FORMAT
                          "': Metrics Insights queries are not supported.",
                          STR_ARGS(query->id));
    }
    for (const struct data_query *other = data->queries; other < query && call->error == NULL;
         other++) {
        if (!str_equal(other->id, query->id)) continue;
        cloudwatch_refuse(call, "ValidationError",
                          "The values for parameter id in MetricDataQueries are not unique.");
    }
    return call->error == NULL;
}

static bool read_query(struct data *data, const struct json *json)
{
    struct data_query *query = &data->queries[data->count++];
    const struct json *expression = JSON_FIND(json, "Expression");
    const struct json *returned = JSON_FIND(json, "ReturnData");
    *query = (struct data_query){
        .json = json,
        .id = cloudwatch_text(json, STR("Id")),
        .label = cloudwatch_text(json, STR("Label")),
        .has_label = JSON_FIND(json, "Label") != NULL,
        .is_hidden =
            returned != NULL && (returned->type == JSON_FALSE ||
                                 str_is(cloudwatch_text(json, STR("ReturnData")), "false")),
    };
    if (expression != NULL && json_is_string(expression)) query->expression = json_str(expression);
    return check_query(data, query);
}

static bool read_queries(struct data *data)
{
    struct cloudwatch_call *call = data->call;
    const struct json *queries = JSON_FIND(&call->body, "MetricDataQueries");
    if (queries == NULL || !json_is_array(queries) || queries->size == 0 ||
        queries->size > QUERIES_MAX) {
        cloudwatch_refuse(call, "MissingParameter",
                          "The parameter MetricDataQueries must hold 1 to 500 queries.");
        return false;
    }
    data->queries = arena_alloc_array(call->request->arena, queries->size, sizeof(*data->queries));
    data->scope.metrics = arena_alloc_array(call->request->arena, queries->size,
                                            sizeof(const struct metric_series *));
    if (data->queries == NULL || data->scope.metrics == NULL) {
        call->fault = STATUS_NO_MEMORY;
        return false;
    }
    for (uint32_t i = 0; i < queries->size; i++) {
        if (!read_query(data, &queries->items[i])) return false;
    }
    return cloudwatch_read_range(call, &data->range);
}

// ---------------------------------------------------------------------------------------------
// Results

// "Expression-Label Metric-Label" for each of several; a label with ${LABEL} says it itself.
static enum status result_label(struct metric_scope *scope, const struct data_query *query,
                                const struct metric_series *series, struct str *ret_label)
{
    *ret_label = series->label;
    if (query->expression.data == NULL) return STATUS_OK;
    bool is_list = query->value.type == METRIC_VALUE_LIST;
    struct str plain = is_list && series->label.size > 0 ? series->label : query->id;
    *ret_label = plain;
    if (query->label.size == 0) return STATUS_OK;
    if (!is_list || str_find(query->label, STR("${")) != SIZE_MAX) {
        return metric_label_expand(scope, query->label, plain, series, ret_label);
    }
    *ret_label = arena_printf(scope->arena, "%" STR_FORMAT " %" STR_FORMAT, STR_ARGS(query->label),
                              STR_ARGS(plain));
    return scope->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

// The points are counted once more: they are copied and written, and a series may be in any number
// of results.
static enum status add_result(struct data *data, const struct data_query *query,
                              const struct metric_series *series, struct json_items *results)
{
    struct metric_scope *scope = &data->scope;
    bool is_ascending =
        str_is(cloudwatch_text(&data->call->body, STR("ScanBy")), "TimestampAscending");
    struct str label;
    struct json_members members;
    if (results->count == RESULTS_MAX) {
        return metric_refuse(scope, "there are more than %d results", RESULTS_MAX);
    }
    if (!metric_take_points(scope, series->count) || !metric_work(scope, series->count + 1)) {
        return STATUS_INVALID;
    }
    enum status status = result_label(scope, query, series, &label);
    if (status != STATUS_OK) return status;
    struct json *times = arena_alloc_array(scope->arena, series->count, sizeof(*times));
    struct json *values = arena_alloc_array(scope->arena, series->count, sizeof(*values));
    if (times == NULL || values == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < series->count; i++) {
        const struct metric_point *point =
            &series->points[is_ascending ? i : series->count - 1 - i];
        times[i] = json_from_integer(point->unix_s);
        values[i] = json_from_real(point->value);
    }
    json_members_init(&members, scope->arena);
    json_members_append(&members, STR("Id"), json_from_str(query->id));
    json_members_append(&members, STR("Label"), json_from_str(label));
    json_members_append(&members, STR("Timestamps"), json_from_items(times, series->count));
    json_members_append(&members, STR("Values"), json_from_items(values, series->count));
    json_members_append(&members, STR("StatusCode"), json_from_str(STR("Complete")));
    json_items_append(results, json_members_finish(&members));
    return scope->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

static bool add_results(struct data *data, struct json_items *results)
{
    for (size_t i = 0; i < data->count; i++) {
        const struct data_query *query = &data->queries[i];
        for (size_t k = 0; !query->is_hidden && k < query->value.count; k++) {
            enum status status = add_result(data, query, query->value.items[k], results);
            if (status != STATUS_OK) return refuse_fault(data, query, status);
        }
    }
    return true;
}

static bool evaluate_all(struct data *data)
{
    for (size_t i = 0; i < data->count; i++) {
        struct data_query *query = &data->queries[i];
        if (query->expression.data == NULL && !collect_metric(data, query)) return false;
    }
    if (data->scope.period_s == 0) { // There are no metrics.
        int64_t period = cloudwatch_integer(data->queries[0].json, STR("Period"), 0);
        data->scope.period_s = period > 0 && period % 60 == 0 ? period : PERIOD_DEFAULT_S;
    }
    for (size_t i = 0; i < data->count; i++) {
        struct data_query *query = &data->queries[i];
        enum status status = query->state == QUERY_NEW ? evaluate(data, query) : STATUS_OK;
        if (status != STATUS_OK) return refuse_fault(data, data->failed, status);
    }
    return true;
}

void cloudwatch_get_data(struct cloudwatch_call *call)
{
    struct arena *arena = call->request->arena;
    struct data data = {
        .call = call,
        .scope =
            {
                .arena = arena,
                .points_left = METRIC_MATH_POINTS_MAX,
                .work_left = METRIC_MATH_WORK_MAX,
                .find = find_value,
                .search = search,
            },
    };
    struct json_items results;
    struct json_members members;
    if (!read_queries(&data)) return;
    data.scope.start_unix_s = data.range.start_unix_s;
    data.scope.end_unix_s = data.range.end_unix_s;
    data.has_reserve = arena->limit_bytes - arena->used_bytes > REFUSAL_BYTES;
    if (data.has_reserve) arena->limit_bytes -= REFUSAL_BYTES;
    json_items_init(&results, arena);
    bool is_done = evaluate_all(&data) && add_results(&data, &results);
    give_reserve_back(&data);
    if (!is_done) return;
    json_members_init(&members, arena);
    json_members_append(&members, STR("MetricDataResults"), json_items_finish(&results));
    json_members_append(&members, STR("Messages"), json_empty_array);
    call->result = json_members_finish(&members);
}
