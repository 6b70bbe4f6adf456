// The context object: `$$` and `$states.context`. Private to the folder.

#pragma once

#include "engine/execution.h"

// Make it for the strand's state, in the execution's arena. Returns false when that is exhausted.
MUST_USE bool context_object_make(struct step *step, struct strand *strand,
                                  struct json *ret_object);

// The same for ItemSelector, which sees an item of the strand's Map state.
MUST_USE bool context_object_make_for_item(struct step *step, struct strand *strand, uint64_t index,
                                           const struct json *item, struct json *ret_object);

// Does any state of the machine read the context object, and so the execution's input?
bool context_object_is_used(const struct asl_machine *machine);
