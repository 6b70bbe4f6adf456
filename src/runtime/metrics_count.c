// Counting on a worker: one array of numbers per series, found by pointer for a state machine and
// by key for everything else.

#include <assert.h>
#include <stdlib.h>

#include "runtime/execution.h"
#include "runtime/metrics_private.h"

enum {
    KEY_SIZE_MAX = 2048,
    // Indices within the groups, see metric.def.
    EXECUTION_TIME = 0,
    EXECUTIONS_STARTED = 1,
    EXECUTIONS_SUCCEEDED = 2,
    EXECUTIONS_FAILED = 3,
    EXECUTIONS_TIMED_OUT = 4,
    EXECUTIONS_ABORTED = 5,
    EXPRESS_MEMORY = 6,
    EXPRESS_BILLED_DURATION = 7,
    EXPRESS_BILLED_MEMORY = 8,
    EXECUTIONS_REDRIVEN = 9,
    REDRIVEN_EXECUTIONS = 10, // …Succeeded; …Failed, …TimedOut, …Aborted follow as they do above.
    TASK_TIME = 0,
    TASK_RUN_TIME = 1,
    TASK_SCHEDULE_TIME = 2,
    TASKS_SCHEDULED = 3,
    TASKS_STARTED = 4,
    TASKS_SUCCEEDED = 5,
    TASKS_FAILED = 6,
    TASKS_TIMED_OUT = 7,
    ACTIVITIES_HEARTBEAT_TIMED_OUT = 8,
};

struct metrics_series {
    enum metrics_group group;
    bool has_counts;
    int64_t minute_end_ms;
    struct metrics_bucket bucket; // The minute under way.
    size_t key_size;
    char key[];
};

// A task under way, in its execution's list.
struct metrics_task {
    struct list link;
    uint64_t task_id;
    struct metrics_series *series;
    int64_t scheduled_unix_ms; // 0: not known.
    int64_t started_unix_ms;   // 0: not started.
    int64_t deadline_unix_ms;
};

void metrics_worker_init(struct metrics_worker *metrics)
{
    *metrics = (struct metrics_worker){0};
    map_init(&metrics->series);
    list_init(&metrics->free_tasks);
}

// ---------------------------------------------------------------------------------------------
// Series

static void merge(struct runtime *runtime, struct metrics_series *series)
{
    if (!series->has_counts) return;
    metrics_merge(&runtime->metrics, series->group, (struct str){series->key, series->key_size},
                  &series->bucket);
    series->bucket = (struct metrics_bucket){.minute = series->bucket.minute};
    series->has_counts = false;
}

static COLD void turn_minute(struct runtime *runtime, struct metrics_series *series,
                             int64_t unix_ms)
{
    merge(runtime, series);
    series->bucket.minute = unix_ms / METRICS_MINUTE_MS;
    series->minute_end_ms = (series->bucket.minute + 1) * METRICS_MINUTE_MS;
}

// The series with its minute right. A clock set back counts in the minute that it came from.
static inline struct metrics_series *at(struct runtime_worker *worker,
                                        struct metrics_series *series, int64_t unix_ms)
{
    if (UNLIKELY(unix_ms >= series->minute_end_ms)) turn_minute(worker->runtime, series, unix_ms);
    series->has_counts = true;
    return series;
}

// NULL when there are too many.
static struct metrics_series *find_series(struct runtime_worker *worker,
                                          const struct metrics_subject *subject)
{
    char key[KEY_SIZE_MAX];
    if (metrics_key_size(subject) > sizeof(key)) return NULL;
    size_t size = metrics_key(subject, key);
    struct map *map = &worker->metrics.series;
    struct metrics_series *series = map_find(map, (struct str){key, size});
    if (series != NULL || map->count >= METRICS_SERIES_MAX) return series;
    series = calloc(1, sizeof(*series) + size);
    if (series == NULL) return NULL;
    series->group = subject->group;
    series->key_size = size;
    memcpy(series->key, key, size);
    if (map_set(map, (struct str){series->key, size}, series)) return series;
    free(series);
    return NULL;
}

static struct metrics_series *series_of(struct runtime_execution *execution)
{
    struct runtime_worker *worker = execution->worker;
    uint64_t serial = execution->state_machine->serial;
    size_t slot = serial & (METRICS_CACHE_SIZE - 1);
    if (LIKELY(worker->metrics.cache[slot].serial == serial)) {
        return worker->metrics.cache[slot].series;
    }
    struct metrics_subject subject = {
        .group = METRICS_STATE_MACHINE,
        .region = execution->start.region,
        .arn = execution->start.state_machine_arn,
    };
    worker->metrics.cache[slot].serial = serial;
    worker->metrics.cache[slot].series = find_series(worker, &subject);
    return worker->metrics.cache[slot].series;
}

