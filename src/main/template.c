// Intrinsic functions are found in the text, not in parsed values, so that every byte that is kept
// keeps its place.

#include "main/template.h"

#include "asl/place.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.size && is_blank(text.data[at]))
        at++;
    return at;
}

// Behind the string whose opening quote is at `at`.
static size_t skip_string(struct str text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\') at++;
    }
    return at < text.size ? at + 1 : text.size;
}

size_t template_member_offset(struct str text, size_t offset, struct str name)
{
    const struct asl_place root = {0};
    offset = skip_blanks(text, offset);
    const struct asl_place member = asl_place_member(&root, name);
    struct str part = str_slice(text, offset, asl_place_value_size(text, offset));
    size_t found = asl_place_offset(&member, part);
    return found == asl_place_offset(&root, part) ? SIZE_MAX : offset + found;
}

// ---------------------------------------------------------------------------------------------
// Placeholders without quotes

// The size of "${Name}" at the front of `rest`; 0 when there is none.
static size_t placeholder_size(struct str rest)
{
    if (!str_starts_with(rest, STR("${"))) return 0;
    for (size_t i = 2; i < rest.size && i < 256; i++) {
        char c = rest.data[i];
        if (c == '}') return i > 2 ? i + 1 : 0;
        if (c == '"' || c == '{' || (unsigned char)c < ' ') return 0;
    }
    return 0;
}

const struct source *template_quote_placeholders(struct arena *arena, const struct source *below)
{
    struct str text = below->text;
    if (str_find(text, STR("${")) == SIZE_MAX) return below;
    struct source_builder builder;
    source_builder_init(&builder, arena, below);
    size_t kept = 0;
    for (size_t at = 0; at < text.size;) {
        size_t size = text.data[at] == '$' ? placeholder_size(str_skip(text, at)) : 0;
        if (text.data[at] == '"') {
            at = skip_string(text, at);
        } else if (size == 0) {
            at++;
        } else {
            source_builder_copy(&builder, kept, at);
            struct str quoted =
                arena_printf(arena, "\"%" STR_FORMAT "\"", STR_ARGS(str_slice(text, at, size)));
            source_builder_replace(&builder, (struct source_span){at, at + size}, quoted);
            at += size;
            kept = at;
        }
    }
    source_builder_copy(&builder, kept, text.size);
    return source_builder_finish(&builder);
}

// ---------------------------------------------------------------------------------------------
// Intrinsic functions

// One intrinsic function in JSON text: {"NAME": VALUE}.
struct call {
    struct str name;   // "Ref", "Fn::Sub"
    size_t value;      // Offset of its value.
    size_t value_size; // In bytes.
    size_t end;        // Behind the closing brace.
};

// Is the object at `at` a call?
static bool find_call(struct str text, size_t at, struct call *ret_call)
{
    size_t name = skip_blanks(text, at + 1);
    struct str rest = str_skip(text, name);
    bool is_reference = str_starts_with(rest, STR("\"Ref\""));
    if (!is_reference && !str_starts_with(rest, STR("\"Fn::"))) return false;
    size_t name_end = skip_string(text, name);
    size_t value = skip_blanks(text, skip_blanks(text, name_end) + 1); // Behind the colon.
    if (value >= text.size || (is_reference && text.data[value] != '"')) return false;
    size_t value_size = asl_place_value_size(text, value);
    size_t end = skip_blanks(text, value + value_size);
    if (end >= text.size || text.data[end] != '}') return false;
    *ret_call = (struct call){
        .name = str_slice(text, name + 1, name_end - name - 2),
        .value = value,
        .value_size = value_size,
        .end = end + 1,
    };
    return true;
}

// The raw text of a string, without quotes.
static struct str string_inside(struct str text, size_t at)
{
    return str_slice(text, at + 1, skip_string(text, at) - at - 2);
}

// What stands in place of a call: a placeholder that says what it is.
static struct str placeholder(struct arena *arena, struct str text, const struct call *call)
{
    size_t first = skip_blanks(text, call->value);
    char c = text.data[first];
    if (c == '"') {
        return arena_printf(arena, "\"${%" STR_FORMAT "}\"", STR_ARGS(string_inside(text, first)));
    }
    size_t item = c == '[' ? skip_blanks(text, first + 1) : SIZE_MAX;
    if (str_is(call->name, "Fn::GetAtt") && item < text.size && text.data[item] == '"') {
        size_t second = skip_blanks(text, skip_blanks(text, skip_string(text, item)) + 1);
        if (second < text.size && text.data[second] == '"') {
            return arena_printf(arena, "\"${%" STR_FORMAT ".%" STR_FORMAT "}\"",
                                STR_ARGS(string_inside(text, item)),
                                STR_ARGS(string_inside(text, second)));
        }
    }
    return arena_printf(arena, "\"${%" STR_FORMAT "}\"", STR_ARGS(call->name));
}

