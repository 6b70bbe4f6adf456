// Capacity doubles; what is left behind stays in the arena, which dies soon.

#include "asl/text.h"

#include <stdint.h>

#include "base/encoding.h"

void text_init(struct text *text, struct arena *arena)
{
    *text = (struct text){.arena = arena, .data = NULL};
}

void text_append(struct text *text, struct str piece)
{
    if (piece.size == 0) return;
    if (piece.size > text->capacity - text->size) {
        size_t capacity = text->capacity == 0 ? 128 : text->capacity * 2;
        while (capacity - text->size < piece.size)
            capacity *= 2;
        char *data = arena_alloc(text->arena, capacity);
        if (data == NULL) return;
        if (text->size > 0) memcpy(data, text->data, text->size);
        text->data = data;
        text->capacity = capacity;
    }
    memcpy(text->data + text->size, piece.data, piece.size);
    text->size += piece.size;
}

bool text_base64(struct arena *arena, struct str bytes, struct str *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(arena, (bytes.size + 2) / 3 * 4);
    if (out == NULL) return false;
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)(unsigned char)bytes.data[i] << 16;
        if (left > 1) bits |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
        if (left > 2) bits |= (uint32_t)(unsigned char)bytes.data[i + 2];
        out[size++] = digits[bits >> 18];
        out[size++] = digits[bits >> 12 & 63];
        out[size++] = left > 1 ? digits[bits >> 6 & 63] : '=';
        out[size++] = left > 2 ? digits[bits & 63] : '=';
    }
    *ret_text = (struct str){out, size};
    return true;
}

bool text_from_bytes(struct arena *arena, struct str bytes, struct str *ret_text)
{
    struct text text;
    text_init(&text, arena);
    while (true) {
        size_t good = encoding_utf8_check(bytes);
        if (good == SIZE_MAX) break;
        text_append(&text, str_slice(bytes, 0, good));
        text_append(&text, STR("\xef\xbf\xbd"));
        bytes = str_skip(bytes, good + 1);
    }
    text_append(&text, bytes);
    *ret_text = text_str(&text);
    return !arena->is_exhausted;
}
