// YAML, read as JSON text that knows where it came from.
//
// What reads JSON (the parser, the compiler of definitions) stays the only reader; a table of marks
// leads from any byte of the JSON text back to the YAML. Tags of CloudFormation become the objects
// that they abbreviate: `!Sub x` is {"Fn::Sub": "x"}, `!Ref x` is {"Ref": "x"}.
//
// Scalars are typed by YAML's core schema (1.2): null, true, 12, 0x1f, 1.5; everything else, and
// everything in quotes, is a string. Names are strings and stand once in a mapping. Aliases are
// copied out, within the limits below. Merge keys are names like any other.
//
// Invariants:
//   1. The JSON text of a document that was read is valid, and nested at most YAML_DEPTH_MAX deep.
//   2. Every name and every value has a mark; marks are in the order of the JSON text.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    YAML_TEXT_SIZE_MAX = 4 << 20, // Bytes of YAML.
    YAML_JSON_SIZE_MAX = 8 << 20, // Bytes of JSON: aliases may multiply a text.
    YAML_MARKS_MAX = 1 << 20,
    YAML_DEPTH_MAX = 200,
};

enum yaml_style {
    YAML_COLLECTION, // A mapping or sequence: the mark is where it begins.
    YAML_PLAIN,
    YAML_SINGLE_QUOTED,
    YAML_DOUBLE_QUOTED,
    YAML_LITERAL, // A block after '|'; the mark is that of its lines.
    YAML_FOLDED,  // A block after '>'.
};

struct yaml_mark {
    size_t json_offset;
    size_t start; // In the YAML, with quotes: [start, end), in bytes.
    size_t end;
    enum yaml_style style;
};

struct yaml_document {
    struct str yaml; // As given.
    struct str json; // Empty when there is nothing but comments.
    const struct yaml_mark *marks;
    size_t mark_count;
};

struct yaml_error {
    size_t offset; // In the YAML.
    size_t size;   // Of what is wrong, 0 when unknown.
    struct str message;
};

// Read a text with one document.
//
//   arena         receives the document
//   yaml          UTF-8, checked; borrowed, must live as long as the document
//   reterr_error  on STATUS_INVALID what is wrong; its message lives in `arena`
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status yaml_read(struct arena *arena, struct str yaml,
                               struct yaml_document *ret_document, struct yaml_error *reterr_error);

struct yaml_span {
    size_t start;
    size_t end;
};

// What in the YAML became the byte at `json_offset`: a character of a scalar where it can be told,
// else the whole name or value.
struct yaml_span yaml_find_source(const struct yaml_document *document, size_t json_offset);
