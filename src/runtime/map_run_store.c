// What the store knows of a Map run: its row, the rows of ephemeral children, and, after a restart
// or for a redrive, how its children ended.

#include <stdlib.h>

#include "base/log.h"
#include "runtime/map_run_private.h"

// ---------------------------------------------------------------------------------------------
// Its row

static void fill_counts(const uint64_t *by_state, uint64_t total,
                        struct store_map_run_counts *ret_counts)
{
    uint64_t known = 0;
    for (int i = MAP_CHILD_RUNNING; i <= MAP_CHILD_ABORTED; i++)
        known += by_state[i];
    if (total < known) total = known;
    *ret_counts = (struct store_map_run_counts){
        .pending = (int64_t)(total - known),
        .running = (int64_t)by_state[MAP_CHILD_RUNNING],
        .succeeded = (int64_t)by_state[MAP_CHILD_SUCCEEDED],
        .failed = (int64_t)by_state[MAP_CHILD_FAILED],
        .timed_out = (int64_t)by_state[MAP_CHILD_TIMED_OUT],
        .aborted = (int64_t)by_state[MAP_CHILD_ABORTED],
        .total = (int64_t)total,
    };
}

// What was never started when the run ends is aborted, as far as it counts.
static void close_counts(struct store_map_run_counts *counts)
{
    counts->aborted += counts->pending;
    counts->pending = 0;
}

void map_run_fill_row(const struct map_run *run, struct store_map_run *ret_row)
{
    uint64_t total = run->item_total >= 0 ? (uint64_t)run->item_total : run->items_read;
    bool has_ended = run->phase == MAP_RUN_ENDED;
    bool has_batches = run->next_item > run->next_child;
    *ret_row = (struct store_map_run){
        .arn = run->arn,
        .execution_id = run->parent_id,
        .status = !has_ended                     ? STR("RUNNING")
                  : run->is_aborted              ? STR("ABORTED")
                  : run->error.name.data != NULL ? STR("FAILED")
                                                 : STR("SUCCEEDED"),
        .started_unix_ms = run->started_unix_ms,
        .stopped_unix_ms = run->stopped_unix_ms,
        .max_concurrency = run->max_concurrency,
        .failure_count_max = run->failure_count_max,
        .failure_percent_max = run->failure_percent_max,
        .redrive_count = run->redrive_count,
        .redriven_unix_ms = run->redriven_unix_ms,
    };
    fill_counts(run->items_by_state, total, &ret_row->items);
    // How many children there will be is known of those without batches only.
    fill_counts(run->executions, has_batches ? run->next_child : total, &ret_row->executions);
    if (has_ended) {
        close_counts(&ret_row->items);
        ret_row->executions.total -= ret_row->executions.pending;
        ret_row->executions.pending = 0;
    }
}

struct row_write {
    struct store_task task;
    struct map_run *run;
    struct store_map_run row;
    struct runtime_map_run_question *question;
};

static enum status run_row_write(struct store_task *task, struct store_tx *tx)
{
    struct row_write *write = CONTAINER_OF(task, struct row_write, task);
    enum status status = store_map_run_update(tx, &write->row);
    return status == STATUS_NOT_FOUND ? store_map_run_insert(tx, &write->row) : status;
}

// It is written again with what is true then.
static void refuse_row(struct map_run *run, enum status status)
{
    run->is_row_refused = true;
    log_error("the row of %" STR_FORMAT " cannot be written: %s", STR_ARGS(run->arn),
              status_name(status));
    if (net_timer_is_armed(&run->retry)) return;
    net_loop_busy_begin(run->worker->loop);
    net_timer_arm_steady(run->worker->loop, &run->retry, MAP_RUN_RETRY_MS);
}

static void on_row_written(struct store_task *task, enum status status)
{
    struct row_write *write = CONTAINER_OF(task, struct row_write, task);
    struct map_run *run = write->run;
    net_loop_busy_end(run->worker->loop);
    run->writes--;
    if (write->question != NULL) map_run_answer(write->question, status);
    free(write);
    if (status != STATUS_OK) {
        refuse_row(run, status);
        return;
    }
    run->has_row = true;
    if (run->phase == MAP_RUN_ENDED && run->writes == 0 && !run->is_row_refused) {
        map_run_end(run);
    } else {
        map_run_go_on(run);
    }
}

