// Moving: a copy of what a waiting execution still needs.
//
// Values share structure within an execution, and a copy must not multiply what is shared.

#include <stdlib.h>
#include <string.h>

#include "engine/context_object.h"
#include "engine/engine.h"
#include "engine/execution.h"
#include "engine/strand.h"
#include "engine/value_table.h"

struct move {
    struct arena *arena;
    struct engine_execution *from;
    struct engine_execution *to;
    struct value_table values; // Of the old execution,
    struct json *copies;       // and their copies, by the same index.
    size_t copy_count;
    size_t capacity; // Of `copies`.
    bool is_failed;
};

static bool make_room(struct move *move)
{
    if (move->copy_count < move->capacity) return true;
    size_t capacity = move->capacity == 0 ? 64 : move->capacity * 2;
    struct json *copies = realloc(move->copies, capacity * sizeof(*copies));
    if (copies == NULL) return false;
    move->copies = copies;
    move->capacity = capacity;
    return true;
}

static struct json move_value(struct move *move, struct json value)
{
    size_t index;
    if (value.type < JSON_NUMBER_TEXT || move->is_failed) return value;
    if (value.size == 0) {
        return value.type == JSON_STRING  ? json_empty_string
               : value.type == JSON_ARRAY ? json_empty_array
                                          : json_empty_object;
    }
    if (!make_room(move) || !value_table_add(&move->values, value, &index)) {
        move->is_failed = true;
        return value;
    }
    if (index < move->copy_count) return move->copies[index];
    assert(index == move->copy_count);
    if (!json_copy(move->arena, &value, &move->copies[index])) {
        move->is_failed = true;
        return value;
    }
    return move->copies[move->copy_count++];
}

static struct payload move_payload(struct move *move, struct payload payload)
{
    payload.value = move_value(move, payload.value);
    return payload;
}

static struct str move_text(struct move *move, struct str text)
{
    struct str copy = {0};
    if (text.data == NULL || move->is_failed) return copy;
    if (!arena_copy_str(move->arena, text, &copy)) move->is_failed = true;
    return copy;
}

static void *move_block(struct move *move, const void *block, size_t size)
{
    void *copy = move->is_failed ? NULL : arena_alloc(move->arena, size);
    if (copy == NULL) {
        move->is_failed = true;
        return NULL;
    }
    if (size > 0) memcpy(copy, block, size);
    return copy;
}

static struct fan_out *move_fan_out(struct move *move, const struct fan_out *from)
{
    struct fan_out *to = move_block(move, from, sizeof(*from));
    struct json *results = move_block(move, from->results, from->count * sizeof(struct json));
    if (to == NULL || results == NULL) return NULL;
    for (uint32_t i = 0; i < from->count; i++)
        results[i] = move_value(move, from->results[i]);
    to->results = results;
    to->items = move_value(move, from->items);
    to->input = move_payload(move, from->input);
    list_init(&to->children); // Children append themselves.
    return to;
}

static struct map_run *move_map_run(struct move *move, const struct map_run *from)
{
    struct map_run *to = move_block(move, from, sizeof(*from));
    if (to == NULL) return NULL;
    to->told.arn = move_text(move, from->told.arn);
    to->told.label = move_text(move, from->told.label);
    to->told.items = move_value(move, from->told.items);
    to->told.reader = move_value(move, from->told.reader);
    to->told.writer = move_value(move, from->told.writer);
    to->told.batch_input = move_value(move, from->told.batch_input);
    to->input = move_payload(move, from->input);
    return to;
}

// The parent has moved already.
static const struct asl_variables *move_variables(struct move *move, const struct strand *from)
{
    if (from->variables == NULL) return NULL;
    if (from->parent != NULL && from->variables == from->parent->variables) {
        return from->parent->moved_to->variables;
    }
    struct asl_variables *to = move_block(move, from->variables, sizeof(*to));
    if (to == NULL) return NULL;
    to->values = move_value(move, from->variables->values);
    if (to->outer != NULL) {
        assert(from->parent != NULL && to->outer == from->parent->variables);
        to->outer = from->parent->moved_to->variables;
    }
    return to;
}

