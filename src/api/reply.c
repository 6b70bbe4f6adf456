// Replies in the form of each protocol.

#include <stdio.h>

#include "api/api.h"
#include "api/cbor.h"
#include "api/query.h"
#include "api/xml.h"
#include "base/log.h"

static struct str content_type_of(const struct api_request *request)
{
    switch (request->service->protocol) {
    case API_PROTOCOL_JSON_1_0: return STR("application/x-amz-json-1.0");
    case API_PROTOCOL_JSON_1_1: return STR("application/x-amz-json-1.1");
    case API_PROTOCOL_QUERY: return STR("text/xml");
    case API_PROTOCOL_REST_JSON: return STR("application/json");
    case API_PROTOCOL_CBOR: return STR("application/cbor");
    }
    return STR("application/json");
}

enum { COMMON_HEADERS_MAX = 3, EXTRA_HEADERS_MAX = 13 };

// Returns how many.
static size_t common_headers(const struct api_request *request,
                             struct http_header headers[static COMMON_HEADERS_MAX])
{
    headers[0] =
        (struct http_header){STR("x-amzn-RequestId"), {request->request_id, RANDOM_UUID_SIZE}};
    headers[1] = (struct http_header){STR("Content-Type"), content_type_of(request)};
    if (LIKELY(request->service->protocol != API_PROTOCOL_CBOR)) return 2;
    headers[2] = (struct http_header){STR("smithy-protocol"), STR("rpc-v2-cbor")};
    return 3;
}

struct buffer *api_reply_begin(struct api_request *request)
{
    struct http_header headers[COMMON_HEADERS_MAX];
    size_t count = common_headers(request, headers);
    return http_exchange_begin_reply(request->exchange, 200, headers, count);
}

void api_reply_end(struct api_request *request)
{
    http_exchange_finish_reply(request->exchange);
}

void api_reply_empty(struct api_request *request)
{
    buffer_append_str(api_reply_begin(request), STR("{}"));
    api_reply_end(request);
}

void api_reply(struct api_request *request, int http_status, const struct http_header *headers,
               size_t header_count, struct str body)
{
    struct http_header all[COMMON_HEADERS_MAX + EXTRA_HEADERS_MAX];
    size_t count = common_headers(request, all);
    for (size_t i = 0; i < header_count && count < ARRAY_COUNT(all); i++) {
        // A handler that names the content type knows better than the protocol.
        if (str_equal_ignoring_case(headers[i].name, STR("Content-Type"))) {
            all[1] = headers[i];
        } else {
            all[count++] = headers[i];
        }
    }
    http_exchange_reply(request->exchange, http_status, all, count, body);
}

// ---------------------------------------------------------------------------------------------
// Exceptions

static void render_json(struct buffer *buffer, struct str name, struct str message,
                        struct str member, struct str value)
{
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("__type"), name);
    json_writer_string_member(&writer, STR("message"), message);
    if (member.size > 0) json_writer_string_member(&writer, member, value);
    json_writer_end_object(&writer);
}

static void render_cbor(struct buffer *buffer, struct str name, struct str message)
{
    const struct json_member members[] = {
        {json_from_str(STR("__type")), json_from_str(name)},
        {json_from_str(STR("message")), json_from_str(message)},
    };
    const struct json body = json_from_members(members, ARRAY_COUNT(members));
    cbor_encode(buffer, &body);
}

static void render_rest_json(struct buffer *buffer, int http_status, struct str message)
{
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("Type"),
                              http_status >= 500 ? STR("Service") : STR("User"));
    json_writer_string_member(&writer, STR("Message"), message);
    json_writer_string_member(&writer, STR("message"), message);
    json_writer_end_object(&writer);
}

static void render_query(struct api_request *request, struct buffer *buffer, int http_status,
                         struct str name, struct str message)
{
    struct str xmlns = query_xml_namespace(request);
    buffer_printf(buffer, "<ErrorResponse xmlns=\"%" STR_FORMAT "\"><Error><Type>%s</Type><Code>",
                  STR_ARGS(xmlns), http_status >= 500 ? "Receiver" : "Sender");
    xml_text(buffer, name);
    buffer_append_str(buffer, STR("</Code><Message>"));
    xml_text(buffer, message);
    buffer_printf(buffer, "</Message></Error><RequestId>%.*s</RequestId></ErrorResponse>",
                  RANDOM_UUID_SIZE, request->request_id);
}

static void reply_exception(struct api_request *request, int http_status, struct str name,
                            struct str message, struct str member, struct str value)
{
    struct http_header headers[COMMON_HEADERS_MAX + 1];
    size_t count = common_headers(request, headers);
    if (request->service->protocol == API_PROTOCOL_REST_JSON) {
        headers[count++] = (struct http_header){STR("x-amzn-ErrorType"), name};
    }
    struct buffer *buffer =
        http_exchange_begin_reply(request->exchange, http_status, headers, count);
    switch (request->service->protocol) {
    case API_PROTOCOL_JSON_1_0:
    case API_PROTOCOL_JSON_1_1: render_json(buffer, name, message, member, value); break;
    case API_PROTOCOL_REST_JSON: render_rest_json(buffer, http_status, message); break;
    case API_PROTOCOL_QUERY: render_query(request, buffer, http_status, name, message); break;
    case API_PROTOCOL_CBOR: render_cbor(buffer, name, message); break;
    }
    http_exchange_finish_reply(request->exchange);
}

void api_exception(struct api_request *request, struct str name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(request->arena, format, args);
    va_end(args);
    reply_exception(request, 400, name, message, STR(""), STR(""));
}

void api_exception_status(struct api_request *request, int http_status, struct str name,
                          struct str message)
{
    reply_exception(request, http_status, name, message, STR(""), STR(""));
}

void api_exception_member(struct api_request *request, struct str name, struct str message,
                          struct str member, struct str value)
{
    reply_exception(request, 400, name, message, member, value);
}

void api_fault(struct api_request *request, enum status status)
{
    log_error("%" STR_FORMAT " %" STR_FORMAT " failed: %s", STR_ARGS(request->service->name),
              STR_ARGS(request->operation), status_name(status));
    if (status == STATUS_IO) {
        reply_exception(request, 503, STR("ServiceUnavailable"),
                        STR("The server cannot write to its data directory."), STR(""), STR(""));
        return;
    }
    reply_exception(request, 500, STR("InternalFailure"),
                    STR("The request processing has failed because of an internal error."), STR(""),
                    STR(""));
}
