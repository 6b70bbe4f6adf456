// Evaluating templates: literal parts are shared, paths give parts of what the execution holds, and
// only what is put together anew takes memory.

#include "asl/template.h"

#include <assert.h>
#include <stdlib.h>

#include "asl/intrinsic.h"
#include "asl/jsonata.h"

const struct json *asl_variables_find(const struct asl_variables *variables, struct str name)
{
    for (; variables != NULL; variables = variables->outer) {
        const struct json *value = json_find(&variables->values, name);
        if (value != NULL) return value;
    }
    return NULL;
}

// What a path starts from; NULL when it is a variable that nobody has assigned.
static const struct json *find_root(const struct jsonpath *path,
                                    const struct asl_environment *environment)
{
    switch (jsonpath_root(path)) {
    case JSONPATH_ROOT_DATA: assert(environment->data != NULL); return environment->data;
    case JSONPATH_ROOT_CONTEXT:
        assert(environment->context_object != NULL);
        return environment->context_object;
    case JSONPATH_ROOT_VARIABLE:
        return asl_variables_find(environment->variables, jsonpath_variable(path));
    }
    abort();
}

enum status asl_path_find(const struct jsonpath *path, const struct asl_environment *environment,
                          struct arena *arena, struct json *ret_value,
                          struct jsonpath_missing *reterr_missing)
{
    const struct json *root = find_root(path, environment);
    if (root == NULL) {
        if (reterr_missing != NULL)
            *reterr_missing = (struct jsonpath_missing){.path = jsonpath_text(path),
                                                        .is_last = jsonpath_is_root(path)};
        return STATUS_NOT_FOUND;
    }
    return jsonpath_evaluate(path, root, root, arena, ret_value, reterr_missing);
}

// The input as error texts show it. Fields that read nothing of it are evaluated without one.
struct str asl_render_input(const struct asl_environment *environment, struct arena *arena)
{
    return environment->data == NULL ? STR("{}") : json_render_to_arena(arena, environment->data);
}

static struct asl_error runtime_error(struct str cause)
{
    return (struct asl_error){.name = ASL_ERROR_RUNTIME, .cause = cause};
}

static struct str invalid_path_cause(const struct jsonpath *path,
                                     const struct jsonpath_missing *missing, struct arena *arena)
{
    return arena_printf(arena, "Invalid path '%" STR_FORMAT "' : %s path%s %" STR_FORMAT,
                        STR_ARGS(jsonpath_text(path)),
                        missing->is_last ? "No results for" : "Missing property in",
                        missing->is_last ? ":" : "", STR_ARGS(missing->path));
}

COLD static struct asl_error invalid_path(const struct jsonpath *path, enum status status,
                                          const struct jsonpath_missing *missing,
                                          struct arena *arena)
{
    if (status == STATUS_NOT_FOUND) return runtime_error(invalid_path_cause(path, missing, arena));
    return runtime_error(arena_printf(arena,
                                      "Invalid path '%" STR_FORMAT
                                      "' : a function was applied to a value that it does "
                                      "not take",
                                      STR_ARGS(jsonpath_text(path))));
}

enum status asl_path_evaluate(const struct jsonpath *path,
                              const struct asl_environment *environment, struct arena *arena,
                              struct json *ret_value, struct asl_error *reterr_error)
{
    struct jsonpath_missing missing = {0};
    enum status status = asl_path_find(path, environment, arena, ret_value, &missing);
    if (LIKELY(status == STATUS_OK) || status < 0) return status;
    *reterr_error = invalid_path(path, status, &missing, arena);
    return STATUS_INVALID;
}

// The service has three ways to say that a path leads nowhere; the field decides.
COLD static struct asl_error missing_value(const struct asl_template *template, enum status status,
                                           const struct jsonpath_missing *missing,
                                           const struct asl_environment *environment,
                                           struct arena *arena)
{
    struct str field = template->field;
    struct str path = jsonpath_text(template->path);
    if (str_is(field, "SecondsPath") || str_is(field, "TimestampPath")) {
        return runtime_error(arena_printf(
            arena, "The %" STR_FORMAT " parameter does not reference an input value: %" STR_FORMAT,
            STR_ARGS(field), STR_ARGS(path)));
    }
    bool is_field_path = str_ends_with(field, STR("Path")) && !str_is(field, "ErrorPath") &&
                         !str_is(field, "CausePath");
    if (is_field_path || status == STATUS_INVALID)
        return invalid_path(template->path, status, missing, arena);
    struct str input = asl_render_input(environment, arena);
    return runtime_error(arena_printf(arena,
                                      "The JSONPath '%" STR_FORMAT
                                      "' specified for the field '%" STR_FORMAT
                                      "' could not be found in the input '%" STR_FORMAT "'",
                                      STR_ARGS(path), STR_ARGS(field), STR_ARGS(input)));
}

