// Each block of the program under test has a header that links it to the others.

#include "test/sim/heap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LASTING_BYTES = 64 << 20, MAGIC = 0x5eedb10c };

struct block {
    struct block *next;
    struct block *previous;
    size_t size;
    size_t magic;
};

static struct block live = {.next = &live, .previous = &live};

void *__real_malloc(size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);

void *__wrap_malloc(size_t size)
{
    struct block *block = __real_malloc(sizeof(*block) + size);
    if (block == NULL) abort();
    *block = (struct block){.next = &live, .previous = live.previous, .size = size, .magic = MAGIC};
    live.previous->next = block;
    live.previous = block;
    return block + 1;
}

void *__wrap_calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *pointer = __wrap_malloc(total);
    memset(pointer, 0, total);
    return pointer;
}

static void free_block(struct block *block)
{
    if (block->magic != MAGIC) abort();
    block->magic = 0;
    block->previous->next = block->next;
    block->next->previous = block->previous;
    __real_free(block);
}

void __wrap_free(void *pointer)
{
    if (pointer != NULL) free_block((struct block *)pointer - 1);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    void *moved = __wrap_malloc(size);
    if (pointer == NULL) return moved;
    size_t old_size = ((struct block *)pointer - 1)->size;
    memcpy(moved, pointer, old_size < size ? old_size : size);
    __wrap_free(pointer);
    return moved;
}

void heap_crash(void)
{
    while (live.next != &live)
        free_block(live.next);
}

// ---------------------------------------------------------------------------------------------

static _Alignas(16) char lasting[LASTING_BYTES];
static size_t lasting_used;

void *lasting_alloc(size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded > sizeof(lasting) - lasting_used) {
        fputs("the run needs more lasting memory than there is\n", stderr);
        abort();
    }
    void *result = lasting + lasting_used;
    lasting_used += rounded;
    return memset(result, 0, rounded);
}

struct str lasting_copy(struct str text)
{
    if (text.data == NULL) return text;
    char *bytes = lasting_alloc(text.size + 1);
    memcpy(bytes, text.data, text.size);
    return (struct str){bytes, text.size};
}

void lasting_reset(void)
{
    lasting_used = 0;
}
