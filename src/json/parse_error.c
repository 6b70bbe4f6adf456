// What is wrong with a text, in the words of the parser that the service uses.
//
// Messages name characters as UTF-16 units because that parser sees a text so; the place is counted
// in bytes. All of this is off the hot path.

#include <stdarg.h>

#include "base/encoding.h"
#include "json/parse.h"

enum { TOKEN_SHOWN_MAX = 256, SOURCE_SHOWN_MAX = 500 };

static const char valid_values[] =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

static void locate(const struct json_parser *parser, const char *place, uint32_t *ret_line,
                   uint32_t *ret_column)
{
    uint32_t line = 1;
    const char *line_start = parser->start;
    for (const char *at = parser->start; at < place; at++) {
        bool ends_line = *at == '\n' || (*at == '\r' && (at + 1 == place || at[1] != '\n'));
        if (ends_line) {
            line++;
            line_start = at + 1;
        }
    }
    *ret_line = line;
    *ret_column = (uint32_t)(place - line_start) + 1;
}

enum status json_parse_fail(struct json_parser *parser, const char *format, ...)
{
    struct json_error *error = parser->reterr_error;
    if (error == NULL) return STATUS_INVALID;
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(parser->arena, format, args);
    va_end(args);
    if (message.size == 0) return STATUS_NO_MEMORY;
    error->offset = (size_t)(parser->at - parser->start);
    locate(parser, parser->at, &error->line, &error->column);
    error->message = message;
    return STATUS_INVALID;
}

// The character at `at`, whole even where it is several bytes. Malformed UTF-8 gives its first
// byte.
static struct str character_at(const struct json_parser *parser, uint32_t *ret_code_point)
{
    struct str rest = {parser->at, (size_t)(parser->end - parser->at)};
    for (size_t size = 1; size <= 4 && size <= rest.size; size++) {
        struct str character = str_slice(rest, 0, size);
        if (encoding_utf8_check(character) != SIZE_MAX) continue;
        struct str taken = character;
        *ret_code_point = encoding_utf8_take(&taken);
        return character;
    }
    *ret_code_point = (unsigned char)rest.data[0];
    return STR("\xef\xbf\xbd");
}

// "'x' (code 120)", "(CTRL-CHAR, code 1)" or "'€' (code 8364 / 0x20ac)".
static struct str describe(struct json_parser *parser)
{
    uint32_t code;
    struct str character = character_at(parser, &code);
    if (code > 0xffff) code = 0xd800 + ((code - 0x10000) >> 10); // Its first UTF-16 unit.
    if (code < 32 || (code >= 127 && code < 160)) {
        return arena_printf(parser->arena, "(CTRL-CHAR, code %u)", code);
    }
    if (code > 255) {
        return arena_printf(parser->arena, "'%" STR_FORMAT "' (code %u / 0x%x)",
                            STR_ARGS(character), code, code);
    }
    return arena_printf(parser->arena, "'%" STR_FORMAT "' (code %u)", STR_ARGS(character), code);
}

enum status json_parse_fail_character(struct json_parser *parser, const char *expectation)
{
    if ((unsigned char)*parser->at < ' ') return json_parse_fail_white_space(parser);
    struct str description = describe(parser);
    return json_parse_fail(parser, "Unexpected character (%" STR_FORMAT "): %s",
                           STR_ARGS(description), expectation);
}

enum status json_parse_fail_number(struct json_parser *parser, const char *expectation)
{
    struct str description = describe(parser);
    return json_parse_fail(parser, "Unexpected character (%" STR_FORMAT ") in numeric value: %s",
                           STR_ARGS(description), expectation);
}

enum status json_parse_fail_end(struct json_parser *parser, const char *where)
{
    parser->at = parser->end;
    return json_parse_fail(parser, "Unexpected end-of-input%s", where);
}

