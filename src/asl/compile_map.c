// Map states: the item processor, and the fields of a Distributed Map.

#include "asl/compile.h"

// ---------------------------------------------------------------------------------------------
// The item processor

static void compile_mode(struct asl_compiler *compiler, const struct asl_place *outer,
                         const struct json *processor)
{
    struct asl_map *map = &compiler->draft->state.map;
    const struct json *config = ASL_OBJECT(processor, "ProcessorConfig");
    if (config == NULL) return;
    struct asl_place place = asl_place_member(outer, STR("ProcessorConfig"));
    asl_check_fields(compiler, &place, ASL_SHAPE_PROCESSOR_CONFIG, config);
    struct str type = ASL_STRING(config, "ExecutionType");
    if (!str_is(ASL_STRING(config, "Mode"), "DISTRIBUTED")) {
        if (type.data != NULL && !asl_is_open(compiler, ASL_STRING(config, "Mode"))) {
            struct asl_place here = asl_place_member(&place, STR("ExecutionType"));
            struct asl_diagnostic *diagnostic =
                asl_report_schema(compiler, &place, "Field 'ExecutionType' is not supported");
            asl_point_at_name(compiler, diagnostic, &here);
            asl_help(compiler, diagnostic, "it goes with \"Mode\": \"DISTRIBUTED\"");
        }
        return;
    }
    map->mode = ASL_MAP_DISTRIBUTED;
    map->execution_type = str_is(type, "EXPRESS") ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    if (JSON_FIND(config, "ExecutionType") == NULL)
        asl_help(compiler,
                 asl_report_schema(compiler, &place, "These fields are required: [ExecutionType]"),
                 "say what the children are: \"STANDARD\" or \"EXPRESS\"");
    if (compiler->type == ASL_MACHINE_EXPRESS) {
        asl_report_schema(compiler, &place,
                          "The field 'Mode' with value 'DISTRIBUTED' is not supported inside "
                          "'EXPRESS' state machines");
    }
}

static void compile_processor(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_draft *draft = compiler->draft;
    const struct json *processor = JSON_FIND(object, "ItemProcessor");
    const struct json *iterator = JSON_FIND(object, "Iterator");
    draft->state.map.scope = ASL_STATE_NONE;
    if ((processor == NULL) == (iterator == NULL)) {
        asl_report_schema(compiler, draft->place,
                          "This object should have only one of the following fields: "
                          "[ItemProcessor, Iterator]");
        return;
    }
    struct asl_place place =
        asl_place_member(draft->place, processor != NULL ? STR("ItemProcessor") : STR("Iterator"));
    if (processor == NULL) processor = iterator;
    if (!json_is_object(processor)) return;
    asl_check_fields(compiler, &place, ASL_SHAPE_ITEM_PROCESSOR, processor);
    compile_mode(compiler, &place, processor);
    bool is_distributed = draft->state.map.mode == ASL_MAP_DISTRIBUTED;
    enum asl_machine_type outer_type = compiler->type;
    if (is_distributed) compiler->type = draft->state.map.execution_type;
    draft->state.map.scope =
        asl_compile_scope(compiler, &place, processor, draft->state.index, is_distributed);
    compiler->type = outer_type;
    compiler->draft = draft;
}

// ---------------------------------------------------------------------------------------------
// Objects of a Distributed Map. They become templates whole. A member "XPath" becomes "X" with the
// value that the path leads to.

struct builder {
    struct asl_compiler *compiler;
    const struct asl_place *place;
    struct asl_template_member *members;
    uint32_t count;
};

static bool start_builder(struct builder *builder, struct asl_compiler *compiler,
                          const struct asl_place *place, const struct json *object)
{
    *builder = (struct builder){.compiler = compiler, .place = place};
    builder->members = arena_alloc_array(compiler->arena, object->size, sizeof(*builder->members));
    return builder->members != NULL;
}

static void add(struct builder *builder, struct str name, struct asl_template value)
{
    builder->members[builder->count++] = (struct asl_template_member){name, value};
}

static void add_literal(struct builder *builder, struct str name, const struct json *value)
{
    add(builder, name, (struct asl_template){.kind = ASL_TEMPLATE_LITERAL, .literal = *value});
}

static void add_payload(struct builder *builder, struct str name, const struct json *value)
{
    struct asl_place place = asl_place_member(builder->place, name);
    add(builder, name, asl_compile_value(builder->compiler, &place, value));
}

