// Known answers of AWS's documentation and of botocore; every way a signature can fail.

#include <stdlib.h>

#include "base/clock.h"
#include "net/http_parser.h"
#include "net/sigv4.h"
#include "test/lib/test.h"

static const struct str key_id = STR_INIT("AKIDEXAMPLE");
static const struct str secret_key = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

static struct sigv4 *sigv4;
static struct str known_secret; // Of any key; nothing is known when empty.

static bool find_secret(void *context, struct str access_key_id, struct str *ret_secret)
{
    (void)context;
    (void)access_key_id;
    *ret_secret = known_secret;
    return known_secret.size > 0;
}

static void start(void)
{
    CHECK(sigv4_new(&sigv4) == STATUS_OK);
    known_secret = secret_key;
}

static int64_t at(const char *text)
{
    int64_t unix_ms = 0;
    bool is_time = clock_parse_rfc3339(str_from_c(text), &unix_ms, NULL);
    CHECK(is_time);
    return unix_ms;
}

static const struct http_server_options limits = {
    .head_size_bytes_max = 16384,
    .request_line_bytes_max = 8192,
    .body_size_bytes_max = 10000,
};

static struct http_parser parser;
static char parsed_bytes[32768];

// A request from its bytes on the wire.
static const struct http_request *parse(struct str text)
{
    CHECK(text.size < sizeof(parsed_bytes));
    memcpy(parsed_bytes, text.data, text.size);
    http_parser_init(&parser, &limits);
    CHECK(http_parser_run(&parser, parsed_bytes, text.size) == HTTP_PARSE_DONE);
    return &parser.request;
}

static enum sigv4_outcome outcome_of(struct str text, const char *now)
{
    return sigv4_verify(sigv4, parse(text), at(now), find_secret, NULL).outcome;
}

// --- AWS's documentation ------------------------------------------------------------------------

// AWS Signature Version 4 test suite and "Examples of the complete Signature Version 4 signing
// process": service "service" or "iam", region us-east-1, 2015-08-30T12:36:00Z.
static const struct {
    const char *head;
    const char *body;
    const char *names;
    const char *service;
    const char *signature;
} documented[] = {
    {"GET / HTTP/1.1\r\nHost: example.amazonaws.com\r\n", "", "host;x-amz-date", "service",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"GET /?Param1=value1&Param2=value2 HTTP/1.1\r\nHost: example.amazonaws.com\r\n", "",
     "host;x-amz-date", "service",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"GET /?Param2=value2&Param1=value1 HTTP/1.1\r\nHost: example.amazonaws.com\r\n", "",
     "host;x-amz-date", "service",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"GET //./ HTTP/1.1\r\nHost: example.amazonaws.com\r\n", "", "host;x-amz-date", "service",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"POST / HTTP/1.1\r\nHost: example.amazonaws.com\r\n", "", "host;x-amz-date", "service",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
     "Host: example.amazonaws.com\r\n",
     "Param1=value1", "content-type;host;x-amz-date", "service",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\n"
     "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
     "Host: iam.amazonaws.com\r\n",
     "", "content-type;host;x-amz-date", "iam",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
};

TEST(signing_gives_the_documented_signatures)
{
    start();
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(documented); i++) {
        struct str text =
            arena_printf(&arena, "%sContent-Length: %zu\r\n\r\n%s", documented[i].head,
                         strlen(documented[i].body), documented[i].body);
        struct http_request request = *parse(text);
        request.header_count--; // Content-Length is of the test, not of the example.
        struct sigv4_signing signing = {
            .credentials = {.access_key_id = key_id, .secret_key = secret_key},
            .region = STR("us-east-1"),
            .service = str_from_c(documented[i].service),
            .now_unix_ms = at("2015-08-30T12:36:00Z"),
        };
        struct sigv4_signed set;
        REQUIRE(sigv4_sign(sigv4, &request, &signing, &arena, &set) == STATUS_OK);
        CHECK(set.header_count == 2);
        CHECK_STR(set.headers[0].value, STR("20150830T123600Z"));
        CHECK_STR(set.headers[1].value,
                  arena_printf(&arena,
                               "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/%s/"
                               "aws4_request, SignedHeaders=%s, Signature=%s",
                               documented[i].service, documented[i].names,
                               documented[i].signature));
    }
    sigv4_free(sigv4);
}

