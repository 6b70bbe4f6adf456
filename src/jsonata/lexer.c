// The lexer: one token at a time, asked for by the parser, which alone knows whether a '/' divides
// or starts a regular expression.

#include <math.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "jsonata/compilation.h"
#include "jsonata/regex.h"
#include "jsonata/value.h"

static const struct {
    char text[3];
    enum token token;
} operators[] = {
    // Two bytes before one.
    {"..", TOKEN_RANGE},      {":=", TOKEN_ASSIGN},
    {"!=", TOKEN_NOT_EQUAL},  {">=", TOKEN_GREATER_EQUAL},
    {"<=", TOKEN_LESS_EQUAL}, {"**", TOKEN_STAR_STAR},
    {"~>", TOKEN_CHAIN},      {".", TOKEN_DOT},
    {"[", TOKEN_BRACKET},     {"]", TOKEN_BRACKET_CLOSE},
    {"{", TOKEN_BRACE},       {"}", TOKEN_BRACE_CLOSE},
    {"(", TOKEN_PAREN},       {")", TOKEN_PAREN_CLOSE},
    {",", TOKEN_COMMA},       {"@", TOKEN_AT},
    {"#", TOKEN_HASH},        {";", TOKEN_SEMICOLON},
    {":", TOKEN_COLON},       {"?", TOKEN_QUESTION},
    {"+", TOKEN_PLUS},        {"-", TOKEN_MINUS},
    {"*", TOKEN_STAR},        {"/", TOKEN_SLASH},
    {"%", TOKEN_PERCENT},     {"|", TOKEN_PIPE},
    {"=", TOKEN_EQUAL},       {"<", TOKEN_LESS},
    {">", TOKEN_GREATER},     {"^", TOKEN_CARET},
    {"&", TOKEN_AMPERSAND},   {"!", TOKEN_BANG},
    {"~", TOKEN_TILDE},
};

void lexer_init(struct lexer *lexer, struct compilation *compilation)
{
    *lexer = (struct lexer){
        .compilation = compilation,
        .next = compilation->text.data,
        .end = compilation->text.data + compilation->text.size,
    };
}

static uint32_t position(const struct lexer *lexer)
{
    return (uint32_t)(lexer->next - lexer->compilation->text.data);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\v';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip_blanks(struct lexer *lexer)
{
    for (;;) {
        while (lexer->next < lexer->end && is_blank(*lexer->next))
            lexer->next++;
        if (lexer->end - lexer->next < 2 || memcmp(lexer->next, "/*", 2) != 0) return;
        uint32_t start = position(lexer);
        struct str rest = {lexer->next + 2, (size_t)(lexer->end - lexer->next - 2)};
        size_t size = str_find(rest, STR("*/"));
        if (size == SIZE_MAX) compilation_fail(lexer->compilation, "S0106", start, STR(""));
        lexer->next = rest.data + size + 2;
    }
}

static bool take_hex(struct lexer *lexer, uint32_t *ret_unit)
{
    if (lexer->end - lexer->next < 4) return false;
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        char byte = lexer->next[i];
        char lower = (char)(byte | 0x20);
        if (is_digit(byte))
            unit = unit * 16 + (uint32_t)(byte - '0');
        else if (lower >= 'a' && lower <= 'f')
            unit = unit * 16 + (uint32_t)(lower - 'a') + 10;
        else
            return false;
    }
    lexer->next += 4;
    *ret_unit = unit;
    return true;
}

// After "\u": one code point, of a surrogate pair too; half of one stays what it is.
static uint32_t take_escaped_code_point(struct lexer *lexer)
{
    uint32_t unit;
    if (!take_hex(lexer, &unit))
        compilation_fail(lexer->compilation, "S0104", position(lexer), STR(""));
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    const char *after = lexer->next;
    uint32_t low;
    if (unit < 0xdc00 && lexer->end - after >= 2 && after[0] == '\\' && after[1] == 'u') {
        lexer->next += 2;
        if (take_hex(lexer, &low) && low >= 0xdc00 && low <= 0xdfff)
            return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        lexer->next = after;
    }
    return unit;
}

