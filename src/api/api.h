// The AWS protocols: what all services behind the front door share.
//
// A request comes in by http_server, the front door (front_door.c) finds its service and operation,
// parses the body once, and calls the service's handler with a struct api_request. The handler
// replies exactly once, at once or later on the same thread. Services are a file each (states_*.c,
// lambda.c, iam.c, logs.c, …) and know nothing of each other.
//
// Threads: everything in struct api is shared and safe from any thread, or constant after start;
// everything in struct api_worker belongs to one thread.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/reader.h"
#include "json/json.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/sigv4.h"
#include "tasks/tasks.h"

struct events;
struct iam;
struct lambda;
struct logs;
struct runtime;
struct runtime_worker;
struct store;

enum api_protocol {
    API_PROTOCOL_JSON_1_0,  // X-Amz-Target, application/x-amz-json-1.0 (Step Functions)
    API_PROTOCOL_JSON_1_1,  // X-Amz-Target, application/x-amz-json-1.1 (Logs, EventBridge)
    API_PROTOCOL_QUERY,     // Action=…&Version=… forms, XML answers (IAM, STS)
    API_PROTOCOL_REST_JSON, // Method and path, JSON bodies (Lambda)
    API_PROTOCOL_CBOR,      // rpc-v2-cbor: the operation in the path (CloudWatch)
};

enum api_auth { API_AUTH_NONE, API_AUTH_SIGV4 };

struct api_config {
    struct str account;  // Twelve digits.
    struct str root_arn; // "arn:aws:iam::ACCOUNT:root": who asks when nobody is verified.
    enum api_auth auth;
    struct str admin_access_key_id; // May do everything; empty: there is no such key.
    struct str admin_secret;        // Never logged.
    // What this server signs its executions' own calls with; it changes with every start.
    struct sigv4_credentials internal;
    const struct tasks_endpoint *forwards;
    size_t forward_count;
};

// The process. Set up by main/serve.c.
struct api {
    struct api_config config;
    struct clock *clock;
    struct store *store;
    struct iam *iam;
    struct logs *logs;
    struct lambda *lambda;
    struct events *events;
    struct runtime *runtime;
};

// One thread that serves requests.
struct api_worker {
    struct api *api;
    struct net_loop *loop;
    struct http_client *client;
    struct sigv4 *sigv4;
    struct runtime_worker *runtime;
    struct iam_reader iam_reader;
    struct random random;
};

struct api_service;

// One request. Lives in `arena`, until the reply.
struct api_request {
    struct api_worker *worker;
    struct http_exchange *exchange;
    const struct http_request *http;
    struct arena *arena;
    const struct api_service *service;
    struct str operation; // "CreateStateMachine"; empty for REST_JSON, whose service finds it.
    struct str region;    // Of the signature's scope, else us-east-1.
    struct str account;
    struct str caller_arn; // Who asks, for messages: a user, or the account's root.
    struct json body;      // JSON and CBOR: a JSON_OBJECT. Otherwise JSON_NULL.
    char request_id[RANDOM_UUID_SIZE];
};

struct api_service {
    struct str name;          // As in the signature's scope: "states".
    struct str target_prefix; // "AWSStepFunctions."; empty for other protocols.
    enum api_protocol protocol;
    void (*handle)(struct api_request *request);
};

// The services that Galop serves, one file each.
extern const struct api_service api_states;
extern const struct api_service api_lambda;
extern const struct api_service api_iam;
extern const struct api_service api_sts;
extern const struct api_service api_logs;
extern const struct api_service api_events;
extern const struct api_service api_cloudwatch_json; // One for each of its protocols.
extern const struct api_service api_cloudwatch_query;
extern const struct api_service api_cloudwatch_cbor;

// The http_server's handler; `context` is the struct api_worker.
void api_front_door(void *context, struct http_exchange *exchange);

// Send the request as it is to another endpoint and reply with what comes back (forward.c).
void api_forward_request(struct api_request *request, const struct tasks_endpoint *forward);

