// Map runs of a rehearsal: their children are players like the first one, but nobody is told of
// what they do.

#include <assert.h>
#include <stdlib.h>

#include "engine/rehearsal_private.h"

enum { ARENA_BYTES_MAX = 1 << 30 };

struct show {
    struct list link;
    struct player *parent;
    uint64_t task_id;
    const struct asl_machine *machine; // Of the children.
    struct arena arena;                // Of names, results and the error; until the very end.
    struct str arn;
    struct json *results; // By index of the child, as the next two.
    bool *has_result;
    uint32_t *item_counts;
    uint32_t next_item;
    uint32_t next_child;
    uint32_t running;
    uint64_t failed_items;
    struct asl_error error; // Name with NULL data: none yet.
    bool is_over;
};

static void fail(struct show *show, enum status fault)
{
    struct theatre *theatre = show->parent->theatre;
    if (theatre->fault == STATUS_OK) theatre->fault = fault;
    show->is_over = true;
}

static const struct engine_map_run *run_of(const struct show *show)
{
    const struct engine_map_run *run = engine_map_run_find(show->parent->execution, show->task_id);
    assert(run != NULL && !show->parent->has_left);
    return run;
}

static enum status make_machine(struct show *show, const struct asl_state *state)
{
    struct str definition;
    enum status status =
        asl_processor_definition(show->parent->start.machine, state, &show->arena, &definition);
    if (status != STATUS_OK) return status;
    return asl_processor_parse(definition, state->map.execution_type, &show->machine);
}

// A redriven Map run goes through its items once more and leaves out children that have a result.
static bool begin_again(struct player *parent, const struct engine_command *command)
{
    LIST_EACH(link, &parent->theatre->shows)
    {
        struct show *show = LIST_ITEM(link, struct show, link);
        if (show->parent != parent || !str_equal(show->arn, command->map_run->arn)) continue;
        show->task_id = command->task_id;
        show->next_item = show->next_child = 0;
        show->failed_items = 0;
        show->error = (struct asl_error){0};
        show->is_over = false;
        show_go_on(show);
        return true;
    }
    return false;
}

void show_begin(struct player *parent, const struct engine_command *command)
{
    struct theatre *theatre = parent->theatre;
    if (command->map_run->redrive_count > 0 && begin_again(parent, command)) return;
    struct show *show = calloc(1, sizeof(*show));
    if (show == NULL) {
        theatre->fault = STATUS_NO_MEMORY;
        return;
    }
    show->parent = parent;
    show->task_id = command->task_id;
    arena_init(&show->arena, ARENA_BYTES_MAX);
    list_init(&show->link);
    list_append(&theatre->shows, &show->link);
    const struct engine_map_run *run = command->map_run;
    if (!json_is_array(&run->items) || !json_is_null(&run->writer)) {
        show->error = (struct asl_error){
            .name = ASL_ERROR_RUNTIME,
            .cause = STR("A rehearsal reads no items and writes no results."),
        };
    }
    uint32_t count = json_is_array(&run->items) ? run->items.size : 0;
    show->results = arena_alloc_array(&show->arena, count, sizeof(*show->results));
    show->has_result = arena_alloc_zeroed(&show->arena, count);
    show->item_counts = arena_alloc_array(&show->arena, count, sizeof(*show->item_counts));
    enum status status = STATUS_NO_MEMORY;
    if (arena_copy_str(&show->arena, run->arn, &show->arn) && show->results != NULL &&
        show->has_result != NULL && show->item_counts != NULL) {
        status = make_machine(show, command->state);
    }
    if (status != STATUS_OK) {
        fail(show, status);
        return;
    }
    show_go_on(show);
}

// ---------------------------------------------------------------------------------------------
// Children

static bool fill_start(const struct show *show, struct player *child, struct arena *arena)
{
    const struct engine_start *outer = &show->parent->start;
    const struct engine_map_run *run = run_of(show);
    bool is_express = show->machine->type == ASL_MACHINE_EXPRESS;
    char *name = arena_alloc(arena, RANDOM_UUID_SIZE);
    if (name == NULL) return false;
    engine_map_child_name(run, child->child_index, name);
    struct engine_start *start = &child->start;
    start->machine = show->machine;
    start->execution_name = (struct str){name, RANDOM_UUID_SIZE};
    start->state_machine_arn =
        engine_map_child_machine_arn(arena, outer->state_machine_arn, run->label);
    size_t kind = str_find(start->state_machine_arn, STR("stateMachine:"));
    struct str rest = kind == SIZE_MAX
                          ? start->state_machine_arn
                          : str_skip(start->state_machine_arn, kind + STR("stateMachine:").size);
    start->state_machine_name = rest;
    start->execution_arn =
        arena_printf(arena, "%" STR_FORMAT "%s:%" STR_FORMAT ":%.*s",
                     STR_ARGS(str_slice(start->state_machine_arn, 0, kind == SIZE_MAX ? 0 : kind)),
                     is_express ? "express" : "execution", STR_ARGS(rest), RANDOM_UUID_SIZE, name);
    start->role_arn = outer->role_arn;
    start->region = outer->region;
    start->started_unix_ms = show->parent->theatre->now_unix_ms;
    start->history_mask = ENGINE_HISTORY_NONE;
    start->input_text = json_render_to_arena(arena, &start->input);
    return !arena->is_exhausted;
}

