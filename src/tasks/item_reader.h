// Readers: the items in the text of an object, as the text arrives.
//
// Pure and incremental: fed with pieces cut anywhere, a reader gives the same items as from the
// whole text, and keeps no more of it than the item being read, whose size has a limit.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

enum {
    ITEM_READER_ITEM_SIZE_MAX = 8 << 20, // Of an item's text, in bytes.
    ITEM_READER_HEADERS_SIZE_MAX = 10 << 10,
    ITEM_READER_HEADERS_MAX = 10 << 10,
};

enum item_format {
    ITEM_FORMAT_JSON,  // An array.
    ITEM_FORMAT_JSONL, // A value per line.
    ITEM_FORMAT_CSV,   // An object per record, whose values are texts.
};

// Borrowed for the call.
struct item_reader_options {
    enum item_format format;
    struct str items_pointer; // JSON: RFC 6901, where the array is; empty for the whole text.
    struct json headers;      // CSV: an array of texts; JSON_NULL: the first record has them.
    char delimiter;           // CSV; 0 means a comma.
};

struct item_reader;

// Returns STATUS_OK, STATUS_INVALID (`reterr_cause`, a literal, says what is wrong with the
// options) or STATUS_NO_MEMORY.
MUST_USE enum status item_reader_new(const struct item_reader_options *options,
                                     struct item_reader **ret_reader, struct str *reterr_cause);

// The next piece of the text, once item_reader_next() has asked for more. `is_last`: nothing
// follows.
MUST_USE enum status item_reader_feed(struct item_reader *reader, struct str piece, bool is_last);

// The next item, in `arena`.
//
//   ret_size   of the item's text, in bytes
//
// Returns STATUS_OK; STATUS_NOT_FOUND when more text is needed, or nothing is left
// (item_reader_is_done); STATUS_INVALID when the text is not what it should be (item_reader_cause),
// and then it is of no more use; or a fault.
MUST_USE enum status item_reader_next(struct item_reader *reader, struct arena *arena,
                                      struct json *ret_item, size_t *ret_size);

// No more items, whatever text may follow.
bool item_reader_is_done(const struct item_reader *reader);

// After STATUS_INVALID: why, in the service's words where they are known.
struct str item_reader_cause(const struct item_reader *reader);

void item_reader_free(struct item_reader *reader);
