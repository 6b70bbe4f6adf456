// Children of a Map run: what they run, how they start, how they are stopped.

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/map_run_private.h"
#include "runtime/redrive.h"

enum { MACHINES_MAX = 256 };

// ---------------------------------------------------------------------------------------------
// What they run

static enum status make_machine(struct runtime_execution *parent, const struct asl_state *state,
                                struct str label, struct arena *arena,
                                struct state_machine **ret_state_machine)
{
    struct state_machine *outer = parent->state_machine;
    struct state_machine_fields fields = state_machine_fields_of(outer);
    struct asl_diagnostics diagnostics;
    fields.arn = engine_map_child_machine_arn(arena, outer->arn, label);
    size_t kind = str_find(fields.arn, STR("stateMachine:"));
    if (arena->is_exhausted || kind == SIZE_MAX) return STATUS_NO_MEMORY;
    fields.name = str_skip(fields.arn, kind + STR("stateMachine:").size);
    fields.type = state->map.execution_type;
    fields.tags = json_empty_object;
    fields.version = fields.last_version = 0;
    fields.is_created_published = false;
    fields.description = fields.creation_description = STR("");
    enum status status = asl_processor_definition(outer->machine, state, arena, &fields.definition);
    if (status != STATUS_OK) return status;
    asl_diagnostics_init(&diagnostics, arena);
    status = state_machine_new(&fields, &diagnostics, ret_state_machine);
    if (status == STATUS_INVALID) return STATUS_CORRUPT;
    if (status != STATUS_OK) return status;
    status = state_machine_open_log_group(*ret_state_machine, parent->worker->runtime->logs);
    if (status != STATUS_OK) state_machine_unref(*ret_state_machine);
    return status;
}

// Compiled once per definition and worker.
enum status map_run_machine(struct runtime_execution *parent, const struct asl_state *state,
                            struct str label, struct state_machine **ret_state_machine)
{
    struct runtime_worker *worker = parent->worker;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    struct str key = arena_printf(&arena, "%" STR_FORMAT "/%" STR_FORMAT,
                                  STR_ARGS(parent->state_machine->definition_key), STR_ARGS(label));
    struct state_machine *found = map_find(&worker->map_machines, key);
    if (found != NULL) {
        *ret_state_machine = state_machine_ref(found);
        return STATUS_OK;
    }
    enum status status = make_machine(parent, state, label, &arena, &found);
    if (status != STATUS_OK) return status;
    if (worker->map_machines.count >= MACHINES_MAX) {
        MAP_EACH(entry, &worker->map_machines)
        state_machine_unref(entry->value);
        map_release(&worker->map_machines);
        map_init(&worker->map_machines);
    }
    if (arena_copy_str(&found->arena, key, &key) && map_set(&worker->map_machines, key, found)) {
        state_machine_ref(found);
    }
    *ret_state_machine = found;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Their start and end

// An ephemeral child under way, or the start of a durable one.
struct map_child {
    struct list link; // Among the run's, when ephemeral.
    struct map_run *run;
    struct runtime_execution *execution;
    uint32_t index;
    struct net_timer retry; // Of a redrive.
};

static void stop_durable(struct map_run *run, int64_t execution_id)
{
    struct runtime_letter *letter = runtime_letter_new(execution_id, ENGINE_EVENT_STOP);
    if (letter == NULL) {
        log_error("no memory to stop a child of %" STR_FORMAT, STR_ARGS(run->arn));
        return;
    }
    runtime_letter_send(run->worker, letter, NULL, NULL);
}

// A start that has never been.
static void take_back(struct map_run *run, uint32_t index)
{
    struct map_result *result = &run->results[index];
    map_run_count(run, result, -1);
    run->running--;
    result->state = MAP_CHILD_UNKNOWN;
}

static void refuse(struct map_run *run, uint32_t index, struct str input)
{
    struct map_refused *refused = malloc(sizeof(*refused) + input.size);
    take_back(run, index);
    if (refused == NULL) {
        map_run_fail(run, (struct asl_error){.name = ASL_ERROR_RUNTIME,
                                             .cause = STR("The Map run ran out of memory.")});
        return;
    }
    char *bytes = (char *)(refused + 1);
    memcpy(bytes, input.data, input.size);
    refused->index = index;
    refused->input = (struct str){bytes, input.size};
    list_init(&refused->link);
    list_append(&run->refused, &refused->link);
    if (net_timer_is_armed(&run->retry)) return;
    net_loop_busy_begin(run->worker->loop); // Virtual time waits for the disk.
    net_timer_arm_steady(run->worker->loop, &run->retry, MAP_RUN_RETRY_MS);
}

static void on_started(void *context, struct runtime_execution *execution, enum status status,
                       const struct store_execution *existing)
{
    struct map_child *child = context;
    struct map_run *run = child->run;
    uint32_t index = child->index;
    free(child);
    run->starting--;
    if (status == STATUS_OK) {
        run->results[index].execution_id = execution->id;
        if (run->phase == MAP_RUN_STOPPING) stop_durable(run, execution->id);
    } else if (status == STATUS_CONFLICT && !str_is(existing->status, "RUNNING")) {
        map_run_note_end(run, index, map_child_state_of(existing->status), existing->output);
    } else if (status == STATUS_CONFLICT) { // It tells when it ends.
        run->results[index].execution_id = existing->id;
        if (run->phase == MAP_RUN_STOPPING) stop_durable(run, existing->id);
    } else if (run->phase == MAP_RUN_STOPPING) {
        take_back(run, index);
    } else {
        refuse(run, index, execution->start.input_text);
    }
    map_run_go_on(run);
}

static void on_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct map_child *child = execution->context;
    struct map_run *run = child->run;
    uint32_t index = child->index;
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(16));
    list_remove(&child->link);
    free(child);
    if (update->status == ENGINE_SUCCEEDED) json_render(&text, &update->output);
    if (run->is_durable) map_run_write_child(run, index, execution, update, buffer_str(&text));
    map_run_note_end(run, index, map_child_state_of(str_from_c(engine_status_name(update->status))),
                     buffer_str(&text));
}

