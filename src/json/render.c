// Rendering: text that needs no escape is copied in runs, and everything is appended to one buffer.

#include <assert.h>

#include "base/encoding.h"
#include "json/json.h"
#include "json/scan.h"

enum { REAL_SIZE_MAX = 32, ESCAPE_SIZE_MAX = 6, PIECE_SIZE = 512, QUOTED_DISTANCE_MIN = 32 };

// Write the escape of `c`, at most ESCAPE_SIZE_MAX bytes; returns the end.
static char *put_escape(char *out, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '\\';
    switch (c) {
    case '"':
    case '\\': out[1] = (char)c; return out + 2;
    case '\b': out[1] = 'b'; return out + 2;
    case '\f': out[1] = 'f'; return out + 2;
    case '\n': out[1] = 'n'; return out + 2;
    case '\r': out[1] = 'r'; return out + 2;
    case '\t': out[1] = 't'; return out + 2;
    default: break;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return out + 6;
}

static size_t escape_size(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '\b':
    case '\f':
    case '\n':
    case '\r':
    case '\t': return 2;
    default: return 6;
    }
}

// Text without lone surrogates between quotes, a piece at a time: each with room for the worst case
// and for what copying by sixteen writes too much. Text that holds JSON itself has an escape every
// few bytes.
static void append_pieces(struct buffer *buffer, struct str text)
{
    while (text.size > 0) {
        struct str piece = str_slice(text, 0, PIECE_SIZE);
        const char *at = piece.data, *end = piece.data + piece.size;
        char room[PIECE_SIZE * ESCAPE_SIZE_MAX + 16], *out = room;
        while ((at = scan_copy_run(at, end, &out)) != end)
            out = put_escape(out, (unsigned char)*at++);
        buffer_append(buffer, room, (size_t)(out - room));
        text = str_skip(text, piece.size);
    }
}

enum { SURROGATE_SIZE = 3, SURROGATE_ESCAPE_SIZE = 6 };

// Any text between quotes. UTF-8 cannot write lone surrogates.
static void append_escaped(struct buffer *buffer, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t lone;
    while ((lone = encoding_surrogate_find(text)) != SIZE_MAX) {
        append_pieces(buffer, str_slice(text, 0, lone));
        text = str_skip(text, lone);
        uint32_t unit = encoding_utf8_take(&text);
        char escape[SURROGATE_ESCAPE_SIZE] = {'\\',
                                              'u',
                                              digits[unit >> 12],
                                              digits[unit >> 8 & 15],
                                              digits[unit >> 4 & 15],
                                              digits[unit & 15]};
        buffer_append(buffer, escape, sizeof(escape));
    }
    append_pieces(buffer, text);
}

static COLD bool has_surrogate(struct str text)
{
    return encoding_surrogate_find(text) != SIZE_MAX;
}

// Copy a text in which nothing must be escaped to `room`, which has as many bytes; otherwise false.
static inline bool copy_plain(char *room, struct str text)
{
    if (text.size < 16) return scan_copy_short(room, text.data, text.size);
    bool has_high = false;
    const char *end = text.data + text.size;
    if (scan_string(text.data, end, &has_high) != end) return false;
    if (UNLIKELY(has_high) && has_surrogate(text)) return false;
    memcpy(room, text.data, text.size);
    return true;
}

// A string literal between `before` and `after`, of which a NUL means nothing.
static inline void append_string(struct buffer *buffer, char before, struct str text, char after)
{
    size_t size = text.size + 2 + (before != '\0') + (after != '\0');
    char *room = buffer_reserve(buffer, size);
    if (UNLIKELY(room == NULL)) return;
    char *at = room;
    if (before != '\0') *at++ = before;
    *at++ = '"';
    if (LIKELY(copy_plain(at, text))) {
        at += text.size;
        *at++ = '"';
        if (after != '\0') *at = after;
        buffer->size += size;
        return;
    }
    buffer->size += (size_t)(at - room);
    append_escaped(buffer, text);
    buffer_append_byte(buffer, '"');
    if (after != '\0') buffer_append_byte(buffer, after);
}

void json_render_string(struct buffer *buffer, struct str text)
{
    append_string(buffer, '\0', text, '\0');
}

