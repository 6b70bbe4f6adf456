// HTTP/1.1 server: one per event loop, nothing shared between threads.
//
// Each worker makes its own server on its own loop and listens on the same address; the kernel
// spreads connections (SO_REUSEPORT). A complete request, body included, becomes an exchange that
// is handed to the handler; the handler replies at once or keeps the pointer and replies later, on
// the loop's thread. Pipelined requests are handed over as they arrive and may be answered in any
// order; the answers leave in the order of the requests.
//
// What the server itself answers: malformed requests (400), time-outs (408), too large a body
// (413), request line (414) or head (431), unmet expectations (417), unknown transfer encodings
// (501), versions other than 1.x (505), too many connections (503); each closes the connection.
// It adds Date, Content-Length and Connection to every reply.
//
// Invariants:
//   1. An exchange lives from the call of the handler until its reply, and every exchange must be
//      replied to exactly once, also when the client has gone: the reply is dropped then.
//   2. Everything in the request, and all that was allocated from the exchange's arena, stays in
//      place until then.
//   3. Socket time-outs run in real time even when the loop's clock is virtual.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"
#include "net/loop.h"

struct http_server;
struct http_exchange;

// Runs on the loop's thread, once per request.
typedef void (*http_handler_fn)(void *context, struct http_exchange *exchange);

// Limits and time-outs. Zero means the default in the comment.
struct http_server_options {
    size_t head_size_bytes_max;     // Request line and headers: 16 KiB.
    size_t request_line_bytes_max;  // 8 KiB.
    size_t body_size_bytes_max;     // After removal of transfer encoding: 16 MiB.
    size_t reply_size_bytes_max;    // Of one reply: 64 MiB; beyond it the client gets a 500.
    size_t request_arena_bytes_max; // 32 MiB.
    uint32_t connections_max;       // 10,000; then the longest idle one makes room, or 503.
    uint32_t pipelined_max;         // Requests of one connection under way at once: 64.
    uint32_t head_timeout_ms;       // From the first byte of a request to its last header: 20 s.
    uint32_t body_timeout_ms;       // Without any progress of the body: 20 s.
    uint32_t write_timeout_ms;      // Without any progress of a blocked write: 30 s.
    uint32_t idle_timeout_ms;       // Of a connection without a request: 75 s.
};

enum { HTTP_HEADERS_MAX = 100 }; // Per request; 431 beyond.

struct http_server_counts {
    uint64_t connections_accepted;
    uint64_t requests;         // Handed to the handler.
    uint64_t requests_refused; // Answered by the server itself, see above.
    uint32_t connections_open;
    uint32_t exchanges_open; // Handed out and not replied to.
};

//   options   copied; NULL for all defaults
MUST_USE enum status http_server_new(struct net_loop *loop,
                                     const struct http_server_options *options,
                                     http_handler_fn handler, void *context,
                                     struct http_server **ret_server);

// Listen on "host:port", "[v6 address]:port" or ":port" (all addresses); port 0 takes a free one.
// May be called for several addresses. Name look-up may block: for start-up only.
//
//   must_be_free   fail when anybody listens there already; for the first worker of a process,
//                  since SO_REUSEPORT alone would quietly share the port with another process
//
// Returns STATUS_INVALID for a malformed address, STATUS_CONFLICT when the port is taken, STATUS_IO
// otherwise (errno tells).
MUST_USE enum status http_server_listen(struct http_server *server, struct str address,
                                        bool must_be_free);

// Port of the first listener, for port 0.
uint16_t http_server_port(const struct http_server *server);

// Serve a connected stream socket as if it had been accepted; the server owns the descriptor from
// here on. For tests and passed descriptors.
MUST_USE enum status http_server_adopt(struct http_server *server, int fd);

// Stop gracefully: take what waits to be accepted, stop listening, finish the requests under way,
// close idle connections. `on_drained` runs from the loop once all connections are closed.
void http_server_drain(struct http_server *server, void (*on_drained)(void *context),
                       void *context);

struct http_server_counts http_server_counts(const struct http_server *server);

// Close everything at once. Exchanges without a reply are gone: their pointers must not be used
// any more (their abort callbacks do not run).
void http_server_free(struct http_server *server);

// --- Exchanges ----------------------------------------------------------------------------------

const struct http_request *http_exchange_request(const struct http_exchange *exchange);

// Memory that lives until the reply. Its contents are not needed for sending.
struct arena *http_exchange_arena(struct http_exchange *exchange);

// Address of the client, "192.0.2.1:50000" or "[2001:db8::1]:50000", in the exchange's arena;
// "unknown" for other sockets.
struct str http_exchange_peer(struct http_exchange *exchange);

// When the request was complete, by the steady clock of the loop.
int64_t http_exchange_received_steady_ms(const struct http_exchange *exchange);

// Have `on_abort` called (from the loop, at most once) when the client closes its side or the
// connection breaks before the reply. The exchange stays valid and still needs its reply: a client
// that only closed its sending side will get it. NULL takes it back.
void http_exchange_set_abort(struct http_exchange *exchange,
                             void (*on_abort)(void *context, struct http_exchange *exchange),
                             void *context);

// Whether the client has closed its side or the connection is broken.
bool http_exchange_is_aborted(const struct http_exchange *exchange);

// Reply and end the exchange. Headers and body are copied; they may lie in the exchange's arena.
//
//   status    200 to 599
//   headers   besides Date, Content-Length and Connection; control characters become blanks
//   body      not sent for HEAD, 204 and 304
void http_exchange_reply(struct http_exchange *exchange, int status,
                         const struct http_header *headers, size_t header_count, struct str body);

// The same without a copy of the body: begin returns the buffer of the connection, to which the
// body is appended; finish completes the head and ends the exchange. Both must happen within
// one callback, with no other use of this exchange between, save beginning anew, which drops what
// was rendered.
// The buffer may hold other bytes before: only append. When it fails (over reply_size_bytes_max),
// finish sends a 500 instead.
struct buffer *http_exchange_begin_reply(struct http_exchange *exchange, int status,
                                         const struct http_header *headers, size_t header_count);
void http_exchange_finish_reply(struct http_exchange *exchange);
