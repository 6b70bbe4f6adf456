// The table of fields at work: unknown and missing members, types, ranges and members that exclude
// each other. Names are few per object, so rows are compared one after another.

#include <stdlib.h>

#include "asl/compile.h"

enum languages { JSONPATH = 1, JSONATA = 2, BOTH = 3 };
enum presence { OPTIONAL, REQUIRED };
enum kind {
    ANY,
    NOT_NULL,
    STRING,
    BOOLEAN,
    OBJECT,
    ARRAY,
    PATH, // A string or null.
    ONE_OF,
    INTEGER,
    NUMBER,
    INTEGER_OR_QUERY,
    NUMBER_OR_QUERY,
    COLLECTION_OR_QUERY,
};

struct field {
    enum asl_shape shape;
    struct str name;
    enum languages languages;
    enum presence presence;
    enum kind kind;
    int64_t least;
    int64_t most; // 0: none.
    struct str values;
};

struct exclusion {
    enum asl_shape shape;
    bool is_required;
    struct str names;
};

static const struct field fields[] = {
#define FIELD(shape, name, languages, presence, kind, least, most, values)                         \
    {ASL_SHAPE_##shape, STR_INIT(name), languages, presence, kind, least, most, STR_INIT(values)},
#define EXCLUSIVE(shape, is_required, names)
#include "asl/field.def"
#undef FIELD
#undef EXCLUSIVE
};

static const struct exclusion exclusions[] = {
#define FIELD(shape, name, languages, presence, kind, least, most, values)
#define EXCLUSIVE(shape, is_required, names) {ASL_SHAPE_##shape, is_required, STR_INIT(names)},
#include "asl/field.def"
#undef FIELD
#undef EXCLUSIVE
};

const struct json *asl_member(const struct json *object, struct str name, enum json_type type)
{
    const struct json *value = json_find(object, name);
    return value != NULL && value->type == (uint8_t)type ? value : NULL;
}

struct str asl_string_member(const struct json *object, struct str name)
{
    const struct json *value = asl_member(object, name, JSON_STRING);
    return value == NULL ? (struct str){0} : json_str(value);
}

bool asl_list_has(struct str list, struct str text)
{
    while (list.data != NULL) {
        if (str_equal(str_trim(str_cut(&list, ',')), text)) return true;
    }
    return false;
}

bool asl_is_query(struct str text)
{
    return text.size >= 4 && str_starts_with(text, STR("{%")) && str_ends_with(text, STR("%}"));
}

static const struct field *find_field(enum asl_shape shape, struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (fields[i].shape == shape && str_equal(fields[i].name, name)) return &fields[i];
    }
    return NULL;
}

static void check_count(struct asl_compiler *compiler, const struct asl_place *place,
                        const struct field *field, const struct json *value)
{
    if (value->size < field->least) asl_report_schema(compiler, place, "Value cannot be empty");
}

static void check_number(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct field *field, const struct json *value)
{
    double number = json_to_real(value);
    if (number < (double)field->least) {
        asl_report_schema(compiler, place, "Minimum value is %lld", (long long)field->least);
    } else if (field->most != 0 && number > (double)field->most) {
        asl_report_schema(compiler, place, "Maximum value is %lld", (long long)field->most);
    }
}

static bool is_integer(const struct json *value)
{
    return value->type == JSON_INTEGER || value->type == JSON_NUMBER_TEXT;
}

static const char *expected_type(enum kind kind)
{
    switch (kind) {
    case STRING:
    case PATH:
    case ONE_OF: return "String";
    case BOOLEAN: return "Boolean";
    case OBJECT:
    case ANY:
    case NOT_NULL: return "Object";
    case ARRAY:
    case COLLECTION_OR_QUERY: return "Array";
    case INTEGER:
    case INTEGER_OR_QUERY: return "Integer";
    case NUMBER:
    case NUMBER_OR_QUERY: return "Number";
    }
    abort();
}

// Is `value` of the kind? Where a query may stand for the value, its result is checked when the
// state runs.
static bool is_of_kind(const struct json *value, enum kind kind)
{
    switch (kind) {
    case ANY: return true;
    case NOT_NULL: return !json_is_null(value);
    case STRING:
    case ONE_OF: return json_is_string(value);
    case PATH: return json_is_string(value) || json_is_null(value);
    case BOOLEAN: return json_is_boolean(value);
    case OBJECT: return json_is_object(value);
    case ARRAY: return json_is_array(value);
    case COLLECTION_OR_QUERY: return json_is_array(value) || json_is_object(value);
    case INTEGER:
    case INTEGER_OR_QUERY: return is_integer(value);
    case NUMBER:
    case NUMBER_OR_QUERY: return json_is_number(value);
    }
    abort();
}

