// A call owns an arena for its request and for what is taken from an error's XML.

#include "tasks/s3.h"

#include <assert.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "net/sigv4.h"
#include "tasks/xml_reader.h"

enum {
    TIMEOUT_MS = 65000,
    RETRY_DELAY_MS = 100, // Doubled each time.
    CALL_ARENA_SIZE_MAX = 4 << 20,
    ANSWER_SIZE_MAX = 1 << 20, // Also of the text of an error.
    URL_SIZE_MAX = 64 << 10,
    SIGNED_HEADERS_MAX = ARRAY_COUNT(((struct sigv4_signed *)0)->headers),
};

struct s3_call {
    struct tasks *tasks;
    s3_answer_fn on_answer;
    void *context;
    struct s3_request request;
    struct str url; // With what follows, in the arena.
    struct str path;
    struct str query;
    struct http_header headers[1 + S3_HEADERS_MAX + SIGNED_HEADERS_MAX]; // "Host" first.
    struct http_call *http;                                              // Under way, or NULL.
    struct net_timer retry; // Armed between two attempts.
    struct net_deferred refusal;
    struct str refusal_message;
    int attempts;
    bool is_answering;
    struct arena arena;
};

// ---------------------------------------------------------------------------------------------
// Answers

static void free_call(struct s3_call *call)
{
    arena_release(&call->arena);
    free(call);
}

static void answer(struct s3_call *call, const struct s3_answer *answer)
{
    call->is_answering = true;
    call->on_answer(call->context, answer);
    free_call(call);
}

static void deliver_refusal(struct net_deferred *deferred)
{
    struct s3_call *call = CONTAINER_OF(deferred, struct s3_call, refusal);
    answer(call, &(struct s3_answer){.message = call->refusal_message});
}

static void refuse(struct s3_call *call, struct str message)
{
    call->refusal_message = message;
    net_loop_defer(call->tasks->loop, &call->refusal);
}

// What a status alone says: answers to HEAD have no body.
static struct str code_of_status(int status)
{
    switch (status) {
    case 301: return STR("PermanentRedirect");
    case 304: return STR("NotModified");
    case 403: return STR("AccessDenied");
    case 404: return STR("NotFound");
    case 412: return STR("PreconditionFailed");
    case 416: return STR("InvalidRange");
    case 503: return STR("SlowDown");
    default: return STR("InternalError");
    }
}

// Servers that give their answers no names still have errors that name them, as S3's all do.
static struct str made_id(struct s3_call *call)
{
    char *uuid = arena_alloc(&call->arena, RANDOM_UUID_SIZE);
    if (uuid == NULL) return STR("");
    random_uuid(call->tasks->random, uuid);
    return (struct str){uuid, RANDOM_UUID_SIZE};
}

static void read_error(struct s3_call *call, struct s3_answer *answer)
{
    const struct xml_element *root;
    if (answer->body.size > 0 && xml_read(&call->arena, answer->body, &root) == STATUS_OK &&
        str_is(root->name, "Error")) {
        answer->code = xml_find_text(root, STR("Code"));
        answer->message = xml_find_text(root, STR("Message"));
        if (answer->request_id.size == 0)
            answer->request_id = xml_find_text(root, STR("RequestId"));
        if (answer->extended_request_id.size == 0)
            answer->extended_request_id = xml_find_text(root, STR("HostId"));
    }
    if (answer->code.size == 0) answer->code = code_of_status(answer->status);
    if (answer->request_id.size == 0) answer->request_id = made_id(call);
    if (answer->extended_request_id.size == 0) answer->extended_request_id = made_id(call);
}

static bool is_passing(const struct http_answer *http)
{
    if (http->outcome != HTTP_CALL_ANSWERED) {
        return http->outcome == HTTP_CALL_UNREACHABLE || http->outcome == HTTP_CALL_BROKEN;
    }
    return http->status == 500 || http->status == 502 || http->status == 503 || http->status == 504;
}

