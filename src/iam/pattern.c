// Most patterns are a literal, a literal with one * at its end, or a lone *; they are recognised
// when compiled and matched without looking at pieces. The rest is matched by trying wildcards at
// their shortest and lengthening the latest one that can still grow. Two kinds of * need two places
// to come back to: the latest within a segment, then the latest without bounds. Earlier ones need
// none: whatever they would give up, the later one can take over.

#include "iam/pattern.h"

#include <assert.h>

enum pattern_shape {
    SHAPE_ANYTHING, // "*"
    SHAPE_EQUAL,    // `text`
    SHAPE_PREFIX,   // `text` followed by "*"
    SHAPE_PIECES,
};

enum piece_kind {
    PIECE_LITERAL,
    PIECE_VARIABLE,
    PIECE_ONE,            // One character.
    PIECE_ONE_IN_SEGMENT, // One character but ':'.
    PIECE_ANY,            // Any characters.
    PIECE_ANY_IN_SEGMENT, // Any characters but ':'.
};

struct iam_pattern_piece {
    enum piece_kind kind;
    struct str text;     // Of a literal; or the key of a variable.
    struct str fallback; // Of a variable, when the request has no value.
    bool has_fallback;
};

// ---------------------------------------------------------------------------------------------
// Compiling

struct compiler {
    struct arena *arena;
    enum iam_pattern_style style;
    bool has_variables;
    struct iam_pattern_piece *pieces;
    uint32_t piece_count;
    uint16_t variable_count;
    char *literal;       // Characters of the literal being collected,
    size_t literal_size; // which becomes a piece when something else begins.
    size_t colon_count;  // Seen so far: five of them end the fifth segment of an ARN.
};

static char lower(char byte)
{
    return (char)(byte | (byte >= 'A' && byte <= 'Z' ? 0x20 : 0));
}

static bool is_within_segments(const struct compiler *compiler)
{
    bool is_arn = compiler->style == IAM_PATTERN_RESOURCE || compiler->style == IAM_PATTERN_ARN;
    return is_arn && compiler->colon_count < 5;
}

static void end_literal(struct compiler *compiler)
{
    if (compiler->literal_size == 0) return;
    compiler->pieces[compiler->piece_count++] = (struct iam_pattern_piece){
        .kind = PIECE_LITERAL,
        .text = {compiler->literal, compiler->literal_size},
    };
    compiler->literal += compiler->literal_size;
    compiler->literal_size = 0;
}

static void add_piece(struct compiler *compiler, struct iam_pattern_piece piece)
{
    end_literal(compiler);
    if (piece.kind == PIECE_ANY || piece.kind == PIECE_ANY_IN_SEGMENT) {
        // Neighbours are as one; the freer kind includes the other.
        struct iam_pattern_piece *last =
            compiler->piece_count == 0 ? NULL : &compiler->pieces[compiler->piece_count - 1];
        if (last != NULL && (last->kind == PIECE_ANY || last->kind == PIECE_ANY_IN_SEGMENT)) {
            if (piece.kind == PIECE_ANY) last->kind = PIECE_ANY;
            return;
        }
    }
    compiler->pieces[compiler->piece_count++] = piece;
}

static void add_byte(struct compiler *compiler, char byte)
{
    if (byte == ':') compiler->colon_count++;
    bool ignores_case =
        compiler->style == IAM_PATTERN_ACTION || compiler->style == IAM_PATTERN_EQUAL_IGNORING_CASE;
    compiler->literal[compiler->literal_size++] = ignores_case ? lower(byte) : byte;
}

static void add_wildcard(struct compiler *compiler, char wildcard, struct str rest)
{
    bool is_bounded = is_within_segments(compiler);
    if (wildcard == '?') {
        add_piece(compiler, (struct iam_pattern_piece){.kind = is_bounded ? PIECE_ONE_IN_SEGMENT
                                                                          : PIECE_ONE});
        return;
    }
    bool ends_segment = rest.size == 0 || rest.data[0] == ':';
    if (compiler->style == IAM_PATTERN_RESOURCE && ends_segment) is_bounded = false;
    add_piece(compiler,
              (struct iam_pattern_piece){.kind = is_bounded ? PIECE_ANY_IN_SEGMENT : PIECE_ANY});
}

// `text` is what stands between "${" and "}" of a variable.
static enum status add_variable(struct compiler *compiler, struct str text)
{
    if (compiler->variable_count == IAM_PATTERN_VARIABLES_MAX) return STATUS_INVALID;
    struct iam_pattern_piece piece = {.kind = PIECE_VARIABLE};
    struct str key = str_cut(&text, ',');
    struct str fallback = str_trim(text);
    if (fallback.size >= 2 && fallback.data[0] == '\'' &&
        fallback.data[fallback.size - 1] == '\'') {
        fallback = str_slice(fallback, 1, fallback.size - 2);
        piece.has_fallback = true;
        if (!arena_copy_str(compiler->arena, fallback, &piece.fallback)) return STATUS_NO_MEMORY;
    }
    if (!arena_copy_str(compiler->arena, str_trim(key), &piece.text)) return STATUS_NO_MEMORY;
    compiler->variable_count++;
    add_piece(compiler, piece);
    return STATUS_OK;
}

