// Sleep: an execution that waits for nothing but time or a token, and for long, is put down in the
// store as a snapshot, and only a timer and its number stay in memory.
//
//   awake   -> falling asleep  [idle for a while: the snapshot goes to the store]
//   falling asleep -> awake    [an event came meanwhile: the next commit removes the snapshot]
//   falling asleep -> asleep   [the snapshot is written: the execution's memory is given back]
//   asleep  -> waking          [its timer, or a letter: it is read from the store]
//   waking  -> awake           [rebuilt; the letters that waited are delivered]

#include <malloc.h>
#include <stdlib.h>

#include "base/log.h"
#include "engine/snapshot.h"
#include "runtime/execution_private.h"
#include "runtime/recovery.h"

enum {
    SWEEP_MS = 1000,
    IDLE_MS = 3000,         // Awake at least that long after its last event.
    NAP_MS = 10000,         // What wakes sooner stays awake.
    SWEEP_COUNT_MAX = 4096, // Put down in one sweep.
    RETRY_MS = 1000,
    TRIM_COUNT = 4096, // Put down since memory was last given back to the system.
};

struct waking {
    struct store_task task;
    struct sleeper *sleeper;
    struct arena arena;
    bool wants_definition;
    struct recovered recovered;
};

struct sleeper {
    struct net_timer timer;
    struct runtime_worker *worker;
    int64_t execution_id;
    struct state_machine *state_machine; // A reference; NULL after a restart, until it wakes.
    struct waking *waking;               // NULL while it sleeps.
    struct runtime_letter *letters;      // Wait for it to wake, oldest first.
    struct runtime_letter **letters_end;
};

static void wake(struct sleeper *sleeper);

static void free_sleeper(struct sleeper *sleeper)
{
    net_timer_disarm(sleeper->worker->loop, &sleeper->timer);
    map_remove(&sleeper->worker->sleepers, execution_id_key(&sleeper->execution_id));
    state_machine_unref(sleeper->state_machine);
    free(sleeper);
}

static void on_timer(struct net_timer *timer)
{
    wake(CONTAINER_OF(timer, struct sleeper, timer));
}

static struct sleeper *sleeper_new(struct runtime_worker *worker, int64_t execution_id,
                                   int64_t wakes_unix_ms)
{
    struct sleeper *sleeper = calloc(1, sizeof(*sleeper));
    if (sleeper == NULL) return NULL;
    sleeper->worker = worker;
    sleeper->execution_id = execution_id;
    sleeper->letters_end = &sleeper->letters;
    net_timer_init(&sleeper->timer, on_timer);
    if (!map_set(&worker->sleepers, execution_id_key(&sleeper->execution_id), sleeper)) {
        free(sleeper);
        return NULL;
    }
    if (wakes_unix_ms != INT64_MAX) net_timer_arm(worker->loop, &sleeper->timer, wakes_unix_ms);
    return sleeper;
}

