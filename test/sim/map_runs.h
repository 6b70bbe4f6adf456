// Map runs, as somebody sees them who looks on: which there are, whose they are, and whether what
// became of them is what may become of a Map run.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "store/map_run.h"

enum { MAP_RUNS_MAX = 256 };

// All texts are in lasting memory.
struct watched_run {
    struct str arn;
    int64_t parent_id;
    struct str parent_name;
    int64_t started_unix_ms;
    bool is_express;
    uint32_t item_count;
    uint32_t max_concurrency; // 0: no limit.
    int64_t failure_count_max;
    double failure_percent_max;
    uint32_t under_way; // Express children, in this life.
    // Somebody wanted other limits, and knows that there are.
    bool has_update;
    bool is_update_certain;
    uint32_t new_max_concurrency;
    int64_t new_failure_count_max;
};

typedef void (*map_runs_updated_fn)(void *context, bool is_certain);

struct map_runs {
    struct watched_run runs[MAP_RUNS_MAX];
    size_t count;
};

extern struct map_runs map_runs;

// Nothing has happened yet; the process died.
void map_runs_init(void);
void map_runs_crash(void);

// The execution whose Map run has a child of that name. False when there is none.
bool map_runs_find_parent(struct str child_name, struct str *ret_parent_name);

// A row has been written: if it is a child's, are there too many of them?
void map_runs_note_child(const struct store_execution *row);

// The row of a Map run has been written: if it has ended, so have all children.
void map_runs_note_row(const struct store_map_run *row);

// Give it other limits, as UpdateMapRun does.
void map_runs_update(struct watched_run *run, map_runs_updated_fn on_done, void *context);

// Some have not been told to have ended.
bool map_runs_are_under_way(void);

// At the end, when all executions are what they should be. `last_event`: of the run, in its
// parent's history; empty when the parent did not wait for it to the end.
void map_runs_check(const struct watched_run *run, struct str last_event);
