// From a document to its compiled form.

#include <assert.h>

#include "iam/policy_parser.h"

// A document expands: a wildcard of one byte becomes a piece of a pattern.
enum { POLICY_ARENA_SIZE_MAX = 64 << 20 };

enum status iam_parser_compile_conditions(struct iam_parser *parser, uint32_t index)
{
    struct iam_statement *compiled = &parser->compiled[index];
    const struct json *condition = JSON_FIND(&parser->statements[index], "Condition");
    if (condition == NULL) return STATUS_OK;
    uint32_t count = 0;
    for (uint32_t i = 0; i < condition->size; i++)
        count += condition->members[i].value.size;
    struct iam_condition *conditions = arena_alloc_array(parser->arena, count, sizeof(*conditions));
    if (conditions == NULL) return STATUS_NO_MEMORY;
    compiled->conditions = conditions;
    for (uint32_t i = 0; i < condition->size; i++) {
        const struct json *keys = &condition->members[i].value;
        for (uint32_t k = 0; k < keys->size; k++) {
            struct iam_condition *next = &conditions[compiled->condition_count++];
            if (!iam_condition_parse_operator(json_str(&condition->members[i].name), next)) {
                return iam_parser_refuse_syntax(parser);
            }
            enum status status =
                iam_condition_compile(parser->arena, next, json_str(&keys->members[k].name),
                                      &keys->members[k].value, parser->has_variables);
            if (status == STATUS_INVALID) return iam_parser_refuse_legacy(parser);
            if (status != STATUS_OK) return status;
        }
    }
    assert(compiled->condition_count == count);
    return STATUS_OK;
}

//     "If you specify an incomplete ARN (one with fewer than the standard six fields) in the
//     Resource element of an identity-based policy, AWS automatically completes the ARN by adding
//     wildcard characters (*) to all missing fields."  -- IAM User Guide, Resource
static struct str complete_arn(struct arena *arena, struct str resource)
{
    static const struct str missing = STR_INIT(":*:*:*:*:*");
    size_t colons = 0;
    for (size_t i = 0; i < resource.size; i++)
        colons += resource.data[i] == ':';
    if (colons >= 5 || str_is(resource, "*")) return resource;
    struct str completion = str_slice(missing, 0, (5 - colons) * 2);
    return arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT, STR_ARGS(resource),
                        STR_ARGS(completion));
}

static enum status compile_patterns(struct iam_parser *parser, const struct json *value,
                                    enum iam_pattern_style style, struct iam_patterns *ret_patterns)
{
    uint32_t count;
    const struct json *items = iam_parser_items(value, &count);
    struct iam_pattern *patterns = arena_alloc_array(parser->arena, count, sizeof(*patterns));
    if (patterns == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct str text = json_str(&items[i]);
        if (style == IAM_PATTERN_RESOURCE) text = complete_arn(parser->arena, text);
        enum status status =
            iam_pattern_compile(parser->arena, text, style, parser->has_variables, &patterns[i]);
        if (status == STATUS_INVALID) return iam_parser_refuse_syntax(parser);
        if (status != STATUS_OK) return status;
    }
    ret_patterns->patterns = patterns;
    ret_patterns->count = count;
    return STATUS_OK;
}

static enum status compile_statement(struct iam_parser *parser, uint32_t index)
{
    const struct json *statement = &parser->statements[index];
    struct iam_statement *compiled = &parser->compiled[index];
    compiled->is_allow = str_is(json_str(JSON_FIND(statement, "Effect")), "Allow");
    const struct json *actions = JSON_FIND(statement, "Action");
    compiled->actions.is_negated = actions == NULL;
    if (actions == NULL) actions = JSON_FIND(statement, "NotAction");
    enum status status = compile_patterns(parser, actions, IAM_PATTERN_ACTION, &compiled->actions);
    if (status != STATUS_OK || parser->kind == IAM_POLICY_TRUST) return status;
    const struct json *resources = JSON_FIND(statement, "Resource");
    compiled->resources.is_negated = resources == NULL;
    if (resources == NULL) resources = JSON_FIND(statement, "NotResource");
    return compile_patterns(parser, resources, IAM_PATTERN_RESOURCE, &compiled->resources);
}

static enum status parse(struct iam_parser *parser, const struct json *document)
{
    enum status status = iam_parser_check_document(parser, document);
    if (status != STATUS_OK) return status;
    parser->compiled =
        arena_alloc_zeroed(parser->arena, parser->statement_count * sizeof(*parser->compiled));
    if (parser->compiled == NULL) return STATUS_NO_MEMORY;
    status = parser->kind == IAM_POLICY_TRUST ? iam_parser_check_trust(parser)
                                              : iam_parser_check_identity(parser);
    for (uint32_t i = 0; i < parser->statement_count && status == STATUS_OK; i++)
        status = compile_statement(parser, i);
    return status;
}

static enum status parse_text(struct iam_parser *parser, struct str document)
{
    struct arena CLEANUP(arena_release) json_arena;
    arena_init(&json_arena, POLICY_ARENA_SIZE_MAX);
    struct json value;
    enum status status = document.size > IAM_DOCUMENT_SIZE_MAX
                             ? STATUS_INVALID
                             : json_parse(&json_arena, document, 0, &value, NULL);
    if (status == STATUS_INVALID && parser->kind == IAM_POLICY_TRUST) {
        return iam_parser_refuse(parser, "This policy contains invalid Json");
    }
    if (status == STATUS_INVALID) return iam_parser_refuse_syntax(parser);
    return status == STATUS_OK ? parse(parser, &value) : status;
}

enum status iam_policy_parse(struct str document, enum iam_policy_kind kind, struct arena *arena,
                             struct iam_policy **ret_policy, struct str *reterr_message)
{
    struct arena policy_arena;
    arena_init(&policy_arena, POLICY_ARENA_SIZE_MAX);
    struct iam_policy *policy = ARENA_NEW(&policy_arena, struct iam_policy);
    if (policy == NULL) return STATUS_NO_MEMORY;
    struct iam_parser parser = {
        .arena = &policy_arena,
        .message_arena = arena,
        .reterr_message = reterr_message,
        .kind = kind,
    };
    enum status status = parse_text(&parser, document);
    if (status == STATUS_OK && policy_arena.is_exhausted) status = STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        arena_release(&policy_arena);
        return status;
    }
    atomic_init(&policy->reference_count, 1);
    policy->kind = kind;
    policy->statements = parser.compiled;
    policy->statement_count = parser.statement_count;
    for (uint32_t i = 0; i < parser.statement_count; i++)
        policy->has_deny |= !parser.compiled[i].is_allow;
    policy->arena = policy_arena;
    *ret_policy = policy;
    return STATUS_OK;
}
