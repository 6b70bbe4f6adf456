// Replies. One that is next in line is rendered straight into the connection's output; one that
// is answered before its turn is rendered apart and appended when its turn comes.
//
// The length of a body is known only after rendering it: its digits are put into a gap of eight
// bytes, and what is left of the gap is closed by moving a small body down, or, for a large one,
// stays as blanks before the digits, which the syntax allows.

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#include "net/http_internal.h"

enum {
    LENGTH_DIGITS = 8,
    MOVED_BODY_SIZE_MAX = 4096,
    HEAD_SIZE_MAX = 64 * 1024, // Of a reply, beside its body.
};

#define LENGTH_LABEL "Content-Length: "
#define LENGTH_GAP   "        "
_Static_assert(sizeof(LENGTH_GAP) - 1 == LENGTH_DIGITS, "The gap must hold the digits.");

// --- Heads --------------------------------------------------------------------------------------

static void refresh_date(struct http_server *server, int64_t steady_ms)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t unix_ms = clock_unix_ms(&server->real_clock);
    struct clock_date date = clock_date_from_unix_ms(unix_ms);
    int size = snprintf(server->ok_head, sizeof(server->ok_head),
                        "HTTP/1.1 200 OK\r\nDate: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                        weekdays[date.weekday], date.day, months[date.month - 1], date.year,
                        date.hour, date.minute, date.second);
    assert(size > 0 && (size_t)size < sizeof(server->ok_head));
    server->ok_head_size = (size_t)size;
    server->date_until_ms = steady_ms + 1000 - date.millisecond;
}

static void render_status_and_date(struct http_server *server, struct buffer *buffer, int status)
{
    static const char ok_line[] = "HTTP/1.1 200 OK\r\n";
    int64_t steady_ms = net_loop_steady_ms(server->loop);
    if (steady_ms >= server->date_until_ms) refresh_date(server, steady_ms);
    struct str ok_head = {server->ok_head, server->ok_head_size};
    if (status != 200) {
        buffer_append_str(buffer, STR("HTTP/1.1 "));
        buffer_append_u64(buffer, (uint64_t)status);
        buffer_append_byte(buffer, ' ');
        buffer_append_str(buffer, http_status_reason(status));
        buffer_append_str(buffer, STR("\r\n"));
        ok_head = str_skip(ok_head, sizeof(ok_line) - 1);
    }
    buffer_append_str(buffer, ok_head);
}

// Text of a header, in which a line end would let its author write headers of their own.
static char *put_clean(char *place, struct str text)
{
    if (text.size > 0) memcpy(place, text.data, text.size);
    char *end = place + text.size;
    for (size_t at;
         (at = http_find_control((struct str){place, (size_t)(end - place)})) != SIZE_MAX;
         place += at + 1) {
        place[at] = ' ';
    }
    return end;
}

static void render_header(struct buffer *buffer, const struct http_header *header)
{
    size_t size = header->name.size + header->value.size + 4;
    char *place = buffer_reserve(buffer, size);
    if (place == NULL) return;
    place = put_clean(place, header->name);
    *place++ = ':';
    *place++ = ' ';
    place = put_clean(place, header->value);
    *place++ = '\r';
    *place = '\n';
    buffer->size += size;
}

// Whether the connection closes after this reply. A server that drains decides so as late as here,
// when nothing more of the client has arrived.
static bool is_last_of_connection(const struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    if (connection->exchanges.previous != &exchange->link) return false;
    if (connection->server->is_draining && connection->current == NULL &&
        connection->input_start == connection->input_end) {
        connection->is_last = true;
    }
    return connection->is_last && !connection->is_refused;
}

// --- Rendering ----------------------------------------------------------------------------------

static bool is_next_in_line(const struct http_exchange *exchange)
{
    return exchange->connection->exchanges.next == &exchange->link;
}

static struct buffer *target_of(struct http_exchange *exchange)
{
    return exchange->is_rendered_apart ? &exchange->reply : &exchange->connection->output;
}

struct buffer *http_exchange_begin_reply(struct http_exchange *exchange, int status,
                                         const struct http_header *headers, size_t header_count)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    assert(!exchange->is_answered && status >= 200 && status <= 599);
    if (!exchange->is_rendering) {
        exchange->is_rendering = true;
        exchange->is_rendered_apart = !is_next_in_line(exchange) || connection->watch.fd < 0;
        if (!exchange->is_rendered_apart && connection->output.data == NULL) {
            http_output_take(server, &connection->output);
        }
        exchange->reply_start = target_of(exchange)->size;
    }
    struct buffer *buffer = target_of(exchange);
    buffer->size = exchange->reply_start;
    buffer->is_failed = false;
    buffer->limit_bytes =
        exchange->reply_start + HEAD_SIZE_MAX + server->options.reply_size_bytes_max;
    exchange->reply_status = status;
    render_status_and_date(server, buffer, status);
    for (size_t i = 0; i < header_count; i++)
        render_header(buffer, &headers[i]);
    if (is_last_of_connection(exchange)) {
        buffer_append_str(buffer, STR("Connection: close\r\n"));
    } else if (exchange->parser.is_http_1_0) {
        buffer_append_str(buffer, STR("Connection: keep-alive\r\n"));
    }
    exchange->length_start = buffer->size;
    buffer_append_str(buffer, STR(LENGTH_LABEL LENGTH_GAP "\r\n\r\n"));
    exchange->body_start = buffer->size;
    return buffer;
}

