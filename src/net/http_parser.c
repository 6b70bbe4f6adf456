// A machine whose unit is the line: a phase that finds its line incomplete leaves `position` at the
// line's start and is tried again with more bytes. Header values are scanned eight bytes at a time
// for the control character that ends or spoils them.

#include "net/http_parser.h"

#include <assert.h>
#include <endian.h>

#include "base/encoding.h"

enum {
    METHOD_SIZE_MAX = 32,
    CHUNK_LINE_SIZE_MAX = 1024, // Size and extensions of one chunk.
    TRAILERS_SIZE_MAX = 8 * 1024,
};

// Classes of bytes, in `byte_classes`.
enum {
    IS_TOKEN = 1 << 0,  // RFC 9110 tchar
    IS_TARGET = 1 << 1, // Visible ASCII
    IS_HOST = 1 << 2,   // RFC 3986 uri-host and port
};

// By what else a visible byte may be part of: nothing, a token, a host, all.
#define V IS_TARGET
#define T (IS_TARGET | IS_TOKEN)
#define H (IS_TARGET | IS_HOST)
#define A (IS_TARGET | IS_TOKEN | IS_HOST)
// clang-format off
static const uint8_t byte_classes[256] = {
    [0x20] = 0, A, V, T, A, A, A, A, H, H, A, A, H, A, A, V, // blank to slash
    [0x30] = A, A, A, A, A, A, A, A, A, A, H, H, V, H, V, V, // 0 to ?
    [0x40] = V, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, // @ to O
    [0x50] = A, A, A, A, A, A, A, A, A, A, A, H, V, H, T, A, // P to _
    [0x60] = T, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, // ` to o
    [0x70] = A, A, A, A, A, A, A, A, A, A, A, V, T, V, A, 0, // p to ~
};
// clang-format on
#undef V
#undef T
#undef H
#undef A

static bool is_class(char byte, int class)
{
    return (byte_classes[(unsigned char)byte] & class) != 0;
}

static bool all_are(struct str text, int class)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_class(text.data[i], class)) return false;
    }
    return true;
}

static enum http_parse fail(struct http_parser *parser, int error_status)
{
    parser->phase = HTTP_PHASE_FAILED;
    parser->error_status = error_status;
    return HTTP_PARSE_FAILED;
}

void http_parser_init(struct http_parser *parser, const struct http_server_options *limits)
{
    // All but the headers, which `header_count` says are unset.
    memset(parser, 0, offsetof(struct http_parser, headers));
    parser->limits = limits;
    parser->request.headers = parser->headers;
}

// --- Lines --------------------------------------------------------------------------------------

typedef unsigned char vector VECTOR(16);

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// The first byte in [at, end) that is a control character other than TAB, or `end`.
static const char *find_control(const char *at, const char *end)
{
    while (end - at >= 16) {
        vector bytes;
        uint64_t marks[2];
        memcpy(&bytes, at, 16);
        bytes = (vector)((bytes < 0x20) & (bytes != '\t')) | (vector)(bytes == 0x7f);
        memcpy(marks, &bytes, 16);
        if ((marks[0] | marks[1]) != 0) {
            size_t half = marks[0] != 0 ? 0 : 1;
            // Every byte is marked with all its bits, the first one being the lowest.
            return at + half * 8 + (size_t)__builtin_ctzll(le64toh(marks[half])) / 8;
        }
        at += 16;
    }
    while (at < end && !is_control(*at))
        at++;
    return at;
}

size_t http_find_control(struct str text)
{
    const char *found = find_control(text.data, text.data + text.size);
    return found == text.data + text.size ? SIZE_MAX : (size_t)(found - text.data);
}

enum line { LINE_WHOLE, LINE_PARTIAL, LINE_BAD, LINE_LONG };

