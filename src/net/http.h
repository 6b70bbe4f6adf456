// What HTTP server, client and signatures have in common: headers and requests.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct http_header {
    struct str name;  // As sent; compare by http_headers_find().
    struct str value; // Without surrounding white space.
};

struct http_request {
    struct str method; // A token such as "POST"; upper and lower case differ.
    struct str path;   // As sent, still percent-encoded; starts with '/' (or is "*").
    struct str query;  // As sent, without the '?'; empty when there is none.
    const struct http_header *headers; // In the order sent.
    size_t header_count;
    struct str body; // Whole, without transfer encoding.
};

// Value of the first header of that name, ignoring case. Returns whether there is one.
bool http_headers_find(const struct http_header *headers, size_t header_count, struct str name,
                       struct str *ret_value);

// The same for a request; the empty string when absent.
struct str http_request_header(const struct http_request *request, struct str name);

// Value of a parameter of a raw query string, still percent-encoded. Returns whether it is there.
bool http_query_find(struct str query, struct str name, struct str *ret_value);

// "Not Found" for 404; "Unknown" for numbers without a name.
struct str http_status_reason(int status);
