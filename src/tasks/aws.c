// AWS API actions as tasks: the SDK integrations (aws-sdk:SERVICE:action) and the optimised ones
// that are one call of an API, over HTTP: to an endpoint that the operator named for the service,
// else to this server itself.
//
// Names and texts of errors, and what becomes of members' names and of times, are the
// integrations'.

#include <ctype.h>
#include <string.h>

#include "net/sigv4.h"
#include "tasks/aws_service.h"
#include "tasks/call.h"
#include "tasks/put_events.h"

enum { TIMEOUT_MS = 65000, HTTP_ERROR = 400 };

// ---------------------------------------------------------------------------------------------
// Members' names

static struct str with_first_letter(struct arena *arena, struct str name, bool is_capital)
{
    struct str copy;
    if (name.size == 0 || !arena_copy_str(arena, name, &copy)) return name;
    char first = (char)(is_capital ? toupper((unsigned char)name.data[0])
                                   : tolower((unsigned char)name.data[0]));
    char *bytes = arena_alloc(arena, name.size);
    if (bytes == NULL) return name;
    memcpy(bytes, name.data, name.size);
    bytes[0] = first;
    return (struct str){bytes, name.size};
}

static bool is_time(struct str name)
{
    return str_ends_with(name, STR("Date")) || str_is(name, "Timestamp") ||
           str_ends_with(name, STR("Time"));
}

// Seconds since 1970 as the SDK integrations show times.
static struct json iso_time(struct arena *arena, const struct json *value)
{
    char *text = arena_alloc(arena, CLOCK_ISO_SIZE);
    if (text == NULL) return json_null;
    clock_render_iso((int64_t)(json_to_real(value) * 1000 + 0.5), text);
    return json_from_str((struct str){text, CLOCK_ISO_SIZE});
}

// How an API's value becomes an integration's, or the other way round. Depth is bounded by the
// parser's.
struct renaming {
    struct arena *arena;
    bool is_capital;
    bool has_iso_times;
};

static struct json rename_members(const struct renaming *renaming, const struct json *value)
{
    if (json_is_array(value)) {
        struct json_items items;
        json_items_init(&items, renaming->arena);
        for (uint32_t i = 0; i < value->size; i++)
            json_items_append(&items, rename_members(renaming, &value->items[i]));
        return json_items_finish(&items);
    }
    if (!json_is_object(value)) return *value;
    struct json_members members;
    json_members_init(&members, renaming->arena);
    for (uint32_t i = 0; i < value->size; i++) {
        const struct json_member *member = &value->members[i];
        struct str name =
            with_first_letter(renaming->arena, json_str(&member->name), renaming->is_capital);
        bool is_iso = renaming->has_iso_times && is_time(name) && json_is_number(&member->value);
        json_members_set(&members, name,
                         is_iso ? iso_time(renaming->arena, &member->value)
                                : rename_members(renaming, &member->value));
    }
    return json_members_finish(&members);
}

// Members that the API wants as text and a workflow may give as any value.
static bool is_text_member(struct str name)
{
    return str_is(name, "Input") || str_is(name, "Output") || str_is(name, "MessageBody") ||
           str_is(name, "Detail");
}

static struct json stringify(struct arena *arena, const struct json *value)
{
    if (json_is_array(value)) {
        struct json_items items;
        json_items_init(&items, arena);
        for (uint32_t i = 0; i < value->size; i++)
            json_items_append(&items, stringify(arena, &value->items[i]));
        return json_items_finish(&items);
    }
    if (!json_is_object(value)) return *value;
    struct json_members members;
    json_members_init(&members, arena);
    for (uint32_t i = 0; i < value->size; i++) {
        const struct json_member *member = &value->members[i];
        struct str name = json_str(&member->name);
        struct json text = member->value;
        if (!is_text_member(name)) {
            text = stringify(arena, &member->value);
        } else if (!json_is_string(&text) && !json_is_null(&text)) {
            text = json_from_str(json_render_to_arena(arena, &member->value));
        }
        json_members_set(&members, name, text);
    }
    return json_members_finish(&members);
}

// ---------------------------------------------------------------------------------------------
// Answers

static void answer(struct tasks_call *call, const struct tasks_answer *answer)
{
    call->on_answer(call->context, answer);
}