// The line that starts at `position`, without its CRLF. Its fate does not depend on how the bytes
// arrive: it is too long exactly when its first `size_max` + 1 bytes have no control character.
static enum line take_line(struct str bytes, size_t position, size_t size_max, struct str *ret_line,
                           size_t *ret_next)
{
    const char *start = bytes.data + position;
    size_t available = bytes.size - position;
    size_t looked_at = available <= size_max ? available : size_max + 1;
    const char *end = start + looked_at;
    const char *stop = find_control(start, end);
    if (stop == end) return looked_at > size_max ? LINE_LONG : LINE_PARTIAL;
    if (*stop != '\r') return LINE_BAD;
    if (stop + 1 == bytes.data + bytes.size) return LINE_PARTIAL;
    if (stop[1] != '\n') return LINE_BAD;
    *ret_line = (struct str){start, (size_t)(stop - start)};
    *ret_next = (size_t)(stop + 2 - bytes.data);
    return LINE_WHOLE;
}

// --- Request line -------------------------------------------------------------------------------

// "http://host[:port]/path" is what clients send that take us for a proxy: path and query count.
static bool strip_authority(struct str *target)
{
    size_t scheme_size;
    if (target->size >= 7 && str_equal_ignoring_case(str_slice(*target, 0, 7), STR("http://"))) {
        scheme_size = 7;
    } else if (target->size >= 8 &&
               str_equal_ignoring_case(str_slice(*target, 0, 8), STR("https://"))) {
        scheme_size = 8;
    } else {
        return false;
    }
    struct str rest = str_skip(*target, scheme_size);
    size_t path = 0;
    while (path < rest.size && is_class(rest.data[path], IS_HOST))
        path++;
    if (path == 0) return false;
    rest = str_skip(rest, path);
    if (rest.size == 0) rest = STR("/");
    *target = rest;
    return true;
}

static bool set_target(struct http_request *request, struct str target)
{
    bool is_asterisk = str_equal(target, STR("*")) && str_equal(request->method, STR("OPTIONS"));
    if (target.size == 0 || !all_are(target, IS_TARGET)) return false;
    if (target.data[0] != '/' && !is_asterisk && !strip_authority(&target)) return false;
    if (target.data[0] != '/' && !is_asterisk) return false;
    request->path = str_cut(&target, '?');
    request->query = target.data == NULL ? STR("") : target;
    return true;
}

// 0 when fine, otherwise the status to fail with.
static int set_version(struct http_parser *parser, struct str version)
{
    //     HTTP-version = HTTP-name "/" DIGIT "." DIGIT                       (RFC 9112, 2.3)
    if (version.size != 8 || !str_starts_with(version, STR("HTTP/"))) return 400;
    const char *digits = version.data + 5;
    if (digits[0] < '0' || digits[0] > '9' || digits[1] != '.' || digits[2] < '0' ||
        digits[2] > '9') {
        return 400;
    }
    if (digits[0] != '1') return 505;
    parser->is_http_1_0 = digits[2] == '0';
    return 0;
}

static enum http_parse parse_request_line(struct http_parser *parser, struct str bytes)
{
    //     In the interest of robustness, a server that is expecting to receive and parse a
    //     request-line SHOULD ignore at least one empty line (CRLF) received prior to the
    //     request-line.                                                      (RFC 9112, 2.2)
    while (str_starts_with(str_skip(bytes, parser->position), STR("\r\n")))
        parser->position += 2;
    if (parser->position > parser->limits->request_line_bytes_max) return fail(parser, 400);
    struct str line;
    size_t next;
    size_t line_max = parser->limits->request_line_bytes_max;
    enum line found = take_line(bytes, parser->position, line_max, &line, &next);
    if (found == LINE_PARTIAL) return HTTP_PARSE_MORE;
    if (found != LINE_WHOLE) return fail(parser, found == LINE_LONG ? 414 : 400);
    struct http_request *request = &parser->request;
    request->method = str_cut(&line, ' ');
    if (request->method.size == 0 || request->method.size > METHOD_SIZE_MAX ||
        !all_are(request->method, IS_TOKEN)) {
        return fail(parser, 400);
    }
    struct str target = str_cut(&line, ' ');
    int status = set_version(parser, line);
    if (status != 0) return fail(parser, status);
    if (!set_target(request, target)) return fail(parser, 400);
    parser->position = next;
    parser->phase = HTTP_PHASE_HEADERS;
    return HTTP_PARSE_DONE;
}

