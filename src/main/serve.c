// galop serve: opens the data directory, starts the threads, serves until SIGTERM or SIGINT.
//
// Start-up order is the order of dependence: store, IAM, logs, functions, state machines, workers.
// Only when everything is loaded does the first worker listen, so the first request is served in
// full. On SIGTERM the workers stop listening, finish what is under way, and everything is closed
// in the reverse order; a second signal ends the process at once, which loses nothing acknowledged.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/encoding.h"
#include "base/log.h"
#include "events/events.h"
#include "iam/iam.h"
#include "lambda/lambda.h"
#include "logs/logs.h"
#include "main/commands.h"
#include "main/options.h"
#include "main/retention.h"
#include "runtime/drain.h"
#include "runtime/execution.h"
#include "store/store.h"

enum {
    WORKERS_MAX = 64,
    FORWARDS_MAX = 64,
    PURGE_INTERVAL_MS = 60000,
    PURGE_FIRST_MS = 1000, // After the start.
    DRAIN_MS_MAX = 10000,  // After that, what is still under way is cut off.
    BODY_MIB_MAX = 70,     // A function's zip of 50 MB in base64.
    LISTEN_PAUSE_MS = 50,
    LISTEN_TRIES_MAX = 20,
    REQUEST_ARENA_MIB_MAX = 256,
};

struct settings {
    struct str listen;
    struct str data;
    struct str account;
    bool has_auth;
    enum api_auth auth;
    bool is_iam_strict;
    bool is_time_virtual;
    bool has_retention;
    uint32_t retention_days; // 0: for ever.
    uint32_t workers;        // 0: one per processor.
    uint32_t lambda_concurrency;
    struct tasks_endpoint forwards[FORWARDS_MAX];
    size_t forward_count;
};

struct server;

struct worker {
    pthread_t thread;
    bool is_drained;
    struct net_loop *loop;
    struct http_server *http;
    struct api_worker api;
    struct runtime_worker runtime;
    struct mail drain_mail;
    struct net_timer drain_timer;
};

struct server {
    struct settings settings;
    struct arena arena;
    struct clock clock;
    struct api api;
    struct runtime runtime;
    struct worker workers[WORKERS_MAX];
    uint32_t worker_count;
    struct net_watch signal_watch;
    struct net_timer purge_timer;
    struct metrics_sampler sampler;
    struct retention retention;
    int signal_fd;
    bool is_draining;
};

// ---------------------------------------------------------------------------------------------
// Options

static const char *take_listen(void *context, struct str value)
{
    ((struct settings *)context)->listen = value;
    size_t colon = value.size;
    while (colon > 0 && value.data[colon - 1] != ':')
        colon--;
    if (colon == 0) return "write HOST:PORT, e.g. 127.0.0.1:8083";
    uint64_t port;
    bool is_port = str_to_u64(str_skip(value, colon), &port) && port <= UINT16_MAX;
    return is_port ? NULL : "a port is a number from 1 to 65535 (0: any that is free)";
}

static const char *take_data(void *context, struct str value)
{
    ((struct settings *)context)->data = value;
    return value.size == 0 ? "name a directory" : NULL;
}

static const char *take_account(void *context, struct str value)
{
    uint64_t number;
    ((struct settings *)context)->account = value;
    return value.size == 12 && str_to_u64(value, &number) ? NULL : "an account has twelve digits";
}

static const char *take_auth(void *context, struct str value)
{
    struct settings *settings = context;
    settings->has_auth = true;
    settings->auth = str_is(value, "sigv4") ? API_AUTH_SIGV4 : API_AUTH_NONE;
    return str_is(value, "sigv4") || str_is(value, "none") ? NULL : "write sigv4 or none";
}

static const char *take_iam(void *context, struct str value)
{
    ((struct settings *)context)->is_iam_strict = str_is(value, "strict");
    return str_is(value, "strict") || str_is(value, "lenient") ? NULL : "write strict or lenient";
}

static const char *take_forward(void *context, struct str value)
{
    struct settings *settings = context;
    struct str endpoint = value;
    struct str service = str_cut(&endpoint, '=');
    if (service.size == 0 || !(str_starts_with(endpoint, STR("http://")) ||
                               str_starts_with(endpoint, STR("https://")))) {
        return "write SERVICE=URL, e.g. rekognition=http://127.0.0.1:9000";
    }
    if (settings->forward_count == FORWARDS_MAX) return "there are too many of them";
    if (str_ends_with(endpoint, STR("/"))) endpoint.size--;
    settings->forwards[settings->forward_count++] = (struct tasks_endpoint){service, endpoint};
    return NULL;
}

