// Ids of Standard executions: the time of the start, the worker that owns it, and a counter.

#include "runtime/execution_private.h"

enum {
    TIME_SHIFT = 20,
    WORKER_SHIFT = 14,
    WORKER_MASK = (1 << (TIME_SHIFT - WORKER_SHIFT)) - 1,
    COUNTER_MASK = (1 << WORKER_SHIFT) - 1,
};

static int64_t first_id(const struct runtime_worker *worker, int64_t unix_ms)
{
    return unix_ms << TIME_SHIFT | (int64_t)worker->index << WORKER_SHIFT;
}

int64_t runtime_worker_next_id(struct runtime_worker *worker, int64_t unix_ms)
{
    int64_t last = worker->last_execution_id;
    int64_t id = first_id(worker, unix_ms);
    if (id <= last) {
        // The counter is used up, or the clock was set back: borrow from the next millisecond.
        bool is_full = (last & COUNTER_MASK) == COUNTER_MASK;
        id = is_full ? first_id(worker, (last >> TIME_SHIFT) + 1) : last + 1;
    }
    worker->last_execution_id = id;
    return id;
}

void runtime_worker_skip_ids(struct runtime_worker *worker, int64_t last_id)
{
    // As if the counter of that millisecond were used up.
    worker->last_execution_id = first_id(worker, last_id >> TIME_SHIFT) | COUNTER_MASK;
}

struct runtime_worker *runtime_owner_of(const struct runtime *runtime, int64_t execution_id)
{
    uint64_t index = (uint64_t)execution_id >> WORKER_SHIFT & WORKER_MASK;
    return runtime->workers[index % runtime->worker_count];
}
