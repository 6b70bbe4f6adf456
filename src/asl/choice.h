// Choice tests: compiled comparisons and combinations. Private to this folder.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "json/json.h"
#include "jsonpath/jsonpath.h"

enum asl_test_kind { ASL_TEST_AND, ASL_TEST_OR, ASL_TEST_NOT, ASL_TEST_COMPARE };

enum asl_test_family {
    ASL_FAMILY_STRING,
    ASL_FAMILY_NUMERIC,
    ASL_FAMILY_TIMESTAMP,
    ASL_FAMILY_BOOLEAN,
    ASL_FAMILY_PATTERN,
    ASL_FAMILY_IS_NULL,
    ASL_FAMILY_IS_PRESENT,
    ASL_FAMILY_IS_NUMERIC,
    ASL_FAMILY_IS_STRING,
    ASL_FAMILY_IS_BOOLEAN,
    ASL_FAMILY_IS_TIMESTAMP,
};

enum asl_comparison {
    ASL_COMPARE_EQUALS,
    ASL_COMPARE_LESS,
    ASL_COMPARE_GREATER,
    ASL_COMPARE_LESS_EQUALS,
    ASL_COMPARE_GREATER_EQUALS,
};

// A moment: whole seconds since 1970, and nanoseconds of the second.
struct asl_moment {
    int64_t seconds;
    int32_t nanos;
};

// StringMatches, cut at its wildcards: the first text is a prefix, the last one a suffix, and the
// others follow each other in between. One text alone is compared as a whole.
struct asl_pattern {
    const struct str *texts;
    uint32_t count; // At least 1.
};

struct asl_choice_test {
    enum asl_test_kind kind;
    // AND, OR, NOT
    uint32_t count;
    const struct asl_choice_test *tests;
    // COMPARE
    enum asl_test_family family;
    enum asl_comparison comparison;
    const struct jsonpath *variable;     // NULL for `$`.
    const struct jsonpath *operand_path; // NULL when the operand is given.
    bool operand_is_path;                // Then without operand_path it is `$`.
    bool flag;                           // Operand of BooleanEquals and Is….
    union {
        struct json operand; // STRING, NUMERIC
        struct asl_moment moment;
        struct asl_pattern pattern;
    };
};

// Returns false when `text` is no timestamp.
bool asl_moment_parse(struct str text, struct asl_moment *ret_moment);

// Order of two texts by their UTF-16 code units, as Java compares them: -1, 0 or 1.
int asl_compare_utf16(struct str a, struct str b);

bool asl_pattern_matches(const struct asl_pattern *pattern, struct str text);
