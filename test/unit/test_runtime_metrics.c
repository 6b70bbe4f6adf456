// The history of metrics: minutes merged, kept in order and within their limits.

#include "base/random.h"
#include "runtime/metrics_private.h"
#include "test/lib/test.h"

static const struct metrics_subject subject = {
    .group = METRICS_STATE_MACHINE, .region = STR_INIT("r"), .arn = STR_INIT("arn:m")};

static void add(struct metrics *metrics, struct metrics_subject of, int64_t minute, uint64_t value)
{
    char key[64];
    size_t size = metrics_key(&of, key);
    struct metrics_bucket bucket = {.minute = minute};
    CHECK(size == metrics_key_size(&of));
    bucket.stats[0] = (struct metrics_stat){1, value, value, value};
    bucket.histograms[0][0] = 1;
    metrics_merge(metrics, of.group, (struct str){key, size}, &bucket);
}

struct view {
    size_t history_count;
    size_t bucket_count;
    int64_t oldest;
    uint64_t total;
    uint64_t account_total;
    size_t account_bucket_count;
    uint64_t sum;
    bool is_sorted;
};

static void look(void *context, const struct metrics_history *history)
{
    struct view *view = context;
    if (history->subject.arn.size == 0) {
        view->account_total += history->totals[0].count;
        view->account_bucket_count += history->count - history->first;
        return;
    }
    view->history_count++;
    view->total += history->totals[0].count;
    for (size_t i = history->first; i < history->count; i++) {
        const struct metrics_bucket *bucket = &history->buckets[i];
        view->bucket_count++;
        view->sum += bucket->stats[0].sum;
        if (bucket->minute < view->oldest) view->oldest = bucket->minute;
        if (i > history->first && bucket->minute <= bucket[-1].minute) view->is_sorted = false;
    }
}

static struct view view_of(struct metrics *metrics)
{
    struct view view = {.is_sorted = true, .oldest = INT64_MAX};
    metrics_each(metrics, look, &view);
    return view;
}

TEST(minutes_of_several_workers_are_merged_and_sorted)
{
    struct metrics metrics;
    struct random random;
    uint64_t sum = 0;
    metrics_init(&metrics);
    random_init_seed(&random, 3);
    for (int i = 0; i < 2000; i++) {
        uint64_t value = random_u64(&random) % 100;
        sum += value;
        add(&metrics, subject, 1000 + (int64_t)(random_u64(&random) % 50), value);
    }
    struct view view = view_of(&metrics);
    CHECK(view.history_count == 1 && view.bucket_count == 50 && view.is_sorted);
    CHECK(view.sum == sum && view.total == 2000);
    metrics_release(&metrics);
}

TEST(subjects_are_told_apart_and_their_texts_come_back)
{
    struct metrics_subject version = subject;
    version.version = STR("7");
    char key[64];
    size_t size = metrics_key(&version, key);
    struct metrics_subject back =
        metrics_subject_of_key(METRICS_STATE_MACHINE, (struct str){key, size});
    CHECK(str_is(back.arn, "arn:m") && str_is(back.region, "r") && str_is(back.version, "7"));
    CHECK(back.alias.size == 0);

    struct metrics metrics;
    metrics_init(&metrics);
    add(&metrics, subject, 1, 1);
    add(&metrics, version, 1, 1);
    CHECK(view_of(&metrics).history_count == 2);
    metrics_release(&metrics);
}

TEST(the_account_is_the_sum_of_its_state_machines_without_their_versions)
{
    struct metrics_subject version = subject, other = subject, abroad = subject;
    struct metrics metrics;
    version.version = STR("7");
    other.arn = STR("arn:other");
    abroad.region = STR("elsewhere");
    metrics_init(&metrics);
    add(&metrics, subject, 1, 1);
    add(&metrics, version, 1, 1);
    add(&metrics, other, 2, 1);
    CHECK(view_of(&metrics).account_total == 2);
    add(&metrics, abroad, 2, 1);
    CHECK(view_of(&metrics).account_total == 3);
    CHECK(metrics.histories.count == 4 + 2); // An account in each of the regions.
    metrics_release(&metrics);
}

TEST(minutes_older_than_fifteen_days_go)
{
    struct metrics metrics;
    metrics_init(&metrics);
    for (int64_t minute = 0; minute < 100; minute++)
        add(&metrics, subject, minute, 1);
    int64_t later = METRICS_DAYS_MAX * 24 * 60 + 50;
    add(&metrics, subject, later, 1);
    struct view view = view_of(&metrics);
    CHECK(view.oldest == 50 && view.bucket_count == 51 && view.total == 101);
    metrics_release(&metrics);
}

