// What an identity policy must be. What IAM objects to, and in which order, was found by others by
// sending it broken documents: first the shape of the JSON ("Syntax errors in policy."), then the
// version, then what its older parser knows (the case of Effect, condition values, empty segments
// of ARNs), then the rest.

#include <stdarg.h>

#include "iam/policy_parser.h"

// Everything after the first `count` colons; what is left of `text` moves there.
static struct str take_segment(struct str *text)
{
    return str_cut(text, ':');
}

static struct str segment_or_star(struct str *rest)
{
    if (rest->data == NULL) return STR("*");
    return take_segment(rest);
}

static COLD void note_resource_error(struct iam_parser *parser, const char *format, ...)
    PRINTF(2, 3);
static void note_resource_error(struct iam_parser *parser, const char *format, ...)
{
    if (parser->resource_error.size > 0) return;
    va_list args;
    va_start(args, format);
    parser->resource_error = arena_vprintf(parser->message_arena, format, args);
    va_end(args);
}

static COLD void note_partition_error(struct iam_parser *parser, struct str partition,
                                      struct str rest)
{
    if (rest.size == 0) rest.data = NULL;
    struct str service = segment_or_star(&rest);
    struct str region = segment_or_star(&rest);
    struct str account = segment_or_star(&rest);
    struct str resource = rest.data == NULL ? STR("*") : rest;
    note_resource_error(parser,
                        "Partition \"%" STR_FORMAT "\" is not valid for resource \"arn:%" STR_FORMAT
                        ":%" STR_FORMAT ":%" STR_FORMAT ":%" STR_FORMAT ":%" STR_FORMAT "\".",
                        STR_ARGS(partition), STR_ARGS(partition), STR_ARGS(service),
                        STR_ARGS(region), STR_ARGS(account), STR_ARGS(resource));
}

#define IAM_RESOURCE_PATHS                                                                         \
    "user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, "        \
    "policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/"

static bool is_iam_resource_path(struct str path)
{
    struct str starts = STR(IAM_RESOURCE_PATHS);
    if (path.size > 0 && path.data[0] == '*') return true;
    while (starts.data != NULL) {
        if (str_starts_with(path, str_trim(str_cut(&starts, ',')))) return true;
    }
    return false;
}

static bool is_partition(struct str partition)
{
    return str_is(partition, "aws") || str_is(partition, "*") ||
           str_starts_with(partition, STR("aws-"));
}

static void check_resource(struct iam_parser *parser, struct str resource)
{
    struct str rest = resource;
    struct str prefix = take_segment(&rest);
    if (str_is(resource, "*")) return;
    if (rest.data == NULL) {
        note_resource_error(parser, "Resource %" STR_FORMAT " must be in ARN format or \"*\".",
                            STR_ARGS(resource));
        return;
    }
    struct str partition = take_segment(&rest);
    if (!is_partition(partition)) {
        note_partition_error(parser, partition, rest);
        return;
    }
    if (!str_is(prefix, "arn")) {
        note_resource_error(parser, "Resource %" STR_FORMAT " must be in ARN format or \"*\".",
                            STR_ARGS(resource));
        return;
    }
    bool has_service = rest.data != NULL;
    struct str service = take_segment(&rest);
    if (!has_service || str_find_byte(service, '*') != SIZE_MAX ||
        str_find_byte(service, '?') != SIZE_MAX) {
        note_resource_error(parser,
                            "Resource vendor must be fully qualified and cannot contain regexes.");
        return;
    }
    if (rest.data == NULL) return; // Incomplete; wildcards take the place of what is missing.
    struct str region = take_segment(&rest);
    if (region.size > 0 && str_is(service, "iam")) {
        note_resource_error(parser,
                            "IAM resource %" STR_FORMAT " cannot contain region information.",
                            STR_ARGS(resource));
    } else if (region.size > 0 && !str_is(region, "*") && str_is(service, "s3")) {
        note_resource_error(parser, "Resource %" STR_FORMAT " can not contain region information.",
                            STR_ARGS(resource));
    } else if (str_is(service, "iam")) {
        take_segment(&rest);
        if (is_iam_resource_path(rest)) return;
        note_resource_error(parser, "IAM resource path must either be \"*\" or start with %s.",
                            IAM_RESOURCE_PATHS);
    }
}

// The older parser wants six segments when one of them is empty, and a service.
static bool passes_legacy_resource(struct str resource)
{
    size_t colons = 0;
    for (size_t i = 0; i < resource.size; i++)
        colons += resource.data[i] == ':';
    if (str_is(resource, "*")) return true;
    if (colons < 5 && str_find(resource, STR("::")) != SIZE_MAX) return false;
    struct str rest = resource;
    take_segment(&rest);
    take_segment(&rest);
    return rest.data == NULL || take_segment(&rest).size > 0;
}

