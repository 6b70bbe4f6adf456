// Retriers: which errors they match, and how long they wait.

#include "asl/machine.h"
#include "test/lib/test.h"

static bool matches(const char *name, const char *error)
{
    struct str names[] = {STR("Other"), str_from_c(name)};
    struct asl_error_list list = {.names = names, .count = 2};
    return asl_error_list_matches(&list, str_from_c(error));
}

TEST(error_names_match_themselves_and_what_they_stand_for)
{
    CHECK(matches("Mine", "Mine"));
    CHECK(!matches("Mine", "mine"));
    CHECK(matches("States.ALL", "Mine"));
    CHECK(matches("States.ALL", "States.Timeout"));
    CHECK(matches("States.TaskFailed", "Mine"));
    CHECK(!matches("States.TaskFailed", "States.Timeout"));
    CHECK(matches("States.TaskFailed", "States.HeartbeatTimeout"));
    CHECK(matches("States.Timeout", "States.HeartbeatTimeout"));
    CHECK(!matches("States.HeartbeatTimeout", "States.Timeout"));
    CHECK(matches("States.ALL", "States.QueryEvaluationError"));
}

TEST(some_errors_are_beyond_the_wildcards)
{
    CHECK(!matches("States.ALL", "States.Runtime"));
    CHECK(!matches("States.Runtime", "States.Runtime"));
    CHECK(!matches("States.ALL", "States.DataLimitExceeded"));
    CHECK(!matches("States.TaskFailed", "States.DataLimitExceeded"));
    CHECK(matches("States.DataLimitExceeded", "States.DataLimitExceeded"));
}

TEST(delays_grow_by_the_rate_up_to_the_cap)
{
    struct asl_retrier retrier = {.interval_seconds = 3, .attempts_max = 9, .backoff_rate = 2};
    CHECK(asl_retry_delay_ms(&retrier, 1, 0) == 3000);
    CHECK(asl_retry_delay_ms(&retrier, 2, 0) == 6000);
    CHECK(asl_retry_delay_ms(&retrier, 3, 0.9) == 12000);
    retrier.max_delay_seconds = 10;
    CHECK(asl_retry_delay_ms(&retrier, 3, 0) == 10000);
    retrier.backoff_rate = 1.5;
    CHECK(asl_retry_delay_ms(&retrier, 2, 0) == 4500);
}

TEST(jitter_draws_from_the_whole_interval)
{
    struct asl_retrier retrier = {
        .interval_seconds = 8, .backoff_rate = 1, .jitter_strategy = ASL_JITTER_FULL};
    CHECK(asl_retry_delay_ms(&retrier, 5, 0) == 0);
    CHECK(asl_retry_delay_ms(&retrier, 5, 0.5) == 4000);
}

TEST(delays_saturate)
{
    struct asl_retrier retrier = {
        .interval_seconds = 99999999, .attempts_max = 99999999, .backoff_rate = 1e300};
    CHECK(asl_retry_delay_ms(&retrier, 1, 0) == 99999999000);
    CHECK(asl_retry_delay_ms(&retrier, 99999999, 0) == 99999999000);
    retrier.interval_seconds = 0;
    CHECK(asl_retry_delay_ms(&retrier, 99999999, 0) == 0);
}
