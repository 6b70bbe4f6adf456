// Command lines: "--name VALUE" options with their help.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct option {
    const char *name;  // "--listen"
    const char *value; // How help names its value; NULL for a flag.
    const char *help;  // Lines are joined by '\n'.
    // Take the value (empty for a flag). NULL when it is good, else what would be. Itself NULL:
    // there is no such option, but people try it; `help` tells them what they mean.
    const char *(*take)(void *context, struct str value);
};

// Read `argv` from 1. "--help" prints `usage` and the options and ends the process with status 0;
// a mistake is explained on stderr and ends it with status 2. "--name=VALUE" works as well.
//
//   take_argument   for words that are no options; NULL when there are none
void options_read(int argc, char **argv, const struct option *options, size_t option_count,
                  const char *usage, const char *(*take_argument)(void *context, struct str word),
                  void *context);
