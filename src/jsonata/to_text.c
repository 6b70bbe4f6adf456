// Values as text: what $string() and '&' make of them.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "jsonata/evaluation.h"

// ECMAScript's form of a decimal number: `digits` of them, the point after the first `point`.
static size_t place_point(const char *digits, int count, int point, char *text)
{
    char *out = text;
    if (point > 21 || point < -5) {
        *out++ = digits[0];
        if (count > 1) {
            *out++ = '.';
            memcpy(out, digits + 1, (size_t)count - 1);
            out += count - 1;
        }
        return (size_t)(out - text) + (size_t)snprintf(out, 8, "e%+d", point - 1);
    }
    if (point <= 0) {
        memcpy(out, "0.", 2);
        memset(out + 2, '0', (size_t)-point);
        memcpy(out + 2 - point, digits, (size_t)count);
        return (size_t)(2 - point + count);
    }
    int whole = count < point ? count : point;
    memcpy(out, digits, (size_t)whole);
    out += whole;
    for (; whole < point; whole++)
        *out++ = '0';
    if (count > point) {
        *out++ = '.';
        memcpy(out, digits + point, (size_t)(count - point));
        out += count - point;
    }
    return (size_t)(out - text);
}

size_t number_to_text(double number, char ret_text[static NUMBER_TEXT_SIZE])
{
    enum { DIGITS = 15 };
    if (number == 0) {
        ret_text[0] = '0';
        return 1;
    }
    if (!isfinite(number)) {
        memcpy(ret_text, "null", 4);
        return 4;
    }
    char text[NUMBER_TEXT_SIZE], digits[DIGITS];
    snprintf(text, sizeof(text), "%.14e", fabs(number)); // d.dddddddddddddde±x
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, DIGITS - 1);
    int count = DIGITS;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    int point = (int)strtol(text + DIGITS + 2, NULL, 10) + 1;
    size_t sign = number < 0;
    ret_text[0] = '-';
    return sign + place_point(digits, count, point, ret_text + sign);
}

struct writing {
    struct text text;
    bool is_pretty;
    int depth;
};

static void write_surrogate(struct text *text, struct str surrogate)
{
    char escape[8];
    int size = snprintf(escape, sizeof(escape), "\\u%04x", encoding_utf8_take(&surrogate));
    builder_append(text, (struct str){escape, (size_t)size});
}

static void write_string(struct text *text, struct str string)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    builder_append_byte(text, '"');
    size_t start = 0;
    for (size_t i = 0; i < string.size; i++) {
        unsigned char byte = (unsigned char)string.data[i];
        if (byte == 0xed && encoding_surrogate_find(str_slice(string, i, 3)) == 0) {
            builder_append(text, (struct str){string.data + start, i - start});
            write_surrogate(text, str_slice(string, i, 3));
            start = i + 3;
            continue;
        }
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        builder_append(text, (struct str){string.data + start, i - start});
        start = i + 1;
        const char *found = byte == 0 ? NULL : memchr(from, byte, sizeof(from) - 1);
        char escape[8];
        int size = found != NULL ? snprintf(escape, sizeof(escape), "\\%c", to[found - from])
                                 : snprintf(escape, sizeof(escape), "\\u%04x", byte);
        builder_append(text, (struct str){escape, (size_t)size});
    }
    builder_append(text, (struct str){string.data + start, string.size - start});
    builder_append_byte(text, '"');
}

static void write_break(struct writing *writing)
{
    if (!writing->is_pretty) return;
    builder_append_byte(&writing->text, '\n');
    for (int i = 0; i < writing->depth; i++)
        builder_append(&writing->text, STR("  "));
}

static void write_value(struct writing *writing, struct json value);

static void write_array(struct writing *writing, struct json value)
{
    builder_append_byte(&writing->text, '[');
    writing->depth++;
    for (uint32_t i = 0; i < value.size; i++) {
        if (i > 0) builder_append_byte(&writing->text, ',');
        write_break(writing);
        write_value(writing, value.items[i]);
    }
    writing->depth--;
    if (value.size > 0) write_break(writing);
    builder_append_byte(&writing->text, ']');
}

static void write_object(struct writing *writing, struct json value)
{
    builder_append_byte(&writing->text, '{');
    writing->depth++;
    for (uint32_t i = 0; i < value.size; i++) {
        if (i > 0) builder_append_byte(&writing->text, ',');
        write_break(writing);
        write_string(&writing->text, json_str(&value.members[i].name));
        builder_append(&writing->text, writing->is_pretty ? STR(": ") : STR(":"));
        write_value(writing, value.members[i].value);
    }
    writing->depth--;
    if (value.size > 0) write_break(writing);
    builder_append_byte(&writing->text, '}');
}

static void write_value(struct writing *writing, struct json value)
{
    evaluation_step(writing->text.evaluation);
    evaluation_guard_stack(writing->text.evaluation);
    switch (value_kind(value)) {
    case VALUE_UNDEFINED:
    case JSON_NULL: builder_append(&writing->text, STR("null")); return;
    case JSON_TRUE: builder_append(&writing->text, STR("true")); return;
    case JSON_FALSE: builder_append(&writing->text, STR("false")); return;
    case JSON_STRING: write_string(&writing->text, json_str(&value)); return;
    case JSON_ARRAY: write_array(writing, value); return;
    case JSON_OBJECT: write_object(writing, value); return;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_NUMBER_TEXT: {
        char number[NUMBER_TEXT_SIZE];
        value_is_numeric(writing->text.evaluation, value); // Fails if infinite.
        size_t size = number_to_text(value_real(value), number);
        builder_append(&writing->text, (struct str){number, size});
        return;
    }
    default: builder_append(&writing->text, STR("\"\"")); return; // A function.
    }
}

struct str value_to_text(struct evaluation *evaluation, struct json value, bool is_pretty)
{
    if (value_is_string(value)) return json_str(&value);
    if (value_is_function(value)) return STR("");
    if (value.type == JSON_REAL && !isfinite(value.real)) {
        evaluation->error.value = value;
        evaluation->error.has_value = true;
        evaluation_fail(evaluation, "D3001");
    }
    struct writing writing = {.text = {.evaluation = evaluation}, .is_pretty = is_pretty};
    write_value(&writing, value);
    return text_str(&writing.text);
}
