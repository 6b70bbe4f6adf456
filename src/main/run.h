// What the files of `galop run` share.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum { RUN_FUNCTIONS_MAX = 64 };

// --function NAME=PATH
struct run_function {
    struct str name;
    struct str path; // With ":HANDLER" at its end, perhaps.
};

// Exit statuses.
enum {
    RUN_SUCCEEDED = 0,
    RUN_FAILED = 1,  // The execution did.
    RUN_REFUSED = 2, // Nothing was run: a mistake in the definition, the input or the options.
    RUN_INTERRUPTED = 130,
};

// One line for the user, "galop run: …", and the process ends with RUN_REFUSED.
NO_RETURN void run_refuse(const char *format, ...) PRINTF(1, 2);
