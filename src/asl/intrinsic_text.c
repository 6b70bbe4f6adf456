// Intrinsic functions over text: Format, StringSplit, JSON text, Base64 and Hash.

#include "asl/intrinsic.h"
#include "asl/text.h"
#include "base/digest.h"
#include "base/encoding.h"

// ---------------------------------------------------------------------------------------------
// States.Format

// NOLINTNEXTLINE(misc-no-recursion): as deep as a value, which the parser limits.
static void print_value(struct text *text, const struct json *value)
{
    if (json_is_string(value)) {
        text_append(text, json_str(value));
    } else if (json_is_array(value)) {
        text_append(text, STR("["));
        for (uint32_t i = 0; i < value->size; i++) {
            if (i > 0) text_append(text, STR(", "));
            print_value(text, &value->items[i]);
        }
        text_append(text, STR("]"));
    } else if (json_is_object(value)) {
        // As Java prints a map, which is what the service shows: {name=value, …}.
        text_append(text, STR("{"));
        for (uint32_t i = 0; i < value->size; i++) {
            if (i > 0) text_append(text, STR(", "));
            text_append(text, json_str(&value->members[i].name));
            text_append(text, STR("="));
            print_value(text, &value->members[i].value);
        }
        text_append(text, STR("}"));
    } else {
        text_append(text, json_render_to_arena(text->arena, value));
    }
}

enum status asl_intrinsic_format(struct asl_call *call, struct json *ret_value)
{
    const struct asl_format *format = call->intrinsic->format;
    struct asl_format cut;
    if (format == NULL) {
        if (!json_is_string(&call->arguments[0])) return STATUS_INVALID;
        if (!asl_format_cut(call->arena, json_str(&call->arguments[0]), &cut))
            return STATUS_NO_MEMORY;
        format = &cut;
    }
    if (format->is_broken) {
        call->reason = ": matching '}' not found for '{'.";
        return STATUS_INVALID;
    }
    if (format->placeholder_count + 1 != call->argument_count) {
        call->reason = ": number of arguments do not match the occurrences of {}.";
        return STATUS_INVALID;
    }
    struct text text;
    text_init(&text, call->arena);
    text_append(&text, format->texts[0]);
    for (uint32_t i = 0; i < format->placeholder_count; i++) {
        print_value(&text, &call->arguments[i + 1]);
        text_append(&text, format->texts[i + 1]);
    }
    if (call->arena->is_exhausted) return STATUS_NO_MEMORY;
    *ret_value = json_from_str(text_str(&text));
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// States.StringSplit

// Is the next character of `text` one of `set`? Characters beyond ASCII are compared whole.
static bool starts_with_any(struct str text, struct str set, size_t *ret_size)
{
    struct str rest = text;
    uint32_t code = encoding_utf8_take(&rest);
    *ret_size = text.size - rest.size;
    while (set.size > 0) {
        if (encoding_utf8_take(&set) == code) return true;
    }
    return false;
}

// Cut at every character of the second argument; empty parts are left out.
enum status asl_intrinsic_string_split(struct asl_call *call, struct json *ret_value)
{
    if (!json_is_string(&call->arguments[0]) || !json_is_string(&call->arguments[1]))
        return STATUS_INVALID;
    struct str rest = json_str(&call->arguments[0]);
    struct str set = json_str(&call->arguments[1]);
    struct json_items items;
    json_items_init(&items, call->arena);
    size_t part = 0; // Bytes of `rest` that belong to the part being collected.
    while (part < rest.size) {
        size_t size;
        if (!starts_with_any(str_skip(rest, part), set, &size)) {
            part += size;
            continue;
        }
        if (part > 0) json_items_append(&items, json_from_str(str_slice(rest, 0, part)));
        rest = str_skip(rest, part + size);
        part = 0;
    }
    if (part > 0) json_items_append(&items, json_from_str(rest));
    if (call->arena->is_exhausted) return STATUS_NO_MEMORY;
    *ret_value = json_items_finish(&items);
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// JSON text

enum status asl_intrinsic_string_to_json(struct asl_call *call, struct json *ret_value)
{
    if (!json_is_string(&call->arguments[0])) return STATUS_INVALID;
    struct str text = json_str(&call->arguments[0]);
    if (str_trim(text).size == 0) {
        *ret_value = json_null;
        return STATUS_OK;
    }
    // The text lives as long as what it is shared with, so parts of it may be shared again.
    return json_parse(call->arena, text, 0, ret_value, NULL);
}

enum status asl_intrinsic_json_to_string(struct asl_call *call, struct json *ret_value)
{
    struct str text = json_render_to_arena(call->arena, &call->arguments[0]);
    if (call->arena->is_exhausted) return STATUS_NO_MEMORY;
    *ret_value = json_from_str(text);
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Base64 and Hash

// Length as Java counts it, in UTF-16 code units.
static bool is_short_text(struct str text)
{
    size_t count = 0;
    while (text.size > 0 && count <= ASL_INTRINSIC_TEXT_MAX) {
        count += encoding_utf8_take(&text) > 0xffff ? 2 : 1;
    }
    return count <= ASL_INTRINSIC_TEXT_MAX;
}

enum status asl_intrinsic_base64_encode(struct asl_call *call, struct json *ret_value)
{
    if (!json_is_string(&call->arguments[0])) return STATUS_INVALID;
    struct str bytes = json_str(&call->arguments[0]);
    if (!is_short_text(bytes)) return STATUS_INVALID;
    struct str text;
    if (!text_base64(call->arena, bytes, &text)) return STATUS_NO_MEMORY;
    *ret_value = json_from_str(text);
    return STATUS_OK;
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '-' || c == '_';
}

// The service skips what does not belong to the alphabet and stops at the padding.
enum status asl_intrinsic_base64_decode(struct asl_call *call, struct json *ret_value)
{
    if (!json_is_string(&call->arguments[0])) return STATUS_INVALID;
    struct str text = json_str(&call->arguments[0]);
    if (!is_short_text(text)) return STATUS_INVALID;
    char *digits = arena_alloc(call->arena, text.size);
    if (digits == NULL) return STATUS_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < text.size && text.data[i] != '='; i++) {
        if (is_base64(text.data[i])) digits[count++] = text.data[i];
    }
    if (count % 4 == 1) count--; // Six bits alone make no byte.
    struct str bytes;
    if (!encoding_base64_decode(call->arena, (struct str){digits, count}, &bytes))
        return call->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
    struct str decoded;
    if (!text_from_bytes(call->arena, bytes, &decoded)) return STATUS_NO_MEMORY;
    *ret_value = json_from_str(decoded);
    return STATUS_OK;
}

enum status asl_intrinsic_hash(struct asl_call *call, struct json *ret_value)
{
    enum digest_algorithm algorithm;
    if (!json_is_string(&call->arguments[1]) ||
        !digest_algorithm_find(json_str(&call->arguments[1]), &algorithm))
        return STATUS_INVALID;
    const struct json *data = &call->arguments[0];
    if (json_is_null(data)) return STATUS_INVALID;
    struct str bytes =
        json_is_string(data) ? json_str(data) : json_render_to_arena(call->arena, data);
    if (!is_short_text(bytes)) return STATUS_INVALID;
    unsigned char digest[DIGEST_SIZE_MAX];
    size_t size = digest_compute(algorithm, bytes, digest);
    char *hex = arena_alloc(call->arena, size * 2);
    if (hex == NULL || call->arena->is_exhausted) return STATUS_NO_MEMORY;
    encoding_hex((struct str){(const char *)digest, size}, hex);
    *ret_value = json_from_str((struct str){hex, size * 2});
    return STATUS_OK;
}
