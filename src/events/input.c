// A template is cut into pieces once: literal text, and placeholders that know whether they stand
// inside quotes. What is in angle brackets and names nothing stays as it is.

#include "events/input.h"

#include "jsonpath/jsonpath.h"

enum reserved { RESERVED_NONE, RESERVED_EVENT, RESERVED_TIME, RESERVED_ARN, RESERVED_NAME };

static const struct {
    const char *name;
    enum reserved reserved;
} reserved_names[] = {
    {"aws.events.event", RESERVED_EVENT},
    {"aws.events.event.json", RESERVED_EVENT},
    {"aws.events.event.ingestion-time", RESERVED_TIME},
    {"aws.events.rule-arn", RESERVED_ARN},
    {"aws.events.rule-name", RESERVED_NAME},
};

struct events_input_piece {
    struct str text;             // Literal, unless one of the next two is set.
    const struct jsonpath *path; // The value there.
    enum reserved reserved;
    bool is_quoted; // Stands inside quotes.
};

struct variable {
    struct str name;
    const struct jsonpath *path;
};

struct compiling {
    struct arena *arena;
    struct str target_id;
    struct variable variables[EVENTS_INPUT_PATHS_MAX];
    size_t variable_count;
    struct str message;
};

static enum status refuse(struct compiling *compiling, const char *format, ...) PRINTF(2, 3);
static enum status refuse(struct compiling *compiling, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    compiling->message = arena_vprintf(compiling->arena, format, args);
    va_end(args);
    return compiling->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
}

// ---------------------------------------------------------------------------------------------
// Compiling

static enum status compile_path(struct compiling *compiling, const struct json *text,
                                const struct jsonpath **ret_path)
{
    struct str why;
    if (!json_is_string(text)) return refuse(compiling, "Paths of a target must be strings.");
    enum status status = jsonpath_compile(compiling->arena, json_str(text), 0, ret_path, &why);
    if (status != STATUS_INVALID) return status;
    return refuse(compiling, "Invalid JSON path provided for target %" STR_FORMAT ".",
                  STR_ARGS(compiling->target_id));
}

