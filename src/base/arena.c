// A chain of blocks whose sizes double from 4 KiB to 256 KiB; a large request gets its own block.

#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *older;
    size_t size; // Of the whole block, header included.
    alignas(16) char bytes[];
};

enum { BLOCK_SIZE_MIN = 4096, BLOCK_SIZE_MAX = 256 * 1024 };

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

static size_t next_block_size(const struct arena *arena, size_t needed)
{
    size_t size = arena->block == NULL ? BLOCK_SIZE_MIN : arena->block->size * 2;
    if (size > BLOCK_SIZE_MAX) size = BLOCK_SIZE_MAX;
    return size < needed ? needed : size;
}

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    size_t rounded = (size + (size == 0) + 15) & ~(size_t)15;
    size_t needed = rounded + sizeof(struct arena_block);
    size_t left = arena->limit_bytes - arena->used_bytes;
    if (rounded < size || needed < rounded || needed > left) {
        arena->is_exhausted = true;
        return NULL;
    }
    size_t block_size = next_block_size(arena, needed);
    if (block_size > left) block_size = left;
    struct arena_block *block = malloc(block_size);
    if (block == NULL) {
        arena->is_exhausted = true;
        return NULL;
    }
    block->size = block_size;
    block->older = arena->block;
    arena->block = block;
    arena->used_bytes += block_size;
    arena->next = block->bytes + rounded;
    arena->end = (char *)block + block_size;
    return block->bytes;
}

void *arena_alloc_zeroed(struct arena *arena, size_t size)
{
    void *result = arena_alloc(arena, size);
    if (result != NULL) memset(result, 0, size);
    return result;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        arena->is_exhausted = true;
        return NULL;
    }
    return arena_alloc(arena, total);
}

void arena_trim(struct arena *arena, const void *bytes, size_t size)
{
    size_t rounded = (size + (size == 0) + 15) & ~(size_t)15;
    size_t offset = (size_t)((const char *)bytes - arena->block->bytes);
    assert(arena->block->bytes + offset + rounded <= arena->next);
    arena->next = arena->block->bytes + offset + rounded;
}

bool arena_copy_str(struct arena *arena, struct str text, struct str *ret_copy)
{
    char *bytes = arena_alloc(arena, text.size + 1);
    if (bytes == NULL) return false;
    if (text.size > 0) memcpy(bytes, text.data, text.size);
    bytes[text.size] = '\0';
    *ret_copy = (struct str){bytes, text.size};
    return true;
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(size >= 0);
    char *bytes = arena_alloc(arena, (size_t)size + 1);
    if (bytes == NULL) return STR("");
    vsnprintf(bytes, (size_t)size + 1, format, args);
    return (struct str){bytes, (size_t)size};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->block;
    if (kept == NULL) {
        arena->is_exhausted = false;
        return;
    }
    while (kept->older != NULL) { // The oldest block is the smallest; keep that one.
        struct arena_block *older = kept->older;
        free(kept);
        kept = older;
    }
    arena->block = kept;
    arena->used_bytes = kept->size;
    arena->next = kept->bytes;
    arena->end = (char *)kept + kept->size;
    arena->is_exhausted = false;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->block;
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena){.limit_bytes = arena->limit_bytes};
}
