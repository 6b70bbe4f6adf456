// The lambda thread's state, shared by the files of this folder and by no others.

#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "lambda/files.h"
#include "lambda/lambda.h"
#include "net/http_server.h"
#include "net/loop.h"

struct lambda {
    struct lambda_settings settings; // Defaults filled in; strings in `arena`.
    struct arena arena;
    struct clock clock; // Real.
    struct net_loop *loop;
    struct http_server *server; // The Runtime API.
    struct lambda_files *files;
    struct random random;
    pthread_t thread;
    bool is_ending;   // No sandbox is started any more.
    uint32_t pending; // Jobs and store tasks whose answer is still to come.
    struct mail end;

    struct map functions; // "region/name" -> struct lambda_function, a reference each.
    struct map sandboxes; // Token -> struct lambda_sandbox: all that are not reaped.
    struct list idle;     // All idle sandboxes, the longest idle first.
    uint32_t running;     // Invocations under way.
    uint32_t starts_max;  // Sandboxes of a version that start side by side unless they are slow.

    struct list events; // Asynchronous calls that are not done.
    uint32_t event_count;
    uint64_t event_bytes;

    _Atomic uint64_t invocation_figure;
    _Atomic uint64_t error_figure;
    _Atomic uint64_t throttle_figure;
    _Atomic uint64_t cold_start_figure;
    _Atomic uint64_t sandbox_figure;
    _Atomic uint64_t function_figure;
};

static inline int64_t lambda_now_unix_ms(const struct lambda *lambda)
{
    return clock_unix_ms(&lambda->clock);
}

static inline struct mailbox *lambda_mailbox(struct lambda *lambda)
{
    return net_loop_mailbox(lambda->loop);
}
