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

bool asl_is_open(const struct asl_compiler *compiler, struct str text)
{
    if (!compiler->allows_placeholders) return false;
    size_t start = str_find(text, STR("${"));
    return start != SIZE_MAX && str_find_byte(str_skip(text, start), '}') != SIZE_MAX;
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
    if (value->size >= field->least) return;
    struct asl_diagnostic *diagnostic = asl_report_schema(compiler, place, "Value cannot be empty");
    if (str_is(field->name, "States"))
        asl_help(compiler, diagnostic, "a machine has at least one state");
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

// What to write in place of a value of the wrong kind.
static const char *example_of(enum kind kind)
{
    switch (kind) {
    case STRING:
    case ONE_OF: return "a string in quotes";
    case PATH: return "a path such as \"$.order\", or null";
    case BOOLEAN: return "true or false, without quotes";
    case OBJECT: return "an object: { ... }";
    case ARRAY: return "an array: [ ... ]";
    case COLLECTION_OR_QUERY: return "an array, an object or an expression: \"{% ... %}\"";
    case INTEGER: return "a whole number, without quotes";
    case NUMBER: return "a number, without quotes";
    case INTEGER_OR_QUERY: return "a whole number, without quotes";
    case NUMBER_OR_QUERY: return "a number, without quotes";
    case ANY:
    case NOT_NULL: return "any value but null";
    }
    abort();
}

static void report_kind(struct asl_compiler *compiler, const struct asl_place *place,
                        const struct field *field, const struct json *value)
{
    struct asl_diagnostic *diagnostic =
        asl_report_schema(compiler, place, "Expected value of type %s", expected_type(field->kind));
    bool is_query = takes_query(field->kind) && compiler->language == ASL_JSONATA;
    bool is_path = takes_query(field->kind) && compiler->language == ASL_JSONPATH &&
                   json_is_string(value) && str_starts_with(json_str(value), STR("$"));
    if (is_path) {
        asl_help(compiler, diagnostic, "a path belongs into the field \"%" STR_FORMAT "Path\"",
                 STR_ARGS(field->name));
    } else {
        asl_help(compiler, diagnostic, "write %s%s; this is %s", example_of(field->kind),
                 is_query && field->kind != COLLECTION_OR_QUERY
                     ? ", or an expression: \"{% ... %}\""
                     : "",
                 asl_kind_found(value));
    }
}

static void report_choice(struct asl_compiler *compiler, const struct asl_place *place,
                          const struct field *field, struct str value)
{
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, place, "Value should be one of the following: [%" STR_FORMAT "]",
        STR_ARGS(field->values));
    struct asl_suggestion suggestion = asl_suggest_start(value);
    for (struct str values = field->values; values.data != NULL;)
        asl_suggest_offer(&suggestion, str_trim(str_cut(&values, ',')));
    if (suggestion.best.data != NULL)
        asl_help(compiler, diagnostic, "did you mean \"%" STR_FORMAT "\"?",
                 STR_ARGS(suggestion.best));
}

static void check_value(struct asl_compiler *compiler, const struct asl_place *place,
                        const struct field *field, const struct json *value)
{
    if (json_is_string(value) && asl_is_open(compiler, json_str(value))) {
        if (field->kind == OBJECT || field->kind == ARRAY) compiler->is_graph_open = true;
        return;
    }
    if (takes_query(field->kind) && compiler->language == ASL_JSONATA && json_is_string(value) &&
        asl_is_query(json_str(value)))
        return;
    if (!is_of_kind(value, field->kind)) {
        report_kind(compiler, place, field, value);
    } else if (field->kind == ONE_OF && !asl_list_has(field->values, json_str(value))) {
        report_choice(compiler, place, field, json_str(value));
    } else if (field->kind == OBJECT || field->kind == ARRAY) {
        check_count(compiler, place, field, value);
    } else if (json_is_number(value) && field->kind != ANY && field->kind != NOT_NULL) {
        check_number(compiler, place, field, value);
    }
}

static void report_unknown(struct asl_compiler *compiler, const struct asl_place *outer,
                           enum asl_shape shape, struct str name)
{
    struct asl_place place = asl_place_member(outer, name);
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, outer, "Field '%" STR_FORMAT "' is not supported", STR_ARGS(name));
    if (diagnostic == NULL) return;
    asl_point_at_name(compiler, diagnostic, &place);
    struct asl_suggestion suggestion = asl_suggest_start(name);
    unsigned language = compiler->language == ASL_JSONATA ? JSONATA : JSONPATH;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (fields[i].shape == shape && (fields[i].languages & language) != 0)
            asl_suggest_offer(&suggestion, fields[i].name);
    }
    if (suggestion.best.data != NULL) {
        asl_help(compiler, diagnostic, "did you mean \"%" STR_FORMAT "\"?",
                 STR_ARGS(suggestion.best));
    } else if (str_is(name, "<<")) {
        asl_help(compiler, diagnostic, "YAML merge keys are not supported: write the members out");
    }
}