static void add_scalar(struct builder *builder, const struct json *object, struct str name)
{
    struct str path_name =
        arena_printf(builder->compiler->arena, "%" STR_FORMAT "Path", STR_ARGS(name));
    const struct asl_template *value =
        asl_compile_scalar(builder->compiler, builder->place, object, name, path_name);
    // Where both are there, which has been reported, the path wins.
    if (value != NULL) add(builder, name, *value);
}

static struct asl_template finish(const struct builder *builder)
{
    return (struct asl_template){
        .kind = ASL_TEMPLATE_OBJECT, .count = builder->count, .members = builder->members};
}

static void check_reader_config(struct asl_compiler *compiler, const struct asl_place *place,
                                const struct json *config)
{
    struct str type = ASL_STRING(config, "InputType");
    struct str location = ASL_STRING(config, "CSVHeaderLocation");
    if (str_is(type, "CSV") && location.data == NULL)
        asl_report_schema(compiler, place, "The field 'CSVHeaderLocation' is required");
    if (str_is(type, "JSON") && location.data != NULL)
        asl_report_schema(compiler, place, "Field 'CSVHeaderLocation' is not supported");
    if (str_is(location, "GIVEN") && JSON_FIND(config, "CSVHeaders") == NULL)
        asl_report_schema(compiler, place, "These fields are required: [CSVHeaders]");
}

static struct asl_template compile_reader_config(struct asl_compiler *compiler,
                                                 const struct asl_place *place,
                                                 const struct json *config)
{
    struct builder builder;
    asl_check_fields(compiler, place, ASL_SHAPE_READER_CONFIG, config);
    check_reader_config(compiler, place, config);
    if (!start_builder(&builder, compiler, place, config))
        return (struct asl_template){.literal = *config};
    for (uint32_t i = 0; i < config->size; i++) {
        struct str name = json_str(&config->members[i].name);
        if (str_starts_with(name, STR("MaxItems"))) continue;
        // Names of columns are text even where they look like expressions.
        if (str_is(name, "CSVHeaders"))
            add_literal(&builder, name, &config->members[i].value);
        else
            add_payload(&builder, name, &config->members[i].value);
    }
    add_scalar(&builder, config, STR("MaxItems"));
    return finish(&builder);
}

// ItemReader and ResultWriter: a resource with its parameters, and a configuration.
static struct asl_template compile_accessor(struct asl_compiler *compiler,
                                            const struct asl_place *place,
                                            const struct json *object)
{
    struct builder builder;
    if (!start_builder(&builder, compiler, place, object))
        return (struct asl_template){.literal = *object};
    for (uint32_t i = 0; i < object->size; i++) {
        struct str name = json_str(&object->members[i].name);
        const struct json *value = &object->members[i].value;
        struct asl_place here = asl_place_member(place, name);
        if (str_is(name, "ReaderConfig") && json_is_object(value))
            add(&builder, name, compile_reader_config(compiler, &here, value));
        else if (str_is(name, "Resource"))
            add_literal(&builder, name, value);
        else
            add_payload(&builder, name, value);
    }
    return finish(&builder);
}

// Is the resource `prefix` with one of the actions of `list`?
static void check_accessor_resource(struct asl_compiler *compiler, const struct asl_place *outer,
                                    const struct json *object, struct str actions)
{
    struct str resource = ASL_STRING(object, "Resource");
    if (resource.data == NULL || compiler->rules == ASL_RULES_LANGUAGE ||
        asl_is_open(compiler, resource))
        return;
    size_t action = str_find(resource, STR(":states:::s3:"));
    if (str_starts_with(resource, STR("arn:aws")) && action != SIZE_MAX &&
        asl_list_has(actions, str_skip(resource, action + strlen(":states:::s3:"))))
        return;
    struct asl_place place = asl_place_member(outer, STR("Resource"));
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, &place, "The field 'Resource' does not match any of the allowed values");
    asl_help(compiler, diagnostic, "allowed after \"arn:aws:states:::s3:\": %" STR_FORMAT,
             STR_ARGS(actions));
}

static void compile_item_reader(struct asl_compiler *compiler, const struct json *object)
{
    const struct json *reader = ASL_OBJECT(object, "ItemReader");
    if (reader == NULL) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("ItemReader"));
    asl_check_fields(compiler, &place, ASL_SHAPE_ITEM_READER, reader);
    check_accessor_resource(compiler, &place, reader, STR("getObject, listObjectsV2"));
    compiler->draft->state.map.item_reader =
        asl_keep_template(compiler, compile_accessor(compiler, &place, reader));
}

