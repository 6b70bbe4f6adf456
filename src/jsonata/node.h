// The syntax tree. One struct for all node types: trees are small and short-lived caches of
// nothing, and the passes over them (parse, process, resolve) move nodes from one role to another.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "json/json.h"
#include "jsonata/jsonata.h"

struct signature; // signature.h
struct regex;     // regex.h
struct function;  // evaluation.h

enum node_type {
    NODE_END,
    NODE_NAME,
    NODE_STRING,
    NODE_NUMBER,
    NODE_VALUE,
    NODE_REGEX,
    NODE_VARIABLE,
    NODE_WILDCARD,
    NODE_DESCENDANT,
    NODE_PARENT,
    NODE_OPERATOR,  // A keyword or '?' standing alone.
    NODE_PATH,      // items: steps
    NODE_BINARY,    // lhs, rhs, token
    NODE_NEGATE,    // lhs
    NODE_ARRAY,     // items
    NODE_OBJECT,    // items: keys and values in turn
    NODE_BLOCK,     // items
    NODE_CONDITION, // lhs ? rhs : third
    NODE_BIND,      // lhs := rhs
    NODE_FUNCTION,  // procedure lhs, items: arguments
    NODE_PARTIAL,   // the same, some arguments NODE_OPERATOR '?'
    NODE_LAMBDA,    // items: parameters, rhs: body
    NODE_APPLY,     // lhs ~> rhs
    NODE_TRANSFORM, // |lhs|rhs,third|
    NODE_SORT,      // items: terms
    NODE_PREDICATE, // parser only: lhs[rhs]
    NODE_GROUP,     // parser only: lhs{items}
    NODE_ORDER,     // parser only: lhs^(items)
    NODE_FOCUS,     // parser only: lhs@rhs
    NODE_INDEX,     // parser only: lhs#rhs
};

enum token {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_VARIABLE,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_VALUE,
    TOKEN_REGEX,
    TOKEN_DOT,
    TOKEN_BRACKET,
    TOKEN_BRACKET_CLOSE,
    TOKEN_BRACE,
    TOKEN_BRACE_CLOSE,
    TOKEN_PAREN,
    TOKEN_PAREN_CLOSE,
    TOKEN_COMMA,
    TOKEN_AT,
    TOKEN_HASH,
    TOKEN_SEMICOLON,
    TOKEN_COLON,
    TOKEN_QUESTION,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,
    TOKEN_PIPE,
    TOKEN_EQUAL,
    TOKEN_LESS,
    TOKEN_GREATER,
    TOKEN_CARET,
    TOKEN_STAR_STAR,
    TOKEN_RANGE,
    TOKEN_ASSIGN,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER_EQUAL,
    TOKEN_CHAIN,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_IN,
    TOKEN_AMPERSAND,
    TOKEN_BANG,
    TOKEN_TILDE,
};

// The place that a '%' looks for: which binding of the tuple stream holds the ancestor.
struct slot {
    struct slot *same; // Another slot whose label this one shares, or NULL.
    uint32_t label;
    int32_t level; // How many steps up still to go.
};

struct node_list {
    struct node **items;
    uint32_t count;
    uint32_t capacity;
};

struct slot_list {
    struct slot **items;
    uint32_t count;
    uint32_t capacity;
};

struct stage {
    struct node *filter; // NULL: an index binding.
    uint32_t index;      // The name bound to the position.
};

struct stage_list {
    struct stage *items;
    uint32_t count;
    uint32_t capacity;
};

struct node {
    enum node_type type;
    enum token token;  // Operator of a NODE_BINARY.
    uint32_t position; // In bytes, after the token, as the language counts.
    bool keep_array;
    bool keep_singleton_array;
    bool is_constructed;
    bool is_tuple;
    bool is_tail;       // A call in tail position of a function.
    bool is_scope;      // A block that binds something.
    bool is_descending; // A sort term.
    bool has_stages;    // Even when the list is empty (stages were mentioned).
    bool has_predicate;
    bool is_plain;   // Nothing is attached: no predicate, no group, no "[]".
    struct str text; // Name, variable without dollar, or operator as written.
    uint32_t name;   // Of a variable: see struct names; 0 is '$', 1 is '$$'.
    int32_t global;  // Of a variable that nothing binds: index in jsonata->globals, or -1.
    int32_t outside; // The same of one that is bound somewhere in the expression.
    struct json value;
    struct node *lhs;
    struct node *rhs;
    struct node *third;
    struct node_list items;
    struct node_list predicates;
    struct stage_list stages;
    struct node *group; // NODE_OBJECT
    uint32_t focus;     // Name bound by '@', or 0.
    uint32_t index;     // Name bound by '#', or 0.
    struct str bound;   // Text of focus or index, until names are known.
    struct slot *slot;  // Of a NODE_PARENT.
    struct slot *ancestor;
    struct slot_list seeking;
    const struct signature *signature;
    const struct regex *regex;
};

enum { NAME_INPUT = 0, NAME_ROOT = 1, NAME_FIRST = 2 };

// The names of variables; labels of ancestors are numbered with them.
struct names {
    struct str *items;
    bool *is_bound; // By ':=', a parameter, '@' or '#'.
    uint32_t count;
    uint32_t capacity;
};

// A variable that nothing in the expression binds.
struct global {
    struct str name;
    const struct function *function; // Of the library, unless the environment binds the name.
};

struct jsonata {
    struct str text;
    const struct node *root;
    struct global *globals;
    uint32_t global_count;
    uint32_t label_base; // The binding of '%' label n has the name label_base + n.
    struct jsonata_reference *references;
    size_t reference_count;
};
