// Signatures: whatever request the parser lets through is verified, scoped and signed; one that was
// just signed must verify. Needs net and base.

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "net/http_parser.h"
#include "net/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_server_options limits = {
    .head_size_bytes_max = 65536,
    .request_line_bytes_max = 32768,
    .body_size_bytes_max = 65536,
};

static const struct str secret_key = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
static const int64_t now_unix_ms = INT64_C(1709251210000); // 2024-03-01T00:00:10Z

static bool find_secret(void *context, struct str access_key_id, struct str *ret_secret)
{
    (void)context;
    *ret_secret = secret_key;
    return access_key_id.size > 0;
}

static bool is_added_by_signing(struct str name)
{
    static const struct str names[] = {STR_INIT("x-amz-date"), STR_INIT("authorization"),
                                       STR_INIT("x-amz-security-token"),
                                       STR_INIT("x-amz-content-sha256")};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_equal_ignoring_case(names[i], name)) return true;
    }
    return false;
}

// Sign the request anew, without what signing adds, and verify that.
static void check_round_trip(struct sigv4 *sigv4, const struct http_request *request)
{
    struct http_header headers[HTTP_HEADERS_MAX + 4];
    struct http_request plain = *request;
    struct str host;
    plain.headers = headers;
    plain.header_count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (is_added_by_signing(request->headers[i].name)) continue;
        headers[plain.header_count++] = request->headers[i];
    }
    if (!http_headers_find(headers, plain.header_count, STR("host"), &host)) return;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(4));
    const struct sigv4_signing signing = {
        .credentials = {STR("AKIDEXAMPLE"), secret_key, STR("")},
        .region = STR("us-east-1"),
        .service = request->body.size % 2 == 0 ? STR("s3") : STR("states"),
        .now_unix_ms = now_unix_ms,
    };
    struct sigv4_signed set;
    if (sigv4_sign(sigv4, &plain, &signing, &arena, &set) != STATUS_OK) return;
    memcpy(headers + plain.header_count, set.headers, set.header_count * sizeof(headers[0]));
    plain.header_count += set.header_count;
    struct sigv4_result result = sigv4_verify(sigv4, &plain, now_unix_ms, find_secret, NULL);
    assert(result.outcome == SIGV4_VALID || result.outcome == SIGV4_INCOMPLETE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sigv4 *sigv4;
    if (sigv4 == NULL && sigv4_new(&sigv4) != STATUS_OK) abort();
    struct http_parser parser;
    char *bytes = malloc(size + 1);
    assert(bytes != NULL);
    if (size > 0) memcpy(bytes, data, size);
    http_parser_init(&parser, &limits);
    if (http_parser_run(&parser, bytes, size) == HTTP_PARSE_DONE) {
        struct sigv4_scope scope;
        bool has_scope = sigv4_scope_parse(&parser.request, &scope);
        struct sigv4_result result =
            sigv4_verify(sigv4, &parser.request, now_unix_ms, find_secret, NULL);
        assert(result.outcome != SIGV4_VALID || has_scope);
        check_round_trip(sigv4, &parser.request);
    }
    free(bytes);
    return 0;
}
