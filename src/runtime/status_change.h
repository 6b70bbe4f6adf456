// What is told of a Standard execution whose status has changed (runtime.on_status_change).

#pragma once

#include <stdint.h>

#include "base/str.h"

struct engine_update;
struct runtime_execution;
struct runtime_worker;

// Borrowed for the call. Texts that there are not are empty, times 0.
struct runtime_status_change {
    struct runtime_worker *worker;
    struct str execution_arn;
    struct str state_machine_arn;
    struct str name;
    struct str region;
    struct str status; // "RUNNING", "SUCCEEDED", …
    struct str version_arn;
    struct str alias_arn;
    struct str input;  // JSON text.
    struct str output; // JSON text, of SUCCEEDED.
    struct str error;
    struct str cause;
    int64_t started_unix_ms;
    int64_t stopped_unix_ms;
    int64_t changed_unix_ms;
    int64_t redrive_count;
    int64_t redriven_unix_ms;
};

typedef void (*runtime_status_change_fn)(void *context, const struct runtime_status_change *change);

// Tell whoever wants to know that the execution runs (`end` NULL) or how it ended. Costs one
// relaxed load when nobody does.
//
//   output   text of the output, empty unless it succeeded
void runtime_tell_status(struct runtime_execution *execution, const struct engine_update *end,
                         struct str output);
