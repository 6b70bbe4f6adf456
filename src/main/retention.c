// One unfinished store task per round: the store puts each further piece behind what has arrived.

#include "main/retention.h"

#include <inttypes.h>

#include "base/log.h"
#include "store/execution.h"

enum { PIECE_COUNT = 100, DAY_MS = 86400000 };

static enum status run_piece(struct store_task *task, struct store_tx *tx)
{
    struct retention *retention = CONTAINER_OF(task, struct retention, task);
    bool is_done = false;
    // Moved only by a piece that is stored; one that fails is the last of its round.
    enum status status = store_execution_purge(tx, retention->stopped_before_unix_ms, PIECE_COUNT,
                                               &retention->after_id, &is_done);
    task->is_unfinished = status == STATUS_OK && !is_done && !atomic_load(&retention->is_closing);
    return status;
}

static void on_done(struct store_task *task, enum status status)
{
    struct retention *retention = CONTAINER_OF(task, struct retention, task);
    if (status != STATUS_OK) {
        log_warn("cannot remove executions that ended over %" PRIu32 " days ago: %s",
                 retention->days, status_name(status));
    }
    atomic_store(&retention->is_running, false);
}

void retention_run(struct retention *retention)
{
    if (retention->days == 0 || atomic_exchange(&retention->is_running, true)) return;
    retention->stopped_before_unix_ms =
        clock_unix_ms(retention->clock) - (int64_t)retention->days * DAY_MS;
    retention->after_id = 0;
    retention->task = (struct store_task){.mode = STORE_LAZY, .run = run_piece, .done = on_done};
    store_submit(retention->store, &retention->task);
}

void retention_close(struct retention *retention)
{
    atomic_store(&retention->is_closing, true);
}
