// The request parser, fed in pieces into a buffer that moves and is compacted. What it makes of the
// pieces must be what it makes of the whole. Needs net and base.
//
// Input: one byte that seeds the splitting, then the bytes of the connection.

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/random.h"
#include "net/http_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_server_options limits = {
    .head_size_bytes_max = 4096,
    .request_line_bytes_max = 1024,
    .body_size_bytes_max = 2048,
};

static void check_slices(const struct http_parser *parser, const char *bytes, size_t size)
{
    const struct http_request *request = &parser->request;
    assert(parser->position <= size && request->header_count <= HTTP_HEADERS_MAX);
    assert(request->method.size > 0 && request->path.size > 0);
    assert(request->body.data >= bytes && request->body.data + request->body.size <= bytes + size);
    for (size_t i = 0; i < request->header_count; i++) {
        struct str value = request->headers[i].value;
        assert(request->headers[i].name.data >= bytes && value.data + value.size <= bytes + size);
    }
}

// The same request parsed from pieces.
static enum http_parse parse_pieces(struct http_parser *parser, struct random *random,
                                    const char *text, size_t text_size, char **ret_bytes)
{
    char *bytes = malloc(1);
    size_t size = 0, given = 0;
    http_parser_init(parser, &limits);
    enum http_parse result = HTTP_PARSE_MORE;
    while (result == HTTP_PARSE_MORE && given < text_size) {
        size_t piece = 1 + random_u64(random) % (random_u64(random) % 4 == 0 ? 200 : 5);
        if (piece > text_size - given) piece = text_size - given;
        size = http_parser_compact(parser, bytes, size);
        char *moved = malloc(size + piece);
        assert(bytes != NULL && moved != NULL);
        memcpy(moved, bytes, size);
        memcpy(moved + size, text + given, piece);
        http_parser_move(parser, bytes, moved);
        free(bytes);
        bytes = moved;
        size += piece;
        given += piece;
        result = http_parser_run(parser, bytes, size);
    }
    if (result == HTTP_PARSE_DONE) check_slices(parser, bytes, size);
    *ret_bytes = bytes;
    return result;
}

static void check_same(const struct http_parser *whole, const struct http_parser *pieces)
{
    const struct http_request *a = &whole->request, *b = &pieces->request;
    assert(str_equal(a->method, b->method) && str_equal(a->path, b->path));
    assert(str_equal(a->query, b->query) && str_equal(a->body, b->body));
    assert(a->header_count == b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        assert(str_equal(a->headers[i].name, b->headers[i].name));
        assert(str_equal(a->headers[i].value, b->headers[i].value));
    }
    assert(http_parser_is_keep_alive(whole) == http_parser_is_keep_alive(pieces));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct random random;
    random_init_seed(&random, data[0]);
    const char *text = (const char *)data + 1;
    size_t left = size - 1;
    for (int requests = 0; left > 0 && requests < 8; requests++) {
        struct http_parser whole, pieces;
        char *bytes = malloc(left), *piece_bytes;
        assert(bytes != NULL);
        memcpy(bytes, text, left);
        http_parser_init(&whole, &limits);
        enum http_parse result = http_parser_run(&whole, bytes, left);
        enum http_parse other = parse_pieces(&pieces, &random, text, left, &piece_bytes);
        assert(result == other);
        if (result == HTTP_PARSE_FAILED) assert(whole.error_status == pieces.error_status);
        if (result == HTTP_PARSE_DONE) {
            check_slices(&whole, bytes, left);
            check_same(&whole, &pieces);
            text += whole.position;
            left -= whole.position;
        }
        free(bytes);
        free(piece_bytes);
        if (result != HTTP_PARSE_DONE) break;
    }
    return 0;
}
