// Forwarding: calls for services that Galop does not serve go, as they are, to the endpoint given
// in the configuration, and the answer comes back as it is.

#include "api/api.h"

enum { HEADERS_MAX = HTTP_HEADERS_MAX + 1 };

// Headers that belong to one connection, not to the message.
static bool is_hop_by_hop(struct str name)
{
    static const char *const names[] = {"Connection",      "Keep-Alive", "Transfer-Encoding",
                                        "Content-Length",  "Upgrade",    "TE",
                                        "Trailer",         "Expect",     "Date",
                                        "Proxy-Connection"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_equal_ignoring_case(name, str_from_c(names[i]))) return true;
    }
    return false;
}

static size_t copy_headers(const struct http_header *headers, size_t count,
                           struct http_header ret_headers[static HEADERS_MAX])
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < HEADERS_MAX; i++) {
        if (!is_hop_by_hop(headers[i].name)) ret_headers[kept++] = headers[i];
    }
    return kept;
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct api_request *request = context;
    if (answer->outcome != HTTP_CALL_ANSWERED) {
        api_exception_status(request, 502, STR("ServiceUnavailable"),
                             arena_printf(request->arena,
                                          "The endpoint that this call is forwarded to does not "
                                          "answer: %" STR_FORMAT,
                                          STR_ARGS(answer->error)));
        return;
    }
    struct http_header headers[HEADERS_MAX];
    size_t count = copy_headers(answer->headers, answer->header_count, headers);
    http_exchange_reply(request->exchange, answer->status, headers, count, answer->body);
}

void api_forward_request(struct api_request *request, const struct tasks_endpoint *forward)
{
    const struct http_request *http = request->http;
    struct http_header headers[HEADERS_MAX];
    // Host stays: it is signed.
    size_t count = copy_headers(http->headers, http->header_count, headers);
    struct http_call_request call = {
        .method = http->method,
        .url = arena_printf(request->arena, "%" STR_FORMAT "%" STR_FORMAT "%s%" STR_FORMAT,
                            STR_ARGS(forward->url), STR_ARGS(http->path),
                            http->query.size > 0 ? "?" : "", STR_ARGS(http->query)),
        .headers = headers,
        .header_count = count,
        .body = http->body,
        .must_omit_user_agent = true,
    };
    if (http_client_call(request->worker->client, &call, on_answer, request) == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
    }
}
