// Strings: most have no escape and stay where they are in the text. Others are decoded into the
// arena in one walk, and what the guess of their size was too large is given back.

#include "base/encoding.h"
#include "json/parse.h"
#include "json/scan.h"

enum { COPY_SLACK = 16 }; // What scan_copy_run() may write behind the copy.

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
        if (encoding_hex_digit(*at) < 0) {
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
        unit = unit << 4 | (uint32_t)encoding_hex_digit(digits[i]);
    return unit;
}

// Decode the escape sequence whose backslash is `at` to `out`, with the second half of a surrogate
// pair if there is one; a lone surrogate stays what it is.
static const char *decode_escape(struct json_parser *parser, const char *at, char **out)
{
    const char *after = check_escape(parser, at);
    if (after == NULL) return NULL;
    char c = at[1];
    switch (c) {
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 'n': c = '\n'; break;
    case 'r': c = '\r'; break;
    case 't': c = '\t'; break;
    default: break; // '"', '\' and '/' stand for themselves.
    }
    if (c != 'u') {
        *(*out)++ = c;
        return after;
    }
    uint32_t code_point = hex_unit(at + 2);
    if (code_point >= 0xd800 && code_point <= 0xdfff) {
        uint32_t first = code_point;
        if (first < 0xdc00 && parser->end - after >= 2 && after[0] == '\\' && after[1] == 'u') {
            const char *behind = check_escape(parser, after);
            if (behind == NULL) return NULL;
            uint32_t second = hex_unit(after + 2);
            if (second >= 0xdc00 && second <= 0xdfff) {
                code_point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                after = behind;
            }
        }
    }
    *out += encoding_utf8_put(code_point, *out);
    return after;
}

// At least as many bytes as the string from `start` decodes to.
static size_t decoded_size_max(const struct json_parser *parser, const char *start)
{
    size_t rest = (size_t)(parser->end - start);
    if (rest + COPY_SLACK <= arena_free_size(parser->arena)) return rest;
    bool has_high = false;
    const char *at = start;
    while ((at = scan_string(at, parser->end, &has_high)) != parser->end && *at == '\\')
        at += parser->end - at >= 2 ? 2 : 1;
    return (size_t)(at - start);
}

// The string from `start`, in which there is a backslash or an error.
static const char *parse_with_escapes(struct json_parser *parser, const char *start, bool is_name,
                                      struct json *ret_value)
{
    char *copy = arena_alloc(parser->arena, decoded_size_max(parser, start) + COPY_SLACK);
    if (copy == NULL) return json_parse_fail_memory(parser);
    char *out = copy;
    const char *at = start;
    while ((at = scan_copy_run(at, parser->end, &out)) == parser->end || *at != '"') {
        if (at == parser->end || *at != '\\') return fail_at_special(parser, at, is_name);
        at = decode_escape(parser, at, &out);
        if (at == NULL) return NULL;
    }
    size_t size = (size_t)(out - copy);
    arena_trim(parser->arena, copy, size);
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
        at = parse_with_escapes(parser, start, is_name, ret_value);
    }
    if (UNLIKELY(has_high || has_escapes) && at != NULL) {
        size_t bad = encoding_wtf8_check((struct str){start, (size_t)(at - 1 - start)});
        if (bad != SIZE_MAX) {
            return json_parse_fail(parser, start + bad, "Invalid UTF-8 byte 0x%x",
                                   (unsigned char)start[bad]);
        }
    }
    return at;
}
