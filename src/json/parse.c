// One pass with an explicit stack: finished values wait in one contiguous area until their
// container closes, so that every array and object gets its final place in the arena with one
// allocation.

#include "json/parse.h"

#include <assert.h>
#include <stdlib.h>

enum { PENDING_ON_STACK = 256 };

static inline bool is_white_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline void skip_white_space(struct json_parser *parser)
{
    while (parser->at != parser->end && is_white_space(*parser->at))
        parser->at++;
}

// Whatever waits will be copied to the arena in the end, so an arena that cannot take it is as good
// as exhausted now; that bounds the heap used here by the arena's limit.
static bool grow_pending(struct json_parser *parser)
{
    size_t capacity = (size_t)parser->pending_capacity * 2;
    struct arena *arena = parser->arena;
    size_t left = arena->limit_bytes - arena->used_bytes + (size_t)(arena->end - arena->next);
    bool is_too_large = parser->pending_count * sizeof(struct json) > left;
    if (is_too_large || capacity >= NO_CONTAINER) {
        arena->is_exhausted = true;
        return false;
    }
    struct json *heap = realloc(parser->pending_heap, capacity * sizeof(*heap));
    if (heap == NULL) {
        arena->is_exhausted = true;
        return false;
    }
    if (parser->pending_heap == NULL) {
        memcpy(heap, parser->pending, parser->pending_count * sizeof(*heap));
    }
    parser->pending = parser->pending_heap = heap;
    parser->pending_capacity = (uint32_t)capacity;
    return true;
}

static inline bool push(struct json_parser *parser, struct json value)
{
    if (UNLIKELY(parser->pending_count == parser->pending_capacity)) {
        if (!grow_pending(parser)) return false;
    }
    parser->pending[parser->pending_count++] = value;
    return true;
}

static enum status open_container(struct json_parser *parser, uint8_t type)
{
    if (parser->depth == JSON_DEPTH_MAX) {
        return json_parse_fail(parser,
                               "Document nesting depth (%d) exceeds the maximum allowed (%d)",
                               JSON_DEPTH_MAX + 1, JSON_DEPTH_MAX);
    }
    uint32_t index = parser->pending_count;
    if (!push(parser, (struct json){.type = type, .size = parser->container})) {
        return STATUS_NO_MEMORY;
    }
    parser->container = index;
    parser->depth++;
    parser->at++;
    return STATUS_OK;
}

// The waiting values behind the open container become its content, and it a finished value.
static enum status close_container(struct json_parser *parser)
{
    struct json *container = &parser->pending[parser->container];
    uint32_t outer = container->size;
    size_t size = parser->pending_count - parser->container - 1;
    struct json value = {.type = container->type};
    if (size > 0) {
        void *place = arena_alloc(parser->arena, size * sizeof(struct json));
        if (UNLIKELY(place == NULL)) return STATUS_NO_MEMORY;
        memcpy(place, container + 1, size * sizeof(struct json));
        if (value.type == JSON_OBJECT) {
            size_t count = size / 2;
            enum status status = json_drop_duplicates(place, &count);
            if (UNLIKELY(status != STATUS_OK)) return status;
            value.members = place;
            value.size = (uint32_t)count;
        } else {
            value.items = place;
            value.size = (uint32_t)size;
        }
    }
    *container = value;
    parser->pending_count = parser->container + 1;
    parser->container = outer;
    parser->depth--;
    parser->at++;
    return STATUS_OK;
}

static inline bool take_word(struct json_parser *parser, const char *word, size_t size)
{
    if ((size_t)(parser->end - parser->at) < size || memcmp(parser->at, word, size) != 0) {
        return false;
    }
    parser->at += size;
    if (parser->at != parser->end && json_is_identifier_byte(*parser->at)) {
        parser->at -= size; // "nullx" is one unknown token.
        return false;
    }
    return true;
}

