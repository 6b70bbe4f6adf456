// Events come from four sides: the Runtime API, the end of the process, its output, and timers.
// Each moves the sandbox as sandbox.h draws it.

#include "lambda/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/log.h"
#include "lambda/pool.h"
#include "lambda/private.h"
#include "lambda/sandbox_start.h"

enum {
    READ_SIZE = 8192,
    READS_MAX = 64, // Of a turn, so that a function that prints on and on cannot stop others.
    MEMORY_INTERVAL_MS = 200,    // Between two looks at a busy sandbox.
    MEMORY_REPORT_AGE_MS = 1000, // A figure of a short invocation may be that old.
    TAIL_SIZE_KEPT = 65536,
    STREAM_HEX_SIZE = 32,
};

static void log_record(void *context, struct str record)
{
    struct lambda_sandbox *sandbox = context;
    struct lambda *lambda = sandbox->lambda;
    struct buffer clean;
    buffer_init(&clean, 4 * LAMBDA_FRAME_SIZE_MAX);
    // What is no UTF-8 becomes replacement characters.
    for (size_t bad; (bad = encoding_utf8_check(record)) != SIZE_MAX;) {
        buffer_append_str(&clean, str_slice(record, 0, bad));
        buffer_append_str(&clean, STR("\xef\xbf\xbd"));
        record = str_skip(record, bad + 1);
        if (record.size == 0) break;
    }
    if (clean.size > 0) {
        buffer_append_str(&clean, record);
        record = buffer_str(&clean);
    }
    logs_append(lambda->settings.logs, sandbox->version->log_group,
                str_from_c(sandbox->stream_name), lambda_now_unix_ms(lambda), record);
    if (sandbox->invocation != NULL && sandbox->invocation->request.wants_log_tail) {
        if (sandbox->tail.size > TAIL_SIZE_KEPT / 2)
            buffer_drop_front(&sandbox->tail, sandbox->tail.size - LAMBDA_LOG_TAIL_SIZE_MAX);
        // Of a record that does not fit, the end matters.
        size_t skipped =
            record.size > LAMBDA_LOG_TAIL_SIZE_MAX ? record.size - LAMBDA_LOG_TAIL_SIZE_MAX : 0;
        buffer_append_str(&sandbox->tail, str_skip(record, skipped));
    }
    buffer_release(&clean);
}

// ---------------------------------------------------------------------------------------------
// States

static void arm_memory_timer(struct lambda_sandbox *sandbox)
{
    net_timer_arm_steady(sandbox->lambda->loop, &sandbox->memory_timer, MEMORY_INTERVAL_MS);
}

// Undo what holds in the present state, see sandbox.h.
static void leave_state(struct lambda_sandbox *sandbox)
{
    struct lambda_version *version = sandbox->version;
    net_timer_disarm(sandbox->lambda->loop, &sandbox->timer);
    net_timer_disarm(sandbox->lambda->loop, &sandbox->memory_timer);
    switch (sandbox->state) {
    case LAMBDA_SANDBOX_STARTING:
        assert(version->starting_count > 0);
        version->starting_count--;
        break;
    case LAMBDA_SANDBOX_IDLE:
        list_remove(&sandbox->idle_link);
        list_remove(&sandbox->all_idle_link);
        break;
    case LAMBDA_SANDBOX_BUSY:
        assert(version->busy_count > 0);
        version->busy_count--;
        break;
    case LAMBDA_SANDBOX_FINISHING:
        assert(version->finishing_count > 0);
        version->finishing_count--;
        break;
    case LAMBDA_SANDBOX_ENDING: assert(false); break; // No way leads out.
    }
}

static void enter_state(struct lambda_sandbox *sandbox, enum lambda_sandbox_state state)
{
    struct lambda *lambda = sandbox->lambda;
    struct lambda_version *version = sandbox->version;
    sandbox->state = state;
    switch (state) {
    case LAMBDA_SANDBOX_STARTING:
        version->starting_count++;
        net_timer_arm_steady(lambda->loop, &sandbox->timer, lambda->settings.init_timeout_ms);
        arm_memory_timer(sandbox);
        break;
    case LAMBDA_SANDBOX_IDLE:
        assert(sandbox->next != NULL);
        list_prepend(&version->idle, &sandbox->idle_link);
        list_append(&lambda->idle, &sandbox->all_idle_link);
        net_timer_arm_steady(lambda->loop, &sandbox->timer,
                             (int64_t)lambda->settings.idle_s * 1000);
        break;
    case LAMBDA_SANDBOX_BUSY:
        assert(sandbox->invocation != NULL);
        version->busy_count++;
        net_timer_arm_steady(lambda->loop, &sandbox->timer,
                             (int64_t)version->configuration.timeout_s * 1000);
        arm_memory_timer(sandbox);
        break;
    case LAMBDA_SANDBOX_FINISHING:
        version->finishing_count++;
        net_timer_arm_steady(lambda->loop, &sandbox->timer,
                             (int64_t)version->configuration.timeout_s * 1000);
        break;
    case LAMBDA_SANDBOX_ENDING: break;
    }
}

