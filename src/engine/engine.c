// The step: finds the strand that an event is for, lets it react, then runs whatever is ready until
// everything waits.

#include "engine/engine.h"

#include <string.h>

#include "engine/control.h"
#include "engine/history.h"
#include "engine/redrive.h"
#include "engine/strand.h"

enum {
    EXPRESS_SECONDS_MAX = 5 * 60,
    STANDARD_SECONDS_MAX = 365 * 24 * 3600,
    STEP_EVENTS_MAX = 5000,         // Recorded in one step: more of them wait for the next one.
    STEP_SHOWN_BYTES_MAX = 8 << 20, // Of the values that these events show; likewise.
};

const char *engine_status_name(enum engine_status status)
{
    switch (status) {
    case ENGINE_RUNNING: return "RUNNING";
    case ENGINE_SUCCEEDED: return "SUCCEEDED";
    case ENGINE_FAILED: return "FAILED";
    case ENGINE_TIMED_OUT: return "TIMED_OUT";
    case ENGINE_ABORTED: return "ABORTED";
    }
    return "";
}

int64_t engine_find_deadline(const struct engine_start *start, int64_t since_unix_ms,
                             bool *ret_is_close)
{
    bool is_express = start->machine->type == ASL_MACHINE_EXPRESS || start->inspection != NULL;
    int64_t seconds_max = is_express ? EXPRESS_SECONDS_MAX : STANDARD_SECONDS_MAX;
    int64_t last = start->started_unix_ms + seconds_max * 1000; // Redriven or not.
    uint32_t timeout_seconds = start->machine->timeout_seconds;
    *ret_is_close = is_express || timeout_seconds != 0;
    int64_t deadline = since_unix_ms + (int64_t)timeout_seconds * 1000;
    return timeout_seconds != 0 && deadline < last ? deadline : last;
}

enum status engine_execution_new(struct arena *arena, const struct engine_start *start,
                                 struct engine_execution **ret_execution)
{
    assert(start->machine != NULL && start->machine->scope_count > 0);
    struct engine_execution *execution = ARENA_NEW(arena, struct engine_execution);
    struct strand **slots = arena_alloc_array(arena, 1, sizeof(struct strand *));
    if (execution == NULL || slots == NULL) return STATUS_NO_MEMORY;
    execution->arena = arena;
    execution->start = *start;
    execution->status = ENGINE_RUNNING;
    execution->history_mask = start->history_mask;
    execution->history.is_limited = start->machine->type == ASL_MACHINE_STANDARD;
    execution->deadline_unix_ms =
        engine_find_deadline(start, start->started_unix_ms, &execution->needs_deadline);
    list_init(&execution->live);
    list_init(&execution->free);
    execution->slots = slots;
    execution->slot_capacity = 1;
    execution->slot_count = 1;
    slots[0] = &execution->root;
    strand_init(execution, &execution->root, NULL, start->machine->scopes[0].start_state);
    if (start->inspection != NULL && json_is_object(&start->inspection->variables)) {
        struct asl_variables *variables = ARENA_NEW(arena, struct asl_variables);
        if (variables == NULL) return STATUS_NO_MEMORY;
        *variables = (struct asl_variables){.values = start->inspection->variables};
        execution->root.variables = variables;
    }
    *ret_execution = execution;
    return STATUS_OK;
}

struct arena *engine_execution_arena(const struct engine_execution *execution)
{
    return execution->arena;
}

enum engine_status engine_execution_status(const struct engine_execution *execution)
{
    return execution->status;
}

uint64_t engine_execution_history_count(const struct engine_execution *execution)
{
    return execution->history.count;
}

size_t engine_execution_payload_bytes_max(const struct engine_execution *execution)
{
    return execution->payload_bytes_max;
}

// ---------------------------------------------------------------------------------------------
// Events

static enum status on_start(struct step *step)
{
    struct engine_execution *execution = step->execution;
    const struct engine_start *start = &execution->start;
    if (execution->is_started) return STATUS_NOT_FOUND;
    assert(execution->history.count == 0 && execution->ready == NULL);
    execution->is_started = true;
    struct payload input = payload_of_text(start->input, start->input_text.size);
    input.is_within_limit = true; // Whoever took the start saw to that.
    strand_set_input(execution, &execution->root, input);
    struct engine_history_event *event = history_add(step, ENGINE_HISTORY_EXECUTION_STARTED, 0);
    if (event != NULL) {
        event->input_text = start->input_text;
        event->role_arn = start->role_arn;
        event->version_arn = start->version_arn;
        event->alias_arn = start->alias_arn;
    }
    strand_make_ready(execution, &execution->root, STRAND_ENTERS);
    return STATUS_OK;
}

static void add_last_event(struct step *step, enum engine_history_event_type type,
                           const struct asl_error *error)
{
    // Neither follows from anything that happened within.
    struct engine_history_event *event = history_add(step, type, 0);
    if (event == NULL) return;
    event->error = error->name;
    event->cause = error->cause;
}

