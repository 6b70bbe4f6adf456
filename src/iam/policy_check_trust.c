// What a trust policy must be. The service checks these elsewhere than other policies and says
// what it misses by the name of the field.

#include "iam/policy_parser.h"

static bool is_account(struct str text)
{
    uint64_t number;
    return text.size == 12 && str_to_u64(text, &number);
}

// "arn:aws:iam::ACCOUNT:root" names the account; another ARN of iam or sts a role, user or session.
static bool parse_arn_principal(struct str text, struct iam_principal *principal)
{
    struct str rest = text;
    struct str prefix = str_cut(&rest, ':');
    str_cut(&rest, ':');
    struct str service = str_cut(&rest, ':');
    struct str region = str_cut(&rest, ':');
    struct str account = str_cut(&rest, ':');
    if (!str_is(prefix, "arn") || region.size > 0 || rest.size == 0) return false;
    if (!str_is(service, "iam") && !str_is(service, "sts")) return false;
    if (!is_account(account) || str_find_byte(rest, '*') != SIZE_MAX) return false;
    *principal = (struct iam_principal){IAM_PRINCIPAL_ARN, text};
    if (str_is(rest, "root")) *principal = (struct iam_principal){IAM_PRINCIPAL_ACCOUNT, account};
    return true;
}

static bool parse_aws_principal(struct str text, struct iam_principal *principal)
{
    principal->text = text;
    principal->kind = str_is(text, "*") ? IAM_PRINCIPAL_ANYONE : IAM_PRINCIPAL_ACCOUNT;
    if (principal->kind == IAM_PRINCIPAL_ANYONE || is_account(text)) return true;
    // The unique id of a deleted role or user: valid, and matches nobody any more.
    if (str_starts_with(text, STR("AROA")) || str_starts_with(text, STR("AIDA"))) {
        principal->kind = IAM_PRINCIPAL_CANONICAL;
        return true;
    }
    return parse_arn_principal(text, principal);
}

static bool parse_principal(struct str type, struct str text, struct iam_principal *principal)
{
    principal->text = text;
    if (str_is(type, "AWS")) return parse_aws_principal(text, principal);
    if (str_is(type, "Service")) {
        principal->kind = IAM_PRINCIPAL_SERVICE;
        return text.size > 0 && str_find_byte(text, '.') != SIZE_MAX;
    }
    principal->kind = str_is(type, "Federated") ? IAM_PRINCIPAL_FEDERATED : IAM_PRINCIPAL_CANONICAL;
    return text.size > 0;
}

// As the service prints the type of a principal it refuses.
static const char *type_in_message(struct str type)
{
    if (str_is(type, "AWS")) return "AWS";
    if (str_is(type, "Service")) return "SERVICE";
    return str_is(type, "Federated") ? "FEDERATED" : "CANONICAL_USER";
}

static bool is_principal_type(struct str type)
{
    return str_is(type, "AWS") || str_is(type, "Service") || str_is(type, "Federated") ||
           str_is(type, "CanonicalUser");
}

static enum status compile_principals_of_type(struct iam_parser *parser, struct str type,
                                              const struct json *value,
                                              struct iam_principal *principals)
{
    uint32_t count;
    const struct json *items = iam_parser_items(value, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!json_is_string(&items[i])) return iam_parser_refuse_syntax(parser);
        struct str text;
        if (!arena_copy_str(parser->arena, json_str(&items[i]), &text)) return STATUS_NO_MEMORY;
        if (!parse_principal(type, text, &principals[i])) {
            return iam_parser_refuse(parser,
                                     "Invalid principal in policy: \"%s\":\"%" STR_FORMAT "\"",
                                     type_in_message(type), STR_ARGS(text));
        }
    }
    return STATUS_OK;
}

