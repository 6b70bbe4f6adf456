// Reading of what the kinds of patterns share: strings, operands, and conditions joined by && and
// ||, of which && binds more tightly.

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "logs/filter_private.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

void filter_skip_blanks(struct filter_parser *parser)
{
    while (parser->rest.size > 0 && is_blank(parser->rest.data[0]))
        parser->rest = str_skip(parser->rest, 1);
}

bool filter_take(struct filter_parser *parser, const char *token)
{
    struct str wanted = str_from_c(token);
    if (!str_starts_with(parser->rest, wanted)) return false;
    parser->rest = str_skip(parser->rest, wanted.size);
    return true;
}

bool filter_fail(struct filter_parser *parser, const char *message)
{
    if (parser->error.data == NULL) parser->error = str_from_c(message);
    return false;
}

bool filter_fail_at_character(struct filter_parser *parser)
{
    if (parser->error.data != NULL) return false;
    if (parser->rest.size == 0) return filter_fail(parser, "Invalid filter pattern");
    size_t size = 1; // The whole of a character.
    while (size < parser->rest.size && ((unsigned char)parser->rest.data[size] & 0xc0) == 0x80)
        size++;
    parser->error = arena_printf(&parser->filter->arena, "Invalid character(s) in term '%.*s'",
                                 (int)size, parser->rest.data);
    return false;
}

bool filter_parse_quoted(struct filter_parser *parser, struct str *ret_text)
{
    assert(parser->rest.size > 0 && parser->rest.data[0] == '"');
    char *text = arena_alloc(&parser->filter->arena, parser->rest.size);
    if (text == NULL) return filter_fail(parser, "Invalid filter pattern");
    size_t size = 0;
    for (size_t at = 1; at < parser->rest.size; at++) {
        char byte = parser->rest.data[at];
        if (byte == '"') {
            parser->rest = str_skip(parser->rest, at + 1);
            *ret_text = (struct str){text, size};
            return true;
        }
        bool is_escape = byte == '\\' && at + 1 < parser->rest.size &&
                         (parser->rest.data[at + 1] == '"' || parser->rest.data[at + 1] == '\\');
        text[size++] = is_escape ? parser->rest.data[++at] : byte;
    }
    return filter_fail(parser, "Invalid filter pattern"); // No closing quote.
}

bool filter_parse_comparison(struct filter_parser *parser, enum filter_comparison *ret_comparison)
{
    static const struct {
        const char *token;
        enum filter_comparison comparison;
    } table[] = {
        {"!=", FILTER_NOT_EQUAL},        {"=!", FILTER_NOT_EQUAL}, {"<=", FILTER_LESS_OR_EQUAL},
        {">=", FILTER_GREATER_OR_EQUAL}, {"=", FILTER_EQUAL},      {"<", FILTER_LESS},
        {">", FILTER_GREATER},
    };
    filter_skip_blanks(parser);
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (!filter_take(parser, table[i].token)) continue;
        *ret_comparison = table[i].comparison;
        return true;
    }
    return filter_fail_at_character(parser);
}

// A number as the service writes them: sign, digits, fraction, exponent.
static bool parse_number(struct str text, double *ret_number)
{
    char buffer[64];
    if (text.size == 0 || text.size >= sizeof(buffer)) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("+-.0123456789eE", text.data[i]) == NULL || text.data[i] == '\0') return false;
        buffer[i] = text.data[i];
    }
    buffer[text.size] = '\0';
    char *end;
    double number = strtod(buffer, &end);
    if (end != buffer + text.size || !isfinite(number)) return false;
    *ret_number = number;
    return true;
}

static bool parse_unquoted(struct filter_parser *parser, const char *ends, struct str *ret_text)
{
    size_t size = 0;
    while (size < parser->rest.size) {
        char byte = parser->rest.data[size];
        if (byte == '\0' || is_blank(byte) || strchr(ends, byte) != NULL) break;
        bool is_admitted = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') || strchr("_.*+-/:@#", byte) != NULL;
        if (!is_admitted) {
            parser->rest = str_skip(parser->rest, size);
            return filter_fail_at_character(parser);
        }
        size++;
    }
    if (size == 0) return filter_fail_at_character(parser);
    *ret_text = str_slice(parser->rest, 0, size);
    parser->rest = str_skip(parser->rest, size);
    return true;
}

