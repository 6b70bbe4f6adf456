// Fuzzes the readers of items (item_reader_feed, item_reader_next) and decompression. Needs the
// libraries tasks, json and base.
//
// The first byte chooses the format, the second the size of the pieces, the rest is the text.
// However it is cut, the items are the same as from the text in one piece; every item is JSON that
// can be shown; reading ends.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tasks/decompress.h"
#include "tasks/item_reader.h"

enum { FORMAT_COUNT = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

// The texts of all items, and how reading ended.
static void read_in_pieces(const struct item_reader_options *options, struct str text, size_t piece,
                           struct buffer *out)
{
    struct item_reader *reader;
    struct str cause;
    size_t at = 0;
    enum status status = item_reader_new(options, &reader, &cause);
    assert(status == STATUS_OK);
    while (status == STATUS_OK || (status == STATUS_NOT_FOUND && !item_reader_is_done(reader))) {
        struct arena CLEANUP(arena_release) arena;
        struct json item;
        size_t item_size = 0;
        arena_init(&arena, MIB(64));
        status = item_reader_next(reader, &arena, &item, &item_size);
        if (status == STATUS_OK) {
            assert(item_size <= text.size);
            json_render(out, &item);
            buffer_append_byte(out, '\n');
        } else if (status == STATUS_NOT_FOUND && !item_reader_is_done(reader)) {
            struct str next = str_slice(text, at, piece);
            at += next.size;
            enum status fed = item_reader_feed(reader, next, at == text.size);
            assert(fed == STATUS_OK);
        }
    }
    if (status == STATUS_INVALID) buffer_append_str(out, item_reader_cause(reader));
    item_reader_free(reader);
}

static void decompress(enum compression compression, struct str text, size_t piece)
{
    struct decompressor *decompressor = decompressor_new(compression);
    struct buffer CLEANUP(buffer_release) output;
    enum status status = STATUS_OK;
    size_t total = 0;
    buffer_init(&output, 2 * DECOMPRESS_SIZE_MAX);
    assert(decompressor != NULL);
    for (size_t at = 0; at < text.size && status == STATUS_OK && total < MIB(16); at += piece) {
        struct str input = str_slice(text, at, piece);
        bool is_stuck = false;
        while (status == STATUS_OK && !is_stuck && total < MIB(16)) {
            size_t before = input.size;
            buffer_clear(&output);
            status = decompressor_step(decompressor, &input, &output);
            assert(output.size <= DECOMPRESS_SIZE_MAX && input.size <= before);
            total += output.size;
            is_stuck = output.size == 0 && input.size == 0;
            assert(is_stuck || output.size > 0 || input.size < before || status != STATUS_OK);
        }
    }
    decompressor_free(decompressor);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) return 0;
    struct str text = {(const char *)bytes + 2, size - 2};
    struct item_reader_options options = {
        .format = (enum item_format)(bytes[0] % FORMAT_COUNT),
        .items_pointer = (bytes[0] & 0x40) != 0 ? STR("/a/1/~0") : STR(""),
        .headers = json_null,
        .delimiter = (bytes[0] & 0x40) != 0 ? ';' : ',',
    };
    struct buffer CLEANUP(buffer_release) whole;
    struct buffer CLEANUP(buffer_release) pieces;
    buffer_init(&whole, MIB(256));
    buffer_init(&pieces, MIB(256));
    size_t piece = (size_t)bytes[1] % 17 + 1;
    read_in_pieces(&options, text, SIZE_MAX, &whole);
    read_in_pieces(&options, text, piece, &pieces);
    assert(str_equal(buffer_str(&whole), buffer_str(&pieces)));
    decompress((bytes[0] & 0x80) != 0 ? COMPRESSION_GZIP : COMPRESSION_ZSTD, text, piece);
    return 0;
}
