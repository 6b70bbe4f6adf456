// Steps as they stand in the store: three lines with causes, events and data, read and, where that
// succeeds, shown as the API would and written again, which must come out the same. Needs
// src/runtime.

#include <stdlib.h>
#include <string.h>

#include "runtime/step_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_line(struct str *rest)
{
    size_t end = str_find_byte(*rest, '\n');
    struct str line = str_slice(*rest, 0, end == SIZE_MAX ? rest->size : end);
    *rest = str_skip(*rest, end == SIZE_MAX ? rest->size : end + 1);
    return line;
}

static void show(const struct engine_history_event *events, int64_t count, struct buffer *buffer)
{
    for (int64_t i = 0; i < count; i++)
        engine_history_event_render(&events[i], true, buffer);
}

// What was read, written and read again, must look the same.
static void check_events(struct arena *arena, const struct engine_history_event *events,
                         const struct store_step *step)
{
    struct buffer CLEANUP(buffer_release) wanted, found;
    struct history_reader reader = {.arena = arena, .input_text = STR("7")};
    struct engine_history_event *again;
    struct step_writer writer;
    struct store_step written = {0};
    struct json input = json_from_integer(7);
    buffer_init(&wanted, MIB(4));
    buffer_init(&found, MIB(4));
    step_writer_init(&writer);
    step_writer_begin(&writer, (uint64_t)step->first_event_id, &input);
    for (int64_t i = 0; i < step->event_count; i++)
        step_writer_add_event(&writer, &events[i]);
    show(events, step->event_count, &wanted);
    if (step_writer_end(&writer, &written) == STATUS_OK && !wanted.is_failed) {
        enum status status = history_reader_read(&reader, &written, &again);
        if (status == STATUS_OK) show(again, written.event_count, &found);
        if (status == STATUS_CORRUPT ||
            (status == STATUS_OK && !str_equal(buffer_str(&wanted), buffer_str(&found)))) {
            abort();
        }
    }
    step_writer_release(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_release) arena;
    struct str rest = {(const char *)data, size};
    struct store_step step = {.first_event_id = 3, .event_count = 3};
    struct history_reader reader = {
        .arena = &arena, .input_text = STR("7"), .output_text = STR("[\"out\"]")};
    struct engine_event *causes;
    struct engine_history_event *events;
    size_t count;
    arena_init(&arena, MIB(16));
    step.causes = take_line(&rest);
    step.events = take_line(&rest);
    step.data = take_line(&rest);
    (void)!step_record_read_causes(&arena, &step, &causes, &count);
    if (history_reader_read(&reader, &step, &events) == STATUS_OK) {
        check_events(&arena, events, &step);
    }
    return 0;
}
