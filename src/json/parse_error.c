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

const char *json_parse_fail(struct json_parser *parser, const char *at, const char *format, ...)
{
    struct json_error *error = parser->reterr_error;
    parser->status = STATUS_INVALID;
    if (error == NULL) return NULL;
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(parser->arena, format, args);
    va_end(args);
    if (message.size == 0) return json_parse_fail_memory(parser);
    error->offset = (size_t)(at - parser->start);
    locate(parser, at, &error->line, &error->column);
    error->message = message;
    return NULL;
}

const char *json_parse_fail_memory(struct json_parser *parser)
{
    parser->status = STATUS_NO_MEMORY;
    return NULL;
}

// The character at `at`, whole even where it is several bytes. Malformed UTF-8 gives its first
// byte.
static struct str character_at(const struct json_parser *parser, const char *at,
                               uint32_t *ret_code_point)
{
    struct str rest = {at, (size_t)(parser->end - at)};
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
static struct str describe(struct json_parser *parser, const char *at)
{
    uint32_t code;
    struct str character = character_at(parser, at, &code);
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

static const char *fail_white_space(struct json_parser *parser, const char *at)
{
    struct str description = describe(parser, at);
    return json_parse_fail(parser, at,
                           "Illegal character (%" STR_FORMAT
                           "): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                           STR_ARGS(description));
}

const char *json_parse_fail_character(struct json_parser *parser, const char *at,
                                      const char *expectation)
{
    if ((unsigned char)*at < ' ') return fail_white_space(parser, at);
    struct str description = describe(parser, at);
    return json_parse_fail(parser, at, "Unexpected character (%" STR_FORMAT "): %s",
                           STR_ARGS(description), expectation);
}

const char *json_parse_fail_number(struct json_parser *parser, const char *at,
                                   const char *expectation)
{
    struct str description = describe(parser, at);
    return json_parse_fail(parser, at,
                           "Unexpected character (%" STR_FORMAT ") in numeric value: %s",
                           STR_ARGS(description), expectation);
}

const char *json_parse_fail_end(struct json_parser *parser, const char *where)
{
    return json_parse_fail(parser, parser->end, "Unexpected end-of-input%s", where);
}

// "[Source: (String)"{"a"..."; line: 1, column: 2]": how the service's parser points to a place.
static struct str describe_container(struct json_parser *parser, const char *before)
{
    // The opening of the innermost container is the last unmatched one. Its place was not kept, for
    // that would slow down texts that are in order, so it is searched by matching from the start.
    const char *opening[JSON_DEPTH_MAX + 1];
    uint32_t depth = 0;
    bool in_string = false;
    for (const char *at = parser->start; at < before; at++) {
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

const char *json_parse_fail_open(struct json_parser *parser)
{
    struct str container = describe_container(parser, parser->end);
    return json_parse_fail(
        parser, parser->end,
        "Unexpected end-of-input: expected close marker for %s (start marker at %" STR_FORMAT ")",
        container_name(parser), STR_ARGS(container));
}

const char *json_parse_fail_mismatch(struct json_parser *parser, const char *at)
{
    struct str container = describe_container(parser, at);
    return json_parse_fail(
        parser, at,
        "Unexpected close marker '%c': expected '%c' (for %s starting at %" STR_FORMAT ")", *at,
        *at == '}' ? ']' : '}', container_name(parser), STR_ARGS(container));
}

const char *json_parse_fail_token(struct json_parser *parser, const char *at)
{
    char first = *at;
    if ((unsigned char)first < ' ') return fail_white_space(parser, at);
    if (first == '+') {
        return json_parse_fail_number(parser, at,
                                      "JSON spec does not allow numbers to have plus signs: "
                                      "enable `JsonReadFeature."
                                      "ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow");
    }
    if (first == '}') return json_parse_fail_character(parser, at, "expected a value");
    bool starts_identifier = json_is_identifier_byte(first) && !(first >= '0' && first <= '9');
    if (!starts_identifier) {
        struct str expectation =
            arena_printf(parser->arena, "expected a valid value %s", valid_values);
        return json_parse_fail_character(parser, at, expectation.size == 0 ? "" : expectation.data);
    }
    struct str token = {at, 0};
    while (token.data + token.size != parser->end &&
           json_is_identifier_byte(token.data[token.size]))
        token.size++;
    size_t bad = encoding_utf8_check(token);
    if (bad != SIZE_MAX) {
        at += bad;
        return json_parse_fail(parser, at, "Invalid UTF-8 byte 0x%x", (unsigned char)*at);
    }
    bool is_cut = token.size > TOKEN_SHOWN_MAX;
    if (is_cut) token.size = TOKEN_SHOWN_MAX;
    while (is_cut && (token.data[token.size] & 0xc0) == 0x80)
        token.size--;
    bool is_not_finite = str_is(token, "NaN") || str_is(token, "Infinity");
    if (is_not_finite) {
        return json_parse_fail(parser, at,
                               "Non-standard token '%" STR_FORMAT
                               "': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow",
                               STR_ARGS(token));
    }
    return json_parse_fail(parser, at, "Unrecognized token '%" STR_FORMAT "%s': was expecting %s",
                           STR_ARGS(token), is_cut ? "..." : "", valid_values);
}

const char *json_parse_fail_control(struct json_parser *parser, const char *at, bool is_name)
{
    struct str description = describe(parser, at);
    return json_parse_fail(parser, at,
                           "Illegal unquoted character (%" STR_FORMAT
                           "): has to be escaped using backslash to be included in %s",
                           STR_ARGS(description), is_name ? "name" : "string value");
}

const char *json_parse_fail_escape(struct json_parser *parser, const char *at)
{
    struct str description = describe(parser, at);
    return json_parse_fail(parser, at, "Unrecognized character escape %" STR_FORMAT,
                           STR_ARGS(description));
}
