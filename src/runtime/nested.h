// Nested executions: what the tasks that start them have of their own.
//
// A child gets a name that follows from its task, unless the workflow names it. So a start whose
// report was lost with the server is found again: the child is looked for, and only one that is not
// there is started.
//
//   looking -> reported   [it is there: that is the report of the task's submission]
//   looking -> started    [it is not there: the start never reached the disk]
//   looking -> forgotten  [nobody waits for the task any more]

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "engine/engine.h"

struct runtime_execution;

// Does the task start an execution; and does it wait for its end?
bool nested_is_start(const struct asl_resource *resource);
bool nested_is_job(const struct asl_resource *resource);

// Give the child of a Standard execution's task its name. False without memory.
MUST_USE bool nested_name(const struct runtime_execution *execution, uint64_t task_id,
                          struct arena *arena, struct json *parameters);

// It has been started, as `submission` tells: what is waited for is its end.
MUST_USE enum status nested_watch(struct runtime_execution *execution, uint64_t task_id,
                                  const struct asl_resource *resource,
                                  const struct json *submission);

// A start that had not been reported when the server stopped.
MUST_USE enum status nested_resume(struct runtime_execution *execution,
                                   const struct engine_wait *wait);