static const char *take_workers(void *context, struct str value)
{
    uint64_t number;
    if (!str_to_u64(value, &number) || number < 1 || number > WORKERS_MAX) {
        return "write a number from 1 to 64";
    }
    ((struct settings *)context)->workers = (uint32_t)number;
    return NULL;
}

static const char *take_retention_days(void *context, struct str value)
{
    struct settings *settings = context;
    uint64_t number;
    if (!str_to_u64(value, &number) || number > RETENTION_DAYS_MAX) {
        return "write a number of days, 0 for ever";
    }
    settings->has_retention = true;
    settings->retention_days = (uint32_t)number;
    return NULL;
}

static const char *take_time(void *context, struct str value)
{
    ((struct settings *)context)->is_time_virtual = str_is(value, "virtual");
    return str_is(value, "virtual") || str_is(value, "real") ? NULL : "write real or virtual";
}

static const char *take_lambda_concurrency(void *context, struct str value)
{
    uint64_t number;
    if (!str_to_u64(value, &number) || number < 1 || number > 10000) {
        return "write a number from 1 to 10000";
    }
    ((struct settings *)context)->lambda_concurrency = (uint32_t)number;
    return NULL;
}

static const char *take_log_level(void *context, struct str value)
{
    (void)context;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_is(value, names[i])) {
            log_set_level((enum log_level)i);
            return NULL;
        }
    }
    return "write debug, info, warn or error";
}

static const struct option options[] = {
    {"--listen", "HOST:PORT",
     "Where to serve all services (127.0.0.1:8083). Any address but loopback needs\n"
     "--auth, because whoever can reach the port can run code.",
     take_listen},
    {"--port", NULL, "write --listen HOST:PORT, e.g. --listen 127.0.0.1:8083", NULL},
    {"--data", "DIR", "Where to keep everything (./galop-data); created when missing.", take_data},
    {"--account", "DIGITS", "The account that resources belong to (000000000000).", take_account},
    {"--forward", "SERVICE=URL",
     "Pass calls for a service that Galop does not serve on to this endpoint, e.g.\n"
     "s3=http://127.0.0.1:9000. May be given several times.",
     take_forward},
    {"--auth", "sigv4|none",
     "sigv4: verify signatures against the access keys of IAM users and enforce their\n"
     "policies. The first key is that of the environment, GALOP_ADMIN_ACCESS_KEY_ID and\n"
     "GALOP_ADMIN_SECRET_ACCESS_KEY, which may do everything. none: accept anybody\n"
     "(the default on loopback).",
     take_auth},
    {"--iam", "strict|lenient",
     "Whether roles that IAM does not know may do nothing (strict) or everything, with\n"
     "a warning (lenient, the default). Roles that it knows are always enforced.",
     take_iam},
    {"--workers", "N", "Threads that serve requests and run executions (one per processor).",
     take_workers},
    {"--retention-days", "N",
     "How long executions are kept after their end, with their histories (90; 0: for ever).\n"
     "Their names are free again then. In virtual time they are kept unless this is given.",
     take_retention_days},
    {"--time", "real|virtual",
     "virtual: the server's clock stands still while anything is under way, and jumps to\n"
     "the next timer as soon as nothing is: waits, time-outs and back-off take no time,\n"
     "and histories carry the modelled times. For tests; serves with one worker.",
     take_time},
    {"--lambda-concurrency", "N", "Functions that may run at once (100).", take_lambda_concurrency},
    {"--log-level", "LEVEL", "debug, info (the default), warn or error.", take_log_level},
};

static const char usage[] =
    "Usage: galop serve [OPTION...]\n\n"
    "Serve AWS Step Functions, Lambda, IAM, CloudWatch, CloudWatch Logs and EventBridge on one\n"
    "port. Any AWS CLI or SDK works with the endpoint http://127.0.0.1:8083, any region and any "
    "credentials:\n\n"
    "  galop serve &\n"
    "  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1\n"
    "  aws --endpoint-url http://127.0.0.1:8083 stepfunctions list-state-machines\n";

static bool is_loopback(struct str address)
{
    return str_starts_with(address, STR("127.")) || str_starts_with(address, STR("localhost:")) ||
           str_starts_with(address, STR("[::1]:"));
}

// ---------------------------------------------------------------------------------------------
// Draining

