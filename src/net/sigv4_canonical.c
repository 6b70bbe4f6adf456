// Each part has its own canonical form; the common case of each (path "/", no query, headers
// without runs of blanks) is a plain copy.

#include "net/sigv4_canonical.h"

#include <stdlib.h>

#include "base/encoding.h"

// --- Path ---------------------------------------------------------------------------------------

// Remove dot segments and repeated slashes. The result is never longer and may be `path` itself.
static struct str normalize_path(struct str path, struct buffer *scratch)
{
    if (str_find(path, STR("//")) == SIZE_MAX && str_find(path, STR("/.")) == SIZE_MAX) return path;
    buffer_clear(scratch);
    struct str rest = path;
    while (rest.data != NULL) {
        struct str segment = str_cut(&rest, '/');
        if (segment.size == 0 || str_equal(segment, STR("."))) continue;
        if (!str_equal(segment, STR(".."))) {
            buffer_append_byte(scratch, '/');
            buffer_append_str(scratch, segment);
            continue;
        }
        while (scratch->size > 0 && scratch->data[--scratch->size] != '/') {
        }
    }
    if (scratch->size == 0 || path.data[path.size - 1] == '/') buffer_append_byte(scratch, '/');
    return buffer_str(scratch);
}

static void render_path(const struct sigv4_canonical *canonical, struct buffer *scratch,
                        struct buffer *buffer)
{
    if (canonical->path.size == 0) {
        buffer_append_byte(buffer, '/');
    } else if (canonical->is_s3) {
        buffer_append_str(buffer, canonical->path);
    } else {
        struct str path = normalize_path(canonical->path, scratch);
        if (scratch->is_failed) buffer->is_failed = true;
        encoding_percent_encode(buffer, path, true);
    }
}

// --- Query --------------------------------------------------------------------------------------

struct parameter {
    struct str name;
    struct str value;
};

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    int order = str_compare(x->name, y->name);
    return order != 0 ? order : str_compare(x->value, y->value);
}

// Encode anew, so that what needed no encoding and lower-case digits come out alike. A '%' that
// starts no escape stands for itself.
static void render_encoded(struct str text, struct buffer *buffer)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%' && i + 2 < text.size && encoding_hex_digit(text.data[i + 1]) >= 0 &&
            encoding_hex_digit(text.data[i + 2]) >= 0) {
            byte = (char)(encoding_hex_digit(text.data[i + 1]) << 4 |
                          encoding_hex_digit(text.data[i + 2]));
            i += 2;
        }
        encoding_percent_encode(buffer, (struct str){&byte, 1}, false);
    }
}

// The form of `text` at the end of `scratch`; `scratch` must not move until it is used.
static struct str encode_parameter(struct str text, struct buffer *scratch)
{
    size_t start = scratch->size;
    render_encoded(text, scratch);
    return (struct str){scratch->data + start, scratch->size - start};
}

static bool render_query(const struct sigv4_canonical *canonical, struct buffer *scratch,
                         struct buffer *buffer)
{
    struct parameter parameters[SIGV4_PARAMETERS_MAX];
    size_t count = 0;
    if (canonical->query.size == 0) return true;
    buffer_clear(scratch);
    // Every byte becomes three at most, so that the scratch buffer stays in place from here on.
    if (buffer_reserve(scratch, canonical->query.size * 3) == NULL) return false;
    struct str rest = canonical->query;
    while (rest.data != NULL) {
        struct str value = str_cut(&rest, '&');
        struct str name = str_cut(&value, '=');
        if (name.size == 0 && value.size == 0) continue;
        if (canonical->must_skip_signature && str_equal(name, STR("X-Amz-Signature"))) continue;
        if (count == SIGV4_PARAMETERS_MAX) return false;
        parameters[count].name = encode_parameter(name, scratch);
        parameters[count++].value = encode_parameter(value, scratch);
    }
    qsort(parameters, count, sizeof(parameters[0]), compare_parameters);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buffer_append_byte(buffer, '&');
        buffer_append_str(buffer, parameters[i].name);
        buffer_append_byte(buffer, '=');
        buffer_append_str(buffer, parameters[i].value);
    }
    return !scratch->is_failed;
}

// --- Headers ------------------------------------------------------------------------------------

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool has_blanks(struct str value)
{
    size_t i = 0;
    while (i < value.size && (unsigned char)value.data[i] > ' ')
        i++;
    return i < value.size;
}

// A value without outer blanks and with runs of blanks made one.
static void render_value(struct str value, struct buffer *buffer)
{
    value = str_trim(value);
    if (!has_blanks(value)) {
        buffer_append_str(buffer, value);
        return;
    }
    char *place = buffer_reserve(buffer, value.size);
    if (place == NULL) return;
    char *start = place;
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.data[i];
        if (!is_blank(byte)) {
            *place++ = byte;
        } else if (!is_blank(value.data[i - 1])) { // Trimmed: the first byte is not blank.
            *place++ = ' ';
        }
    }
    buffer->size += (size_t)(place - start);
}

static void render_headers(const struct sigv4_canonical *canonical, struct buffer *buffer)
{
    for (size_t i = 0; i < canonical->name_count; i++) {
        struct str name = canonical->names[i];
        buffer_append_str(buffer, name);
        buffer_append_byte(buffer, ':');
        bool is_first = true;
        for (size_t k = 0; k < canonical->header_count; k++) {
            const struct http_header *header = &canonical->headers[k];
            if (header->name.size != name.size) continue;
            if (!str_equal_ignoring_case(header->name, name)) continue;
            if (!is_first) buffer_append_byte(buffer, ',');
            is_first = false;
            render_value(header->value, buffer);
        }
        buffer_append_byte(buffer, '\n');
    }
}

// --- Whole --------------------------------------------------------------------------------------

void sigv4_names_render(const struct str *names, size_t name_count, struct buffer *buffer)
{
    for (size_t i = 0; i < name_count; i++) {
        if (i > 0) buffer_append_byte(buffer, ';');
        buffer_append_str(buffer, names[i]);
    }
}

bool sigv4_canonical_render(const struct sigv4_canonical *canonical, struct buffer *scratch,
                            struct buffer *buffer)
{
    buffer_append_str(buffer, canonical->method);
    buffer_append_byte(buffer, '\n');
    render_path(canonical, scratch, buffer);
    buffer_append_byte(buffer, '\n');
    if (!render_query(canonical, scratch, buffer)) return false;
    buffer_append_byte(buffer, '\n');
    render_headers(canonical, buffer);
    buffer_append_byte(buffer, '\n');
    sigv4_names_render(canonical->names, canonical->name_count, buffer);
    buffer_append_byte(buffer, '\n');
    buffer_append_str(buffer, canonical->payload_digest);
    return !buffer->is_failed;
}
