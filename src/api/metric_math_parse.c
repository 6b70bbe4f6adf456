// The grammar of metric math, by recursive descent: each level of operators is a loop over operands
// of the next.

#include <stdlib.h>
#include <string.h>

#include "api/metric_math_private.h"

enum token_type {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_NAME,
    TOKEN_OPERATOR,
    TOKEN_SIGN, // One of ( ) [ ] ,
    TOKEN_BAD,
};

struct token {
    enum token_type type;
    enum metric_operator operation;
    struct str text; // As it stands there; of a text, without the quotes.
    double number;
};

struct parser {
    struct metric_scope *scope;
    struct str rest;
    struct token token; // The next one.
    uint32_t depth;
};

// ---------------------------------------------------------------------------------------------
// Tokens

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_name_byte(char byte)
{
    return is_digit(byte) || byte == '_' || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

static void take(struct parser *parser, size_t size)
{
    parser->token.text = str_slice(parser->rest, 0, size);
    parser->rest = str_skip(parser->rest, size);
}

// 5, 5.25, .5, 1e3
static void read_number(struct parser *parser)
{
    char text[64];
    size_t size = 0;
    char *end = text;
    for (; size < parser->rest.size && size + 1 < sizeof(text); size++) {
        char byte = parser->rest.data[size];
        bool is_sign = (byte == '+' || byte == '-') && size > 0 &&
                       (text[size - 1] == 'e' || text[size - 1] == 'E');
        if (!is_digit(byte) && byte != '.' && byte != 'e' && byte != 'E' && !is_sign) break;
        text[size] = byte;
    }
    text[size] = '\0';
    double number = strtod(text, &end);
    bool is_number = end == text + size && number <= 1e300;
    parser->token.type = is_number ? TOKEN_NUMBER : TOKEN_BAD;
    parser->token.number = number;
    take(parser, size);
}

// The other kind of quotes may stand within, and a quote after a backslash.
static void read_text(struct parser *parser)
{
    char quote = parser->rest.data[0];
    size_t size = 1;
    while (size < parser->rest.size && parser->rest.data[size] != quote)
        size += parser->rest.data[size] == '\\' ? 2 : 1;
    if (size >= parser->rest.size) {
        parser->token.type = TOKEN_BAD;
        take(parser, parser->rest.size);
        return;
    }
    parser->token.type = TOKEN_TEXT;
    take(parser, size + 1);
    parser->token.text = str_slice(parser->token.text, 1, size - 1);
}

static const struct {
    const char *text;
    enum metric_operator operation;
} operators[] = {
    {"||", METRIC_OR},        {"&&", METRIC_AND},           {"==", METRIC_EQUAL},
    {"!=", METRIC_NOT_EQUAL}, {"<=", METRIC_LESS_OR_EQUAL}, {">=", METRIC_GREATER_OR_EQUAL},
    {"<", METRIC_LESS},       {">", METRIC_GREATER},        {"+", METRIC_ADD},
    {"-", METRIC_SUBTRACT},   {"*", METRIC_MULTIPLY},       {"/", METRIC_DIVIDE},
    {"^", METRIC_POWER},
};

static void read_sign(struct parser *parser)
{
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        if (!str_starts_with(parser->rest, str_from_c(operators[i].text))) continue;
        parser->token.type = TOKEN_OPERATOR;
        parser->token.operation = operators[i].operation;
        take(parser, strlen(operators[i].text));
        return;
    }
    parser->token.type = memchr("()[],", parser->rest.data[0], 5) ? TOKEN_SIGN : TOKEN_BAD;
    take(parser, 1);
}

static void read_name(struct parser *parser)
{
    size_t size = 0;
    while (size < parser->rest.size && is_name_byte(parser->rest.data[size]))
        size++;
    take(parser, size);
    parser->token.type = TOKEN_NAME;
    if (str_is(parser->token.text, "AND")) {
        parser->token.type = TOKEN_OPERATOR;
        parser->token.operation = METRIC_AND;
    } else if (str_is(parser->token.text, "OR")) {
        parser->token.type = TOKEN_OPERATOR;
        parser->token.operation = METRIC_OR;
    }
}

static void advance(struct parser *parser)
{
    parser->rest = str_trim(parser->rest);
    parser->token = (struct token){.type = TOKEN_END};
    if (parser->rest.size == 0) return;
    char byte = parser->rest.data[0];
    if (is_digit(byte) || byte == '.') {
        read_number(parser);
    } else if (byte == '"' || byte == '\'') {
        read_text(parser);
    } else if (is_name_byte(byte)) {
        read_name(parser);
    } else {
        read_sign(parser);
    }
}

// ---------------------------------------------------------------------------------------------
// The tree

static enum status parse_expression(struct parser *parser, struct metric_node **ret_node);

static enum status unexpected(struct parser *parser)
{
    if (parser->token.type == TOKEN_END) {
        return metric_refuse(parser->scope, "the expression ends too early");
    }
    return metric_refuse(parser->scope, "unexpected \"%" STR_FORMAT "\"",
                         STR_ARGS(parser->token.text));
}

static bool is_sign(const struct parser *parser, char sign)
{
    return parser->token.type == TOKEN_SIGN && parser->token.text.data[0] == sign;
}

static struct metric_node *node_new(struct parser *parser, enum metric_node_type type)
{
    struct metric_node *node = ARENA_NEW(parser->scope->arena, struct metric_node);
    if (node == NULL) return NULL;
    node->type = type;
    node->text = parser->token.text;
    node->number = parser->token.number;
    return node;
}

