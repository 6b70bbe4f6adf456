// History events: what happened in an execution, as the API and the logs tell it.
//
// The engine makes them only when the driver asked for their type (the history mask), but counts
// all of them, so that an event has the same id whatever is recorded. Values are shared with the
// execution; whoever keeps an event renders it before the step's arena goes.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/str.h"
#include "json/json.h"

enum engine_history_event_type {
#define X(name, text, details, is_error, is_fatal) ENGINE_HISTORY_##name,
#include "engine/history_event_type.def"
#undef X
    ENGINE_HISTORY_EVENT_TYPE_COUNT,
};

// A set of types, one bit each; there are 62 types.
#define ENGINE_HISTORY_BIT(type) (UINT64_C(1) << (type))
#define ENGINE_HISTORY_ALL       (ENGINE_HISTORY_BIT(ENGINE_HISTORY_EVENT_TYPE_COUNT) - 1)
#define ENGINE_HISTORY_NONE      UINT64_C(0)
extern const uint64_t engine_history_error_mask; // Log level ERROR.
extern const uint64_t engine_history_fatal_mask; // Log level FATAL.

// Members that a type does not have are zero: str data NULL, value NULL.
struct engine_history_event {
    enum engine_history_event_type type;
    uint64_t id;
    uint64_t previous_event_id;
    int64_t unix_ms;

    struct str name;                       // Of the state, or of the Map state of an iteration.
    struct str input_text;                 // ExecutionStarted: the caller's text, verbatim.
    const struct json *input;              // Entered, Scheduled (Lambda, activity).
    const struct json *output;             // Exited, Succeeded, Submitted.
    const struct json *parameters;         // TaskScheduled.
    const struct json *assigned_variables; // Exited: {name: value}; NULL when none.
    struct str resource;                   // Lambda or activity: the ARN; task: "invoke".
    struct str resource_type;              // Task: "lambda".
    struct str region;                     // TaskScheduled.
    struct str error;
    struct str cause;
    struct str role_arn;             // ExecutionStarted.
    struct str version_arn;          // ExecutionStarted.
    struct str alias_arn;            // ExecutionStarted.
    struct str worker_name;          // ActivityStarted.
    struct str state;                // EvaluationFailed.
    struct str location;             // EvaluationFailed.
    struct str credentials_role_arn; // taskCredentials.
    struct str map_run_arn;
    int64_t timeout_seconds;        // 0: not set in the state.
    int64_t heartbeat_seconds;      // 0: not set in the state.
    int64_t length;                 // MapStateStarted; -1 otherwise.
    int64_t index;                  // MapIteration*; -1 otherwise.
    uint32_t redrive_count;         // Of the execution so far.
    uint32_t map_run_redrive_count; // MapRunRedriven
};

const char *engine_history_event_type_name(enum engine_history_event_type type);

// The type of that name.
MUST_USE bool engine_history_event_type_find(struct str name,
                                             enum engine_history_event_type *ret_type);

// One element of GetExecutionHistory's `events`.
//   includes_data   false leaves out input, output and variables, and blanks the parameters of a
//                   task, which must be there (includeExecutionData)
void engine_history_event_render(const struct engine_history_event *event, bool includes_data,
                                 struct buffer *buffer);

// One log record of an execution, as written to CloudWatch Logs: ids and times are strings.
void engine_history_event_render_log(const struct engine_history_event *event,
                                     struct str execution_arn, bool includes_data,
                                     struct buffer *buffer);