// --- Headers ------------------------------------------------------------------------------------

static bool is_name(struct str name, const char *expected, size_t expected_size)
{
    return name.size == expected_size &&
           str_equal_ignoring_case(name, (struct str){expected, expected_size});
}

#define IS_NAME(name, literal) is_name(name, literal, sizeof(literal) - 1)

static int note_content_length(struct http_parser *parser, struct str value)
{
    uint64_t length;
    if (!str_to_u64(value, &length)) return 400;
    if (parser->has_content_length && parser->content_length != length) return 400;
    parser->has_content_length = true;
    parser->content_length = length;
    return 0;
}

static int note_transfer_encoding(struct http_parser *parser, struct str value)
{
    //     A server MAY reject a request that contains both Content-Length and Transfer-Encoding […]
    //     A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding
    //     header field MUST treat the message as if the framing is faulty.   (RFC 9112, 6.1)
    if (parser->is_http_1_0 || parser->has_transfer_encoding) return 400;
    parser->has_transfer_encoding = true;
    if (!str_equal_ignoring_case(value, STR("chunked"))) return 501;
    parser->is_chunked = true;
    return 0;
}

static void note_connection(struct http_parser *parser, struct str value)
{
    while (value.size > 0) {
        struct str option = str_trim(str_cut(&value, ','));
        if (IS_NAME(option, "close")) parser->has_connection_close = true;
        if (IS_NAME(option, "keep-alive")) parser->has_connection_keep_alive = true;
    }
}

static int note_host(struct http_parser *parser, struct str value)
{
    if (parser->has_host || !all_are(value, IS_HOST)) return 400;
    parser->has_host = true;
    return 0;
}

// Headers that matter for the framing. Returns 0, or the status to fail with.
static int note_header(struct http_parser *parser, struct str name, struct str value)
{
    switch (name.size) {
    case 4: return IS_NAME(name, "host") ? note_host(parser, value) : 0;
    case 6:
        if (!IS_NAME(name, "expect") || parser->is_http_1_0) return 0;
        parser->expects_continue = IS_NAME(value, "100-continue");
        return parser->expects_continue ? 0 : 417;
    case 10:
        if (IS_NAME(name, "connection")) note_connection(parser, value);
        return 0;
    case 14: return IS_NAME(name, "content-length") ? note_content_length(parser, value) : 0;
    case 17: return IS_NAME(name, "transfer-encoding") ? note_transfer_encoding(parser, value) : 0;
    default: return 0;
    }
}

static struct str trim_blanks(struct str text)
{
    const char *start = text.data, *end = text.data + text.size;
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (start < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct str){start, (size_t)(end - start)};
}

// Split "name: value". Returns false when malformed.
static bool split_header(struct str line, struct str *ret_name, struct str *ret_value)
{
    //     No whitespace is allowed between the field name and colon.         (RFC 9112, 5.1)
    // A folded line starts with a blank, which no token does.
    const char *end = line.data + line.size, *at = line.data;
    while (at < end && is_class(*at, IS_TOKEN))
        at++;
    if (at == line.data || at == end || *at != ':') return false;
    size_t colon = (size_t)(at - line.data);
    *ret_name = str_slice(line, 0, colon);
    *ret_value = trim_blanks(str_skip(line, colon + 1));
    return true;
}

// All headers are there: decide how the body is framed.
static enum http_parse end_head(struct http_parser *parser)
{
    if (!parser->has_host && !parser->is_http_1_0) return fail(parser, 400);
    if (parser->has_content_length && parser->has_transfer_encoding) return fail(parser, 400);
    parser->head_size = parser->position;
    if (parser->is_chunked) {
        parser->content_length = 0;
        parser->phase = HTTP_PHASE_CHUNK_SIZE;
        return HTTP_PARSE_DONE;
    }
    if (parser->content_length > parser->limits->body_size_bytes_max) return fail(parser, 413);
    parser->phase = HTTP_PHASE_BODY;
    return HTTP_PARSE_DONE;
}