static enum status check_resources(struct iam_parser *parser, const struct json *value)
{
    uint32_t count;
    const struct json *items = iam_parser_items(value, &count);
    for (uint32_t i = 0; i < count; i++)
        check_resource(parser, json_str(&items[i]));
    if (parser->resource_error.size > 0) return STATUS_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (!passes_legacy_resource(json_str(&items[i]))) return iam_parser_refuse_legacy(parser);
    }
    return STATUS_OK;
}

static enum status check_action(struct iam_parser *parser, struct str action)
{
    struct str rest = action;
    struct str vendor = str_cut(&rest, ':');
    if (str_is(action, "*")) return STATUS_OK;
    if (rest.data == NULL) {
        return iam_parser_refuse(parser,
                                 "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, "
                                 "ec2, etc.");
    }
    if (str_find_byte(rest, ':') != SIZE_MAX) {
        return iam_parser_refuse(parser, "Actions/Condition can contain only one colon.");
    }
    bool is_valid = vendor.size > 0 && str_is_alphanumeric(vendor, "-.");
    if (is_valid || str_is(vendor, "*")) return STATUS_OK;
    return iam_parser_refuse(parser, "Vendor %" STR_FORMAT " is not valid", STR_ARGS(vendor));
}

static enum status check_sids(struct iam_parser *parser)
{
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        const struct json *sid = JSON_FIND(&parser->statements[i], "Sid");
        if (sid == NULL || sid->size == 0) continue;
        if (!str_is_alphanumeric(json_str(sid), "")) {
            return iam_parser_refuse(
                parser, "Statement IDs (SID) must be alpha-numeric. Check that your input "
                        "satisfies the regular expression [0-9A-Za-z]*");
        }
        for (uint32_t k = 0; k < i; k++) {
            const struct json *other = JSON_FIND(&parser->statements[k], "Sid");
            if (other != NULL && str_equal(json_str(other), json_str(sid))) {
                return iam_parser_refuse(parser,
                                         "Statement IDs (SID) in a single policy must be unique.");
            }
        }
    }
    return STATUS_OK;
}

static enum status check_identity_syntax(struct iam_parser *parser)
{
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        const struct json *statement = &parser->statements[i];
        if (JSON_FIND(statement, "Principal") != NULL ||
            JSON_FIND(statement, "NotPrincipal") != NULL) {
            return iam_parser_refuse(parser, "Policy document should not specify a principal.");
        }
        if (iam_parser_find_unknown_field(statement, iam_statement_fields,
                                          IAM_STATEMENT_FIELD_COUNT) != NULL ||
            !iam_parser_is_well_formed(statement)) {
            return iam_parser_refuse_syntax(parser);
        }
    }
    return STATUS_OK;
}

static enum status check_identity_legacy(struct iam_parser *parser)
{
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        const struct json *statement = &parser->statements[i];
        if (!iam_parser_has_effect(statement)) return iam_parser_refuse_legacy(parser);
        enum status status = iam_parser_compile_conditions(parser, i);
        if (status != STATUS_OK) return status;
    }
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        const struct json *statement = &parser->statements[i];
        enum status status = check_resources(parser, JSON_FIND(statement, "Resource"));
        if (status != STATUS_OK) return status;
        status = check_resources(parser, JSON_FIND(statement, "NotResource"));
        if (status != STATUS_OK) return status;
    }
    return check_sids(parser);
}

static enum status check_actions(struct iam_parser *parser, const char *field)
{
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        uint32_t count;
        const struct json *actions =
            iam_parser_items(json_find(&parser->statements[i], str_from_c(field)), &count);
        for (uint32_t k = 0; k < count; k++) {
            enum status status = check_action(parser, json_str(&actions[k]));
            if (status != STATUS_OK) return status;
        }
    }
    return STATUS_OK;
}

enum status iam_parser_check_identity(struct iam_parser *parser)
{
    enum status status = check_identity_syntax(parser);
    if (status != STATUS_OK) return status;
    if (!parser->has_variables) {
        return iam_parser_refuse(parser, "Policy document must be version 2012-10-17 or greater.");
    }
    status = check_identity_legacy(parser);
    if (status != STATUS_OK) return status;
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        if (!iam_parser_has_any(&parser->statements[i], "Action", "NotAction")) {
            return iam_parser_refuse(parser, "Policy statement must contain actions.");
        }
    }
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        if (!iam_parser_has_any(&parser->statements[i], "Resource", "NotResource")) {
            return iam_parser_refuse(parser, "Policy statement must contain resources.");
        }
    }
    if (parser->resource_error.size > 0) {
        *parser->reterr_message = parser->resource_error;
        return STATUS_INVALID;
    }
    status = check_actions(parser, "Action");
    return status != STATUS_OK ? status : check_actions(parser, "NotAction");
}
