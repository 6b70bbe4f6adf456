// The catalog is small and rarely changed, so a change simply invalidates all caches.

#include "runtime/catalog.h"

#include <assert.h>

// ---------------------------------------------------------------------------------------------
// Entries

void catalog_entry_init(struct catalog_entry *entry, const struct catalog_type *type)
{
    *entry = (struct catalog_entry){.type = type};
    atomic_init(&entry->references, 1);
    list_init(&entry->children);
    list_init(&entry->link);
}

struct catalog_entry *catalog_entry_ref(struct catalog_entry *entry)
{
    unsigned before = atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    assert(before > 0);
    return entry;
}

void catalog_entry_unref(struct catalog_entry *entry)
{
    if (entry == NULL) return;
    unsigned before = atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return;
    assert(list_is_empty(&entry->link));
    assert(list_is_empty(&entry->children));
    entry->type->free(entry);
}

// ---------------------------------------------------------------------------------------------
// The catalog

void catalog_init(struct catalog *catalog)
{
    pthread_mutex_init(&catalog->mutex, NULL);
    map_init(&catalog->by_arn);
    atomic_init(&catalog->generation, 1);
}

void catalog_release(struct catalog *catalog)
{
    MAP_EACH(entry, &catalog->by_arn)
    {
        struct catalog_entry *released = entry->value;
        list_remove(&released->link);
        LIST_EACH(link, &released->children)
        list_remove(link);
        catalog_entry_unref(released);
    }
    map_release(&catalog->by_arn);
    pthread_mutex_destroy(&catalog->mutex);
}

struct catalog_entry *catalog_find(struct catalog *catalog, struct str arn)
{
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *found = map_find(&catalog->by_arn, arn);
    if (found != NULL) catalog_entry_ref(found);
    pthread_mutex_unlock(&catalog->mutex);
    return found;
}

static struct str arn_of(const struct catalog_change *change)
{
    return change->before != NULL ? change->before->arn : change->after->arn;
}

static bool is_inserted(const struct catalog_change *changes, size_t count, struct str arn)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].before == NULL && str_equal(changes[i].after->arn, arn)) return true;
    }
    return false;
}

// Whether all children of an entry that leaves, leave with it.
static bool leaves_alone(const struct catalog_entry *parent, const struct catalog_change *changes,
                         size_t count)
{
    size_t child_count = 0, leaving_count = 0;
    LIST_EACH(link, &parent->children)
    child_count++;
    for (size_t i = 0; child_count > 0 && i < count; i++) {
        const struct catalog_entry *before = changes[i].before;
        leaving_count += before != NULL && changes[i].after == NULL &&
                         str_equal(before->parent_arn, parent->arn);
    }
    return child_count == leaving_count;
}

static bool can_apply(const struct catalog *catalog, const struct catalog_change *changes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct catalog_change *change = &changes[i];
        assert(change->before != NULL || change->after != NULL);
        assert(change->after == NULL || str_equal(change->after->arn, arn_of(change)));
        if (map_find(&catalog->by_arn, arn_of(change)) != change->before) return false;
        if (change->after == NULL) {
            if (!leaves_alone(change->before, changes, count)) return false;
        } else if (change->before == NULL && change->after->parent_arn.size > 0) {
            struct str parent_arn = change->after->parent_arn;
            if (map_find(&catalog->by_arn, parent_arn) == NULL &&
                !is_inserted(changes, count, parent_arn)) {
                return false;
            }
        }
    }
    return true;
}

// What may fail: new places in the map.
static bool insert_all(struct catalog *catalog, const struct catalog_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].before != NULL) continue;
        if (map_set(&catalog->by_arn, changes[i].after->arn, changes[i].after)) continue;
        while (i-- > 0) {
            if (changes[i].before == NULL) map_remove(&catalog->by_arn, changes[i].after->arn);
        }
        return false;
    }
    return true;
}

static void move_children(struct catalog_entry *from, struct catalog_entry *to)
{
    LIST_EACH(link, &from->children)
    {
        list_remove(link);
        list_append(&to->children, link);
    }
}

static void apply_one(struct catalog *catalog, const struct catalog_change *change)
{
    struct catalog_entry *before = change->before, *after = change->after;
    if (after == NULL) {
        map_remove(&catalog->by_arn, before->arn);
    } else {
        catalog_entry_ref(after);
    }
    if (before != NULL && after != NULL) {
        bool is_set = map_set(&catalog->by_arn, after->arn, after); // Its place is there already.
        assert(is_set);
        move_children(before, after);
    }
    if (before != NULL) list_remove(&before->link);
    if (after != NULL && after->parent_arn.size > 0) {
        struct catalog_entry *parent = map_find(&catalog->by_arn, after->parent_arn);
        assert(parent != NULL);
        list_append(&parent->children, &after->link);
    }
}

