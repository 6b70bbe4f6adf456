// Search expressions: which metrics a SEARCH of metric math is about.
//
//     {AWS/States,StateMachineArn} MetricName="ExecutionsFailed" (orders OR "…:stateMachine:x")
//
// A schema in braces wants this namespace and exactly these dimensions. A term in quotes is the
// whole of a metric's name, its namespace, a dimension's name or value; without quotes it is one or
// more of the words in them, in any case. "StateMachineArn=…" looks at that dimension only.
//
// Source: Amazon CloudWatch User Guide, "CloudWatch search expression syntax".

#pragma once

#include "api/cloudwatch.h"

enum { METRIC_SEARCH_SIZE_MAX = 1024, METRIC_SEARCH_DEPTH_MAX = 50 };

struct metric_search; // Lives in the arena that it was compiled to.

// STATUS_OK, STATUS_INVALID (a sentence without its full stop in *reterr_message) or
// STATUS_NO_MEMORY.
MUST_USE enum status metric_search_compile(struct arena *arena, struct str text,
                                           const struct metric_search **ret_search,
                                           struct str *reterr_message);

bool metric_search_matches(const struct metric_search *search,
                           const struct cloudwatch_metric *metric);

// How much it is to match one metric, in the measure of METRIC_MATH_WORK_MAX.
size_t metric_search_work(const struct metric_search *search);
