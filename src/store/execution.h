// Standard executions: what the API tells of them, and what takes them up again after a crash.
//
// An execution is a row that is written when it starts and once more when it ends, and a row for
// each commit of its driver (a *step*): the events that the engine was given and the history events
// that it made of them. The engine is deterministic, so the steps of an open execution, given to it
// again, bring it back to where it was, with all that it waits for. An execution that sleeps for
// long is put down as a snapshot as well, so that nothing of it need be in memory.
//
// The store knows all this as numbers and texts; what the texts mean is src/runtime's business.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

// A walk that reports where to go on looks at no more rows than this.
enum { STORE_EXECUTION_LOOK_MAX = 4096 };

struct store_execution {
    int64_t id;                   // Chosen by the caller; rises with the time of the start.
    struct str state_machine_arn; // Unqualified; of a Map run's child with "/LABEL".
    struct str name;              // Unique within the state machine for as long as this is kept.
    struct str definition_key;    // See store_definition_put().
    struct str status;            // "RUNNING", "SUCCEEDED", …
    struct str version_arn;       // Empty (NULL in the table) unless started through one.
    struct str alias_arn;         // Likewise.
    struct str map_run_arn;       // Likewise: of the Map run that started it.
    struct str trace_header;      // Likewise.
    int64_t started_unix_ms;
    int64_t stopped_unix_ms; // When not RUNNING.
    struct str input;
    struct str output; // data NULL when absent, as the next two.
    struct str error;
    struct str cause;
    int64_t history_count; // Events; meaningful when not RUNNING.
    int64_t redrive_count;
    int64_t redriven_unix_ms; // When redrive_count > 0.
    int64_t item_count;       // Of a Map run's child; -1 (NULL) for others.
    bool is_express;          // A Map run's child of that type: it has no steps.
};

// One commit of an execution's driver.
struct store_step {
    int64_t execution_id;
    int64_t number;         // From 1, dense.
    struct str causes;      // Events the engine was given: JSON array.
    int64_t first_event_id; // Of `events`; of the next event when there are none.
    int64_t event_count;
    struct str events; // History events: JSON array.
    struct str data;   // Values that events refer to: JSON array. Empty: they refer to none.
};

// Callbacks get strings borrowed for the call; anything but STATUS_OK ends the walk and becomes its
// result. They must not write.
typedef enum status (*store_execution_fn)(void *context, const struct store_execution *execution);
typedef enum status (*store_step_fn)(void *context, const struct store_step *step);

// ---------------------------------------------------------------------------------------------
// Definitions: what executions run, as it was when they started. Kept as long as one needs it.

// Nothing happens when the key is there already (which costs no query as a rule): equal keys mean
// equal bodies. Do it in the task that inserts an execution: what nobody runs is removed some time.
MUST_USE enum status store_definition_put(struct store_tx *tx, struct str key, struct str body);

// The body, copied to `arena`. STATUS_NOT_FOUND.
MUST_USE enum status store_definition_get(struct store_tx *tx, struct str key, struct arena *arena,
                                          struct str *ret_body);

// ---------------------------------------------------------------------------------------------
// Executions

// STATUS_CONFLICT when the state machine has or had an execution of that name (or the id is taken);
// STATUS_NOT_FOUND when the definition has not been put. All fields are written, so one that ended
// in its first step is inserted as it ended.
//
// A task that puts the definition, inserts, and then appends step 1 may be `is_single_change`:
// what fails here has changed nothing, and a first step cannot be there already.
MUST_USE enum status store_execution_insert(struct store_tx *tx,
                                            const struct store_execution *execution);

// Write status, stopped_unix_ms, output, error, cause, history_count, redrive_count and
// redriven_unix_ms of the row with `id`: at an end, or when a redrive opens it again. A snapshot of
// it is removed. STATUS_NOT_FOUND.
MUST_USE enum status store_execution_update(struct store_tx *tx,
                                            const struct store_execution *execution);

// Copies in `arena`. STATUS_NOT_FOUND.
MUST_USE enum status store_execution_find(struct store_tx *tx, struct str state_machine_arn,
                                          struct str name, struct arena *arena,
                                          struct store_execution *ret_execution);
