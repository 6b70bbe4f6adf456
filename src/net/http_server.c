// Listeners, pools, time-outs and drain. Connections are counted here and handled in
// http_connection.c.

#include "net/http_server.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/http_internal.h"

enum {
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100, // When the system has no descriptors left.
    SWEEP_MS_MAX = 1000,
    SWEEP_MS_MIN = 5,
    HOST_SIZE_MAX = 255,
    REPLY_SIZE_MAX = 99999999, // Content-Length has room for eight digits.
};

struct listener {
    struct list link; // In server->listeners.
    struct http_server *server;
    struct net_watch watch;
    uint16_t port;
};

// --- Pools --------------------------------------------------------------------------------------

struct http_chunk *http_chunk_take(struct http_server *server, size_t capacity)
{
    struct http_chunk *chunk = server->spare_chunks;
    if (capacity <= HTTP_CHUNK_SIZE && chunk != NULL) {
        server->spare_chunks = chunk->next_spare;
        server->spare_chunk_count--;
    } else {
        if (capacity < HTTP_CHUNK_SIZE) capacity = HTTP_CHUNK_SIZE;
        chunk = malloc(sizeof(*chunk) + capacity);
        if (chunk == NULL) return NULL;
        chunk->capacity = capacity;
    }
    chunk->reference_count = 1;
    return chunk;
}

void http_chunk_unref(struct http_server *server, struct http_chunk *chunk)
{
    if (chunk == NULL) return;
    assert(chunk->reference_count > 0);
    if (--chunk->reference_count > 0) return;
    if (chunk->capacity > HTTP_CHUNK_SIZE || server->spare_chunk_count == HTTP_POOL_MAX) {
        free(chunk);
        return;
    }
    chunk->next_spare = server->spare_chunks;
    server->spare_chunks = chunk;
    server->spare_chunk_count++;
}

struct http_exchange *http_exchange_take(struct http_server *server)
{
    struct http_exchange *exchange = server->spare_exchanges;
    if (exchange != NULL) {
        server->spare_exchanges = exchange->next_spare;
        server->spare_exchange_count--;
    } else {
        exchange = malloc(sizeof(*exchange));
        if (exchange == NULL) return NULL;
        arena_init(&exchange->arena, server->options.request_arena_bytes_max);
        buffer_init(&exchange->reply, SIZE_MAX);
    }
    struct arena arena = exchange->arena;
    struct buffer reply = exchange->reply;
    memset(exchange, 0, offsetof(struct http_exchange, parser));
    exchange->arena = arena;
    exchange->reply = reply;
    list_init(&exchange->link);
    exchange->started_ms = net_loop_steady_ms(server->loop);
    http_parser_init(&exchange->parser, &server->options);
    return exchange;
}

void http_exchange_release(struct http_server *server, struct http_exchange *exchange)
{
    if (exchange == NULL) return;
    list_remove(&exchange->link);
    http_chunk_unref(server, exchange->chunk);
    exchange->chunk = NULL;
    if (exchange->reply.capacity > HTTP_OUTPUT_POOLED_MAX) buffer_release(&exchange->reply);
    buffer_clear(&exchange->reply);
    if (server->spare_exchange_count == HTTP_POOL_MAX) {
        arena_release(&exchange->arena);
        buffer_release(&exchange->reply);
        free(exchange);
        return;
    }
    arena_reset(&exchange->arena);
    exchange->next_spare = server->spare_exchanges;
    server->spare_exchanges = exchange;
    server->spare_exchange_count++;
}

void http_output_take(struct http_server *server, struct buffer *output)
{
    if (server->spare_output_count == 0) {
        buffer_init(output, SIZE_MAX);
    } else {
        *output = server->spare_outputs[--server->spare_output_count];
    }
}

void http_output_give_back(struct http_server *server, struct buffer *output)
{
    if (output->data == NULL) return;
    if (output->capacity > HTTP_OUTPUT_POOLED_MAX || server->spare_output_count == HTTP_POOL_MAX) {
        buffer_release(output);
        return;
    }
    buffer_clear(output);
    server->spare_outputs[server->spare_output_count++] = *output;
    buffer_init(output, SIZE_MAX);
}

static void release_pools(struct http_server *server)
{
    while (server->spare_chunks != NULL) {
        struct http_chunk *chunk = server->spare_chunks;
        server->spare_chunks = chunk->next_spare;
        free(chunk);
    }
    while (server->spare_exchanges != NULL) {
        struct http_exchange *exchange = server->spare_exchanges;
        server->spare_exchanges = exchange->next_spare;
        arena_release(&exchange->arena);
        buffer_release(&exchange->reply);
        free(exchange);
    }
    while (server->spare_output_count > 0)
        buffer_release(&server->spare_outputs[--server->spare_output_count]);
    server->spare_chunk_count = 0;
    server->spare_exchange_count = 0;
}

