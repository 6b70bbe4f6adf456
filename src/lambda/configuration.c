// Requests are checked member by member in the order of the service's model; members that Galop
// cannot honour are refused rather than forgotten, unless leaving them out changes nothing here.

#include "lambda/configuration.h"

#include <assert.h>

#include "lambda/arn.h"
#include "lambda/constraint.h"

static bool is_runtime(struct str value)
{
    enum lambda_language language;
    return lambda_language_parse(value, &language);
}

static bool is_handler(struct str value)
{
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.data[i] <= ' ') return false;
    }
    return true;
}

static bool is_tracing_mode(struct str value)
{
    return str_is(value, "Active") || str_is(value, "PassThrough");
}

static bool is_package_type(struct str value)
{
    return str_is(value, "Zip") || str_is(value, "Image");
}

static bool is_log_format(struct str value)
{
    return str_is(value, "Text") || str_is(value, "JSON");
}

static bool is_log_group(struct str value)
{
    return str_is_alphanumeric(value, ".-_/#");
}

static bool is_variable_name(struct str name)
{
    if (name.size < 2 || (name.data[0] >= '0' && name.data[0] <= '9')) return false;
    return name.data[0] != '_' && str_is_alphanumeric(name, "_");
}

static bool is_reserved_variable(struct str name)
{
    static const char *const names[] = {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_is(name, names[i])) return true;
    }
    return false;
}

static const struct lambda_string_rule description_rule = {.member = "Description",
                                                           .size_max = 256};
static const struct lambda_string_rule runtime_rule = {
    .member = "Runtime",
    .matches = is_runtime,
    .enum_values = "[nodejs18.x, nodejs20.x, nodejs22.x, nodejs24.x, python3.9, python3.10, "
                   "python3.11, python3.12, python3.13, python3.14, provided, provided.al2, "
                   "provided.al2023] or be a valid ARN",
};
static const struct lambda_string_rule handler_rule = {
    .member = "Handler", .size_max = 128, .matches = is_handler, .pattern = "[^\\s]+"};
static const struct lambda_string_rule role_rule = {
    .member = "Role",
    .matches = lambda_role_arn_is_valid,
    .pattern = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
};
static const struct lambda_string_rule package_rule = {
    .member = "PackageType", .matches = is_package_type, .enum_values = "[Zip, Image]"};

// ---------------------------------------------------------------------------------------------
// Environment

static bool check_reserved(struct arena *arena, const struct json *variables,
                           struct lambda_exception *exception)
{
    struct str reserved = STR("");
    for (uint32_t i = 0; i < variables->size; i++) {
        struct str name = json_str(&variables->members[i].name);
        if (!is_reserved_variable(name)) continue;
        reserved = arena_printf(arena, "%" STR_FORMAT "%s%" STR_FORMAT, STR_ARGS(reserved),
                                reserved.size > 0 ? ", " : "", STR_ARGS(name));
    }
    if (reserved.size == 0) return true;
    return lambda_exception_invalid(
        exception, arena,
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        "modification. Reserved keys used in this request: %" STR_FORMAT,
        STR_ARGS(reserved));
}

// Names and types of "Environment": {"Variables": {…}}; violations go to `constraints`.
static const struct json *check_variables(struct lambda_constraints *constraints,
                                          const struct json *environment)
{
    const struct json *variables = JSON_FIND(environment, "Variables");
    if (variables == NULL || json_is_null(variables)) return &json_empty_object;
    bool is_typed = json_is_object(variables) && variables->size <= LAMBDA_VARIABLES_MAX;
    for (uint32_t i = 0; is_typed && i < variables->size; i++) {
        struct str name = json_str(&variables->members[i].name);
        is_typed = json_is_string(&variables->members[i].value);
        if (!is_variable_name(name) && !is_reserved_variable(name))
            lambda_constraints_violate(
                constraints, name, STR("environment.variables"),
                "Map keys must satisfy constraint: [Member must satisfy regular expression "
                "pattern: [a-zA-Z]([a-zA-Z0-9_])+]");
        if (is_typed && str_find_byte(json_str(&variables->members[i].value), '\0') != SIZE_MAX)
            lambda_constraints_violate(constraints, name, STR("environment.variables"),
                                       "Map values must not contain NUL");
    }
    if (is_typed) return variables;
    lambda_exception_set(constraints->exception, constraints->arena, 400,
                         STR("SerializationException"),
                         "The member 'environment.variables' must be an object whose members are "
                         "strings, %u at most.",
                         LAMBDA_VARIABLES_MAX);
    return NULL;
}

