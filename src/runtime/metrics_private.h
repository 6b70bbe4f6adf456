// What metrics.c and metrics_count.c share.

#pragma once

#include "runtime/metrics.h"

enum { METRICS_REGION_SIZE_MAX = 64 }; // Longer ones have no metrics of the account.

// The key of a subject; `ret_key` takes metrics_key_size() bytes. Returns the size.
size_t metrics_key(const struct metrics_subject *subject, char *ret_key);
size_t metrics_key_size(const struct metrics_subject *subject);

// The subject of a key, whose texts point into it.
struct metrics_subject metrics_subject_of_key(enum metrics_group group, struct str key);

void metrics_stat_merge(struct metrics_stat *into, const struct metrics_stat *stat);

// Add a worker's minute to the history of the series with this key, and to that of the account.
// Takes the lock.
void metrics_merge(struct metrics *metrics, enum metrics_group group, struct str key,
                   const struct metrics_bucket *bucket);
