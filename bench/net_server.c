// The HTTP server with a handler that does nothing: what net/ costs beside raw_http_server.
//
//     net_server PORT

#include <stdio.h>
#include <stdlib.h>

#include "net/http_server.h"

static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    static const struct http_header headers[] = {
        {STR_INIT("Content-Type"), STR_INIT("application/x-amz-json-1.0")},
        {STR_INIT("x-amzn-RequestId"), STR_INIT("01234567-89ab-cdef-0123-456789abcdef")},
    };
    struct str body = STR("{\"status\":\"SUCCEEDED\",\"output\":\"{}\",\"name\":\"benchmark\"}");
    http_exchange_reply(exchange, 200, headers, ARRAY_COUNT(headers), body);
}

int main(int argc, char **argv)
{
    struct clock clock;
    struct net_loop *loop;
    struct http_server *server;
    char address[32];
    clock_init_real(&clock);
    snprintf(address, sizeof(address), "127.0.0.1:%s", argc > 1 ? argv[1] : "8090");
    if (net_loop_new(&clock, &loop) != STATUS_OK ||
        http_server_new(loop, NULL, handle, NULL, &server) != STATUS_OK ||
        http_server_listen(server, str_from_c(address), true) != STATUS_OK) {
        fprintf(stderr, "cannot listen on %s\n", address);
        return 1;
    }
    net_loop_run(loop);
    return 0;
}
