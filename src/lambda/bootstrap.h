// Our side inside a sandbox: the programs in runtime/ that load a function's handler and speak the
// Runtime API, carried in the binary and written to a folder before their first use.

#pragma once

#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "lambda/language.h"

// Made by runtime/embed.py.
extern const unsigned char lambda_bootstrap_node[];
extern const size_t lambda_bootstrap_node_size;
extern const unsigned char lambda_bootstrap_python[];
extern const size_t lambda_bootstrap_python_size;

// Write the program for `language` below `folder` (created when missing), under a name that changes
// with its content, unless it is there already.
//
//   ret_path   absolute if `folder` is; the empty string for LAMBDA_PROVIDED, which needs none
MUST_USE enum status lambda_bootstrap_install(enum lambda_language language, const char *folder,
                                              char ret_path[static PATH_MAX]);
