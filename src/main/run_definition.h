// The definition that `galop run` runs: from a file in JSON or YAML, or out of a template.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/str.h"
#include "main/run.h"
#include "main/source.h"

struct run_definition {
    struct str file_text;
    const struct source *source;       // JSON text, and the way back to the file.
    const struct asl_machine *machine; // One reference, the caller's.
};

// Read and compile. Mistakes are shown on stderr as by `galop validate`, and end the process.
void run_definition_load(const struct run_settings *settings, struct arena *arena,
                         struct run_definition *ret_definition);

// The line of the file, from 1, that became the value at `offset` of the JSON text.
size_t run_definition_line(const struct run_definition *definition, size_t offset);
