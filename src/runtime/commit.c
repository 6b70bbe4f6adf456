// The durable driver: what a step of the engine did goes to the store, and only when it is on the
// disk are its commands performed and its callers answered.
//
//   idle       -> committing  [an event: engine_step(), then the store]
//   committing -> idle        [durable: commands, answers, log records]
//   committing -> committing  [events came meanwhile: they make the next commit together]
//   committing -> retrying    [the disk refused: nothing is performed until it takes it]
//   retrying   -> committing  [half a second later: the same again]
//
// A start that the disk refuses has never been: the caller is told and the execution is discarded.

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/drain.h"
#include "runtime/execution_private.h"
#include "runtime/step_record.h"
#include "store/execution.h"

enum {
    UPDATES_MAX = 64,         // Of one commit.
    STEP_BYTES_MAX = 4 << 20, // Written by it: what comes behind is for the next one.
    FREE_COMMITS_MAX = 512,
    KEPT_BUFFER_BYTES = 64 << 10, // Larger buffers are not kept for reuse.
    RETRY_MS = 500,
};

struct commit {
    struct store_task task;
    struct list link; // In the worker's free list.
    struct runtime_execution *execution;
    struct arena arena; // What the updates hold.
    struct step_writer writer;
    struct buffer output;
    struct engine_update updates[UPDATES_MAX];
    struct runtime_letter *letters[UPDATES_MAX]; // Of the update with the same index; or NULL.
    struct runtime_letter *refused; // Nobody waited for them, as of what this commit makes durable.
    size_t update_count;
    bool is_start;
    bool is_end;
    bool is_redrive; // Opens the execution again.
    bool is_urgent;  // Somebody waits, or something is seen: it must be on the disk first.
    bool stores_definition;
    bool removes_snapshot;
    struct str definition;      // With stores_definition.
    struct store_execution row; // With is_start or is_end.
    struct store_step step;
    struct store_execution existing; // Of a start in conflict.
    struct net_timer retry;
};

// ---------------------------------------------------------------------------------------------
// The table of running executions

struct runtime_execution *runtime_execution_find(struct runtime_worker *worker,
                                                 int64_t execution_id)
{
    return map_find(&worker->open_executions, execution_id_key(&execution_id));
}

enum status commit_register(struct runtime_execution *execution)
{
    assert(execution->id != 0);
    struct str key = execution_id_key(&execution->id);
    return map_set(&execution->worker->open_executions, key, execution) ? STATUS_OK
                                                                        : STATUS_NO_MEMORY;
}

void commit_forget(struct runtime_execution *execution)
{
    map_remove(&execution->worker->open_executions, execution_id_key(&execution->id));
    for (struct execution_event *event = execution->pending; event != NULL; event = event->next) {
        if (event->letter != NULL) letter_answer(event->letter, STATUS_NOT_FOUND, 0);
    }
    execution->pending = NULL;
    net_deferred_cancel(&execution->pump);
}

// ---------------------------------------------------------------------------------------------
// Commits, kept for reuse

static void on_retry(struct net_timer *timer);

