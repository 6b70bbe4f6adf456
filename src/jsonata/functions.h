// Between the files of the function library.

#pragma once

#include "jsonata/evaluation.h"

#define BUILTIN(name, signature, arity, function)                                                  \
    struct json function(struct evaluation *evaluation, const struct call *call);
#include "jsonata/builtin.def"
#undef BUILTIN

// What functions of the language see as context when they are called by others.
static inline struct json value_null_input(void)
{
    return value_undefined;
}

// A pattern called as a function: the first match in arguments[0], or the next one.
struct json run_regex(struct evaluation *evaluation, const struct function *function,
                      const struct json *arguments, size_t count);

// Apply a function of items: item, index and the array, as many of them as it takes.
struct json apply_to_item(struct evaluation *evaluation, struct json function, struct json item,
                          struct json second, struct json whole);

// Code points of well-formed text.
size_t text_length(struct str text);

// The bytes from code point `start` on, at most `count` code points.
struct str text_substring(struct str text, size_t start, size_t count);

// ---------------------------------------------------------------------------------------------
// Whole numbers in words, letters, Roman numerals and digits (integer_picture.c).

enum integer_primary {
    INTEGER_DECIMAL,
    INTEGER_LETTERS,
    INTEGER_ROMAN,
    INTEGER_WORDS,
    INTEGER_SEQUENCE, // Nothing that is known.
};

enum integer_case { INTEGER_LOWER, INTEGER_UPPER, INTEGER_TITLE };

enum { INTEGER_SEPARATORS_MAX = 32 };

struct integer_format {
    enum integer_primary primary;
    enum integer_case letter_case;
    bool is_ordinal;
    bool is_regular; // Grouping repeats.
    uint32_t zero;   // Code point of the digit zero.
    uint32_t mandatory_digits;
    uint32_t optional_digits;
    uint32_t separator_count;
    uint32_t group_size; // Of regular grouping, 0 without.
    struct {
        uint32_t position; // Digits to the right of it.
        uint32_t character;
    } separators[INTEGER_SEPARATORS_MAX];
    struct str picture;
};

// Fails the evaluation when the picture is wrong.
struct integer_format integer_format_parse(struct evaluation *evaluation, struct str picture);

void integer_render(struct text *text, double value, const struct integer_format *format);

// Read what integer_render() writes from the front of `*text`, at most `digits_max` digits (0: any
// number). Returns false when there is nothing.
bool integer_read(const struct integer_format *format, size_t digits_max, struct str *text,
                  double *ret_value);

// Of a single word such as "Twelfth", or -1.
double integer_word_value(struct str word);

// $parseInteger() (integer_parse.c).
double integer_parse(struct evaluation *evaluation, const struct integer_format *format,
                     struct str text);

// ---------------------------------------------------------------------------------------------
// Dates and times by pictures (datetime_picture.c).

enum { DATETIME_PARTS_MAX = 64 };

struct datetime_part {
    char component; // 'Y', 'M', …; 0: `literal`
    struct str literal;
    struct str presentation; // First presentation modifier.
    char names;              // 'N', 'n' or 't' (title): by name; 0: not.
    bool is_ordinal;
    bool is_timezone_integer;
    bool has_width;
    uint32_t width_min; // 0: none
    uint32_t width_max; // 0: none
    int64_t modulus;    // Of a year with limited width: 10^n, or -1.
    struct integer_format integer;
};

struct datetime_picture {
    uint32_t count;
    struct datetime_part parts[DATETIME_PARTS_MAX];
};

const struct datetime_picture *datetime_picture_parse(struct evaluation *evaluation,
                                                      struct str picture);

// Offset like "+0530" in minutes. Returns false when it is none.
bool datetime_parse_offset(struct str text, int *ret_minutes);

struct json datetime_format(struct evaluation *evaluation, double unix_ms,
                            const struct datetime_picture *picture, struct str timezone);
struct json datetime_parse(struct evaluation *evaluation, struct str text,
                           const struct datetime_picture *picture);

extern const char *const datetime_days[8];    // From 1: "Monday"
extern const char *const datetime_months[13]; // From 1: "January"
