// State machines: create, describe, update, list, delete and validate.

#include <stdlib.h>

#include "api/states.h"
#include "logs/logs.h"
#include "store/execution.h"

// ---------------------------------------------------------------------------------------------
// Configuration objects

// "arn:P:iam::ACCOUNT:role/…"
static bool is_role_arn(struct str arn)
{
    size_t at = str_find(arn, STR(":iam::"));
    return str_starts_with(arn, STR("arn:")) && at != SIZE_MAX &&
           str_find(str_skip(arn, at), STR(":role/")) != SIZE_MAX;
}

// What log delivery needs of the execution's role.
static const struct str delivery_actions[] = {
    STR_INIT("logs:CreateLogDelivery"),        STR_INIT("logs:GetLogDelivery"),
    STR_INIT("logs:UpdateLogDelivery"),        STR_INIT("logs:DeleteLogDelivery"),
    STR_INIT("logs:ListLogDeliveries"),        STR_INIT("logs:PutResourcePolicy"),
    STR_INIT("logs:DescribeResourcePolicies"), STR_INIT("logs:DescribeLogGroups"),
};

static bool role_may_deliver_logs(struct api_request *request, struct str role_arn)
{
    for (size_t i = 0; i < ARRAY_COUNT(delivery_actions); i++) {
        struct iam_request question = {
            .action = delivery_actions[i],
            .resource = STR("*"),
            .now_unix_ms = clock_unix_ms(request->worker->api->clock),
        };
        if (iam_authorize(&request->worker->iam_reader, role_arn, &question) != IAM_ALLOWED) {
            return false;
        }
    }
    return true;
}

static bool log_group_exists(struct api_request *request, struct str arn)
{
    size_t at = str_find(arn, STR(":log-group:"));
    if (!str_starts_with(arn, STR("arn:")) || at == SIZE_MAX) return false;
    struct str name = str_skip(arn, at + STR(":log-group:").size);
    if (str_ends_with(name, STR(":*"))) name.size -= 2;
    struct logs_group *group =
        logs_group_open(request->worker->api->logs, request->region, name, LOGS_GROUP_AS_IS);
    bool exists = group != NULL && logs_group_exists(group);
    logs_group_unref(group);
    return exists;
}

static bool refuse_logging(struct api_request *request, const char *why)
{
    api_exception(request, STR("InvalidLoggingConfiguration"), "Invalid Logging Configuration: %s",
                  why);
    return false;
}

// loggingConfiguration into `fields`. Replies and returns false when it is invalid.
static bool read_logging(struct api_request *request, struct state_machine_fields *fields)
{
    const struct json *logging = JSON_FIND(&request->body, "loggingConfiguration");
    if (logging == NULL || json_is_null(logging)) return true;
    struct str level = api_member_str(logging, STR("level"), STR("OFF"));
    if (!state_machine_log_level_find(level, &fields->log_level)) {
        api_exception(request, STR("ValidationException"),
                      "1 validation error detected: Value '%" STR_FORMAT
                      "' at 'loggingConfiguration.level' failed to satisfy constraint: Member must "
                      "satisfy enum value set: [ALL, ERROR, FATAL, OFF]",
                      STR_ARGS(level));
        return false;
    }
    fields->logs_execution_data = api_member_bool(logging, STR("includeExecutionData"), false);
    const struct json *destinations = JSON_FIND(logging, "destinations");
    size_t count = destinations != NULL && json_is_array(destinations) ? destinations->size : 0;
    fields->log_group_arn = STR("");
    if (count > 1 || (count == 0 && fields->log_level != LOG_LEVEL_OFF)) {
        return refuse_logging(request, "Must specify exactly one Log Destination.");
    }
    if (count == 0) return true;
    const struct json *group = JSON_FIND(&destinations->items[0], "cloudWatchLogsLogGroup");
    fields->log_group_arn =
        group == NULL ? STR("") : api_member_str(group, STR("logGroupArn"), STR(""));
    if (!log_group_exists(request, fields->log_group_arn)) {
        return refuse_logging(request, "Log Destination not found.");
    }
    if (fields->log_level != LOG_LEVEL_OFF && !role_may_deliver_logs(request, fields->role_arn)) {
        api_exception(request, STR("AccessDeniedException"),
                      "The state machine IAM Role is not authorized to access the Log Destination");
        return false;
    }
    return true;
}