// engine_stop_execution: RUNNING -> ABORTED.
static enum status on_stop(struct step *step, const struct engine_event *event)
{
    add_last_event(step, ENGINE_HISTORY_EXECUTION_ABORTED, &event->error);
    engine_finish(step, ENGINE_ABORTED, &event->error);
    return STATUS_OK;
}

static void time_out(struct step *step)
{
    struct asl_error error = {.name = ASL_ERROR_TIMEOUT};
    add_last_event(step, ENGINE_HISTORY_EXECUTION_TIMED_OUT, &error);
    engine_finish(step, ENGINE_TIMED_OUT, NULL);
}

static enum status on_task(struct step *step, const struct engine_event *event)
{
    struct strand *strand = strand_find_by_task(step->execution, event->task_id);
    if (strand == NULL) return STATUS_NOT_FOUND;
    if (strand->task.has_early_result && event->type != ENGINE_EVENT_TASK_SUBMITTED) {
        return STATUS_NOT_FOUND; // It has its answer.
    }
    if (strand->wait != STRAND_WAITS_FOR_TASK) return STATUS_NOT_FOUND; // A Map run's.
    assert(strand->state->type == ASL_STATE_TASK);
    assert(strand->fan_out == NULL && strand->entered_event_id != 0);
    const struct asl_resource *resource = &strand->state->task.resource;
    switch (event->type) {
    case ENGINE_EVENT_TASK_SUBMITTED:
        if (!task_has_submission(resource) || strand->task.is_submitted) return STATUS_NOT_FOUND;
        task_on_submitted(step, strand, event);
        return STATUS_OK;
    case ENGINE_EVENT_TASK_STARTED:
        if (resource->kind != ASL_RESOURCE_ACTIVITY || strand->task.is_submitted) {
            return STATUS_NOT_FOUND;
        }
        task_on_started(step, strand, event);
        return STATUS_OK;
    case ENGINE_EVENT_TASK_SUCCEEDED: task_on_succeeded(step, strand, event); return STATUS_OK;
    case ENGINE_EVENT_TASK_FAILED: task_on_failed(step, strand, event); return STATUS_OK;
    case ENGINE_EVENT_TASK_HEARTBEAT: task_on_heartbeat(step, strand); return STATUS_OK;
    case ENGINE_EVENT_START:
    case ENGINE_EVENT_MAP_RUN_ENDED:
    case ENGINE_EVENT_TIMER_FIRED:
    case ENGINE_EVENT_STOP:
    case ENGINE_EVENT_REDRIVE:
    case ENGINE_EVENT_CONTINUE: break;
    }
    return STATUS_NOT_FOUND;
}

static enum status on_map_run(struct step *step, const struct engine_event *event)
{
    struct strand *strand = strand_find_by_task(step->execution, event->task_id);
    if (strand == NULL || strand->wait != STRAND_WAITS_FOR_MAP_RUN) return STATUS_NOT_FOUND;
    map_end_run(step, strand, event);
    return STATUS_OK;
}

static void on_strand_timer(struct step *step, struct strand *strand)
{
    switch (strand->wait) {
    case STRAND_WAITS_FOR_TASK: task_on_timer(step, strand); break;
    case STRAND_WAITS_FOR_TIME: state_end_wait(step, strand); break;
    case STRAND_WAITS_FOR_RETRY: state_perform(step, strand); break;
    case STRAND_WAITS_FOR_CHILDREN:
    case STRAND_WAITS_FOR_MAP_RUN:
    case STRAND_RUNS:
    case STRAND_IS_READY:
    case STRAND_IS_FREE: assert(false && "a strand that waits for no timer has one"); break;
    }
}

// engine_on_timer: RUNNING -> TIMED_OUT when it was the machine's own.
static enum status on_timer(struct step *step, const struct engine_event *event, bool is_too_late)
{
    struct engine_execution *execution = step->execution;
    bool is_deadline = event->timer_id != 0 && event->timer_id == execution->deadline_timer_id;
    struct strand *strand = strand_find_by_timer(execution, event->timer_id);
    if (strand == NULL && !is_deadline) return STATUS_NOT_FOUND;
    if (strand != NULL) strand->timer_id = 0; // It has fired: nobody need cancel it.
    if (is_deadline) execution->deadline_timer_id = 0;
    if (is_deadline || is_too_late) {
        time_out(step);
    } else {
        on_strand_timer(step, strand);
    }
    return STATUS_OK;
}

