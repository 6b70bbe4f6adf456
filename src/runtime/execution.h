// Executions under way, and their two drivers.
//
// A struct runtime_execution couples one engine execution with the world: it feeds events and
// performs the commands of each update. The ephemeral driver (Express) performs them at once and
// leaves nothing behind but log records. The durable driver (Standard, an id that is not 0) writes
// each step to the store and performs its commands when that is on the disk.
//
//   new -> running      [runtime_execution_begin; _begin_standard, once the start is durable]
//   running -> running  [an answer, a timer, a stop: execution_feed]
//   running -> ended    [the update says so: on_end, then the struct is reused]
//
// An execution belongs to one worker's thread from begin to end.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"
#include "net/loop.h"
#include "runtime/state_machine.h"
#include "runtime/worker.h"

enum { RUNTIME_EXECUTION_ARENA_BYTES_MAX = 256 << 20 };

struct runtime_execution;
struct commit;
struct execution_event;
struct store_execution;

// Called once, on the worker's thread, when the execution has ended; also from within
// runtime_execution_begin(). The execution is gone when it returns.
typedef void (*runtime_end_fn)(struct runtime_execution *execution,
                               const struct engine_update *update);

// Told of every update, before its commands are performed; its values are gone after the call.
typedef void (*runtime_update_fn)(struct runtime_execution *execution,
                                  const struct engine_update *update);

// The outcome of a Standard start: STATUS_OK (durable; the execution runs, or has ended and is gone
// after the call), STATUS_CONFLICT (`existing` has the name) or a fault. Unless it is STATUS_OK the
// execution is discarded after the call.
typedef void (*runtime_started_fn)(void *context, struct runtime_execution *execution,
                                   enum status status, const struct store_execution *existing);

struct runtime_execution {
    struct list link; // In the worker's free list, or to itself.
    struct runtime_worker *worker;
    struct state_machine *state_machine; // Holds a reference.
    struct arena arena;              // Of all that lives as long as it, and of the engine at first.
    struct arena values[2];          // The engine's, one or the other, once it has been moved.
    size_t compact_bytes;            // Use of memory at which it is moved again.
    struct engine_execution *engine; // NULL until begin.
    struct engine_start start;       // Filled in by runtime_execution_new() and the caller.
    struct list tasks;               // Under way.
    struct list counted_tasks;       // Under way (metrics_count.c).
    struct list jobs;                // Nested executions that tasks wait for (job.c).
    struct list timers;              // Armed.
    struct net_deferred continuation; // ENGINE_COMMAND_CONTINUE.
    struct net_deferred pump;         // Standard: feeds what is pending (commit.c).
    struct str log_stream;            // Empty when nothing is logged.
    int64_t journal_id;               // Asynchronous Express: to remove at the end; 0: none.
    runtime_started_fn on_started;    // Standard: of the start that is being committed.
    int64_t id;                       // Standard, as the next five; 0 for others.
    int64_t step_number;              // Of the last step written or being written.
    struct commit *commit;            // Under way, or NULL.
    struct execution_event *pending;  // Events that wait for it, oldest first.
    struct execution_event **pending_end;
    struct str trace_header; // Of StartExecution.
    struct str map_run_arn;  // Of the Map run that it is a child of; empty for others.
    int64_t item_count;      // Of such a child; -1 for others.
    int64_t redrive_count;
    int64_t redriven_unix_ms;    // When redrive_count > 0.
    bool has_snapshot;           // In the store: the next commit removes it.
    struct list idle;            // Among the worker's idle executions (sleep.c).
    int64_t idle_since_ms;       // Steady time.
    runtime_update_fn on_update; // May be NULL; set between new and begin.
    runtime_end_fn on_end;       // May be NULL.
    void *context;               // The caller's.
};

// A new execution of `state_machine` (one more reference is taken) whose arena is empty. Texts
// assigned to `start` afterwards must live until the end, e.g. in the arena.
//
//   name   of the execution; empty: a random UUID is made
//
// Sets start.machine, execution_name (copied), state_machine_*, version_arn, role_arn, region,
// started_unix_ms, history_mask and execution_arn. The caller sets input, input_text and alias_arn.
MUST_USE enum status runtime_execution_new(struct runtime_worker *worker,
                                           struct state_machine *state_machine, struct str name,
                                           struct runtime_execution **ret_execution);

// Give up before begin.
void runtime_execution_discard(struct runtime_execution *execution);

// Run. May end before it returns. On a fault the execution is discarded and on_end does not run.
MUST_USE enum status runtime_execution_begin(struct runtime_execution *execution,
                                             runtime_end_fn on_end, void *context);

// For stand-ins (runtime/worker.h): tell what became of a task that they took over. From the event
// loop only; the execution may have ended when this returns. Events of tasks that nobody waits for
// any more do nothing.
void runtime_execution_tell(struct runtime_execution *execution, struct engine_event *event);

// Billing by the service's rules: duration rounded up to 100 ms, memory to 64 MB.
struct runtime_billing {
    int64_t duration_ms;
    int64_t memory_mb;
};
struct runtime_billing runtime_execution_billing(const struct runtime_execution *execution,
                                                 int64_t stopped_unix_ms);

// Asynchronous Express: make the start durable, then run it. `on_durable` is called on the worker's
// thread with the outcome; on STATUS_OK the execution has begun or begins right after. The
// execution's texts must all be in its arena. On a fault the execution is discarded.
typedef void (*runtime_durable_fn)(void *context, struct runtime_execution *execution,
                                   enum status status);
void runtime_execution_begin_durable(struct runtime_execution *execution,
                                     runtime_durable_fn on_durable, void *context);

// Run again what was started before a crash and did not end, in pieces, on this worker. Call once,
// after start, on one worker.
MUST_USE enum status runtime_recover(struct runtime_worker *worker);

// Standard: take the first step, make it durable, then go on. The execution's texts must all be in
// its arena. `on_started` is called on the worker's thread, from within this function only when
// there is no memory.
void runtime_execution_begin_standard(struct runtime_execution *execution,
                                      runtime_started_fn on_started, void *context);

// Take up the Standard executions that are open in the store, each on the worker that owns it. They
// go on when the workers' loops run. Blocks: for start-up, before the loops run.
MUST_USE enum status runtime_take_up(struct runtime *runtime);

// The worker that an execution belongs to.
struct runtime_worker *runtime_owner_of(const struct runtime *runtime, int64_t execution_id);

// A Standard execution that runs on this worker; NULL when there is none with this id.
struct runtime_execution *runtime_execution_find(struct runtime_worker *worker,
                                                 int64_t execution_id);
