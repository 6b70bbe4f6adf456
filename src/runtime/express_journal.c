// Asynchronous Express starts: in the journal before they are acknowledged, out of it when they
// end, and run again after a crash in between.
//
// The removal is lazy: it costs no sync, and a crash before it only means that an execution runs a
// second time, which "at least once" allows.

#include <stdlib.h>

#include "base/log.h"
#include "json/json.h"
#include "runtime/execution_private.h"
#include "store/journal.h"

enum { RECOVER_BATCH = 256, RECORD_SIZE_MAX = 2 << 20, RETRY_MS = 1000 };

// ---------------------------------------------------------------------------------------------
// Append

struct append {
    struct store_task task;
    struct runtime_execution *execution;
    struct buffer record;
    int64_t journal_id;
    runtime_durable_fn on_durable;
    void *context;
};

static enum status append_run(struct store_task *task, struct store_tx *tx)
{
    struct append *append = CONTAINER_OF(task, struct append, task);
    return store_journal_append(tx, buffer_str(&append->record), &append->journal_id);
}

static void append_done(struct store_task *task, enum status status)
{
    struct append *append = CONTAINER_OF(task, struct append, task);
    struct runtime_execution *execution = append->execution;
    net_loop_busy_end(execution->worker->loop);
    append->on_durable(append->context, execution, status);
    if (status == STATUS_OK) {
        execution->journal_id = append->journal_id;
        enum status begun = runtime_execution_begin(execution, NULL, NULL);
        // It stays in the journal: the next start of the server runs it.
        if (begun != STATUS_OK) log_error("a start waits for a restart: %s", status_name(begun));
    } else {
        runtime_execution_discard(execution);
    }
    buffer_release(&append->record);
    free(append);
}

static void encode(const struct runtime_execution *execution, struct buffer *buffer)
{
    const struct engine_start *start = &execution->start;
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("stateMachineArn"), start->state_machine_arn);
    json_writer_string_member(&writer, STR("versionArn"), start->version_arn);
    json_writer_string_member(&writer, STR("aliasArn"), start->alias_arn);
    json_writer_string_member(&writer, STR("executionArn"), start->execution_arn);
    json_writer_string_member(&writer, STR("name"), start->execution_name);
    json_writer_string_member(&writer, STR("input"), start->input_text);
    json_writer_end_object(&writer);
}

void runtime_execution_begin_durable(struct runtime_execution *execution,
                                     runtime_durable_fn on_durable, void *context)
{
    struct append *append = calloc(1, sizeof(*append));
    if (append != NULL) {
        buffer_init(&append->record, RECORD_SIZE_MAX);
        encode(execution, &append->record);
    }
    if (append == NULL || append->record.is_failed) {
        if (append != NULL) buffer_release(&append->record);
        free(append);
        on_durable(context, execution, STATUS_NO_MEMORY);
        runtime_execution_discard(execution);
        return;
    }
    struct runtime_worker *worker = execution->worker;
    append->execution = execution;
    append->on_durable = on_durable;
    append->context = context;
    append->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_DURABLE,
        .is_single_change = true,
        .run = append_run,
        .done = append_done,
    };
    net_loop_busy_begin(worker->loop);
    store_submit(worker->runtime->store, &append->task);
}

// ---------------------------------------------------------------------------------------------
// Remove

struct removal {
    struct store_task task;
    int64_t journal_id;
};

static enum status removal_run(struct store_task *task, struct store_tx *tx)
{
    return store_journal_remove(tx, CONTAINER_OF(task, struct removal, task)->journal_id);
}

static void removal_done(struct store_task *task, enum status status)
{
    if (status != STATUS_OK) {
        log_warn("an ended execution stays in the journal and will run again after a restart: %s",
                 status_name(status));
    }
    free(CONTAINER_OF(task, struct removal, task));
}

static void forget_journal(struct runtime_worker *worker, int64_t journal_id)
{
    struct removal *removal = calloc(1, sizeof(*removal));
    if (removal == NULL) return; // It runs once more after a restart.
    removal->journal_id = journal_id;
    removal->task = (struct store_task){
        .mode = STORE_LAZY,
        .is_single_change = true,
        .run = removal_run,
        .done = removal_done, // On the store's thread: nothing but memory to give back.
    };
    store_submit(worker->runtime->store, &removal->task);
}

void execution_forget_journal(struct runtime_execution *execution)
{
    forget_journal(execution->worker, execution->journal_id);
    execution->journal_id = 0;
}

// ---------------------------------------------------------------------------------------------
// Recover

struct recovered {
    int64_t journal_id;
    struct str record;
};

struct recovery {
    struct store_task task;
    struct net_timer retry;
    struct runtime_worker *worker;
    struct arena arena;
    struct recovered records[RECOVER_BATCH];
    uint32_t count;
    int64_t last_id;
    int64_t until_id; // Later ones were started by this run of the server.
    uint64_t total;
};

static enum status collect(void *context, int64_t id, struct str record)
{
    struct recovery *recovery = context;
    if (id > recovery->until_id) return STATUS_NOT_FOUND; // The end of the walk.
    struct recovered *recovered = &recovery->records[recovery->count];
    if (!arena_copy_str(&recovery->arena, record, &recovered->record)) return STATUS_NO_MEMORY;
    recovered->journal_id = id;
    recovery->count++;
    recovery->last_id = id;
    return STATUS_OK;
}

