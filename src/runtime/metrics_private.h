// What metrics.c and metrics_count.c share.

#pragma once

#include "runtime/metrics.h"

enum { METRICS_REGION_SIZE_MAX = 64 }; // Longer ones have no metrics of the account.

// The key of a subject; `ret_key` takes metrics_key_size() bytes. Returns the size.
size_t metrics_key(const struct metrics_subject *subject, char *ret_key);
size_t metrics_key_size(const struct metrics_subject *subject);

// The subject of a key, whose texts point into it.
struct metrics_subject metrics_subject_of_key(enum metrics_group group, struct str key);

// Add a worker's minute to the history of the series with this key, and to that of the account.
// Takes the lock.
void metrics_merge(struct metrics *metrics, enum metrics_group group, struct str key,
                   const struct metrics_bucket *bucket);

// ---- metrics_gauge.c

// A gauge's value in a minute. Under the lock.
void metrics_gauge_set(struct metrics *metrics, struct metrics_gauge_history *history,
                       int64_t minute, uint64_t value);

// The history of a gauge, made when there is none; NULL when there are too many. Under the lock.
struct metrics_gauge_history *metrics_gauge_find(struct metrics *metrics, enum metrics_gauge gauge,
                                                 struct str region, struct str arn);

// What a visit found, and what is in the catalog.
void metrics_look(struct metrics_visit *visit);

void metrics_release_gauges(struct metrics *metrics);
