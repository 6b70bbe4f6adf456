// History events to JSON and back.

#include "runtime/history_record.h"

static const double timestamp_seconds_max = 1e12;

// Members that several types of events have. They are named as in the API.
struct member {
    enum member_kind {
        MEMBER_NAME,  // struct str; absent when empty
        MEMBER_TEXT,  // struct str; absent when NULL
        MEMBER_VALUE, // const struct json *; absent when NULL. A reference.
        MEMBER_TIME,  // int64_t; absent when 0
        MEMBER_COUNT, // int64_t; absent when -1
    } kind;
    struct str name;
    struct str opening; // `,"name":`
    size_t offset;      // In struct engine_history_event.
};

#define MEMBER(kind, name, field)                                                                  \
    {                                                                                              \
        kind, STR_INIT(name), STR_INIT(",\"" name "\":"),                                          \
            offsetof(struct engine_history_event, field)                                           \
    }

static const struct member members[] = {
    MEMBER(MEMBER_NAME, "name", name),
    MEMBER(MEMBER_VALUE, "input", input),
    MEMBER(MEMBER_VALUE, "output", output),
    MEMBER(MEMBER_VALUE, "parameters", parameters),
    MEMBER(MEMBER_NAME, "resourceType", resource_type),
    MEMBER(MEMBER_NAME, "resource", resource),
    MEMBER(MEMBER_NAME, "region", region),
    MEMBER(MEMBER_TIME, "timeoutInSeconds", timeout_seconds),
    MEMBER(MEMBER_TIME, "heartbeatInSeconds", heartbeat_seconds),
    MEMBER(MEMBER_TEXT, "error", error),
    MEMBER(MEMBER_TEXT, "cause", cause),
    MEMBER(MEMBER_NAME, "roleArn", role_arn),
    MEMBER(MEMBER_NAME, "stateMachineAliasArn", alias_arn),
    MEMBER(MEMBER_NAME, "stateMachineVersionArn", version_arn),
    MEMBER(MEMBER_NAME, "workerName", worker_name),
    MEMBER(MEMBER_NAME, "state", state),
    MEMBER(MEMBER_TEXT, "location", location),
    MEMBER(MEMBER_NAME, "mapRunArn", map_run_arn),
    MEMBER(MEMBER_COUNT, "length", length),
    MEMBER(MEMBER_COUNT, "index", index),
};

// ---------------------------------------------------------------------------------------------
// Writing

static void write_member(struct step_writer *writer, const struct engine_history_event *event,
                         const struct member *member)
{
    struct buffer *buffer = &writer->events;
    const void *field = (const char *)event + member->offset;
    switch (member->kind) {
    case MEMBER_NAME:
    case MEMBER_TEXT: {
        const struct str *text = field;
        if (text->data == NULL || (text->size == 0 && member->kind == MEMBER_NAME)) return;
        buffer_append_str(buffer, member->opening);
        json_render_string(buffer, *text);
        return;
    }
    case MEMBER_VALUE: {
        const struct json *const *value = field;
        if (*value == NULL) return;
        buffer_append_str(buffer, member->opening);
        step_writer_refer(writer, *value);
        return;
    }
    case MEMBER_TIME:
    case MEMBER_COUNT: {
        const int64_t *number = field;
        if (*number == (member->kind == MEMBER_TIME ? 0 : -1)) return;
        buffer_append_str(buffer, member->opening);
        buffer_append_i64(buffer, *number);
        return;
    }
    }
}

static void write_integer(struct buffer *buffer, struct str opening, int64_t value)
{
    buffer_append_str(buffer, opening);
    buffer_append_i64(buffer, value);
}

static void write_variables(struct step_writer *writer, const struct json *variables)
{
    struct buffer *buffer = &writer->events;
    buffer_append_str(buffer, STR(",\"assignedVariables\":{"));
    for (uint32_t i = 0; i < variables->size; i++) {
        if (i > 0) buffer_append_byte(buffer, ',');
        json_render_string(buffer, json_str(&variables->members[i].name));
        buffer_append_byte(buffer, ':');
        step_writer_refer(writer, &variables->members[i].value);
    }
    buffer_append_byte(buffer, '}');
}