static void answer_error(struct tasks_call *call, struct str name, struct str message, int status,
                         struct str request_id)
{
    const struct aws_service *service = call->service;
    struct arena *arena = call->request.arena;
    bool has_suffix = str_ends_with(name, STR("Exception"));
    struct tasks_answer result = {
        .error = arena_printf(arena, "%" STR_FORMAT ".%" STR_FORMAT "%s",
                              STR_ARGS(service->error_prefix), STR_ARGS(name),
                              has_suffix ? "" : "Exception"),
    };
    if (service->is_optimised) {
        result.cause = arena_printf(arena,
                                    "%" STR_FORMAT " (Service: %" STR_FORMAT
                                    "; Status Code: %d; Error Code: %" STR_FORMAT
                                    "; Request ID: %" STR_FORMAT "; Proxy: null)",
                                    STR_ARGS(message), STR_ARGS(service->sdk_name), status,
                                    STR_ARGS(name), STR_ARGS(request_id));
    } else {
        result.cause = arena_printf(
            arena,
            "%" STR_FORMAT " (Service: %" STR_FORMAT ", Status Code: %d, Request ID: %" STR_FORMAT
            ") (SDK Attempt Count: 1)",
            STR_ARGS(message), STR_ARGS(service->sdk_name), status, STR_ARGS(request_id));
    }
    answer(call, &result);
}

static void answer_unreachable(struct tasks_call *call, const struct http_answer *http)
{
    struct arena *arena = call->request.arena;
    struct tasks_answer result = {
        .error = arena_printf(arena, "%" STR_FORMAT ".SdkClientException",
                              STR_ARGS(call->service->error_prefix)),
        .cause = arena_printf(arena, "Unable to execute HTTP request: %" STR_FORMAT,
                              STR_ARGS(http->error)),
    };
    answer(call, &result);
}

static void answer_refused(struct tasks_call *call, const struct http_answer *http,
                           const struct json *body, struct str request_id)
{
    struct str type = JSON_FIND_STR(body, "__type");
    size_t at = str_find_byte(type, '#');
    if (at != SIZE_MAX) type = str_skip(type, at + 1);
    if (type.size == 0) type = STR("ServiceException");
    struct str message = JSON_FIND_STR(body, "message");
    if (message.size == 0) message = JSON_FIND_STR(body, "Message");
    answer_error(call, type, message, http->status, request_id);
}

// Optimised integrations show how the call went beside the answer.
static struct json with_metadata(struct tasks_call *call, const struct http_answer *http,
                                 struct json body, struct str request_id)
{
    struct arena *arena = call->request.arena;
    const struct json *result = &body;
    struct json metadata =
        tasks_http_metadata(arena, http->headers, http->header_count, http->status);
    struct json_members response;
    json_members_init(&response, arena);
    json_members_append(&response, STR("RequestId"), json_from_str(request_id));
    struct json response_metadata = json_members_finish(&response);
    result = json_with_member(arena, result, STR("SdkHttpMetadata"), &metadata);
    if (result != NULL) {
        result = json_with_member(arena, result, STR("SdkResponseMetadata"), &response_metadata);
    }
    return result == NULL ? json_null : *result;
}

static void on_http_answer(void *context, const struct http_answer *http)
{
    struct tasks_call *call = context;
    struct arena *arena = call->request.arena;
    struct json body = json_empty_object;
    struct str request_id;
    call->http = NULL;
    if (http->outcome != HTTP_CALL_ANSWERED) {
        answer_unreachable(call, http);
        return;
    }
    if (!http_headers_find(http->headers, http->header_count, STR("x-amzn-RequestId"),
                           &request_id) ||
        !arena_copy_str(arena, request_id, &request_id)) {
        request_id = STR("");
    }
    bool is_json = http->body.size == 0 ||
                   json_parse(arena, http->body, JSON_PARSE_COPY, &body, NULL) == STATUS_OK;
    if (!is_json || http->status >= HTTP_ERROR) {
        answer_refused(call, http, is_json ? &body : &json_empty_object, request_id);
        return;
    }
    if (call->service->is_camel_case) {
        struct renaming renaming = {arena, true, !call->service->is_optimised};
        body = rename_members(&renaming, &body);
    }
    bool is_put_events = str_is(call->service->resource, "events");
    if (is_put_events && tasks_put_events_failed(&body)) {
        struct tasks_answer failure = {.error = STR("EventBridge.FailedEntry"),
                                       .cause = json_render_to_arena(arena, &body)};
        answer(call, &failure);
        return;
    }
    if (call->service->is_optimised && !is_put_events) {
        body = with_metadata(call, http, body, request_id);
    }
    struct tasks_answer result = {
        .is_success = true, .output = body, .output_size_bytes = http->body.size};
    answer(call, &result);
}

