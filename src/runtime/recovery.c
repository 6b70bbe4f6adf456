// An execution gets the events of its steps again, from its beginning or from a snapshot on, which
// brings it back to where it was, and then what it waits for is waited for again.
//
// Timers are armed as they were; those whose time passed meanwhile fire at once. A task whose
// answer is lost is never performed again in silence: it fails with its unknown outcome.

#include "runtime/recovery.h"

#include <stdlib.h>

#include "base/log.h"
#include "engine/snapshot.h"
#include "runtime/execution_private.h"
#include "runtime/map_run.h"
#include "runtime/step_record.h"

enum { DEFINITIONS_MAX = 1000 }; // Kept by a worker.

// ---------------------------------------------------------------------------------------------
// Reading

struct reading {
    struct recovered *recovered;
    struct arena *arena;
};

static enum status collect_step(void *context, const struct store_step *step)
{
    struct reading *reading = context;
    return step_list_add(&reading->recovered->steps, reading->arena, step);
}

enum status recovery_read(struct store_tx *tx, int64_t execution_id, bool wants_definition,
                          struct arena *arena, struct recovered *recovered)
{
    struct reading reading = {recovered, arena};
    enum status status = STATUS_OK;
    if (execution_id != 0) status = store_execution_get(tx, execution_id, arena, &recovered->row);
    if (status != STATUS_OK) return status;
    status = store_snapshot_get(tx, recovered->row.id, arena, &recovered->snapshot);
    if (status == STATUS_NOT_FOUND) recovered->snapshot = (struct store_snapshot){0};
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    status = store_step_each(tx, recovered->row.id, recovered->snapshot.step_number, collect_step,
                             &reading);
    if (status != STATUS_OK || !wants_definition) return status;
    status = store_definition_get(tx, recovered->row.definition_key, arena, &recovered->definition);
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

// ---------------------------------------------------------------------------------------------
// Definitions

bool recovery_has_definition(const struct runtime_worker *worker, struct str key)
{
    return map_find(&worker->definitions, key) != NULL;
}

static void forget_definitions(struct runtime_worker *worker)
{
    MAP_EACH(entry, &worker->definitions)
    {
        state_machine_unref(entry->value);
    }
    map_release(&worker->definitions);
    map_init(&worker->definitions);
}

enum status recovery_definition(struct runtime_worker *worker, struct str key, struct str body,
                                struct state_machine **ret_state_machine)
{
    *ret_state_machine = map_find(&worker->definitions, key);
    if (*ret_state_machine != NULL) return STATUS_OK;
    if (worker->definitions.count >= DEFINITIONS_MAX) {
        forget_definitions(worker);
    }
    struct state_machine *state_machine;
    enum status status = state_machine_decode(body, &state_machine);
    if (status != STATUS_OK) return status;
    status = state_machine_open_log_group(state_machine, worker->runtime->logs);
    // Written by another version of this program, in another form: the key it is stored under is
    // the one that counts.
    if (status == STATUS_OK && !str_equal(state_machine->definition_key, key) &&
        !arena_copy_str(&state_machine->arena, key, &state_machine->definition_key)) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK &&
        !map_set(&worker->definitions, state_machine->definition_key, state_machine)) {
        status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        state_machine_unref(state_machine);
        return status;
    }
    atomic_store_explicit(&state_machine->is_definition_stored, true, memory_order_relaxed);
    *ret_state_machine = state_machine;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Rebuilding

// Reports of submissions met on the way: by them nested executions are found again.
struct submission {
    uint64_t task_id;
    struct json output;
    struct submission *next;
};

struct rebuilding {
    struct runtime_execution *execution;
    struct submission *submissions; // In its arena.
};

static bool copy_start(struct runtime_execution *execution, const struct store_execution *row)
{
    struct engine_start *start = &execution->start;
    struct arena *arena = &execution->arena;
    execution->id = start->execution_id = row->id;
    start->started_unix_ms = row->started_unix_ms;
    execution->redrive_count = row->redrive_count;
    execution->redriven_unix_ms = row->redriven_unix_ms;
    start->can_redrive = row->redrive_count > 0 || !str_is(row->status, "RUNNING");
    execution->item_count = row->item_count;
    return arena_copy_str(arena, row->input, &start->input_text) &&
           arena_copy_str(arena, row->map_run_arn, &execution->map_run_arn) &&
           arena_copy_str(arena, row->version_arn, &start->version_arn) &&
           arena_copy_str(arena, row->alias_arn, &start->alias_arn);
}

static enum status note_submission(struct rebuilding *rebuilding, const struct engine_event *event)
{
    struct arena *arena = &rebuilding->execution->arena; // Lasts; the engine's values move.
    struct submission *submission = ARENA_NEW(arena, struct submission);
    if (submission == NULL) return STATUS_NO_MEMORY;
    *submission = (struct submission){.task_id = event->task_id, .next = rebuilding->submissions};
    if (!json_copy(arena, &event->output, &submission->output)) return STATUS_NO_MEMORY;
    rebuilding->submissions = submission;
    return STATUS_OK;
}

static enum status replay_step(struct rebuilding *rebuilding, const struct store_step *step)
{
    struct runtime_execution *execution = rebuilding->execution;
    struct runtime_worker *worker = execution->worker;
    struct engine_event *events;
    size_t count;
    enum status status =
        step_record_read_causes(engine_execution_arena(execution->engine), step, &events, &count);
    int64_t event_count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct engine_update update;
        arena_reset(&worker->step_arena);
        // A virtual clock that starts anew must not lie behind what has happened already.
        if (worker->runtime->clock->is_virtual) {
            clock_advance(worker->runtime->clock, events[i].now_unix_ms);
        }
        status = engine_step(execution->engine, &events[i], &worker->step_arena, &update);
        if (status == STATUS_OK) event_count += (int64_t)update.history_event_count;
        if (status == STATUS_OK && events[i].type == ENGINE_EVENT_TASK_SUBMITTED) {
            status = note_submission(rebuilding, &events[i]);
        }
    }
    if (status == STATUS_NOT_FOUND) status = STATUS_CORRUPT; // It was waited for at the time.
    if (status == STATUS_OK && event_count != step->event_count) status = STATUS_CORRUPT;
    execution->step_number = step->number;
    return status;
}

