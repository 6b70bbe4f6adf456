// Runtimes: which program runs the code of a function.
//
//   nodejs18.x, nodejs20.x, …   whatever `node` the machine has; the newest wins
//   python3.11, python3.12, …   exactly that python3.X if it is installed, else `python3`
//   provided.al2023, …          the program `bootstrap` in the deployment package
//
// A program that is found in PATH is asked once where it really lies: what stands in PATH may be a
// wrapper that picks a version, slow to start or unable to start at all. What is found is
// remembered; what does not answer is asked again after a minute, so that a machine may gain a
// runtime while the server runs.

#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"

enum lambda_language { LAMBDA_NODEJS, LAMBDA_PYTHON, LAMBDA_PROVIDED };

// Read the name of a runtime. Returns false when it is none of the forms above.
MUST_USE bool lambda_language_parse(struct str runtime, enum lambda_language *ret_language);

// Programs found so far. Zeroed at first; for one thread.
enum { LAMBDA_PROGRAMS_MAX = 32, LAMBDA_RUNTIME_SIZE_MAX = 15 };
struct lambda_programs {
    struct {
        char name[LAMBDA_RUNTIME_SIZE_MAX + 1]; // "node", "python3.11"
        char *path;
    } found[LAMBDA_PROGRAMS_MAX];
    size_t count;
    struct {
        char *path;
        int64_t asked_steady_ns;
    } silent[LAMBDA_PROGRAMS_MAX]; // Files that are no programs that answer.
    size_t silent_count;
};

void lambda_programs_release(struct lambda_programs *programs);

// The program that runs `runtime`. May block for as long as it takes to start it once.
//
//   runtime       a name that lambda_language_parse() accepts
//   ret_path      absolute path, NUL-terminated; for LAMBDA_PROVIDED the empty string
//   ret_is_exact  false when a python3 of another version stands in
//   ret_wanted    set in any case: what was looked for, as "python3.12 or python3"
//
// Returns false when the machine has none.
enum { LAMBDA_WANTED_SIZE = 64 };
MUST_USE bool lambda_language_find_program(struct lambda_programs *programs, struct str runtime,
                                           char ret_path[static PATH_MAX], bool *ret_is_exact,
                                           char ret_wanted[static LAMBDA_WANTED_SIZE]);
