// The registry of names and the store thread's memory of streams; appending is in writer.c.

#include "logs/logs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "logs/logs_private.h"

enum {
    STREAMS_REMEMBERED_MAX = 4096,
    PURGE_PIECE_EVENTS = 500,
};

// ---------------------------------------------------------------------------------------------
// Handles

// One allocation: the struct, the key, the ARN.
static struct logs_group *group_new(struct logs *logs, struct str region, struct str name)
{
    static const char format[] = "arn:aws:logs:%.*s:%s:log-group:%.*s";
    size_t key_size = region.size + 1 + name.size;
    int arn_size = snprintf(NULL, 0, format, STR_ARGS(region), logs->account, STR_ARGS(name));
    struct logs_group *group = calloc(1, sizeof(*group) + key_size + (size_t)arn_size + 1);
    if (group == NULL) return NULL;
    char *key = (char *)(group + 1);
    memcpy(key, region.data, region.size);
    key[region.size] = '\n';
    memcpy(key + region.size + 1, name.data, name.size);
    char *arn = key + key_size;
    snprintf(arn, (size_t)arn_size + 1, format, STR_ARGS(region), logs->account, STR_ARGS(name));
    group->logs = logs;
    group->key = (struct str){key, key_size};
    group->region = (struct str){key, region.size};
    group->name = (struct str){key + region.size + 1, name.size};
    group->arn = (struct str){arn, (size_t)arn_size};
    group->reference_count = 1;
    return group;
}

// The key of a name, in `buffer`; empty when it is too long or not unambiguous.
static struct str make_key(struct str region, struct str name,
                           char buffer[static LOGS_GROUP_NAME_SIZE_MAX + 80])
{
    if (name.size == 0 || name.size > LOGS_GROUP_NAME_SIZE_MAX || region.size > 64 ||
        str_find_byte(region, '\n') != SIZE_MAX) {
        return STR("");
    }
    memcpy(buffer, region.data, region.size);
    buffer[region.size] = '\n';
    memcpy(buffer + region.size + 1, name.data, name.size);
    return (struct str){buffer, region.size + 1 + name.size};
}

struct logs_group *logs_group_open(struct logs *logs, struct str region, struct str name,
                                   enum logs_group_mode mode)
{
    char buffer[LOGS_GROUP_NAME_SIZE_MAX + 80];
    struct str key = make_key(region, name, buffer);
    if (key.size == 0) return NULL;
    pthread_mutex_lock(&logs->mutex);
    struct logs_group *group = map_find(&logs->groups, key);
    if (group != NULL) {
        group->reference_count++;
    } else if ((group = group_new(logs, region, name)) != NULL &&
               !map_set(&logs->groups, group->key, group)) {
        free(group);
        group = NULL;
    }
    if (group != NULL && mode == LOGS_GROUP_CREATE_WHEN_WRITTEN) {
        group->is_created_when_written = true;
    }
    pthread_mutex_unlock(&logs->mutex);
    return group;
}

struct logs_group *logs_group_find(struct logs *logs, struct str region, struct str name)
{
    char buffer[LOGS_GROUP_NAME_SIZE_MAX + 80];
    struct str key = make_key(region, name, buffer);
    if (key.size == 0) return NULL;
    pthread_mutex_lock(&logs->mutex);
    struct logs_group *group = map_find(&logs->groups, key);
    pthread_mutex_unlock(&logs->mutex);
    return group;
}

size_t logs_group_count(struct logs *logs)
{
    pthread_mutex_lock(&logs->mutex);
    size_t count = logs->groups.count;
    pthread_mutex_unlock(&logs->mutex);
    return count;
}

bool logs_group_exists(const struct logs_group *group)
{
    return atomic_load_explicit(&group->store_id, memory_order_relaxed) != 0;
}

struct str logs_group_arn(const struct logs_group *group)
{
    return group->arn;
}