// Take what "${" begins from the front of `text`. Without its end it is ordinary text.
static enum status take_dollar(struct compiler *compiler, struct str *text)
{
    size_t end = str_find_byte(*text, '}');
    if (end == SIZE_MAX) {
        add_byte(compiler, '$');
        *text = str_skip(*text, 1);
        return STATUS_OK;
    }
    struct str inside = str_slice(*text, 2, end - 2);
    *text = str_skip(*text, end + 1);
    if (inside.size == 1 && strchr("*?$", inside.data[0]) != NULL) {
        add_byte(compiler, inside.data[0]);
        return STATUS_OK;
    }
    return add_variable(compiler, inside);
}

static enum status compile_pieces(struct compiler *compiler, struct str text)
{
    bool has_wildcards =
        compiler->style != IAM_PATTERN_EQUAL && compiler->style != IAM_PATTERN_EQUAL_IGNORING_CASE;
    while (text.size > 0) {
        char byte = text.data[0];
        if (compiler->has_variables && str_starts_with(text, STR("${"))) {
            enum status status = take_dollar(compiler, &text);
            if (status != STATUS_OK) return status;
        } else if (has_wildcards && (byte == '*' || byte == '?')) {
            text = str_skip(text, 1);
            add_wildcard(compiler, byte, text);
        } else {
            add_byte(compiler, byte);
            text = str_skip(text, 1);
        }
    }
    end_literal(compiler);
    return STATUS_OK;
}

// At most so many pieces come of `text`: wildcards and variables, and literals between them.
static size_t piece_count_max(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '*' || text.data[i] == '?' || text.data[i] == '$';
    return count * 2 + 1;
}

// The cheapest way to match these pieces.
static void choose_shape(struct iam_pattern *pattern)
{
    const struct iam_pattern_piece *pieces = pattern->pieces;
    uint32_t count = pattern->piece_count;
    pattern->shape = SHAPE_PIECES;
    if (count == 0) {
        pattern->shape = SHAPE_EQUAL;
    } else if (count == 1 && pieces[0].kind == PIECE_ANY) {
        pattern->shape = SHAPE_ANYTHING;
    } else if (pieces[0].kind == PIECE_LITERAL) {
        pattern->text = pieces[0].text;
        if (count == 1) pattern->shape = SHAPE_EQUAL;
        if (count == 2 && pieces[1].kind == PIECE_ANY) pattern->shape = SHAPE_PREFIX;
    }
}

