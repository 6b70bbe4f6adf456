// Dynamic labels.

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
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str label =
            metric_label_expand(&arena, str_from_c(cases[i].label), STR("m"), &series);
        if (str_is(label, cases[i].expanded)) continue;
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, cases[i].label, STR_ARGS(label));
    }
    CHECK(str_is(metric_label_expand(&arena, STR("${MAX} ${PROP('Stat')}"), STR(""), &empty),
                 " ${PROP('Stat')}"));
}