// The string that Fn::Sub takes: its value, or the first item of that. SIZE_MAX when there is none.
static size_t sub_string(struct str text, const struct call *call)
{
    size_t at = call->value;
    if (text.data[at] == '[') at = skip_blanks(text, at + 1);
    return at < text.size && text.data[at] == '"' ? at : SIZE_MAX;
}

const struct source *template_resolve(struct arena *arena, const struct source *below,
                                      struct source_span part)
{
    struct str text = str_slice(below->text, 0, part.end);
    struct source_builder builder;
    source_builder_init(&builder, arena, below);
    size_t kept = part.start;
    for (size_t at = part.start; at < part.end;) {
        struct call call;
        if (text.data[at] == '"') {
            at = skip_string(text, at);
        } else if (text.data[at] != '{' || !find_call(text, at, &call)) {
            at++;
        } else {
            source_builder_copy(&builder, kept, at);
            size_t string = str_is(call.name, "Fn::Sub") ? sub_string(text, &call) : SIZE_MAX;
            if (string != SIZE_MAX) {
                source_builder_copy(&builder, string, skip_string(text, string));
            } else {
                source_builder_replace(&builder, (struct source_span){at, call.end},
                                       placeholder(arena, text, &call));
            }
            at = call.end;
            kept = at;
        }
    }
    source_builder_copy(&builder, kept, part.end);
    return source_builder_finish(&builder);
}

// ---------------------------------------------------------------------------------------------
// Texts

// Fn::Join: [DELIMITER, [PART, …]], where parts are strings or calls.
static bool append_joined(struct source_builder *builder, size_t offset, const struct json *value)
{
    struct str text = builder->below->text;
    bool is_join = json_is_array(value) && value->size == 2 && json_is_string(&value->items[0]) &&
                   json_is_array(&value->items[1]);
    if (!is_join) return false;
    const struct json *parts = &value->items[1];
    size_t at = skip_blanks(text, offset + 1);         // The delimiter,
    at = skip_blanks(text, skip_string(text, at));     // the comma,
    at = skip_blanks(text, skip_blanks(text, at) + 1); // the array,
    at = skip_blanks(text, at + 1);                    // its first item.
    for (uint32_t i = 0; i < parts->size; i++) {
        size_t size = asl_place_value_size(text, at);
        struct source_span span = {at, at + size};
        if (i > 0) source_builder_replace(builder, span, json_str(&value->items[0]));
        if (json_is_string(&parts->items[i])) {
            source_builder_decode(builder, at, json_str(&parts->items[i]));
        } else {
            source_builder_replace(builder, span,
                                   arena_printf(builder->arena, "${Part%u}", (unsigned)i));
        }
        at = skip_blanks(text, skip_blanks(text, at + size) + 1); // Behind the comma.
    }
    return true;
}

static bool append_text(struct source_builder *builder, size_t offset, const struct json *value)
{
    struct str text = builder->below->text;
    if (json_is_string(value)) {
        source_builder_decode(builder, offset, json_str(value));
        return true;
    }
    struct call call;
    if (!json_is_object(value) || value->size != 1 || !find_call(text, offset, &call)) return false;
    const struct json *argument = &value->members[0].value;
    if (str_is(call.name, "Fn::Join")) return append_joined(builder, call.value, argument);
    if (!str_is(call.name, "Fn::Sub")) return false;
    if (json_is_array(argument) && argument->size > 0) argument = &argument->items[0];
    size_t string = sub_string(text, &call);
    if (string == SIZE_MAX || !json_is_string(argument)) return false;
    source_builder_decode(builder, string, json_str(argument));
    return true;
}

const struct source *template_text(struct arena *arena, const struct source *below, size_t offset,
                                   const struct json *value)
{
    struct source_builder builder;
    source_builder_init(&builder, arena, below);
    bool is_text = append_text(&builder, offset, value);
    const struct source *source = source_builder_finish(&builder);
    return is_text ? source : NULL;
}
