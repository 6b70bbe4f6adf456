// From one state to the next, and to the end.

#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/strand.h"
#include "engine/variables.h"

static bool can_move(enum engine_status from, enum engine_status to)
{
    return from == ENGINE_RUNNING && to != ENGINE_RUNNING;
}

void strand_exit_state(struct step *step, struct strand *strand, uint32_t next_state,
                       const struct outcome *outcome)
{
    assert(strand->task.id == 0 && strand->timer_id == 0 && strand->fan_out == NULL);
    const struct json *assigned = json_is_null(&outcome->assigned) ? NULL : &outcome->assigned;
    history_add_exited(step, strand, &outcome->output.value, assigned);
    step->shown_bytes += outcome->output.size_bytes;
    if (assigned != NULL) step->shown_bytes += payload_of(*assigned).size_bytes;
    if (step->execution->history.is_full)
        return; // What happens then is decided when the strand stops.
    variables_assign(step, strand, &outcome->assigned);
    if (step->inspection != NULL) {
        inspect_exit(step, strand, next_state);
        next_state = ASL_STATE_NONE;
    }
    strand->entered_event_id = 0;
    strand->retry_count = 0;
    strand->left_run = NULL;
    strand->task.token = (struct str){0}; // The next state's context object has none.
    if (next_state != ASL_STATE_NONE) {
        strand->state = &step->execution->start.machine->states[next_state];
        strand_set_input(step->execution, strand, outcome->output);
        strand_make_ready(step->execution, strand, STRAND_ENTERS);
    } else if (strand_is_root(strand)) {
        engine_end_execution(step, strand, &outcome->output);
    } else {
        fan_out_child_succeeded(step, strand, &outcome->output);
    }
}

void engine_finish(struct step *step, enum engine_status status, const struct asl_error *error)
{
    struct engine_execution *execution = step->execution;
    assert(step->output.type == JSON_NULL || status == ENGINE_SUCCEEDED);
    assert(can_move(execution->status, status));
    strand_abort_children(step, &execution->root, false, 0);
    strand_cancel(step, &execution->root);
    if (execution->root.fan_out != NULL) execution->root.left = execution->root.fan_out;
    execution->root.fan_out = NULL;
    execution->ready = NULL;
    if (execution->deadline_timer_id != 0) {
        struct engine_command *command = step_add_command(step, ENGINE_COMMAND_CANCEL_TIMER);
        if (command != NULL) command->timer_id = execution->deadline_timer_id;
        execution->deadline_timer_id = 0;
    }
    assert(execution->live.next == execution->live.previous); // Only the root is left.
    execution->status = status;
    if (error != NULL) step->error = *error;
}

void engine_end_execution(struct step *step, struct strand *strand, const struct payload *output)
{
    assert(strand_is_root(strand));
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_EXECUTION_SUCCEEDED);
    if (event != NULL) event->output = history_value(step, output->value);
    step->output = output->value;
    engine_finish(step, ENGINE_SUCCEEDED, NULL);
}

void engine_fail_execution(struct step *step, const struct asl_error *error)
{
    struct engine_history_event *event =
        history_add_next(step, &step->execution->root, ENGINE_HISTORY_EXECUTION_FAILED);
    if (event != NULL) {
        event->error = error->name;
        event->cause = error->cause;
    }
    engine_finish(step, ENGINE_FAILED, error);
}
