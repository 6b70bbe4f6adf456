// A tree of terms, matched against the texts of a metric.

#include "api/metric_search.h"

enum { SCHEMA_MAX = 10, WORK_PER_TERM = 20 };

enum term_type { TERM_TEXT, TERM_NOT, TERM_AND, TERM_OR };

struct term {
    enum term_type type;
    bool is_exact;
    struct str property; // Of a text: "MetricName", a dimension; empty: any.
    struct str text;
    struct term *left, *right;
};

struct metric_search {
    struct str schema[SCHEMA_MAX]; // The namespace, then dimensions.
    size_t schema_count;           // 0: there is none.
    struct term *root;             // NULL: anything.
    size_t term_count;
};

// ---------------------------------------------------------------------------------------------
// Parsing

struct parser {
    struct arena *arena;
    struct str rest;
    struct str message;
    uint32_t depth;
    size_t term_count;
};

static enum status refuse(struct parser *parser, const char *message)
{
    parser->message = str_from_c(message);
    return STATUS_INVALID;
}

static void skip_space(struct parser *parser)
{
    parser->rest = str_trim(parser->rest);
}

static bool is_next(struct parser *parser, char byte)
{
    skip_space(parser);
    return parser->rest.size > 0 && parser->rest.data[0] == byte;
}

static bool take_byte(struct parser *parser, char byte)
{
    if (!is_next(parser, byte)) return false;
    parser->rest = str_skip(parser->rest, 1);
    return true;
}

static bool ends_word(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '"' ||
           byte == '(' || byte == ')' || byte == '{' || byte == '}' || byte == '=' || byte == ',';
}

static struct str peek_word(struct parser *parser)
{
    skip_space(parser);
    size_t size = 0;
    while (size < parser->rest.size && !ends_word(parser->rest.data[size]))
        size++;
    return str_slice(parser->rest, 0, size);
}

static bool take_word(struct parser *parser, const char *word)
{
    if (!str_is(peek_word(parser), word)) return false;
    parser->rest = str_skip(parser->rest, strlen(word));
    return true;
}

// "text", in which a backslash makes the next byte an ordinary one.
static enum status read_quoted(struct parser *parser, struct str *ret_text)
{
    char *text = arena_alloc(parser->arena, parser->rest.size);
    if (text == NULL) return STATUS_NO_MEMORY;
    size_t size = 0, at = 1;
    while (at < parser->rest.size && parser->rest.data[at] != '"') {
        if (parser->rest.data[at] == '\\' && at + 1 < parser->rest.size) at++;
        text[size++] = parser->rest.data[at++];
    }
    if (at >= parser->rest.size) return refuse(parser, "a quote is not closed in the search");
    parser->rest = str_skip(parser->rest, at + 1);
    *ret_text = (struct str){text, size};
    return STATUS_OK;
}

static enum status read_text(struct parser *parser, struct str *ret_text, bool *ret_is_exact)
{
    *ret_is_exact = is_next(parser, '"');
    if (*ret_is_exact) return read_quoted(parser, ret_text);
    *ret_text = peek_word(parser);
    if (ret_text->size == 0 || str_is(*ret_text, "AND") || str_is(*ret_text, "OR")) {
        return refuse(parser, "a term is missing in the search");
    }
    parser->rest = str_skip(parser->rest, ret_text->size);
    return STATUS_OK;
}

static enum status parse_schema(struct parser *parser, struct metric_search *search)
{
    if (!take_byte(parser, '{')) return STATUS_OK;
    do {
        bool is_exact;
        if (search->schema_count == SCHEMA_MAX) {
            return refuse(parser, "the schema of the search has too many dimensions");
        }
        enum status status = read_text(parser, &search->schema[search->schema_count++], &is_exact);
        if (status != STATUS_OK) return status;
    } while (take_byte(parser, ','));
    if (!take_byte(parser, '}')) return refuse(parser, "the schema of the search is not closed");
    take_byte(parser, ',');
    return STATUS_OK;
}

static struct term *term_new(struct parser *parser, enum term_type type, struct term *left)
{
    struct term *term = ARENA_NEW(parser->arena, struct term);
    if (term == NULL) return NULL;
    parser->term_count++;
    term->type = type;
    term->left = left;
    return term;
}

static enum status parse_or(struct parser *parser, struct str property, struct term **ret_term);

