// Plain loops over bytes; the C library does the searching.

#include "base/str.h"

#include <sys/random.h>

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool str_equal_ignoring_case(struct str a, struct str b)
{
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++) {
        if (to_lower(a.data[i]) != to_lower(b.data[i])) return false;
    }
    return true;
}

bool str_is_alphanumeric(struct str text, const char *others)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && (c == '\0' || strchr(others, c) == NULL)) return false;
    }
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

size_t str_find(struct str text, struct str part)
{
    if (part.size == 0) return 0;
    if (text.size < part.size) return SIZE_MAX;
    const char *found = memmem(text.data, text.size, part.data, part.size);
    return found == NULL ? SIZE_MAX : (size_t)(found - text.data);
}

size_t str_find_byte(struct str text, char byte)
{
    if (text.size == 0) return SIZE_MAX;
    const char *found = memchr(text.data, byte, text.size);
    return found == NULL ? SIZE_MAX : (size_t)(found - text.data);
}

struct str str_cut(struct str *text, char separator)
{
    size_t at = str_find_byte(*text, separator);
    if (at == SIZE_MAX) {
        struct str all = *text;
        *text = (struct str){NULL, 0};
        return all;
    }
    struct str head = str_slice(*text, 0, at);
    *text = str_skip(*text, at + 1);
    return head;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = str_skip(text, 1);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

bool str_to_u64(struct str text, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (text.size == 0) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value)) return false;
    }
    *ret_value = value;
    return true;
}

// Multiply-and-fold over eight bytes at a time. The seed keeps outsiders from choosing keys that
// collide.
static uint64_t hash_seed(void)
{
    static uint64_t seed;
    if (UNLIKELY(seed == 0)) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) random = 1;
        seed = random | 1; // Two threads may race here at start: the first table is made after it.
    }
    return seed;
}

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t str_hash(struct str text)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = hash_seed() ^ text.size;
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, 8);
        hash = fold(hash ^ word, odd);
    }
    uint64_t rest = 0;
    if (i < text.size) memcpy(&rest, text.data + i, text.size - i);
    return fold(hash ^ rest, odd);
}