static void on_http_answer(void *context, const struct http_answer *http)
{
    struct s3_call *call = context;
    call->http = NULL;
    if (is_passing(http) && call->attempts < S3_ATTEMPTS_MAX) {
        net_loop_busy_begin(call->tasks->loop);
        net_timer_arm_steady(call->tasks->loop, &call->retry,
                             RETRY_DELAY_MS << (call->attempts - 1));
        return;
    }
    struct s3_answer result = {
        .status = http->status,
        .headers = http->headers,
        .header_count = http->header_count,
        .body = http->body,
        .message = http->error,
    };
    result.request_id = s3_answer_header(&result, STR("x-amz-request-id"));
    result.extended_request_id = s3_answer_header(&result, STR("x-amz-id-2"));
    result.is_too_large = http->outcome == HTTP_CALL_TOO_LARGE;
    result.is_success = result.is_too_large || (http->outcome == HTTP_CALL_ANSWERED &&
                                                http->status >= 200 && http->status < 300);
    if (http->outcome == HTTP_CALL_ANSWERED && !result.is_success) read_error(call, &result);
    answer(call, &result);
}

// ---------------------------------------------------------------------------------------------
// Requests

// The endpoint's own path, if any, comes before the bucket.
static bool make_url(struct s3_call *call, const struct s3_request *request, struct str endpoint)
{
    struct buffer CLEANUP(buffer_release) url;
    buffer_init(&url, URL_SIZE_MAX);
    size_t host = str_find(endpoint, STR("://"));
    assert(host != SIZE_MAX);
    size_t slash = str_find_byte(str_skip(endpoint, host + 3), '/');
    size_t path = slash == SIZE_MAX ? endpoint.size : host + 3 + slash;
    buffer_append_str(&url, endpoint);
    buffer_append_byte(&url, '/');
    if (request->bucket.size > 0) encoding_percent_encode(&url, request->bucket, false);
    if (request->key.size > 0) {
        buffer_append_byte(&url, '/');
        encoding_percent_encode(&url, request->key, true);
    }
    size_t query = url.size;
    for (size_t i = 0; i < request->query_count; i++) {
        buffer_append_byte(&url, i == 0 ? '?' : '&');
        encoding_percent_encode(&url, request->query[i].name, false);
        buffer_append_byte(&url, '=');
        encoding_percent_encode(&url, request->query[i].value, false);
    }
    if (!buffer_copy_to_arena(&url, &call->arena, &call->url)) return false;
    call->path = str_slice(call->url, path, query - path);
    call->query = str_skip(call->url, query + 1);
    call->headers[0] =
        (struct http_header){STR("Host"), str_slice(call->url, host + 3, path - host - 3)};
    return true;
}

static bool copy_request(struct s3_call *call, const struct s3_request *request)
{
    struct s3_request *copy = &call->request;
    assert(request->header_count <= S3_HEADERS_MAX);
    *copy = *request;
    if (!arena_copy_str(&call->arena, request->method, &copy->method)) return false;
    if (!arena_copy_str(&call->arena, request->region, &copy->region)) return false;
    for (size_t i = 0; i < request->header_count; i++) {
        struct http_header *header = &call->headers[1 + i];
        if (!arena_copy_str(&call->arena, request->headers[i].name, &header->name) ||
            !arena_copy_str(&call->arena, str_trim(request->headers[i].value), &header->value)) {
            return false;
        }
    }
    return true;
}

// Signs anew, since time has passed.
static void attempt(struct s3_call *call)
{
    struct tasks *tasks = call->tasks;
    struct clock real_time;
    struct sigv4_signed signature;
    const struct s3_request *request = &call->request;
    size_t header_count = 1 + request->header_count;
    clock_init_real(&real_time);
    struct http_request unsigned_request = {
        .method = request->method,
        .path = call->path,
        .query = call->query,
        .headers = call->headers,
        .header_count = header_count,
        .body = request->body,
    };
    struct sigv4_signing signing = {
        .credentials = tasks->endpoint_credentials,
        .region = request->region,
        .service = STR("s3"),
        .now_unix_ms = clock_unix_ms(&real_time),
    };
    call->attempts++;
    if (sigv4_sign(tasks->sigv4, &unsigned_request, &signing, &call->arena, &signature) !=
        STATUS_OK) {
        refuse(call, STR("the request could not be signed: it is too large"));
        return;
    }
    for (size_t i = 0; i < signature.header_count; i++)
        call->headers[header_count + i] = signature.headers[i];
    struct http_call_request http = {
        .method = request->method,
        .url = call->url,
        .headers = call->headers,
        .header_count = header_count + signature.header_count,
        .body = request->body,
        .timeout_ms = TIMEOUT_MS,
        .answer_size_bytes_max =
            request->answer_size_max == 0 ? ANSWER_SIZE_MAX : request->answer_size_max,
    };
    call->http = http_client_call(tasks->client, &http, on_http_answer, call);
    if (call->http == NULL) refuse(call, STR("out of memory"));
}

