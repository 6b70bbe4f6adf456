// The loop around engine_step(): feed an event, use the update, perform its commands.
//
// Nothing here calls back into execution_feed() while it runs: task answers, timers and
// continuations all come from the event loop.

#include "runtime/execution.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "logs/logs.h"
#include "runtime/execution_private.h"

enum {
    FREE_EXECUTIONS_MAX = 1024,
    EXECUTION_NAME_SIZE_MAX = 80,
    BILLED_DURATION_UNIT_MS = 100,
    BILLED_MEMORY_UNIT_MB = 64,
    BASE_MEMORY_BYTES = 50 << 20, // What the service counts for any execution.
    CONTINUE_TAKES_MS = 1000,     // Of virtual time.
};

struct runtime_timer {
    struct net_timer timer;
    struct list link;
    struct runtime_execution *execution;
    uint64_t timer_id;
};

struct runtime_task {
    struct list link;
    struct runtime_execution *execution;
    struct tasks_call *call;
    uint64_t task_id;
};

static void on_continue(struct net_deferred *deferred);

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
    list_init(&execution->link);
    execution->worker = worker;
    return execution;
}

static void give_back(struct runtime_execution *execution)
{
    struct runtime_worker *worker = execution->worker;
    state_machine_unref(execution->state_machine);
    execution->state_machine = NULL;
    if (worker->free_execution_count >= FREE_EXECUTIONS_MAX) {
        arena_release(&execution->arena);
        free(execution);
        return;
    }
    arena_reset(&execution->arena);
    list_append(&worker->free_executions, &execution->link);
    worker->free_execution_count++;
}

// Types of history events that the log level asks for.
static uint64_t logged_mask_of(const struct state_machine *state_machine)
{
    switch (state_machine->log_level) {
    case LOG_LEVEL_ALL: return ENGINE_HISTORY_ALL;
    case LOG_LEVEL_ERROR: return engine_history_error_mask;
    case LOG_LEVEL_FATAL: return engine_history_fatal_mask;
    case LOG_LEVEL_OFF: return ENGINE_HISTORY_NONE;
    }
    return ENGINE_HISTORY_NONE;
}

static uint64_t history_mask_of(const struct state_machine *state_machine)
{
    if (state_machine->type == ASL_MACHINE_STANDARD) return ENGINE_HISTORY_ALL;
    if (state_machine->log_group == NULL) return ENGINE_HISTORY_NONE;
    return logged_mask_of(state_machine);
}

// arn:P:states:R:A:stateMachine:NAME -> arn:P:states:R:A:express:NAME:EXECUTION:UUID, or
// …:execution:NAME:EXECUTION.
static struct str make_arn(struct runtime_execution *execution, struct str execution_name)
{
    static const struct str kind = STR_INIT(":stateMachine:");
    const struct state_machine *state_machine = execution->state_machine;
    size_t at = str_find(state_machine->arn, kind);
    assert(at != SIZE_MAX);
    struct str head = str_slice(state_machine->arn, 0, at);
    if (state_machine->type == ASL_MACHINE_STANDARD) {
        return arena_printf(
            &execution->arena, "%" STR_FORMAT ":execution:%" STR_FORMAT ":%" STR_FORMAT,
            STR_ARGS(head), STR_ARGS(state_machine->name), STR_ARGS(execution_name));
    }
    static const struct str infix = STR_INIT(":express:");
    size_t size = head.size + infix.size + state_machine->name.size + 1 + execution_name.size + 1 +
                  RANDOM_UUID_SIZE;
    char *text = arena_alloc(&execution->arena, size);
    if (text == NULL) return STR("");
    char *end = mempcpy(text, head.data, head.size);
    end = mempcpy(end, infix.data, infix.size);
    end = mempcpy(end, state_machine->name.data, state_machine->name.size);
    *end++ = ':';
    end = mempcpy(end, execution_name.data, execution_name.size);
    *end++ = ':';
    random_uuid(&execution->worker->random, end);
    return (struct str){text, size};
}

