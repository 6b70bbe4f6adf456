// Compiling event patterns: a walk over the pattern's JSON that stops at the first offence, whose
// text is the service's.

#include "events/pattern.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "events/pattern_node.h"

struct compiling {
    struct arena *arena;
    struct str reason; // Why it is invalid; empty so far.
};

// Every check ends with `return refuse(…)`.
static bool refuse(struct compiling *compiling, const char *format, ...) PRINTF(2, 3);
static bool refuse(struct compiling *compiling, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    compiling->reason = arena_vprintf(compiling->arena, format, args);
    va_end(args);
    return false;
}

// ---------------------------------------------------------------------------------------------
// Wildcards

// Split at the stars that are not escaped. The text shrinks: "\*" becomes "*".
static bool compile_wildcard(struct compiling *compiling, struct str text,
                             struct events_matcher *matcher)
{
    char *bytes = arena_alloc(compiling->arena, text.size);
    struct str *pieces = arena_alloc_array(compiling->arena, text.size + 1, sizeof(*pieces));
    if (bytes == NULL || pieces == NULL) return false;
    size_t count = 0, start = 0, used = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '*') {
            if (i > 0 && text.data[i - 1] == '*' && used == start) {
                return refuse(compiling, "Consecutive wildcard characters at pos %zu", i - 1);
            }
            pieces[count++] = (struct str){bytes + start, used - start};
            start = used;
            continue;
        }
        if (byte == '\\') {
            if (i + 1 == text.size || (text.data[i + 1] != '*' && text.data[i + 1] != '\\')) {
                return refuse(compiling, "Invalid escape character at pos %zu", i);
            }
            byte = text.data[++i];
        }
        bytes[used++] = byte;
    }
    pieces[count++] = (struct str){bytes + start, used - start};
    matcher->pieces = pieces;
    matcher->piece_count = count;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Numbers

static bool set_bound(struct compiling *compiling, struct events_bound *bound, double number,
                      bool is_inclusive)
{
    if (bound->is_set) return refuse(compiling, "Too many elements in numeric expression");
    *bound = (struct events_bound){.number = number, .is_set = true, .is_inclusive = is_inclusive};
    return true;
}

static bool add_comparison(struct compiling *compiling, struct events_matcher *matcher,
                           const struct json *operator, const struct json * operand)
{
    if (!json_is_string(operator)) {
        return refuse(compiling, "Invalid member in numeric match: %" STR_FORMAT,
                      STR_ARGS(json_render_to_arena(compiling->arena, operator)));
    }
    struct str text = json_str(operator);
    bool is_equal = str_is(text, "=");
    if (!is_equal && !str_is(text, "<") && !str_is(text, "<=") && !str_is(text, ">") &&
        !str_is(text, ">=")) {
        return refuse(compiling, "Unrecognized numeric range operator: %" STR_FORMAT,
                      STR_ARGS(text));
    }
    if (operand == NULL || !json_is_number(operand)) {
        return refuse(compiling, "Value of %" STR_FORMAT " must be numeric", STR_ARGS(text));
    }
    double number = json_to_real(operand);
    bool is_inclusive = text.data[text.size - 1] == '=';
    if ((is_equal || text.data[0] == '>') &&
        !set_bound(compiling, &matcher->low, number, is_inclusive)) {
        return false;
    }
    return !(is_equal || text.data[0] == '<') ||
           set_bound(compiling, &matcher->high, number, is_inclusive);
}

