// The texts of errors. They are the language's own, as the States Language shows them.

#include "jsonata/evaluation.h"

static const struct {
    const char *code;
    const char *text;
} messages[] = {
#define MESSAGE(code, text) {code, text},
#include "jsonata/error_message.def"
#undef MESSAGE
};

enum { VALUE_TEXT_SIZE_MAX = 1000 };

static struct str quoted(struct arena *arena, struct str text)
{
    return arena_printf(arena, "\"%" STR_FORMAT "\"", STR_ARGS(text));
}

// A value as a message shows it: JSON, cut where it is long.
static struct str value_text(struct arena *arena, struct json value)
{
    if (value.type > JSON_OBJECT) return STR("");
    if (value.type == JSON_STRING) return quoted(arena, json_str(&value));
    if (json_is_number(&value)) {
        char text[NUMBER_TEXT_SIZE];
        struct str number = {text, number_to_text(json_to_real(&value), text)};
        return arena_printf(arena, "%" STR_FORMAT, STR_ARGS(number));
    }
    struct str text = json_render_to_arena(arena, &value);
    return text.size > VALUE_TEXT_SIZE_MAX ? STR("") : text;
}

static struct str part_text(struct arena *arena, const struct jsonata_error *error, char part)
{
    switch (part) {
    case 't': return error->token;
    case 'f': return error->function_name;
    case 'v': return value_text(arena, error->value);
    case 'w': return value_text(arena, error->value2);
    default: return arena_printf(arena, "%u", error->index);
    }
}

static struct str fill(struct arena *arena, const struct jsonata_error *error, const char *text)
{
    struct str result = STR("");
    while (*text != '\0') {
        const char *brace = strchr(text, '{');
        size_t size = brace == NULL ? strlen(text) : (size_t)(brace - text);
        struct str plain = {text, size};
        struct str part = STR("");
        if (brace != NULL) {
            part = part_text(arena, error, brace[1]);
            // A token stands in quotes unless it continues a word.
            bool is_word = size > 0 && (text[size - 1] == '$' || text[size - 1] == '\\');
            if (brace[1] == 't' && !is_word) part = quoted(arena, part);
        }
        result = arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT "%" STR_FORMAT, STR_ARGS(result),
                              STR_ARGS(plain), STR_ARGS(part));
        text += size + (brace == NULL ? 0 : strlen("{x}"));
    }
    return result;
}

struct str error_message(struct arena *arena, const struct jsonata_error *error)
{
    switch (error->kind) {
    case JSONATA_ERROR_TIME: return STR("Expression evaluation timeout");
    case JSONATA_ERROR_DEPTH: return STR("Stack overflow error");
    case JSONATA_ERROR_MEMORY: return STR("Expression evaluation memory limit exceeded");
    case JSONATA_ERROR_CODE:
    case JSONATA_ERROR_FUNCTION: break;
    }
    if (error->message.size > 0) return error->message; // $error() and $assert() bring theirs.
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (strcmp(messages[i].code, error->code) == 0) return fill(arena, error, messages[i].text);
    return STR("");
}
