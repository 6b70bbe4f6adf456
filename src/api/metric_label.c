// Dynamic labels: placeholders for what a series is of, and for figures of its points.
//
// Source: Amazon CloudWatch User Guide, "Using dynamic labels".

#include <string.h>

#include "api/cloudwatch.h"
#include "api/metric_math.h"

enum { LABEL_SIZE_MAX = 4096 };

static bool property(struct buffer *buffer, struct str name, const struct metric_series *series)
{
    const struct cloudwatch_source *source = series->source;
    struct str value = {NULL, 0};
    if (str_is(name, "Period")) {
        buffer_printf(buffer, "%lld", (long long)series->period_s);
        return true;
    }
    if (source == NULL) return false;
    if (str_is(name, "MetricName")) value = source->metric.name;
    if (str_is(name, "Namespace")) value = source->metric.metric_namespace;
    if (str_is(name, "Stat")) value = source->statistic;
    if (str_is(name, "Region")) value = source->region;
    if (str_is(name, "AccountId")) value = source->account;
    for (size_t i = 0; i < source->metric.dimension_count; i++) {
        const struct cloudwatch_dimension *dimension = &source->metric.dimensions[i];
        if (str_starts_with(name, STR("Dim.")) && str_equal(str_skip(name, 4), dimension->name)) {
            value = dimension->value;
        }
    }
    buffer_append_str(buffer, value);
    return value.data != NULL;
}

static bool figure(struct buffer *buffer, struct str name, const struct metric_series *series)
{
    static const char *const names[] = {"AVG", "MAX", "MIN", "SUM", "FIRST", "LAST"};
    double sum = 0;
    if (str_is(name, "DATAPOINT_COUNT")) {
        buffer_printf(buffer, "%zu", series->count);
        return true;
    }
    size_t which = 0;
    while (which < ARRAY_COUNT(names) && !str_is(name, names[which]))
        which++;
    if (which == ARRAY_COUNT(names)) return false;
    if (series->count == 0) return true; // There is none.
    double max = series->points[0].value, min = max, first = max;
    for (size_t i = 0; i < series->count; i++) {
        double value = series->points[i].value;
        sum += value;
        if (value > max) max = value;
        if (value < min) min = value;
    }
    const double values[] = {
        sum / (double)series->count, max, min, sum, first, series->points[series->count - 1].value};
    buffer_printf(buffer, "%.10g", values[which]);
    return true;
}

static bool placeholder(struct buffer *buffer, struct str name, struct str plain,
                        const struct metric_series *series)
{
    if (str_is(name, "LABEL")) {
        buffer_append_str(buffer, plain);
        return true;
    }
    if (str_starts_with(name, STR("PROP('")) && str_ends_with(name, STR("')")) && name.size >= 8) {
        return property(buffer, str_slice(name, 6, name.size - 8), series);
    }
    return figure(buffer, name, series);
}

struct str metric_label_expand(struct arena *arena, struct str label, struct str plain,
                               const struct metric_series *series)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct str expanded;
    buffer_init(&buffer, LABEL_SIZE_MAX);
    for (;;) {
        size_t start = str_find(label, STR("${"));
        size_t size = start == SIZE_MAX ? SIZE_MAX : str_find_byte(str_skip(label, start), '}');
        if (size == SIZE_MAX) break;
        buffer_append_str(&buffer, str_slice(label, 0, start));
        if (!placeholder(&buffer, str_slice(label, start + 2, size - 2), plain, series)) {
            buffer_append_str(&buffer, str_slice(label, start, size + 1));
        }
        label = str_skip(label, start + size + 1);
    }
    buffer_append_str(&buffer, label);
    return buffer_copy_to_arena(&buffer, arena, &expanded) ? expanded : plain;
}
