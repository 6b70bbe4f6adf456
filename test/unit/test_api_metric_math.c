// Metric math: what expressions parse to, and what comes of them.

#include <string.h>

#include "api/metric_math.h"
#include "base/buffer.h"
#include "test/lib/test.h"

// Three metrics by the minute, from minute 0 to 4; "-" is a gap.
//     m1 = 30 20 0 0 -    m2 = 20 - 20 - 5    m3 = - - - - -    and e1 = [m1, m2]
static const struct metric_point points_1[] = {{0, 30}, {60, 20}, {120, 0}, {180, 0}};
static const struct metric_point points_2[] = {{0, 20}, {120, 20}, {240, 5}};

struct world {
    struct arena arena;
    struct metric_scope scope;
    struct metric_series series[3];
    const struct metric_series *metrics[3];
};

static enum status find(struct metric_scope *scope, struct str id, struct metric_value *ret_value)
{
    for (size_t i = 0; i < scope->metric_count; i++) {
        if (!str_equal(scope->metrics[i]->id, id)) continue;
        *ret_value = (struct metric_value){
            .type = METRIC_VALUE_SERIES, .items = &scope->metrics[i], .count = 1};
        return STATUS_OK;
    }
    if (!str_is(id, "e1")) return STATUS_NOT_FOUND;
    *ret_value =
        (struct metric_value){.type = METRIC_VALUE_LIST, .items = scope->metrics, .count = 2};
    return STATUS_OK;
}

static enum status search(struct metric_scope *scope, const struct metric_value *arguments,
                          size_t argument_count, struct metric_value *ret_value)
{
    if (arguments[0].type != METRIC_VALUE_TEXT || argument_count != 3) return STATUS_INVALID;
    *ret_value =
        (struct metric_value){.type = METRIC_VALUE_LIST, .items = scope->metrics, .count = 1};
    return STATUS_OK;
}

static void world_init(struct world *world)
{
    static const char *const ids[] = {"m1", "m2", "m3"};
    arena_init(&world->arena, MIB(64));
    for (size_t i = 0; i < 3; i++) {
        world->series[i] =
            (struct metric_series){.id = str_from_c(ids[i]), .period_s = 60, .is_metric = true};
        world->metrics[i] = &world->series[i];
    }
    world->series[0].points = arena_alloc(&world->arena, sizeof(points_1));
    world->series[1].points = arena_alloc(&world->arena, sizeof(points_2));
    memcpy(world->series[0].points, points_1, sizeof(points_1));
    memcpy(world->series[1].points, points_2, sizeof(points_2));
    world->series[0].count = ARRAY_COUNT(points_1);
    world->series[1].count = ARRAY_COUNT(points_2);
    world->scope = (struct metric_scope){
        .arena = &world->arena,
        .start_unix_s = 0,
        .end_unix_s = 300,
        .period_s = 60,
        .metrics = world->metrics,
        .metric_count = 3,
        .points_left = METRIC_MATH_POINTS_MAX,
        .work_left = METRIC_MATH_WORK_MAX,
        .find = find,
        .search = search,
    };
}

// "30 - 0" by the minute, up to the last point; series of a list are in brackets; or the message.
static const char *result_of(const char *expression)
{
    static char text[2000];
    struct world world;
    struct metric_value value;
    struct buffer CLEANUP(buffer_release) buffer;
    world_init(&world);
    buffer_init(&buffer, sizeof(text));
    enum status status = metric_math_evaluate(&world.scope, str_from_c(expression), &value);
    if (status == STATUS_INVALID) buffer_append_str(&buffer, world.scope.message);
    for (size_t i = 0; status == STATUS_OK && i < value.count; i++) {
        const struct metric_series *series = value.items[i];
        if (value.type == METRIC_VALUE_LIST) buffer_append_str(&buffer, STR("["));
        for (int64_t unix_s = 0, at = 0; at < (int64_t)series->count; unix_s += 60) {
            if (at > 0 || unix_s > 0) buffer_append_byte(&buffer, ' ');
            if (series->points[at].unix_s == unix_s) {
                buffer_printf(&buffer, "%g", series->points[at++].value);
            } else {
                buffer_append_byte(&buffer, '-');
            }
        }
        if (value.type == METRIC_VALUE_LIST) buffer_append_str(&buffer, STR("]"));
    }
    buffer_append_byte(&buffer, '\0');
    memcpy(text, buffer.data, buffer.size);
    arena_release(&world.arena);
    return text;
}

