// Text to segments: a cursor walks over the text once, without going back. Filters and arguments of
// functions are paths in paths and come back here.

#include <limits.h>
#include <stdarg.h>

#include "jsonpath/path.h"

struct segments {
    struct segment *items;
    uint32_t count;
    uint32_t capacity;
};

bool compile_fail(struct compiler *compiler, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    compiler->message = arena_vprintf(compiler->arena, format, args);
    va_end(args);
    compiler->status = compiler->message.size == 0 ? STATUS_NO_MEMORY : STATUS_INVALID;
    return false;
}

bool compile_fail_memory(struct compiler *compiler)
{
    compiler->status = STATUS_NO_MEMORY;
    return false;
}

static size_t position(const struct compiler *compiler)
{
    return (size_t)(compiler->at - compiler->start);
}

static bool append_segment(struct compiler *compiler, struct segments *segments,
                           struct segment segment)
{
    if (segments->count == SEGMENTS_MAX) {
        return compile_fail(compiler, "Path has more than %d segments", SEGMENTS_MAX);
    }
    if (segments->count == segments->capacity) {
        uint32_t capacity = segments->capacity == 0 ? 8 : segments->capacity * 2;
        struct segment *items = arena_alloc_array(compiler->arena, capacity, sizeof(*items));
        if (items == NULL) return compile_fail_memory(compiler);
        if (segments->count > 0) memcpy(items, segments->items, segments->count * sizeof(*items));
        segments->items = items;
        segments->capacity = capacity;
    }
    segments->items[segments->count++] = segment;
    return true;
}

// ['a'] or ['a', 'b']; `at` is on the first quote.
static bool compile_names(struct compiler *compiler, struct segments *segments)
{
    struct str *names = NULL;
    uint32_t count = 0, capacity = 0;
    char quote = *compiler->at;
    for (;;) {
        if (!compile_is_at(compiler, quote)) {
            return compile_fail(compiler, "Found empty property at index %zu", position(compiler));
        }
        if (count == capacity) {
            struct str *larger =
                arena_alloc_array(compiler->arena, capacity * 2 + 2, sizeof(*larger));
            if (larger == NULL) return compile_fail_memory(compiler);
            if (count > 0) memcpy(larger, names, count * sizeof(*larger));
            names = larger;
            capacity = capacity * 2 + 2;
        }
        if (!compile_quoted(compiler, &names[count])) return false;
        count++;
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, ']')) break;
        if (!compile_is_at(compiler, ',')) {
            return compile_fail(compiler,
                                "Property must be separated by comma or Property must be "
                                "terminated close square bracket at index %zu",
                                position(compiler));
        }
        compiler->at++;
        compile_skip_blanks(compiler);
    }
    compiler->at++;
    struct segment segment = {.kind = SEGMENT_NAME, .count = count, .quote = quote};
    if (count == 1) {
        segment.name = names[0];
    } else {
        segment.kind = SEGMENT_NAMES;
        segment.names = names;
    }
    return append_segment(compiler, segments, segment);
}

// A 32-bit integer; false without one or beyond the range, then nothing was read.
static bool take_integer(struct compiler *compiler, int32_t *ret_integer)
{
    const char *at = compiler->at;
    bool is_negative = at != compiler->end && *at == '-';
    if (is_negative) at++;
    const char *digits = at;
    int64_t value = 0;
    for (; at != compiler->end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
        if (value > (int64_t)INT32_MAX + is_negative) return false;
    }
    if (at == digits) return false;
    compiler->at = at;
    *ret_integer = (int32_t)(is_negative ? -value : value);
    return true;
}

// "1:3", "1:", ":3"; a step behind a second colon is read and has no effect, as in the library.
static bool compile_slice(struct compiler *compiler, struct slice *slice)
{
    slice->has_from = take_integer(compiler, &slice->from);
    if (!compile_is_at(compiler, ':')) return false;
    compiler->at++;
    slice->has_to = take_integer(compiler, &slice->to);
    while (compile_is_at(compiler, ':')) {
        int32_t ignored;
        compiler->at++;
        bool has_step = take_integer(compiler, &ignored);
        if (has_step && compile_is_at(compiler, '-')) return false;
    }
    return slice->has_from || slice->has_to;
}

