// A recursive descent over the text of a call; every failure is the same to the caller, so the
// parser only says yes or no.

#include <assert.h>

#include "asl/compile.h"
#include "asl/intrinsic.h"

struct parser {
    struct asl_compiler *compiler;
    struct str rest;
    uint32_t depth;
};

struct signature {
    struct str name;
    uint32_t least;
    uint32_t most;
    bool gives_string;
};

static const struct signature signatures[] = {
#define INTRINSIC(name, text, least, most, function, gives_string)                                 \
    {STR_INIT(text), least, most, gives_string},
#include "asl/intrinsic.def"
#undef INTRINSIC
};

static const struct asl_intrinsic *parse_call(struct parser *parser);

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Returns whether there was any white space.
static bool skip_blanks(struct parser *parser)
{
    size_t before = parser->rest.size;
    while (parser->rest.size > 0 && is_blank(parser->rest.data[0]))
        parser->rest = str_skip(parser->rest, 1);
    return parser->rest.size < before;
}

static bool take(struct parser *parser, char c)
{
    if (parser->rest.size == 0 || parser->rest.data[0] != c) return false;
    parser->rest = str_skip(parser->rest, 1);
    return true;
}

// The raw text between single quotes; its escapes have been checked.
static bool take_quoted(struct parser *parser, struct str *ret_raw)
{
    if (!take(parser, '\'')) return false;
    for (size_t i = 0; i < parser->rest.size; i++) {
        char c = parser->rest.data[i];
        if (c == '\'') {
            *ret_raw = str_slice(parser->rest, 0, i);
            parser->rest = str_skip(parser->rest, i + 1);
            return true;
        }
        if (c == '\\') {
            i++;
            if (i == parser->rest.size || strchr("'{}\\", parser->rest.data[i]) == NULL ||
                parser->rest.data[i] == '\0')
                return false;
        }
    }
    return false;
}

static bool unescape(struct arena *arena, struct str raw, struct str *ret_text)
{
    char *data = arena_alloc(arena, raw.size);
    if (data == NULL) return false;
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        if (raw.data[i] == '\\') i++;
        data[size++] = raw.data[i];
    }
    *ret_text = (struct str){data, size};
    return true;
}

// Up to a comma, a blank or a closing parenthesis that is not inside brackets, parentheses or
// quotes of the path itself.
static struct str take_path(struct parser *parser)
{
    struct str rest = parser->rest;
    size_t depth = 0, size = 0;
    char quote = '\0';
    for (; size < rest.size; size++) {
        char c = rest.data[size];
        if (quote != '\0') {
            if (c == '\\') size++;
            if (c == quote) quote = '\0';
        } else if (depth > 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == '[' || c == '(') {
            depth++;
        } else if (depth > 0 && (c == ']' || c == ')')) {
            depth--;
        } else if (depth == 0 && (c == ',' || c == ')' || is_blank(c))) {
            break;
        }
    }
    struct str path = str_slice(rest, 0, size);
    parser->rest = str_skip(rest, path.size);
    return path;
}

// A number or one of the words true, false and null: all of them are JSON.
static bool take_json(struct parser *parser, struct json *ret_value)
{
    size_t size = 0;
    while (size < parser->rest.size && !is_blank(parser->rest.data[size]) &&
           parser->rest.data[size] != ',' && parser->rest.data[size] != ')')
        size++;
    struct str text = str_slice(parser->rest, 0, size);
    if (text.size == 0 || strchr("-0123456789tfn", text.data[0]) == NULL) return false;
    parser->rest = str_skip(parser->rest, size);
    return json_parse(parser->compiler->arena, text, JSON_PARSE_COPY, ret_value, NULL) == STATUS_OK;
}

static bool parse_argument(struct parser *parser, struct asl_argument *ret_argument,
                           struct str *ret_raw)
{
    struct arena *arena = parser->compiler->arena;
    char first = parser->rest.size == 0 ? '\0' : parser->rest.data[0];
    if (first == '\'') {
        struct str text;
        if (!take_quoted(parser, ret_raw) || !unescape(arena, *ret_raw, &text)) return false;
        *ret_argument = (struct asl_argument){.literal = json_from_str(text)};
        return true;
    }
    if (first == '$') {
        const struct jsonpath *path =
            asl_compile_path_text(parser->compiler, take_path(parser), JSONPATH_ALLOW_ROOTS);
        *ret_argument = (struct asl_argument){.kind = ASL_ARGUMENT_PATH, .path = path};
        return path != NULL;
    }
    if (first == 'S') {
        const struct asl_intrinsic *call = parse_call(parser);
        *ret_argument = (struct asl_argument){.kind = ASL_ARGUMENT_CALL, .call = call};
        return call != NULL;
    }
    *ret_argument = (struct asl_argument){.kind = ASL_ARGUMENT_LITERAL};
    return take_json(parser, &ret_argument->literal);
}

