// CloudWatch: what its files share.
//
// Three protocols lead to the same operations: JSON 1.0, the query protocol and rpc-v2-cbor. A
// request's body is a JSON value with the API's member names, an answer likewise; only the ends of
// the way differ (cloudwatch.c).

#pragma once

#include "api/api.h"
#include "runtime/metrics.h"

struct cloudwatch_call {
    struct metrics_visit visit;
    struct api_request *request;
    struct json body;
    struct json result;
    // Filled by the operation when it refuses.
    const char *error; // "InvalidParameterValue", …
    struct str message;
    // Computes the result (or refuses) after the workers have merged what they counted.
    void (*run)(struct cloudwatch_call *call);
};

struct cloudwatch_operation {
    struct str name;
    void (*run)(struct cloudwatch_call *call);
};
extern const struct cloudwatch_operation cloudwatch_operations[];
extern const size_t cloudwatch_operation_count;

void cloudwatch_refuse(struct cloudwatch_call *call, const char *error, const char *format, ...)
    PRINTF(3, 4);

// A form of the query protocol as a JSON object: "Dimensions.member.1.Name=x" is
// {"Dimensions": [{"Name": "x"}]}; everything else is text (cloudwatch_query.c).
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status cloudwatch_read_form(struct arena *arena, struct str form,
                                          struct json *ret_object);

// The result as XML elements.
void cloudwatch_write_xml(struct buffer *buffer, const struct json *result);

// ---------------------------------------------------------------------------------------------
// Metrics, as CloudWatch names them. Texts are borrowed from the history.

enum { CLOUDWATCH_DIMENSIONS_MAX = 2 };

struct cloudwatch_dimension {
    struct str name;
    struct str value;
};

struct cloudwatch_metric {
    struct str metric_namespace;
    struct str name;
    struct str region; // Empty: any.
    struct cloudwatch_dimension dimensions[CLOUDWATCH_DIMENSIONS_MAX];
    size_t dimension_count;
};

struct cloudwatch_metric cloudwatch_metric_of(const struct metrics_subject *subject, size_t index);
struct cloudwatch_metric cloudwatch_metric_of_gauge(const struct metrics_gauge_history *history);

// ---------------------------------------------------------------------------------------------
// Statistics (cloudwatch_statistics.c)

// A statistic by its name: Average, Sum, Minimum, Maximum, SampleCount, p0 to p100.
enum cloudwatch_statistic_kind {
    CLOUDWATCH_AVERAGE,
    CLOUDWATCH_SUM,
    CLOUDWATCH_MINIMUM,
    CLOUDWATCH_MAXIMUM,
    CLOUDWATCH_SAMPLE_COUNT,
    CLOUDWATCH_PERCENTILE,
};
struct cloudwatch_statistic {
    enum cloudwatch_statistic_kind kind;
    double percent;
};
MUST_USE bool cloudwatch_statistic_find(struct str name,
                                        struct cloudwatch_statistic *ret_statistic);

// What was counted in a period.
struct cloudwatch_sample {
    int64_t unix_s; // When the period begins.
    struct metrics_stat stat;
    uint64_t histogram[METRICS_BOUNDS];
    bool has_histogram;
};
double cloudwatch_statistic_value(const struct cloudwatch_statistic *statistic,
                                  const struct cloudwatch_sample *sample);

// Which metric, and when.
struct cloudwatch_question {
    struct str metric_namespace;
    struct str name;
    const struct json *dimensions; // A list of {Name, Value}, or NULL.
    int64_t start_unix_s;          // Included; rounded down to the minute.
    int64_t end_unix_s;            // Excluded.
    int64_t period_s;              // At least 60.
};

struct cloudwatch_samples {
    struct cloudwatch_sample *items; // By time, periods without anything left out.
    size_t count;
    const char *unit; // NULL: there is no such metric.
};

// Returns STATUS_OK or STATUS_NO_MEMORY.
MUST_USE enum status cloudwatch_collect(struct api_request *request,
                                        const struct cloudwatch_question *question,
                                        struct cloudwatch_samples *ret_samples);
