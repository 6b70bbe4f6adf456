// Layers keep no tables per character: a place within a piece is counted when it is asked for.

#include "main/source.h"

#include <assert.h>

#include "asl/place.h"
#include "base/encoding.h"

enum { TEXT_SIZE_MAX = 32 << 20 };

// ---------------------------------------------------------------------------------------------
// Downwards

// Bytes of source and of text of the next character of a JSON string.
static size_t escape_size(struct str rest, size_t *ret_text_size)
{
    *ret_text_size = 1;
    if (rest.data[0] != '\\' || rest.size < 2) return 1;
    if (rest.data[1] != 'u' || rest.size < 6) return 2;
    uint32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        char c = rest.data[i];
        unit = (unit << 4) | (c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10));
    }
    // Both halves of a pair together give four bytes: two each will do for counting.
    bool is_half = unit >= 0xd800 && unit < 0xe000;
    *ret_text_size = unit < 0x80 ? 1 : unit < 0x800 || is_half ? 2 : 3;
    return 6;
}

static struct source_span find_in_string(struct str text, size_t origin, size_t index)
{
    size_t at = origin + 1, text_at = 0;
    while (at < text.size && text.data[at] != '"') {
        size_t text_size;
        size_t size = escape_size(str_skip(text, at), &text_size);
        if (index < text_at + text_size) return (struct source_span){at, at + size};
        at += size;
        text_at += text_size;
    }
    return (struct source_span){at, at < text.size ? at + 1 : at};
}

// One layer down.
static struct source_span find_below(const struct source *source, size_t offset)
{
    if (source->yaml != NULL) {
        struct yaml_span span = yaml_find_source(source->yaml, offset);
        return (struct source_span){span.start, span.end};
    }
    size_t low = 0, high = source->piece_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (source->pieces[middle].at <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return (struct source_span){0, 0};
    const struct source_piece *piece = &source->pieces[low - 1];
    size_t within = offset - piece->at;
    switch (piece->kind) {
    case SOURCE_COPY:
        return (struct source_span){piece->origin + within, piece->origin + within + 1};
    case SOURCE_WHOLE:
        return (struct source_span){piece->origin, piece->origin + piece->origin_size};
    case SOURCE_STRING: return find_in_string(source->below->text, piece->origin, within);
    }
    return (struct source_span){0, 0};
}

static struct source_span find_span(const struct source *source, struct source_span span)
{
    for (; source->below != NULL; source = source->below) {
        struct source_span first = find_below(source, span.start);
        struct source_span last =
            span.end > span.start + 1 ? find_below(source, span.end - 1) : first;
        span.start = first.start;
        span.end = last.end > first.start ? last.end : first.end;
    }
    return span;
}

struct source_span source_find(const struct source *source, size_t offset)
{
    return find_span(source, (struct source_span){offset, offset + 1});
}

struct source_span source_find_token(const struct source *source, size_t offset)
{
    struct str text = source->text;
    if (offset >= text.size) return source_find(source, text.size);
    size_t size = asl_place_value_size(text, offset);
    if (text.data[offset] == '{' || text.data[offset] == '[') {
        size_t name = asl_place_name_offset(text, offset);
        if (name != SIZE_MAX) offset = name;
        size = name == SIZE_MAX ? 1 : asl_place_value_size(text, offset);
    }
    return find_span(source, (struct source_span){offset, offset + (size == 0 ? 1 : size)});
}

// ---------------------------------------------------------------------------------------------
// Lines

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] & 0xc0) != 0x80) count++;
    }
    return count;
}

struct source_position source_locate(struct str file, struct source_span span)
{
    struct source_position position = {.line = 1};
    if (span.start > file.size) span.start = file.size;
    if (span.end > file.size) span.end = file.size;
    // What is missing at the end is shown on the last line that has something on it.
    while (span.start == file.size && span.start > 0 &&
           (file.data[span.start - 1] == '\n' || file.data[span.start - 1] == '\r'))
        file.size = --span.start;
    // A block of YAML begins with its indentation.
    while (span.start < span.end && strchr(" \r\n", file.data[span.start]) != NULL)
        span.start++;
    size_t start = 0;
    for (size_t i = 0; i < span.start; i++) {
        if (file.data[i] != '\n') continue;
        position.line++;
        start = i + 1;
    }
    struct str rest = str_skip(file, start);
    position.line_text = str_cut(&rest, '\n');
    if (str_ends_with(position.line_text, STR("\r"))) position.line_text.size--;
    position.line_offset = span.start - start;
    if (position.line_offset > position.line_text.size)
        position.line_offset = position.line_text.size;
    size_t size = span.end > span.start ? span.end - span.start : 0;
    position.line_size = str_slice(position.line_text, position.line_offset, size).size;
    position.column = count_characters(str_slice(position.line_text, 0, position.line_offset)) + 1;
    position.end_column =
        position.column +
        count_characters(str_slice(position.line_text, position.line_offset, position.line_size));
    if (position.end_column == position.column) position.end_column++;
    return position;
}

// ---------------------------------------------------------------------------------------------
// Building

void source_builder_init(struct source_builder *builder, struct arena *arena,
                         const struct source *below)
{
    *builder = (struct source_builder){.arena = arena, .below = below};
    buffer_init(&builder->text, TEXT_SIZE_MAX);
    buffer_init(&builder->pieces, TEXT_SIZE_MAX * sizeof(struct source_piece));
}

static void add_piece(struct source_builder *builder, struct source_piece piece)
{
    piece.at = builder->text.size;
    buffer_append(&builder->pieces, &piece, sizeof(piece));
}

void source_builder_copy(struct source_builder *builder, size_t start, size_t end)
{
    assert(start <= end && end <= builder->below->text.size);
    if (start == end) return;
    add_piece(builder, (struct source_piece){.kind = SOURCE_COPY, .origin = start});
    buffer_append(&builder->text, builder->below->text.data + start, end - start);
}

void source_builder_replace(struct source_builder *builder, struct source_span part,
                            struct str text)
{
    if (text.size == 0) return;
    add_piece(builder, (struct source_piece){.kind = SOURCE_WHOLE,
                                             .origin = part.start,
                                             .origin_size = part.end - part.start});
    buffer_append_str(&builder->text, text);
}

void source_builder_decode(struct source_builder *builder, size_t origin, struct str decoded)
{
    if (decoded.size == 0) return;
    add_piece(builder, (struct source_piece){.kind = SOURCE_STRING, .origin = origin});
    buffer_append_str(&builder->text, decoded);
}

const struct source *source_builder_finish(struct source_builder *builder)
{
    struct source *source = ARENA_NEW(builder->arena, struct source);
    struct str text = STR("");
    size_t size = builder->pieces.size;
    void *pieces = arena_alloc(builder->arena, size);
    bool is_kept = source != NULL && pieces != NULL && !builder->pieces.is_failed &&
                   buffer_copy_to_arena(&builder->text, builder->arena, &text);
    if (is_kept) {
        if (size > 0) memcpy(pieces, builder->pieces.data, size);
        *source = (struct source){
            .text = text,
            .below = builder->below,
            .pieces = pieces,
            .piece_count = size / sizeof(struct source_piece),
        };
    }
    buffer_release(&builder->text);
    buffer_release(&builder->pieces);
    return is_kept ? source : NULL;
}