static size_t take_escape(struct lexer *lexer, char *ret_bytes)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (lexer->next == lexer->end)
        compilation_fail(lexer->compilation, "S0101", position(lexer), STR(""));
    char byte = *lexer->next++;
    if (byte == 'u') return encoding_utf8_put(take_escaped_code_point(lexer), ret_bytes);
    const char *found = byte == '\0' ? NULL : strchr(from, byte);
    if (found == NULL) {
        compilation_fail(lexer->compilation, "S0103", position(lexer) - 1,
                         (struct str){lexer->next - 1, 1});
    }
    *ret_bytes = to[found - from];
    return 1;
}

static struct str take_string(struct lexer *lexer, char quote)
{
    const char *start = lexer->next;
    while (lexer->next < lexer->end && *lexer->next != quote && *lexer->next != '\\')
        lexer->next++;
    if (lexer->next < lexer->end && *lexer->next == quote) {
        return (struct str){start, (size_t)(lexer->next++ - start)};
    }
    char *text = compilation_alloc(lexer->compilation, (size_t)(lexer->end - start) + 4);
    size_t size = (size_t)(lexer->next - start);
    memcpy(text, start, size);
    while (lexer->next < lexer->end) {
        char byte = *lexer->next++;
        if (byte == quote) return (struct str){text, size};
        if (byte == '\\')
            size += take_escape(lexer, text + size);
        else
            text[size++] = byte;
    }
    compilation_fail(lexer->compilation, "S0101", position(lexer), STR(""));
}

static struct json take_number(struct lexer *lexer, struct str *ret_text)
{
    const char *start = lexer->next, *next = start, *end = lexer->end;
    if (*next == '0')
        next++;
    else
        while (next < end && is_digit(*next))
            next++;
    bool is_integer = true;
    if (end - next >= 2 && next[0] == '.' && is_digit(next[1])) {
        is_integer = false;
        for (next++; next < end && is_digit(*next); next++) {
        }
    }
    if (next < end && (*next | 0x20) == 'e') {
        const char *digits = next + 1;
        if (digits < end && (*digits == '+' || *digits == '-')) digits++;
        if (digits < end && is_digit(*digits)) {
            is_integer = false;
            for (next = digits; next < end && is_digit(*next); next++) {
            }
        }
    }
    *ret_text = (struct str){start, (size_t)(next - start)};
    struct json value;
    if (json_parse(lexer->compilation->arena, *ret_text, 0, &value, NULL) == STATUS_OK) {
        lexer->next = next;
        return is_integer ? value : value_from_real(json_to_real(&value));
    }
    compilation_fail(lexer->compilation, "S0102", position(lexer), *ret_text);
}

// The end of a regular expression is a slash outside of brackets that no backslash escapes.
static const struct regex *take_regex(struct lexer *lexer)
{
    const char *start = lexer->next;
    int depth = 0;
    for (;; lexer->next++) {
        if (lexer->next == lexer->end)
            compilation_fail(lexer->compilation, "S0302", position(lexer), STR(""));
        char byte = *lexer->next;
        bool is_escaped = lexer->next > start && lexer->next[-1] == '\\' &&
                          !(lexer->next > start + 1 && lexer->next[-2] == '\\');
        if (is_escaped) continue;
        if (byte == '/' && depth == 0) break;
        if (byte == '(' || byte == '[' || byte == '{') depth++;
        if (byte == ')' || byte == ']' || byte == '}') depth--;
    }
    struct str pattern = {start, (size_t)(lexer->next - start)};
    if (pattern.size == 0) compilation_fail(lexer->compilation, "S0301", position(lexer), STR(""));
    lexer->next++;
    unsigned flags = 0;
    for (; lexer->next < lexer->end; lexer->next++) {
        if (*lexer->next == 'i')
            flags |= REGEX_IGNORE_CASE;
        else if (*lexer->next == 'm')
            flags |= REGEX_MULTILINE;
        else
            break;
    }
    const struct regex *regex;
    struct str message;
    enum status status = regex_compile(lexer->compilation->arena, pattern, flags, &regex, &message);
    if (status == STATUS_NO_MEMORY) compilation_out_of_memory(lexer->compilation);
    if (status != STATUS_OK)
        compilation_fail(lexer->compilation, "S0303", position(lexer), message);
    return regex;
}