static struct commit *take_commit(struct runtime_worker *worker)
{
    struct commit *commit;
    if (!list_is_empty(&worker->free_commits)) {
        commit = LIST_ITEM(worker->free_commits.next, struct commit, link);
        list_remove(&commit->link);
        worker->free_commit_count--;
    } else {
        commit = calloc(1, sizeof(*commit));
        if (commit == NULL) return NULL;
        list_init(&commit->link);
        arena_init(&commit->arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
        step_writer_init(&commit->writer);
        buffer_init(&commit->output, MIB(1));
        net_timer_init(&commit->retry, on_retry);
    }
    commit->update_count = 0;
    commit->refused = NULL;
    commit->is_start = commit->is_end = commit->is_redrive = commit->is_urgent = false;
    commit->stores_definition = commit->removes_snapshot = false;
    commit->step = (struct store_step){0};
    return commit;
}

static void free_commit(struct commit *commit)
{
    arena_release(&commit->arena);
    step_writer_release(&commit->writer);
    buffer_release(&commit->output);
    free(commit);
}

static void give_back_commit(struct runtime_worker *worker, struct commit *commit)
{
    commit->execution = NULL;
    if (worker->free_commit_count >= FREE_COMMITS_MAX ||
        step_writer_capacity(&commit->writer) > KEPT_BUFFER_BYTES) {
        free_commit(commit);
        return;
    }
    arena_reset(&commit->arena);
    buffer_clear(&commit->output);
    list_append(&worker->free_commits, &commit->link);
    worker->free_commit_count++;
}

// ---------------------------------------------------------------------------------------------
// From events to rows

// The execution cannot go on: its last event says so.
static void add_fault(struct commit *commit, enum status status)
{
    commit->is_urgent = true;
    struct runtime_execution *execution = commit->execution;
    struct engine_update update = execution_fault(execution, status);
    struct engine_history_event event = {
        .type = ENGINE_HISTORY_EXECUTION_FAILED,
        .id = commit->writer.next_event_id,
        .previous_event_id = commit->writer.next_event_id - 1,
        .unix_ms = update.stopped_unix_ms,
        .error = update.error.name,
        .cause = update.error.cause,
        .length = -1,
        .index = -1,
    };
    step_writer_add_event(&commit->writer, &event);
    commit->updates[commit->update_count] = update;
    commit->letters[commit->update_count++] = NULL;
}

// A letter that changes nothing is answered when what is in memory is on the disk as well: after a
// crash its event might still be waited for.
static void refuse_letter(struct commit *commit, struct runtime_letter *letter)
{
    if (letter == NULL) return;
    letter->next = commit->refused;
    commit->refused = letter;
}

static void add_event(struct commit *commit, struct engine_event event,
                      struct runtime_letter *letter)
{
    struct runtime_execution *execution = commit->execution;
    struct runtime_worker *worker = execution->worker;
    if (letter != NULL) {
        enum status opened = letter_open(letter, execution);
        if (opened == STATUS_NOT_FOUND) {
            refuse_letter(commit, letter);
            return;
        }
        if (opened != STATUS_OK) {
            letter_answer(letter, opened, 0);
            return;
        }
        event = letter->event;
    }
    assert(commit->update_count < UPDATES_MAX);
    struct engine_update *update = &commit->updates[commit->update_count];
    event.now_unix_ms = clock_unix_ms(worker->runtime->clock);
    event.random_seed = random_u64(&worker->random);
    enum status status = engine_step(execution->engine, &event, &commit->arena, update);
    if (status == STATUS_NOT_FOUND) { // Nobody waits for it, and nothing has changed.
        refuse_letter(commit, letter);
        return;
    }
    if (status != STATUS_OK) {
        if (letter != NULL) letter_answer(letter, status, 0);
        add_fault(commit, status);
        return;
    }
    commit->letters[commit->update_count++] = letter;
    commit->is_redrive = commit->is_redrive || event.type == ENGINE_EVENT_REDRIVE;
    // A heartbeat, or a timer that found that there was one, leads to nothing that anybody sees.
    commit->is_urgent =
        commit->is_urgent || update->history_event_count > 0 ||
        (event.type != ENGINE_EVENT_TASK_HEARTBEAT && event.type != ENGINE_EVENT_TIMER_FIRED);
    metrics_count_tasks(execution, &event, update);
    step_writer_add(&commit->writer, &event, update);
}

static const struct engine_update *last_update(const struct commit *commit)
{
    return &commit->updates[commit->update_count - 1];
}

// The row as it is at the end.
static void fill_end(struct commit *commit)
{
    const struct engine_update *update = last_update(commit);
    struct store_execution *row = &commit->row;
    row->status = str_from_c(engine_status_name(update->status));
    row->stopped_unix_ms = update->stopped_unix_ms;
    row->history_count = commit->step.first_event_id + commit->step.event_count - 1;
    row->output = row->error = row->cause = (struct str){NULL, 0};
    if (update->status == ENGINE_SUCCEEDED) {
        json_render(&commit->output, &update->output);
        row->output = buffer_str(&commit->output);
    } else if (update->status != ENGINE_TIMED_OUT) {
        // One that ran out of its own time shows neither error nor cause.
        row->error = update->error.name;
        row->cause = update->error.cause;
    }
}

static void add_definition(struct commit *commit)
{
    struct buffer CLEANUP(buffer_release) body;
    buffer_init(&body, MIB(16));
    state_machine_encode(commit->execution->state_machine, &body);
    commit->stores_definition = true;
    if (!buffer_copy_to_arena(&body, &commit->arena, &commit->definition)) {
        commit->definition = STR("");
    }
}

static void fill_start(struct commit *commit)
{
    struct runtime_execution *execution = commit->execution;
    struct state_machine *state_machine = execution->state_machine;
    const struct engine_start *start = &execution->start;
    commit->row = (struct store_execution){
        .id = execution->id,
        .state_machine_arn = start->state_machine_arn,
        .name = start->execution_name,
        .definition_key = state_machine->definition_key,
        .status = STR("RUNNING"),
        .version_arn = start->version_arn,
        .alias_arn = start->alias_arn,
        .trace_header = execution->trace_header,
        .started_unix_ms = start->started_unix_ms,
        .input = start->input_text,
        .map_run_arn = execution->map_run_arn,
        .item_count = execution->item_count,
    };
    if (!atomic_load_explicit(&state_machine->is_definition_stored, memory_order_relaxed)) {
        add_definition(commit);
    }
}

// ---------------------------------------------------------------------------------------------
// On the store's thread. Only the first change of a commit can be refused, unless it has a
// definition with it, so others need no savepoint.

static enum status run_start(struct commit *commit, struct store_tx *tx)
{
    enum status status = STATUS_OK;
    if (commit->stores_definition) {
        if (commit->definition.size == 0) return STATUS_NO_MEMORY;
        status = store_definition_put(tx, commit->row.definition_key, commit->definition);
    }
    if (status == STATUS_OK) status = store_execution_insert(tx, &commit->row);
    if (status == STATUS_CONFLICT) {
        enum status found = store_execution_find(
            tx, commit->row.state_machine_arn, commit->row.name, &commit->arena, &commit->existing);
        return found == STATUS_OK ? STATUS_CONFLICT : found;
    }
    return status == STATUS_OK ? store_step_append(tx, &commit->step) : status;
}

static enum status run_commit(struct store_task *task, struct store_tx *tx)
{
    struct commit *commit = CONTAINER_OF(task, struct commit, task);
    if (commit->is_start) return run_start(commit, tx);
    enum status status = store_step_append(tx, &commit->step);
    if (status != STATUS_OK) return status;
    if (commit->is_end || commit->is_redrive) return store_execution_update(tx, &commit->row);
    return commit->removes_snapshot ? store_snapshot_remove(tx, commit->step.execution_id)
                                    : STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Afterwards

static void begin_next(struct runtime_execution *execution);
static void submit(struct commit *commit);

static void answer_refused(struct commit *commit, enum status status)
{
    struct runtime_letter *letter = commit->refused;
    commit->refused = NULL;
    for (struct runtime_letter *next; letter != NULL; letter = next) {
        next = letter->next;
        letter_answer(letter, status == STATUS_OK ? STATUS_NOT_FOUND : status, 0);
    }
}

// What on_committed() does with a refused step of an execution that runs.
static bool is_to_be_retried(enum status status)
{
    return status != STATUS_OK && status != STATUS_CONFLICT && status != STATUS_NOT_FOUND;
}

static void answer_letters(struct commit *commit, enum status status)
{
    answer_refused(commit, status);
    int64_t stopped_unix_ms = status == STATUS_OK ? last_update(commit)->stopped_unix_ms : 0;
    for (size_t i = 0; i < commit->update_count; i++) {
        struct runtime_letter *letter = commit->letters[i];
        bool waits = letter != NULL && letter->is_patient && is_to_be_retried(status);
        if (letter == NULL || waits) continue;
        commit->letters[i] = NULL;
        letter_answer(letter, status, stopped_unix_ms);
    }
}

static void perform_commit(struct commit *commit)
{
    struct runtime_execution *execution = commit->execution;
    struct runtime_worker *worker = execution->worker;
    for (size_t i = 0; i < commit->update_count; i++) {
        if (commit->updates[i].history_event_count > 0) {
            execution_write_log_records(execution, &commit->updates[i]);
        }
    }
    answer_letters(commit, STATUS_OK);
    execution->commit = NULL;
    if (commit->is_end) {
        metrics_count_end(execution, last_update(commit));
        runtime_tell_status(execution, last_update(commit), commit->row.output);
        execution_end(execution, last_update(commit));
        give_back_commit(worker, commit);
        return;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < commit->update_count && status == STATUS_OK; i++)
        status = execution_perform(execution, &commit->updates[i]);
    give_back_commit(worker, commit);
    if (status != STATUS_OK) {
        struct engine_event event = {
            .type = ENGINE_EVENT_STOP,
            .error = execution_fault(execution, status).error,
        };
        commit_feed(execution, &event, NULL);
        return;
    }
    begin_next(execution);
}

static void refuse_start(struct commit *commit, enum status status)
{
    struct runtime_execution *execution = commit->execution;
    struct runtime_worker *worker = execution->worker;
    execution->commit = NULL;
    commit_forget(execution);
    execution->on_started(execution->context, execution, status, &commit->existing);
    runtime_execution_discard(execution);
    give_back_commit(worker, commit);
}

// Forget it here; the store keeps what it has.
static void abandon(struct commit *commit, const char *reason)
{
    struct runtime_execution *execution = commit->execution;
    struct runtime_worker *worker = execution->worker;
    log_error("execution %" STR_FORMAT " %s", STR_ARGS(execution->start.execution_arn), reason);
    answer_letters(commit, STATUS_NOT_FOUND);
    execution->commit = NULL;
    execution->on_end = NULL;
    struct engine_update update = {.status = ENGINE_ABORTED};
    execution_end(execution, &update);
    give_back_commit(worker, commit);
}

static void on_committed(struct store_task *task, enum status status)
{
    struct commit *commit = CONTAINER_OF(task, struct commit, task);
    struct runtime_execution *execution = commit->execution;
    struct net_loop *loop = execution->worker->loop;
    execution->worker->commit_count--;
    net_loop_busy_end(loop);
    if (status == STATUS_OK) {
        if (commit->is_start) {
            struct state_machine *state_machine = execution->state_machine;
            atomic_store_explicit(&state_machine->is_definition_stored, true, memory_order_relaxed);
            execution->on_started(execution->context, execution, STATUS_OK, NULL);
            metrics_count_start(execution);
            runtime_tell_status(execution, NULL, STR(""));
        } else if (commit->is_redrive) {
            metrics_count_redrive(execution);
            runtime_tell_status(execution, NULL, STR(""));
        }
        perform_commit(commit);
    } else if (status == STATUS_NOT_FOUND && commit->is_start && !commit->stores_definition) {
        // Nobody had used the definition for so long that the store has forgotten it.
        add_definition(commit);
        submit(commit);
    } else if (commit->is_start) {
        refuse_start(commit, status);
    } else if (status == STATUS_CONFLICT) {
        // Two servers drive one execution, which the store's lock forbids.
        abandon(commit, "was taken over by somebody else");
    } else {
        answer_letters(commit, status);
        net_loop_busy_begin(loop); // Virtual time waits for the disk.
        net_timer_arm_steady(loop, &commit->retry, RETRY_MS);
    }
}

static void submit(struct commit *commit)
{
    struct runtime_worker *worker = commit->execution->worker;
    commit->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = commit->is_urgent ? STORE_DURABLE : STORE_LAZY,
        .is_single_change = true,
        .run = run_commit,
        .done = on_committed,
    };
    worker->commit_count++;
    net_loop_busy_begin(worker->loop);
    store_submit(worker->runtime->store, &commit->task);
}

static void on_retry(struct net_timer *timer)
{
    struct commit *commit = CONTAINER_OF(timer, struct commit, retry);
    net_loop_busy_end(commit->execution->worker->loop);
    submit(commit);
}

void commit_hold_tasks(struct runtime_worker *worker)
{
    MAP_EACH(entry, &worker->open_executions)
    {
        struct runtime_execution *execution = entry->value;
        const struct commit *commit = execution->commit;
        for (size_t i = 0; commit != NULL && i < commit->update_count; i++) {
            const struct engine_update *update = &commit->updates[i];
            for (size_t k = 0; k < update->command_count; k++) {
                const struct engine_command *command = &update->commands[k];
                if (command->type != ENGINE_COMMAND_START_TASK) continue;
                drain_hold(worker, execution->id, command->task_id);
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Feeding

static struct commit *begin_commit(struct runtime_execution *execution)
{
    struct commit *commit = take_commit(execution->worker);
    if (commit == NULL) return NULL;
    commit->execution = execution;
    commit->step.execution_id = execution->id;
    commit->step.number = execution->step_number + 1;
    step_writer_begin(&commit->writer, engine_execution_history_count(execution->engine) + 1,
                      &execution->start.input);
    return commit;
}

// Make the rows of it.
static enum status fill_commit(struct commit *commit)
{
    struct runtime_execution *execution = commit->execution;
    enum status status = step_writer_end(&commit->writer, &commit->step);
    commit->is_end = last_update(commit)->status != ENGINE_RUNNING;
    if (commit->is_start) {
        fill_start(commit);
    } else {
        commit->row = (struct store_execution){
            .id = execution->id,
            .status = STR("RUNNING"),
            .redrive_count = execution->redrive_count,
            .redriven_unix_ms = execution->redriven_unix_ms,
        };
    }
    if (commit->is_end) fill_end(commit);
    return commit->output.is_failed ? STATUS_NO_MEMORY : status;
}

// What happened cannot be recorded: as far as anybody will see, it did not, and the execution fails
// instead.
static void fail_instead(struct commit *commit, enum status status)
{
    answer_letters(commit, STATUS_NOT_FOUND);
    buffer_clear(&commit->output);
    step_writer_begin(&commit->writer, commit->writer.first_event_id,
                      &commit->execution->start.input);
    commit->update_count = 0;
    add_fault(commit, status);
}

// Send it to the store, unless it came to nothing.
static void end_commit(struct commit *commit)
{
    struct runtime_execution *execution = commit->execution;
    if (commit->update_count == 0) {
        answer_refused(commit, STATUS_OK);
        give_back_commit(execution->worker, commit);
        return;
    }
    enum status status = fill_commit(commit);
    if (status != STATUS_OK) {
        fail_instead(commit, status);
        status = fill_commit(commit);
    }
    commit->removes_snapshot = execution->has_snapshot;
    execution->has_snapshot = false;
    execution->step_number++;
    execution->commit = commit;
    if (status == STATUS_OK) {
        submit(commit);
    } else if (commit->is_start) {
        refuse_start(commit, status);
    } else {
        abandon(commit, "cannot be recorded any further: it stays as the store has it");
    }
}

static bool has_room(const struct commit *commit)
{
    return commit->update_count < UPDATES_MAX &&
           step_writer_size(&commit->writer) < STEP_BYTES_MAX &&
           (commit->update_count == 0 || last_update(commit)->status == ENGINE_RUNNING);
}

// The events that came while the last commit was under way, in one.
static void begin_next(struct runtime_execution *execution)
{
    if (execution->pending == NULL) {
        execution_compact(execution);
        sleep_note_idle(execution);
        return;
    }
    struct commit *commit = begin_commit(execution);
    if (commit == NULL) { // They wait for the next event.
        log_error("no memory for a step of %" STR_FORMAT, STR_ARGS(execution->start.execution_arn));
        return;
    }
    while (execution->pending != NULL && has_room(commit)) {
        struct execution_event *event = execution->pending;
        execution->pending = event->next;
        if (execution->pending == NULL) execution->pending_end = &execution->pending;
        add_event(commit, event->event, event->letter);
    }
    end_commit(commit);
}

static bool add_pending(struct runtime_execution *execution, const struct engine_event *event,
                        struct runtime_letter *letter)
{
    struct execution_event *pending =
        ARENA_NEW(engine_execution_arena(execution->engine), struct execution_event);
    if (pending == NULL) return false;
    pending->event = *event;
    pending->letter = letter;
    *execution->pending_end = pending;
    execution->pending_end = &pending->next;
    return true;
}

void commit_feed(struct runtime_execution *execution, const struct engine_event *event,
                 struct runtime_letter *letter)
{
    if (!add_pending(execution, event, letter)) {
        log_error("no memory for an event of %" STR_FORMAT,
                  STR_ARGS(execution->start.execution_arn));
        if (letter != NULL) letter_answer(letter, STATUS_NO_MEMORY, 0);
        return;
    }
    if (execution->commit == NULL) begin_next(execution);
}

static void on_pump(struct net_deferred *deferred)
{
    struct runtime_execution *execution = CONTAINER_OF(deferred, struct runtime_execution, pump);
    if (execution->commit == NULL) begin_next(execution);
}

enum status commit_defer(struct runtime_execution *execution, const struct engine_event *event)
{
    if (!add_pending(execution, event, NULL)) return STATUS_NO_MEMORY;
    execution->pump.run = on_pump;
    net_loop_defer(execution->worker->loop, &execution->pump);
    return STATUS_OK;
}

void runtime_execution_begin_standard(struct runtime_execution *execution,
                                      runtime_started_fn on_started, void *context)
{
    struct runtime_worker *worker = execution->worker;
    execution->id = runtime_worker_next_id(worker, execution->start.started_unix_ms);
    execution->start.execution_id = execution->id;
    execution->on_started = on_started;
    execution->context = context;
    struct commit *commit = NULL;
    enum status status =
        engine_execution_new(&execution->arena, &execution->start, &execution->engine);
    if (status == STATUS_OK) status = commit_register(execution);
    if (status == STATUS_OK) commit = begin_commit(execution);
    if (commit == NULL) {
        if (status == STATUS_OK) commit_forget(execution);
        on_started(context, execution, STATUS_NO_MEMORY, NULL);
        runtime_execution_discard(execution);
        return;
    }
    commit->is_start = commit->is_urgent = true;
    atomic_fetch_add_explicit(&worker->runtime->started_count, 1, memory_order_relaxed);
    struct engine_event event = {.type = ENGINE_EVENT_START};
    add_event(commit, event, NULL);
    end_commit(commit);
}
