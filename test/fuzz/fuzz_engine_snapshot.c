// Fuzzes engine_execution_decode() (library engine): the input is a definition, a zero byte, a
// snapshot, a zero byte, and then one byte per event. Whatever the snapshot is, it is refused or
// taken; one that was taken gives the same text again once it is put down, and the execution goes
// on without harm.

#include <assert.h>
#include <string.h>

#include "engine/snapshot.h"

enum { OPEN_MAX = 64, MEMORY_BYTES_MAX = 64 << 20 };

struct fuzz {
    struct arena arena, other_arena, step_arena, machine_arena;
    struct engine_start start;
    struct engine_execution *execution;
    uint64_t ids[OPEN_MAX]; // Of tasks and timers, open or not.
    size_t id_count;
    int64_t now_unix_ms;
};

static enum status on_wait(void *context, const struct engine_wait *wait)
{
    struct fuzz *fuzz = context;
    if (wait->type == ENGINE_WAIT_CONTINUE) return STATUS_OK;
    if (fuzz->id_count == OPEN_MAX) return STATUS_OVER_LIMIT;
    fuzz->ids[fuzz->id_count++] = wait->task_id | wait->timer_id;
    return STATUS_OK;
}

// Returns false when the execution is over.
static bool feed(struct fuzz *fuzz, uint8_t byte)
{
    struct engine_update update;
    fuzz->now_unix_ms += byte * 37;
    struct engine_event event = {
        .type = ENGINE_EVENT_START + byte % 10,
        .now_unix_ms = fuzz->now_unix_ms,
        .random_seed = byte,
        .redrive_count = byte,
        .output = json_true,
        .error = {.name = byte % 2 ? STR("E") : STR("States.Runtime"), .cause = STR("cause")},
    };
    if (fuzz->id_count > 0) {
        event.task_id = event.timer_id = fuzz->ids[byte / 10 % fuzz->id_count];
    }
    arena_reset(&fuzz->step_arena);
    enum status status = engine_step(fuzz->execution, &event, &fuzz->step_arena, &update);
    assert(status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_NO_MEMORY);
    for (size_t i = 0; status == STATUS_OK && i < update.command_count; i++) {
        uint64_t id = update.commands[i].task_id | update.commands[i].timer_id;
        if (id != 0) fuzz->ids[fuzz->id_count++ % OPEN_MAX] = id;
        if (fuzz->id_count > OPEN_MAX) fuzz->id_count = OPEN_MAX;
    }
    // What did not succeed can be redriven.
    return status == STATUS_NOT_FOUND || (status == STATUS_OK && update.status != ENGINE_SUCCEEDED);
}

// What is put down and brought back again is the same.
static void check_text(struct fuzz *fuzz)
{
    struct buffer text, again;
    struct engine_execution *execution;
    buffer_init(&text, MEMORY_BYTES_MAX);
    buffer_init(&again, MEMORY_BYTES_MAX);
    enum status status = engine_execution_encode(fuzz->execution, &text);
    assert(status == STATUS_OK);
    status =
        engine_execution_decode(&fuzz->other_arena, &fuzz->start, buffer_str(&text), &execution);
    assert(status == STATUS_OK);
    status = engine_execution_encode(execution, &again);
    assert(status == STATUS_OK && str_equal(buffer_str(&text), buffer_str(&again)));
    buffer_release(&text);
    buffer_release(&again);
}

static bool begin(struct fuzz *fuzz, struct str definition, struct str snapshot)
{
    struct asl_diagnostics diagnostics;
    fuzz->start = (struct engine_start){
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .started_unix_ms = fuzz->now_unix_ms,
        .history_mask = ENGINE_HISTORY_ALL,
        .can_redrive = true,
    };
    asl_diagnostics_init(&diagnostics, &fuzz->machine_arena);
    if (asl_machine_parse(definition, ASL_MACHINE_STANDARD, &diagnostics, &fuzz->start.machine) !=
        STATUS_OK) {
        return false;
    }
    enum status status =
        engine_execution_decode(&fuzz->arena, &fuzz->start, snapshot, &fuzz->execution);
    assert(status == STATUS_OK || status == STATUS_CORRUPT || status == STATUS_NO_MEMORY);
    if (status != STATUS_OK) return false;
    status = engine_execution_each_wait(fuzz->execution, on_wait, fuzz);
    assert(status == STATUS_OK || status == STATUS_OVER_LIMIT);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str definition = str_cut(&rest, '\0'), snapshot = str_cut(&rest, '\0');
    struct fuzz fuzz = {.now_unix_ms = INT64_C(1704067200000)};
    arena_init(&fuzz.arena, MEMORY_BYTES_MAX);
    arena_init(&fuzz.other_arena, MEMORY_BYTES_MAX);
    arena_init(&fuzz.step_arena, MEMORY_BYTES_MAX);
    arena_init(&fuzz.machine_arena, MEMORY_BYTES_MAX);
    if (begin(&fuzz, definition, snapshot)) {
        check_text(&fuzz);
        for (size_t i = 0; i < rest.size && feed(&fuzz, (uint8_t)rest.data[i]); i++) {
        }
    }
    asl_machine_unref(fuzz.start.machine);
    arena_release(&fuzz.arena);
    arena_release(&fuzz.other_arena);
    arena_release(&fuzz.step_arena);
    arena_release(&fuzz.machine_arena);
    return 0;
}