enum status sleep_add(struct runtime_worker *worker, int64_t execution_id, int64_t wakes_unix_ms)
{
    return sleeper_new(worker, execution_id, wakes_unix_ms) == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

bool sleep_is_asleep(const struct runtime_worker *worker, int64_t execution_id)
{
    return map_find(&worker->sleepers, execution_id_key(&execution_id)) != NULL;
}

// ---------------------------------------------------------------------------------------------
// Waking

static enum status run_waking(struct store_task *task, struct store_tx *tx)
{
    struct waking *waking = CONTAINER_OF(task, struct waking, task);
    return recovery_read(tx, waking->sleeper->execution_id, waking->wants_definition,
                         &waking->arena, &waking->recovered);
}

static enum status rise(struct waking *waking)
{
    struct sleeper *sleeper = waking->sleeper;
    struct runtime_execution *execution;
    struct state_machine *state_machine = sleeper->state_machine;
    enum status status = STATUS_OK;
    if (state_machine == NULL) {
        status = recovery_definition(sleeper->worker, waking->recovered.row.definition_key,
                                     waking->recovered.definition, &state_machine);
    }
    if (status != STATUS_OK) return status;
    return recovery_rebuild(sleeper->worker, state_machine, &waking->recovered, &execution);
}

static void on_waking(struct store_task *task, enum status status)
{
    struct waking *waking = CONTAINER_OF(task, struct waking, task);
    struct sleeper *sleeper = waking->sleeper;
    struct runtime_worker *worker = sleeper->worker;
    net_loop_busy_end(worker->loop);
    if (status == STATUS_OK) status = rise(waking);
    struct runtime_letter *letters = sleeper->letters;
    sleeper->letters = NULL;
    sleeper->letters_end = &sleeper->letters;
    sleeper->waking = NULL;
    if (status == STATUS_OK) {
        free_sleeper(sleeper);
    } else {
        log_error("execution %lld cannot wake: %s", (long long)sleeper->execution_id,
                  status_name(status));
        // What is damaged stays asleep; what the disk refused is tried again.
        if (status != STATUS_CORRUPT && status != STATUS_NOT_FOUND) {
            net_timer_arm_steady(worker->loop, &sleeper->timer, RETRY_MS);
        }
    }
    arena_release(&waking->arena);
    free(waking);
    for (struct runtime_letter *letter = letters, *next; letter != NULL; letter = next) {
        next = letter->next;
        if (status == STATUS_OK) {
            letter_deliver(letter);
        } else {
            letter_answer(letter, status, 0);
        }
    }
}

static void wake(struct sleeper *sleeper)
{
    struct runtime_worker *worker = sleeper->worker;
    if (sleeper->waking != NULL) return;
    struct waking *waking = calloc(1, sizeof(*waking));
    net_timer_disarm(worker->loop, &sleeper->timer);
    if (waking == NULL) {
        net_timer_arm_steady(worker->loop, &sleeper->timer, RETRY_MS);
        return;
    }
    sleeper->waking = waking;
    waking->sleeper = sleeper;
    waking->wants_definition = sleeper->state_machine == NULL;
    arena_init(&waking->arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
    waking->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_READ,
        .run = run_waking,
        .done = on_waking,
    };
    net_loop_busy_begin(worker->loop);
    store_submit(worker->runtime->store, &waking->task);
}

bool sleep_take_letter(struct runtime_worker *worker, struct runtime_letter *letter)
{
    struct sleeper *sleeper = map_find(&worker->sleepers, execution_id_key(&letter->execution_id));
    if (sleeper == NULL) return false;
    letter->next = NULL;
    *sleeper->letters_end = letter;
    sleeper->letters_end = &letter->next;
    wake(sleeper);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Falling asleep

struct falling {
    struct store_task task;
    struct runtime_worker *worker;
    int64_t execution_id;
    struct buffer state;
    struct store_snapshot snapshot;
};

static enum status run_falling(struct store_task *task, struct store_tx *tx)
{
    return store_snapshot_put(tx, &CONTAINER_OF(task, struct falling, task)->snapshot);
}

static bool is_quiet(const struct runtime_execution *execution)
{
    return execution->commit == NULL && execution->pending == NULL &&
           list_is_empty(&execution->tasks) && list_is_empty(&execution->jobs);
}

static void on_fallen(struct store_task *task, enum status status)
{
    struct falling *falling = CONTAINER_OF(task, struct falling, task);
    struct runtime_worker *worker = falling->worker;
    struct runtime_execution *execution = runtime_execution_find(worker, falling->execution_id);
    // If anything happened meanwhile, it stays awake, and its next commit removes the snapshot.
    bool is_unchanged = status == STATUS_OK && execution != NULL && is_quiet(execution) &&
                        execution->step_number == falling->snapshot.step_number;
    struct sleeper *sleeper =
        is_unchanged ? sleeper_new(worker, falling->execution_id, falling->snapshot.wakes_unix_ms)
                     : NULL;
    if (sleeper != NULL) {
        sleeper->state_machine = state_machine_ref(execution->state_machine);
        execution_put_down(execution);
        worker->fallen_count++;
    } else if (execution != NULL) {
        sleep_note_idle(execution);
    }
    buffer_release(&falling->state);
    free(falling);
}

// What the execution waits for, as far as it decides whether it may sleep.
struct outlook {
    bool may_sleep;
    int64_t wakes_unix_ms;
};

static enum status look_at(void *context, const struct engine_wait *wait)
{
    struct outlook *outlook = context;
    if (wait->type == ENGINE_WAIT_CONTINUE || wait->type == ENGINE_WAIT_MAP_RUN ||
        (wait->type == ENGINE_WAIT_TASK && !wait->is_submitted)) {
        outlook->may_sleep = false;
    }
    if (wait->type == ENGINE_WAIT_TIMER && wait->at_unix_ms < outlook->wakes_unix_ms) {
        outlook->wakes_unix_ms = wait->at_unix_ms;
    }
    return STATUS_OK;
}

static bool may_sleep(struct runtime_execution *execution, int64_t *ret_wakes_unix_ms)
{
    struct outlook outlook = {true, INT64_MAX};
    if (!is_quiet(execution) ||
        engine_execution_each_wait(execution->engine, look_at, &outlook) != STATUS_OK) {
        return false;
    }
    *ret_wakes_unix_ms = outlook.wakes_unix_ms;
    int64_t now_unix_ms = clock_unix_ms(execution->worker->runtime->clock);
    return outlook.may_sleep && outlook.wakes_unix_ms - now_unix_ms > NAP_MS;
}

static void put_to_sleep(struct runtime_execution *execution, int64_t wakes_unix_ms)
{
    struct runtime_worker *worker = execution->worker;
    struct falling *falling = calloc(1, sizeof(*falling));
    if (falling == NULL) return;
    buffer_init(&falling->state, MIB(64));
    if (engine_execution_encode(execution->engine, &falling->state) != STATUS_OK) {
        buffer_release(&falling->state);
        free(falling);
        return; // Too large: it stays in memory.
    }
    falling->worker = worker;
    falling->execution_id = execution->id;
    falling->snapshot = (struct store_snapshot){
        .execution_id = execution->id,
        .step_number = execution->step_number,
        .wakes_unix_ms = wakes_unix_ms,
        .state = buffer_str(&falling->state),
    };
    falling->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_LAZY,
        .is_single_change = true,
        .run = run_falling,
        .done = on_fallen,
    };
    execution->has_snapshot = true; // Commits from here on are written behind it.
    store_submit(worker->runtime->store, &falling->task);
}

static void sweep(struct net_timer *timer)
{
    struct runtime_worker *worker = CONTAINER_OF(timer, struct runtime_worker, sweep_timer);
    int64_t now_ms = net_loop_steady_ms(worker->loop);
    int count = 0;
    if (worker->fallen_count >= TRIM_COUNT) {
        malloc_trim(0); // What they held lies scattered between what stays.
        worker->fallen_count = 0;
    }
    while (!list_is_empty(&worker->idle_executions) && count++ < SWEEP_COUNT_MAX) {
        struct runtime_execution *execution =
            LIST_ITEM(worker->idle_executions.next, struct runtime_execution, idle);
        int64_t wakes_unix_ms;
        if (now_ms - execution->idle_since_ms < IDLE_MS) break;
        list_remove(&execution->idle);
        if (may_sleep(execution, &wakes_unix_ms)) put_to_sleep(execution, wakes_unix_ms);
    }
    if (!list_is_empty(&worker->idle_executions) || worker->fallen_count >= TRIM_COUNT) {
        bool is_behind = count > SWEEP_COUNT_MAX;
        net_timer_arm_steady(worker->loop, timer, is_behind ? 1 : SWEEP_MS);
    }
}

void sleep_note_idle(struct runtime_execution *execution)
{
    struct runtime_worker *worker = execution->worker;
    if (worker->runtime->clock->is_virtual) return; // Nothing sleeps long there.
    execution->idle_since_ms = net_loop_steady_ms(worker->loop);
    list_remove(&execution->idle);
    list_append(&worker->idle_executions, &execution->idle);
    if (!net_timer_is_armed(&worker->sweep_timer)) {
        net_timer_arm_steady(worker->loop, &worker->sweep_timer, SWEEP_MS);
    }
}

void sleep_init(struct runtime_worker *worker)
{
    map_init(&worker->sleepers);
    list_init(&worker->idle_executions);
    net_timer_init(&worker->sweep_timer, sweep);
}