static void change_state(struct lambda_sandbox *sandbox, enum lambda_sandbox_state state)
{
    leave_state(sandbox);
    enter_state(sandbox, state);
}

// ---------------------------------------------------------------------------------------------
// Output

static void read_output(struct lambda_sandbox *sandbox)
{
    char bytes[READ_SIZE];
    for (int i = 0; i < READS_MAX && sandbox->output_watch.fd >= 0; i++) {
        ssize_t got = read(sandbox->output_watch.fd, bytes, sizeof(bytes));
        if (got > 0) {
            lambda_output_take(&sandbox->output, (struct str){bytes, (size_t)got});
            if ((size_t)got < sizeof(bytes)) return;
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        net_watch_stop(sandbox->lambda->loop, &sandbox->output_watch);
        close(sandbox->output_watch.fd);
        sandbox->output_watch.fd = -1;
    }
}

static void on_output(struct net_watch *watch, uint32_t ready_events)
{
    (void)ready_events;
    read_output(CONTAINER_OF(watch, struct lambda_sandbox, output_watch));
}

// ---------------------------------------------------------------------------------------------
// Invocations

static void log_start(struct lambda_sandbox *sandbox)
{
    struct buffer line;
    buffer_init(&line, KIB(4));
    lambda_render_start(&line, sandbox->invocation->request.request_id,
                        sandbox->version->configuration.version);
    log_record(sandbox, buffer_str(&line));
    buffer_release(&line);
}

static void note_memory(struct lambda_sandbox *sandbox)
{
    uint64_t bytes = lambda_process_memory_bytes(&sandbox->process);
    if (bytes > sandbox->memory_peak_bytes) sandbox->memory_peak_bytes = bytes;
    sandbox->memory_read_steady_ms = net_loop_steady_ms(sandbox->lambda->loop);
}

// Close the invocation's log. `status` and `error_type` as in struct lambda_report.
static void log_end(struct lambda_sandbox *sandbox, const char *status, struct str error_type)
{
    struct lambda_invocation *invocation = sandbox->invocation;
    struct buffer line;
    if (sandbox->memory_peak_bytes == 0 ||
        net_loop_steady_ms(sandbox->lambda->loop) - sandbox->memory_read_steady_ms >
            MEMORY_REPORT_AGE_MS)
        note_memory(sandbox);
    buffer_init(&line, KIB(8));
    lambda_render_end(&line, invocation->request.request_id);
    log_record(sandbox, buffer_str(&line));
    buffer_clear(&line);
    lambda_render_report(&line, &(struct lambda_report){
                                    .request_id = invocation->request.request_id,
                                    .duration_us = invocation->outcome.duration_us,
                                    .memory_mb = sandbox->version->configuration.memory_mb,
                                    .memory_used_bytes = sandbox->memory_peak_bytes,
                                    .init_us = sandbox->init_us,
                                    .status = status,
                                    .error_type = error_type,
                                });
    log_record(sandbox, buffer_str(&line));
    buffer_release(&line);
    sandbox->init_us = -1;
}

// Take the invocation from the sandbox with everything but its result filled in.
static struct lambda_invocation *take_invocation(struct lambda_sandbox *sandbox, const char *status,
                                                 struct str error_type)
{
    struct lambda_invocation *invocation = sandbox->invocation;
    struct lambda_outcome *outcome = &invocation->outcome;
    outcome->http_status = 200;
    outcome->billed_ms = lambda_billed_ms(outcome->duration_us);
    log_end(sandbox, status, error_type);
    if (invocation->request.wants_log_tail) {
        struct str tail = buffer_str(&sandbox->tail);
        if (tail.size > LAMBDA_LOG_TAIL_SIZE_MAX)
            tail = str_skip(tail, tail.size - LAMBDA_LOG_TAIL_SIZE_MAX);
        if (!arena_copy_str(&invocation->arena, tail, &outcome->log_tail))
            log_warn("lambda: no memory for the tail of a log");
        buffer_clear(&sandbox->tail);
    }
    sandbox->invocation = NULL;
    return invocation;
}

static int64_t elapsed_us(const struct lambda_invocation *invocation)
{
    return (clock_steady_ns() - invocation->started_steady_ns) / 1000;
}

// The sandbox cannot go on: its invocation ends with an error that names the request.
static void fail_invocation(struct lambda_sandbox *sandbox, const char *status,
                            struct str error_type, const char *message)
{
    struct str request_id = sandbox->invocation->request.request_id;
    struct lambda_invocation *invocation = take_invocation(
        sandbox, status, str_is(error_type, "Sandbox.Timedout") ? STR("") : error_type);
    lambda_pool_fail(invocation, error_type, "RequestId: %" STR_FORMAT " Error: %s",
                     STR_ARGS(request_id), message);
}

// A sandbox that fails while starting answers for one of the invocations that wait. Returns false
// when there is none.
static bool take_blame(struct lambda_sandbox *sandbox)
{
    assert(sandbox->state == LAMBDA_SANDBOX_STARTING && sandbox->invocation == NULL);
    struct lambda_invocation *invocation = lambda_pool_take_waiting(sandbox->version);
    if (invocation == NULL) return false;
    invocation->started_steady_ns = sandbox->started_steady_ns;
    invocation->outcome.duration_us = elapsed_us(invocation);
    sandbox->invocation = invocation;
    log_start(sandbox);
    return true;
}

void lambda_sandbox_run(struct lambda_sandbox *sandbox, struct lambda_invocation *invocation)
{
    const struct lambda_invocation_request *request = &invocation->request;
    const struct lambda_configuration *configuration = &sandbox->version->configuration;
    char deadline[24];
    assert(sandbox->next != NULL && sandbox->invocation == NULL);
    sandbox->invocation = invocation;
    change_state(sandbox, LAMBDA_SANDBOX_BUSY);
    log_start(sandbox);
    int64_t deadline_ms =
        lambda_now_unix_ms(sandbox->lambda) + (int64_t)configuration->timeout_s * 1000;
    int size = snprintf(deadline, sizeof(deadline), "%lld", (long long)deadline_ms);
    struct http_header headers[6] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("Lambda-Runtime-Aws-Request-Id"), request->request_id},
        {STR("Lambda-Runtime-Deadline-Ms"), {deadline, (size_t)size}},
        {STR("Lambda-Runtime-Invoked-Function-Arn"), invocation->invoked_arn},
    };
    size_t count = 4;
    if (request->trace_id.size > 0)
        headers[count++] = (struct http_header){STR("Lambda-Runtime-Trace-Id"), request->trace_id};
    if (request->client_context.size > 0)
        headers[count++] =
            (struct http_header){STR("Lambda-Runtime-Client-Context"), request->client_context};
    struct http_exchange *exchange = sandbox->next;
    sandbox->next = NULL;
    http_exchange_set_abort(exchange, NULL, NULL);
    http_exchange_reply(exchange, 200, headers, count,
                        request->payload.size > 0 ? request->payload : STR("{}"));
    sandbox->taken_steady_ns = invocation->started_steady_ns = clock_steady_ns();
}