enum status iam_pattern_compile(struct arena *arena, struct str text, enum iam_pattern_style style,
                                bool has_variables, struct iam_pattern *ret_pattern)
{
    size_t pieces_max = piece_count_max(text);
    struct compiler compiler = {
        .arena = arena,
        .style = style,
        .has_variables = has_variables && style != IAM_PATTERN_ACTION,
        .pieces = arena_alloc_array(arena, pieces_max, sizeof(struct iam_pattern_piece)),
        .literal = arena_alloc(arena, text.size),
    };
    if (compiler.pieces == NULL || compiler.literal == NULL) return STATUS_NO_MEMORY;
    // "ArnLike": "*" names every ARN although it is none.
    if (style == IAM_PATTERN_ARN && str_equal(text, STR("*"))) compiler.style = IAM_PATTERN_LIKE;
    enum status status = compile_pieces(&compiler, text);
    if (status != STATUS_OK) return status;
    assert(compiler.piece_count <= pieces_max);
    struct iam_pattern pattern = {
        .ignores_case = style == IAM_PATTERN_ACTION || style == IAM_PATTERN_EQUAL_IGNORING_CASE,
        .variable_count = compiler.variable_count,
        .piece_count = compiler.piece_count,
        .pieces = compiler.pieces,
    };
    choose_shape(&pattern);
    *ret_pattern = pattern;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Matching

// Does `text` have `literal` at `offset`? When case is ignored, `literal` is in lower case already
// unless it is the value of a variable.
static bool has_at(struct str text, size_t offset, struct str literal, bool ignores_case)
{
    if (literal.size > text.size - offset) return false;
    const char *at = text.data + offset;
    if (!ignores_case) return literal.size == 0 || memcmp(at, literal.data, literal.size) == 0;
    for (size_t i = 0; i < literal.size; i++) {
        if (at[i] != literal.data[i] && lower(at[i]) != lower(literal.data[i])) return false;
    }
    return true;
}

// The offset after the character at `offset`, which is not the end.
static size_t after_character(struct str text, size_t offset)
{
    offset++;
    while (offset < text.size && ((unsigned char)text.data[offset] & 0xC0) == 0x80)
        offset++;
    return offset;
}

// A wildcard that can take one more character: which piece it is, and where it ends so far.
struct resumption {
    uint32_t piece; // UINT32_MAX when there is none.
    size_t offset;
};

struct matcher {
    const struct iam_pattern *pattern;
    struct str text;
    struct str values[IAM_PATTERN_VARIABLES_MAX]; // Of the variables, in their order.
    struct resumption within_segment;
    struct resumption unbounded;
};

// Match one piece at `*offset` and move on; false when it does not match there.
static bool match_piece(struct matcher *matcher, uint32_t index, size_t *offset,
                        size_t *variable_index)
{
    const struct iam_pattern_piece *piece = &matcher->pattern->pieces[index];
    struct str literal = piece->text;
    switch (piece->kind) {
    case PIECE_ANY:
        // At the end it takes all there is.
        if (index + 1 == matcher->pattern->piece_count) *offset = matcher->text.size;
        matcher->unbounded = (struct resumption){index, *offset};
        matcher->within_segment.piece = UINT32_MAX;
        return true;
    case PIECE_ANY_IN_SEGMENT:
        matcher->within_segment = (struct resumption){index, *offset};
        return true;
    case PIECE_ONE:
    case PIECE_ONE_IN_SEGMENT:
        if (*offset == matcher->text.size) return false;
        if (piece->kind == PIECE_ONE_IN_SEGMENT && matcher->text.data[*offset] == ':') return false;
        *offset = after_character(matcher->text, *offset);
        return true;
    case PIECE_VARIABLE: literal = matcher->values[(*variable_index)++]; FALLTHROUGH;
    case PIECE_LITERAL:
        if (!has_at(matcher->text, *offset, literal, matcher->pattern->ignores_case)) return false;
        *offset += literal.size;
        return true;
    }
    assert(false);
    return false;
}

// Lengthen the latest wildcard that can grow; false when there is none.
static bool resume(struct matcher *matcher, uint32_t *index, size_t *offset)
{
    struct resumption *within = &matcher->within_segment;
    if (within->piece != UINT32_MAX && within->offset < matcher->text.size &&
        matcher->text.data[within->offset] != ':') {
        within->offset = after_character(matcher->text, within->offset);
        *offset = within->offset;
        *index = within->piece + 1;
        return true;
    }
    within->piece = UINT32_MAX;
    struct resumption *unbounded = &matcher->unbounded;
    if (unbounded->piece == UINT32_MAX || unbounded->offset == matcher->text.size) return false;
    unbounded->offset = after_character(matcher->text, unbounded->offset);
    // Whatever follows must begin with a certain byte: go there at once.
    const struct iam_pattern_piece *next = &matcher->pattern->pieces[unbounded->piece + 1];
    if (next->kind == PIECE_LITERAL && !matcher->pattern->ignores_case) {
        struct str rest = str_skip(matcher->text, unbounded->offset);
        size_t distance = str_find_byte(rest, next->text.data[0]);
        if (distance == SIZE_MAX) return false;
        unbounded->offset += distance;
    }
    *offset = unbounded->offset;
    *index = unbounded->piece + 1;
    return true;
}

// How many variables stand before the piece at `index`.
static size_t variables_before(const struct iam_pattern *pattern, uint32_t index)
{
    size_t count = 0;
    if (pattern->variable_count == 0) return 0;
    for (uint32_t i = 0; i < index; i++)
        count += pattern->pieces[i].kind == PIECE_VARIABLE;
    return count;
}

static bool match_pieces(struct matcher *matcher)
{
    uint32_t index = 0;
    size_t offset = 0;
    size_t variable_index = 0;
    for (;;) {
        bool is_at_end = index == matcher->pattern->piece_count;
        if (is_at_end && offset == matcher->text.size) return true;
        if (!is_at_end && match_piece(matcher, index, &offset, &variable_index)) {
            index++;
            continue;
        }
        if (!resume(matcher, &index, &offset)) return false;
        variable_index = variables_before(matcher->pattern, index);
    }
}

// Fetch the values of all variables; false when one has none.
static bool find_values(struct matcher *matcher, iam_variable_fn find_variable, void *context)
{
    size_t count = 0;
    for (uint32_t i = 0; i < matcher->pattern->piece_count; i++) {
        const struct iam_pattern_piece *piece = &matcher->pattern->pieces[i];
        if (piece->kind != PIECE_VARIABLE) continue;
        assert(count < IAM_PATTERN_VARIABLES_MAX);
        struct str *value = &matcher->values[count++];
        if (find_variable(context, piece->text, value)) continue;
        if (!piece->has_fallback) return false;
        *value = piece->fallback;
    }
    return true;
}

bool iam_pattern_matches(const struct iam_pattern *pattern, struct str text,
                         iam_variable_fn find_variable, void *context)
{
    switch ((enum pattern_shape)pattern->shape) {
    case SHAPE_ANYTHING: return true;
    case SHAPE_EQUAL:
        return text.size == pattern->text.size &&
               has_at(text, 0, pattern->text, pattern->ignores_case);
    case SHAPE_PREFIX: return has_at(text, 0, pattern->text, pattern->ignores_case);
    case SHAPE_PIECES: break;
    }
    struct matcher matcher;
    matcher.pattern = pattern;
    matcher.text = text;
    matcher.within_segment.piece = matcher.unbounded.piece = UINT32_MAX;
    if (pattern->variable_count > 0 && !find_values(&matcher, find_variable, context)) return false;
    return match_pieces(&matcher);
}
