// Items of a Map run, read from S3 as its ItemReader says.
//
// A source is asked for one batch at a time and answers each time once, from the event loop. It
// keeps a few MB at most, however large the objects are: what has not been asked for has not been
// read. Reading the same objects again gives the same items in the same order, so a driver that
// comes up again may skip those that it has seen.
//
// One source per Map run, on the thread of its struct tasks.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tasks/tasks.h"

enum {
    ITEMS_ITEM_SIZE_MAX = 8 << 20, // Of one item's text, in bytes.
    ITEMS_COUNT_MAX = 100000000,   // Of a source.
};

// Copied.
struct items_request {
    struct tasks *tasks;
    struct json reader;      // ItemReader with its values evaluated: Resource, ReaderConfig, and
                             // Parameters or Arguments.
    struct str role_arn;     // Acts for the Map run.
    struct str session_name; // Of that role.
    struct str region;
};

struct items_batch {
    const struct json *items; // In the arena given to items_next().
    uint32_t count;           // 0 only when it failed or nothing is left.
    uint64_t first_index;     // Of items[0] among all.
    bool is_end;              // No more are to come. Not set when it failed.
    bool is_failed;           // Reading failed: there are no items, and the source is of no use.
    struct str error;         // Then: States.ItemReaderFailed, or States.Runtime,
    struct str cause;         // both in the arena.
};

typedef void (*items_batch_fn)(void *context, const struct items_batch *batch);

struct items_source;

// NULL without memory. Nothing is read yet.
MUST_USE struct items_source *items_source_new(const struct items_request *request);

// Read the next batch: at least one item if there is any. Only when no batch is awaited.
//
//   count_max   at least 1
//   size_max    no further item is begun once their texts have this many bytes together
//   arena       receives the items
void items_next(struct items_source *source, uint32_t count_max, size_t size_max,
                struct arena *arena, items_batch_fn on_batch, void *context);

// Also while a batch is awaited, which then does not come; and from within its callback.
void items_source_free(struct items_source *source);
