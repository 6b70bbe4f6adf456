// JSONata 2.0.6 without $eval, with the functions that the States Language adds.
//
// An expression is compiled once, when a definition is created, and evaluated as often as wanted,
// by any thread: the compiled form is immutable. Evaluation takes memory from the arena it is given
// and shares parts of the input and of the expression with its result.
//
// Every evaluation is bounded: in depth (so that it never overflows the C stack), in steps, in real
// time and by the limit of its arena. Each bound ends in an error of its own kind.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/random.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

struct jsonata; // Immutable once compiled; lives in the arena it was compiled to.

enum {
    JSONATA_TEXT_SIZE_MAX = 1 << 20, // Of an expression, in bytes.
    JSONATA_CODE_SIZE = 5,           // "T2001"
};

enum jsonata_error_kind {
    JSONATA_ERROR_CODE,     // An error of the language or of the expression itself: see the code.
    JSONATA_ERROR_TIME,     // Too many steps or too much time.
    JSONATA_ERROR_DEPTH,    // Nested too deeply.
    JSONATA_ERROR_MEMORY,   // The arena's limit.
    JSONATA_ERROR_FUNCTION, // The result is a function, or contains one, so it is no JSON.
};

// What was wrong. Texts and values live in the arena of the call that failed.
struct jsonata_error {
    enum jsonata_error_kind kind;
    char code[JSONATA_CODE_SIZE + 1]; // "S0201", "T1006", "D3137", "U1001", …
    bool has_position;
    bool has_index;
    bool has_value;
    bool has_value2;
    size_t position;          // In UTF-16 units from the start, where the language says so.
    struct str token;         // Operator or function concerned; empty when there is none.
    struct str function_name; // Of errors in URLs; otherwise empty.
    uint32_t index;           // Of an argument, from 1.
    struct json value;
    struct json value2;
    struct str message;
};

// Compile `text`.
//
//   arena          receives the expression and a copy of the text
//   ret_jsonata    on STATUS_OK
//   reterr_error   on STATUS_INVALID; may be NULL
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status jsonata_compile(struct arena *arena, struct str text,
                                     const struct jsonata **ret_jsonata,
                                     struct jsonata_error *reterr_error);

// As it was written.
struct str jsonata_text(const struct jsonata *jsonata);

// A variable that the expression reads: "$name", or "$name.member…" as far as the path is plain
// names. Names of the library's functions are listed too, and the same name once for every place.
struct jsonata_reference {
    struct str name;         // Without the dollar sign.
    const struct str *steps; // Member names that follow, at most two.
    size_t step_count;
    bool is_function; // There is a function of that name in the library.
    bool is_bound;    // The expression binds the name too, so it may mean its own variable.
};

size_t jsonata_reference_count(const struct jsonata *jsonata);
const struct jsonata_reference *jsonata_reference_get(const struct jsonata *jsonata, size_t index);

struct jsonata_binding {
    struct str name; // Without the dollar sign.
    struct json value;
};

// What evaluation can see, and its bounds.
struct jsonata_environment {
    const struct json *input; // NULL: undefined.
    const struct jsonata_binding *bindings;
    size_t binding_count;
    struct random *random; // May be NULL when nothing random is expected: then a fixed seed.
    int64_t now_unix_ms;   // For $now and $millis.
    uint32_t depth_max;    // Of nested evaluations; 0: the default, which is also the most.
    uint64_t steps_max;    // 0: without.
    int64_t time_max_ms;   // Real time; 0: without.
};

// Evaluate.
//
//   arena         receives new values; its limit bounds the evaluation's memory
//   ret_value     on STATUS_OK
//   reterr_error  on STATUS_INVALID
//
// Returns STATUS_OK, STATUS_NOT_FOUND (the result is undefined) or STATUS_INVALID.
MUST_USE enum status jsonata_evaluate(const struct jsonata *jsonata,
                                      const struct jsonata_environment *environment,
                                      struct arena *arena, struct json *ret_value,
                                      struct jsonata_error *reterr_error);