// "…:stateMachine:NAME:7" -> "7"
static struct str qualifier_of(struct str arn, struct str unqualified_arn)
{
    return arn.size > unqualified_arn.size ? str_skip(arn, unqualified_arn.size + 1) : STR("");
}

static void add(struct metrics_series *series, size_t index, uint64_t value)
{
    struct metrics_stat *stat = &series->bucket.stats[index];
    if (stat->count == 0 || value < stat->min) stat->min = value;
    if (value > stat->max) stat->max = value;
    stat->count++;
    stat->sum += value;
}

static void add_time(struct metrics_series *series, size_t index, int64_t ms)
{
    uint64_t value = ms < 0 ? 0 : (uint64_t)ms;
    size_t bound = 0;
    while (value > metrics_bounds[bound])
        bound++;
    series->bucket.histograms[index][bound]++;
    add(series, index, value);
}

// ---------------------------------------------------------------------------------------------
// Executions

// An execution counts for its state machine, and for the version and the alias it was started by.
struct targets {
    struct metrics_series *items[3];
    size_t count;
};

static COLD void add_qualified(struct runtime_execution *execution, struct targets *targets)
{
    const struct engine_start *start = &execution->start;
    struct metrics_subject subject = {
        .group = METRICS_STATE_MACHINE, .region = start->region, .arn = start->state_machine_arn};
    if (start->version_arn.size > 0) {
        subject.version = qualifier_of(start->version_arn, subject.arn);
        targets->items[targets->count] = find_series(execution->worker, &subject);
        targets->count += targets->items[targets->count] != NULL;
    }
    if (start->alias_arn.size > 0) {
        subject.version = STR("");
        subject.alias = qualifier_of(start->alias_arn, subject.arn);
        targets->items[targets->count] = find_series(execution->worker, &subject);
        targets->count += targets->items[targets->count] != NULL;
    }
}

static inline void find_targets(struct runtime_execution *execution, struct targets *targets)
{
    targets->items[0] = series_of(execution);
    targets->count = targets->items[0] != NULL;
    if (execution->start.version_arn.size > 0 || execution->start.alias_arn.size > 0) {
        add_qualified(execution, targets);
    }
}

void metrics_count_start(struct runtime_execution *execution)
{
    struct targets targets;
    find_targets(execution, &targets);
    for (size_t i = 0; i < targets.count; i++)
        add(at(execution->worker, targets.items[i], execution->start.started_unix_ms),
            EXECUTIONS_STARTED, 1);
}

void metrics_count_redrive(struct runtime_execution *execution)
{
    struct metrics_series *series = series_of(execution);
    if (series != NULL) {
        add(at(execution->worker, series, clock_unix_ms(execution->worker->runtime->clock)),
            EXECUTIONS_REDRIVEN, 1);
    }
}

static size_t index_of_end(enum engine_status status)
{
    switch (status) {
    case ENGINE_SUCCEEDED: return EXECUTIONS_SUCCEEDED;
    case ENGINE_FAILED: return EXECUTIONS_FAILED;
    case ENGINE_TIMED_OUT: return EXECUTIONS_TIMED_OUT;
    case ENGINE_ABORTED: return EXECUTIONS_ABORTED;
    case ENGINE_RUNNING: break;
    }
    assert(false);
    return EXECUTIONS_FAILED;
}

void metrics_count_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct targets targets;
    const int64_t stopped = update->stopped_unix_ms;
    find_targets(execution, &targets);
    for (size_t i = 0; i < targets.count; i++) {
        struct metrics_series *series = at(execution->worker, targets.items[i], stopped);
        size_t outcome = index_of_end(update->status);
        add(series, outcome, 1);
        if (execution->redrive_count > 0 && i == 0) {
            add(series, REDRIVEN_EXECUTIONS + outcome - EXECUTIONS_SUCCEEDED, 1);
        }
        add(series, EXECUTIONS_STARTED, 0); // As the service does.
        add_time(series, EXECUTION_TIME, stopped - execution->start.started_unix_ms);
        if (execution->state_machine->type != ASL_MACHINE_EXPRESS) continue;
        struct runtime_billing billing = runtime_execution_billing(execution, stopped);
        add(series, EXPRESS_MEMORY, (uint64_t)billing.memory_mb);
        add(series, EXPRESS_BILLED_MEMORY, (uint64_t)billing.memory_mb);
        add(series, EXPRESS_BILLED_DURATION, (uint64_t)billing.duration_ms);
    }
}

// ---------------------------------------------------------------------------------------------
// Tasks

