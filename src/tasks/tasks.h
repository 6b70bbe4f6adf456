// Tasks: performing what a Task state's Resource names.
//
// A call is checked against the role's policies, performed, and answered exactly once, from the
// event loop and never from within tasks_start(). What needs another execution or waits for a token
// is not a call: the driver in src/runtime deals with it.
//
// One struct tasks per worker thread.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/random.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/reader.h"
#include "json/json.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/sigv4.h"

struct lambda;

// Where a service is called.
struct tasks_endpoint {
    struct str service; // As in signatures: "dynamodb".
    struct str url;     // Without a slash at its end.
};

struct tasks {
    struct net_loop *loop;
    struct lambda *lambda;
    struct iam_reader *iam;
    struct http_client *client;
    struct random *random;
    struct str account;
    struct sigv4 *sigv4;
    struct sigv4_credentials self_credentials;     // To sign calls of this server with,
    struct sigv4_credentials endpoint_credentials; // and those of other endpoints.
    const struct tasks_endpoint *endpoints;
    size_t endpoint_count;
    struct str self_url; // Of this server, for all other services.
};

// All text and values are borrowed until the answer or tasks_cancel().
struct tasks_request {
    struct str resource_arn; // As the state has it.
    struct str service;      // "lambda", "aws-sdk:dynamodb"; empty when the ARN is a function's.
    struct str action;       // "invoke"; likewise.
    struct str pattern;      // ".sync", ".waitForTaskToken"; empty for request-response.
    struct json parameters;  // What the task is given.
    struct str role_arn;     // Acts for the execution: Credentials' role, else the execution's.
    struct str session_name; // Of that role, for messages.
    struct str region;
    struct str execution_arn; // On whose behalf; empty outside executions, like the next.
    struct str state_machine_arn;
    struct arena *arena; // Receives the answer's values.
};

struct tasks_answer {
    bool is_success;
    struct json output;       // On success.
    size_t output_size_bytes; // Of its text.
    struct str error;         // Otherwise: "Lambda.TooManyRequestsException", …
    struct str cause;
};

struct tasks_call;

// `answer` lives in the request's arena but for itself; the call is over when this returns.
typedef void (*tasks_answer_fn)(void *context, const struct tasks_answer *answer);

// Start a call. NULL only without memory, and then there will be no answer.
MUST_USE struct tasks_call *tasks_start(struct tasks *tasks, const struct tasks_request *request,
                                        tasks_answer_fn on_answer, void *context);

// Where a service is called; NULL when the operator named no endpoint.
const struct tasks_endpoint *tasks_endpoint_find(const struct tasks *tasks, struct str service);

// May the role do that, in the name of which something outside of a call is done? Otherwise why
// not, in `arena`.
MUST_USE bool tasks_authorize(struct tasks *tasks, struct arena *arena, struct str role_arn,
                              struct iam_request *question, struct str *reterr_message);

// Nobody waits for the answer any more. The work itself may go on.
void tasks_cancel(struct tasks_call *call);