static void cut_off(struct net_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, drain_timer);
    log_warn("worker stops with %zu executions and requests under way",
             worker->runtime.running_count);
    net_loop_stop(worker->loop);
}

static void on_drained(void *context)
{
    struct worker *worker = context;
    worker->is_drained = true;
    net_loop_stop(worker->loop);
}

static void on_requests_drained(void *context)
{
    struct worker *worker = context;
    runtime_drain_wait(&worker->runtime, on_drained, worker);
}

static void start_drain(struct mail *mail)
{
    struct worker *worker = CONTAINER_OF(mail, struct worker, drain_mail);
    net_timer_init(&worker->drain_timer, cut_off);
    net_timer_arm_steady(worker->loop, &worker->drain_timer, DRAIN_MS_MAX);
    runtime_drain_begin(&worker->runtime);
    http_server_drain(worker->http, on_requests_drained, worker);
}

static void on_signal(struct net_watch *watch, uint32_t ready_events)
{
    (void)ready_events;
    struct server *server = CONTAINER_OF(watch, struct server, signal_watch);
    struct signalfd_siginfo info;
    if (read(server->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) return;
    if (server->is_draining) {
        log_warn("stopping at once");
        _exit(130);
    }
    server->is_draining = true;
    log_info("stopping: finishing what is under way");
    for (uint32_t i = 0; i < server->worker_count; i++) {
        struct worker *worker = &server->workers[i];
        worker->drain_mail.run = start_drain;
        mailbox_post(net_loop_mailbox(worker->loop), &worker->drain_mail);
    }
}

static void purge(struct net_timer *timer)
{
    struct server *server = CONTAINER_OF(timer, struct server, purge_timer);
    logs_purge(server->api.logs);
    retention_run(&server->retention);
    net_timer_arm_steady(server->workers[0].loop, timer, PURGE_INTERVAL_MS);
}

// ---------------------------------------------------------------------------------------------
// Start-up

// One line for the operator, and the process ends: nothing was served yet.
static NO_RETURN void give_up(const char *format, ...) PRINTF(1, 2);
static NO_RETURN void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("galop serve: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void require(enum status status, const char *what)
{
    if (status != STATUS_OK) give_up("cannot %s: %s", what, status_name(status));
}

// Where executions and functions reach this server.
static struct str own_url(struct server *server)
{
    struct str address = server->settings.listen;
    static const struct str any = STR_INIT("0.0.0.0:");
    if (str_starts_with(address, any)) {
        return arena_printf(&server->arena, "http://127.0.0.1:%" STR_FORMAT,
                            STR_ARGS(str_skip(address, any.size)));
    }
    return arena_printf(&server->arena, "http://%" STR_FORMAT, STR_ARGS(address));
}

static struct sigv4_credentials make_credentials(struct arena *arena)
{
    unsigned char bytes[32];
    char text[2 * sizeof(bytes)];
    random_secret(bytes, sizeof(bytes));
    encoding_hex((struct str){(const char *)bytes, sizeof(bytes)}, text);
    struct str hex = {text, sizeof(text)};
    return (struct sigv4_credentials){
        .access_key_id = arena_printf(arena, "GALOP%.16s", hex.data),
        .secret_key = arena_printf(arena, "%.48s", hex.data + 16),
    };
}

static struct str environment(const char *name, const char *if_absent)
{
    const char *value = getenv(name);
    return str_from_c(value == NULL ? if_absent : value);
}

static void open_services(struct server *server)
{
    const struct settings *settings = &server->settings;
    struct api *api = &server->api;
    struct str why = STR("");
    enum status status = store_open(settings->data, &server->arena, &api->store, &why);
    if (status != STATUS_OK) give_up("%" STR_FORMAT, STR_ARGS(why));
    struct iam_options iam_options = {
        .account = settings->account,
        .is_strict = settings->is_iam_strict,
        .store = api->store,
        .clock = &server->clock,
    };
    require(iam_open(&iam_options, &api->iam), "load roles and policies");
    require(logs_open(api->store, &server->clock, settings->account, &api->logs),
            "load the log groups");
    struct lambda_settings lambda_settings = {
        .directory = settings->data,
        .account = settings->account,
        .store = api->store,
        .logs = api->logs,
        .endpoint_url = own_url(server),
        .concurrency_max = settings->lambda_concurrency,
    };
    status = lambda_new(&lambda_settings, &server->arena, &api->lambda, &why);
    if (status != STATUS_OK) give_up("%" STR_FORMAT, STR_ARGS(why));
    runtime_init(&server->runtime, &server->clock, api->store, api->logs);
    require(runtime_load(&server->runtime), "load the state machines");
    bool is_kept = settings->is_time_virtual && !settings->has_retention;
    server->retention = (struct retention){
        .store = api->store,
        .clock = &server->clock,
        .days = is_kept ? 0 : settings->retention_days,
    };
    api->runtime = &server->runtime;
    api->clock = &server->clock;
    const struct events_settings events_settings = {
        .store = api->store,
        .logs = api->logs,
        .lambda = api->lambda,
        .iam = api->iam,
        .runtime = api->runtime,
        .clock = api->clock,
        .account = settings->account,
    };
    require(events_open(&events_settings, &api->events), "load the rules for events");
    api->config = (struct api_config){
        .account = settings->account,
        .root_arn = arena_printf(&server->arena, "arn:aws:iam::%" STR_FORMAT ":root",
                                 STR_ARGS(settings->account)),
        .auth = settings->auth,
        .admin_access_key_id = str_from_c(getenv("GALOP_ADMIN_ACCESS_KEY_ID")),
        .admin_secret = str_from_c(getenv("GALOP_ADMIN_SECRET_ACCESS_KEY")),
        .forwards = settings->forwards,
        .forward_count = settings->forward_count,
        .internal = make_credentials(&server->arena),
    };
}

static void set_up_worker(struct server *server, struct worker *worker)
{
    struct api *api = &server->api;
    require(http_client_new(worker->loop, NULL, &worker->api.client), "make an HTTP client");
    require(sigv4_new(&worker->api.sigv4), "set up signatures");
    iam_reader_init(&worker->api.iam_reader, api->iam);
    random_init_system(&worker->api.random);
    worker->api.api = api;
    worker->api.loop = worker->loop;
    worker->api.runtime = &worker->runtime;
    runtime_worker_init(&worker->runtime, &server->runtime, worker->loop);
    worker->runtime.tasks = (struct tasks){
        .loop = worker->loop,
        .lambda = api->lambda,
        .iam = &worker->api.iam_reader,
        .client = worker->api.client,
        .random = &worker->api.random,
        .account = server->settings.account,
        .sigv4 = worker->api.sigv4,
        .self_credentials = api->config.internal,
        .endpoint_credentials = {.access_key_id = environment("AWS_ACCESS_KEY_ID", "galop"),
                                 .secret_key = environment("AWS_SECRET_ACCESS_KEY", "galop"),
                                 .session_token = environment("AWS_SESSION_TOKEN", "")},
        .endpoints = api->config.forwards,
        .endpoint_count = api->config.forward_count,
        .self_url = own_url(server),
    };
}

// The address is taken first of all: the functions are told it. Connections wait until the worker
// runs.
// A child of a server that was killed holds its sockets until it notices, so an address in use may
// be free in a moment.
static enum status listen_patiently(struct http_server *http, struct str address, bool is_first)
{
    const struct timespec pause = {.tv_nsec = LISTEN_PAUSE_MS * 1000000};
    enum status status = http_server_listen(http, address, is_first);
    for (int i = 0; status == STATUS_CONFLICT && i < LISTEN_TRIES_MAX; i++) {
        nanosleep(&pause, NULL);
        status = http_server_listen(http, address, is_first);
    }
    return status;
}

static void listen_on(struct server *server, struct worker *worker, bool is_first)
{
    const struct http_server_options limits = {
        .body_size_bytes_max = MIB(BODY_MIB_MAX),
        .request_arena_bytes_max = MIB(REQUEST_ARENA_MIB_MAX),
    };
    require(net_loop_new(&server->clock, &worker->loop), "make an event loop");
    require(http_server_new(worker->loop, &limits, api_front_door, &worker->api, &worker->http),
            "make an HTTP server");
    struct str address = server->settings.listen;
    enum status status = listen_patiently(worker->http, address, is_first);
    if (status == STATUS_CONFLICT) {
        give_up("%" STR_FORMAT " is in use already; stop the other server or choose another "
                "--listen HOST:PORT",
                STR_ARGS(address));
    }
    if (status == STATUS_INVALID) {
        give_up("cannot listen on %" STR_FORMAT
                ": nothing has that host name; write e.g. 127.0.0.1:8083",
                STR_ARGS(address));
    }
    if (status != STATUS_OK) {
        give_up("cannot listen on %" STR_FORMAT ": %s", STR_ARGS(address), strerror(errno));
    }
    if (is_first && str_ends_with(address, STR(":0"))) { // The others share the port it got.
        address.size -= 1;
        server->settings.listen = arena_printf(&server->arena, "%" STR_FORMAT "%u",
                                               STR_ARGS(address), http_server_port(worker->http));
    }
}

static void watch_signals(struct server *server)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); // Threads made from here on inherit it.
    server->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (server->signal_fd < 0) give_up("cannot watch signals: %s", strerror(errno));
}

