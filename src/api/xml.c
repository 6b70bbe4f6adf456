// Elements and escapes.

#include "api/xml.h"

#include "base/clock.h"

void xml_text(struct buffer *buffer, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        switch (byte) {
        case '&': buffer_append_str(buffer, STR("&amp;")); break;
        case '<': buffer_append_str(buffer, STR("&lt;")); break;
        case '>': buffer_append_str(buffer, STR("&gt;")); break;
        case '"': buffer_append_str(buffer, STR("&quot;")); break;
        case '\r': buffer_append_str(buffer, STR("&#xD;")); break;
        case '\t':
        case '\n': buffer_append_byte(buffer, (char)byte); break;
        default:
            if (byte < 0x20) {
                buffer_append_str(buffer, STR("\xEF\xBF\xBD"));
            } else {
                buffer_append_byte(buffer, (char)byte);
            }
        }
    }
}

void xml_open(struct buffer *buffer, const char *name)
{
    buffer_printf(buffer, "<%s>", name);
}

void xml_close(struct buffer *buffer, const char *name)
{
    buffer_printf(buffer, "</%s>", name);
}

void xml_element(struct buffer *buffer, const char *name, struct str text)
{
    xml_open(buffer, name);
    xml_text(buffer, text);
    xml_close(buffer, name);
}

void xml_element_integer(struct buffer *buffer, const char *name, int64_t value)
{
    xml_open(buffer, name);
    buffer_append_i64(buffer, value);
    xml_close(buffer, name);
}

void xml_element_bool(struct buffer *buffer, const char *name, bool value)
{
    xml_element(buffer, name, value ? STR("true") : STR("false"));
}

void xml_element_time(struct buffer *buffer, const char *name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    clock_render_iso(unix_ms, text);
    struct str seconds = {text, sizeof("2024-05-06T07:08:09") - 1};
    xml_open(buffer, name);
    buffer_append_str(buffer, seconds);
    buffer_append_byte(buffer, 'Z');
    xml_close(buffer, name);
}
