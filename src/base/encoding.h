// Text encodings of bytes: base64, hexadecimal, percent; and UTF-8 checks.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/str.h"

// Standard alphabet with padding.
void encoding_base64_encode(struct buffer *buffer, struct str bytes);

// Standard or URL-safe alphabet, padding optional, white space refused. STATUS-free: false when
// malformed or the arena is exhausted.
MUST_USE bool encoding_base64_decode(struct arena *arena, struct str text, struct str *ret_bytes);

// Lower-case hexadecimal; `ret_text` takes 2 * bytes.size and no NUL.
void encoding_hex(struct str bytes, char *ret_text);

// The value of a hexadecimal digit of either case; -1 when it is none.
static inline int encoding_hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// Percent-encode all but unreserved characters (RFC 3986); '/' stays when `keep_slash`.
void encoding_percent_encode(struct buffer *buffer, struct str text, bool keep_slash);

// Percent-decode; '+' becomes a blank when `plus_is_blank` (forms and query strings).
MUST_USE bool encoding_percent_decode(struct arena *arena, struct str text, bool plus_is_blank,
                                      struct str *ret_text);

// Offset of the first byte that does not belong to well-formed UTF-8 (no overlong forms, no
// surrogates, nothing over U+10FFFF), or SIZE_MAX when all is well.
size_t encoding_utf8_check(struct str text);

// Length of well-formed text in UTF-16 units: what Java and JavaScript, and so the service and its
// languages, count as characters.
size_t encoding_utf16_size(struct str text);

// Offset of the first half of a surrogate pair that stands alone, or SIZE_MAX when there is none.
//
// Texts of JSON and of its languages count in UTF-16 units and may hold such halves. Here they are
// written as UTF-8 would write their number, in three bytes ("WTF-8"): no other well-formed text
// has those bytes, and everything below takes them.
size_t encoding_surrogate_find(struct str text);

// As encoding_utf8_check(), with lone surrogates allowed.
size_t encoding_wtf8_check(struct str text);

// Write `code_point` (a Unicode scalar value, or half of a pair) as 1 to 4 bytes; returns how many.
size_t encoding_utf8_put(uint32_t code_point, char ret_bytes[static 4]);

// Read one code point from the front of well-formed text of at least one byte; half of a pair that
// stands alone is one too.
uint32_t encoding_utf8_take(struct str *text);
