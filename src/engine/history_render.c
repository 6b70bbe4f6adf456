// Rendering: history events as the API and the logs show them.
//
// Both hold the same details; they differ in the envelope, and in that logs truncate long data.

#include <assert.h>
#include <string.h>

#include "engine/history_event.h"

enum { LOG_DATA_SIZE_BYTES_MAX = 248 * 1024 }; // Of one member, escaped.

static const char *const details_names[] = {
#define X(name, text, details, is_error, is_fatal) details,
#include "engine/history_event_type.def"
#undef X
};

// How details are written.
struct details {
    struct json_writer writer;
    bool includes_data;
    bool is_log;
};

// Cut a literal to what logs admit, at a whole character and not within an escape.
static bool truncate_literal(struct buffer *buffer, size_t start)
{
    if (buffer->is_failed || buffer->size - start <= LOG_DATA_SIZE_BYTES_MAX + 2) return false;
    size_t end = start + 1;
    size_t limit = start + 1 + LOG_DATA_SIZE_BYTES_MAX;
    while (end < limit) {
        size_t next = end + 1;
        if (buffer->data[end] == '\\') {
            next = end + 2;
        } else {
            while (((unsigned char)buffer->data[next] & 0xc0) == 0x80)
                next++;
        }
        if (next > limit) break;
        end = next;
    }
    buffer->size = end;
    buffer_append_byte(buffer, '"');
    return true;
}

static bool write_json_string(struct details *details, const struct json *value)
{
    struct buffer *buffer = details->writer.buffer;
    json_writer_raw(&details->writer, STR("")); // The comma, if one is due.
    size_t start = buffer->size;
    json_render_quoted(buffer, value);
    return details->is_log && truncate_literal(buffer, start);
}

// "input" and "inputDetails", or the same for output.
static void write_data(struct details *details, struct str name, struct str details_name,
                       const struct json *value, struct str verbatim)
{
    if (!details->includes_data || (value == NULL && verbatim.data == NULL)) return;
    struct json_writer *writer = &details->writer;
    bool is_truncated = false;
    json_writer_name(writer, name);
    if (verbatim.data != NULL) {
        size_t start = writer->buffer->size;
        json_writer_string(writer, verbatim);
        is_truncated = details->is_log && truncate_literal(writer->buffer, start);
    } else {
        is_truncated = write_json_string(details, value);
    }
    json_writer_name(writer, details_name);
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("truncated"), is_truncated);
    json_writer_end_object(writer);
}

static void write_text(struct details *details, struct str name, struct str text)
{
    if (text.data != NULL) json_writer_string_member(&details->writer, name, text);
}

static void write_text_unless_empty(struct details *details, struct str name, struct str text)
{
    if (text.size > 0) json_writer_string_member(&details->writer, name, text);
}

static void write_integer_unless(struct details *details, struct str name, int64_t value,
                                 int64_t absent)
{
    if (value != absent) json_writer_integer_member(&details->writer, name, value);
}

static void write_variables(struct details *details, const struct json *variables)
{
    if (variables == NULL || !details->includes_data) return;
    struct json_writer *writer = &details->writer;
    json_writer_name(writer, STR("assignedVariables"));
    json_writer_begin_object(writer);
    bool is_truncated = false;
    for (uint32_t i = 0; i < variables->size; i++) {
        json_writer_name(writer, json_str(&variables->members[i].name));
        is_truncated |= write_json_string(details, &variables->members[i].value);
    }
    json_writer_end_object(writer);
    json_writer_name(writer, STR("assignedVariablesDetails"));
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("truncated"), is_truncated);
    json_writer_end_object(writer);
}

static void write_task(struct details *details, const struct engine_history_event *event)
{
    write_text_unless_empty(details, STR("resourceType"), event->resource_type);
    write_text_unless_empty(details, STR("resource"), event->resource);
    write_text_unless_empty(details, STR("region"), event->region);
    if (event->parameters != NULL && details->includes_data) {
        json_writer_name(&details->writer, STR("parameters"));
        write_json_string(details, event->parameters);
    } else if (event->parameters != NULL && !details->is_log) {
        json_writer_string_member(&details->writer, STR("parameters"), STR(""));
    }
    write_integer_unless(details, STR("timeoutInSeconds"), event->timeout_seconds, 0);
    write_integer_unless(details, STR("heartbeatInSeconds"), event->heartbeat_seconds, 0);
    if (event->credentials_role_arn.size > 0) {
        json_writer_name(&details->writer, STR("taskCredentials"));
        json_writer_begin_object(&details->writer);
        json_writer_string_member(&details->writer, STR("roleArn"), event->credentials_role_arn);
        json_writer_end_object(&details->writer);
    }
}