static bool read_tracing(struct api_request *request, struct state_machine_fields *fields)
{
    const struct json *tracing = JSON_FIND(&request->body, "tracingConfiguration");
    if (tracing != NULL && !json_is_null(tracing)) {
        fields->tracing_enabled = api_member_bool(tracing, STR("enabled"), false);
    }
    return true;
}

static bool read_encryption(struct api_request *request, struct state_machine_fields *fields)
{
    const struct json *encryption = JSON_FIND(&request->body, "encryptionConfiguration");
    if (encryption == NULL || json_is_null(encryption)) return true;
    struct str type = api_member_str(encryption, STR("type"), STR(""));
    bool is_customer_key = str_is(type, "CUSTOMER_MANAGED_KMS_KEY");
    int64_t reuse_s = api_member_integer(encryption, STR("kmsDataKeyReusePeriodSeconds"), 300);
    if ((!is_customer_key && !str_is(type, "AWS_OWNED_KEY")) ||
        (is_customer_key && !api_member_is_present(encryption, STR("kmsKeyId"))) || reuse_s < 60 ||
        reuse_s > 900) {
        api_exception(request, STR("InvalidEncryptionConfiguration"),
                      "Invalid Encryption Configuration: 'the type must be AWS_OWNED_KEY or "
                      "CUSTOMER_MANAGED_KMS_KEY with a kmsKeyId and a "
                      "kmsDataKeyReusePeriodSeconds from 60 to 900'");
        return false;
    }
    fields->encryption = *encryption;
    return true;
}

bool states_role_check(struct api_request *request, struct str role_arn, struct str resource_arn)
{
    if (!is_role_arn(role_arn)) {
        api_exception(request, STR("InvalidArn"),
                      "Invalid Arn: 'Invalid ARN prefix: %" STR_FORMAT "'", STR_ARGS(role_arn));
        return false;
    }
    if (!iam_role_trusts_service(&request->worker->iam_reader, role_arn, STR("states"),
                                 request->region, resource_arn)) {
        api_exception(request, STR("AccessDeniedException"),
                      "Neither the global service principal states.amazonaws.com, nor the regional "
                      "one is authorized to assume the provided role.");
        return false;
    }
    return true;
}

static bool read_role(struct api_request *request, struct state_machine_fields *fields)
{
    fields->role_arn = api_member_str(&request->body, STR("roleArn"), fields->role_arn);
    return states_role_check(request, fields->role_arn, fields->arn);
}

// Versions come with a later release; a request for one must not be dropped in silence.
static bool refuse_versions(struct api_request *request)
{
    bool is_publishing = api_member_bool(&request->body, STR("publish"), false);
    if (is_publishing) {
        api_exception(request, STR("ValidationException"),
                      "Publishing versions is not served by this version of Galop: leave out "
                      "'publish'.");
        return false;
    }
    if (api_member_is_present(&request->body, STR("versionDescription"))) {
        api_exception(request, STR("ValidationException"),
                      "Version description can only be set when publish is true");
        return false;
    }
    return true;
}

// Compile. Replies with InvalidDefinition and returns NULL when it does not.
static struct state_machine *build(struct api_request *request,
                                   const struct state_machine_fields *fields)
{
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    struct state_machine *state_machine = NULL;
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return NULL;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    enum status status = state_machine_new(fields, diagnostics, &state_machine);
    if (status == STATUS_INVALID) {
        struct str summary = asl_diagnostics_summary(diagnostics, request->arena);
        api_exception(request, STR("InvalidDefinition"),
                      "Invalid State Machine Definition: '%" STR_FORMAT "'", STR_ARGS(summary));
    } else if (status != STATUS_OK) {
        api_fault(request, status);
    }
    return state_machine;
}

// ---------------------------------------------------------------------------------------------
// CreateStateMachine