static enum status new_child(struct map_run *run, uint32_t index, struct str input,
                             struct runtime_execution **ret_execution)
{
    struct engine_map_run told = {.arn = run->arn, .started_unix_ms = run->started_unix_ms};
    struct runtime_execution *execution;
    char name[RANDOM_UUID_SIZE];
    engine_map_child_name(&told, index, name);
    enum status status = runtime_execution_new(run->worker, run->state_machine,
                                               (struct str){name, sizeof(name)}, &execution);
    if (status != STATUS_OK) return status;
    struct engine_start *start = &execution->start;
    execution->item_count = run->results[index].item_count;
    if (!arena_copy_str(&execution->arena, input, &start->input_text) ||
        !arena_copy_str(&execution->arena, run->arn, &execution->map_run_arn)) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        status = json_parse(&execution->arena, start->input_text, 0, &start->input, NULL);
    }
    if (status != STATUS_OK) {
        runtime_execution_discard(execution);
        return status;
    }
    *ret_execution = execution;
    return STATUS_OK;
}

static enum status begin_child(struct map_run *run, uint32_t index, struct str input)
{
    struct runtime_execution *execution;
    struct map_result *result = &run->results[index];
    struct map_child *child = calloc(1, sizeof(*child));
    if (child == NULL) return STATUS_NO_MEMORY;
    enum status status = new_child(run, index, input, &execution);
    if (status != STATUS_OK) {
        free(child);
        return status;
    }
    *child = (struct map_child){.run = run, .execution = execution, .index = index};
    list_init(&child->link);
    result->state = MAP_CHILD_RUNNING;
    result->execution_id = 0;
    map_run_count(run, result, 1);
    run->running++;
    if (run->is_durable && run->state_machine->type == ASL_MACHINE_STANDARD) {
        run->starting++;
        runtime_execution_begin_standard(execution, on_started, child);
        return STATUS_OK;
    }
    // Nobody sees the history but the logs.
    execution->start.history_mask = run->state_machine->log_group == NULL
                                        ? ENGINE_HISTORY_NONE
                                        : execution_logged_mask(run->state_machine);
    if (run->is_durable) {
        execution->start.execution_id =
            runtime_worker_next_id(run->worker, execution->start.started_unix_ms);
    }
    list_append(&run->children, &child->link);
    status = runtime_execution_begin(execution, on_end, child);
    if (status != STATUS_OK) {
        list_remove(&child->link);
        free(child);
        map_run_note_end(run, index, MAP_CHILD_FAILED, STR(""));
    }
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Items

static const struct asl_error too_many_bytes = {
    .name = STR_INIT("States.Runtime"),
    .cause = STR_INIT("The items that are read at once need too much memory."),
};

static void fail_reading(struct map_run *run, const struct items_batch *batch)
{
    struct asl_error error = {.name = ASL_ERROR_ITEM_READER_FAILED};
    run->is_all_read = true;
    if (!arena_copy_str(&run->arena, batch->error, &error.name) ||
        !arena_copy_str(&run->arena, batch->cause, &error.cause)) {
        error = too_many_bytes;
    }
    map_run_fail(run, error);
}

// Behind the items that are left come those of the batch.
static void on_batch(void *context, const struct items_batch *batch)
{
    struct map_run *run = context;
    run->is_reading = false;
    if (batch->is_failed) {
        fail_reading(run, batch);
        return;
    }
    uint32_t left = run->batch_count;
    struct json *items =
        arena_alloc_array(&run->batch_arena, (size_t)left + batch->count, sizeof(*items));
    if (items == NULL) {
        map_run_fail(run, too_many_bytes);
        return;
    }
    if (left > 0) memcpy(items, run->items, left * sizeof(*items));
    if (batch->count > 0) memcpy(items + left, batch->items, batch->count * sizeof(*items));
    run->items = items;
    run->batch_count = left + batch->count;
    run->items_read += batch->count;
    run->is_all_read = batch->is_end;
    if (batch->is_end) run->item_total = (int64_t)run->items_read;
    map_run_go_on(run);
}

// What is left moves to a fresh arena, where the next batch goes as well.
static bool keep_rest(struct map_run *run)
{
    struct arena fresh;
    uint32_t left = run->batch_count - run->batch_next;
    arena_init(&fresh, MAP_RUN_ITEMS_BYTES_MAX);
    struct json *items = arena_alloc_array(&fresh, left, sizeof(*items));
    bool is_kept = items != NULL;
    for (uint32_t i = 0; is_kept && i < left; i++)
        is_kept = json_copy(&fresh, &run->items[run->batch_next + i], &items[i]);
    arena_release(&run->batch_arena);
    run->batch_arena = fresh;
    run->items = items;
    run->batch_next = 0;
    run->batch_count = is_kept ? left : 0;
    return is_kept;
}

// More items are needed. They come from the event loop, which looks for something to do then.
static void read_items(struct map_run *run)
{
    if (run->is_all_read || run->is_reading) return;
    assert(run->source != NULL);
    if (!keep_rest(run)) {
        map_run_fail(run, too_many_bytes);
        return;
    }
    run->is_reading = true;
    items_next(run->source, MAP_RUN_READ_ITEMS, MAP_RUN_READ_BYTES, &run->batch_arena, on_batch,
               run);
}

// Pass over the items of children that are known from before.
static bool skip_known(struct map_run *run)
{
    for (;;) {
        uint32_t left = run->batch_count - run->batch_next;
        uint32_t skipped = run->skipped_items < left ? (uint32_t)run->skipped_items : left;
        run->batch_next += skipped;
        run->skipped_items -= skipped;
        if (run->skipped_items > 0) {
            read_items(run);
            return false;
        }
        if (run->next_child >= run->result_count) return true;
        const struct map_result *result = &run->results[run->next_child];
        if (result->state == MAP_CHILD_UNKNOWN || result->state == MAP_CHILD_UNSUCCESSFUL) {
            return true;
        }
        run->skipped_items = result->item_count;
        run->next_item += result->item_count;
        run->next_child++;
    }
}

// ---------------------------------------------------------------------------------------------
// The next one

static void fail_input(struct map_run *run, enum status status, const struct asl_error *error)
{
    struct asl_error failure = {.name = ASL_ERROR_RUNTIME,
                                .cause = STR("The Map run ran out of memory on this server.")};
    if (status == STATUS_INVALID) {
        if (!arena_copy_str(&run->arena, error->name, &failure.name) ||
            !arena_copy_str(&run->arena, error->cause, &failure.cause)) {
            failure.name = ASL_ERROR_RUNTIME;
        }
    }
    map_run_fail(run, failure);
}

// The next child's input, of the items that are there. False when there are none, or too few.
static bool make_input(struct map_run *run, struct engine_map_child *ret_child)
{
    struct asl_error error;
    if (run->is_reading) return false;
    if (run->batch_next == run->batch_count) {
        read_items(run);
        return false;
    }
    struct engine_map_items items = {
        .items = run->items + run->batch_next,
        .count = run->batch_count - run->batch_next,
        .first_index = run->next_item,
        .is_all = run->is_all_read,
    };
    arena_reset(&run->scratch);
    enum status status = engine_map_child_input(
        run->parent->engine, run->task_id, &items,
        ((uint64_t)run->started_unix_ms << 20) ^ run->next_child, &run->scratch, ret_child, &error);
    if (status != STATUS_OK) {
        fail_input(run, status, &error);
        return false;
    }
    if (ret_child->has_room) read_items(run);
    return !ret_child->has_room;
}

static bool start_fresh(struct map_run *run)
{
    struct engine_map_child child;
    uint32_t index = run->next_child;
    if (!make_input(run, &child)) return false;
    struct map_result *result = map_run_result(run, index);
    struct str input = json_render_to_arena(&run->scratch, &child.input);
    enum status status = STATUS_NO_MEMORY;
    if (result != NULL && !run->scratch.is_exhausted) {
        if (result->state != MAP_CHILD_UNKNOWN) map_run_count(run, result, -1);
        result->state = MAP_CHILD_UNKNOWN;
        result->item_count = child.item_count;
        run->batch_next += child.item_count;
        run->next_item += child.item_count;
        run->next_child++;
        status = begin_child(run, index, input);
    }
    if (status == STATUS_OK) return true;
    fail_input(run, status, NULL);
    return false;
}

static bool start_refused(struct map_run *run)
{
    struct map_refused *refused = LIST_ITEM(run->refused.next, struct map_refused, link);
    list_remove(&refused->link);
    enum status status = begin_child(run, refused->index, refused->input);
    free(refused);
    if (status == STATUS_OK) return true;
    fail_input(run, status, NULL);
    return false;
}

static void on_redriven(void *context, enum status status, int64_t redriven_unix_ms);

static void submit_redrive(struct map_child *child)
{
    struct map_run *run = child->run;
    runtime_redrive(run->worker, run->results[child->index].execution_id, STR(""), true,
                    on_redriven, child);
}

static void on_redrive_retry(struct net_timer *timer)
{
    struct map_child *child = CONTAINER_OF(timer, struct map_child, retry);
    net_loop_busy_end(child->run->worker->loop);
    if (child->run->phase == MAP_RUN_STOPPING) {
        on_redriven(child, STATUS_NOT_FOUND, 0);
    } else {
        submit_redrive(child);
    }
}

static void on_redriven(void *context, enum status status, int64_t redriven_unix_ms)
{
    struct map_child *child = context;
    struct map_run *run = child->run;
    struct map_result *result = &run->results[child->index];
    (void)redriven_unix_ms;
    if (status == STATUS_IO) { // Its steps could not be read.
        net_loop_busy_begin(run->worker->loop);
        net_timer_arm_steady(run->worker->loop, &child->retry, MAP_RUN_RETRY_MS);
        return;
    }
    run->starting--;
    if (status != STATUS_OK && status != STATUS_CONFLICT) {
        map_run_note_end(run, child->index, result->state_before, STR(""));
    } else if (run->phase == MAP_RUN_STOPPING) {
        stop_durable(run, result->execution_id);
    }
    free(child);
    map_run_go_on(run);
}

// A durable child that did not succeed goes on where it failed.
static bool redrive_child(struct map_run *run)
{
    struct map_result *result = &run->results[run->next_child];
    struct map_child *child = calloc(1, sizeof(*child));
    if (child == NULL) {
        fail_input(run, STATUS_NO_MEMORY, NULL);
        return false;
    }
    *child = (struct map_child){.run = run, .index = run->next_child};
    net_timer_init(&child->retry, on_redrive_retry);
    map_run_count(run, result, -1);
    result->state = MAP_CHILD_RUNNING;
    map_run_count(run, result, 1);
    run->running++;
    run->starting++;
    submit_redrive(child);
    return true;
}

bool map_run_start_next(struct map_run *run)
{
    assert(run->phase == MAP_RUN_RUNNING && run->parent != NULL);
    if (net_timer_is_armed(&run->retry) || (run->is_durable && !run->has_row)) return false;
    if (!list_is_empty(&run->refused)) return start_refused(run);
    if (!skip_known(run)) return false;
    bool is_known = run->next_child < run->result_count &&
                    run->results[run->next_child].state == MAP_CHILD_UNSUCCESSFUL;
    if (is_known && run->state_machine->type == ASL_MACHINE_STANDARD) return redrive_child(run);
    return start_fresh(run);
}

// ---------------------------------------------------------------------------------------------
// Stopping

void map_run_stop_children(struct map_run *run)
{
    LIST_EACH(link, &run->children)
    {
        struct map_child *child = LIST_ITEM(link, struct map_child, link);
        struct engine_event event = {.type = ENGINE_EVENT_STOP};
        execution_feed(child->execution, &event);
    }
    for (uint32_t i = 0; i < run->result_count; i++) {
        const struct map_result *result = &run->results[i];
        if (result->state == MAP_CHILD_RUNNING && result->execution_id != 0) {
            stop_durable(run, result->execution_id);
        }
    }
}

void map_run_discard_refused(struct map_run *run)
{
    LIST_EACH(link, &run->refused)
    {
        list_remove(link);
        free(LIST_ITEM(link, struct map_refused, link));
    }
}
