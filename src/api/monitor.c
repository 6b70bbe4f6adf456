// Pages outside the AWS protocols: /health for whoever starts the server, /metrics for Prometheus.

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "api/operations.h"
#include "base/log.h"
#include "events/events.h"
#include "lambda/lambda.h"
#include "logs/logs.h"
#include "runtime/worker.h"
#include "store/store.h"

static void reply_text(struct api_request *request, int status, struct str type, struct str body)
{
    struct http_header header = {STR("Content-Type"), type};
    http_exchange_reply(request->exchange, status, &header, 1, body);
}

static void serve_health(struct api_request *request)
{
    reply_text(request, 200, STR("application/json"),
               STR("{\"status\":\"ok\",\"version\":\"" GALOP_VERSION "\"}\n"));
}

static void figure(struct buffer *buffer, const char *type, const char *name, const char *help,
                   uint64_t value)
{
    buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                  (unsigned long long)value);
}

// ---------------------------------------------------------------------------------------------
// AWS/States: one family per metric, a label for what it is about

static const char *const label_names[METRICS_GROUP_COUNT] = {
    [METRICS_STATE_MACHINE] = "state_machine",
    [METRICS_ACTIVITY] = "activity",
    [METRICS_FUNCTION] = "function",
    [METRICS_SERVICE] = "resource",
};

enum { PAGE_BYTES_MAX = 32 << 20 };

struct family {
    struct buffer *text;
    enum metrics_group group;
    size_t index;
    char name[96]; // "galop_runtime_executions_started_total"
    bool is_begun;
};

// "ExecutionsStarted" -> "galop_runtime_executions_started_total"; times end with _milliseconds.
static void name_family(struct family *family)
{
    const char *metric = metrics_name(family->group, family->index);
    size_t size = 0;
    const size_t room = sizeof(family->name) - sizeof("_milliseconds");
    for (const char *at = "galop"; *at != '\0'; at++)
        family->name[size++] = *at;
    for (const char *at = metric; *at != '\0' && size + 2 < room; at++) {
        bool is_capital = *at >= 'A' && *at <= 'Z';
        if (is_capital) family->name[size++] = '_';
        family->name[size++] = (char)(is_capital ? *at | 0x20 : *at);
    }
    const char *unit = metrics_unit(family->group, family->index);
    const char *end = str_is(str_from_c(unit), "Count")       ? "_total"
                      : str_is(str_from_c(unit), "Megabytes") ? "_megabytes"
                                                              : "_milliseconds";
    memcpy(family->name + size, end, strlen(end) + 1);
}

// A label's text, escaped as the format wants.
static void label_text(struct buffer *text, struct str value)
{
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.data[i];
        if (byte == '"' || byte == '\\') buffer_append_byte(text, '\\');
        buffer_append_byte(text, byte == '\n' ? ' ' : byte);
    }
}

static void sample(struct family *family, const struct metrics_history *history,
                   const char *name_end, const char *bound, uint64_t value)
{
    struct buffer *text = family->text;
    buffer_printf(text, "%s%s{%s=\"", family->name, name_end, label_names[family->group]);
    label_text(text, history->subject.arn);
    buffer_append_byte(text, '"');
    if (bound != NULL) buffer_printf(text, ",le=\"%s\"", bound);
    buffer_printf(text, "} %llu\n", (unsigned long long)value);
}

static void histogram(struct family *family, const struct metrics_history *history)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METRICS_BOUNDS; i++) {
        char bound[24] = "+Inf";
        count += history->histograms[family->index][i];
        if (i + 1 < METRICS_BOUNDS) {
            snprintf(bound, sizeof(bound), "%llu", (unsigned long long)metrics_bounds[i]);
        }
        sample(family, history, "_bucket", bound, count);
    }
}

// Versions, aliases and the account are left to CloudWatch: here they would count everything twice.
// Counters begin with 0, so that the first failure is an increase.
static void add_history(void *context, const struct metrics_history *history)
{
    struct family *family = context;
    const struct metrics_subject *subject = &history->subject;
    const struct metrics_stat *total = &history->totals[family->index];
    bool is_count = str_is(str_from_c(metrics_unit(family->group, family->index)), "Count");
    bool is_time = family->index < metrics_time_count(family->group);
    if (subject->group != family->group || subject->arn.size == 0 || subject->version.size > 0 ||
        subject->alias.size > 0 || (total->count == 0 && !is_count)) {
        return;
    }
    if (!family->is_begun) {
        buffer_printf(family->text, "# HELP %s %s of AWS/States.\n# TYPE %s %s\n", family->name,
                      metrics_name(family->group, family->index), family->name,
                      is_time    ? "histogram"
                      : is_count ? "counter"
                                 : "summary");
        family->is_begun = true;
    }
    if (is_time) histogram(family, history);
    if (is_count) {
        sample(family, history, "", NULL, total->sum);
        return;
    }
    sample(family, history, "_sum", NULL, total->sum);
    sample(family, history, "_count", NULL, total->count);
}

// ---------------------------------------------------------------------------------------------
// Gauges

struct gauge_family {
    struct buffer *text;
    enum metrics_gauge gauge;
    const char *name;
    bool is_begun;
};

static void add_gauge(void *context, const struct metrics_gauge_history *history)
{
    struct gauge_family *family = context;
    if (history->gauge != family->gauge || !history->is_current) return;
    if (!family->is_begun) {
        buffer_printf(family->text, "# HELP %s %s of %s.\n# TYPE %s gauge\n", family->name,
                      metrics_gauge_name(family->gauge), metrics_gauge_namespace(family->gauge),
                      family->name);
        family->is_begun = true;
    }
    bool is_of_account = history->arn.size == 0;
    buffer_printf(family->text, "%s{%s=\"", family->name,
                  is_of_account ? "region" : label_names[METRICS_STATE_MACHINE]);
    label_text(family->text, is_of_account ? history->region : history->arn);
    buffer_printf(family->text, "\"} %llu\n", (unsigned long long)history->value);
}

