// Freed strands keep their slot and are used again, so that a Map of many items needs no more
// strands than run at once.

#include "engine/strand.h"

#include <string.h>

#include "engine/history.h"
#include "engine/redrive.h"

enum { SLOT_CAPACITY_MIN = 16 };

struct engine_command *step_add_command(struct step *step, enum engine_command_type type)
{
    if (step->command_count == step->command_capacity) {
        size_t capacity = step->command_capacity == 0 ? 4 : step->command_capacity * 2;
        struct engine_command *commands =
            arena_alloc_array(step->arena, capacity, sizeof(*commands));
        if (commands == NULL) {
            step_set_fault(step, STATUS_NO_MEMORY);
            return NULL;
        }
        if (step->command_count > 0) {
            memcpy(commands, step->commands, step->command_count * sizeof(*commands));
        }
        step->commands = commands;
        step->command_capacity = capacity;
    }
    struct engine_command *command = &step->commands[step->command_count++];
    *command = (struct engine_command){.type = type};
    return command;
}

void strand_init(struct engine_execution *execution, struct strand *strand, struct strand *parent,
                 uint32_t start_state)
{
    uint32_t slot = strand->slot;
    uint32_t *attempts = strand->attempts;
    uint32_t attempts_capacity = strand->attempts_capacity;
    assert(start_state < execution->start.machine->state_count);
    *strand = (struct strand){
        .parent = parent,
        .wait = STRAND_RUNS,
        .slot = slot,
        .attempts = attempts,
        .attempts_capacity = attempts_capacity,
        .state = &execution->start.machine->states[start_state],
    };
    list_init(&strand->sibling);
    list_append(&execution->live, &strand->live);
}

static bool grow_slots(struct step *step)
{
    struct engine_execution *execution = step->execution;
    uint32_t capacity = execution->slot_capacity * 2;
    if (capacity < SLOT_CAPACITY_MIN) capacity = SLOT_CAPACITY_MIN;
    struct strand **slots = arena_alloc_array(step->values, capacity, sizeof(struct strand *));
    uint32_t *free_slots = arena_alloc_array(step->values, capacity, sizeof(*free_slots));
    if (slots == NULL || free_slots == NULL) return false;
    assert(execution->free_slot_count == 0);
    memcpy(slots, execution->slots, execution->slot_count * sizeof(struct strand *));
    execution->slots = slots;
    execution->free_slots = free_slots;
    execution->slot_capacity = capacity;
    return true;
}

static bool take_slot(struct step *step, uint32_t *ret_slot)
{
    struct engine_execution *execution = step->execution;
    if (execution->free_slot_count > 0) {
        *ret_slot = execution->free_slots[--execution->free_slot_count];
        return true;
    }
    if (execution->slot_count == STRAND_SLOTS_MAX) return false;
    if (execution->slot_count == execution->slot_capacity && !grow_slots(step)) return false;
    *ret_slot = execution->slot_count++;
    return true;
}

static void give_slot(struct engine_execution *execution, uint32_t slot)
{
    assert(slot > 0 && slot < execution->slot_count);
    execution->slots[slot] = NULL;
    execution->free_slots[execution->free_slot_count++] = slot;
    if (execution->free_slot_count == execution->slot_count - 1) { // Only the root is left.
        execution->slot_count = 1;
        execution->free_slot_count = 0;
    }
}

static struct strand *alloc_strand(struct step *step)
{
    struct engine_execution *execution = step->execution;
    struct strand *strand;
    uint32_t slot;
    if (!list_is_empty(&execution->free)) {
        strand = LIST_ITEM(execution->free.next, struct strand, live);
        assert(strand->wait == STRAND_IS_FREE);
        list_remove(&strand->live);
    } else {
        strand = ARENA_NEW(step->values, struct strand);
    }
    if (strand == NULL || !take_slot(step, &slot)) return NULL;
    strand->slot = slot;
    execution->slots[slot] = strand;
    return strand;
}

struct strand *strand_new_child(struct step *step, struct strand *parent, uint32_t start_state)
{
    assert(parent->fan_out != NULL);
    struct strand *strand = alloc_strand(step);
    if (strand == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return NULL;
    }
    strand_init(step->execution, strand, parent, start_state);
    list_append(&parent->fan_out->children, &strand->sibling);
    parent->fan_out->running++;
    return strand;
}

void strand_unready(struct engine_execution *execution, struct strand *strand)
{
    if (strand->wait != STRAND_IS_READY) return;
    struct strand **link = &execution->ready;
    while (*link != strand)
        link = &(*link)->next_ready;
    *link = strand->next_ready;
    strand->next_ready = NULL;
    strand->wait = STRAND_RUNS;
}

void strand_free(struct engine_execution *execution, struct strand *strand)
{
    assert(strand->parent != NULL && strand->wait != STRAND_IS_FREE);
    assert(strand->task.id == 0 && strand->timer_id == 0 && strand->fan_out == NULL);
    assert(strand->parent->fan_out->running > 0);
    strand_unready(execution, strand);
    execution->payload_bytes -= strand->input.size_bytes;
    execution->variables_bytes -= strand->variables_bytes;
    strand->parent->fan_out->running--;
    strand->wait = STRAND_IS_FREE;
    list_remove(&strand->sibling);
    list_remove(&strand->live);
    list_append(&execution->free, &strand->live);
    give_slot(execution, strand->slot);
}

