// The parser: top-down operator precedence. `advance` moves to the next token; `prefix` starts an
// expression with the current token; `infix` continues one.

#include <assert.h>

#include "jsonata/compilation.h"
#include "jsonata/signature.h"

struct parser {
    struct compilation *compilation;
    struct lexer lexer;
    struct lexeme current;
};

static const uint8_t binding_powers[TOKEN_TILDE + 1] = {
    [TOKEN_DOT] = 75,        [TOKEN_BRACKET] = 80,
    [TOKEN_BRACE] = 70,      [TOKEN_PAREN] = 80,
    [TOKEN_AT] = 80,         [TOKEN_HASH] = 80,
    [TOKEN_QUESTION] = 20,   [TOKEN_PLUS] = 50,
    [TOKEN_MINUS] = 50,      [TOKEN_STAR] = 60,
    [TOKEN_SLASH] = 60,      [TOKEN_PERCENT] = 60,
    [TOKEN_EQUAL] = 40,      [TOKEN_LESS] = 40,
    [TOKEN_GREATER] = 40,    [TOKEN_CARET] = 40,
    [TOKEN_ASSIGN] = 10,     [TOKEN_NOT_EQUAL] = 40,
    [TOKEN_LESS_EQUAL] = 40, [TOKEN_GREATER_EQUAL] = 40,
    [TOKEN_CHAIN] = 40,      [TOKEN_AND] = 30,
    [TOKEN_OR] = 25,         [TOKEN_IN] = 40,
    [TOKEN_AMPERSAND] = 50,
};

static struct node *parse_expression(struct parser *parser, int power);

static struct str token_text(enum token token)
{
    switch ((int)token) { // NOLINT: names of the tokens that are asked for.
    case TOKEN_BRACKET_CLOSE: return STR("]");
    case TOKEN_BRACE: return STR("{");
    case TOKEN_BRACE_CLOSE: return STR("}");
    case TOKEN_PAREN: return STR("(");
    case TOKEN_PAREN_CLOSE: return STR(")");
    case TOKEN_COLON: return STR(":");
    case TOKEN_PIPE: return STR("|");
    case TOKEN_GREATER: return STR(">");
    case TOKEN_COMMA: return STR(",");
    default: return STR("?");
    }
}

static void advance(struct parser *parser, bool is_infix)
{
    parser->current = lexer_next(&parser->lexer, is_infix);
}

// Pass `token`, which must be the current one.
static void expect(struct parser *parser, enum token token, bool is_infix)
{
    if (parser->current.token != token) {
        struct compilation *compilation = parser->compilation;
        bool is_end = parser->current.token == TOKEN_END;
        struct str expected = token_text(token);
        compilation->error.value = json_from_str(expected);
        compilation->error.has_value = true;
        compilation_fail(compilation, is_end ? "S0203" : "S0202", parser->current.position,
                         parser->current.text);
    }
    advance(parser, is_infix);
}

static struct node *new_node(struct parser *parser, enum node_type type,
                             const struct lexeme *lexeme)
{
    struct node *node = compilation_node(parser->compilation, type, lexeme->position);
    node->token = lexeme->token;
    node->text = lexeme->text;
    if (type == NODE_VARIABLE) node->name = names_intern(parser->compilation, lexeme->text);
    return node;
}

static void append(struct parser *parser, struct node *parent, struct node *item)
{
    node_list_append(parser->compilation, &parent->items, item);
}

// "(a; b)"
static struct node *parse_block(struct parser *parser, const struct lexeme *lexeme)
{
    struct node *block = new_node(parser, NODE_BLOCK, lexeme);
    while (parser->current.token != TOKEN_PAREN_CLOSE) {
        append(parser, block, parse_expression(parser, 0));
        if (parser->current.token != TOKEN_SEMICOLON) break;
        advance(parser, false);
    }
    expect(parser, TOKEN_PAREN_CLOSE, true);
    return block;
}

