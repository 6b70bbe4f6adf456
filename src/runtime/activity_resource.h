// Activities: places where workers outside ask for tasks. Here the resource alone, an immutable,
// reference counted entry of the catalog.

#pragma once

#include <stdint.h>

#include "json/json.h"
#include "runtime/catalog.h"

struct activity {
    struct catalog_entry entry;
    struct arena arena; // Holds everything below.
    struct str arn;
    struct str name;
    struct str region;
    int64_t created_unix_ms;
    struct json encryption; // encryptionConfiguration; JSON_NULL: an AWS owned key.
    struct json tags;       // {key: value}
};

// What an activity is made of. All borrowed; copied.
struct activity_fields {
    struct str arn;
    struct str name;
    struct str region;
    int64_t created_unix_ms;
    struct json encryption;
    struct json tags;
};

struct activity_fields activity_fields_of(const struct activity *activity);

// STATUS_OK (the caller owns one reference) or STATUS_NO_MEMORY.
MUST_USE enum status activity_new(const struct activity_fields *fields,
                                  struct activity **ret_activity);
void activity_unref(struct activity *activity); // Accepts NULL.

// The activity that an entry is; NULL when it is something else, or NULL.
struct activity *activity_of(struct catalog_entry *entry);

// Borrowed until the next call with this cache; NULL when there is none.
static inline struct activity *activity_find(struct catalog_cache *cache, struct str arn)
{
    return activity_of(catalog_cache_find(cache, arn));
}

// From the store; STATUS_CORRUPT when it is no activity.
MUST_USE enum status activity_decode(struct str body, struct activity **ret_activity);
