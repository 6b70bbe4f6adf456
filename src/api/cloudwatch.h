// CloudWatch: what its files share.
//
// Three protocols lead to the same operations: JSON 1.0, the query protocol and rpc-v2-cbor. A
// request's body is a JSON value with the API's member names, an answer likewise; only the ends of
// the way differ (cloudwatch.c).

#pragma once

#include "api/api.h"
#include "runtime/metrics.h"

struct metric_search;

struct cloudwatch_call {
    struct metrics_visit visit;
    struct api_request *request;
    struct json body;
    struct json result;
    // Filled by the operation when it refuses.
    const char *error; // "InvalidParameterValue", …
    struct str message;
    enum status fault; // Not STATUS_OK: it could not go on.
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

struct cloudwatch_samples {
    struct cloudwatch_sample *items; // By time, periods without anything left out.
    size_t count;
    const char *unit;
};

// Which metrics, and when: one by its name, or all that a search finds.
struct cloudwatch_question {
    struct str metric_namespace;
    struct str name;
    const struct json *dimensions;      // A list of {Name, Value}, or NULL.
    const struct metric_search *search; // Not NULL: in place of the three above.
    size_t *work_left;                  // Not NULL: what it costs is taken from it.
    int64_t start_unix_s;               // Included; rounded down to the minute.
    int64_t end_unix_s;                 // Excluded.
    int64_t period_s;                   // A multiple of 60.
};

// Told of each metric, perhaps without samples, under the lock; what it gets is borrowed for the
// call. Anything but STATUS_OK ends the collecting.
typedef enum status (*cloudwatch_found_fn)(void *context, const struct cloudwatch_metric *metric,
                                           const struct cloudwatch_samples *samples);

// Returns STATUS_OK, STATUS_OVER_LIMIT (it is too much work) or what `found` returned.
MUST_USE enum status cloudwatch_collect(struct api_request *request,
                                        const struct cloudwatch_question *question,
                                        cloudwatch_found_fn found, void *context);

// ---------------------------------------------------------------------------------------------
// Members of requests, which the query protocol has as text (cloudwatch_operations.c). Each false
// after refusing.

struct str cloudwatch_text(const struct json *object, struct str name);
int64_t cloudwatch_integer(const struct json *object, struct str name, int64_t if_absent);
MUST_USE bool cloudwatch_read_range(struct cloudwatch_call *call,
                                    struct cloudwatch_question *question);
MUST_USE bool cloudwatch_read_period(struct cloudwatch_call *call, int64_t period,
                                     struct cloudwatch_question *question);
MUST_USE bool cloudwatch_read_statistic(struct cloudwatch_call *call, struct str name,
                                        struct cloudwatch_statistic *ret_statistic);
// A list of {Name, Value}, or NULL when there is none.
MUST_USE bool cloudwatch_read_dimensions(struct cloudwatch_call *call, const struct json *object,
                                         const struct json **ret_dimensions);

// The operation (cloudwatch_data.c).
void cloudwatch_get_data(struct cloudwatch_call *call);

// ---------------------------------------------------------------------------------------------
// Labels (metric_label.c)

struct metric_scope;
struct metric_series;

// What a series was made of, for labels.
struct cloudwatch_source {
    struct cloudwatch_metric metric; // Its texts in the request's arena.
    struct str statistic;
    struct str account;
    struct str region;
};

// "${PROP('Dim.StateMachineArn')} max ${MAX}" -> "arn:… max 7". What it does not know stays as it
// is.
//
//   scope       pays for the points that figures are of
//   label       at most METRIC_MATH_SIZE_MAX bytes
//   plain       what ${LABEL} is
//   series      whose `source` is a struct cloudwatch_source or NULL
//   ret_label   in the scope's arena
//
// Returns STATUS_OK, STATUS_INVALID (scope->message says why) or STATUS_NO_MEMORY.
MUST_USE enum status metric_label_expand(struct metric_scope *scope, struct str label,
                                         struct str plain, const struct metric_series *series,
                                         struct str *ret_label);