// "[a, b..c]"
static struct node *parse_array(struct parser *parser, const struct lexeme *lexeme)
{
    struct node *array = new_node(parser, NODE_ARRAY, lexeme);
    while (parser->current.token != TOKEN_BRACKET_CLOSE) {
        struct node *item = parse_expression(parser, 0);
        if (parser->current.token == TOKEN_RANGE) {
            struct node *range = new_node(parser, NODE_BINARY, &parser->current);
            advance(parser, false);
            range->lhs = item;
            range->rhs = parse_expression(parser, 0);
            item = range;
        }
        append(parser, array, item);
        if (parser->current.token != TOKEN_COMMA) break;
        advance(parser, false);
    }
    expect(parser, TOKEN_BRACKET_CLOSE, true);
    return array;
}

// "{key: value}", alone or after an expression to group.
static void parse_pairs(struct parser *parser, struct node *object)
{
    if (parser->current.token != TOKEN_BRACE_CLOSE) {
        for (;;) {
            append(parser, object, parse_expression(parser, 0));
            expect(parser, TOKEN_COLON, false);
            append(parser, object, parse_expression(parser, 0));
            if (parser->current.token != TOKEN_COMMA) break;
            advance(parser, false);
        }
    }
    expect(parser, TOKEN_BRACE_CLOSE, true);
}

// "|pattern|update,delete|"
static struct node *parse_transform(struct parser *parser, const struct lexeme *lexeme)
{
    struct node *transform = new_node(parser, NODE_TRANSFORM, lexeme);
    transform->lhs = parse_expression(parser, 0);
    expect(parser, TOKEN_PIPE, false);
    transform->rhs = parse_expression(parser, 0);
    if (parser->current.token == TOKEN_COMMA) {
        advance(parser, false);
        transform->third = parse_expression(parser, 0);
    }
    expect(parser, TOKEN_PIPE, false); // As in the language: no division follows.
    return transform;
}

static struct node *parse_literal(struct parser *parser, enum node_type type,
                                  const struct lexeme *lexeme)
{
    struct node *node = new_node(parser, type, lexeme);
    node->value = lexeme->value;
    node->regex = lexeme->regex;
    return node;
}

// What an expression may start with. `lexeme` has been passed already.
static struct node *parse_prefix(struct parser *parser, const struct lexeme *lexeme)
{
    switch ((int)lexeme->token) { // NOLINT: dispatch.
    case TOKEN_NAME: return new_node(parser, NODE_NAME, lexeme);
    case TOKEN_VARIABLE: return new_node(parser, NODE_VARIABLE, lexeme);
    case TOKEN_STRING: return parse_literal(parser, NODE_STRING, lexeme);
    case TOKEN_NUMBER: return parse_literal(parser, NODE_NUMBER, lexeme);
    case TOKEN_VALUE: return parse_literal(parser, NODE_VALUE, lexeme);
    case TOKEN_REGEX: return parse_literal(parser, NODE_REGEX, lexeme);
    case TOKEN_AND:
    case TOKEN_OR:
    case TOKEN_IN: return new_node(parser, NODE_NAME, lexeme);
    case TOKEN_STAR: return new_node(parser, NODE_WILDCARD, lexeme);
    case TOKEN_STAR_STAR: return new_node(parser, NODE_DESCENDANT, lexeme);
    case TOKEN_PERCENT: return new_node(parser, NODE_PARENT, lexeme);
    case TOKEN_PAREN: return parse_block(parser, lexeme);
    case TOKEN_BRACKET: return parse_array(parser, lexeme);
    case TOKEN_PIPE: return parse_transform(parser, lexeme);
    case TOKEN_BRACE: {
        struct node *object = new_node(parser, NODE_OBJECT, lexeme);
        parse_pairs(parser, object);
        return object;
    }
    case TOKEN_MINUS: {
        struct node *negate = new_node(parser, NODE_NEGATE, lexeme);
        negate->lhs = parse_expression(parser, 70);
        return negate;
    }
    case TOKEN_END: compilation_fail(parser->compilation, "S0207", lexeme->position, lexeme->text);
    default: compilation_fail(parser->compilation, "S0211", lexeme->position, lexeme->text);
    }
}

