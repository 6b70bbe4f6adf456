// Strings: a borrowed view of bytes with a length.
//
// A struct str never owns its bytes and need not end in NUL. Whoever hands one out says how long
// its bytes live, normally by the arena they were copied to. Bytes are UTF-8 where text is meant.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

struct str {
    const char *data; // May be NULL only when size is 0.
    size_t size;      // In bytes.
};

// A string literal as a struct str, as an expression and as a static initializer.
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

// For printf-like functions: printf("%" STR_FORMAT, STR_ARGS(text)).
#define STR_FORMAT    ".*s"
#define STR_ARGS(str) ((int)(str).size), ((str).data)

static inline struct str str_from_c(const char *text)
{
    return (struct str){text, text == NULL ? 0 : strlen(text)};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool str_is(struct str a, const char *literal)
{
    return str_equal(a, str_from_c(literal));
}

static inline bool str_starts_with(struct str text, struct str prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static inline bool str_ends_with(struct str text, struct str suffix)
{
    return text.size >= suffix.size &&
           (suffix.size == 0 ||
            memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

// The part from `start` (clamped to the end) with at most `size` bytes.
static inline struct str str_slice(struct str text, size_t start, size_t size)
{
    if (start > text.size) start = text.size;
    if (size > text.size - start) size = text.size - start;
    return (struct str){text.data + start, size};
}

static inline struct str str_skip(struct str text, size_t count)
{
    return str_slice(text, count, SIZE_MAX);
}

// ASCII letters are equal whatever their case (header names).
bool str_equal_ignoring_case(struct str a, struct str b);

// Are all bytes ASCII letters, digits or bytes of `others`? The empty string is.
bool str_is_alphanumeric(struct str text, const char *others);

// Byte order as memcmp, a shorter string before a longer one that starts with it.
int str_compare(struct str a, struct str b);

// Offset of the first occurrence, or SIZE_MAX.
size_t str_find(struct str text, struct str part);
size_t str_find_byte(struct str text, char byte);

// Cut `text` at the first `separator`: returns what stands before it and leaves in `text` what
// stands after it; without a separator returns everything and leaves the empty string with NULL
// data.
struct str str_cut(struct str *text, char separator);

// Without leading and trailing ASCII white space.
struct str str_trim(struct str text);

// Decimal digits only, no sign, no white space. Returns false when empty, malformed or over 64
// bits.
bool str_to_u64(struct str text, uint64_t *ret_value);

// A 64-bit hash for tables in memory; differs between processes (seeded at start).
uint64_t str_hash(struct str text);
