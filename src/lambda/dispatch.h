// From a request to a pool: finding the function and the version that an invocation names.

#pragma once

#include "lambda/invocation.h"

// On the lambda thread: carry out or refuse; the answer goes back by lambda_invocation_return().
void lambda_dispatch(struct lambda *lambda, struct lambda_invocation *invocation);
