// Good and bad requests; each gives the same wherever its bytes are split and its buffer moves.

#include <stdlib.h>

#include "net/http_parser.h"
#include "test/lib/test.h"

static const struct http_server_options limits = {
    .head_size_bytes_max = 16 * 1024,
    .request_line_bytes_max = 8 * 1024,
    .body_size_bytes_max = 1000,
};

static struct http_parser parser;

// What a request parses to, as text: "METHOD path?query |name=value ...| body +rest" or the status
// of its error, or "more".
static struct str describe(struct arena *arena, enum http_parse result, struct str all)
{
    if (result == HTTP_PARSE_MORE) return STR("more");
    if (result == HTTP_PARSE_FAILED) return arena_printf(arena, "%d", parser.error_status);
    const struct http_request *request = &parser.request;
    struct str headers = STR("");
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        headers = arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT "=%" STR_FORMAT "|",
                               STR_ARGS(headers), STR_ARGS(header->name), STR_ARGS(header->value));
    }
    struct str rest = str_skip(all, parser.position);
    return arena_printf(arena,
                        "%" STR_FORMAT " %" STR_FORMAT "?%" STR_FORMAT " |%" STR_FORMAT
                        " %" STR_FORMAT "+%" STR_FORMAT "%s%s",
                        STR_ARGS(request->method), STR_ARGS(request->path),
                        STR_ARGS(request->query), STR_ARGS(headers), STR_ARGS(request->body),
                        STR_ARGS(rest), http_parser_is_keep_alive(&parser) ? "" : " close",
                        parser.expects_continue ? " 100" : "");
}

static struct str parse_whole(struct arena *arena, struct str text)
{
    struct str copy;
    if (!arena_copy_str(arena, text, &copy)) return STR("no memory");
    char *bytes = malloc(text.size + 1); // Of exact size, for the address sanitizer.
    memcpy(bytes, text.data, text.size);
    http_parser_init(&parser, &limits);
    enum http_parse result = http_parser_run(&parser, bytes, text.size);
    struct str described = describe(arena, result, (struct str){bytes, text.size});
    free(bytes);
    return described;
}

// Parse with the bytes coming in pieces that end at `first` and `second`, in a buffer that moves
// and is compacted in between.
static struct str parse_split(struct arena *arena, struct str text, size_t first, size_t second)
{
    size_t ends[] = {first, second, text.size};
    char *bytes = malloc(1);
    size_t size = 0, given = 0;
    http_parser_init(&parser, &limits);
    enum http_parse result = HTTP_PARSE_MORE;
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        size = http_parser_compact(&parser, bytes, size);
        size_t piece = ends[i] - given;
        char *moved = malloc(size + piece + 1);
        memcpy(moved, bytes, size);
        memcpy(moved + size, text.data + given, piece);
        http_parser_move(&parser, bytes, moved);
        free(bytes);
        bytes = moved;
        size += piece;
        given += piece;
        result = http_parser_run(&parser, bytes, size);
        if (result != HTTP_PARSE_MORE) break;
    }
    if (result == HTTP_PARSE_DONE) { // What is left belongs to the next request.
        char *moved = malloc(size + text.size - given + 1);
        memcpy(moved, bytes, size);
        memcpy(moved + size, text.data + given, text.size - given);
        http_parser_move(&parser, bytes, moved);
        parser.request.body.data = moved + (parser.request.body.data - bytes);
        free(bytes);
        bytes = moved;
        size += text.size - given;
    }
    struct str described = describe(arena, result, (struct str){bytes, size});
    free(bytes);
    return described;
}

static void check_request(struct str text, struct str expected)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    struct str whole = parse_whole(&arena, text);
    CHECK_STR(whole, expected);
    size_t step = text.size > 400 ? text.size / 100 : 1;
    for (size_t first = 0; first <= text.size; first += step) {
        size_t second = first + (text.size - first) / 2;
        struct str split = parse_split(&arena, text, first, second);
        if (!str_equal(split, whole)) {
            test_fail(__FILE__, __LINE__, "split at %zu and %zu: \"%" STR_FORMAT "\"", first,
                      second, STR_ARGS(split));
        }
        arena_reset(&arena);
        whole = parse_whole(&arena, text);
    }
}