// ---------------------------------------------------------------------------------------------
// The Runtime API

static void on_abort(void *context, struct http_exchange *exchange)
{
    (void)exchange;
    lambda_sandbox_end(context); // It hung up while waiting: it is of no use any more.
}

bool lambda_sandbox_on_next(struct lambda_sandbox *sandbox, struct http_exchange *exchange)
{
    struct lambda_version *version = sandbox->version;
    if (sandbox->state != LAMBDA_SANDBOX_STARTING && sandbox->state != LAMBDA_SANDBOX_FINISHING)
        return false;
    if (sandbox->state == LAMBDA_SANDBOX_STARTING) {
        sandbox->init_us = (clock_steady_ns() - sandbox->started_steady_ns) / 1000;
        lambda_pool_note_start(version, sandbox->init_us);
    } else {
        lambda_pool_note_time(version, (clock_steady_ns() - sandbox->taken_steady_ns) / 1000);
    }
    sandbox->next = exchange;
    struct lambda_invocation *invocation = lambda_pool_take_waiting(version);
    if (invocation != NULL) {
        lambda_sandbox_run(sandbox, invocation);
    } else if (version->is_retired || sandbox->lambda->is_ending) {
        lambda_sandbox_end(sandbox);
    } else {
        http_exchange_set_abort(exchange, on_abort, sandbox);
        change_state(sandbox, LAMBDA_SANDBOX_IDLE);
    }
    return true;
}

