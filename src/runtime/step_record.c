// Writing steps, and reading their causes.

#include "runtime/step_record.h"

#include <assert.h>

#include "runtime/history_record.h"
#include "runtime/stored.h"

static const char *const type_names[] = {
    [ENGINE_EVENT_START] = "START",
    [ENGINE_EVENT_TASK_SUBMITTED] = "TASK_SUBMITTED",
    [ENGINE_EVENT_TASK_STARTED] = "TASK_STARTED",
    [ENGINE_EVENT_TASK_SUCCEEDED] = "TASK_SUCCEEDED",
    [ENGINE_EVENT_TASK_FAILED] = "TASK_FAILED",
    [ENGINE_EVENT_TASK_HEARTBEAT] = "TASK_HEARTBEAT",
    [ENGINE_EVENT_MAP_RUN_ENDED] = "MAP_RUN_ENDED",
    [ENGINE_EVENT_TIMER_FIRED] = "TIMER_FIRED",
    [ENGINE_EVENT_STOP] = "STOP",
    [ENGINE_EVENT_CONTINUE] = "CONTINUE",
    [ENGINE_EVENT_REDRIVE] = "REDRIVE",
};

// ---------------------------------------------------------------------------------------------
// Data

// Whether they share what they hold. Others may be equal too.
static bool is_same(const struct json *a, const struct json *b)
{
    return a->type == b->type && a->size == b->size && a->integer == b->integer;
}

static const struct step_value *find_recent(const struct step_writer *writer,
                                            const struct json *value)
{
    uint32_t count = writer->known_count;
    for (uint32_t back = 1; back <= count && back <= STEP_WRITER_RECENT_MAX; back++) {
        const struct step_value *known = &writer->recent[(count - back) % STEP_WRITER_RECENT_MAX];
        if (is_same(&known->value, value)) return known;
    }
    return NULL;
}

static const struct step_value *note_recent(struct step_writer *writer, const struct json *value,
                                            bool is_of_cause, uint32_t index)
{
    struct step_value *place = &writer->recent[writer->known_count++ % STEP_WRITER_RECENT_MAX];
    *place = (struct step_value){*value, is_of_cause, index};
    return place;
}

static const struct step_value *add_data(struct step_writer *writer, const struct json *value)
{
    if (writer->data_count > 0) buffer_append_byte(&writer->data, ',');
    json_render(&writer->data, value);
    return note_recent(writer, value, false, writer->data_count++);
}

void step_writer_refer(struct step_writer *writer, const struct json *value)
{
    struct buffer *events = &writer->events;
    if (is_same(writer->input, value)) {
        buffer_append_str(events, STR("\"$input\""));
        return;
    }
    if (writer->output != NULL && is_same(writer->output, value)) {
        buffer_append_str(events, STR("\"$output\""));
        return;
    }
    const struct step_value *known = find_recent(writer, value);
    if (known == NULL) known = add_data(writer, value);
    if (known->is_of_cause) buffer_append_str(events, STR("\"$"));
    buffer_append_u64(events, known->index);
    if (known->is_of_cause) buffer_append_byte(events, '"');
}

// ---------------------------------------------------------------------------------------------
// Writing

void step_writer_init(struct step_writer *writer)
{
    *writer = (struct step_writer){0};
    buffer_init(&writer->causes, MIB(256));
    buffer_init(&writer->events, MIB(256));
    buffer_init(&writer->data, MIB(256));
}

void step_writer_release(struct step_writer *writer)
{
    buffer_release(&writer->causes);
    buffer_release(&writer->events);
    buffer_release(&writer->data);
}

size_t step_writer_size(const struct step_writer *writer)
{
    return writer->causes.size + writer->events.size + writer->data.size;
}

size_t step_writer_capacity(const struct step_writer *writer)
{
    return writer->causes.capacity + writer->events.capacity + writer->data.capacity;
}

void step_writer_begin(struct step_writer *writer, uint64_t first_event_id,
                       const struct json *input)
{
    buffer_clear(&writer->causes);
    buffer_clear(&writer->events);
    buffer_clear(&writer->data);
    json_writer_init(&writer->causes_writer, &writer->causes);
    json_writer_begin_array(&writer->causes_writer);
    buffer_append_byte(&writer->events, '[');
    buffer_append_byte(&writer->data, '[');
    writer->first_event_id = writer->next_event_id = first_event_id;
    writer->input = input;
    writer->output = NULL;
    writer->known_count = writer->cause_count = writer->data_count = 0;
}

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
    if (text.data != NULL) json_writer_string_member(writer, name, text);
}

static void write_number(struct json_writer *writer, struct str name, int64_t number)
{
    if (number != 0) json_writer_integer_member(writer, name, number);
}

