// Lambda: functions that really run, as processes behind the Lambda Runtime API.
//
// One thread, the lambda thread, owns every function, sandbox and invocation under way; it serves
// the Runtime API on a loopback port of its own. Other threads reach it by mail only:
// lambda_invoke() (lambda/invocation.h) and lambda_operate() (lambda/operation.h). A second thread
// does what can block: checking and unpacking packages, looking for runtimes, removing files.
//
// Real time: functions are processes of this machine, so their time limits and timestamps run in
// real time also when the server's clock is virtual.

#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "lambda/invocation.h"
#include "lambda/operation.h"
#include "logs/logs.h"
#include "store/store.h"

struct lambda;

// All strings are copied. Zero means the default in the comment.
struct lambda_settings {
    struct str directory; // Working copies of code, and scratch space; created when missing.
    struct str account;   // Twelve digits.
    struct store *store;
    struct logs *logs;
    // Where the functions' SDKs find Galop ("http://127.0.0.1:8083"), as AWS_ENDPOINT_URL; empty:
    // not set. Functions may override it by a variable of their own.
    struct str endpoint_url;
    // The credentials that functions get; empty: made-up ones, fit for a server that does not
    // verify signatures.
    struct str access_key_id;
    struct str secret_access_key;
    uint32_t concurrency_max; // Invocations at once, of all functions: 100.
    uint32_t idle_s;          // A sandbox without work is ended after: 600.
    uint32_t init_timeout_ms; // From the start of a sandbox until it asks for work: 10,000.
    uint32_t event_retry_ms;  // Delay before the first repetition of an event, doubled for the
                              // second: 60,000.
    uint32_t events_max;      // Asynchronous calls waiting or running: 10,000.
};

// Load the functions from the store and start the threads.
//
//   ret_lambda    to be ended with lambda_free(), before the logs and the store are closed
//   reterr_text   one sentence for the operator, in `arena`
//
// Returns STATUS_OK, STATUS_IO, STATUS_NO_MEMORY or STATUS_CORRUPT. Blocks: for start-up.
MUST_USE enum status lambda_new(const struct lambda_settings *settings, struct arena *arena,
                                struct lambda **ret_lambda, struct str *reterr_text);

// Figures for /metrics; any thread.
struct lambda_figures {
    uint64_t invocations;   // That reached a function.
    uint64_t errors;        // Of those, answered with a function error.
    uint64_t throttles;     // Refused for want of concurrency.
    uint64_t cold_starts;   // Sandboxes started.
    uint64_t sandbox_count; // Alive now.
    uint64_t function_count;
};
struct lambda_figures lambda_figures(const struct lambda *lambda);

// Kill all sandboxes, answer what is under way with an exception, and stop the threads. Nothing may
// be posted any more; the mailboxes that wait for answers must still be there. Accepts NULL.
void lambda_free(struct lambda *lambda);
