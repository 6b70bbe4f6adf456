// Everything on the disk but executions: Map runs, the journal, resources. Rows are few, so they
// lie in arrays, and a change notes the bytes that it changes.

#include <assert.h>
#include <string.h>

#include "store/journal.h"
#include "store/map_run.h"
#include "store/resource.h"
#include "test/sim/disk.h"
#include "test/sim/disk_private.h"
#include "test/sim/heap.h"
#include "test/sim/map_runs.h"

// ---------------------------------------------------------------------------------------------
// Resources

const char *store_kind_name(enum store_kind kind)
{
    static const char *const names[] = {
#define X(kind, name, is_text) name,
#include "store/resource_kind.def"
#undef X
    };
    return names[kind];
}

static struct disk_resource *find_resource(enum store_kind kind, struct str region, struct str name)
{
    for (size_t i = 0; i < disk.resource_count; i++) {
        struct disk_resource *resource = &disk.resources[i];
        if (resource->kind == kind && str_equal(resource->region, region) &&
            str_equal(resource->name, name)) {
            return resource;
        }
    }
    return NULL;
}

void disk_add_resource(enum store_kind kind, struct str name, struct str body)
{
    assert(disk.resource_count < DISK_RESOURCES_MAX);
    disk.resources[disk.resource_count++] =
        (struct disk_resource){kind, STR("us-east-1"), lasting_copy(name), lasting_copy(body)};
}

enum status store_resource_put(struct store_tx *at, enum store_kind kind, struct str region,
                               struct str name, struct str body)
{
    (void)at;
    struct disk_resource *resource = find_resource(kind, region, name);
    if (resource == NULL) {
        assert(disk.resource_count < DISK_RESOURCES_MAX);
        disk_note_bytes(&disk.resource_count, sizeof(disk.resource_count));
        resource = &disk.resources[disk.resource_count++];
    }
    disk_note_bytes(resource, sizeof(*resource));
    *resource =
        (struct disk_resource){kind, lasting_copy(region), lasting_copy(name), lasting_copy(body)};
    return STATUS_OK;
}

enum status store_resource_get(struct store_tx *at, enum store_kind kind, struct str region,
                               struct str name, struct arena *arena, struct str *ret_body)
{
    (void)at;
    const struct disk_resource *resource = find_resource(kind, region, name);
    if (resource == NULL) return STATUS_NOT_FOUND;
    return arena_copy_str(arena, resource->body, ret_body) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status store_resource_delete(struct store_tx *at, enum store_kind kind, struct str region,
                                  struct str name)
{
    (void)at;
    struct disk_resource *resource = find_resource(kind, region, name);
    if (resource == NULL) return STATUS_NOT_FOUND;
    disk_note_bytes(resource, sizeof(*resource));
    disk_note_bytes(&disk.resources[disk.resource_count - 1], sizeof(*resource));
    disk_note_bytes(&disk.resource_count, sizeof(disk.resource_count));
    *resource = disk.resources[--disk.resource_count];
    return STATUS_OK;
}

enum status store_resource_each(struct store_tx *at, enum store_kind kind,
                                store_resource_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < disk.resource_count && status == STATUS_OK; i++) {
        const struct disk_resource *resource = &disk.resources[i];
        if (resource->kind != kind) continue;
        status = callback(context, resource->region, resource->name, resource->body);
    }
    return status;
}

// ---------------------------------------------------------------------------------------------
// The journal

enum status store_journal_append(struct store_tx *at, struct str record, int64_t *ret_id)
{
    (void)at;
    assert(disk.journal_count < DISK_JOURNAL_MAX);
    disk_note_bytes(&disk.journal_count, sizeof(disk.journal_count));
    // An id may come again once it is removed, but not while this store is open.
    *ret_id = ++disk.journal_last_id;
    disk.journal[disk.journal_count++] = (struct disk_record){*ret_id, lasting_copy(record)};
    return STATUS_OK;
}

enum status store_journal_remove(struct store_tx *at, int64_t id)
{
    (void)at;
    for (size_t i = 0; i < disk.journal_count; i++) {
        if (disk.journal[i].id != id) continue;
        disk_note_bytes(disk.journal, disk.journal_count * sizeof(*disk.journal));
        disk_note_bytes(&disk.journal_count, sizeof(disk.journal_count));
        disk.journal_count--;
        memmove(&disk.journal[i], &disk.journal[i + 1],
                (disk.journal_count - i) * sizeof(*disk.journal));
        break;
    }
    return STATUS_OK;
}

enum status store_journal_each(struct store_tx *at, int64_t after_id, uint32_t count_max,
                               store_journal_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < disk.journal_count && count_max > 0 && status == STATUS_OK; i++) {
        if (disk.journal[i].id <= after_id) continue;
        status = callback(context, disk.journal[i].id, disk.journal[i].record);
        count_max--;
    }
    return status;
}

// ---------------------------------------------------------------------------------------------
// Map runs

struct store_map_run *disk_find_map_run(struct str arn)
{
    for (size_t i = 0; i < disk.map_run_count; i++) {
        if (str_equal(disk.map_runs[i].arn, arn)) return &disk.map_runs[i];
    }
    return NULL;
}

enum status store_map_run_insert(struct store_tx *at, const struct store_map_run *run)
{
    (void)at;
    if (disk_find_map_run(run->arn) != NULL) return STATUS_OK;
    assert(disk.map_run_count < DISK_MAP_RUNS_MAX);
    disk_note_bytes(&disk.map_run_count, sizeof(disk.map_run_count));
    struct store_map_run *row = &disk.map_runs[disk.map_run_count++];
    *row = *run;
    row->arn = lasting_copy(run->arn);
    row->status = lasting_copy(run->status);
    map_runs_note_row(row);
    return STATUS_OK;
}

enum status store_map_run_update(struct store_tx *at, const struct store_map_run *run)
{
    (void)at;
    struct store_map_run *row = disk_find_map_run(run->arn);
    if (row == NULL) return STATUS_NOT_FOUND;
    disk_note_bytes(row, sizeof(*row));
    struct store_map_run old = *row;
    *row = *run;
    row->arn = old.arn;
    row->execution_id = old.execution_id;
    row->started_unix_ms = old.started_unix_ms;
    row->status = lasting_copy(run->status);
    map_runs_note_row(row);
    return STATUS_OK;
}

enum status store_map_run_find(struct store_tx *at, struct str arn, struct arena *arena,
                               struct store_map_run *ret_run)
{
    (void)at;
    const struct store_map_run *row = disk_find_map_run(arn);
    if (row == NULL) return STATUS_NOT_FOUND;
    struct store_map_run copy = *row;
    if (!arena_copy_str(arena, row->arn, &copy.arn) ||
        !arena_copy_str(arena, row->status, &copy.status)) {
        return STATUS_NO_MEMORY;
    }
    *ret_run = copy;
    return STATUS_OK;
}

enum status store_map_run_each_open(struct store_tx *at, store_map_run_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < disk.map_run_count && status == STATUS_OK; i++) {
        if (str_is(disk.map_runs[i].status, "RUNNING")) {
            status = callback(context, &disk.map_runs[i]);
        }
    }
    return status;
}

enum status store_map_run_each_child(struct store_tx *at, struct str arn, int64_t after_id,
                                     uint32_t count_max, store_execution_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    struct disk_execution *execution = disk_next_execution(after_id);
    while (execution != NULL && count_max > 0 && status == STATUS_OK) {
        if (str_equal(execution->row.map_run_arn, arn)) {
            status = callback(context, &execution->row);
            count_max--;
        }
        execution = disk_next_execution(execution->row.id);
    }
    return status;
}
