// Strands: birth, death, the ready stack, and the ids that lead back to them. Private to the
// folder.

#pragma once

#include "engine/execution.h"

// Make `strand` that of the machine itself or, with a parent, of one of its children; ready to
// enter `start_state`.
void strand_init(struct engine_execution *execution, struct strand *strand, struct strand *parent,
                 uint32_t start_state);

// A child of `parent`. NULL when the arena is exhausted; the step then has a fault.
struct strand *strand_new_child(struct step *step, struct strand *parent, uint32_t start_state);

// Take a child out of its parent. What it still waits for must have been cancelled.
void strand_free(struct engine_execution *execution, struct strand *strand);

// Put on top of the ready stack; nothing to do when it stands there already.
void strand_make_ready(struct engine_execution *execution, struct strand *strand,
                       enum strand_action action);

// Take off the ready stack, if it stands there: what it was to do is overtaken by events.
void strand_unready(struct engine_execution *execution, struct strand *strand);

// The top of the ready stack, taken off. There must be one.
struct strand *strand_take_ready(struct engine_execution *execution);

// A fresh id that leads back to `strand`.
uint64_t strand_new_id(struct engine_execution *execution, const struct strand *strand);

// The strand that waits for the task or the timer; NULL when nobody does.
struct strand *strand_find_by_task(const struct engine_execution *execution, uint64_t task_id);
struct strand *strand_find_by_timer(const struct engine_execution *execution, uint64_t timer_id);

// Set the raw input of the state to come, and keep account of it.
void strand_set_input(struct engine_execution *execution, struct strand *strand,
                      struct payload input);

// Arm the strand's timer, instead of one that may be armed.
void strand_arm_timer(struct step *step, struct strand *strand, int64_t at_unix_ms);

// Cancel what the strand waits for outside: its timer and its task.
void strand_cancel_timer(struct step *step, struct strand *strand);
void strand_cancel(struct step *step, struct strand *strand);

// End all strands below `strand`, the deepest first.
//
//   is_recorded   with events that follow `cause_event_id`
void strand_abort_children(struct step *step, struct strand *strand, bool is_recorded,
                           uint64_t cause_event_id);

// One more command of this step, zeroed; NULL when the arena is exhausted.
struct engine_command *step_add_command(struct step *step, enum engine_command_type type);