static void move_strand(struct move *move, struct strand *from, struct strand *to)
{
    assert(from->wait != STRAND_IS_FREE && move->from->slots[from->slot] == from);
    assert(from->parent == NULL || from->parent->moved_to != NULL);
    *to = *from;
    from->moved_to = to;
    list_init(&to->sibling);
    list_append(&move->to->live, &to->live);
    move->to->slots[to->slot] = to;
    to->next_ready = NULL;
    to->input = move_payload(move, from->input);
    to->item = move_value(move, from->item);
    to->task.token = move_text(move, from->task.token);
    to->task.parameters = move_value(move, from->task.parameters);
    to->task.credentials_role_arn = move_text(move, from->task.credentials_role_arn);
    if (from->task.has_early_result) {
        to->task.early_result = move_payload(move, from->task.early_result);
    }
    to->attempts = NULL;
    if (from->retry_count > 0) {
        to->attempts =
            move_block(move, from->attempts, from->attempts_capacity * sizeof(*from->attempts));
    }
    if (to->attempts == NULL) to->attempts_capacity = 0;
    if (from->fan_out != NULL) to->fan_out = move_fan_out(move, from->fan_out);
    if (from->map_run != NULL) to->map_run = move_map_run(move, from->map_run);
    to->variables = move_variables(move, from);
    if (from->parent != NULL) {
        to->parent = from->parent->moved_to;
        if (to->parent->fan_out != NULL) {
            list_append(&to->parent->fan_out->children, &to->sibling);
        }
    }
}

// The ready stack in the same order.
static void move_ready(struct move *move)
{
    struct strand **link = &move->to->ready;
    for (const struct strand *strand = move->from->ready; strand != NULL;
         strand = strand->next_ready) {
        *link = strand->moved_to;
        link = &strand->moved_to->next_ready;
    }
    *link = NULL;
}

// The memory of ended strands stays behind. Their slots are given out in the same order as before,
// so that ids do not tell that the execution moved.
static bool move_slots(struct move *move)
{
    struct engine_execution *from = move->from, *to = move->to;
    to->slots = arena_alloc_array(move->arena, from->slot_capacity, sizeof(struct strand *));
    to->free_slots = arena_alloc_array(move->arena, from->slot_capacity, sizeof(*to->free_slots));
    if (to->slots == NULL || to->free_slots == NULL) return false;
    memset(to->slots, 0, from->slot_capacity * sizeof(struct strand *));
    if (from->free_slot_count > 0) {
        memcpy(to->free_slots, from->free_slots, from->free_slot_count * sizeof(*to->free_slots));
    }
    return true;
}

static void move_all(struct move *move)
{
    struct engine_execution *from = move->from, *to = move->to;
    *to = *from;
    to->arena = move->arena;
    to->ready = NULL;
    to->context_prefix = json_null;
    list_init(&to->live);
    list_init(&to->free);
    if (!move_slots(move)) {
        move->is_failed = true;
        return;
    }
    bool is_input_used = context_object_is_used(from->start.machine);
    to->start.input = is_input_used ? move_value(move, from->start.input) : json_null;
    LIST_EACH(link, &from->live)
    {
        struct strand *strand = LIST_ITEM(link, struct strand, live);
        struct strand *copy =
            strand == &from->root ? &to->root : ARENA_NEW(move->arena, struct strand);
        if (copy == NULL || move->is_failed) {
            move->is_failed = true;
            return;
        }
        move_strand(move, strand, copy);
        if (move->is_failed) return;
    }
    move_ready(move);
}

enum status engine_execution_move(struct engine_execution *execution, struct arena *arena,
                                  struct engine_execution **ret_execution)
{
    assert(execution->arena != arena && execution->start.inspection == NULL);
    struct engine_execution *to = ARENA_NEW(arena, struct engine_execution);
    if (to == NULL) return STATUS_NO_MEMORY;
    struct move move = {.arena = arena, .from = execution, .to = to};
    move_all(&move);
    value_table_release(&move.values);
    free(move.copies);
    if (move.is_failed) return STATUS_NO_MEMORY;
    *ret_execution = to;
    return STATUS_OK;
}