struct example {
    const char *text;
    const char *expected;
};

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_request(str_from_c(examples[i].text), str_from_c(examples[i].expected));
}

#define HOST "Host: a\r\n"

TEST(good_requests_parse)
{
    static const struct example examples[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "GET /? |Host=a| +"},
        {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "GET /? |Host=a| +"},
        {"GET /a/b?c=d&e HTTP/1.1\r\n" HOST "\r\nrest", "GET /a/b?c=d&e |Host=a| +rest"},
        {"GET /? HTTP/1.1\r\n" HOST "\r\n", "GET /? |Host=a| +"},
        {"GET http://b:80/c?d HTTP/1.1\r\n" HOST "\r\n", "GET /c?d |Host=a| +"},
        {"GET HTTP://b HTTP/1.1\r\n" HOST "\r\n", "GET /? |Host=a| +"},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS *? |Host=a| +"},
        {"GET / HTTP/1.1\r\nhOST:a:80\r\nX: \t b c \t\r\nY:\r\n\r\n",
         "GET /? |hOST=a:80|X=b c|Y=| +"},
        {"GET / HTTP/1.1\r\nHost:\r\nU: \xc3\xa4\t\xc3\xb6\r\n\r\n",
         "GET /? |Host=|U=\xc3\xa4\t\xc3\xb6| +"},
        {"GET / HTTP/1.0\r\n\r\n", "GET /? | + close"},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /? |Connection=Keep-Alive| +"},
        {"GET / HTTP/1.7\r\n" HOST "Connection: x , Close\r\n\r\n",
         "GET /? |Host=a|Connection=x , Close| + close"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloGET",
         "POST /? |Host=a|Content-Length=5| hello+GET"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
         "POST /? |Host=a|Content-Length=1|Content-Length=1| x+"},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
         "POST /? |Host=a|Expect=100-Continue|Content-Length=1| x+ 100"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
         "POST /? |Host=a|Transfer-Encoding=Chunked| +"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\n1 ;a=b\r\n \r\n00A;x\r\n0123456789\r\n0\r\nT: u\r\n\r\nnext",
         "POST /? |Host=a|Transfer-Encoding=chunked| hello 0123456789+next"},
    };
    check_examples(examples, ARRAY_COUNT(examples));
}

TEST(incomplete_requests_wait)
{
    static const struct example examples[] = {
        {"", "more"},
        {"\r", "more"},
        {"GET / HTTP/1.1\r\n" HOST, "more"},
        {"GET / HTTP/1.1\r\n" HOST "\r", "more"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell", "more"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "more"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n", "more"},
    };
    check_examples(examples, ARRAY_COUNT(examples));
}

