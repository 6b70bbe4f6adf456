// Intrinsic functions: calls such as States.Format('{} items', $.count).
//
// A call is parsed once, when its definition is created; evaluation walks the compiled form. Calls
// nest at most ASL_INTRINSIC_NESTED_MAX deep.
//
//     call     = "States." name "(" [argument {"," argument}] ")"
//     argument = "'" text "'" | number | "true" | "false" | "null" | path | call
//
// White space around arguments means nothing, and where it stands between two arguments the comma
// may be missing, which other validators accept too. In text, \' \{ \} and \\ stand for the
// character behind the backslash; any other backslash is an error.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "asl/error.h"
#include "asl/template.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "jsonpath/jsonpath.h"

enum {
    ASL_INTRINSIC_NESTED_MAX = 10,
    ASL_INTRINSIC_TEXT_MAX = 10000,       // Characters that Base64 and Hash functions take.
    ASL_INTRINSIC_RANGE_ITEMS_MAX = 1000, // Of States.ArrayRange.
};

enum asl_intrinsic_function {
#define INTRINSIC(name, text, least, most, function, gives_string) ASL_INTRINSIC_##name,
#include "asl/intrinsic.def"
#undef INTRINSIC
};

enum asl_argument_kind { ASL_ARGUMENT_LITERAL, ASL_ARGUMENT_PATH, ASL_ARGUMENT_CALL };

struct asl_argument {
    enum asl_argument_kind kind;
    union {
        struct json literal;
        const struct jsonpath *path;
        const struct asl_intrinsic *call;
    };
};

// A template of States.Format, cut at its placeholders: there is one text more than placeholders.
struct asl_format {
    bool is_broken; // A brace without its partner.
    uint32_t placeholder_count;
    const struct str *texts;
};

struct asl_intrinsic {
    enum asl_intrinsic_function function;
    struct str text; // As written.
    uint32_t argument_count;
    const struct asl_argument *arguments;
    const struct asl_format *format; // States.Format with a literal template; otherwise NULL.
};

struct asl_compiler;

// Compile a call. NULL when it is none; nothing is reported.
const struct asl_intrinsic *asl_intrinsic_compile(struct asl_compiler *compiler, struct str text);

// The function whose name is nearest to `name`; data NULL when none is near.
struct str asl_intrinsic_suggest(struct str name);

// May ErrorPath and CausePath hold it?
bool asl_intrinsic_gives_string(const struct asl_intrinsic *intrinsic);

// Cut a template of States.Format. In it, \{ \} \' and \\ stand for the character behind the
// backslash. Returns false without memory.
MUST_USE bool asl_format_cut(struct arena *arena, struct str template,
                             struct asl_format *ret_format);

// Evaluate. On STATUS_INVALID the error is States.Runtime, which ends the execution.
MUST_USE enum status asl_intrinsic_evaluate(const struct asl_intrinsic *intrinsic,
                                            const struct asl_environment *environment,
                                            struct arena *arena, struct json *ret_value,
                                            struct asl_error *reterr_error);

// The functions themselves (intrinsic_array.c, intrinsic_text.c, intrinsic_data.c). Their number of
// arguments has been checked. They return STATUS_INVALID for arguments that they do not take, and
// may say more in `reason`.
struct asl_call {
    const struct asl_intrinsic *intrinsic;
    const struct asl_environment *environment;
    struct arena *arena;
    const struct json *arguments;
    uint32_t argument_count;
    const char *reason; // What follows "Invalid arguments in States.X"; NULL for nothing.
};

#define INTRINSIC(name, text, least, most, function, gives_string)                                 \
    MUST_USE enum status function(struct asl_call *call, struct json *ret_value);
#include "asl/intrinsic.def"
#undef INTRINSIC