void map_run_write(struct map_run *run, struct runtime_map_run_question *question)
{
    struct row_write *write = calloc(1, sizeof(*write));
    if (write == NULL) {
        if (question != NULL) map_run_answer(question, STATUS_NO_MEMORY);
        refuse_row(run, STATUS_NO_MEMORY);
        return;
    }
    run->is_row_refused = false; // As far as is known.
    write->run = run;
    write->question = question;
    map_run_fill_row(run, &write->row);
    write->task = (struct store_task){
        .reply_to = net_loop_mailbox(run->worker->loop),
        .mode = STORE_DURABLE,
        .run = run_row_write,
        .done = on_row_written,
    };
    run->writes++;
    net_loop_busy_begin(run->worker->loop);
    store_submit(run->worker->runtime->store, &write->task);
}

// ---------------------------------------------------------------------------------------------
// Rows of ephemeral children

struct child_write {
    struct store_task task;
    struct map_run *run;
    struct arena arena;
    struct store_execution row;
    struct net_timer retry;
};

static enum status run_child_write(struct store_task *task, struct store_tx *tx)
{
    struct child_write *write = CONTAINER_OF(task, struct child_write, task);
    enum status status =
        store_definition_put(tx, write->row.definition_key, write->run->definition);
    if (status == STATUS_OK) status = store_execution_insert(tx, &write->row);
    if (status != STATUS_CONFLICT) return status;
    // It has run before: another time after a crash, or once more for a redrive.
    struct store_execution existing;
    status = store_execution_find(tx, write->row.state_machine_arn, write->row.name, &write->arena,
                                  &existing);
    write->row.id = existing.id;
    return status == STATUS_OK ? store_execution_update(tx, &write->row) : status;
}

static void submit_child(struct child_write *write);

static void on_child_retry(struct net_timer *timer)
{
    submit_child(CONTAINER_OF(timer, struct child_write, retry));
}

static void on_child_written(struct store_task *task, enum status status)
{
    struct child_write *write = CONTAINER_OF(task, struct child_write, task);
    struct map_run *run = write->run;
    if (status != STATUS_OK) {
        log_error("a child of %" STR_FORMAT " cannot be written: %s", STR_ARGS(run->arn),
                  status_name(status));
        net_timer_init(&write->retry, on_child_retry);
        net_timer_arm_steady(run->worker->loop, &write->retry, MAP_RUN_RETRY_MS);
        return;
    }
    net_loop_busy_end(run->worker->loop);
    run->rows--;
    arena_release(&write->arena);
    free(write);
    map_run_go_on(run);
}

static void submit_child(struct child_write *write)
{
    write->task = (struct store_task){
        .reply_to = net_loop_mailbox(write->run->worker->loop),
        .mode = STORE_DURABLE,
        .run = run_child_write,
        .done = on_child_written,
    };
    store_submit(write->run->worker->runtime->store, &write->task);
}

static bool make_definition(struct map_run *run)
{
    if (run->definition.data != NULL) return true;
    struct buffer CLEANUP(buffer_release) body;
    buffer_init(&body, MIB(16));
    state_machine_encode(run->state_machine, &body);
    return buffer_copy_to_arena(&body, &run->arena, &run->definition);
}

static bool copy_optional(struct arena *arena, struct str text, struct str *ret_copy)
{
    *ret_copy = (struct str){NULL, 0};
    return text.data == NULL || arena_copy_str(arena, text, ret_copy);
}

static bool fill_child(struct child_write *write, uint32_t index,
                       const struct runtime_execution *child, const struct engine_update *update,
                       struct str output)
{
    const struct map_run *run = write->run;
    struct store_execution *row = &write->row;
    bool has_succeeded = update->status == ENGINE_SUCCEEDED;
    bool has_error = !has_succeeded && update->status != ENGINE_TIMED_OUT;
    const struct str absent = {NULL, 0};
    *row = (struct store_execution){
        .id = child->start.execution_id,
        .state_machine_arn = run->state_machine->arn,
        .definition_key = run->state_machine->definition_key,
        .status = str_from_c(engine_status_name(update->status)),
        .map_run_arn = run->arn,
        .started_unix_ms = child->start.started_unix_ms,
        .stopped_unix_ms = update->stopped_unix_ms,
        .history_count = (int64_t)engine_execution_history_count(child->engine),
        .item_count = run->results[index].item_count,
        .is_express = true,
    };
    return arena_copy_str(&write->arena, child->start.execution_name, &row->name) &&
           arena_copy_str(&write->arena, child->start.input_text, &row->input) &&
           copy_optional(&write->arena, has_succeeded ? output : absent, &row->output) &&
           copy_optional(&write->arena, has_error ? update->error.name : absent, &row->error) &&
           copy_optional(&write->arena, has_error ? update->error.cause : absent, &row->cause);
}