TEST(malformed_heads_are_refused)
{
    static const struct example examples[] = {
        {"GET /\r\n\r\n", "400"},
        {"GET  / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1 \r\n\r\n", "400"},
        {"G\x01T / HTTP/1.1\r\n\r\n", "400"},
        {"G(T / HTTP/1.1\r\n\r\n", "400"},
        {" GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET a HTTP/1.1\r\n\r\n", "400"},
        {"GET * HTTP/1.1\r\n\r\n", "400"},
        {"GET http:///x HTTP/1.1\r\n\r\n", "400"},
        {"CONNECT a:443 HTTP/1.1\r\n\r\n", "400"},
        {"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\n", "400"},
        {"GET / HTTP/1.1\rX", "400"},
        {"GET / http/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.10\r\n\r\n", "400"},
        {"GET / HTTP/2.0\r\n\r\n", "505"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
        {"GET / HTTP/1.0\r\n" HOST HOST "\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X: y\r\n\tfolded\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "Expect: magic\r\n\r\n", "417"},
    };
    check_examples(examples, ARRAY_COUNT(examples));
    check_request(STR("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), STR("400"));
}

TEST(ambiguous_and_malformed_framing_is_refused)
{
#define POST    "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
    static const struct example examples[] = {
        {POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", "400"},
        {POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "400"},
        {POST "Content-Length: 1, 1\r\n\r\nx", "400"},
        {POST "Content-Length: +1\r\n\r\nx", "400"},
        {POST "Content-Length: -1\r\n\r\nx", "400"},
        {POST "Content-Length: 0x1\r\n\r\nx", "400"},
        {POST "Content-Length:\r\n\r\nx", "400"},
        {POST "Content-Length: 99999999999999999999\r\n\r\nx", "400"},
        {POST "Content-Length: 18446744073709551615\r\n\r\nx", "413"},
        {POST "Content-Length: 1001\r\n\r\nx", "413"},
        {POST "Transfer-Encoding: gzip\r\n\r\nx", "501"},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\nx", "501"},
        {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\nx", "400"},
        {"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {CHUNKED "x\r\n", "400"},
        {CHUNKED "\r\n", "400"},
        {CHUNKED "-1\r\n", "400"},
        {CHUNKED "0x1\r\n", "400"},
        {CHUNKED "1 \r\nx\r\n0\r\n\r\n", "400"},
        {CHUNKED "1\nx\r\n0\r\n\r\n", "400"},
        {CHUNKED "1\r\nxy", "400"},
        {CHUNKED "1\r\nx\n", "400"},
        {CHUNKED "ffffffffffffffff\r\n", "400"},
        {CHUNKED "fffffffffffffff\r\n", "413"},
        {CHUNKED "3e9\r\n", "413"},
        {CHUNKED "1\r\nx\r\n3e8\r\n", "413"},
        {CHUNKED "0\r\nbad trailer\r\n\r\n", "400"},
    };
    check_examples(examples, ARRAY_COUNT(examples));
}

// `prefix`, then `byte` `count` times, then `suffix`.
static struct str padded(struct arena *arena, const char *prefix, char byte, size_t count,
                         const char *suffix)
{
    size_t prefix_size = strlen(prefix), suffix_size = strlen(suffix);
    char *text = arena_alloc(arena, prefix_size + count + suffix_size);
    if (text == NULL) return STR("");
    memcpy(text, prefix, prefix_size);
    memset(text + prefix_size, byte, count);
    memcpy(text + prefix_size + count, suffix, suffix_size);
    return (struct str){text, prefix_size + count + suffix_size};
}

TEST(oversized_parts_are_refused_by_their_own_status)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    check_request(padded(&arena, "GET /", 'x', 8192, " HTTP/1.1\r\n" HOST "\r\n"), STR("414"));
    check_request(padded(&arena, "GET / HTTP/1.1\r\n" HOST "X: ", 'x', 16384, "\r\n\r\n"),
                  STR("431"));
    check_request(padded(&arena, CHUNKED "1;", 'x', 1024, "\r\n"), STR("400"));
    check_request(padded(&arena, CHUNKED "0\r\nX:", 'x', 8192, "\r\n"), STR("431"));
}

TEST(a_hundred_headers_pass_and_one_more_is_refused)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    struct str text = STR("GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < HTTP_HEADERS_MAX; i++)
        text = arena_printf(&arena, "%" STR_FORMAT "X: y\r\n", STR_ARGS(text));
    parse_whole(&arena, arena_printf(&arena, "%" STR_FORMAT "\r\n", STR_ARGS(text)));
    CHECK(parser.phase == HTTP_PHASE_DONE && parser.request.header_count == HTTP_HEADERS_MAX);
    check_request(arena_printf(&arena, "%" STR_FORMAT "X: y\r\n\r\n", STR_ARGS(text)), STR("431"));
}

TEST(headers_are_found_ignoring_case)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    char text[] =
        "GET /?a=1&bc=%20&d HTTP/1.1\r\n" HOST "X-Amz-Target: t\r\nX-Amz-Target: u\r\n\r\n";
    http_parser_init(&parser, &limits);
    REQUIRE(http_parser_run(&parser, text, sizeof(text) - 1) == HTTP_PARSE_DONE);
    CHECK_STR(http_request_header(&parser.request, STR("x-amz-target")), STR("t"));
    CHECK_STR(http_request_header(&parser.request, STR("x-amz-targe")), STR(""));
    struct str value;
    CHECK(http_query_find(parser.request.query, STR("bc"), &value) && str_is(value, "%20"));
    CHECK(http_query_find(parser.request.query, STR("d"), &value) && value.size == 0);
    CHECK(!http_query_find(parser.request.query, STR("b"), &value));
}
