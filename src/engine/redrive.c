// Source: AWS Step Functions Developer Guide, "Restarting state machine executions with redrive":
// "Step Functions preserves the results and execution history of the successful steps, which are
// not rerun when you redrive an execution."

#include "engine/redrive.h"

#include "engine/control.h"
#include "engine/history.h"
#include "engine/strand.h"

void redrive_keep_child(struct step *step, struct strand *child)
{
    if (!step->execution->start.can_redrive) return;
    struct strand *copy = ARENA_NEW(step->values, struct strand);
    if (copy == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    *copy = *child;
    if (copy->fan_out != NULL) copy->left = copy->fan_out;
    copy->fan_out = NULL;
    if (copy->map_run != NULL) copy->left_run = copy->map_run;
    copy->map_run = NULL;
    struct strand **link = &child->parent->fan_out->remains;
    while (*link != NULL && (*link)->index < copy->index)
        link = &(*link)->next_ready;
    copy->next_ready = *link;
    *link = copy;
}

void redrive_keep_fan_out(struct step *step, struct strand *strand, struct fan_out *fan_out,
                          bool is_own, const struct asl_error *error)
{
    bool is_whole = is_own || str_equal(error->name, ASL_ERROR_DATA_LIMIT);
    strand->left = step->execution->start.can_redrive && !is_whole ? fan_out : NULL;
}

void redrive_keep_map_run(struct step *step, struct strand *strand, struct map_run *map_run,
                          const struct asl_error *error)
{
    bool may_go_on = str_equal(error->name, ASL_ERROR_EXCEED_TOLERATED);
    strand->left_run = step->execution->start.can_redrive && may_go_on ? map_run : NULL;
}

// ---------------------------------------------------------------------------------------------
// Going on

static struct strand *revive_child(struct step *step, struct strand *parent,
                                   const struct strand *remains)
{
    struct strand *child = strand_new_child(step, parent, remains->state->index);
    if (child == NULL) return NULL;
    child->index = remains->index;
    child->item = remains->item;
    child->variables = remains->variables;
    child->variables_bytes = remains->variables_bytes;
    step->execution->variables_bytes += remains->variables_bytes;
    child->entered_event_id = remains->entered_event_id;
    child->before_event_id = remains->before_event_id;
    child->entered_unix_ms = remains->entered_unix_ms;
    child->left = remains->left;
    child->left_run = remains->left_run;
    strand_set_input(step->execution, child, remains->input);
    return child;
}

static void revive_fan_out(struct step *step, struct strand *strand)
{
    struct fan_out *fan_out = strand->left;
    assert(fan_out->running == 0 && list_is_empty(&fan_out->children));
    strand->fan_out = fan_out;
    strand->left = NULL;
    // Those that had been started fit into the limit of concurrency then, and do so now.
    struct strand *remains = fan_out->remains;
    fan_out->remains = NULL;
    for (; remains != NULL; remains = remains->next_ready) {
        if (revive_child(step, strand, remains) == NULL) return;
    }
    fan_out->slot_event_id = strand->last_event_id;
}

// What a strand does next.
static void set_going(struct step *step, struct strand *strand)
{
    struct engine_execution *execution = step->execution;
    const struct fan_out *fan_out = strand->fan_out;
    strand->wait = STRAND_RUNS;
    if (fan_out != NULL && fan_out->running > 0) {
        strand->wait = STRAND_WAITS_FOR_CHILDREN;
        if (fan_out->next_index < fan_out->count) {
            strand_make_ready(execution, strand, STRAND_SPREADS);
        }
    } else if (strand->left_run != NULL) {
        map_redrive_run(step, strand);
    } else if (fan_out != NULL) {
        bool is_done = fan_out->next_index == fan_out->count;
        strand_make_ready(execution, strand, is_done ? STRAND_JOINS : STRAND_SPREADS);
    } else if (strand->entered_event_id == 0 || strand->state->type == ASL_STATE_FAIL) {
        strand->entered_event_id = 0;
        strand_make_ready(execution, strand, STRAND_ENTERS);
    } else {
        strand_make_ready(execution, strand, STRAND_RESUMES);
    }
}

static void revive(struct step *step)
{
    struct engine_execution *execution = step->execution;
    // Children stand behind their parents in the list and are appended on the way.
    for (struct list *link = execution->live.next; link != &execution->live; link = link->next) {
        struct strand *strand = LIST_ITEM(link, struct strand, live);
        strand->last_event_id = execution->history.count;
        strand->retry_count = 0;
        strand->task = (struct strand_task){0};
        if (strand->left != NULL) revive_fan_out(step, strand);
        if (step->fault != STATUS_OK) return;
    }
    // The first one comes to stand on top of the ready stack.
    for (struct list *link = execution->live.previous; link != &execution->live;
         link = link->previous)
        set_going(step, LIST_ITEM(link, struct strand, live));
}

enum status engine_redrive_execution(struct step *step, const struct engine_event *event)
{
    struct engine_execution *execution = step->execution;
    const struct engine_start *start = &execution->start;
    bool is_unsuccessful = execution->status == ENGINE_FAILED ||
                           execution->status == ENGINE_TIMED_OUT ||
                           execution->status == ENGINE_ABORTED;
    if (!is_unsuccessful || !execution->is_started || !start->can_redrive) return STATUS_NOT_FOUND;
    if (start->machine->type != ASL_MACHINE_STANDARD) return STATUS_NOT_FOUND;
    assert(execution->ready == NULL && execution->deadline_timer_id == 0);
    execution->status = ENGINE_RUNNING;
    execution->has_yielded = false;
    execution->redrive_count = event->redrive_count;
    execution->redriven_unix_ms = step->now_unix_ms;
    execution->context_prefix = json_null; // It tells of the redrive.
    execution->deadline_unix_ms =
        engine_find_deadline(start, step->now_unix_ms, &execution->needs_deadline);
    history_add(step, ENGINE_HISTORY_EXECUTION_REDRIVEN, execution->history.count);
    revive(step);
    return STATUS_OK;
}
