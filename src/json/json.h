// JSON values: immutable, sharing structure, 16 bytes each.
//
// A value never changes once it is made, so passing state data along, taking a part of it or
// putting it into a larger value copies 16 bytes and nothing else. Values and the text they point
// to live in an arena; a value must not outlive the arenas of its parts (json_copy() crosses
// arenas).
//
// Numbers keep what was written where it matters: integers that fit 64 bits are exact
// (JSON_INTEGER), other integers keep their text (JSON_NUMBER_TEXT), everything with a fraction or
// an exponent is a double (JSON_REAL).
//
// Objects keep insertion order. Names within an object are unique; of duplicates in a text the last
// value wins and takes the place of the first.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INTEGER,     // `integer`
    JSON_REAL,        // `real`, finite
    JSON_NUMBER_TEXT, // `text`, `size`: an integer beyond 64 bits, as written
    JSON_STRING,      // `text`, `size` in bytes, UTF-8 and lone surrogates, may contain NUL
    JSON_ARRAY,       // `items`, `size`
    JSON_OBJECT,      // `members`, `size`
};

struct json_member;

struct json {
    uint8_t type;  // enum json_type
    uint32_t size; // Bytes of text, or number of items or members; otherwise 0.
    union {
        int64_t integer;
        double real;
        const char *text;
        const struct json *items;
        const struct json_member *members;
    };
};

struct json_member {
    struct json name; // JSON_STRING
    struct json value;
};

enum {
    JSON_DEPTH_MAX = 512,          // Of nesting, in texts and in values built by callers.
    JSON_TEXT_SIZE_MAX = 64 << 20, // Of a text to parse, in bytes.
};

// Constants to share; the macros make values in place.
extern const struct json json_null, json_true, json_false, json_empty_string, json_empty_array,
    json_empty_object;

static inline struct json json_from_bool(bool value)
{
    return (struct json){.type = value ? JSON_TRUE : JSON_FALSE};
}

static inline struct json json_from_integer(int64_t value)
{
    return (struct json){.type = JSON_INTEGER, .integer = value};
}

// `value` must be finite. Integral or not, it stays a JSON_REAL ("1.0").
static inline struct json json_from_real(double value)
{
    return (struct json){.type = JSON_REAL, .real = value};
}

// The text is borrowed, not copied.
static inline struct json json_from_str(struct str text)
{
    return (struct json){.type = JSON_STRING, .size = (uint32_t)text.size, .text = text.data};
}

// `items` and `members` are borrowed, not copied.
static inline struct json json_from_items(const struct json *items, size_t count)
{
    return (struct json){.type = JSON_ARRAY, .size = (uint32_t)count, .items = items};
}

// The caller guarantees that names are unique.
static inline struct json json_from_members(const struct json_member *members, size_t count)
{
    return (struct json){.type = JSON_OBJECT, .size = (uint32_t)count, .members = members};
}

static inline bool json_is_string(const struct json *value)
{
    return value->type == JSON_STRING;
}

static inline bool json_is_array(const struct json *value)
{
    return value->type == JSON_ARRAY;
}

static inline bool json_is_object(const struct json *value)
{
    return value->type == JSON_OBJECT;
}

static inline bool json_is_null(const struct json *value)
{
    return value->type == JSON_NULL;
}

static inline bool json_is_boolean(const struct json *value)
{
    return value->type == JSON_TRUE || value->type == JSON_FALSE;
}

static inline bool json_is_number(const struct json *value)
{
    return value->type >= JSON_INTEGER && value->type <= JSON_NUMBER_TEXT;
}

// The text of a JSON_STRING or JSON_NUMBER_TEXT.
static inline struct str json_str(const struct json *value)
{
    return (struct str){value->text, value->size};
}

// "null", "boolean", "number", "string", "array" or "object".
const char *json_type_name(const struct json *value);

// Nearest double of any number. `value` must be a number.
double json_to_real(const struct json *value);

// The value as a 64-bit integer when it is a number without fraction that fits ("3", "3.0", "3e0").
bool json_to_integer(const struct json *value, int64_t *ret_integer);

// Member of an object by name; NULL when absent or when `object` is no object.
const struct json *json_find(const struct json *object, struct str name);

// The same, for names that are literals of the program: JSON_FIND(value, "Next").
#define JSON_FIND(object, literal) json_find((object), STR(literal))

// Text of an object's member; `if_absent` unless there is one and it is a string.
struct str json_find_str(const struct json *object, struct str name, struct str if_absent);

// The same, for names that are literals of the program; the empty string when absent.
#define JSON_FIND_STR(object, literal) json_find_str((object), STR(literal), STR(""))

// Deep equality as JSON: 1 and 1.0 are equal, the order of members does not matter.
bool json_equal(const struct json *a, const struct json *b);

// Equality of two numbers / order of two numbers (-1, 0, 1), exact where both are integers.
int json_number_compare(const struct json *a, const struct json *b);

// Deep copy into `arena`: afterwards nothing points outside it. Returns false when exhausted.
MUST_USE bool json_copy(struct arena *arena, const struct json *value, struct json *ret_copy);

// A fresh place in `arena` holding `value` (shallow), for interfaces that want a pointer. NULL when
// exhausted.
MUST_USE const struct json *json_new(struct arena *arena, struct json value);

// A new object: `object`'s members (an empty object when NULL), with `name` replaced in place or
// appended. Shares everything else. NULL when exhausted.
MUST_USE const struct json *json_with_member(struct arena *arena, const struct json *object,
                                             struct str name, const struct json *value);

// ---------------------------------------------------------------------------------------------
// Parsing (RFC 8259)

