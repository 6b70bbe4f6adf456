// Patterns of policies: text with wildcards and policy variables, compiled once, matched without
// allocating.
//
//   *           any characters           ${aws:username}           a value of the request
//   ?           one character            ${aws:username, 'nobody'} the same with a default
//   ${*} ${?} ${$}                       these characters as they are
//
// In the first five segments of an ARN a wildcard stays within its segment, but for a * that ends
// its segment:
//
//     "If the * wildcard is the last character of a resource ARN segment, it can expand to match
//     beyond the colon boundaries."  -- IAM User Guide, JSON policy elements: Resource

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    IAM_PATTERN_VARIABLES_MAX = 16, // Of one pattern.
};

enum iam_pattern_style {
    IAM_PATTERN_ACTION,   // Wildcards match anything; ASCII case does not matter; no variables.
    IAM_PATTERN_RESOURCE, // An ARN, wildcards as quoted above.
    IAM_PATTERN_ARN,      // An ARN whose segments are compared one by one (ArnLike).
    IAM_PATTERN_LIKE,     // Wildcards match anything (StringLike).
    IAM_PATTERN_EQUAL,    // No wildcards (StringEquals).
    IAM_PATTERN_EQUAL_IGNORING_CASE,
};

struct iam_pattern_piece;

struct iam_pattern {
    uint8_t shape; // enum pattern_shape, in pattern.c: which way of matching is enough.
    bool ignores_case;
    uint16_t variable_count;
    uint32_t piece_count;
    struct str text; // The literal text, where the shape is one.
    const struct iam_pattern_piece *pieces;
};

// Gives the value of a policy variable, or returns false when the request has no single value.
typedef bool (*iam_variable_fn)(void *context, struct str key, struct str *ret_value);

// Compile `text`, which is copied to `arena`.
//
//   has_variables   whether ${…} has a meaning: policies of version 2012-10-17
//
// Returns STATUS_OK, STATUS_INVALID (too many variables) or STATUS_NO_MEMORY.
MUST_USE enum status iam_pattern_compile(struct arena *arena, struct str text,
                                         enum iam_pattern_style style, bool has_variables,
                                         struct iam_pattern *ret_pattern);

// Does all of `text` match? A pattern with a variable that the request has no value for matches
// nothing.
bool iam_pattern_matches(const struct iam_pattern *pattern, struct str text,
                         iam_variable_fn find_variable, void *context);
