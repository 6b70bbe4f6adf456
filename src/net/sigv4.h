// AWS Signature Version 4: sign requests and verify them.
//
// Both directions build the same canonical request. For S3 the path is taken as sent; for every
// other service it is normalised (RFC 3986, dot segments and repeated slashes) and encoded once
// more. Query parameters are sorted by their encoded name, then value.
//
// A signer keeps OpenSSL contexts, scratch memory and a cache of derived keys; it belongs to one
// thread. Time is always passed in, and is real time: signatures come from the real world.
//
// Source: AWS General Reference, "Create a signed AWS API request", and Amazon S3 API Reference,
// "Authenticating Requests (AWS Signature Version 4)".

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"

struct sigv4;

// What a signature is valid for: "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request". Slices of the
// text it was parsed from.
struct sigv4_scope {
    struct str access_key_id;
    struct str date; // YYYYMMDD
    struct str region;
    struct str service;
};

enum {
    SIGV4_SKEW_MS_MAX = 5 * 60 * 1000,
    SIGV4_EXPIRES_S_MAX = 7 * 24 * 3600, // Of a presigned request.
    SIGV4_SIGNED_HEADERS_MAX = 100,
};

MUST_USE enum status sigv4_new(struct sigv4 **ret_sigv4);
void sigv4_free(struct sigv4 *sigv4);

// --- Scope --------------------------------------------------------------------------------------

// Take apart the credential scope of an Authorization header or, presigned, of the query, verifying
// nothing. Cheap. Returns false when there is none or it is malformed. The slices are of the
// request's text (region and service never contain what would be percent-encoded; an encoded '/'
// is understood).
bool sigv4_scope_parse(const struct http_request *request, struct sigv4_scope *ret_scope);

// --- Verify -------------------------------------------------------------------------------------

enum sigv4_outcome {
    SIGV4_VALID,
    SIGV4_MISSING,       // Neither an Authorization header nor X-Amz-Algorithm in the query.
    SIGV4_INCOMPLETE,    // Malformed, or a part lacks: see `incomplete`.
    SIGV4_UNKNOWN_KEY,   // No such access key id.
    SIGV4_BAD_SIGNATURE, // Not what the secret key gives, or the body is not the one signed.
    SIGV4_EXPIRED,       // More than SIGV4_SKEW_MS_MAX ago, or after the presigned expiry.
    SIGV4_NOT_YET,       // More than SIGV4_SKEW_MS_MAX ahead.
};

// Why a signature is incomplete; several may be set.
enum sigv4_incomplete {
    SIGV4_NO_ALGORITHM = 1 << 0, // Not AWS4-HMAC-SHA256.
    SIGV4_NO_CREDENTIAL = 1 << 1,
    SIGV4_NO_SIGNATURE = 1 << 2,
    SIGV4_NO_SIGNED_HEADERS = 1 << 3, // Lacks, or does not cover host.
    SIGV4_NO_DATE = 1 << 4,           // Neither X-Amz-Date nor Date, or malformed.
    SIGV4_BAD_CREDENTIAL = 1 << 5,    // Not five parts ending in aws4_request.
    SIGV4_BAD_SCOPE_DATE = 1 << 6,    // The scope's date is not the request's.
    SIGV4_BAD_EXPIRES = 1 << 7,       // Presigned: lacks, or not 1 to 604,800 seconds.
    SIGV4_TOO_LARGE = 1 << 8,         // The canonical request passes its limit (1 MiB).
};

// The secret of an access key id; false when there is no such key. The text is borrowed until
// sigv4_verify() returns.
typedef bool (*sigv4_secret_fn)(void *context, struct str access_key_id, struct str *ret_secret);

struct sigv4_result {
    enum sigv4_outcome outcome;
    unsigned incomplete;      // Of enum sigv4_incomplete, when SIGV4_INCOMPLETE.
    struct sigv4_scope scope; // Set from SIGV4_UNKNOWN_KEY on; slices of the request.
    struct str session_token; // As sent, or empty; percent-encoded when presigned.
    int64_t signed_unix_ms;   // Set from SIGV4_UNKNOWN_KEY on.
    int64_t expires_unix_ms;  // End of validity; set like signed_unix_ms.
    bool is_presigned;
    bool is_payload_unsigned; // The body was not covered (S3 and UNSIGNED-PAYLOAD).
};

// Check the signature of a request, in the header or in the query.
//
//   find_secret   called at most once
struct sigv4_result sigv4_verify(struct sigv4 *sigv4, const struct http_request *request,
                                 int64_t now_unix_ms, sigv4_secret_fn find_secret, void *context);

// --- Sign ---------------------------------------------------------------------------------------

struct sigv4_credentials {
    struct str access_key_id;
    struct str secret_key;
    struct str session_token; // Empty for long-lived keys.
};

struct sigv4_signing {
    struct sigv4_credentials credentials;
    struct str region;
    struct str service;
    int64_t now_unix_ms;
    bool is_payload_unsigned;      // Sign "UNSIGNED-PAYLOAD" instead of the body's digest.
    bool must_send_content_digest; // Add X-Amz-Content-Sha256; always done for S3.
};

// Headers to add to the request.
struct sigv4_signed {
    struct http_header headers[4]; // X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256,
                                   // Authorization; as far as needed.
    size_t header_count;
};

// Sign a request: all of its headers (which must include Host, and none of those to be added) and
// those to be added, but for User-Agent, Connection, Expect and X-Amzn-Trace-Id, which others may
// change on the way.
//
// Results live in `arena`. Returns STATUS_OK, STATUS_OVER_LIMIT or STATUS_NO_MEMORY.
MUST_USE enum status sigv4_sign(struct sigv4 *sigv4, const struct http_request *request,
                                const struct sigv4_signing *signing, struct arena *arena,
                                struct sigv4_signed *ret_signed);
