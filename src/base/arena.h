// Arenas: memory that dies all at once.
//
// Lifetimes here are few and nested, so ownership is decided by choosing an arena rather than by
// pairing calls. Four kinds exist:
//
//   machine arena     one parsed state machine; immutable once built, reference counted
//   execution arena   one running execution
//   step arena        one engine step; released after its update is committed
//   request arena     one API request; released once the reply is sent
//
// Invariants:
//   1. Every pointer handed out stays valid until arena_reset() or arena_release().
//   2. Nothing in a longer-lived arena points into a shorter-lived one; cross with *_copy().
//   3. An arena is used by one thread at a time.

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *block; // The one being filled; older ones hang behind it. NULL at first.
    char *next;                // Free bytes of `block`: [next, end).
    char *end;
    size_t used_bytes;  // Sum of the sizes of all blocks, never above limit_bytes.
    size_t limit_bytes; // Set at creation.
    bool is_exhausted;  // An allocation was refused since the last reset; sticky.
};

void arena_init(struct arena *arena, size_t limit_bytes);

// `size` bytes aligned for any type, not zeroed. NULL when the limit would be passed or the system
// has no memory; the arena stays usable. A size of 0 gives a valid pointer.
void *arena_alloc_slow(struct arena *arena, size_t size);

static inline MUST_USE void *arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + (size == 0) + 15) & ~(size_t)15;
    if (LIKELY(rounded >= size && rounded <= (size_t)(arena->end - arena->next))) {
        void *result = arena->next;
        arena->next += rounded;
        return result;
    }
    return arena_alloc_slow(arena, size);
}

// The same, zeroed.
MUST_USE void *arena_alloc_zeroed(struct arena *arena, size_t size);

// `count` items of `size` bytes, not zeroed; NULL also when the product overflows.
MUST_USE void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

// Bytes that can be allocated without a new block.
static inline size_t arena_free_size(const struct arena *arena)
{
    return (size_t)(arena->end - arena->next);
}

// Shrink the latest allocation, `bytes`, to its first `size` bytes.
void arena_trim(struct arena *arena, const void *bytes, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc_zeroed((arena), sizeof(type)))

// A copy of the bytes, followed by a NUL that is not counted. On failure returns false.
MUST_USE bool arena_copy_str(struct arena *arena, struct str text, struct str *ret_copy);

// Text built as by printf, followed by a NUL. The empty string when the arena is exhausted (see
// `is_exhausted`), so that messages can be built without a check at every line.
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);
struct str arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF(2, 0);

// Give everything back but one block, which is reused.
void arena_reset(struct arena *arena);

// Give everything back. The arena may be used again after arena_init().
void arena_release(struct arena *arena);