// Put a result or an error that the runtime described into the outcome.
static void set_payload(struct lambda_invocation *invocation, struct str payload, bool is_error)
{
    invocation->outcome.is_function_error = is_error;
    if (arena_copy_str(&invocation->arena, payload, &invocation->outcome.payload)) return;
    lambda_exception_service(&invocation->outcome.exception, &invocation->arena, "Out of memory.");
}

bool lambda_sandbox_on_result(struct lambda_sandbox *sandbox, struct str request_id,
                              struct str payload, bool is_error)
{
    struct lambda_invocation *invocation = sandbox->invocation;
    if (sandbox->state != LAMBDA_SANDBOX_BUSY ||
        !str_equal(invocation->request.request_id, request_id))
        return false;
    invocation->outcome.duration_us = elapsed_us(invocation);
    read_output(sandbox);
    lambda_output_flush(&sandbox->output);
    if (payload.size > LAMBDA_PAYLOAD_SIZE_MAX) {
        invocation = take_invocation(sandbox, "error", STR("Function.ResponseSizeTooLarge"));
        change_state(sandbox, LAMBDA_SANDBOX_FINISHING);
        lambda_pool_fail(invocation, STR("Function.ResponseSizeTooLarge"),
                         "Response payload size exceeded maximum allowed payload size (%d bytes).",
                         LAMBDA_PAYLOAD_SIZE_MAX);
        return true;
    }
    set_payload(invocation, payload, is_error);
    take_invocation(sandbox, NULL, STR(""));
    change_state(sandbox, LAMBDA_SANDBOX_FINISHING);
    lambda_pool_complete(invocation);
    return true;
}

