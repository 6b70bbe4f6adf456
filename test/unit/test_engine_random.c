// Random machines, driven by random events. Whatever happens: ids have no gaps, nothing that was
// started is forgotten, nothing happens after the end, and the same events give the same updates,
// byte for byte, also when the execution moves in between, or is put down and brought back.
// Executions that end without success are redriven.

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "engine/engine.h"
#include "engine/map_run.h"
#include "engine/snapshot.h"
#include "test/lib/test.h"

enum {
    SEEDS = 400,
    EVENTS_MAX = 400,
    OPEN_MAX = 4096,
    DEPTH_MAX = 3,
    REDRIVES_MAX = 3,
};

// ---------------------------------------------------------------------------------------------
// Machines

struct writer {
    struct buffer text;
    struct random random;
    int state_count;
};

static unsigned draw(struct random *random, unsigned below)
{
    return (unsigned)(random_u64(random) % below);
}

static const char *pick(struct random *random, const char *const *texts, unsigned count)
{
    return texts[draw(random, count)];
}

static void write_scope(struct writer *writer, int depth);

static void write_end(struct writer *writer, int next)
{
    if (next < 0) {
        buffer_printf(&writer->text, ",\"End\":true}");
    } else {
        buffer_printf(&writer->text, ",\"Next\":\"S%d\"}", next);
    }
}

// Retry, and Catch to the state that comes next anyway.
static void write_handlers(struct writer *writer, int next)
{
    static const char *const retries[] = {
        ",\"Retry\":[{\"ErrorEquals\":[\"E0\",\"E1\"],\"IntervalSeconds\":2,\"MaxAttempts\":2},"
        "{\"ErrorEquals\":[\"States.ALL\"],\"MaxAttempts\":1,\"JitterStrategy\":\"FULL\"}]",
        ",\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\"],\"MaxDelaySeconds\":1}]",
    };
    if (draw(&writer->random, 3) == 0) {
        buffer_printf(&writer->text, "%s", pick(&writer->random, retries, 2));
    }
    if (next >= 0 && draw(&writer->random, 2) == 0) {
        buffer_printf(&writer->text, ",\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"S%d\"%s}]",
                      draw(&writer->random, 2) ? "States.ALL" : "E1", next,
                      draw(&writer->random, 2) ? "" : ",\"ResultPath\":\"$.caught\"");
    }
}