struct expected {
    const char *expression;
    const char *result;
};

static void check_all(const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *result = result_of(cases[i].expression);
        if (strcmp(result, cases[i].result) == 0) continue;
        test_fail(__FILE__, __LINE__, "%s: \"%s\" instead of \"%s\"", cases[i].expression, result,
                  cases[i].result);
    }
}

TEST(operators_count_missing_points_as_zero_and_drop_what_is_divided_by_zero)
{
    static const struct expected cases[] = {
        {"m1", "30 20 0 0"},
        {"m1 + m2", "50 20 20 0 5"},
        {"m1 - m2", "10 20 -20 0 -5"},
        {"m1 / m2", "1.5 - 0 - 0"},
        {"100 * m1 / (m1 + m2)", "60 100 0 - 0"},
        {"-m1", "-30 -20 0 0"},
        {"2 - -m2*2", "42 - 42 - 12"},
        {"m2 ^ 2 ^ 0.5 > 40", "1 - 1 - 0"},
        {"-m2 ^ 2", "-400 - -400 - -25"},
        {"m2 ^ -1", "0.05 - 0.05 - 0.2"},
        {"1e1 + m1 - .5", "39.5 29.5 9.5 9.5"},
        {"m3 + 1", ""},
        {"m3 + m2", "20 - 20 - 5"},
        {"(m1)", "30 20 0 0"},
        {"10 / m1 * 3", "1 1.5"},
        {"m1 - 5 - 5", "20 10 -10 -10"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(comparisons_and_logic_give_zero_or_one)
{
    static const struct expected cases[] = {
        {"m1 < m2", "0 0 1 0 1"},
        {"m1 >= 30", "1 0 0 0"},
        {"m1 > 15 AND m2 > 15", "1 0 0 0 0"},
        {"m1 > 15 && m2 > 15", "1 0 0 0 0"},
        {"m1 > 15 OR m2 > 15", "1 1 1 0 0"},
        {"m1 == 0 || m1 != 20", "1 0 1 1"},
        {"1 <= 2 + 0 * m1", "1 1 1 1"},
        {"e1 > 10", "[1 1 0 0][1 - 1 - 0]"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(folds_make_a_number_of_a_series_and_a_series_of_a_list)
{
    static const struct expected cases[] = {
        {"m1 - MIN(m1)", "30 20 0 0"},
        {"m1 * 0 + SUM(m1)", "50 50 50 50"},
        {"m1 / MAX(m1)", "1 0.666667 0 0"},
        {"m2 - AVG(m2)", "5 - 5 - -10"},
        {"m1 * 0 + DATAPOINT_COUNT(m2)", "3 3 3 3"},
        {"m1 * 0 + STDDEV(m1)", "12.9904 12.9904 12.9904 12.9904"},
        {"SUM(METRICS())", "50 20 20 0 5"},
        {"SUM([m1, m2])", "50 20 20 0 5"},
        {"AVG(e1)", "25 10 10 0 2.5"},
        {"MIN([m1, m2])", "20 20 0 0 5"},
        {"MAX(e1)", "30 20 20 0 5"},
        {"STDDEV(e1)", "5 0 10 0 0"},
        {"DATAPOINT_COUNT(METRICS())", "2 1 2 1 1"},
        {"SUM(METRICS(\"2\"))", "20 - 20 - 5"},
        {"SUM([METRICS('1'), METRICS('2'), m1]) / METRIC_COUNT(METRICS())",
         "26.6667 13.3333 6.66667 0 1.66667"},
        {"SUM(100/[m1, m2])", "8.33333 5 5 - 20"},
        {"m1 + AVG(m3)", ""},
        {"SUM(METRICS(\"none\"))", ""},
        {"m1 * METRIC_COUNT(METRICS(\"none\"))", "0 0 0 0"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(functions_of_points_and_of_steps)
{
    static const struct expected cases[] = {
        {"ABS(m1 - m2)", "10 20 20 0 5"},
        {"CEIL(m2 / 3)", "7 - 7 - 2"},
        {"FLOOR(m2 / 3)", "6 - 6 - 1"},
        {"LOG10(m1 * 10)", "2.47712 2.30103"},
        {"LOG(m1 / m1)", "0 0"},
        {"m1 + ABS(-5)", "35 25 5 5"},
        {"RATE(m2)", "- - 0 - -0.125"},
        {"DIFF(m1)", "- -10 -20 0"},
        {"DIFF_TIME(m2)", "- - 120 - 120"},
        {"RUNNING_SUM(m1)", "30 50 50 50"},
        {"RATE(METRICS())", "[- -0.166667 -0.333333 0][- - 0 - -0.125][]"},
        {"m1 / PERIOD(m1)", "0.5 0.333333 0 0"},
        {"TIME_SERIES(MAX(m1))", "30 30 30 30 30"},
        {"MINUTE(m1)", "0 1 2 3 4"},
        {"DAY(m1) * 10000 + YEAR(m1)", "41970 41970 41970 41970 41970"},
        {"EPOCH(m1) + HOUR(m1) + DATE(m1) + MONTH(m1)", "2 62 122 182 242"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(fill_closes_gaps)
{
    static const struct expected cases[] = {
        {"FILL(m2, 0)", "20 0 20 0 5"},
        {"FILL(m2, REPEAT)", "20 20 20 20 5"},
        {"FILL(m1, REPEAT)", "30 20 0 0 0"},
        {"FILL(m2, LINEAR)", "20 20 20 12.5 5"},
        {"FILL(m1, LINEAR)", "30 20 0 0"},
        {"FILL(m2, m1)", "20 20 20 0 5"},
        {"FILL(m2, MIN(m2))", "20 5 20 5 5"},
        {"FILL(m3, 7)", "7 7 7 7 7"},
        {"FILL(METRICS(), 1)", "[30 20 0 0 1][20 1 20 1 5][1 1 1 1 1]"},
        {"100 * FILL(m2, 0) / FILL(m1, 1)", "66.6667 0 - - 500"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(if_chooses_by_the_point)
{
    static const struct expected cases[] = {
        {"IF(m1 < 25, m1)", "- 20 0 0"},
        {"IF(m1 < 25, 10, 2)", "2 10 10 10"},
        {"IF(m1, m2, 9)", "20 0 9 9"},
        {"IF(m1, 5, m2)", "5 5 20"},
        {"IF(m1, m2)", "20 0"},
        {"IF(1, m1, m2)", "30 20 0 0"},
        {"IF(0, m1)", ""},
        {"IF(FIRST(SORT(METRICS(), AVG, DESC)) > 10, 1, 0)", "1 - 1 - 0"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(lists_are_sorted_and_sliced)
{
    static const struct expected cases[] = {
        {"SORT(METRICS(), SUM, DESC)", "[30 20 0 0][20 - 20 - 5][]"},
        {"SORT(METRICS(), SUM, ASC)", "[20 - 20 - 5][30 20 0 0][]"},
        {"SORT(e1, MAX, ASC, 1)", "[20 - 20 - 5]"},
        {"SLICE(SORT(METRICS(), AVG, ASC), 1)", "[20 - 20 - 5][]"},
        {"SLICE(METRICS(), 0, 1)", "[30 20 0 0]"},
        {"SLICE(METRICS(), 2, 1)", ""},
        {"SLICE(METRICS(), -1, 99)", "[30 20 0 0][20 - 20 - 5][]"},
        {"REMOVE_EMPTY(METRICS())", "[30 20 0 0][20 - 20 - 5]"},
        {"LAST(e1)", "20 - 20 - 5"},
        {"FIRST(METRICS(\"none\"))", ""},
        {"REMOVE_EMPTY(SEARCH(' {AWS/States} MetricName=\"x\" ', 'Sum', 60)) / 10", "[3 2 0 0]"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

TEST(what_is_wrong_is_said)
{
    static const struct expected cases[] = {
        {"", "the expression ends too early"},
        {"m1 +", "the expression ends too early"},
        {"m1 m2", "unexpected \"m2\""},
        {"(m1", "the expression ends too early"},
        {"m1)", "unexpected \")\""},
        {"m1 = 3", "unexpected \"=\""},
        {"1.2.3 * m1", "unexpected \"1.2.3\""},
        {"METRICS(\"a)", "unexpected \"\"a)\""},
        {"[m1,]", "unexpected \"]\""},
        {"AVG(m1)", "the result must be a time series or an array of time series"},
        {"\"m1\"", "the result must be a time series or an array of time series"},
        {"m9 * 2", "there is no metric or expression with the id \"m9\""},
        {"m1 + \"a\"", "an operator needs numbers and time series"},
        {"METRICS() / METRICS()", "an operator cannot stand between two arrays of time series"},
        {"[m1, 5]", "an array may hold time series only"},
        {"SUM(m1, m2)", "SUM does not take 2 arguments"},
        {"SUM(5)", "SUM takes a time series or an array of time series"},
        {"sum(m1)", "the function \"sum\" is not supported"},
        {"ANOMALY_DETECTION_BAND(m1, 2)",
         "the function \"ANOMALY_DETECTION_BAND\" is not supported"},
        {"PERIOD(m1 + m2)", "PERIOD takes the id of a metric"},
        {"FILL(m1, ASC)", "FILL takes a number, a time series, REPEAT or LINEAR second"},
        {"IF(METRICS(), 1, 0)", "IF takes two or three numbers and time series"},
        {"SORT(METRICS(), AVG, UP)", "SORT takes an array of time series, AVG, MIN, MAX or SUM, "
                                     "ASC or DESC, and a number or nothing"},
    };
    check_all(cases, ARRAY_COUNT(cases));
}

static bool is_too_much_for(const char *expression, size_t work_left)
{
    struct world world;
    struct metric_value value;
    world_init(&world);
    world.scope.work_left = work_left;
    enum status status = metric_math_evaluate(&world.scope, str_from_c(expression), &value);
    bool is_too_much =
        status == STATUS_INVALID && str_is(world.scope.message, "there is too much to compute");
    CHECK(is_too_much || status == STATUS_OK);
    arena_release(&world.arena);
    return is_too_much;
}

// m1 has 4 points, m2 has 3, m3 none; a grid has 5.
TEST(every_walk_over_points_is_paid_for)
{
    static const struct {
        const char *expression;
        size_t work;
    } cases[] = {
        {"SORT([m1, m2, m3, m1], SUM, ASC)", 4 + 3 + 4},
        {"SORT([m1, m1, m1], SUM, ASC, 0)", 12},
        {"IF(m1, 5)", 4},
        {"IF(m1, m2)", 4 + 3},
        {"IF(m1, m2, m1)", 4 + 3 + 4},
        {"FILL(m2, 0)", 5 + 3},
        {"FILL(m2, m1)", 5 + 3 + 4},
        {"FILL([m3, m2], m1)", 5 + 4 + 5 + 3 + 4},
        {"TIME_SERIES(MAX(m1))", 4 + 5},
        {"ABS(m1)", 4},
        {"m1 + m2", 4 + 3},
        {"MAX([m1, m2])", 4 + 3 + 5 * 2 * 2},
        {"METRICS('m')", 3 * 2},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (!is_too_much_for(cases[i].expression, cases[i].work) &&
            is_too_much_for(cases[i].expression, cases[i].work - 1)) {
            continue;
        }
        test_fail(__FILE__, __LINE__, "%s does not cost %zu", cases[i].expression, cases[i].work);
    }
}

TEST(expressions_have_limits)
{
    static const char *const parts[] = {"(", "-", "2^", "ABS(", "["};
    char text[METRIC_MATH_SIZE_MAX + 100];
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        size_t size = 0;
        for (int k = 0; k < 300; k++)
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", parts[i]);
        CHECK(strcmp(result_of(text), "the expression is nested too deeply") == 0);
    }
    size_t size = 0;
    while (size + 3 < METRIC_MATH_SIZE_MAX)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "1+");
    snprintf(text + size, sizeof(text) - size, "m1");
    CHECK(strncmp(result_of(text), "105", 3) == 0);
    memset(text, ' ', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    CHECK(strcmp(result_of(text), "it is longer than 2048 characters") == 0);

    struct world world;
    struct metric_value value;
    world_init(&world);
    world.scope.end_unix_s = 60LL * METRIC_MATH_POINTS_MAX * 2;
    CHECK(metric_math_evaluate(&world.scope, STR("FILL(m1, 0)"), &value) == STATUS_INVALID);
    CHECK(str_is(world.scope.message, "there are too many data points"));
    world.scope.work_left = 150;
    CHECK(metric_math_evaluate(&world.scope, STR("m1 * SUM(SUM(METRICS()) * SUM(METRICS()))"),
                               &value) == STATUS_OK);
    CHECK(metric_math_evaluate(&world.scope, STR("m1 * SUM(SUM(METRICS()) * SUM(METRICS()))"),
                               &value) == STATUS_INVALID);
    CHECK(str_is(world.scope.message, "there is too much to compute"));
    arena_release(&world.arena);
}
