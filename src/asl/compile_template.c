// Templates. What has nothing to evaluate in it is shared with the parsed definition, at any depth:
// arrays of parts are made only from the first part on that needs one.

#include <assert.h>

#include "asl/compile.h"
#include "asl/intrinsic.h"
#include "asl/jsonata.h"

// Does a path over the context object reach the task token? "$$", "$$.Task…", and whatever is not
// plainly something else.
static bool reaches_task_token(struct str text)
{
    struct str rest = str_skip(text, 2);
    if (rest.size == 0) return true;
    if (rest.data[0] == '[') {
        return !str_starts_with(rest, STR("['")) || str_starts_with(rest, STR("['Task'"));
    }
    if (!str_starts_with(rest, STR("."))) return true;
    rest = str_skip(rest, 1);
    if (rest.size == 0 || strchr(".*[", rest.data[0]) != NULL) return true;
    size_t end = 0;
    while (end < rest.size && strchr(".[", rest.data[end]) == NULL)
        end++;
    return str_is(str_slice(rest, 0, end), "Task");
}

static void note_root(struct asl_compiler *compiler, const struct jsonpath *path)
{
    switch (jsonpath_root(path)) {
    case JSONPATH_ROOT_DATA: break;
    case JSONPATH_ROOT_CONTEXT:
        compiler->draft->state.uses_context = true;
        if (reaches_task_token(jsonpath_text(path))) compiler->draft->state.uses_task_token = true;
        break;
    case JSONPATH_ROOT_VARIABLE: asl_note_variable(compiler, jsonpath_variable(path)); break;
    }
}

const struct jsonpath *asl_compile_path_text(struct asl_compiler *compiler, struct str text,
                                             unsigned flags)
{
    const struct jsonpath *path = NULL;
    if (jsonpath_compile(compiler->arena, text, flags, &path, NULL) != STATUS_OK) return NULL;
    note_root(compiler, path);
    return path;
}

void asl_report_path(struct asl_compiler *compiler, const struct asl_place *place, struct str text,
                     bool is_reference)
{
    if (asl_is_open(compiler, text)) return;
    bool has_root = text.size > 0 && text.data[0] == '$';
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, place, "%s",
        !is_reference ? "Value must be a valid JSONPath."
        : !has_root   ? "Value is not a Reference Path: Reference path didn't start with '$'"
                      : "Value is not a Reference Path");
    if (!has_root) {
        asl_help(compiler, diagnostic, "a path begins with '$': \"$.%" STR_FORMAT "\"",
                 STR_ARGS(str_slice(text, 0, 100)));
    } else if (is_reference) {
        asl_help(
            compiler, diagnostic,
            "a reference path leads to one place: names and indices such as \"$.order.items[0]\", "
            "no wildcards, slices or filters");
    } else {
        asl_help(compiler, diagnostic,
                 "a path looks like \"$.order.items[0].price\"; other names stand in brackets: "
                 "\"$['order id']\"");
    }
}

struct asl_path asl_compile_path(struct asl_compiler *compiler, const struct asl_place *outer,
                                 const struct json *object, struct str name, unsigned flags)
{
    const struct json *value = json_find(object, name);
    if (value == NULL) return (struct asl_path){0};
    if (json_is_null(value)) return (struct asl_path){.is_null = true};
    if (!json_is_string(value)) return (struct asl_path){0};
    struct str text = json_str(value);
    if (str_is(text, "$")) return (struct asl_path){0};
    struct asl_place place = asl_place_member(outer, name);
    const struct jsonpath *path = asl_compile_path_text(compiler, text, flags);
    if (path == NULL) asl_report_path(compiler, &place, text, (flags & JSONPATH_REFERENCE) != 0);
    return (struct asl_path){.path = path};
}

static struct asl_template literal(const struct json *value)
{
    return (struct asl_template){.kind = ASL_TEMPLATE_LITERAL, .literal = *value};
}

// Parts of an object or array, made when the first one needs it.
static struct asl_template_member *start_members(struct asl_compiler *compiler,
                                                 const struct json *object, uint32_t done)
{
    struct asl_template_member *members =
        arena_alloc_array(compiler->arena, object->size, sizeof(*members));
    for (uint32_t i = 0; members != NULL && i < done; i++) {
        members[i] = (struct asl_template_member){json_str(&object->members[i].name),
                                                  literal(&object->members[i].value)};
    }
    return members;
}

static struct asl_template *start_items(struct asl_compiler *compiler, const struct json *array,
                                        uint32_t done)
{
    struct asl_template *items = arena_alloc_array(compiler->arena, array->size, sizeof(*items));
    for (uint32_t i = 0; items != NULL && i < done; i++) {
        items[i] = literal(&array->items[i]);
    }
    return items;
}

// ---------------------------------------------------------------------------------------------
// Payload templates of JSONPath mode

