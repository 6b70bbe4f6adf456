// ARNs of executions: how they follow from the state machine's ARN and the execution's name.

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

// arn:P:states:R:A:stateMachine:NAME -> arn:P:states:R:A:execution:NAME:EXECUTION, or …:express:…;
// in `arena`. Empty without memory.
struct str runtime_execution_arn(struct arena *arena, struct str state_machine_arn, struct str name,
                                 bool is_express);

// The way back; `ret_name` points into `execution_arn`. False when it is no execution's ARN, or
// without memory.
MUST_USE bool runtime_execution_arn_split(struct arena *arena, struct str execution_arn,
                                          struct str *ret_state_machine_arn, struct str *ret_name);