// The child's input is copied: its parent may move or leave first.
static enum status make_input(struct show *show, struct player *child)
{
    struct theatre *theatre = show->parent->theatre;
    const struct json *items = &run_of(show)->items;
    struct engine_map_items rest = {
        .items = items->items + show->next_item,
        .count = items->size - show->next_item,
        .first_index = show->next_item,
        .is_all = true,
    };
    struct engine_map_child made;
    struct asl_error error;
    arena_reset(&theatre->step_arena);
    enum status status =
        engine_map_child_input(show->parent->execution, show->task_id, &rest,
                               random_u64(&theatre->random), &theatre->step_arena, &made, &error);
    if (status == STATUS_INVALID) {
        show->error.name = error.name;
        return arena_copy_str(&show->arena, error.cause, &show->error.cause) ? STATUS_INVALID
                                                                             : STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) return status;
    child->item_count = made.item_count;
    show->next_item += made.item_count;
    show->item_counts[child->child_index] = made.item_count;
    return json_copy(&child->arenas[0], &made.input, &child->start.input) ? STATUS_OK
                                                                          : STATUS_NO_MEMORY;
}

static void start_child(struct show *show)
{
    struct theatre *theatre = show->parent->theatre;
    if (show->has_result[show->next_child]) {
        show->next_item += show->item_counts[show->next_child++];
        return;
    }
    struct player *child = player_new(theatre);
    if (child == NULL) return;
    child->show = show;
    child->child_index = show->next_child++;
    enum status status = make_input(show, child);
    if (status == STATUS_OK && !fill_start(show, child, &show->arena)) status = STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        status = engine_execution_new(&child->arenas[0], &child->start, &child->execution);
    }
    if (status != STATUS_OK) {
        player_leave(child);
        if (status != STATUS_INVALID) fail(show, status);
        return;
    }
    show->running++;
    player_feed(child, (struct engine_event){.type = ENGINE_EVENT_START}, theatre->now_unix_ms);
}

void show_on_child_ended(struct player *child, const struct engine_update *update)
{
    struct show *show = child->show;
    const struct engine_map_run *run = run_of(show);
    assert(show->running > 0);
    show->running--;
    if (update->status == ENGINE_SUCCEEDED) {
        struct json *result = &show->results[child->child_index];
        show->has_result[child->child_index] = true;
        if (!json_copy(&show->arena, &update->output, result)) fail(show, STATUS_NO_MEMORY);
        return;
    }
    show->failed_items += child->item_count;
    if (engine_map_run_is_exceeded(run->failure_count_max, run->failure_percent_max,
                                   show->failed_items, run->items.size)) {
        show->error = engine_map_run_exceeded_error();
    }
}

// ---------------------------------------------------------------------------------------------
// The end

// All that still play leave.
static void clear_stage(struct show *show)
{
    LIST_EACH(link, &show->parent->theatre->players)
    {
        struct player *player = LIST_ITEM(link, struct player, link);
        if (player->show == show && !player->has_left) player_leave(player);
    }
    show->running = 0;
    show->is_over = true;
}

static void finish(struct show *show)
{
    struct player *parent = show->parent;
    struct engine_event event = {
        .type = ENGINE_EVENT_MAP_RUN_ENDED, .task_id = show->task_id, .output = json_null};
    clear_stage(show);
    struct json_items results;
    json_items_init(&results, &show->arena);
    for (uint32_t i = 0; i < show->next_child; i++) { // Tolerated failures leave no entry.
        if (show->has_result[i]) json_items_append(&results, show->results[i]);
    }
    event.output = json_items_finish(&results);
    event.output_size_bytes = json_rendered_size(&event.output);
    if (show->error.name.data == NULL && event.output_size_bytes > ASL_PAYLOAD_SIZE_BYTES_MAX) {
        show->error = engine_map_run_size_error();
    }
    if (show->error.name.data != NULL) event.output = json_null;
    event.error = show->error;
    theatre_expect(parent->theatre, parent->theatre->now_unix_ms, parent, event);
}

void show_go_on(struct show *show)
{
    struct theatre *theatre = show->parent->theatre;
    while (!show->is_over && theatre->fault == STATUS_OK && !theatre->is_over) {
        const struct engine_map_run *run = run_of(show);
        uint32_t most = run->max_concurrency == 0 ? UINT32_MAX : run->max_concurrency;
        bool is_done = show->error.name.data != NULL || show->next_item == run->items.size;
        if (show->error.name.data != NULL || (is_done && show->running == 0)) {
            finish(show);
        } else if (is_done || show->running >= most) {
            return;
        } else {
            start_child(show);
        }
    }
}

void show_cancel(struct player *parent, uint64_t task_id)
{
    LIST_EACH(link, &parent->theatre->shows)
    {
        struct show *show = LIST_ITEM(link, struct show, link);
        if (show->parent == parent && show->task_id == task_id && !show->is_over) clear_stage(show);
    }
}

void show_cancel_all(struct player *parent)
{
    LIST_EACH(link, &parent->theatre->shows)
    {
        struct show *show = LIST_ITEM(link, struct show, link);
        if (show->parent == parent && !show->is_over) clear_stage(show);
    }
}

void show_free_all(struct theatre *theatre)
{
    LIST_EACH(link, &theatre->shows)
    {
        struct show *show = LIST_ITEM(link, struct show, link);
        asl_machine_unref(show->machine);
        arena_release(&show->arena);
        free(show);
    }
}
