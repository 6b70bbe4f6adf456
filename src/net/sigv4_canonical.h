// The canonical request of Signature V4: the one form of a request that both sides hash. Internal
// to sigv4.c.
//
// Source: AWS General Reference, "Create a signed AWS API request", step 1.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/str.h"
#include "net/http.h"
#include "net/sigv4.h"

enum {
    SIGV4_CANONICAL_SIZE_MAX = 1 << 20,
    SIGV4_PARAMETERS_MAX = 256, // Of a query.
};

struct sigv4_canonical {
    struct str method;
    struct str path;
    struct str query;
    const struct http_header *headers;
    size_t header_count;
    const struct str *names; // Of the signed headers, in lower case, in the order signed.
    size_t name_count;
    struct str payload_digest; // Hexadecimal, or a word such as UNSIGNED-PAYLOAD.
    bool is_s3;                // The path is taken as it is.
    bool must_skip_signature;  // Leave X-Amz-Signature out of the query.
};

// Append the canonical request to `buffer`. `scratch` is cleared and used. Returns false when it is
// too large.
MUST_USE bool sigv4_canonical_render(const struct sigv4_canonical *canonical,
                                     struct buffer *scratch, struct buffer *buffer);

// The signed names joined by ';'.
void sigv4_names_render(const struct str *names, size_t name_count, struct buffer *buffer);
