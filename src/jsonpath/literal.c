// Literals in paths: quoted texts, and values written the tolerant way that the library's parser
// accepts.

#include <stdlib.h>

#include "base/encoding.h"
#include "jsonpath/path.h"

// Four hexadecimal digits at `at`.
static bool take_unit(const char *at, const char *end, uint32_t *ret_unit)
{
    if (end - at < 4) return false;
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = encoding_hex_digit(at[i]);
        if (digit < 0) return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return true;
}

// The escape "uXXXX" at `*at`, with its second half when it is a surrogate pair.
static bool take_unicode(const char **at, const char *end, uint32_t *ret_code_point)
{
    uint32_t unit, second;
    if (!take_unit(*at + 1, end, &unit)) return false;
    *at += 5;
    *ret_code_point = unit;
    if (unit < 0xd800 || unit > 0xdfff) return true;
    bool is_pair = unit < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' &&
                   take_unit(*at + 2, end, &second) && second >= 0xdc00 && second <= 0xdfff;
    if (!is_pair) return true;
    *ret_code_point = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
    *at += 6;
    return true;
}

static char unescaped(char c)
{
    switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
    }
}

static bool unescape(struct compiler *compiler, struct str raw, struct str *ret_text)
{
    if (str_find_byte(raw, '\\') == SIZE_MAX) {
        *ret_text = raw;
        return true;
    }
    char *bytes = arena_alloc(compiler->arena, raw.size);
    if (bytes == NULL) return compile_fail_memory(compiler);
    size_t size = 0;
    const char *at = raw.data, *end = raw.data + raw.size;
    while (at != end) {
        if (*at != '\\' || at + 1 == end) {
            bytes[size++] = *at++;
            continue;
        }
        at++;
        if (*at == 'u') {
            uint32_t code_point;
            if (!take_unicode(&at, end, &code_point)) {
                return compile_fail(compiler, "Unable to parse unicode value");
            }
            size += encoding_utf8_put(code_point, bytes + size);
        } else {
            bytes[size++] = unescaped(*at++);
        }
    }
    *ret_text = (struct str){bytes, size};
    return true;
}

bool compile_quoted(struct compiler *compiler, struct str *ret_text)
{
    char quote = *compiler->at++;
    const char *start = compiler->at, *at = start;
    while (at != compiler->end && *at != quote) {
        if (*at == '\\' && at + 1 != compiler->end) at++;
        at++;
    }
    if (at == compiler->end) {
        return compile_fail(compiler, "Property has not been closed - missing closing %c", quote);
    }
    compiler->at = at + 1;
    return unescape(compiler, (struct str){start, (size_t)(at - start)}, ret_text);
}

static bool compile_items(struct compiler *compiler, struct json *ret_value)
{
    struct json_items items;
    json_items_init(&items, compiler->arena);
    for (;;) {
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, ']')) break;
        if (compile_is_at(compiler, ',')) {
            compiler->at++;
            continue;
        }
        struct json value;
        if (!compile_value(compiler, &value)) return false;
        json_items_append(&items, value);
        compile_skip_blanks(compiler);
        if (!compile_is_at(compiler, ',') && !compile_is_at(compiler, ']')) {
            return compile_fail(compiler, "Expected ',' or ']' in array literal");
        }
    }
    compiler->at++;
    if (compiler->arena->is_exhausted) return compile_fail_memory(compiler);
    *ret_value = json_items_finish(&items);
    return true;
}

static bool compile_members(struct compiler *compiler, struct json *ret_value)
{
    struct json_members members;
    json_members_init(&members, compiler->arena);
    for (;;) {
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, '}')) break;
        if (compile_is_at(compiler, ',')) {
            compiler->at++;
            continue;
        }
        struct json name, value;
        if (!compile_value(compiler, &name)) return false;
        compile_skip_blanks(compiler);
        if (name.type != JSON_STRING || !compile_is_at(compiler, ':')) {
            return compile_fail(compiler, "Expected name and ':' in object literal");
        }
        compiler->at++;
        if (!compile_value(compiler, &value)) return false;
        json_members_set(&members, json_str(&name), value);
        compile_skip_blanks(compiler);
        if (!compile_is_at(compiler, ',') && !compile_is_at(compiler, '}')) {
            return compile_fail(compiler, "Expected ',' or '}' in object literal");
        }
    }
    compiler->at++;
    if (compiler->arena->is_exhausted) return compile_fail_memory(compiler);
    *ret_value = json_members_finish(&members);
    return true;
}

// A word without quotes is a JSON scalar if it looks like one, otherwise a string.
static bool compile_word(struct compiler *compiler, struct json *ret_value)
{
    const char *start = compiler->at;
    while (compiler->at != compiler->end && strchr(",:]}()", *compiler->at) == NULL)
        compiler->at++;
    struct str word = str_trim((struct str){start, (size_t)(compiler->at - start)});
    if (word.size == 0) return compile_fail(compiler, "Expected a value");
    struct json value;
    enum status status = json_parse(compiler->arena, word, 0, &value, NULL);
    if (status == STATUS_NO_MEMORY) return compile_fail_memory(compiler);
    *ret_value = status == STATUS_OK ? value : json_from_str(word);
    return true;
}

bool compile_value(struct compiler *compiler, struct json *ret_value)
{
    compile_skip_blanks(compiler);
    if (++compiler->depth > NESTING_MAX) {
        return compile_fail(compiler, "Literal is nested more than %d levels", NESTING_MAX);
    }
    bool is_ok;
    if (compile_is_at(compiler, '\'') || compile_is_at(compiler, '"')) {
        struct str text;
        is_ok = compile_quoted(compiler, &text);
        if (is_ok) *ret_value = json_from_str(text);
    } else if (compile_is_at(compiler, '[')) {
        compiler->at++;
        is_ok = compile_items(compiler, ret_value);
    } else if (compile_is_at(compiler, '{')) {
        compiler->at++;
        is_ok = compile_members(compiler, ret_value);
    } else {
        is_ok = compile_word(compiler, ret_value);
    }
    compiler->depth--;
    return is_ok;
}

bool compile_parameters(struct compiler *compiler, struct function_call *call)
{
    struct parameter *parameters = NULL;
    uint32_t count = 0, capacity = 0;
    for (;;) {
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, ')')) break;
        if (compiler->at == compiler->end) {
            return compile_fail(compiler, "Arguments to function are not closed properly.");
        }
        if (count == capacity) {
            struct parameter *larger =
                arena_alloc_array(compiler->arena, capacity * 2 + 2, sizeof(*larger));
            if (larger == NULL) return compile_fail_memory(compiler);
            if (count > 0) memcpy(larger, parameters, count * sizeof(*larger));
            parameters = larger;
            capacity = capacity * 2 + 2;
        }
        struct parameter *parameter = &parameters[count++];
        *parameter = (struct parameter){0};
        bool is_path = compile_is_at(compiler, '$') || compile_is_at(compiler, '@');
        compiler->at += is_path;
        bool is_ok = is_path ? compile_path(compiler, COMPILE_PARAMETER, false, &parameter->path)
                             : compile_value(compiler, &parameter->value);
        if (!is_ok) return false;
        compile_skip_blanks(compiler);
        if (compile_is_at(compiler, ',')) {
            compiler->at++;
        } else if (!compile_is_at(compiler, ')')) {
            return compile_fail(compiler, "Arguments to function are not closed properly.");
        }
    }
    compiler->at++;
    call->parameters = parameters;
    call->count = count;
    return true;
}