static enum status parse_word(struct json_parser *parser)
{
    static const struct {
        const char *text;
        size_t size;
        struct json value;
    } words[] = {
        {"true", 4, {.type = JSON_TRUE}},
        {"false", 5, {.type = JSON_FALSE}},
        {"null", 4, {.type = JSON_NULL}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (take_word(parser, words[i].text, words[i].size)) {
            return push(parser, words[i].value) ? STATUS_OK : STATUS_NO_MEMORY;
        }
    }
    return json_parse_fail_token(parser);
}

static enum status parse_name(struct json_parser *parser)
{
    if (parser->at == parser->end) return json_parse_fail_open(parser);
    if (*parser->at != '"') {
        return json_parse_fail_character(parser, "was expecting double-quote to start field name");
    }
    parser->at++;
    struct json name;
    enum status status = json_parse_string(parser, true, &name);
    if (UNLIKELY(status != STATUS_OK)) return status;
    if (UNLIKELY(!push(parser, name))) return STATUS_NO_MEMORY;
    skip_white_space(parser);
    if (parser->at == parser->end) {
        return json_parse_fail_end(parser, " within/between Object entries");
    }
    if (*parser->at != ':') {
        return json_parse_fail_character(parser,
                                         "was expecting a colon to separate field name and value");
    }
    parser->at++;
    return STATUS_OK;
}

static enum status parse_scalar(struct json_parser *parser, char first)
{
    struct json value;
    enum status status;
    if (first == '"') {
        parser->at++;
        status = json_parse_string(parser, false, &value);
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        status = json_parse_number(parser, &value);
    } else {
        return parse_word(parser);
    }
    if (UNLIKELY(status != STATUS_OK)) return status;
    return LIKELY(push(parser, value)) ? STATUS_OK : STATUS_NO_MEMORY;
}

// The start of a value: a whole scalar or the opening of a container, up to where the next value
// starts or (`ret_is_complete`) behind a complete one.
static enum status parse_value_start(struct json_parser *parser, bool *ret_is_complete)
{
    skip_white_space(parser);
    if (parser->at == parser->end) {
        if (parser->container != NO_CONTAINER) return json_parse_fail_open(parser);
        return json_parse_fail(parser, "No content to map due to end-of-input");
    }
    char first = *parser->at;
    *ret_is_complete = true;
    if (first != '{' && first != '[') return parse_scalar(parser, first);

    enum status status = open_container(parser, first == '{' ? JSON_OBJECT : JSON_ARRAY);
    if (UNLIKELY(status != STATUS_OK)) return status;
    skip_white_space(parser);
    if (parser->at != parser->end && *parser->at == (first == '{' ? '}' : ']')) {
        return close_container(parser);
    }
    *ret_is_complete = false;
    return first == '{' ? parse_name(parser) : STATUS_OK;
}

// Behind a complete value in a container: the comma before the next value, or the container's end
// (`ret_is_complete`: then the container is the complete value).
static enum status parse_value_end(struct json_parser *parser, bool *ret_is_complete)
{
    bool is_object = parser->pending[parser->container].type == JSON_OBJECT;
    skip_white_space(parser);
    if (parser->at == parser->end) return json_parse_fail_open(parser);
    char c = *parser->at;
    *ret_is_complete = false;
    if (c == ',') {
        parser->at++;
        if (!is_object) return STATUS_OK;
        skip_white_space(parser);
        return parse_name(parser);
    }
    if (c == (is_object ? '}' : ']')) {
        *ret_is_complete = true;
        return close_container(parser);
    }
    if (c == '}' || c == ']') return json_parse_fail_mismatch(parser);
    return json_parse_fail_character(parser, is_object
                                                 ? "was expecting comma to separate Object entries"
                                                 : "was expecting comma to separate Array entries");
}

static enum status parse_document(struct json_parser *parser)
{
    for (;;) {
        bool is_complete;
        enum status status = parse_value_start(parser, &is_complete);
        while (LIKELY(status == STATUS_OK) && is_complete) {
            if (parser->container == NO_CONTAINER) return STATUS_OK;
            status = parse_value_end(parser, &is_complete);
        }
        if (UNLIKELY(status != STATUS_OK)) return status;
    }
}

static enum status expect_end(struct json_parser *parser)
{
    skip_white_space(parser);
    if (parser->at == parser->end) return STATUS_OK;
    switch (*parser->at) {
    case '{':
    case '[':
    case '"':
    case '-': return json_parse_fail(parser, "Trailing token found after value");
    case '}':
    case ']': return json_parse_fail_mismatch(parser);
    default: break;
    }
    bool is_digit = *parser->at >= '0' && *parser->at <= '9';
    if (is_digit) return json_parse_fail(parser, "Trailing token found after value");
    enum status status = parse_word(parser);
    if (status != STATUS_OK) return status;
    return json_parse_fail(parser, "Trailing token found after value");
}

enum status json_parse(struct arena *arena, struct str text, unsigned flags, struct json *ret_value,
                       struct json_error *reterr_error)
{
    struct json on_stack[PENDING_ON_STACK];
    struct json_parser parser = {
        .arena = arena,
        .at = text.data,
        .end = text.data + text.size,
        .start = text.data,
        .flags = flags,
        .reterr_error = reterr_error,
        .pending = on_stack,
        .pending_capacity = PENDING_ON_STACK,
        .container = NO_CONTAINER,
    };
    if (text.size > JSON_TEXT_SIZE_MAX) {
        return json_parse_fail(&parser, "Document length (%zu) exceeds the maximum allowed (%d)",
                               text.size, JSON_TEXT_SIZE_MAX);
    }
    enum status status = parse_document(&parser);
    if (status == STATUS_OK) {
        assert(parser.pending_count == 1 && parser.depth == 0);
        struct json value = parser.pending[0];
        status = expect_end(&parser);
        if (status == STATUS_OK) *ret_value = value;
    }
    free(parser.pending_heap);
    return status;
}
