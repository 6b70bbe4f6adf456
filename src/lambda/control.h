// Carrying out operations: check, edit the record, store, install, answer.

#pragma once

#include "lambda/operation.h"

// On the lambda thread. The operation is answered from there, now or later.
void lambda_control_start(struct lambda *lambda, struct lambda_operation *operation);
