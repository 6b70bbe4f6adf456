// Inspection: one state is tested, and what becomes of its data on the way is told.
//
// An execution that is started with an inspection runs the first state of its machine and ends when
// that state is left, fails, or would be tried again. A result or an error may stand in for the
// work of the state ("mock"); then no task, branch or iteration is started. Map and Parallel states
// can be inspected with such a mock only.
//
// The caller fills in the first half and reads the second when the execution has ended. Values live
// where the execution's do.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "asl/error.h"
#include "base/str.h"
#include "json/json.h"

// What the service tells of the data flow of a state.
enum engine_stage {
    ENGINE_AFTER_INPUT_PATH,
    ENGINE_AFTER_PARAMETERS,
    ENGINE_AFTER_ARGUMENTS,
    ENGINE_AFTER_ITEMS_PATH,
    ENGINE_AFTER_ITEM_SELECTOR, // The inputs of all iterations.
    ENGINE_RESULT,
    ENGINE_AFTER_RESULT_SELECTOR,
    ENGINE_AFTER_RESULT_PATH,
};
enum { ENGINE_STAGE_COUNT = ENGINE_AFTER_RESULT_PATH + 1 };

enum engine_mock { ENGINE_MOCK_NONE, ENGINE_MOCK_RESULT, ENGINE_MOCK_ERROR };

enum engine_verdict {
    ENGINE_VERDICT_NONE,      // The execution ended otherwise, by its time limit for instance.
    ENGINE_VERDICT_SUCCEEDED, // The state's output is the execution's.
    ENGINE_VERDICT_FAILED,
    ENGINE_VERDICT_RETRIABLE,
    ENGINE_VERDICT_CAUGHT, // The catcher's output is the execution's.
    // `map_failure_count` is more than there are items: the caller's mistake.
    ENGINE_VERDICT_TOO_MANY_FAILURES,
};

struct engine_inspection {
    struct json variables;      // A JSON_OBJECT, or JSON_NULL: none.
    struct json context_object; // JSON_NULL: the execution's own.
    enum engine_mock mock;
    struct json mock_result;
    struct asl_error mock_error;
    uint32_t retry_count;      // How often the retrier that matches has tried already.
    int64_t map_failure_count; // Iterations that failed; below 0: not told.
    struct json reader_items;  // What ItemReader read, a JSON_ARRAY; JSON_NULL: not told.

    enum engine_verdict verdict;
    struct asl_error error; // With FAILED, RETRIABLE and CAUGHT.
    struct str next_state;  // With SUCCEEDED and CAUGHT; empty at an end.
    struct json stages[ENGINE_STAGE_COUNT];
    bool has_stage[ENGINE_STAGE_COUNT];
    struct json variables_after; // A JSON_OBJECT, or JSON_NULL: none.
    // Below 0: not told.
    int64_t retry_index;
    int64_t retry_delay_seconds;
    int64_t catch_index;
    int64_t max_concurrency;
    int64_t tolerated_failure_count;
    double tolerated_failure_percentage;
};

// Nothing given, nothing told.
void engine_inspection_init(struct engine_inspection *inspection);
