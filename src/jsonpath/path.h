// A compiled path as the files of this folder share it; nothing outside src/jsonpath includes it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jsonpath/jsonpath.h"

enum {
    SEGMENTS_MAX = 256,          // Of one path.
    TEXT_SIZE_MAX = 64 * 1024,   // Of a path.
    NESTING_MAX = 32,            // Of paths in filters in paths, of brackets and of literals.
    STEPS_MAX = 5 * 1000 * 1000, // Of one evaluation: values visited.
};

enum segment_kind {
    SEGMENT_NAME,     // .name, ['name']
    SEGMENT_NAMES,    // ['a','b']
    SEGMENT_INDEX,    // [3], [-1]
    SEGMENT_INDICES,  // [0,2]
    SEGMENT_SLICE,    // [1:3]
    SEGMENT_WILDCARD, // .*, [*]
    SEGMENT_SCAN,     // ..
    SEGMENT_FILTER,   // [?(...)]
    SEGMENT_FUNCTION, // .length()
};

struct slice {
    bool has_from;
    bool has_to;
    int32_t from;
    int32_t to;
};

struct segment {
    enum segment_kind kind;
    bool is_definite;          // Selects at most one value of one.
    bool is_upstream_definite; // So do all segments before it.
    char quote;                // Of a SEGMENT_NAME as written: ' or ".
    uint32_t count;            // Of `names` or `indices`.
    union {
        struct str name;
        const struct str *names;
        int32_t index;
        const int32_t *indices;
        struct slice slice;
        struct filter *filter;
        struct function_call *call;
    };
};

struct jsonpath {
    struct str text;
    struct str variable;
    enum jsonpath_root root;
    unsigned flags;
    struct segment *segments;
    uint32_t count;
    bool is_definite;
    bool is_simple;      // Only single names and indices: evaluated by one loop.
    bool is_function;    // The last segment is a function.
    bool starts_at_item; // '@': in filters only.
};

// Filters

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_EXISTS, FILTER_COMPARE };

enum filter_operator {
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_SAME,     // === : of the same type too.
    OPERATOR_NOT_SAME, // !==
    OPERATOR_LESS,
    OPERATOR_LESS_EQUAL,
    OPERATOR_GREATER,
    OPERATOR_GREATER_EQUAL,
    OPERATOR_MATCHES, // =~
    OPERATOR_IN,
    OPERATOR_NOT_IN,
    OPERATOR_CONTAINS,
    OPERATOR_ALL,
    OPERATOR_SIZE,
    OPERATOR_EMPTY,
    OPERATOR_SUBSET_OF,
    OPERATOR_ANY_OF,
    OPERATOR_NONE_OF,
};

enum operand_kind {
    OPERAND_VALUE,   // A literal, or what a path led to.
    OPERAND_PATH,    // Before its evaluation.
    OPERAND_PATTERN, // A regular expression.
    OPERAND_NOTHING, // A path that led nowhere; equals nothing.
};

struct operand {
    enum operand_kind kind;
    bool is_written_json; // An array or object written in the path itself.
    struct json value;
    struct str number_text; // Of a number in the path, as written.
    struct jsonpath *path;
    const struct pattern *pattern;
};

struct filter {
    enum filter_kind kind;
    bool should_exist; // Of FILTER_EXISTS.
    enum filter_operator operator;
    struct operand left; // `left.path` of FILTER_EXISTS.
    struct operand right;
    struct filter *first; // Of AND, OR and NOT: the first operand.
    struct filter *next;  // The next operand of the same AND or OR.
};

// Functions

enum function {
    FUNCTION_MIN,
    FUNCTION_MAX,
    FUNCTION_SUM,
    FUNCTION_AVG,
    FUNCTION_STDDEV,
    FUNCTION_LENGTH,
    FUNCTION_KEYS,
    FUNCTION_CONCAT,
    FUNCTION_APPEND,
    FUNCTION_FIRST,
    FUNCTION_LAST,
    FUNCTION_INDEX,
};