static void append_scalar(struct buffer *buffer, const struct json *value)
{
    switch ((enum json_type)value->type) {
    case JSON_NULL: buffer_append_str(buffer, STR("null")); break;
    case JSON_FALSE: buffer_append_str(buffer, STR("false")); break;
    case JSON_TRUE: buffer_append_str(buffer, STR("true")); break;
    case JSON_INTEGER: buffer_append_i64(buffer, value->integer); break;
    case JSON_REAL: json_render_real(buffer, value->real); break;
    case JSON_NUMBER_TEXT: buffer_append_str(buffer, json_str(value)); break;
    case JSON_STRING: json_render_string(buffer, json_str(value)); break;
    case JSON_ARRAY:
    case JSON_OBJECT: assert(false); // Their caller renders them.
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static void render(struct buffer *buffer, const struct json *value, int depth)
{
    if (value->type == JSON_STRING) {
        append_string(buffer, '\0', json_str(value), '\0');
    } else if (value->type == JSON_OBJECT && depth > 0) {
        const struct json_member *member = value->members, *end = member + value->size;
        if (member == end) buffer_append_byte(buffer, '{');
        for (char before = '{'; member != end; member++, before = ',') {
            append_string(buffer, before, json_str(&member->name), ':');
            render(buffer, &member->value, depth - 1);
        }
        buffer_append_byte(buffer, '}');
    } else if (value->type == JSON_ARRAY && depth > 0) {
        buffer_append_byte(buffer, '[');
        for (uint32_t i = 0; i < value->size; i++) {
            if (i > 0) buffer_append_byte(buffer, ',');
            render(buffer, &value->items[i], depth - 1);
        }
        buffer_append_byte(buffer, ']');
    } else if (value->type == JSON_ARRAY || value->type == JSON_OBJECT) {
        buffer->is_failed = true; // Too deep.
    } else {
        append_scalar(buffer, value);
    }
}

void json_render(struct buffer *buffer, const struct json *value)
{
    render(buffer, value, JSON_DEPTH_MAX);
}

void json_render_quoted(struct buffer *buffer, const struct json *value)
{
    size_t start = buffer->size;
    json_render(buffer, value);
    if (buffer->is_failed) return;
    // The text moves back by its own size and more, and is copied forward from there. What is
    // written is at most twice what has been read, and fifteen bytes: it stays before the rest.
    size_t size = buffer->size - start, distance = size + QUOTED_DISTANCE_MIN;
    if (buffer_reserve(buffer, distance) == NULL) return;
    char *out = buffer->data + start;
    const char *at = memmove(out + distance, out, size), *end = at + size;
    *out++ = '"';
    while ((at = scan_copy_run(at, end, &out)) != end) {
        *out++ = '\\'; // Before a quote or another of these: control characters are escaped by now.
        *out++ = *at++;
    }
    *out++ = '"';
    buffer->size = (size_t)(out - buffer->data);
}

static void append_line(struct buffer *buffer, int level)
{
    buffer_append_byte(buffer, '\n');
    for (int i = 0; i < level; i++)
        buffer_append_str(buffer, STR("  "));
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `level`.
static void render_pretty(struct buffer *buffer, const struct json *value, int level)
{
    bool is_object = value->type == JSON_OBJECT;
    if ((!is_object && value->type != JSON_ARRAY) || value->size == 0) {
        render(buffer, value, 1);
        return;
    }
    if (level == JSON_DEPTH_MAX) {
        buffer->is_failed = true;
        return;
    }
    buffer_append_byte(buffer, is_object ? '{' : '[');
    for (uint32_t i = 0; i < value->size; i++) {
        if (i > 0) buffer_append_byte(buffer, ',');
        append_line(buffer, level + 1);
        if (is_object) {
            json_render_string(buffer, json_str(&value->members[i].name));
            buffer_append_str(buffer, STR(": "));
        }
        const struct json *part = is_object ? &value->members[i].value : &value->items[i];
        render_pretty(buffer, part, level + 1);
    }
    append_line(buffer, level);
    buffer_append_byte(buffer, is_object ? '}' : ']');
}

void json_render_pretty(struct buffer *buffer, const struct json *value)
{
    render_pretty(buffer, value, 0);
}

struct str json_render_to_arena(struct arena *arena, const struct json *value)
{
    size_t size = json_rendered_size(value);
    char *bytes = arena_alloc(arena, size);
    if (bytes == NULL) return STR("");
    // A buffer over the arena's memory: it is as large as the text, so it is never grown.
    struct buffer buffer = {.data = bytes, .capacity = size, .limit_bytes = size};
    json_render(&buffer, value);
    if (buffer.is_failed) {
        arena->is_exhausted = true;
        return STR("");
    }
    assert(buffer.size == size && buffer.data == bytes);
    return (struct str){bytes, size};
}

static COLD size_t surrogates_size(struct str text)
{
    size_t size = 0;
    for (size_t lone; (lone = encoding_surrogate_find(text)) != SIZE_MAX;) {
        size += SURROGATE_ESCAPE_SIZE - SURROGATE_SIZE;
        text = str_skip(text, lone + SURROGATE_SIZE);
    }
    return size;
}

static size_t string_size(struct str text)
{
    bool has_high = false;
    size_t size = text.size + 2;
    char room[16];
    if (text.size < sizeof(room) && scan_copy_short(room, text.data, text.size)) return size;
    const char *end = text.data + text.size;
    const char *special = scan_string(text.data, end, &has_high);
    for (; special != end; special = scan_string(special + 1, end, &has_high))
        size += escape_size((unsigned char)*special) - 1;
    return LIKELY(!has_high) ? size : size + surrogates_size(text);
}

static size_t scalar_size(const struct json *value)
{
    if (value->type == JSON_STRING) return string_size(json_str(value));
    if (value->type == JSON_NUMBER_TEXT) return value->size;
    char bytes[REAL_SIZE_MAX];
    struct buffer buffer = {.data = bytes, .capacity = sizeof(bytes), .limit_bytes = sizeof(bytes)};
    append_scalar(&buffer, value);
    assert(!buffer.is_failed && buffer.data == bytes);
    return buffer.size;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static size_t rendered_size(const struct json *value, int depth)
{
    bool is_object = value->type == JSON_OBJECT;
    if (!is_object && value->type != JSON_ARRAY) return scalar_size(value);
    if (depth == 0) return 0; // json_render() will fail there.
    size_t size = value->size == 0 ? 2 : 1 + (size_t)value->size;
    for (uint32_t i = 0; i < value->size; i++) {
        if (is_object) size += string_size(json_str(&value->members[i].name)) + 1;
        size += rendered_size(is_object ? &value->members[i].value : &value->items[i], depth - 1);
    }
    return size;
}

size_t json_rendered_size(const struct json *value)
{
    return rendered_size(value, JSON_DEPTH_MAX);
}
