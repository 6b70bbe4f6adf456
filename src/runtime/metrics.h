// Metrics: how many executions and tasks began and how they ended, by the minute.
//
// Each worker counts for itself, without locks or atomics, in the minute under way of each series
// (a state machine, a version or alias of one, an activity, a function, a service's action). When
// the minute is over, or somebody reads, the minute is merged into the shared history under a
// mutex. Readers visit the workers first:
//
//     counting -> merged   [the minute is over; a visit]
//
// Limits: METRICS_SERIES_MAX series a worker, METRICS_BUCKETS_MAX minutes in all and
// METRICS_DAYS_MAX days back. What does not fit is not counted. Nothing survives a restart.
//
// Gauges (how many there are now) cost the workers nothing: they are looked at once a minute and
// whenever somebody reads, and kept as runs of minutes with the same value (metrics_gauge.c).

#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "net/loop.h"

enum {
    METRICS_STATS_MAX = 14, // Of a group.
    METRICS_TIMES_MAX = 3,
    METRICS_BOUNDS = 28, // Of histograms, the last one without an upper bound.
    METRICS_SERIES_MAX = 4096,
    METRICS_BUCKETS_MAX = 50000,
    METRICS_DAYS_MAX = 15,
    METRICS_CACHE_SIZE = 64, // A power of two.
    METRICS_MINUTE_MS = 60000,
    METRICS_RUNS_MAX = 200000, // Of gauges, in all.
};

enum metrics_group {
    METRICS_STATE_MACHINE,
    METRICS_ACTIVITY,
    METRICS_FUNCTION,
    METRICS_SERVICE,
    METRICS_GROUP_COUNT,
};

// "ExecutionTime", "Milliseconds"; NULL beyond a group's last metric.
const char *metrics_name(enum metrics_group group, size_t index);
const char *metrics_unit(enum metrics_group group, size_t index);
size_t metrics_time_count(enum metrics_group group);
// Whether it is counted for the whole account as well.
bool metrics_has_account(enum metrics_group group, size_t index);

// Upper bounds in milliseconds, included; UINT64_MAX at the end.
extern const uint64_t metrics_bounds[METRICS_BOUNDS];

struct metrics_stat {
    uint64_t count;
    uint64_t sum;
    uint64_t min; // When count > 0, like `max`.
    uint64_t max;
};

void metrics_stat_merge(struct metrics_stat *into, const struct metrics_stat *stat);

struct metrics_bucket {
    int64_t minute; // Unix time in minutes.
    struct metrics_stat stats[METRICS_STATS_MAX];
    uint32_t histograms[METRICS_TIMES_MAX][METRICS_BOUNDS];
};

// What a series is about.
struct metrics_subject {
    enum metrics_group group;
    struct str region;
    // Of the unqualified state machine, the activity, the function, the action; empty: of all.
    struct str arn;
    struct str version; // "7"; empty, like `alias`, unless it is the series of one.
    struct str alias;
};

// Everything that is known of a subject, of all workers.
struct metrics_history {
    struct metrics_subject subject;
    struct metrics_stat totals[METRICS_STATS_MAX]; // Since the start.
    uint64_t histograms[METRICS_TIMES_MAX][METRICS_BOUNDS];
    struct metrics_bucket *buckets; // By time, minutes without anything left out.
    size_t count;
    size_t capacity;
    size_t first; // Older ones have been dropped.
    char key[];
};

enum metrics_gauge {
    METRICS_OPEN_EXECUTIONS, // Standard ones; of all regions, as the next.
    METRICS_OPEN_MAP_RUNS,
    METRICS_STATE_MACHINES,
    METRICS_ACTIVITIES,
    METRICS_ALIASES, // Of a state machine that has any, as the next.
    METRICS_VERSIONS,
    METRICS_GAUGE_COUNT,
};

// "OpenExecutionCount", "AWS/States"
const char *metrics_gauge_name(enum metrics_gauge gauge);
const char *metrics_gauge_namespace(enum metrics_gauge gauge);

// Minutes in which a gauge had the same value, which is the largest that was seen in the minute.
struct metrics_run {
    int64_t first_minute;
    int64_t last_minute; // Included.
    uint64_t value;
};

struct metrics_gauge_history {
    enum metrics_gauge gauge;
    struct str region; // Empty: all.
    struct str arn;    // Of the state machine; empty: of the account.
    bool is_current;
    uint64_t value;           // When it was last looked at, if it is current.
    struct metrics_run *runs; // By time.
    size_t count;
    size_t capacity;
    char key[];
};

// The shared part, in struct runtime.
struct metrics {
    pthread_mutex_t mutex;
    struct map histories; // By key.
    size_t bucket_count;
    struct map gauges; // By key.
    size_t run_count;
    uint64_t catalog_generation; // When the catalog was last counted.
    bool is_catalog_counted;
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

// All histories, sorted by nothing in particular, under the lock. Visit the workers first.
typedef void (*metrics_history_fn)(void *context, const struct metrics_history *history);
void metrics_each(struct metrics *metrics, metrics_history_fn callback, void *context);

typedef void (*metrics_gauge_fn)(void *context, const struct metrics_gauge_history *history);
void metrics_each_gauge(struct metrics *metrics, metrics_gauge_fn callback, void *context);

// ---------------------------------------------------------------------------------------------
// Counting, on a worker

struct metrics_series;

struct metrics_worker {
    struct map series; // By key.
    struct {
        uint64_t serial; // Of a state machine; 0: free.
        struct metrics_series *series;
    } cache[METRICS_CACHE_SIZE];
    struct list free_tasks;
};

struct engine_event;
struct engine_update;
struct engine_wait;
struct runtime;
struct runtime_execution;
struct runtime_worker;

void metrics_worker_init(struct metrics_worker *metrics);

void metrics_count_start(struct runtime_execution *execution);
void metrics_count_redrive(struct runtime_execution *execution);
void metrics_count_end(struct runtime_execution *execution, const struct engine_update *update);

// Tasks that a step began or ended.
void metrics_count_tasks(struct runtime_execution *execution, const struct engine_event *event,
                         const struct engine_update *update);

// A task that was under way when the execution was taken up again: its end is counted, its time is
// not known.
void metrics_resume_task(struct runtime_execution *execution, const struct engine_wait *wait);

// Nothing more is counted of it.
void metrics_forget_tasks(struct runtime_execution *execution);

// ---------------------------------------------------------------------------------------------
// Visiting

struct metrics_visit {
    struct mail mail;
    struct runtime *runtime;
    struct runtime_worker *worker; // Who reads.
    uint32_t next;
    // What the workers have now.
    uint64_t open_executions; // Standard, with those asleep.
    uint64_t sleeping_executions;
    uint64_t express_executions;
    uint64_t map_runs;
    void (*done)(struct metrics_visit *visit); // On the reader's thread.
};

// Have every worker merge what it has counted, and look at the gauges. `runtime`, `worker` and
// `done` are set; virtual time waits.
void metrics_visit(struct metrics_visit *visit);

// Visit once a minute from now on, on this worker's thread.
struct metrics_sampler {
    struct metrics_visit visit;
    struct net_timer timer;
};
void metrics_sample(struct metrics_sampler *sampler, struct runtime_worker *worker);
