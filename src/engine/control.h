// Control flow: entering, leaving and failing states; ending strands and the execution. Private to
// the folder.
//
// Who calls whom: engine.c hands an event to the strand that waits for it and then runs whatever is
// ready; that enters states; a state's file does the work of its type and comes back here to exit
// or to fail.

#pragma once

#include "engine/data_flow.h"
#include "engine/execution.h"

// ---- states.c: by type

void state_enter(struct step *step, struct strand *strand);

// Do the work of a state that was entered, once more.
void state_resume(struct step *step, struct strand *strand);

// Do the work of a Task, Parallel or Map state, for the first time or again.
void state_perform(struct step *step, struct strand *strand);

// The work of the state is done.
void state_complete(struct step *step, struct strand *strand, const struct payload *result);

// A Wait state's time has come.
void state_end_wait(struct step *step, struct strand *strand);

// ---- task.c

void task_perform(struct step *step, struct strand *strand);
void task_on_submitted(struct step *step, struct strand *strand, const struct engine_event *event);
void task_on_started(struct step *step, struct strand *strand, const struct engine_event *event);
void task_on_succeeded(struct step *step, struct strand *strand, const struct engine_event *event);
void task_on_failed(struct step *step, struct strand *strand, const struct engine_event *event);
void task_on_heartbeat(struct step *step, struct strand *strand);
void task_on_timer(struct step *step, struct strand *strand);

// Does the task's service first say that it took the task on?
bool task_has_submission(const struct asl_resource *resource);

// ---- fan_out.c, map.c, map_run.c

void parallel_perform(struct step *step, struct strand *strand);
void map_perform(struct step *step, struct strand *strand);

// Make the strand the parent of `count` children to come.
struct fan_out *fan_out_new(struct step *step, struct strand *strand, uint32_t count);

// Start the next child, if there is one and a place for it.
void fan_out_spread(struct step *step, struct strand *strand);

// All children have ended.
void fan_out_join(struct step *step, struct strand *strand);

// A child ended well. It is freed.
void fan_out_child_succeeded(struct step *step, struct strand *child, const struct payload *output);

// A child failed, and its parent's state fails with it. It is freed.
void fan_out_child_failed(struct step *step, struct strand *child);

// Make the child of a Map for item `index`. NULL when that failed the state or was a fault.
struct strand *map_start_iteration(struct step *step, struct strand *strand, uint32_t index);

// The array to iterate over. `effective` is the effective input.
MUST_USE enum status map_find_items(struct flow *flow, const struct payload *effective,
                                    struct payload *ret_items, struct asl_error *reterr_error);

// What the state says of its failures; below 0: nothing.
struct map_tolerance {
    int64_t count;
    double percentage;
};
MUST_USE enum status map_find_tolerance(struct flow *flow, const struct payload *effective,
                                        struct map_tolerance *ret_tolerance,
                                        struct asl_error *reterr_error);

// Begin the run of a distributed Map.
//
//   items   JSON_NULL when they are to be read
void map_begin_run(struct flow *flow, const struct payload *effective, const struct json *items,
                   uint32_t max_concurrency);

// Have the Map run that ended without success try its unsuccessful children again.
void map_redrive_run(struct step *step, struct strand *strand);

void map_end_run(struct step *step, struct strand *strand, const struct engine_event *event);

// ---- transition.c

// Leave the state for `next_state`; ASL_STATE_NONE ends the strand.
void strand_exit_state(struct step *step, struct strand *strand, uint32_t next_state,
                       const struct outcome *outcome);

// End the execution, and everything that still runs in it.
//
//   RUNNING -> SUCCEEDED  engine_end_execution
//   RUNNING -> FAILED     engine_fail_execution
void engine_end_execution(struct step *step, struct strand *strand, const struct payload *output);
void engine_fail_execution(struct step *step, const struct asl_error *error);
void engine_finish(struct step *step, enum engine_status status, const struct asl_error *error);

// ---- failure.c

// The strand's state failed and the event that says so is the strand's last: retry, catch, or fail
// what is around.
void strand_fail(struct step *step, struct strand *strand, const struct asl_error *error);

// The same with an error that Retry and Catch may also know as `alias`.
void strand_fail_as(struct step *step, struct strand *strand, const struct asl_error *error,
                    struct str alias);

// What came of a flow_* function that did not return STATUS_OK: a fault of the step, or the
// failure of the state. EvaluationFailed is recorded for a JSONata error.
void strand_reject(struct step *step, struct strand *strand, enum status status,
                   const struct asl_error *error);

// Record EvaluationFailed following `previous_event_id`, then fail.
void strand_reject_after(struct step *step, struct strand *strand, const struct asl_error *error,
                         uint64_t previous_event_id);
