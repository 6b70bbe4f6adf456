// Functions of strings. Lengths and positions count code points.

#include <math.h>

#include "base/encoding.h"
#include "jsonata/functions.h"

size_t text_length(struct str text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return length;
}

// Byte offset of the code point with that number.
static size_t offset_of(struct str text, size_t index)
{
    size_t i = 0;
    for (; i < text.size; i++) {
        if (((unsigned char)text.data[i] & 0xc0) == 0x80) continue;
        if (index-- == 0) break;
    }
    return i;
}

struct str text_substring(struct str text, size_t start, size_t count)
{
    struct str rest = str_skip(text, offset_of(text, start));
    return str_slice(rest, 0, offset_of(rest, count));
}

struct json builtin_string(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    if (value_is_outer(value)) value = value.items[0];
    bool is_pretty = argument(call, 1).type == JSON_TRUE;
    return json_from_str(value_to_text(evaluation, value, is_pretty));
}

struct json builtin_length(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    evaluation_steps(evaluation, value.size / 64);
    return json_from_integer((int64_t)text_length(json_str(&value)));
}

struct json builtin_substring(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), from = argument(call, 1), size = argument(call, 2);
    if (value_is_undefined(value)) return value;
    struct str text = json_str(&value);
    double length = (double)text_length(text);
    evaluation_steps(evaluation, text.size / 64);
    bool has_start = value_is_defined(from) && !value_is_nan(from);
    double start = has_start ? value_real(from) : 0;
    if (length + start < 0) start = 0;
    double end = length;
    if (value_is_defined(size)) {
        if (value_real(size) <= 0) return json_empty_string;
        // Fractions count in the sum and are cut off afterwards.
        end = start >= 0 ? start + value_real(size) : length + start + value_real(size);
        end = has_start ? trunc(end) : 0;
    }
    start = trunc(start);
    if (start < 0) start += length;
    if (!(start < length) || !(end > start)) return json_empty_string;
    if (end > length) end = length;
    return json_from_str(text_substring(text, (size_t)start, (size_t)(end - start)));
}

struct json builtin_substring_before(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), part = argument(call, 1);
    if (value_is_undefined(value)) return value;
    struct str other = value_is_string(part) ? json_str(&part) : STR("undefined");
    evaluation_steps(evaluation, value.size / 16);
    size_t offset = str_find(json_str(&value), other);
    return offset == SIZE_MAX ? value : json_from_str(str_slice(json_str(&value), 0, offset));
}

struct json builtin_substring_after(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), part = argument(call, 1);
    if (value_is_undefined(value)) return value;
    struct str other = value_is_string(part) ? json_str(&part) : STR("undefined");
    evaluation_steps(evaluation, value.size / 16);
    size_t offset = str_find(json_str(&value), other);
    return offset == SIZE_MAX ? value
                              : json_from_str(str_skip(json_str(&value), offset + other.size));
}

// Letters with one counterpart: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, Armenian.
static uint32_t to_other_case(uint32_t code, bool to_upper)
{
    if (code < 0x80) {
        if (to_upper) return code >= 'a' && code <= 'z' ? code - 32 : code;
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    }
    if (to_upper) {
        if (code == 0xb5) return 0x39c;
        if (code == 0xff) return 0x178;
        if (code >= 0xe0 && code <= 0xfe && code != 0xf7) return code - 32;
        if (code == 0x131) return 'I';
        if (code == 0x17f) return 'S';
        if (code == 0x3c2) return 0x3a3;
        if (code >= 0x3b1 && code <= 0x3cb) return code - 32;
        if (code == 0x3ac) return 0x386;
        if (code >= 0x3ad && code <= 0x3af) return code - 37;
        if (code == 0x3cc) return 0x38c;
        if (code == 0x3cd || code == 0x3ce) return code - 63;
        if (code >= 0x430 && code <= 0x44f) return code - 32;
        if (code >= 0x450 && code <= 0x45f) return code - 80;
        if (code >= 0x561 && code <= 0x586) return code - 48;
    } else {
        if (code == 0x178) return 0xff;
        if (code >= 0xc0 && code <= 0xde && code != 0xd7) return code + 32;
        if (code >= 0x391 && code <= 0x3ab && code != 0x3a2) return code + 32;
        if (code == 0x386) return 0x3ac;
        if (code >= 0x388 && code <= 0x38a) return code + 37;
        if (code == 0x38c) return 0x3cc;
        if (code == 0x38e || code == 0x38f) return code + 63;
        if (code >= 0x410 && code <= 0x42f) return code + 32;
        if (code >= 0x400 && code <= 0x40f) return code + 80;
        if (code >= 0x531 && code <= 0x556) return code + 48;
    }
    // Pairs: the upper-case letter is even here, odd there.
    bool is_even = (code >= 0x100 && code <= 0x137 && code != 0x130 && code != 0x131) ||
                   (code >= 0x14a && code <= 0x177) || (code >= 0x460 && code <= 0x481) ||
                   (code >= 0x48a && code <= 0x4bf) || (code >= 0x4d0 && code <= 0x52f) ||
                   (code >= 0x1e00 && code <= 0x1e95) || (code >= 0x1ea0 && code <= 0x1eff);
    bool is_odd = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e);
    if (!is_even && !is_odd) return code;
    bool is_upper = (code & 1) == (is_odd ? 1 : 0);
    if (is_upper == to_upper) return code;
    return to_upper ? code - 1 : code + 1;
}

