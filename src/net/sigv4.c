// Verifying takes a signature apart (`struct claim`), rebuilds the canonical request from what it
// says was signed, and compares. Signing makes the same canonical request from all headers.

#include "net/sigv4.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/sigv4_canonical.h"
#include "net/sigv4_key.h"

static const struct str algorithm = STR_INIT("AWS4-HMAC-SHA256");
static const struct str unsigned_payload = STR_INIT("UNSIGNED-PAYLOAD");

enum {
    TIMESTAMP_SIZE = 16, // YYYYMMDDTHHMMSSZ
    SIGNED_TEXT_SIZE_MAX = 64 * 1024,
};

struct sigv4 {
    struct buffer canonical;
    struct buffer scratch;
    struct buffer text;
    struct sigv4_keys keys;
};

enum status sigv4_new(struct sigv4 **ret_sigv4)
{
    struct sigv4 *sigv4 = calloc(1, sizeof(*sigv4));
    if (sigv4 == NULL) return STATUS_NO_MEMORY;
    buffer_init(&sigv4->canonical, SIGV4_CANONICAL_SIZE_MAX);
    buffer_init(&sigv4->scratch, SIGV4_CANONICAL_SIZE_MAX);
    buffer_init(&sigv4->text, SIGNED_TEXT_SIZE_MAX);
    if (!sigv4_keys_init(&sigv4->keys)) {
        sigv4_free(sigv4);
        return STATUS_NO_MEMORY;
    }
    *ret_sigv4 = sigv4;
    return STATUS_OK;
}

void sigv4_free(struct sigv4 *sigv4)
{
    if (sigv4 == NULL) return;
    sigv4_keys_release(&sigv4->keys);
    buffer_release(&sigv4->canonical);
    buffer_release(&sigv4->scratch);
    buffer_release(&sigv4->text);
    free(sigv4);
}

// --- Times --------------------------------------------------------------------------------------

static bool take_number(struct str *text, size_t digits, int32_t *ret_number)
{
    uint64_t number;
    if (text->size < digits || !str_to_u64(str_slice(*text, 0, digits), &number)) return false;
    *ret_number = (int32_t)number;
    *text = str_skip(*text, digits);
    return true;
}

static bool take_text(struct str *text, struct str expected)
{
    if (!str_starts_with(*text, expected)) return false;
    *text = str_skip(*text, expected.size);
    return true;
}

static bool unix_ms_of(const struct clock_date *date, int64_t *ret_unix_ms)
{
    if (date->month < 1 || date->month > 12 || date->day < 1 || date->day > 31 || date->hour > 23 ||
        date->minute > 59 || date->second > 60) {
        return false;
    }
    int64_t days = clock_days_from_civil(date->year, date->month, date->day);
    *ret_unix_ms =
        (days * 86400 + date->hour * 3600 + date->minute * 60 + date->second) * INT64_C(1000);
    return true;
}

// "20150830T123600Z"
static bool parse_basic_iso(struct str text, int64_t *ret_unix_ms)
{
    struct clock_date date = {0};
    return take_number(&text, 4, &date.year) && take_number(&text, 2, &date.month) &&
           take_number(&text, 2, &date.day) && take_text(&text, STR("T")) &&
           take_number(&text, 2, &date.hour) && take_number(&text, 2, &date.minute) &&
           take_number(&text, 2, &date.second) && str_equal(text, STR("Z")) &&
           unix_ms_of(&date, ret_unix_ms);
}

// "Sun, 30 Aug 2015 12:36:00 GMT", which some clients send in Date instead of X-Amz-Date.
static bool parse_http_date(struct str text, int64_t *ret_unix_ms)
{
    static const struct str months = STR_INIT("JanFebMarAprMayJunJulAugSepOctNovDec");
    struct clock_date date = {0};
    if (text.size != 29 || text.data[3] != ',') return false;
    text = str_skip(text, 4);
    if (!take_text(&text, STR(" ")) || !take_number(&text, 2, &date.day) ||
        !take_text(&text, STR(" "))) {
        return false;
    }
    size_t at = str_find(months, str_slice(text, 0, 3));
    if (at == SIZE_MAX || at % 3 != 0) return false;
    date.month = (int32_t)(at / 3 + 1);
    text = str_skip(text, 3);
    return take_text(&text, STR(" ")) && take_number(&text, 4, &date.year) &&
           take_text(&text, STR(" ")) && take_number(&text, 2, &date.hour) &&
           take_text(&text, STR(":")) && take_number(&text, 2, &date.minute) &&
           take_text(&text, STR(":")) && take_number(&text, 2, &date.second) &&
           str_equal(text, STR(" GMT")) && unix_ms_of(&date, ret_unix_ms);
}

