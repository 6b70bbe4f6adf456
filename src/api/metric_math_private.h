// What the files of metric math share: the tree of an expression, and its evaluation.

#pragma once

#include <math.h>

#include "api/metric_math.h"

#define METRIC_NONE ((double)NAN) // Of no points, or no number: it makes no point.

enum metric_node_type {
    METRIC_NODE_NUMBER,
    METRIC_NODE_TEXT,
    METRIC_NODE_NAME, // Of a query, or a word that a function knows.
    METRIC_NODE_CALL,
    METRIC_NODE_LIST,   // [a, b]
    METRIC_NODE_NEGATE, // -a
    METRIC_NODE_OPERATOR,
};

enum metric_operator {
    METRIC_OR,
    METRIC_AND,
    METRIC_EQUAL,
    METRIC_NOT_EQUAL,
    METRIC_LESS_OR_EQUAL,
    METRIC_GREATER_OR_EQUAL,
    METRIC_LESS,
    METRIC_GREATER,
    METRIC_ADD,
    METRIC_SUBTRACT,
    METRIC_MULTIPLY,
    METRIC_DIVIDE,
    METRIC_POWER,
};

struct metric_node {
    enum metric_node_type type;
    enum metric_operator operation;
    double number;
    struct str text;           // Of a name, a call's function, or a text.
    struct metric_node *first; // Operands, arguments or items.
    struct metric_node *next;  // Of the same parent.
    size_t child_count;
};

// Texts point into the expression. STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status metric_math_parse(struct metric_scope *scope, struct str expression,
                                       struct metric_node **ret_node);

// Append unless it is no number.
void metric_series_append(struct metric_series *series, int64_t unix_s, double value);

// The point at a time, walking on from `*at`, which only moves forward; NULL when there is none.
const struct metric_point *metric_series_at(const struct metric_series *series, size_t *at,
                                            int64_t unix_s);

// The next time after `*unix_s` that one of them has a point at; false when there is none.
// `positions`, one for each, all 0 at first.
bool metric_next_time(const struct metric_series *const *items, size_t count, size_t *positions,
                      int64_t *unix_s);

struct metric_value metric_number(double number);
MUST_USE enum status metric_one(struct metric_scope *scope, const struct metric_series *series,
                                struct metric_value *ret_value);
MUST_USE bool metric_list_new(struct metric_scope *scope, size_t count,
                              struct metric_value *ret_value);

// Call a function with its arguments, each evaluated.
MUST_USE enum status metric_call(struct metric_scope *scope, struct str name,
                                 const struct metric_value *arguments, size_t count,
                                 struct metric_value *ret_value);
