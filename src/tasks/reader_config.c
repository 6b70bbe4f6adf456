// Members that the service checks when a state machine is created may still turn out wrong here,
// since their values may be expressions.

#include "tasks/reader_config.h"

#include "tasks/items.h"

static bool find_format(struct str input_type, enum item_format *ret_format)
{
    static const struct {
        const char *name;
        enum item_format format;
    } formats[] = {
        {"JSON", ITEM_FORMAT_JSON}, {"JSONL", ITEM_FORMAT_JSONL}, {"CSV", ITEM_FORMAT_CSV}};
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
        if (!str_is(input_type, formats[i].name)) continue;
        *ret_format = formats[i].format;
        return true;
    }
    return false;
}

static bool find_delimiter(struct str name, char *ret_delimiter)
{
    static const struct {
        const char *name;
        char delimiter;
    } delimiters[] = {
        {"", ','}, {"COMMA", ','}, {"PIPE", '|'}, {"SEMICOLON", ';'}, {"SPACE", ' '}, {"TAB", '\t'},
    };
    for (size_t i = 0; i < ARRAY_COUNT(delimiters); i++) {
        if (!str_is(name, delimiters[i].name)) continue;
        *ret_delimiter = delimiters[i].delimiter;
        return true;
    }
    return false;
}

// Each of these returns why it cannot be done; NULL data when it can.

static struct str take_limit(struct reader_config *config, const struct json *members)
{
    static const struct str names[] = {STR_INIT("MaxItems"), STR_INIT("MaxItemsPath")};
    int64_t limit = 0;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct json *value = json_find(members, names[i]);
        if (value != NULL && !json_to_integer(value, &limit))
            return STR("field MaxItems must be an integer");
    }
    if (limit < 0) return STR("field MaxItems must be positive");
    config->items_max = ITEMS_COUNT_MAX; // So does 0 mean.
    if (limit > 0 && limit < ITEMS_COUNT_MAX) config->items_max = (uint64_t)limit;
    return (struct str){0};
}

static struct str take_csv(struct reader_config *config, const struct json *members)
{
    struct item_reader_options *options = &config->options;
    const struct json *headers = JSON_FIND(members, "CSVHeaders");
    struct str location = JSON_FIND_STR(members, "CSVHeaderLocation");
    bool is_given = str_is(location, "GIVEN");
    if (!is_given && !str_is(location, "FIRST_ROW"))
        return STR("field CSVHeaderLocation must be FIRST_ROW or GIVEN");
    if (is_given && headers == NULL) return STR("field CSVHeaders must be an array of strings");
    if (is_given) options->headers = *headers;
    if (!find_delimiter(JSON_FIND_STR(members, "CSVDelimiter"), &options->delimiter))
        return STR("field CSVDelimiter must be COMMA, PIPE, SEMICOLON, SPACE or TAB");
    return (struct str){0};
}

static struct str take_format(struct reader_config *config, const struct json *members)
{
    struct item_reader_options *options = &config->options;
    struct str input_type = JSON_FIND_STR(members, "InputType");
    if (str_is(input_type, "PARQUET"))
        return STR("InputType PARQUET is valid but not read by this version of Galop.");
    if (!find_format(input_type, &options->format))
        return STR("field InputType must be CSV, JSON, JSONL or MANIFEST");
    options->items_pointer = JSON_FIND_STR(members, "ItemsPointer");
    return options->format == ITEM_FORMAT_CSV ? take_csv(config, members) : (struct str){0};
}

static struct str take_config(struct reader_config *config, bool is_list,
                              const struct json *members)
{
    struct str manifest_type = JSON_FIND_STR(members, "ManifestType");
    bool is_manifest = str_is(JSON_FIND_STR(members, "InputType"), "MANIFEST");
    bool is_flat = str_is(JSON_FIND_STR(members, "Transformation"), "LOAD_AND_FLATTEN");
    struct str cause = take_limit(config, members);
    if (cause.data != NULL) return cause;
    if (is_list && !is_flat) {
        config->kind = READER_LIST;
        return cause;
    }
    if (!is_list && (is_manifest || manifest_type.size > 0)) {
        config->kind = READER_MANIFEST;
        config->is_inventory = !str_is(manifest_type, "ATHENA_DATA");
        if (config->is_inventory) { // Its headers come with the manifest.
            config->options.format = ITEM_FORMAT_CSV;
            return cause;
        }
    } else {
        config->kind = is_list ? READER_LISTED_OBJECTS : READER_OBJECT;
    }
    return take_format(config, members);
}