struct parameter {
    struct jsonpath *path; // NULL: `value`.
    struct json value;
};

struct function_call {
    enum function function;
    uint32_t count;
    struct parameter *parameters;
};

MUST_USE bool function_find(struct str name, enum function *ret_function);

struct str function_name(enum function function);

// Evaluation

// How an evaluation, or a part of it, went. Inside a filter the difference between the middle three
// decides whether a value is left out or everything fails.
enum outcome {
    OUTCOME_OK,
    OUTCOME_MISSING, // Nothing there, and the path demanded it.
    OUTCOME_REFUSED, // The path does not suit the value; inside a filter: it does not match.
    OUTCOME_FAILED,  // A function cannot take its arguments, or a limit was passed.
    OUTCOME_NO_MEMORY,
};

struct evaluation {
    const struct json *document; // '$' in filters and parameters.
    struct arena *arena;
    struct matcher *matcher; // For regular expressions; made on first use.
    uint32_t steps;
};

// Results of one path within an evaluation.
struct run {
    struct evaluation *evaluation;
    const struct jsonpath *path;
    struct json_items results;
    bool demands_properties; // Existence checks: every missing property counts.
    uint32_t missing;        // Of OUTCOME_MISSING: index of the segment.
    bool is_index_missing;   // It was an index of an array.
};

// Evaluate `path` from `start`. `run` may be NULL when the caller needs no details.
MUST_USE enum outcome path_evaluate(struct evaluation *evaluation, const struct jsonpath *path,
                                    const struct json *start, bool demands_properties,
                                    struct json *ret_value, struct run *ret_run);

MUST_USE enum outcome filter_accepts(struct evaluation *evaluation, const struct filter *filter,
                                     const struct json *item, bool *ret_accepts);

MUST_USE enum outcome function_call(struct evaluation *evaluation, const struct function_call *call,
                                    const struct json *model, struct json *ret_value);

// Regular expressions

// NULL with `*reterr_reason` set when it is no regular expression, or empty without memory.
const struct pattern *pattern_compile(struct arena *arena, struct str text, struct str flags,
                                      struct str *reterr_reason);

// Whether the whole of `text` matches.
MUST_USE enum outcome pattern_matches(struct evaluation *evaluation, const struct pattern *pattern,
                                      struct str text, bool *ret_matches);

// Compilation

enum compile_mode {
    COMPILE_WHOLE,     // The text ends with the path.
    COMPILE_OPERAND,   // In a filter: a blank, an operator or a bracket ends it.
    COMPILE_PARAMETER, // Of a function: a comma or a bracket ends it.
};

struct compiler {
    struct arena *arena;
    const char *start;
    const char *at;
    const char *end;
    unsigned depth;
    enum status status; // Why something returned false or NULL.
    struct str message;
};

// These note the failure and return false.
COLD bool compile_fail(struct compiler *compiler, const char *format, ...) PRINTF(2, 3);
COLD bool compile_fail_memory(struct compiler *compiler);

static inline bool compile_is_at(const struct compiler *compiler, char c)
{
    return compiler->at != compiler->end && *compiler->at == c;
}

static inline void compile_skip_blanks(struct compiler *compiler)
{
    while (compile_is_at(compiler, ' '))
        compiler->at++;
}

// From behind the '$' or '@'.
MUST_USE bool compile_path(struct compiler *compiler, enum compile_mode mode, bool starts_at_item,
                           struct jsonpath **ret_path);

// From behind the '(' of "[?(" to behind its ')'.
MUST_USE bool compile_filter(struct compiler *compiler, struct filter **ret_filter);

// A quoted text; `at` is on the opening quote.
MUST_USE bool compile_quoted(struct compiler *compiler, struct str *ret_text);

// A value as the library's tolerant parser reads it: quotes of both kinds, or none at all.
MUST_USE bool compile_value(struct compiler *compiler, struct json *ret_value);

// The arguments of a function, from behind '(' to behind ')'.
MUST_USE bool compile_parameters(struct compiler *compiler, struct function_call *call);