// Amazon S3 API Reference, "Signature Calculations for the Authorization Header" and "… Query
// Parameters".
#define S3_SCOPE "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
#define S3_HEAD                                                                                    \
    "Host: examplebucket.s3.amazonaws.com\r\nX-Amz-Date: 20130524T000000Z\r\n"                     \
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"   \
    "Authorization: AWS4-HMAC-SHA256 Credential=" S3_SCOPE ",SignedHeaders="

TEST(documented_s3_requests_are_valid)
{
    start();
    known_secret = STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    static const char *const requests[] = {
        "GET /test.txt HTTP/1.1\r\nRange: bytes=0-9\r\n" S3_HEAD
        "host;range;x-amz-content-sha256;x-amz-date,Signature="
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n\r\n",
        "GET /?lifecycle HTTP/1.1\r\n" S3_HEAD "host;x-amz-content-sha256;x-amz-date,Signature="
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\r\n\r\n",
        "GET /?max-keys=2&prefix=J HTTP/1.1\r\n" S3_HEAD
        "host;x-amz-content-sha256;x-amz-date,Signature="
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7\r\n\r\n",
        "PUT /test%24file.text HTTP/1.1\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\n"
        "Host: examplebucket.s3.amazonaws.com\r\nx-amz-date: 20130524T000000Z\r\n"
        "x-amz-storage-class: REDUCED_REDUNDANCY\r\nContent-Length: 21\r\n"
        "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=" S3_SCOPE
        ",SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature="
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\r\n\r\n"
        "Welcome to Amazon S3.",
        "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
        "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\n"
        "Host: examplebucket.s3.amazonaws.com\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
        CHECK(outcome_of(str_from_c(requests[i]), "2013-05-24T00:00:10Z") == SIGV4_VALID);
    sigv4_free(sigv4);
}

// --- botocore -----------------------------------------------------------------------------------

static const struct {
    const char *about;
    bool is_presigned;
    struct str text;
} by_botocore[] = {
#define X(about, is_presigned, text) {about, is_presigned, STR_INIT(text)},
#include "sigv4_botocore.def"
#undef X
};

static const char botocore_time[] = "2024-03-01T00:00:10Z";

TEST(requests_signed_by_botocore_are_valid)
{
    start();
    for (size_t i = 0; i < ARRAY_COUNT(by_botocore); i++) {
        const struct http_request *request = parse(by_botocore[i].text);
        struct sigv4_result result =
            sigv4_verify(sigv4, request, at(botocore_time), find_secret, NULL);
        if (result.outcome != SIGV4_VALID)
            test_fail(__FILE__, __LINE__, "%s", by_botocore[i].about);
        CHECK(result.is_presigned == by_botocore[i].is_presigned);
        CHECK_STR(result.scope.access_key_id, key_id);
        CHECK_STR(result.scope.region, STR("eu-central-1"));
        CHECK(result.signed_unix_ms == at("2024-02-29T23:59:58Z"));
        struct sigv4_scope scope;
        CHECK(sigv4_scope_parse(request, &scope));
        CHECK_STR(scope.service, result.scope.service);
        CHECK_STR(scope.date, STR("20240229"));
    }
    sigv4_free(sigv4);
}

TEST(another_secret_makes_them_invalid)
{
    start();
    known_secret = STR("another");
    for (size_t i = 0; i < ARRAY_COUNT(by_botocore); i++)
        CHECK(outcome_of(by_botocore[i].text, botocore_time) == SIGV4_BAD_SIGNATURE);
    sigv4_free(sigv4);
}

// Change the byte at `offset` of a signed request, if it still parses then.
static bool is_valid_with_changed_byte(struct str text, size_t offset)
{
    static char bytes[8192];
    memcpy(bytes, text.data, text.size);
    bytes[offset] = bytes[offset] == 'q' ? 'r' : 'q';
    struct str changed = {bytes, text.size};
    memcpy(parsed_bytes, changed.data, changed.size);
    http_parser_init(&parser, &limits);
    if (http_parser_run(&parser, parsed_bytes, changed.size) != HTTP_PARSE_DONE) return false;
    return sigv4_verify(sigv4, &parser.request, at(botocore_time), find_secret, NULL).outcome ==
           SIGV4_VALID;
}

TEST(any_changed_byte_of_a_signed_request_is_noticed)
{
    start();
    struct str text = by_botocore[0].text;
    size_t version = str_find(text, STR("HTTP/1.1"));
    size_t length = str_find(text, STR("Content-Length"));
    size_t body = str_find(text, STR("\r\n\r\n"));
    for (size_t i = 0; i < text.size; i++) {
        bool is_signed = i < version || (i > version + 8 && i < length) || i > body + 3;
        // The access key id is part of the scope's text but not of what is signed with its secret.
        size_t id = str_find(text, key_id);
        if (i >= id && i < id + key_id.size) continue;
        // Letter case of header names does not count, and "q" may replace "Q" nowhere here.
        if (is_signed && is_valid_with_changed_byte(text, i)) {
            test_fail(__FILE__, __LINE__, "byte %zu", i);
        }
    }
    sigv4_free(sigv4);
}

TEST(signing_again_gives_what_botocore_gave)
{
    start();
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(by_botocore); i++) {
        if (by_botocore[i].is_presigned) continue;
        const struct http_request *request = parse(by_botocore[i].text);
        struct sigv4_scope scope;
        REQUIRE(sigv4_scope_parse(request, &scope));
        struct sigv4_signing signing = {
            .credentials = {key_id, secret_key,
                            http_request_header(request, STR("x-amz-security-token"))},
            .region = scope.region,
            .service = scope.service,
            .now_unix_ms = at("2024-02-29T23:59:58Z"),
        };
        struct http_header headers[20];
        struct http_request plain = *request;
        plain.headers = headers;
        plain.header_count = 0;
        static const struct str added[] = {
            STR_INIT("x-amz-date"), STR_INIT("authorization"), STR_INIT("x-amz-security-token"),
            STR_INIT("x-amz-content-sha256"), STR_INIT("content-length")};
        for (size_t h = 0; h < request->header_count; h++) {
            bool is_added = false;
            for (size_t k = 0; k < ARRAY_COUNT(added); k++)
                is_added = is_added || str_equal_ignoring_case(request->headers[h].name, added[k]);
            if (!is_added) headers[plain.header_count++] = request->headers[h];
        }
        struct sigv4_signed set;
        REQUIRE(sigv4_sign(sigv4, &plain, &signing, &arena, &set) == STATUS_OK);
        CHECK_STR(set.headers[set.header_count - 1].value,
                  http_request_header(request, STR("authorization")));
    }
    sigv4_free(sigv4);
}

