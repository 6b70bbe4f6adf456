// The loop around engine_step(): feed an event, use the update, perform its commands. This file has
// the ephemeral driver and what both drivers share; the durable driver's loop is in commit.c.

#include "runtime/execution.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/arn.h"
#include "runtime/execution_private.h"
#include "runtime/job.h"
#include "runtime/map_run.h"

enum {
    FREE_EXECUTIONS_MAX = 1024,
    BILLED_DURATION_UNIT_MS = 100,
    BILLED_MEMORY_UNIT_MB = 64,
    COMPACT_BYTES_MIN = 1 << 20,
    BASE_MEMORY_BYTES = 50 << 20, // What the service counts for any execution.
};

// ---------------------------------------------------------------------------------------------
// Making and ending

static struct runtime_execution *take_execution(struct runtime_worker *worker)
{
    if (!list_is_empty(&worker->free_executions)) {
        struct list *link = worker->free_executions.next;
        list_remove(link);
        worker->free_execution_count--;
        return LIST_ITEM(link, struct runtime_execution, link);
    }
    struct runtime_execution *execution = calloc(1, sizeof(*execution));
    if (execution == NULL) return NULL;
    arena_init(&execution->arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
    arena_init(&execution->values[0], RUNTIME_EXECUTION_ARENA_BYTES_MAX);
    arena_init(&execution->values[1], RUNTIME_EXECUTION_ARENA_BYTES_MAX);
    list_init(&execution->link);
    list_init(&execution->idle);
    execution->worker = worker;
    return execution;
}

static void empty_arena(struct arena *arena)
{
    if (arena->block == NULL) return;
    arena_release(arena);
    arena_init(arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
}

static void give_back(struct runtime_execution *execution)
{
    struct runtime_worker *worker = execution->worker;
    list_remove(&execution->idle);
    state_machine_unref(execution->state_machine);
    execution->state_machine = NULL;
    empty_arena(&execution->values[0]);
    empty_arena(&execution->values[1]);
    if (worker->free_execution_count >= FREE_EXECUTIONS_MAX) {
        arena_release(&execution->arena);
        free(execution);
        return;
    }
    arena_reset(&execution->arena);
    list_append(&worker->free_executions, &execution->link);
    worker->free_execution_count++;
}

static uint64_t history_mask_of(const struct state_machine *state_machine)
{
    if (state_machine->type == ASL_MACHINE_STANDARD) return ENGINE_HISTORY_ALL;
    if (state_machine->log_group == NULL) return ENGINE_HISTORY_NONE;
    return execution_logged_mask(state_machine);
}

static struct str make_arn(struct runtime_execution *execution, struct str execution_name)
{
    const struct state_machine *state_machine = execution->state_machine;
    struct arena *arena = &execution->arena;
    bool is_child = str_find_byte(state_machine->name, '/') != SIZE_MAX;
    if (state_machine->type == ASL_MACHINE_STANDARD || is_child) {
        bool is_express = state_machine->type == ASL_MACHINE_EXPRESS;
        return runtime_execution_arn(arena, state_machine->arn, execution_name, is_express);
    }
    // Names of Express executions may repeat; a number of their own tells them apart.
    size_t size = execution_name.size + 1 + RANDOM_UUID_SIZE;
    char *text = arena_alloc(arena, size);
    if (text == NULL) return STR("");
    char *end = mempcpy(text, execution_name.data, execution_name.size);
    *end++ = ':';
    random_uuid(&execution->worker->random, end);
    return runtime_execution_arn(arena, state_machine->arn, (struct str){text, size}, true);
}

static bool make_name(struct runtime_execution *execution, struct str name, struct str *ret_name)
{
    if (name.size > 0) return arena_copy_str(&execution->arena, name, ret_name);
    char *uuid = arena_alloc(&execution->arena, RANDOM_UUID_SIZE);
    if (uuid == NULL) return false;
    if (execution->state_machine->type == ASL_MACHINE_STANDARD) {
        // In order of time, so that the store's index of names grows at its end.
        random_uuid_at(&execution->worker->random, execution->start.started_unix_ms, uuid);
    } else {
        random_uuid(&execution->worker->random, uuid);
    }
    *ret_name = (struct str){uuid, RANDOM_UUID_SIZE};
    return true;
}

enum status runtime_execution_new(struct runtime_worker *worker,
                                  struct state_machine *state_machine, struct str name,
                                  struct runtime_execution **ret_execution)
{
    struct runtime_execution *execution = take_execution(worker);
    if (execution == NULL) return STATUS_NO_MEMORY;
    execution->state_machine = state_machine_ref(state_machine);
    execution->engine = NULL;
    execution->compact_bytes = COMPACT_BYTES_MIN;
    execution->log_stream = (struct str){NULL, 0};
    execution->journal_id = 0;
    execution->id = 0;
    execution->step_number = 0;
    execution->commit = NULL;
    execution->pending = NULL;
    execution->has_snapshot = false;
    execution->redrive_count = execution->redriven_unix_ms = 0;
    execution->pending_end = &execution->pending;
    execution->trace_header = (struct str){NULL, 0};
    execution->map_run_arn = (struct str){NULL, 0};
    execution->item_count = -1;
    execution->on_started = NULL;
    execution->on_update = NULL;
    execution->on_end = NULL;
    execution->context = NULL;
    list_init(&execution->tasks);
    list_init(&execution->jobs);
    list_init(&execution->idle);
    list_init(&execution->timers);
    list_init(&execution->counted_tasks);
    net_deferred_init(&execution->continuation, execution_on_continue);
    net_deferred_init(&execution->pump, NULL);
    execution->start = (struct engine_start){
        .machine = state_machine->machine,
        .state_machine_arn = state_machine->arn,
        .state_machine_name = state_machine->name,
        .version_arn = state_machine->version_arn,
        .role_arn = state_machine->role_arn,
        .region = state_machine->region,
        .started_unix_ms = clock_unix_ms(worker->runtime->clock),
        .history_mask = history_mask_of(state_machine),
    };
    if (!make_name(execution, name, &execution->start.execution_name)) goto out;
    execution->start.execution_arn = make_arn(execution, execution->start.execution_name);
    if (execution->start.execution_arn.size == 0) goto out;
    *ret_execution = execution;
    return STATUS_OK;
out:
    give_back(execution);
    return STATUS_NO_MEMORY;
}

void runtime_execution_discard(struct runtime_execution *execution)
{
    assert(list_is_empty(&execution->tasks) && list_is_empty(&execution->timers));
    metrics_forget_tasks(execution);
    give_back(execution);
}

// ---------------------------------------------------------------------------------------------
// Steps

void execution_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct runtime_worker *worker = execution->worker;
    execution_cancel_everything(execution);
    metrics_forget_tasks(execution);
    if (execution->id == 0) {
        worker->running_count--;
        metrics_count_end(execution, update);
    }
    atomic_fetch_add_explicit(&worker->runtime->ended_count, 1, memory_order_relaxed);
    if (execution->id != 0) {
        commit_forget(execution);
        job_child_ended(worker, execution->id);
        if (execution->map_run_arn.size > 0) map_run_child_ended(execution, update);
    }
    if (execution->journal_id != 0) execution_forget_journal(execution);
    if (execution->on_end != NULL) execution->on_end(execution, update);
    give_back(execution);
}

void execution_put_down(struct runtime_execution *execution)
{
    execution_cancel_everything(execution);
    metrics_forget_tasks(execution);
    commit_forget(execution);
    give_back(execution);
}

void execution_compact(struct runtime_execution *execution)
{
    struct arena *from = engine_execution_arena(execution->engine);
    if (from->used_bytes < execution->compact_bytes) return;
    if (execution->pending != NULL) return; // Its memory is there as well.
    struct arena *to =
        from == &execution->values[0] ? &execution->values[1] : &execution->values[0];
    assert(to->block == NULL);
    if (engine_execution_move(execution->engine, to, &execution->engine) != STATUS_OK) {
        empty_arena(to); // It goes on where it is.
        execution->compact_bytes *= 2;
        return;
    }
    // The first arena keeps the texts of the start; what the engine left there stays until the end.
    if (from != &execution->arena) empty_arena(from);
    execution->compact_bytes = 2 * to->used_bytes;
    if (execution->compact_bytes < COMPACT_BYTES_MIN) execution->compact_bytes = COMPACT_BYTES_MIN;
}

struct engine_update execution_fault(struct runtime_execution *execution, enum status status)
{
    log_error("execution %" STR_FORMAT " cannot go on: %s",
              STR_ARGS(execution->start.execution_arn), status_name(status));
    return (struct engine_update){
        .status = ENGINE_FAILED,
        .error = {.name = ASL_ERROR_RUNTIME,
                  .cause = STR("The execution ran out of memory on this server.")},
        .stopped_unix_ms = clock_unix_ms(execution->worker->runtime->clock),
    };
}

void execution_feed(struct runtime_execution *execution, struct engine_event *event)
{
    struct runtime_worker *worker = execution->worker;
    struct engine_update update = {0};
    if (execution->id != 0) {
        commit_feed(execution, event, NULL);
        return;
    }
    event->now_unix_ms = clock_unix_ms(worker->runtime->clock);
    event->random_seed = random_u64(&worker->random);
    arena_reset(&worker->step_arena);
    enum status status = engine_step(execution->engine, event, &worker->step_arena, &update);
    if (status == STATUS_NOT_FOUND) return; // A late answer or timer: nobody waits for it.
    if (status == STATUS_OK) metrics_count_tasks(execution, event, &update);
    if (status == STATUS_OK && update.history_event_count > 0) {
        execution_write_log_records(execution, &update);
    }
    if (status == STATUS_OK && execution->on_update != NULL) {
        execution->on_update(execution, &update);
    }
    if (status == STATUS_OK) status = execution_perform(execution, &update);
    if (status != STATUS_OK) update = execution_fault(execution, status);
    if (update.status != ENGINE_RUNNING) {
        execution_end(execution, &update);
    } else {
        execution_compact(execution);
    }
}

void runtime_execution_tell(struct runtime_execution *execution, struct engine_event *event)
{
    execution_feed(execution, event);
}

enum status runtime_execution_begin(struct runtime_execution *execution, runtime_end_fn on_end,
                                    void *context)
{
    struct runtime_worker *worker = execution->worker;
    enum status status =
        engine_execution_new(&execution->arena, &execution->start, &execution->engine);
    if (status != STATUS_OK) {
        runtime_execution_discard(execution);
        return status;
    }
    execution->on_end = on_end;
    execution->context = context;
    worker->running_count++;
    metrics_count_start(execution);
    atomic_fetch_add_explicit(&worker->runtime->started_count, 1, memory_order_relaxed);
    struct engine_event event = {.type = ENGINE_EVENT_START};
    execution_feed(execution, &event);
    return STATUS_OK;
}

struct runtime_billing runtime_execution_billing(const struct runtime_execution *execution,
                                                 int64_t stopped_unix_ms)
{
    int64_t duration_ms = stopped_unix_ms - execution->start.started_unix_ms;
    int64_t units = (duration_ms + BILLED_DURATION_UNIT_MS - 1) / BILLED_DURATION_UNIT_MS;
    size_t memory_bytes = BASE_MEMORY_BYTES + execution->start.machine->definition.size +
                          engine_execution_payload_bytes_max(execution->engine);
    size_t unit_bytes = MIB(BILLED_MEMORY_UNIT_MB);
    return (struct runtime_billing){
        .duration_ms = (units < 1 ? 1 : units) * BILLED_DURATION_UNIT_MS,
        .memory_mb =
            (int64_t)((memory_bytes + unit_bytes - 1) / unit_bytes) * BILLED_MEMORY_UNIT_MB,
    };
}
