// Gauges: what there is now, as runs of minutes with the same value. What rarely changes, such as
// the number of state machines, is one run however long it is watched.

#include <assert.h>
#include <stdlib.h>

#include "runtime/metrics_private.h"
#include "runtime/worker.h"

static const struct {
    const char *name, *metric_namespace;
} gauge_table[METRICS_GAUGE_COUNT] = {
    [METRICS_OPEN_EXECUTIONS] = {"OpenExecutionCount", "AWS/States"},
    [METRICS_OPEN_MAP_RUNS] = {"ApproximateOpenMapRunCount", "AWS/States"},
    [METRICS_STATE_MACHINES] = {"StateMachineCount", "AWS/Usage"},
    [METRICS_ACTIVITIES] = {"ActivityCount", "AWS/Usage"},
    [METRICS_ALIASES] = {"AliasCount", "AWS/States"},
    [METRICS_VERSIONS] = {"VersionCount", "AWS/States"},
};

enum { KEY_SIZE_MAX = 1024, MINUTES_MAX = METRICS_DAYS_MAX * 24 * 60 };

const char *metrics_gauge_name(enum metrics_gauge gauge)
{
    return gauge_table[gauge].name;
}

const char *metrics_gauge_namespace(enum metrics_gauge gauge)
{
    return gauge_table[gauge].metric_namespace;
}

void metrics_each_gauge(struct metrics *metrics, metrics_gauge_fn callback, void *context)
{
    pthread_mutex_lock(&metrics->mutex);
    MAP_EACH(entry, &metrics->gauges)
    {
        callback(context, entry->value);
    }
    pthread_mutex_unlock(&metrics->mutex);
}

static void free_history(struct metrics *metrics, struct metrics_gauge_history *history)
{
    metrics->run_count -= history->count;
    free(history->runs);
    free(history);
}

void metrics_release_gauges(struct metrics *metrics)
{
    MAP_EACH(entry, &metrics->gauges)
    {
        free_history(metrics, entry->value);
    }
    map_release(&metrics->gauges);
}

// ---------------------------------------------------------------------------------------------
// Runs

struct metrics_gauge_history *metrics_gauge_find(struct metrics *metrics, enum metrics_gauge gauge,
                                                 struct str region, struct str arn)
{
    char key[KEY_SIZE_MAX];
    size_t size = 1 + region.size + arn.size;
    if (size > sizeof(key)) return NULL;
    key[0] = (char)('0' + gauge);
    if (region.size > 0) memcpy(key + 1, region.data, region.size);
    if (arn.size > 0) memcpy(key + 1 + region.size, arn.data, arn.size);
    struct metrics_gauge_history *history = map_find(&metrics->gauges, (struct str){key, size});
    if (history != NULL || metrics->gauges.count >= METRICS_SERIES_MAX) return history;
    history = calloc(1, sizeof(*history) + size);
    if (history == NULL) return NULL;
    memcpy(history->key, key, size);
    history->gauge = gauge;
    history->region = (struct str){history->key + 1, region.size};
    history->arn = (struct str){history->key + 1 + region.size, arn.size};
    if (map_set(&metrics->gauges, (struct str){history->key, size}, history)) return history;
    free(history);
    return NULL;
}

static void drop_first(struct metrics *metrics, struct metrics_gauge_history *history)
{
    assert(history->count > 0);
    history->count--;
    metrics->run_count--;
    memmove(history->runs, history->runs + 1, history->count * sizeof(*history->runs));
}

static void append(struct metrics *metrics, struct metrics_gauge_history *history, int64_t minute,
                   uint64_t value)
{
    if (metrics->run_count >= METRICS_RUNS_MAX && history->count > 0) drop_first(metrics, history);
    if (metrics->run_count >= METRICS_RUNS_MAX) return;
    if (history->count == history->capacity) {
        size_t capacity = history->capacity == 0 ? 2 : 2 * history->capacity;
        struct metrics_run *runs = realloc(history->runs, capacity * sizeof(*runs));
        if (runs == NULL) return;
        history->runs = runs;
        history->capacity = capacity;
    }
    history->runs[history->count++] = (struct metrics_run){minute, minute, value};
    metrics->run_count++;
}

