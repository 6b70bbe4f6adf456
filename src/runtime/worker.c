// Set-up and tear-down of what the runtime shares and what each worker owns.

#include "runtime/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/activity.h"
#include "runtime/execution_private.h"
#include "runtime/job.h"
#include "runtime/map_run.h"
#include "runtime/recovery.h"

void runtime_init(struct runtime *runtime, struct clock *clock, struct store *store,
                  struct logs *logs)
{
    runtime->clock = clock;
    runtime->store = store;
    runtime->logs = logs;
    catalog_init(&runtime->catalog);
    runtime->worker_count = 0;
    atomic_init(&runtime->started_count, 0);
    atomic_init(&runtime->ended_count, 0);
    atomic_init(&runtime->wants_status_changes, false);
    metrics_init(&runtime->metrics);
    runtime->on_status_change = NULL;
}

void runtime_worker_init(struct runtime_worker *worker, struct runtime *runtime,
                         struct net_loop *loop)
{
    assert(runtime->worker_count < RUNTIME_WORKERS_MAX);
    worker->runtime = runtime;
    worker->index = runtime->worker_count;
    runtime->workers[runtime->worker_count++] = worker;
    worker->loop = loop;
    worker->stand_in = NULL;
    random_init_system(&worker->random);
    catalog_cache_init(&worker->catalog, &runtime->catalog);
    arena_init(&worker->step_arena, MIB(256));
    buffer_init(&worker->scratch, MIB(64));
    list_init(&worker->free_executions);
    worker->free_execution_count = 0;
    map_init(&worker->open_executions);
    worker->durable_call_count = worker->commit_count = 0;
    worker->is_draining = false;
    worker->held = NULL;
    worker->held_count = worker->held_capacity = 0;
    sleep_init(worker);
    worker->fallen_count = 0;
    memset(worker->redrive_tokens, 0, sizeof(worker->redrive_tokens));
    worker->redrive_token_next = 0;
    map_init(&worker->definitions);
    map_init(&worker->watched_children);
    list_init(&worker->map_runs);
    map_init(&worker->map_machines);
    map_init(&worker->activity_queues);
    list_init(&worker->free_timers);
    list_init(&worker->free_tasks);
    worker->free_timer_count = worker->free_task_count = 0;
    metrics_worker_init(&worker->metrics);
    list_init(&worker->free_commits);
    worker->free_commit_count = 0;
    worker->last_execution_id = 0;
    worker->log_stream_suffix = (uint32_t)random_u64(&worker->random);
    worker->running_count = 0;
}