static enum http_parse parse_headers(struct http_parser *parser, struct str bytes)
{
    size_t head_max = parser->limits->head_size_bytes_max;
    for (;;) {
        struct str line;
        size_t next;
        if (parser->position + 2 > head_max) return fail(parser, 431);
        size_t line_max = head_max - parser->position - 2;
        enum line found = take_line(bytes, parser->position, line_max, &line, &next);
        if (found == LINE_PARTIAL) return HTTP_PARSE_MORE;
        if (found != LINE_WHOLE) return fail(parser, found == LINE_LONG ? 431 : 400);
        parser->position = next;
        if (line.size == 0) return end_head(parser);
        if (parser->request.header_count == HTTP_HEADERS_MAX) return fail(parser, 431);
        struct http_header *header = &parser->headers[parser->request.header_count];
        if (!split_header(line, &header->name, &header->value)) return fail(parser, 400);
        parser->request.header_count++;
        int status = note_header(parser, header->name, header->value);
        if (status != 0) return fail(parser, status);
    }
}

// --- Body ---------------------------------------------------------------------------------------

static enum http_parse end_request(struct http_parser *parser, struct str bytes)
{
    parser->request.body = str_slice(bytes, parser->head_size, parser->body_size);
    parser->phase = HTTP_PHASE_DONE;
    return HTTP_PARSE_DONE;
}

static enum http_parse parse_body(struct http_parser *parser, struct str bytes)
{
    if (bytes.size - parser->head_size < parser->content_length) return HTTP_PARSE_MORE;
    parser->body_size = (size_t)parser->content_length;
    parser->position = parser->head_size + parser->body_size;
    return end_request(parser, bytes);
}

// "1a" or "1a;extension=value"; extensions are ignored, as the RFC asks.
static bool chunk_size_parse(struct str line, uint64_t *ret_size)
{
    uint64_t chunk_size = 0;
    size_t digits = 0;
    for (; digits < line.size && encoding_hex_digit(line.data[digits]) >= 0; digits++) {
        if (digits == 15) return false;
        chunk_size = chunk_size << 4 | (uint64_t)encoding_hex_digit(line.data[digits]);
    }
    if (digits == 0) return false;
    struct str rest = trim_blanks(str_skip(line, digits));
    if (rest.size > 0 && rest.data[0] != ';') return false;
    if (rest.size == 0 && line.size != digits) return false; // Blanks need an extension.
    *ret_size = chunk_size;
    return true;
}

static enum http_parse parse_chunk_size(struct http_parser *parser, struct str bytes)
{
    struct str line;
    size_t next;
    enum line found = take_line(bytes, parser->position, CHUNK_LINE_SIZE_MAX, &line, &next);
    if (found == LINE_PARTIAL) return HTTP_PARSE_MORE;
    if (found != LINE_WHOLE) return fail(parser, 400);
    uint64_t chunk_size;
    if (!chunk_size_parse(line, &chunk_size)) return fail(parser, 400);
    if (chunk_size > parser->limits->body_size_bytes_max - parser->body_size) {
        return fail(parser, 413);
    }
    parser->position = next;
    parser->content_length = chunk_size;
    parser->phase = chunk_size == 0 ? HTTP_PHASE_TRAILERS : HTTP_PHASE_CHUNK_DATA;
    return HTTP_PARSE_DONE;
}

static enum http_parse parse_chunk_data(struct http_parser *parser, char *bytes, size_t size)
{
    size_t available = size - parser->position;
    size_t taken = available < parser->content_length ? available : (size_t)parser->content_length;
    char *place = bytes + parser->head_size + parser->body_size;
    if (taken > 0) memmove(place, bytes + parser->position, taken);
    parser->body_size += taken;
    parser->position += taken;
    parser->content_length -= taken;
    if (parser->content_length > 0) return HTTP_PARSE_MORE;
    parser->phase = HTTP_PHASE_CHUNK_END;
    return HTTP_PARSE_DONE;
}