// "a, b)" with this closing sign, after the opening one.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_children(struct parser *parser, struct metric_node *parent, char closing)
{
    struct metric_node **end = &parent->first;
    if (is_sign(parser, closing)) {
        advance(parser);
        return STATUS_OK;
    }
    for (;;) {
        enum status status = parse_expression(parser, end);
        if (status != STATUS_OK) return status;
        end = &(*end)->next;
        parent->child_count++;
        bool is_over = is_sign(parser, closing);
        if (!is_over && !is_sign(parser, ',')) return unexpected(parser);
        advance(parser);
        if (is_over) return STATUS_OK;
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_group(struct parser *parser, struct metric_node **ret_node)
{
    advance(parser);
    enum status status = parse_expression(parser, ret_node);
    if (status != STATUS_OK) return status;
    if (!is_sign(parser, ')')) return unexpected(parser);
    advance(parser);
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_operand(struct parser *parser, struct metric_node **ret_node)
{
    enum metric_node_type type = METRIC_NODE_LIST;
    switch (parser->token.type) {
    case TOKEN_NUMBER: type = METRIC_NODE_NUMBER; break;
    case TOKEN_TEXT: type = METRIC_NODE_TEXT; break;
    case TOKEN_NAME: type = METRIC_NODE_NAME; break;
    case TOKEN_SIGN:
        if (is_sign(parser, '(')) return parse_group(parser, ret_node);
        if (is_sign(parser, '[')) break;
        return unexpected(parser);
    case TOKEN_END:
    case TOKEN_OPERATOR:
    case TOKEN_BAD: return unexpected(parser);
    }
    struct metric_node *node = node_new(parser, type);
    if (node == NULL) return STATUS_NO_MEMORY;
    *ret_node = node;
    advance(parser);
    if (type == METRIC_NODE_LIST) return parse_children(parser, node, ']');
    if (type == METRIC_NODE_NAME && is_sign(parser, '(')) {
        node->type = METRIC_NODE_CALL;
        advance(parser);
        return parse_children(parser, node, ')');
    }
    return STATUS_OK;
}

// How tightly an operator binds, from 0; a power binds most tightly.
enum { LEVEL_NEGATE = 5, LEVEL_POWER = 6 };
static int level_of(enum metric_operator operation)
{
    switch (operation) {
    case METRIC_OR: return 0;
    case METRIC_AND: return 1;
    case METRIC_EQUAL:
    case METRIC_NOT_EQUAL:
    case METRIC_LESS_OR_EQUAL:
    case METRIC_GREATER_OR_EQUAL:
    case METRIC_LESS:
    case METRIC_GREATER: return 2;
    case METRIC_ADD:
    case METRIC_SUBTRACT: return 3;
    case METRIC_MULTIPLY:
    case METRIC_DIVIDE: return 4;
    case METRIC_POWER: break;
    }
    return LEVEL_POWER;
}

static enum status parse_level(struct parser *parser, int level, struct metric_node **ret_node);

// Whatever is nested passes here, which bounds the depth.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_negation(struct parser *parser, struct metric_node **ret_node)
{
    if (parser->depth == METRIC_MATH_DEPTH_MAX) {
        return metric_refuse(parser->scope, "the expression is nested too deeply");
    }
    bool is_negated =
        parser->token.type == TOKEN_OPERATOR && parser->token.operation == METRIC_SUBTRACT;
    enum status status;
    parser->depth++;
    if (is_negated) {
        struct metric_node *node = node_new(parser, METRIC_NODE_NEGATE);
        if (node == NULL) return STATUS_NO_MEMORY;
        advance(parser);
        node->child_count = 1;
        *ret_node = node;
        status = parse_negation(parser, &node->first);
    } else {
        status = parse_level(parser, LEVEL_POWER, ret_node);
    }
    parser->depth--;
    return status;
}

// Operators of one level, from left to right; the right operand of a power may be negative.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_level(struct parser *parser, int level, struct metric_node **ret_node)
{
    struct metric_node *left = NULL;
    enum status status = level == LEVEL_POWER    ? parse_operand(parser, &left)
                         : level == LEVEL_NEGATE ? parse_negation(parser, &left)
                                                 : parse_level(parser, level + 1, &left);
    while (status == STATUS_OK && parser->token.type == TOKEN_OPERATOR &&
           level_of(parser->token.operation) == level) {
        struct metric_node *node = node_new(parser, METRIC_NODE_OPERATOR);
        if (node == NULL) return STATUS_NO_MEMORY;
        node->operation = parser->token.operation;
        node->first = left;
        node->child_count = 2;
        advance(parser);
        status = level == LEVEL_POWER ? parse_negation(parser, &left->next)
                                      : parse_level(parser, level + 1, &left->next);
        left = node;
    }
    if (status == STATUS_OK) *ret_node = left;
    return status;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum status parse_expression(struct parser *parser, struct metric_node **ret_node)
{
    return parse_level(parser, 0, ret_node);
}

enum status metric_math_parse(struct metric_scope *scope, struct str expression,
                              struct metric_node **ret_node)
{
    struct parser parser = {.scope = scope, .rest = expression};
    if (expression.size > METRIC_MATH_SIZE_MAX) {
        return metric_refuse(scope, "it is longer than %d characters", METRIC_MATH_SIZE_MAX);
    }
    advance(&parser);
    enum status status = parse_expression(&parser, ret_node);
    if (status != STATUS_OK) return status;
    return parser.token.type == TOKEN_END ? STATUS_OK : unexpected(&parser);
}
