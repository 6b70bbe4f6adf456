// Text piece by piece: a comma goes before every name or value but the first of its container.

#include <assert.h>

#include "json/json.h"

void json_writer_init(struct json_writer *writer, struct buffer *buffer)
{
    *writer = (struct json_writer){.buffer = buffer};
}

static inline void start_value(struct json_writer *writer)
{
    if (writer->needs_comma) buffer_append_byte(writer->buffer, ',');
    writer->needs_comma = true;
}

static void begin(struct json_writer *writer, char bracket)
{
    start_value(writer);
    buffer_append_byte(writer->buffer, bracket);
    writer->needs_comma = false;
    writer->depth++;
}

static void end(struct json_writer *writer, char bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    buffer_append_byte(writer->buffer, bracket);
    writer->needs_comma = true;
}

void json_writer_begin_object(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_writer_end_object(struct json_writer *writer)
{
    end(writer, '}');
}

void json_writer_begin_array(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_writer_end_array(struct json_writer *writer)
{
    end(writer, ']');
}

void json_writer_name(struct json_writer *writer, struct str name)
{
    assert(writer->depth > 0);
    start_value(writer);
    json_render_string(writer->buffer, name);
    buffer_append_byte(writer->buffer, ':');
    writer->needs_comma = false;
}

void json_writer_string(struct json_writer *writer, struct str text)
{
    start_value(writer);
    json_render_string(writer->buffer, text);
}

void json_writer_integer(struct json_writer *writer, int64_t value)
{
    start_value(writer);
    buffer_append_i64(writer->buffer, value);
}

void json_writer_bool(struct json_writer *writer, bool value)
{
    start_value(writer);
    buffer_append_str(writer->buffer, value ? STR("true") : STR("false"));
}

void json_writer_null(struct json_writer *writer)
{
    start_value(writer);
    buffer_append_str(writer->buffer, STR("null"));
}

void json_writer_value(struct json_writer *writer, const struct json *value)
{
    start_value(writer);
    json_render(writer->buffer, value);
}

void json_writer_raw(struct json_writer *writer, struct str json_text)
{
    start_value(writer);
    buffer_append_str(writer->buffer, json_text);
}

void json_writer_timestamp(struct json_writer *writer, int64_t unix_ms)
{
    start_value(writer);
    uint64_t ms = unix_ms < 0 ? -(uint64_t)unix_ms : (uint64_t)unix_ms;
    if (unix_ms < 0) buffer_append_byte(writer->buffer, '-');
    buffer_append_u64(writer->buffer, ms / 1000);
    unsigned fraction = (unsigned)(ms % 1000);
    if (fraction == 0) return;
    char digits[4] = {'.', (char)('0' + fraction / 100), (char)('0' + fraction / 10 % 10),
                      (char)('0' + fraction % 10)};
    size_t size = 4;
    while (digits[size - 1] == '0')
        size--;
    buffer_append(writer->buffer, digits, size);
}

void json_writer_string_member(struct json_writer *writer, struct str name, struct str text)
{
    json_writer_name(writer, name);
    json_writer_string(writer, text);
}

void json_writer_integer_member(struct json_writer *writer, struct str name, int64_t value)
{
    json_writer_name(writer, name);
    json_writer_integer(writer, value);
}

void json_writer_bool_member(struct json_writer *writer, struct str name, bool value)
{
    json_writer_name(writer, name);
    json_writer_bool(writer, value);
}

void json_writer_value_member(struct json_writer *writer, struct str name, const struct json *value)
{
    json_writer_name(writer, name);
    json_writer_value(writer, value);
}

void json_writer_timestamp_member(struct json_writer *writer, struct str name, int64_t unix_ms)
{
    json_writer_name(writer, name);
    json_writer_timestamp(writer, unix_ms);
}
