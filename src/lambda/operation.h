// The operations on functions as requests and results, free of HTTP.
//
// Parameters are JSON values with the member names of the AWS Lambda API Reference, those of the
// path and of the query string included (FunctionName, Qualifier, Marker, MaxItems, Name,
// StatementId, TagKeys, Resource for the tag operations). The result is the JSON text that the
// service answers with, or an exception.
//
//     struct lambda_operation *operation = ARENA_NEW(arena, struct lambda_operation);
//     *operation = (struct lambda_operation){ .kind = LAMBDA_CREATE_FUNCTION, .arena = …, … };
//     lambda_operate(lambda, operation);
//
// From lambda_operate() until `done` the struct, the parameters and `arena` belong to the lambda
// thread. Everything is checked there: types, limits and patterns of members, what the machine can
// run, and what the deployment package holds.
// Source: AWS Lambda API Reference (2015-03-31).

#pragma once

#include "base/arena.h"
#include "base/mailbox.h"
#include "base/str.h"
#include "json/json.h"
#include "lambda/exception.h"

struct lambda;

enum lambda_operation_kind {
#define X(kind, name, http_status) LAMBDA_##kind,
#include "lambda/operation.def"
#undef X
    LAMBDA_OPERATION_COUNT,
};

struct lambda_operation {
    struct mail mail; // Private.
    struct mailbox *reply_to;
    void (*done)(struct lambda_operation *operation);
    struct lambda *lambda; // Private.
    enum lambda_operation_kind kind;
    struct arena *arena;
    struct str region;
    struct json parameters; // A JSON_OBJECT.
    struct str zip;         // Code.ZipFile or ZipFile, decoded; absent: NULL data.

    // The result.
    struct lambda_exception exception;
    int http_status;
    struct str body; // JSON text, empty with 204; the zip for LAMBDA_GET_CODE.
};

// Any thread.
void lambda_operate(struct lambda *lambda, struct lambda_operation *operation);

// "CreateFunction", …
const char *lambda_operation_name(enum lambda_operation_kind kind);
