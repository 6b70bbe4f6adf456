// Fuzzes engine_step() (library engine): the input is a definition, a zero byte, an execution's
// input, a zero byte, and then one byte per event. Whatever they are, ids have no gaps, nothing is
// asked for after the end, and no event makes the engine fail otherwise than by its arena's limit.

#include <assert.h>
#include <stdlib.h>

#include "engine/engine.h"

enum { OPEN_MAX = 64, MEMORY_BYTES_MAX = 64 << 20 };

struct fuzz {
    struct arena arenas[2], step_arena, machine_arena;
    int arena_index;
    const struct asl_machine *machine;
    struct engine_execution *execution;
    uint64_t ids[OPEN_MAX]; // Of tasks and timers, open or not.
    size_t id_count;
    uint64_t history_count;
    uint32_t redrive_count;
    int64_t now_unix_ms;
};

static void note_update(struct fuzz *fuzz, const struct engine_update *update)
{
    struct buffer buffer;
    buffer_init(&buffer, MEMORY_BYTES_MAX);
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        fuzz->history_count++;
        assert(event->id == fuzz->history_count && event->previous_event_id < event->id);
        engine_history_event_render(event, true, &buffer);
        engine_history_event_render_log(event, STR("arn"), i % 2, &buffer);
        buffer_clear(&buffer);
    }
    buffer_release(&buffer);
    for (size_t i = 0; i < update->command_count; i++) {
        const struct engine_command *command = &update->commands[i];
        uint64_t id = command->task_id | command->timer_id;
        assert(update->status == ENGINE_RUNNING || command->type == ENGINE_COMMAND_CANCEL_TASK ||
               command->type == ENGINE_COMMAND_CANCEL_TIMER ||
               command->type == ENGINE_COMMAND_START_MAP_RUN ||
               command->type == ENGINE_COMMAND_CANCEL_MAP_RUN ||
               command->type == ENGINE_COMMAND_START_TASK ||
               command->type == ENGINE_COMMAND_ARM_TIMER);
        if (id != 0) fuzz->ids[fuzz->id_count++ % OPEN_MAX] = id;
    }
}

// Returns false when the execution is over.
static bool feed(struct fuzz *fuzz, struct engine_event event)
{
    struct engine_update update;
    event.now_unix_ms = fuzz->now_unix_ms;
    event.random_seed = (uint64_t)fuzz->now_unix_ms;
    arena_reset(&fuzz->step_arena);
    enum status status = engine_step(fuzz->execution, &event, &fuzz->step_arena, &update);
    if (status == STATUS_NOT_FOUND) return true;
    if (status != STATUS_OK) {
        assert(status == STATUS_NO_MEMORY);
        return false;
    }
    note_update(fuzz, &update);
    return update.status != ENGINE_SUCCEEDED; // Others can be redriven.
}

static void move(struct fuzz *fuzz)
{
    struct arena *from = &fuzz->arenas[fuzz->arena_index];
    struct arena *to = &fuzz->arenas[1 - fuzz->arena_index];
    if (engine_execution_move(fuzz->execution, to, &fuzz->execution) != STATUS_OK) {
        arena_release(to);
        return;
    }
    arena_release(from);
    fuzz->arena_index = 1 - fuzz->arena_index;
}

static bool feed_byte(struct fuzz *fuzz, uint8_t byte)
{
    struct engine_event event = {.type = ENGINE_EVENT_START + byte % 10, .output = json_true};
    if (byte >= 0xf0) {
        if (engine_execution_status(fuzz->execution) == ENGINE_RUNNING) move(fuzz);
        return true;
    }
    event.redrive_count = ++fuzz->redrive_count;
    fuzz->now_unix_ms += byte * 37;
    if (fuzz->id_count > 0) {
        size_t known = fuzz->id_count < OPEN_MAX ? fuzz->id_count : OPEN_MAX;
        event.task_id = event.timer_id = fuzz->ids[byte / 10 % known];
    }
    event.error.name = byte % 2 ? STR("E") : STR("States.Runtime");
    event.error.cause = STR("cause");
    return feed(fuzz, event);
}

static bool begin(struct fuzz *fuzz, struct str definition, struct str input)
{
    struct asl_diagnostics diagnostics;
    struct engine_start start = {
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .input_text = input,
        .started_unix_ms = fuzz->now_unix_ms,
        .history_mask = ENGINE_HISTORY_ALL,
        .can_redrive = true,
    };
    asl_diagnostics_init(&diagnostics, &fuzz->machine_arena);
    if (asl_machine_parse(definition, ASL_MACHINE_STANDARD, &diagnostics, &fuzz->machine) !=
        STATUS_OK) {
        return false;
    }
    start.machine = fuzz->machine;
    struct arena *arena = &fuzz->arenas[0];
    return json_parse(arena, input, JSON_PARSE_COPY, &start.input, NULL) == STATUS_OK &&
           engine_execution_new(arena, &start, &fuzz->execution) == STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str definition = str_cut(&rest, '\0'), input = str_cut(&rest, '\0');
    struct fuzz fuzz = {.now_unix_ms = INT64_C(1700000000000)};
    arena_init(&fuzz.arenas[0], MEMORY_BYTES_MAX);
    arena_init(&fuzz.arenas[1], MEMORY_BYTES_MAX);
    arena_init(&fuzz.step_arena, MEMORY_BYTES_MAX);
    arena_init(&fuzz.machine_arena, MEMORY_BYTES_MAX);
    if (begin(&fuzz, definition, input) &&
        feed(&fuzz, (struct engine_event){.type = ENGINE_EVENT_START})) {
        for (size_t i = 0; i < rest.size && feed_byte(&fuzz, (uint8_t)rest.data[i]); i++) {
        }
    }
    asl_machine_unref(fuzz.machine);
    arena_release(&fuzz.arenas[0]);
    arena_release(&fuzz.arenas[1]);
    arena_release(&fuzz.step_arena);
    arena_release(&fuzz.machine_arena);
    return 0;
}
