// Configuration of state machines and activities: role, logging, tracing, encryption.

#include <assert.h>

#include "api/states.h"
#include "logs/logs.h"
#include "runtime/worker.h"

// ---------------------------------------------------------------------------------------------
// Roles

// "arn:P:iam::ACCOUNT:role/…"
static bool is_role_arn(struct str arn)
{
    size_t at = str_find(arn, STR(":iam::"));
    return str_starts_with(arn, STR("arn:")) && at != SIZE_MAX &&
           str_find(str_skip(arn, at), STR(":role/")) != SIZE_MAX;
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

// ---------------------------------------------------------------------------------------------
// Logging

static const struct api_member log_group_members[] = {
    {.name = STR_INIT("logGroupArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
};
static const struct api_member destination_members[] = {
    {.name = STR_INIT("cloudWatchLogsLogGroup"),
     .type = API_MEMBER_OBJECT,
     .members = log_group_members,
     .member_count = ARRAY_COUNT(log_group_members)},
};
static const struct api_member destination = {
    .type = API_MEMBER_OBJECT,
    .members = destination_members,
    .member_count = ARRAY_COUNT(destination_members),
};
const struct api_member states_logging_members[] = {
    {.name = STR_INIT("level"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ALL, ERROR, FATAL, OFF]"},
    {.name = STR_INIT("includeExecutionData"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("destinations"), .type = API_MEMBER_LIST, .item = &destination},
};

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
    bool is_known = state_machine_log_level_find(level, &fields->log_level);
    assert(is_known); // states_logging_member let nothing else through.
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

// ---------------------------------------------------------------------------------------------
// Tracing and encryption

// "Your tracingConfiguration key does not match, or enabled has not been set to true or false."
static bool read_tracing(struct api_request *request, struct state_machine_fields *fields)
{
    const struct json *tracing = JSON_FIND(&request->body, "tracingConfiguration");
    if (tracing == NULL || json_is_null(tracing)) return true;
    for (uint32_t i = 0; i < tracing->size; i++) {
        const struct json_member *member = &tracing->members[i];
        if (!str_is(json_str(&member->name), "enabled") || !json_is_boolean(&member->value)) {
            api_exception(request, STR("InvalidTracingConfiguration"),
                          "Invalid Tracing Configuration: 'enabled must be true or false, and "
                          "nothing else may be set'");
            return false;
        }
    }
    fields->tracing_enabled = api_member_bool(tracing, STR("enabled"), false);
    return true;
}

const struct api_member states_encryption_members[] = {
    {.name = STR_INIT("kmsKeyId"), .type = API_MEMBER_STRING, .min = 1, .max = 2048},
    {.name = STR_INIT("kmsDataKeyReusePeriodSeconds"), .type = API_MEMBER_INTEGER},
    {.name = STR_INIT("type"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .enum_values = "[AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]"},
};

enum { REUSE_PERIOD_MIN_S = 60, REUSE_PERIOD_DEFAULT_S = 300, REUSE_PERIOD_MAX_S = 900 };

static bool refuse_encryption(struct api_request *request, const char *why)
{
    api_exception(request, STR("InvalidEncryptionConfiguration"),
                  "Invalid Encryption Configuration: '%s'", why);
    return false;
}

bool states_encryption_read(struct api_request *request, struct json *encryption)
{
    const struct json *given = JSON_FIND(&request->body, "encryptionConfiguration");
    if (given == NULL || json_is_null(given)) return true;
    struct str key_id = api_member_str(given, STR("kmsKeyId"), STR(""));
    int64_t reuse_s =
        api_member_integer(given, STR("kmsDataKeyReusePeriodSeconds"), REUSE_PERIOD_DEFAULT_S);
    if (reuse_s < REUSE_PERIOD_MIN_S || reuse_s > REUSE_PERIOD_MAX_S) {
        return refuse_encryption(request, "kmsDataKeyReusePeriodSeconds must be from 60 to 900");
    }
    if (str_is(api_member_str(given, STR("type"), STR("")), "AWS_OWNED_KEY")) {
        if (key_id.size > 0) {
            return refuse_encryption(request, "an AWS owned key has no kmsKeyId");
        }
        *encryption = json_null;
        return true;
    }
    if (key_id.size == 0) {
        return refuse_encryption(request, "a customer managed key needs a kmsKeyId");
    }
    struct json_members members;
    json_members_init(&members, request->arena);
    json_members_append(&members, STR("kmsDataKeyReusePeriodSeconds"), json_from_integer(reuse_s));
    json_members_append(&members, STR("kmsKeyId"), json_from_str(key_id));
    json_members_append(&members, STR("type"), json_from_str(STR("CUSTOMER_MANAGED_KMS_KEY")));
    *encryption = json_members_finish(&members);
    return true;
}

void states_encryption_write(struct json_writer *writer, const struct json *encryption)
{
    json_writer_name(writer, STR("encryptionConfiguration"));
    if (json_is_object(encryption)) {
        json_writer_value(writer, encryption);
    } else {
        json_writer_raw(writer, STR("{\"type\":\"AWS_OWNED_KEY\"}"));
    }
}

bool states_configuration_read(struct api_request *request, struct state_machine_fields *fields)
{
    return read_role(request, fields) && read_logging(request, fields) &&
           read_tracing(request, fields) && states_encryption_read(request, &fields->encryption);
}