static const struct api_member create_members[] = {
    {.name = STR_INIT("name"), .type = API_MEMBER_STRING, .is_required = true, .min = 1, .max = 80},
    {.name = STR_INIT("definition"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 1048576},
    {.name = STR_INIT("roleArn"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 256},
    {.name = STR_INIT("type"), .type = API_MEMBER_STRING, .enum_values = "[STANDARD, EXPRESS]"},
    {.name = STR_INIT("loggingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("tags"), .type = API_MEMBER_LIST},
    {.name = STR_INIT("tracingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("publish"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("versionDescription"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("encryptionConfiguration"), .type = API_MEMBER_OBJECT},
};

static void reply_created(struct api_request *request, const struct state_machine *state_machine)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("creationDate"), state_machine->created_unix_ms);
    json_writer_string_member(&writer, STR("stateMachineArn"), state_machine->arn);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// The key of idempotency: all but the role and the tags.
static bool is_same_creation(const struct state_machine *existing,
                             const struct state_machine_fields *fields)
{
    return str_equal(existing->machine->definition, fields->definition) &&
           existing->type == fields->type && existing->log_level == fields->log_level &&
           existing->logs_execution_data == fields->logs_execution_data &&
           str_equal(existing->log_group_arn, fields->log_group_arn) &&
           existing->tracing_enabled == fields->tracing_enabled &&
           json_equal(&existing->encryption, &fields->encryption);
}

static void on_created(struct api_request *request, struct state_machine *state_machine,
                       enum status status)
{
    if (status == STATUS_OK) {
        reply_created(request, state_machine);
    } else if (status == STATUS_CONFLICT) {
        api_exception(request, STR("StateMachineAlreadyExists"),
                      "State Machine Already Exists: '%" STR_FORMAT "'",
                      STR_ARGS(state_machine->arn));
    } else {
        api_fault(request, status);
    }
}

static bool read_creation(struct api_request *request, struct state_machine_fields *fields)
{
    fields->name = api_member_str(&request->body, STR("name"), STR(""));
    if (!states_name_is_valid(fields->name)) {
        api_exception(request, STR("InvalidName"), "Invalid Name: '%" STR_FORMAT "'",
                      STR_ARGS(fields->name));
        return false;
    }
    fields->arn = arena_printf(
        request->arena, "arn:aws:states:%" STR_FORMAT ":%" STR_FORMAT ":stateMachine:%" STR_FORMAT,
        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(fields->name));
    fields->region = request->region;
    fields->definition = api_member_str(&request->body, STR("definition"), STR(""));
    fields->type = str_is(api_member_str(&request->body, STR("type"), STR("")), "EXPRESS")
                       ? ASL_MACHINE_EXPRESS
                       : ASL_MACHINE_STANDARD;
    fields->created_unix_ms = clock_unix_ms(request->worker->api->clock);
    fields->updated_unix_ms = fields->created_unix_ms;
    return refuse_versions(request) && states_tags_read(request, &fields->tags) &&
           read_role(request, fields) && read_logging(request, fields) &&
           read_tracing(request, fields) && read_encryption(request, fields);
}

static void create(struct api_request *request)
{
    struct state_machine_fields fields = {.encryption = json_null, .tags = json_empty_object};
    if (!read_creation(request, &fields)) return;
    struct state_machine *existing =
        state_machine_cache_find(&request->worker->runtime->state_machines, fields.arn);
    if (existing != NULL) {
        if (is_same_creation(existing, &fields)) {
            reply_created(request, existing);
        } else {
            api_exception(request, STR("StateMachineAlreadyExists"),
                          "State Machine Already Exists: '%" STR_FORMAT "'", STR_ARGS(fields.arn));
        }
        return;
    }
    struct state_machine *state_machine = build(request, &fields);
    if (state_machine != NULL) states_publish(request, NULL, state_machine, on_created);
}

// ---------------------------------------------------------------------------------------------
// DescribeStateMachine

static const struct api_member describe_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("includedData"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ALL_DATA, METADATA_ONLY]"},
};

static void write_logging(struct json_writer *writer, const struct state_machine *state_machine)
{
    json_writer_name(writer, STR("loggingConfiguration"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("level"),
                              str_from_c(state_machine_log_level_name(state_machine->log_level)));
    json_writer_bool_member(writer, STR("includeExecutionData"),
                            state_machine->logs_execution_data);
    if (state_machine->log_group_arn.size > 0) {
        json_writer_name(writer, STR("destinations"));
        json_writer_begin_array(writer);
        json_writer_begin_object(writer);
        json_writer_name(writer, STR("cloudWatchLogsLogGroup"));
        json_writer_begin_object(writer);
        json_writer_string_member(writer, STR("logGroupArn"), state_machine->log_group_arn);
        json_writer_end_object(writer);
        json_writer_end_object(writer);
        json_writer_end_array(writer);
    }
    json_writer_end_object(writer);
}

static const char *type_name(const struct state_machine *state_machine)
{
    return state_machine->type == ASL_MACHINE_EXPRESS ? "EXPRESS" : "STANDARD";
}

static void write_description(struct json_writer *writer, const struct state_machine *state_machine,
                              bool is_metadata_only, const struct json *variable_references)
{
    json_writer_string_member(writer, STR("stateMachineArn"), state_machine->arn);
    json_writer_string_member(writer, STR("name"), state_machine->name);
    json_writer_string_member(writer, STR("status"), STR("ACTIVE"));
    json_writer_string_member(writer, STR("definition"),
                              is_metadata_only ? STR("{}") : state_machine->machine->definition);
    json_writer_string_member(writer, STR("roleArn"), state_machine->role_arn);
    write_logging(writer, state_machine);
    json_writer_name(writer, STR("tracingConfiguration"));
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("enabled"), state_machine->tracing_enabled);
    json_writer_end_object(writer);
    if (state_machine->revision_id.size > 0) {
        json_writer_string_member(writer, STR("revisionId"), state_machine->revision_id);
    }
    json_writer_name(writer, STR("encryptionConfiguration"));
    if (json_is_object(&state_machine->encryption)) {
        json_writer_value(writer, &state_machine->encryption);
    } else {
        json_writer_raw(writer, STR("{\"type\":\"AWS_OWNED_KEY\"}"));
    }
    if (variable_references->size > 0) {
        json_writer_value_member(writer, STR("variableReferences"), variable_references);
    }
}

//   is_current   DescribeStateMachine; otherwise ForExecution, which dates the revision instead
static void reply_description(struct api_request *request,
                              const struct state_machine *state_machine, bool is_current)
{
    struct json references;
    if (!asl_machine_variable_references(state_machine->machine, request->arena, &references)) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct str included = api_member_str(&request->body, STR("includedData"), STR("ALL_DATA"));
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    write_description(&writer, state_machine, str_is(included, "METADATA_ONLY"), &references);
    if (is_current) {
        json_writer_string_member(&writer, STR("status"), STR("ACTIVE"));
        json_writer_string_member(&writer, STR("type"), str_from_c(type_name(state_machine)));
        json_writer_timestamp_member(&writer, STR("creationDate"), state_machine->created_unix_ms);
    } else {
        json_writer_timestamp_member(&writer, STR("updateDate"), state_machine->updated_unix_ms);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void describe(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    const struct state_machine *state_machine = states_find_machine(request, &arn);
    if (state_machine != NULL) reply_description(request, state_machine, true);
}

static const struct api_member describe_for_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("includedData"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ALL_DATA, METADATA_ONLY]"},
};

struct definition_read {
    struct states_read read;
    struct states_execution_key key;
    struct str body;
};

static enum status run_definition(struct states_read *read, struct store_tx *tx)
{
    struct definition_read *definition = CONTAINER_OF(read, struct definition_read, read);
    struct arena *arena = read->request->arena;
    struct store_execution row;
    enum status status = store_execution_find(tx, definition->key.state_machine_arn,
                                              definition->key.name, arena, &row);
    if (status != STATUS_OK) return status;
    status = store_definition_get(tx, row.definition_key, arena, &definition->body);
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

static void reply_definition(struct states_read *read, enum status status)
{
    struct definition_read *definition = CONTAINER_OF(read, struct definition_read, read);
    struct api_request *request = read->request;
    struct state_machine *state_machine;
    if (!states_execution_was_found(request, status, definition->key.execution_arn)) return;
    status = state_machine_decode(definition->body, &state_machine);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    reply_description(request, state_machine, false);
    state_machine_unref(state_machine);
}

static void describe_for_execution(struct api_request *request)
{
    struct definition_read *definition = ARENA_NEW(request->arena, struct definition_read);
    if (definition == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    definition->read =
        (struct states_read){.request = request, .run = run_definition, .reply = reply_definition};
    if (states_execution_key_read(request, &definition->key)) {
        states_read_submit(&definition->read);
    }
}

// ---------------------------------------------------------------------------------------------
// UpdateStateMachine

static const struct api_member update_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("definition"), .type = API_MEMBER_STRING, .min = 1, .max = 1048576},
    {.name = STR_INIT("roleArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
    {.name = STR_INIT("loggingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("tracingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("publish"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("versionDescription"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("encryptionConfiguration"), .type = API_MEMBER_OBJECT},
};

static void reply_updated(struct api_request *request, int64_t updated_unix_ms,
                          struct str revision_id)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("updateDate"), updated_unix_ms);
    if (revision_id.size > 0) {
        json_writer_string_member(&writer, STR("revisionId"), revision_id);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void on_updated(struct api_request *request, struct state_machine *state_machine,
                       enum status status)
{
    if (status == STATUS_OK) {
        reply_updated(request, state_machine->updated_unix_ms, state_machine->revision_id);
    } else if (status == STATUS_CONFLICT) {
        api_exception(request, STR("ConflictException"),
                      "The state machine was changed by another request at the same time.");
    } else {
        api_fault(request, status);
    }
}

static bool has_update(const struct json *body)
{
    return api_member_is_present(body, STR("definition")) ||
           api_member_is_present(body, STR("roleArn")) ||
           api_member_is_present(body, STR("loggingConfiguration")) ||
           api_member_is_present(body, STR("tracingConfiguration")) ||
           api_member_is_present(body, STR("encryptionConfiguration"));
}

static void update(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct state_machine *existing = states_find_machine(request, &arn);
    if (existing == NULL) return;
    if (!refuse_versions(request)) return;
    if (!has_update(&request->body)) {
        api_exception(request, STR("MissingRequiredParameter"),
                      "Either the definition, the role ARN, the LoggingConfiguration, or the "
                      "TracingConfiguration must be specified");
        return;
    }
    struct state_machine_fields fields = state_machine_fields_of(existing);
    fields.definition = api_member_str(&request->body, STR("definition"), fields.definition);
    if (!read_role(request, &fields) || !read_logging(request, &fields) ||
        !read_tracing(request, &fields) || !read_encryption(request, &fields)) {
        return;
    }
    int64_t now_unix_ms = clock_unix_ms(request->worker->api->clock);
    if (is_same_creation(existing, &fields) && str_equal(existing->role_arn, fields.role_arn)) {
        reply_updated(request, now_unix_ms, STR(""));
        return;
    }
    char revision_id[RANDOM_UUID_SIZE];
    random_uuid(&request->worker->random, revision_id);
    fields.revision_id = (struct str){revision_id, RANDOM_UUID_SIZE};
    fields.updated_unix_ms = now_unix_ms;
    struct state_machine *state_machine = build(request, &fields);
    if (state_machine != NULL) states_publish(request, existing, state_machine, on_updated);
}

// ---------------------------------------------------------------------------------------------
// ListStateMachines

static const struct api_member list_members[] = {
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = 1000},
    {.name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 1024},
};

enum { PAGE_DEFAULT = 100 };

static void write_item(struct json_writer *writer, const struct state_machine *state_machine)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("stateMachineArn"), state_machine->arn);
    json_writer_string_member(writer, STR("name"), state_machine->name);
    json_writer_string_member(writer, STR("type"), str_from_c(type_name(state_machine)));
    json_writer_timestamp_member(writer, STR("creationDate"), state_machine->created_unix_ms);
    json_writer_end_object(writer);
}

static void reply_list(struct api_request *request, struct state_machine **items, size_t count,
                       struct str after)
{
    size_t page = (size_t)api_member_integer(&request->body, STR("maxResults"), 0);
    size_t first = 0;
    if (page == 0) page = PAGE_DEFAULT;
    while (first < count && after.size > 0 && str_compare(items[first]->name, after) <= 0)
        first++;
    size_t end = count - first > page ? first + page : count;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("stateMachines"));
    json_writer_begin_array(&writer);
    for (size_t i = first; i < end; i++)
        write_item(&writer, items[i]);
    json_writer_end_array(&writer);
    if (end < count) {
        json_writer_string_member(
            &writer, STR("nextToken"),
            api_page_token(request->arena, request->operation, items[end - 1]->name));
    }
    json_writer_end_object(&writer);
    for (size_t i = 0; i < count; i++)
        state_machine_unref(items[i]);
    api_reply_end(request);
}

static void list(struct api_request *request)
{
    struct state_machine **items;
    size_t count;
    struct str after = STR("");
    struct str token = api_member_str(&request->body, STR("nextToken"), STR(""));
    if (token.size > 0 && !api_page_position(request->arena, request->operation, token, &after)) {
        api_exception(request, STR("InvalidToken"), "Invalid Token: 'Invalid token'");
        return;
    }
    enum status status =
        state_machine_registry_list(&request->worker->api->runtime->state_machines, request->region,
                                    request->arena, &items, &count);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    reply_list(request, items, count, after);
}

// ---------------------------------------------------------------------------------------------
// DeleteStateMachine

static const struct api_member delete_members[] = {STATES_ARN_MEMBER("stateMachineArn")};

static void on_removed(struct api_request *request, enum status status)
{
    // Deleting what is not there succeeds.
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        api_reply_empty(request);
    } else {
        api_fault(request, status);
    }
}

static void delete_machine(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    if (arn.label.size > 0) {
        api_exception_member(request, STR("ValidationException"),
                             STR("DeleteStateMachine does not support labelled state machine ARNs"),
                             STR("reason"), STR("API_DOES_NOT_SUPPORT_LABELED_ARNS"));
        return;
    }
    states_remove(request, arn.text, arn.region, arn.name, on_removed);
}

// ---------------------------------------------------------------------------------------------
// ValidateStateMachineDefinition

static const struct api_member validate_members[] = {
    {.name = STR_INIT("definition"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 1048576},
    {.name = STR_INIT("type"), .type = API_MEMBER_STRING, .enum_values = "[STANDARD, EXPRESS]"},
    {.name = STR_INIT("severity"), .type = API_MEMBER_STRING, .enum_values = "[ERROR, WARNING]"},
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = 100},
};

static void write_diagnostic(struct json_writer *writer, const struct asl_diagnostic *diagnostic)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("severity"),
                              diagnostic->severity == ASL_SEVERITY_ERROR ? STR("ERROR")
                                                                         : STR("WARNING"));
    json_writer_string_member(writer, STR("code"), diagnostic->code);
    json_writer_string_member(writer, STR("message"), diagnostic->message);
    if (diagnostic->location.data != NULL) {
        json_writer_string_member(writer, STR("location"), diagnostic->location);
    }
    json_writer_end_object(writer);
}

static void reply_diagnostics(struct api_request *request,
                              const struct asl_diagnostics *diagnostics)
{
    bool wants_warnings =
        str_is(api_member_str(&request->body, STR("severity"), STR("ERROR")), "WARNING");
    int64_t max = api_member_integer(&request->body, STR("maxResults"), 0);
    if (max == 0) max = PAGE_DEFAULT;
    bool is_truncated = diagnostics->is_truncated;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("result"),
                              diagnostics->error_count == 0 ? STR("OK") : STR("FAIL"));
    json_writer_name(&writer, STR("diagnostics"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct asl_diagnostic *diagnostic = &diagnostics->items[i];
        if (diagnostic->severity == ASL_SEVERITY_WARNING && !wants_warnings) continue;
        if (max-- > 0) {
            write_diagnostic(&writer, diagnostic);
        } else {
            is_truncated = true;
        }
    }
    json_writer_end_array(&writer);
    json_writer_bool_member(&writer, STR("truncated"), is_truncated);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void validate(struct api_request *request)
{
    struct str type = api_member_str(&request->body, STR("type"), STR("STANDARD"));
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    enum status status = asl_machine_parse(
        api_member_str(&request->body, STR("definition"), STR("")),
        str_is(type, "EXPRESS") ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, diagnostics, NULL);
    if (status != STATUS_OK && status != STATUS_INVALID) {
        api_fault(request, status);
        return;
    }
    reply_diagnostics(request, diagnostics);
}

const struct states_operation states_machine_operations[] = {
    STATES_OPERATION("CreateStateMachine", create_members, create),
    STATES_OPERATION("DescribeStateMachine", describe_members, describe),
    STATES_OPERATION("DescribeStateMachineForExecution", describe_for_members,
                     describe_for_execution),
    STATES_OPERATION("UpdateStateMachine", update_members, update),
    STATES_OPERATION("ListStateMachines", list_members, list),
    STATES_OPERATION("DeleteStateMachine", delete_members, delete_machine),
    STATES_OPERATION("ValidateStateMachineDefinition", validate_members, validate),
};
const size_t states_machine_operation_count = ARRAY_COUNT(states_machine_operations);
