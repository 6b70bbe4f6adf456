// The configuration of a function: as the service shows it, and as a sandbox needs it.
//
// It is kept as the JSON object that GetFunctionConfiguration answers with, and nothing else:
// requests are checked and merged into it, and what a sandbox needs is read out of it.
// Source: AWS Lambda API Reference, CreateFunction and FunctionConfiguration.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "lambda/exception.h"
#include "lambda/language.h"

enum {
    LAMBDA_TIMEOUT_S_DEFAULT = 3,
    LAMBDA_TIMEOUT_S_MAX = 900,
    LAMBDA_MEMORY_MB_MIN = 128,
    LAMBDA_MEMORY_MB_MAX = 10240,
    LAMBDA_STORAGE_MB_MIN = 512,
    LAMBDA_STORAGE_MB_MAX = 10240,
    LAMBDA_ENVIRONMENT_SIZE_MAX = 4096, // Of names and values together, in bytes.
    LAMBDA_VARIABLES_MAX = 1024,
};

// Check the members of a CreateFunction or UpdateFunctionConfiguration request and merge them.
//
//   base               what is configured so far; NULL for a new function
//   ret_configuration  shares values with `base` and `request`; members that identify the function
//                      and its code (FunctionArn, CodeSha256, Version, …) are the caller's to set
//   reterr_exception   why not
MUST_USE bool lambda_configuration_merge(struct arena *arena, const struct json *base,
                                         const struct json *request, struct json *ret_configuration,
                                         struct lambda_exception *reterr_exception);

struct lambda_variable {
    struct str name;
    struct str value;
};

// What a sandbox needs; strings are borrowed from the JSON value.
struct lambda_configuration {
    struct str arn; // With the version, unless that is $LATEST.
    struct str name;
    struct str version; // "$LATEST" or a number.
    struct str runtime;
    struct str handler;
    struct str log_group;
    struct str code_sha256; // Base64.
    struct str revision_id;
    enum lambda_language language;
    uint32_t timeout_s;
    uint32_t memory_mb;
    const struct lambda_variable *variables;
    size_t variable_count;
};

// Read what was stored. Returns STATUS_OK, STATUS_CORRUPT when it is not of the form above, or
// STATUS_NO_MEMORY.
MUST_USE enum status lambda_configuration_read(struct arena *arena, const struct json *value,
                                               struct lambda_configuration *ret_configuration);