static enum status recovery_run(struct store_task *task, struct store_tx *tx)
{
    struct recovery *recovery = CONTAINER_OF(task, struct recovery, task);
    enum status status =
        store_journal_each(tx, recovery->last_id, RECOVER_BATCH, collect, recovery);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The texts of a start, copied to the execution's arena from a record that is about to go.
static enum status restore_start(struct runtime_execution *execution, const struct json *record)
{
    struct arena *arena = &execution->arena;
    struct engine_start *start = &execution->start;
    if (!arena_copy_str(arena, JSON_FIND_STR(record, "executionArn"), &start->execution_arn) ||
        !arena_copy_str(arena, JSON_FIND_STR(record, "aliasArn"), &start->alias_arn) ||
        !arena_copy_str(arena, JSON_FIND_STR(record, "input"), &start->input_text)) {
        return STATUS_NO_MEMORY;
    }
    enum status status = json_parse(arena, start->input_text, 0, &start->input, NULL);
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

// The five minutes count from the new beginning.
static enum status run_again(struct recovery *recovery, const struct recovered *recovered)
{
    struct runtime_worker *worker = recovery->worker;
    struct json record;
    struct runtime_execution *execution;
    enum status status = json_parse(&recovery->arena, recovered->record, 0, &record, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    struct str arn = JSON_FIND_STR(&record, "versionArn");
    if (arn.size == 0) arn = JSON_FIND_STR(&record, "stateMachineArn");
    struct state_machine *state_machine = state_machine_find(&worker->catalog, arn);
    if (state_machine == NULL) { // Deleted since: its executions end with it.
        log_warn("a start of %" STR_FORMAT ", which is not there any more, is dropped",
                 STR_ARGS(arn));
        forget_journal(worker, recovered->journal_id);
        return STATUS_OK;
    }
    status =
        runtime_execution_new(worker, state_machine, JSON_FIND_STR(&record, "name"), &execution);
    if (status != STATUS_OK) return status;
    status = restore_start(execution, &record);
    if (status != STATUS_OK) {
        runtime_execution_discard(execution);
        return status;
    }
    execution->journal_id = recovered->journal_id;
    return runtime_execution_begin(execution, NULL, NULL);
}

static void read_on(struct recovery *recovery)
{
    recovery->count = 0;
    arena_reset(&recovery->arena);
    store_submit(recovery->worker->runtime->store, &recovery->task);
}

static void on_recovery_retry(struct net_timer *timer)
{
    read_on(CONTAINER_OF(timer, struct recovery, retry));
}

static void recovery_done(struct store_task *task, enum status status)
{
    struct recovery *recovery = CONTAINER_OF(task, struct recovery, task);
    struct net_loop *loop = recovery->worker->loop;
    uint32_t count = recovery->count;
    for (uint32_t i = 0; i < count; i++) {
        enum status begun = run_again(recovery, &recovery->records[i]);
        if (begun != STATUS_OK) {
            log_error("start %lld of the journal is left there for the next restart: %s",
                      (long long)recovery->records[i].journal_id, status_name(begun));
        }
    }
    recovery->total += count;
    if (status == STATUS_OK && count == RECOVER_BATCH) {
        read_on(recovery);
        return;
    }
    if (status != STATUS_OK) log_error("the journal cannot be read: %s", status_name(status));
    if (status == STATUS_IO) { // They were acknowledged: some time they must run.
        net_timer_arm_steady(loop, &recovery->retry, RETRY_MS);
        return;
    }
    net_loop_busy_end(loop);
    if (recovery->total > 0) {
        log_info("took up %llu asynchronous Express executions that had not ended",
                 (unsigned long long)recovery->total);
    }
    arena_release(&recovery->arena);
    free(recovery);
}

// Where the journal ends now.
struct last_id_task {
    struct store_task task;
    int64_t last_id;
    uint32_t count;
};

static enum status note_id(void *context, int64_t id, struct str record)
{
    (void)record;
    struct last_id_task *search = context;
    search->last_id = id;
    search->count++;
    return STATUS_OK;
}

static enum status find_last_id(struct store_task *task, struct store_tx *tx)
{
    struct last_id_task *search = CONTAINER_OF(task, struct last_id_task, task);
    enum status status;
    do {
        search->count = 0;
        status = store_journal_each(tx, search->last_id, RECOVER_BATCH, note_id, search);
    } while (status == STATUS_OK && search->count == RECOVER_BATCH);
    return status;
}

enum status runtime_recover(struct runtime_worker *worker)
{
    struct last_id_task search = {.task = {.mode = STORE_READ, .run = find_last_id}};
    enum status status = store_run(worker->runtime->store, &search.task);
    if (status != STATUS_OK || search.last_id == 0) return status;
    struct recovery *recovery = calloc(1, sizeof(*recovery));
    if (recovery == NULL) return STATUS_NO_MEMORY;
    arena_init(&recovery->arena, MIB(1024));
    net_timer_init(&recovery->retry, on_recovery_retry);
    recovery->worker = worker;
    recovery->until_id = search.last_id;
    recovery->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_READ,
        .run = recovery_run,
        .done = recovery_done,
    };
    net_loop_busy_begin(worker->loop);
    store_submit(worker->runtime->store, &recovery->task);
    return STATUS_OK;
}