static enum status evaluate_path(const struct asl_template *template,
                                 const struct asl_environment *environment, struct arena *arena,
                                 struct json *ret_value, struct asl_error *reterr_error)
{
    struct jsonpath_missing missing = {0};
    enum status status = asl_path_find(template->path, environment, arena, ret_value, &missing);
    if (LIKELY(status == STATUS_OK) || status < 0) return status;
    *reterr_error = missing_value(template, status, &missing, environment, arena);
    return STATUS_INVALID;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static enum status evaluate_object(const struct asl_template *template,
                                   const struct asl_environment *environment, struct arena *arena,
                                   struct json *ret_value, struct asl_error *reterr_error)
{
    struct json_member *members = arena_alloc_array(arena, template->count, sizeof(*members));
    if (members == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < template->count; i++) {
        const struct asl_template_member *member = &template->members[i];
        members[i].name = json_from_str(member->name);
        enum status status = asl_template_evaluate(&member->value, environment, arena,
                                                   &members[i].value, reterr_error);
        if (status != STATUS_OK) return status;
    }
    *ret_value = json_from_members(members, template->count);
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static enum status evaluate_array(const struct asl_template *template,
                                  const struct asl_environment *environment, struct arena *arena,
                                  struct json *ret_value, struct asl_error *reterr_error)
{
    struct json *items = arena_alloc_array(arena, template->count, sizeof(*items));
    if (items == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < template->count; i++) {
        enum status status =
            asl_template_evaluate(&template->items[i], environment, arena, &items[i], reterr_error);
        if (status != STATUS_OK) return status;
    }
    *ret_value = json_from_items(items, template->count);
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
enum status asl_template_evaluate(const struct asl_template *template,
                                  const struct asl_environment *environment, struct arena *arena,
                                  struct json *ret_value, struct asl_error *reterr_error)
{
    switch (template->kind) {
    case ASL_TEMPLATE_LITERAL: *ret_value = template->literal; return STATUS_OK;
    case ASL_TEMPLATE_OBJECT:
        return evaluate_object(template, environment, arena, ret_value, reterr_error);
    case ASL_TEMPLATE_ARRAY:
        return evaluate_array(template, environment, arena, ret_value, reterr_error);
    case ASL_TEMPLATE_PATH:
        return evaluate_path(template, environment, arena, ret_value, reterr_error);
    case ASL_TEMPLATE_INTRINSIC:
        return asl_intrinsic_evaluate(template->intrinsic, environment, arena, ret_value,
                                      reterr_error);
    case ASL_TEMPLATE_JSONATA:
        return asl_jsonata_evaluate(template->jsonata, template->field, environment, arena,
                                    ret_value, reterr_error);
    }
    abort();
}

struct asl_error asl_template_type_error(const struct asl_template *template, const char *expected,
                                         const struct json *value, struct arena *arena)
{
    bool is_query = template->kind == ASL_TEMPLATE_JSONATA;
    struct str subject = STR("value");
    if (is_query) {
        subject = arena_printf(arena, "JSONata expression '%" STR_FORMAT "'",
                               STR_ARGS(asl_jsonata_text(template->jsonata)));
    }
    struct str text = json_render_to_arena(arena, value);
    return (struct asl_error){
        .name = ASL_ERROR_QUERY_EVALUATION,
        .cause = arena_printf(arena,
                              "The %" STR_FORMAT " specified for the field '%" STR_FORMAT
                              "' %s an unexpected result type. Expected '%s', but was '%s' for "
                              "value: %" STR_FORMAT,
                              STR_ARGS(subject), STR_ARGS(template->field),
                              is_query ? "returned" : "has", expected, json_type_name(value),
                              STR_ARGS(text)),
        .location = template->field,
    };
}