void history_record_write(struct step_writer *writer, const struct engine_history_event *event,
                          bool has_first_time)
{
    struct buffer *buffer = &writer->events;
    buffer_append_str(buffer, STR("{\"type\":\""));
    buffer_append_str(buffer, str_from_c(engine_history_event_type_name(event->type)));
    buffer_append_byte(buffer, '"');
    if (!has_first_time) write_integer(buffer, STR(",\"at\":"), event->unix_ms);
    if (event->previous_event_id + 1 != writer->next_event_id) {
        write_integer(buffer, STR(",\"previousEventId\":"), (int64_t)event->previous_event_id);
    }
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        write_member(writer, event, &members[i]);
    if (event->credentials_role_arn.size > 0) {
        buffer_append_str(buffer, STR(",\"taskCredentials\":{\"roleArn\":"));
        json_render_string(buffer, event->credentials_role_arn);
        buffer_append_byte(buffer, '}');
    }
    if (event->assigned_variables != NULL) write_variables(writer, event->assigned_variables);
    if (event->type == ENGINE_HISTORY_EXECUTION_REDRIVEN) {
        write_integer(buffer, STR(",\"redriveCount\":"), event->redrive_count);
    } else if (event->type == ENGINE_HISTORY_MAP_RUN_REDRIVEN) {
        write_integer(buffer, STR(",\"redriveCount\":"), event->map_run_redrive_count);
    }
    buffer_append_byte(buffer, '}');
}

// ---------------------------------------------------------------------------------------------
// Reading. Steps of older formats hold events as the API shows them, with "id" and "timestamp", the
// rest in an object of its own, and values as JSON text; what they have beside that is the same.

struct reading {
    struct history_reader *reader;
    const struct json *causes;
    const struct json *data;
    struct engine_history_event *event;
};

