// The shape that documents of both kinds have: which fields, holding what.

#include <stdarg.h>

#include "iam/policy_parser.h"

enum status iam_parser_refuse(struct iam_parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *parser->reterr_message = arena_vprintf(parser->message_arena, format, args);
    va_end(args);
    return STATUS_INVALID;
}

enum status iam_parser_refuse_syntax(struct iam_parser *parser)
{
    return iam_parser_refuse(parser, "Syntax errors in policy.");
}

enum status iam_parser_refuse_legacy(struct iam_parser *parser)
{
    return iam_parser_refuse(parser, "The policy failed legacy parsing");
}

// A value or a list of values, as an array.
const struct json *iam_parser_items(const struct json *value, uint32_t *ret_count)
{
    if (value == NULL) {
        *ret_count = 0;
        return NULL;
    }
    *ret_count = json_is_array(value) ? value->size : 1;
    return json_is_array(value) ? value->items : value;
}

static bool are_strings(const struct json *value)
{
    uint32_t count;
    const struct json *items = iam_parser_items(value, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!json_is_string(&items[i])) return false;
    }
    return true;
}

static bool is_one_of(struct str text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(text, names[i])) return true;
    }
    return false;
}

// ---------------------------------------------------------------------------------------------
// Syntax of both kinds

static const char *const document_fields[] = {"Version", "Id", "Statement"};
const char *const iam_statement_fields[IAM_STATEMENT_FIELD_COUNT] = {
    "Sid",         "Effect",    "Action",       "NotAction", "Resource",
    "NotResource", "Principal", "NotPrincipal", "Condition",
};

static bool is_scalar(const struct json *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool is_condition_well_formed(const struct json *condition)
{
    if (condition == NULL) return true;
    if (!json_is_object(condition)) return false;
    for (uint32_t i = 0; i < condition->size; i++) {
        struct iam_condition parsed;
        const struct json *keys = &condition->members[i].value;
        if (!json_is_object(keys)) return false;
        for (uint32_t k = 0; k < keys->size; k++) {
            uint32_t count;
            const struct json *values = iam_parser_items(&keys->members[k].value, &count);
            for (uint32_t v = 0; v < count; v++) {
                if (!is_scalar(&values[v])) return false;
            }
        }
        // An unknown operator without keys passes.
        if (keys->size > 0 &&
            !iam_condition_parse_operator(json_str(&condition->members[i].name), &parsed)) {
            return false;
        }
    }
    return true;
}

bool iam_parser_is_well_formed(const struct json *statement)
{
    const struct json *effect = JSON_FIND(statement, "Effect");
    const struct json *sid = JSON_FIND(statement, "Sid");
    if (effect == NULL || !json_is_string(effect)) return false;
    if (!str_equal_ignoring_case(json_str(effect), STR("Allow")) &&
        !str_equal_ignoring_case(json_str(effect), STR("Deny"))) {
        return false;
    }
    if (sid != NULL && !json_is_string(sid)) return false;
    static const char *const pairs[][2] = {
        {"Action", "NotAction"}, {"Resource", "NotResource"}, {"Principal", "NotPrincipal"}};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        const struct json *plain = json_find(statement, str_from_c(pairs[i][0]));
        const struct json *negated = json_find(statement, str_from_c(pairs[i][1]));
        if (plain != NULL && negated != NULL) return false;
        bool is_principal = i == 2; // Has a shape of its own.
        if (!is_principal && (!are_strings(plain) || !are_strings(negated))) return false;
    }
    return is_condition_well_formed(JSON_FIND(statement, "Condition"));
}

// The name of a field that a statement or document must not have; NULL when all is well.
const struct json *iam_parser_find_unknown_field(const struct json *object,
                                                 const char *const *names, size_t count)
{
    for (uint32_t i = 0; i < object->size; i++) {
        if (!is_one_of(json_str(&object->members[i].name), names, count)) {
            return &object->members[i].name;
        }
    }
    return NULL;
}

static enum status check_version_syntax(struct iam_parser *parser, const struct json *document)
{
    const struct json *version = JSON_FIND(document, "Version");
    const struct json *id = JSON_FIND(document, "Id");
    if (id != NULL && !json_is_string(id)) return iam_parser_refuse_syntax(parser);
    if (version == NULL) return STATUS_OK;
    if (!json_is_string(version)) return iam_parser_refuse_syntax(parser);
    parser->has_variables = str_is(json_str(version), "2012-10-17");
    if (parser->has_variables || str_is(json_str(version), "2008-10-17")) return STATUS_OK;
    return iam_parser_refuse_syntax(parser);
}

enum status iam_parser_check_document(struct iam_parser *parser, const struct json *document)
{
    if (!json_is_object(document)) return iam_parser_refuse_syntax(parser);
    const struct json *unknown =
        iam_parser_find_unknown_field(document, document_fields, ARRAY_COUNT(document_fields));
    if (unknown != NULL && parser->kind == IAM_POLICY_TRUST) {
        struct str name = json_str(unknown);
        return iam_parser_refuse(parser, "Unknown field %" STR_FORMAT, STR_ARGS(name));
    }
    if (unknown != NULL) return iam_parser_refuse_syntax(parser);
    enum status status = check_version_syntax(parser, document);
    if (status != STATUS_OK) return status;
    const struct json *statements = JSON_FIND(document, "Statement");
    if (statements == NULL) return iam_parser_refuse_syntax(parser);
    parser->statements = iam_parser_items(statements, &parser->statement_count);
    if (parser->statement_count == 0) return iam_parser_refuse_syntax(parser);
    for (uint32_t i = 0; i < parser->statement_count; i++) {
        if (!json_is_object(&parser->statements[i])) return iam_parser_refuse_syntax(parser);
    }
    return STATUS_OK;
}

bool iam_parser_has_any(const struct json *statement, const char *name, const char *negated_name)
{
    uint32_t count, negated_count;
    iam_parser_items(json_find(statement, str_from_c(name)), &count);
    iam_parser_items(json_find(statement, str_from_c(negated_name)), &negated_count);
    return count + negated_count > 0;
}

bool iam_parser_has_effect(const struct json *statement)
{
    struct str effect = json_str(JSON_FIND(statement, "Effect"));
    return str_is(effect, "Allow") || str_is(effect, "Deny");
}