bool lambda_sandbox_on_init_error(struct lambda_sandbox *sandbox, struct str payload)
{
    struct lambda_version *version = sandbox->version;
    if (sandbox->state != LAMBDA_SANDBOX_STARTING) return false;
    if (take_blame(sandbox)) {
        read_output(sandbox);
        lambda_output_flush(&sandbox->output);
        set_payload(sandbox->invocation, payload, true);
        struct lambda_invocation *invocation = take_invocation(sandbox, "error", STR(""));
        lambda_sandbox_end(sandbox);
        lambda_pool_complete(invocation);
    } else {
        lambda_sandbox_end(sandbox);
    }
    lambda_pool_grow(version);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Ends

void lambda_sandbox_end(struct lambda_sandbox *sandbox)
{
    if (sandbox->state == LAMBDA_SANDBOX_ENDING) return;
    assert(sandbox->invocation == NULL);
    change_state(sandbox, LAMBDA_SANDBOX_ENDING);
    lambda_process_kill(&sandbox->process);
    if (sandbox->next != NULL) {
        struct http_exchange *exchange = sandbox->next;
        sandbox->next = NULL;
        http_exchange_set_abort(exchange, NULL, NULL);
        http_exchange_reply(exchange, 500, NULL, 0, STR(""));
    }
}

static void sandbox_free(struct lambda_sandbox *sandbox)
{
    struct lambda *lambda = sandbox->lambda;
    char path[PATH_MAX];
    assert(sandbox->state == LAMBDA_SANDBOX_ENDING && sandbox->process.pid == 0);
    if (sandbox->output_watch.fd >= 0) {
        net_watch_stop(lambda->loop, &sandbox->output_watch);
        close(sandbox->output_watch.fd);
    }
    lambda_sandbox_scratch_path(sandbox, path);
    lambda_files_remove_later(lambda->files, path);
    map_remove(&lambda->sandboxes, str_from_c(sandbox->token));
    lambda->sandbox_figure = lambda->sandboxes.count;
    list_remove(&sandbox->version_link);
    lambda_version_unref(sandbox->version);
    lambda_output_release(&sandbox->output);
    buffer_release(&sandbox->tail);
    free(sandbox);
}

// The process ended: by itself, by its own fault, or because it was killed.
static void on_exit_ready(struct net_watch *watch, uint32_t ready_events)
{
    struct lambda_sandbox *sandbox = CONTAINER_OF(watch, struct lambda_sandbox, exit_watch);
    struct lambda_version *version = lambda_version_ref(sandbox->version);
    int wait_status;
    char end[LAMBDA_PROCESS_END_SIZE], message[128], line[256];
    (void)ready_events;
    net_watch_stop(sandbox->lambda->loop, &sandbox->exit_watch);
    bool is_reaped = lambda_process_reap(&sandbox->process, true, &wait_status);
    assert(is_reaped);
    read_output(sandbox);
    lambda_output_flush(&sandbox->output);
    bool is_bound = sandbox->state == LAMBDA_SANDBOX_BUSY ||
                    (sandbox->state == LAMBDA_SANDBOX_STARTING && take_blame(sandbox));
    if (is_bound) {
        struct lambda_invocation *invocation = sandbox->invocation;
        lambda_process_describe_end(wait_status, end);
        snprintf(message, sizeof(message),
                 end[0] == '\0' ? "Runtime exited without providing a reason%s"
                                : "Runtime exited with error: %s",
                 end);
        int size = snprintf(line, sizeof(line),
                            "RequestId: %" STR_FORMAT " Error: %s\nRuntime.ExitError\n",
                            STR_ARGS(invocation->request.request_id), message);
        log_record(sandbox, (struct str){line, (size_t)size});
        invocation->outcome.duration_us = elapsed_us(invocation);
        fail_invocation(sandbox, "error", STR("Runtime.ExitError"), message);
    }
    lambda_sandbox_end(sandbox);
    sandbox_free(sandbox);
    lambda_pool_grow(version);
    lambda_version_unref(version);
}

void lambda_sandbox_reap(struct lambda_sandbox *sandbox)
{
    int wait_status;
    assert(sandbox->state == LAMBDA_SANDBOX_ENDING);
    net_watch_stop(sandbox->lambda->loop, &sandbox->exit_watch);
    if (lambda_process_reap(&sandbox->process, true, &wait_status)) sandbox_free(sandbox);
}

// The function, or its start, took too long.
static void time_out(struct lambda_sandbox *sandbox, int64_t limit_ms)
{
    char message[64], line[256], iso[CLOCK_ISO_SIZE];
    struct lambda_invocation *invocation = sandbox->invocation;
    snprintf(message, sizeof(message), "Task timed out after %lld.%02lld seconds",
             (long long)(limit_ms / 1000), (long long)(limit_ms % 1000 / 10));
    read_output(sandbox);
    lambda_output_flush(&sandbox->output);
    clock_render_iso(lambda_now_unix_ms(sandbox->lambda), iso);
    int size = snprintf(line, sizeof(line), "%.*s %" STR_FORMAT " %s\n\n", CLOCK_ISO_SIZE, iso,
                        STR_ARGS(invocation->request.request_id), message);
    log_record(sandbox, (struct str){line, (size_t)size});
    invocation->outcome.duration_us = limit_ms * 1000;
    fail_invocation(sandbox, "timeout", STR("Sandbox.Timedout"), message);
}

static void on_timer(struct net_timer *timer)
{
    struct lambda_sandbox *sandbox = CONTAINER_OF(timer, struct lambda_sandbox, timer);
    struct lambda_version *version =
        sandbox->version; // Lives on: the process is still to be reaped.
    switch (sandbox->state) {
    case LAMBDA_SANDBOX_STARTING:
        log_warn("lambda: %" STR_FORMAT " did not start within %u ms",
                 STR_ARGS(version->configuration.arn), sandbox->lambda->settings.init_timeout_ms);
        if (take_blame(sandbox)) time_out(sandbox, sandbox->lambda->settings.init_timeout_ms);
        break;
    case LAMBDA_SANDBOX_BUSY:
        time_out(sandbox, (int64_t)version->configuration.timeout_s * 1000);
        break;
    case LAMBDA_SANDBOX_IDLE:
    case LAMBDA_SANDBOX_FINISHING:
    case LAMBDA_SANDBOX_ENDING: break;
    }
    lambda_sandbox_end(sandbox);
    lambda_pool_grow(version);
}

static void on_memory_timer(struct net_timer *timer)
{
    struct lambda_sandbox *sandbox = CONTAINER_OF(timer, struct lambda_sandbox, memory_timer);
    note_memory(sandbox);
    if (sandbox->memory_peak_bytes > (uint64_t)sandbox->version->configuration.memory_mb << 20) {
        // What follows is the same as when the kernel does it: on_exit_ready() sees the signal.
        lambda_process_kill(&sandbox->process);
        return;
    }
    arm_memory_timer(sandbox);
}

// ---------------------------------------------------------------------------------------------
// Start

static void name_sandbox(struct lambda_sandbox *sandbox)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char secret[LAMBDA_TOKEN_SIZE / 2];
    struct clock_date date = clock_date_from_unix_ms(lambda_now_unix_ms(sandbox->lambda));
    char hex[STREAM_HEX_SIZE + 1];
    random_secret(secret, sizeof(secret));
    encoding_hex((struct str){(const char *)secret, sizeof(secret)}, sandbox->token);
    for (int i = 0; i < STREAM_HEX_SIZE; i++)
        hex[i] = digits[random_u64(&sandbox->lambda->random) & 15];
    hex[STREAM_HEX_SIZE] = '\0';
    snprintf(sandbox->stream_name, sizeof(sandbox->stream_name),
             "%04d/%02d/%02d/[%" STR_FORMAT "]%s", date.year, date.month, date.day,
             STR_ARGS(sandbox->version->configuration.version), hex);
}