static void on_retry(struct net_timer *timer)
{
    struct s3_call *call = CONTAINER_OF(timer, struct s3_call, retry);
    attempt(call);
    net_loop_busy_end(call->tasks->loop);
}

struct s3_call *s3_call_new(struct tasks *tasks, const struct s3_request *request,
                            s3_answer_fn on_answer, void *context)
{
    const struct tasks_endpoint *endpoint = tasks_endpoint_find(tasks, STR("s3"));
    struct s3_call *call = calloc(1, sizeof(*call));
    if (call == NULL) return NULL;
    call->tasks = tasks;
    call->on_answer = on_answer;
    call->context = context;
    arena_init(&call->arena, CALL_ARENA_SIZE_MAX);
    net_timer_init(&call->retry, on_retry);
    net_deferred_init(&call->refusal, deliver_refusal);
    if (endpoint == NULL) {
        refuse(call, STR("no endpoint for s3 is configured: start galop with --forward s3=URL"));
    } else if (!copy_request(call, request) || !make_url(call, request, endpoint->url)) {
        refuse(call, STR("bucket, key and parameters are too long"));
    } else {
        attempt(call);
    }
    return call;
}

void s3_call_cancel(struct s3_call *call)
{
    if (call == NULL || call->is_answering) return;
    if (net_timer_is_armed(&call->retry)) net_loop_busy_end(call->tasks->loop);
    net_timer_disarm(call->tasks->loop, &call->retry);
    net_deferred_cancel(&call->refusal);
    if (call->http != NULL) http_call_cancel(call->http);
    free_call(call);
}

// ---------------------------------------------------------------------------------------------
// Texts

struct str s3_answer_header(const struct s3_answer *answer, struct str name)
{
    struct str value = {0};
    if (!http_headers_find(answer->headers, answer->header_count, name, &value)) return STR("");
    return value;
}

struct str s3_sdk_cause(struct arena *arena, const struct s3_answer *answer)
{
    assert(!answer->is_success);
    if (answer->code.size == 0) {
        return arena_printf(arena, "Unable to execute HTTP request: %" STR_FORMAT,
                            STR_ARGS(answer->message));
    }
    struct str message = answer->message.size == 0 ? STR("null") : answer->message;
    struct str extended = answer->extended_request_id;
    return arena_printf(arena,
                        "%" STR_FORMAT " (Service: S3, Status Code: %d, Request ID: %" STR_FORMAT
                        "%s%" STR_FORMAT ")",
                        STR_ARGS(message), answer->status, STR_ARGS(answer->request_id),
                        extended.size > 0 ? ", Extended Request ID: " : "", STR_ARGS(extended));
}

struct str s3_optimised_cause(struct arena *arena, const struct s3_answer *answer)
{
    assert(!answer->is_success);
    if (answer->code.size == 0) {
        return arena_printf(arena, "Unable to execute HTTP request: %" STR_FORMAT,
                            STR_ARGS(answer->message));
    }
    struct str message = answer->message.size == 0 ? answer->code : answer->message;
    struct str extended = answer->extended_request_id;
    return arena_printf(arena,
                        "%" STR_FORMAT " (Service: Amazon S3; Status Code: %d; Error Code: "
                        "%" STR_FORMAT "; Request ID: %" STR_FORMAT
                        "; S3 Extended Request ID: %" STR_FORMAT "; Proxy: null)",
                        STR_ARGS(message), answer->status, STR_ARGS(answer->code),
                        STR_ARGS(answer->request_id), STR_ARGS(extended));
}
