// JSONPath in the dialect of the service (Jayway's), and Reference Paths.
//
// A path is compiled once, when a definition is created, and evaluated without parsing, allocating
// only for results. The first segment says what the path starts from: `$` (the data), `$$` (the
// context object) or `$name` (a variable); the evaluator is handed that root by its caller.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum jsonpath_root {
    JSONPATH_ROOT_DATA,     // $
    JSONPATH_ROOT_CONTEXT,  // $$
    JSONPATH_ROOT_VARIABLE, // $name
};

struct jsonpath; // Immutable once compiled; lives in the arena it was compiled to.

enum jsonpath_flags {
    // Also accept `$$` and `$name` roots; without it only `$` is a root.
    JSONPATH_ALLOW_ROOTS = 1,
    // Only names and non-negative indices: what ResultPath and the *Path fields admit.
    JSONPATH_REFERENCE = 2,
    // Where the definite beginning of an indefinite path leads nowhere, say so as the library does;
    // without it such a path has no matches, as in the service.
    JSONPATH_DEMAND_START = 4,
};

// Compile `text`.
//
//   arena            receives the path and a copy of the text
//   ret_path         on STATUS_OK
//   reterr_message   on STATUS_INVALID what is wrong, in `arena`; may be NULL
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status jsonpath_compile(struct arena *arena, struct str text, unsigned flags,
                                      const struct jsonpath **ret_path, struct str *reterr_message);

enum jsonpath_root jsonpath_root(const struct jsonpath *path);

// Of a JSONPATH_ROOT_VARIABLE, without the dollar sign.
struct str jsonpath_variable(const struct jsonpath *path);

// As it was written.
struct str jsonpath_text(const struct jsonpath *path);

// True when the path can match at most one value (only names and indices).
bool jsonpath_is_definite(const struct jsonpath *path);

// True for `$`, `$$` and `$name` alone.
bool jsonpath_is_root(const struct jsonpath *path);

// Evaluate.
//
//   root        what the path starts from
//   document    what `$` inside a filter means; normally the same as root
//   arena       receives arrays of matches and results of functions; other results are shared
//   ret_value   a definite path: the value; an indefinite one: an array of all matches, maybe empty
//   reterr_missing  on STATUS_NOT_FOUND, may be NULL: what was missing, its texts in `arena`
//
// Returns STATUS_OK, STATUS_NOT_FOUND (definite path without a match), STATUS_INVALID (a function
// applied to what it does not take, or an evaluation that visits too many values or tries a regular
// expression for too long) or STATUS_NO_MEMORY.
struct jsonpath_missing {
    // In canonical form, "$['a']['b']", up to and including the missing segment; the whole path
    // when it was an index of an array, as the service has it ("No results for path:
    // $['a'][5]['b']").
    struct str path;
    struct str parent; // Without its last segment.
    bool is_last; // `path` is the whole path: "No results for path"; otherwise "Missing property".
};

MUST_USE enum status jsonpath_evaluate(const struct jsonpath *path, const struct json *root,
                                       const struct json *document, struct arena *arena,
                                       struct json *ret_value,
                                       struct jsonpath_missing *reterr_missing);

// Set the place that a Reference Path names (ResultPath): a new document that shares all other
// parts with `document`. Missing objects are created on the way; an index may name an existing
// item or the one after the last.
//
// Returns STATUS_OK, STATUS_INVALID (the path leads through a scalar, or an index is out of range)
// or STATUS_NO_MEMORY.
MUST_USE enum status jsonpath_set(const struct jsonpath *path, const struct json *document,
                                  const struct json *value, struct arena *arena,
                                  struct json *ret_document);