static enum status resume_task(struct rebuilding *rebuilding, const struct engine_wait *wait)
{
    metrics_resume_task(rebuilding->execution, wait);
    if (!wait->is_submitted) return execution_resume_task(rebuilding->execution, wait);
    for (const struct submission *at = rebuilding->submissions; at != NULL; at = at->next) {
        if (at->task_id == wait->task_id) {
            return execution_resume_job(rebuilding->execution, wait, &at->output);
        }
    }
    return STATUS_OK;
}

static enum status resume(void *context, const struct engine_wait *wait)
{
    struct rebuilding *rebuilding = context;
    struct runtime_execution *execution = rebuilding->execution;
    switch (wait->type) {
    case ENGINE_WAIT_TIMER: return execution_arm_timer(execution, wait->timer_id, wait->at_unix_ms);
    case ENGINE_WAIT_TASK: return resume_task(rebuilding, wait);
    case ENGINE_WAIT_MAP_RUN:
        return map_run_resume(execution, wait->task_id, wait->state, wait->map_run);
    case ENGINE_WAIT_CONTINUE: {
        struct engine_event event = {.type = ENGINE_EVENT_CONTINUE};
        return commit_defer(execution, &event);
    }
    }
    return STATUS_CORRUPT;
}

// The engine's execution as it was after the last step.
static enum status restore_engine(struct rebuilding *rebuilding, const struct recovered *recovered)
{
    struct runtime_execution *execution = rebuilding->execution;
    struct engine_start *start = &execution->start;
    if (!copy_start(execution, &recovered->row)) return STATUS_NO_MEMORY;
    enum status status = json_parse(&execution->arena, start->input_text, 0, &start->input, NULL);
    if (status == STATUS_INVALID) status = STATUS_CORRUPT;
    if (status != STATUS_OK) return status;
    if (recovered->snapshot.step_number > 0) {
        status = engine_execution_decode(&execution->values[0], start, recovered->snapshot.state,
                                         &execution->engine);
        execution->step_number = recovered->snapshot.step_number;
        execution->has_snapshot = true;
    } else {
        status = engine_execution_new(&execution->values[0], start, &execution->engine);
    }
    for (size_t i = 0; i < recovered->steps.count && status == STATUS_OK; i++) {
        status = replay_step(rebuilding, &recovered->steps.items[i]);
        if (status == STATUS_OK) execution_compact(execution);
    }
    bool is_running = str_is(recovered->row.status, "RUNNING");
    if (status == STATUS_OK &&
        is_running != (engine_execution_status(execution->engine) == ENGINE_RUNNING)) {
        status = STATUS_CORRUPT;
    }
    return status;
}

enum status recovery_rebuild(struct runtime_worker *worker, struct state_machine *state_machine,
                             const struct recovered *recovered,
                             struct runtime_execution **ret_execution)
{
    struct rebuilding rebuilding = {0};
    enum status status =
        runtime_execution_new(worker, state_machine, recovered->row.name, &rebuilding.execution);
    if (status != STATUS_OK) return status;
    status = restore_engine(&rebuilding, recovered);
    if (status == STATUS_OK) status = commit_register(rebuilding.execution);
    if (status != STATUS_OK) {
        runtime_execution_discard(rebuilding.execution);
        return status;
    }
    *ret_execution = rebuilding.execution;
    if (!str_is(recovered->row.status, "RUNNING")) return STATUS_OK; // To be redriven.
    status = engine_execution_each_wait(rebuilding.execution->engine, resume, &rebuilding);
    if (status != STATUS_OK) {
        struct engine_update update = {.status = ENGINE_RUNNING};
        execution_end(rebuilding.execution, &update); // Of what is in memory; the store keeps it.
        return status;
    }
    execution_compact(rebuilding.execution);
    sleep_note_idle(rebuilding.execution);
    return STATUS_OK;
}
