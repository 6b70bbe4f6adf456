// What the front door needs to know of single operations.

#pragma once

#include <stdbool.h>

#include "api/api.h"

// What IAM is asked before the caller may have the operation: action and resource ARN. Returns
// false for operations that everybody may call.
bool api_operation_as_iam_request(struct api_request *request, struct iam_request *ret_question);

// The role, user or policy that a request of IAM or STS is about, "*" when it is about none.
struct str api_iam_resource(struct api_request *request);

// Serve /health, /metrics and the like (pages for people and monitors, outside the AWS protocols).
// Returns false when the path is none of them.
bool api_serve_page(struct api_request *request);
