// "galop eval WHAT": programs that answer one JSON request per line, for conformance suites and for
// trying things out. Each returns the exit status of the process.

#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "json/json.h"

int eval_jsonata(int argc, char **argv);
int eval_jsonpath(int argc, char **argv);
int eval_run(int argc, char **argv);
int eval_validate(int argc, char **argv);

// What the programs share: for every line of stdin that is JSON, `answer` writes one JSON value,
// which goes to stdout as one line. `arena` is for this request alone.
typedef void eval_answer(struct json_writer *writer, struct arena *arena,
                         const struct json *request);
int eval_lines(int argc, char **argv, eval_answer *answer);

// {"error": {"code", "message"}}
void eval_answer_error(struct json_writer *writer, const char *code, struct str message);