static struct json change_case(struct evaluation *evaluation, struct json value, bool to_upper)
{
    if (value_is_undefined(value)) return value;
    struct str rest = json_str(&value);
    struct text text = {.evaluation = evaluation};
    builder_reserve(&text, rest.size);
    evaluation_steps(evaluation, rest.size / 16);
    while (rest.size > 0) {
        uint32_t code = encoding_utf8_take(&rest);
        if (code == 0xdf && to_upper)
            builder_append(&text, STR("SS"));
        else
            builder_append_code_point(&text, to_other_case(code, to_upper));
    }
    return text_value(&text);
}

struct json builtin_lowercase(struct evaluation *evaluation, const struct call *call)
{
    return change_case(evaluation, argument(call, 0), false);
}

struct json builtin_uppercase(struct evaluation *evaluation, const struct call *call)
{
    return change_case(evaluation, argument(call, 0), true);
}

struct json builtin_trim(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    struct text text = {.evaluation = evaluation};
    bool is_blank_due = false;
    for (uint32_t i = 0; i < value.size; i++) {
        char byte = value.text[i];
        if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
            is_blank_due = text.size > 0;
            continue;
        }
        if (is_blank_due) builder_append_byte(&text, ' ');
        is_blank_due = false;
        builder_append_byte(&text, byte);
    }
    return text_value(&text);
}

struct json builtin_pad(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0), width = argument(call, 1), with = argument(call, 2);
    if (value_is_undefined(value) || value_is_undefined(width)) return value;
    struct str fill = value_is_string(with) && with.size > 0 ? json_str(&with) : STR(" ");
    double most = trunc(value_real(width));
    double missing = fabs(most) - (double)text_length(json_str(&value));
    if (!(missing > 0)) return value;
    if (missing * (double)fill.size > (double)UINT32_MAX) evaluation_out_of_memory(evaluation);
    struct text text = {.evaluation = evaluation};
    size_t fill_length = text_length(fill);
    if (most > 0) builder_append(&text, json_str(&value));
    size_t left = (size_t)missing;
    for (; left >= fill_length; left -= fill_length) {
        evaluation_step(evaluation);
        builder_append(&text, fill);
    }
    builder_append(&text, text_substring(fill, 0, left));
    if (most < 0) builder_append(&text, json_str(&value));
    return text_value(&text);
}

struct json builtin_join(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), separator = argument(call, 1);
    if (value_is_undefined(array)) return array;
    struct text text = {.evaluation = evaluation};
    for (uint32_t i = 0; i < array.size; i++) {
        evaluation_step(evaluation);
        if (i > 0 && value_is_string(separator)) builder_append(&text, json_str(&separator));
        builder_append(&text, json_str(&array.items[i]));
    }
    return text_value(&text);
}

// ---------------------------------------------------------------------------------------------
// Base64 of one byte per character, as the language defines it.

