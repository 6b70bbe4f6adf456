// Redrive: an execution that ended without success goes on where it was. Private to the folder.
//
// A strand that ends without success leaves a copy of itself in its parent's fan-out (`remains`),
// as long as nobody retries or catches what happened there; the fan-out itself stays with the
// strand that it belonged to (`left`). So when the execution ends, the tree of what did not succeed
// hangs on the root strand. Nothing of this happens unless engine_start.can_redrive is set.

#pragma once

#include "engine/execution.h"

// `child` is about to be freed, unsuccessful.
void redrive_keep_child(struct step *step, struct strand *child);

// The strand's state has failed for good, and `fan_out` is what it had; NULL for none. A state that
// failed by itself or by too much data (`error`) is done again as a whole.
void redrive_keep_fan_out(struct step *step, struct strand *strand, struct fan_out *fan_out,
                          bool is_own, const struct asl_error *error);

// The same with the Map run that failed. Whatever else than its children it failed with, a redrive
// begins with another one.
void redrive_keep_map_run(struct step *step, struct strand *strand, struct map_run *map_run,
                          const struct asl_error *error);

// When the execution runs out of time, counted `since_unix_ms` (engine.c).
//
//   ret_is_close   it may come to that
int64_t engine_find_deadline(const struct engine_start *start, int64_t since_unix_ms,
                             bool *ret_is_close);

// FAILED, TIMED_OUT, ABORTED -> RUNNING. STATUS_NOT_FOUND when the execution cannot be redriven.
enum status engine_redrive_execution(struct step *step, const struct engine_event *event);
