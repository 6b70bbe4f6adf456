// The core schema of YAML 1.2 by hand, and the way back from a scalar's text to its source for
// those styles where that is a matter of counting.

#include "yaml/scalar.h"

#include <stdint.h>

// ---------------------------------------------------------------------------------------------
// Types

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct str take_digits(struct str *text)
{
    size_t size = 0;
    while (size < text->size && is_digit(text->data[size]))
        size++;
    struct str digits = str_slice(*text, 0, size);
    *text = str_skip(*text, size);
    return digits;
}

static bool take_one_of(struct str *text, const char *set, char *ret_taken)
{
    if (text->size == 0 || text->data[0] == '\0' || strchr(set, text->data[0]) == NULL)
        return false;
    *ret_taken = text->data[0];
    *text = str_skip(*text, 1);
    return true;
}

// JSON has no leading zeros.
static struct str without_zeros(struct str digits)
{
    while (digits.size > 1 && digits.data[0] == '0')
        digits = str_skip(digits, 1);
    return digits;
}

// Source: YAML 1.2.2, "Core Schema": [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? )
// ( [eE] [-+]? [0-9]+ )?
static bool render_decimal(struct buffer *json, struct str text)
{
    char sign = '+', exponent_sign = '+', mark = '\0';
    take_one_of(&text, "+-", &sign);
    struct str whole = take_digits(&text), fraction = STR(""), exponent = STR("");
    if (take_one_of(&text, ".", &mark)) fraction = take_digits(&text);
    if (whole.size == 0 && fraction.size == 0) return false;
    if (take_one_of(&text, "eE", &mark)) {
        take_one_of(&text, "+-", &exponent_sign);
        exponent = take_digits(&text);
        if (exponent.size == 0) return false;
    }
    // JSON's reals are finite: what is as large as this stays a string.
    if (text.size > 0 || exponent.size > 2) return false;
    if (sign == '-') buffer_append_byte(json, '-');
    buffer_append_str(json, whole.size == 0 ? STR("0") : without_zeros(whole));
    if (fraction.size > 0) {
        buffer_append_byte(json, '.');
        buffer_append_str(json, fraction);
    }
    if (exponent.size > 0) {
        buffer_append_byte(json, 'e');
        if (exponent_sign == '-') buffer_append_byte(json, '-');
        buffer_append_str(json, exponent);
    }
    return true;
}

// 0x1F and 0o17.
static bool render_based(struct buffer *json, struct str text)
{
    bool is_hexadecimal = str_starts_with(text, STR("0x"));
    if (!is_hexadecimal && !str_starts_with(text, STR("0o"))) return false;
    static const char digits[] = "0123456789abcdef";
    unsigned base = is_hexadecimal ? 16 : 8;
    uint64_t value = 0;
    if (text.size == 2 || text.size > 17) return false;
    for (size_t i = 2; i < text.size; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
        const char *found = c == '\0' ? NULL : strchr(digits, c);
        if (found == NULL || (size_t)(found - digits) >= base) return false;
        value = value * base + (uint64_t)(found - digits);
    }
    buffer_append_u64(json, value);
    return true;
}

bool yaml_scalar_render_plain(struct buffer *json, struct str text)
{
    static const struct {
        const char *words[4];
        const char *json;
    } constants[] = {
        {{"null", "Null", "NULL", "~"}, "null"},
        {{"true", "True", "TRUE", "true"}, "true"},
        {{"false", "False", "FALSE", "false"}, "false"},
    };
    if (text.size == 0) {
        buffer_append_str(json, STR("null"));
        return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(constants); i++) {
        for (size_t w = 0; w < ARRAY_COUNT(constants[i].words); w++) {
            if (!str_is(text, constants[i].words[w])) continue;
            buffer_append_str(json, str_from_c(constants[i].json));
            return true;
        }
    }
    return render_based(json, text) || render_decimal(json, text);
}

// ---------------------------------------------------------------------------------------------
// Places

static struct yaml_span whole(const struct yaml_mark *mark)
{
    return (struct yaml_span){mark->start, mark->end};
}

// Bytes that an escape of a double-quoted scalar takes in the source, and gives in the text.
static size_t escape_size(struct str rest, size_t *ret_text_size)
{
    *ret_text_size = 1;
    if (rest.size < 2) return rest.size;
    size_t digits = rest.data[1] == 'x' ? 2 : rest.data[1] == 'u' ? 4 : rest.data[1] == 'U' ? 8 : 0;
    if (digits == 0) return 2;
    uint32_t code_point = 0;
    for (size_t i = 2; i < 2 + digits && i < rest.size; i++) {
        char c = rest.data[i];
        uint32_t digit = is_digit(c) ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
        code_point = (code_point << 4) | (digit & 15);
    }
    *ret_text_size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    return 2 + digits < rest.size ? 2 + digits : rest.size;
}

// In scalars of one line, bytes of the text are those of the source but for escapes.
static struct yaml_span find_in_line(struct str source, const struct yaml_mark *mark, size_t index)
{
    size_t quote = mark->style == YAML_PLAIN ? 0 : 1;
    size_t at = mark->start + quote, text_at = 0;
    while (at < mark->end) {
        struct str rest = str_slice(source, at, mark->end - at);
        size_t size = 1, text_size = 1;
        if (mark->style == YAML_DOUBLE_QUOTED && rest.data[0] == '\\')
            size = escape_size(rest, &text_size);
        if (mark->style == YAML_SINGLE_QUOTED && str_starts_with(rest, STR("''"))) size = 2;
        if (index < text_at + text_size) return (struct yaml_span){at, at + size};
        at += size;
        text_at += text_size;
    }
    return whole(mark);
}

static size_t count_blanks(struct str line)
{
    size_t count = 0;
    while (count < line.size && line.data[count] == ' ')
        count++;
    return count;
}

// A block's text is its lines without their common indentation, which the first line shows.
static struct yaml_span find_in_block(struct str source, const struct yaml_mark *mark, size_t index)
{
    struct str rest = str_slice(source, mark->start, mark->end - mark->start);
    size_t indentation = SIZE_MAX, text_at = 0;
    while (rest.data != NULL && rest.size > 0) {
        struct str line = str_cut(&rest, '\n');
        size_t blanks = count_blanks(line);
        if (indentation == SIZE_MAX && blanks < line.size) indentation = blanks;
        size_t cut = indentation < line.size ? indentation : blanks;
        if (indentation == SIZE_MAX) cut = line.size;
        size_t text_size = line.size - cut + 1; // With its line feed.
        if (index < text_at + text_size) {
            size_t at = (size_t)(line.data - source.data) + cut + (index - text_at);
            // The last line may have no line feed, though the text has.
            return at < mark->end ? (struct yaml_span){at, at + 1} : whole(mark);
        }
        text_at += text_size;
    }
    return whole(mark);
}

struct yaml_span yaml_scalar_find(struct str yaml, const struct yaml_mark *mark, size_t index)
{
    struct str source = str_slice(yaml, mark->start, mark->end - mark->start);
    switch (mark->style) {
    case YAML_COLLECTION:
    case YAML_FOLDED: return whole(mark);
    case YAML_PLAIN:
    case YAML_SINGLE_QUOTED:
    case YAML_DOUBLE_QUOTED:
        if (str_find_byte(source, '\n') != SIZE_MAX) return whole(mark);
        return find_in_line(yaml, mark, index);
    case YAML_LITERAL: return find_in_block(yaml, mark, index);
    }
    return whole(mark);
}
