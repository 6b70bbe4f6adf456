// Finding the bytes of a string that need attention, sixteen at a time where the machine can.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool scan_is_special(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20;
}

#ifdef __SSE2__
// A bit for each of sixteen bytes that a string must escape.
static inline unsigned scan_special_bits(__m128i bytes)
{
    __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                   _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
    return (unsigned)_mm_movemask_epi8(special);
}
#endif

// The first '"', '\' or control character of [at, end), or `end`. Sets *has_high when a byte before
// it is outside ASCII, and leaves it otherwise.
static inline const char *scan_string(const char *at, const char *end, bool *has_high)
{
#ifdef __SSE2__
    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned special_bits = scan_special_bits(bytes);
        unsigned high_bits = (unsigned)_mm_movemask_epi8(bytes);
        if (special_bits != 0) {
            unsigned before = (special_bits & (0U - special_bits)) - 1;
            if (UNLIKELY((high_bits & before) != 0)) *has_high = true;
            return at + __builtin_ctz(special_bits);
        }
        if (UNLIKELY(high_bits != 0)) *has_high = true;
        at += 16;
    }
#else
    // Eight bytes in a word: a byte b is below 0x20 when b - 0x20 borrows into its top bit, and
    // equals c when (b ^ c) - 1 does. Borrows can only cry wolf; the byte loop decides.
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        uint64_t hits = (word - ones * 0x20) | (quote - ones) | (backslash - ones);
        const char *word_end = at + 8;
        bool is_plain = ((hits | word) & tops) == 0;
        for (; !is_plain && at != word_end; at++) {
            if (scan_is_special((unsigned char)*at)) return at;
            if ((*at & 0x80) != 0) *has_high = true;
        }
        at = word_end;
    }
#endif
    while (at != end && !scan_is_special((unsigned char)*at)) {
        if ((*at & 0x80) != 0) *has_high = true;
        at++;
    }
    return at;
}

// Lone surrogates, which must be escaped too, start with this byte, as do some Hangul.
static inline bool scan_may_be_lone(char c)
{
    return (unsigned char)c == 0xed;
}

// Whether the sixteen bytes of `a` and `b` hold nothing that a string must escape, nor may be part
// of such a thing.
static inline bool scan_are_plain(uint64_t a, uint64_t b)
{
#ifdef __SSE2__
    __m128i bytes = _mm_set_epi64x((long long)a, (long long)b);
    __m128i lone = _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xed));
    return (scan_special_bits(bytes) | (unsigned)_mm_movemask_epi8(lone)) == 0;
#else
    for (int i = 0; i < 8; i++, a >>= 8, b >>= 8) {
        if (scan_is_special((unsigned char)a) || scan_is_special((unsigned char)b) ||
            scan_may_be_lone((char)a) || scan_may_be_lone((char)b))
            return false;
    }
    return true;
#endif
}

static inline uint64_t scan_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint32_t scan_load_half(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

// Copy a text of less than 16 bytes when nothing in it must be escaped; otherwise, or in doubt,
// false. Loads and stores overlap instead of looping over single bytes, so `to` and `from` must
// not.
static inline bool scan_copy_short(char *to, const char *from, size_t size)
{
    if (size >= 8) {
        uint64_t first = scan_load(from), last = scan_load(from + size - 8);
        if (!scan_are_plain(first, last)) return false;
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
        return true;
    }
    if (size >= 4) {
        uint32_t first = scan_load_half(from), last = scan_load_half(from + size - 4);
        uint64_t both = (uint64_t)last << 32 | first;
        if (!scan_are_plain(both, both)) return false;
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        if (scan_is_special((unsigned char)from[i]) || scan_may_be_lone(from[i])) return false;
        to[i] = from[i];
    }
    return true;
}

// Copy [at, end) to `out` up to the first '"', '\\' or control character. Returns where that is, or
// `end`, and moves `out` behind the copy. Writes up to 15 bytes more than it copies.
static inline const char *scan_copy_run(const char *at, const char *end, char **out)
{
    char *to = *out;
#ifdef __SSE2__
    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned special_bits = scan_special_bits(bytes);
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
        int plain = special_bits == 0 ? 16 : __builtin_ctz(special_bits);
        at += plain;
        to += plain;
        if (special_bits != 0) {
            *out = to;
            return at;
        }
    }
#endif
    while (at != end && !scan_is_special((unsigned char)*at))
        *to++ = *at++;
    *out = to;
    return at;
}
