// Conditions of policy statements, compiled.
//
// A condition is one operator applied to one key of the request and a list of values. Its text
// form is {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a*", "b*"]}}; several keys or
// operators are several conditions, all of which must hold.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/evaluation.h"
#include "json/json.h"

enum iam_condition_operator {
#define X(name, text, reading, comparison, is_negated) IAM_CONDITION_##name,
#include "iam/condition_operator.def"
#undef X
    IAM_CONDITION_OPERATOR_COUNT,
};

enum iam_quantifier {
    IAM_QUANTIFIER_NONE,
    IAM_FOR_ALL_VALUES, // Every value of the request; true when it has none.
    IAM_FOR_ANY_VALUE,  // At least one; false when it has none.
};

union iam_condition_value;

struct iam_condition {
    uint8_t operator;   // enum iam_condition_operator
    uint8_t quantifier; // enum iam_quantifier
    bool is_if_exists;  // Holds when the request does not have the key.
    struct str key;
    const union iam_condition_value *values;
    uint32_t value_count;
};

// Read the name of an operator with its prefix and suffix. Returns false when there is no such.
MUST_USE bool iam_condition_parse_operator(struct str text, struct iam_condition *ret_condition);

// Compile one value (a string, number or boolean) or a list of them.
//
//   condition       from iam_condition_parse_operator(); gets its key and values
//   has_variables   whether ${…} has a meaning
//
// Returns STATUS_OK, STATUS_INVALID (a value that the operator cannot read) or STATUS_NO_MEMORY.
MUST_USE enum status iam_condition_compile(struct arena *arena, struct iam_condition *condition,
                                           struct str key, const struct json *value,
                                           bool has_variables);

bool iam_condition_holds(const struct iam_condition *condition, struct iam_evaluation *evaluation);
