// Capacity doubles, bounded by the limit.

#include "base/buffer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit_bytes = limit_bytes};
}

char *buffer_reserve_slow(struct buffer *buffer, size_t size)
{
    if (buffer->is_failed) return NULL;
    if (size > buffer->limit_bytes - buffer->size) {
        buffer->is_failed = true;
        return NULL;
    }
    size_t needed = buffer->size + size;
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->is_failed = true;
        return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);
    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(buffer, digits + start, sizeof(digits) - start);
}

void buffer_append_i64(struct buffer *buffer, int64_t value)
{
    if (value < 0) buffer_append_byte(buffer, '-');
    buffer_append_u64(buffer, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(size >= 0);
    char *room = buffer_reserve(buffer, (size_t)size + 1); // One more for the NUL, not counted.
    if (room == NULL) return;
    va_start(args, format);
    vsnprintf(room, (size_t)size + 1, format, args);
    va_end(args);
    buffer->size += (size_t)size;
}

void buffer_drop_front(struct buffer *buffer, size_t size)
{
    assert(size <= buffer->size);
    buffer->size -= size;
    if (buffer->size > 0) memmove(buffer->data, buffer->data + size, buffer->size);
}

bool buffer_copy_to_arena(const struct buffer *buffer, struct arena *arena, struct str *ret_copy)
{
    if (buffer->is_failed) return false;
    return arena_copy_str(arena, buffer_str(buffer), ret_copy);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->is_failed = false;
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.limit_bytes = buffer->limit_bytes};
}
