// One pass with an explicit stack: finished values wait in one contiguous area until their
// container closes, so that every array and object gets its final place in the arena with one
// allocation.

#include "json/parse.h"

#include <assert.h>
#include <stdlib.h>

enum {
    PENDING_ON_STACK = 256,
    WRAPPING_DEPTH = 2, // Of JSON_PARSE_WRAPPED: a list and a record.
    WRAPPED_SIZE_MAX = 256 << 20,
};

static inline bool is_white_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *skip_white_space(const struct json_parser *parser, const char *at)
{
    while (at != parser->end && is_white_space(*at))
        at++;
    return at;
}

// Whatever waits will be copied to the arena in the end, so an arena that cannot take it is as good
// as exhausted now; that bounds the heap used here by the arena's limit.
static bool grow_pending(struct json_parser *parser)
{
    size_t capacity = (size_t)parser->pending_capacity * 2;
    struct arena *arena = parser->arena;
    size_t left = arena->limit_bytes - arena->used_bytes + (size_t)(arena->end - arena->next);
    bool is_too_large = parser->pending_count * sizeof(struct json) > left;
    struct json *heap = NULL;
    if (!is_too_large && capacity < NO_CONTAINER) {
        heap = realloc(parser->pending_heap, capacity * sizeof(*heap));
    }
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

// A place for the next value; it counts once `pending_count` is raised. NULL without memory.
static inline struct json *next_pending(struct json_parser *parser)
{
    if (UNLIKELY(parser->pending_count == parser->pending_capacity)) {
        if (!grow_pending(parser)) return NULL;
    }
    return &parser->pending[parser->pending_count];
}

static inline const char *open_container(struct json_parser *parser, const char *at, uint8_t type)
{
    if (UNLIKELY(parser->depth >= JSON_DEPTH_MAX) &&
        ((parser->flags & JSON_PARSE_WRAPPED) == 0 ||
         parser->depth >= JSON_DEPTH_MAX + WRAPPING_DEPTH)) {
        return json_parse_fail(parser, at,
                               "Document nesting depth (%d) exceeds the maximum allowed (%d)",
                               JSON_DEPTH_MAX + 1, JSON_DEPTH_MAX);
    }
    struct json *container = next_pending(parser);
    if (UNLIKELY(container == NULL)) return json_parse_fail_memory(parser);
    *container = (struct json){.type = type, .size = parser->container};
    parser->container = parser->pending_count++;
    parser->depth++;
    return at + 1;
}

// The waiting values behind the open container become its content, and it a finished value.
static inline const char *close_container(struct json_parser *parser, const char *at)
{
    struct json *container = &parser->pending[parser->container];
    uint32_t outer = container->size;
    size_t size = parser->pending_count - parser->container - 1;
    void *place = NULL;
    if (size > 0) {
        place = arena_alloc(parser->arena, size * sizeof(struct json));
        if (UNLIKELY(place == NULL)) return json_parse_fail_memory(parser);
        memcpy(place, container + 1, size * sizeof(struct json));
    }
    if (container->type == JSON_OBJECT) {
        size_t count = size / 2;
        enum status status = json_drop_duplicates(place, &count);
        if (UNLIKELY(status != STATUS_OK)) return json_parse_fail_memory(parser);
        container->members = place;
        container->size = (uint32_t)count;
    } else {
        container->items = place;
        container->size = (uint32_t)size;
    }
    parser->pending_count = parser->container + 1;
    parser->container = outer;
    parser->depth--;
    return at + 1;
}

static const char *parse_word(struct json_parser *parser, const char *at, struct json *ret_value)
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
    size_t left = (size_t)(parser->end - at);
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        size_t size = words[i].size;
        if (left < size || memcmp(at, words[i].text, size) != 0) continue;
        if (left > size && json_is_identifier_byte(at[size])) break; // "nullx" is one token.
        *ret_value = words[i].value;
        return at + size;
    }
    return json_parse_fail_token(parser, at);
}

static inline const char *parse_name(struct json_parser *parser, const char *at)
{
    at = skip_white_space(parser, at);
    if (UNLIKELY(at == parser->end)) return json_parse_fail_open(parser);
    if (UNLIKELY(*at != '"')) {
        return json_parse_fail_character(parser, at,
                                         "was expecting double-quote to start field name");
    }
    struct json *name = next_pending(parser);
    if (UNLIKELY(name == NULL)) return json_parse_fail_memory(parser);
    at = json_parse_string(parser, at + 1, true, name);
    if (UNLIKELY(at == NULL)) return NULL;
    parser->pending_count++;
    at = skip_white_space(parser, at);
    if (UNLIKELY(at == parser->end)) {
        return json_parse_fail_end(parser, " within/between Object entries");
    }
    if (UNLIKELY(*at != ':')) {
        return json_parse_fail_character(parser, at,
                                         "was expecting a colon to separate field name and value");
    }
    return at + 1;
}

