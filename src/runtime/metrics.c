// The shared history: minutes of all workers merged, oldest first, under one mutex.

#include "runtime/metrics.h"

#include <assert.h>
#include <stdlib.h>

#include "runtime/metrics_private.h"

static const struct {
    const char *name, *unit;
    bool has_account;
} metric_table[METRICS_GROUP_COUNT][METRICS_STATS_MAX] = {
#define X(group, index, name, unit, has_account)                                                   \
    [METRICS_##group][index] = {name, unit, has_account},
#include "runtime/metric.def"
#undef X
};

const uint64_t metrics_bounds[METRICS_BOUNDS] = {
    1,        2,        5,        10,        20,        50,        100,
    200,      500,      1000,     2000,      5000,      10000,     20000,
    50000,    100000,   200000,   500000,    1000000,   2000000,   5000000,
    10000000, 20000000, 50000000, 100000000, 200000000, 500000000, UINT64_MAX,
};

const char *metrics_name(enum metrics_group group, size_t index)
{
    return index < METRICS_STATS_MAX ? metric_table[group][index].name : NULL;
}

const char *metrics_unit(enum metrics_group group, size_t index)
{
    return index < METRICS_STATS_MAX ? metric_table[group][index].unit : NULL;
}

size_t metrics_time_count(enum metrics_group group)
{
    return group == METRICS_STATE_MACHINE ? 1 : METRICS_TIMES_MAX;
}

bool metrics_has_account(enum metrics_group group, size_t index)
{
    return index < METRICS_STATS_MAX && metric_table[group][index].has_account;
}

void metrics_init(struct metrics *metrics)
{
    pthread_mutex_init(&metrics->mutex, NULL);
    map_init(&metrics->histories);
    metrics->bucket_count = 0;
    map_init(&metrics->gauges);
    metrics->run_count = 0;
    metrics->is_catalog_counted = false;
}

void metrics_release(struct metrics *metrics)
{
    MAP_EACH(entry, &metrics->histories)
    {
        struct metrics_history *history = entry->value;
        free(history->buckets);
        free(history);
    }
    map_release(&metrics->histories);
    metrics_release_gauges(metrics);
    pthread_mutex_destroy(&metrics->mutex);
}

void metrics_each(struct metrics *metrics, metrics_history_fn callback, void *context)
{
    pthread_mutex_lock(&metrics->mutex);
    MAP_EACH(entry, &metrics->histories)
    {
        callback(context, entry->value);
    }
    pthread_mutex_unlock(&metrics->mutex);
}

// ---------------------------------------------------------------------------------------------
// Merging

size_t metrics_key(const struct metrics_subject *subject, char *ret_key)
{
    const struct str parts[] = {subject->region, subject->arn, subject->version, subject->alias};
    char *end = ret_key;
    *end++ = (char)('0' + subject->group);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (parts[i].size > 0) end = mempcpy(end, parts[i].data, parts[i].size);
        *end++ = '\n';
    }
    return (size_t)(end - ret_key);
}

size_t metrics_key_size(const struct metrics_subject *subject)
{
    return 5 + subject->region.size + subject->arn.size + subject->version.size +
           subject->alias.size;
}

struct metrics_subject metrics_subject_of_key(enum metrics_group group, struct str key)
{
    struct str rest = str_skip(key, 1);
    struct metrics_subject subject = {.group = group};
    subject.region = str_cut(&rest, '\n');
    subject.arn = str_cut(&rest, '\n');
    subject.version = str_cut(&rest, '\n');
    subject.alias = str_cut(&rest, '\n');
    return subject;
}

static struct metrics_history *find_history(struct metrics *metrics, enum metrics_group group,
                                            struct str key)
{
    struct metrics_history *history = map_find(&metrics->histories, key);
    if (history != NULL) return history;
    history = calloc(1, sizeof(*history) + key.size);
    if (history == NULL) return NULL;
    memcpy(history->key, key.data, key.size);
    struct str own_key = {history->key, key.size};
    history->subject = metrics_subject_of_key(group, own_key);
    if (map_set(&metrics->histories, own_key, history)) return history;
    free(history);
    return NULL;
}

static void drop_first(struct metrics *metrics, struct metrics_history *history)
{
    history->first++;
    metrics->bucket_count--;
    if (history->first < history->count / 2 || history->first < 16) return;
    memmove(history->buckets, history->buckets + history->first,
            (history->count - history->first) * sizeof(*history->buckets));
    history->count -= history->first;
    history->first = 0;
}