static void write_task(struct writer *writer, int next)
{
    static const char *const resources[] = {
        "arn:aws:lambda:us-east-1:000000000000:function:f\",\"Parameters\":{\"i.$\":\"$\"}",
        "arn:aws:states:::lambda:invoke\",\"Parameters\":{\"FunctionName\":\"f\","
        "\"Payload.$\":\"$$.State\"}",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken\",\"Parameters\":{\"QueueUrl\":\"q\","
        "\"MessageBody\":{\"t.$\":\"$$.Task.Token\"}}",
        "arn:aws:states:::states:startExecution.sync\",\"Parameters\":{\"StateMachineArn\":"
        "\"arn:aws:states:us-east-1:000000000000:stateMachine:x\"}",
        "arn:aws:states:us-east-1:000000000000:activity:a\"",
    };
    static const char *const limits[] = {"", ",\"TimeoutSeconds\":9",
                                         ",\"TimeoutSeconds\":9,\"HeartbeatSeconds\":3"};
    buffer_printf(&writer->text, "\"Task\",\"Resource\":\"%s%s",
                  pick(&writer->random, resources, 5), pick(&writer->random, limits, 3));
    if (draw(&writer->random, 3) == 0) {
        buffer_printf(&writer->text, ",\"ResultSelector\":{\"all.$\":\"$\"}");
    }
    if (draw(&writer->random, 3) == 0) buffer_printf(&writer->text, ",\"ResultPath\":\"$.r\"");
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_parallel(struct writer *writer, int depth, int next)
{
    unsigned branches = 1 + draw(&writer->random, 3);
    buffer_printf(&writer->text, "\"Parallel\",\"Branches\":[");
    for (unsigned i = 0; i < branches; i++) {
        if (i > 0) buffer_append_byte(&writer->text, ',');
        buffer_append_byte(&writer->text, '{');
        write_scope(writer, depth + 1);
        buffer_append_byte(&writer->text, '}');
    }
    buffer_append_byte(&writer->text, ']');
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_map(struct writer *writer, int depth, int next)
{
    static const char *const modes[] = {
        "",
        "\"ProcessorConfig\":{\"Mode\":\"INLINE\"},",
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},",
    };
    const char *mode = pick(&writer->random, modes, 3);
    buffer_printf(&writer->text, "\"Map\",\"ItemsPath\":\"$$.Execution.Input.list\"");
    buffer_printf(&writer->text, ",\"MaxConcurrency\":%u", draw(&writer->random, 4));
    if (draw(&writer->random, 2)) {
        buffer_printf(&writer->text, ",\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\","
                                     "\"list.$\":\"$$.Execution.Input.list\"}");
    }
    if (strstr(mode, "DISTRIBUTED") != NULL && draw(&writer->random, 2)) {
        buffer_printf(&writer->text, ",\"ToleratedFailureCount\":%u", draw(&writer->random, 3));
    }
    buffer_printf(&writer->text, ",\"ItemProcessor\":{%s", mode);
    write_scope(writer, depth + 1);
    buffer_append_byte(&writer->text, '}');
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_state(struct writer *writer, int depth, int next)
{
    static const char *const passes[] = {
        "", ",\"Result\":{\"a\":[1,2]}", ",\"Result\":7,\"ResultPath\":\"$.p\"",
        ",\"Parameters\":{\"in.$\":\"$\",\"at.$\":\"$$.State.Name\"}", ",\"OutputPath\":null"};
    int self = writer->state_count - 1;
    unsigned kind = draw(&writer->random, depth < DEPTH_MAX ? 10 : 7);
    buffer_printf(&writer->text, "\"S%d\":{\"Type\":", self);
    if (kind == 0 && next < 0) {
        buffer_printf(&writer->text, "\"Fail\",\"Error\":\"E%u\"}", draw(&writer->random, 3));
    } else if (kind == 1 && next < 0) {
        buffer_printf(&writer->text, "\"Succeed\"}");
    } else if (kind == 2) {
        buffer_printf(&writer->text, "\"Wait\",\"Seconds\":%u", draw(&writer->random, 5));
        write_end(writer, next);
    } else if (kind == 3 && next >= 0) {
        buffer_printf(&writer->text,
                      "\"Choice\",\"Choices\":[{\"Variable\":\"$.r\",\"IsPresent\":true,"
                      "\"Assign\":{\"v%d\":1},\"Next\":\"S%d\"}],\"Default\":\"S%d\"}",
                      self, next, next);
    } else if (kind <= 5) {
        write_task(writer, next);
    } else if (kind == 6) {
        buffer_printf(&writer->text, "\"Pass\"%s", pick(&writer->random, passes, 5));
        if (draw(&writer->random, 2)) {
            buffer_printf(&writer->text, ",\"Assign\":{\"v%d.$\":\"$$.State\"}", self);
        }
        write_end(writer, next);
    } else if (kind == 7) {
        write_parallel(writer, depth, next);
    } else {
        write_map(writer, depth, next);
    }
}

// Names count through the machine; the states of a scope are chained from last to first, so that
// the name of the next one is known.
static void write_scope(struct writer *writer, int depth)
{
    unsigned count = 1 + draw(&writer->random, depth == 0 ? 5 : 3);
    int next = -1;
    buffer_printf(&writer->text, "\"States\":{");
    for (unsigned i = 0; i < count; i++) {
        int self = writer->state_count++;
        if (i > 0) buffer_append_byte(&writer->text, ',');
        write_state(writer, depth, next);
        next = self;
    }
    buffer_printf(&writer->text, "},\"StartAt\":\"S%d\"", next);
}

static const struct asl_machine *make_machine(uint64_t seed, struct arena *arena)
{
    struct writer writer = {0};
    struct asl_diagnostics diagnostics;
    const struct asl_machine *machine = NULL;
    buffer_init(&writer.text, MIB(16));
    random_init_seed(&writer.random, seed);
    buffer_append_byte(&writer.text, '{');
    if (draw(&writer.random, 4) == 0) buffer_printf(&writer.text, "\"TimeoutSeconds\":20,");
    write_scope(&writer, 0);
    buffer_append_byte(&writer.text, '}');
    asl_diagnostics_init(&diagnostics, arena);
    enum status status =
        asl_machine_parse(buffer_str(&writer.text), ASL_MACHINE_STANDARD, &diagnostics, &machine);
    if (status != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "seed %llu: %" STR_FORMAT "\n# %" STR_FORMAT,
                  (unsigned long long)seed, STR_ARGS(asl_diagnostics_summary(&diagnostics, arena)),
                  STR_ARGS(buffer_str(&writer.text)));
    }
    buffer_release(&writer.text);
    return status == STATUS_OK ? machine : NULL;
}

// ---------------------------------------------------------------------------------------------
// Running

struct open_thing {
    uint64_t id;
    int64_t at_unix_ms;                  // Timers.
    const struct asl_resource *resource; // Tasks.
    uint64_t parameters_hash;            // Tasks.
    bool is_held;                        // A task that has its answer before its submission.
    bool is_submitted;
};

struct run {
    uint64_t seed;
    const struct asl_machine *machine;
    struct arena values; // Of events; outlives the executions.
    struct arena arenas[2];
    int arena_index;
    struct engine_start start;
    struct engine_execution *execution;
    struct buffer updates; // All that was said, as text.
    struct random random;
    int64_t now_unix_ms;
    uint64_t history_count;
    uint64_t last_id; // Of tasks and timers.
    struct open_thing tasks[OPEN_MAX], timers[OPEN_MAX];
    size_t task_count, timer_count;
    bool has_yielded;
    struct engine_event events[EVENTS_MAX];
    size_t event_count;
};

static void complain(const struct run *run, const char *what)
{
    test_fail(__FILE__, __LINE__, "seed %llu, event %zu: %s", (unsigned long long)run->seed,
              run->event_count, what);
    if (getenv("GALOP_TEST_SEED") != NULL) puts(run->updates.data);
}

static struct open_thing *find_open(struct open_thing *things, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (things[i].id == id) return &things[i];
    }
    return NULL;
}

