// Parser of HTTP/1.x requests: pure, incremental, in place.
//
// The caller keeps the bytes of one request contiguous from its first byte on and calls
// http_parser_run() whenever more have arrived. Nothing is copied: the request's parts are slices
// of those bytes, and a chunked body is joined by moving its chunks down over their framing.
//
// Strict where leniency has been abused: CRLF line ends only, no folded headers, no blank before a
// colon, exactly one Host in HTTP/1.1, one way of framing the body.
//
// Source: RFC 9112 (syntax and framing), RFC 9110 (fields).

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "net/http.h"
#include "net/http_server.h"

enum http_parse {
    HTTP_PARSE_MORE,   // Needs more bytes.
    HTTP_PARSE_DONE,   // `request` is set; the next request starts at `position`.
    HTTP_PARSE_FAILED, // Answer with `error_status` and close.
};

enum http_parser_phase {
    HTTP_PHASE_REQUEST_LINE,
    HTTP_PHASE_HEADERS,
    HTTP_PHASE_BODY, // Of known length.
    HTTP_PHASE_CHUNK_SIZE,
    HTTP_PHASE_CHUNK_DATA,
    HTTP_PHASE_CHUNK_END,
    HTTP_PHASE_TRAILERS,
    HTTP_PHASE_DONE,
    HTTP_PHASE_FAILED,
};

struct http_parser {
    const struct http_server_options *limits; // With all defaults filled in.
    enum http_parser_phase phase;
    int error_status;
    size_t position;         // Offset of the next byte to look at, from the request's first byte.
    size_t head_size;        // Offset of the body's first byte; set when the head is complete.
    size_t trailers_size;    // Bytes of the trailer section so far.
    size_t body_size;        // Bytes of the body in place.
    uint64_t content_length; // Or bytes left of the current chunk.
    bool is_http_1_0;
    bool is_chunked;
    bool has_content_length;
    bool has_transfer_encoding;
    bool has_host;
    bool has_connection_close;
    bool has_connection_keep_alive;
    bool expects_continue; // "Expect: 100-continue" by an HTTP/1.1 client.
    struct http_request request;
    struct http_header headers[HTTP_HEADERS_MAX];
};

// Offset of the first control character other than TAB, or SIZE_MAX.
size_t http_find_control(struct str text);

void http_parser_init(struct http_parser *parser, const struct http_server_options *limits);

// Go on with the request whose bytes so far are `bytes[0, size)`. Bytes before `position` and, for
// chunked bodies, bytes after it up to `size` must be what earlier calls left there.
enum http_parse http_parser_run(struct http_parser *parser, char *bytes, size_t size);

// Tell that the bytes now lie elsewhere. Call after copying, before the old place is freed.
void http_parser_move(struct http_parser *parser, const char *old_bytes, const char *new_bytes);

// Close the gap that joining chunks has left before `position`. Returns the new size.
size_t http_parser_compact(struct http_parser *parser, char *bytes, size_t size);

// Whether the head is complete and the body is not.
bool http_parser_is_in_body(const struct http_parser *parser);

// Whether the connection may serve another request after this one.
bool http_parser_is_keep_alive(const struct http_parser *parser);
