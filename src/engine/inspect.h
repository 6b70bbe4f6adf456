// What the engine does for an inspection. Private to the folder; each function may be called only
// in a step that has one, which its callers ask themselves: one look at a pointer is all that
// other executions pay.

#pragma once

#include "engine/control.h"
#include "engine/data_flow.h"
#include "engine/inspection.h"

// Note a value of the data flow, if the service tells it for states of this type and language and
// it is within the limits of size and depth.
void inspect_stage(struct flow *flow, enum engine_stage stage, const struct payload *value);

// The state's work is about to begin: let the mock stand in for it. Returns false when there is
// none.
MUST_USE bool inspect_work(struct step *step, struct strand *strand);

// The same for a Map state, whose items are `items` (NULL: unknown).
//
//   tolerance   what the state tolerates
void inspect_map(struct flow *flow, const struct payload *effective, const struct payload *items,
                 const struct map_tolerance *tolerance);

// The state is left for `next_state`; its variables are assigned.
void inspect_exit(struct step *step, struct strand *strand, uint32_t next_state);

// The state failed: note the first error. What a catcher makes of it comes later.
void inspect_failure(struct step *step, const struct asl_error *error);

// May retrier `index` try again? If so it is noted, and the state's test is over.
MUST_USE bool inspect_retry(struct step *step, struct strand *strand, uint32_t index,
                            const struct asl_error *error);

// `inspection->context_object` with `map` (NULL: none) put into it.
MUST_USE bool inspect_context(struct step *step, const struct json *map, struct json *ret_object);