// "1" or "1, 2" or "1,".
static bool compile_indices(struct compiler *compiler, struct segment *segment)
{
    int32_t *indices = NULL;
    uint32_t count = 0, capacity = 0;
    while (!compile_is_at(compiler, ']')) {
        if (count == capacity) {
            int32_t *larger = arena_alloc_array(compiler->arena, capacity * 2 + 4, sizeof(*larger));
            if (larger == NULL) return compile_fail_memory(compiler);
            if (count > 0) memcpy(larger, indices, count * sizeof(*larger));
            indices = larger;
            capacity = capacity * 2 + 4;
        }
        if (!take_integer(compiler, &indices[count])) return false;
        count++;
        compile_skip_blanks(compiler);
        if (!compile_is_at(compiler, ',')) break;
        compiler->at++;
        compile_skip_blanks(compiler);
    }
    segment->count = count;
    if (count == 1) {
        segment->kind = SEGMENT_INDEX;
        segment->index = indices[0];
    } else {
        segment->kind = SEGMENT_INDICES;
        segment->indices = indices;
    }
    return true;
}

static bool compile_array_segment(struct compiler *compiler, struct segments *segments)
{
    const char *start = compiler->at;
    struct segment segment = {.kind = SEGMENT_SLICE};
    const char *close = memchr(start, ']', (size_t)(compiler->end - start));
    bool is_slice = close != NULL && memchr(start, ':', (size_t)(close - start)) != NULL;
    bool is_ok =
        is_slice ? compile_slice(compiler, &segment.slice) : compile_indices(compiler, &segment);
    if (!is_ok && compiler->status != STATUS_OK) return false;
    compile_skip_blanks(compiler);
    if (!is_ok || !compile_is_at(compiler, ']')) {
        return compile_fail(compiler, "Failed to parse %s at index %zu",
                            is_slice ? "SliceOperation" : "ArrayIndexOperation",
                            (size_t)(start - compiler->start));
    }
    compiler->at++;
    return append_segment(compiler, segments, segment);
}

static bool expect_close(struct compiler *compiler, const char *what)
{
    compile_skip_blanks(compiler);
    if (compile_is_at(compiler, ']')) {
        compiler->at++;
        return true;
    }
    return compile_fail(compiler, "Expected %s to end with ']' on position %zu", what,
                        position(compiler));
}

static bool compile_bracket(struct compiler *compiler, struct segments *segments)
{
    size_t start = position(compiler);
    compiler->at++;
    compile_skip_blanks(compiler);
    char c = compiler->at == compiler->end ? '\0' : *compiler->at;
    if (c == '\'' || c == '"') return compile_names(compiler, segments);
    if ((c >= '0' && c <= '9') || c == '-' || c == ':') {
        return compile_array_segment(compiler, segments);
    }
    if (c == '*') {
        compiler->at++;
        if (!expect_close(compiler, "wildcard token")) return false;
        return append_segment(compiler, segments, (struct segment){.kind = SEGMENT_WILDCARD});
    }
    if (c == '?') {
        compiler->at++;
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, '(')) {
            struct segment segment = {.kind = SEGMENT_FILTER};
            compiler->at++;
            if (!compile_filter(compiler, &segment.filter)) return false;
            if (!expect_close(compiler, "filter")) return false;
            return append_segment(compiler, segments, segment);
        }
    }
    return compile_fail(
        compiler, "Could not parse token starting at position %zu. Expected ?, ', 0-9, * ", start);
}

static bool ends_operand(const struct compiler *compiler, const char *at)
{
    if (strchr(" <>=~!)", *at) != NULL && *at != '\0') return true;
    bool is_double = at + 1 != compiler->end && at[0] == at[1];
    return is_double && (*at == '&' || *at == '|');
}