// --- Time-outs and end --------------------------------------------------------------------------

// 0: none.
static int64_t timeout_of(const struct http_server *server, enum http_connection_state state)
{
    switch (state) {
    case HTTP_CONNECTION_IDLE: return server->options.idle_timeout_ms;
    case HTTP_CONNECTION_HEAD: return server->options.head_timeout_ms;
    case HTTP_CONNECTION_BODY: return server->options.body_timeout_ms;
    case HTTP_CONNECTION_WRITING: return server->options.write_timeout_ms;
    case HTTP_CONNECTION_LINGERING: return HTTP_LINGER_MS;
    case HTTP_CONNECTION_WORKING:
    case HTTP_CONNECTION_CLOSED:
    case HTTP_CONNECTION_STATE_COUNT: break;
    }
    return 0;
}

static void time_out(struct http_connection *connection)
{
    if (connection->state == HTTP_CONNECTION_HEAD || connection->state == HTTP_CONNECTION_BODY) {
        http_connection_refuse(connection, 408);
    } else {
        connection->is_broken = true;
    }
    http_connection_settle(connection);
}

static void sweep(struct net_timer *timer)
{
    struct http_server *server = CONTAINER_OF(timer, struct http_server, sweep);
    int64_t now_ms = net_loop_steady_ms(server->loop);
    for (int state = 0; state < HTTP_CONNECTION_STATE_COUNT; state++) {
        int64_t timeout_ms = timeout_of(server, (enum http_connection_state)state);
        if (timeout_ms == 0) continue;
        LIST_EACH(link, &server->connections[state])
        {
            struct http_connection *connection = LIST_ITEM(link, struct http_connection, link);
            if (connection->since_ms + timeout_ms > now_ms) break;
            time_out(connection);
        }
    }
    bool is_quiet = server->counts.requests == server->requests_at_sweep;
    if (is_quiet) release_pools(server); // Nobody asks anything: be small.
    server->requests_at_sweep = server->counts.requests;
    if (!is_quiet || server->counts.connections_open > 0) {
        net_timer_arm_steady(server->loop, &server->sweep, server->sweep_ms);
    }
}

static void drained(struct net_deferred *deferred)
{
    struct http_server *server = CONTAINER_OF(deferred, struct http_server, drained);
    if (server->on_drained != NULL) server->on_drained(server->drained_context);
}

static void check_drained(struct http_server *server)
{
    if (server->is_draining && server->counts.connections_open == 0) {
        net_loop_defer(server->loop, &server->drained);
    }
}

void http_server_forget(struct http_server *server)
{
    assert(server->counts.connections_open > 0);
    server->counts.connections_open--;
    check_drained(server);
}

// --- Accepting ----------------------------------------------------------------------------------

static void refuse_connection(int fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    ssize_t sent = send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; // Best effort; the closing says the same.
    shutdown(fd, SHUT_WR);
    close(fd);
}

// Room for one more connection, if need be by closing the one that has been idle longest.
static bool make_room(struct http_server *server)
{
    if (server->counts.connections_open < server->options.connections_max) return true;
    LIST_EACH(link, &server->connections[HTTP_CONNECTION_IDLE])
    {
        struct http_connection *oldest = LIST_ITEM(link, struct http_connection, link);
        if (oldest->is_active) continue; // Its handler is calling us.
        oldest->is_broken = true;
        http_connection_settle(oldest);
        return true;
    }
    return false;
}

static enum status take_connection(struct http_server *server, int fd, const struct sockaddr *peer,
                                   size_t peer_size)
{
    if (!make_room(server)) {
        server->counts.requests_refused++;
        refuse_connection(fd);
        return STATUS_OVER_LIMIT;
    }
    enum status status = http_connection_new(server, fd, peer, peer_size);
    if (status != STATUS_OK) return status;
    server->counts.connections_accepted++;
    server->counts.connections_open++;
    if (!net_timer_is_armed(&server->sweep)) {
        net_timer_arm_steady(server->loop, &server->sweep, server->sweep_ms);
    }
    return STATUS_OK;
}

