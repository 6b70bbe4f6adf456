// Pages outside the AWS protocols: /health for whoever starts the server, /metrics for Prometheus.

#include <stdatomic.h>

#include "api/operations.h"
#include "events/events.h"
#include "lambda/lambda.h"
#include "logs/logs.h"
#include "runtime/worker.h"
#include "store/store.h"

static void reply_text(struct api_request *request, struct str type, struct str body)
{
    struct http_header header = {STR("Content-Type"), type};
    http_exchange_reply(request->exchange, 200, &header, 1, body);
}

static void serve_health(struct api_request *request)
{
    reply_text(request, STR("application/json"),
               STR("{\"status\":\"ok\",\"version\":\"" GALOP_VERSION "\"}\n"));
}

static void figure(struct buffer *buffer, const char *type, const char *name, const char *help,
                   uint64_t value)
{
    buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                  (unsigned long long)value);
}

static void serve_metrics(struct api_request *request)
{
    struct api *api = request->worker->api;
    struct store_figures store = store_figures(api->store);
    struct logs_figures logs = logs_figures(api->logs);
    struct lambda_figures lambda = lambda_figures(api->lambda);
    struct events_figures events = events_figures(api->events);
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, KIB(64));
    figure(&text, "counter", "galop_executions_started_total", "Executions started.",
           atomic_load(&api->runtime->started_count));
    figure(&text, "counter", "galop_executions_ended_total", "Executions ended, however.",
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
    reply_text(request, STR("text/plain; version=0.0.4"), buffer_str(&text));
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
