// Inside of the engine: an execution, its strands, and the step being taken. Private to the folder.
//
// A strand that can run stands on the execution's ready stack. A step pops strands and runs each
// until it waits or ends; nothing runs by recursion, so neither long machines nor deep nesting use
// stack. A stack (not a queue) makes one iteration of a Map run as far as it can before the next
// one starts.
//
// Invariants:
//   1. A strand is on the ready stack, or waits (for a task, a timer, its children), or is free.
//   2. A strand's parent is alive as long as the strand, and stands before it in `live`.
//   3. Values that strands keep live in the execution's arena, in the machine, or longer.

#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/map_run.h"
#include "engine/payload.h"

enum {
    // Ids of tasks and timers are a sequence number with the strand's slot below it.
    STRAND_SLOT_BITS = 24,
    STRAND_SLOTS_MAX = (1 << STRAND_SLOT_BITS) - 1, // The last slot stands for the machine's timer.
};

struct history {
    uint64_t count;  // Id of the last event.
    bool is_limited; // To ENGINE_HISTORY_EVENTS_MAX.
    bool is_full;    // An event did not fit.
};

enum strand_wait {
    STRAND_RUNS,     // Or is about to be told what it waits for.
    STRAND_IS_READY, // Stands on the ready stack.
    STRAND_WAITS_FOR_TASK,
    STRAND_WAITS_FOR_TIME,     // A Wait state.
    STRAND_WAITS_FOR_RETRY,    // Then the state's work is done again.
    STRAND_WAITS_FOR_CHILDREN, // Branches or iterations.
    STRAND_WAITS_FOR_MAP_RUN,  // `task.id` is its id.
    STRAND_IS_FREE,
};

enum strand_action {
    STRAND_ENTERS,  // `state` with `input`.
    STRAND_SPREADS, // Starts branches or iterations.
    STRAND_JOINS,   // All of them have ended.
    STRAND_RESUMES, // Does the work of `state` again, which it has entered: after a redrive.
};

// The task that a strand waits for.
struct strand_task {
    uint64_t id; // 0: none.
    struct str token;
    // What it was started with, for whoever must start it again; until it is submitted.
    struct json parameters;
    struct str credentials_role_arn;
    int64_t timeout_unix_ms;   // INT64_MAX: none.
    int64_t heartbeat_unix_ms; // When the next heartbeat is due; INT64_MAX: none yet.
    int64_t heartbeat_seconds; // 0: none.
    bool is_submitted;         // Or started by an activity's worker.
    bool has_early_result;     // Came before the submission was reported; `early_result`.
    struct payload early_result;
};

// Branches of a Parallel state or iterations of an inline Map state.
struct fan_out {
    uint32_t count;
    uint32_t next_index; // The first that was not started.
    uint32_t running;
    uint32_t concurrency_max;
    struct json items;         // Map
    struct payload input;      // Effective input: of branches, and `$` of ItemSelector.
    struct json *results;      // By index.
    size_t results_size_bytes; // Estimate.
    uint32_t results_depth;    // Of the deepest.
    uint64_t started_event_id; // MapStateStarted or ParallelStateStarted.
    uint64_t slot_event_id;    // What the next iteration follows.
    struct list children;      // Live strands, through `sibling`.
    struct strand
        *remains; // Of unsuccessful children, by index, through next_ready; see redrive.h.
};

// A distributed Map.
struct map_run {
    struct engine_map_run told; // To the driver.
    struct payload input;       // Effective input: `$` of ItemSelector.
};

struct strand {
    struct strand *parent; // At the Parallel or Map state; NULL for the execution's own strand.
    struct strand *next_ready;
    struct list sibling;     // In parent's fan_out.children.
    struct list live;        // In the execution's list of live strands, or in that of free ones.
    struct strand *moved_to; // While the execution moves.
    enum strand_wait wait;
    enum strand_action action;
    uint32_t slot;  // Leads from ids of tasks and timers to the strand.
    uint32_t index; // Of the branch or iteration.

    const struct asl_state *state;
    struct payload input; // The raw state input.
    const struct asl_variables *variables;
    size_t variables_bytes; // Estimate, of its own scope.
    struct json item;       // Iterations: `$$.Map.Item.Value`.

    uint64_t last_event_id;    // What the next event follows.
    uint64_t before_event_id;  // What StateEntered follows.
    uint64_t entered_event_id; // StateEntered
    int64_t entered_unix_ms;
    uint32_t retry_count;
    uint32_t attempts_capacity; // Of `attempts`.
    uint32_t *attempts;         // Made so far by each retrier; meaningful when retry_count > 0.

    uint64_t timer_id; // 0: none armed.
    int64_t timer_unix_ms;
    struct strand_task task;
    struct fan_out *fan_out;  // NULL when the state has none, as
    struct map_run *map_run;  // that of a distributed Map.
    struct fan_out *left;     // After an unsuccessful end; see redrive.h,
    struct map_run *left_run; // likewise.
};

struct engine_execution {
    struct arena *arena;
    struct engine_start start;
    enum engine_status status;
    bool is_started;
    bool has_yielded;    // A CONTINUE was asked for and has not come.
    bool needs_deadline; // Something may outlive the type's longest run.
    uint64_t history_mask;
    struct history history;
    uint64_t sequence; // Of task and timer ids.
    int64_t deadline_unix_ms;
    uint64_t deadline_timer_id; // 0: not armed.

    uint32_t redrive_count; // 0: never.
    int64_t redriven_unix_ms;

    struct strand root;
    struct strand *ready; // Stack, through next_ready.
    struct list live;     // The root first.
    struct list free;     // Memory of ended strands, to be used again.
    struct strand **slots;
    uint32_t *free_slots; // Stack of those below slot_count that nobody has.
    uint32_t slot_count;
    uint32_t free_slot_count;
    uint32_t slot_capacity; // Of both arrays.

    struct json context_prefix; // Execution and StateMachine; JSON_NULL until somebody asks.
    size_t variables_bytes;     // Estimate of all variables that live.
    size_t payload_bytes;       // Estimate of all strands' inputs.
    size_t payload_bytes_max;
};

// One call of engine_step().
struct step {
    struct engine_execution *execution;
    struct arena *arena;  // Of the step.
    struct arena *values; // Of the execution.
    int64_t now_unix_ms;
    struct random random;
    struct engine_inspection *inspection; // NULL: none.
    enum status fault; // The first one; the step does nothing more once it is set.
    uint32_t states_entered;
    size_t shown_bytes; // Of the values in its history events: estimates.

    struct engine_history_event *history_events;
    size_t history_event_count, history_event_capacity;
    struct engine_command *commands;
    size_t command_count, command_capacity;

    struct json output;
    struct asl_error error;
};

static inline void step_set_fault(struct step *step, enum status fault)
{
    assert(fault < STATUS_OK);
    if (step->fault == STATUS_OK) step->fault = fault;
}

static inline bool strand_is_root(const struct strand *strand)
{
    return strand->parent == NULL;
}

// The state that a child strand belongs to.
static inline const struct asl_state *strand_outer_state(const struct strand *strand)
{
    assert(strand->parent != NULL && strand->parent->state != NULL);
    return strand->parent->state;
}

static inline bool state_is_distributed_map(const struct asl_state *state)
{
    return state->type == ASL_STATE_MAP && state->map.mode == ASL_MAP_DISTRIBUTED;
}