// The oldest minute of all makes room.
static void drop_oldest(struct metrics *metrics)
{
    struct metrics_history *oldest = NULL;
    MAP_EACH(entry, &metrics->histories)
    {
        struct metrics_history *history = entry->value;
        if (history->first == history->count) continue;
        if (oldest == NULL ||
            history->buckets[history->first].minute < oldest->buckets[oldest->first].minute) {
            oldest = history;
        }
    }
    if (oldest != NULL) drop_first(metrics, oldest);
}

static bool grow(struct metrics_history *history)
{
    if (history->count < history->capacity) return true;
    size_t capacity = history->capacity == 0 ? 4 : 2 * history->capacity;
    struct metrics_bucket *buckets =
        realloc(history->buckets, capacity * sizeof(*history->buckets));
    if (buckets == NULL) return false;
    history->buckets = buckets;
    history->capacity = capacity;
    return true;
}

// The place of a minute; a late one of another worker is put between. NULL when there is no room.
static struct metrics_bucket *find_bucket(struct metrics *metrics, struct metrics_history *history,
                                          int64_t minute)
{
    while (history->first < history->count &&
           history->buckets[history->first].minute < minute - METRICS_DAYS_MAX * 24 * 60)
        drop_first(metrics, history);
    size_t at = history->count;
    while (at > history->first && history->buckets[at - 1].minute >= minute)
        at--;
    if (at < history->count && history->buckets[at].minute == minute) return &history->buckets[at];
    if (metrics->bucket_count >= METRICS_BUCKETS_MAX) {
        size_t first = history->first, count = history->count;
        drop_oldest(metrics);
        at -= count - history->count;
        if (history->first > first && at < history->first) at = history->first;
    }
    if (!grow(history)) return NULL;
    memmove(&history->buckets[at + 1], &history->buckets[at],
            (history->count - at) * sizeof(*history->buckets));
    history->buckets[at] = (struct metrics_bucket){.minute = minute};
    history->count++;
    metrics->bucket_count++;
    return &history->buckets[at];
}

void metrics_stat_merge(struct metrics_stat *into, const struct metrics_stat *stat)
{
    if (stat->count == 0) return;
    if (into->count == 0 || stat->min < into->min) into->min = stat->min;
    if (into->count == 0 || stat->max > into->max) into->max = stat->max;
    into->count += stat->count;
    into->sum += stat->sum;
}

// Under the lock.
static void merge_into(struct metrics *metrics, enum metrics_group group, struct str key,
                       const struct metrics_bucket *bucket, bool is_account)
{
    struct metrics_history *history = find_history(metrics, group, key);
    if (history == NULL) return;
    struct metrics_bucket *into = find_bucket(metrics, history, bucket->minute);
    for (size_t i = 0; i < METRICS_STATS_MAX; i++) {
        if (is_account && !metrics_has_account(group, i)) continue;
        metrics_stat_merge(&history->totals[i], &bucket->stats[i]);
        if (into != NULL) metrics_stat_merge(&into->stats[i], &bucket->stats[i]);
    }
    for (size_t i = 0; i < metrics_time_count(group); i++) {
        if (is_account && !metrics_has_account(group, i)) continue;
        for (size_t k = 0; k < METRICS_BOUNDS; k++) {
            history->histograms[i][k] += bucket->histograms[i][k];
            if (into != NULL) into->histograms[i][k] += bucket->histograms[i][k];
        }
    }
}

void metrics_merge(struct metrics *metrics, enum metrics_group group, struct str key,
                   const struct metrics_bucket *bucket)
{
    struct metrics_subject subject = metrics_subject_of_key(group, key);
    bool is_qualified = subject.version.size > 0 || subject.alias.size > 0;
    char account_key[METRICS_REGION_SIZE_MAX + 5];
    pthread_mutex_lock(&metrics->mutex);
    merge_into(metrics, group, key, bucket, false);
    if (metrics_has_account(group, 0) && !is_qualified &&
        subject.region.size <= METRICS_REGION_SIZE_MAX) {
        subject.arn = STR("");
        size_t size = metrics_key(&subject, account_key);
        merge_into(metrics, group, (struct str){account_key, size}, bucket, true);
    }
    pthread_mutex_unlock(&metrics->mutex);
}
