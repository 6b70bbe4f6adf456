// The catalog: every state machine, version, alias and activity by its ARN.
//
// Entries are immutable and reference counted: a change puts another entry in the place of the old
// one, and whoever holds the old one keeps it. Versions and aliases belong to a state machine,
// their parent; they stay with it when it is replaced, and none is without one.
//
// Threads. Changes go through the catalog's mutex. Reading on the hot path takes no lock: each
// worker keeps a cache of its own (struct catalog_cache) that it trusts as long as the catalog's
// generation has not moved.

#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "store/resource.h"

struct catalog_entry;

// What differs between the kinds of entries.
struct catalog_type {
    enum store_kind kind;
    // As a JSON document for the store.
    void (*encode)(struct catalog_entry *entry, struct buffer *buffer);
    void (*free)(struct catalog_entry *entry);
};

// Embedded in struct state_machine, state_machine_alias and activity.
struct catalog_entry {
    atomic_uint references;
    const struct catalog_type *type;
    struct str arn;        // Its name in the catalog.
    struct str region;     // Its name in the store, with the kind and
    struct str name;       // "NAME", "NAME:7" or "NAME:ALIAS".
    struct str parent_arn; // Of a version or an alias: its state machine's; otherwise empty.
    struct list children;  // Guarded by the catalog's mutex, as the next.
    struct list link;      // In the parent's children, or to itself.
};

// One reference, for the caller. The texts are set by the caller and must live as long as the
// entry.
void catalog_entry_init(struct catalog_entry *entry, const struct catalog_type *type);

struct catalog_entry *catalog_entry_ref(struct catalog_entry *entry);
void catalog_entry_unref(struct catalog_entry *entry); // Accepts NULL.

struct catalog {
    pthread_mutex_t mutex;
    struct map by_arn;           // Guarded by the mutex. Each entry holds a reference.
    _Atomic uint64_t generation; // Moves with every change.
};

void catalog_init(struct catalog *catalog);
void catalog_release(struct catalog *catalog);

// The current one with a reference for the caller, or NULL.
struct catalog_entry *catalog_find(struct catalog *catalog, struct str arn);

// Put `after` in the place of `before`. NULL before: there must be none; NULL after: take it out.
struct catalog_change {
    struct catalog_entry *before;
    struct catalog_entry *after; // The catalog takes a reference of its own.
};

// Make all changes, of different ARNs, or none. A parent leaves only together with its children.
//
// Returns STATUS_OK, STATUS_CONFLICT (something else is there than `before` says, the parent of a
// new entry is not there, or a child would be left behind) or STATUS_NO_MEMORY.
MUST_USE enum status catalog_apply(struct catalog *catalog, const struct catalog_change *changes,
                                   size_t count);

// Entries of a kind, each with a reference for the caller, in no particular order, in `arena`.
//
//   region       only of this region; empty: of all
//   parent_arn   only of this parent; empty: of all
MUST_USE enum status catalog_list(struct catalog *catalog, enum store_kind kind, struct str region,
                                  struct str parent_arn, struct arena *arena,
                                  struct catalog_entry ***ret_entries, size_t *ret_count);

// How many there are of these.
size_t catalog_count(struct catalog *catalog, enum store_kind kind, struct str region,
                     struct str parent_arn);

// How many entries there are in all.
size_t catalog_size(struct catalog *catalog);

// One worker's view of the catalog.
struct catalog_cache {
    struct catalog *catalog;
    uint64_t generation;
    struct map by_arn; // Each entry holds a reference.
};

void catalog_cache_init(struct catalog_cache *cache, struct catalog *catalog);
void catalog_cache_release(struct catalog_cache *cache);

// Borrowed until the next call with this cache; NULL when there is none. No lock unless the catalog
// changed or the ARN was not asked for before.
struct catalog_entry *catalog_cache_find(struct catalog_cache *cache, struct str arn);
