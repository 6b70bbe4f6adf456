// Text put together in an arena, piece by piece. Private to this folder.
//
// A refused growth is remembered by the arena (`is_exhausted`); later pieces are dropped.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

struct text {
    struct arena *arena;
    char *data;
    size_t size;
    size_t capacity;
};

void text_init(struct text *text, struct arena *arena);
void text_append(struct text *text, struct str piece);

static inline struct str text_str(const struct text *text)
{
    return (struct str){text->data, text->size};
}

// Base64 with padding. Returns false when the arena is exhausted.
MUST_USE bool text_base64(struct arena *arena, struct str bytes, struct str *ret_text);

// UTF-8 of any bytes: what is malformed becomes U+FFFD. Returns false when the arena is exhausted.
MUST_USE bool text_from_bytes(struct arena *arena, struct str bytes, struct str *ret_text);
