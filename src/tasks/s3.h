// Amazon S3's protocol as a client: one signed request to whatever endpoint --forward names for
// "s3", and its answer or its error by name.
//
// Buckets are addressed in the path (http://host/bucket/key). What may be passing (no connection, a
// status of 500, 502, 503 or 504) is tried three times in all; every request here may be repeated.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks/tasks.h"

enum { S3_ATTEMPTS_MAX = 3, S3_HEADERS_MAX = 64 };

// Copied, but for the body.
struct s3_request {
    struct str method;
    struct str bucket;               // Empty: all buckets.
    struct str key;                  // Empty: the bucket.
    const struct http_header *query; // Names and values, not encoded.
    size_t query_count;
    const struct http_header *headers; // At most S3_HEADERS_MAX.
    size_t header_count;
    struct str body; // Borrowed until the answer.
    struct str region;
    size_t answer_size_max; // Of the body; 0: 1 MiB.
};

// Valid during the callback only.
struct s3_answer {
    bool is_success;
    bool is_too_large; // A success whose body passes answer_size_max, and is empty therefore.
    int status;        // 0 when nobody answered.
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct str code;    // Of an error: "NoSuchKey"; empty when nobody answered.
    struct str message; // For people.
    struct str request_id;
    struct str extended_request_id; // Empty: not told.
};

typedef void (*s3_answer_fn)(void *context, const struct s3_answer *answer);

struct s3_call;

// NULL only without memory. The callback comes once, from the loop.
MUST_USE struct s3_call *s3_call_new(struct tasks *tasks, const struct s3_request *request,
                                     s3_answer_fn on_answer, void *context);

// End a call without its callback; harmless within it.
void s3_call_cancel(struct s3_call *call);

// Header of an answer; the empty string when absent.
struct str s3_answer_header(const struct s3_answer *answer, struct str name);

// The text of an error as the service's two generations of SDK give it; `answer` is no success.
struct str s3_sdk_cause(struct arena *arena, const struct s3_answer *answer);
struct str s3_optimised_cause(struct arena *arena, const struct s3_answer *answer);
