// Parts of a compiled filter pattern, shared by the files filter*.c.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "logs/filter.h"

enum {
    FILTER_DEPTH_MAX = 64,              // Of parentheses.
    FILTER_FIELDS_MAX = 128,            // Of a space-delimited pattern.
    FILTER_REGEXES_MAX = 16,            // In one pattern.
    FILTER_SCRATCH_BYTES_MAX = 8 << 20, // For one event as JSON; a larger one does not match.
};

struct filter_regex; // pcre2_code, kept from the headers of others.

// The reader of a pattern: what is left of it, and the first thing that was wrong.
struct filter_parser {
    struct logs_filter *filter;
    struct str rest;
    struct str error; // Data is NULL while all is well.
    uint32_t depth;
};

enum filter_comparison {
    FILTER_EQUAL,
    FILTER_NOT_EQUAL,
    FILTER_LESS,
    FILTER_LESS_OR_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_OR_EQUAL,
};

// What a value is compared with.
struct filter_operand {
    struct str text; // Without the wildcards at its ends.
    bool has_leading_wildcard;
    bool has_trailing_wildcard;
    bool is_number; // Unquoted, and `number` is its value.
    double number;
    const struct filter_regex *regex; // Instead of all that.
};

// A step of a selector: a member by name, an item by index, or every one of them.
struct filter_step {
    enum { FILTER_STEP_NAME, FILTER_STEP_INDEX, FILTER_STEP_ANY } type;
    struct str name;
    uint32_t index;
    struct filter_step *next;
};

enum filter_condition_type {
    FILTER_AND,
    FILTER_OR,
    FILTER_COMPARE,
    FILTER_IS_NULL,
    FILTER_IS_TRUE,
    FILTER_IS_FALSE,
    FILTER_NOT_EXISTS,
};

struct filter_condition {
    enum filter_condition_type type;
    struct filter_condition *left, *right; // AND, OR.
    struct filter_step *selector;          // JSON patterns; NULL: the event itself.
    enum filter_comparison comparison;
    struct filter_operand operand;
};

struct filter_field {
    bool is_ellipsis;
    struct filter_condition *condition; // NULL: anything.
};

struct filter_term {
    enum { FILTER_TERM_REQUIRED, FILTER_TERM_OPTIONAL, FILTER_TERM_EXCLUDED } type;
    struct str text;
    const struct filter_regex *regex; // Instead of `text`.
};

struct logs_filter {
    struct arena arena;   // Holds everything below.
    struct arena scratch; // For one event.
    enum { FILTER_TERMS, FILTER_JSON, FILTER_FIELDS } type;
    struct filter_term *terms;
    size_t term_count;
    bool has_required;
    bool has_optional;
    struct filter_condition *condition;
    struct filter_field *fields;
    size_t field_count;
    struct filter_regex *regexes[FILTER_REGEXES_MAX];
    size_t regex_count;
    void *match_data; // Of PCRE2; NULL without regular expressions.
    void *match_context;
};

// ---------------------------------------------------------------------------------------------
// Reading (filter_parser.c)

void filter_skip_blanks(struct filter_parser *parser);

// Take `token` when it comes next.
bool filter_take(struct filter_parser *parser, const char *token);

// Note an error, unless there is one already. Returns false.
bool filter_fail(struct filter_parser *parser, const char *message);

// Note that the characters at the front may not stand here. Returns false.
bool filter_fail_at_character(struct filter_parser *parser);

// A quoted string (its quote comes next), unescaped.
bool filter_parse_quoted(struct filter_parser *parser, struct str *ret_text);

// A regular expression between percent signs (the first comes next).
bool filter_parse_regex(struct filter_parser *parser, const struct filter_regex **ret_regex);

// "=", "!=", "<", …
bool filter_parse_comparison(struct filter_parser *parser, enum filter_comparison *ret_comparison);

// What a value is compared with; ends before any of `ends` when unquoted.
bool filter_parse_operand(struct filter_parser *parser, const char *ends,
                          enum filter_comparison comparison, struct filter_operand *ret_operand);

// Conditions joined by &&, || and parentheses; `parse_leaf` reads one of them.
typedef struct filter_condition *(*filter_leaf_fn)(struct filter_parser *parser, void *context);
struct filter_condition *filter_parse_condition(struct filter_parser *parser,
                                                filter_leaf_fn parse_leaf, void *context);

// ---------------------------------------------------------------------------------------------
// Kinds of patterns

bool filter_parse_json(struct filter_parser *parser);   // "{" comes next.
bool filter_parse_fields(struct filter_parser *parser); // "[" comes next.
bool filter_parse_terms(struct filter_parser *parser);

bool filter_match_json(struct logs_filter *filter, struct str message);
bool filter_match_fields(struct logs_filter *filter, struct str message);
bool filter_match_terms(struct logs_filter *filter, struct str message);

// ---------------------------------------------------------------------------------------------
// Values

bool filter_regex_matches(const struct logs_filter *filter, const struct filter_regex *regex,
                          struct str text);
void filter_regexes_free(struct logs_filter *filter);

// Compare a value given as text.
bool filter_compare_text(const struct logs_filter *filter, const struct filter_condition *condition,
                         struct str text);