static void put_digits(char *place, int32_t number, int count)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        place[i] = (char)('0' + number % 10);
}

static void render_timestamp(int64_t unix_ms, char ret_text[static TIMESTAMP_SIZE])
{
    struct clock_date date = clock_date_from_unix_ms(unix_ms);
    put_digits(ret_text, date.year, 4);
    put_digits(ret_text + 4, date.month, 2);
    put_digits(ret_text + 6, date.day, 2);
    ret_text[8] = 'T';
    put_digits(ret_text + 9, date.hour, 2);
    put_digits(ret_text + 11, date.minute, 2);
    put_digits(ret_text + 13, date.second, 2);
    ret_text[15] = 'Z';
}

// --- Taking a signature apart -------------------------------------------------------------------

// What a request says about its signature.
struct claim {
    struct sigv4_scope scope;
    struct str timestamp; // Of the string to sign, 16 bytes.
    struct str signature;
    struct str session_token;
    size_t name_count;
    uint64_t expires_s; // Presigned only.
    int64_t signed_unix_ms;
    unsigned incomplete;
    bool is_presigned;
    char rendered_timestamp[TIMESTAMP_SIZE];    // When it was sent in another form.
    struct str names[SIGV4_SIGNED_HEADERS_MAX]; // Of the signed headers; the first are set.
};

// What stands before the next separator, which is one byte or, in a query, its escape.
static struct str cut_escaped(struct str *text, char separator, struct str escape)
{
    struct str rest = *text;
    if (str_find_byte(rest, '%') == SIZE_MAX) return str_cut(text, separator);
    for (size_t i = 0; i < rest.size; i++) {
        size_t size = rest.data[i] == separator ? 1 : 0;
        struct str here = str_slice(rest, i, escape.size);
        if (rest.data[i] == '%' && str_equal_ignoring_case(here, escape)) size = escape.size;
        if (size == 0) continue;
        *text = str_skip(rest, i + size);
        return str_slice(rest, 0, i);
    }
    *text = (struct str){NULL, 0};
    return rest;
}

static bool parse_credential(struct str credential, struct sigv4_scope *ret_scope)
{
    struct sigv4_scope scope;
    struct str *parts[] = {&scope.access_key_id, &scope.date, &scope.region, &scope.service};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        *parts[i] = cut_escaped(&credential, '/', STR("%2F"));
        if (parts[i]->size == 0) return false;
    }
    if (scope.date.size != 8 || !str_equal(credential, STR("aws4_request"))) return false;
    *ret_scope = scope;
    return true;
}

// The value of `name` in "name=value, name=value".
static bool find_part(struct str parts, struct str name, struct str *ret_value)
{
    while (parts.size > 0) {
        struct str value = str_trim(str_cut(&parts, ','));
        if (str_starts_with(value, name) && value.size > name.size &&
            value.data[name.size] == '=') {
            *ret_value = str_skip(value, name.size + 1);
            return true;
        }
    }
    return false;
}

bool sigv4_scope_parse(const struct http_request *request, struct sigv4_scope *ret_scope)
{
    struct str text, credential;
    if (http_headers_find(request->headers, request->header_count, STR("authorization"), &text)) {
        if (!str_starts_with(text, algorithm)) return false;
        return find_part(str_skip(text, algorithm.size), STR("Credential"), &credential) &&
               parse_credential(credential, ret_scope);
    }
    return http_query_find(request->query, STR("X-Amz-Credential"), &credential) &&
           parse_credential(credential, ret_scope);
}