static bool make_name(struct runtime_execution *execution, struct str name, struct str *ret_name)
{
    if (name.size > 0) return arena_copy_str(&execution->arena, name, ret_name);
    char *uuid = arena_alloc(&execution->arena, RANDOM_UUID_SIZE);
    if (uuid == NULL) return false;
    random_uuid(&execution->worker->random, uuid);
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
    execution->log_stream = (struct str){NULL, 0};
    execution->is_recorded = false;
    execution->journal_id = 0;
    execution->on_update = NULL;
    execution->on_end = NULL;
    execution->context = NULL;
    list_init(&execution->tasks);
    list_init(&execution->timers);
    list_init(&execution->free_timers);
    net_deferred_init(&execution->continuation, on_continue);
    execution->start = (struct engine_start){
        .machine = state_machine->machine,
        .state_machine_arn = state_machine->arn,
        .state_machine_name = state_machine->name,
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
    give_back(execution);
}

// ---------------------------------------------------------------------------------------------
// Records

// "states/NAME/yyyy-MM-dd-HH-mm/8 hex": one stream per state machine, minute and worker.
static bool name_log_stream(struct runtime_execution *execution)
{
    struct clock_date date = clock_date_from_unix_ms(execution->start.started_unix_ms);
    execution->log_stream = arena_printf(
        &execution->arena, "states/%" STR_FORMAT "/%04d-%02d-%02d-%02d-%02d/%08x",
        STR_ARGS(execution->state_machine->name), (int)date.year, (int)date.month, (int)date.day,
        (int)date.hour, (int)date.minute, execution->worker->log_stream_suffix);
    return execution->log_stream.size > 0;
}

static void write_log_records(struct runtime_execution *execution,
                              const struct engine_update *update)
{
    const struct state_machine *state_machine = execution->state_machine;
    uint64_t mask = logged_mask_of(state_machine);
    if (state_machine->log_group == NULL || !logs_group_exists(state_machine->log_group)) return;
    if (execution->log_stream.size == 0 && !name_log_stream(execution)) return;
    struct buffer *buffer = &execution->worker->scratch;
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        if ((mask & ENGINE_HISTORY_BIT(event->type)) == 0) continue;
        buffer_clear(buffer);
        engine_history_event_render_log(event, execution->start.execution_arn,
                                        state_machine->logs_execution_data, buffer);
        if (buffer->is_failed) continue;
        logs_append(execution->worker->runtime->logs, state_machine->log_group,
                    execution->log_stream, event->unix_ms, buffer_str(buffer));
    }
}

// ---------------------------------------------------------------------------------------------
// Commands

static void feed(struct runtime_execution *execution, struct engine_event *event);

static void on_timer(struct net_timer *timer)
{
    struct runtime_timer *fired = CONTAINER_OF(timer, struct runtime_timer, timer);
    struct runtime_execution *execution = fired->execution;
    struct engine_event event = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = fired->timer_id};
    list_remove(&fired->link);
    list_append(&execution->free_timers, &fired->link);
    feed(execution, &event);
}

static enum status arm_timer(struct runtime_execution *execution,
                             const struct engine_command *command)
{
    struct runtime_timer *timer;
    if (!list_is_empty(&execution->free_timers)) {
        timer = LIST_ITEM(execution->free_timers.next, struct runtime_timer, link);
        list_remove(&timer->link);
    } else {
        timer = ARENA_NEW(&execution->arena, struct runtime_timer);
        if (timer == NULL) return STATUS_NO_MEMORY;
        list_init(&timer->link);
        timer->execution = execution;
    }
    timer->timer_id = command->timer_id;
    net_timer_init(&timer->timer, on_timer);
    list_append(&execution->timers, &timer->link);
    net_timer_arm(execution->worker->loop, &timer->timer, command->at_unix_ms);
    return STATUS_OK;
}

static void cancel_timer(struct runtime_execution *execution, uint64_t timer_id)
{
    LIST_EACH(link, &execution->timers)
    {
        struct runtime_timer *timer = LIST_ITEM(link, struct runtime_timer, link);
        if (timer->timer_id != timer_id) continue;
        net_timer_disarm(execution->worker->loop, &timer->timer);
        list_remove(&timer->link);
        list_append(&execution->free_timers, &timer->link);
        return;
    }
}

