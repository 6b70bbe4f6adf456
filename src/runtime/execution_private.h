// What the files of the driver share among themselves.

#pragma once

#include "runtime/execution.h"

// Stop a running execution; it has ended when this returns.
void execution_stop(struct runtime_execution *execution, struct asl_error error);

// Its start need not run again after a crash (durable.c).
void execution_forget_journal(struct runtime_execution *execution);
