// Table-free encoders; decoders refuse what they do not know.

#include "base/encoding.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void encoding_base64_encode(struct buffer *buffer, struct str bytes)
{
    char *out = buffer_reserve(buffer, (bytes.size + 2) / 3 * 4);
    if (out == NULL) return;
    const unsigned char *in = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (left > 1) bits |= (uint32_t)in[i + 1] << 8;
        if (left > 2) bits |= in[i + 2];
        *out++ = base64_digits[bits >> 18];
        *out++ = base64_digits[bits >> 12 & 63];
        *out++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
        *out++ = left > 2 ? base64_digits[bits & 63] : '=';
    }
    buffer->size += (bytes.size + 2) / 3 * 4;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return -1;
}

bool encoding_base64_decode(struct arena *arena, struct str text, struct str *ret_bytes)
{
    if (text.size > 0 && text.size % 4 == 0) {
        for (int padding = 0; padding < 2 && text.data[text.size - 1] == '='; padding++)
            text.size--;
    }
    if (text.size % 4 == 1) return false;
    char *out = arena_alloc(arena, text.size / 4 * 3 + 3);
    if (out == NULL) return false;
    size_t size = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 1) out[size++] = (char)(bits >> 4);
        if (i % 4 == 2) out[size++] = (char)(bits >> 2);
        if (i % 4 == 3) out[size++] = (char)bits;
    }
    *ret_bytes = (struct str){out, size};
    return true;
}

void encoding_hex(struct str bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        *ret_text++ = digits[byte >> 4];
        *ret_text++ = digits[byte & 15];
    }
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void encoding_percent_encode(struct buffer *buffer, struct str text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            buffer_append_byte(buffer, c);
        } else {
            char escape[3] = {'%', digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15]};
            buffer_append(buffer, escape, sizeof(escape));
        }
    }
}

bool encoding_percent_decode(struct arena *arena, struct str text, bool plus_is_blank,
                             struct str *ret_text)
{
    char *out = arena_alloc(arena, text.size + 1);
    if (out == NULL) return false;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.size - i < 3) return false;
            int high = encoding_hex_digit(text.data[i + 1]),
                low = encoding_hex_digit(text.data[i + 2]);
            if (high < 0 || low < 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        out[size++] = c;
    }
    out[size] = '\0';
    *ret_text = (struct str){out, size};
    return true;
}

// Length of the sequence that starts `text`, or 0 when it is malformed or cut off.
static size_t utf8_sequence_size(const unsigned char *text, size_t size)
{
    unsigned char c = text[0];
    if (c < 0x80) return 1;
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || size < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) ||
        (c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f)) {
        return 0;
    }
    return length;
}

size_t encoding_utf8_check(struct str text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t i = 0;
    while (i < text.size) {
        uint64_t word;
        if (i + 8 <= text.size) { // Eight ASCII bytes at a time.
            memcpy(&word, bytes + i, 8);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += 8;
                continue;
            }
        }
        size_t length = utf8_sequence_size(bytes + i, text.size - i);
        if (length == 0) return i;
        i += length;
    }
    return SIZE_MAX;
}

size_t encoding_surrogate_find(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        const char *lead = memchr(text.data + i, 0xed, text.size - i);
        if (lead == NULL) return SIZE_MAX;
        i = (size_t)(lead - text.data);
        if (i + 1 < text.size && (unsigned char)lead[1] >= 0xa0) return i;
    }
    return SIZE_MAX;
}

size_t encoding_wtf8_check(struct str text)
{
    size_t offset = 0;
    for (size_t bad; (bad = encoding_utf8_check(str_skip(text, offset))) != SIZE_MAX;) {
        offset += bad;
        const unsigned char *at = (const unsigned char *)text.data + offset;
        bool is_surrogate = text.size - offset >= 3 && at[0] == 0xed && (at[1] & 0xe0) == 0xa0 &&
                            (at[2] & 0xc0) == 0x80;
        if (!is_surrogate) return offset;
        offset += 3;
    }
    return SIZE_MAX;
}

size_t encoding_utf16_size(struct str text)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte & 0xc0) != 0x80) size += byte >= 0xf0 ? 2 : 1;
    }
    return size;
}

size_t encoding_utf8_put(uint32_t c, char ret_bytes[static 4])
{
    if (c < 0x80) {
        ret_bytes[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        ret_bytes[0] = (char)(0xc0 | c >> 6);
        ret_bytes[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        ret_bytes[0] = (char)(0xe0 | c >> 12);
        ret_bytes[1] = (char)(0x80 | (c >> 6 & 63));
        ret_bytes[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    ret_bytes[0] = (char)(0xf0 | c >> 18);
    ret_bytes[1] = (char)(0x80 | (c >> 12 & 63));
    ret_bytes[2] = (char)(0x80 | (c >> 6 & 63));
    ret_bytes[3] = (char)(0x80 | (c & 63));
    return 4;
}

uint32_t encoding_utf8_take(struct str *text)
{
    const unsigned char *bytes = (const unsigned char *)text->data;
    uint32_t c = bytes[0];
    size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (length > 1) c &= 0x7fU >> length;
    for (size_t i = 1; i < length; i++)
        c = c << 6 | (bytes[i] & 63);
    *text = str_skip(*text, length);
    return c;
}
