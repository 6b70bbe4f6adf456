// Counts decide: how many sandboxes are coming, how many invocations wait for them.

#include "lambda/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "lambda/prepare.h"
#include "lambda/private.h"
#include "lambda/sandbox.h"

// Times are taken from how long a sandbox takes to start: long on a slow or busy machine, where
// invocations take longer too.
enum {
    SOON_SHARE = 4, // What sandboxes at work end in a quarter of a start's time counts as coming.
    SOON_US_MAX = 100000,
    PATIENCE_MS_MIN = 50, // An invocation waits for them as long as a start takes, or this.
    PATIENCE_MS_MAX = 1000,
    START_PATIENCE_MS = 250, // How long it waits because enough others are starting.
    LOOK_INTERVAL_MS = 25,   // Between two looks at those that wait.
    USUAL_WEIGHT = 8,        // The latest time is an eighth of the usual one.
};

// ---------------------------------------------------------------------------------------------
// Outcomes

void lambda_pool_complete(struct lambda_invocation *invocation)
{
    struct lambda *lambda = invocation->lambda;
    struct lambda_function *function = invocation->version->function;
    assert(lambda->running > 0 && function->running > 0);
    lambda->running--;
    function->running--;
    if (invocation->outcome.is_function_error) lambda->error_figure++;
    lambda_invocation_return(invocation);
}

void lambda_pool_refuse(struct lambda_invocation *invocation, int http_status, struct str type,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(&invocation->arena, format, args);
    va_end(args);
    invocation->outcome.exception = (struct lambda_exception){http_status, type, message};
    lambda_pool_complete(invocation);
}

void lambda_pool_fail(struct lambda_invocation *invocation, struct str error_type,
                      const char *format, ...)
{
    struct buffer buffer;
    struct json_writer writer;
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(&invocation->arena, format, args);
    va_end(args);
    buffer_init(&buffer, KIB(64));
    json_writer_init(&writer, &buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("errorType"), error_type);
    json_writer_string_member(&writer, STR("errorMessage"), message);
    json_writer_end_object(&writer);
    invocation->outcome.is_function_error = true;
    invocation->outcome.http_status = 200;
    if (!buffer_copy_to_arena(&buffer, &invocation->arena, &invocation->outcome.payload))
        lambda_exception_service(&invocation->outcome.exception, &invocation->arena,
                                 "Out of memory.");
    buffer_release(&buffer);
    lambda_pool_complete(invocation);
}

// ---------------------------------------------------------------------------------------------
// Waiting

struct lambda_invocation *lambda_pool_take_waiting(struct lambda_version *version)
{
    if (list_is_empty(&version->waiting)) return NULL;
    struct list *link = version->waiting.next;
    list_remove(link);
    assert(version->waiting_count > 0);
    version->waiting_count--;
    if (version->waiting_count == 0) net_timer_disarm(version->lambda->loop, &version->patience);
    return LIST_ITEM(link, struct lambda_invocation, link);
}

static void throttle(struct lambda_invocation *invocation)
{
    invocation->lambda->throttle_figure++;
    lambda_exception_set(&invocation->outcome.exception, &invocation->arena, 429,
                         STR("TooManyRequestsException"), "Rate Exceeded.");
    lambda_invocation_return(invocation);
}

void lambda_pool_submit(struct lambda_version *version, struct lambda_invocation *invocation)
{
    struct lambda *lambda = version->lambda;
    struct lambda_function *function = version->function;
    assert(invocation->version == version && !version->is_retired);
    bool is_reserved_used = function->reserved_concurrency >= 0 &&
                            function->running >= (uint64_t)function->reserved_concurrency;
    if (lambda->running >= lambda->settings.concurrency_max || is_reserved_used) {
        throttle(invocation);
        return;
    }
    lambda->running++;
    function->running++;
    lambda->invocation_figure++;
    if (!list_is_empty(&version->idle)) {
        lambda_sandbox_run(LIST_ITEM(version->idle.next, struct lambda_sandbox, idle_link),
                           invocation);
        return;
    }
    list_append(&version->waiting, &invocation->link);
    version->waiting_count++;
    invocation->queued_steady_ms = net_loop_steady_ms(lambda->loop);
    lambda_pool_grow(version);
}

void lambda_pool_retire(struct lambda_version *version)
{
    version->is_retired = true;
    LIST_EACH(link, &version->idle)
    {
        lambda_sandbox_end(LIST_ITEM(link, struct lambda_sandbox, idle_link));
    }
    // What has been accepted is still served: sandboxes that start go on.
}

// ---------------------------------------------------------------------------------------------
// Growing

// All that wait learn that the code cannot be run.
static void refuse_waiting(struct lambda_version *version, struct str type, const char *message)
{
    struct lambda_invocation *invocation;
    lambda_version_ref(version); // The last invocation may hold the last reference.
    while ((invocation = lambda_pool_take_waiting(version)) != NULL)
        lambda_pool_refuse(invocation, 502, type, "%s", message);
    lambda_version_unref(version);
}

