// What the runtime links and the simulation does not use: items that are read from elsewhere and
// results that are written there.

#include <assert.h>
#include <stdlib.h>

#include "tasks/items.h"
#include "tasks/results.h"

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