static struct metrics_series *series_of_task(struct runtime_execution *execution,
                                             const struct asl_resource *resource)
{
    struct metrics_subject subject = {
        .group = resource->kind == ASL_RESOURCE_ACTIVITY  ? METRICS_ACTIVITY
                 : resource->kind == ASL_RESOURCE_SERVICE ? METRICS_SERVICE
                                                          : METRICS_FUNCTION,
        .region = execution->start.region,
        .arn = resource->arn,
    };
    return find_series(execution->worker, &subject);
}

static struct metrics_task *begin_task(struct runtime_execution *execution, uint64_t task_id,
                                       const struct asl_resource *resource)
{
    struct list *free_tasks = &execution->worker->metrics.free_tasks;
    struct metrics_series *series = series_of_task(execution, resource);
    struct metrics_task *task = NULL;
    if (series == NULL) return NULL;
    if (list_is_empty(free_tasks)) {
        task = calloc(1, sizeof(*task));
        if (task == NULL) return NULL;
    } else {
        task = LIST_ITEM(free_tasks->next, struct metrics_task, link);
        list_remove(&task->link);
    }
    *task = (struct metrics_task){.task_id = task_id, .series = series};
    list_append(&execution->counted_tasks, &task->link);
    return task;
}

static void end_task(struct runtime_execution *execution, struct metrics_task *task)
{
    list_remove(&task->link);
    list_append(&execution->worker->metrics.free_tasks, &task->link);
}

static struct metrics_task *find_task(struct runtime_execution *execution, uint64_t task_id)
{
    LIST_EACH(link, &execution->counted_tasks)
    {
        struct metrics_task *task = LIST_ITEM(link, struct metrics_task, link);
        if (task->task_id == task_id) return task;
    }
    return NULL;
}

static void start_task(struct runtime_execution *execution, struct metrics_task *task,
                       int64_t unix_ms)
{
    struct metrics_series *series = at(execution->worker, task->series, unix_ms);
    if (task->started_unix_ms != 0) return;
    task->started_unix_ms = unix_ms;
    add(series, TASKS_STARTED, 1);
    if (task->scheduled_unix_ms != 0) {
        add_time(series, TASK_SCHEDULE_TIME, unix_ms - task->scheduled_unix_ms);
    }
}

static void finish_task(struct runtime_execution *execution, uint64_t task_id, size_t outcome,
                        int64_t unix_ms)
{
    struct metrics_task *task = find_task(execution, task_id);
    if (task == NULL) return;
    struct metrics_series *series = at(execution->worker, task->series, unix_ms);
    add(series, outcome, 1);
    if (task->scheduled_unix_ms != 0) {
        add_time(series, TASK_TIME, unix_ms - task->scheduled_unix_ms);
        if (task->started_unix_ms != 0) {
            add_time(series, TASK_RUN_TIME, unix_ms - task->started_unix_ms);
        }
    }
    end_task(execution, task);
}

static bool has_timed_out_event(const struct engine_update *update)
{
    for (size_t i = 0; i < update->history_event_count; i++) {
        enum engine_history_event_type type = update->history_events[i].type;
        if (type == ENGINE_HISTORY_ACTIVITY_TIMED_OUT || type == ENGINE_HISTORY_TASK_TIMED_OUT ||
            type == ENGINE_HISTORY_LAMBDA_FUNCTION_TIMED_OUT) {
            return true;
        }
    }
    return false;
}

// A timer cancelled the task: its own, whose cancellation comes first, that of the execution, or
// that of another branch, after which nobody waits for this one.
static void on_timer_cancelled(struct runtime_execution *execution, struct metrics_task *task,
                               const struct engine_update *update, int64_t now, bool is_first)
{
    bool is_late = now >= task->deadline_unix_ms;
    if (!is_first || update->status == ENGINE_TIMED_OUT ||
        !(is_late || has_timed_out_event(update))) {
        end_task(execution, task);
        return;
    }
    bool is_heartbeat = !is_late && task->series->group == METRICS_ACTIVITY;
    finish_task(execution, task->task_id,
                is_heartbeat ? ACTIVITIES_HEARTBEAT_TIMED_OUT : TASKS_TIMED_OUT, now);
}

static void count_started(struct runtime_execution *execution, const struct engine_command *command,
                          int64_t now)
{
    struct metrics_task *task = begin_task(execution, command->task_id, command->resource);
    if (task == NULL) return;
    task->scheduled_unix_ms = now;
    task->deadline_unix_ms = command->deadline_unix_ms;
    add(at(execution->worker, task->series, now), TASKS_SCHEDULED, 1);
    if (command->resource->kind != ASL_RESOURCE_ACTIVITY) start_task(execution, task, now);
}

