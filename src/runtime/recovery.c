// Taking up Standard executions after a restart: each open one gets the events of its steps again,
// which brings it back to where it was, and then what it waits for is waited for again.
//
// Timers are armed as they were; those whose time passed meanwhile fire at once. A task whose
// answer is lost is never performed again in silence: it fails with its unknown outcome.
//
// All of this runs before the workers' loops do, on the store's thread while the main thread waits,
// so that executions are read one after the other however many there are.

#include <stdlib.h>

#include "base/log.h"
#include "runtime/execution_private.h"
#include "runtime/step_record.h"
#include "store/execution.h"

enum { BATCH = 1000 };

// Reports of submissions met on the way: by them nested executions are found again.
struct submission {
    uint64_t task_id;
    struct json output;
    struct submission *next;
};

struct take_up {
    struct store_task task;
    struct runtime *runtime;
    struct store_tx *tx;
    struct map definitions;              // State machines by key; each entry holds a reference.
    struct runtime_execution *execution; // The one being taken up,
    struct submission *submissions;      // in its arena.
    int64_t last_id;
    uint32_t batch_count;
    uint64_t total;
};

static enum status find_definition(struct take_up *take_up, struct str key,
                                   struct state_machine **ret_state_machine)
{
    *ret_state_machine = map_find(&take_up->definitions, key);
    if (*ret_state_machine != NULL) return STATUS_OK;
    struct arena arena;
    struct str body;
    arena_init(&arena, MIB(32));
    enum status status = store_definition_get(take_up->tx, key, &arena, &body);
    if (status == STATUS_NOT_FOUND) status = STATUS_CORRUPT;
    struct state_machine *state_machine = NULL;
    if (status == STATUS_OK) status = state_machine_decode(body, &state_machine);
    arena_release(&arena);
    if (status != STATUS_OK) return status;
    status = state_machine_open_log_group(state_machine, take_up->runtime->logs);
    if (status == STATUS_OK && !str_equal(state_machine->definition_key, key)) {
        // Written by another version of this program, in another form: the key it is stored under
        // is the one that counts.
        if (!arena_copy_str(&state_machine->arena, key, &state_machine->definition_key)) {
            status = STATUS_NO_MEMORY;
        }
    }
    if (status == STATUS_OK &&
        !map_set(&take_up->definitions, state_machine->definition_key, state_machine)) {
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
// One execution

static bool copy_start(struct runtime_execution *execution, const struct store_execution *row)
{
    struct engine_start *start = &execution->start;
    struct arena *arena = &execution->arena;
    execution->id = start->execution_id = row->id;
    start->started_unix_ms = row->started_unix_ms;
    return arena_copy_str(arena, row->input, &start->input_text) &&
           arena_copy_str(arena, row->version_arn, &start->version_arn) &&
           arena_copy_str(arena, row->alias_arn, &start->alias_arn);
}

static enum status note_submission(struct take_up *take_up, const struct engine_event *event)
{
    struct submission *submission = ARENA_NEW(&take_up->execution->arena, struct submission);
    if (submission == NULL) return STATUS_NO_MEMORY;
    *submission = (struct submission){event->task_id, event->output, take_up->submissions};
    take_up->submissions = submission;
    return STATUS_OK;
}

static enum status replay_step(void *context, const struct store_step *step)
{
    struct take_up *take_up = context;
    struct runtime_execution *execution = take_up->execution;
    struct runtime_worker *worker = execution->worker;
    struct engine_event *events;
    size_t count;
    enum status status = step_record_read(&execution->arena, step->causes, &events, &count);
    int64_t event_count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct engine_update update;
        arena_reset(&worker->step_arena);
        status = engine_step(execution->engine, &events[i], &worker->step_arena, &update);
        if (status == STATUS_OK) event_count += (int64_t)update.history_event_count;
        if (status == STATUS_OK && events[i].type == ENGINE_EVENT_TASK_SUBMITTED) {
            status = note_submission(take_up, &events[i]);
        }
    }
    if (status == STATUS_NOT_FOUND) status = STATUS_CORRUPT; // It was waited for at the time.
    if (status == STATUS_OK && event_count != step->event_count) status = STATUS_CORRUPT;
    execution->step_number = step->number;
    return status;
}

static enum status resume_task(struct take_up *take_up, const struct engine_wait *wait)
{
    if (!wait->is_submitted) return execution_resume_task(take_up->execution, wait);
    for (const struct submission *at = take_up->submissions; at != NULL; at = at->next) {
        if (at->task_id == wait->task_id) {
            return execution_resume_job(take_up->execution, wait, &at->output);
        }
    }
    return STATUS_OK;
}

static enum status resume(void *context, const struct engine_wait *wait)
{
    struct take_up *take_up = context;
    struct runtime_execution *execution = take_up->execution;
    switch (wait->type) {
    case ENGINE_WAIT_TIMER: return execution_arm_timer(execution, wait->timer_id, wait->at_unix_ms);
    case ENGINE_WAIT_TASK: return resume_task(take_up, wait);
    case ENGINE_WAIT_CONTINUE: {
        struct engine_event event = {.type = ENGINE_EVENT_CONTINUE};
        return commit_defer(execution, &event);
    }
    }
    return STATUS_CORRUPT;
}

static enum status bring_back(struct take_up *take_up, struct runtime_execution *execution,
                              const struct store_execution *row)
{
    struct engine_start *start = &execution->start;
    take_up->execution = execution;
    take_up->submissions = NULL;
    if (!copy_start(execution, row)) return STATUS_NO_MEMORY;
    enum status status = json_parse(&execution->arena, start->input_text, 0, &start->input, NULL);
    if (status == STATUS_INVALID) status = STATUS_CORRUPT;
    if (status == STATUS_OK) {
        status = engine_execution_new(&execution->arena, start, &execution->engine);
    }
    if (status == STATUS_OK) {
        status = store_step_each(take_up->tx, row->id, 0, replay_step, take_up);
    }
    if (status == STATUS_OK && engine_execution_status(execution->engine) != ENGINE_RUNNING) {
        status = STATUS_CORRUPT; // The row would say so.
    }
    if (status == STATUS_OK) status = commit_register(execution);
    if (status != STATUS_OK) return status;
    execution->worker->running_count++;
    return engine_execution_each_wait(execution->engine, resume, take_up);
}

// One that cannot be taken up stays in the store as it is and must not keep the others from
// running.
static enum status take_up_one(void *context, const struct store_execution *row)
{
    struct take_up *take_up = context;
    struct state_machine *state_machine;
    struct runtime_execution *execution = NULL;
    take_up->last_id = row->id;
    take_up->batch_count++;
    enum status status = find_definition(take_up, row->definition_key, &state_machine);
    if (status == STATUS_OK) {
        status = runtime_execution_new(runtime_owner_of(take_up->runtime, row->id), state_machine,
                                       row->name, &execution);
    }
    if (status == STATUS_OK) status = bring_back(take_up, execution, row);
    if (status == STATUS_OK) {
        take_up->total++;
        return STATUS_OK;
    }
    if (status != STATUS_CORRUPT) return status;
    log_error("execution %" STR_FORMAT " of %" STR_FORMAT
              " cannot be taken up: its steps do not fit its definition; it is left as it is",
              STR_ARGS(row->name), STR_ARGS(row->state_machine_arn));
    if (execution != NULL) runtime_execution_discard(execution);
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// All of them

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
    map_init(&take_up.definitions);
    status = store_run(runtime->store, &take_up.task);
    MAP_EACH(entry, &take_up.definitions)
    {
        state_machine_unref(entry->value);
    }
    map_release(&take_up.definitions);
    if (take_up.total > 0) {
        log_info("took up %llu executions that had not ended", (unsigned long long)take_up.total);
    }
    return status;
}
