// One pass over the bytes; what is shortened is shortened first.

#include "main/run_text.h"

#include <inttypes.h>

struct str run_text_shorten(struct str text, size_t size_max)
{
    if (text.size <= size_max) return text;
    size_t size = size_max;
    while (size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80)
        size--;
    return str_slice(text, 0, size);
}

void run_text_append(struct buffer *line, struct str text, const char *line_break)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        // The second byte of U+0080 to U+009F, which are control characters as well.
        bool is_c1 =
            byte >= 0x80 && byte < 0xA0 && i > 0 && (unsigned char)text.data[i - 1] == 0xC2;
        if (byte == '\n') {
            buffer_append_str(line, str_from_c(line_break));
        } else if (byte < ' ' || byte == 0x7F || is_c1) {
            buffer_append_byte(line, is_c1 ? (char)0xB7 : '?'); // U+00B7, or a question mark.
        } else {
            buffer_append_byte(line, text.data[i]);
        }
    }
}

void run_text_append_part(struct buffer *line, struct str text, size_t full_size, size_t size_max)
{
    struct str shown = run_text_shorten(text, size_max);
    run_text_append(line, shown, " ");
    if (shown.size < full_size) buffer_printf(line, "… (%zu bytes)", full_size);
}

void run_text_append_value(struct buffer *line, const struct json *value, size_t size_max)
{
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(64));
    json_render(&text, value);
    run_text_append_part(line, buffer_str(&text), text.size, size_max);
}

void run_text_append_duration(struct buffer *line, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (ms < units[i].ms) continue;
        int64_t smaller_ms = i + 1 < ARRAY_COUNT(units) ? units[i + 1].ms : 1000;
        int64_t rest = ms % units[i].ms / smaller_ms;
        buffer_printf(line, "%" PRId64 " %s", ms / units[i].ms, units[i].name);
        if (rest > 0) {
            buffer_printf(line, " %" PRId64 " %s", rest,
                          i + 1 < ARRAY_COUNT(units) ? units[i + 1].name : "s");
        }
        return;
    }
    if (ms < 1000) {
        buffer_printf(line, "%" PRId64 " ms", ms);
    } else if (ms % 1000 == 0) {
        buffer_printf(line, "%" PRId64 " s", ms / 1000);
    } else {
        buffer_printf(line, "%.1f s", (double)ms / 1000);
    }
}