void metrics_count_tasks(struct runtime_execution *execution, const struct engine_event *event,
                         const struct engine_update *update)
{
    if (event->type == ENGINE_EVENT_TASK_SUCCEEDED) {
        finish_task(execution, event->task_id, TASKS_SUCCEEDED, event->now_unix_ms);
    } else if (event->type == ENGINE_EVENT_TASK_FAILED) {
        finish_task(execution, event->task_id, TASKS_FAILED, event->now_unix_ms);
    } else if (event->type == ENGINE_EVENT_TASK_STARTED) {
        struct metrics_task *task = find_task(execution, event->task_id);
        if (task != NULL) start_task(execution, task, event->now_unix_ms);
    }
    size_t cancelled_count = 0;
    for (size_t i = 0; i < update->command_count; i++) {
        const struct engine_command *command = &update->commands[i];
        if (command->type == ENGINE_COMMAND_START_TASK) {
            count_started(execution, command, event->now_unix_ms);
        } else if (command->type == ENGINE_COMMAND_CANCEL_TASK) {
            struct metrics_task *task = find_task(execution, command->task_id);
            bool is_first = cancelled_count++ == 0;
            if (task == NULL) continue;
            if (event->type == ENGINE_EVENT_TIMER_FIRED) {
                on_timer_cancelled(execution, task, update, event->now_unix_ms, is_first);
            } else {
                end_task(execution, task); // Nobody waits for it any more.
            }
        }
    }
}

void metrics_resume_task(struct runtime_execution *execution, const struct engine_wait *wait)
{
    struct metrics_task *task = begin_task(execution, wait->task_id, wait->resource);
    if (task == NULL) return;
    task->deadline_unix_ms = wait->deadline_unix_ms;
    if (wait->is_submitted) task->started_unix_ms = 1; // At some time.
}

void metrics_forget_tasks(struct runtime_execution *execution)
{
    LIST_EACH(link, &execution->counted_tasks)
    end_task(execution, LIST_ITEM(link, struct metrics_task, link));
}

// ---------------------------------------------------------------------------------------------
// Visiting

static void on_back(struct mail *mail)
{
    struct metrics_visit *visit = CONTAINER_OF(mail, struct metrics_visit, mail);
    net_loop_busy_end(visit->worker->loop);
    metrics_look(visit);
    visit->done(visit);
}

static void go_on(struct metrics_visit *visit);

static void on_visit(struct mail *mail)
{
    struct metrics_visit *visit = CONTAINER_OF(mail, struct metrics_visit, mail);
    struct runtime_worker *worker = visit->runtime->workers[visit->next++];
    MAP_EACH(entry, &worker->metrics.series)
    {
        merge(visit->runtime, entry->value);
    }
    visit->open_executions += worker->open_executions.count + worker->sleepers.count;
    visit->sleeping_executions += worker->sleepers.count;
    visit->express_executions += worker->running_count;
    LIST_EACH(link, &worker->map_runs)
    visit->map_runs++;
    go_on(visit);
}

static void go_on(struct metrics_visit *visit)
{
    bool is_over = visit->next == visit->runtime->worker_count;
    struct runtime_worker *to = is_over ? visit->worker : visit->runtime->workers[visit->next];
    visit->mail.run = is_over ? on_back : on_visit;
    mailbox_post(net_loop_mailbox(to->loop), &visit->mail);
}

void metrics_visit(struct metrics_visit *visit)
{
    visit->next = 0;
    visit->open_executions = visit->sleeping_executions = 0;
    visit->express_executions = visit->map_runs = 0;
    net_loop_busy_begin(visit->worker->loop);
    go_on(visit);
}

// Half a minute into each, so that none is left out when a timer is late.
static void wait_for_next(struct metrics_sampler *sampler)
{
    struct runtime_worker *worker = sampler->visit.worker;
    int64_t past_ms = clock_unix_ms(worker->runtime->clock) % METRICS_MINUTE_MS;
    int64_t delay_ms = METRICS_MINUTE_MS + METRICS_MINUTE_MS / 2 - past_ms;
    if (delay_ms > METRICS_MINUTE_MS) delay_ms -= METRICS_MINUTE_MS;
    net_timer_arm_steady(worker->loop, &sampler->timer, delay_ms);
}

static void on_sampled(struct metrics_visit *visit)
{
    wait_for_next(CONTAINER_OF(visit, struct metrics_sampler, visit));
}

static void on_sample_timer(struct net_timer *timer)
{
    metrics_visit(&CONTAINER_OF(timer, struct metrics_sampler, timer)->visit);
}

void metrics_sample(struct metrics_sampler *sampler, struct runtime_worker *worker)
{
    sampler->visit =
        (struct metrics_visit){.runtime = worker->runtime, .worker = worker, .done = on_sampled};
    net_timer_init(&sampler->timer, on_sample_timer);
    wait_for_next(sampler);
}