// Names must be in lower case and in order: they are part of what was signed. In a query the
// separator may be percent-encoded; in a header a name may hold what looks like that.
static bool parse_names(struct claim *claim, struct str names)
{
    bool has_host = false;
    claim->name_count = 0;
    while (names.size > 0) {
        if (claim->name_count == SIGV4_SIGNED_HEADERS_MAX) return false;
        struct str name =
            claim->is_presigned ? cut_escaped(&names, ';', STR("%3B")) : str_cut(&names, ';');
        if (name.size == 0) return false;
        if (str_equal(name, STR("host"))) has_host = true;
        claim->names[claim->name_count++] = name;
    }
    return has_host;
}

//     You must include the host header (HTTP/1.1) or the :authority header (HTTP/2), and any
//     x-amz-* headers in the signature.                  (AWS, "Create a signed AWS API request",
//     step 1)
static bool covers_amz_headers(const struct claim *claim, const struct http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        struct str name = request->headers[i].name;
        if (name.size < 6 || (name.data[0] | 0x20) != 'x') continue;
        if (!str_equal_ignoring_case(str_slice(name, 0, 6), STR("x-amz-"))) continue;
        bool is_covered = false;
        for (size_t k = 0; k < claim->name_count && !is_covered; k++)
            is_covered = str_equal_ignoring_case(claim->names[k], name);
        if (!is_covered) return false;
    }
    return true;
}

static void set_timestamp(struct claim *claim, struct str date)
{
    claim->timestamp = date;
    if (parse_basic_iso(date, &claim->signed_unix_ms)) return;
    if (!claim->is_presigned && parse_http_date(date, &claim->signed_unix_ms)) {
        render_timestamp(claim->signed_unix_ms, claim->rendered_timestamp);
        claim->timestamp = (struct str){claim->rendered_timestamp, TIMESTAMP_SIZE};
        return;
    }
    claim->incomplete |= SIGV4_NO_DATE;
}

// What header and query have in common, once the texts are found (empty when they are not).
static void set_parts(struct claim *claim, const struct http_request *request,
                      struct str credential, struct str names)
{
    if (credential.size == 0) {
        claim->incomplete |= SIGV4_NO_CREDENTIAL;
    } else if (!parse_credential(credential, &claim->scope)) {
        claim->incomplete |= SIGV4_BAD_CREDENTIAL;
    }
    if (claim->signature.size == 0) claim->incomplete |= SIGV4_NO_SIGNATURE;
    if (!parse_names(claim, names) || !covers_amz_headers(claim, request)) {
        claim->incomplete |= SIGV4_NO_SIGNED_HEADERS;
    }
    if (claim->incomplete == 0 &&
        !str_equal(claim->scope.date, str_slice(claim->timestamp, 0, claim->scope.date.size))) {
        claim->incomplete |= SIGV4_BAD_SCOPE_DATE;
    }
}

static void parse_header_claim(const struct http_request *request, struct str text,
                               struct claim *claim)
{
    struct str credential = STR(""), names = STR("");
    if (!str_starts_with(text, algorithm)) {
        claim->incomplete |= SIGV4_NO_ALGORITHM;
    } else {
        text = str_skip(text, algorithm.size);
        struct str value;
        if (find_part(text, STR("Credential"), &value)) credential = value;
        if (find_part(text, STR("SignedHeaders"), &value)) names = value;
        if (find_part(text, STR("Signature"), &value)) claim->signature = value;
    }
    struct str date = http_request_header(request, STR("x-amz-date"));
    if (date.size == 0) date = http_request_header(request, STR("date"));
    set_timestamp(claim, date);
    claim->session_token = http_request_header(request, STR("x-amz-security-token"));
    set_parts(claim, request, credential, names);
}

static struct str query_value(const struct http_request *request, struct str name)
{
    struct str value = STR("");
    bool is_found = http_query_find(request->query, name, &value);
    return is_found ? value : STR("");
}

