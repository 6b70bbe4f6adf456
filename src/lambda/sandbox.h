// Sandboxes: one process that runs one version of a function, one invocation at a time.
//
//   (new)     -> STARTING   [lambda_sandbox_start()]
//   STARTING  -> IDLE       [lambda_sandbox_on_next(): it asks for work and there is none]
//   STARTING, IDLE, FINISHING -> BUSY   [run(): it is given an invocation]
//   BUSY      -> FINISHING  [lambda_sandbox_on_result(): it has answered]
//   FINISHING -> IDLE       [lambda_sandbox_on_next()]
//   any       -> ENDING     [lambda_sandbox_end(), time-outs, on_exit()]
//   ENDING    -> (freed)    [on_exit(), once the process is reaped]
//
// What holds in each state:
//   STARTING   no invocation is bound to it; counted in version->starting_count
//   IDLE       `next` is the request that waits for an invocation; in version->idle, lambda->idle
//   BUSY       `invocation` is set
//   FINISHING  counted in version->finishing_count
//   ENDING     the process has been killed or has ended by itself
//
// The process learns where to ask from AWS_LAMBDA_RUNTIME_API: "127.0.0.1:PORT/TOKEN". The token is
// secret, and tells the sandboxes apart.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "lambda/function.h"
#include "lambda/invocation.h"
#include "lambda/output.h"
#include "lambda/process.h"
#include "net/http_server.h"

enum lambda_sandbox_state {
    LAMBDA_SANDBOX_STARTING,
    LAMBDA_SANDBOX_IDLE,
    LAMBDA_SANDBOX_BUSY,
    LAMBDA_SANDBOX_FINISHING,
    LAMBDA_SANDBOX_ENDING,
};

enum { LAMBDA_TOKEN_SIZE = 32, LAMBDA_STREAM_NAME_SIZE_MAX = 64 };

struct lambda_sandbox {
    enum lambda_sandbox_state state;
    struct lambda *lambda;
    struct lambda_version *version; // A reference.
    struct list version_link;       // In version->sandboxes.
    struct list idle_link;          // In version->idle when IDLE.
    struct list all_idle_link;      // In lambda->idle when IDLE.
    char token[LAMBDA_TOKEN_SIZE + 1];
    char stream_name[LAMBDA_STREAM_NAME_SIZE_MAX];
    struct lambda_process process;
    struct net_watch exit_watch;
    struct net_watch output_watch;
    struct lambda_output output;
    struct net_timer timer;        // Time limit of the state.
    struct net_timer memory_timer; // When STARTING or BUSY.
    struct http_exchange *next;
    struct lambda_invocation *invocation;
    struct buffer tail; // What was logged in this invocation, if it wants that.
    int64_t started_steady_ns;
    int64_t taken_steady_ns; // When it was given its latest invocation.
    int64_t init_us;         // Of the start; negative once it has been reported.
    int64_t memory_read_steady_ms;
    uint64_t memory_peak_bytes;
};

// Start a process for `version`, which must be PREPARED. Returns false when that failed, with
// `reterr_type` and `reterr_message` (static, or in the version's arena) for a function error.
MUST_USE bool lambda_sandbox_start(struct lambda_version *version, struct str *reterr_type,
                                   char reterr_message[static 256]);

// Give an idle sandbox an invocation.
void lambda_sandbox_run(struct lambda_sandbox *sandbox, struct lambda_invocation *invocation);

// What the process asks and tells, by the Runtime API (runtime_api.c), which answers it.
//
// It asks for work: the exchange is answered when there is some. False: it may not ask now.
MUST_USE bool lambda_sandbox_on_next(struct lambda_sandbox *sandbox,
                                     struct http_exchange *exchange);
// It has a result, or an error. False: that is not the invocation under way.
MUST_USE bool lambda_sandbox_on_result(struct lambda_sandbox *sandbox, struct str request_id,
                                       struct str payload, bool is_error);
// It cannot start. False: it had started already.
MUST_USE bool lambda_sandbox_on_init_error(struct lambda_sandbox *sandbox, struct str payload);

// Kill the process. In state BUSY the invocation must have been dealt with.
void lambda_sandbox_end(struct lambda_sandbox *sandbox);

// Free without waiting for events: for the end of the server, after lambda_sandbox_end().
void lambda_sandbox_reap(struct lambda_sandbox *sandbox);
