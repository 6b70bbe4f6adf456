// Workers: what one thread needs to run executions.

#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "base/status.h"
#include "base/str.h"
#include "net/loop.h"
#include "runtime/catalog.h"
#include "runtime/metrics.h"
#include "runtime/state_machine.h"
#include "runtime/status_change.h"
#include "tasks/tasks.h"

struct runtime_worker;

enum { RUNTIME_WORKERS_MAX = 64 };

// A task that was not called because the server was stopping (drain.h).
struct runtime_held_task {
    int64_t execution_id;
    uint64_t task_id;
};

// Shared by all workers; set up once by main/serve.c, then constant but for what is inside its
// parts.
struct runtime {
    struct clock *clock;
    struct store *store;
    struct logs *logs;
    struct catalog catalog;
    struct runtime_worker *workers[RUNTIME_WORKERS_MAX];
    uint32_t worker_count;
    struct map held; // Tasks that the last stop held, while executions are taken up.
    struct arena held_arena;
    // Figures for /metrics.
    _Atomic uint64_t started_count;
    _Atomic uint64_t ended_count;
    struct metrics metrics;
    // Told of every change of a Standard execution's status once it is durable, on the thread of
    // its worker, while somebody wants that.
    atomic_bool wants_status_changes;
    runtime_status_change_fn on_status_change;
    void *status_change_context;
};

struct engine_command;
struct runtime_execution;

// Somebody who sees every task before src/tasks does: a rehearsal with mocked answers.
struct runtime_stand_in {
    // Take the task over (true): its events come by runtime_execution_tell(). Or leave it to
    // src/tasks (false), with `request` as it is or changed in the execution's arena.
    bool (*start_task)(struct runtime_stand_in *stand_in, struct runtime_execution *execution,
                       const struct engine_command *command, struct tasks_request *request);
    // The execution has ended: nothing of it may be told any more. May be NULL.
    void (*forget)(struct runtime_stand_in *stand_in, const struct runtime_execution *execution);
};

// A client token of RedriveExecution and what came of it.
struct runtime_redrive_token {
    int64_t execution_id;
    int64_t redriven_unix_ms;
    uint32_t size; // 0: no token.
    char bytes[64];
};

struct runtime_worker {
    struct runtime *runtime;
    uint32_t index; // In runtime->workers.
    struct net_loop *loop;
    struct tasks tasks;
    struct runtime_stand_in *stand_in; // NULL on a server.
    struct random random;
    struct catalog_cache catalog;
    struct arena step_arena;     // Reset after each step's update is used.
    struct buffer scratch;       // For rendering records.
    struct list free_executions; // Kept for reuse; at most FREE_EXECUTIONS_MAX.
    uint32_t free_execution_count;
    struct map open_executions;  // Standard ones, by id.
    struct map sleepers;         // By id (sleep.c), as the next three.
    struct list idle_executions; // Idle for longest first.
    struct net_timer sweep_timer;
    uint32_t fallen_count;       // Put to sleep since memory was given back to the system.
    struct map definitions;      // State machines by key (recovery.c).
    struct map watched_children; // By id (job.c).
    struct list map_runs;        // Of executions of this worker (map_run.c).
    struct map map_machines;     // What their children run; each entry holds a reference.
    struct map activity_queues;  // By ARN (activity.c).
    struct runtime_redrive_token redrive_tokens[64]; // The latest (redrive.c).
    uint32_t redrive_token_next;
    struct list free_timers; // Kept for reuse (perform.c), as the next one.
    struct list free_tasks;
    uint32_t free_timer_count;
    uint32_t free_task_count;
    struct metrics_worker metrics;
    struct list free_commits; // Kept for reuse (commit.c).
    uint32_t free_commit_count;
    int64_t last_execution_id;
    size_t durable_call_count; // Calls of Standard executions under way.
    size_t commit_count;       // Commits under way.
    bool is_draining;          // See drain.h, as the next six.
    struct net_timer drain_timer;
    void (*on_drained)(void *context);
    void *drain_context;
    struct runtime_held_task *held;
    size_t held_count;
    size_t held_capacity;
    uint32_t log_stream_suffix; // Distinguishes the workers' log streams.
    size_t running_count;       // Express executions: they end with the process.
};

void runtime_init(struct runtime *runtime, struct clock *clock, struct store *store,
                  struct logs *logs);

// Fill the catalog from the store (load.c). Blocks: for start-up.
MUST_USE enum status runtime_load(struct runtime *runtime);

// The next worker of `runtime`. `worker->tasks` is filled in by the caller. Workers and what they
// keep live as long as the process.
void runtime_worker_init(struct runtime_worker *worker, struct runtime *runtime,
                         struct net_loop *loop);