// Where and why a text is not JSON.
struct json_error {
    size_t offset;   // In bytes from the start of the text.
    uint32_t line;   // From 1.
    uint32_t column; // From 1, in bytes.
    // In the words of the parser that the service uses (Jackson), without position, e.g.
    // "Unexpected character (''' (code 39)): was expecting double-quote to start field name".
    struct str message;
};

// Parse a whole text: one value, white space around it allowed, nothing else.
//
//   arena         receives the value; strings without escapes may point into `text`
//   text          UTF-8 (and lone surrogates), checked; must live as long as the value unless
//                 JSON_PARSE_COPY is given
//   flags         JSON_PARSE_WRAPPED: a list of records around values that may each be as deep as
//                 JSON_DEPTH_MAX, and as large as a text
//   ret_value     on STATUS_OK the root
//   reterr_error  on STATUS_INVALID where and why; may be NULL; its message lives in `arena`
//
// Returns STATUS_OK, STATUS_INVALID (not JSON, too deep, not UTF-8) or STATUS_NO_MEMORY (arena
// exhausted). An escaped half of a surrogate pair is kept, in the bytes of encoding.h.
enum { JSON_PARSE_COPY = 1, JSON_PARSE_WRAPPED = 2 };
MUST_USE enum status json_parse(struct arena *arena, struct str text, unsigned flags,
                                struct json *ret_value, struct json_error *reterr_error);

// ---------------------------------------------------------------------------------------------
// Rendering

// Append compact JSON text. Reals as Java's Double.toString prints them (1.0, 1.5E10), which is
// what the service shows; everything outside ASCII stays UTF-8; control characters, '"', '\' and
// lone surrogates are escaped, so that the text is always UTF-8. A failure is the buffer's
// `is_failed`: full, or nested deeper than JSON_DEPTH_MAX.
void json_render(struct buffer *buffer, const struct json *value);

// The compact text as a JSON string literal. On the way it takes twice the room of the text.
void json_render_quoted(struct buffer *buffer, const struct json *value);

// Compact text with two blanks of indentation per level, for people.
void json_render_pretty(struct buffer *buffer, const struct json *value);

// A JSON string literal, quotes included, of `text`.
void json_render_string(struct buffer *buffer, struct str text);

// The number as text, as json_render() prints it.
void json_render_real(struct buffer *buffer, double real);

// Shortest text that reads back as the same double, in ECMAScript's form (1, 0.1, 1e+21).
void json_render_real_ecmascript(struct buffer *buffer, double real);

// Compact text in `arena`; the empty string (and arena->is_exhausted) on failure.
struct str json_render_to_arena(struct arena *arena, const struct json *value);

// Size in bytes of the compact text, without making it.
size_t json_rendered_size(const struct json *value);

// ---------------------------------------------------------------------------------------------
// Building

// A list of values being collected; becomes the items of an array without copying twice.
// Growth lives in the arena. A refused growth is remembered in the arena (`is_exhausted`).
struct json_items {
    struct arena *arena;
    struct json *items;
    size_t count;
    size_t capacity;
};

void json_items_init(struct json_items *items, struct arena *arena);
void json_items_append(struct json_items *items, struct json value);
struct json json_items_finish(struct json_items *items);

// The same for members. json_members_set() keeps names unique (last wins, first place);
// json_members_append() is for callers that know the name to be new.
struct json_members {
    struct arena *arena;
    struct json_member *members;
    size_t count;
    size_t capacity;
    // A hash table over the first `indexed_count` members, made by json_members_set() when there
    // are many: index + 1 of a member, or 0.
    uint32_t *slots;
    size_t slot_count;
    size_t indexed_count;
};

void json_members_init(struct json_members *members, struct arena *arena);
void json_members_append(struct json_members *members, struct str name, struct json value);
void json_members_set(struct json_members *members, struct str name, struct json value);
struct json json_members_finish(struct json_members *members);

// ---------------------------------------------------------------------------------------------
// Writing a text piece by piece, for protocol answers: no values are built.
//
//     json_writer_begin_object(&writer);
//     json_writer_name(&writer, STR("executionArn"));
//     json_writer_string(&writer, arn);
//     json_writer_end_object(&writer);
//
// Commas are its business; nesting is the caller's (asserted). A failure is the buffer's.
struct json_writer {
    struct buffer *buffer;
    bool needs_comma;
    uint32_t depth;
};

void json_writer_init(struct json_writer *writer, struct buffer *buffer);
void json_writer_begin_object(struct json_writer *writer);
void json_writer_end_object(struct json_writer *writer);
void json_writer_begin_array(struct json_writer *writer);
void json_writer_end_array(struct json_writer *writer);
void json_writer_name(struct json_writer *writer, struct str name);
void json_writer_string(struct json_writer *writer, struct str text);
void json_writer_integer(struct json_writer *writer, int64_t value);
void json_writer_bool(struct json_writer *writer, bool value);
void json_writer_null(struct json_writer *writer);
void json_writer_value(struct json_writer *writer, const struct json *value);

// Text that is JSON already.
void json_writer_raw(struct json_writer *writer, struct str json_text);

// Seconds since 1970 with the fraction that the AWS JSON protocols use: 1486768956.878.
void json_writer_timestamp(struct json_writer *writer, int64_t unix_ms);

// Name and value in one line each.
void json_writer_string_member(struct json_writer *writer, struct str name, struct str text);
void json_writer_integer_member(struct json_writer *writer, struct str name, int64_t value);
void json_writer_bool_member(struct json_writer *writer, struct str name, bool value);
void json_writer_value_member(struct json_writer *writer, struct str name,
                              const struct json *value);
void json_writer_timestamp_member(struct json_writer *writer, struct str name, int64_t unix_ms);