// Put the digits of the body's size into the gap left for them.
static void set_length(struct http_exchange *exchange, struct buffer *buffer, size_t body_size)
{
    char digits[LENGTH_DIGITS];
    size_t count = 0;
    for (size_t rest = body_size; rest > 0 || count == 0; rest /= 10) {
        assert(count < LENGTH_DIGITS);
        digits[LENGTH_DIGITS - ++count] = (char)('0' + rest % 10);
    }
    size_t unused = LENGTH_DIGITS - count;
    char *place = buffer->data + exchange->length_start + sizeof(LENGTH_LABEL) - 1;
    if (body_size > MOVED_BODY_SIZE_MAX) {
        memcpy(place + unused, digits + unused, count);
        return;
    }
    memcpy(place, digits + unused, count);
    memmove(place + count, place + LENGTH_DIGITS, 4 + body_size);
    buffer->size -= unused;
    exchange->body_start -= unused;
}

// Complete the head. Returns false when the reply cannot be sent.
static bool complete(struct http_exchange *exchange, struct buffer *buffer)
{
    const struct http_server *server = exchange->connection->server;
    if (buffer->is_failed) return false;
    size_t body_size = buffer->size - exchange->body_start;
    if (body_size > server->options.reply_size_bytes_max) return false;
    if (exchange->reply_status == 204 || exchange->reply_status == 304) {
        buffer->size = exchange->length_start;
        buffer_append_str(buffer, STR("\r\n"));
        return !buffer->is_failed;
    }
    set_length(exchange, buffer, body_size);
    if (str_equal(exchange->parser.request.method, STR("HEAD"))) {
        buffer->size = exchange->body_start;
    }
    return true;
}

// --- Ending -------------------------------------------------------------------------------------

static void end(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    connection->exchange_count--;
    server->counts.exchanges_open--;
    http_exchange_release(server, exchange);
}

// Append the replies whose turn has come.
static void end_answered(struct http_connection *connection)
{
    while (!list_is_empty(&connection->exchanges)) {
        struct http_exchange *first =
            LIST_ITEM(connection->exchanges.next, struct http_exchange, link);
        if (!first->is_answered) break;
        if (first->is_rendered_apart && connection->watch.fd >= 0) {
            if (connection->output.data == NULL) {
                http_output_take(connection->server, &connection->output);
            }
            connection->output.limit_bytes = SIZE_MAX;
            buffer_append_str(&connection->output, buffer_str(&first->reply));
        }
        end(first);
    }
}

void http_exchange_finish_reply(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    assert(exchange->is_rendering);
    struct buffer *buffer = target_of(exchange);
    if (!complete(exchange, buffer)) {
        http_exchange_begin_reply(exchange, 500, NULL, 0);
        buffer_append_str(buffer, STR("The answer is too large.\n"));
        // Without memory even for this there is nothing to say; the connection ends.
        if (!complete(exchange, buffer)) connection->is_broken = true;
    }
    exchange->is_rendering = false;
    exchange->is_answered = true;
    end_answered(connection);
    http_connection_settle_later(connection);
}

void http_exchange_reply(struct http_exchange *exchange, int status,
                         const struct http_header *headers, size_t header_count, struct str body)
{
    struct buffer *buffer = http_exchange_begin_reply(exchange, status, headers, header_count);
    buffer_append_str(buffer, body);
    http_exchange_finish_reply(exchange);
}

void http_exchange_render_refusal(struct http_connection *connection, int status)
{
    struct buffer *output = &connection->output;
    if (output->data == NULL) http_output_take(connection->server, output);
    output->limit_bytes = SIZE_MAX;
    render_status_and_date(connection->server, output, status);
    struct str reason = http_status_reason(status);
    buffer_printf(output,
                  "Connection: close\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n"
                  "%" STR_FORMAT "\n",
                  reason.size + 1, STR_ARGS(reason));
}

// --- What handlers ask --------------------------------------------------------------------------

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->parser.request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

struct str http_exchange_peer(struct http_exchange *exchange)
{
    const struct http_connection *connection = exchange->connection;
    char text[INET6_ADDRSTRLEN];
    if (connection->peer.any.sa_family == AF_INET) {
        const struct sockaddr_in *v4 = &connection->peer.v4;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
        return arena_printf(&exchange->arena, "%s:%u", text, ntohs(v4->sin_port));
    }
    if (connection->peer.any.sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = &connection->peer.v6;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
        return arena_printf(&exchange->arena, "[%s]:%u", text, ntohs(v6->sin6_port));
    }
    return STR("unknown");
}

int64_t http_exchange_received_steady_ms(const struct http_exchange *exchange)
{
    return exchange->received_ms;
}

void http_exchange_set_abort(struct http_exchange *exchange,
                             void (*on_abort)(void *context, struct http_exchange *exchange),
                             void *context)
{
    exchange->on_abort = on_abort;
    exchange->abort_context = context;
}

bool http_exchange_is_aborted(const struct http_exchange *exchange)
{
    return exchange->connection->is_input_ended || exchange->connection->is_broken;
}

void http_exchange_abort_all(struct http_connection *connection)
{
    // A callback may end any exchange of the connection, so the list is looked through anew.
    for (bool is_found = true; is_found;) {
        is_found = false;
        LIST_EACH(link, &connection->exchanges)
        {
            struct http_exchange *exchange = LIST_ITEM(link, struct http_exchange, link);
            if (exchange->on_abort == NULL || exchange->is_answered) continue;
            void (*on_abort)(void *, struct http_exchange *) = exchange->on_abort;
            exchange->on_abort = NULL;
            on_abort(exchange->abort_context, exchange);
            is_found = true;
            break;
        }
    }
}
