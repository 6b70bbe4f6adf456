// The life of a Map run: begin, look for something to do, end.

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/map_run_private.h"

static const struct asl_error no_memory = {
    .name = STR_INIT("States.Runtime"),
    .cause = STR_INIT("The Map run ran out of memory on this server."),
};

// ---------------------------------------------------------------------------------------------
// Results

struct map_result *map_run_result(struct map_run *run, uint32_t index)
{
    if (index >= run->result_capacity) {
        uint32_t capacity = run->result_capacity == 0 ? 64 : run->result_capacity;
        while (capacity <= index && capacity < UINT32_MAX / 2)
            capacity *= 2;
        struct map_result *results = realloc(run->results, capacity * sizeof(*results));
        if (results == NULL || capacity <= index) return NULL;
        memset(results + run->result_capacity, 0,
               (capacity - run->result_capacity) * sizeof(*results));
        run->results = results;
        run->result_capacity = capacity;
    }
    if (index >= run->result_count) run->result_count = index + 1;
    return &run->results[index];
}

void map_run_count(struct map_run *run, const struct map_result *result, int sign)
{
    run->executions[result->state] += (uint64_t)(int64_t)sign;
    run->items_by_state[result->state] += (uint64_t)((int64_t)sign * result->item_count);
}

enum map_child_state map_child_state_of(struct str status)
{
    if (str_is(status, "RUNNING")) return MAP_CHILD_RUNNING;
    if (str_is(status, "SUCCEEDED")) return MAP_CHILD_SUCCEEDED;
    if (str_is(status, "TIMED_OUT")) return MAP_CHILD_TIMED_OUT;
    return str_is(status, "ABORTED") ? MAP_CHILD_ABORTED : MAP_CHILD_FAILED;
}

// Outputs that are too large together are of no use any more.
static void drop_outputs(struct map_run *run)
{
    run->is_too_large = true;
    for (uint32_t i = 0; i < run->result_count; i++) {
        free(run->results[i].output);
        run->results[i].output = NULL;
    }
}

static void keep_output(struct map_run *run, struct map_result *result, struct str output)
{
    run->output_size += output.size + 1;
    if (run->output_size + 1 > ASL_PAYLOAD_SIZE_BYTES_MAX && !run->is_too_large) drop_outputs(run);
    if (run->is_too_large) return;
    result->output = malloc(output.size + 1);
    if (result->output == NULL) {
        map_run_fail(run, no_memory);
        return;
    }
    memcpy(result->output, output.data, output.size);
    result->output_size = (uint32_t)output.size;
}

void map_run_note_end(struct map_run *run, uint32_t index, enum map_child_state state,
                      struct str output)
{
    struct map_result *result = map_run_result(run, index);
    if (result == NULL) {
        map_run_fail(run, no_memory);
        return;
    }
    bool is_counted = result->state != MAP_CHILD_UNKNOWN;
    if (result->state >= MAP_CHILD_SUCCEEDED && result->state <= MAP_CHILD_ABORTED) return;
    if (result->state == MAP_CHILD_RUNNING) {
        assert(run->running > 0);
        run->running--;
    }
    if (is_counted) map_run_count(run, result, -1);
    result->state = state;
    map_run_count(run, result, 1);
    if (state == MAP_CHILD_SUCCEEDED) keep_output(run, result, output);
    map_run_go_on(run);
}

void map_run_fail(struct map_run *run, struct asl_error error)
{
    if (run->error.name.data == NULL) run->error = error;
    map_run_go_on(run);
}

static uint64_t total_items(const struct map_run *run)
{
    return run->item_total >= 0 ? (uint64_t)run->item_total : run->next_item;
}

static bool is_exceeded(const struct map_run *run)
{
    uint64_t failed = run->items_by_state[MAP_CHILD_FAILED] +
                      run->items_by_state[MAP_CHILD_TIMED_OUT] +
                      run->items_by_state[MAP_CHILD_ABORTED];
    bool is_total_known = run->is_all_read || run->item_total >= 0;
    bool has_count = run->failure_count_max >= 0, has_percentage = run->failure_percent_max >= 0;
    if (!is_total_known && has_percentage) { // A part of nobody knows what yet.
        return has_count && failed > (uint64_t)run->failure_count_max;
    }
    return engine_map_run_is_exceeded(run->failure_count_max, run->failure_percent_max, failed,
                                      total_items(run));
}

// ---------------------------------------------------------------------------------------------
// The end

