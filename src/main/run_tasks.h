// Who performs the tasks of `galop run`: the mock file, else a local function, else nobody, which
// ends the execution with a hint.

#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "main/run_functions.h"
#include "runtime/execution.h"
#include "runtime/worker.h"
#include "tasks/mock_file.h"

struct run_tasks {
    struct runtime_stand_in stand_in;
    struct net_loop *loop;
    struct mock_file mock_file; // Its `states` are NULL when there is none.
    struct run_functions functions;
    struct list pending;            // Answers that the loop has not delivered yet.
    struct runtime_execution *told; // While answers are delivered; NULL once it has ended.
    bool is_over;                   // The execution has ended: nothing may be told any more.
};

void run_tasks_init(struct run_tasks *tasks, struct net_loop *loop);

// The execution has ended, or ends now.
void run_tasks_end(struct run_tasks *tasks);
