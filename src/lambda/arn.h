// How callers name a function: by name, partial ARN or full ARN, each with or without a qualifier.
//
//     name                  my-function                my-function:prod
//     partial ARN           000000000000:function:my-function:1
//     full ARN              arn:aws:lambda:us-east-1:000000000000:function:my-function:$LATEST
//
// Source: AWS Lambda API Reference, Invoke, FunctionName and Qualifier.

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum {
    LAMBDA_NAME_SIZE_MAX = 64,       // Of a function's own name.
    LAMBDA_REFERENCE_SIZE_MAX = 280, // Of everything above, qualifier included.
    LAMBDA_QUALIFIER_SIZE_MAX = 128,
};

// What a text that names a function says. Parts that it leaves out are empty.
struct lambda_reference {
    struct str region;
    struct str account;
    struct str name;      // Never empty.
    struct str qualifier; // "$LATEST", a version number or an alias.
};

// Take `text` apart; the parts point into it. Returns false when it has none of the forms above.
MUST_USE bool lambda_reference_parse(struct str text, struct lambda_reference *ret_reference);

// Letters, digits, '-' and '_', 1 to 64 of them.
bool lambda_name_is_valid(struct str name);

// "$LATEST", a version number or the name of an alias.
bool lambda_qualifier_is_valid(struct str qualifier);

// Digits only.
bool lambda_qualifier_is_version(struct str qualifier);

// As names of functions, up to 128, and not only digits.
bool lambda_alias_name_is_valid(struct str name);

// arn:aws:iam::ACCOUNT:role/NAME, with or without a path, in any partition.
bool lambda_role_arn_is_valid(struct str arn);

// "aws", or the partition that holds the region ("aws-cn", "aws-us-gov").
struct str lambda_partition_of_region(struct str region);

// The ARN of a function, with `qualifier` unless that is empty. Lives in `arena`.
struct str lambda_arn_render(struct arena *arena, struct str region, struct str account,
                             struct str name, struct str qualifier);
