// Map runs: what DescribeMapRun tells, kept beside the rows of their parents and children.
//
// A Map run is written when it starts and when it ends; what happens in between is in the rows of
// its children, from which its driver counts again after a restart. Counts in the row of a running
// one are therefore old.

#pragma once

#include "store/execution.h"

// Of items, or of the child executions that process them.
struct store_map_run_counts {
    int64_t pending;
    int64_t running;
    int64_t succeeded;
    int64_t failed;
    int64_t timed_out;
    int64_t aborted;
    int64_t total;
    int64_t results_written; // By the ResultWriter.
};

struct store_map_run {
    struct str arn;
    int64_t execution_id; // The parent.
    struct str status;    // "RUNNING", "SUCCEEDED", "FAILED", "ABORTED"
    int64_t started_unix_ms;
    int64_t stopped_unix_ms;    // When not RUNNING.
    int64_t max_concurrency;    // 0: no limit of its own.
    int64_t failure_count_max;  // Below 0 (NULL): not limited.
    double failure_percent_max; // Likewise.
    struct store_map_run_counts items;
    struct store_map_run_counts executions;
    int64_t redrive_count;
    int64_t redriven_unix_ms; // When redrive_count > 0.
    // Of the parent; only read.
    struct str parent_state_machine_arn;
    struct str parent_name;
};

// Strings are borrowed for the call, as those of executions.
typedef enum status (*store_map_run_fn)(void *context, const struct store_map_run *run);

// All fields but the last two; one that is there already stays as it is.
MUST_USE enum status store_map_run_insert(struct store_tx *tx, const struct store_map_run *run);

// Write all but arn, execution_id and started_unix_ms. STATUS_NOT_FOUND.
MUST_USE enum status store_map_run_update(struct store_tx *tx, const struct store_map_run *run);

// Copied to `arena`. STATUS_NOT_FOUND.
MUST_USE enum status store_map_run_find(struct store_tx *tx, struct str arn, struct arena *arena,
                                        struct store_map_run *ret_run);

// Of an execution, newest first.
MUST_USE enum status store_map_run_each(struct store_tx *tx, int64_t execution_id,
                                        store_map_run_fn callback, void *context);

// All that are RUNNING.
MUST_USE enum status store_map_run_each_open(struct store_tx *tx, store_map_run_fn callback,
                                             void *context);

// At most `count_max` children with an id above `after_id`, by id; inputs are not read.
MUST_USE enum status store_map_run_each_child(struct store_tx *tx, struct str arn, int64_t after_id,
                                              uint32_t count_max, store_execution_fn callback,
                                              void *context);
