// Removal of executions that ended long ago, a piece at a time between the store's other work.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"

enum { RETENTION_DAYS_DEFAULT = 90, RETENTION_DAYS_MAX = 36500 };

struct retention {
    struct store *store;
    const struct clock *clock;
    uint32_t days; // 0: for ever.
    // Private.
    struct store_task task; // Belongs to the store while `is_running`.
    int64_t stopped_before_unix_ms;
    int64_t after_id;
    atomic_bool is_running;
    atomic_bool is_closing;
};

// Begin a round unless one is under way. One thread.
void retention_run(struct retention *retention);

// Before the store is closed: a round under way ends with its present piece.
void retention_close(struct retention *retention);