struct argument_list {
    struct asl_argument *items;
    uint32_t count;
    uint32_t capacity;
    struct str first_raw; // Of the first argument when it is quoted text.
};

static bool append(struct parser *parser, struct argument_list *list, struct asl_argument argument)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        struct asl_argument *items =
            arena_alloc_array(parser->compiler->arena, capacity, sizeof(*items));
        if (items == NULL) return false;
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = argument;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_INTRINSIC_NESTED_MAX deep.
static bool parse_arguments(struct parser *parser, struct argument_list *list)
{
    skip_blanks(parser);
    if (take(parser, ')')) return true;
    while (true) {
        struct asl_argument argument;
        struct str raw = {0};
        if (!parse_argument(parser, &argument, &raw)) return false;
        if (list->count == 0) list->first_raw = raw;
        if (!append(parser, list, argument)) return false;
        bool is_apart = skip_blanks(parser);
        if (take(parser, ')')) return true;
        if (take(parser, ','))
            skip_blanks(parser);
        else if (!is_apart)
            return false;
    }
}

static bool find_function(struct str name, enum asl_intrinsic_function *ret_function)
{
    for (size_t i = 0; i < ARRAY_COUNT(signatures); i++) {
        if (str_equal(signatures[i].name, name)) {
            *ret_function = (enum asl_intrinsic_function)i;
            return true;
        }
    }
    return false;
}

bool asl_format_cut(struct arena *arena, struct str template, struct asl_format *ret_format)
{
    struct str *texts = arena_alloc_array(arena, template.size / 2 + 1, sizeof(*texts));
    char *data = arena_alloc(arena, template.size);
    if (texts == NULL || data == NULL) return false;
    *ret_format = (struct asl_format){.texts = texts};
    texts[0] = (struct str){data, 0};
    for (size_t i = 0; i < template.size; i++) {
        struct str *text = &texts[ret_format->placeholder_count];
        char c = template.data[i];
        char next = i + 1 < template.size ? template.data[i + 1] : '\0';
        if (c == '{' && next == '}') {
            i++;
            texts[++ret_format->placeholder_count] = (struct str){data, 0};
            continue;
        }
        if (c == '{' || c == '}') ret_format->is_broken = true;
        if (c == '\\' && next != '\0' && strchr("'{}\\", next) != NULL) c = template.data[++i];
        *data++ = c;
        text->size++;
    }
    return true;
}

static const struct asl_format *compile_format(struct arena *arena,
                                               const struct argument_list *list)
{
    if (list->first_raw.data == NULL) return NULL;
    struct asl_format *format = ARENA_NEW(arena, struct asl_format);
    if (format == NULL || !asl_format_cut(arena, list->first_raw, format)) return NULL;
    return format;
}

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_INTRINSIC_NESTED_MAX deep.
static const struct asl_intrinsic *parse_call(struct parser *parser)
{
    struct str start = parser->rest;
    size_t name_size = str_find_byte(start, '(');
    enum asl_intrinsic_function function;
    if (name_size == SIZE_MAX || !find_function(str_slice(start, 0, name_size), &function))
        return NULL;
    if (++parser->depth > ASL_INTRINSIC_NESTED_MAX) return NULL;
    parser->rest = str_skip(start, name_size + 1);
    struct argument_list list = {0};
    if (!parse_arguments(parser, &list)) return NULL;
    parser->depth--;
    if (list.count < signatures[function].least || list.count > signatures[function].most)
        return NULL;

    struct arena *arena = parser->compiler->arena;
    struct asl_intrinsic *intrinsic = ARENA_NEW(arena, struct asl_intrinsic);
    if (intrinsic == NULL) return NULL;
    intrinsic->function = function;
    intrinsic->text = str_slice(start, 0, start.size - parser->rest.size);
    intrinsic->argument_count = list.count;
    intrinsic->arguments = list.items;
    if (function == ASL_INTRINSIC_FORMAT) intrinsic->format = compile_format(arena, &list);
    return intrinsic;
}

const struct asl_intrinsic *asl_intrinsic_compile(struct asl_compiler *compiler, struct str text)
{
    assert(compiler != NULL);
    struct str copy;
    if (!arena_copy_str(compiler->arena, text, &copy)) return NULL;
    struct parser parser = {.compiler = compiler, .rest = copy};
    const struct asl_intrinsic *intrinsic = parse_call(&parser);
    return parser.rest.size == 0 ? intrinsic : NULL;
}

bool asl_intrinsic_gives_string(const struct asl_intrinsic *intrinsic)
{
    return signatures[intrinsic->function].gives_string;
}

struct str asl_intrinsic_suggest(struct str name)
{
    struct asl_suggestion suggestion = asl_suggest_start(name);
    for (size_t i = 0; i < ARRAY_COUNT(signatures); i++)
        asl_suggest_offer(&suggestion, signatures[i].name);
    return suggestion.best;
}