static void on_answer(void *context, const struct tasks_answer *answer)
{
    struct runtime_task *task = context;
    struct runtime_execution *execution = task->execution;
    struct engine_event event = {
        .type = answer->is_success ? ENGINE_EVENT_TASK_SUCCEEDED : ENGINE_EVENT_TASK_FAILED,
        .task_id = task->task_id,
        .output = answer->output,
        .output_size_bytes = answer->output_size_bytes,
        .error = {.name = answer->error, .cause = answer->cause},
    };
    list_remove(&task->link);
    feed(execution, &event);
}

static enum status start_task(struct runtime_execution *execution,
                              const struct engine_command *command)
{
    const struct asl_resource *resource = command->resource;
    struct runtime_stand_in *stand_in = execution->worker->stand_in;
    struct str role_arn = command->credentials_role_arn;
    struct tasks_request request = {
        .resource_arn = resource->arn,
        .service = resource->type,
        .action = resource->action,
        .pattern = str_skip(resource->resource, resource->action.size),
        .parameters = command->parameters,
        .role_arn = role_arn.size > 0 ? role_arn : execution->start.role_arn,
        .session_name = execution->start.execution_name,
        .region = execution->start.region,
        .arena = &execution->arena,
    };
    if (stand_in != NULL && stand_in->start_task(stand_in, execution, command, &request)) {
        return STATUS_OK;
    }
    struct runtime_task *task = ARENA_NEW(&execution->arena, struct runtime_task);
    if (task == NULL) return STATUS_NO_MEMORY;
    list_init(&task->link);
    task->execution = execution;
    task->task_id = command->task_id;
    task->call = tasks_start(&execution->worker->tasks, &request, on_answer, task);
    if (task->call == NULL) return STATUS_NO_MEMORY;
    list_append(&execution->tasks, &task->link);
    return STATUS_OK;
}

static void cancel_task(struct runtime_execution *execution, uint64_t task_id)
{
    LIST_EACH(link, &execution->tasks)
    {
        struct runtime_task *task = LIST_ITEM(link, struct runtime_task, link);
        if (task->task_id != task_id) continue;
        tasks_cancel(task->call);
        list_remove(&task->link);
        return;
    }
}

static void on_continue(struct net_deferred *deferred)
{
    struct runtime_execution *execution =
        CONTAINER_OF(deferred, struct runtime_execution, continuation);
    struct engine_event event = {.type = ENGINE_EVENT_CONTINUE};
    feed(execution, &event);
}

static void go_on_soon(struct runtime_execution *execution)
{
    struct clock *clock = execution->worker->runtime->clock;
    // A step so full that it yields takes a while: a loop without end must end in virtual time too.
    if (clock->is_virtual) clock_advance(clock, clock_unix_ms(clock) + CONTINUE_TAKES_MS);
    net_loop_defer(execution->worker->loop, &execution->continuation);
}

static enum status perform(struct runtime_execution *execution, const struct engine_update *update)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < update->command_count && status == STATUS_OK; i++) {
        const struct engine_command *command = &update->commands[i];
        switch (command->type) {
        case ENGINE_COMMAND_START_TASK: status = start_task(execution, command); break;
        case ENGINE_COMMAND_CANCEL_TASK: cancel_task(execution, command->task_id); break;
        case ENGINE_COMMAND_ARM_TIMER: status = arm_timer(execution, command); break;
        case ENGINE_COMMAND_CANCEL_TIMER: cancel_timer(execution, command->timer_id); break;
        case ENGINE_COMMAND_CONTINUE: go_on_soon(execution); break;
        }
    }
    return status;
}

// Nothing of the execution may call back any more.
static void cancel_everything(struct runtime_execution *execution)
{
    LIST_EACH(link, &execution->tasks)
    {
        tasks_cancel(LIST_ITEM(link, struct runtime_task, link)->call);
        list_remove(link);
    }
    LIST_EACH(link, &execution->timers)
    {
        net_timer_disarm(execution->worker->loop,
                         &LIST_ITEM(link, struct runtime_timer, link)->timer);
        list_remove(link);
    }
    net_deferred_cancel(&execution->continuation);
}

