// Events to JSON and back.

#include "runtime/step_record.h"

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

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
    if (text.data != NULL) json_writer_string_member(writer, name, text);
}

static void write_number(struct json_writer *writer, struct str name, int64_t number)
{
    if (number != 0) json_writer_integer_member(writer, name, number);
}

void step_record_write(struct json_writer *writer, const struct engine_event *event)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("type"), str_from_c(type_names[event->type]));
    json_writer_integer_member(writer, STR("at"), event->now_unix_ms);
    json_writer_integer_member(writer, STR("seed"), (int64_t)event->random_seed);
    write_number(writer, STR("task"), (int64_t)event->task_id);
    write_number(writer, STR("timer"), (int64_t)event->timer_id);
    if (event->type == ENGINE_EVENT_TASK_SUCCEEDED || event->type == ENGINE_EVENT_TASK_SUBMITTED ||
        event->type == ENGINE_EVENT_MAP_RUN_ENDED) {
        json_writer_value_member(writer, STR("output"), &event->output);
        write_number(writer, STR("outputBytes"), (int64_t)event->output_size_bytes);
    }
    write_number(writer, STR("redriveCount"), event->redrive_count);
    write_text(writer, STR("error"), event->error.name);
    write_text(writer, STR("cause"), event->error.cause);
    write_text(writer, STR("worker"), event->worker_name);
    json_writer_end_object(writer);
}

static bool read_type(const struct json *record, enum engine_event_type *ret_type)
{
    const struct json *type = JSON_FIND(record, "type");
    if (type == NULL || !json_is_string(type)) return false;
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
        if (!str_is(json_str(type), type_names[i])) continue;
        *ret_type = (enum engine_event_type)i;
        return true;
    }
    return false;
}

static int64_t read_number(const struct json *record, struct str name)
{
    const struct json *value = json_find(record, name);
    return value != NULL && value->type == JSON_INTEGER ? value->integer : 0;
}

static struct str read_text(const struct json *record, struct str name)
{
    const struct json *value = json_find(record, name);
    return value != NULL && json_is_string(value) ? json_str(value) : (struct str){NULL, 0};
}

static bool read_event(const struct json *record, struct engine_event *ret_event)
{
    const struct json *output = JSON_FIND(record, "output");
    *ret_event = (struct engine_event){
        .now_unix_ms = read_number(record, STR("at")),
        .random_seed = (uint64_t)read_number(record, STR("seed")),
        .task_id = (uint64_t)read_number(record, STR("task")),
        .timer_id = (uint64_t)read_number(record, STR("timer")),
        .output = output == NULL ? json_null : *output,
        .output_size_bytes = (size_t)read_number(record, STR("outputBytes")),
        .redrive_count = (uint32_t)read_number(record, STR("redriveCount")),
        .error = {.name = read_text(record, STR("error")),
                  .cause = read_text(record, STR("cause"))},
        .worker_name = read_text(record, STR("worker")),
    };
    return read_type(record, &ret_event->type);
}

enum status step_record_read(struct arena *arena, struct str text, struct engine_event **ret_events,
                             size_t *ret_count)
{
    struct json records;
    enum status status = json_parse(arena, text, JSON_PARSE_COPY, &records, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    if (!json_is_array(&records)) return STATUS_CORRUPT;
    struct engine_event *events = arena_alloc_array(arena, records.size, sizeof(*events));
    if (events == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < records.size; i++) {
        if (!read_event(&records.items[i], &events[i])) return STATUS_CORRUPT;
    }
    *ret_events = events;
    *ret_count = records.size;
    return STATUS_OK;
}
