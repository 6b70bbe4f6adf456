// One connection: receive, parse, hand out, send. See http_internal.h for its states.
//
// Input is received into a chunk and parsed there. When nobody needs the chunk any more it goes
// back to the server's pool, from where the next connection to become ready takes it, still in the
// processor's cache.

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_internal.h"

enum {
    READ_SIZE_MIN = 2048,   // Room below which more is made before receiving.
    DISCARDS_PER_TURN = 16, // Receives of a lingering connection.
};

static size_t unsent_size(const struct http_connection *connection)
{
    return connection->output.size - connection->output_sent;
}

// --- Receiving ----------------------------------------------------------------------------------

static void drop_input(struct http_connection *connection)
{
    http_chunk_unref(connection->server, connection->input);
    connection->input = NULL;
    connection->input_start = connection->input_end = 0;
}

// Continue in a larger or fresh chunk, taking along what is not parsed yet.
static bool move_input(struct http_connection *connection, size_t capacity)
{
    struct http_chunk *chunk = http_chunk_take(connection->server, capacity);
    if (chunk == NULL) return false;
    const char *old_bytes = connection->input->bytes + connection->input_start;
    size_t size = connection->input_end - connection->input_start;
    memcpy(chunk->bytes, old_bytes, size);
    if (connection->current != NULL) {
        http_parser_move(&connection->current->parser, old_bytes, chunk->bytes);
    }
    drop_input(connection);
    connection->input = chunk;
    connection->input_end = size;
    return true;
}

static void compact_input(struct http_connection *connection)
{
    struct http_chunk *input = connection->input;
    char *bytes = input->bytes + connection->input_start;
    size_t size = connection->input_end - connection->input_start;
    if (connection->current != NULL) {
        size = http_parser_compact(&connection->current->parser, bytes, size);
    }
    if (input->reference_count == 1 && connection->input_start > 0) {
        memmove(input->bytes, bytes, size);
        if (connection->current != NULL) {
            http_parser_move(&connection->current->parser, bytes, input->bytes);
        }
        connection->input_start = 0;
    }
    connection->input_end = connection->input_start + size;
}

// Make room to receive. The request being parsed stays contiguous.
static bool make_room(struct http_connection *connection)
{
    if (connection->input == NULL) {
        connection->input = http_chunk_take(connection->server, HTTP_CHUNK_SIZE);
        return connection->input != NULL;
    }
    if (connection->input->capacity - connection->input_end >= READ_SIZE_MIN) return true;
    compact_input(connection);
    size_t size = connection->input_end - connection->input_start;
    if (connection->input->capacity - connection->input_end >= READ_SIZE_MIN &&
        size <= connection->input->capacity / 2) {
        return true;
    }
    return move_input(connection, size * 2);
}

static void receive(struct http_connection *connection)
{
    if (!make_room(connection)) {
        connection->is_broken = true;
        return;
    }
    struct http_chunk *input = connection->input;
    ssize_t received = recv(connection->watch.fd, input->bytes + connection->input_end,
                            input->capacity - connection->input_end, MSG_DONTWAIT);
    if (received > 0) {
        connection->input_end += (size_t)received;
        connection->has_received = true;
    } else if (received == 0) {
        connection->is_input_ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        connection->is_broken = true;
    }
}