static enum status compile_principals(struct iam_parser *parser, const struct json *value,
                                      struct iam_statement *compiled)
{
    static const struct json_member anyone = {
        .name = {.type = JSON_STRING, .size = 3, .text = "AWS"},
        .value = {.type = JSON_STRING, .size = 1, .text = "*"},
    };
    struct json types = *value;
    if (json_is_string(value)) {
        if (!str_is(json_str(value), "*")) {
            return iam_parser_refuse(parser,
                                     "Invalid principal in policy: \"STAR\":\"%" STR_FORMAT "\"",
                                     STR_ARGS(json_str(value)));
        }
        types = json_from_members(&anyone, 1);
    }
    if (!json_is_object(&types)) return iam_parser_refuse_syntax(parser);
    uint32_t count = 0;
    for (uint32_t i = 0; i < types.size; i++) {
        uint32_t type_count;
        iam_parser_items(&types.members[i].value, &type_count);
        count += type_count;
        if (!is_principal_type(json_str(&types.members[i].name))) {
            return iam_parser_refuse_syntax(parser);
        }
    }
    if (count == 0) {
        return iam_parser_refuse(parser, "Missing required field Principal cannot be empty!");
    }
    struct iam_principal *principals = arena_alloc_array(parser->arena, count, sizeof(*principals));
    if (principals == NULL) return STATUS_NO_MEMORY;
    compiled->principals = principals;
    for (uint32_t i = 0; i < types.size; i++) {
        uint32_t type_count;
        iam_parser_items(&types.members[i].value, &type_count);
        enum status status = compile_principals_of_type(parser, json_str(&types.members[i].name),
                                                        &types.members[i].value,
                                                        principals + compiled->principal_count);
        if (status != STATUS_OK) return status;
        compiled->principal_count += type_count;
    }
    return STATUS_OK;
}

static enum status check_fields(struct iam_parser *parser, const struct json *statement)
{
    const struct json *unknown =
        iam_parser_find_unknown_field(statement, iam_statement_fields, IAM_STATEMENT_FIELD_COUNT);
    if (unknown != NULL) {
        return iam_parser_refuse(parser, "Unknown field %" STR_FORMAT, STR_ARGS(json_str(unknown)));
    }
    static const char *const prohibited[] = {"Resource", "NotResource"};
    for (size_t i = 0; i < ARRAY_COUNT(prohibited); i++) {
        if (json_find(statement, str_from_c(prohibited[i])) != NULL) {
            return iam_parser_refuse(parser, "Has prohibited field %s", prohibited[i]);
        }
    }
    if (JSON_FIND(statement, "Effect") == NULL) {
        return iam_parser_refuse(parser, "Missing required field Effect");
    }
    if (JSON_FIND(statement, "Principal") == NULL && JSON_FIND(statement, "NotPrincipal") == NULL) {
        return iam_parser_refuse(parser, "Missing required field Principal");
    }
    if (!iam_parser_has_any(statement, "Action", "NotAction")) {
        return iam_parser_refuse(parser, "Missing required field Action");
    }
    return STATUS_OK;
}

static enum status check_actions(struct iam_parser *parser, const struct json *statement)
{
    uint32_t count;
    const struct json *actions = JSON_FIND(statement, "Action");
    if (actions == NULL) actions = JSON_FIND(statement, "NotAction");
    const struct json *items = iam_parser_items(actions, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct str action = json_str(&items[i]);
        struct str vendor = str_slice(action, 0, 4);
        if (!str_equal_ignoring_case(vendor, STR("sts:"))) {
            return iam_parser_refuse(parser,
                                     "AssumeRole policy may only specify STS AssumeRole actions.");
        }
    }
    return STATUS_OK;
}

enum status iam_parser_check_trust(struct iam_parser *parser)
{
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        const struct json *statement = &parser->statements[i];
        struct iam_statement *compiled = &parser->compiled[i];
        enum status status = check_fields(parser, statement);
        if (status != STATUS_OK) return status;
        if (!iam_parser_is_well_formed(statement) || !iam_parser_has_effect(statement)) {
            return iam_parser_refuse_syntax(parser);
        }
        status = check_actions(parser, statement);
        if (status != STATUS_OK) return status;
        const struct json *principals = JSON_FIND(statement, "Principal");
        compiled->is_principal_negated = principals == NULL;
        if (principals == NULL) principals = JSON_FIND(statement, "NotPrincipal");
        status = compile_principals(parser, principals, compiled);
        if (status != STATUS_OK) return status;
        status = iam_parser_compile_conditions(parser, i);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}