static void write_output(const struct map_run *run, struct buffer *buffer)
{
    bool has_one = false;
    buffer_append_byte(buffer, '[');
    for (uint32_t i = 0; i < run->result_count; i++) { // Tolerated failures leave no entry.
        const struct map_result *result = &run->results[i];
        if (result->state != MAP_CHILD_SUCCEEDED) continue;
        if (has_one) buffer_append_byte(buffer, ',');
        buffer_append(buffer, result->output, result->output_size);
        has_one = true;
    }
    buffer_append_byte(buffer, ']');
}

static enum status make_event(const struct map_run *run, struct engine_event *event)
{
    struct arena *arena = &run->parent->arena;
    *event = (struct engine_event){.type = ENGINE_EVENT_MAP_RUN_ENDED, .task_id = run->task_id};
    event->output = json_null;
    if (run->error.name.data != NULL) {
        bool has_cause = run->error.cause.data != NULL;
        return arena_copy_str(arena, run->error.name, &event->error.name) &&
                       (!has_cause || arena_copy_str(arena, run->error.cause, &event->error.cause))
                   ? STATUS_OK
                   : STATUS_NO_MEMORY;
    }
    if (!json_is_null(&run->writer)) {
        return json_copy(arena, &run->written, &event->output) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    write_output(run, &text);
    if (text.is_failed) return STATUS_NO_MEMORY;
    event->output_size_bytes = text.size;
    return json_parse(arena, buffer_str(&text), JSON_PARSE_COPY, &event->output, NULL);
}

static void tell_parent(struct map_run *run)
{
    struct runtime_execution *parent = run->parent;
    struct engine_event event;
    run->parent = NULL;
    if (parent == NULL) return;
    struct map_run told = *run;
    told.parent = parent;
    enum status status = make_event(&told, &event);
    if (status != STATUS_OK) {
        log_error("the end of %" STR_FORMAT " cannot be told: %s", STR_ARGS(run->arn),
                  status_name(status));
        event.output = json_null;
        event.error = no_memory;
    }
    execution_feed(parent, &event);
}

static void finish(struct map_run *run)
{
    bool has_writer = !json_is_null(&run->writer);
    if (has_writer && run->phase != MAP_RUN_WRITING && run->parent != NULL && !run->is_aborted) {
        run->phase = MAP_RUN_WRITING;
        if (map_run_write_results(run) == STATUS_OK) return;
        if (run->error.name.data == NULL) run->error = no_memory;
    }
    if (!run->is_aborted && run->error.name.data == NULL && run->is_too_large && !has_writer) {
        run->error = engine_map_run_size_error();
    }
    run->phase = MAP_RUN_ENDED;
    run->stopped_unix_ms = clock_unix_ms(run->worker->runtime->clock);
    if (run->is_durable) map_run_write(run, NULL);
    if (run->writes == 0 && !run->is_row_refused) map_run_end(run);
}

void map_run_end(struct map_run *run)
{
    assert(run->phase == MAP_RUN_ENDED);
    tell_parent(run);
    map_run_free(run);
}

void map_run_note_written(struct map_run *run, const struct json *output, struct asl_error error)
{
    assert(run->phase == MAP_RUN_WRITING);
    run->written = *output;
    if (run->error.name.data == NULL) run->error = error;
    finish(run);
}

// ---------------------------------------------------------------------------------------------
// Going on

static uint32_t concurrency(const struct map_run *run)
{
    bool has_limit = run->max_concurrency > 0 && run->max_concurrency < ENGINE_MAP_RUN_CHILDREN_MAX;
    return has_limit ? (uint32_t)run->max_concurrency : ENGINE_MAP_RUN_CHILDREN_MAX;
}

static bool has_room(const struct map_run *run)
{
    return run->running < concurrency(run) && run->starting < MAP_RUN_STARTS_MAX &&
           run->rows < MAP_RUN_ROWS_MAX;
}

// Children that a redrive has not reached stay what they were.
static void leave_unsuccessful(struct map_run *run)
{
    for (uint32_t i = 0; i < run->result_count; i++) {
        struct map_result *result = &run->results[i];
        if (result->state != MAP_CHILD_UNSUCCESSFUL) continue;
        map_run_count(run, result, -1);
        result->state = result->state_before;
        map_run_count(run, result, 1);
    }
}

static void begin_stop(struct map_run *run)
{
    run->phase = MAP_RUN_STOPPING;
    map_run_discard_refused(run);
    leave_unsuccessful(run);
    map_run_stop_children(run);
}

static bool is_done(const struct map_run *run)
{
    if (run->running > 0 || run->rows > 0) return false;
    if (run->phase == MAP_RUN_STOPPING) return true;
    return run->is_all_read && run->batch_next == run->batch_count && list_is_empty(&run->refused);
}

static void check_failures(struct map_run *run)
{
    if (run->phase == MAP_RUN_RUNNING && run->error.name.data == NULL && is_exceeded(run)) {
        run->error = engine_map_run_exceeded_error();
    }
}

// A step that is not on the disk yet has ended the wait: the command to cancel comes when it is.
static bool is_being_left(const struct map_run *run)
{
    return run->parent != NULL && engine_map_run_find(run->parent->engine, run->task_id) == NULL;
}

static void on_pump(struct net_deferred *deferred)
{
    struct map_run *run = CONTAINER_OF(deferred, struct map_run, pump);
    if (run->phase == MAP_RUN_LOADING || run->phase == MAP_RUN_ENDED) return;
    if (is_being_left(run)) return;
    if (run->phase == MAP_RUN_WRITING) {
        if (!run->is_aborted) return;
        map_run_stop_writing(run);
        finish(run);
        return;
    }
    check_failures(run);
    if (run->phase == MAP_RUN_RUNNING && (run->is_aborted || run->error.name.data != NULL)) {
        begin_stop(run);
    }
    int started = 0;
    while (run->phase == MAP_RUN_RUNNING && has_room(run) && started < MAP_RUN_BURST &&
           run->error.name.data == NULL && map_run_start_next(run)) {
        check_failures(run);
        started++;
    }
    check_failures(run);
    if (started == MAP_RUN_BURST ||
        (run->phase == MAP_RUN_RUNNING && run->error.name.data != NULL)) {
        map_run_go_on(run);
    } else if (is_done(run)) {
        finish(run);
    }
}

void map_run_go_on(struct map_run *run)
{
    if (run->phase != MAP_RUN_ENDED) net_loop_defer(run->worker->loop, &run->pump);
}

static void on_retry(struct net_timer *timer)
{
    struct map_run *run = CONTAINER_OF(timer, struct map_run, retry);
    net_loop_busy_end(run->worker->loop);
    if (run->is_row_refused) map_run_write(run, NULL);
    map_run_go_on(run);
}

// ---------------------------------------------------------------------------------------------
// The beginning

static struct map_run *new_run(struct runtime_worker *worker, struct str arn, struct str label)
{
    struct map_run *run = calloc(1, sizeof(*run));
    if (run == NULL) return NULL;
    run->worker = worker;
    run->writer = run->written = json_null;
    arena_init(&run->batch_arena, MAP_RUN_ITEMS_BYTES_MAX);
    run->item_total = -1;
    arena_init(&run->arena, MIB(4));
    arena_init(&run->scratch, MIB(64));
    list_init(&run->link);
    list_init(&run->children);
    list_init(&run->refused);
    net_deferred_init(&run->pump, on_pump);
    net_timer_init(&run->retry, on_retry);
    if (!arena_copy_str(&run->arena, arn, &run->arn) ||
        !arena_copy_str(&run->arena, label, &run->label)) {
        map_run_free(run);
        return NULL;
    }
    list_append(&worker->map_runs, &run->link);
    return run;
}

static enum status open_source(struct map_run *run, const struct json *reader)
{
    const struct engine_start *start = &run->parent->start;
    struct items_request request = {
        .tasks = &run->worker->tasks,
        .reader = *reader,
        .role_arn = start->role_arn,
        .session_name = start->execution_name,
        .region = start->region,
    };
    run->source = items_source_new(&request);
    return run->source == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status open_items(struct map_run *run, const struct engine_map_run *told)
{
    struct json items;
    bool is_read = !json_is_null(&told->reader);
    bool is_written = !json_is_null(&told->writer);
    const char *why = is_written && run->worker->stand_in != NULL
                          ? "ResultWriter needs a server: there is nothing to write to here."
                      : is_read && run->worker->stand_in != NULL
                          ? "ItemReader needs a server: there is nothing to read from here."
                          : NULL;
    if (why != NULL) {
        run->is_all_read = true;
        run->error = (struct asl_error){.name = ASL_ERROR_RUNTIME, .cause = str_from_c(why)};
        return STATUS_OK;
    }
    if (!json_copy(&run->arena, &told->writer, &run->writer)) return STATUS_NO_MEMORY;
    if (is_read) return open_source(run, &told->reader);
    // The parent may move, or end before its children.
    if (!json_copy(&run->arena, &told->items, &items)) return STATUS_NO_MEMORY;
    run->is_all_read = true;
    run->items = items.items;
    run->batch_count = items.size;
    run->item_total = items.size;
    return STATUS_OK;
}

// Another one of the same ARN: it is being stopped still, and this is the redrive already.
static struct map_run *find_other(const struct map_run *run)
{
    LIST_EACH(link, &run->worker->map_runs)
    {
        struct map_run *other = LIST_ITEM(link, struct map_run, link);
        if (other != run && str_equal(other->arn, run->arn)) return other;
    }
    return NULL;
}

static enum status begin(struct runtime_execution *parent, uint64_t task_id,
                         const struct asl_state *state, const struct engine_map_run *told,
                         bool is_known)
{
    struct map_run *run = new_run(parent->worker, told->arn, told->label);
    if (run == NULL) return STATUS_NO_MEMORY;
    run->parent = parent;
    run->parent_id = parent->id;
    run->is_durable = parent->id != 0;
    run->task_id = task_id;
    run->started_unix_ms = told->started_unix_ms;
    run->redrive_count = told->redrive_count;
    run->max_concurrency = told->max_concurrency;
    run->failure_count_max = told->failure_count_max;
    run->failure_percent_max = told->failure_percent_max;
    if (told->redrive_count > 0) run->redriven_unix_ms = clock_unix_ms(run->worker->runtime->clock);
    enum status status = open_items(run, told);
    if (status == STATUS_OK)
        status = map_run_machine(parent, state, told->label, &run->state_machine);
    if (status != STATUS_OK) {
        map_run_free(run);
        return status;
    }
    if (is_known && run->is_durable) {
        run->phase = MAP_RUN_LOADING;
        run->is_queued = find_other(run) != NULL;
        if (!run->is_queued) map_run_load(run);
        return STATUS_OK;
    }
    run->phase = MAP_RUN_RUNNING;
    if (run->is_durable) map_run_write(run, NULL);
    map_run_go_on(run);
    return STATUS_OK;
}

enum status map_run_start(struct runtime_execution *parent, uint64_t task_id,
                          const struct asl_state *state, const struct engine_map_run *run)
{
    return begin(parent, task_id, state, run, run->redrive_count > 0);
}

enum status map_run_resume(struct runtime_execution *parent, uint64_t task_id,
                           const struct asl_state *state, const struct engine_map_run *run)
{
    return begin(parent, task_id, state, run, true);
}

static struct map_run *find(struct runtime_worker *worker, struct str arn)
{
    LIST_EACH(link, &worker->map_runs)
    {
        struct map_run *run = LIST_ITEM(link, struct map_run, link);
        if (run->phase != MAP_RUN_ENDED && str_equal(run->arn, arn)) return run;
    }
    return NULL;
}

static enum status adopt(void *context, const struct store_map_run *row)
{
    struct runtime *runtime = context;
    struct runtime_worker *worker = runtime_owner_of(runtime, row->execution_id);
    if (find(worker, row->arn) != NULL) return STATUS_OK;
    struct map_run *run = new_run(worker, row->arn, STR(""));
    if (run == NULL) return STATUS_NO_MEMORY;
    run->parent_id = row->execution_id;
    run->is_durable = run->is_aborted = true;
    run->started_unix_ms = row->started_unix_ms;
    run->max_concurrency = row->max_concurrency;
    run->failure_count_max = row->failure_count_max;
    run->failure_percent_max = row->failure_percent_max;
    run->redrive_count = (uint32_t)row->redrive_count;
    run->redriven_unix_ms = row->redriven_unix_ms;
    run->item_total = row->items.total; // As far as it was known when the row was written.
    map_run_load(run);
    return STATUS_OK;
}

enum status map_run_take_up(struct runtime *runtime, struct store_tx *tx)
{
    return store_map_run_each_open(tx, adopt, runtime);
}

// ---------------------------------------------------------------------------------------------

static void abort_run(struct map_run *run)
{
    run->parent = NULL;
    run->is_aborted = true;
    map_run_go_on(run);
}

void map_run_cancel(struct runtime_execution *parent, uint64_t task_id)
{
    LIST_EACH(link, &parent->worker->map_runs)
    {
        struct map_run *run = LIST_ITEM(link, struct map_run, link);
        if (run->parent == parent && run->task_id == task_id) abort_run(run);
    }
}

void map_run_cancel_all(struct runtime_execution *parent)
{
    LIST_EACH(link, &parent->worker->map_runs)
    {
        struct map_run *run = LIST_ITEM(link, struct map_run, link);
        if (run->parent == parent) abort_run(run);
    }
}

void map_run_child_ended(struct runtime_execution *child, const struct engine_update *update)
{
    struct map_run *run = find(child->worker, child->map_run_arn);
    uint32_t index;
    if (run == NULL) return; // Its parent has ended, and so has it.
    struct engine_map_run told = {.arn = run->arn, .started_unix_ms = run->started_unix_ms};
    if (!engine_map_child_index(&told, child->start.execution_name, &index)) return;
    struct buffer *text = &run->worker->scratch;
    buffer_clear(text);
    if (update->status == ENGINE_SUCCEEDED) json_render(text, &update->output);
    map_run_note_end(run, index, map_child_state_of(str_from_c(engine_status_name(update->status))),
                     buffer_str(text));
}

// The first that waits for this one to end.
static void load_next(const struct map_run *run)
{
    struct map_run *next = find_other(run);
    if (next == NULL || !next->is_queued) return;
    next->is_queued = false;
    map_run_load(next);
}

void map_run_free(struct map_run *run)
{
    list_remove(&run->link);
    load_next(run);
    net_deferred_cancel(&run->pump);
    if (net_timer_is_armed(&run->retry)) {
        net_timer_disarm(run->worker->loop, &run->retry);
        net_loop_busy_end(run->worker->loop);
    }
    map_run_stop_writing(run);
    map_run_discard_refused(run);
    for (uint32_t i = 0; i < run->result_count; i++)
        free(run->results[i].output);
    free(run->results);
    state_machine_unref(run->state_machine);
    arena_release(&run->arena);
    items_source_free(run->source);
    arena_release(&run->batch_arena);
    arena_release(&run->scratch);
    free(run);
}

// ---------------------------------------------------------------------------------------------
// Questions

static void come_back(struct mail *mail)
{
    struct runtime_map_run_question *question =
        CONTAINER_OF(mail, struct runtime_map_run_question, mail);
    net_loop_busy_end(question->asking->loop);
    question->on_answer(question, question->status);
}

void map_run_answer(struct runtime_map_run_question *question, enum status status)
{
    question->status = status;
    question->mail.run = come_back;
    mailbox_post(net_loop_mailbox(question->asking->loop), &question->mail);
}

static void take_question(struct map_run *run, struct runtime_map_run_question *question)
{
    if (!question->is_update) {
        map_run_fill_row(run, &question->row);
        map_run_answer(question, STATUS_OK);
        return;
    }
    if (question->max_concurrency >= 0) run->max_concurrency = question->max_concurrency;
    if (question->failure_count_max >= 0) run->failure_count_max = question->failure_count_max;
    if (question->failure_percent_max >= 0) {
        run->failure_percent_max = question->failure_percent_max;
    }
    map_run_go_on(run);
    map_run_write(run, question);
}

void map_run_answer_questions(struct map_run *run)
{
    struct runtime_map_run_question *question = run->questions;
    run->questions = NULL;
    for (struct runtime_map_run_question *next; question != NULL; question = next) {
        next = question->next;
        take_question(run, question);
    }
}

static void arrive(struct mail *mail)
{
    struct runtime_map_run_question *question =
        CONTAINER_OF(mail, struct runtime_map_run_question, mail);
    struct map_run *run = find(question->owner, question->arn);
    if (run == NULL) {
        map_run_answer(question, STATUS_NOT_FOUND);
    } else if (run->phase == MAP_RUN_LOADING) { // What the row says comes first.
        struct runtime_map_run_question **end = &run->questions;
        while (*end != NULL)
            end = &(*end)->next;
        question->next = NULL;
        *end = question;
    } else {
        take_question(run, question);
    }
}

void runtime_map_run_ask(struct runtime_worker *asking, struct runtime_map_run_question *question)
{
    question->asking = asking;
    question->owner = runtime_owner_of(asking->runtime, question->execution_id);
    question->mail.run = arrive;
    net_loop_busy_begin(asking->loop);
    mailbox_post(net_loop_mailbox(question->owner->loop), &question->mail);
}