void map_run_write_child(struct map_run *run, uint32_t index, const struct runtime_execution *child,
                         const struct engine_update *update, struct str output)
{
    struct child_write *write = calloc(1, sizeof(*write));
    if (write != NULL) {
        write->run = run;
        arena_init(&write->arena, MIB(4));
    }
    if (write == NULL || !make_definition(run) ||
        !fill_child(write, index, child, update, output)) {
        log_error("no memory for the row of a child of %" STR_FORMAT, STR_ARGS(run->arn));
        if (write != NULL) arena_release(&write->arena);
        free(write);
        return;
    }
    run->rows++;
    net_loop_busy_begin(run->worker->loop);
    submit_child(write);
}

// ---------------------------------------------------------------------------------------------
// Loading

struct loaded_child {
    uint32_t index;
    uint32_t item_count;
    int64_t execution_id;
    int64_t begun_unix_ms; // For the last time, as far as that is known.
    enum map_child_state state;
    struct str output;
};

struct load {
    struct store_task task;
    struct net_timer retry;
    struct map_run *run;
    struct arena arena;
    struct store_map_run row;
    bool has_row;
    struct loaded_child *children;
    size_t count;
    size_t capacity;
    size_t output_size;
    int64_t last_id;
    uint32_t batch_count;
};

// The row of an ephemeral child that ran again keeps its first start.
static int64_t begun_unix_ms(const struct store_execution *row)
{
    if (row->is_express) return row->stopped_unix_ms;
    return row->redrive_count > 0 ? row->redriven_unix_ms : row->started_unix_ms;
}

static enum status load_child(void *context, const struct store_execution *row)
{
    struct load *load = context;
    struct loaded_child child = {
        .execution_id = row->is_express ? 0 : row->id,
        .item_count = row->item_count > 0 ? (uint32_t)row->item_count : 0,
        .begun_unix_ms = begun_unix_ms(row),
        .state = map_child_state_of(row->status),
        .output = STR(""),
    };
    struct engine_map_run told = {.arn = load->run->arn,
                                  .started_unix_ms = load->run->started_unix_ms};
    load->last_id = row->id;
    load->batch_count++;
    if (!engine_map_child_index(&told, row->name, &child.index)) return STATUS_OK;
    if (load->count == load->capacity) {
        size_t capacity = load->capacity == 0 ? 256 : load->capacity * 2;
        struct loaded_child *children = realloc(load->children, capacity * sizeof(*children));
        if (children == NULL) return STATUS_NO_MEMORY;
        load->children = children;
        load->capacity = capacity;
    }
    // More than the Map run may give need not be kept, only known.
    load->output_size += row->output.size;
    bool is_kept = load->output_size <= 2 * (size_t)ASL_PAYLOAD_SIZE_BYTES_MAX;
    child.output = (struct str){NULL, row->output.size};
    if (is_kept && !arena_copy_str(&load->arena, row->output, &child.output)) {
        return STATUS_NO_MEMORY;
    }
    load->children[load->count++] = child;
    return STATUS_OK;
}

static enum status run_load(struct store_task *task, struct store_tx *tx)
{
    struct load *load = CONTAINER_OF(task, struct load, task);
    enum status status = STATUS_OK;
    load->batch_count = 0;
    if (load->last_id == 0) {
        status = store_map_run_find(tx, load->run->arn, &load->arena, &load->row);
        load->has_row = status == STATUS_OK;
        if (status == STATUS_NOT_FOUND) status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = store_map_run_each_child(tx, load->run->arn, load->last_id, MAP_RUN_LOAD_BATCH,
                                          load_child, load);
    }
    task->is_unfinished = status == STATUS_OK && load->batch_count == MAP_RUN_LOAD_BATCH;
    return status;
}