static struct lexeme finish(struct lexer *lexer, enum token token, struct str text)
{
    return (struct lexeme){.token = token, .position = position(lexer), .text = text};
}

static struct lexeme finish_literal(struct lexer *lexer, enum token token, struct json value)
{
    struct lexeme lexeme = {.token = token, .position = position(lexer), .value = value};
    if (token == TOKEN_STRING) lexeme.text = json_str(&value);
    return lexeme;
}

static bool ends_name(char byte)
{
    if (is_blank(byte)) return true;
    return byte != '\0' && strchr(".[]{}(),@#;:?+-*/%|=<>^&!~", byte) != NULL;
}

static struct lexeme take_name(struct lexer *lexer)
{
    const char *start = lexer->next;
    while (lexer->next < lexer->end && !ends_name(*lexer->next))
        lexer->next++;
    struct str name = {start, (size_t)(lexer->next - start)};
    if (*start == '$') return finish(lexer, TOKEN_VARIABLE, str_skip(name, 1));
    if (str_is(name, "or")) return finish(lexer, TOKEN_OR, name);
    if (str_is(name, "and")) return finish(lexer, TOKEN_AND, name);
    if (str_is(name, "in")) return finish(lexer, TOKEN_IN, name);
    struct lexeme lexeme = finish_literal(lexer, TOKEN_VALUE, json_null);
    lexeme.text = name;
    if (str_is(name, "null")) return lexeme;
    lexeme.value = json_from_bool(str_is(name, "true"));
    if (str_is(name, "true") || str_is(name, "false")) return lexeme;
    return finish(lexer, TOKEN_NAME, name);
}

struct lexeme lexer_next(struct lexer *lexer, bool is_infix)
{
    skip_blanks(lexer);
    if (lexer->next == lexer->end) return finish(lexer, TOKEN_END, STR("(end)"));
    char byte = *lexer->next;
    if (byte == '/' && !is_infix) {
        lexer->next++;
        const struct regex *regex = take_regex(lexer);
        struct lexeme lexeme = finish(lexer, TOKEN_REGEX, STR(""));
        lexeme.regex = regex;
        return lexeme;
    }
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        struct str text = str_from_c(operators[i].text);
        if ((size_t)(lexer->end - lexer->next) < text.size) continue;
        if (memcmp(lexer->next, text.data, text.size) != 0) continue;
        lexer->next += text.size;
        if (operators[i].token == TOKEN_BANG || operators[i].token == TOKEN_TILDE)
            compilation_fail(lexer->compilation, "S0204", position(lexer), text);
        return finish(lexer, operators[i].token, text);
    }
    if (byte == '"' || byte == '\'') {
        lexer->next++;
        struct str text = take_string(lexer, byte);
        return finish_literal(lexer, TOKEN_STRING, json_from_str(text));
    }
    if (is_digit(byte)) {
        struct str text;
        struct json value = take_number(lexer, &text);
        struct lexeme lexeme = finish_literal(lexer, TOKEN_NUMBER, value);
        lexeme.text = text;
        return lexeme;
    }
    if (byte != '`') return take_name(lexer);
    lexer->next++;
    const char *close = memchr(lexer->next, '`', (size_t)(lexer->end - lexer->next));
    if (close == NULL) {
        lexer->next = lexer->end;
        compilation_fail(lexer->compilation, "S0105", position(lexer), STR(""));
    }
    struct str name = {lexer->next, (size_t)(close - lexer->next)};
    lexer->next = close + 1;
    return finish(lexer, TOKEN_NAME, name);
}
