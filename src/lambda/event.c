// Each event keeps its request; every attempt is an ordinary invocation made from it.

#include "lambda/event.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "lambda/dispatch.h"
#include "lambda/private.h"

enum {
    ATTEMPTS_MAX = 3,
    EVENT_AGE_MAX_MS = 6 * 3600 * 1000,
    THROTTLED_DELAY_MIN_MS = 1000,
    THROTTLED_DELAY_MAX_MS = 300 * 1000,
    QUEUE_BYTES_MAX = 256 << 20,
};

struct lambda_event {
    struct list link; // In lambda->events.
    struct lambda *lambda;
    struct lambda_invocation *original; // Never run itself: what attempts are made from.
    struct net_timer timer;             // Armed while it waits for its next attempt.
    uint32_t attempts;                  // That reached the function.
    uint32_t throttled;                 // In a row.
    int64_t added_unix_ms;
    size_t size_bytes;
};

static void event_free(struct lambda_event *event)
{
    struct lambda *lambda = event->lambda;
    assert(lambda->event_count > 0);
    net_timer_disarm(lambda->loop, &event->timer);
    list_remove(&event->link);
    lambda->event_count--;
    lambda->event_bytes -= event->size_bytes;
    lambda_invocation_free(event->original);
    free(event);
}

static void drop(struct lambda_event *event, const char *reason)
{
    log_warn("lambda: an event for %" STR_FORMAT " (request %" STR_FORMAT ") is dropped: %s",
             STR_ARGS(event->original->request.function),
             STR_ARGS(event->original->request.request_id), reason);
    event_free(event);
}

static void attempt(struct lambda_event *event)
{
    struct lambda_invocation_request request = event->original->request;
    request.type = LAMBDA_REQUEST_RESPONSE;
    request.wants_log_tail = false;
    struct lambda_invocation *invocation = lambda_invocation_new(&request);
    if (invocation == NULL) {
        drop(event, "out of memory");
        return;
    }
    invocation->event = event;
    lambda_dispatch(event->lambda, invocation);
}

static void on_timer(struct net_timer *timer)
{
    attempt(CONTAINER_OF(timer, struct lambda_event, timer));
}

bool lambda_event_add(struct lambda *lambda, const struct lambda_invocation *invocation)
{
    size_t size = invocation->request.payload.size;
    if (lambda->event_count >= lambda->settings.events_max ||
        lambda->event_bytes + size > QUEUE_BYTES_MAX)
        return false;
    struct lambda_event *event = calloc(1, sizeof(*event));
    struct lambda_invocation *original = lambda_invocation_new(&invocation->request);
    if (event == NULL || original == NULL) {
        free(event);
        lambda_invocation_free(original);
        return false;
    }
    event->lambda = lambda;
    event->original = original;
    event->size_bytes = size;
    event->added_unix_ms = lambda_now_unix_ms(lambda);
    net_timer_init(&event->timer, on_timer);
    list_append(&lambda->events, &event->link);
    lambda->event_count++;
    lambda->event_bytes += size;
    // Not at once: whoever sent it gets its answer first.
    net_timer_arm_steady(lambda->loop, &event->timer, 0);
    return true;
}

static bool is_passing(const struct lambda_exception *exception)
{
    return exception->http_status == 429 || exception->http_status == 500;
}

void lambda_event_on_outcome(struct lambda_invocation *invocation)
{
    struct lambda_event *event = invocation->event;
    struct lambda *lambda = event->lambda;
    struct lambda_outcome outcome = invocation->outcome;
    int64_t delay_ms;
    lambda_invocation_free(invocation);
    if (lambda->is_ending) return; // lambda_events_drop() follows.
    if (lambda_exception_is_set(&outcome.exception)) {
        if (!is_passing(&outcome.exception)) {
            drop(event, "it cannot be run");
            return;
        }
        uint32_t doublings = event->throttled < 16 ? event->throttled : 16;
        delay_ms = (int64_t)THROTTLED_DELAY_MIN_MS << doublings;
        if (delay_ms > THROTTLED_DELAY_MAX_MS) delay_ms = THROTTLED_DELAY_MAX_MS;
        event->throttled++;
    } else if (outcome.is_function_error) {
        event->throttled = 0;
        if (++event->attempts >= ATTEMPTS_MAX) {
            drop(event, "the function failed each time");
            return;
        }
        delay_ms = (int64_t)lambda->settings.event_retry_ms << (event->attempts - 1);
    } else {
        event_free(event);
        return;
    }
    if (lambda_now_unix_ms(lambda) + delay_ms - event->added_unix_ms > EVENT_AGE_MAX_MS) {
        drop(event, "it is too old");
        return;
    }
    net_timer_arm_steady(lambda->loop, &event->timer, delay_ms);
}

void lambda_events_drop(struct lambda *lambda)
{
    LIST_EACH(link, &lambda->events)
    {
        drop(LIST_ITEM(link, struct lambda_event, link), "the server ends");
    }
}
