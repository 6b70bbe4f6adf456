// The query protocol of IAM and STS: forms in, XML out.
//
// A form becomes a JSON object, so that it is checked and read like the bodies of the other
// protocols: "RoleName=x" is {"roleName": "x"} (the service's messages spell members that way too),
// "Tags.member.1.Key=a" is {"tags": [{"key": "a"}]}.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"

enum {
    QUERY_PARAMETERS_MAX = 2000, // Of one request.
};

// Parse the form in the body or, of a GET, in the query string.
//
// Returns STATUS_OK, STATUS_INVALID (malformed escapes, too many parameters) or STATUS_NO_MEMORY.
MUST_USE enum status query_parse(struct arena *arena, struct str form, struct json *ret_object);

// The same for a request: sets `request->body` and `request->operation` from the form. The front
// door calls it, before anybody is asked whether the operation is allowed. Returns false after
// replying.
MUST_USE bool query_read(struct api_request *request);

// Text members that the model says are numbers, booleans or lists become such where they can.
// Returns false without memory.
MUST_USE bool query_convert(struct arena *arena, const struct api_member *members,
                            size_t member_count, struct json *object);

// Of the answers of the request's service.
struct str query_xml_namespace(const struct api_request *request);

// <NAMEResponse xmlns="…"><NAMEResult> … </NAMEResult><ResponseMetadata>…, NAME being the
// operation. Operations without a result have no NAMEResult element.
struct buffer *query_reply_begin(struct api_request *request);
void query_reply_end(struct api_request *request, struct buffer *buffer);
void query_reply_empty(struct api_request *request);
