// Variables: what Assign gives a name. Private to the folder.

#pragma once

#include "engine/execution.h"

// May `assigned`, an object of new values, be stored? STATUS_INVALID with the workflow's error when
// it passes a limit.
MUST_USE enum status variables_check(struct step *step, const struct strand *strand,
                                     struct payload *assigned, struct asl_error *reterr_error);

// Put `assigned` in force for what the strand does next. JSON_NULL assigns nothing.
void variables_assign(struct step *step, struct strand *strand, const struct json *assigned);
