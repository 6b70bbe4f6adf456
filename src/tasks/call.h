// One call under way: what tasks.c and the services' files share.

#pragma once

#include "tasks/tasks.h"

struct aws_service;
struct s3_call;
struct lambda_invocation;

struct tasks_call {
    struct tasks *tasks;
    struct tasks_request request;
    tasks_answer_fn on_answer;
    void *context;
    struct net_deferred refusal; // Delivers `answer` from the loop when nothing was called.
    struct tasks_answer answer;
    struct lambda_invocation *invocation; // Under way, or NULL.
    bool has_envelope;                    // lambda:invoke; false for a function's own ARN.
    const struct aws_service *service;    // Of a call over HTTP, or NULL.
    struct http_call *http;               // Under way, or NULL.
    struct s3_call *s3;                   // Likewise.
};

// Answer from the loop, later in this turn, without anything having been called.
void tasks_call_refuse(struct tasks_call *call, struct str error, struct str cause);

// May the role do that? Otherwise the call is refused with the denial text and `suffix` (which
// names service and status as the service's SDK does), and false comes back.
bool tasks_call_authorize(struct tasks_call *call, struct str action, struct str resource,
                          struct str error, const char *service);

// A UUID in the request's arena, for what AWS would call the request's id.
struct str tasks_call_request_id(struct tasks_call *call);

// Perform a function's own ARN, or lambda:invoke (lambda.c).
void tasks_lambda_start(struct tasks_call *call);

// Perform an action of a service's API (aws.c); `call->service` is set.
void tasks_aws_start(struct tasks_call *call);

// Perform an action of S3 (aws_s3.c). False when it is none that is known.
MUST_USE bool tasks_s3_start(struct tasks_call *call);

// SdkHttpMetadata: each header as a list of texts, and as a text. Copied.
struct json tasks_http_metadata(struct arena *arena, const struct http_header *headers,
                                size_t header_count, int status);
