// Filters: recursive descent over
//
//     or       = and { "||" and }
//     and      = operand { "&&" operand }
//     operand  = "!" operand | "(" or ")" | relation
//     relation = value [ operator value ]
//
// A value is a path or a literal. A path alone asks whether something is there.

#include <stdlib.h>

#include "jsonpath/path.h"

static bool compile_or(struct compiler *compiler, struct filter **ret_filter);

static bool is_at_double(const struct compiler *compiler, char c)
{
    return compiler->end - compiler->at >= 2 && compiler->at[0] == c && compiler->at[1] == c;
}

static bool new_filter(struct compiler *compiler, struct filter filter, struct filter **ret_filter)
{
    struct filter *place = arena_alloc(compiler->arena, sizeof(*place));
    if (place == NULL) return compile_fail_memory(compiler);
    *place = filter;
    *ret_filter = place;
    return true;
}

// Digits, sign, point and exponent as Java's BigDecimal takes them: ".5", "5." and "007" too.
static bool compile_number(struct compiler *compiler, struct operand *operand)
{
    const char *start = compiler->at;
    while (compiler->at != compiler->end && *compiler->at != '\0' &&
           strchr("0123456789-.eE", *compiler->at) != NULL)
        compiler->at++;
    struct str text = {start, (size_t)(compiler->at - start)};
    operand->number_text = text;
    if (text.size == 0) {
        return compile_fail(compiler, "Failed to parse filter, error on position: %zu",
                            (size_t)(start - compiler->start));
    }
    enum status status = json_parse(compiler->arena, text, 0, &operand->value, NULL);
    if (status == STATUS_OK) return true;
    struct str copy;
    if (status == STATUS_NO_MEMORY || !arena_copy_str(compiler->arena, text, &copy)) {
        return compile_fail_memory(compiler);
    }
    char *after;
    double real = strtod(copy.data, &after);
    bool is_number =
        after == copy.data + copy.size && real - real == 0; // Neither infinite nor NaN.
    if (!is_number) {
        return compile_fail(compiler, "'%" STR_FORMAT "' is no number", STR_ARGS(text));
    }
    operand->value = json_from_real(real);
    return true;
}

static bool compile_pattern(struct compiler *compiler, struct operand *operand)
{
    const char *start = ++compiler->at;
    while (compiler->at != compiler->end && *compiler->at != '/') {
        if (*compiler->at == '\\' && compiler->at + 1 != compiler->end) compiler->at++;
        compiler->at++;
    }
    if (compiler->at == compiler->end) {
        return compile_fail(compiler, "Pattern not closed. Expected / in filter");
    }
    struct str text = {start, (size_t)(compiler->at - start)};
    const char *flags = ++compiler->at;
    while (compiler->at != compiler->end && *compiler->at != '\0' &&
           strchr("dixmsuU", *compiler->at) != NULL)
        compiler->at++;
    struct str reason = {0};
    operand->kind = OPERAND_PATTERN;
    operand->pattern = pattern_compile(
        compiler->arena, text, (struct str){flags, (size_t)(compiler->at - flags)}, &reason);
    if (operand->pattern != NULL) return true;
    if (reason.size == 0) return compile_fail_memory(compiler);
    return compile_fail(compiler, "%" STR_FORMAT, STR_ARGS(reason));
}

static bool compile_keyword(struct compiler *compiler, struct operand *operand)
{
    static const struct {
        struct str word;
        uint8_t type;
    } words[] = {
        {STR_INIT("true"), JSON_TRUE},
        {STR_INIT("false"), JSON_FALSE},
        {STR_INIT("null"), JSON_NULL},
    };
    struct str rest = {compiler->at, (size_t)(compiler->end - compiler->at)};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!str_starts_with(rest, words[i].word)) continue;
        compiler->at += words[i].word.size;
        operand->value.type = words[i].type;
        return true;
    }
    return compile_fail(compiler, "Expected boolean literal or <null> value");
}

static bool compile_operand(struct compiler *compiler, struct operand *operand)
{
    compile_skip_blanks(compiler);
    *operand = (struct operand){.kind = OPERAND_VALUE};
    char c = compiler->at == compiler->end ? '\0' : *compiler->at;
    struct str text;
    switch (c) {
    case '$':
    case '@':
        operand->kind = OPERAND_PATH;
        compiler->at++;
        return compile_path(compiler, COMPILE_OPERAND, c == '@', &operand->path);
    case '\'':
    case '"':
        if (!compile_quoted(compiler, &text)) return false;
        operand->value = json_from_str(text);
        return true;
    case '[':
    case '{': operand->is_written_json = true; return compile_value(compiler, &operand->value);
    case '/': return compile_pattern(compiler, operand);
    case 't':
    case 'f':
    case 'n': return compile_keyword(compiler, operand);
    default: return compile_number(compiler, operand);
    }
}