struct logs_group *logs_group_ref(struct logs_group *group)
{
    uint32_t before = atomic_fetch_add_explicit(&group->reference_count, 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
    return group;
}

void logs_group_unref(struct logs_group *group)
{
    if (group == NULL) return;
    // Only the last reference needs the lock, under which somebody may be finding the name again.
    uint32_t count = atomic_load(&group->reference_count);
    while (count > 1) {
        if (atomic_compare_exchange_weak(&group->reference_count, &count, count - 1)) return;
    }
    struct logs *logs = group->logs;
    pthread_mutex_lock(&logs->mutex);
    bool is_last = atomic_fetch_sub(&group->reference_count, 1) == 1;
    if (is_last) map_remove(&logs->groups, group->key);
    pthread_mutex_unlock(&logs->mutex);
    if (!is_last) return;
    assert(group->store_id == 0); // An existing group is referred to by the registry.
    free(group);
}

enum status logs_group_create_row(struct logs_group *group, struct store_tx *tx, struct str tags)
{
    assert(group->store_id == 0);
    struct store_log_group row = {
        .region = group->region,
        .name = group->name,
        .created_unix_ms = clock_unix_ms(group->logs->clock),
        .tags = tags,
    };
    int64_t id = 0;
    enum status status = store_log_group_create(tx, &row, &id);
    if (status != STATUS_OK) return status;
    logs_group_ref(group); // The registry's.
    atomic_store(&group->store_id, id);
    return STATUS_OK;
}

enum status logs_group_delete_row(struct logs_group *group, struct store_tx *tx)
{
    struct logs *logs = group->logs;
    enum status status = store_log_group_delete(tx, group->store_id, clock_unix_ms(logs->clock));
    if (status != STATUS_OK) return status;
    logs_streams_forget(logs);
    atomic_store(&group->store_id, 0);
    logs_group_unref(group); // The registry's.
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Reading the registry from the store

static enum status load_group(void *context, const struct store_log_group *row)
{
    struct logs_group *group = logs_group_open(context, row->region, row->name, LOGS_GROUP_AS_IS);
    if (group == NULL) return STATUS_NO_MEMORY;
    group->is_seen = true;
    bool was_known = atomic_exchange(&group->store_id, row->id) != 0;
    if (was_known) logs_group_unref(group); // Otherwise the reference is the registry's now.
    return STATUS_OK;
}

// One group that is believed to exist and was not seen, or NULL.
static struct logs_group *find_gone(struct logs *logs)
{
    struct logs_group *found = NULL;
    pthread_mutex_lock(&logs->mutex);
    MAP_EACH(entry, &logs->groups)
    {
        struct logs_group *group = entry->value;
        if (group->store_id != 0 && !group->is_seen) found = group;
    }
    pthread_mutex_unlock(&logs->mutex);
    return found;
}

static enum status load_groups(struct logs *logs, struct store_tx *tx)
{
    pthread_mutex_lock(&logs->mutex);
    MAP_EACH(entry, &logs->groups)
    {
        ((struct logs_group *)entry->value)->is_seen = false;
    }
    pthread_mutex_unlock(&logs->mutex);
    enum status status = store_log_group_each(tx, (struct str){0}, STR(""), load_group, logs);
    if (status != STATUS_OK) return status;
    for (struct logs_group *gone; (gone = find_gone(logs)) != NULL;) {
        atomic_store(&gone->store_id, 0);
        logs_group_unref(gone);
    }
    return STATUS_OK;
}

struct loading {
    struct store_task task;
    struct logs *logs;
};

static enum status load_run(struct store_task *task, struct store_tx *tx)
{
    return load_groups(CONTAINER_OF(task, struct loading, task)->logs, tx);
}

static void reload_done(struct store_task *task, enum status status)
{
    struct loading *loading = CONTAINER_OF(task, struct loading, task);
    if (status != STATUS_OK) log_error("logs: cannot read the groups: %s", status_name(status));
    atomic_fetch_sub(&loading->logs->reload_count, 1);
    free(loading);
}

void logs_groups_reload(struct logs *logs)
{
    struct loading *loading = malloc(sizeof(*loading));
    if (loading == NULL) {
        log_error("logs: no memory to read the groups");
        return;
    }
    *loading = (struct loading){.logs = logs};
    loading->task = (struct store_task){.mode = STORE_READ, .run = load_run, .done = reload_done};
    atomic_fetch_add(&logs->reload_count, 1);
    store_submit(logs->store, &loading->task);
}

// ---------------------------------------------------------------------------------------------
// Streams being written

struct stream {
    int64_t id;
    char key[]; // Group identifier and name.
};

void logs_streams_forget(struct logs *logs)
{
    MAP_EACH(entry, &logs->streams)
    {
        free(entry->value);
    }
    map_release(&logs->streams);
    map_init(&logs->streams);
}

static void remember_stream(struct logs *logs, struct str key, int64_t id)
{
    if (logs->streams.count >= STREAMS_REMEMBERED_MAX) logs_streams_forget(logs);
    struct stream *stream = malloc(sizeof(*stream) + key.size);
    if (stream == NULL) return; // It will be looked up again.
    stream->id = id;
    memcpy(stream->key, key.data, key.size);
    if (!map_set(&logs->streams, (struct str){stream->key, key.size}, stream)) free(stream);
}

enum status logs_stream_resolve(struct logs *logs, struct store_tx *tx, int64_t group_id,
                                struct str name, int64_t now_unix_ms, int64_t *ret_id)
{
    char buffer[sizeof(group_id) + LOGS_STREAM_NAME_SIZE_MAX];
    assert(name.size > 0 && name.size <= LOGS_STREAM_NAME_SIZE_MAX);
    memcpy(buffer, &group_id, sizeof(group_id));
    memcpy(buffer + sizeof(group_id), name.data, name.size);
    struct str key = {buffer, sizeof(group_id) + name.size};
    const struct stream *known = map_find(&logs->streams, key);
    if (known != NULL) {
        *ret_id = known->id;
        return STATUS_OK;
    }
    struct store_log_stream stream;
    enum status status = store_log_stream_find(tx, group_id, name, NULL, &stream);
    if (status == STATUS_NOT_FOUND) {
        status = store_log_stream_create(tx, group_id, name, now_unix_ms, &stream.id);
    }
    if (status != STATUS_OK) return status;
    remember_stream(logs, key, stream.id);
    *ret_id = stream.id;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Expiry

static enum status purge_run(struct store_task *task, struct store_tx *tx)
{
    struct logs *logs = CONTAINER_OF(task, struct logs, purge);
    uint32_t removed = 0;
    enum status status =
        store_log_purge(tx, clock_unix_ms(logs->clock), PURGE_PIECE_EVENTS, &removed);
    task->is_unfinished =
        status == STATUS_OK && removed >= PURGE_PIECE_EVENTS && !atomic_load(&logs->is_closing);
    return status;
}

static void purge_done(struct store_task *task, enum status status)
{
    struct logs *logs = CONTAINER_OF(task, struct logs, purge);
    if (status != STATUS_OK)
        log_warn("logs: cannot remove expired events: %s", status_name(status));
    atomic_store(&logs->is_purging, false);
}

void logs_purge(struct logs *logs)
{
    if (atomic_exchange(&logs->is_purging, true)) return;
    logs->purge = (struct store_task){.mode = STORE_LAZY, .run = purge_run, .done = purge_done};
    store_submit(logs->store, &logs->purge);
}

// ---------------------------------------------------------------------------------------------
// Opening and closing

enum status logs_open(struct store *store, const struct clock *clock, struct str account,
                      struct logs **ret_logs)
{
    struct logs *logs = calloc(1, sizeof(*logs));
    if (logs == NULL) return STATUS_NO_MEMORY;
    assert(account.size < sizeof(logs->account));
    logs->store = store;
    logs->clock = clock;
    memcpy(logs->account, account.data, account.size);
    map_init(&logs->groups);
    map_init(&logs->streams);
    pthread_mutex_init(&logs->mutex, NULL);
    if (pthread_key_create(&logs->writer_key, logs_writer_abandon) != 0) {
        pthread_mutex_destroy(&logs->mutex);
        free(logs);
        return STATUS_NO_MEMORY;
    }
    struct loading loading = {.task = {.mode = STORE_READ, .run = load_run}, .logs = logs};
    enum status status = store_run(store, &loading.task);
    if (status != STATUS_OK) {
        logs_close(logs);
        return status;
    }
    *ret_logs = logs;
    return STATUS_OK;
}

static enum status nothing_run(struct store_task *task, struct store_tx *tx)
{
    (void)task, (void)tx;
    return STATUS_OK;
}

void logs_wait_for_store(struct logs *logs)
{
    // A read runs after all lazy writes before it.
    struct store_task task = {.mode = STORE_READ, .run = nothing_run};
    enum status status = store_run(logs->store, &task);
    (void)status; // The store answers even when it cannot read.
}

void logs_close(struct logs *logs)
{
    if (logs == NULL) return;
    atomic_store(&logs->is_closing, true);
    logs_writers_release(logs);
    while (atomic_load(&logs->is_purging) || atomic_load(&logs->reload_count) > 0)
        logs_wait_for_store(logs);
    pthread_key_delete(logs->writer_key);
    logs_streams_forget(logs);
    map_release(&logs->streams);
    MAP_EACH(entry, &logs->groups)
    {
        free(entry->value);
    }
    map_release(&logs->groups);
    pthread_mutex_destroy(&logs->mutex);
    free(logs);
}