// ---------------------------------------------------------------------------------------------
// Replies. Each ends the request: nothing of it may be used afterwards.

// A 200 whose body is rendered straight into the connection's buffer:
//
//     struct buffer *buffer = api_reply_begin(request);
//     json_writer_init(&writer, buffer); …
//     api_reply_end(request);
struct buffer *api_reply_begin(struct api_request *request);
void api_reply_end(struct api_request *request);

// A 200 with "{}".
void api_reply_empty(struct api_request *request);

// Any status with the protocol's content type and request id header, and extra headers.
void api_reply(struct api_request *request, int http_status, const struct http_header *headers,
               size_t header_count, struct str body);

// The protocol's form of an exception with HTTP status 400:
//   JSON        {"__type":"<name>","message":"…"}
//   REST_JSON   {"Type":"User","Message":"…","message":"…"} and X-Amzn-ErrorType
//   QUERY       <ErrorResponse>…<Type>Sender</Type><Code>…
void api_exception(struct api_request *request, struct str name, const char *format, ...)
    PRINTF(3, 4);

// The same with a status of the caller's; 5xx says "Server" / "Service" instead of the sender.
void api_exception_status(struct api_request *request, int http_status, struct str name,
                          struct str message);

// The JSON protocols' exception with one more member (e.g. "resourceName", "reason").
void api_exception_member(struct api_request *request, struct str name, struct str message,
                          struct str member, struct str value);

// A fault of this program: logs `status` with the operation and answers 500 InternalFailure (503
// ServiceUnavailable for STATUS_IO: the disk refused).
void api_fault(struct api_request *request, enum status status);

// ---------------------------------------------------------------------------------------------
// Members of a JSON body, checked against the service's model (members.c).

enum api_member_type {
    API_MEMBER_STRING,
    API_MEMBER_INTEGER,
    API_MEMBER_NUMBER,
    API_MEMBER_BOOLEAN,
    API_MEMBER_LIST,
    API_MEMBER_OBJECT,
};

// One member as the model describes it. `min` and `max` are values of numbers, characters of
// strings, items of lists; 0 for both means no bound.
struct api_member {
    struct str name;
    enum api_member_type type;
    bool is_required;
    int64_t min;
    int64_t max;
    const char *enum_values; // "[A, B]" as AWS prints the set; NULL when it is no enumeration.
    const char *pattern;     // As AWS prints it; NULL when there is none. Checked by `matches`.
    bool (*matches)(struct str value);
    const struct api_member *item;    // Of a list: each of its items; NULL: anything.
    const struct api_member *members; // Of an object; NULL: anything.
    size_t member_count;
    const char *structure; // Of an object: its name in the model, for texts that print lists of it.
};

// Check `object` against `members`, and what is nested in it. On a violation replies with
// SerializationException (a wrong type) or ValidationException (AWS's text, all violations in it,
// nested ones as "list.1.member.name") and returns false. Members that the table does not know are
// ignored, as AWS does; null counts as absent.
MUST_USE bool api_members_check(struct api_request *request, const struct json *object,
                                const struct api_member *members, size_t member_count);

// Values after the check: the default when absent.
static inline struct str api_member_str(const struct json *object, struct str name,
                                        struct str if_absent)
{
    return json_find_str(object, name, if_absent);
}

int64_t api_member_integer(const struct json *object, struct str name, int64_t if_absent);
bool api_member_bool(const struct json *object, struct str name, bool if_absent);
bool api_member_is_present(const struct json *object, struct str name);

// ---------------------------------------------------------------------------------------------
// Pages (pages.c): tokens are opaque to clients and say where the next page starts.

// A token for `position`, bound to `purpose` (operation and arguments that must stay equal).
struct str api_page_token(struct arena *arena, struct str purpose, struct str position);

// The position of a token; false when it is malformed or of another purpose.
MUST_USE bool api_page_position(struct arena *arena, struct str purpose, struct str token,
                                struct str *ret_position);