static void *run_worker(void *context)
{
    struct worker *worker = context;
    net_loop_run(worker->loop);
    return NULL;
}

static void run_workers(struct server *server)
{
    struct worker *first = &server->workers[0];
    server->signal_watch =
        (struct net_watch){.fd = server->signal_fd, .events = EPOLLIN, .run = on_signal};
    require(net_watch_start(first->loop, &server->signal_watch), "watch signals");
    net_timer_init(&server->purge_timer, purge);
    net_timer_arm_steady(first->loop, &server->purge_timer, PURGE_FIRST_MS);
    metrics_sample(&server->sampler, &first->runtime);
    for (uint32_t i = 1; i < server->worker_count; i++) {
        if (pthread_create(&server->workers[i].thread, NULL, run_worker, &server->workers[i]) !=
            0) {
            give_up("cannot start a thread");
        }
    }
    net_loop_run(first->loop);
    for (uint32_t i = 1; i < server->worker_count; i++)
        pthread_join(server->workers[i].thread, NULL);
}

// Executions that wait (for a timer, a function) end with the process; the journal brings the
// acknowledged ones back.
static void close_all(struct server *server)
{
    bool is_clean = true;
    for (uint32_t i = 0; i < server->worker_count; i++) {
        is_clean = is_clean && server->workers[i].is_drained &&
                   server->workers[i].runtime.running_count == 0;
    }
    enum status status = runtime_save_held(&server->runtime);
    if (status != STATUS_OK)
        log_error("tasks that were held cannot be written: they fail as unknown");
    events_close(server->api.events);
    lambda_free(server->api.lambda);
    logs_close(server->api.logs);
    retention_close(&server->retention);
    store_close(server->api.store);
    log_info(is_clean ? "stopped" : "stopped; executions under way were cut off");
}

