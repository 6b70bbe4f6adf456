// Parallel and Map: starting children up to the limit of concurrency, collecting what they give.

#include <string.h>

#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/redrive.h"
#include "engine/strand.h"

struct fan_out *fan_out_new(struct step *step, struct strand *strand, uint32_t count)
{
    assert(strand->fan_out == NULL);
    struct fan_out *fan_out = ARENA_NEW(step->values, struct fan_out);
    struct json *results = arena_alloc_array(step->values, count, sizeof(*results));
    if (fan_out == NULL || results == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        results[i] = json_null;
    *fan_out = (struct fan_out){
        .count = count,
        .concurrency_max = UINT32_MAX,
        .results = results,
    };
    list_init(&fan_out->children);
    strand->fan_out = fan_out;
    return fan_out;
}

void parallel_perform(struct step *step, struct strand *strand)
{
    const struct asl_parallel *parallel = &strand->state->parallel;
    struct flow flow;
    struct payload input;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) status = flow_work_input(&flow, &input, &error);
    if (status == STATUS_OK) status = flow_check_output(&flow, &input, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    if (step->inspection != NULL && inspect_work(step, strand)) return;
    assert(parallel->branch_count > 0);
    struct fan_out *fan_out = fan_out_new(step, strand, parallel->branch_count);
    if (fan_out == NULL) return;
    history_add_next(step, strand, ENGINE_HISTORY_PARALLEL_STATE_STARTED);
    fan_out->started_event_id = strand->last_event_id;
    fan_out->input = input;
    strand_make_ready(step->execution, strand, STRAND_SPREADS);
}

static struct strand *start_branch(struct step *step, struct strand *strand, uint32_t index)
{
    const struct asl_machine *machine = step->execution->start.machine;
    uint32_t scope = strand->state->parallel.scopes[index];
    struct strand *child = strand_new_child(step, strand, machine->scopes[scope].start_state);
    if (child == NULL) return NULL;
    child->index = index;
    child->variables = strand->variables;
    child->last_event_id = strand->fan_out->started_event_id;
    strand_set_input(step->execution, child, strand->fan_out->input);
    return child;
}

void fan_out_spread(struct step *step, struct strand *strand)
{
    struct fan_out *fan_out = strand->fan_out;
    assert(fan_out != NULL && fan_out->next_index <= fan_out->count);
    strand->wait = STRAND_WAITS_FOR_CHILDREN;
    if (fan_out->next_index == fan_out->count || fan_out->running >= fan_out->concurrency_max) {
        return;
    }
    uint32_t index = fan_out->next_index++;
    struct strand *child = strand->state->type == ASL_STATE_MAP
                               ? map_start_iteration(step, strand, index)
                               : start_branch(step, strand, index);
    if (child == NULL) return;
    if (fan_out->next_index < fan_out->count && fan_out->running < fan_out->concurrency_max) {
        strand_make_ready(step->execution, strand, STRAND_SPREADS);
    }
    strand_make_ready(step->execution, child, STRAND_ENTERS);
}

// A child has ended, one way or the other, and is freed.
static void go_on(struct step *step, struct strand *strand)
{
    const struct fan_out *fan_out = strand->fan_out;
    assert(fan_out->running <= fan_out->next_index);
    if (fan_out->next_index < fan_out->count) {
        strand_make_ready(step->execution, strand, STRAND_SPREADS);
    } else if (fan_out->running == 0) {
        strand_make_ready(step->execution, strand, STRAND_JOINS);
    }
}

void fan_out_child_succeeded(struct step *step, struct strand *child, const struct payload *output)
{
    struct strand *parent = child->parent;
    struct fan_out *fan_out = parent->fan_out;
    assert(fan_out != NULL && child->index < fan_out->next_index);
    fan_out->results[child->index] = output->value;
    fan_out->results_size_bytes += output->size_bytes + 1;
    if (output->depth > fan_out->results_depth) fan_out->results_depth = output->depth;
    if (parent->state->type == ASL_STATE_MAP) {
        fan_out->slot_event_id = child->last_event_id;
        history_add_iteration(step, child, ENGINE_HISTORY_MAP_ITERATION_SUCCEEDED,
                              child->last_event_id);
        parent->last_event_id = history_last_id(step);
    } else {
        parent->last_event_id = child->last_event_id;
    }
    strand_free(step->execution, child);
    go_on(step, parent);
}

void fan_out_child_failed(struct step *step, struct strand *child)
{
    struct strand *parent = child->parent;
    uint64_t cause_event_id = child->last_event_id;
    assert(parent->fan_out != NULL && child->fan_out == NULL);
    if (child->state->type == ASL_STATE_TASK) history_add_aborted(step, child, cause_event_id);
    if (parent->state->type == ASL_STATE_MAP) {
        history_add_iteration(step, child, ENGINE_HISTORY_MAP_ITERATION_FAILED, cause_event_id);
    }
    redrive_keep_child(step, child);
    strand_free(step->execution, child);
    parent->last_event_id = cause_event_id;
}

void fan_out_join(struct step *step, struct strand *strand)
{
    struct fan_out *fan_out = strand->fan_out;
    assert(fan_out->running == 0 && fan_out->next_index == fan_out->count);
    assert(list_is_empty(&fan_out->children));
    struct payload result = {
        .value = json_from_items(fan_out->results, fan_out->count),
        .size_bytes = fan_out->results_size_bytes + 2,
        .depth = fan_out->results_depth + 1,
    };
    state_complete(step, strand, &result);
}
