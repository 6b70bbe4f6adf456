// What the runtime links and the simulation does not use: writing resources (a polite stop does),
// the journal of asynchronous Express starts, and Map runs.

#include <assert.h>
#include <stdlib.h>

#include "store/journal.h"
#include "store/map_run.h"
#include "store/resource.h"
#include "tasks/items.h"
#include "tasks/results.h"

enum status store_resource_put(struct store_tx *at, enum store_kind kind, struct str region,
                               struct str name, struct str body)
{
    (void)at, (void)kind, (void)region, (void)name, (void)body;
    return STATUS_IO;
}

enum status store_resource_get(struct store_tx *at, enum store_kind kind, struct str region,
                               struct str name, struct arena *arena, struct str *ret_body)
{
    (void)at, (void)kind, (void)region, (void)name, (void)arena, (void)ret_body;
    return STATUS_NOT_FOUND;
}

enum status store_resource_delete(struct store_tx *at, enum store_kind kind, struct str region,
                                  struct str name)
{
    (void)at, (void)kind, (void)region, (void)name;
    return STATUS_NOT_FOUND;
}

enum status store_journal_append(struct store_tx *at, struct str record, int64_t *ret_id)
{
    (void)at, (void)record, (void)ret_id;
    return STATUS_IO;
}

enum status store_journal_remove(struct store_tx *at, int64_t id)
{
    (void)at, (void)id;
    return STATUS_IO;
}

enum status store_journal_each(struct store_tx *at, int64_t after_id, uint32_t count_max,
                               store_journal_fn callback, void *context)
{
    (void)at, (void)after_id, (void)count_max, (void)callback, (void)context;
    return STATUS_OK;
}

enum status store_map_run_insert(struct store_tx *at, const struct store_map_run *run)
{
    (void)at, (void)run;
    return STATUS_IO;
}

enum status store_map_run_update(struct store_tx *at, const struct store_map_run *run)
{
    (void)at, (void)run;
    return STATUS_IO;
}

enum status store_map_run_find(struct store_tx *at, struct str arn, struct arena *arena,
                               struct store_map_run *ret_run)
{
    (void)at, (void)arn, (void)arena, (void)ret_run;
    return STATUS_NOT_FOUND;
}

enum status store_map_run_each_open(struct store_tx *at, store_map_run_fn callback, void *context)
{
    (void)at, (void)callback, (void)context;
    return STATUS_OK;
}

enum status store_map_run_each_child(struct store_tx *at, struct str arn, int64_t after_id,
                                     uint32_t count_max, store_execution_fn callback, void *context)
{
    (void)at, (void)arn, (void)after_id, (void)count_max, (void)callback, (void)context;
    return STATUS_OK;
}

// Items of Map runs that are read from elsewhere.

struct items_source *items_source_new(const struct items_request *request)
{
    (void)request;
    abort();
}

void items_next(struct items_source *source, uint32_t count_max, size_t size_max,
                struct arena *arena, items_batch_fn on_batch, void *context)
{
    (void)source, (void)count_max, (void)size_max, (void)arena, (void)on_batch, (void)context;
    abort();
}

void items_source_free(struct items_source *source)
{
    assert(source == NULL);
}

struct results_sink *results_sink_new(const struct results_request *request,
                                      results_ready_fn on_ready, void *context)
{
    (void)request, (void)on_ready, (void)context;
    return NULL;
}

bool results_write(struct results_sink *sink, const struct results_record *record)
{
    (void)sink, (void)record;
    abort();
}

void results_end(struct results_sink *sink, struct arena *arena, results_answer_fn on_answer,
                 void *context)
{
    (void)sink, (void)arena, (void)on_answer, (void)context;
    abort();
}

void results_sink_free(struct results_sink *sink)
{
    (void)sink;
}