static enum status compile_variables(struct compiling *compiling, const struct json *map)
{
    if (map == NULL || !json_is_object(map)) return STATUS_OK;
    if (map->size > EVENTS_INPUT_PATHS_MAX) {
        return refuse(compiling, "InputPathsMap of target %" STR_FORMAT " has more than 100 paths.",
                      STR_ARGS(compiling->target_id));
    }
    for (uint32_t i = 0; i < map->size; i++) {
        const struct json_member *member = &map->members[i];
        struct variable *variable = &compiling->variables[compiling->variable_count++];
        variable->name = json_str(&member->name);
        if (str_starts_with(variable->name, STR("AWS"))) {
            return refuse(compiling,
                          "InputPathsMap of target %" STR_FORMAT " has the name %" STR_FORMAT
                          ": names must not begin with AWS.",
                          STR_ARGS(compiling->target_id), STR_ARGS(variable->name));
        }
        enum status status = compile_path(compiling, &member->value, &variable->path);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

// What `name` stands for, into `piece`. Returns false when it is nobody's name.
static bool find_placeholder(const struct compiling *compiling, struct str name,
                             struct events_input_piece *piece)
{
    for (size_t i = 0; i < ARRAY_COUNT(reserved_names); i++) {
        if (str_is(name, reserved_names[i].name)) {
            piece->reserved = reserved_names[i].reserved;
            return true;
        }
    }
    for (size_t i = 0; i < compiling->variable_count; i++) {
        if (str_equal(name, compiling->variables[i].name)) {
            piece->path = compiling->variables[i].path;
            return true;
        }
    }
    return false;
}

// The placeholder at the front of `rest`, or none.
static bool take_placeholder(const struct compiling *compiling, struct str *rest,
                             struct events_input_piece *piece)
{
    size_t end = str_find_byte(*rest, '>');
    if (end == SIZE_MAX) return false;
    if (!find_placeholder(compiling, str_slice(*rest, 1, end - 1), piece)) return false;
    *rest = str_skip(*rest, end + 1);
    return true;
}

static enum status compile_template(struct compiling *compiling, struct str text,
                                    struct events_input *input)
{
    size_t marks = 0, count = 0;
    for (size_t i = 0; i < text.size; i++)
        marks += text.data[i] == '<';
    struct events_input_piece *pieces =
        arena_alloc_array(compiling->arena, 2 * marks + 1, sizeof(*pieces));
    if (pieces == NULL) return STATUS_NO_MEMORY;
    bool is_quoted = false;
    struct str rest = text, literal = {text.data, 0};
    while (rest.size > 0) {
        struct events_input_piece piece = {.is_quoted = is_quoted};
        if (rest.data[0] == '<' && take_placeholder(compiling, &rest, &piece)) {
            if (literal.size > 0) pieces[count++] = (struct events_input_piece){.text = literal};
            pieces[count++] = piece;
            literal = (struct str){rest.data, 0};
            continue;
        }
        size_t size = rest.data[0] == '\\' && rest.size > 1 ? 2 : 1;
        if (rest.data[0] == '"') is_quoted = !is_quoted;
        literal.size += size;
        rest = str_skip(rest, size);
    }
    if (literal.size > 0) pieces[count++] = (struct events_input_piece){.text = literal};
    input->kind = EVENTS_INPUT_TEMPLATE;
    input->pieces = pieces;
    input->piece_count = count;
    return STATUS_OK;
}

static enum status compile_transformer(struct compiling *compiling, const struct json *transformer,
                                       struct events_input *input)
{
    const struct json *template = JSON_FIND(transformer, "InputTemplate");
    if (template == NULL || !json_is_string(template)) {
        return refuse(compiling, "InputTransformer of target %" STR_FORMAT " needs InputTemplate.",
                      STR_ARGS(compiling->target_id));
    }
    if (template->size > EVENTS_INPUT_SIZE_MAX) {
        return refuse(compiling, "InputTemplate for target %" STR_FORMAT " is too large.",
                      STR_ARGS(compiling->target_id));
    }
    enum status status = compile_variables(compiling, JSON_FIND(transformer, "InputPathsMap"));
    return status == STATUS_OK ? compile_template(compiling, json_str(template), input) : status;
}

static enum status compile_constant(struct compiling *compiling, const struct json *text,
                                    struct events_input *input)
{
    struct json value;
    if (!json_is_string(text) || text->size > EVENTS_INPUT_SIZE_MAX) {
        return refuse(compiling, "Input for target %" STR_FORMAT " is too large.",
                      STR_ARGS(compiling->target_id));
    }
    enum status status = json_parse(compiling->arena, json_str(text), 0, &value, NULL);
    if (status == STATUS_INVALID) {
        return refuse(compiling, "JSON syntax error in input for target %" STR_FORMAT ".",
                      STR_ARGS(compiling->target_id));
    }
    input->kind = EVENTS_INPUT_CONSTANT;
    input->constant = json_str(text);
    return status;
}

static const struct json *present(const struct json *target, struct str name)
{
    const struct json *value = json_find(target, name);
    return value == NULL || json_is_null(value) ? NULL : value;
}

enum status events_input_compile(struct arena *arena, const struct json *target,
                                 struct events_input *ret_input, struct str *reterr_message)
{
    const struct json *constant = present(target, STR("Input"));
    const struct json *path = present(target, STR("InputPath"));
    const struct json *transformer = present(target, STR("InputTransformer"));
    struct compiling *compiling = ARENA_NEW(arena, struct compiling);
    struct events_input input = {.kind = EVENTS_INPUT_EVENT};
    enum status status = STATUS_OK;
    if (compiling == NULL) return STATUS_NO_MEMORY;
    compiling->arena = arena;
    compiling->target_id = JSON_FIND_STR(target, "Id");
    if ((constant != NULL) + (path != NULL) + (transformer != NULL) > 1) {
        status = refuse(compiling,
                        "Only one of Input, InputPath, or InputTransformer must be provided for "
                        "target %" STR_FORMAT ".",
                        STR_ARGS(compiling->target_id));
    } else if (constant != NULL) {
        status = compile_constant(compiling, constant, &input);
    } else if (path != NULL) {
        input.kind = EVENTS_INPUT_PATH;
        status = compile_path(compiling, path, &input.path);
    } else if (transformer != NULL) {
        status = compile_transformer(compiling, transformer, &input);
    }
    if (status == STATUS_OK) *ret_input = input;
    if (status == STATUS_INVALID) *reterr_message = compiling->message;
    return status;
}

// ---------------------------------------------------------------------------------------------
// Rendering

// A JSON string without its quotes.
static void append_inner(struct buffer *buffer, struct str text)
{
    size_t start = buffer->size;
    json_render_string(buffer, text);
    if (buffer->is_failed) return;
    memmove(buffer->data + start, buffer->data + start + 1, buffer->size - start - 2);
    buffer->size -= 2;
}

static void append_value(struct buffer *buffer, const struct json *value, bool is_quoted,
                         struct arena *scratch)
{
    if (!is_quoted) {
        json_render(buffer, value);
    } else if (json_is_string(value)) {
        append_inner(buffer, json_str(value));
    } else {
        append_inner(buffer, json_render_to_arena(scratch, value));
    }
}

static void append_at_path(struct buffer *buffer, const struct jsonpath *path,
                           const struct json *event, bool is_quoted, struct arena *scratch)
{
    struct json value;
    if (jsonpath_evaluate(path, event, event, scratch, &value, NULL) == STATUS_OK) {
        append_value(buffer, &value, is_quoted, scratch);
    } else if (!is_quoted) {
        buffer_append_str(buffer, STR("null"));
    }
}

static void append_reserved(struct buffer *buffer, const struct events_input_piece *piece,
                            struct str event_text, const struct events_input_facts *facts)
{
    struct str text = piece->reserved == RESERVED_ARN    ? facts->rule_arn
                      : piece->reserved == RESERVED_NAME ? facts->rule_name
                      : piece->reserved == RESERVED_TIME ? facts->ingestion_time
                                                         : event_text;
    if (piece->is_quoted) {
        append_inner(buffer, text);
    } else if (piece->reserved == RESERVED_EVENT) {
        buffer_append_str(buffer, text);
    } else {
        json_render_string(buffer, text);
    }
}

void events_input_render(const struct events_input *input, const struct json *event,
                         struct str event_text, const struct events_input_facts *facts,
                         struct arena *scratch, struct buffer *buffer)
{
    switch (input->kind) {
    case EVENTS_INPUT_EVENT: buffer_append_str(buffer, event_text); return;
    case EVENTS_INPUT_CONSTANT: buffer_append_str(buffer, input->constant); return;
    case EVENTS_INPUT_PATH: append_at_path(buffer, input->path, event, false, scratch); return;
    case EVENTS_INPUT_TEMPLATE: break;
    }
    for (size_t i = 0; i < input->piece_count; i++) {
        const struct events_input_piece *piece = &input->pieces[i];
        if (piece->reserved != RESERVED_NONE) {
            append_reserved(buffer, piece, event_text, facts);
        } else if (piece->path != NULL) {
            append_at_path(buffer, piece->path, event, piece->is_quoted, scratch);
        } else {
            buffer_append_str(buffer, piece->text);
        }
    }
}