TEST(the_oldest_minute_of_all_makes_room)
{
    struct metrics metrics;
    struct metrics_subject other = subject;
    other.arn = STR("arn:other");
    metrics_init(&metrics);
    for (int64_t minute = 0; minute < METRICS_BUCKETS_MAX / 3; minute++) {
        add(&metrics, subject, minute, 1);
        add(&metrics, other, minute, 1);
        if (minute % 2 == 0) add(&metrics, subject, minute - 1, 1); // Late.
    }
    metrics.bucket_count = METRICS_BUCKETS_MAX; // As if others had taken the rest.
    struct view before = view_of(&metrics);
    for (int64_t i = 0; i < 100; i++)
        add(&metrics, subject, METRICS_BUCKETS_MAX / 3 + i, 1);
    struct view after = view_of(&metrics);
    CHECK(metrics.bucket_count == METRICS_BUCKETS_MAX);
    CHECK(after.bucket_count + after.account_bucket_count ==
          before.bucket_count + before.account_bucket_count);
    CHECK(after.oldest > before.oldest && after.is_sorted);
    metrics_release(&metrics);
}

// ---------------------------------------------------------------------------------------------
// Gauges

enum { MINUTES = 400 };

// What the runs say of each minute, -1 where nothing is known.
static void expand(const struct metrics_gauge_history *history, int64_t values[static MINUTES])
{
    for (int i = 0; i < MINUTES; i++)
        values[i] = -1;
    for (size_t i = 0; i < history->count; i++) {
        const struct metrics_run *run = &history->runs[i];
        CHECK(run->first_minute <= run->last_minute);
        CHECK(i == 0 || run->first_minute > run[-1].last_minute);
        for (int64_t minute = run->first_minute; minute <= run->last_minute; minute++)
            values[minute] = (int64_t)run->value;
    }
}

TEST(runs_tell_the_largest_value_of_each_minute)
{
    struct random random;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct metrics metrics;
        int64_t expected[MINUTES], found[MINUTES];
        for (int i = 0; i < MINUTES; i++)
            expected[i] = -1;
        random_init_seed(&random, seed);
        metrics_init(&metrics);
        struct metrics_gauge_history *history =
            metrics_gauge_find(&metrics, METRICS_VERSIONS, STR("r"), STR("arn:m"));
        for (int64_t minute = 0; minute < MINUTES;) {
            int64_t value = (int64_t)(random_u64(&random) % 3);
            metrics_gauge_set(&metrics, history, minute, (uint64_t)value);
            CHECK(history->value == (uint64_t)value);
            if (value > expected[minute]) expected[minute] = value;
            minute += random_u64(&random) % 10 == 0 ? 3 : (int64_t)(random_u64(&random) % 2);
        }
        expand(history, found);
        CHECK(memcmp(expected, found, sizeof(found)) == 0);
        CHECK(metrics.run_count == history->count);
        CHECK(metrics_gauge_find(&metrics, METRICS_VERSIONS, STR("r"), STR("arn:m")) == history);
        CHECK(str_is(history->arn, "arn:m") && str_is(history->region, "r"));
        metrics_release(&metrics);
    }
}

TEST(what_never_changes_is_one_run_of_fifteen_days)
{
    struct metrics metrics;
    metrics_init(&metrics);
    struct metrics_gauge_history *history =
        metrics_gauge_find(&metrics, METRICS_OPEN_EXECUTIONS, STR(""), STR(""));
    for (int64_t minute = 0; minute < 30000; minute++)
        metrics_gauge_set(&metrics, history, minute, 7);
    CHECK(history->count == 1 && history->runs[0].last_minute == 29999);
    CHECK(history->runs[0].first_minute == 29999 - METRICS_DAYS_MAX * 24 * 60);
    metrics_gauge_set(&metrics, history, 100, 9); // A clock set back.
    CHECK(history->count == 1 && history->runs[0].value == 7);
    metrics_release(&metrics);
}

TEST(runs_are_limited_in_all)
{
    struct metrics metrics;
    metrics_init(&metrics);
    struct metrics_gauge_history *history =
        metrics_gauge_find(&metrics, METRICS_OPEN_EXECUTIONS, STR(""), STR(""));
    struct metrics_gauge_history *other =
        metrics_gauge_find(&metrics, METRICS_VERSIONS, STR("r"), STR("arn:m"));
    for (int64_t minute = 0; minute < 10; minute++)
        metrics_gauge_set(&metrics, history, minute, (uint64_t)minute);
    metrics.run_count = METRICS_RUNS_MAX; // As if others had taken the rest.
    metrics_gauge_set(&metrics, history, 10, 0);
    CHECK(history->count == 10 && history->runs[0].first_minute == 1);
    metrics_gauge_set(&metrics, other, 10, 0);
    CHECK(other->count == 0 && metrics.run_count == METRICS_RUNS_MAX);
    metrics_release(&metrics);
}
