// Constraints on the members of a request, collected and reported as the service does:
// "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: …; Value …".
//
// A member of the wrong type is another exception (SerializationException) and ends the checks.
// A member that is null counts as absent.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/str.h"
#include "json/json.h"
#include "lambda/exception.h"

struct lambda_constraints {
    struct arena *arena;
    const struct json *request; // A JSON_OBJECT.
    struct lambda_exception *exception;
    struct str violations; // In `arena`, joined by "; ".
    uint32_t violation_count;
};

void lambda_constraints_init(struct lambda_constraints *constraints, struct arena *arena,
                             const struct json *request, struct lambda_exception *exception);

// What a string must be; zero and NULL: no such rule.
struct lambda_string_rule {
    const char *member; // "FunctionName"; shown as "functionName".
    bool is_required;
    uint32_t size_min;
    uint32_t size_max;
    bool (*matches)(struct str value);
    const char *pattern;     // That `matches` stands for, as the service prints it.
    const char *enum_values; // Instead of `pattern`: "[A, B]" as the service prints the set.
};

// The member's value, or NULL when it is absent or breaks a rule.
const struct json *lambda_constraints_string(struct lambda_constraints *constraints,
                                             const struct lambda_string_rule *rule);

const struct json *lambda_constraints_integer(struct lambda_constraints *constraints,
                                              const char *member, bool is_required, int64_t min,
                                              int64_t max);

// A member of the type (JSON_OBJECT, JSON_ARRAY or JSON_TRUE for either boolean).
const struct json *lambda_constraints_typed(struct lambda_constraints *constraints,
                                            const char *member, bool is_required,
                                            enum json_type type);

// A violation in the caller's words: what follows "Value 'x' at 'place' failed to satisfy
// constraint: ".
void lambda_constraints_violate(struct lambda_constraints *constraints, struct str value,
                                struct str place, const char *format, ...) PRINTF(4, 5);

// Whether all was well; otherwise the exception is filled.
bool lambda_constraints_finish(struct lambda_constraints *constraints);