static enum status parse_text(struct arena *arena, struct str text, const struct json **ret_value)
{
    struct json value;
    enum status status = json_parse(arena, text, 0, &value, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    *ret_value = json_new(arena, value);
    return *ret_value == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status take_item(const struct json *array, uint64_t index,
                             const struct json **ret_value)
{
    if (index >= array->size) return STATUS_CORRUPT;
    *ret_value = &array->items[index];
    return STATUS_OK;
}

// The row's text, parsed once.
static enum status read_of_row(struct arena *arena, struct str text, const struct json **place,
                               const struct json **ret_value)
{
    enum status status = *place == NULL ? parse_text(arena, text, place) : STATUS_OK;
    *ret_value = *place;
    return status;
}

static enum status read_value(const struct reading *reading, const struct json *reference,
                              const struct json **ret_value)
{
    struct history_reader *reader = reading->reader;
    if (reference->type == JSON_INTEGER) {
        return take_item(reading->data, (uint64_t)reference->integer, ret_value);
    }
    if (!json_is_string(reference)) return STATUS_CORRUPT;
    struct str text = json_str(reference);
    uint64_t index;
    if (!str_starts_with(text, STR("$"))) return parse_text(reader->arena, text, ret_value);
    if (str_is(text, "$input")) {
        return read_of_row(reader->arena, reader->input_text, &reader->input, ret_value);
    }
    if (str_is(text, "$output")) {
        return read_of_row(reader->arena, reader->output_text, &reader->output, ret_value);
    }
    if (!str_to_u64(str_skip(text, 1), &index)) return STATUS_CORRUPT;
    enum status status = take_item(reading->causes, index, ret_value);
    if (status != STATUS_OK) return status;
    *ret_value = JSON_FIND(*ret_value, "output");
    return *ret_value == NULL ? STATUS_CORRUPT : STATUS_OK;
}

static enum status read_variables(const struct reading *reading, const struct json *record)
{
    struct json_members variables;
    json_members_init(&variables, reading->reader->arena);
    if (!json_is_object(record)) return STATUS_CORRUPT;
    for (uint32_t i = 0; i < record->size; i++) {
        const struct json *value;
        enum status status = read_value(reading, &record->members[i].value, &value);
        if (status != STATUS_OK) return status;
        json_members_append(&variables, json_str(&record->members[i].name), *value);
    }
    reading->event->assigned_variables =
        json_new(reading->reader->arena, json_members_finish(&variables));
    return reading->event->assigned_variables == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status read_common(const struct reading *reading, const struct member *member,
                               const struct json *value)
{
    void *field = (char *)reading->event + member->offset;
    switch (member->kind) {
    case MEMBER_NAME:
    case MEMBER_TEXT:
        if (!json_is_string(value)) return STATUS_CORRUPT;
        *(struct str *)field = json_str(value);
        return STATUS_OK;
    case MEMBER_VALUE: return read_value(reading, value, field);
    case MEMBER_TIME:
    case MEMBER_COUNT: return json_to_integer(value, field) ? STATUS_OK : STATUS_CORRUPT;
    }
    return STATUS_CORRUPT;
}

static enum status read_members(const struct reading *reading, const struct json *record);

// Everything that is not alike for all types.
static enum status read_special(const struct reading *reading, struct str name,
                                const struct json *value)
{
    struct engine_history_event *event = reading->event;
    int64_t number = 0;
    if (str_is(name, "at")) {
        return json_to_integer(value, &event->unix_ms) ? STATUS_OK : STATUS_CORRUPT;
    }
    if (str_is(name, "timestamp")) {
        double seconds = json_is_number(value) ? json_to_real(value) : -1;
        if (!(seconds >= 0 && seconds < timestamp_seconds_max)) return STATUS_CORRUPT;
        event->unix_ms = (int64_t)(seconds * 1000 + 0.5);
    } else if (str_is(name, "previousEventId")) {
        if (!json_to_integer(value, &number) || number < 0) return STATUS_CORRUPT;
        event->previous_event_id = (uint64_t)number;
    } else if (str_is(name, "redriveCount")) {
        if (!json_to_integer(value, &number)) return STATUS_CORRUPT;
        event->redrive_count = event->map_run_redrive_count = (uint32_t)number;
    } else if (str_is(name, "taskCredentials")) {
        const struct json *role_arn = JSON_FIND(value, "roleArn");
        if (role_arn == NULL || !json_is_string(role_arn)) return STATUS_CORRUPT;
        event->credentials_role_arn = json_str(role_arn);
    } else if (str_is(name, "assignedVariables")) {
        return read_variables(reading, value);
    } else if (str_ends_with(name, STR("EventDetails"))) {
        return json_is_object(value) ? read_members(reading, value) : STATUS_CORRUPT;
    }
    return STATUS_OK; // "type", and older: "id", "inputDetails", "outputDetails", …
}

// NOLINTNEXTLINE(misc-no-recursion): goes one level down, in older steps.
static enum status read_members(const struct reading *reading, const struct json *record)
{
    for (uint32_t i = 0; i < record->size; i++) {
        struct str name = json_str(&record->members[i].name);
        const struct json *value = &record->members[i].value;
        const struct member *member = NULL;
        for (size_t k = 0; k < ARRAY_COUNT(members) && member == NULL; k++) {
            if (str_equal(members[k].name, name)) member = &members[k];
        }
        enum status status = member == NULL ? read_special(reading, name, value)
                                            : read_common(reading, member, value);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

static enum status read_event(const struct reading *reading, const struct json *record, uint64_t id,
                              int64_t first_unix_ms)
{
    struct engine_history_event *event = reading->event;
    const struct json *type = JSON_FIND(record, "type");
    *event = (struct engine_history_event){
        .id = id,
        .previous_event_id = id - 1,
        .unix_ms = first_unix_ms,
        .length = -1,
        .index = -1,
    };
    if (type == NULL || !json_is_string(type) ||
        !engine_history_event_type_find(json_str(type), &event->type)) {
        return STATUS_CORRUPT;
    }
    enum status status = read_members(reading, record);
    if (event->type == ENGINE_HISTORY_EXECUTION_STARTED) {
        event->input = NULL;
        event->input_text = reading->reader->input_text;
    }
    return status != STATUS_OK || event->previous_event_id < id ? status : STATUS_CORRUPT;
}

enum status history_reader_read(struct history_reader *reader, const struct store_step *step,
                                struct engine_history_event **ret_events)
{
    struct arena *arena = reader->arena;
    struct json records, causes, data = json_empty_array;
    enum status status = step_record_read_array(arena, step->events, 0, &records);
    if (status == STATUS_OK) status = step_record_read_array(arena, step->causes, 0, &causes);
    if (status == STATUS_OK && step->data.size > 0) {
        status = step_record_read_array(arena, step->data, 0, &data);
    }
    if (status != STATUS_OK) return status;
    if (records.size != step->event_count) return STATUS_CORRUPT;
    struct engine_history_event *events = arena_alloc_array(arena, records.size, sizeof(*events));
    if (events == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < records.size; i++) {
        struct reading reading = {reader, &causes, &data, &events[i]};
        uint64_t id = (uint64_t)step->first_event_id + i;
        status = read_event(&reading, &records.items[i], id, i == 0 ? 0 : events[0].unix_ms);
        if (status != STATUS_OK) return status;
    }
    *ret_events = events;
    return STATUS_OK;
}