static enum http_parse parse_chunk_end(struct http_parser *parser, struct str bytes)
{
    struct str rest = str_skip(bytes, parser->position);
    if (rest.size >= 1 && rest.data[0] != '\r') return fail(parser, 400);
    if (rest.size >= 2 && rest.data[1] != '\n') return fail(parser, 400);
    if (rest.size < 2) return HTTP_PARSE_MORE;
    parser->position += 2;
    parser->phase = HTTP_PHASE_CHUNK_SIZE;
    return HTTP_PARSE_DONE;
}

// Trailers are checked for form and dropped: no request that we serve uses them.
static enum http_parse parse_trailers(struct http_parser *parser, struct str bytes)
{
    for (;;) {
        struct str line, name, value;
        size_t next;
        size_t line_max = TRAILERS_SIZE_MAX - parser->trailers_size;
        enum line found = take_line(bytes, parser->position, line_max, &line, &next);
        if (found == LINE_PARTIAL) return HTTP_PARSE_MORE;
        if (found != LINE_WHOLE) return fail(parser, found == LINE_LONG ? 431 : 400);
        parser->trailers_size += line.size;
        parser->position = next;
        if (line.size == 0) return end_request(parser, bytes);
        if (!split_header(line, &name, &value)) return fail(parser, 400);
    }
}

// --- Public -------------------------------------------------------------------------------------

enum http_parse http_parser_run(struct http_parser *parser, char *bytes, size_t size)
{
    assert(parser->position <= size);
    const struct str all = {bytes, size};
    for (;;) {
        enum http_parse result = HTTP_PARSE_FAILED;
        switch (parser->phase) {
        case HTTP_PHASE_REQUEST_LINE: result = parse_request_line(parser, all); break;
        case HTTP_PHASE_HEADERS: result = parse_headers(parser, all); break;
        case HTTP_PHASE_BODY: result = parse_body(parser, all); break;
        case HTTP_PHASE_CHUNK_SIZE: result = parse_chunk_size(parser, all); break;
        case HTTP_PHASE_CHUNK_DATA: result = parse_chunk_data(parser, bytes, size); break;
        case HTTP_PHASE_CHUNK_END: result = parse_chunk_end(parser, all); break;
        case HTTP_PHASE_TRAILERS: result = parse_trailers(parser, all); break;
        case HTTP_PHASE_DONE: return HTTP_PARSE_DONE;
        case HTTP_PHASE_FAILED: return HTTP_PARSE_FAILED;
        }
        if (result != HTTP_PARSE_DONE) return result;
    }
}

static void move_str(struct str *text, const char *old_bytes, size_t old_size,
                     const char *new_bytes)
{
    uintptr_t offset = (uintptr_t)text->data - (uintptr_t)old_bytes;
    if (offset <= old_size) text->data = new_bytes + offset; // Else a literal, such as "/".
}

void http_parser_move(struct http_parser *parser, const char *old_bytes, const char *new_bytes)
{
    struct http_request *request = &parser->request;
    size_t size = parser->position;
    move_str(&request->method, old_bytes, size, new_bytes);
    move_str(&request->path, old_bytes, size, new_bytes);
    move_str(&request->query, old_bytes, size, new_bytes);
    for (size_t i = 0; i < request->header_count; i++) {
        move_str(&parser->headers[i].name, old_bytes, size, new_bytes);
        move_str(&parser->headers[i].value, old_bytes, size, new_bytes);
    }
}

size_t http_parser_compact(struct http_parser *parser, char *bytes, size_t size)
{
    if (!parser->is_chunked || !http_parser_is_in_body(parser)) return size;
    size_t body_end = parser->head_size + parser->body_size;
    size_t gap = parser->position - body_end;
    memmove(bytes + body_end, bytes + parser->position, size - parser->position);
    parser->position -= gap;
    return size - gap;
}

bool http_parser_is_in_body(const struct http_parser *parser)
{
    return parser->phase >= HTTP_PHASE_BODY && parser->phase <= HTTP_PHASE_TRAILERS;
}

bool http_parser_is_keep_alive(const struct http_parser *parser)
{
    if (parser->has_connection_close) return false;
    return !parser->is_http_1_0 || parser->has_connection_keep_alive;
}