static bool check_environment_size(struct arena *arena, const struct json *variables,
                                   struct lambda_exception *exception)
{
    size_t size = 0;
    for (uint32_t i = 0; i < variables->size; i++)
        size += variables->members[i].name.size + variables->members[i].value.size;
    if (size <= LAMBDA_ENVIRONMENT_SIZE_MAX) return true;
    struct str text = json_render_to_arena(arena, variables);
    return lambda_exception_invalid(
        exception, arena,
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. String measured: %" STR_FORMAT,
        STR_ARGS(text));
}

// ---------------------------------------------------------------------------------------------
// Members with members

static struct json make_object(struct arena *arena, const char *name, struct json value)
{
    struct json_members members;
    json_members_init(&members, arena);
    json_members_append(&members, str_from_c(name), value);
    return json_members_finish(&members);
}

static void merge_environment(struct lambda_constraints *constraints, struct json_members *members)
{
    const struct json *environment =
        lambda_constraints_typed(constraints, "Environment", false, JSON_OBJECT);
    if (environment == NULL) return;
    const struct json *variables = check_variables(constraints, environment);
    if (variables == NULL || constraints->violation_count > 0) return;
    if (!check_reserved(constraints->arena, variables, constraints->exception) ||
        !check_environment_size(constraints->arena, variables, constraints->exception))
        return;
    json_members_set(members, STR("Environment"),
                     make_object(constraints->arena, "Variables", *variables));
}

static void merge_storage(struct lambda_constraints *constraints, struct json_members *members)
{
    const struct json *storage =
        lambda_constraints_typed(constraints, "EphemeralStorage", false, JSON_OBJECT);
    if (storage == NULL) return;
    struct lambda_constraints inner;
    lambda_constraints_init(&inner, constraints->arena, storage, constraints->exception);
    const struct json *size = lambda_constraints_integer(
        &inner, "Size", true, LAMBDA_STORAGE_MB_MIN, LAMBDA_STORAGE_MB_MAX);
    if (!lambda_constraints_finish(&inner) || size == NULL) return;
    json_members_set(members, STR("EphemeralStorage"),
                     make_object(constraints->arena, "Size", *size));
}

static void merge_tracing(struct lambda_constraints *constraints, struct json_members *members)
{
    const struct json *tracing =
        lambda_constraints_typed(constraints, "TracingConfig", false, JSON_OBJECT);
    if (tracing == NULL) return;
    struct lambda_constraints inner;
    lambda_constraints_init(&inner, constraints->arena, tracing, constraints->exception);
    const struct lambda_string_rule rule = {
        .member = "Mode", .matches = is_tracing_mode, .enum_values = "[Active, PassThrough]"};
    const struct json *mode = lambda_constraints_string(&inner, &rule);
    if (!lambda_constraints_finish(&inner) || mode == NULL) return;
    json_members_set(members, STR("TracingConfig"), make_object(constraints->arena, "Mode", *mode));
}

static void merge_logging(struct lambda_constraints *constraints, struct json_members *members,
                          struct str function_name)
{
    const struct json *logging =
        lambda_constraints_typed(constraints, "LoggingConfig", false, JSON_OBJECT);
    struct json so_far = json_from_members(members->members, members->count);
    if (logging == NULL && JSON_FIND(&so_far, "LoggingConfig") != NULL) return;
    struct arena *arena = constraints->arena;
    struct json group =
        json_from_str(arena_printf(arena, "/aws/lambda/%" STR_FORMAT, STR_ARGS(function_name)));
    if (logging != NULL) {
        struct lambda_constraints inner;
        lambda_constraints_init(&inner, arena, logging, constraints->exception);
        const struct lambda_string_rule format_rule = {
            .member = "LogFormat", .matches = is_log_format, .enum_values = "[JSON, Text]"};
        const struct lambda_string_rule group_rule = {.member = "LogGroup",
                                                      .size_min = 1,
                                                      .size_max = 512,
                                                      .matches = is_log_group,
                                                      .pattern = "[\\.\\-_/#A-Za-z0-9]+"};
        const struct json *format = lambda_constraints_string(&inner, &format_rule);
        const struct json *own_group = lambda_constraints_string(&inner, &group_rule);
        if (!lambda_constraints_finish(&inner)) return;
        if (format != NULL && str_is(json_str(format), "JSON")) {
            lambda_exception_invalid(constraints->exception, arena,
                                     "The log format JSON is not supported here; use Text.");
            return;
        }
        if (own_group != NULL) group = *own_group;
    }
    struct json_members config;
    json_members_init(&config, arena);
    json_members_append(&config, STR("LogFormat"), json_from_str(STR("Text")));
    json_members_append(&config, STR("LogGroup"), group);
    json_members_set(members, STR("LoggingConfig"), json_members_finish(&config));
}

