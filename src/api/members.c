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

// A list of a million bad items need not be told in full.
enum { VIOLATIONS_MAX = 100 };

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

// Where a value is. Made into text only for a violation: most requests have none.
struct place {
    const struct place *outer; // NULL at the top.
    const struct api_member *member;
    uint32_t number; // Of an item of the list `outer`, from 1; otherwise 0.
};

// "list.1.member.name"
// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are.
static void append_place(struct buffer *text, const struct place *place)
{
    if (place->outer != NULL) append_place(text, place->outer);
    if (place->number > 0) {
        buffer_printf(text, ".%u.member", place->number);
    } else {
        if (place->outer != NULL) buffer_append_byte(text, '.');
        buffer_append_str(text, place->member->name);
    }
}

// As AWS prints it: a text bare, a list in brackets, a structure as "Tag(key=a, value=b)".
// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are.
static void print_value(struct buffer *text, const struct api_member *member,
                        const struct json *value)
{
    if (json_is_string(value)) {
        buffer_append_str(text, json_str(value));
    } else if (json_is_array(value) && member->item != NULL) {
        buffer_append_byte(text, '[');
        for (uint32_t i = 0; i < value->size; i++) {
            if (i > 0) buffer_append_str(text, STR(", "));
            print_value(text, member->item, &value->items[i]);
        }
        buffer_append_byte(text, ']');
    } else if (json_is_object(value) && member->structure != NULL) {
        buffer_append_str(text, str_from_c(member->structure));
        buffer_append_byte(text, '(');
        for (size_t i = 0, count = 0; i < member->member_count; i++) {
            const struct json *found = json_find(value, member->members[i].name);
            if (found == NULL || json_is_null(found)) continue;
            if (count++ > 0) buffer_append_str(text, STR(", "));
            buffer_append_str(text, member->members[i].name);
            buffer_append_byte(text, '=');
            print_value(text, &member->members[i], found);
        }
        buffer_append_byte(text, ')');
    } else {
        json_render(text, value);
    }
}

static void add_violation(struct violations *violations, const struct place *place,
                          const struct json *value, struct str constraint)
{
    struct buffer *text = &violations->text;
    if (violations->count++ > 0) buffer_append_str(text, STR("; "));
    buffer_append_str(text, STR("Value "));
    if (value == NULL) {
        buffer_append_str(text, STR("null"));
    } else {
        buffer_append_byte(text, '\'');
        print_value(text, place->member, value);
        buffer_append_byte(text, '\'');
    }
    buffer_append_str(text, STR(" at '"));
    append_place(text, place);
    buffer_append_str(text, STR("' failed to satisfy constraint: "));
    buffer_append_str(text, constraint);
}

static void check_bounds(struct violations *violations, const struct place *place,
                         const struct json *value)
{
    const struct api_member *member = place->member;
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
        add_violation(violations, place, value,
                      arena_printf(arena, "Member must have %sless than or equal to %lld", what,
                                   (long long)member->max));
    }
    if (size < member->min) {
        add_violation(violations, place, value,
                      arena_printf(arena, "Member must have %sgreater than or equal to %lld", what,
                                   (long long)member->min));
    }
}

static void check_text(struct violations *violations, const struct place *place,
                       const struct json *value)
{
    const struct api_member *member = place->member;
    if (member->type != API_MEMBER_STRING) return;
    struct arena *arena = violations->request->arena;
    if (member->enum_values != NULL && !enum_has(member->enum_values, json_str(value))) {
        add_violation(
            violations, place, value,
            arena_printf(arena, "Member must satisfy enum value set: %s", member->enum_values));
    }
    if (member->matches != NULL && !member->matches(json_str(value))) {
        add_violation(violations, place, value,
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

static bool refuse_type(struct violations *violations, const struct place *place,
                        const struct json *value)
{
    struct buffer CLEANUP(buffer_release) path;
    buffer_init(&path, KIB(4));
    append_place(&path, place);
    api_exception(violations->request, STR("SerializationException"),
                  "Expected %s for '%" STR_FORMAT "', but found a %s.",
                  expected_name(place->member->type), STR_ARGS(buffer_str(&path)),
                  json_type_name(value));
    return false;
}

static bool check_members(struct violations *violations, const struct json *object,
                          const struct place *outer, const struct api_member *members,
                          size_t member_count);

// A value that is there. Replies and returns false when it has a wrong type.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are.
static bool check_value(struct violations *violations, const struct place *place,
                        const struct json *value)
{
    const struct api_member *member = place->member;
    if (!has_type(value, member->type)) return refuse_type(violations, place, value);
    check_bounds(violations, place, value);
    check_text(violations, place, value);
    if (member->type == API_MEMBER_OBJECT && member->members != NULL) {
        return check_members(violations, value, place, member->members, member->member_count);
    }
    if (member->type != API_MEMBER_LIST || member->item == NULL) return true;
    for (uint32_t i = 0; i < value->size && violations->count < VIOLATIONS_MAX; i++) {
        struct place item = {.outer = place, .member = member->item, .number = i + 1};
        if (json_is_null(&value->items[i])) {
            add_violation(violations, &item, NULL, STR("Member must not be null"));
        } else if (!check_value(violations, &item, &value->items[i])) {
            return false;
        }
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are.
static bool check_members(struct violations *violations, const struct json *object,
                          const struct place *outer, const struct api_member *members,
                          size_t member_count)
{
    for (size_t i = 0; i < member_count; i++) {
        struct place place = {.outer = outer, .member = &members[i]};
        const struct json *value = json_find(object, members[i].name);
        if (value != NULL && !json_is_null(value)) {
            if (!check_value(violations, &place, value)) return false;
        } else if (members[i].is_required) {
            add_violation(violations, &place, NULL, STR("Member must not be null"));
        }
    }
    return true;
}

bool api_members_check(struct api_request *request, const struct json *object,
                       const struct api_member *members, size_t member_count)
{
    struct violations violations = {.request = request};
    buffer_init(&violations.text, MIB(4));
    bool is_typed = check_members(&violations, object, NULL, members, member_count);
    if (is_typed && violations.count > 0) {
        bool is_query = request->service->protocol == API_PROTOCOL_QUERY;
        api_exception(request, is_query ? STR("ValidationError") : STR("ValidationException"),
                      "%d validation error%s detected: %" STR_FORMAT, violations.count,
                      violations.count == 1 ? "" : "s", STR_ARGS(buffer_str(&violations.text)));
    }
    buffer_release(&violations.text);
    return is_typed && violations.count == 0;
}

static const struct json *present(const struct json *object, struct str name)
{
    const struct json *value = json_find(object, name);
    return value == NULL || json_is_null(value) ? NULL : value;
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
