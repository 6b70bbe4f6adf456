// Templates: compiled values with parts to evaluate.
//
// Every field of a definition that may hold something to evaluate becomes a template: payload
// templates of JSONPath mode ("x.$" keys), values of JSONata mode ("{% … %}" strings), and scalar
// fields in either ("SecondsPath", "Seconds": "{% … %}"). Parsing happens once, at creation.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/error.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/random.h"
#include "base/status.h"
#include "json/json.h"
#include "jsonpath/jsonpath.h"

struct asl_intrinsic; // A compiled intrinsic function call (asl/intrinsic.h).
struct asl_jsonata;   // A compiled JSONata expression with its text.
struct asl_template_member;

enum asl_template_kind {
    ASL_TEMPLATE_LITERAL,   // Nothing to evaluate in it, at any depth.
    ASL_TEMPLATE_OBJECT,    // At least one member has something to evaluate.
    ASL_TEMPLATE_ARRAY,     // The same for items.
    ASL_TEMPLATE_PATH,      // A JSONPath over `$`, `$$` or a variable.
    ASL_TEMPLATE_INTRINSIC, // A call of an intrinsic function.
    ASL_TEMPLATE_JSONATA,   // A JSONata expression.
};

struct asl_template {
    enum asl_template_kind kind;
    uint32_t count;   // Of members or items.
    struct str field; // As error texts name it: "value.$" (JSONPath), "Output/result" (JSONata).
    union {
        struct json literal;
        const struct asl_template_member *members;
        const struct asl_template *items;
        const struct jsonpath *path;
        const struct asl_intrinsic *intrinsic;
        const struct asl_jsonata *jsonata;
    };
};

struct asl_template_member {
    struct str name; // Without ".$".
    struct asl_template value;
};

// Variables of one scope and those around it. Immutable: Assign makes a new one.
struct asl_variables {
    const struct asl_variables *outer; // NULL for the machine's own.
    struct json values;                // JSON_OBJECT
};

// NULL when no scope has it.
const struct json *asl_variables_find(const struct asl_variables *variables, struct str name);

// What evaluation can see. Pointers that a state's fields do not use may be NULL; which they are is
// known at creation (struct asl_state: uses_context).
struct asl_environment {
    const struct json *data;                // `$`
    const struct json *context_object;      // `$$`, `$states.context`
    const struct asl_variables *variables;  // `$name`
    const struct json *states_input;        // `$states.input`: the raw state input
    const struct json *states_result;       // `$states.result`, NULL where it does not exist
    const struct json *states_error_output; // `$states.errorOutput`, NULL where it does not exist
    struct random *random;                  // Seeded from the event.
    int64_t now_unix_ms;                    // From the event.
};

// Evaluate.
//
//   arena           receives new values; literals and parts of the environment are shared
//   reterr_error    on STATUS_INVALID the workflow's error, its cause without the state prefix
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status asl_template_evaluate(const struct asl_template *template,
                                           const struct asl_environment *environment,
                                           struct arena *arena, struct json *ret_value,
                                           struct asl_error *reterr_error);

// What States.QueryEvaluationError says when a template of JSONata mode gave `value`, which its
// field does not take, e.g. a number for "Items", which wants an "array".
struct asl_error asl_template_type_error(const struct asl_template *template, const char *expected,
                                         const struct json *value, struct arena *arena);

// The value that a path leads to. Returns STATUS_OK, STATUS_NOT_FOUND, STATUS_INVALID or
// STATUS_NO_MEMORY, as jsonpath_evaluate() does; a variable without a value is not found.
MUST_USE enum status asl_path_find(const struct jsonpath *path,
                                   const struct asl_environment *environment, struct arena *arena,
                                   struct json *ret_value, struct jsonpath_missing *reterr_missing);

// The value of `$` as error texts show it.
struct str asl_render_input(const struct asl_environment *environment, struct arena *arena);

// InputPath, OutputPath and the like: their errors read "Invalid path '…' : …".
MUST_USE enum status asl_path_evaluate(const struct jsonpath *path,
                                       const struct asl_environment *environment,
                                       struct arena *arena, struct json *ret_value,
                                       struct asl_error *reterr_error);