static bool ends_path(const struct compiler *compiler, enum compile_mode mode)
{
    if (compiler->at == compiler->end) return true;
    char c = *compiler->at;
    if (mode == COMPILE_OPERAND) return ends_operand(compiler, compiler->at);
    return mode == COMPILE_PARAMETER && (c == ',' || c == ')' || c == ' ');
}

static bool compile_function(struct compiler *compiler, struct str name, struct segments *segments)
{
    struct function_call *call = ARENA_NEW(compiler->arena, struct function_call);
    if (call == NULL) return compile_fail_memory(compiler);
    if (!compile_parameters(compiler, call)) return false;
    if (!function_find(name, &call->function)) {
        return compile_fail(compiler, "Function with name: %" STR_FORMAT " does not exist.",
                            STR_ARGS(name));
    }
    struct segment segment = {.kind = SEGMENT_FUNCTION, .call = call};
    return append_segment(compiler, segments, segment);
}

// A name without quotes, or a function.
static bool compile_name(struct compiler *compiler, enum compile_mode mode,
                         struct segments *segments)
{
    const char *start = compiler->at;
    while (!ends_path(compiler, mode) && strchr(".[(", *compiler->at) == NULL) {
        if (*compiler->at == ' ') {
            return compile_fail(compiler,
                                "Use bracket notion ['my prop'] if your property contains blank "
                                "characters. position: %zu",
                                position(compiler));
        }
        compiler->at++;
    }
    struct str name = {start, (size_t)(compiler->at - start)};
    if (name.size == 0) {
        return compile_fail(compiler, "Could not parse token starting at position %zu",
                            position(compiler));
    }
    if (compile_is_at(compiler, '(')) {
        compiler->at++;
        return compile_function(compiler, name, segments);
    }
    struct segment segment = {.kind = SEGMENT_NAME, .count = 1, .quote = '\'', .name = name};
    return append_segment(compiler, segments, segment);
}

static bool compile_dots(struct compiler *compiler, struct segments *segments)
{
    compiler->at++;
    if (compile_is_at(compiler, '.')) {
        compiler->at++;
        struct segment segment = {.kind = SEGMENT_SCAN};
        if (!append_segment(compiler, segments, segment)) return false;
    }
    if (compiler->at == compiler->end) {
        return compile_fail(compiler, "Path must not end with a '.' or '..'");
    }
    if (*compiler->at == '.') {
        return compile_fail(compiler, "Character '.' on position %zu is not valid.",
                            position(compiler));
    }
    return true;
}

static bool compile_segments(struct compiler *compiler, enum compile_mode mode,
                             struct segments *segments)
{
    bool starts = compile_is_at(compiler, '.') || compile_is_at(compiler, '[');
    if (!starts && !ends_path(compiler, mode)) {
        return compile_fail(compiler, "Illegal character at position %zu expected '.' or '['",
                            position(compiler));
    }
    while (!ends_path(compiler, mode)) {
        if (*compiler->at == '.' && !compile_dots(compiler, segments)) return false;
        bool is_ok;
        if (*compiler->at == '[') {
            is_ok = compile_bracket(compiler, segments);
        } else if (*compiler->at == '*') {
            compiler->at++;
            is_ok = append_segment(compiler, segments, (struct segment){.kind = SEGMENT_WILDCARD});
        } else {
            is_ok = compile_name(compiler, mode, segments);
        }
        if (!is_ok) return false;
    }
    return true;
}

// "$..path.function()" means "$.function($..path)": one call with all matches.
static bool move_scan_into_function(struct compiler *compiler, struct segments *segments,
                                    const struct jsonpath *model)
{
    uint32_t at = 1;
    while (segments->items[at].kind != SEGMENT_FUNCTION)
        at++;
    if (at == 1) return compile_fail(compiler, "Path must not end with a '.' or '..'");
    struct jsonpath *inner = arena_alloc(compiler->arena, sizeof(*inner));
    struct parameter *parameter = ARENA_NEW(compiler->arena, struct parameter);
    struct function_call *call = ARENA_NEW(compiler->arena, struct function_call);
    if (inner == NULL || parameter == NULL || call == NULL) return compile_fail_memory(compiler);
    *inner = *model;
    inner->segments = segments->items;
    inner->count = at;
    parameter->path = inner;
    *call = (struct function_call){segments->items[at].call->function, 1, parameter};
    segments->items += at;
    segments->count -= at;
    segments->capacity -= at;
    segments->items[0].call = call;
    return true;
}