static void parse_query_claim(const struct http_request *request, struct str algorithm_text,
                              struct claim *claim)
{
    claim->is_presigned = true;
    if (!str_equal(algorithm_text, algorithm)) claim->incomplete |= SIGV4_NO_ALGORITHM;
    claim->signature = query_value(request, STR("X-Amz-Signature"));
    claim->session_token = query_value(request, STR("X-Amz-Security-Token"));
    struct str expires = query_value(request, STR("X-Amz-Expires"));
    if (!str_to_u64(expires, &claim->expires_s) || claim->expires_s == 0 ||
        claim->expires_s > SIGV4_EXPIRES_S_MAX) {
        claim->incomplete |= SIGV4_BAD_EXPIRES;
        claim->expires_s = 0;
    }
    set_timestamp(claim, query_value(request, STR("X-Amz-Date")));
    set_parts(claim, request, query_value(request, STR("X-Amz-Credential")),
              query_value(request, STR("X-Amz-SignedHeaders")));
}

// --- Signature ----------------------------------------------------------------------------------

// The signature of a canonical request. Returns false when the request is too large.
static bool compute_signature(struct sigv4 *sigv4, const struct sigv4_canonical *canonical,
                              struct str timestamp, const struct sigv4_scope *scope,
                              const struct sigv4_hmac_key *key,
                              char ret_hex[static SIGV4_DIGEST_HEX_SIZE])
{
    struct buffer *text = &sigv4->text;
    char digest[SIGV4_DIGEST_HEX_SIZE];
    buffer_clear(&sigv4->canonical);
    if (!sigv4_canonical_render(canonical, &sigv4->scratch, &sigv4->canonical)) return false;
    sigv4_digest(&sigv4->keys, buffer_str(&sigv4->canonical), digest);
    buffer_clear(text);
    buffer_append_str(text, algorithm);
    buffer_append_byte(text, '\n');
    buffer_append_str(text, timestamp);
    buffer_append_byte(text, '\n');
    buffer_append_str(text, scope->date);
    buffer_append_byte(text, '/');
    buffer_append_str(text, scope->region);
    buffer_append_byte(text, '/');
    buffer_append_str(text, scope->service);
    buffer_append_str(text, STR("/aws4_request\n"));
    buffer_append(text, digest, sizeof(digest));
    if (text->is_failed) return false;
    sigv4_key_sign(&sigv4->keys, key, buffer_str(text), ret_hex);
    return true;
}

// --- Verify -------------------------------------------------------------------------------------

// What stands for the body in the canonical request. Returns false when the request says its body
// is another than it is.
static bool find_payload(struct sigv4 *sigv4, const struct http_request *request,
                         const struct claim *claim, char digest[static SIGV4_DIGEST_HEX_SIZE],
                         struct str *ret_payload)
{
    struct str sent;
    bool is_sent = http_headers_find(request->headers, request->header_count,
                                     STR("x-amz-content-sha256"), &sent);
    if (!is_sent && claim->is_presigned && str_equal(claim->scope.service, STR("s3"))) {
        *ret_payload = unsigned_payload;
        return true;
    }
    if (is_sent &&
        (str_equal(sent, unsigned_payload) || str_starts_with(sent, STR("STREAMING-")))) {
        *ret_payload = sent;
        return true;
    }
    sigv4_digest(&sigv4->keys, request->body, digest);
    *ret_payload = (struct str){digest, SIGV4_DIGEST_HEX_SIZE};
    return !is_sent || str_equal(sent, *ret_payload);
}

static enum sigv4_outcome check_signature(struct sigv4 *sigv4, const struct http_request *request,
                                          const struct claim *claim, struct str secret,
                                          struct sigv4_result *result)
{
    char digest[SIGV4_DIGEST_HEX_SIZE], signature[SIGV4_DIGEST_HEX_SIZE];
    struct str payload;
    if (!find_payload(sigv4, request, claim, digest, &payload)) return SIGV4_BAD_SIGNATURE;
    result->is_payload_unsigned = payload.data != digest;
    const struct sigv4_canonical canonical = {
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .headers = request->headers,
        .header_count = request->header_count,
        .names = claim->names,
        .name_count = claim->name_count,
        .payload_digest = payload,
        .is_s3 = str_equal(claim->scope.service, STR("s3")),
        .must_skip_signature = claim->is_presigned,
    };
    const struct sigv4_hmac_key *key = sigv4_key_derive(&sigv4->keys, &claim->scope, secret);
    if (!compute_signature(sigv4, &canonical, claim->timestamp, &claim->scope, key, signature)) {
        result->incomplete = SIGV4_TOO_LARGE;
        return SIGV4_INCOMPLETE;
    }
    bool is_same = claim->signature.size == sizeof(signature) &&
                   CRYPTO_memcmp(claim->signature.data, signature, sizeof(signature)) == 0;
    return is_same ? SIGV4_VALID : SIGV4_BAD_SIGNATURE;
}

