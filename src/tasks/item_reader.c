// What all formats share: the pending text, lines, and errors.

#include "tasks/item_reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "tasks/item_reader_private.h"

enum {
    ARENA_SIZE_MAX = 1 << 20,
    PENDING_SIZE_MAX = 32 << 20, // An item and the piece behind it.
};

enum status item_reader_fail(struct item_reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(reader->cause, sizeof(reader->cause), format, args);
    va_end(args);
    size_t length = size < 0 ? 0 : (size_t)size;
    reader->cause_size = length < sizeof(reader->cause) ? length : sizeof(reader->cause) - 1;
    size_t bad = encoding_utf8_check(item_reader_cause(reader)); // A character cut at the end.
    if (bad != SIZE_MAX) reader->cause_size = bad;
    return STATUS_INVALID;
}

struct str item_reader_rest(const struct item_reader *reader)
{
    return str_skip(buffer_str(&reader->pending), reader->offset);
}

enum status item_reader_parse(struct item_reader *reader, struct str text, struct arena *arena,
                              struct json *ret_item)
{
    struct json_error error;
    enum status status = json_parse(arena, text, JSON_PARSE_COPY, ret_item, &error);
    if (status != STATUS_INVALID) return status;
    uint64_t at = reader->dropped + (uint64_t)(text.data - reader->pending.data) + error.offset;
    return item_reader_fail(
        reader, "The item is not valid JSON at byte %llu: %.*s", (unsigned long long)at,
        (int)(error.message.size < 200 ? error.message.size : 200), error.message.data);
}

// ---------------------------------------------------------------------------------------------
// JSON Lines

static enum status next_line(struct item_reader *reader, struct arena *arena, struct json *ret_item,
                             size_t *ret_size)
{
    for (;;) {
        struct str rest = item_reader_rest(reader);
        size_t end = str_find_byte(rest, '\n');
        if (end == SIZE_MAX && !reader->is_last) {
            if (rest.size <= ITEM_READER_ITEM_SIZE_MAX) return STATUS_NOT_FOUND;
        } else if (end == SIZE_MAX && rest.size == 0) {
            reader->is_done = true;
            return STATUS_NOT_FOUND;
        }
        struct str line = str_slice(rest, 0, end);
        if (line.size > ITEM_READER_ITEM_SIZE_MAX)
            return item_reader_fail(reader, "An item is larger than 8 MB.");
        reader->offset += line.size + (end != SIZE_MAX);
        line = str_trim(line);
        if (line.size == 0) continue;
        *ret_size = line.size;
        return item_reader_parse(reader, line, arena, ret_item);
    }
}

// ---------------------------------------------------------------------------------------------

enum status item_reader_new(const struct item_reader_options *options,
                            struct item_reader **ret_reader, struct str *reterr_cause)
{
    struct item_reader *reader = calloc(1, sizeof(*reader));
    enum status status = STATUS_OK;
    if (reader == NULL) return STATUS_NO_MEMORY;
    reader->format = options->format;
    arena_init(&reader->arena, ARENA_SIZE_MAX);
    buffer_init(&reader->pending, PENDING_SIZE_MAX);
    switch (options->format) {
    case ITEM_FORMAT_JSON:
        status = json_items_reader_init(reader, options->items_pointer, reterr_cause);
        break;
    case ITEM_FORMAT_CSV: status = csv_reader_init(reader, options, reterr_cause); break;
    case ITEM_FORMAT_JSONL: break;
    }
    if (status == STATUS_OK) {
        *ret_reader = reader;
    } else {
        item_reader_free(reader);
    }
    return status;
}

enum status item_reader_feed(struct item_reader *reader, struct str piece, bool is_last)
{
    assert(!reader->is_last || piece.size == 0);
    reader->dropped += reader->offset;
    buffer_drop_front(&reader->pending, reader->offset);
    reader->offset = 0;
    buffer_append_str(&reader->pending, piece);
    reader->is_last = is_last;
    return reader->pending.is_failed ? STATUS_NO_MEMORY : STATUS_OK;
}

// A byte order mark is no part of the text.
static bool start(struct item_reader *reader)
{
    static const struct str mark = STR_INIT("\xEF\xBB\xBF");
    struct str rest = item_reader_rest(reader);
    if (rest.size < mark.size && !reader->is_last && str_starts_with(mark, rest)) return false;
    if (str_starts_with(rest, mark)) reader->offset += mark.size;
    reader->is_started = true;
    return true;
}

enum status item_reader_next(struct item_reader *reader, struct arena *arena, struct json *ret_item,
                             size_t *ret_size)
{
    if (reader->is_done) return STATUS_NOT_FOUND;
    if (!reader->is_started && !start(reader)) return STATUS_NOT_FOUND;
    switch (reader->format) {
    case ITEM_FORMAT_JSON: return json_items_reader_next(reader, arena, ret_item, ret_size);
    case ITEM_FORMAT_CSV: return csv_reader_next(reader, arena, ret_item, ret_size);
    case ITEM_FORMAT_JSONL: break;
    }
    return next_line(reader, arena, ret_item, ret_size);
}

bool item_reader_is_done(const struct item_reader *reader)
{
    return reader->is_done;
}

struct str item_reader_cause(const struct item_reader *reader)
{
    return (struct str){reader->cause, reader->cause_size};
}

void item_reader_free(struct item_reader *reader)
{
    if (reader == NULL) return;
    if (reader->format == ITEM_FORMAT_CSV) csv_reader_release(&reader->csv);
    buffer_release(&reader->pending);
    arena_release(&reader->arena);
    free(reader);
}