static bool close_thing(struct open_thing *things, size_t *count, uint64_t id)
{
    struct open_thing *thing = find_open(things, *count, id);
    if (thing == NULL) return false;
    *thing = things[--*count];
    return true;
}

static void open_thing(struct run *run, struct open_thing *things, size_t *count,
                       struct open_thing thing)
{
    if (thing.id <= run->last_id) complain(run, "an id was used twice");
    run->last_id = thing.id;
    if (*count == OPEN_MAX) {
        complain(run, "too much is open");
        return;
    }
    things[(*count)++] = thing;
}

static uint64_t hash_of(const struct json *value)
{
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(1));
    json_render(&text, value);
    return str_hash(buffer_str(&text));
}

static void note_command(struct run *run, const struct engine_command *command)
{
    struct open_thing thing = {.at_unix_ms = command->at_unix_ms, .resource = command->resource};
    bool is_right = true;
    switch (command->type) {
    case ENGINE_COMMAND_START_TASK:
        thing.id = command->task_id;
        thing.parameters_hash = hash_of(&command->parameters);
        open_thing(run, run->tasks, &run->task_count, thing);
        break;
    case ENGINE_COMMAND_START_MAP_RUN:
        thing.id = command->task_id;
        thing.parameters_hash = hash_of(&command->map_run->items);
        open_thing(run, run->tasks, &run->task_count, thing);
        break;
    case ENGINE_COMMAND_ARM_TIMER:
        thing.id = command->timer_id;
        open_thing(run, run->timers, &run->timer_count, thing);
        break;
    case ENGINE_COMMAND_CANCEL_TASK:
    case ENGINE_COMMAND_CANCEL_MAP_RUN:
        is_right = close_thing(run->tasks, &run->task_count, command->task_id);
        break;
    case ENGINE_COMMAND_CANCEL_TIMER:
        is_right = close_thing(run->timers, &run->timer_count, command->timer_id);
        break;
    case ENGINE_COMMAND_CONTINUE:
        is_right = !run->has_yielded;
        run->has_yielded = true;
        break;
    }
    if (!is_right) complain(run, "a command about something that is not open");
}

