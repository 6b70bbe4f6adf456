// Invocations: one call of a function, from any thread, answered by mail.
//
//     struct lambda_invocation *invocation = lambda_invocation_new(&request);
//     lambda_invoke(lambda, invocation);
//     …later, on the thread of `reply_to`…
//     static void on_done(struct lambda_invocation *invocation)
//     {
//         … invocation->outcome …
//         lambda_invocation_free(invocation);
//     }
//
// Ownership: the caller's, then from lambda_invoke() until `done` the lambda thread's, then the
// caller's again. A caller that no longer waits (its task timed out) says so by
// lambda_invocation_abandon(): the function runs on, its answer is dropped and the memory freed.
//
// Invariants:
//   1. `done` runs exactly once for each lambda_invoke(), unless abandoned: then never.
//   2. All memory of an invocation is its own; nothing of the request or the outcome is borrowed.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "base/str.h"
#include "lambda/exception.h"

struct lambda;
struct lambda_event;
struct lambda_invocation;
struct lambda_version;

enum {
    LAMBDA_PAYLOAD_SIZE_MAX = 6291556,     // Of a synchronous call and of every result: 6 MB.
    LAMBDA_EVENT_SIZE_MAX = 1048576,       // Of an asynchronous call: 1 MB.
    LAMBDA_CLIENT_CONTEXT_SIZE_MAX = 3583, // Decoded.
    LAMBDA_LOG_TAIL_SIZE_MAX = 4096,
};

enum lambda_invocation_type {
    LAMBDA_REQUEST_RESPONSE,
    LAMBDA_EVENT,   // Answered as soon as it is queued; run, and run again on errors, afterwards.
    LAMBDA_DRY_RUN, // Only says whether the function exists.
};

// What to call. All strings are copied by lambda_invocation_new().
struct lambda_invocation_request {
    struct str region;    // Where a function that is named without a region is looked for.
    struct str function;  // Name, partial or full ARN, see lambda/arn.h.
    struct str qualifier; // Version or alias; empty: as `function` says, else $LATEST.
    enum lambda_invocation_type type;
    struct str payload;        // JSON text; empty: none, and the function gets "{}".
    struct str client_context; // JSON text, decoded; may be empty.
    struct str trace_id;       // X-Amzn-Trace-Id; may be empty.
    struct str request_id;     // 36 characters; empty: one is made.
    bool wants_log_tail;
    struct mailbox *reply_to;
    void (*done)(struct lambda_invocation *invocation);
    void *context; // The caller's own.
};

// How it went. Either `exception` is set (the service refused, the function did not run), or the
// rest holds.
struct lambda_outcome {
    struct lambda_exception exception;
    int http_status;             // 200, 202 (LAMBDA_EVENT) or 204 (LAMBDA_DRY_RUN).
    bool is_function_error;      // X-Amz-Function-Error: Unhandled.
    struct str payload;          // What the function answered, or its error as JSON text.
    struct str executed_version; // "$LATEST" or a number.
    struct str log_tail;         // At most LAMBDA_LOG_TAIL_SIZE_MAX bytes, if asked for.
    int64_t duration_us;         // In the function.
    int64_t billed_ms;
};

struct lambda_invocation {
    struct mail mail;      // Private: on the way to the lambda thread and back.
    struct arena arena;    // Holds the invocation itself and all its strings.
    struct lambda *lambda; // Private.
    struct lambda_invocation_request request;
    struct lambda_outcome outcome;
    bool is_abandoned; // Of the caller's thread.

    // Private, of the lambda thread.
    struct list link; // In the waiting list of a pool; points to itself otherwise.
    struct lambda_version *version;
    struct str invoked_arn;
    struct lambda_event *event; // That it is an attempt of; NULL for a synchronous call.
    int64_t queued_steady_ms;   // When it began to wait for a sandbox.
    int64_t started_steady_ns;  // When the function got it; 0: not yet.
};

// NULL without memory.
MUST_USE struct lambda_invocation *
lambda_invocation_new(const struct lambda_invocation_request *request);

// Hand it over. Any thread.
void lambda_invoke(struct lambda *lambda, struct lambda_invocation *invocation);

// Instead of waiting for `done`, on the thread of `reply_to`.
void lambda_invocation_abandon(struct lambda_invocation *invocation);

// Accepts NULL.
void lambda_invocation_free(struct lambda_invocation *invocation);