static bool looks_like_query(struct str text)
{
    return str_starts_with(text, STR("$.")) || str_starts_with(text, STR("$$.")) ||
           str_starts_with(text, STR("$[")) ||
           (str_starts_with(text, STR("States.")) && str_ends_with(text, STR(")")));
}

// A value of a member whose name ends in ".$", or of ErrorPath and its like: a path or a call.
static struct asl_template compile_query(struct asl_compiler *compiler, const struct json *value,
                                         struct str field)
{
    struct asl_template template = {.kind = ASL_TEMPLATE_LITERAL, .field = field};
    if (!json_is_string(value)) return template;
    struct str text = json_str(value);
    if (str_starts_with(text, STR("$"))) {
        template.path = asl_compile_path_text(compiler, text, JSONPATH_ALLOW_ROOTS);
        if (template.path != NULL) template.kind = ASL_TEMPLATE_PATH;
    } else {
        template.intrinsic = asl_intrinsic_compile(compiler, text);
        if (template.intrinsic != NULL) template.kind = ASL_TEMPLATE_INTRINSIC;
    }
    return template;
}

static void help_with_query(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                            const struct json *value, struct str name)
{
    struct str text = json_is_string(value) ? json_str(value) : STR("");
    if (str_starts_with(text, STR("States."))) {
        struct str function = str_cut(&text, '(');
        struct str suggestion = asl_intrinsic_suggest(function);
        if (suggestion.data != NULL && !str_equal(suggestion, function)) {
            asl_help(compiler, diagnostic, "did you mean %" STR_FORMAT "(...)?",
                     STR_ARGS(suggestion));
        } else {
            asl_help(compiler, diagnostic,
                     "arguments are paths, numbers, true, false, null, calls, and text in single "
                     "quotes: States.Format('Hello, {}', $.name)");
        }
    } else if (str_starts_with(text, STR("$"))) {
        asl_help(compiler, diagnostic,
                 "a path looks like \"$.order.items[0].price\"; other names stand in brackets: "
                 "\"$['order id']\"");
    } else {
        asl_help(compiler, diagnostic,
                 "a fixed value goes without \".$\": \"%" STR_FORMAT "\"; a path begins with '$'",
                 STR_ARGS(str_slice(name, 0, name.size - 2)));
    }
}

static struct asl_template compile_dollar(struct asl_compiler *compiler,
                                          const struct asl_place *field,
                                          const struct asl_place *outer,
                                          const struct json_member *member)
{
    struct str name = json_str(&member->name);
    struct asl_template template = compile_query(compiler, &member->value, name);
    bool is_open =
        json_is_string(&member->value) && asl_is_open(compiler, json_str(&member->value));
    if (template.kind == ASL_TEMPLATE_LITERAL && !is_open) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, field,
                              "The value for the field '%" STR_FORMAT
                              "' must be a valid JSONPath or a valid intrinsic function call",
                              STR_ARGS(name));
        struct asl_place place = asl_place_member(outer, name);
        asl_point_at(compiler, diagnostic, &place);
        help_with_query(compiler, diagnostic, &member->value, name);
    }
    return template;
}

static bool is_dollar(struct str name)
{
    return name.size > 2 && str_ends_with(name, STR(".$"));
}

static struct str without_dollar(struct str name)
{
    return is_dollar(name) ? str_slice(name, 0, name.size - 2) : name;
}

// "x" and "x.$" would both make a member "x". The names of large objects go to a table, so that a
// definition of any size is checked in one pass.
static void check_conflicts(struct asl_compiler *compiler, const struct asl_place *place,
                            const struct json *object)
{
    struct map CLEANUP(map_release) names;
    map_init(&names);
    bool is_indexed = object->size > 32;
    for (uint32_t i = 0; is_indexed && i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        // Any pointer will do: only presence matters.
        if (!map_set(&names, json_str(&member->name), compiler)) is_indexed = false;
    }
    for (uint32_t i = 0; i < object->size; i++) {
        struct str name = json_str(&object->members[i].name);
        if (!is_dollar(name)) continue;
        struct str plain = without_dollar(name);
        bool is_taken =
            is_indexed ? map_find(&names, plain) != NULL : json_find(object, plain) != NULL;
        if (!is_taken) continue;
        struct asl_diagnostic *diagnostic = asl_report_schema(
            compiler, place,
            "The fields '%" STR_FORMAT "' and '%" STR_FORMAT "' cannot be used together",
            STR_ARGS(plain), STR_ARGS(name));
        asl_help(compiler, diagnostic, "both would become \"%" STR_FORMAT "\": remove one",
                 STR_ARGS(plain));
    }
}

