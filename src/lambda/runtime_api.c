// The token in the path finds the sandbox; the rest of the path is what it wants.

#include "lambda/runtime_api.h"

#include <assert.h>

#include "lambda/private.h"
#include "lambda/sandbox.h"

enum {
    // Larger results than the service's limit get the service's error; much larger ones are not
    // read.
    BODY_SIZE_MAX = 4 * LAMBDA_PAYLOAD_SIZE_MAX,
    ARENA_SIZE_MAX = 5 * LAMBDA_PAYLOAD_SIZE_MAX,
};

static void reply(struct http_exchange *exchange, int status, struct str body)
{
    const struct http_header type = {STR("Content-Type"), STR("application/json")};
    http_exchange_reply(exchange, status, &type, 1, body);
}

static void refuse(struct http_exchange *exchange, int status, const char *type)
{
    reply(exchange, status,
          arena_printf(http_exchange_arena(exchange),
                       "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}", type, type));
}

static const struct str accepted = STR_INIT("{\"status\":\"OK\"}");

// POST invocation/ID/response and invocation/ID/error.
static void on_result(struct lambda_sandbox *sandbox, struct http_exchange *exchange, struct str id,
                      bool is_error)
{
    const struct http_request *request = http_exchange_request(exchange);
    // The invocation ends while the exchange is still open: only then are its bytes given back.
    if (lambda_sandbox_on_result(sandbox, id, request->body, is_error)) {
        reply(exchange, 202, accepted);
    } else {
        refuse(exchange, 400, "InvalidRequestID");
    }
}

static void on_request(void *context, struct http_exchange *exchange)
{
    struct lambda *lambda = context;
    const struct http_request *request = http_exchange_request(exchange);
    struct str rest = str_skip(request->path, 1);
    struct lambda_sandbox *sandbox = map_find(&lambda->sandboxes, str_cut(&rest, '/'));
    bool is_get = str_is(request->method, "GET"), is_post = str_is(request->method, "POST");
    if (sandbox == NULL || sandbox->state == LAMBDA_SANDBOX_ENDING) {
        refuse(exchange, 403, "Forbidden");
    } else if (!str_is(str_cut(&rest, '/'), "2018-06-01") ||
               !str_is(str_cut(&rest, '/'), "runtime")) {
        refuse(exchange, 404, "NotFound");
    } else if (is_get && str_is(rest, "invocation/next")) {
        if (!lambda_sandbox_on_next(sandbox, exchange))
            refuse(exchange, 403, "InvalidStateTransition");
    } else if (is_post && str_is(rest, "init/error")) {
        if (lambda_sandbox_on_init_error(sandbox, request->body)) {
            reply(exchange, 202, accepted);
        } else {
            refuse(exchange, 403, "InvalidStateTransition");
        }
    } else if (is_post && str_is(str_cut(&rest, '/'), "invocation")) {
        struct str id = str_cut(&rest, '/');
        bool is_error = str_is(rest, "error");
        if (is_error || str_is(rest, "response")) {
            on_result(sandbox, exchange, id, is_error);
        } else {
            refuse(exchange, 404, "NotFound");
        }
    } else {
        refuse(exchange, 404, "NotFound");
    }
}

enum status lambda_runtime_api_start(struct lambda *lambda)
{
    const struct http_server_options options = {
        .body_size_bytes_max = BODY_SIZE_MAX,
        .request_arena_bytes_max = ARENA_SIZE_MAX,
        .reply_size_bytes_max = 2 * LAMBDA_PAYLOAD_SIZE_MAX,
        // A sandbox has one connection or two; the rest is for shell scripts in a hurry.
        .connections_max = 4 * lambda->settings.concurrency_max + 64,
        // A connection is idle for as long as its function works.
        .idle_timeout_ms = INT32_MAX,
    };
    enum status status =
        http_server_new(lambda->loop, &options, on_request, lambda, &lambda->server);
    if (status != STATUS_OK) return status;
    return http_server_listen(lambda->server, STR("127.0.0.1:0"), true);
}
