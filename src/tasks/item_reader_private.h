// What the readers of the formats share; nothing but item_reader*.c includes it.

#pragma once

#include "base/buffer.h"
#include "tasks/item_reader.h"

enum {
    POINTER_TOKENS_MAX = 64,
    CAUSE_SIZE_MAX = 300,
};

// How far the end of a JSON value has been looked for.
struct json_scan {
    uint32_t depth;
    bool is_begun;
    bool is_scalar; // A number or a name: ends before what follows it.
    bool is_in_string;
    bool is_escaped;
};

// JSON: the way down to the array, then its items.
enum json_place {
    JSON_AT_VALUE,      // Of the container at `level`, wanted.
    JSON_AT_FIRST_NAME, // Or the end of the object.
    JSON_AT_NAME,
    JSON_AT_COLON,
    JSON_AT_FIRST_ELEMENT, // On the way; or the end of the array.
    JSON_AT_ELEMENT,
    JSON_IN_SKIPPED, // A value that is not on the way.
    JSON_BEHIND_SKIPPED,
    JSON_AT_FIRST_ITEM, // Or the end.
    JSON_AT_ITEM,
    JSON_BEHIND_ITEM,
};

struct json_items_reader {
    struct str tokens[POINTER_TOKENS_MAX]; // Of the pointer, unescaped.
    size_t token_count;
    size_t level;     // Tokens that have been followed.
    uint64_t element; // Of the array at `level`, next.
    bool is_skipping_object;
    enum json_place place;
    struct json_scan scan;
    size_t scanned; // Bytes of `pending` that `scan` has seen.
};

enum csv_place { CSV_AT_START, CSV_UNQUOTED, CSV_QUOTED, CSV_BEHIND_QUOTE };

struct csv_reader {
    char delimiter;
    bool needs_headers; // The first record has them.
    struct str *headers;
    uint32_t *order; // In which a record's members stand.
    uint32_t header_count;
    enum csv_place place;
    bool is_escaped;
    bool is_behind_return; // A line feed that follows belongs to it.
    bool has_content;      // The record is more than an empty line.
    size_t record_size;
    struct buffer cells; // Texts of the record's cells, one after the other.
    struct buffer ends;  // size_t: where each of them ends.
};

struct item_reader {
    enum item_format format;
    struct arena arena;    // Of options.
    struct buffer pending; // Text that was not used up, from `offset` on.
    size_t offset;
    uint64_t dropped; // Bytes of the text before `pending`.
    bool is_last;     // Nothing follows `pending`.
    bool is_started;
    bool is_done;
    char cause[CAUSE_SIZE_MAX];
    size_t cause_size;
    union {
        struct json_items_reader json;
        struct csv_reader csv;
    };
};

// Note the cause and return STATUS_INVALID.
COLD enum status item_reader_fail(struct item_reader *reader, const char *format, ...) PRINTF(2, 3);

// The text that has not been used up.
struct str item_reader_rest(const struct item_reader *reader);

// Parse the item `text`, a part of the pending text, into `arena`.
MUST_USE enum status item_reader_parse(struct item_reader *reader, struct str text,
                                       struct arena *arena, struct json *ret_item);

MUST_USE enum status json_items_reader_init(struct item_reader *reader, struct str pointer,
                                            struct str *reterr_cause);
MUST_USE enum status json_items_reader_next(struct item_reader *reader, struct arena *arena,
                                            struct json *ret_item, size_t *ret_size);

MUST_USE enum status csv_reader_init(struct item_reader *reader,
                                     const struct item_reader_options *options,
                                     struct str *reterr_cause);
MUST_USE enum status csv_reader_next(struct item_reader *reader, struct arena *arena,
                                     struct json *ret_item, size_t *ret_size);
void csv_reader_release(struct csv_reader *csv);
