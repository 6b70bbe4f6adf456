// What the files of Map runs share.

#pragma once

#include "base/list.h"
#include "engine/map_run.h"
#include "net/loop.h"
#include "runtime/execution_private.h"
#include "runtime/map_run.h"
#include "tasks/items.h"

enum {
    MAP_RUN_RETRY_MS = 500,    // Until what the disk refused is tried again.
    MAP_RUN_STARTS_MAX = 256,  // Commits of starts under way.
    MAP_RUN_ROWS_MAX = 1024,   // Rows of ephemeral children under way.
    MAP_RUN_BURST = 64,        // Children started in one turn of the loop.
    MAP_RUN_READ_ITEMS = 1000, // Items read in one piece, and bytes of them.
    MAP_RUN_READ_BYTES = 1 << 20,
    MAP_RUN_ITEMS_BYTES_MAX = 256 << 20,
    MAP_RUN_LOAD_BATCH = 500, // Rows read in one piece.
};

enum map_run_phase {
    MAP_RUN_LOADING,
    MAP_RUN_RUNNING,
    MAP_RUN_STOPPING,
    MAP_RUN_WRITING, // All children have ended; the ResultWriter is at work.
    MAP_RUN_ENDED,
};

// By index of enum engine_status, and one more.
enum map_child_state {
    MAP_CHILD_UNKNOWN, // Not started as far as anybody knows.
    MAP_CHILD_RUNNING,
    MAP_CHILD_SUCCEEDED,
    MAP_CHILD_FAILED,
    MAP_CHILD_TIMED_OUT,
    MAP_CHILD_ABORTED,
    MAP_CHILD_UNSUCCESSFUL, // Before a redrive: to be run again.
};
enum { MAP_CHILD_STATE_COUNT = MAP_CHILD_UNSUCCESSFUL + 1 };

// What is known of a child, by index.
struct map_result {
    int64_t execution_id; // Of a durable one.
    char *output;         // JSON, when it succeeded; NULL once the outputs are too large together.
    uint32_t output_size;
    uint32_t item_count;
    enum map_child_state state;
    enum map_child_state state_before; // Of an unsuccessful one.
};

// A child that was refused by the disk and is to be started again.
struct map_refused {
    struct list link;
    uint32_t index;
    struct str input; // Behind it.
};

struct map_run {
    struct list link; // Among the worker's.
    struct runtime_worker *worker;
    struct runtime_execution *parent; // NULL when it does not wait any more.
    int64_t parent_id;                // 0: not in the store.
    uint64_t task_id;
    enum map_run_phase phase;
    bool is_durable; // Has a row; and children with rows.
    bool is_aborted;
    bool is_redriven_now;                // Children that did not succeed run again.
    struct arena arena;                  // Texts and items.
    struct arena scratch;                // Of one child's input.
    struct state_machine *state_machine; // Of the children; a reference. NULL: nothing is started.
    struct str arn;
    struct str label;
    int64_t started_unix_ms;
    uint32_t redrive_count;
    int64_t redriven_unix_ms;
    // Limits, as UpdateMapRun left them.
    int64_t max_concurrency;
    int64_t failure_count_max;
    double failure_percent_max;

    struct items_source *source; // NULL: all items are in memory.
    struct arena batch_arena;    // Of those that came from it.
    bool is_reading;
    uint64_t items_read;
    const struct json *items; // The batch being handed out.
    uint32_t batch_count;
    uint32_t batch_next;
    uint64_t next_item; // Index among all items.
    int64_t item_total; // Below 0: nobody knows yet.
    bool is_all_read;
    uint64_t skipped_items; // Of children known from before whose items were not read yet.

    struct map_result *results;
    uint32_t result_count;
    uint32_t result_capacity;
    uint32_t next_child;
    size_t output_size; // Of all outputs, with commas.
    bool is_too_large;
    uint32_t running;     // Children under way.
    uint32_t starting;    // Of them, those whose start is being written.
    uint32_t rows;        // Of ephemeral children, being written.
    struct list children; // Ephemeral ones under way.
    struct list refused;
    uint64_t executions[MAP_CHILD_STATE_COUNT];
    uint64_t items_by_state[MAP_CHILD_STATE_COUNT];

    struct json writer;          // ResultWriter, evaluated; JSON_NULL: none.
    struct map_writing *writing; // Its work under way, or NULL.
    struct json written;         // What became of it: the state's output.
    struct asl_error error;      // What it failed with; name with NULL data: nothing yet.
    struct net_deferred pump;
    struct net_timer retry;
    bool is_queued;      // Loads when another of its ARN has ended.
    bool has_row;        // In the store: a restart can find the children by it.
    bool is_row_refused; // What was written last: it is written again with `retry`.
    uint32_t writes;     // Of its own row, under way.
    struct runtime_map_run_question *questions; // Wait until it is loaded, oldest first.
    int64_t stopped_unix_ms;
    struct str definition; // Of ephemeral children's rows: the encoded state machine.
};

// ---- map_run.c

// Look for something to do when the loop runs.
void map_run_go_on(struct map_run *run);

// What is known of child `index`, growing the table. NULL without memory.
struct map_result *map_run_result(struct map_run *run, uint32_t index);

// A child ended; `output` is JSON of one that succeeded.
void map_run_note_end(struct map_run *run, uint32_t index, enum map_child_state state,
                      struct str output);
void map_run_count(struct map_run *run, const struct map_result *result, int sign);

enum map_child_state map_child_state_of(struct str status);

// It is loaded: what was asked meanwhile.
void map_run_answer_questions(struct map_run *run);

// Its row says that it has ended, if it has one: tell the parent.
void map_run_end(struct map_run *run);

void map_run_fail(struct map_run *run, struct asl_error error);
void map_run_free(struct map_run *run);

// ---- map_run_child.c

// Start the next child. False when there is nothing to start now.
MUST_USE bool map_run_start_next(struct map_run *run);
void map_run_stop_children(struct map_run *run);
void map_run_discard_refused(struct map_run *run);

// The state machine that the children run; a reference.
MUST_USE enum status map_run_machine(struct runtime_execution *parent,
                                     const struct asl_state *state, struct str label,
                                     struct state_machine **ret_state_machine);

// ---- map_run_results.c

// Write the results of all children; map_run_note_written() is called from the loop.
MUST_USE enum status map_run_write_results(struct map_run *run);
void map_run_stop_writing(struct map_run *run);

// The ResultWriter has done its work (map_run.c), or has failed with `error`. In the run's arena.
void map_run_note_written(struct map_run *run, const struct json *output, struct asl_error error);

// ---- map_run_store.c

// Read what the store knows of the run and its children, then go on.
void map_run_load(struct map_run *run);

// Write its row. `question`: answered when that is durable; may be NULL.
void map_run_write(struct map_run *run, struct runtime_map_run_question *question);
void map_run_fill_row(const struct map_run *run, struct store_map_run *ret_row);

// The row of an ephemeral child that has ended.
void map_run_write_child(struct map_run *run, uint32_t index, const struct runtime_execution *child,
                         const struct engine_update *update, struct str output);

void map_run_answer(struct runtime_map_run_question *question, enum status status);