static bool takes_query(enum kind kind)
{
    return kind == INTEGER_OR_QUERY || kind == NUMBER_OR_QUERY || kind == COLLECTION_OR_QUERY;
}

static void check_value(struct asl_compiler *compiler, const struct asl_place *place,
                        const struct field *field, const struct json *value)
{
    if (takes_query(field->kind) && compiler->language == ASL_JSONATA && json_is_string(value) &&
        asl_is_query(json_str(value)))
        return;
    if (!is_of_kind(value, field->kind)) {
        asl_report_schema(compiler, place, "Expected value of type %s", expected_type(field->kind));
    } else if (field->kind == ONE_OF && !asl_list_has(field->values, json_str(value))) {
        asl_report_schema(compiler, place,
                          "Value should be one of the following: [%" STR_FORMAT "]",
                          STR_ARGS(field->values));
    } else if (field->kind == OBJECT || field->kind == ARRAY) {
        check_count(compiler, place, field, value);
    } else if (json_is_number(value) && field->kind != ANY && field->kind != NOT_NULL) {
        check_number(compiler, place, field, value);
    }
}

static void check_member(struct asl_compiler *compiler, const struct asl_place *outer,
                         enum asl_shape shape, const struct json_member *member)
{
    struct str name = json_str(&member->name);
    struct asl_place place = asl_place_member(outer, name);
    const struct field *field = find_field(shape, name);
    if (field == NULL) {
        asl_report_schema(compiler, outer, "Field '%" STR_FORMAT "' is not supported",
                          STR_ARGS(name));
        return;
    }
    bool is_jsonata = compiler->language == ASL_JSONATA;
    if ((field->languages & (is_jsonata ? JSONATA : JSONPATH)) == 0) {
        asl_report_schema(compiler, outer,
                          "The QueryLanguage is set to '%s', but field '%" STR_FORMAT
                          "' is only supported for the '%s' QueryLanguage",
                          is_jsonata ? "JSONata" : "JSONPath", STR_ARGS(name),
                          is_jsonata ? "JSONPath" : "JSONata");
        return;
    }
    check_value(compiler, &place, field, &member->value);
}

static void check_required(struct asl_compiler *compiler, const struct asl_place *place,
                           enum asl_shape shape, const struct json *object)
{
    struct str missing = STR("");
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        if (field->shape != shape || field->presence != REQUIRED) continue;
        if (json_find(object, field->name) != NULL) continue;
        missing =
            arena_printf(compiler->scratch, "%" STR_FORMAT "%s%" STR_FORMAT, STR_ARGS(missing),
                         missing.size == 0 ? "" : ", ", STR_ARGS(field->name));
    }
    if (missing.size == 0) return;
    asl_report_schema(compiler, place, "These fields are required: [%" STR_FORMAT "]",
                      STR_ARGS(missing));
}

static void check_exclusions(struct asl_compiler *compiler, const struct asl_place *place,
                             enum asl_shape shape, const struct json *object)
{
    for (size_t i = 0; i < ARRAY_COUNT(exclusions); i++) {
        const struct exclusion *exclusion = &exclusions[i];
        if (exclusion->shape != shape) continue;
        size_t count = 0;
        for (struct str names = exclusion->names; names.data != NULL;) {
            if (json_find(object, str_trim(str_cut(&names, ','))) != NULL) count++;
        }
        if (count == 1 || (count == 0 && !exclusion->is_required)) continue;
        asl_report_schema(compiler, place,
                          "There should only be one of the following fields: [%" STR_FORMAT "]",
                          STR_ARGS(exclusion->names));
    }
}

bool asl_check_fields(struct asl_compiler *compiler, const struct asl_place *place,
                      enum asl_shape shape, const struct json *object)
{
    if (!json_is_object(object)) {
        asl_report_schema(compiler, place, "Expected value of type Object");
        return false;
    }
    check_required(compiler, place, shape, object);
    for (uint32_t i = 0; i < object->size; i++) {
        check_member(compiler, place, shape, &object->members[i]);
    }
    check_exclusions(compiler, place, shape, object);
    return true;
}
