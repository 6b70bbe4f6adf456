// Decompression of objects as they arrive: gzip and Zstandard.
//
// Several compressed files after one another count as one, as the tools of both formats do it.

#pragma once

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

// By the ending of an object's key: ".gz", ".gzip", ".zst", ".zstd".
enum compression compression_of_key(struct str key);

struct decompressor;

// NULL without memory. `compression` is not COMPRESSION_NONE.
MUST_USE struct decompressor *decompressor_new(enum compression compression);

// Take some of `input`, cutting it off its front, and append what it becomes to `output`: at most
// DECOMPRESS_SIZE_MAX bytes, so that a small input cannot fill the memory. To be called until the
// input is empty and nothing is appended any more.
//
// Returns STATUS_OK, STATUS_INVALID (not of that format) or STATUS_NO_MEMORY.
enum { DECOMPRESS_SIZE_MAX = 256 << 10 };
MUST_USE enum status decompressor_step(struct decompressor *decompressor, struct str *input,
                                       struct buffer *output);

// May the input end here? Not in the middle of a compressed file.
bool decompressor_may_end(const struct decompressor *decompressor);

void decompressor_free(struct decompressor *decompressor);