static void add_gauges(struct buffer *text, struct metrics *metrics,
                       const struct metrics_visit *visit)
{
    static const struct {
        enum metrics_gauge gauge;
        const char *name;
    } counted[] = {
        {METRICS_STATE_MACHINES, "galop_state_machines"},
        {METRICS_ACTIVITIES, "galop_activities"},
        {METRICS_VERSIONS, "galop_state_machine_versions"},
        {METRICS_ALIASES, "galop_state_machine_aliases"},
    };
    figure(text, "gauge", "galop_open_executions", "Standard executions that have not ended.",
           visit->open_executions);
    figure(text, "gauge", "galop_sleeping_executions",
           "Of them, those that wait long and are on disk only.", visit->sleeping_executions);
    figure(text, "gauge", "galop_open_express_executions",
           "Express executions that have not ended.", visit->express_executions);
    figure(text, "gauge", "galop_open_map_runs", "Map runs that have not ended.", visit->map_runs);
    for (size_t i = 0; i < ARRAY_COUNT(counted); i++) {
        struct gauge_family family = {
            .text = text, .gauge = counted[i].gauge, .name = counted[i].name};
        metrics_each_gauge(metrics, add_gauge, &family);
    }
}

struct page {
    struct metrics_visit visit;
    struct api_request *request;
};

static void on_visited(struct metrics_visit *visit)
{
    struct api_request *request = CONTAINER_OF(visit, struct page, visit)->request;
    struct api *api = request->worker->api;
    struct store_figures store = store_figures(api->store);
    struct logs_figures logs = logs_figures(api->logs);
    struct lambda_figures lambda = lambda_figures(api->lambda);
    struct events_figures events = events_figures(api->events);
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, PAGE_BYTES_MAX);
    figure(&text, "counter", "galop_runtime_executions_started_total", "Executions started.",
           atomic_load(&api->runtime->started_count));
    figure(&text, "counter", "galop_runtime_executions_ended_total", "Executions ended, however.",
           atomic_load(&api->runtime->ended_count));
    figure(&text, "counter", "galop_store_transactions_total", "Transactions committed.",
           store.transactions);
    figure(&text, "counter", "galop_store_syncs_total", "Commits that waited for the disk.",
           store.syncs);
    figure(&text, "counter", "galop_store_writes_total", "Writes committed.", store.writes);
    figure(&text, "counter", "galop_store_failed_writes_total", "Writes that the disk refused.",
           store.failed_writes);
    figure(&text, "counter", "galop_log_events_total", "Log events written.", logs.appended_events);
    figure(&text, "counter", "galop_log_events_dropped_total",
           "Log events dropped for want of room.", logs.dropped_events);
    figure(&text, "gauge", "galop_log_queued_bytes", "Log events waiting for the store.",
           logs.queued_bytes);
    figure(&text, "counter", "galop_lambda_invocations_total", "Invocations of functions.",
           lambda.invocations);
    figure(&text, "counter", "galop_lambda_errors_total", "Invocations that failed.",
           lambda.errors);
    figure(&text, "counter", "galop_lambda_throttles_total", "Invocations refused.",
           lambda.throttles);
    figure(&text, "gauge", "galop_lambda_sandboxes", "Processes of functions.",
           lambda.sandbox_count);
    figure(&text, "counter", "galop_events_published_total", "Events matched against rules.",
           events.published);
    figure(&text, "counter", "galop_events_dropped_total", "Events dropped for want of room.",
           events.dropped);
    figure(&text, "counter", "galop_events_deliveries_total", "Events delivered to targets.",
           events.deliveries);
    figure(&text, "counter", "galop_events_failed_deliveries_total",
           "Events that could not be delivered to a target.", events.failures);
    add_gauges(&text, &api->runtime->metrics, visit);
    for (int group = 0; group < METRICS_GROUP_COUNT; group++) {
        for (size_t i = 0; metrics_name((enum metrics_group)group, i) != NULL; i++) {
            struct family family = {.text = &text, .group = (enum metrics_group)group, .index = i};
            name_family(&family);
            metrics_each(&api->runtime->metrics, add_history, &family);
        }
    }
    if (text.is_failed) { // A page without its end would look whole.
        log_error("/metrics: the page is larger than %d MiB or there is no memory for it",
                  PAGE_BYTES_MAX >> 20);
        reply_text(request, 503, STR("text/plain"), STR("The page of metrics is too large.\n"));
        return;
    }
    reply_text(request, 200, STR("text/plain; version=0.0.4"), buffer_str(&text));
}

// The workers merge what they have counted first.
static void serve_metrics(struct api_request *request)
{
    struct page *page = ARENA_NEW(request->arena, struct page);
    if (page == NULL) {
        http_exchange_reply(request->exchange, 503, NULL, 0, STR(""));
        return;
    }
    page->request = request;
    page->visit = (struct metrics_visit){.runtime = request->worker->api->runtime,
                                         .worker = request->worker->runtime,
                                         .done = on_visited};
    metrics_visit(&page->visit);
}

bool api_serve_page(struct api_request *request)
{
    if (str_is(request->http->path, "/health")) {
        serve_health(request);
        return true;
    }
    if (str_is(request->http->path, "/metrics")) {
        serve_metrics(request);
        return true;
    }
    return false;
}