// --- Failures -----------------------------------------------------------------------------------

TEST(time_decides_between_expired_valid_and_not_yet)
{
    start();
    struct str text = by_botocore[0].text;
    CHECK(outcome_of(text, "2024-03-01T00:04:58Z") == SIGV4_VALID);
    CHECK(outcome_of(text, "2024-03-01T00:04:58.001Z") == SIGV4_EXPIRED);
    CHECK(outcome_of(text, "2024-02-29T23:54:58Z") == SIGV4_VALID);
    CHECK(outcome_of(text, "2024-02-29T23:54:57.999Z") == SIGV4_NOT_YET);
    struct str presigned = by_botocore[ARRAY_COUNT(by_botocore) - 1].text; // For 60 seconds.
    CHECK(outcome_of(presigned, "2024-03-01T00:00:58Z") == SIGV4_VALID);
    CHECK(outcome_of(presigned, "2024-03-01T00:00:58.001Z") == SIGV4_EXPIRED);
    sigv4_free(sigv4);
}

TEST(unknown_key_is_told_from_a_missing_signature)
{
    start();
    known_secret = STR("");
    CHECK(outcome_of(by_botocore[0].text, botocore_time) == SIGV4_UNKNOWN_KEY);
    CHECK(outcome_of(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), botocore_time) == SIGV4_MISSING);
    struct sigv4_scope scope;
    CHECK(!sigv4_scope_parse(parse(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), &scope));
    sigv4_free(sigv4);
}

