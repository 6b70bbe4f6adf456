// Mocked results against the API models of the services (service_shape.def).
//
// A shape is a text: the alternatives of an enumeration, "A|B", or the fields of a structure,
// "Name! type,…", with "!" behind the name of a required one. A type is
//
//   s, s1:64    text, of so many characters      n, n1:10   a number, from … to …
//   b           a boolean                        *          anything
//   e12, {12    shape 12: an enumeration, a structure
//   [T, <T      a list, a map of values of type T
//
// The texts are as trustworthy as code. They are walked along with the result, which is small and
// as deep as the JSON parser allows.

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "api/states_test_state.h"
#include "base/encoding.h"

static const char *const shapes[] = {
#define SHAPE(text) text,
#define OPERATION(name, shape)
#include "api/service_shape.def"
#undef SHAPE
#undef OPERATION
};

static const struct operation {
    const char *name; // "kms:encrypt"
    uint32_t shape;
} operations[] = {
#define SHAPE(text)
#define OPERATION(name, shape) {name, shape},
#include "api/service_shape.def"
#undef SHAPE
#undef OPERATION
};

struct checker {
    struct arena *arena;
    bool is_complete;
    struct str problem; // Empty as long as there is none.
};

// Every function returns false when there is a problem.
static bool report(struct checker *checker, struct str field, const char *what)
{
    checker->problem =
        arena_printf(checker->arena, "Field '%" STR_FORMAT "' %s", STR_ARGS(field), what);
    return false;
}

static uint32_t number_of(struct str digits)
{
    uint32_t number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        assert(digits.data[i] >= '0' && digits.data[i] <= '9');
        number = number * 10 + (uint32_t)(digits.data[i] - '0');
    }
    return number;
}

static struct str shape_of(struct str index)
{
    uint32_t shape = number_of(index);
    assert(shape < ARRAY_COUNT(shapes));
    return str_from_c(shapes[shape]);
}

// "1:64", ":64", "1:" or "".
static void read_limits(struct str text, double *ret_min, double *ret_max)
{
    struct json number;
    struct str rest = text, min = str_cut(&rest, ':');
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(4));
    *ret_min = -HUGE_VAL;
    *ret_max = HUGE_VAL;
    if (min.size > 0 && json_parse(&arena, min, 0, &number, NULL) == STATUS_OK) {
        *ret_min = json_to_real(&number);
    }
    if (rest.size > 0 && json_parse(&arena, rest, 0, &number, NULL) == STATUS_OK) {
        *ret_max = json_to_real(&number);
    }
}

static bool check_text(struct checker *checker, struct str field, struct str limits,
                       const struct json *value)
{
    double min, max;
    if (!json_is_string(value)) return report(checker, field, "must be a string");
    if (limits.size == 0) return true;
    read_limits(limits, &min, &max);
    double size = (double)encoding_utf16_size(json_str(value));
    if (size < min) return report(checker, field, "is smaller than the minimum length");
    if (size > max) return report(checker, field, "exceeds the maximum length");
    return true;
}

static bool check_number(struct checker *checker, struct str field, struct str limits,
                         const struct json *value)
{
    double min, max;
    if (!json_is_number(value)) return report(checker, field, "must be a number");
    if (limits.size == 0) return true;
    read_limits(limits, &min, &max);
    double number = json_to_real(value);
    if (number < min) return report(checker, field, "is less than the minimum value");
    if (number > max) return report(checker, field, "exceeds the maximum value");
    return true;
}

static bool check_enum(struct checker *checker, struct str field, struct str alternatives,
                       const struct json *value)
{
    if (!json_is_string(value)) return report(checker, field, "must be a string");
    while (alternatives.data != NULL) {
        if (str_equal(str_cut(&alternatives, '|'), json_str(value))) return true;
    }
    return report(checker, field, "is not an expected value");
}

static bool check_value(struct checker *checker, struct str field, struct str type,
                        const struct json *value);

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value.
static bool check_structure(struct checker *checker, struct str fields, const struct json *value)
{
    while (fields.size > 0) {
        struct str type = str_cut(&fields, ',');
        struct str name = str_cut(&type, ' ');
        bool is_required = str_ends_with(name, STR("!"));
        if (is_required) name.size--;
        const struct json *member = json_find(value, name);
        if (member != NULL && !json_is_null(member)) {
            if (!check_value(checker, name, type, member)) return false;
        } else if (is_required && checker->is_complete) {
            checker->problem = arena_printf(
                checker->arena, "Required field '%" STR_FORMAT "' is missing", STR_ARGS(name));
            return false;
        }
    }
    return true;
}

