// Results of a Map run: where its ResultWriter says, or in the state's output.
//
// With a bucket the results become objects under PREFIX/UUID OF THE MAP RUN/: SUCCEEDED_0.json,
// FAILED_0.json and PENDING_0.json, each followed by a _1 when it has passed 5 MB, and in the end a
// manifest.json that lists them. Otherwise they become one array. Memory stays within a few MB as
// long as the writer waits when it is told to.
//
// Writing the same results again gives the same objects, so a driver that comes up again may start
// anew.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tasks/tasks.h"

// Copied.
struct results_request {
    struct tasks *tasks;
    struct json writer; // ResultWriter with its values evaluated; JSON_NULL: there is none.
    struct str map_run_arn;
    struct str role_arn;     // Acts for the Map run.
    struct str session_name; // Of that role.
    struct str region;
    size_t output_size_max; // Of the array's text: STATUS_OVER_LIMIT beyond.
};

// What became of a child.
enum results_kind {
    RESULTS_SUCCEEDED,
    RESULTS_FAILED,  // Timed out and aborted ones too.
    RESULTS_PENDING, // Never started.
};

// Borrowed for the call. Members that do not apply are empty (`data` NULL) or 0.
struct results_record {
    enum results_kind kind;
    struct str execution_arn;
    struct str name;
    struct str state_machine_arn;
    struct str status; // "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING".
    struct str input;  // JSON texts.
    struct str output;
    struct str error;
    struct str cause;
    int64_t start_unix_ms;
    int64_t stop_unix_ms;
    uint32_t redrive_count;
    struct str redrive_status;
    struct str redrive_status_reason;
};

struct results_answer {
    bool is_success;
    struct json output;      // Of the Map state, in the arena given to results_end().
    struct str error, cause; // Otherwise: States.ResultWriterFailed, States.DataLimitExceeded.
};

struct results_sink;
typedef void (*results_ready_fn)(void *context);
typedef void (*results_answer_fn)(void *context, const struct results_answer *answer);

// NULL without memory.
//
//   on_ready   after results_write() returned false: write on. From the loop.
MUST_USE struct results_sink *results_sink_new(const struct results_request *request,
                                               results_ready_fn on_ready, void *context);

// Add a result, in the order of items. False when no more should be written before on_ready: this
// one has been taken all the same. Errors come with results_end().
bool results_write(struct results_sink *sink, const struct results_record *record);

// All has been written. `on_answer` comes once, from the loop; the sink is still to be freed.
void results_end(struct results_sink *sink, struct arena *arena, results_answer_fn on_answer,
                 void *context);

// At any time, also within its callbacks; what is under way is given up.
void results_sink_free(struct results_sink *sink);
