// Sources: texts made from other texts, and the way back to the file.
//
// A definition is checked as JSON text, but what people wrote may be YAML, a member of a template,
// or a string within one. Each step on the way is a layer: its text, and pieces that say which part
// of the layer below every part came from. The lowest layer is the file.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/str.h"
#include "yaml/yaml.h"

enum source_kind {
    SOURCE_COPY,   // Byte by byte.
    SOURCE_WHOLE,  // All of it came from all of the other.
    SOURCE_STRING, // Decoded from a JSON string, whose quote is at `origin`.
};

struct source_piece {
    enum source_kind kind;
    size_t at;     // In this layer's text; ends where the next piece begins.
    size_t origin; // In the text below.
    size_t origin_size;
};

struct source {
    struct str text;
    const struct source *below;        // NULL for the file.
    const struct yaml_document *yaml;  // Instead of pieces, where the layer was made from YAML.
    const struct source_piece *pieces; // In the order of the text.
    size_t piece_count;
};

// A stretch of a text: [start, end), in bytes.
struct source_span {
    size_t start;
    size_t end;
};

// What in the file became the value or name at `offset` of JSON text; of an object or array the
// name before it where there is one, else its bracket.
struct source_span source_find_token(const struct source *source, size_t offset);

// What in the file became the byte at `offset`.
struct source_span source_find(const struct source *source, size_t offset);

// Lines and columns from 1. Columns count characters; `end_column` is behind the last character of
// the span that is on the first line.
struct source_position {
    size_t line;
    size_t column;
    size_t end_column;
    struct str line_text; // Without line end.
    size_t line_offset;   // Of the span in `line_text`, in bytes.
    size_t line_size;     // Of its part on that line, in bytes.
};
struct source_position source_locate(struct str file, struct source_span span);

// A layer being made on top of another.
struct source_builder {
    struct arena *arena;
    const struct source *below;
    struct buffer text;
    struct buffer pieces; // Of struct source_piece.
};

void source_builder_init(struct source_builder *builder, struct arena *arena,
                         const struct source *below);
// A part of the text below, as it is.
void source_builder_copy(struct source_builder *builder, size_t start, size_t end);
// New text for a part of the text below.
void source_builder_replace(struct source_builder *builder, struct source_span part,
                            struct str text);
// The text of the JSON string whose opening quote is at `origin` of the text below.
void source_builder_decode(struct source_builder *builder, size_t origin, struct str decoded);
// NULL when memory or a limit was exhausted. Releases the builder.
const struct source *source_builder_finish(struct source_builder *builder);