bool filter_parse_operand(struct filter_parser *parser, const char *ends,
                          enum filter_comparison comparison, struct filter_operand *ret_operand)
{
    filter_skip_blanks(parser);
    struct filter_operand operand = {0};
    bool is_equality = comparison == FILTER_EQUAL || comparison == FILTER_NOT_EQUAL;
    if (parser->rest.size > 0 && parser->rest.data[0] == '%' && is_equality) {
        if (!filter_parse_regex(parser, &operand.regex)) return false;
        *ret_operand = operand;
        return true;
    }
    if (parser->rest.size > 0 && parser->rest.data[0] == '"') {
        if (!filter_parse_quoted(parser, &operand.text)) return false;
    } else {
        if (!parse_unquoted(parser, ends, &operand.text)) return false;
        operand.is_number = parse_number(operand.text, &operand.number);
    }
    if (!is_equality && !operand.is_number) {
        return filter_fail(parser,
                           "Invalid filter pattern: a number is needed after <, <=, > and >=");
    }
    if (str_starts_with(operand.text, STR("*"))) {
        operand.has_leading_wildcard = true;
        operand.text = str_skip(operand.text, 1);
    }
    if (str_ends_with(operand.text, STR("*"))) {
        operand.has_trailing_wildcard = true;
        operand.text.size--;
    }
    *ret_operand = operand;
    return true;
}

static struct filter_condition *join(struct filter_parser *parser, enum filter_condition_type type,
                                     struct filter_condition *left, struct filter_condition *right)
{
    if (left == NULL || right == NULL) return NULL;
    struct filter_condition *condition = ARENA_NEW(&parser->filter->arena, struct filter_condition);
    if (condition == NULL) {
        filter_fail(parser, "Invalid filter pattern");
        return NULL;
    }
    condition->type = type;
    condition->left = left;
    condition->right = right;
    return condition;
}

// NOLINTNEXTLINE(misc-no-recursion): parentheses nest up to FILTER_DEPTH_MAX.
static struct filter_condition *parse_primary(struct filter_parser *parser,
                                              filter_leaf_fn parse_leaf, void *context)
{
    filter_skip_blanks(parser);
    if (!filter_take(parser, "(")) return parse_leaf(parser, context);
    struct filter_condition *condition = filter_parse_condition(parser, parse_leaf, context);
    if (condition == NULL) return NULL;
    filter_skip_blanks(parser);
    if (filter_take(parser, ")")) return condition;
    filter_fail_at_character(parser);
    return NULL;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct filter_condition *parse_and(struct filter_parser *parser, filter_leaf_fn parse_leaf,
                                          void *context)
{
    struct filter_condition *condition = parse_primary(parser, parse_leaf, context);
    filter_skip_blanks(parser);
    while (condition != NULL && filter_take(parser, "&&")) {
        condition = join(parser, FILTER_AND, condition, parse_primary(parser, parse_leaf, context));
        filter_skip_blanks(parser);
    }
    return condition;
}

// NOLINTNEXTLINE(misc-no-recursion)
struct filter_condition *filter_parse_condition(struct filter_parser *parser,
                                                filter_leaf_fn parse_leaf, void *context)
{
    if (parser->depth == FILTER_DEPTH_MAX) {
        filter_fail(parser, "Invalid filter pattern: too many parentheses");
        return NULL;
    }
    parser->depth++;
    struct filter_condition *condition = parse_and(parser, parse_leaf, context);
    while (condition != NULL && filter_take(parser, "||")) {
        condition = join(parser, FILTER_OR, condition, parse_and(parser, parse_leaf, context));
    }
    parser->depth--;
    return condition;
}

static bool operand_matches(const struct logs_filter *filter, const struct filter_operand *operand,
                            struct str text)
{
    if (operand->regex != NULL) return filter_regex_matches(filter, operand->regex, text);
    if (operand->has_leading_wildcard && operand->has_trailing_wildcard) {
        return str_find(text, operand->text) != SIZE_MAX || operand->text.size == 0;
    }
    if (operand->has_leading_wildcard) return str_ends_with(text, operand->text);
    if (operand->has_trailing_wildcard) return str_starts_with(text, operand->text);
    double number;
    if (operand->is_number && parse_number(text, &number)) {
        return number >= operand->number && number <= operand->number;
    }
    return str_equal(text, operand->text);
}

bool filter_compare_text(const struct logs_filter *filter, const struct filter_condition *condition,
                         struct str text)
{
    const struct filter_operand *operand = &condition->operand;
    double number = 0;
    switch (condition->comparison) {
    case FILTER_EQUAL: return operand_matches(filter, operand, text);
    case FILTER_NOT_EQUAL: return !operand_matches(filter, operand, text);
    case FILTER_LESS: return parse_number(text, &number) && number < operand->number;
    case FILTER_LESS_OR_EQUAL: return parse_number(text, &number) && number <= operand->number;
    case FILTER_GREATER: return parse_number(text, &number) && number > operand->number;
    case FILTER_GREATER_OR_EQUAL: return parse_number(text, &number) && number >= operand->number;
    }
    return false;
}
