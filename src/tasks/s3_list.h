// Lists of S3 objects: the pages of ListObjectsV2, and objects as items.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

struct s3_object {
    struct str bucket;
    struct str key;
    struct str version_id; // Empty: the current one.
    // Of listed objects:
    struct str etag; // With its quotation marks.
    struct str storage_class;
    int64_t modified_unix_s;
    uint64_t size;
};

struct s3_object_list {
    struct s3_object *objects;
    size_t count;
    size_t capacity;
};

struct s3_page {
    struct s3_object_list objects;
    bool is_truncated;
    struct str next_token;
};

// A place at the end of the list; NULL when the arena is exhausted.
struct s3_object *s3_object_list_append(struct s3_object_list *list, struct arena *arena);

// Read the XML of a page. Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status s3_page_read(struct str xml, struct str bucket, struct arena *arena,
                                  struct s3_page *ret_page);

// What a Map is given for it: {"Etag", "Key", "LastModified", "Size", "StorageClass"}. Copied.
struct json s3_object_item(struct arena *arena, const struct s3_object *object);

// About the size of its text.
size_t s3_object_item_size(const struct s3_object *object);
