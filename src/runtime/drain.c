// Held tasks are a JSON array of pairs in the store's settings: [[execution, task], …].

#include "runtime/drain.h"

#include <stdlib.h>

#include "base/log.h"
#include "json/json.h"
#include "runtime/execution_private.h"
#include "store/resource.h"

enum { POLL_MS = 20 };

static const struct str setting = STR_INIT("held_tasks");

// ---------------------------------------------------------------------------------------------
// Stopping

static void on_poll(struct net_timer *timer)
{
    struct runtime_worker *worker = CONTAINER_OF(timer, struct runtime_worker, drain_timer);
    if (worker->durable_call_count > 0 || worker->commit_count > 0) {
        net_timer_arm_steady(worker->loop, timer, POLL_MS);
        return;
    }
    worker->on_drained(worker->drain_context);
}

void runtime_drain_begin(struct runtime_worker *worker)
{
    worker->is_draining = true;
    activity_send_home(worker);
}

void runtime_drain_wait(struct runtime_worker *worker, void (*on_drained)(void *context),
                        void *context)
{
    worker->on_drained = on_drained;
    worker->drain_context = context;
    net_timer_init(&worker->drain_timer, on_poll);
    net_timer_arm_steady(worker->loop, &worker->drain_timer, 0);
}

bool drain_hold(struct runtime_worker *worker, int64_t execution_id, uint64_t task_id)
{
    if (!worker->is_draining) return false;
    if (worker->held_count == worker->held_capacity) {
        size_t capacity = worker->held_capacity == 0 ? 64 : worker->held_capacity * 2;
        struct runtime_held_task *held = realloc(worker->held, capacity * sizeof(*held));
        if (held == NULL) return true; // Not called, and not known to be: it fails as unknown.
        worker->held = held;
        worker->held_capacity = capacity;
    }
    worker->held[worker->held_count++] = (struct runtime_held_task){execution_id, task_id};
    return true;
}

struct saving {
    struct store_task task;
    struct buffer text;
};

static enum status run_save(struct store_task *task, struct store_tx *tx)
{
    struct saving *saving = CONTAINER_OF(task, struct saving, task);
    return store_resource_put(tx, STORE_KIND_SETTING, STR(""), setting, buffer_str(&saving->text));
}

enum status runtime_save_held(struct runtime *runtime)
{
    struct saving saving = {.task = {.mode = STORE_DURABLE, .run = run_save}};
    struct json_writer writer;
    size_t count = 0;
    buffer_init(&saving.text, MIB(256));
    json_writer_init(&writer, &saving.text);
    json_writer_begin_array(&writer);
    for (uint32_t i = 0; i < runtime->worker_count; i++) {
        struct runtime_worker *worker = runtime->workers[i];
        commit_hold_tasks(worker);
        for (size_t k = 0; k < worker->held_count; k++) {
            json_writer_begin_array(&writer);
            json_writer_integer(&writer, worker->held[k].execution_id);
            json_writer_integer(&writer, (int64_t)worker->held[k].task_id);
            json_writer_end_array(&writer);
            count++;
        }
    }
    json_writer_end_array(&writer);
    enum status status = saving.text.is_failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK && count > 0) status = store_run(runtime->store, &saving.task);
    buffer_release(&saving.text);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Starting again

struct loading {
    struct store_task task;
    struct arena *arena;
    struct str text;
};

static enum status run_load(struct store_task *task, struct store_tx *tx)
{
    struct loading *loading = CONTAINER_OF(task, struct loading, task);
    enum status status = store_resource_get(tx, STORE_KIND_SETTING, STR(""), setting,
                                            loading->arena, &loading->text);
    if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    return store_resource_delete(tx, STORE_KIND_SETTING, STR(""), setting);
}

static bool add_held(struct runtime *runtime, const struct json *pair)
{
    if (!json_is_array(pair) || pair->size != 2) return true; // Not ours.
    struct runtime_held_task *held = ARENA_NEW(&runtime->held_arena, struct runtime_held_task);
    if (held == NULL) return false;
    *held = (struct runtime_held_task){pair->items[0].integer, (uint64_t)pair->items[1].integer};
    return map_set(&runtime->held, (struct str){(const char *)held, sizeof(*held)}, held);
}

enum status drain_load(struct runtime *runtime)
{
    struct loading loading = {.task = {.mode = STORE_DURABLE, .run = run_load},
                              .arena = &runtime->held_arena};
    struct json pairs;
    map_init(&runtime->held);
    arena_init(&runtime->held_arena, MIB(1024));
    enum status status = store_run(runtime->store, &loading.task);
    if (status != STATUS_OK || loading.text.size == 0) return status;
    status = json_parse(&runtime->held_arena, loading.text, 0, &pairs, NULL);
    if (status == STATUS_INVALID || !json_is_array(&pairs)) return STATUS_CORRUPT;
    for (uint32_t i = 0; i < pairs.size && status == STATUS_OK; i++) {
        if (!add_held(runtime, &pairs.items[i])) status = STATUS_NO_MEMORY;
    }
    return status;
}

bool drain_was_held(const struct runtime *runtime, int64_t execution_id, uint64_t task_id)
{
    struct runtime_held_task key = {execution_id, task_id};
    return runtime->held.count > 0 &&
           map_find(&runtime->held, (struct str){(const char *)&key, sizeof(key)}) != NULL;
}

void drain_release(struct runtime *runtime)
{
    map_release(&runtime->held);
    arena_release(&runtime->held_arena);
}