struct json builtin_base64encode(struct evaluation *evaluation, const struct call *call)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    struct str rest = json_str(&value);
    struct text text = {.evaluation = evaluation};
    evaluation_steps(evaluation, rest.size / 16);
    while (rest.size > 0) {
        uint32_t group = 0;
        int count = 0;
        for (; count < 3 && rest.size > 0; count++)
            group |= (encoding_utf8_take(&rest) & 0xff) << (16 - 8 * count);
        for (int i = 0; i < 4; i++)
            builder_append_byte(&text, i > count ? '=' : alphabet[(group >> (18 - 6 * i)) & 63]);
    }
    return text_value(&text);
}

struct json builtin_base64decode(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    struct text text = {.evaluation = evaluation};
    uint32_t group = 0;
    int bits = 0;
    evaluation_steps(evaluation, value.size / 16);
    for (uint32_t i = 0; i < value.size && value.text[i] != '='; i++) {
        char byte = value.text[i];
        uint32_t digit;
        if (byte >= 'A' && byte <= 'Z')
            digit = (uint32_t)(byte - 'A');
        else if (byte >= 'a' && byte <= 'z')
            digit = (uint32_t)(byte - 'a') + 26;
        else if (byte >= '0' && byte <= '9')
            digit = (uint32_t)(byte - '0') + 52;
        else if (byte == '+' || byte == '-')
            digit = 62;
        else if (byte == '/' || byte == '_')
            digit = 63;
        else
            continue;
        group = group << 6 | digit;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        builder_append_code_point(&text, (group >> bits) & 0xff);
    }
    return text_value(&text);
}

// ---------------------------------------------------------------------------------------------
// URLs

static NO_RETURN void fail_url(struct evaluation *evaluation, struct json value, const char *name)
{
    evaluation->error.function_name = str_from_c(name);
    evaluation_fail_value(evaluation, "D3140", value, 0);
}

static struct json encode_url(struct evaluation *evaluation, struct json value, const char *kept,
                              const char *name)
{
    static const char digits[] = "0123456789ABCDEF";
    if (value_is_undefined(value)) return value;
    // Half of a surrogate pair is no character and has no encoding.
    if (encoding_surrogate_find(json_str(&value)) != SIZE_MAX) fail_url(evaluation, value, name);
    struct text text = {.evaluation = evaluation};
    for (uint32_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.text[i];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool is_digit = byte >= '0' && byte <= '9';
        if (is_letter || is_digit || (byte != 0 && strchr(kept, byte) != NULL)) {
            builder_append_byte(&text, (char)byte);
            continue;
        }
        char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
        builder_append(&text, (struct str){escape, sizeof(escape)});
    }
    return text_value(&text);
}

struct json builtin_encode_url_component(struct evaluation *evaluation, const struct call *call)
{
    return encode_url(evaluation, argument(call, 0), "-_.!~*'()", "encodeUrlComponent");
}

struct json builtin_encode_url(struct evaluation *evaluation, const struct call *call)
{
    return encode_url(evaluation, argument(call, 0), "-_.!~*'();/?:@&=+$,#", "encodeUrl");
}

// `kept` are characters whose escapes stay as they are.
static struct json decode_url(struct evaluation *evaluation, struct json value, const char *kept,
                              const char *name)
{
    if (value_is_undefined(value)) return value;
    struct text text = {.evaluation = evaluation};
    for (uint32_t i = 0; i < value.size; i++) {
        if (value.text[i] != '%') {
            builder_append_byte(&text, value.text[i]);
            continue;
        }
        int high = i + 2 < value.size ? encoding_hex_digit(value.text[i + 1]) : -1;
        int low = i + 2 < value.size ? encoding_hex_digit(value.text[i + 2]) : -1;
        if (high < 0 || low < 0) fail_url(evaluation, value, name);
        char byte = (char)(high * 16 + low);
        if (byte != 0 && strchr(kept, byte) != NULL)
            builder_append(&text, (struct str){value.text + i, 3});
        else
            builder_append_byte(&text, byte);
        i += 2;
    }
    if (encoding_utf8_check(text_str(&text)) != SIZE_MAX) fail_url(evaluation, value, name);
    return text_value(&text);
}

struct json builtin_decode_url_component(struct evaluation *evaluation, const struct call *call)
{
    return decode_url(evaluation, argument(call, 0), "", "decodeUrlComponent");
}

struct json builtin_decode_url(struct evaluation *evaluation, const struct call *call)
{
    return decode_url(evaluation, argument(call, 0), ";/?:@&=+$,#", "decodeUrl");
}