// A redrive has not come to it yet: it has just begun, or a crash has interrupted it.
static bool is_to_be_redriven(const struct map_run *run, const struct loaded_child *child)
{
    bool is_old = run->redrive_count > 0 && child->begun_unix_ms < run->redriven_unix_ms;
    return child->state != MAP_CHILD_SUCCEEDED && (run->is_redriven_now || is_old);
}

// What was said of a child while the rows were read is newer than its row.
static void take_child(struct map_run *run, const struct loaded_child *child)
{
    struct map_result *result = map_run_result(run, child->index);
    if (result == NULL) {
        map_run_fail(run, (struct asl_error){.name = ASL_ERROR_RUNTIME,
                                             .cause = STR("The Map run ran out of memory.")});
        return;
    }
    bool has_ended = result->state != MAP_CHILD_UNKNOWN;
    if (has_ended) map_run_count(run, result, -1);
    result->item_count = child->item_count;
    result->execution_id = child->execution_id;
    if (has_ended) {
        map_run_count(run, result, 1);
    } else if (child->state == MAP_CHILD_RUNNING) {
        result->state = MAP_CHILD_RUNNING;
        map_run_count(run, result, 1);
        run->running++;
    } else if (is_to_be_redriven(run, child)) {
        result->state = MAP_CHILD_UNSUCCESSFUL;
        result->state_before = child->state;
        map_run_count(run, result, 1);
    } else {
        map_run_note_end(run, child->index, child->state, child->output);
    }
}

static void submit_load(struct load *load);

static void on_load_retry(struct net_timer *timer)
{
    submit_load(CONTAINER_OF(timer, struct load, retry));
}

static void on_loaded(struct store_task *task, enum status status)
{
    struct load *load = CONTAINER_OF(task, struct load, task);
    struct map_run *run = load->run;
    if (status != STATUS_OK) {
        log_error("the children of %" STR_FORMAT " cannot be read: %s", STR_ARGS(run->arn),
                  status_name(status));
    }
    if (status == STATUS_IO) { // Some may run, so it can neither go on nor end.
        net_timer_arm_steady(run->worker->loop, &load->retry, MAP_RUN_RETRY_MS);
        return;
    }
    net_loop_busy_end(run->worker->loop);
    if (status != STATUS_OK) {
        map_run_fail(run, (struct asl_error){.name = ASL_ERROR_RUNTIME,
                                             .cause = STR("Its children cannot be read.")});
    }
    run->has_row = load->has_row;
    if (load->has_row) { // UpdateMapRun may have changed them.
        run->max_concurrency = load->row.max_concurrency;
        run->failure_count_max = load->row.failure_count_max;
        run->failure_percent_max = load->row.failure_percent_max;
        bool is_same = load->row.redrive_count == run->redrive_count;
        if (is_same) run->redriven_unix_ms = load->row.redriven_unix_ms;
        run->is_redriven_now = run->redrive_count > load->row.redrive_count;
    }
    for (size_t i = 0; i < load->count && status == STATUS_OK; i++)
        take_child(run, &load->children[i]);
    run->phase = MAP_RUN_RUNNING;
    map_run_write(run, NULL);
    map_run_answer_questions(run);
    map_run_go_on(run);
    free(load->children);
    arena_release(&load->arena);
    free(load);
}

// From the first child on.
static void submit_load(struct load *load)
{
    struct map_run *run = load->run;
    arena_reset(&load->arena);
    load->has_row = false;
    load->count = load->output_size = 0;
    load->last_id = 0;
    load->task = (struct store_task){
        .reply_to = net_loop_mailbox(run->worker->loop),
        .mode = STORE_READ,
        .run = run_load,
        .done = on_loaded,
    };
    store_submit(run->worker->runtime->store, &load->task);
}

void map_run_load(struct map_run *run)
{
    struct load *load = calloc(1, sizeof(*load));
    run->phase = MAP_RUN_LOADING;
    if (load == NULL) {
        run->phase = MAP_RUN_RUNNING;
        map_run_fail(run, (struct asl_error){.name = ASL_ERROR_RUNTIME,
                                             .cause = STR("The Map run ran out of memory.")});
        return;
    }
    load->run = run;
    arena_init(&load->arena, MIB(16));
    net_timer_init(&load->retry, on_load_retry);
    net_loop_busy_begin(run->worker->loop);
    submit_load(load);
}
