// What the three files of the HTTP server share.
//
// A connection's state is its membership in one list of the server, and each list is ordered by the
// time its members entered it, so that time-outs look at list heads only:
//
//               bytes arrive            head complete            body complete
//     IDLE ───────────────────▶ HEAD ──────────────────▶ BODY ──────────────────▶ WORKING
//       ▲                                                                            │ replied
//       │ all sent                                                                   ▼
//       ├──────────────────────────────────────────────────── WRITING (if the socket is full)
//       │
//       └─▶ LINGERING (refused: input is discarded until the client closes) ──▶ CLOSED
//
// http_connection_settle() alone moves a connection between states, closes it and frees it. A reply
// only marks what there is to do and defers a call of it, so no handler's connection vanishes under
// its caller.

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/list.h"
#include "net/http_parser.h"
#include "net/http_server.h"
#include "net/loop.h"

enum {
    HTTP_CHUNK_SIZE = 16 * 1024,        // Of pooled input; a larger request gets a larger one.
    HTTP_OUTPUT_POOLED_MAX = 64 * 1024, // Larger output buffers are given back to the system.
    HTTP_OUTPUT_PAUSE = 256 * 1024,     // Unsent bytes from which no further request is taken.
    HTTP_POOL_MAX = 64,                 // Spare objects of each kind.
    HTTP_LINGER_MS = 2000,
    HTTP_DATE_SIZE_MAX = 64,
};

// Received bytes. Requests point into them, so they do not move once one is handed out.
struct http_chunk {
    struct http_chunk *next_spare;
    uint32_t reference_count; // The connection that reads into it, and exchanges.
    size_t capacity;
    char bytes[];
};

struct http_exchange {
    struct list link; // In connection->exchanges from its handing out to its end.
    struct http_connection *connection;
    struct http_chunk *chunk; // Where the request lies; a reference, once handed out.
    struct http_exchange *next_spare;
    int64_t started_ms;  // When its first byte arrived, steady.
    int64_t received_ms; // When it was handed out.
    void (*on_abort)(void *context, struct http_exchange *exchange);
    void *abort_context;
    struct buffer reply; // Of an exchange that is answered before earlier ones.
    size_t reply_start;  // Offsets into the buffer rendered to.
    size_t length_start; // Of the Content-Length line.
    size_t body_start;
    int reply_status;
    bool is_rendering;      // Between begin and finish.
    bool is_rendered_apart; // In `reply`, not in the connection's output.
    bool is_answered;       // Finished, and waiting for earlier ones.
    bool is_continue_sent;
    struct arena arena;
    struct http_parser parser;
};

enum http_connection_state {
    HTTP_CONNECTION_IDLE,
    HTTP_CONNECTION_HEAD,
    HTTP_CONNECTION_BODY,
    HTTP_CONNECTION_WORKING,
    HTTP_CONNECTION_WRITING,
    HTTP_CONNECTION_LINGERING,
    HTTP_CONNECTION_CLOSED, // Kept until its exchanges have ended.
    HTTP_CONNECTION_STATE_COUNT,
};

struct http_connection {
    struct http_server *server;
    struct list link; // In server->connections[state].
    enum http_connection_state state;
    int64_t since_ms; // Of the state, or of the last progress in it.
    struct net_watch watch;
    struct net_deferred settle;
    struct http_chunk *input;      // NULL when nothing is buffered.
    size_t input_start;            // First byte of the request being parsed.
    size_t input_end;              // End of what was received.
    struct http_exchange *current; // Being parsed; NULL before its first byte.
    struct list exchanges;         // Handed out and not ended, in order of arrival.
    uint32_t exchange_count;
    bool is_active;      // Settling is going on or will follow: replies need not defer it.
    int refusal_status;  // Of an answer of our own still to be given; otherwise 0.
    bool is_last;        // No request after those handed out; close when all is sent.
    bool is_refused;     // The last answer was the server's own; linger before closing.
    bool is_input_ended; // The client closed its side.
    bool is_broken;      // An error, or to be closed without further ado.
    bool has_received;   // Progress since the state was settled.
    bool has_sent;
    struct buffer output;
    size_t output_sent; // Bytes of `output` that are gone.
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

struct http_server {
    struct net_loop *loop;
    struct http_server_options options; // With defaults filled in.
    http_handler_fn handler;
    void *context;
    struct list connections[HTTP_CONNECTION_STATE_COUNT];
    struct list listeners;
    struct net_timer sweep;  // Armed while there are connections or spare objects.
    struct net_timer resume; // Armed while accepting is paused for want of descriptors.
    int64_t sweep_ms;
    uint64_t requests_at_sweep; // Counted until the last one; pools are kept while it grows.
    struct http_server_counts counts;
    bool is_draining;
    void (*on_drained)(void *context);
    void *drained_context;
    struct net_deferred drained;

    struct http_chunk *spare_chunks; // The pools: last used first, warm in the cache.
    struct http_exchange *spare_exchanges;
    struct buffer spare_outputs[HTTP_POOL_MAX];
    uint32_t spare_chunk_count;
    uint32_t spare_exchange_count;
    uint32_t spare_output_count;

    struct clock real_clock;
    int64_t date_until_ms;            // Steady; the texts below are right until then.
    char ok_head[HTTP_DATE_SIZE_MAX]; // "HTTP/1.1 200 OK", CRLF, "Date: ...", CRLF.
    size_t ok_head_size;
};

// --- http_server.c: pools -----------------------------------------------------------------------

// `capacity` at least; one reference. NULL without memory.
struct http_chunk *http_chunk_take(struct http_server *server, size_t capacity);
void http_chunk_unref(struct http_server *server, struct http_chunk *chunk);

struct http_exchange *http_exchange_take(struct http_server *server);
void http_exchange_release(struct http_server *server, struct http_exchange *exchange);

void http_output_take(struct http_server *server, struct buffer *output);
void http_output_give_back(struct http_server *server, struct buffer *output);

// A connection is gone.
void http_server_forget(struct http_server *server);

// --- http_connection.c --------------------------------------------------------------------------

// Takes the descriptor, also when it fails.
enum status http_connection_new(struct http_server *server, int fd, const struct sockaddr *peer,
                                size_t peer_size);

// Receive once, then settle.
void http_connection_read(struct http_connection *connection);

// Do all there is to do: take requests, write, close. The connection may be gone afterwards.
void http_connection_settle(struct http_connection *connection);

// Ask for that at the end of the turn, unless it is going on.
void http_connection_settle_later(struct http_connection *connection);

// Answer by the server itself, and close after it.
void http_connection_refuse(struct http_connection *connection, int status);

// Close at once and forget, exchanges included.
void http_connection_free(struct http_connection *connection);

// --- http_exchange.c ----------------------------------------------------------------------------

// Tell the handlers of outstanding exchanges that the client has gone.
void http_exchange_abort_all(struct http_connection *connection);

// Append a whole answer of the server's own to the connection's output.
void http_exchange_render_refusal(struct http_connection *connection, int status);
