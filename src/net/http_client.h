// HTTP client: outgoing calls by libcurl's multi interface on the event loop.
//
// One client per loop. Connections are kept alive and reused; certificates are verified; HTTP/2 is
// used over TLS when the server offers it; proxies come from the environment (http_proxy,
// https_proxy, no_proxy). Redirects are not followed. libcurl is set up by the first call, so a
// client that is never used costs a few hundred bytes and no time.
//
// Calls beyond `calls_max` wait in a queue, first come first served. The callback always runs from
// the loop, exactly once, unless the call is cancelled. A call under way keeps the loop busy in
// the sense of virtual time; time-outs are real time.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"
#include "net/loop.h"

struct http_client;
struct http_call;

// Zero means the default in the comment.
struct http_client_options {
    uint32_t calls_max;            // Under way at once: 256.
    uint32_t queue_max;            // Waiting: 100,000; beyond, HTTP_CALL_OVER_LIMIT.
    uint32_t idle_connections_max; // Kept for reuse: 64.
    size_t answer_size_bytes_max;  // Of a body, unless the call says otherwise: 16 MiB.
    uint32_t timeout_ms;           // Of a call, unless it says otherwise: 60 s.
    const char *ca_file;           // Certificates to trust besides the system's; NULL for none.
                                   // Borrowed for the life of the client.
};

struct http_call_request {
    struct str method; // Empty: GET, or POST when there is a body.
    struct str url;    // http or https.
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    uint32_t timeout_ms;          // Of everything, waiting in the queue included.
    uint32_t connect_timeout_ms;  // Of that, for name look-up, connection and TLS; 10 s.
    size_t answer_size_bytes_max; // Of the body.
    bool must_omit_user_agent;    // Otherwise "galop/VERSION" unless given in `headers`.
};

enum http_call_outcome {
    HTTP_CALL_ANSWERED,    // `status`, `headers` and `body` are set, whatever the status.
    HTTP_CALL_INVALID,     // The request cannot be sent: bad URL or unknown scheme.
    HTTP_CALL_UNREACHABLE, // No such host, or no connection.
    HTTP_CALL_TLS_FAILED,  // Handshake or certificate.
    HTTP_CALL_TIMED_OUT,   // Also while waiting in the queue.
    HTTP_CALL_TOO_LARGE,   // The answer passes answer_size_bytes_max.
    HTTP_CALL_BROKEN,      // The connection ended early or spoke no HTTP.
    HTTP_CALL_OVER_LIMIT,  // The queue is full, or no memory.
};

struct http_answer {
    enum http_call_outcome outcome;
    struct str error; // One line for people; empty when answered.
    int status;
    const struct http_header *headers; // Of the final answer, names as sent.
    size_t header_count;
    struct str body;
};

// `answer` and all in it are valid during the call only.
typedef void (*http_call_fn)(void *context, const struct http_answer *answer);

//   options   copied; NULL for all defaults
MUST_USE enum status http_client_new(struct net_loop *loop,
                                     const struct http_client_options *options,
                                     struct http_client **ret_client);

// Start a call. Everything in `request` is copied. Returns a handle for cancelling, valid until the
// callback returns; NULL when there is no memory or URL and headers pass 1 MiB, and then the
// callback will not run.
MUST_USE struct http_call *http_client_call(struct http_client *client,
                                            const struct http_call_request *request,
                                            http_call_fn on_answer, void *context);

// End a call without its callback; nothing happens within that callback itself. Whether the other
// side received the request is unknown.
void http_call_cancel(struct http_call *call);

// Calls under way and waiting.
size_t http_client_call_count(const struct http_client *client);

// Cancels all calls. Not from within a callback.
void http_client_free(struct http_client *client);
