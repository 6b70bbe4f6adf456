// CloudWatch: bodies and answers of three protocols, and the way past the workers, who are asked to
// merge what they have counted before anything is read.

#include "api/cloudwatch.h"

#include <string.h>

#include "api/cbor.h"
#include "api/query.h"
#include "runtime/worker.h"

void cloudwatch_refuse(struct cloudwatch_call *call, const char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    call->error = error;
    call->message = arena_vprintf(call->request->arena, format, args);
    va_end(args);
}

// The query protocol's codes are the exceptions' names without their end; the other protocols tell
// them in a header. ValidationError is no exception of the model and has one name.
static void reply_refusal(struct cloudwatch_call *call)
{
    struct api_request *request = call->request;
    struct arena *arena = request->arena;
    if (request->service->protocol == API_PROTOCOL_QUERY) {
        api_exception(request, str_from_c(call->error), "%" STR_FORMAT, STR_ARGS(call->message));
        return;
    }
    bool is_modelled = strcmp(call->error, "ValidationError") != 0;
    struct str name = arena_printf(arena, "%s%s", call->error, is_modelled ? "Exception" : "");
    const struct http_header header = {STR("x-amzn-query-error"),
                                       arena_printf(arena, "%s;Sender", call->error)};
    const struct json_member members[] = {
        {json_from_str(STR("__type")), json_from_str(name)},
        {json_from_str(STR("message")), json_from_str(call->message)},
    };
    const struct json body = json_from_members(members, ARRAY_COUNT(members));
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, MIB(1));
    if (request->service->protocol == API_PROTOCOL_CBOR) {
        cbor_encode(&buffer, &body);
    } else {
        json_render(&buffer, &body);
    }
    api_reply(request, 400, &header, 1, buffer_str(&buffer));
}

static void reply_result(struct cloudwatch_call *call)
{
    struct api_request *request = call->request;
    struct buffer *buffer;
    switch (request->service->protocol) {
    case API_PROTOCOL_QUERY:
        buffer = query_reply_begin(request);
        cloudwatch_write_xml(buffer, &call->result);
        query_reply_end(request, buffer);
        return;
    case API_PROTOCOL_CBOR:
        cbor_encode(api_reply_begin(request), &call->result);
        api_reply_end(request);
        return;
    case API_PROTOCOL_JSON_1_0:
    case API_PROTOCOL_JSON_1_1:
    case API_PROTOCOL_REST_JSON: break;
    }
    json_render(api_reply_begin(request), &call->result);
    api_reply_end(request);
}

static void on_visited(struct metrics_visit *visit)
{
    struct cloudwatch_call *call = CONTAINER_OF(visit, struct cloudwatch_call, visit);
    call->run(call);
    if (call->error != NULL) {
        reply_refusal(call);
    } else if (call->fault != STATUS_OK || call->request->arena->is_exhausted) {
        api_fault(call->request, call->fault != STATUS_OK ? call->fault : STATUS_NO_MEMORY);
    } else {
        reply_result(call);
    }
}

// Returns false after replying.
static bool read_body(struct api_request *request, struct json *ret_body)
{
    *ret_body = request->body;
    if (request->service->protocol != API_PROTOCOL_QUERY) return true;
    struct str form = request->http->body.size > 0 ? request->http->body : request->http->query;
    enum status status = cloudwatch_read_form(request->arena, form, ret_body);
    if (status == STATUS_INVALID) {
        api_exception(request, STR("MalformedQueryString"), "The form is malformed.");
    } else if (status != STATUS_OK) {
        api_fault(request, status);
    }
    return status == STATUS_OK;
}

static void handle(struct api_request *request)
{
    const struct cloudwatch_operation *operation = NULL;
    struct json body;
    for (size_t i = 0; i < cloudwatch_operation_count; i++) {
        if (str_equal(request->operation, cloudwatch_operations[i].name)) {
            operation = &cloudwatch_operations[i];
        }
    }
    if (operation == NULL) {
        api_exception(request, STR("UnknownOperationException"),
                      "The operation %" STR_FORMAT
                      " of CloudWatch is not served by this version of Galop.",
                      STR_ARGS(request->operation));
        return;
    }
    if (!read_body(request, &body)) return;
    struct cloudwatch_call *call = ARENA_NEW(request->arena, struct cloudwatch_call);
    if (call == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    *call = (struct cloudwatch_call){
        .visit = {.runtime = request->worker->api->runtime,
                  .worker = request->worker->runtime,
                  .done = on_visited},
        .request = request,
        .body = body,
        .result = json_empty_object,
        .run = operation->run,
    };
    metrics_visit(&call->visit);
}

const struct api_service api_cloudwatch_json = {
    .name = STR_INIT("monitoring"),
    .target_prefix = STR_INIT("GraniteServiceVersion20100801."),
    .protocol = API_PROTOCOL_JSON_1_0,
    .handle = handle,
};
const struct api_service api_cloudwatch_query = {
    .name = STR_INIT("monitoring"),
    .target_prefix = STR_INIT(""),
    .protocol = API_PROTOCOL_QUERY,
    .handle = handle,
};
const struct api_service api_cloudwatch_cbor = {
    .name = STR_INIT("monitoring"),
    .target_prefix = STR_INIT(""),
    .protocol = API_PROTOCOL_CBOR,
    .handle = handle,
};