// What does in one query language what a field does in the other.
static void report_language(struct asl_compiler *compiler, const struct asl_place *outer,
                            struct str name)
{
    static const struct {
        const char *name, *instead;
    } counterparts[] = {
        {"InputPath",
         "\"Arguments\" or \"Output\" say what to take, as \"{% $states.input... %}\""},
        {"OutputPath", "\"Output\" says what the state gives"},
        {"ResultPath", "\"Output\" says what the state gives, \"Assign\" keeps parts in variables"},
        {"ResultSelector", "\"Output\" with \"{% $states.result... %}\" does this"},
        {"Parameters", "write \"Arguments\" (in a Map state \"ItemSelector\")"},
        {"Result", "write \"Output\""},
        {"ItemsPath", "write \"Items\""},
        {"Variable", "write \"Condition\": \"{% ... %}\""},
        {"Arguments", "write \"Parameters\", or set \"QueryLanguage\": \"JSONata\""},
        {"Output",
         "write \"OutputPath\" or \"ResultSelector\", or set \"QueryLanguage\": \"JSONata\""},
        {"Items", "write \"ItemsPath\", or set \"QueryLanguage\": \"JSONata\""},
        {"Condition", "write \"Variable\" and a comparison, or set \"QueryLanguage\": \"JSONata\""},
    };
    bool is_jsonata = compiler->language == ASL_JSONATA;
    struct asl_place place = asl_place_member(outer, name);
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, outer,
        "The QueryLanguage is set to '%s', but field '%" STR_FORMAT
        "' is only supported for the '%s' QueryLanguage",
        is_jsonata ? "JSONata" : "JSONPath", STR_ARGS(name), is_jsonata ? "JSONPath" : "JSONata");
    asl_point_at_name(compiler, diagnostic, &place);
    for (size_t i = 0; i < ARRAY_COUNT(counterparts); i++) {
        if (str_is(name, counterparts[i].name))
            asl_help(compiler, diagnostic, "in %s, %s", is_jsonata ? "JSONata" : "JSONPath",
                     counterparts[i].instead);
    }
    if (is_jsonata && str_ends_with(name, STR("Path")) && diagnostic != NULL &&
        diagnostic->help.data == NULL) {
        asl_help(compiler, diagnostic, "in JSONata, write \"%" STR_FORMAT "\": \"{%% ... %%}\"",
                 (int)name.size - (int)strlen("Path"), name.data);
    }
}

static void check_member(struct asl_compiler *compiler, const struct asl_place *outer,
                         enum asl_shape shape, const struct json_member *member)
{
    struct str name = json_str(&member->name);
    struct asl_place place = asl_place_member(outer, name);
    const struct field *field = find_field(shape, name);
    if (field == NULL) {
        if (!asl_is_open(compiler, name)) report_unknown(compiler, outer, shape, name);
        return;
    }
    if ((field->languages & (compiler->language == ASL_JSONATA ? JSONATA : JSONPATH)) == 0) {
        report_language(compiler, outer, name);
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
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, place, "These fields are required: [%" STR_FORMAT "]", STR_ARGS(missing));
    const struct json *states = ASL_OBJECT(object, "States");
    if (str_is(missing, "StartAt") && states != NULL && states->size > 0) {
        struct str first = json_str(&states->members[0].name);
        asl_help(compiler, diagnostic,
                 "say with which state to begin: \"StartAt\": \"%" STR_FORMAT "\"",
                 STR_ARGS(first));
    }
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
        struct asl_diagnostic *diagnostic = asl_report_schema(
            compiler, place, "There should only be one of the following fields: [%" STR_FORMAT "]",
            STR_ARGS(exclusion->names));
        asl_help(compiler, diagnostic,
                 count == 0 ? "write one of them" : "keep one of them, remove the others");
    }
}

bool asl_check_fields(struct asl_compiler *compiler, const struct asl_place *place,
                      enum asl_shape shape, const struct json *object)
{
    if (!json_is_object(object)) {
        if (json_is_string(object) && asl_is_open(compiler, json_str(object))) {
            compiler->is_graph_open = true;
            return false;
        }
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, place, "Expected value of type Object");
        asl_help(compiler, diagnostic, "write an object: { ... }; this is %s",
                 asl_kind_found(object));
        return false;
    }
    check_required(compiler, place, shape, object);
    for (uint32_t i = 0; i < object->size; i++) {
        check_member(compiler, place, shape, &object->members[i]);
    }
    check_exclusions(compiler, place, shape, object);
    return true;
}