// Words are operators in any case and end with a blank; symbols go on as long as they can.
static bool take_operator(struct compiler *compiler, enum filter_operator *ret_operator)
{
    static const struct {
        struct str text;
        enum filter_operator operator;
    } operators[] = {
        {STR_INIT("=="), OPERATOR_EQUAL},     {STR_INIT("!="), OPERATOR_NOT_EQUAL},
        {STR_INIT("==="), OPERATOR_SAME},     {STR_INIT("!=="), OPERATOR_NOT_SAME},
        {STR_INIT("<"), OPERATOR_LESS},       {STR_INIT("<="), OPERATOR_LESS_EQUAL},
        {STR_INIT(">"), OPERATOR_GREATER},    {STR_INIT(">="), OPERATOR_GREATER_EQUAL},
        {STR_INIT("=~"), OPERATOR_MATCHES},   {STR_INIT("IN"), OPERATOR_IN},
        {STR_INIT("NIN"), OPERATOR_NOT_IN},   {STR_INIT("CONTAINS"), OPERATOR_CONTAINS},
        {STR_INIT("ALL"), OPERATOR_ALL},      {STR_INIT("SIZE"), OPERATOR_SIZE},
        {STR_INIT("EMPTY"), OPERATOR_EMPTY},  {STR_INIT("SUBSETOF"), OPERATOR_SUBSET_OF},
        {STR_INIT("ANYOF"), OPERATOR_ANY_OF}, {STR_INIT("NONEOF"), OPERATOR_NONE_OF},
    };
    compile_skip_blanks(compiler);
    const char *start = compiler->at, *at = start;
    bool is_symbol = at != compiler->end && *at != '\0' && strchr("<>=~!", *at) != NULL;
    while (at != compiler->end && *at != ' ' &&
           (!is_symbol || (*at != '\0' && strchr("<>=~!", *at) != NULL)))
        at++;
    struct str text = {start, (size_t)(at - start)};
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        if (!str_equal_ignoring_case(text, operators[i].text)) continue;
        compiler->at = at;
        *ret_operator = operators[i].operator;
        return true;
    }
    return false;
}

static bool compile_relation(struct compiler *compiler, struct filter **ret_filter)
{
    compile_skip_blanks(compiler);
    struct filter filter = {.kind = FILTER_COMPARE, .should_exist = true};
    if (compile_is_at(compiler, '!')) {
        compiler->at++;
        filter.should_exist = false;
    }
    if (!compile_operand(compiler, &filter.left)) return false;
    if (take_operator(compiler, &filter.operator)) {
        if (!compile_operand(compiler, &filter.right)) return false;
    } else if (filter.left.kind == OPERAND_PATH) {
        filter.kind = FILTER_EXISTS;
    } else {
        return compile_fail(compiler, "Expected path node");
    }
    return new_filter(compiler, filter, ret_filter);
}

// A '!' before a path belongs to the question whether it is there.
static bool negates_group(struct compiler *compiler)
{
    const char *start = compiler->at;
    compiler->at++;
    compile_skip_blanks(compiler);
    if (!compile_is_at(compiler, '$') && !compile_is_at(compiler, '@')) return true;
    compiler->at = start;
    return false;
}

static bool compile_group(struct compiler *compiler, struct filter **ret_filter)
{
    if (++compiler->depth > NESTING_MAX) {
        return compile_fail(compiler, "Filter is nested more than %d levels", NESTING_MAX);
    }
    compile_skip_blanks(compiler);
    bool is_ok;
    if (compile_is_at(compiler, '!') && negates_group(compiler)) {
        struct filter filter = {.kind = FILTER_NOT};
        is_ok = compile_group(compiler, &filter.first) && new_filter(compiler, filter, ret_filter);
    } else if (compile_is_at(compiler, '(')) {
        compiler->at++;
        is_ok = compile_filter(compiler, ret_filter);
    } else {
        is_ok = compile_relation(compiler, ret_filter);
    }
    compiler->depth--;
    return is_ok;
}

typedef bool (*compile_fn)(struct compiler *compiler, struct filter **ret_filter);

// Operands with the same sign, "&&" or "||", between them; a single one stands for itself.
static bool compile_chain(struct compiler *compiler, enum filter_kind kind, compile_fn compile_link,
                          struct filter **ret_filter)
{
    struct filter *first, *last;
    if (!compile_link(compiler, &first)) return false;
    char sign = kind == FILTER_AND ? '&' : '|';
    compile_skip_blanks(compiler);
    for (last = first; is_at_double(compiler, sign); last = last->next) {
        compiler->at += 2;
        if (!compile_link(compiler, &last->next)) return false;
        compile_skip_blanks(compiler);
    }
    *ret_filter = first;
    if (first == last) return true;
    return new_filter(compiler, (struct filter){.kind = kind, .first = first}, ret_filter);
}

static bool compile_and(struct compiler *compiler, struct filter **ret_filter)
{
    return compile_chain(compiler, FILTER_AND, compile_group, ret_filter);
}

static bool compile_or(struct compiler *compiler, struct filter **ret_filter)
{
    return compile_chain(compiler, FILTER_OR, compile_and, ret_filter);
}

bool compile_filter(struct compiler *compiler, struct filter **ret_filter)
{
    if (!compile_or(compiler, ret_filter)) return false;
    if (!compile_is_at(compiler, ')')) {
        return compile_fail(compiler, "Expected ')' in filter on position %zu",
                            (size_t)(compiler->at - compiler->start));
    }
    compiler->at++;
    return true;
}