// Problems with queries are reported at `field`, as the service does; `place` is the value's own.
static struct asl_template compile_payload_value(struct asl_compiler *compiler,
                                                 const struct asl_place *field,
                                                 const struct asl_place *place,
                                                 const struct json *value);

static void warn_of_query(struct asl_compiler *compiler, const struct asl_place *place,
                          const struct json *value)
{
    if (!json_is_string(value) || !looks_like_query(json_str(value))) return;
    struct asl_diagnostic *diagnostic =
        asl_warn(compiler, place, "NO_DOLLAR",
                 "No .$ on a field that appears to be a JSONPath or Intrinsic Function");
    asl_help(compiler, diagnostic, "write \"%" STR_FORMAT ".$\" to have it evaluated",
             STR_ARGS(place->name));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static struct asl_template compile_payload_object(struct asl_compiler *compiler,
                                                  const struct asl_place *field,
                                                  const struct asl_place *place,
                                                  const struct json *object)
{
    struct asl_template_member *members = NULL;
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        struct str name = json_str(&member->name);
        struct asl_place here = asl_place_member(place, name);
        struct asl_template value;
        if (is_dollar(name)) {
            value = compile_dollar(compiler, field, place, member);
        } else {
            warn_of_query(compiler, &here, &member->value);
            value = compile_payload_value(compiler, field, &here, &member->value);
            if (value.kind == ASL_TEMPLATE_LITERAL && members == NULL) continue;
        }
        if (members == NULL) members = start_members(compiler, object, i);
        if (members == NULL) return literal(object);
        members[i] = (struct asl_template_member){without_dollar(name), value};
    }
    if (members == NULL) return literal(object);
    check_conflicts(compiler, field, object);
    return (struct asl_template){
        .kind = ASL_TEMPLATE_OBJECT, .count = object->size, .members = members};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static struct asl_template compile_payload_array(struct asl_compiler *compiler,
                                                 const struct asl_place *field,
                                                 const struct asl_place *place,
                                                 const struct json *array)
{
    struct asl_template *items = NULL;
    for (uint32_t i = 0; i < array->size; i++) {
        struct asl_place here = asl_place_item(place, i);
        struct asl_template value = compile_payload_value(compiler, field, &here, &array->items[i]);
        if (value.kind == ASL_TEMPLATE_LITERAL && items == NULL) continue;
        if (items == NULL) items = start_items(compiler, array, i);
        if (items == NULL) return literal(array);
        items[i] = value;
    }
    if (items == NULL) return literal(array);
    return (struct asl_template){.kind = ASL_TEMPLATE_ARRAY, .count = array->size, .items = items};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static struct asl_template compile_payload_value(struct asl_compiler *compiler,
                                                 const struct asl_place *field,
                                                 const struct asl_place *place,
                                                 const struct json *value)
{
    if (json_is_object(value)) return compile_payload_object(compiler, field, place, value);
    if (json_is_array(value)) return compile_payload_array(compiler, field, place, value);
    return literal(value);
}

// ---------------------------------------------------------------------------------------------
// Values of JSONata mode

static struct asl_template compile_query_string(struct asl_compiler *compiler,
                                                const struct asl_place *place,
                                                const struct json *value)
{
    struct str text = json_str(value);
    if (!str_starts_with(text, STR("{%"))) return literal(value);
    if (!asl_is_query(text)) {
        if (!asl_is_open(compiler, text)) {
            struct asl_diagnostic *diagnostic = asl_report_schema(
                compiler, place, "JSONata string must start with {%% and end with %%}");
            asl_help(compiler, diagnostic, "nothing may stand behind \"%%}\"");
        }
        return literal(value);
    }
    if (asl_is_open(compiler, text)) return literal(value);
    const struct asl_jsonata *jsonata = asl_jsonata_compile(compiler, place, text);
    if (jsonata == NULL) return literal(value);
    struct str field = asl_place_render_below(place, compiler->draft->place, compiler->arena);
    return (struct asl_template){.kind = ASL_TEMPLATE_JSONATA, .field = field, .jsonata = jsonata};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static struct asl_template compile_jsonata_object(struct asl_compiler *compiler,
                                                  const struct asl_place *place,
                                                  const struct json *object)
{
    struct asl_template_member *members = NULL;
    for (uint32_t i = 0; i < object->size; i++) {
        struct str name = json_str(&object->members[i].name);
        struct asl_place here = asl_place_member(place, name);
        struct asl_template value = asl_compile_value(compiler, &here, &object->members[i].value);
        if (value.kind == ASL_TEMPLATE_LITERAL && members == NULL) continue;
        if (members == NULL) members = start_members(compiler, object, i);
        if (members == NULL) return literal(object);
        members[i] = (struct asl_template_member){name, value};
    }
    if (members == NULL) return literal(object);
    return (struct asl_template){
        .kind = ASL_TEMPLATE_OBJECT, .count = object->size, .members = members};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static struct asl_template compile_jsonata_array(struct asl_compiler *compiler,
                                                 const struct asl_place *place,
                                                 const struct json *array)
{
    struct asl_template *items = NULL;
    for (uint32_t i = 0; i < array->size; i++) {
        struct asl_place here = asl_place_item(place, i);
        struct asl_template value = asl_compile_value(compiler, &here, &array->items[i]);
        if (value.kind == ASL_TEMPLATE_LITERAL && items == NULL) continue;
        if (items == NULL) items = start_items(compiler, array, i);
        if (items == NULL) return literal(array);
        items[i] = value;
    }
    if (items == NULL) return literal(array);
    return (struct asl_template){.kind = ASL_TEMPLATE_ARRAY, .count = array->size, .items = items};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
struct asl_template asl_compile_value(struct asl_compiler *compiler, const struct asl_place *place,
                                      const struct json *value)
{
    if (compiler->language == ASL_JSONPATH)
        return compile_payload_value(compiler, place, place, value);
    if (json_is_object(value)) return compile_jsonata_object(compiler, place, value);
    if (json_is_array(value)) return compile_jsonata_array(compiler, place, value);
    if (json_is_string(value)) return compile_query_string(compiler, place, value);
    return literal(value);
}

// ---------------------------------------------------------------------------------------------
// Fields

const struct asl_template *asl_keep_template(struct asl_compiler *compiler,
                                             struct asl_template template)
{
    struct asl_template *kept = ARENA_NEW(compiler->arena, struct asl_template);
    if (kept != NULL) *kept = template;
    return kept;
}

// Error texts name a template by its field, also one without anything to evaluate.
static const struct asl_template *compile_field(struct asl_compiler *compiler,
                                                const struct asl_place *outer,
                                                const struct json *value, struct str name)
{
    struct asl_place place = asl_place_member(outer, name);
    struct asl_template template = asl_compile_value(compiler, &place, value);
    if (template.field.data == NULL) template.field = name;
    return asl_keep_template(compiler, template);
}

const struct asl_template *asl_compile_payload(struct asl_compiler *compiler,
                                               const struct asl_place *outer,
                                               const struct json *object, struct str name)
{
    const struct json *value = json_find(object, name);
    if (value == NULL) return NULL;
    return compile_field(compiler, outer, value, name);
}

// ErrorPath and CausePath also take calls of functions that give strings.
static bool takes_call(struct str path_name)
{
    return str_is(path_name, "ErrorPath") || str_is(path_name, "CausePath");
}

static struct asl_template compile_path_scalar(struct asl_compiler *compiler,
                                               const struct asl_place *place,
                                               const struct json *value, struct str path_name)
{
    struct str text = json_str(value);
    struct asl_template template = {.kind = ASL_TEMPLATE_PATH, .field = path_name};
    if (takes_call(path_name) && str_starts_with(text, STR("States."))) {
        template = compile_query(compiler, value, path_name);
        if (template.kind == ASL_TEMPLATE_INTRINSIC &&
            asl_intrinsic_gives_string(template.intrinsic))
            return template;
        if (!asl_is_open(compiler, text)) {
            struct asl_diagnostic *diagnostic =
                asl_report_schema(compiler, place, "Value must be a valid JSONPath.");
            asl_help(compiler, diagnostic,
                     "a path, or a function that gives a string, such as States.Format('{}', $.x)");
        }
        return literal(value);
    }
    unsigned flags = JSONPATH_ALLOW_ROOTS | JSONPATH_REFERENCE;
    template.path = asl_compile_path_text(compiler, text, flags);
    if (template.path != NULL) return template;
    asl_report_path(compiler, place, text, true);
    return literal(value);
}

const struct asl_template *asl_compile_scalar(struct asl_compiler *compiler,
                                              const struct asl_place *outer,
                                              const struct json *object, struct str name,
                                              struct str path_name)
{
    const struct json *value = json_find(object, path_name);
    if (value != NULL && json_is_string(value)) {
        struct asl_place place = asl_place_member(outer, path_name);
        return asl_keep_template(compiler, compile_path_scalar(compiler, &place, value, path_name));
    }
    value = json_find(object, name);
    if (value == NULL) return NULL;
    struct asl_place place = asl_place_member(outer, name);
    if (compiler->language == ASL_JSONATA) return compile_field(compiler, outer, value, name);
    if (json_is_string(value) && looks_like_query(json_str(value))) {
        struct asl_diagnostic *diagnostic =
            asl_warn(compiler, &place, "NO_PATH",
                     "Field value looks like a path, but field name does not end with 'Path'");
        asl_help(compiler, diagnostic, "write \"%" STR_FORMAT "\" to have it evaluated",
                 STR_ARGS(path_name));
    }
    return asl_keep_template(compiler, literal(value));
}