static void pause_accepting(struct http_server *server)
{
    log_warn("http: cannot accept connections: %s", strerror(errno));
    LIST_EACH(link, &server->listeners)
    {
        net_watch_change(server->loop, &LIST_ITEM(link, struct listener, link)->watch, 0);
    }
    net_timer_arm_steady(server->loop, &server->resume, ACCEPT_PAUSE_MS);
}

static void resume_accepting(struct net_timer *timer)
{
    struct http_server *server = CONTAINER_OF(timer, struct http_server, resume);
    LIST_EACH(link, &server->listeners)
    {
        net_watch_change(server->loop, &LIST_ITEM(link, struct listener, link)->watch, EPOLLIN);
    }
}

// Accept up to `count_max` connections. Returns whether more may be waiting.
static bool accept_some(struct listener *listener, int count_max)
{
    struct http_server *server = listener->server;
    for (int i = 0; i < count_max; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_size = sizeof(peer);
        int fd = accept4(listener->watch.fd, (struct sockaddr *)&peer, &peer_size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            enum status status =
                take_connection(server, fd, (const struct sockaddr *)&peer, peer_size);
            if (status < 0) log_warn("http: cannot serve a connection: %s", status_name(status));
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(server);
            return false;
        } else if (errno == EAGAIN) {
            return false;
        } // Other errors are of that one connection, which is gone.
    }
    return true;
}

static void listener_ready(struct net_watch *watch, uint32_t ready_events)
{
    (void)ready_events;
    accept_some(CONTAINER_OF(watch, struct listener, watch), ACCEPTS_PER_TURN);
}

// --- Listening ----------------------------------------------------------------------------------

// "host:port" as two C strings. Returns false when malformed.
static bool split_address(struct str address, char ret_host[static HOST_SIZE_MAX + 1],
                          char ret_port[static 6])
{
    size_t colon = address.size;
    while (colon > 0 && address.data[colon - 1] != ':')
        colon--;
    if (colon == 0) return false;
    struct str host = str_slice(address, 0, colon - 1);
    struct str port = str_skip(address, colon);
    uint64_t number;
    if (!str_to_u64(port, &number) || number > 65535 || port.size > 5) return false;
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = str_slice(host, 1, host.size - 2);
    } else if (str_find_byte(host, ':') != SIZE_MAX) {
        return false;
    }
    if (host.size > HOST_SIZE_MAX || str_find_byte(host, '\0') != SIZE_MAX) return false;
    if (host.size > 0) memcpy(ret_host, host.data, host.size);
    ret_host[host.size] = '\0';
    memcpy(ret_port, port.data, port.size);
    ret_port[port.size] = '\0';
    return true;
}

static enum status status_of_errno(void)
{
    return errno == EADDRINUSE ? STATUS_CONFLICT : STATUS_IO;
}

// A socket bound to `info`; -1 with errno set on failure.
static int bind_socket(const struct addrinfo *info, bool is_shared)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int one = 1;
    bool is_fine = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
                   (!is_shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0);
    if (is_fine && info->ai_family == AF_INET6) {
        int zero = 0; // "[::]" serves IPv4 too.
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    }
    // Accepted sockets inherit this: a reply leaves at once, in one piece.
    is_fine = is_fine && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
              bind(fd, info->ai_addr, info->ai_addrlen) == 0;
    if (is_fine) return fd;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

// SO_REUSEADDR lets two sockets bind as long as neither listens, so the probe has to listen.
static bool is_port_free(const struct addrinfo *info)
{
    int fd = bind_socket(info, false);
    if (fd < 0) return false;
    bool is_free = listen(fd, 1) == 0;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return is_free;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    }
    return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
}

static enum status listen_on(struct http_server *server, const struct addrinfo *info,
                             bool must_be_free)
{
    if (must_be_free && !is_port_free(info)) return status_of_errno();
    int fd = bind_socket(info, true);
    if (fd < 0) return status_of_errno();
    if (listen(fd, SOMAXCONN) != 0) {
        enum status status = status_of_errno();
        close(fd);
        return status;
    }
    struct listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL) {
        close(fd);
        return STATUS_NO_MEMORY;
    }
    listener->server = server;
    listener->port = port_of(fd);
    listener->watch = (struct net_watch){.fd = fd, .events = EPOLLIN, .run = listener_ready};
    enum status status = net_watch_start(server->loop, &listener->watch);
    if (status != STATUS_OK) {
        close(fd);
        free(listener);
        return status;
    }
    list_append(&server->listeners, &listener->link);
    return STATUS_OK;
}

