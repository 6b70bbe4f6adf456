// From a file to its definitions: JSON or YAML, then a definition or a template.

#include "main/definition.h"

#include "asl/place.h"
#include "main/template.h"

// Of the parsed text of a file; what a definition becomes is accounted for elsewhere.
struct finder {
    struct arena *arena;
    const struct source *json; // The layer that is JSON.
    struct definitions *definitions;
    struct definition_problem *problem;
};

static enum status add(struct finder *finder, struct definition definition)
{
    struct definitions *definitions = finder->definitions;
    if (definitions->count == DEFINITIONS_MAX) {
        *finder->problem = (struct definition_problem){
            .message = arena_printf(finder->arena, "more than %d state machines", DEFINITIONS_MAX)};
        return STATUS_INVALID;
    }
    if (definitions->items == NULL) {
        definitions->items =
            arena_alloc_array(finder->arena, DEFINITIONS_MAX, sizeof(*definitions->items));
        if (definitions->items == NULL) return STATUS_NO_MEMORY;
    }
    definitions->items[definitions->count++] = definition;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Templates

static enum status add_object(struct finder *finder, struct definition definition, size_t offset)
{
    struct str text = finder->json->text;
    struct source_span part = {offset, offset + asl_place_value_size(text, offset)};
    definition.source = template_resolve(finder->arena, finder->json, part);
    return definition.source == NULL ? STATUS_NO_MEMORY : add(finder, definition);
}

// DefinitionString: text that is JSON itself.
static enum status add_string(struct finder *finder, struct definition definition, size_t offset,
                              const struct json *value)
{
    const struct json *plain = JSON_FIND(value, "Fn::ToJsonString");
    if (plain != NULL && json_is_object(plain)) {
        size_t inner = template_member_offset(finder->json->text, offset, STR("Fn::ToJsonString"));
        if (inner != SIZE_MAX) return add_object(finder, definition, inner);
    }
    const struct source *text = template_text(finder->arena, finder->json, offset, value);
    if (finder->arena->is_exhausted) return STATUS_NO_MEMORY;
    if (text == NULL) {
        finder->definitions->skipped_count++;
        return STATUS_OK;
    }
    definition.source = template_quote_placeholders(finder->arena, text);
    return definition.source == NULL ? STATUS_NO_MEMORY : add(finder, definition);
}

static bool is_remote(struct str uri)
{
    return str_starts_with(uri, STR("s3://")) || str_find(uri, STR("${")) != SIZE_MAX;
}

static enum status add_resource(struct finder *finder, size_t offset,
                                const struct json_member *member, bool is_serverless)
{
    struct str text = finder->json->text;
    const struct json *properties = JSON_FIND(&member->value, "Properties");
    size_t at = template_member_offset(text, offset, STR("Properties"));
    if (properties == NULL || !json_is_object(properties) || at == SIZE_MAX) return STATUS_OK;
    const struct json *type =
        json_find(properties, is_serverless ? STR("Type") : STR("StateMachineType"));
    struct definition definition = {.resource = json_str(&member->name)};
    if (type != NULL && json_is_string(type)) {
        definition.has_type = str_find(json_str(type), STR("${")) == SIZE_MAX;
        definition.type =
            str_is(json_str(type), "EXPRESS") ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    } else {
        definition.has_type = type == NULL; // Standard is the default.
    }
    const struct json *object = JSON_FIND(properties, "Definition");
    const struct json *string = JSON_FIND(properties, "DefinitionString");
    const struct json *uri = JSON_FIND(properties, "DefinitionUri");
    if (object != NULL && json_is_object(object))
        return add_object(finder, definition, template_member_offset(text, at, STR("Definition")));
    if (string != NULL && !is_serverless)
        return add_string(finder, definition,
                          template_member_offset(text, at, STR("DefinitionString")), string);
    if (uri != NULL && is_serverless && json_is_string(uri) && !is_remote(json_str(uri))) {
        size_t uri_offset = template_member_offset(text, at, STR("DefinitionUri"));
        definition.uri = json_str(uri);
        definition.uri_span = source_find_token(finder->json, uri_offset);
        return add(finder, definition);
    }
    finder->definitions->skipped_count++;
    return STATUS_OK;
}

static enum status add_resources(struct finder *finder, const struct json *resources)
{
    size_t at = template_member_offset(finder->json->text, 0, STR("Resources"));
    for (uint32_t i = 0; i < resources->size; i++) {
        const struct json_member *member = &resources->members[i];
        const struct json *type = JSON_FIND(&member->value, "Type");
        if (type == NULL || !json_is_string(type)) continue;
        bool is_serverless = str_is(json_str(type), "AWS::Serverless::StateMachine");
        if (!is_serverless && !str_is(json_str(type), "AWS::StepFunctions::StateMachine")) continue;
        size_t offset = template_member_offset(finder->json->text, at, json_str(&member->name));
        enum status status =
            offset == SIZE_MAX ? STATUS_OK : add_resource(finder, offset, member, is_serverless);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Files

static bool is_yaml(struct str name, enum definition_format format, struct str text)
{
    if (format != DEFINITION_BY_NAME) return format == DEFINITION_YAML;
    if (str_ends_with(name, STR(".yaml")) || str_ends_with(name, STR(".yml"))) return true;
    if (str_ends_with(name, STR(".json"))) return false;
    struct str trimmed = str_trim(text);
    return trimmed.size > 0 && strchr("{[\"", trimmed.data[0]) == NULL;
}

static enum status read_yaml(struct finder *finder, const struct source *file)
{
    struct yaml_document *document = ARENA_NEW(finder->arena, struct yaml_document);
    struct source *json = ARENA_NEW(finder->arena, struct source);
    struct yaml_error error;
    if (document == NULL || json == NULL) return STATUS_NO_MEMORY;
    enum status status = yaml_read(finder->arena, file->text, document, &error);
    if (status == STATUS_INVALID) {
        *finder->problem = (struct definition_problem){
            .span = {error.offset, error.offset + error.size}, .message = error.message};
    }
    if (status != STATUS_OK) return status;
    *json = (struct source){.text = document->json, .below = file, .yaml = document};
    finder->json = json;
    return STATUS_OK;
}

static enum status find_in(struct finder *finder, bool may_have_calls)
{
    struct json root;
    enum status status = json_parse(finder->arena, finder->json->text, 0, &root, NULL);
    if (status == STATUS_NO_MEMORY) return status;
    struct definition definition = {.source = finder->json};
    if (status != STATUS_OK || !json_is_object(&root)) return add(finder, definition);
    const struct json *resources = JSON_FIND(&root, "Resources");
    bool is_definition = JSON_FIND(&root, "States") != NULL || JSON_FIND(&root, "StartAt") != NULL;
    if (resources != NULL && json_is_object(resources) && !is_definition) {
        finder->definitions->is_template = true;
        return add_resources(finder, resources);
    }
    if (may_have_calls) {
        struct source_span all = {0, finder->json->text.size};
        definition.source = template_resolve(finder->arena, finder->json, all);
        if (definition.source == NULL) return STATUS_NO_MEMORY;
    }
    return add(finder, definition);
}

enum status definitions_find(struct arena *arena, struct str name, enum definition_format format,
                             struct str text, struct definitions *ret_definitions,
                             struct definition_problem *reterr_problem)
{
    struct source *file = ARENA_NEW(arena, struct source);
    if (file == NULL) return STATUS_NO_MEMORY;
    file->text = text;
    // Where there is a problem, the file is there to show it.
    *ret_definitions = (struct definitions){.file = file};
    struct finder finder = {
        .arena = arena, .json = file, .definitions = ret_definitions, .problem = reterr_problem};
    if (is_yaml(name, format, text)) {
        enum status status = read_yaml(&finder, file);
        return status == STATUS_OK ? find_in(&finder, true) : status;
    }
    finder.json = template_quote_placeholders(arena, file);
    return finder.json == NULL ? STATUS_NO_MEMORY : find_in(&finder, false);
}
