// Recording: history events of a step. Private to the folder.
//
// Events are counted always and made only when their type is in the mask. Which event an event
// follows is decided here, as the service was seen to do it.

#pragma once

#include "engine/execution.h"

// Count an event that follows `previous_event_id` and, if it is asked for, make it. NULL when it is
// not, when the history is full, and on a fault.
struct engine_history_event *history_add(struct step *step, enum engine_history_event_type type,
                                         uint64_t previous_event_id);

// Id of the last event.
static inline uint64_t history_last_id(const struct step *step)
{
    return step->execution->history.count;
}

// A place in the step's arena for a value that an event shows; NULL on a fault.
const struct json *history_value(struct step *step, struct json value);

// An event of the strand that follows its last one and becomes its last one.
struct engine_history_event *history_add_next(struct step *step, struct strand *strand,
                                              enum engine_history_event_type type);

void history_add_entered(struct step *step, struct strand *strand);

// `assigned` is a JSON_OBJECT, or NULL when nothing was assigned.
void history_add_exited(struct step *step, struct strand *strand, const struct json *output,
                        const struct json *assigned);

// The state of `strand` was aborted; nothing for types that have no such event.
void history_add_aborted(struct step *step, struct strand *strand, uint64_t cause_event_id);

// MapIteration* of a strand that is an iteration. Does not become the strand's last event.
void history_add_iteration(struct step *step, struct strand *strand,
                           enum engine_history_event_type type, uint64_t previous_event_id);

// EvaluationFailed, following `previous_event_id`; becomes the strand's last event.
void history_add_evaluation_failed(struct step *step, struct strand *strand,
                                   const struct asl_error *error, uint64_t previous_event_id);
