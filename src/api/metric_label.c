// Dynamic labels: placeholders for what a series is of, and for figures of its points.
//
// Source: Amazon CloudWatch User Guide, "Using dynamic labels".

#include <assert.h>
#include <stdio.h>

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

enum { FIGURE_AVG, FIGURE_MAX, FIGURE_MIN, FIGURE_SUM, FIGURE_FIRST, FIGURE_LAST, FIGURE_COUNT };

static const char *const figure_names[FIGURE_COUNT] = {
    [FIGURE_AVG] = "AVG", [FIGURE_MAX] = "MAX",     [FIGURE_MIN] = "MIN",
    [FIGURE_SUM] = "SUM", [FIGURE_FIRST] = "FIRST", [FIGURE_LAST] = "LAST",
};

// An expansion. The figures are made when the first of them is asked for, and once.
struct expansion {
    struct metric_scope *scope;
    const struct metric_series *series;
    struct str plain;
    struct buffer buffer;
    bool has_figures;
    char figures[FIGURE_COUNT][32];
    enum status status; // Not STATUS_OK: the scope has no work left.
};

static void make_figures(struct expansion *expansion)
{
    const struct metric_series *series = expansion->series;
    if (!metric_work(expansion->scope, series->count)) {
        expansion->status = STATUS_INVALID;
        return;
    }
    expansion->has_figures = true;
    if (series->count == 0) return; // There are none.
    double sum = 0, max = series->points[0].value, min = max;
    for (size_t i = 0; i < series->count; i++) {
        double value = series->points[i].value;
        sum += value;
        if (value > max) max = value;
        if (value < min) min = value;
    }
    const double values[FIGURE_COUNT] = {
        [FIGURE_AVG] = sum / (double)series->count,
        [FIGURE_MAX] = max,
        [FIGURE_MIN] = min,
        [FIGURE_SUM] = sum,
        [FIGURE_FIRST] = series->points[0].value,
        [FIGURE_LAST] = series->points[series->count - 1].value,
    };
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        snprintf(expansion->figures[i], sizeof(expansion->figures[i]), "%.10g", values[i]);
}

static bool figure(struct expansion *expansion, struct str name)
{
    if (str_is(name, "DATAPOINT_COUNT")) {
        buffer_append_u64(&expansion->buffer, expansion->series->count);
        return true;
    }
    size_t which = 0;
    while (which < FIGURE_COUNT && !str_is(name, figure_names[which]))
        which++;
    if (which == FIGURE_COUNT) return false;
    if (!expansion->has_figures) make_figures(expansion);
    buffer_append_str(&expansion->buffer, str_from_c(expansion->figures[which]));
    return true;
}

static bool placeholder(struct expansion *expansion, struct str name)
{
    if (str_is(name, "LABEL")) {
        buffer_append_str(&expansion->buffer, expansion->plain);
        return true;
    }
    if (str_starts_with(name, STR("PROP('")) && str_ends_with(name, STR("')")) && name.size >= 8) {
        return property(&expansion->buffer, str_slice(name, 6, name.size - 8), expansion->series);
    }
    return figure(expansion, name);
}

enum status metric_label_expand(struct metric_scope *scope, struct str label, struct str plain,
                                const struct metric_series *series, struct str *ret_label)
{
    struct expansion expansion = {.scope = scope, .series = series, .plain = plain};
    struct buffer *buffer = &expansion.buffer;
    enum status status = STATUS_OK;
    assert(label.size <= METRIC_MATH_SIZE_MAX);
    buffer_init(buffer, LABEL_SIZE_MAX);
    while (expansion.status == STATUS_OK && !buffer->is_failed) {
        size_t start = str_find(label, STR("${"));
        size_t size = start == SIZE_MAX ? SIZE_MAX : str_find_byte(str_skip(label, start), '}');
        if (size == SIZE_MAX) break;
        buffer_append_str(buffer, str_slice(label, 0, start));
        if (!placeholder(&expansion, str_slice(label, start + 2, size - 2))) {
            buffer_append_str(buffer, str_slice(label, start, size + 1));
        }
        label = str_skip(label, start + size + 1);
    }
    buffer_append_str(buffer, label);
    if (expansion.status != STATUS_OK) {
        status = expansion.status;
    } else if (buffer->is_failed) {
        status = metric_refuse(scope, "its label comes to more than %d characters", LABEL_SIZE_MAX);
    } else if (!buffer_copy_to_arena(buffer, scope->arena, ret_label)) {
        status = STATUS_NO_MEMORY;
    }
    buffer_release(buffer);
    return status;
}