// The length of a path's matches is that of their children, so the path is given a wildcard.
static bool add_wildcard(struct compiler *compiler, struct function_call *call)
{
    if (call->function != FUNCTION_LENGTH || call->count == 0) return true;
    const struct jsonpath *path = call->parameters[0].path;
    if (path == NULL || path->is_function || path->count == 0) return true;
    struct segment *items = arena_alloc_array(compiler->arena, path->count + 1, sizeof(*items));
    struct jsonpath *longer = arena_alloc(compiler->arena, sizeof(*longer));
    struct parameter *parameter = ARENA_NEW(compiler->arena, struct parameter);
    if (items == NULL || longer == NULL || parameter == NULL) return compile_fail_memory(compiler);
    memcpy(items, path->segments, path->count * sizeof(*items));
    items[path->count] = (struct segment){.kind = SEGMENT_WILDCARD};
    *longer = *path;
    longer->segments = items;
    longer->count = path->count + 1;
    parameter->path = longer;
    call->parameters = parameter;
    call->count = 1;
    return true;
}

static bool is_segment_definite(const struct segment *segment, bool is_last)
{
    switch (segment->kind) {
    case SEGMENT_NAME:
    case SEGMENT_INDEX:
    case SEGMENT_FUNCTION: return true;
    case SEGMENT_NAMES: return is_last; // Then the members are merged to one object.
    case SEGMENT_INDICES:
    case SEGMENT_SLICE:
    case SEGMENT_WILDCARD:
    case SEGMENT_SCAN:
    case SEGMENT_FILTER: return false;
    }
    return false;
}

// What evaluation wants to know beforehand.
static void finish(struct jsonpath *path, struct segment *segments, uint32_t count)
{
    path->segments = segments;
    path->count = count;
    path->is_definite = path->is_simple = true;
    path->is_function = count > 0 && segments[count - 1].kind == SEGMENT_FUNCTION;
    for (uint32_t i = 0; i < count; i++) {
        struct segment *segment = &segments[i];
        segment->is_definite = is_segment_definite(segment, i + 1 == count);
        segment->is_upstream_definite = path->is_definite;
        path->is_definite = path->is_definite && segment->is_definite;
        bool is_simple = segment->kind == SEGMENT_NAME || segment->kind == SEGMENT_INDEX;
        path->is_simple = path->is_simple && is_simple;
    }
}

static bool finish_functions(struct compiler *compiler, const struct segments *segments)
{
    for (uint32_t i = 0; i < segments->count; i++) {
        if (segments->items[i].kind != SEGMENT_FUNCTION) continue;
        struct function_call *call = segments->items[i].call;
        if (!add_wildcard(compiler, call)) return false;
        for (uint32_t k = 0; k < call->count; k++) {
            struct jsonpath *path = call->parameters[k].path;
            if (path != NULL) finish(path, path->segments, path->count);
        }
    }
    return true;
}

bool compile_path(struct compiler *compiler, enum compile_mode mode, bool starts_at_item,
                  struct jsonpath **ret_path)
{
    if (++compiler->depth > NESTING_MAX) {
        return compile_fail(compiler, "Path is nested more than %d levels", NESTING_MAX);
    }
    struct segments segments = {0};
    struct jsonpath *path = ARENA_NEW(compiler->arena, struct jsonpath);
    if (path == NULL) return compile_fail_memory(compiler);
    path->starts_at_item = starts_at_item;
    if (!compile_segments(compiler, mode, &segments)) return false;
    if (segments.count > 0 && segments.items[segments.count - 1].kind == SEGMENT_FUNCTION &&
        segments.items[0].kind == SEGMENT_SCAN) {
        if (!move_scan_into_function(compiler, &segments, path)) return false;
    }
    if (!finish_functions(compiler, &segments)) return false;
    finish(path, segments.items, segments.count);
    compiler->depth--;
    *ret_path = path;
    return true;
}

