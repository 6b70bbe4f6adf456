// Aliases: a name that stands for one version of a state machine or, by weight, for two.
//
// Immutable and reference counted, an entry of the catalog.

#pragma once

#include <stdint.h>

#include "base/random.h"
#include "runtime/catalog.h"

enum { ALIAS_ROUTES_MAX = 2, ALIAS_WEIGHT_SUM = 100 };

struct alias_route {
    struct str version_arn;
    uint32_t weight; // All together ALIAS_WEIGHT_SUM.
};

struct alias {
    struct catalog_entry entry; // Its parent is the state machine.
    struct arena arena;         // Holds everything below.
    struct str arn;
    struct str region;
    struct str state_machine_arn;  // Without the alias.
    struct str state_machine_name; // Likewise.
    struct str name;
    struct str description; // Empty when there is none.
    struct alias_route routes[ALIAS_ROUTES_MAX];
    size_t route_count; // 1 or 2
    int64_t created_unix_ms;
    int64_t updated_unix_ms;
};

// What an alias is made of. All borrowed; copied.
struct alias_fields {
    struct str region;
    struct str state_machine_arn;
    struct str state_machine_name;
    struct str name;
    struct str description;
    struct alias_route routes[ALIAS_ROUTES_MAX];
    size_t route_count;
    int64_t created_unix_ms;
    int64_t updated_unix_ms;
};

struct alias_fields alias_fields_of(const struct alias *alias);

// STATUS_OK (the caller owns one reference) or STATUS_NO_MEMORY.
MUST_USE enum status alias_new(const struct alias_fields *fields, struct alias **ret_alias);
void alias_unref(struct alias *alias); // Accepts NULL.

// The alias that an entry is; NULL when it is something else, or NULL.
struct alias *alias_of(struct catalog_entry *entry);

static inline struct alias *alias_find(struct catalog_cache *cache, struct str arn)
{
    return alias_of(catalog_cache_find(cache, arn));
}

// The version for one start, by weight. Lives as long as the alias.
struct str alias_pick(const struct alias *alias, struct random *random);

// Whether it can lead to this version.
bool alias_has_version(const struct alias *alias, struct str version_arn);

// From the store; STATUS_CORRUPT when it is no alias.
MUST_USE enum status alias_decode(struct str body, struct alias **ret_alias);
