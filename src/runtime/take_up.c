// Start-up: every open execution is taken up, the sleeping ones as no more than a timer.
//
// All of this runs before the workers' loops do, on the store's thread while the main thread waits,
// so that executions are read one after the other however many there are.

#include "base/log.h"
#include "runtime/drain.h"
#include "runtime/execution_private.h"
#include "runtime/map_run.h"
#include "runtime/recovery.h"

enum { BATCH = 1000 };

struct take_up {
    struct store_task task;
    struct runtime *runtime;
    struct store_tx *tx;
    struct arena arena; // Of one execution.
    int64_t last_id;
    uint32_t batch_count;
    uint64_t total;
};

static enum status bring_back(struct take_up *take_up, struct runtime_worker *worker,
                              const struct store_execution *row)
{
    struct recovered recovered = {.row = *row};
    struct state_machine *state_machine;
    struct runtime_execution *execution;
    bool wants_definition = !recovery_has_definition(worker, row->definition_key);
    arena_reset(&take_up->arena);
    enum status status =
        recovery_read(take_up->tx, 0, wants_definition, &take_up->arena, &recovered);
    if (status == STATUS_OK) {
        status =
            recovery_definition(worker, row->definition_key, recovered.definition, &state_machine);
    }
    if (status == STATUS_OK) {
        status = recovery_rebuild(worker, state_machine, &recovered, &execution);
    }
    return status;
}

// One that cannot be taken up stays in the store as it is and must not keep the others from
// running.
static enum status take_up_one(void *context, const struct store_execution *row)
{
    struct take_up *take_up = context;
    take_up->last_id = row->id;
    take_up->batch_count++;
    enum status status = bring_back(take_up, runtime_owner_of(take_up->runtime, row->id), row);
    if (status == STATUS_OK) take_up->total++;
    if (status != STATUS_CORRUPT && status != STATUS_NO_MEMORY) return status;
    log_error("execution %" STR_FORMAT " of %" STR_FORMAT
              " cannot be taken up: %s; it is left as it is",
              STR_ARGS(row->name), STR_ARGS(row->state_machine_arn),
              status == STATUS_CORRUPT ? "its steps cannot be read, or do not fit its definition"
                                       : "there is not enough memory for its data");
    return STATUS_OK;
}

static enum status run_take_up(struct store_task *task, struct store_tx *tx)
{
    struct take_up *take_up = CONTAINER_OF(task, struct take_up, task);
    take_up->tx = tx;
    take_up->batch_count = 0;
    enum status status =
        store_execution_each_open(tx, take_up->last_id, BATCH, take_up_one, take_up);
    task->is_unfinished = status == STATUS_OK && take_up->batch_count == BATCH;
    return status;
}

static enum status add_sleeper(void *context, const struct store_snapshot *snapshot)
{
    struct take_up *take_up = context;
    struct runtime_worker *worker = runtime_owner_of(take_up->runtime, snapshot->execution_id);
    take_up->last_id = snapshot->execution_id;
    take_up->batch_count++;
    take_up->total++;
    return sleep_add(worker, snapshot->execution_id, snapshot->wakes_unix_ms);
}

static enum status run_map_runs(struct store_task *task, struct store_tx *tx)
{
    return map_run_take_up(CONTAINER_OF(task, struct take_up, task)->runtime, tx);
}

static enum status run_sleepers(struct store_task *task, struct store_tx *tx)
{
    struct take_up *take_up = CONTAINER_OF(task, struct take_up, task);
    take_up->batch_count = 0;
    enum status status = store_snapshot_each(tx, take_up->last_id, BATCH, add_sleeper, take_up);
    task->is_unfinished = status == STATUS_OK && take_up->batch_count == BATCH;
    return status;
}

struct last_id {
    struct store_task task;
    int64_t id;
};

static enum status read_last_id(struct store_task *task, struct store_tx *tx)
{
    return store_execution_last_id(tx, &CONTAINER_OF(task, struct last_id, task)->id);
}

enum status runtime_take_up(struct runtime *runtime)
{
    struct last_id last = {.task = {.mode = STORE_READ, .run = read_last_id}};
    struct take_up take_up = {.task = {.mode = STORE_READ, .run = run_take_up}, .runtime = runtime};
    enum status status = store_run(runtime->store, &last.task);
    if (status != STATUS_OK) return status;
    for (uint32_t i = 0; i < runtime->worker_count; i++)
        runtime_worker_skip_ids(runtime->workers[i], last.id);
    status = drain_load(runtime);
    if (status != STATUS_OK) return status;
    arena_init(&take_up.arena, MIB(1024));
    status = store_run(runtime->store, &take_up.task);
    arena_release(&take_up.arena);
    drain_release(runtime);
    uint64_t running = take_up.total;
    if (status == STATUS_OK) {
        take_up.task = (struct store_task){.mode = STORE_READ, .run = run_sleepers};
        take_up.last_id = 0;
        status = store_run(runtime->store, &take_up.task);
    }
    if (status == STATUS_OK) {
        take_up.task = (struct store_task){.mode = STORE_READ, .run = run_map_runs};
        status = store_run(runtime->store, &take_up.task);
    }
    if (take_up.total > 0) {
        log_info("took up %llu executions that had not ended, %llu of them asleep",
                 (unsigned long long)take_up.total, (unsigned long long)(take_up.total - running));
    }
    return status;
}