// (…), a text, or PROPERTY=(…) or PROPERTY=text.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_primary(struct parser *parser, struct str property, struct term **ret_term)
{
    struct str text;
    bool is_exact;
    if (take_byte(parser, '(')) {
        enum status status = parse_or(parser, property, ret_term);
        if (status != STATUS_OK) return status;
        return take_byte(parser, ')') ? STATUS_OK
                                      : refuse(parser, "a parenthesis is not closed in the search");
    }
    enum status status = read_text(parser, &text, &is_exact);
    if (status != STATUS_OK) return status;
    if (property.size == 0 && take_byte(parser, '=')) return parse_primary(parser, text, ret_term);
    struct term *term = term_new(parser, TERM_TEXT, NULL);
    if (term == NULL) return STATUS_NO_MEMORY;
    term->is_exact = is_exact;
    term->property = property;
    term->text = text;
    *ret_term = term;
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_not(struct parser *parser, struct str property, struct term **ret_term)
{
    if (parser->depth == METRIC_SEARCH_DEPTH_MAX) {
        return refuse(parser, "the search is nested too deeply");
    }
    enum status status;
    parser->depth++;
    if (take_word(parser, "NOT")) {
        struct term *term = term_new(parser, TERM_NOT, NULL);
        if (term == NULL) return STATUS_NO_MEMORY;
        *ret_term = term;
        status = parse_not(parser, property, &term->left);
    } else {
        status = parse_primary(parser, property, ret_term);
    }
    parser->depth--;
    return status;
}

// Terms side by side must all match, with or without AND between them.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_and(struct parser *parser, struct str property, struct term **ret_term)
{
    struct term *left;
    enum status status = parse_not(parser, property, &left);
    while (status == STATUS_OK) {
        bool has_and = take_word(parser, "AND");
        bool is_over =
            parser->rest.size == 0 || is_next(parser, ')') || str_is(peek_word(parser), "OR");
        if (!has_and && is_over) break;
        struct term *term = term_new(parser, TERM_AND, left);
        if (term == NULL) return STATUS_NO_MEMORY;
        status = parse_not(parser, property, &term->right);
        left = term;
    }
    if (status == STATUS_OK) *ret_term = left;
    return status;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_or(struct parser *parser, struct str property, struct term **ret_term)
{
    struct term *left;
    enum status status = parse_and(parser, property, &left);
    while (status == STATUS_OK && take_word(parser, "OR")) {
        struct term *term = term_new(parser, TERM_OR, left);
        if (term == NULL) return STATUS_NO_MEMORY;
        status = parse_and(parser, property, &term->right);
        left = term;
    }
    if (status == STATUS_OK) *ret_term = left;
    return status;
}

enum status metric_search_compile(struct arena *arena, struct str text,
                                  const struct metric_search **ret_search,
                                  struct str *reterr_message)
{
    struct parser parser = {.arena = arena, .rest = text};
    struct metric_search *search = ARENA_NEW(arena, struct metric_search);
    if (search == NULL) return STATUS_NO_MEMORY;
    enum status status = text.size > METRIC_SEARCH_SIZE_MAX
                             ? refuse(&parser, "a search may have 1024 characters")
                             : parse_schema(&parser, search);
    skip_space(&parser);
    if (status == STATUS_OK && parser.rest.size > 0) {
        status = parse_or(&parser, STR(""), &search->root);
        if (status == STATUS_OK && parser.rest.size > 0) {
            status = refuse(&parser, "there is a parenthesis too many in the search");
        }
    } else if (status == STATUS_OK && search->schema_count == 0) {
        status = refuse(&parser, "a search needs a schema or a term");
    }
    if (status == STATUS_INVALID) *reterr_message = parser.message;
    search->term_count = parser.term_count;
    if (status == STATUS_OK) *ret_search = search;
    return status;
}

size_t metric_search_work(const struct metric_search *search)
{
    return 1 + search->term_count * WORK_PER_TERM;
}

// ---------------------------------------------------------------------------------------------
// Matching

static bool is_upper(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_word_byte(char byte)
{
    return is_upper(byte) || is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte & 0x80) != 0;
}

// "SDBFailure-17x" -> SDB, Failure, 17, x. False at the end.
static bool next_word(struct str *rest, struct str *ret_word)
{
    while (rest->size > 0 && !is_word_byte(rest->data[0]))
        *rest = str_skip(*rest, 1);
    if (rest->size == 0) return false;
    size_t size = 1;
    for (; size < rest->size && is_word_byte(rest->data[size]); size++) {
        char before = rest->data[size - 1], byte = rest->data[size];
        bool begins_capitalized =
            is_upper(byte) && size + 1 < rest->size && is_word_byte(rest->data[size + 1]) &&
            !is_upper(rest->data[size + 1]) && !is_digit(rest->data[size + 1]);
        if (is_digit(before) != is_digit(byte) || (is_upper(byte) && !is_upper(before)) ||
            (is_upper(before) && begins_capitalized)) {
            break;
        }
    }
    *ret_word = str_slice(*rest, 0, size);
    *rest = str_skip(*rest, size);
    return true;
}

static bool begins_with_words(struct str text, struct str words)
{
    struct str word, text_word;
    while (next_word(&words, &word)) {
        if (!next_word(&text, &text_word) || !str_equal_ignoring_case(word, text_word)) {
            return false;
        }
    }
    return true;
}

static bool next_letter(struct str *rest, char *ret_byte)
{
    while (rest->size > 0 && !is_word_byte(rest->data[0]))
        *rest = str_skip(*rest, 1);
    if (rest->size == 0) return false;
    *ret_byte = is_upper(rest->data[0]) ? (char)(rest->data[0] | 0x20) : rest->data[0];
    *rest = str_skip(*rest, 1);
    return true;
}

// But for case and whatever is neither letter nor digit.
static bool is_same_letters(struct str a, struct str b)
{
    char left = 0, right = 0;
    bool has_left, has_right;
    do {
        has_left = next_letter(&a, &left);
        has_right = next_letter(&b, &right);
        if (has_left != has_right) return false;
    } while (has_left && left == right);
    return !has_left;
}

static bool text_matches(const struct term *term, struct str text)
{
    struct str word;
    if (term->is_exact) return str_equal(term->text, text);
    if (is_same_letters(term->text, text)) return true;
    do {
        if (text.size > 0 && begins_with_words(text, term->text)) return true;
    } while (next_word(&text, &word));
    return false;
}

static bool property_matches(const struct term *term, const struct cloudwatch_metric *metric)
{
    if (str_is(term->property, "MetricName")) return text_matches(term, metric->name);
    if (str_is(term->property, "Namespace")) return text_matches(term, metric->metric_namespace);
    for (size_t i = 0; i < metric->dimension_count; i++) {
        if (str_equal(term->property, metric->dimensions[i].name)) {
            return text_matches(term, metric->dimensions[i].value);
        }
    }
    return false;
}

static bool any_matches(const struct term *term, const struct cloudwatch_metric *metric)
{
    if (text_matches(term, metric->name) || text_matches(term, metric->metric_namespace)) {
        return true;
    }
    for (size_t i = 0; i < metric->dimension_count; i++) {
        if (text_matches(term, metric->dimensions[i].name) ||
            text_matches(term, metric->dimensions[i].value)) {
            return true;
        }
    }
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by METRIC_SEARCH_SIZE_MAX.
static bool term_matches(const struct term *term, const struct cloudwatch_metric *metric)
{
    switch (term->type) {
    case TERM_TEXT:
        return term->property.size > 0 ? property_matches(term, metric) : any_matches(term, metric);
    case TERM_NOT: return !term_matches(term->left, metric);
    case TERM_AND: return term_matches(term->left, metric) && term_matches(term->right, metric);
    case TERM_OR: break;
    }
    return term_matches(term->left, metric) || term_matches(term->right, metric);
}

static bool schema_matches(const struct metric_search *search,
                           const struct cloudwatch_metric *metric)
{
    if (!str_equal(search->schema[0], metric->metric_namespace) ||
        search->schema_count != metric->dimension_count + 1) {
        return false;
    }
    for (size_t i = 0; i < metric->dimension_count; i++) {
        bool is_found = false;
        for (size_t k = 1; k < search->schema_count; k++)
            is_found = is_found || str_equal(search->schema[k], metric->dimensions[i].name);
        if (!is_found) return false;
    }
    return true;
}

bool metric_search_matches(const struct metric_search *search,
                           const struct cloudwatch_metric *metric)
{
    return (search->schema_count == 0 || schema_matches(search, metric)) &&
           (search->root == NULL || term_matches(search->root, metric));
}