static void write_command(struct buffer *text, const struct engine_command *command)
{
    buffer_printf(text, "command %d task %llu timer %llu at %lld token %" STR_FORMAT " ",
                  command->type, (unsigned long long)command->task_id,
                  (unsigned long long)command->timer_id, (long long)command->at_unix_ms,
                  STR_ARGS(command->task_token));
    if (command->type == ENGINE_COMMAND_START_TASK) json_render(text, &command->parameters);
    buffer_append_byte(text, '\n');
}

static void note_update(struct run *run, const struct engine_update *update)
{
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        engine_history_event_render(event, true, &run->updates);
        buffer_append_byte(&run->updates, '\n');
        if (event->id != ++run->history_count) complain(run, "ids have a gap");
        if (event->previous_event_id >= event->id) complain(run, "an event follows a later one");
    }
    for (size_t i = 0; i < update->command_count; i++) {
        write_command(&run->updates, &update->commands[i]);
        note_command(run, &update->commands[i]);
    }
    buffer_printf(&run->updates, "%s %" STR_FORMAT " ", engine_status_name(update->status),
                  STR_ARGS(update->error.name));
    json_render(&run->updates, &update->output);
    buffer_append_byte(&run->updates, '\n');
    bool is_open = run->task_count + run->timer_count > 0 || run->has_yielded;
    if (update->status == ENGINE_RUNNING && !is_open) complain(run, "it waits for nothing");
    if (update->status != ENGINE_RUNNING && (run->task_count + run->timer_count) > 0) {
        complain(run, "something was forgotten at the end");
    }
}

struct waits {
    struct run *run;
    size_t task_count, timer_count;
    bool has_yielded;
};

// Its children are given the same, moved in between or not.
static enum status check_map_run(struct run *run, const struct open_thing *thing,
                                 const struct engine_wait *wait)
{
    const struct json *items = &wait->map_run->items;
    struct arena CLEANUP(arena_release) arena;
    struct engine_map_child child;
    struct asl_error error;
    arena_init(&arena, MIB(1));
    if (thing == NULL || hash_of(items) != thing->parameters_hash) return STATUS_INVALID;
    for (uint32_t i = 0; i < items->size; i++) {
        struct engine_map_items rest = {items->items + i, items->size - i, i, true};
        enum status status =
            engine_map_child_input(run->execution, wait->task_id, &rest, 7, &arena, &child, &error);
        if (status != STATUS_OK) return status;
        json_render(&run->updates, &child.input);
    }
    return STATUS_OK;
}

static enum status on_wait(void *context, const struct engine_wait *wait)
{
    struct waits *waits = context;
    struct run *run = waits->run;
    const struct open_thing *thing;
    switch (wait->type) {
    case ENGINE_WAIT_CONTINUE: waits->has_yielded = true; return STATUS_OK;
    case ENGINE_WAIT_TIMER:
        waits->timer_count++;
        thing = find_open(run->timers, run->timer_count, wait->timer_id);
        return thing != NULL && thing->at_unix_ms == wait->at_unix_ms ? STATUS_OK : STATUS_INVALID;
    case ENGINE_WAIT_TASK:
    case ENGINE_WAIT_MAP_RUN: break;
    }
    waits->task_count++;
    thing = find_open(run->tasks, run->task_count, wait->task_id);
    if (wait->type == ENGINE_WAIT_MAP_RUN) return check_map_run(run, thing, wait);
    if (thing == NULL || thing->resource != wait->resource) return STATUS_INVALID;
    if (thing->is_submitted != wait->is_submitted) return STATUS_INVALID;
    if (thing->is_held != wait->has_early_result) return STATUS_INVALID;
    if (wait->is_submitted) return json_is_null(&wait->parameters) ? STATUS_OK : STATUS_INVALID;
    return hash_of(&wait->parameters) == thing->parameters_hash ? STATUS_OK : STATUS_INVALID;
}

