// Map runs: the children of a distributed Map, from the command that starts them to the event that
// ends the state's wait.
//
// A Map run belongs to its parent's worker and has its children run there. It holds no child in
// memory that is not under way, but how each one ended, and of those that succeeded the output, as
// long as all of them together may be a state's output. STANDARD children of a Standard execution
// are executions of the durable driver, known by name alone: they may sleep, and they outlive a
// restart. EXPRESS children, and all children of executions that are not in the store, are
// ephemeral; they get a row when they have ended.
//
//   new     -> loading   [after a restart, a redrive: what the rows of its children tell; when the
//                         run is being stopped still, not before that has ended]
//   loading -> running   [children that are missing are started, up to the limit]
//   new     -> running
//   running -> stopping  [too many failed; nobody waits any more: children are stopped]
//   running -> ended     [the last child has: the parent is told]
//   stopping -> ended    [likewise, if it still waits]
//
// Invariants:
//   1. A child's name follows from the Map run and its index, so none is started twice.
//   2. The parent is told only after all children have ended and their rows, and then that of the
//      run, are written.
//   3. Nothing is started, stopped or told from within a step: all of it comes from the event loop.
//   4. No child is started before the run's row is on the disk: by it a restart finds those whose
//      parent has ended.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "store/map_run.h"

struct engine_map_run;
struct engine_update;
struct asl_state;
struct runtime;
struct runtime_execution;
struct runtime_worker;

// START_MAP_RUN of `parent`.
MUST_USE enum status map_run_start(struct runtime_execution *parent, uint64_t task_id,
                                   const struct asl_state *state, const struct engine_map_run *run);

// A parent that was brought back waits for it.
MUST_USE enum status map_run_resume(struct runtime_execution *parent, uint64_t task_id,
                                    const struct asl_state *state,
                                    const struct engine_map_run *run);

// Nobody waits for it any more: its children are stopped.
void map_run_cancel(struct runtime_execution *parent, uint64_t task_id);
void map_run_cancel_all(struct runtime_execution *parent);

// A child of the durable driver has ended, durably.
void map_run_child_ended(struct runtime_execution *child, const struct engine_update *update);

// Start-up, when executions have been taken up: stop the children of Map runs whose parents ended.
// On the store's thread, in a task that reads.
MUST_USE enum status map_run_take_up(struct runtime *runtime, struct store_tx *tx);

// ---------------------------------------------------------------------------------------------
// For the API: a question to a running Map run, asked of its worker.

struct runtime_map_run_question;

// STATUS_OK; STATUS_NOT_FOUND: it does not run (any more); or a fault. On the asking thread.
typedef void (*runtime_map_run_fn)(struct runtime_map_run_question *question, enum status status);

struct runtime_map_run_question {
    struct str arn;       // Set by the caller, as all up to on_answer; borrowed until the answer.
    int64_t execution_id; // The parent.
    bool is_update;
    int64_t max_concurrency;    // Below 0: stays, as the next two.
    int64_t failure_count_max;  //
    double failure_percent_max; //
    runtime_map_run_fn on_answer;

    struct store_map_run row; // The answer; texts are not set.

    struct mail mail;                      // Private from here on.
    struct runtime_map_run_question *next; // Of those that wait until the run is loaded.
    struct runtime_worker *asking;
    struct runtime_worker *owner;
    enum status status;
};

// An update is answered when it is durable.
void runtime_map_run_ask(struct runtime_worker *asking, struct runtime_map_run_question *question);
