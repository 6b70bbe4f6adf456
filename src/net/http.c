// Headers are few: a linear search that compares sizes first beats any table.

#include "net/http.h"

#include <stdint.h>

bool http_headers_find(const struct http_header *headers, size_t header_count, struct str name,
                       struct str *ret_value)
{
    for (size_t i = 0; i < header_count; i++) {
        if (headers[i].name.size == name.size && str_equal_ignoring_case(headers[i].name, name)) {
            *ret_value = headers[i].value;
            return true;
        }
    }
    return false;
}

struct str http_request_header(const struct http_request *request, struct str name)
{
    struct str value = STR("");
    bool is_found = http_headers_find(request->headers, request->header_count, name, &value);
    return is_found ? value : STR("");
}

bool http_query_find(struct str query, struct str name, struct str *ret_value)
{
    while (query.size > 0) {
        struct str value = str_cut(&query, '&');
        struct str found = str_cut(&value, '=');
        if (str_equal(found, name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

struct str http_status_reason(int status)
{
    switch (status) {
    case 200: return STR("OK");
    case 201: return STR("Created");
    case 202: return STR("Accepted");
    case 204: return STR("No Content");
    case 206: return STR("Partial Content");
    case 301: return STR("Moved Permanently");
    case 302: return STR("Found");
    case 303: return STR("See Other");
    case 304: return STR("Not Modified");
    case 307: return STR("Temporary Redirect");
    case 308: return STR("Permanent Redirect");
    case 400: return STR("Bad Request");
    case 401: return STR("Unauthorized");
    case 402: return STR("Payment Required");
    case 403: return STR("Forbidden");
    case 404: return STR("Not Found");
    case 405: return STR("Method Not Allowed");
    case 406: return STR("Not Acceptable");
    case 408: return STR("Request Timeout");
    case 409: return STR("Conflict");
    case 410: return STR("Gone");
    case 411: return STR("Length Required");
    case 412: return STR("Precondition Failed");
    case 413: return STR("Content Too Large");
    case 414: return STR("URI Too Long");
    case 415: return STR("Unsupported Media Type");
    case 416: return STR("Range Not Satisfiable");
    case 417: return STR("Expectation Failed");
    case 422: return STR("Unprocessable Content");
    case 424: return STR("Failed Dependency");
    case 429: return STR("Too Many Requests");
    case 431: return STR("Request Header Fields Too Large");
    case 500: return STR("Internal Server Error");
    case 501: return STR("Not Implemented");
    case 502: return STR("Bad Gateway");
    case 503: return STR("Service Unavailable");
    case 504: return STR("Gateway Timeout");
    case 505: return STR("HTTP Version Not Supported");
    default: return STR("Unknown");
    }
}
