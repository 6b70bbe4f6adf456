// Names and masks come from the table of types; the rest is which event follows which.

#include "engine/history.h"

#include <string.h>

const uint64_t engine_history_error_mask = 0
#define X(name, text, details, is_error, is_fatal)                                                 \
    | ((is_error) ? ENGINE_HISTORY_BIT(ENGINE_HISTORY_##name) : 0)
#include "engine/history_event_type.def"
#undef X
    ;

const uint64_t engine_history_fatal_mask = 0
#define X(name, text, details, is_error, is_fatal)                                                 \
    | ((is_fatal) ? ENGINE_HISTORY_BIT(ENGINE_HISTORY_##name) : 0)
#include "engine/history_event_type.def"
#undef X
    ;

// Events that end an execution always find room.
static const uint64_t last_event_mask = ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_SUCCEEDED) |
                                        ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_FAILED) |
                                        ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_TIMED_OUT) |
                                        ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_ABORTED);

#define NO_EVENT ENGINE_HISTORY_EVENT_TYPE_COUNT

// By enum asl_state_type.
static const struct {
    enum engine_history_event_type entered, exited, aborted;
} state_events[] = {
    [ASL_STATE_TASK] = {ENGINE_HISTORY_TASK_STATE_ENTERED, ENGINE_HISTORY_TASK_STATE_EXITED,
                        ENGINE_HISTORY_TASK_STATE_ABORTED},
    [ASL_STATE_PASS] = {ENGINE_HISTORY_PASS_STATE_ENTERED, ENGINE_HISTORY_PASS_STATE_EXITED,
                        NO_EVENT},
    [ASL_STATE_CHOICE] = {ENGINE_HISTORY_CHOICE_STATE_ENTERED, ENGINE_HISTORY_CHOICE_STATE_EXITED,
                          NO_EVENT},
    [ASL_STATE_WAIT] = {ENGINE_HISTORY_WAIT_STATE_ENTERED, ENGINE_HISTORY_WAIT_STATE_EXITED,
                        ENGINE_HISTORY_WAIT_STATE_ABORTED},
    [ASL_STATE_SUCCEED] = {ENGINE_HISTORY_SUCCEED_STATE_ENTERED,
                           ENGINE_HISTORY_SUCCEED_STATE_EXITED, NO_EVENT},
    [ASL_STATE_FAIL] = {ENGINE_HISTORY_FAIL_STATE_ENTERED, NO_EVENT, NO_EVENT},
    [ASL_STATE_PARALLEL] = {ENGINE_HISTORY_PARALLEL_STATE_ENTERED,
                            ENGINE_HISTORY_PARALLEL_STATE_EXITED,
                            ENGINE_HISTORY_PARALLEL_STATE_ABORTED},
    [ASL_STATE_MAP] = {ENGINE_HISTORY_MAP_STATE_ENTERED, ENGINE_HISTORY_MAP_STATE_EXITED,
                       ENGINE_HISTORY_MAP_STATE_ABORTED},
};

static const char *const type_names[] = {
#define X(name, text, details, is_error, is_fatal) text,
#include "engine/history_event_type.def"
#undef X
};

const char *engine_history_event_type_name(enum engine_history_event_type type)
{
    assert(type < ENGINE_HISTORY_EVENT_TYPE_COUNT);
    return type_names[type];
}

bool engine_history_event_type_find(struct str name, enum engine_history_event_type *ret_type)
{
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
        if (!str_is(name, type_names[i])) continue;
        *ret_type = (enum engine_history_event_type)i;
        return true;
    }
    return false;
}

static struct engine_history_event *grow(struct step *step)
{
    size_t capacity = step->history_event_capacity == 0 ? 8 : step->history_event_capacity * 2;
    struct engine_history_event *events = arena_alloc_array(step->arena, capacity, sizeof(*events));
    if (events == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return NULL;
    }
    if (step->history_event_count > 0) {
        memcpy(events, step->history_events, step->history_event_count * sizeof(*events));
    }
    step->history_events = events;
    step->history_event_capacity = capacity;
    return events;
}

struct engine_history_event *history_add(struct step *step, enum engine_history_event_type type,
                                         uint64_t previous_event_id)
{
    struct history *history = &step->execution->history;
    uint64_t bit = ENGINE_HISTORY_BIT(type);
    if (history->is_limited && history->count + 1 >= ENGINE_HISTORY_EVENTS_MAX &&
        (bit & last_event_mask) == 0) {
        history->is_full = true;
        return NULL;
    }
    assert(previous_event_id <= history->count);
    history->count++;
    if ((step->execution->history_mask & bit) == 0) return NULL;
    if (step->history_event_count == step->history_event_capacity && grow(step) == NULL) {
        return NULL;
    }
    struct engine_history_event *event = &step->history_events[step->history_event_count++];
    *event = (struct engine_history_event){
        .type = type,
        .id = history->count,
        .previous_event_id = previous_event_id,
        .unix_ms = step->now_unix_ms,
        .length = -1,
        .index = -1,
        .redrive_count = step->execution->redrive_count,
    };
    return event;
}

const struct json *history_value(struct step *step, struct json value)
{
    const struct json *place = json_new(step->arena, value);
    if (place == NULL) step_set_fault(step, STATUS_NO_MEMORY);
    return place;
}

struct engine_history_event *history_add_next(struct step *step, struct strand *strand,
                                              enum engine_history_event_type type)
{
    struct engine_history_event *event = history_add(step, type, strand->last_event_id);
    strand->last_event_id = history_last_id(step);
    return event;
}

void history_add_entered(struct step *step, struct strand *strand)
{
    assert(strand->entered_event_id == 0);
    strand->before_event_id = strand->last_event_id;
    struct engine_history_event *event =
        history_add_next(step, strand, state_events[strand->state->type].entered);
    strand->entered_event_id = strand->last_event_id;
    if (event == NULL) return;
    event->name = strand->state->name;
    event->input = history_value(step, strand->input.value);
}

void history_add_exited(struct step *step, struct strand *strand, const struct json *output,
                        const struct json *assigned)
{
    assert(strand->state->type != ASL_STATE_FAIL);
    struct engine_history_event *event =
        history_add_next(step, strand, state_events[strand->state->type].exited);
    if (event == NULL) return;
    event->name = strand->state->name;
    event->output = history_value(step, *output);
    if (assigned != NULL) event->assigned_variables = history_value(step, *assigned);
}

void history_add_aborted(struct step *step, struct strand *strand, uint64_t cause_event_id)
{
    enum engine_history_event_type type = state_events[strand->state->type].aborted;
    if (type == NO_EVENT) return;
    if (strand->map_run != NULL) {
        history_add(step, ENGINE_HISTORY_MAP_RUN_ABORTED, cause_event_id);
    }
    history_add(step, type, cause_event_id);
}

void history_add_iteration(struct step *step, struct strand *strand,
                           enum engine_history_event_type type, uint64_t previous_event_id)
{
    struct engine_history_event *event = history_add(step, type, previous_event_id);
    assert(strand_outer_state(strand)->type == ASL_STATE_MAP);
    if (event == NULL) return;
    event->name = strand_outer_state(strand)->name;
    event->index = strand->index;
}

void history_add_evaluation_failed(struct step *step, struct strand *strand,
                                   const struct asl_error *error, uint64_t previous_event_id)
{
    struct engine_history_event *event =
        history_add(step, ENGINE_HISTORY_EVALUATION_FAILED, previous_event_id);
    strand->last_event_id = history_last_id(step);
    if (event == NULL) return;
    event->error = error->name;
    event->cause = error->cause;
    event->location = error->location;
    event->state = strand->state->name;
}