static bool is_reference(struct compiler *compiler, const struct jsonpath *path)
{
    for (uint32_t i = 0; i < path->count; i++) {
        const struct segment *segment = &path->segments[i];
        if (segment->kind == SEGMENT_NAME) continue;
        if (segment->kind == SEGMENT_INDEX && segment->index >= 0) continue;
        return compile_fail(compiler, "Reference path may only contain names and indices");
    }
    return true;
}

static bool is_variable_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80) != 0;
}

// "$", "$$" or "$name".
static bool compile_root(struct compiler *compiler, unsigned flags, struct jsonpath *root)
{
    if (!compile_is_at(compiler, '$')) {
        return compile_fail(compiler, "Path must start with '$'");
    }
    compiler->at++;
    root->root = JSONPATH_ROOT_DATA;
    if ((flags & JSONPATH_ALLOW_ROOTS) == 0) return true;
    if (compile_is_at(compiler, '$')) {
        compiler->at++;
        root->root = JSONPATH_ROOT_CONTEXT;
        return true;
    }
    const char *name = compiler->at;
    while (compiler->at != compiler->end && is_variable_byte(*compiler->at))
        compiler->at++;
    if (compiler->at == name) return true;
    if (*name >= '0' && *name <= '9') {
        return compile_fail(compiler, "Illegal character at position 1 expected '.' or '['");
    }
    root->root = JSONPATH_ROOT_VARIABLE;
    root->variable = (struct str){name, (size_t)(compiler->at - name)};
    return true;
}

static bool compile_all(struct compiler *compiler, unsigned flags, struct str text,
                        const struct jsonpath **ret_path)
{
    struct jsonpath root = {0};
    struct jsonpath *path;
    if (!compile_root(compiler, flags, &root)) return false;
    if (!compile_path(compiler, COMPILE_WHOLE, false, &path)) return false;
    if ((flags & JSONPATH_REFERENCE) != 0 && !is_reference(compiler, path)) return false;
    path->root = root.root;
    path->variable = root.variable;
    path->text = text;
    path->flags = flags;
    *ret_path = path;
    return true;
}

enum status jsonpath_compile(struct arena *arena, struct str text, unsigned flags,
                             const struct jsonpath **ret_path, struct str *reterr_message)
{
    struct str own_text;
    if (!arena_copy_str(arena, text, &own_text)) return STATUS_NO_MEMORY;
    struct compiler compiler = {
        .arena = arena,
        .start = own_text.data,
        .at = own_text.data,
        .end = own_text.data + own_text.size,
    };
    compile_skip_blanks(&compiler);
    while (compiler.end != compiler.at && compiler.end[-1] == ' ')
        compiler.end--;
    if (text.size > TEXT_SIZE_MAX) {
        compile_fail(&compiler, "Path is longer than %d bytes", TEXT_SIZE_MAX);
    } else if (compile_all(&compiler, flags, own_text, ret_path)) {
        return STATUS_OK;
    }
    if (compiler.status == STATUS_INVALID && reterr_message != NULL) {
        *reterr_message = compiler.message;
    }
    return compiler.status;
}

enum jsonpath_root jsonpath_root(const struct jsonpath *path)
{
    return path->root;
}

struct str jsonpath_variable(const struct jsonpath *path)
{
    return path->variable;
}

struct str jsonpath_text(const struct jsonpath *path)
{
    return path->text;
}

bool jsonpath_is_definite(const struct jsonpath *path)
{
    return path->is_definite;
}

bool jsonpath_is_root(const struct jsonpath *path)
{
    return path->count == 0;
}