// A refused client may still be sending; were the socket closed on unread bytes, the kernel would
// reset the connection and the client might never see our answer.
static void discard(struct http_connection *connection)
{
    char bytes[8192];
    for (int i = 0; i < DISCARDS_PER_TURN; i++) {
        ssize_t received = recv(connection->watch.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (received > 0) continue;
        if (received == 0 || (errno != EAGAIN && errno != EINTR)) connection->is_broken = true;
        return;
    }
}

// --- Taking requests ----------------------------------------------------------------------------

static bool may_take(const struct http_connection *connection)
{
    return !connection->is_last && !connection->is_broken &&
           connection->exchange_count < connection->server->options.pipelined_max &&
           unsent_size(connection) < HTTP_OUTPUT_PAUSE;
}

static void hand_out(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_exchange *exchange = connection->current;
    struct http_chunk *input = connection->input;
    connection->current = NULL;
    connection->input_start += exchange->parser.position;
    input->reference_count++;
    exchange->chunk = input;
    exchange->connection = connection;
    exchange->received_ms = net_loop_steady_ms(server->loop);
    list_append(&connection->exchanges, &exchange->link);
    connection->exchange_count++;
    if (server->is_draining || !http_parser_is_keep_alive(&exchange->parser)) {
        connection->is_last = true;
    }
    server->counts.requests++;
    server->counts.exchanges_open++;
    server->handler(server->context, exchange); // The exchange may be gone after this.
    if (connection->input_start < connection->input_end) return;
    if (input->reference_count == 1) {
        connection->input_start = connection->input_end = 0;
    } else {
        drop_input(connection);
    }
}

//     A server that receives a 100-continue expectation […] MAY omit sending a 100 response if it
//     has already received some or all of the content.                       (RFC 9110, 10.1.1)
static void maybe_continue(struct http_connection *connection)
{
    struct http_exchange *current = connection->current;
    const struct http_parser *parser = &current->parser;
    if (!parser->expects_continue || current->is_continue_sent || connection->exchange_count > 0 ||
        !http_parser_is_in_body(parser)) {
        return;
    }
    current->is_continue_sent = true;
    size_t size = connection->input_end - connection->input_start;
    if (size > parser->head_size) return;
    if (connection->output.data == NULL) http_output_take(connection->server, &connection->output);
    connection->output.limit_bytes = SIZE_MAX;
    buffer_append_str(&connection->output, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

// Parse what is there and hand out complete requests. Returns whether there was any, or an answer
// of our own.
static bool take_requests(struct http_connection *connection)
{
    bool has_taken = false;
    while (may_take(connection) && connection->input_start < connection->input_end) {
        if (connection->current == NULL) {
            connection->current = http_exchange_take(connection->server);
        }
        if (connection->current == NULL) {
            connection->is_broken = true;
            break;
        }
        struct http_parser *parser = &connection->current->parser;
        size_t size = connection->input_end - connection->input_start;
        char *bytes = connection->input->bytes + connection->input_start;
        enum http_parse result = http_parser_run(parser, bytes, size);
        if (result == HTTP_PARSE_MORE) {
            maybe_continue(connection);
            break;
        }
        if (result == HTTP_PARSE_FAILED) {
            http_connection_refuse(connection, parser->error_status);
        } else {
            hand_out(connection);
        }
        has_taken = true;
    }
    return has_taken;
}

void http_connection_refuse(struct http_connection *connection, int status)
{
    http_exchange_release(connection->server, connection->current);
    connection->current = NULL;
    connection->is_last = true;
    connection->is_refused = true;
    connection->server->counts.requests_refused++;
    connection->refusal_status = status;
    drop_input(connection);
}

// The refusal goes after the answers to the requests before the bad one.
static void render_refusal(struct http_connection *connection)
{
    if (connection->refusal_status == 0 || connection->exchange_count > 0) return;
    http_exchange_render_refusal(connection, connection->refusal_status);
    connection->refusal_status = 0;
}

// --- Sending ------------------------------------------------------------------------------------

static void send_output(struct http_connection *connection)
{
    struct buffer *output = &connection->output;
    size_t unsent = unsent_size(connection);
    if (unsent == 0 || connection->is_broken) return;
    if (output->is_failed) { // A refusal or a 100 without memory for it: nothing left to say.
        connection->is_broken = true;
        return;
    }
    ssize_t sent = send(connection->watch.fd, output->data + connection->output_sent, unsent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) connection->is_broken = true;
        return;
    }
    connection->has_sent = true;
    connection->output_sent += (size_t)sent;
    if (connection->output_sent == output->size) {
        buffer_clear(output);
        connection->output_sent = 0;
        if (output->capacity > HTTP_OUTPUT_POOLED_MAX) buffer_release(output);
    } else if (connection->output_sent >= output->size / 2) {
        buffer_drop_front(output, connection->output_sent);
        connection->output_sent = 0;
    }
}

// --- States -------------------------------------------------------------------------------------

static void close_socket(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    net_watch_stop(server->loop, &connection->watch);
    close(connection->watch.fd);
    connection->watch.fd = -1;
    http_exchange_release(server, connection->current);
    connection->current = NULL;
    drop_input(connection);
    buffer_clear(&connection->output);
    connection->output_sent = 0;
    http_output_give_back(server, &connection->output);
    connection->is_broken = true;
}

// What the connection is to do now, if it is not to be closed.
static enum http_connection_state next_state(const struct http_connection *connection)
{
    if (unsent_size(connection) > 0) return HTTP_CONNECTION_WRITING;
    if (connection->exchange_count > 0) return HTTP_CONNECTION_WORKING;
    if (connection->is_last) {
        bool is_unread = connection->is_refused || connection->input_start < connection->input_end;
        return is_unread && !connection->is_input_ended ? HTTP_CONNECTION_LINGERING
                                                        : HTTP_CONNECTION_CLOSED;
    }
    if (connection->is_input_ended) return HTTP_CONNECTION_CLOSED;
    if (connection->current == NULL) {
        return connection->server->is_draining ? HTTP_CONNECTION_CLOSED : HTTP_CONNECTION_IDLE;
    }
    return http_parser_is_in_body(&connection->current->parser) ? HTTP_CONNECTION_BODY
                                                                : HTTP_CONNECTION_HEAD;
}

// Whether the time in `state` starts anew though the connection was in it before.
static bool is_progress(const struct http_connection *connection, enum http_connection_state state)
{
    switch (state) {
    case HTTP_CONNECTION_BODY: return connection->has_received;
    case HTTP_CONNECTION_WRITING: return connection->has_sent;
    case HTTP_CONNECTION_IDLE: return connection->has_received;
    case HTTP_CONNECTION_HEAD: return connection->current->started_ms > connection->since_ms;
    case HTTP_CONNECTION_WORKING:
    case HTTP_CONNECTION_LINGERING:
    case HTTP_CONNECTION_CLOSED:
    case HTTP_CONNECTION_STATE_COUNT: break;
    }
    return false;
}

static void enter_state(struct http_connection *connection, enum http_connection_state state)
{
    if (state == connection->state && !is_progress(connection, state)) return;
    if (state == HTTP_CONNECTION_LINGERING) shutdown(connection->watch.fd, SHUT_WR);
    list_remove(&connection->link);
    list_append(&connection->server->connections[state], &connection->link);
    connection->state = state;
    connection->since_ms = net_loop_steady_ms(connection->server->loop);
}

static void watch_events(struct http_connection *connection)
{
    uint32_t events = 0;
    if (!connection->is_input_ended &&
        (may_take(connection) || connection->state == HTTP_CONNECTION_LINGERING)) {
        events |= EPOLLIN;
    } else if (!connection->is_input_ended && connection->is_last) {
        events |= EPOLLRDHUP; // Nothing more to read, but to know when the client goes.
    }
    if (connection->state == HTTP_CONNECTION_WRITING) events |= EPOLLOUT;
    net_watch_change(connection->server->loop, &connection->watch, events);
}

// An idle connection keeps no buffers.
static void give_back_buffers(struct http_connection *connection)
{
    if (connection->input != NULL && connection->input_start == connection->input_end) {
        drop_input(connection);
    }
    if (connection->output.size == 0) {
        http_output_give_back(connection->server, &connection->output);
    }
}

void http_connection_settle(struct http_connection *connection)
{
    net_deferred_cancel(&connection->settle);
    if (connection->state == HTTP_CONNECTION_CLOSED) {
        if (connection->exchange_count == 0) http_connection_free(connection);
        return;
    }
    connection->is_active = true;
    do {
        render_refusal(connection);
        send_output(connection);
    } while (take_requests(connection));
    enum http_connection_state state =
        connection->is_broken ? HTTP_CONNECTION_CLOSED : next_state(connection);
    if (state == HTTP_CONNECTION_CLOSED) {
        // Still active, so that a handler that answers from its abort callback finds a connection.
        close_socket(connection);
        http_exchange_abort_all(connection);
    }
    enter_state(connection, state);
    connection->is_active = false;
    connection->has_received = connection->has_sent = false;
    if (state == HTTP_CONNECTION_CLOSED) {
        if (connection->exchange_count == 0) http_connection_free(connection);
        return;
    }
    give_back_buffers(connection);
    watch_events(connection);
}

void http_connection_settle_later(struct http_connection *connection)
{
    if (connection->is_active) return;
    net_loop_defer(connection->server->loop, &connection->settle);
}

void http_connection_read(struct http_connection *connection)
{
    connection->is_active = true;
    if (connection->state == HTTP_CONNECTION_LINGERING) {
        discard(connection);
    } else if (!connection->is_input_ended && may_take(connection)) {
        receive(connection);
        if (connection->is_input_ended) http_exchange_abort_all(connection);
    }
    http_connection_settle(connection);
}

static void settle_deferred(struct net_deferred *deferred)
{
    struct http_connection *connection = CONTAINER_OF(deferred, struct http_connection, settle);
    if (connection->server->is_draining && connection->state == HTTP_CONNECTION_IDLE) {
        http_connection_read(connection); // A request that has just arrived is still served.
    } else {
        http_connection_settle(connection);
    }
}

static void socket_ready(struct net_watch *watch, uint32_t ready_events)
{
    struct http_connection *connection = CONTAINER_OF(watch, struct http_connection, watch);
    if ((ready_events & EPOLLERR) != 0 || (ready_events & (EPOLLIN | EPOLLHUP)) == EPOLLHUP) {
        connection->is_broken = true;
    }
    if ((ready_events & EPOLLRDHUP) != 0 && (ready_events & EPOLLIN) == 0) {
        connection->is_active = true;
        connection->is_input_ended = true;
        http_exchange_abort_all(connection);
    }
    if ((ready_events & EPOLLIN) != 0 && !connection->is_broken) {
        http_connection_read(connection);
    } else {
        http_connection_settle(connection);
    }
}

// --- Creation and end ---------------------------------------------------------------------------

enum status http_connection_new(struct http_server *server, int fd, const struct sockaddr *peer,
                                size_t peer_size)
{
    struct http_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        close(fd);
        return STATUS_NO_MEMORY;
    }
    connection->server = server;
    if (peer_size > sizeof(connection->peer)) peer_size = sizeof(connection->peer);
    memcpy(&connection->peer, peer, peer_size);
    list_init(&connection->exchanges);
    list_init(&connection->link);
    net_deferred_init(&connection->settle, settle_deferred);
    buffer_init(&connection->output, SIZE_MAX);
    connection->watch = (struct net_watch){.fd = fd, .events = EPOLLIN, .run = socket_ready};
    enum status status = net_watch_start(server->loop, &connection->watch);
    if (status != STATUS_OK) {
        close(fd);
        free(connection);
        return status;
    }
    connection->state = HTTP_CONNECTION_IDLE;
    connection->since_ms = net_loop_steady_ms(server->loop);
    list_append(&server->connections[HTTP_CONNECTION_IDLE], &connection->link);
    return STATUS_OK;
}

void http_connection_free(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    net_deferred_cancel(&connection->settle);
    if (connection->watch.fd >= 0) close_socket(connection);
    LIST_EACH(link, &connection->exchanges)
    {
        http_exchange_release(server, LIST_ITEM(link, struct http_exchange, link));
        server->counts.exchanges_open--;
    }
    list_remove(&connection->link);
    free(connection);
    http_server_forget(server);
}
