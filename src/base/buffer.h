// Growing byte buffers on the heap, for text and protocol bytes being built.
//
// A refused growth (limit or memory) is remembered: later appends do nothing, and whoever uses the
// content checks `is_failed` once at the end.

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

struct buffer {
    char *data;
    size_t size;        // Bytes in use.
    size_t capacity;    // Bytes allocated.
    size_t limit_bytes; // `size` never passes this.
    bool is_failed;     // Sticky until buffer_clear().
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);

// Room for `size` more bytes at the end; NULL when refused. Follow with `buffer->size += written`.
char *buffer_reserve_slow(struct buffer *buffer, size_t size);

static inline char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (LIKELY(size <= buffer->capacity - buffer->size && !buffer->is_failed)) {
        return buffer->data + buffer->size;
    }
    return buffer_reserve_slow(buffer, size);
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0) return;
    char *room = buffer_reserve(buffer, size);
    if (UNLIKELY(room == NULL)) return;
    memcpy(room, bytes, size);
    buffer->size += size;
}

static inline void buffer_append_str(struct buffer *buffer, struct str text)
{
    buffer_append(buffer, text.data, text.size);
}

static inline void buffer_append_byte(struct buffer *buffer, char byte)
{
    char *room = buffer_reserve(buffer, 1);
    if (UNLIKELY(room == NULL)) return;
    *room = byte;
    buffer->size++;
}

void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_append_i64(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF(2, 3);

static inline struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){buffer->data, buffer->size};
}

// Remove the first `size` bytes, moving the rest to the front.
void buffer_drop_front(struct buffer *buffer, size_t size);

// Copy the content to `arena`. Returns false when the buffer has failed or the arena is exhausted.
MUST_USE bool buffer_copy_to_arena(const struct buffer *buffer, struct arena *arena,
                                   struct str *ret_copy);

// Empty, keeping the memory for the next use, and forget a failure.
void buffer_clear(struct buffer *buffer);
void buffer_release(struct buffer *buffer);