// All members that the event has; which those are is its type's business.
static void write_details(struct details *details, const struct engine_history_event *event)
{
    write_data(details, STR("input"), STR("inputDetails"), event->input, event->input_text);
    write_text_unless_empty(details, STR("name"), event->name);
    write_text_unless_empty(details, STR("roleArn"), event->role_arn);
    write_text_unless_empty(details, STR("stateMachineAliasArn"), event->alias_arn);
    write_text_unless_empty(details, STR("stateMachineVersionArn"), event->version_arn);
    write_integer_unless(details, STR("length"), event->length, -1);
    write_integer_unless(details, STR("index"), event->index, -1);
    write_text_unless_empty(details, STR("mapRunArn"), event->map_run_arn);
    if (event->type == ENGINE_HISTORY_EXECUTION_REDRIVEN) {
        write_integer_unless(details, STR("redriveCount"), event->redrive_count, -1);
    } else if (event->type == ENGINE_HISTORY_MAP_RUN_REDRIVEN) {
        write_integer_unless(details, STR("redriveCount"), event->map_run_redrive_count, -1);
    }
    write_task(details, event);
    write_data(details, STR("output"), STR("outputDetails"), event->output, (struct str){0});
    write_variables(details, event->assigned_variables);
    write_text(details, STR("error"), event->error);
    write_text(details, STR("cause"), event->cause);
    write_text(details, STR("location"), event->location);
    write_text_unless_empty(details, STR("state"), event->state);
    write_text_unless_empty(details, STR("workerName"), event->worker_name);
}

static void render_event(const struct engine_history_event *event, struct details details,
                         struct buffer *buffer)
{
    assert(event->type < ENGINE_HISTORY_EVENT_TYPE_COUNT);
    assert(event->id > event->previous_event_id);
    struct json_writer *writer = &details.writer;
    json_writer_init(writer, buffer);
    json_writer_begin_object(writer);
    json_writer_timestamp_member(writer, STR("timestamp"), event->unix_ms);
    json_writer_string_member(writer, STR("type"),
                              str_from_c(engine_history_event_type_name(event->type)));
    json_writer_integer_member(writer, STR("id"), (int64_t)event->id);
    json_writer_integer_member(writer, STR("previousEventId"), (int64_t)event->previous_event_id);
    struct str details_name = str_from_c(details_names[event->type]);
    if (details_name.size > 0) {
        json_writer_name(writer, details_name);
        json_writer_begin_object(writer);
        write_details(&details, event);
        json_writer_end_object(writer);
    }
    json_writer_end_object(writer);
}

void engine_history_event_render(const struct engine_history_event *event, bool includes_data,
                                 struct buffer *buffer)
{
    render_event(event, (struct details){.includes_data = includes_data}, buffer);
}

static void write_number_string(struct json_writer *writer, struct str name, int64_t number)
{
    struct buffer *buffer = writer->buffer;
    json_writer_name(writer, name);
    json_writer_raw(writer, STR("\""));
    buffer_append_i64(buffer, number);
    buffer_append_byte(buffer, '"');
}

void engine_history_event_render_log(const struct engine_history_event *event,
                                     struct str execution_arn, bool includes_data,
                                     struct buffer *buffer)
{
    struct details details = {.includes_data = includes_data, .is_log = true};
    struct json_writer *writer = &details.writer;
    json_writer_init(writer, buffer);
    json_writer_begin_object(writer);
    write_number_string(writer, STR("id"), (int64_t)event->id);
    json_writer_string_member(writer, STR("type"),
                              str_from_c(engine_history_event_type_name(event->type)));
    json_writer_name(writer, STR("details"));
    json_writer_begin_object(writer);
    write_details(&details, event);
    json_writer_end_object(writer);
    write_number_string(writer, STR("previous_event_id"), (int64_t)event->previous_event_id);
    write_number_string(writer, STR("event_timestamp"), event->unix_ms);
    json_writer_string_member(writer, STR("execution_arn"), execution_arn);
    write_number_string(writer, STR("redrive_count"), event->redrive_count);
    json_writer_end_object(writer);
}