MUST_USE enum status store_execution_get(struct store_tx *tx, int64_t id, struct arena *arena,
                                         struct store_execution *ret_execution);

struct store_execution_query {
    struct str state_machine_arn; // Either this
    struct str map_run_arn;       // or this; the other is empty.
    struct str version_arn;       // Started through it; empty: any.
    struct str alias_arn;         // Likewise.
    struct str status;            // Empty: any.
    int redriven;                 // 1: only those that were, -1: only those that were not, 0: any.
    int64_t before_id;            // Only smaller ones; INT64_MAX for the first page.
    // NULL, or where the next page's `before_id` goes: the walk ends after STORE_EXECUTION_LOOK_MAX
    // rows, however few of them match, and this is the last id that was looked at; 0 when there are
    // no more. (A filter by RUNNING or by a failure finds its rows without looking at others.)
    int64_t *ret_next_before_id;
};

// Newest first, until the callback ends the walk. Input, output, error and cause are not read.
MUST_USE enum status store_execution_list(struct store_tx *tx,
                                          const struct store_execution_query *query,
                                          store_execution_fn callback, void *context);

// At most `count_max` executions that are RUNNING, do not sleep, and have steps, with an id above
// `after_id`, by id.
MUST_USE enum status store_execution_each_open(struct store_tx *tx, int64_t after_id,
                                               uint32_t count_max, store_execution_fn callback,
                                               void *context);

// How many are RUNNING, of one state machine or of all (empty).
MUST_USE enum status store_execution_count_open(struct store_tx *tx, struct str state_machine_arn,
                                                int64_t *ret_count);

// The largest id there is, 0 when there is none.
MUST_USE enum status store_execution_last_id(struct store_tx *tx, int64_t *ret_id);

// Remove executions that ended before `stopped_before_unix_ms`, at most `count_max` of them, with
// their steps, and definitions that nobody needs any more. Only ids above `*after_id` (0 at first)
// are looked at, and it is moved; call again until `*ret_is_done`. The work of one call is bounded,
// so an execution of thousands of steps may lose its last ones first.
MUST_USE enum status store_execution_purge(struct store_tx *tx, int64_t stopped_before_unix_ms,
                                           uint32_t count_max, int64_t *after_id,
                                           bool *ret_is_done);

// ---------------------------------------------------------------------------------------------
// Steps

// STATUS_CONFLICT when the number is taken: somebody else drives this execution. A task that
// appends first and then updates an execution that is there may be `is_single_change`.
MUST_USE enum status store_step_append(struct store_tx *tx, const struct store_step *step);

// Steps of an execution with a number above `after_number`, in order. `events` and `data` are
// empty.
MUST_USE enum status store_step_each(struct store_tx *tx, int64_t execution_id,
                                     int64_t after_number, store_step_fn callback, void *context);

// Steps with events, beginning with the one that holds `event_id` (or, if there is none, the next
// in the direction), in order of events or reversed.
MUST_USE enum status store_step_each_history(struct store_tx *tx, int64_t execution_id,
                                             int64_t event_id, bool is_reversed,
                                             store_step_fn callback, void *context);

// ---------------------------------------------------------------------------------------------
// Snapshots: of executions that sleep.

struct store_snapshot {
    int64_t execution_id;
    int64_t step_number;   // The last step that it contains.
    int64_t wakes_unix_ms; // When its next timer fires; INT64_MAX (NULL): none.
    struct str state;      // The engine's; text.
};

// Create or replace.
MUST_USE enum status store_snapshot_put(struct store_tx *tx, const struct store_snapshot *snapshot);

// Copied to `arena`. STATUS_NOT_FOUND.
MUST_USE enum status store_snapshot_get(struct store_tx *tx, int64_t execution_id,
                                        struct arena *arena, struct store_snapshot *ret_snapshot);

// Removing what is not there is no error.
MUST_USE enum status store_snapshot_remove(struct store_tx *tx, int64_t execution_id);

// At most `count_max` with an execution id above `after_id`, by id; `state` is not read.
typedef enum status (*store_snapshot_fn)(void *context, const struct store_snapshot *snapshot);
MUST_USE enum status store_snapshot_each(struct store_tx *tx, int64_t after_id, uint32_t count_max,
                                         store_snapshot_fn callback, void *context);