static enum status dispatch(struct step *step, const struct engine_event *event)
{
    struct engine_execution *execution = step->execution;
    if (event->type == ENGINE_EVENT_REDRIVE) return engine_redrive_execution(step, event);
    if (execution->status != ENGINE_RUNNING) return STATUS_NOT_FOUND;
    bool is_too_late = execution->is_started && step->now_unix_ms >= execution->deadline_unix_ms;
    if (is_too_late && event->type != ENGINE_EVENT_STOP &&
        event->type != ENGINE_EVENT_TIMER_FIRED) {
        time_out(step);
        return STATUS_OK;
    }
    switch (event->type) {
    case ENGINE_EVENT_START: return on_start(step);
    case ENGINE_EVENT_TASK_SUBMITTED:
    case ENGINE_EVENT_TASK_STARTED:
    case ENGINE_EVENT_TASK_SUCCEEDED:
    case ENGINE_EVENT_TASK_FAILED:
    case ENGINE_EVENT_TASK_HEARTBEAT: return on_task(step, event);
    case ENGINE_EVENT_MAP_RUN_ENDED: return on_map_run(step, event);
    case ENGINE_EVENT_TIMER_FIRED: return on_timer(step, event, is_too_late);
    case ENGINE_EVENT_STOP: return on_stop(step, event);
    case ENGINE_EVENT_REDRIVE: break;
    case ENGINE_EVENT_CONTINUE:
        if (!execution->has_yielded) return STATUS_NOT_FOUND;
        execution->has_yielded = false;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

// ---------------------------------------------------------------------------------------------
// Running

// No room for the next event: the execution fails, whatever it was doing.
static void fail_full(struct step *step)
{
    if (!step->execution->history.is_full) return;
    struct asl_error error = {
        .name = ASL_ERROR_RUNTIME,
        .cause = STR("The execution reached the maximum number of history events (25000)."),
    };
    engine_fail_execution(step, &error);
}

static void run_strand(struct step *step, struct strand *strand)
{
    switch (strand->action) {
    case STRAND_ENTERS: state_enter(step, strand); break;
    case STRAND_SPREADS: fan_out_spread(step, strand); break;
    case STRAND_JOINS: fan_out_join(step, strand); break;
    case STRAND_RESUMES: state_resume(step, strand); break;
    }
}

static bool has_room(const struct step *step)
{
    return step->states_entered < ENGINE_STEP_STATES_MAX &&
           step->shown_bytes < STEP_SHOWN_BYTES_MAX && step->history_event_count < STEP_EVENTS_MAX;
}

static bool goes_on(const struct step *step)
{
    return step->fault == STATUS_OK && step->execution->status == ENGINE_RUNNING;
}

static void run(struct step *step)
{
    struct engine_execution *execution = step->execution;
    if (goes_on(step)) fail_full(step);
    while (goes_on(step) && execution->ready != NULL && has_room(step)) {
        struct strand *strand = strand_take_ready(execution);
        assert(strand->task.id == 0 && strand->timer_id == 0);
        run_strand(step, strand);
        if (goes_on(step)) fail_full(step);
    }
}

// What a step that leaves the execution running has to ask for.
static void ask_for_more(struct step *step)
{
    struct engine_execution *execution = step->execution;
    assert(execution->is_started && execution->status == ENGINE_RUNNING);
    if (execution->ready != NULL && !execution->has_yielded) {
        step_add_command(step, ENGINE_COMMAND_CONTINUE);
        execution->has_yielded = true;
    }
    if (!execution->needs_deadline || execution->deadline_timer_id != 0) return;
    struct engine_command *command = step_add_command(step, ENGINE_COMMAND_ARM_TIMER);
    if (command == NULL) return;
    execution->deadline_timer_id = strand_new_id(execution, NULL);
    command->timer_id = execution->deadline_timer_id;
    command->at_unix_ms = execution->deadline_unix_ms;
}

enum status engine_step(struct engine_execution *execution, const struct engine_event *event,
                        struct arena *step_arena, struct engine_update *ret_update)
{
    assert(step_arena != execution->arena);
    struct step step = {
        .execution = execution,
        .arena = step_arena,
        .values = execution->arena,
        .now_unix_ms = event->now_unix_ms,
        .inspection = execution->start.inspection,
    };
    random_init_seed(&step.random, event->random_seed);
    enum status status = dispatch(&step, event);
    if (status != STATUS_OK) {
        assert(step.history_event_count == 0 && step.command_count == 0);
        return status;
    }
    run(&step);
    if (goes_on(&step)) ask_for_more(&step);
    if (step.fault != STATUS_OK) return step.fault;
    assert(execution->status == ENGINE_RUNNING || execution->ready == NULL);
    *ret_update = (struct engine_update){
        .status = execution->status,
        .history_events = step.history_events,
        .history_event_count = step.history_event_count,
        .commands = step.commands,
        .command_count = step.command_count,
        .output = step.output,
        .error = step.error,
        .stopped_unix_ms = execution->status == ENGINE_RUNNING ? 0 : step.now_unix_ms,
    };
    return STATUS_OK;
}
