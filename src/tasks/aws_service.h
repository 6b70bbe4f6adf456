// AWS services that speak one of the JSON protocols, and what the integrations call them.

#pragma once

#include <stdbool.h>

#include "base/str.h"

struct aws_service {
    struct str resource;      // "aws-sdk:dynamodb", or of an optimised integration "dynamodb".
    struct str error_prefix;  // "DynamoDb": of error names.
    struct str sdk_name;      // In causes: "DynamoDb", "AmazonDynamoDBv2".
    struct str signing_name;  // "dynamodb": of signatures, and of --forward.
    struct str target_prefix; // "DynamoDB_20120810."
    struct str content_type;
    bool is_camel_case; // Members begin with a small letter on the wire.
    bool is_optimised;  // Errors and answers in the form of those integrations.
};

// NULL when no such service is known.
const struct aws_service *aws_service_find(struct str resource);
