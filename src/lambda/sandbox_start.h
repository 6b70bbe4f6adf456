// Starting the process of a sandbox: its arguments, environment and scratch folder.

#pragma once

#include <limits.h>

#include "lambda/sandbox.h"

// Fill in `process` and the descriptor to read its output from (output_watch.fd). On failure
// nothing is left but what sandbox_new() made; `reterr_type` and `reterr_message` say why if it is
// the function's fault.
MUST_USE bool lambda_sandbox_spawn(struct lambda_sandbox *sandbox, struct str *reterr_type,
                                   char reterr_message[static 256]);

// The folder for temporary files (TMPDIR) of the sandbox.
void lambda_sandbox_scratch_path(const struct lambda_sandbox *sandbox,
                                 char ret_path[static PATH_MAX]);