static enum sigv4_outcome verify(struct sigv4 *sigv4, const struct http_request *request,
                                 int64_t now_unix_ms, sigv4_secret_fn find_secret, void *context,
                                 struct sigv4_result *result)
{
    struct claim claim;
    memset(&claim, 0, offsetof(struct claim, names));
    struct str text;
    if (http_headers_find(request->headers, request->header_count, STR("authorization"), &text)) {
        parse_header_claim(request, text, &claim);
    } else if (http_query_find(request->query, STR("X-Amz-Algorithm"), &text)) {
        parse_query_claim(request, text, &claim);
    } else {
        return SIGV4_MISSING;
    }
    result->is_presigned = claim.is_presigned;
    result->incomplete = claim.incomplete;
    if (claim.incomplete != 0) return SIGV4_INCOMPLETE;
    result->scope = claim.scope;
    result->session_token = claim.session_token;
    result->signed_unix_ms = claim.signed_unix_ms;
    result->expires_unix_ms =
        claim.signed_unix_ms +
        (claim.is_presigned ? (int64_t)claim.expires_s * 1000 : SIGV4_SKEW_MS_MAX);
    struct str secret;
    if (!find_secret(context, claim.scope.access_key_id, &secret)) return SIGV4_UNKNOWN_KEY;
    if (now_unix_ms > result->expires_unix_ms) return SIGV4_EXPIRED;
    if (now_unix_ms < claim.signed_unix_ms - SIGV4_SKEW_MS_MAX) return SIGV4_NOT_YET;
    return check_signature(sigv4, request, &claim, secret, result);
}

struct sigv4_result sigv4_verify(struct sigv4 *sigv4, const struct http_request *request,
                                 int64_t now_unix_ms, sigv4_secret_fn find_secret, void *context)
{
    struct sigv4_result result = {0};
    result.outcome = verify(sigv4, request, now_unix_ms, find_secret, context, &result);
    return result;
}

// --- Sign ---------------------------------------------------------------------------------------

static bool may_change_on_the_way(struct str name)
{
    static const struct str names[] = {STR_INIT("user-agent"), STR_INIT("connection"),
                                       STR_INIT("expect"), STR_INIT("x-amzn-trace-id")};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_equal_ignoring_case(names[i], name)) return true;
    }
    return false;
}