// ---------------------------------------------------------------------------------------------
// Steps

static void end_execution(struct runtime_execution *execution, const struct engine_update *update)
{
    struct runtime_worker *worker = execution->worker;
    cancel_everything(execution);
    worker->running_count--;
    atomic_fetch_add_explicit(&worker->runtime->ended_count, 1, memory_order_relaxed);
    if (execution->is_recorded) {
        map_remove(&worker->open_executions, execution->start.execution_arn);
    }
    if (execution->journal_id != 0) execution_forget_journal(execution);
    if (execution->on_end != NULL) execution->on_end(execution, update);
    give_back(execution);
}

// A fault of this program (no memory, most likely) ends the execution as the service would end one
// that it can no longer run.
static void end_by_fault(struct runtime_execution *execution, enum status status)
{
    log_error("execution %" STR_FORMAT " cannot go on: %s",
              STR_ARGS(execution->start.execution_arn), status_name(status));
    struct engine_update update = {
        .status = ENGINE_FAILED,
        .error = {.name = ASL_ERROR_RUNTIME,
                  .cause = STR("The execution ran out of memory on this server.")},
        .stopped_unix_ms = clock_unix_ms(execution->worker->runtime->clock),
    };
    if (execution->is_recorded) {
        status = execution_table_update(&execution->worker->runtime->executions,
                                        execution->start.execution_arn, &update);
        if (status != STATUS_OK) log_error("its record is incomplete: %s", status_name(status));
    }
    end_execution(execution, &update);
}

static void feed(struct runtime_execution *execution, struct engine_event *event)
{
    struct runtime_worker *worker = execution->worker;
    struct engine_update update = {0};
    event->now_unix_ms = clock_unix_ms(worker->runtime->clock);
    event->random_seed = random_u64(&worker->random);
    arena_reset(&worker->step_arena);
    enum status status = engine_step(execution->engine, event, &worker->step_arena, &update);
    if (status == STATUS_NOT_FOUND) return; // A late answer or timer: nobody waits for it.
    if (status == STATUS_OK && update.history_event_count > 0) {
        write_log_records(execution, &update);
    }
    if (status == STATUS_OK && execution->on_update != NULL) {
        execution->on_update(execution, &update);
    }
    if (status == STATUS_OK && execution->is_recorded) {
        status = execution_table_update(&worker->runtime->executions,
                                        execution->start.execution_arn, &update);
        if (status != STATUS_OK && update.status != ENGINE_RUNNING) {
            log_error("the record of %" STR_FORMAT " is incomplete: %s",
                      STR_ARGS(execution->start.execution_arn), status_name(status));
            status = STATUS_OK; // It has ended all the same.
        }
    }
    if (status == STATUS_OK) status = perform(execution, &update);
    if (status != STATUS_OK) {
        end_by_fault(execution, status);
    } else if (update.status != ENGINE_RUNNING) {
        end_execution(execution, &update);
    }
}

void runtime_execution_tell(struct runtime_execution *execution, struct engine_event *event)
{
    feed(execution, event);
}

void execution_stop(struct runtime_execution *execution, struct asl_error error)
{
    struct engine_event event = {.type = ENGINE_EVENT_STOP, .error = error};
    feed(execution, &event);
}

enum status runtime_execution_begin(struct runtime_execution *execution, runtime_end_fn on_end,
                                    void *context)
{
    struct runtime_worker *worker = execution->worker;
    enum status status =
        engine_execution_new(&execution->arena, &execution->start, &execution->engine);
    if (status == STATUS_OK && execution->is_recorded &&
        !map_set(&worker->open_executions, execution->start.execution_arn, execution)) {
        status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        runtime_execution_discard(execution);
        return status;
    }
    execution->on_end = on_end;
    execution->context = context;
    worker->running_count++;
    atomic_fetch_add_explicit(&worker->runtime->started_count, 1, memory_order_relaxed);
    struct engine_event event = {.type = ENGINE_EVENT_START};
    feed(execution, &event);
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