static void forget_before(struct metrics *metrics, struct metrics_gauge_history *history,
                          int64_t minute)
{
    while (history->count > 0 && history->runs[0].last_minute < minute)
        drop_first(metrics, history);
    if (history->count > 0 && history->runs[0].first_minute < minute) {
        history->runs[0].first_minute = minute;
    }
}

void metrics_gauge_set(struct metrics *metrics, struct metrics_gauge_history *history,
                       int64_t minute, uint64_t value)
{
    history->is_current = true;
    history->value = value;
    forget_before(metrics, history, minute - MINUTES_MAX);
    struct metrics_run *last = history->count == 0 ? NULL : &history->runs[history->count - 1];
    if (last == NULL || minute > last->last_minute) {
        if (last != NULL && minute == last->last_minute + 1 && value == last->value) {
            last->last_minute = minute;
        } else {
            append(metrics, history, minute, value);
        }
        return;
    }
    // Of several looks in a minute the largest counts. A clock set back adds nothing.
    if (minute < last->last_minute || value <= last->value) return;
    if (last->first_minute == minute) {
        last->value = value;
    } else {
        last->last_minute--;
        append(metrics, history, minute, value);
    }
}

// ---------------------------------------------------------------------------------------------
// Looking

static void count_one(struct metrics *metrics, enum metrics_gauge gauge, struct str region,
                      struct str arn)
{
    struct metrics_gauge_history *history = metrics_gauge_find(metrics, gauge, region, arn);
    if (history == NULL) return;
    history->value = history->is_current ? history->value + 1 : 1;
    history->is_current = true;
}

// What is not there any more is not current any more.
static void count_catalog(struct metrics *metrics, struct catalog *catalog)
{
    uint64_t generation = atomic_load(&catalog->generation);
    if (metrics->is_catalog_counted && metrics->catalog_generation == generation) return;
    MAP_EACH(entry, &metrics->gauges)
    {
        ((struct metrics_gauge_history *)entry->value)->is_current = false;
    }
    pthread_mutex_lock(&catalog->mutex);
    metrics->catalog_generation = atomic_load(&catalog->generation);
    MAP_EACH(place, &catalog->by_arn)
    {
        const struct catalog_entry *entry = place->value;
        enum store_kind kind = entry->type->kind;
        if (kind == STORE_KIND_STATE_MACHINE) {
            count_one(metrics, METRICS_STATE_MACHINES, entry->region, STR(""));
        } else if (kind == STORE_KIND_ACTIVITY) {
            count_one(metrics, METRICS_ACTIVITIES, entry->region, STR(""));
        } else if (kind == STORE_KIND_STATE_MACHINE_ALIAS) {
            count_one(metrics, METRICS_ALIASES, entry->region, entry->parent_arn);
        } else if (kind == STORE_KIND_STATE_MACHINE_VERSION) {
            count_one(metrics, METRICS_VERSIONS, entry->region, entry->parent_arn);
        }
    }
    pthread_mutex_unlock(&catalog->mutex);
    metrics->is_catalog_counted = true;
}

static void set_of_all(struct metrics *metrics, enum metrics_gauge gauge, int64_t minute,
                       uint64_t value)
{
    struct metrics_gauge_history *history = metrics_gauge_find(metrics, gauge, STR(""), STR(""));
    if (history != NULL) metrics_gauge_set(metrics, history, minute, value);
}

void metrics_look(struct metrics_visit *visit)
{
    struct runtime *runtime = visit->runtime;
    struct metrics *metrics = &runtime->metrics;
    int64_t minute = clock_unix_ms(runtime->clock) / METRICS_MINUTE_MS;
    pthread_mutex_lock(&metrics->mutex);
    count_catalog(metrics, &runtime->catalog);
    set_of_all(metrics, METRICS_OPEN_EXECUTIONS, minute, visit->open_executions);
    set_of_all(metrics, METRICS_OPEN_MAP_RUNS, minute, visit->map_runs);
    for (size_t i = metrics->gauges.count; i-- > 0;) {
        struct map_entry *entry = &metrics->gauges.entries[i];
        struct metrics_gauge_history *history = entry->value;
        if (history->is_current) {
            metrics_gauge_set(metrics, history, minute, history->value);
            continue;
        }
        forget_before(metrics, history, minute - MINUTES_MAX);
        if (history->count > 0) continue;
        map_remove(&metrics->gauges, entry->key);
        free_history(metrics, history);
    }
    pthread_mutex_unlock(&metrics->mutex);
}
