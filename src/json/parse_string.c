// Strings: most have no escape and stay where they are in the text. With escapes a first walk
// checks and a second one, which cannot fail any more, decodes.

#include "base/encoding.h"
#include "json/parse.h"
#include "json/scan.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// `at` is on a backslash; returns what is behind the escape sequence.
static const char *check_escape(struct json_parser *parser, const char *at)
{
    static const char in_escape[] = " in character escape sequence";
    at++;
    if (at == parser->end) return json_parse_fail_end(parser, in_escape);
    switch (*at) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return at + 1;
    case 'u': break;
    default: return json_parse_fail_escape(parser, at);
    }
    at++;
    for (int i = 0; i < 4; i++, at++) {
        if (at == parser->end) return json_parse_fail_end(parser, in_escape);
        if (hex_digit(*at) < 0) {
            return json_parse_fail_character(parser, at,
                                             "expected a hex-digit for character escape sequence");
        }
    }
    return at;
}

static COLD const char *fail_at_special(struct json_parser *parser, const char *at, bool is_name)
{
    if (at != parser->end) return json_parse_fail_control(parser, at, is_name);
    return json_parse_fail_end(
        parser, is_name ? " in field name" : ": was expecting closing quote for a string value");
}

static uint32_t hex_unit(const char *digits)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit << 4 | (uint32_t)hex_digit(digits[i]);
    return unit;
}

// The code point of the escape "uXXXX" at `at`, with the second half of a surrogate pair if there
// is one. Returns how many bytes of the text that took; a lone surrogate becomes U+FFFD.
static size_t decode_unicode(const char *at, const char *end, uint32_t *ret_code_point)
{
    uint32_t unit = hex_unit(at + 1);
    *ret_code_point = unit;
    if (unit < 0xd800 || unit > 0xdfff) return 5;
    *ret_code_point = 0xfffd;
    bool may_be_pair = unit < 0xdc00 && end - at >= 11 && at[5] == '\\' && at[6] == 'u';
    if (!may_be_pair) return 5;
    uint32_t second = hex_unit(at + 7);
    if (second < 0xdc00 || second > 0xdfff) return 5;
    *ret_code_point = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
    return 11;
}

// Decode the checked text [at, end) to `out`, which has room for 16 bytes more. Returns the size.
static size_t decode(const char *at, const char *end, char *out)
{
    char *out_start = out;
    while ((at = scan_copy_run(at, end, &out)) != end) {
        at++; // Nothing but backslashes is special in a checked text.
        if (*at == 'u') {
            uint32_t code_point;
            at += decode_unicode(at, end, &code_point);
            out += encoding_utf8_put(code_point, out);
            continue;
        }
        char c = *at++;
        switch (c) {
        case 'b': c = '\b'; break;
        case 'f': c = '\f'; break;
        case 'n': c = '\n'; break;
        case 'r': c = '\r'; break;
        case 't': c = '\t'; break;
        default: break; // '"', '\' and '/' stand for themselves.
        }
        *out++ = c;
    }
    return (size_t)(out - out_start);
}

// The string from `start`, whose first backslash is `at`.
static const char *parse_with_escapes(struct json_parser *parser, const char *start, const char *at,
                                      bool is_name, struct json *ret_value)
{
    bool has_high = false; // The caller checks the whole string.
    while (at == parser->end || *at != '"') {
        if (at == parser->end || *at != '\\') return fail_at_special(parser, at, is_name);
        at = check_escape(parser, at);
        if (at == NULL) return NULL;
        at = scan_string(at, parser->end, &has_high);
    }
    char *copy = arena_alloc(parser->arena, (size_t)(at - start) + 16);
    if (copy == NULL) return json_parse_fail_memory(parser);
    size_t size = decode(start, at, copy);
    *ret_value = (struct json){.type = JSON_STRING, .size = (uint32_t)size, .text = copy};
    return at + 1;
}

static const char *copy_text(struct json_parser *parser, const char *after, struct json *value)
{
    struct str copy;
    if (!arena_copy_str(parser->arena, json_str(value), &copy))
        return json_parse_fail_memory(parser);
    value->text = copy.data;
    return after;
}

const char *json_parse_string(struct json_parser *parser, const char *at, bool is_name,
                              struct json *ret_value)
{
    bool has_high = false, has_escapes = false;
    const char *start = at;
    at = scan_string(at, parser->end, &has_high);
    if (LIKELY(at != parser->end && *at == '"')) {
        ret_value->type = JSON_STRING;
        ret_value->size = (uint32_t)(at - start);
        ret_value->text = start;
        at++;
        if ((parser->flags & JSON_PARSE_COPY) != 0) at = copy_text(parser, at, ret_value);
    } else {
        has_escapes = true;
        at = parse_with_escapes(parser, start, at, is_name, ret_value);
    }
    if (UNLIKELY(has_high || has_escapes) && at != NULL) {
        size_t bad = encoding_utf8_check((struct str){start, (size_t)(at - 1 - start)});
        if (bad != SIZE_MAX) {
            return json_parse_fail(parser, start + bad, "Invalid UTF-8 byte 0x%x",
                                   (unsigned char)start[bad]);
        }
    }
    return at;
}