static inline const char *parse_scalar(struct json_parser *parser, const char *at)
{
    struct json *value = next_pending(parser);
    if (UNLIKELY(value == NULL)) return json_parse_fail_memory(parser);
    char first = *at;
    if (first == '"') {
        at = json_parse_string(parser, at + 1, false, value);
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        at = json_parse_number(parser, at, value);
    } else {
        at = parse_word(parser, at, value);
    }
    parser->pending_count += at != NULL;
    return at;
}

// The start of a value: a whole scalar or empty container (then `ret_is_complete`), or the opening
// of a container up to where its first value starts.
static inline const char *parse_value_start(struct json_parser *parser, const char *at,
                                            bool *ret_is_complete)
{
    at = skip_white_space(parser, at);
    if (UNLIKELY(at == parser->end)) {
        if (parser->container != NO_CONTAINER) return json_parse_fail_open(parser);
        return json_parse_fail(parser, at, "No content to map due to end-of-input");
    }
    bool is_object = *at == '{';
    *ret_is_complete = true;
    if (!is_object && *at != '[') return parse_scalar(parser, at);

    at = open_container(parser, at, is_object ? JSON_OBJECT : JSON_ARRAY);
    if (UNLIKELY(at == NULL)) return NULL;
    at = skip_white_space(parser, at);
    if (at != parser->end && *at == (is_object ? '}' : ']')) return close_container(parser, at);
    *ret_is_complete = false;
    return is_object ? parse_name(parser, at) : at;
}

// Behind a complete value in a container: the comma before the next value, or the container's end
// (`ret_is_complete`: then the container is the complete value).
static inline const char *parse_value_end(struct json_parser *parser, const char *at,
                                          bool *ret_is_complete)
{
    bool is_object = parser->pending[parser->container].type == JSON_OBJECT;
    at = skip_white_space(parser, at);
    if (UNLIKELY(at == parser->end)) return json_parse_fail_open(parser);
    *ret_is_complete = false;
    if (*at == ',') return is_object ? parse_name(parser, at + 1) : at + 1;
    if (LIKELY(*at == (is_object ? '}' : ']'))) {
        *ret_is_complete = true;
        return close_container(parser, at);
    }
    if (*at == '}' || *at == ']') return json_parse_fail_mismatch(parser, at);
    return json_parse_fail_character(parser, at,
                                     is_object ? "was expecting comma to separate Object entries"
                                               : "was expecting comma to separate Array entries");
}

// From the start of the text to behind its value.
static const char *parse_document(struct json_parser *parser, const char *at)
{
    bool is_complete;
    do {
        at = parse_value_start(parser, at, &is_complete);
        while (LIKELY(at != NULL) && is_complete) {
            if (parser->container == NO_CONTAINER) return at;
            at = parse_value_end(parser, at, &is_complete);
        }
    } while (LIKELY(at != NULL));
    return NULL;
}

static const char *expect_end(struct json_parser *parser, const char *at)
{
    at = skip_white_space(parser, at);
    if (LIKELY(at == parser->end)) return at;
    if (*at == '}' || *at == ']') return json_parse_fail_mismatch(parser, at);
    bool starts_value = strchr("{[\"-0123456789", *at) != NULL && *at != '\0';
    struct json value;
    if (!starts_value && parse_word(parser, at, &value) == NULL) return NULL;
    return json_parse_fail(parser, at, "Trailing token found after value");
}

enum status json_parse(struct arena *arena, struct str text, unsigned flags, struct json *ret_value,
                       struct json_error *reterr_error)
{
    struct json on_stack[PENDING_ON_STACK];
    struct json_parser parser = {
        .arena = arena,
        .start = text.data,
        .end = text.data + text.size,
        .flags = flags,
        .reterr_error = reterr_error,
        .pending = on_stack,
        .pending_capacity = PENDING_ON_STACK,
        .container = NO_CONTAINER,
    };
    size_t size_max = (flags & JSON_PARSE_WRAPPED) != 0 ? WRAPPED_SIZE_MAX : JSON_TEXT_SIZE_MAX;
    if (UNLIKELY(text.size > size_max)) {
        json_parse_fail(&parser, text.data,
                        "Document length (%zu) exceeds the maximum allowed (%d)", text.size,
                        JSON_TEXT_SIZE_MAX);
        return parser.status;
    }
    const char *at = parse_document(&parser, text.data);
    if (LIKELY(at != NULL)) {
        assert(parser.pending_count == 1 && parser.depth == 0);
        struct json value = parser.pending[0];
        at = expect_end(&parser, at);
        if (at != NULL) *ret_value = value;
    }
    if (UNLIKELY(parser.pending_heap != NULL)) free(parser.pending_heap);
    return parser.status;
}
