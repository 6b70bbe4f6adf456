// RedriveExecution: an execution that failed, was stopped or ran out of time goes on from where it
// did not succeed.
//
// It is brought back on its worker by giving it all the events of its steps again, and then the one
// that opens it.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

struct runtime_worker;
struct store_execution;

// Why the execution cannot be redriven, in AWS's words; empty when it can.
struct str runtime_redrive_obstacle(const struct store_execution *execution, int64_t now_unix_ms);

// STATUS_OK: it runs again, durably, since `redriven_unix_ms`. STATUS_CONFLICT: it runs already.
// STATUS_NOT_FOUND, or a fault. On the asking thread.
typedef void (*runtime_redriven_fn)(void *context, enum status status, int64_t redriven_unix_ms);

//   client_token   the same one within 15 minutes gives the same answer; may be empty
//   is_patient     not told that the disk refuses the first step, which goes there some time all
//   the
//                  same, but when it is there; a fault then means that nothing has happened
void runtime_redrive(struct runtime_worker *asking, int64_t execution_id, struct str client_token,
                     bool is_patient, runtime_redriven_fn on_done, void *context);