TEST(incomplete_signatures_say_what_lacks)
{
    start();
#define DATE  "X-Amz-Date: 20240229T235958Z\r\n"
#define SCOPE "Credential=AKIDEXAMPLE/20240229/eu-central-1/states/aws4_request"
#define NAMES "SignedHeaders=host;x-amz-date"
    static const struct {
        const char *headers;
        unsigned incomplete;
    } examples[] = {
        {DATE "Authorization: AWS4-HMAC-SHA256 " SCOPE ", " NAMES "\r\n", SIGV4_NO_SIGNATURE},
        {DATE "Authorization: AWS4-HMAC-SHA256 " SCOPE ", Signature=x\r\n",
         SIGV4_NO_SIGNED_HEADERS},
        {DATE "Authorization: AWS4-HMAC-SHA256 " SCOPE
              ", SignedHeaders=x-amz-date, Signature=x\r\n",
         SIGV4_NO_SIGNED_HEADERS},
        {DATE "Authorization: AWS4-HMAC-SHA256 " SCOPE ", SignedHeaders=host, Signature=x\r\n",
         SIGV4_NO_SIGNED_HEADERS},
        {DATE "Authorization: AWS4-HMAC-SHA256 " NAMES ", Signature=x\r\n", SIGV4_NO_CREDENTIAL},
        {DATE "Authorization: AWS4-HMAC-SHA256 Credential=a/b, " NAMES ", Signature=x\r\n",
         SIGV4_BAD_CREDENTIAL},
        {DATE
         "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240301/r/s/aws4_request, " NAMES
         ", Signature=x\r\n",
         SIGV4_BAD_SCOPE_DATE},
        {"Authorization: AWS4-HMAC-SHA256 " SCOPE ", " NAMES ", Signature=x\r\n", SIGV4_NO_DATE},
        {"X-Amz-Date: 2024-02-29\r\nAuthorization: AWS4-HMAC-SHA256 " SCOPE ", " NAMES
         ", Signature=x\r\n",
         SIGV4_NO_DATE},
        {DATE "Authorization: Bearer x\r\n",
         SIGV4_NO_ALGORITHM | SIGV4_NO_CREDENTIAL | SIGV4_NO_SIGNATURE | SIGV4_NO_SIGNED_HEADERS},
        {"Authorization:\r\n", SIGV4_NO_ALGORITHM | SIGV4_NO_CREDENTIAL | SIGV4_NO_SIGNATURE |
                                   SIGV4_NO_SIGNED_HEADERS | SIGV4_NO_DATE},
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        struct str text =
            arena_printf(&arena, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", examples[i].headers);
        struct sigv4_result result =
            sigv4_verify(sigv4, parse(text), at(botocore_time), find_secret, NULL);
        CHECK(result.outcome == SIGV4_INCOMPLETE);
        if (result.incomplete != examples[i].incomplete) {
            test_fail(__FILE__, __LINE__, "example %zu: %x", i, result.incomplete);
        }
    }
    sigv4_free(sigv4);
}

TEST(presigned_needs_a_sensible_expiry)
{
    start();
    static const char *const expiries[] = {"", "X-Amz-Expires=0&", "X-Amz-Expires=604801&",
                                           "X-Amz-Expires=-1&", "X-Amz-Expires=x&"};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(expiries); i++) {
        struct str text = arena_printf(
            &arena,
            "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%%2F20240229/r%%2fs"
            "/aws4_request&%sX-Amz-Date=20240229T235958Z&X-Amz-SignedHeaders=host&"
            "X-Amz-Signature=x HTTP/1.1\r\nHost: a\r\n\r\n",
            expiries[i]);
        struct sigv4_result result =
            sigv4_verify(sigv4, parse(text), at(botocore_time), find_secret, NULL);
        CHECK(result.outcome == SIGV4_INCOMPLETE && result.incomplete == SIGV4_BAD_EXPIRES);
    }
    sigv4_free(sigv4);
}

