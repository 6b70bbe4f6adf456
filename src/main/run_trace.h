// What `galop run` tells of an execution: the trace while it runs, the history, and after a failure
// where it happened and with what data.
//
// It sees history events only. Events point back to the one that they follow, so the state that an
// event belongs to is found by walking back.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/str.h"
#include "engine/engine.h"
#include "main/run_definition.h"

// What is kept of an event.
struct run_event {
    enum engine_history_event_type type;
    uint64_t previous;
    int64_t unix_ms;
    struct str name; // Of the state that was entered, or whose evaluation failed.
    struct str data; // Entered: the input. Scheduled: what the task was given. Both are
    // shortened. Evaluation failed: the location.
    size_t data_size;  // In full.
    uint32_t attempts; // Of an entered state: tasks scheduled so far.
    bool is_left;      // Of an entered state.
};

struct run_trace {
    const struct asl_machine *machine;
    const struct run_definition *definition; // For the lines of states.
    const char *file;                        // The definition's, for messages.
    bool is_traced;
    bool has_colors;
    bool wants_history;
    int64_t started_unix_ms;
    struct arena arena;       // Texts of kept events.
    struct run_event *events; // By id - 1.
    size_t event_count;
    size_t event_capacity;
    struct buffer history; // {"events":[…]}, without the end.
    struct buffer line;    // Being put together.
};

void run_trace_init(struct run_trace *trace, const struct asl_machine *machine);

// Tell of one update.
void run_trace_update(struct run_trace *trace, const struct engine_update *update);

// Explain on stderr why an execution that has ended did not succeed (run_report.c).
void run_trace_explain(struct run_trace *trace, const struct engine_update *update);

// The event with that id; NULL when it was not kept.
struct run_event *run_trace_find(const struct run_trace *trace, uint64_t id);

// The state that was entered last on the way to the event `id`; NULL when there is none. With
// `name`, the one of that name that has not been left.
struct run_event *run_trace_find_entered(const struct run_trace *trace, uint64_t id,
                                         struct str name);

bool run_event_is_entered(enum engine_history_event_type type);
bool run_event_is_scheduled(enum engine_history_event_type type);

// The history as GetExecutionHistory gives it, to stdout. Returns false when it was too large.
MUST_USE bool run_trace_print_history(struct run_trace *trace);

void run_trace_release(struct run_trace *trace);
