// Values during evaluation: JSON values, and what only exists inside an expression.
//
// A value is a struct json whose type byte has room for more: four bits say what it is, four bits
// say how an array came about, which the language's rules for sequences ask for. An array keeps
// its flags inside the arrays and objects that the expression makes, because the rules also ask for
// them when it is taken out again. The input has none, so it is used as it is; the result loses
// them at the end of the evaluation.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

enum value_kind {
    VALUE_UNDEFINED = 9,
    VALUE_FUNCTION = 10, // `text` points to a struct function.
    VALUE_TUPLE = 11,    // `text` points to a struct tuple; only inside tuple streams.
    VALUE_THUNK = 12,    // A tail call to be made by whoever applied the function.
    VALUE_HOLE = 13,     // '?' among the arguments of a partial application.
    VALUE_KIND_MASK = 15,
};

enum value_flags {
    VALUE_SEQUENCE = 16,    // Made by a query: a single item stands for itself.
    VALUE_KEEP = 32,        // … but not this one: "[]" was written.
    VALUE_CONSTRUCTED = 64, // Made by an array constructor that starts or ends a path.
    VALUE_TUPLES = 128,     // Items are tuples.
    // The input, when it is an array: a sequence of one, which "$" sees through.
    VALUE_OUTER = VALUE_SEQUENCE | VALUE_CONSTRUCTED,
};

static const struct json value_undefined = {.type = VALUE_UNDEFINED};

static inline unsigned value_kind(struct json value)
{
    return value.type & VALUE_KIND_MASK;
}

static inline bool value_is_defined(struct json value)
{
    return value.type != VALUE_UNDEFINED;
}

static inline bool value_is_undefined(struct json value)
{
    return value.type == VALUE_UNDEFINED;
}

static inline bool value_is_array(struct json value)
{
    return (value.type & VALUE_KIND_MASK) == JSON_ARRAY;
}

static inline bool value_is_object(struct json value)
{
    return value.type == JSON_OBJECT;
}

static inline bool value_is_string(struct json value)
{
    return value.type == JSON_STRING;
}

static inline bool value_is_number(struct json value)
{
    return value.type >= JSON_INTEGER && value.type <= JSON_NUMBER_TEXT;
}

static inline bool value_is_function(struct json value)
{
    return value.type == VALUE_FUNCTION;
}

static inline bool value_is_sequence(struct json value)
{
    return value_is_array(value) && (value.type & VALUE_SEQUENCE) != 0;
}

static inline bool value_is_tuples(struct json value)
{
    return value_is_array(value) && (value.type & VALUE_TUPLES) != 0;
}

static inline bool value_is_outer(struct json value)
{
    return (value.type & VALUE_OUTER) == VALUE_OUTER && value_is_array(value);
}

static inline double value_real(struct json value)
{
    if (value.type == JSON_INTEGER) return (double)value.integer;
    return value.type == JSON_REAL ? value.real : json_to_real(&value);
}

// 0 / 0 and the like: a number that no operator takes, and no result may hold.
static inline bool value_is_nan(struct json value)
{
    return value.type == JSON_REAL && value.real != value.real;
}

// Integral numbers become integers, so that they render without a fraction.
static inline struct json value_from_real(double real)
{
    if (real >= -9007199254740992.0 && real <= 9007199254740992.0) {
        int64_t integer = (int64_t)real;
        if ((double)integer == real) return json_from_integer(integer);
    }
    return json_from_real(real);
}

static inline struct json value_from_str(struct str text)
{
    return json_from_str(text);
}

// The value without flags.
static inline struct json value_plain(struct json value)
{
    if (value_is_array(value)) value.type = JSON_ARRAY;
    return value;
}

// The value as it enters an array or an object, where it is neither the input nor a row stream.
static inline struct json value_stored(struct json value)
{
    if (!value_is_array(value)) return value;
    value.type &= (uint8_t)~VALUE_TUPLES;
    if (value_is_outer(value)) value.type = JSON_ARRAY | VALUE_SEQUENCE;
    return value;
}
