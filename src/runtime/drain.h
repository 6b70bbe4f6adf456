// A polite stop: calls under way are answered, and no others begin.
//
// What a Standard execution wants to call meanwhile is held back. Held tasks are written down at
// the end, and begin when the server has started again: nobody has performed them yet, so nobody
// need ask whether they were.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct runtime;
struct runtime_worker;

// From here on nothing new is called, and whoever polls for an activity's task is sent home.
void runtime_drain_begin(struct runtime_worker *worker);

// Call `on_drained` from the loop when no call of a Standard execution and no commit is under way
// on this worker any more.
void runtime_drain_wait(struct runtime_worker *worker, void (*on_drained)(void *context),
                        void *context);

// Hold back a task of an execution, if the worker is draining.
bool drain_hold(struct runtime_worker *worker, int64_t execution_id, uint64_t task_id);

// Write down what was held. When the loops do not run any more. Blocks.
MUST_USE enum status runtime_save_held(struct runtime *runtime);

// Read what the last stop wrote down, and forget it in the store. Blocks: for start-up.
MUST_USE enum status drain_load(struct runtime *runtime);

// Was this task held at the last stop?
bool drain_was_held(const struct runtime *runtime, int64_t execution_id, uint64_t task_id);

void drain_release(struct runtime *runtime);
