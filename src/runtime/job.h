// Jobs: nested executions that a task waits for (states:startExecution.sync).
//
// The child runs on its own, perhaps on another worker. A watcher is left with its owner, and when
// it has ended, its row in the store says how; that becomes the task's answer. Nothing of this is
// stored: after a restart the parent, which knows the child from the task's submission, watches
// again, and finds at once what ended meanwhile.
//
//   reading -> watching   [the row says RUNNING: a watcher goes to the child's owner]
//   watching -> reading   [it has ended, or ran no more when the watcher arrived]
//   reading -> answered   [the row says how: a letter to the parent]

#pragma once

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"

struct runtime_execution;
struct runtime_worker;
struct job;

// Wait for the child `execution_arn` on behalf of a task of `parent`.
MUST_USE enum status job_watch(struct runtime_execution *parent, uint64_t task_id,
                               const struct asl_resource *resource, struct str execution_arn);

// The task is not waited for any more: its child is stopped, as far as that can still be done.
void job_cancel(struct runtime_execution *parent, uint64_t task_id);

// The same for all of the execution's jobs.
void job_cancel_all(struct runtime_execution *parent);

// A Standard execution of this worker has ended, durably.
void job_child_ended(struct runtime_worker *worker, int64_t execution_id);