enum status http_server_listen(struct http_server *server, struct str address, bool must_be_free)
{
    char host[HOST_SIZE_MAX + 1], port[6];
    if (!split_address(address, host, port)) return STATUS_INVALID;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found) != 0) {
        return STATUS_INVALID;
    }
    enum status status = listen_on(server, found, must_be_free);
    freeaddrinfo(found);
    return status;
}

uint16_t http_server_port(const struct http_server *server)
{
    if (list_is_empty(&server->listeners)) return 0;
    return LIST_ITEM(server->listeners.next, struct listener, link)->port;
}

enum status http_server_adopt(struct http_server *server, int fd)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0) peer_size = 0;
    return take_connection(server, fd, (const struct sockaddr *)&peer, peer_size);
}

static void close_listeners(struct http_server *server)
{
    LIST_EACH(link, &server->listeners)
    {
        struct listener *listener = LIST_ITEM(link, struct listener, link);
        list_remove(&listener->link);
        net_watch_stop(server->loop, &listener->watch);
        close(listener->watch.fd);
        free(listener);
    }
}

// --- Creation and end ---------------------------------------------------------------------------

static void default_u32(uint32_t *value, uint32_t other)
{
    if (*value == 0) *value = other;
}

static void default_size(size_t *value, size_t other)
{
    if (*value == 0) *value = other;
}

static void set_options(struct http_server *server, const struct http_server_options *options)
{
    struct http_server_options *set = &server->options;
    if (options != NULL) *set = *options;
    default_size(&set->head_size_bytes_max, KIB(16));
    default_size(&set->request_line_bytes_max, KIB(8));
    default_size(&set->body_size_bytes_max, MIB(16));
    default_size(&set->reply_size_bytes_max, MIB(64));
    default_size(&set->request_arena_bytes_max, MIB(32));
    default_u32(&set->connections_max, 10000);
    default_u32(&set->pipelined_max, 64);
    default_u32(&set->head_timeout_ms, 20000);
    default_u32(&set->body_timeout_ms, 20000);
    default_u32(&set->write_timeout_ms, 30000);
    default_u32(&set->idle_timeout_ms, 75000);
    if (set->reply_size_bytes_max > REPLY_SIZE_MAX) set->reply_size_bytes_max = REPLY_SIZE_MAX;
    int64_t shortest = HTTP_LINGER_MS;
    for (int state = 0; state < HTTP_CONNECTION_STATE_COUNT; state++) {
        int64_t timeout_ms = timeout_of(server, (enum http_connection_state)state);
        if (timeout_ms > 0 && timeout_ms < shortest) shortest = timeout_ms;
    }
    server->sweep_ms = shortest / 4;
    if (server->sweep_ms > SWEEP_MS_MAX) server->sweep_ms = SWEEP_MS_MAX;
    if (server->sweep_ms < SWEEP_MS_MIN) server->sweep_ms = SWEEP_MS_MIN;
}

enum status http_server_new(struct net_loop *loop, const struct http_server_options *options,
                            http_handler_fn handler, void *context, struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) return STATUS_NO_MEMORY;
    server->loop = loop;
    server->handler = handler;
    server->context = context;
    set_options(server, options);
    for (int state = 0; state < HTTP_CONNECTION_STATE_COUNT; state++)
        list_init(&server->connections[state]);
    list_init(&server->listeners);
    net_timer_init(&server->sweep, sweep);
    net_timer_init(&server->resume, resume_accepting);
    net_deferred_init(&server->drained, drained);
    clock_init_real(&server->real_clock);
    *ret_server = server;
    return STATUS_OK;
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *context), void *context)
{
    server->is_draining = true;
    server->on_drained = on_drained;
    server->drained_context = context;
    LIST_EACH(link, &server->listeners)
    {
        accept_some(LIST_ITEM(link, struct listener, link), SOMAXCONN);
    }
    net_timer_disarm(server->loop, &server->resume);
    close_listeners(server);
    LIST_EACH(link, &server->connections[HTTP_CONNECTION_IDLE])
    {
        http_connection_settle_later(LIST_ITEM(link, struct http_connection, link));
    }
    check_drained(server);
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return server->counts;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) return;
    close_listeners(server);
    server->is_draining = false;
    for (int state = 0; state < HTTP_CONNECTION_STATE_COUNT; state++) {
        LIST_EACH(link, &server->connections[state])
        {
            http_connection_free(LIST_ITEM(link, struct http_connection, link));
        }
    }
    net_timer_disarm(server->loop, &server->sweep);
    net_timer_disarm(server->loop, &server->resume);
    net_deferred_cancel(&server->drained);
    release_pools(server);
    free(server);
}