// What the execution says that it waits for is what its commands asked for.
static void check_waits(struct run *run)
{
    if (engine_execution_status(run->execution) != ENGINE_RUNNING) return;
    struct waits waits = {.run = run};
    enum status status = engine_execution_each_wait(run->execution, on_wait, &waits);
    if (status != STATUS_OK || waits.task_count != run->task_count ||
        waits.timer_count != run->timer_count || waits.has_yielded != run->has_yielded) {
        complain(run, "it waits for something else than it says");
    }
}

// What the answer of a task closes, if the engine took it.
static void note_answer(struct run *run, const struct engine_event *event)
{
    struct open_thing *task = find_open(run->tasks, run->task_count, event->task_id);
    if (task == NULL) return;
    if (task->resource == NULL) { // A Map run.
        if (event->type == ENGINE_EVENT_MAP_RUN_ENDED) {
            close_thing(run->tasks, &run->task_count, event->task_id);
        }
        return;
    }
    bool has_submission = task->resource->kind == ASL_RESOURCE_SERVICE &&
                          task->resource->pattern != ASL_REQUEST_RESPONSE;
    if (event->type == ENGINE_EVENT_TASK_SUBMITTED || event->type == ENGINE_EVENT_TASK_STARTED) {
        task->is_submitted = true;
        if (task->is_held) close_thing(run->tasks, &run->task_count, event->task_id);
    } else if (event->type == ENGINE_EVENT_TASK_SUCCEEDED && has_submission &&
               !task->is_submitted) {
        task->is_held = true;
    } else if (event->type == ENGINE_EVENT_TASK_SUCCEEDED ||
               event->type == ENGINE_EVENT_TASK_FAILED) {
        close_thing(run->tasks, &run->task_count, event->task_id);
    }
}

// Before the step: its commands may cancel what the event has not closed yet.
static enum status feed(struct run *run, struct engine_event event)
{
    struct arena CLEANUP(arena_release) step_arena;
    struct engine_update update;
    arena_init(&step_arena, MIB(64));
    run->now_unix_ms = event.now_unix_ms;
    enum status status = engine_step(run->execution, &event, &step_arena, &update);
    buffer_printf(&run->updates, "event %d: %s\n", event.type, status_name(status));
    if (status != STATUS_OK) return status;
    if (event.type == ENGINE_EVENT_CONTINUE) run->has_yielded = false;
    if (event.type == ENGINE_EVENT_TIMER_FIRED) {
        close_thing(run->timers, &run->timer_count, event.timer_id);
    }
    // A machine that times out at an event cancels the task that the event was about.
    if (update.status != ENGINE_TIMED_OUT) note_answer(run, &event);
    note_update(run, &update);
    check_waits(run);
    return status;
}

static void begin(struct run *run, uint64_t seed, const struct asl_machine *machine,
                  bool can_redrive)
{
    *run = (struct run){.seed = seed, .machine = machine, .now_unix_ms = INT64_C(1700000000000)};
    arena_init(&run->values, MIB(64));
    arena_init(&run->arenas[0], MIB(256));
    arena_init(&run->arenas[1], MIB(256));
    buffer_init(&run->updates, MIB(256));
    random_init_seed(&run->random, seed ^ 0x5eed);
    struct engine_start start = {
        .machine = machine,
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .role_arn = STR("arn:aws:iam::000000000000:role/r"),
        .region = STR("us-east-1"),
        .input_text = STR("{\"list\":[3,{\"k\":\"v\"},null]}"),
        .started_unix_ms = run->now_unix_ms,
        .history_mask = ENGINE_HISTORY_ALL,
        .can_redrive = can_redrive,
    };
    CHECK(json_parse(&run->values, start.input_text, 0, &start.input, NULL) == STATUS_OK);
    CHECK(engine_execution_new(&run->arenas[0], &start, &run->execution) == STATUS_OK);
    start.input = json_null; // Needed for the start alone.
    start.input_text = (struct str){0};
    run->start = start;
}