void reader_config_init(struct reader_config *config, const struct json *reader,
                        struct arena *arena)
{
    struct str resource = JSON_FIND_STR(reader, "Resource");
    bool is_list = str_ends_with(resource, STR(":s3:listObjectsV2"));
    const struct json *parameters = JSON_FIND(reader, "Parameters");
    const struct json *members = JSON_FIND(reader, "ReaderConfig");
    if (parameters == NULL) parameters = JSON_FIND(reader, "Arguments");
    if (parameters == NULL) parameters = &json_empty_object;
    if (members == NULL) members = &json_empty_object;
    *config = (struct reader_config){
        .bucket = JSON_FIND_STR(parameters, "Bucket"),
        .key = JSON_FIND_STR(parameters, "Key"),
        .version_id = JSON_FIND_STR(parameters, "VersionId"),
        .prefix = JSON_FIND_STR(parameters, "Prefix"),
        .options.headers = json_null,
    };
    if (!is_list && !str_ends_with(resource, STR(":s3:getObject"))) {
        config->cause = arena_printf(arena, "The resource '%" STR_FORMAT "' reads no items.",
                                     STR_ARGS(resource));
    } else if (config->bucket.size == 0) {
        config->cause = STR("field Bucket must be a string that is not empty");
    } else if (!is_list && config->key.size == 0) {
        config->cause = STR("field Key must be a string that is not empty");
    } else {
        config->cause = take_config(config, is_list, members);
    }
}

// ---------------------------------------------------------------------------------------------
// Manifests

// "Bucket, Key, Size" as an array of texts.
static struct json split_schema(struct arena *arena, struct str schema)
{
    struct json_items headers;
    json_items_init(&headers, arena);
    while (schema.data != NULL) {
        struct str name = str_trim(str_cut(&schema, ','));
        if (name.size > 0) json_items_append(&headers, json_from_str(name));
    }
    return json_items_finish(&headers);
}

// S3's: {"destinationBucket": ARN, "fileFormat": "CSV", "fileSchema": …, "files": [{"key": …}]}.
static enum status read_inventory(struct reader_config *config, const struct json *manifest,
                                  struct arena *arena, struct s3_object_list *objects,
                                  struct str *reterr_cause)
{
    static const struct str arn_prefix = STR_INIT("arn:aws:s3:::");
    const struct json *files = JSON_FIND(manifest, "files");
    struct str bucket = JSON_FIND_STR(manifest, "destinationBucket");
    if (str_starts_with(bucket, arn_prefix)) bucket = str_skip(bucket, arn_prefix.size);
    if (!str_is(JSON_FIND_STR(manifest, "fileFormat"), "CSV")) {
        *reterr_cause = STR("The manifest's files are not CSV.");
        return STATUS_INVALID;
    }
    *reterr_cause = STR("The manifest is no manifest of an S3 inventory.");
    if (files == NULL || !json_is_array(files)) return STATUS_INVALID;
    config->options.headers = split_schema(arena, JSON_FIND_STR(manifest, "fileSchema"));
    for (uint32_t i = 0; i < files->size; i++) {
        struct s3_object *object = s3_object_list_append(objects, arena);
        if (object == NULL) return STATUS_NO_MEMORY;
        object->bucket = bucket.size == 0 ? config->bucket : bucket;
        object->key = JSON_FIND_STR(&files->items[i], "key");
        if (object->key.size == 0) return STATUS_INVALID;
    }
    return STATUS_OK;
}

// Athena's: a line "s3://BUCKET/KEY" for each object.
static enum status read_locations(struct str body, struct arena *arena,
                                  struct s3_object_list *objects, struct str *reterr_cause)
{
    static const struct str scheme = STR_INIT("s3://");
    if (!arena_copy_str(arena, body, &body)) return STATUS_NO_MEMORY;
    while (body.data != NULL) {
        struct str line = str_trim(str_cut(&body, '\n'));
        if (line.size >= 2 && str_starts_with(line, STR("\"")))
            line = str_slice(line, 1, line.size - 2);
        if (line.size == 0) continue;
        struct s3_object *object = s3_object_list_append(objects, arena);
        if (object == NULL) return STATUS_NO_MEMORY;
        object->key = str_skip(line, scheme.size);
        object->bucket = str_cut(&object->key, '/');
        if (!str_starts_with(line, scheme) || object->bucket.size == 0 || object->key.size == 0) {
            *reterr_cause =
                STR("A line of the manifest does not name an object as s3://BUCKET/KEY.");
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

enum status reader_config_read_manifest(struct reader_config *config, struct str body,
                                        struct arena *arena, struct s3_object_list *ret_objects,
                                        struct str *reterr_cause)
{
    struct json manifest;
    struct s3_object_list objects = {0};
    enum status status = STATUS_OK;
    if (config->is_inventory) {
        *reterr_cause = STR("The manifest is not valid JSON.");
        status = json_parse(arena, body, JSON_PARSE_COPY, &manifest, NULL);
        if (status == STATUS_OK)
            status = read_inventory(config, &manifest, arena, &objects, reterr_cause);
    } else {
        status = read_locations(body, arena, &objects, reterr_cause);
    }
    if (status == STATUS_OK) *ret_objects = objects;
    return status;
}