static void write_cause(struct step_writer *step, const struct engine_event *cause)
{
    struct json_writer *writer = &step->causes_writer;
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("type"), str_from_c(type_names[cause->type]));
    json_writer_integer_member(writer, STR("at"), cause->now_unix_ms);
    json_writer_integer_member(writer, STR("seed"), (int64_t)cause->random_seed);
    write_number(writer, STR("task"), (int64_t)cause->task_id);
    write_number(writer, STR("timer"), (int64_t)cause->timer_id);
    if (cause->type == ENGINE_EVENT_TASK_SUCCEEDED || cause->type == ENGINE_EVENT_TASK_SUBMITTED ||
        cause->type == ENGINE_EVENT_MAP_RUN_ENDED) {
        json_writer_value_member(writer, STR("output"), &cause->output);
        note_recent(step, &cause->output, true, step->cause_count);
        write_number(writer, STR("outputBytes"), (int64_t)cause->output_size_bytes);
    }
    write_number(writer, STR("redriveCount"), cause->redrive_count);
    write_text(writer, STR("error"), cause->error.name);
    write_text(writer, STR("cause"), cause->error.cause);
    write_text(writer, STR("worker"), cause->worker_name);
    json_writer_end_object(writer);
    step->cause_count++;
}

void step_writer_add_event(struct step_writer *writer, const struct engine_history_event *event)
{
    bool is_first = writer->next_event_id == writer->first_event_id;
    if (!is_first) buffer_append_byte(&writer->events, ',');
    history_record_write(writer, event, !is_first && event->unix_ms == writer->first_unix_ms);
    if (is_first) writer->first_unix_ms = event->unix_ms;
    writer->next_event_id++;
}

void step_writer_add(struct step_writer *writer, const struct engine_event *cause,
                     const struct engine_update *update)
{
    write_cause(writer, cause);
    if (update->status == ENGINE_SUCCEEDED) writer->output = &update->output;
    for (size_t i = 0; i < update->history_event_count; i++) {
        assert(update->history_events[i].id == writer->next_event_id);
        step_writer_add_event(writer, &update->history_events[i]);
    }
}

enum status step_writer_end(struct step_writer *writer, struct store_step *step)
{
    json_writer_end_array(&writer->causes_writer);
    buffer_append_byte(&writer->events, ']');
    buffer_append_byte(&writer->data, ']');
    step->first_event_id = (int64_t)writer->first_event_id;
    step->event_count = (int64_t)(writer->next_event_id - writer->first_event_id);
    step->causes = buffer_str(&writer->causes);
    step->events = buffer_str(&writer->events);
    step->data = writer->data_count == 0 ? (struct str){0} : buffer_str(&writer->data);
    if (writer->causes.is_failed || writer->events.is_failed || writer->data.is_failed) {
        return STATUS_NO_MEMORY;
    }
    return step_writer_size(writer) > STORE_VALUE_SIZE_MAX ? STATUS_OVER_LIMIT : STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Reading

enum status step_list_add(struct step_list *list, struct arena *arena,
                          const struct store_step *step)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct store_step *items = arena_alloc_array(arena, capacity, sizeof(*items));
        if (items == NULL) return STATUS_NO_MEMORY;
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    struct store_step *copy = &list->items[list->count++];
    *copy = *step;
    bool is_copied = arena_copy_str(arena, step->causes, &copy->causes) &&
                     arena_copy_str(arena, step->events, &copy->events) &&
                     arena_copy_str(arena, step->data, &copy->data);
    return is_copied ? STATUS_OK : STATUS_NO_MEMORY;
}

static bool read_type(const struct json *record, enum engine_event_type *ret_type)
{
    struct str type = stored_str(record, STR("type"));
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
        if (!str_is(type, type_names[i])) continue;
        *ret_type = (enum engine_event_type)i;
        return true;
    }
    return false;
}

static bool read_cause(const struct json *record, struct engine_event *ret_event)
{
    const struct str absent = {NULL, 0};
    *ret_event = (struct engine_event){
        .now_unix_ms = stored_integer(record, STR("at")),
        .random_seed = (uint64_t)stored_integer(record, STR("seed")),
        .task_id = (uint64_t)stored_integer(record, STR("task")),
        .timer_id = (uint64_t)stored_integer(record, STR("timer")),
        .output = *stored_value(record, STR("output")),
        .output_size_bytes = (size_t)stored_integer(record, STR("outputBytes")),
        .redrive_count = (uint32_t)stored_integer(record, STR("redriveCount")),
        .error = {.name = json_find_str(record, STR("error"), absent),
                  .cause = json_find_str(record, STR("cause"), absent)},
        .worker_name = json_find_str(record, STR("worker"), absent),
    };
    return read_type(record, &ret_event->type);
}

enum status step_record_read_array(struct arena *arena, struct str text, unsigned flags,
                                   struct json *ret_array)
{
    enum status status = json_parse(arena, text, flags | JSON_PARSE_WRAPPED, ret_array, NULL);
    if (status == STATUS_OK && !json_is_array(ret_array)) return STATUS_CORRUPT;
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

enum status step_record_read_causes(struct arena *arena, const struct store_step *step,
                                    struct engine_event **ret_events, size_t *ret_count)
{
    struct json records;
    enum status status = step_record_read_array(arena, step->causes, JSON_PARSE_COPY, &records);
    if (status != STATUS_OK) return status;
    struct engine_event *events = arena_alloc_array(arena, records.size, sizeof(*events));
    if (events == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < records.size; i++) {
        if (!read_cause(&records.items[i], &events[i])) return STATUS_CORRUPT;
    }
    *ret_events = events;
    *ret_count = records.size;
    return STATUS_OK;
}