// "[Source: (String)"{"a"..."; line: 1, column: 2]": how the service's parser points to a place.
static struct str describe_container(struct json_parser *parser)
{
    // The opening of the innermost container is the last unmatched one. Its place was not kept, for
    // that would slow down texts that are in order, so it is searched by matching from the start.
    const char *opening[JSON_DEPTH_MAX + 1];
    uint32_t depth = 0;
    bool in_string = false;
    for (const char *at = parser->start; at < parser->at && at < parser->end; at++) {
        if (*at == '"') in_string = !in_string;
        if (*at == '\\' && in_string) at++;
        if (in_string) continue;
        if ((*at == '{' || *at == '[') && depth < JSON_DEPTH_MAX) opening[depth++] = at;
        if ((*at == '}' || *at == ']') && depth > 0) depth--;
    }
    uint32_t line = 1, column = 0;
    if (depth > 0) locate(parser, opening[depth - 1], &line, &column);
    struct str source = {parser->start, (size_t)(parser->end - parser->start)};
    if (encoding_utf8_check(source) != SIZE_MAX) source = STR("...");
    struct str shown = str_slice(source, 0, SOURCE_SHOWN_MAX);
    while (shown.size < source.size && (source.data[shown.size] & 0xc0) == 0x80)
        shown.size--; // Do not cut a character in two.
    if (shown.size == source.size) {
        return arena_printf(parser->arena,
                            "[Source: (String)\"%" STR_FORMAT "\"; line: %u, column: %u]",
                            STR_ARGS(shown), line, column);
    }
    return arena_printf(parser->arena,
                        "[Source: (String)\"%" STR_FORMAT
                        "\"[truncated %zu chars]; line: %u, column: %u]",
                        STR_ARGS(shown), source.size - shown.size, line, column);
}

static const char *container_name(const struct json_parser *parser)
{
    if (parser->container == NO_CONTAINER) return "root";
    return parser->pending[parser->container].type == JSON_OBJECT ? "Object" : "Array";
}

enum status json_parse_fail_open(struct json_parser *parser)
{
    parser->at = parser->end;
    struct str container = describe_container(parser);
    return json_parse_fail(
        parser,
        "Unexpected end-of-input: expected close marker for %s (start marker at %" STR_FORMAT ")",
        container_name(parser), STR_ARGS(container));
}

enum status json_parse_fail_mismatch(struct json_parser *parser)
{
    struct str container = describe_container(parser);
    return json_parse_fail(
        parser, "Unexpected close marker '%c': expected '%c' (for %s starting at %" STR_FORMAT ")",
        *parser->at, *parser->at == '}' ? ']' : '}', container_name(parser), STR_ARGS(container));
}

enum status json_parse_fail_token(struct json_parser *parser)
{
    char first = *parser->at;
    if ((unsigned char)first < ' ') return json_parse_fail_white_space(parser);
    if (first == '+') {
        return json_parse_fail_number(parser,
                                      "JSON spec does not allow numbers to have plus signs: "
                                      "enable `JsonReadFeature."
                                      "ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow");
    }
    if (first == '}') return json_parse_fail_character(parser, "expected a value");
    bool starts_identifier = json_is_identifier_byte(first) && !(first >= '0' && first <= '9');
    if (!starts_identifier) {
        struct str expectation =
            arena_printf(parser->arena, "expected a valid value %s", valid_values);
        return json_parse_fail_character(parser, expectation.size == 0 ? "" : expectation.data);
    }
    struct str token = {parser->at, 0};
    while (token.data + token.size != parser->end &&
           json_is_identifier_byte(token.data[token.size]))
        token.size++;
    size_t bad = encoding_utf8_check(token);
    if (bad != SIZE_MAX) {
        parser->at += bad;
        return json_parse_fail(parser, "Invalid UTF-8 byte 0x%x", (unsigned char)*parser->at);
    }
    bool is_cut = token.size > TOKEN_SHOWN_MAX;
    if (is_cut) token.size = TOKEN_SHOWN_MAX;
    while (is_cut && (token.data[token.size] & 0xc0) == 0x80)
        token.size--;
    bool is_not_finite = str_is(token, "NaN") || str_is(token, "Infinity");
    if (is_not_finite) {
        return json_parse_fail(parser,
                               "Non-standard token '%" STR_FORMAT
                               "': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow",
                               STR_ARGS(token));
    }
    return json_parse_fail(parser, "Unrecognized token '%" STR_FORMAT "%s': was expecting %s",
                           STR_ARGS(token), is_cut ? "..." : "", valid_values);
}

enum status json_parse_fail_control(struct json_parser *parser, bool is_name)
{
    struct str description = describe(parser);
    return json_parse_fail(parser,
                           "Illegal unquoted character (%" STR_FORMAT
                           "): has to be escaped using backslash to be included in %s",
                           STR_ARGS(description), is_name ? "name" : "string value");
}

enum status json_parse_fail_escape(struct json_parser *parser)
{
    struct str description = describe(parser);
    return json_parse_fail(parser, "Unrecognized character escape %" STR_FORMAT,
                           STR_ARGS(description));
}

enum status json_parse_fail_white_space(struct json_parser *parser)
{
    struct str description = describe(parser);
    return json_parse_fail(parser,
                           "Illegal character (%" STR_FORMAT
                           "): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                           STR_ARGS(description));
}