static struct lambda_sandbox *sandbox_new(struct lambda_version *version)
{
    struct lambda *lambda = version->lambda;
    struct lambda_sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (sandbox == NULL) return NULL;
    sandbox->lambda = lambda;
    sandbox->version = version;
    sandbox->init_us = -1;
    name_sandbox(sandbox);
    list_init(&sandbox->version_link);
    list_init(&sandbox->idle_link);
    list_init(&sandbox->all_idle_link);
    net_timer_init(&sandbox->timer, on_timer);
    net_timer_init(&sandbox->memory_timer, on_memory_timer);
    lambda_output_init(&sandbox->output, log_record, sandbox);
    buffer_init(&sandbox->tail, TAIL_SIZE_KEPT);
    sandbox->exit_watch = (struct net_watch){.fd = -1, .events = EPOLLIN, .run = on_exit_ready};
    sandbox->output_watch = (struct net_watch){.fd = -1, .events = EPOLLIN, .run = on_output};
    return sandbox;
}

static bool watch_process(struct lambda_sandbox *sandbox)
{
    struct net_loop *loop = sandbox->lambda->loop;
    sandbox->exit_watch.fd = sandbox->process.pid_fd;
    if (net_watch_start(loop, &sandbox->exit_watch) != STATUS_OK) return false;
    if (net_watch_start(loop, &sandbox->output_watch) == STATUS_OK) return true;
    net_watch_stop(loop, &sandbox->exit_watch);
    return false;
}

// Take back a sandbox that did not come to life.
static bool give_up(struct lambda_sandbox *sandbox)
{
    int wait_status;
    if (sandbox->process.pid != 0) {
        lambda_process_kill(&sandbox->process);
        lambda_process_reap(&sandbox->process, true, &wait_status);
    }
    if (sandbox->output_watch.fd >= 0) close(sandbox->output_watch.fd);
    lambda_output_release(&sandbox->output);
    free(sandbox);
    return false;
}

bool lambda_sandbox_start(struct lambda_version *version, struct str *reterr_type,
                          char reterr_message[static 256])
{
    struct lambda *lambda = version->lambda;
    assert(version->preparation == LAMBDA_PREPARED);
    struct lambda_sandbox *sandbox = sandbox_new(version);
    *reterr_type = STR("ServiceException");
    snprintf(reterr_message, 256, "The sandbox could not be started.");
    if (sandbox == NULL) return false;
    if (!lambda_sandbox_spawn(sandbox, reterr_type, reterr_message)) return give_up(sandbox);
    if (!watch_process(sandbox)) return give_up(sandbox);
    if (!map_set(&lambda->sandboxes, str_from_c(sandbox->token), sandbox)) {
        net_watch_stop(lambda->loop, &sandbox->exit_watch);
        net_watch_stop(lambda->loop, &sandbox->output_watch);
        return give_up(sandbox);
    }
    lambda_version_ref(version);
    list_append(&version->sandboxes, &sandbox->version_link);
    lambda->cold_start_figure++;
    lambda->sandbox_figure = lambda->sandboxes.count;
    sandbox->started_steady_ns = clock_steady_ns();
    enter_state(sandbox, LAMBDA_SANDBOX_STARTING);
    return true;
}
