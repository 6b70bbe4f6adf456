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

static enum status check_utf8(struct json_parser *parser, const char *from, const char *to)
{
    size_t bad = encoding_utf8_check((struct str){from, (size_t)(to - from)});
    if (bad == SIZE_MAX) return STATUS_OK;
    parser->at = from + bad;
    return json_parse_fail(parser, "Invalid UTF-8 byte 0x%x", (unsigned char)*parser->at);
}

// `at` is on a backslash; moves behind the escape sequence.
static enum status check_escape(struct json_parser *parser)
{
    static const char in_escape[] = " in character escape sequence";
    parser->at++;
    if (parser->at == parser->end) return json_parse_fail_end(parser, in_escape);
    switch (*parser->at) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': parser->at++; return STATUS_OK;
    case 'u': break;
    default: return json_parse_fail_escape(parser);
    }
    parser->at++;
    for (int i = 0; i < 4; i++, parser->at++) {
        if (parser->at == parser->end) return json_parse_fail_end(parser, in_escape);
        if (hex_digit(*parser->at) < 0) {
            return json_parse_fail_character(parser,
                                             "expected a hex-digit for character escape sequence");
        }
    }
    return STATUS_OK;
}

// From behind the opening quote to the closing one, where `at` is left. Sets *has_escapes when
// there are any.
static enum status find_end(struct json_parser *parser, bool is_name, bool *has_escapes)
{
    bool has_high = false;
    const char *start = parser->at;
    for (;;) {
        parser->at = scan_string(parser->at, parser->end, &has_high);
        if (UNLIKELY(parser->at == parser->end)) {
            return json_parse_fail_end(parser, is_name ? " in field name"
                                                       : ": was expecting closing quote for a "
                                                         "string value");
        }
        if (LIKELY(*parser->at == '"')) break;
        if (*parser->at != '\\') return json_parse_fail_control(parser, is_name);
        *has_escapes = true;
        enum status status = check_escape(parser);
        if (status != STATUS_OK) return status;
    }
    if (!has_high) return STATUS_OK;
    return check_utf8(parser, start, parser->at);
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

// Decode the checked text [at, end) to `out`, which has room for as many bytes. Returns the size.
static size_t decode(const char *at, const char *end, char *out)
{
    char *out_start = out;
    while (at != end) {
        const char *run = at;
        at = memchr(at, '\\', (size_t)(end - at));
        if (at == NULL) at = end;
        memcpy(out, run, (size_t)(at - run));
        out += at - run;
        if (at == end) break;
        at++;
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

enum status json_parse_string(struct json_parser *parser, bool is_name, struct json *ret_value)
{
    const char *start = parser->at;
    bool has_escapes = false;
    enum status status = find_end(parser, is_name, &has_escapes);
    if (UNLIKELY(status != STATUS_OK)) return status;
    const char *end = parser->at++;
    size_t size = (size_t)(end - start);
    const char *text = start;
    bool must_copy = has_escapes || (parser->flags & JSON_PARSE_COPY) != 0;
    if (UNLIKELY(must_copy && size > 0)) {
        char *copy = arena_alloc(parser->arena, size);
        if (copy == NULL) return STATUS_NO_MEMORY;
        if (has_escapes) {
            size = decode(start, end, copy);
        } else {
            memcpy(copy, start, size);
        }
        text = copy;
    } else if (must_copy) {
        text = "";
    }
    *ret_value = (struct json){.type = JSON_STRING, .size = (uint32_t)size, .text = text};
    return STATUS_OK;
}