// ---------------------------------------------------------------------------------------------
// Calling

// What the API's action is called on the wire and in policies: "startExecution" ->
// "StartExecution".
static struct str action_name(struct tasks_call *call)
{
    return with_first_letter(call->request.arena, call->request.action, true);
}

// The resource that policies are asked about, where a parameter names it.
static struct str resource_of(const struct tasks_call *call)
{
    static const struct str names[] = {STR_INIT("StateMachineArn"), STR_INIT("ExecutionArn"),
                                       STR_INIT("ActivityArn"),     STR_INIT("TableName"),
                                       STR_INIT("QueueUrl"),        STR_INIT("SecretId")};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct str value = json_find_str(&call->request.parameters, names[i], STR(""));
        if (value.size > 0) return value;
    }
    return STR("*");
}

static enum status sign(struct tasks_call *call, struct http_request *request, bool is_self,
                        struct sigv4_signed *ret_signed)
{
    struct tasks *tasks = call->tasks;
    struct clock real_time;
    clock_init_real(&real_time);
    struct sigv4_signing signing = {
        .credentials = is_self ? tasks->self_credentials : tasks->endpoint_credentials,
        .region = call->request.region,
        .service = call->service->signing_name,
        .now_unix_ms = clock_unix_ms(&real_time),
    };
    return sigv4_sign(tasks->sigv4, request, &signing, call->request.arena, ret_signed);
}

static bool send(struct tasks_call *call, struct str target, struct str body)
{
    const struct tasks_endpoint *endpoint =
        tasks_endpoint_find(call->tasks, call->service->signing_name);
    struct str base = endpoint == NULL ? call->tasks->self_url : endpoint->url;
    struct str url = arena_printf(call->request.arena, "%" STR_FORMAT "/", STR_ARGS(base));
    struct str host = url;
    size_t scheme = str_find(url, STR("://"));
    if (scheme != SIZE_MAX) host = str_skip(url, scheme + 3);
    size_t slash = str_find_byte(host, '/');
    if (slash != SIZE_MAX) host = str_slice(host, 0, slash);
    struct http_header headers[3 + ARRAY_COUNT(((struct sigv4_signed *)0)->headers)] = {
        {STR("Content-Type"), call->service->content_type},
        {STR("X-Amz-Target"), target},
        {STR("Host"), host},
    };
    struct http_request signed_request = {
        .method = STR("POST"),
        .path = STR("/"),
        .headers = headers,
        .header_count = 3,
        .body = body,
    };
    struct sigv4_signed signature;
    if (sign(call, &signed_request, endpoint == NULL, &signature) != STATUS_OK) return false;
    for (size_t i = 0; i < signature.header_count; i++)
        headers[3 + i] = signature.headers[i];
    struct http_call_request request = {
        .method = STR("POST"),
        .url = url,
        .headers = headers,
        .header_count = 3 + signature.header_count,
        .body = body,
        .timeout_ms = TIMEOUT_MS,
    };
    call->http = http_client_call(call->tasks->client, &request, on_http_answer, call);
    return call->http != NULL;
}

void tasks_aws_start(struct tasks_call *call)
{
    const struct aws_service *service = call->service;
    struct arena *arena = call->request.arena;
    struct str action = action_name(call);
    struct str permission = arena_printf(arena, "%" STR_FORMAT ":%" STR_FORMAT,
                                         STR_ARGS(service->signing_name), STR_ARGS(action));
    struct str denial = arena_printf(arena, "%" STR_FORMAT ".%" STR_FORMAT "Exception",
                                     STR_ARGS(service->error_prefix), STR_ARGS(service->sdk_name));
    if (!tasks_call_authorize(call, permission, resource_of(call), denial,
                              service->sdk_name.data)) {
        return;
    }
    struct json parameters = stringify(arena, &call->request.parameters);
    if (service->is_camel_case) {
        struct renaming renaming = {.arena = arena};
        parameters = rename_members(&renaming, &parameters);
    }
    if (str_is(call->service->resource, "events")) {
        parameters = tasks_put_events_parameters(&call->request, parameters);
    }
    struct str body = json_render_to_arena(arena, &parameters);
    struct str target = arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT,
                                     STR_ARGS(service->target_prefix), STR_ARGS(action));
    if (arena->is_exhausted || !send(call, target, body)) {
        tasks_call_refuse(call,
                          arena_printf(arena, "%" STR_FORMAT ".SdkClientException",
                                       STR_ARGS(service->error_prefix)),
                          STR("Unable to execute HTTP request: out of memory"));
    }
}