TEST(date_header_serves_when_there_is_no_amz_date)
{
    start();
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    // A signature over Date: made with X-Amz-Date's value as timestamp, since that is what is
    // signed.
    struct str text = STR("GET / HTTP/1.1\r\nHost: a\r\nDate: Thu, 29 Feb 2024 23:59:58 GMT\r\n"
                          "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240229/r/s/"
                          "aws4_request, SignedHeaders=date;host, Signature=0\r\n\r\n");
    struct sigv4_result result =
        sigv4_verify(sigv4, parse(text), at(botocore_time), find_secret, NULL);
    CHECK(result.outcome == SIGV4_BAD_SIGNATURE);
    CHECK(result.signed_unix_ms == at("2024-02-29T23:59:58Z"));
    sigv4_free(sigv4);
}

TEST(unsigned_payload_is_valid_and_told)
{
    start();
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    const struct http_header host = {STR("Host"), STR("a")};
    struct http_request request = {.method = STR("POST"),
                                   .path = STR("/"),
                                   .query = STR(""),
                                   .headers = &host,
                                   .header_count = 1,
                                   .body = STR("one")};
    struct sigv4_signing signing = {.credentials = {key_id, secret_key, STR("")},
                                    .region = STR("r"),
                                    .service = STR("s"),
                                    .now_unix_ms = at(botocore_time),
                                    .is_payload_unsigned = true};
    for (int round = 0; round < 2; round++) {
        struct sigv4_signed set;
        struct http_header headers[5] = {host};
        REQUIRE(sigv4_sign(sigv4, &request, &signing, &arena, &set) == STATUS_OK);
        memcpy(headers + 1, set.headers, set.header_count * sizeof(headers[0]));
        struct http_request sent = request;
        sent.headers = headers;
        sent.header_count = 1 + set.header_count;
        sent.body = STR("two");
        struct sigv4_result result =
            sigv4_verify(sigv4, &sent, at(botocore_time), find_secret, NULL);
        CHECK(result.outcome == (round == 0 ? SIGV4_VALID : SIGV4_BAD_SIGNATURE));
        CHECK(result.is_payload_unsigned == (round == 0));
        signing.is_payload_unsigned = false;
        signing.must_send_content_digest = true;
    }
    sigv4_free(sigv4);
}

TEST(too_many_parameters_or_headers_are_refused)
{
    start();
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct str query = STR("a");
    for (int i = 0; i < 256; i++)
        query = arena_printf(&arena, "%" STR_FORMAT "&a", STR_ARGS(query));
    const struct http_header host = {STR("Host"), STR("a")};
    struct http_request request = {.method = STR("GET"),
                                   .path = STR("/"),
                                   .query = query,
                                   .headers = &host,
                                   .header_count = 1,
                                   .body = STR("")};
    struct sigv4_signing signing = {
        .credentials = {key_id, secret_key, STR("")}, .region = STR("r"), .service = STR("s")};
    struct sigv4_signed set;
    CHECK(sigv4_sign(sigv4, &request, &signing, &arena, &set) == STATUS_OVER_LIMIT);
    request.query = STR("");
    request.header_count = 97;
    CHECK(sigv4_sign(sigv4, &request, &signing, &arena, &set) == STATUS_OVER_LIMIT);
    sigv4_free(sigv4);
}