void strand_make_ready(struct engine_execution *execution, struct strand *strand,
                       enum strand_action action)
{
    assert(strand->wait != STRAND_IS_FREE);
    strand->action = action;
    if (strand->wait == STRAND_IS_READY) return;
    strand->wait = STRAND_IS_READY;
    strand->next_ready = execution->ready;
    execution->ready = strand;
}

struct strand *strand_take_ready(struct engine_execution *execution)
{
    struct strand *strand = execution->ready;
    assert(strand != NULL && strand->wait == STRAND_IS_READY);
    execution->ready = strand->next_ready;
    strand->next_ready = NULL;
    strand->wait = STRAND_RUNS;
    return strand;
}

uint64_t strand_new_id(struct engine_execution *execution, const struct strand *strand)
{
    uint32_t slot = strand == NULL ? STRAND_SLOTS_MAX : strand->slot;
    return ++execution->sequence << STRAND_SLOT_BITS | slot;
}

static struct strand *find_by_slot(const struct engine_execution *execution, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & STRAND_SLOTS_MAX);
    return slot < execution->slot_count ? execution->slots[slot] : NULL;
}

struct strand *strand_find_by_task(const struct engine_execution *execution, uint64_t task_id)
{
    struct strand *strand = find_by_slot(execution, task_id);
    return strand != NULL && task_id != 0 && strand->task.id == task_id ? strand : NULL;
}

struct strand *strand_find_by_timer(const struct engine_execution *execution, uint64_t timer_id)
{
    struct strand *strand = find_by_slot(execution, timer_id);
    return strand != NULL && timer_id != 0 && strand->timer_id == timer_id ? strand : NULL;
}

void strand_set_input(struct engine_execution *execution, struct strand *strand,
                      struct payload input)
{
    execution->payload_bytes += input.size_bytes - strand->input.size_bytes;
    if (execution->payload_bytes > execution->payload_bytes_max) {
        execution->payload_bytes_max = execution->payload_bytes;
    }
    strand->input = input;
}

void strand_cancel_timer(struct step *step, struct strand *strand)
{
    if (strand->timer_id == 0) return;
    struct engine_command *command = step_add_command(step, ENGINE_COMMAND_CANCEL_TIMER);
    if (command != NULL) command->timer_id = strand->timer_id;
    strand->timer_id = 0;
}

void strand_arm_timer(struct step *step, struct strand *strand, int64_t at_unix_ms)
{
    strand_cancel_timer(step, strand);
    struct engine_command *command = step_add_command(step, ENGINE_COMMAND_ARM_TIMER);
    if (command == NULL) return;
    strand->timer_id = strand_new_id(step->execution, strand);
    strand->timer_unix_ms = at_unix_ms;
    command->timer_id = strand->timer_id;
    command->at_unix_ms = at_unix_ms;
    if (at_unix_ms > step->execution->deadline_unix_ms) step->execution->needs_deadline = true;
}

void strand_cancel(struct step *step, struct strand *strand)
{
    if (strand->task.id != 0) {
        bool is_map_run = strand->map_run != NULL;
        struct engine_command *command = step_add_command(
            step, is_map_run ? ENGINE_COMMAND_CANCEL_MAP_RUN : ENGINE_COMMAND_CANCEL_TASK);
        if (command != NULL) {
            command->task_id = strand->task.id;
            command->resource = is_map_run ? NULL : &strand->state->task.resource;
        }
        strand->task = (struct strand_task){0};
        if (step->execution->start.can_redrive) strand->left_run = strand->map_run;
        strand->map_run = NULL;
    }
    strand_cancel_timer(step, strand);
}

static void record_abort(struct step *step, struct strand *strand, uint64_t cause_event_id)
{
    if (strand->entered_event_id != 0) history_add_aborted(step, strand, cause_event_id);
    const struct asl_state *outer = strand_outer_state(strand);
    if (outer->type == ASL_STATE_MAP) {
        history_add_iteration(step, strand, ENGINE_HISTORY_MAP_ITERATION_ABORTED, cause_event_id);
    }
}

void strand_abort_children(struct step *step, struct strand *strand, bool is_recorded,
                           uint64_t cause_event_id)
{
    struct strand *deepest = strand;
    for (;;) {
        while (deepest->fan_out != NULL && !list_is_empty(&deepest->fan_out->children))
            deepest = LIST_ITEM(deepest->fan_out->children.next, struct strand, sibling);
        if (deepest == strand) break;
        assert(deepest->parent != NULL);
        if (is_recorded) record_abort(step, deepest, cause_event_id);
        redrive_keep_child(step, deepest);
        strand_cancel(step, deepest);
        deepest->fan_out = NULL;
        struct strand *parent = deepest->parent;
        strand_free(step->execution, deepest);
        deepest = parent;
    }
    assert(strand->fan_out == NULL || strand->fan_out->running == 0);
}
