// Fuzzes metric math (src/api/metric_math*.c): an expression over three small series.
//
// Needs: api, base (api_dep).

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "api/metric_math.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status find(struct metric_scope *scope, struct str id, struct metric_value *ret_value)
{
    for (size_t i = 0; i < scope->metric_count; i++) {
        if (!str_equal(scope->metrics[i]->id, id)) continue;
        *ret_value = (struct metric_value){
            .type = METRIC_VALUE_SERIES, .items = &scope->metrics[i], .count = 1};
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static enum status search(struct metric_scope *scope, const struct metric_value *arguments,
                          size_t argument_count, struct metric_value *ret_value)
{
    assert(argument_count == 2 || argument_count == 3);
    if (arguments[0].type != METRIC_VALUE_TEXT) return STATUS_INVALID;
    *ret_value =
        (struct metric_value){.type = METRIC_VALUE_LIST, .items = scope->metrics, .count = 2};
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct metric_point points[] = {{0, 30}, {60, 0}, {180, -1}, {240, 1e200}};
    static const struct metric_series series[] = {
        {.id = STR_INIT("a"), .period_s = 60, .is_metric = true, .points = points, .count = 3},
        {.id = STR_INIT("b"), .period_s = 120, .points = points + 1, .count = 3},
        {.id = STR_INIT("c"), .period_s = 60, .is_metric = true},
    };
    const struct metric_series *metrics[] = {&series[0], &series[1], &series[2]};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    struct metric_scope scope = {
        .arena = &arena,
        .end_unix_s = 300,
        .period_s = 60,
        .metrics = metrics,
        .metric_count = ARRAY_COUNT(metrics),
        .points_left = 10000,
        .work_left = 100000,
        .find = find,
        .search = search,
    };
    struct metric_value value;
    enum status status =
        metric_math_evaluate(&scope, (struct str){(const char *)data, size}, &value);
    if (status != STATUS_OK) return 0;
    assert(value.type == METRIC_VALUE_SERIES ? value.count == 1 : value.type == METRIC_VALUE_LIST);
    for (size_t i = 0; i < value.count; i++) {
        for (size_t k = 0; k < value.items[i]->count; k++) {
            const struct metric_point *point = &value.items[i]->points[k];
            assert(isfinite(point->value) && (k == 0 || point->unix_s > point[-1].unix_s));
        }
    }
    return 0;
}
