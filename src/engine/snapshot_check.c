// What the engine relies on: see the invariants in execution.h and the assertions on the way of a
// strand. A snapshot may come from a file that somebody has changed.

#include "engine/snapshot_read.h"

// The scope that children of `parent` run in.
static bool is_in_scope(const struct engine_execution *execution, const struct strand *strand)
{
    uint32_t scope = 0;
    if (strand->parent != NULL) {
        const struct asl_state *outer = strand_outer_state(strand);
        if (outer->type == ASL_STATE_MAP) {
            scope = outer->map.scope;
        } else {
            assert(strand->index < outer->parallel.branch_count);
            scope = outer->parallel.scopes[strand->index];
        }
    }
    return scope < execution->start.machine->scope_count && strand->state->scope == scope;
}

static bool is_id_of(const struct engine_execution *execution, uint64_t id, uint32_t slot)
{
    uint64_t sequence = id >> STRAND_SLOT_BITS;
    return sequence > 0 && sequence <= execution->sequence && (id & STRAND_SLOTS_MAX) == slot;
}

static bool has_fan_out_type(const struct asl_state *state)
{
    return state->type == ASL_STATE_PARALLEL || state->type == ASL_STATE_MAP;
}

static bool is_task_sound(const struct engine_execution *execution, const struct strand *strand)
{
    const struct strand_task *task = &strand->task;
    bool has_task = strand->wait == STRAND_WAITS_FOR_TASK;
    if (task->id == 0) return !has_task && strand->wait != STRAND_WAITS_FOR_MAP_RUN;
    if (!has_task) return is_id_of(execution, task->id, strand->slot) && strand->map_run != NULL;
    if (strand->state->type != ASL_STATE_TASK || strand->map_run != NULL) return false;
    return is_id_of(execution, task->id, strand->slot) &&
           !(task->is_submitted && task->has_early_result);
}

// Children were started in order, and none has a result yet.
static bool are_children_sound(const struct fan_out *fan_out)
{
    const struct strand *previous = NULL;
    LIST_EACH(link, &fan_out->children)
    {
        const struct strand *child = LIST_ITEM(link, struct strand, sibling);
        if (child->index >= fan_out->next_index) return false;
        if (previous != NULL && previous->index >= child->index) return false;
        previous = child;
    }
    return true;
}

static bool is_fan_out_sound(const struct engine_execution *execution, const struct strand *strand)
{
    const struct fan_out *fan_out = strand->fan_out;
    bool is_parallel = strand->state->type == ASL_STATE_PARALLEL;
    if (!has_fan_out_type(strand->state) || state_is_distributed_map(strand->state)) return false;
    if (is_parallel && (fan_out->count != strand->state->parallel.branch_count ||
                        !fan_out->input.is_within_limit)) {
        return false;
    }
    if (!is_parallel &&
        (!json_is_array(&fan_out->items) || fan_out->items.size != fan_out->count)) {
        return false;
    }
    if (fan_out->started_event_id > execution->history.count ||
        fan_out->slot_event_id > execution->history.count) {
        return false;
    }
    return are_children_sound(fan_out);
}

static bool is_map_run_sound(const struct strand *strand)
{
    if (strand->map_run == NULL || !state_is_distributed_map(strand->state)) return false;
    const struct engine_map_run *run = &strand->map_run->told;
    bool has_items = json_is_array(&run->items);
    return run->arn.size > 0 && run->label.size > 0 && has_items != json_is_object(&run->reader);
}

static bool is_ready_sound(const struct strand *strand)
{
    const struct fan_out *fan_out = strand->fan_out;
    switch (strand->action) {
    case STRAND_ENTERS:
        return fan_out == NULL && strand->entered_event_id == 0 && strand->retry_count == 0 &&
               strand->input.is_within_limit;
    case STRAND_RESUMES:
        return fan_out == NULL && strand->retry_count == 0 && strand->input.is_within_limit;
    case STRAND_SPREADS:
        return fan_out != NULL && (fan_out->running > 0 || fan_out->next_index < fan_out->count);
    case STRAND_JOINS:
        return fan_out != NULL && fan_out->running == 0 && fan_out->next_index == fan_out->count;
    }
    return false;
}

static bool is_wait_sound(const struct strand *strand)
{
    const struct asl_state *state = strand->state;
    bool has_timer = strand->timer_id != 0, has_fan_out = strand->fan_out != NULL;
    if ((strand->map_run != NULL) != (strand->wait == STRAND_WAITS_FOR_MAP_RUN)) return false;
    switch (strand->wait) {
    case STRAND_IS_READY: return !has_timer && is_ready_sound(strand);
    case STRAND_WAITS_FOR_TASK: return !has_fan_out;
    case STRAND_WAITS_FOR_TIME: return has_timer && !has_fan_out && state->type == ASL_STATE_WAIT;
    case STRAND_WAITS_FOR_RETRY:
        return has_timer && !has_fan_out && strand->retry_count > 0 &&
               (state->type == ASL_STATE_TASK || has_fan_out_type(state));
    case STRAND_WAITS_FOR_CHILDREN:
        return !has_timer && has_fan_out && strand->fan_out->running > 0;
    case STRAND_WAITS_FOR_MAP_RUN: return !has_timer && !has_fan_out && is_map_run_sound(strand);
    case STRAND_RUNS:
    case STRAND_IS_FREE: return false;
    }
    return false;
}

static bool is_strand_sound(const struct engine_execution *execution, const struct strand *strand)
{
    uint64_t count = execution->history.count;
    bool has_entered = strand->wait != STRAND_IS_READY || strand->action != STRAND_ENTERS;
    if (!is_in_scope(execution, strand)) return false;
    if (strand->last_event_id > count || strand->before_event_id > count ||
        strand->entered_event_id > count || (has_entered && strand->entered_event_id == 0)) {
        return false;
    }
    if (strand->timer_id != 0 && !is_id_of(execution, strand->timer_id, strand->slot)) return false;
    if (strand->fan_out != NULL && !is_fan_out_sound(execution, strand)) return false;
    return is_task_sound(execution, strand) && is_wait_sound(strand);
}

// Exactly the strands that are ready stand on the stack.
static bool is_ready_stack_sound(const struct engine_execution *execution)
{
    uint32_t ready_count = 0;
    LIST_EACH(link, &execution->live)
    {
        if (LIST_ITEM(link, struct strand, live)->wait == STRAND_IS_READY) ready_count++;
    }
    for (const struct strand *strand = execution->ready; strand != NULL;
         strand = strand->next_ready) {
        if (strand->wait != STRAND_IS_READY || ready_count-- == 0) return false;
    }
    return ready_count == 0 && (execution->ready == NULL || execution->has_yielded);
}

bool snapshot_is_sound(const struct engine_execution *execution)
{
    uint64_t deadline = execution->deadline_timer_id;
    if (deadline != 0 && !is_id_of(execution, deadline, STRAND_SLOTS_MAX)) return false;
    if (execution->history.count == 0) return false;
    LIST_EACH(link, &execution->live)
    {
        if (!is_strand_sound(execution, LIST_ITEM(link, struct strand, live))) return false;
    }
    return is_ready_stack_sound(execution);
}