// In virtual time the clock starts at the present and then moves by jumps alone, which one loop
// makes: a second worker would have its timers passed over.
static void init_clock(struct server *server)
{
    clock_init_real(&server->clock);
    if (!server->settings.is_time_virtual) return;
    if (server->settings.workers > 1) {
        give_up("--time virtual serves with one worker: leave --workers out");
    }
    server->settings.workers = 1;
    clock_init_virtual(&server->clock, clock_unix_ms(&server->clock));
}

int command_serve(int argc, char **argv)
{
    static struct server server;
    struct settings *settings = &server.settings;
    settings->listen = STR("127.0.0.1:8083");
    settings->data = STR("./galop-data");
    settings->account = STR("000000000000");
    settings->retention_days = RETENTION_DAYS_DEFAULT;
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, NULL, settings);
    if (!is_loopback(settings->listen) && !settings->has_auth) {
        give_up("%" STR_FORMAT " is not a loopback address: say --auth sigv4 to verify callers, or "
                "--auth none to let anybody who reaches the port run code here",
                STR_ARGS(settings->listen));
    }
    arena_init(&server.arena, MIB(64));
    init_clock(&server);
    watch_signals(&server);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    server.worker_count = settings->workers != 0           ? settings->workers
                          : processors < 1                 ? 1
                          : processors > (long)WORKERS_MAX ? WORKERS_MAX
                                                           : (uint32_t)processors;
    for (uint32_t i = 0; i < server.worker_count; i++)
        listen_on(&server, &server.workers[i], i == 0);
    open_services(&server);
    for (uint32_t i = 0; i < server.worker_count; i++)
        set_up_worker(&server, &server.workers[i]);
    require(runtime_take_up(&server.runtime), "take up the executions that had not ended");
    require(runtime_recover(&server.workers[0].runtime), "read the journal");
    log_info("galop " GALOP_VERSION " serves http://%" STR_FORMAT
             " with %u worker%s%s, data in %" STR_FORMAT,
             STR_ARGS(settings->listen), server.worker_count, server.worker_count == 1 ? "" : "s",
             settings->is_time_virtual ? " in virtual time" : "", STR_ARGS(settings->data));
    run_workers(&server);
    close_all(&server);
    return 0;
}
