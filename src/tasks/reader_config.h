// ItemReader: what its members say, and what a manifest adds to them.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "tasks/item_reader.h"
#include "tasks/s3_list.h"

enum reader_kind {
    READER_OBJECT,         // The items are in one object,
    READER_MANIFEST,       // in those that a manifest names,
    READER_LISTED_OBJECTS, // or in all of a bucket's;
    READER_LIST,           // or they are a bucket's objects themselves.
};

struct reader_config {
    enum reader_kind kind;
    struct str bucket;
    struct str key;
    struct str version_id;
    struct str prefix;
    uint64_t items_max;
    struct item_reader_options options; // Of every object.
    bool is_inventory;                  // The manifest is S3's, not Athena's.
    struct str cause;                   // Why reading fails; NULL data: it need not.
};

// `reader` is ItemReader with its values evaluated; borrowed as long as the configuration.
void reader_config_init(struct reader_config *config, const struct json *reader,
                        struct arena *arena);

// Read the manifest: the objects it names, in `arena`, and for an inventory the headers too.
//
// Returns STATUS_OK, STATUS_INVALID (`reterr_cause` says why) or STATUS_NO_MEMORY.
MUST_USE enum status reader_config_read_manifest(struct reader_config *config, struct str body,
                                                 struct arena *arena,
                                                 struct s3_object_list *ret_objects,
                                                 struct str *reterr_cause);
