// Fuzzes search expressions (src/api/metric_search.c), and dynamic labels (src/api/metric_label.c).
//
// Needs: api, base (api_dep).

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "api/metric_math.h"
#include "api/metric_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cloudwatch_source source = {
        .metric =
            {
                .metric_namespace = STR_INIT("AWS/States"),
                .name = STR_INIT("ExecutionsStarted"),
                .dimensions = {{STR_INIT("StateMachineArn"), STR_INIT("arn:stateMachine:Order-7")},
                               {STR_INIT("Version"), STR_INIT("17")}},
                .dimension_count = 2,
            },
        .statistic = STR_INIT("Sum"),
    };
    struct metric_point points[] = {{60, 0.1}, {120, 7}};
    const struct metric_series series = {.source = &source, .points = points, .count = 2};
    struct str text = {(const char *)data, size}, message = {NULL, 0};
    const struct metric_search *search;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(4));
    enum status status = metric_search_compile(&arena, text, &search, &message);
    assert((status == STATUS_INVALID) == (message.size > 0));
    if (status == STATUS_OK) metric_search_matches(search, &source.metric);
    struct str label = metric_label_expand(&arena, text, STR("plain"), &series);
    assert(str_find_byte(text, '$') != SIZE_MAX || size > 4096 || str_equal(label, text));
    return 0;
}