static void on_prepared(struct lambda_preparing *preparing)
{
    struct lambda_version *version = preparing->version;
    assert(version->preparation == LAMBDA_PREPARING);
    if (version->lambda->is_ending) {
        version->preparation = LAMBDA_UNPREPARED;
        refuse_waiting(version, STR("ServiceException"), "The server is shutting down.");
    } else if (preparing->error_type.size > 0) {
        version->preparation = LAMBDA_UNPREPARED;
        log_error("lambda: %" STR_FORMAT " cannot be run: %s", STR_ARGS(version->configuration.arn),
                  preparing->error_message);
        refuse_waiting(version, preparing->error_type, preparing->error_message);
    } else {
        version->preparation = LAMBDA_PREPARED;
        version->code_folder = preparing->code_folder;
        version->program = preparing->program;
        version->bootstrap = preparing->bootstrap;
        lambda_pool_grow(version);
    }
    free(preparing);
    lambda_version_unref(version);
}

static void prepare(struct lambda_version *version)
{
    struct lambda_preparing *preparing = calloc(1, sizeof(*preparing));
    if (preparing == NULL) {
        refuse_waiting(version, STR("ServiceException"), "Out of memory.");
        return;
    }
    preparing->version = lambda_version_ref(version);
    preparing->done = on_prepared;
    version->preparation = LAMBDA_PREPARING;
    lambda_prepare(version->lambda, preparing);
}

// A sandbox more than the machine shall hold: end the one that has been idle for longest.
static void make_room(struct lambda *lambda)
{
    if (lambda->sandboxes.count < lambda->settings.concurrency_max || list_is_empty(&lambda->idle))
        return;
    lambda_sandbox_end(LIST_ITEM(lambda->idle.next, struct lambda_sandbox, all_idle_link));
}

static void note(int64_t *usual_us, int64_t duration_us)
{
    if (duration_us < 1) duration_us = 1;
    *usual_us = *usual_us == 0 ? duration_us : *usual_us + (duration_us - *usual_us) / USUAL_WEIGHT;
}

void lambda_pool_note_start(struct lambda_version *version, int64_t duration_us)
{
    note(&version->usual_start_us, duration_us);
}

void lambda_pool_note_time(struct lambda_version *version, int64_t duration_us)
{
    note(&version->usual_us, duration_us);
}

// How many invocations the sandboxes at work will take soon.
static uint64_t count_soon(const struct lambda_version *version)
{
    uint64_t working = version->busy_count + version->finishing_count;
    int64_t soon_us = version->usual_start_us / SOON_SHARE;
    if (soon_us > SOON_US_MAX) soon_us = SOON_US_MAX;
    uint64_t served =
        version->usual_us == 0 ? 0 : working * (uint64_t)soon_us / (uint64_t)version->usual_us;
    return served > version->finishing_count ? served : version->finishing_count;
}

// Whether more than `count` invocations have waited that long.
static bool have_waited(const struct lambda_version *version, uint32_t count, int64_t patience_ms)
{
    int64_t since_ms = net_loop_steady_ms(version->lambda->loop) - patience_ms;
    if (version->waiting_count <= count) return false;
    struct list *link = version->waiting.next;
    while (count-- > 0)
        link = link->next;
    return LIST_ITEM(link, struct lambda_invocation, link)->queued_steady_ms <= since_ms;
}

static bool needs_another(const struct lambda_version *version)
{
    uint32_t coming = version->starting_count;
    int64_t patience_ms = version->usual_start_us / 1000;
    if (patience_ms < PATIENCE_MS_MIN) patience_ms = PATIENCE_MS_MIN;
    if (patience_ms > PATIENCE_MS_MAX) patience_ms = PATIENCE_MS_MAX;
    if (coming >= version->lambda->starts_max)
        return have_waited(version, coming, START_PATIENCE_MS + patience_ms);
    return version->waiting_count > coming + count_soon(version) ||
           have_waited(version, coming, patience_ms);
}

void lambda_pool_grow(struct lambda_version *version)
{
    if (version->waiting_count == 0 || version->lambda->is_ending) return;
    if (version->preparation != LAMBDA_PREPARED) {
        if (version->preparation == LAMBDA_UNPREPARED) prepare(version);
        return;
    }
    lambda_version_ref(version); // The last invocation may hold the last reference.
    while (needs_another(version)) {
        struct str error_type;
        char message[256];
        make_room(version->lambda);
        if (lambda_sandbox_start(version, &error_type, message)) continue;
        struct lambda_invocation *invocation = lambda_pool_take_waiting(version);
        if (str_is(error_type, "ServiceException")) {
            lambda_pool_refuse(invocation, 500, error_type, "%s", message);
        } else {
            lambda_pool_fail(invocation, error_type, "RequestId: %" STR_FORMAT " Error: %s",
                             STR_ARGS(invocation->request.request_id), message);
        }
    }
    if (version->waiting_count > 0 && !net_timer_is_armed(&version->patience))
        net_timer_arm_steady(version->lambda->loop, &version->patience, LOOK_INTERVAL_MS);
    lambda_version_unref(version);
}
