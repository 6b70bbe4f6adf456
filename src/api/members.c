// Members of JSON bodies, checked against the service's model with AWS's texts.

#include <assert.h>

#include "api/api.h"
#include "base/encoding.h"

static bool has_type(const struct json *value, enum api_member_type type)
{
    int64_t integer;
    switch (type) {
    case API_MEMBER_STRING: return json_is_string(value);
    case API_MEMBER_INTEGER: return json_is_number(value) && json_to_integer(value, &integer);
    case API_MEMBER_NUMBER: return json_is_number(value);
    case API_MEMBER_BOOLEAN: return json_is_boolean(value);
    case API_MEMBER_LIST: return json_is_array(value);
    case API_MEMBER_OBJECT: return json_is_object(value);
    }
    return false;
}

// "[A, B]" holds "A".
static bool enum_has(const char *values, struct str value)
{
    struct str rest = str_from_c(values);
    assert(rest.size >= 2);
    rest = str_slice(rest, 1, rest.size - 2);
    while (rest.data != NULL) {
        if (str_equal(str_trim(str_cut(&rest, ',')), value)) return true;
    }
    return false;
}

struct violations {
    struct api_request *request;
    struct buffer text;
    int count;
};

static void add_violation(struct violations *violations, const struct api_member *member,
                          const struct json *value, struct str constraint)
{
    struct buffer *text = &violations->text;
    if (violations->count++ > 0) buffer_append_str(text, STR("; "));
    buffer_append_str(text, STR("Value "));
    if (value == NULL) {
        buffer_append_str(text, STR("null"));
    } else {
        buffer_append_byte(text, '\'');
        if (json_is_string(value)) {
            buffer_append_str(text, json_str(value));
        } else {
            json_render(text, value);
        }
        buffer_append_byte(text, '\'');
    }
    buffer_printf(text, " at '%" STR_FORMAT "' failed to satisfy constraint: %" STR_FORMAT,
                  STR_ARGS(member->name), STR_ARGS(constraint));
}

static void check_bounds(struct violations *violations, const struct api_member *member,
                         const struct json *value)
{
    const char *what = "length ";
    int64_t size = 0;
    if (member->min == 0 && member->max == 0) return;
    switch (member->type) {
    case API_MEMBER_STRING: size = value->size; break;
    case API_MEMBER_LIST: size = value->size; break;
    case API_MEMBER_INTEGER:
        what = "value ";
        if (!json_to_integer(value, &size)) return;
        break;
    case API_MEMBER_NUMBER:
    case API_MEMBER_BOOLEAN:
    case API_MEMBER_OBJECT: return;
    }
    if (size <= member->max && size >= member->min) return;
    // Text was measured in bytes first: there are never fewer of them than characters.
    if (member->type == API_MEMBER_STRING) size = (int64_t)encoding_utf16_size(json_str(value));
    struct arena *arena = violations->request->arena;
    if (member->max != 0 && size > member->max) {
        add_violation(violations, member, value,
                      arena_printf(arena, "Member must have %sless than or equal to %lld", what,
                                   (long long)member->max));
    }
    if (size < member->min) {
        add_violation(violations, member, value,
                      arena_printf(arena, "Member must have %sgreater than or equal to %lld", what,
                                   (long long)member->min));
    }
}

static void check_text(struct violations *violations, const struct api_member *member,
                       const struct json *value)
{
    if (member->type != API_MEMBER_STRING) return;
    struct arena *arena = violations->request->arena;
    if (member->enum_values != NULL && !enum_has(member->enum_values, json_str(value))) {
        add_violation(
            violations, member, value,
            arena_printf(arena, "Member must satisfy enum value set: %s", member->enum_values));
    }
    if (member->matches != NULL && !member->matches(json_str(value))) {
        add_violation(violations, member, value,
                      arena_printf(arena, "Member must satisfy regular expression pattern: %s",
                                   member->pattern));
    }
}

static const char *expected_name(enum api_member_type type)
{
    switch (type) {
    case API_MEMBER_STRING: return "a string";
    case API_MEMBER_INTEGER: return "an integer";
    case API_MEMBER_NUMBER: return "a number";
    case API_MEMBER_BOOLEAN: return "a boolean";
    case API_MEMBER_LIST: return "a list";
    case API_MEMBER_OBJECT: return "a structure";
    }
    return "something else";
}

bool api_members_check(struct api_request *request, const struct json *object,
                       const struct api_member *members, size_t member_count)
{
    struct violations violations = {.request = request};
    buffer_init(&violations.text, MIB(4));
    for (size_t i = 0; i < member_count; i++) {
        const struct api_member *member = &members[i];
        const struct json *value = json_find(object, member->name);
        if (value == NULL || json_is_null(value)) {
            if (member->is_required) {
                add_violation(&violations, member, NULL, STR("Member must not be null"));
            }
        } else if (!has_type(value, member->type)) {
            buffer_release(&violations.text);
            api_exception(request, STR("SerializationException"),
                          "Expected %s for '%" STR_FORMAT "', but found a %s.",
                          expected_name(member->type), STR_ARGS(member->name),
                          json_type_name(value));
            return false;
        } else {
            check_bounds(&violations, member, value);
            check_text(&violations, member, value);
        }
    }
    if (violations.count > 0) {
        bool is_query = request->service->protocol == API_PROTOCOL_QUERY;
        api_exception(request, is_query ? STR("ValidationError") : STR("ValidationException"),
                      "%d validation error%s detected: %" STR_FORMAT, violations.count,
                      violations.count == 1 ? "" : "s", STR_ARGS(buffer_str(&violations.text)));
    }
    buffer_release(&violations.text);
    return violations.count == 0;
}

static const struct json *present(const struct json *object, struct str name)
{
    const struct json *value = json_find(object, name);
    return value == NULL || json_is_null(value) ? NULL : value;
}

struct str api_member_str(const struct json *object, struct str name, struct str if_absent)
{
    const struct json *value = present(object, name);
    return value == NULL || !json_is_string(value) ? if_absent : json_str(value);
}

int64_t api_member_integer(const struct json *object, struct str name, int64_t if_absent)
{
    int64_t integer;
    const struct json *value = present(object, name);
    bool is_integer = value != NULL && json_is_number(value) && json_to_integer(value, &integer);
    return is_integer ? integer : if_absent;
}

bool api_member_bool(const struct json *object, struct str name, bool if_absent)
{
    const struct json *value = present(object, name);
    return value == NULL || !json_is_boolean(value) ? if_absent : value->type == JSON_TRUE;
}

bool api_member_is_present(const struct json *object, struct str name)
{
    return present(object, name) != NULL;
}
