// zlib and libzstd behind one interface.

#include "tasks/decompress.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST // Input is not written to.
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct decompressor {
    enum compression compression;
    bool is_within; // A compressed file has begun and not ended.
    z_stream gzip;
    ZSTD_DStream *zstd;
};

enum compression compression_of_key(struct str key)
{
    static const struct {
        struct str ending;
        enum compression compression;
    } endings[] = {
        {STR_INIT(".gz"), COMPRESSION_GZIP},
        {STR_INIT(".gzip"), COMPRESSION_GZIP},
        {STR_INIT(".zst"), COMPRESSION_ZSTD},
        {STR_INIT(".zstd"), COMPRESSION_ZSTD},
    };
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
        struct str ending = endings[i].ending;
        if (key.size < ending.size) continue;
        if (str_equal_ignoring_case(str_skip(key, key.size - ending.size), ending)) {
            return endings[i].compression;
        }
    }
    return COMPRESSION_NONE;
}

struct decompressor *decompressor_new(enum compression compression)
{
    struct decompressor *decompressor = calloc(1, sizeof(*decompressor));
    if (decompressor == NULL) return NULL;
    assert(compression != COMPRESSION_NONE);
    decompressor->compression = compression;
    bool is_ready = false;
    if (compression == COMPRESSION_GZIP) {
        is_ready = inflateInit2(&decompressor->gzip, 16 + MAX_WBITS) == Z_OK; // 16: gzip only.
    } else {
        decompressor->zstd = ZSTD_createDStream();
        is_ready =
            decompressor->zstd != NULL && !ZSTD_isError(ZSTD_initDStream(decompressor->zstd));
    }
    if (is_ready) return decompressor;
    decompressor_free(decompressor);
    return NULL;
}

static enum status step_gzip(struct decompressor *decompressor, struct str *input, char *room,
                             size_t *ret_size)
{
    z_stream *stream = &decompressor->gzip;
    size_t taken = input->size < UINT_MAX ? input->size : UINT_MAX;
    if (!decompressor->is_within) {
        *ret_size = 0;
        if (taken == 0) return STATUS_OK;
        if (inflateReset(stream) != Z_OK) return STATUS_INVALID;
        decompressor->is_within = true;
    }
    stream->next_in = (const Bytef *)input->data;
    stream->avail_in = (uInt)taken;
    stream->next_out = (Bytef *)room;
    stream->avail_out = DECOMPRESS_SIZE_MAX;
    int outcome = inflate(stream, Z_NO_FLUSH);
    *input = str_skip(*input, taken - stream->avail_in);
    *ret_size = DECOMPRESS_SIZE_MAX - stream->avail_out;
    if (outcome == Z_STREAM_END) decompressor->is_within = false;
    if (outcome == Z_MEM_ERROR) return STATUS_NO_MEMORY;
    bool is_fine = outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR;
    return is_fine ? STATUS_OK : STATUS_INVALID;
}

static enum status step_zstd(struct decompressor *decompressor, struct str *input, char *room,
                             size_t *ret_size)
{
    ZSTD_inBuffer from = {input->data, input->size, 0};
    ZSTD_outBuffer to = {room, DECOMPRESS_SIZE_MAX, 0};
    *ret_size = 0;
    if (!decompressor->is_within && input->size == 0) return STATUS_OK;
    size_t outcome = ZSTD_decompressStream(decompressor->zstd, &to, &from);
    if (ZSTD_isError(outcome)) {
        bool is_full = ZSTD_getErrorCode(outcome) == ZSTD_error_memory_allocation;
        return is_full ? STATUS_NO_MEMORY : STATUS_INVALID;
    }
    decompressor->is_within = outcome != 0;
    *input = str_skip(*input, from.pos);
    *ret_size = to.pos;
    return STATUS_OK;
}

enum status decompressor_step(struct decompressor *decompressor, struct str *input,
                              struct buffer *output)
{
    char *room = buffer_reserve(output, DECOMPRESS_SIZE_MAX);
    size_t size = 0;
    if (room == NULL) return STATUS_NO_MEMORY;
    enum status status = decompressor->compression == COMPRESSION_GZIP
                             ? step_gzip(decompressor, input, room, &size)
                             : step_zstd(decompressor, input, room, &size);
    if (status == STATUS_OK) output->size += size;
    return status;
}

bool decompressor_may_end(const struct decompressor *decompressor)
{
    return !decompressor->is_within;
}

void decompressor_free(struct decompressor *decompressor)
{
    if (decompressor == NULL) return;
    if (decompressor->compression == COMPRESSION_GZIP) inflateEnd(&decompressor->gzip);
    ZSTD_freeDStream(decompressor->zstd);
    free(decompressor);
}