static void compile_result_writer(struct asl_compiler *compiler, const struct json *object)
{
    const struct json *writer = ASL_OBJECT(object, "ResultWriter");
    if (writer == NULL) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("ResultWriter"));
    asl_check_fields(compiler, &place, ASL_SHAPE_RESULT_WRITER, writer);
    check_accessor_resource(compiler, &place, writer, STR("putObject"));
    const struct json *config = ASL_OBJECT(writer, "WriterConfig");
    struct asl_place here = asl_place_member(&place, STR("WriterConfig"));
    if (config != NULL) asl_check_fields(compiler, &here, ASL_SHAPE_WRITER_CONFIG, config);
    compiler->draft->state.map.result_writer =
        asl_keep_template(compiler, compile_accessor(compiler, &place, writer));
}

static void compile_item_batcher(struct asl_compiler *compiler, const struct json *object)
{
    const struct json *batcher = ASL_OBJECT(object, "ItemBatcher");
    if (batcher == NULL) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("ItemBatcher"));
    asl_check_fields(compiler, &place, ASL_SHAPE_ITEM_BATCHER, batcher);
    struct builder builder;
    if (!start_builder(&builder, compiler, &place, batcher)) return;
    const struct json *input = JSON_FIND(batcher, "BatchInput");
    if (input != NULL) add_payload(&builder, STR("BatchInput"), input);
    add_scalar(&builder, batcher, STR("MaxItemsPerBatch"));
    add_scalar(&builder, batcher, STR("MaxInputBytesPerBatch"));
    compiler->draft->state.map.item_batcher = asl_keep_template(compiler, finish(&builder));
}

// ---------------------------------------------------------------------------------------------
// Labels

static bool is_label(struct str label)
{
    if (label.size == 0 || label.size > 40) return false;
    for (size_t i = 0; i < label.size; i++) {
        unsigned char c = (unsigned char)label.data[i];
        if (c <= ' ' || c == 0x7f || strchr("?*<>{}[]:;,\\|^~$#%&`\"", c) != NULL) return false;
    }
    return true;
}

static void compile_label(struct asl_compiler *compiler, const struct json *object)
{
    struct str label = ASL_STRING(object, "Label");
    if (label.data == NULL) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Label"));
    compiler->draft->state.map.label = label;
    if (asl_is_open(compiler, label)) return;
    if (!is_label(label)) {
        struct asl_diagnostic *diagnostic =
            asl_report(compiler, &place, "INVALID_LABEL_NAME", "Invalid Label name: %" STR_FORMAT,
                       STR_ARGS(label));
        asl_help(compiler, diagnostic,
                 "at most 40 characters, no blanks, none of ? * < > { } [ ] : ; , \\ | ^ ~ $ # %% "
                 "& ` \"");
    } else if (map_find(&compiler->labels, label) != NULL) {
        asl_report(compiler, &place, "DUPLICATE_LABEL_NAME", "Duplicate Label name: %" STR_FORMAT,
                   STR_ARGS(label));
    } else if (!map_set(&compiler->labels, label, compiler->draft)) {
        compiler->scratch->is_exhausted = true;
    }
}

// ---------------------------------------------------------------------------------------------
// Map

void asl_compile_map(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_map *map = &compiler->draft->state.map;
    const struct asl_place *place = compiler->draft->place;
    map->items_path = asl_compile_path(compiler, place, object, STR("ItemsPath"),
                                       JSONPATH_ALLOW_ROOTS | JSONPATH_REFERENCE);
    map->items = asl_compile_payload(compiler, place, object, STR("Items"));
    map->item_selector = asl_compile_payload(compiler, place, object, STR("ItemSelector"));
    if (map->item_selector == NULL) // The legacy name.
        map->item_selector = asl_compile_payload(compiler, place, object, STR("Parameters"));
    map->max_concurrency = asl_compile_scalar(compiler, place, object, STR("MaxConcurrency"),
                                              STR("MaxConcurrencyPath"));
    map->tolerated_failure_count = asl_compile_scalar(
        compiler, place, object, STR("ToleratedFailureCount"), STR("ToleratedFailureCountPath"));
    map->tolerated_failure_percentage =
        asl_compile_scalar(compiler, place, object, STR("ToleratedFailurePercentage"),
                           STR("ToleratedFailurePercentagePath"));
    compile_label(compiler, object);
    compile_item_reader(compiler, object);
    compile_item_batcher(compiler, object);
    compile_result_writer(compiler, object);
    compile_processor(compiler, object);
}