static void end(struct run *run)
{
    buffer_release(&run->updates);
    arena_release(&run->values);
    arena_release(&run->arenas[0]);
    arena_release(&run->arenas[1]);
}

static void move(struct run *run)
{
    struct arena *from = &run->arenas[run->arena_index], *to = &run->arenas[1 - run->arena_index];
    CHECK(engine_execution_move(run->execution, to, &run->execution) == STATUS_OK);
    arena_release(from);
    arena_init(from, MIB(256));
    run->arena_index = 1 - run->arena_index;
}

static void put_down(const struct run *run, struct buffer *text)
{
    buffer_init(text, MIB(64));
    CHECK(engine_execution_encode(run->execution, text) == STATUS_OK);
}

static void bring_back(struct run *run)
{
    struct buffer CLEANUP(buffer_release) text, again;
    struct arena *from = &run->arenas[run->arena_index], *to = &run->arenas[1 - run->arena_index];
    put_down(run, &text);
    enum status status =
        engine_execution_decode(to, &run->start, buffer_str(&text), &run->execution);
    if (status != STATUS_OK) {
        complain(run, "a snapshot is not taken back");
        return;
    }
    put_down(run, &again);
    if (!str_equal(buffer_str(&text), buffer_str(&again))) complain(run, "snapshots differ");
    size_t size = run->updates.size;
    check_waits(run);
    run->updates.size = size; // It said what was said before.
    arena_release(from);
    arena_init(from, MIB(256));
    run->arena_index = 1 - run->arena_index;
}

static struct engine_event task_event(struct run *run)
{
    static const char *const errors[] = {"E0", "E1", "States.Runtime"};
    const struct open_thing *task = &run->tasks[draw(&run->random, (unsigned)run->task_count)];
    struct engine_event event = {.task_id = task->id, .output = json_from_integer(5)};
    if (task->resource == NULL) {
        event.type = ENGINE_EVENT_MAP_RUN_ENDED;
        if (draw(&run->random, 3) == 0) event.error = engine_map_run_exceeded_error();
        return event;
    }
    switch (draw(&run->random, 8)) {
    case 0:
        event.type = ENGINE_EVENT_TASK_FAILED;
        event.error.name = str_from_c(pick(&run->random, errors, 3));
        event.error.cause = STR("cause");
        break;
    case 1: event.type = ENGINE_EVENT_TASK_HEARTBEAT; break;
    case 2: event.type = ENGINE_EVENT_TASK_STARTED; break;
    case 3:
    case 4: event.type = ENGINE_EVENT_TASK_SUBMITTED; break;
    default: event.type = ENGINE_EVENT_TASK_SUCCEEDED; break;
    }
    return event;
}

static struct engine_event timer_event(struct run *run)
{
    const struct open_thing *timer = &run->timers[0];
    for (size_t i = 1; i < run->timer_count; i++) {
        if (run->timers[i].at_unix_ms < timer->at_unix_ms) timer = &run->timers[i];
    }
    struct engine_event event = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = timer->id};
    if (timer->at_unix_ms > run->now_unix_ms) run->now_unix_ms = timer->at_unix_ms;
    return event;
}

static struct engine_event choose_event(struct run *run)
{
    struct engine_event event = {.type = ENGINE_EVENT_STOP, .error.name = STR("stopped")};
    unsigned choice = draw(&run->random, 100);
    if (choice == 0) return event;
    if (choice == 1) { // Something that nobody waits for.
        event.type = draw(&run->random, 2) ? ENGINE_EVENT_TASK_SUCCEEDED : ENGINE_EVENT_TIMER_FIRED;
        event.task_id = event.timer_id = random_u64(&run->random);
        return event;
    }
    if (run->has_yielded && choice < 50) {
        event.type = ENGINE_EVENT_CONTINUE;
        return event;
    }
    if (run->task_count > 0 && (choice < 70 || run->timer_count == 0)) return task_event(run);
    if (run->timer_count > 0) return timer_event(run);
    event.type = ENGINE_EVENT_CONTINUE;
    return event;
}

static void feed_after_end(struct run *run)
{
    struct engine_event stop = {.type = ENGINE_EVENT_STOP, .now_unix_ms = run->now_unix_ms};
    if (feed(run, stop) != STATUS_NOT_FOUND) complain(run, "something happened after the end");
}

