// Lambda's REST API: routes, shared by its files and by what checks callers' policies.

#pragma once

#include <stdbool.h>

#include "api/api.h"
#include "lambda/operation.h"

// What a request asks for.
struct api_lambda_route {
    bool is_invocation;              // Invoke; otherwise:
    enum lambda_operation_kind kind; // LAMBDA_GET_CODE is Galop's own: GET …/code.
    struct str action;               // "InvokeFunction", "CreateFunction", … as policies call it.
    struct str resource;             // Name or ARN of the function, decoded; may be empty.
    struct str item;                 // Alias name or statement id in the path, decoded.
};

// Find the route by method and path. Returns false when there is none. Strings live in `arena`.
MUST_USE bool api_lambda_find_route(struct arena *arena, const struct http_request *http,
                                    struct api_lambda_route *ret_route);

// Invoke (lambda_invoke.c).
void api_lambda_invoke(struct api_request *request, const struct api_lambda_route *route);

// A parameter of the query string, decoded; the empty string when absent.
struct str api_lambda_query(struct api_request *request, struct str name);