// Items of a list and values of a map go by the name of the field that holds them.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the value.
static bool check_parts(struct checker *checker, struct str field, struct str type,
                        const struct json *value)
{
    for (uint32_t i = 0; i < value->size; i++) {
        const struct json *part =
            json_is_array(value) ? &value->items[i] : &value->members[i].value;
        if (!json_is_null(part) && !check_value(checker, field, type, part)) return false;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value.
static bool check_value(struct checker *checker, struct str field, struct str type,
                        const struct json *value)
{
    assert(type.size > 0);
    struct str rest = str_skip(type, 1);
    switch (type.data[0]) {
    case 's': return check_text(checker, field, rest, value);
    case 'n': return check_number(checker, field, rest, value);
    case 'b': return json_is_boolean(value) || report(checker, field, "must be a boolean");
    case 'e': return check_enum(checker, field, shape_of(rest), value);
    case '[':
        if (!json_is_array(value)) return report(checker, field, "must be an array");
        return check_parts(checker, field, rest, value);
    case '<':
        if (!json_is_object(value)) return report(checker, field, "must be an object");
        return check_parts(checker, field, rest, value);
    case '{':
        if (!json_is_object(value)) return report(checker, field, "must be an object");
        return check_structure(checker, shape_of(rest), value);
    case '*': return true;
    default: abort();
    }
}

// ---------------------------------------------------------------------------------------------
// Operations

// Where integrations and SDK differ in the name of a service.
static const struct str sdk_names[][2] = {
    {STR_INIT("states"), STR_INIT("sfn")},
    {STR_INIT("events"), STR_INIT("eventbridge")},
    {STR_INIT("elasticmapreduce"), STR_INIT("emr")},
    {STR_INIT("emr-containers"), STR_INIT("emrcontainers")},
    {STR_INIT("emr-serverless"), STR_INIT("emrserverless")},
    {STR_INIT("bedrock"), STR_INIT("bedrockruntime")},
};

static struct str sdk_name(struct str type)
{
    if (str_starts_with(type, STR("aws-sdk:"))) return str_skip(type, 8);
    for (size_t i = 0; i < ARRAY_COUNT(sdk_names); i++) {
        if (str_equal(sdk_names[i][0], type)) return sdk_names[i][1];
    }
    return type;
}

// Whose answer the task's result is; empty when there is no model of it. A job's result is what
// the service tells of it in the end, which is known of executions alone; a callback's is whatever
// the callback gives.
static struct str operation_of(struct arena *arena, const struct asl_resource *resource)
{
    if (resource->kind != ASL_RESOURCE_SERVICE) return STR("");
    switch (resource->pattern) {
    case ASL_REQUEST_RESPONSE: break;
    case ASL_RUN_JOB:
        return str_is(resource->type, "states") ? STR("sfn:describeExecution") : STR("");
    case ASL_RUN_JOB_2: return STR("sfn:describeExecution:2");
    case ASL_WAIT_FOR_TASK_TOKEN: return STR("");
    }
    return arena_printf(arena, "%" STR_FORMAT ":%" STR_FORMAT, STR_ARGS(sdk_name(resource->type)),
                        STR_ARGS(resource->action));
}

static int compare(const void *key, const void *element)
{
    const struct operation *operation = element;
    return str_compare(*(const struct str *)key, str_from_c(operation->name));
}

bool test_state_conforms(struct arena *arena, const struct asl_resource *resource,
                         const struct json *result, bool is_complete, struct str *ret_problem)
{
    struct checker checker = {.arena = arena, .is_complete = is_complete};
    struct str name = operation_of(arena, resource);
    const struct operation *operation =
        bsearch(&name, operations, ARRAY_COUNT(operations), sizeof(operations[0]), compare);
    if (operation == NULL) return true;
    if (!json_is_object(result)) {
        *ret_problem = STR("Mocked result must be a JSON object");
        return false;
    }
    bool conforms = check_structure(&checker, str_from_c(shapes[operation->shape]), result);
    *ret_problem = checker.problem;
    return conforms;
}