static bool lower_case(struct arena *arena, struct str text, struct str *ret_text)
{
    char *bytes = arena_alloc(arena, text.size);
    if (bytes == NULL) return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bytes[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    *ret_text = (struct str){bytes, text.size};
    return true;
}

// Insert into the sorted names unless it is there.
static void insert_name(struct str *names, size_t *name_count, struct str name)
{
    size_t at = *name_count;
    while (at > 0 && str_compare(names[at - 1], name) > 0)
        at--;
    if (at > 0 && str_equal(names[at - 1], name)) return;
    memmove(names + at + 1, names + at, (*name_count - at) * sizeof(names[0]));
    names[at] = name;
    (*name_count)++;
}

static void add_header(struct sigv4_signed *set, struct str name, struct str value)
{
    assert(set->header_count < ARRAY_COUNT(set->headers));
    set->headers[set->header_count++] = (struct http_header){name, value};
}

// The headers to add, but for Authorization, and what stands for the body.
static bool prepare_headers(struct sigv4 *sigv4, const struct http_request *request,
                            const struct sigv4_signing *signing, struct arena *arena,
                            struct sigv4_signed *set, struct str *ret_payload)
{
    char timestamp[TIMESTAMP_SIZE], digest[SIGV4_DIGEST_HEX_SIZE];
    struct str copied;
    render_timestamp(signing->now_unix_ms, timestamp);
    if (!arena_copy_str(arena, (struct str){timestamp, sizeof(timestamp)}, &copied)) return false;
    set->header_count = 0;
    add_header(set, STR("X-Amz-Date"), copied);
    if (signing->credentials.session_token.size > 0) {
        if (!arena_copy_str(arena, signing->credentials.session_token, &copied)) return false;
        add_header(set, STR("X-Amz-Security-Token"), copied);
    }
    copied = unsigned_payload;
    if (!signing->is_payload_unsigned) {
        sigv4_digest(&sigv4->keys, request->body, digest);
        if (!arena_copy_str(arena, (struct str){digest, sizeof(digest)}, &copied)) return false;
    }
    if (signing->must_send_content_digest || signing->is_payload_unsigned ||
        str_equal(signing->service, STR("s3"))) {
        add_header(set, STR("X-Amz-Content-Sha256"), copied);
    }
    *ret_payload = copied;
    return true;
}

static bool add_authorization(struct sigv4 *sigv4, const struct sigv4_canonical *canonical,
                              const struct sigv4_scope *scope, struct str signature,
                              struct arena *arena, struct sigv4_signed *set)
{
    struct buffer *names = &sigv4->scratch;
    buffer_clear(names);
    sigv4_names_render(canonical->names, canonical->name_count, names);
    struct str value = arena_printf(
        arena,
        "%" STR_FORMAT " Credential=%" STR_FORMAT "/%" STR_FORMAT "/%" STR_FORMAT "/%" STR_FORMAT
        "/aws4_request, SignedHeaders=%" STR_FORMAT ", Signature=%" STR_FORMAT,
        STR_ARGS(algorithm), STR_ARGS(scope->access_key_id), STR_ARGS(scope->date),
        STR_ARGS(scope->region), STR_ARGS(scope->service), STR_ARGS(buffer_str(names)),
        STR_ARGS(signature));
    add_header(set, STR("Authorization"), value);
    return value.size > 0 && !names->is_failed;
}

enum status sigv4_sign(struct sigv4 *sigv4, const struct http_request *request,
                       const struct sigv4_signing *signing, struct arena *arena,
                       struct sigv4_signed *ret_signed)
{
    struct http_header headers[SIGV4_SIGNED_HEADERS_MAX];
    struct str names[SIGV4_SIGNED_HEADERS_MAX];
    size_t header_count = 0, name_count = 0;
    struct sigv4_signed set;
    struct str payload;
    if (request->header_count > SIGV4_SIGNED_HEADERS_MAX - ARRAY_COUNT(set.headers)) {
        return STATUS_OVER_LIMIT;
    }
    if (!prepare_headers(sigv4, request, signing, arena, &set, &payload)) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < request->header_count + set.header_count; i++) {
        const struct http_header *header = i < request->header_count
                                               ? &request->headers[i]
                                               : &set.headers[i - request->header_count];
        struct str name;
        if (may_change_on_the_way(header->name)) continue;
        if (!lower_case(arena, header->name, &name)) return STATUS_NO_MEMORY;
        insert_name(names, &name_count, name);
        headers[header_count++] = *header;
    }
    const struct sigv4_canonical canonical = {
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .headers = headers,
        .header_count = header_count,
        .names = names,
        .name_count = name_count,
        .payload_digest = payload,
        .is_s3 = str_equal(signing->service, STR("s3")),
    };
    struct str timestamp = set.headers[0].value;
    const struct sigv4_scope scope = {signing->credentials.access_key_id,
                                      str_slice(timestamp, 0, 8), signing->region,
                                      signing->service};
    const struct sigv4_hmac_key *key =
        sigv4_key_derive(&sigv4->keys, &scope, signing->credentials.secret_key);
    char hex[SIGV4_DIGEST_HEX_SIZE];
    if (!compute_signature(sigv4, &canonical, timestamp, &scope, key, hex)) {
        return STATUS_OVER_LIMIT;
    }
    struct str signature = {hex, sizeof(hex)};
    if (!add_authorization(sigv4, &canonical, &scope, signature, arena, &set)) {
        return STATUS_NO_MEMORY;
    }
    *ret_signed = set;
    return STATUS_OK;
}
