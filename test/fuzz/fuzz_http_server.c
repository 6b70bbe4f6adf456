// A whole connection: the server serves one end of a socket pair, the input comes in pieces at the
// other, and the handler answers at once, later, out of order or never. Needs net and base.
//
// Input: one byte that seeds splitting and answering, then the bytes of the connection.

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "net/http_server.h"

enum { HELD_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct random chance;
static struct http_exchange *held[HELD_MAX];
static size_t held_count;

static void reply(struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    int status = random_u64(&chance) % 8 == 0 ? 204 : 200;
    if (random_u64(&chance) % 4 == 0) {
        struct buffer *buffer = http_exchange_begin_reply(exchange, 500, NULL, 0);
        buffer_append_str(buffer, STR("to be dropped"));
    }
    http_exchange_reply(exchange, status, request->headers, request->header_count % 3,
                        request->body);
}

static void reply_to_one(void)
{
    if (held_count == 0) return;
    size_t at = random_u64(&chance) % held_count;
    struct http_exchange *exchange = held[at];
    held[at] = held[--held_count];
    reply(exchange);
}

static void on_abort(void *context, struct http_exchange *exchange)
{
    (void)context;
    assert(http_exchange_is_aborted(exchange));
    if (random_u64(&chance) % 2 == 0) reply_to_one();
}

static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    if (held_count == HELD_MAX || random_u64(&chance) % 3 == 0) {
        reply(exchange);
        return;
    }
    if (random_u64(&chance) % 2 == 0) http_exchange_set_abort(exchange, on_abort, NULL);
    held[held_count++] = exchange;
    if (random_u64(&chance) % 4 == 0) reply_to_one();
}

static void converse(struct net_loop *loop, int client, const uint8_t *data, size_t size)
{
    char answer[4096];
    while (size > 0) {
        size_t piece = 1 + random_u64(&chance) % 300;
        if (piece > size) piece = size;
        ssize_t sent = send(client, data, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) break;
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        }
        net_loop_turn(loop, 0);
        if (random_u64(&chance) % 2 == 0) reply_to_one();
        if (recv(client, answer, sizeof(answer), MSG_DONTWAIT) == 0) break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http_server_options options = {.head_size_bytes_max = 2048,
                                                       .request_line_bytes_max = 512,
                                                       .body_size_bytes_max = 65536,
                                                       .pipelined_max = 4,
                                                       .reply_size_bytes_max = 4096};
    if (size < 2) return 0;
    struct clock clock;
    struct net_loop *loop;
    struct http_server *server;
    int sockets[2];
    random_init_seed(&chance, data[0]);
    held_count = 0;
    clock_init_real(&clock);
    bool is_ready = net_loop_new(&clock, &loop) == STATUS_OK &&
                    http_server_new(loop, &options, handle, NULL, &server) == STATUS_OK &&
                    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0 &&
                    http_server_adopt(server, sockets[0]) == STATUS_OK;
    assert(is_ready);
    converse(loop, sockets[1], data + 1, size - 1);
    if (random_u64(&chance) % 2 == 0) http_server_drain(server, NULL, NULL);
    close(sockets[1]);
    for (int i = 0; i < 4; i++)
        net_loop_turn(loop, 0);
    if (random_u64(&chance) % 2 == 0) {
        while (held_count > 0)
            reply_to_one();
        for (int i = 0; i < 4; i++)
            net_loop_turn(loop, 0);
        assert(http_server_counts(server).connections_open == 0);
        assert(http_server_counts(server).exchanges_open == 0);
    }
    http_server_free(server);
    net_loop_free(loop);
    return 0;
}
