// Invoke: the payload is the body, all else comes in headers; the answer likewise.

#include "api/lambda.h"
#include "base/encoding.h"
#include "lambda/lambda.h"

enum { PARSE_SIZE_LIMIT = 256 << 20 }; // For looking whether a payload is JSON.

static void reply_outcome(struct api_request *request, const struct lambda_outcome *outcome)
{
    struct http_header headers[4];
    size_t count = 0;
    struct buffer tail;
    buffer_init(&tail, 2 * LAMBDA_LOG_TAIL_SIZE_MAX);
    headers[count++] =
        (struct http_header){STR("X-Amz-Executed-Version"), outcome->executed_version};
    headers[count++] = (struct http_header){STR("x-amzn-Remapped-Content-Length"), STR("0")};
    if (outcome->is_function_error)
        headers[count++] = (struct http_header){STR("X-Amz-Function-Error"), STR("Unhandled")};
    if (outcome->log_tail.size > 0) {
        encoding_base64_encode(&tail, outcome->log_tail);
        headers[count++] = (struct http_header){STR("X-Amz-Log-Result"), buffer_str(&tail)};
    }
    api_reply(request, outcome->http_status, headers, count, outcome->payload);
    buffer_release(&tail);
}

static void on_done(struct lambda_invocation *invocation)
{
    struct api_request *request = invocation->request.context;
    const struct lambda_outcome *outcome = &invocation->outcome;
    const struct lambda_exception *exception = &outcome->exception;
    net_loop_busy_end(request->worker->loop);
    if (lambda_exception_is_set(exception)) {
        api_exception_status(request, exception->http_status, exception->type, exception->message);
    } else {
        reply_outcome(request, outcome);
    }
    lambda_invocation_free(invocation);
}

// Returns false after replying.
static bool check_payload(struct api_request *request)
{
    struct str payload = request->http->body;
    struct arena CLEANUP(arena_release) scratch;
    struct json value;
    struct json_error error;
    arena_init(&scratch, PARSE_SIZE_LIMIT);
    if (payload.size == 0 || payload.size > LAMBDA_PAYLOAD_SIZE_MAX) return true;
    enum status status = json_parse(&scratch, payload, 0, &value, &error);
    if (status != STATUS_INVALID) return true; // Without memory for a look the function decides.
    api_exception(request, STR("InvalidRequestContentException"),
                  "Could not parse request body into json: Could not parse payload into json: "
                  "%" STR_FORMAT,
                  STR_ARGS(error.message));
    return false;
}

// The invocation's type from its header. Returns false after replying.
static bool read_type(struct api_request *request, enum lambda_invocation_type *ret_type)
{
    struct str type = http_request_header(request->http, STR("X-Amz-Invocation-Type"));
    if (type.size == 0 || str_is(type, "RequestResponse")) {
        *ret_type = LAMBDA_REQUEST_RESPONSE;
    } else if (str_is(type, "Event")) {
        *ret_type = LAMBDA_EVENT;
    } else if (str_is(type, "DryRun")) {
        *ret_type = LAMBDA_DRY_RUN;
    } else {
        api_exception(
            request, STR("ValidationException"),
            "1 validation error detected: Value '%" STR_FORMAT
            "' at 'invocationType' failed to satisfy constraint: Member must satisfy enum "
            "value set: [Event, RequestResponse, DryRun]",
            STR_ARGS(type));
        return false;
    }
    return true;
}

// Returns false after replying.
static bool read_client_context(struct api_request *request, struct str *ret_context)
{
    struct str text = http_request_header(request->http, STR("X-Amz-Client-Context"));
    struct json value;
    *ret_context = STR("");
    if (text.size == 0) return true;
    if (encoding_base64_decode(request->arena, text, ret_context) &&
        ret_context->size <= LAMBDA_CLIENT_CONTEXT_SIZE_MAX &&
        json_parse(request->arena, *ret_context, 0, &value, NULL) == STATUS_OK &&
        json_is_object(&value))
        return true;
    api_exception(request, STR("InvalidRequestContentException"),
                  "Client context must be a valid Base64-encoded JSON object.");
    return false;
}

void api_lambda_invoke(struct api_request *request, const struct api_lambda_route *route)
{
    struct api_worker *worker = request->worker;
    struct lambda_invocation_request call = {
        .region = request->region,
        .function = route->resource,
        .qualifier = api_lambda_query(request, STR("Qualifier")),
        .payload = request->http->body,
        .trace_id = http_request_header(request->http, STR("X-Amzn-Trace-Id")),
        .request_id = {request->request_id, RANDOM_UUID_SIZE},
        .wants_log_tail = str_is(http_request_header(request->http, STR("X-Amz-Log-Type")), "Tail"),
        .reply_to = net_loop_mailbox(worker->loop),
        .done = on_done,
        .context = request,
    };
    if (!read_type(request, &call.type) || !read_client_context(request, &call.client_context) ||
        !check_payload(request))
        return;
    struct lambda_invocation *invocation = lambda_invocation_new(&call);
    if (invocation == NULL) {
        if (call.payload.size > LAMBDA_PAYLOAD_SIZE_MAX) {
            api_exception_status(request, 413, STR("RequestTooLargeException"),
                                 STR("Request must be smaller than 6291456 bytes for the "
                                     "InvokeFunction operation"));
            return;
        }
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    net_loop_busy_begin(worker->loop);
    lambda_invoke(worker->api->lambda, invocation);
}
