// Dynamic labels.

#include <string.h>

#include "api/cloudwatch.h"
#include "api/metric_math.h"
#include "test/lib/test.h"

TEST(labels_tell_what_a_series_is_of_and_keep_what_they_do_not_know)
{
    static const struct cloudwatch_source source = {
        .metric = {.metric_namespace = STR_INIT("AWS/States"),
                   .name = STR_INIT("ExecutionTime"),
                   .dimensions = {{STR_INIT("StateMachineArn"), STR_INIT("arn:m")}},
                   .dimension_count = 1},
        .statistic = STR_INIT("p90"),
        .account = STR_INIT("000000000000"),
        .region = STR_INIT("r"),
    };
    static const struct {
        const char *label, *expanded;
    } cases[] = {
        {"", ""},
        {"plain $ text", "plain $ text"},
        {"${LABEL}", "m"},
        {"[max: ${MAX}] ${LABEL}!", "[max: 7.5] m!"},
        {"${AVG} ${MIN} ${SUM} ${FIRST} ${LAST} ${DATAPOINT_COUNT}", "3 -1.5 9 3 -1.5 3"},
        {"${PROP('Dim.StateMachineArn')}|&|${PROP('MetricName')}", "arn:m|&|ExecutionTime"},
        {"${PROP('Namespace')} ${PROP('Stat')} ${PROP('Period')}", "AWS/States p90 60"},
        {"${PROP('AccountId')} ${PROP('Region')}", "000000000000 r"},
        {"${PROP('Dim.Other')} ${LAST_TIME} ${} ${", "${PROP('Dim.Other')} ${LAST_TIME} ${} ${"},
        {"${PROP('} ${PROP('')}", "${PROP('} ${PROP('')}"},
    };
    struct metric_point points[] = {{0, 3}, {60, 7.5}, {120, -1.5}};
    const struct metric_series series = {
        .source = &source, .period_s = 60, .points = points, .count = ARRAY_COUNT(points)};
    const struct metric_series empty = {0};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct metric_scope scope = {.arena = &arena, .work_left = 1000};
    struct str label;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK(metric_label_expand(&scope, str_from_c(cases[i].label), STR("m"), &series, &label) ==
              STATUS_OK);
        if (str_is(label, cases[i].expanded)) continue;
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, cases[i].label, STR_ARGS(label));
    }
    CHECK(metric_label_expand(&scope, STR("${MAX} ${PROP('Stat')}"), STR(""), &empty, &label) ==
          STATUS_OK);
    CHECK(str_is(label, " ${PROP('Stat')}"));
}

TEST(labels_look_at_the_points_once_and_have_limits)
{
    struct metric_point points[] = {{0, 3}, {60, 7.5}, {120, -1.5}};
    const struct metric_series series = {.points = points, .count = ARRAY_COUNT(points)};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct metric_scope scope = {.arena = &arena, .work_left = 4};
    struct str label = {NULL, 0};
    CHECK(metric_label_expand(&scope, STR("plain"), STR(""), &series, &label) == STATUS_OK);
    CHECK(scope.work_left == 4);
    CHECK(metric_label_expand(&scope, STR("${MAX} ${MIN} ${MAX}"), STR(""), &series, &label) ==
          STATUS_OK);
    CHECK(str_is(label, "7.5 -1.5 7.5") && scope.work_left == 1);
    CHECK(metric_label_expand(&scope, STR("${MAX}"), STR(""), &series, &label) == STATUS_INVALID);
    CHECK(str_is(scope.message, "there is too much to compute"));

    static char plain[1500];
    memset(plain, 'x', sizeof(plain));
    CHECK(metric_label_expand(&scope, STR("${LABEL}${LABEL}${LABEL}"),
                              (struct str){plain, sizeof(plain)}, &series,
                              &label) == STATUS_INVALID);
    CHECK(str_is(scope.message, "its label comes to more than 4096 characters"));
}