static bool compile_numeric(struct compiling *compiling, const struct json *value,
                            struct events_matcher *matcher)
{
    matcher->low = matcher->high = (struct events_bound){0};
    if (!json_is_array(value)) return refuse(compiling, "Value of numeric must be an array.");
    if (value->size == 0) return refuse(compiling, "Invalid member in numeric match: ]");
    if (value->size > 4) return refuse(compiling, "Too many elements in numeric expression");
    for (uint32_t i = 0; i < value->size; i += 2) {
        const struct json *operand = i + 1 < value->size ? &value->items[i + 1] : NULL;
        if (!add_comparison(compiling, matcher, &value->items[i], operand)) return false;
    }
    bool has_both = matcher->low.is_set && matcher->high.is_set;
    bool is_range = has_both && value->size == 4;
    if (is_range && !(matcher->low.number < matcher->high.number)) {
        return refuse(compiling, "Bottom must be less than top");
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// Networks

static bool compile_cidr(struct compiling *compiling, const struct json *value,
                         struct events_matcher *matcher)
{
    struct events_network network = {.size = 4};
    char text[INET6_ADDRSTRLEN];
    uint64_t bits;
    if (!json_is_string(value)) {
        return refuse(compiling, "prefix match pattern must be a string");
    }
    struct str rest = json_str(value);
    struct str address = str_cut(&rest, '/');
    bool is_good = address.size < sizeof(text);
    if (is_good) {
        memcpy(text, address.data, address.size);
        text[address.size] = '\0';
        network.size = str_find_byte(address, ':') == SIZE_MAX ? 4 : 16;
        is_good = inet_pton(network.size == 4 ? AF_INET : AF_INET6, text, network.address) == 1;
    }
    if (is_good && rest.data != NULL) {
        is_good = str_to_u64(rest, &bits) && bits <= network.size * 8u;
    } else {
        bits = network.size * 8u;
    }
    if (!is_good) {
        return refuse(compiling, "Malformed CIDR, one '/' required: %" STR_FORMAT,
                      STR_ARGS(json_str(value)));
    }
    network.bits = (uint8_t)bits;
    matcher->network = network;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Matchers

static bool copy_text(struct compiling *compiling, const struct json *value, struct str *ret_text)
{
    return arena_copy_str(compiling->arena, json_str(value), ret_text);
}

// {"prefix": "a"} and {"prefix": {"equals-ignore-case": "a"}}, likewise of suffixes.
static bool compile_affix(struct compiling *compiling, const char *name, const struct json *value,
                          struct events_matcher *matcher)
{
    matcher->kind = str_is(str_from_c(name), "prefix") ? EVENTS_MATCH_PREFIX : EVENTS_MATCH_SUFFIX;
    if (json_is_object(value) && value->size == 1 &&
        str_is(json_str(&value->members[0].name), "equals-ignore-case")) {
        matcher->ignores_case = true;
        value = &value->members[0].value;
    }
    if (!json_is_string(value)) {
        return refuse(compiling, "%s match pattern must be a string", name);
    }
    return copy_text(compiling, value, &matcher->text);
}

static bool compile_exact(struct compiling *compiling, const struct json *value,
                          struct events_matcher *matcher)
{
    matcher->kind = EVENTS_MATCH_EXACT;
    return json_copy(compiling->arena, value, &matcher->value);
}

// What "anything-but" may hold besides plain values: {"prefix": "a"}, {"suffix": ["a", "b"]}, ….
static bool compile_text_matcher(struct compiling *compiling, struct str name,
                                 const struct json *value, struct events_matcher *matcher)
{
    if (str_is(name, "prefix")) return compile_affix(compiling, "prefix", value, matcher);
    if (str_is(name, "suffix")) return compile_affix(compiling, "suffix", value, matcher);
    bool is_wildcard = str_is(name, "wildcard");
    if (!is_wildcard && !str_is(name, "equals-ignore-case")) {
        return refuse(compiling, "Unsupported anything-but pattern: %" STR_FORMAT, STR_ARGS(name));
    }
    if (!json_is_string(value)) {
        return is_wildcard ? refuse(compiling, "wildcard match pattern must be a string")
                           : refuse(compiling, "equals-ignore-case match pattern must be a string");
    }
    matcher->kind = is_wildcard ? EVENTS_MATCH_WILDCARD : EVENTS_MATCH_IGNORING_CASE;
    return is_wildcard ? compile_wildcard(compiling, json_str(value), matcher)
                       : copy_text(compiling, value, &matcher->text);
}

static bool compile_excluded(struct compiling *compiling, struct str name, const struct json *value,
                             struct events_matcher *matcher)
{
    if (name.size > 0) return compile_text_matcher(compiling, name, value, matcher);
    if (json_is_string(value) || json_is_number(value)) {
        return compile_exact(compiling, value, matcher);
    }
    return refuse(compiling,
                  "Value of anything-but must be an array or single string/number value.");
}

static bool compile_anything_but(struct compiling *compiling, const struct json *value,
                                 struct events_matcher *matcher)
{
    struct str name = STR("");
    if (json_is_object(value)) {
        if (value->size != 1) return refuse(compiling, "Only one key allowed in match expression");
        name = json_str(&value->members[0].name);
        value = &value->members[0].value;
    }
    const struct json *values = json_is_array(value) ? value->items : value;
    size_t count = json_is_array(value) ? value->size : 1;
    if (count == 0) return refuse(compiling, "Empty arrays are not allowed");
    struct events_matcher *items = arena_alloc_array(compiling->arena, count, sizeof(*items));
    if (items == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct events_matcher){0};
        if (!compile_excluded(compiling, name, &values[i], &items[i])) return false;
        if (json_is_string(&values[i]) != json_is_string(&values[0])) {
            return refuse(compiling, "Inside anything but list, either all values are number or "
                                     "string, mixed type is not supported");
        }
    }
    matcher->items = items;
    matcher->item_count = count;
    return true;
}

static bool compile_expression(struct compiling *compiling, const struct json *value,
                               struct events_matcher *matcher)
{
    if (value->size == 0) return refuse(compiling, "Empty match expression is not allowed");
    if (value->size != 1) return refuse(compiling, "Only one key allowed in match expression");
    struct str name = json_str(&value->members[0].name);
    const struct json *operand = &value->members[0].value;
    if (str_is(name, "anything-but")) {
        matcher->kind = EVENTS_MATCH_ANYTHING_BUT;
        return compile_anything_but(compiling, operand, matcher);
    }
    if (str_is(name, "numeric")) {
        matcher->kind = EVENTS_MATCH_NUMERIC;
        return compile_numeric(compiling, operand, matcher);
    }
    if (str_is(name, "cidr")) {
        matcher->kind = EVENTS_MATCH_CIDR;
        return compile_cidr(compiling, operand, matcher);
    }
    if (str_is(name, "exists")) {
        matcher->kind = EVENTS_MATCH_EXISTS;
        matcher->exists = operand->type == JSON_TRUE;
        return json_is_boolean(operand) ||
               refuse(compiling, "exists match pattern must be either true or false.");
    }
    if (str_is(name, "prefix") || str_is(name, "suffix") || str_is(name, "wildcard") ||
        str_is(name, "equals-ignore-case")) {
        return compile_text_matcher(compiling, name, operand, matcher);
    }
    return refuse(compiling, "Unrecognized match type %" STR_FORMAT, STR_ARGS(name));
}

static bool compile_matchers(struct compiling *compiling, const struct json *list,
                             struct events_field *field)
{
    if (list->size == 0) return refuse(compiling, "Empty arrays are not allowed");
    struct events_matcher *matchers =
        arena_alloc_array(compiling->arena, list->size, sizeof(*matchers));
    if (matchers == NULL) return false;
    for (uint32_t i = 0; i < list->size; i++) {
        const struct json *value = &list->items[i];
        matchers[i] = (struct events_matcher){0};
        if (json_is_array(value)) {
            return refuse(compiling, "Match value must be String, number, true, false, or null");
        }
        bool is_good = json_is_object(value) ? compile_expression(compiling, value, &matchers[i])
                                             : compile_exact(compiling, value, &matchers[i]);
        if (!is_good) return false;
    }
    field->matchers = matchers;
    field->matcher_count = list->size;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Objects

static bool compile_object(struct compiling *compiling, const struct json *object, unsigned depth,
                           struct events_pattern *pattern);

// A list of objects under "$or" is a choice; anything else under that name is a field.
static bool is_choice(const struct json_member *member)
{
    if (!str_is(json_str(&member->name), "$or") || !json_is_array(&member->value) ||
        member->value.size < 2) {
        return false;
    }
    for (uint32_t i = 0; i < member->value.size; i++) {
        if (!json_is_object(&member->value.items[i])) return false;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool compile_choice(struct compiling *compiling, const struct json *list, unsigned depth,
                           struct events_choice *choice)
{
    struct events_pattern *alternatives =
        arena_alloc_array(compiling->arena, list->size, sizeof(*alternatives));
    if (alternatives == NULL) return false;
    for (uint32_t i = 0; i < list->size; i++) {
        if (!compile_object(compiling, &list->items[i], depth + 1, &alternatives[i])) return false;
    }
    choice->alternatives = alternatives;
    choice->count = list->size;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool compile_field(struct compiling *compiling, const struct json_member *member,
                          unsigned depth, struct events_field *field)
{
    *field = (struct events_field){0};
    if (!copy_text(compiling, &member->name, &field->name)) return false;
    if (json_is_array(&member->value)) return compile_matchers(compiling, &member->value, field);
    if (!json_is_object(&member->value)) {
        return refuse(compiling, "\"%" STR_FORMAT "\" must be an object or an array",
                      STR_ARGS(field->name));
    }
    struct events_pattern *child = arena_alloc(compiling->arena, sizeof(*child));
    field->child = child;
    return child != NULL && compile_object(compiling, &member->value, depth + 1, child);
}

// As deep as EVENTS_PATTERN_DEPTH_MAX.
// NOLINTNEXTLINE(misc-no-recursion)
static bool compile_object(struct compiling *compiling, const struct json *object, unsigned depth,
                           struct events_pattern *pattern)
{
    *pattern = (struct events_pattern){0};
    if (depth > EVENTS_PATTERN_DEPTH_MAX) return refuse(compiling, "The pattern nests too deep");
    if (object->size == 0) return refuse(compiling, "Empty objects are not allowed");
    struct events_field *fields =
        arena_alloc_array(compiling->arena, object->size, sizeof(*fields));
    if (fields == NULL) return false;
    pattern->fields = fields;
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        bool is_good =
            is_choice(member)
                ? compile_choice(compiling, &member->value, depth, &pattern->choice)
                : compile_field(compiling, member, depth, &fields[pattern->field_count++]);
        if (!is_good) return false;
    }
    return true;
}

enum status events_pattern_compile(struct arena *arena, struct str text,
                                   const struct events_pattern **ret_pattern,
                                   struct str *reterr_reason)
{
    struct compiling compiling = {.arena = arena, .reason = STR("")};
    struct events_pattern *pattern = arena_alloc(arena, sizeof(*pattern));
    struct json json;
    struct json_error error;
    if (pattern == NULL) return STATUS_NO_MEMORY;
    enum status status = json_parse(arena, text, 0, &json, &error);
    if (status == STATUS_INVALID) {
        *reterr_reason = error.message;
        return STATUS_INVALID;
    }
    if (status != STATUS_OK) return status;
    if (!json_is_object(&json)) {
        *reterr_reason = STR("Filter is not an object");
        return STATUS_INVALID;
    }
    if (compile_object(&compiling, &json, 1, pattern)) {
        *ret_pattern = pattern;
        return STATUS_OK;
    }
    *reterr_reason = compiling.reason;
    return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
}