static void run_freely(struct run *run)
{
    struct engine_event event = {.type = ENGINE_EVENT_START};
    uint32_t redrive_count = 0;
    for (;;) {
        run->now_unix_ms += draw(&run->random, 700);
        event.now_unix_ms = run->now_unix_ms;
        event.random_seed = random_u64(&run->random);
        run->events[run->event_count++] = event;
        enum status status = feed(run, event);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            complain(run, status_name(status));
            return;
        }
        enum engine_status running = engine_execution_status(run->execution);
        if (run->event_count == EVENTS_MAX) {
            if (running != ENGINE_RUNNING) feed_after_end(run);
            return;
        }
        if (running == ENGINE_RUNNING) {
            event = choose_event(run);
        } else if (running == ENGINE_SUCCEEDED || redrive_count == REDRIVES_MAX) {
            break;
        } else {
            event = (struct engine_event){
                .type = ENGINE_EVENT_REDRIVE,
                .redrive_count = ++redrive_count,
            };
        }
    }
    feed_after_end(run);
}

typedef void (*between_fn)(struct run *run);

static void run_again(struct run *run, const struct run *model, between_fn between)
{
    for (size_t i = 0; i < model->event_count; i++) {
        run->event_count = i;
        bool is_running = engine_execution_status(run->execution) == ENGINE_RUNNING;
        if (between != NULL && is_running && i > 0 && draw(&run->random, 2)) between(run);
        enum status status = feed(run, model->events[i]);
        (void)status; // It is part of what is compared.
    }
    if (engine_execution_status(run->execution) != ENGINE_RUNNING) feed_after_end(run);
}

// Up to its first redrive, an execution that cannot be redriven does the same.
static void check_plain(const struct run *model)
{
    static struct run plain;
    begin(&plain, model->seed, model->machine, false);
    for (size_t i = 0; i < model->event_count; i++) {
        if (model->events[i].type == ENGINE_EVENT_REDRIVE) break;
        enum status status = feed(&plain, model->events[i]);
        (void)status; // It is part of what is compared.
    }
    if (!str_starts_with(buffer_str(&model->updates), buffer_str(&plain.updates))) {
        complain(model, "that it can be redriven shows");
    }
    end(&plain);
}

// Returns how often the execution was redriven.
static unsigned check_seed(uint64_t seed)
{
    static struct run model, same, moved, back;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    const struct asl_machine *machine = make_machine(seed, &arena);
    unsigned redrives = 0;
    if (machine == NULL) return 0;
    begin(&model, seed, machine, true);
    run_freely(&model);
    for (size_t i = 0; i < model.event_count; i++)
        redrives += model.events[i].type == ENGINE_EVENT_REDRIVE;
    check_plain(&model);
    begin(&same, seed, machine, true);
    run_again(&same, &model, NULL);
    begin(&moved, seed, machine, true);
    run_again(&moved, &model, move);
    begin(&back, seed, machine, true);
    run_again(&back, &model, bring_back);
    if (!str_equal(buffer_str(&model.updates), buffer_str(&same.updates))) {
        complain(&model, "the same events gave other updates");
    }
    if (!str_equal(buffer_str(&model.updates), buffer_str(&moved.updates))) {
        complain(&model, "moving shows");
    }
    if (!str_equal(buffer_str(&model.updates), buffer_str(&back.updates))) {
        complain(&back, "being put down shows");
    }
    end(&model);
    end(&same);
    end(&moved);
    end(&back);
    asl_machine_unref(machine);
    return redrives;
}

TEST(random_machines_keep_the_rules_whatever_happens)
{
    const char *first = getenv("GALOP_TEST_SEED");
    uint64_t seed = first == NULL ? 1 : strtoull(first, NULL, 10);
    uint64_t count = first == NULL ? SEEDS : 1;
    unsigned redrives = 0;
    for (uint64_t i = 0; i < count; i++)
        redrives += check_seed(seed + i);
    CHECK(redrives >= count / 2 || first != NULL);
}