enum status catalog_apply(struct catalog *catalog, const struct catalog_change *changes,
                          size_t count)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&catalog->mutex);
    if (!can_apply(catalog, changes, count)) {
        status = STATUS_CONFLICT;
    } else if (!insert_all(catalog, changes, count)) {
        status = STATUS_NO_MEMORY;
    } else {
        for (size_t i = 0; i < count; i++)
            apply_one(catalog, &changes[i]);
        // A parent may come before the children that leave with it.
        for (size_t i = 0; i < count; i++) {
            assert(changes[i].after != NULL || list_is_empty(&changes[i].before->children));
        }
        atomic_fetch_add(&catalog->generation, 1);
    }
    pthread_mutex_unlock(&catalog->mutex);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        catalog_entry_unref(changes[i].before);
    return status;
}

// Count those asked for and, unless `entries` is NULL, put them there with a reference each.
static size_t collect(const struct catalog *catalog, enum store_kind kind, struct str region,
                      struct str parent_arn, struct catalog_entry **entries)
{
    size_t count = 0;
    if (parent_arn.size > 0) {
        struct catalog_entry *parent = map_find(&catalog->by_arn, parent_arn);
        if (parent == NULL) return 0;
        LIST_EACH(link, &parent->children)
        {
            struct catalog_entry *child = LIST_ITEM(link, struct catalog_entry, link);
            if (child->type->kind != kind) continue;
            if (entries != NULL) entries[count] = catalog_entry_ref(child);
            count++;
        }
        return count;
    }
    MAP_EACH(place, &catalog->by_arn)
    {
        struct catalog_entry *entry = place->value;
        if (entry->type->kind != kind) continue;
        if (region.size > 0 && !str_equal(entry->region, region)) continue;
        if (entries != NULL) entries[count] = catalog_entry_ref(entry);
        count++;
    }
    return count;
}

enum status catalog_list(struct catalog *catalog, enum store_kind kind, struct str region,
                         struct str parent_arn, struct arena *arena,
                         struct catalog_entry ***ret_entries, size_t *ret_count)
{
    pthread_mutex_lock(&catalog->mutex);
    size_t count = collect(catalog, kind, region, parent_arn, NULL);
    struct catalog_entry **entries =
        arena_alloc_array(arena, count + 1, sizeof(struct catalog_entry *));
    if (entries != NULL) collect(catalog, kind, region, parent_arn, entries);
    pthread_mutex_unlock(&catalog->mutex);
    if (entries == NULL) return STATUS_NO_MEMORY;
    *ret_entries = entries;
    *ret_count = count;
    return STATUS_OK;
}

size_t catalog_count(struct catalog *catalog, enum store_kind kind, struct str region,
                     struct str parent_arn)
{
    pthread_mutex_lock(&catalog->mutex);
    size_t count = collect(catalog, kind, region, parent_arn, NULL);
    pthread_mutex_unlock(&catalog->mutex);
    return count;
}

size_t catalog_size(struct catalog *catalog)
{
    pthread_mutex_lock(&catalog->mutex);
    size_t size = catalog->by_arn.count;
    pthread_mutex_unlock(&catalog->mutex);
    return size;
}

// ---------------------------------------------------------------------------------------------
// Caches

void catalog_cache_init(struct catalog_cache *cache, struct catalog *catalog)
{
    *cache = (struct catalog_cache){.catalog = catalog};
    map_init(&cache->by_arn);
}

void catalog_cache_release(struct catalog_cache *cache)
{
    MAP_EACH(entry, &cache->by_arn)
    catalog_entry_unref(entry->value);
    map_release(&cache->by_arn);
}

struct catalog_entry *catalog_cache_find(struct catalog_cache *cache, struct str arn)
{
    uint64_t generation = atomic_load_explicit(&cache->catalog->generation, memory_order_acquire);
    if (UNLIKELY(generation != cache->generation)) {
        catalog_cache_release(cache);
        cache->generation = generation;
    }
    struct catalog_entry *found = map_find(&cache->by_arn, arn);
    if (LIKELY(found != NULL)) return found;
    found = catalog_find(cache->catalog, arn);
    if (found == NULL) return NULL;
    if (!map_set(&cache->by_arn, found->arn, found)) {
        catalog_entry_unref(found);
        return NULL;
    }
    return found;
}