// "<…>" between parameters and body, as raw text.
static void parse_signature(struct parser *parser, struct node *lambda)
{
    const char *start = parser->lexer.next - 1;
    uint32_t position = parser->current.position;
    int depth = 1;
    while (depth > 0) {
        advance(parser, false);
        enum token token = parser->current.token;
        if (token == TOKEN_BRACE || token == TOKEN_END) break;
        if (token == TOKEN_GREATER) depth--;
        if (token == TOKEN_LESS) depth++;
    }
    struct str text = {start, (size_t)(parser->lexer.next - start)};
    expect(parser, TOKEN_GREATER, false);
    const char *code;
    size_t offset;
    struct compilation *compilation = parser->compilation;
    enum status status =
        signature_parse(compilation->arena, text, &lambda->signature, &code, &offset);
    if (status == STATUS_NO_MEMORY) compilation_out_of_memory(compilation);
    if (status == STATUS_OK) return;
    compilation->error.value = json_from_str(str_skip(text, offset));
    compilation->error.has_value = true;
    compilation_fail(compilation, code, position + (uint32_t)offset, STR(""));
}

static struct node *parse_lambda(struct parser *parser, struct node *lambda)
{
    lambda->type = NODE_LAMBDA;
    for (uint32_t i = 0; i < lambda->items.count; i++) {
        const struct node *parameter = lambda->items.items[i];
        if (parameter->type != NODE_VARIABLE)
            compilation_fail(parser->compilation, "S0208", parameter->position, parameter->text);
    }
    if (parser->current.token == TOKEN_LESS) parse_signature(parser, lambda);
    expect(parser, TOKEN_BRACE, false);
    lambda->rhs = parse_expression(parser, 0);
    expect(parser, TOKEN_BRACE_CLOSE, false); // As in the language: no division follows.
    return lambda;
}

// "left(…": a call, a partial application, or the parameters of a function.
static struct node *parse_call(struct parser *parser, struct node *left,
                               const struct lexeme *lexeme)
{
    struct node *call = new_node(parser, NODE_FUNCTION, lexeme);
    call->lhs = left;
    if (parser->current.token != TOKEN_PAREN_CLOSE) {
        for (;;) {
            if (parser->current.token == TOKEN_QUESTION) {
                call->type = NODE_PARTIAL;
                append(parser, call, new_node(parser, NODE_OPERATOR, &parser->current));
                advance(parser, true);
            } else {
                append(parser, call, parse_expression(parser, 0));
            }
            if (parser->current.token != TOKEN_COMMA) break;
            advance(parser, false);
        }
    }
    expect(parser, TOKEN_PAREN_CLOSE, true);
    bool is_lambda = left->type == NODE_NAME && left->token == TOKEN_NAME &&
                     (str_is(left->text, "function") || str_is(left->text, "\xce\xbb"));
    return is_lambda ? parse_lambda(parser, call) : call;
}

// "left[…]"
static struct node *parse_bracket(struct parser *parser, struct node *left,
                                  const struct lexeme *lexeme)
{
    if (parser->current.token == TOKEN_BRACKET_CLOSE) {
        struct node *step = left;
        while (step->type == NODE_PREDICATE)
            step = step->lhs;
        step->keep_array = true;
        advance(parser, false); // As in the language: no division follows.
        return left;
    }
    struct node *node = new_node(parser, NODE_PREDICATE, lexeme);
    node->lhs = left;
    node->rhs = parse_expression(parser, 0);
    expect(parser, TOKEN_BRACKET_CLOSE, true);
    return node;
}

// "left^(<a, >b)"
static struct node *parse_order(struct parser *parser, struct node *left,
                                const struct lexeme *lexeme)
{
    struct node *order = new_node(parser, NODE_ORDER, lexeme);
    order->lhs = left;
    expect(parser, TOKEN_PAREN, false);
    for (;;) {
        bool is_descending = parser->current.token == TOKEN_GREATER;
        if (is_descending || parser->current.token == TOKEN_LESS) advance(parser, false);
        // A node of its own, as the same mark could not sit on a shared expression.
        struct node *term = new_node(parser, NODE_BLOCK, &parser->current);
        term->lhs = parse_expression(parser, 0);
        term->is_descending = is_descending;
        append(parser, order, term);
        if (parser->current.token != TOKEN_COMMA) break;
        advance(parser, false);
    }
    expect(parser, TOKEN_PAREN_CLOSE, false); // As in the language: no division follows.
    return order;
}

