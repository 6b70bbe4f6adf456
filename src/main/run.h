// What the files of `galop run` share.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum { RUN_FUNCTIONS_MAX = 64 };

// --function NAME=PATH
struct run_function {
    struct str name;
    struct str path; // With ":HANDLER" at its end, perhaps.
};

// The command line.
struct run_settings {
    const char *file;
    const char *input; // As given; NULL: {}.
    const char *mock;
    struct str test_case;
    struct str state_machine;
    struct run_function functions[RUN_FUNCTIONS_MAX];
    size_t function_count;
    bool has_type;
    enum asl_machine_type type;
    bool is_time_virtual;
    bool has_start;
    int64_t start_unix_ms;
    bool has_seed;
    uint64_t seed;
    bool is_traced;
    bool wants_history;
};

// Exit statuses.
enum {
    RUN_SUCCEEDED = 0,
    RUN_FAILED = 1,  // The execution did.
    RUN_REFUSED = 2, // Nothing was run: a mistake in the definition, the input or the options.
    RUN_INTERRUPTED = 130,
};

// Read the command line into zeroed settings. A mistake ends the process with its explanation.
void run_settings_read(int argc, char **argv, struct run_settings *ret_settings);

// Whether stderr is a terminal that wants colors.
bool run_has_colors(void);

// One line for the user, "galop run: …", and the process ends with RUN_REFUSED.
NO_RETURN void run_refuse(const char *format, ...) PRINTF(1, 2);