// "Architectures": one of two; code is run on whatever this machine is.
static void merge_architectures(struct lambda_constraints *constraints,
                                struct json_members *members)
{
    const struct json *list =
        lambda_constraints_typed(constraints, "Architectures", false, JSON_ARRAY);
    if (list == NULL) return;
    struct str name =
        list->size == 1 && json_is_string(&list->items[0]) ? json_str(&list->items[0]) : STR("");
    if (str_is(name, "x86_64") || str_is(name, "arm64")) {
        json_members_set(members, STR("Architectures"), *list);
        return;
    }
    lambda_constraints_violate(constraints, json_render_to_arena(constraints->arena, list),
                               STR("architectures"),
                               "Member must satisfy constraint: [Member must satisfy enum value "
                               "set: [x86_64, arm64]]");
}

// What Galop cannot do is refused, so that nobody counts on it. An empty value asks for nothing.
static void refuse_unsupported(struct lambda_constraints *constraints)
{
    static const char *const names[][2] = {
        {"Layers", "put their content into the deployment package"},
        {"FileSystemConfigs", "functions use the file system of this machine"},
        {"ImageConfig", "only deployment packages of type Zip run here"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct json *value = json_find(constraints->request, str_from_c(names[i][0]));
        if (value == NULL || json_is_null(value)) continue;
        if ((json_is_array(value) || json_is_object(value)) && value->size == 0) continue;
        if (lambda_exception_is_set(constraints->exception)) return;
        lambda_exception_invalid(constraints->exception, constraints->arena,
                                 "%s is not supported: %s.", names[i][0], names[i][1]);
    }
    const struct json *letter = JSON_FIND(constraints->request, "DeadLetterConfig");
    const struct json *target = letter == NULL ? NULL : JSON_FIND(letter, "TargetArn");
    if (target != NULL && json_is_string(target) && target->size > 0 &&
        !lambda_exception_is_set(constraints->exception))
        lambda_exception_invalid(constraints->exception, constraints->arena,
                                 "DeadLetterConfig is not supported.");
}

// ---------------------------------------------------------------------------------------------

static void set_default(struct json_members *members, const char *name, struct json value)
{
    json_members_append(members, str_from_c(name), value);
}

// The members of a new function in the order the service shows them, with their defaults.
static void set_defaults(struct json_members *members, struct arena *arena)
{
    static const struct json architecture = {.type = JSON_STRING, .size = 6, .text = "x86_64"};
    const struct json empty = json_from_str(STR(""));
    set_default(members, "FunctionName", empty);
    set_default(members, "FunctionArn", empty);
    set_default(members, "Runtime", empty);
    set_default(members, "Role", empty);
    set_default(members, "Handler", empty);
    set_default(members, "CodeSize", json_from_integer(0));
    set_default(members, "Description", empty);
    set_default(members, "Timeout", json_from_integer(LAMBDA_TIMEOUT_S_DEFAULT));
    set_default(members, "MemorySize", json_from_integer(LAMBDA_MEMORY_MB_MIN));
    set_default(members, "LastModified", empty);
    set_default(members, "CodeSha256", empty);
    set_default(members, "Version", json_from_str(STR("$LATEST")));
    set_default(members, "TracingConfig",
                make_object(arena, "Mode", json_from_str(STR("PassThrough"))));
    set_default(members, "RevisionId", empty);
    set_default(members, "State", json_from_str(STR("Active")));
    set_default(members, "LastUpdateStatus", json_from_str(STR("Successful")));
    set_default(members, "PackageType", json_from_str(STR("Zip")));
    set_default(members, "Architectures", json_from_items(&architecture, 1));
    set_default(members, "EphemeralStorage",
                make_object(arena, "Size", json_from_integer(LAMBDA_STORAGE_MB_MIN)));
}

static void merge_string(struct lambda_constraints *constraints, struct json_members *members,
                         const struct lambda_string_rule *rule, bool is_required)
{
    struct lambda_string_rule own_rule = *rule;
    own_rule.is_required = is_required;
    const struct json *value = lambda_constraints_string(constraints, &own_rule);
    if (value != NULL) json_members_set(members, str_from_c(rule->member), *value);
}

static void merge_integer(struct lambda_constraints *constraints, struct json_members *members,
                          const char *member, int64_t min, int64_t max)
{
    int64_t integer = 0;
    const struct json *value = lambda_constraints_integer(constraints, member, false, min, max);
    if (value == NULL || !json_to_integer(value, &integer)) return;
    json_members_set(members, str_from_c(member), json_from_integer(integer));
}

bool lambda_configuration_merge(struct arena *arena, const struct json *base,
                                const struct json *request, struct json *ret_configuration,
                                struct lambda_exception *reterr_exception)
{
    struct lambda_constraints constraints;
    struct json_members members;
    bool is_new = base == NULL;
    lambda_constraints_init(&constraints, arena, request, reterr_exception);
    json_members_init(&members, arena);
    if (is_new) set_defaults(&members, arena);
    for (uint32_t i = 0; base != NULL && i < base->size; i++)
        json_members_append(&members, json_str(&base->members[i].name), base->members[i].value);
    struct str function_name = JSON_FIND_STR(is_new ? request : base, "FunctionName");

    const struct json *package = lambda_constraints_string(&constraints, &package_rule);
    bool is_image = package != NULL && str_is(json_str(package), "Image");
    merge_string(&constraints, &members, &runtime_rule, is_new && !is_image);
    merge_string(&constraints, &members, &role_rule, is_new);
    merge_string(&constraints, &members, &handler_rule, is_new && !is_image);
    merge_string(&constraints, &members, &description_rule, false);
    merge_integer(&constraints, &members, "Timeout", 1, LAMBDA_TIMEOUT_S_MAX);
    merge_integer(&constraints, &members, "MemorySize", LAMBDA_MEMORY_MB_MIN, LAMBDA_MEMORY_MB_MAX);
    merge_environment(&constraints, &members);
    merge_architectures(&constraints, &members);
    merge_storage(&constraints, &members);
    merge_tracing(&constraints, &members);
    merge_logging(&constraints, &members, function_name);
    refuse_unsupported(&constraints);
    if (!lambda_constraints_finish(&constraints)) return false;
    if (is_image)
        return lambda_exception_invalid(reterr_exception, arena,
                                        "PackageType Image is not supported: only deployment "
                                        "packages of type Zip run here.");
    *ret_configuration = json_members_finish(&members);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Reading

static bool read_string(const struct json *object, const char *name, struct str *ret_text)
{
    const struct json *value = json_find(object, str_from_c(name));
    if (value == NULL || !json_is_string(value)) return false;
    *ret_text = json_str(value);
    return true;
}

static bool read_integer(const struct json *object, const char *name, uint32_t *ret_integer)
{
    int64_t integer;
    const struct json *value = json_find(object, str_from_c(name));
    if (value == NULL || !json_to_integer(value, &integer) || integer < 0 || integer > INT32_MAX)
        return false;
    *ret_integer = (uint32_t)integer;
    return true;
}

static enum status read_variables(struct arena *arena, const struct json *value,
                                  struct lambda_configuration *configuration)
{
    const struct json *environment = JSON_FIND(value, "Environment");
    const struct json *variables = environment == NULL ? NULL : JSON_FIND(environment, "Variables");
    if (variables == NULL) return STATUS_OK;
    if (!json_is_object(variables)) return STATUS_CORRUPT;
    struct lambda_variable *items = arena_alloc_array(arena, variables->size, sizeof(*items));
    if (items == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < variables->size; i++) {
        if (!json_is_string(&variables->members[i].value)) return STATUS_CORRUPT;
        items[i].name = json_str(&variables->members[i].name);
        items[i].value = json_str(&variables->members[i].value);
    }
    configuration->variables = items;
    configuration->variable_count = variables->size;
    return STATUS_OK;
}

enum status lambda_configuration_read(struct arena *arena, const struct json *value,
                                      struct lambda_configuration *ret_configuration)
{
    struct lambda_configuration configuration = {0};
    const struct json *logging = JSON_FIND(value, "LoggingConfig");
    if (logging == NULL || !read_string(logging, "LogGroup", &configuration.log_group) ||
        !read_string(value, "FunctionArn", &configuration.arn) ||
        !read_string(value, "FunctionName", &configuration.name) ||
        !read_string(value, "Version", &configuration.version) ||
        !read_string(value, "Runtime", &configuration.runtime) ||
        !read_string(value, "Handler", &configuration.handler) ||
        !read_string(value, "CodeSha256", &configuration.code_sha256) ||
        !read_string(value, "RevisionId", &configuration.revision_id) ||
        !read_integer(value, "Timeout", &configuration.timeout_s) ||
        !read_integer(value, "MemorySize", &configuration.memory_mb) ||
        !lambda_language_parse(configuration.runtime, &configuration.language))
        return STATUS_CORRUPT;
    enum status status = read_variables(arena, value, &configuration);
    if (status != STATUS_OK) return status;
    *ret_configuration = configuration;
    return STATUS_OK;
}