static struct node *parse_condition(struct parser *parser, struct node *left,
                                    const struct lexeme *lexeme)
{
    struct node *condition = new_node(parser, NODE_CONDITION, lexeme);
    condition->lhs = left;
    condition->rhs = parse_expression(parser, 0);
    if (parser->current.token == TOKEN_COLON) {
        advance(parser, false);
        condition->third = parse_expression(parser, 0);
    }
    return condition;
}

static struct node *parse_binding(struct parser *parser, struct node *left,
                                  const struct lexeme *lexeme)
{
    enum node_type type = lexeme->token == TOKEN_AT ? NODE_FOCUS : NODE_INDEX;
    struct node *node = new_node(parser, type, lexeme);
    node->lhs = left;
    node->rhs = parse_expression(parser, 80);
    if (node->rhs->type != NODE_VARIABLE)
        compilation_fail(parser->compilation, "S0214", lexeme->position, lexeme->text);
    return node;
}

// Continue `left` with the operator `lexeme`, which has been passed already.
static struct node *parse_infix(struct parser *parser, struct node *left,
                                const struct lexeme *lexeme)
{
    struct node *node;
    switch ((int)lexeme->token) { // NOLINT: dispatch.
    case TOKEN_PAREN: return parse_call(parser, left, lexeme);
    case TOKEN_BRACKET: return parse_bracket(parser, left, lexeme);
    case TOKEN_CARET: return parse_order(parser, left, lexeme);
    case TOKEN_QUESTION: return parse_condition(parser, left, lexeme);
    case TOKEN_AT:
    case TOKEN_HASH: return parse_binding(parser, left, lexeme);
    case TOKEN_BRACE:
        node = new_node(parser, NODE_GROUP, lexeme);
        node->lhs = left;
        parse_pairs(parser, node);
        return node;
    case TOKEN_ASSIGN:
        if (left->type != NODE_VARIABLE)
            compilation_fail(parser->compilation, "S0212", lexeme->position, left->text);
        node = new_node(parser, NODE_BIND, lexeme);
        node->lhs = left;
        node->rhs = parse_expression(parser, 9);
        return node;
    default:
        node = new_node(parser, lexeme->token == TOKEN_CHAIN ? NODE_APPLY : NODE_BINARY, lexeme);
        node->lhs = left;
        node->rhs = parse_expression(parser, binding_powers[lexeme->token]);
        return node;
    }
}

static struct node *parse_expression(struct parser *parser, int power)
{
    compilation_enter(parser->compilation, parser->current.position);
    struct lexeme lexeme = parser->current;
    // After a prefix operator another operand is to come; after an operand an operator is.
    bool is_operand = lexeme.token != TOKEN_PAREN && lexeme.token != TOKEN_BRACKET &&
                      lexeme.token != TOKEN_BRACE && lexeme.token != TOKEN_PIPE &&
                      lexeme.token != TOKEN_MINUS;
    if (lexeme.token != TOKEN_END) advance(parser, is_operand);
    struct node *left = parse_prefix(parser, &lexeme);
    // Chains nest in the tree as deeply as they are long, so their length counts as depth.
    uint32_t depth = parser->compilation->depth;
    while (power < binding_powers[parser->current.token]) {
        lexeme = parser->current;
        advance(parser, false);
        left = parse_infix(parser, left, &lexeme);
        compilation_enter(parser->compilation, lexeme.position);
    }
    parser->compilation->depth = depth - 1;
    return left;
}

struct node *jsonata_parse(struct compilation *compilation)
{
    struct parser parser = {.compilation = compilation};
    lexer_init(&parser.lexer, compilation);
    advance(&parser, false);
    struct node *root = parse_expression(&parser, 0);
    if (parser.current.token != TOKEN_END)
        compilation_fail(compilation, "S0201", parser.current.position, parser.current.text);
    assert(compilation->depth == 0);
    return root;
}
