// Activities: tasks that wait for workers, and workers that wait for tasks.
//
// Every activity has one worker thread of this program that keeps its queue (by its ARN). A task is
// offered there when its execution has scheduled it; a poll waits there for a task. Where both
// meet, the execution is first told by letter that the task starts, durably, and only then the
// poller gets it. What is queued is in memory alone: after a restart the executions offer their
// tasks again.
//
//   offered -> queued             [no poller waits]
//   queued  -> starting           [a poller came; the letter is under way]
//   starting -> taken             [durable: the poller has it]
//   starting -> gone              [nobody waits for the task any more: the poller gets the next]
//   queued  -> gone               [runtime_activity_withdraw: timed out, stopped]

#pragma once

#include <stdint.h>

#include "base/attributes.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "net/loop.h"

struct runtime_worker;
struct runtime_activity_poll;

enum { RUNTIME_POLLS_MAX = 1000 }; // Of one activity.

// Put a scheduled task in its activity's queue. Texts and value are copied.
MUST_USE enum status runtime_activity_offer(struct runtime_worker *worker, struct str activity_arn,
                                            int64_t execution_id, uint64_t task_id,
                                            struct str token, const struct json *input);

// Take it out again, if it is still there.
void runtime_activity_withdraw(struct runtime_worker *worker, struct str activity_arn,
                               int64_t execution_id, uint64_t task_id);

// The poll's outcome: STATUS_OK with token and input, STATUS_TIMED_OUT (no task came),
// STATUS_OVER_LIMIT (too many polls wait) or a fault. On the thread that polls. The poll is the
// caller's again.
typedef void (*runtime_activity_fn)(struct runtime_activity_poll *poll, enum status status);

struct runtime_activity_poll {
    struct str activity_arn; // Set by the caller, as the next three; borrowed until the outcome.
    struct str worker_name;  // data NULL: it has none.
    runtime_activity_fn on_done;
    struct arena *arena; // Receives token and input.
    struct str token;
    struct str input;

    struct mail mail; // Private from here on.
    struct list link; // Among those that wait.
    struct runtime_worker *worker;
    struct net_timer timer;
    enum status status;
};

// Wait at most `wait_ms` for a task.
void runtime_activity_poll(struct runtime_worker *worker, struct runtime_activity_poll *poll,
                           int64_t wait_ms);
