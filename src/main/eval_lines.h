// The loop of the "galop eval" programs: one JSON request per line in, one JSON answer per line out,
// each flushed.

#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "json/json.h"

// Append one JSON value without a newline. `arena` is emptied after the answer is written.
typedef void (*eval_answer_fn)(const struct json *request, struct arena *arena,
                               struct buffer *answer);

// A request that could not be served: says why.
typedef void (*eval_refuse_fn)(struct str reason, struct buffer *answer);

// Answer standard input to its end. Returns the exit status of the process.
int eval_lines(eval_answer_fn answer, eval_refuse_fn refuse);
