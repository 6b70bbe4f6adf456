// The Lambda Runtime API, as sandboxes see it: an HTTP server on the lambda thread's loop.
//
//   GET  /TOKEN/2018-06-01/runtime/invocation/next
//   POST /TOKEN/2018-06-01/runtime/invocation/ID/response
//   POST /TOKEN/2018-06-01/runtime/invocation/ID/error
//   POST /TOKEN/2018-06-01/runtime/init/error
//
// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

#pragma once

#include "base/attributes.h"
#include "base/status.h"

struct lambda;

// Listen on a free port of 127.0.0.1.
MUST_USE enum status lambda_runtime_api_start(struct lambda *lambda);
