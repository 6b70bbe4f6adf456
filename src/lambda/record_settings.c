// What is kept about a function beside its versions: concurrency, tags and permissions.

#include "lambda/arn.h"
#include "lambda/constraint.h"
#include "lambda/record.h"

enum { CONCURRENCY_MAX = 1000 }; // Of an account.

static struct json make_object(struct arena *arena, const char *name, struct json value)
{
    struct json_members members;
    json_members_init(&members, arena);
    json_members_append(&members, str_from_c(name), value);
    return json_members_finish(&members);
}

// The record without one member, into `edit->new_record`.
static void remove_member(struct lambda_edit *edit, const char *name)
{
    struct json_members members;
    json_members_init(&members, edit->arena);
    for (uint32_t i = 0; i < edit->record->size; i++) {
        const struct json_member *member = &edit->record->members[i];
        if (!str_is(json_str(&member->name), name))
            json_members_append(&members, json_str(&member->name), member->value);
    }
    edit->new_record = json_members_finish(&members);
}

// ---------------------------------------------------------------------------------------------
// Reserved concurrency

bool lambda_edit_put_concurrency(struct lambda_edit *edit)
{
    struct lambda_constraints constraints;
    int64_t reserved = 0;
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *value = lambda_constraints_integer(
        &constraints, "ReservedConcurrentExecutions", true, 0, CONCURRENCY_MAX);
    if (!lambda_constraints_finish(&constraints)) return false;
    if (edit->qualifier.size > 0)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "This operation does not accept a qualifier.");
    if (!json_to_integer(value, &reserved)) return false;
    lambda_edit_set_member(edit, "Concurrency", json_from_integer(reserved));
    edit->result =
        make_object(edit->arena, "ReservedConcurrentExecutions", json_from_integer(reserved));
    return true;
}

bool lambda_edit_get_concurrency(struct lambda_edit *edit)
{
    const struct json *reserved = JSON_FIND(edit->record, "Concurrency");
    edit->result = reserved == NULL
                       ? json_empty_object
                       : make_object(edit->arena, "ReservedConcurrentExecutions", *reserved);
    return true;
}

bool lambda_edit_delete_concurrency(struct lambda_edit *edit)
{
    if (JSON_FIND(edit->record, "Concurrency") != NULL) remove_member(edit, "Concurrency");
    return true;
}

// ---------------------------------------------------------------------------------------------
// Tags

static bool check_tag(struct lambda_edit *edit, const struct json_member *tag)
{
    struct str key = json_str(&tag->name);
    if (json_is_string(&tag->value) && key.size >= 1 && key.size <= 128 && tag->value.size <= 256 &&
        !str_starts_with(key, STR("aws:")))
        return true;
    return lambda_exception_invalid(&edit->exception, edit->arena,
                                    "The tag '%" STR_FORMAT "' is not valid: keys have 1 to 128 "
                                    "characters and do not begin with aws:, values are strings of "
                                    "up to 256.",
                                    STR_ARGS(key));
}

bool lambda_edit_tag_resource(struct lambda_edit *edit)
{
    struct lambda_constraints constraints;
    struct json_members members;
    // A function that is being created has no record yet, only a new one.
    const struct json *record = edit->record != NULL ? edit->record : &edit->new_record;
    const struct json *old = JSON_FIND(record, "Tags");
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *tags = lambda_constraints_typed(&constraints, "Tags", true, JSON_OBJECT);
    if (!lambda_constraints_finish(&constraints)) return false;
    json_members_init(&members, edit->arena);
    for (uint32_t i = 0; old != NULL && i < old->size; i++)
        json_members_append(&members, json_str(&old->members[i].name), old->members[i].value);
    if (tags->size > LAMBDA_TAGS_MAX * 4)
        return lambda_exception_invalid(&edit->exception, edit->arena, "Too many tags.");
    for (uint32_t i = 0; i < tags->size; i++) {
        if (!check_tag(edit, &tags->members[i])) return false;
        json_members_set(&members, json_str(&tags->members[i].name), tags->members[i].value);
    }
    if (members.count > LAMBDA_TAGS_MAX)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "A function may have %d tags.", LAMBDA_TAGS_MAX);
    lambda_edit_set_member(edit, "Tags", json_members_finish(&members));
    return true;
}

static bool holds_string(const struct json *array, struct str text)
{
    for (uint32_t i = 0; i < array->size; i++) {
        if (json_is_string(&array->items[i]) && str_equal(json_str(&array->items[i]), text))
            return true;
    }
    return false;
}

bool lambda_edit_untag_resource(struct lambda_edit *edit)
{
    struct lambda_constraints constraints;
    struct json_members members;
    const struct json *old = JSON_FIND(edit->record, "Tags");
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *keys = lambda_constraints_typed(&constraints, "TagKeys", true, JSON_ARRAY);
    if (!lambda_constraints_finish(&constraints)) return false;
    json_members_init(&members, edit->arena);
    for (uint32_t i = 0; old != NULL && i < old->size; i++) {
        struct str key = json_str(&old->members[i].name);
        if (!holds_string(keys, key)) json_members_append(&members, key, old->members[i].value);
    }
    lambda_edit_set_member(edit, "Tags", json_members_finish(&members));
    return true;
}

bool lambda_edit_list_tags(struct lambda_edit *edit)
{
    const struct json *tags = JSON_FIND(edit->record, "Tags");
    edit->result = make_object(edit->arena, "Tags", tags == NULL ? json_empty_object : *tags);
    return true;
}

// ---------------------------------------------------------------------------------------------
// Permissions: kept and shown; who may call is decided by identity policies.

static bool is_statement_id(struct str value)
{
    return str_is_alphanumeric(value, "-_");
}

static bool is_action(struct str value)
{
    return str_is(value, "*") || str_is(value, "lambda:*") ||
           (str_starts_with(value, STR("lambda:")) && value.size > 7);
}

static struct json make_principal(struct lambda_edit *edit, struct str principal)
{
    if (str_is(principal, "*")) return json_from_str(principal);
    if (str_ends_with(principal, STR(".amazonaws.com")))
        return make_object(edit->arena, "Service", json_from_str(principal));
    uint64_t ignored;
    if (principal.size == 12 && str_to_u64(principal, &ignored))
        principal =
            arena_printf(edit->arena, "arn:aws:iam::%" STR_FORMAT ":root", STR_ARGS(principal));
    return make_object(edit->arena, "AWS", json_from_str(principal));
}

// "Condition" of a statement; JSON_NULL when nothing asks for one.
static struct json make_condition(struct lambda_edit *edit)
{
    struct json_members members, equals;
    struct str account = JSON_FIND_STR(edit->parameters, "SourceAccount");
    struct str organization = JSON_FIND_STR(edit->parameters, "PrincipalOrgID");
    struct str arn = JSON_FIND_STR(edit->parameters, "SourceArn");
    json_members_init(&members, edit->arena);
    json_members_init(&equals, edit->arena);
    if (account.size > 0)
        json_members_append(&equals, STR("AWS:SourceAccount"), json_from_str(account));
    if (organization.size > 0)
        json_members_append(&equals, STR("aws:PrincipalOrgID"), json_from_str(organization));
    if (equals.count > 0)
        json_members_append(&members, STR("StringEquals"), json_members_finish(&equals));
    if (arn.size > 0)
        json_members_append(&members, STR("ArnLike"),
                            make_object(edit->arena, "AWS:SourceArn", json_from_str(arn)));
    return members.count > 0 ? json_members_finish(&members) : json_null;
}

static struct json make_statement(struct lambda_edit *edit)
{
    struct json_members members;
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, edit->qualifier);
    struct json condition = make_condition(edit);
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("Sid"), *JSON_FIND(edit->parameters, "StatementId"));
    json_members_append(&members, STR("Effect"), json_from_str(STR("Allow")));
    json_members_append(&members, STR("Principal"),
                        make_principal(edit, JSON_FIND_STR(edit->parameters, "Principal")));
    json_members_append(&members, STR("Action"), *JSON_FIND(edit->parameters, "Action"));
    json_members_append(&members, STR("Resource"), json_from_str(arn));
    if (!json_is_null(&condition)) json_members_append(&members, STR("Condition"), condition);
    return json_members_finish(&members);
}

static bool is_of_qualifier(const struct json *policy, struct str qualifier)
{
    return str_equal(JSON_FIND_STR(policy, "Qualifier"), qualifier);
}

// Place in "Policies" of the statement of that id under the edit's qualifier; its size when absent.
static uint32_t find_statement(struct lambda_edit *edit, struct str id)
{
    const struct json *policies = lambda_record_list(edit->record, "Policies");
    for (uint32_t i = 0; i < policies->size; i++) {
        const struct json *statement = JSON_FIND(&policies->items[i], "Statement");
        if (is_of_qualifier(&policies->items[i], edit->qualifier) && statement != NULL &&
            str_equal(JSON_FIND_STR(statement, "Sid"), id))
            return i;
    }
    return policies->size;
}

// The statements of the edit's qualifier as the text of a policy; empty when there is none.
static struct str render_policy(struct lambda_edit *edit)
{
    const struct json *policies = lambda_record_list(edit->record, "Policies");
    struct json_items statements;
    struct json_members members;
    json_items_init(&statements, edit->arena);
    for (uint32_t i = 0; i < policies->size; i++) {
        if (is_of_qualifier(&policies->items[i], edit->qualifier))
            json_items_append(&statements, *JSON_FIND(&policies->items[i], "Statement"));
    }
    if (statements.count == 0) return STR("");
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("Version"), json_from_str(STR("2012-10-17")));
    json_members_append(&members, STR("Id"), json_from_str(STR("default")));
    json_members_append(&members, STR("Statement"), json_items_finish(&statements));
    struct json policy = json_members_finish(&members);
    return json_render_to_arena(edit->arena, &policy);
}

static bool check_permission(struct lambda_edit *edit)
{
    static const struct lambda_string_rule rules[] = {
        {.member = "StatementId",
         .is_required = true,
         .size_min = 1,
         .size_max = 100,
         .matches = is_statement_id,
         .pattern = "([a-zA-Z0-9-_]+)"},
        {.member = "Action",
         .is_required = true,
         .matches = is_action,
         .pattern = "(lambda:[*]|lambda:[a-zA-Z]+|[*])"},
        {.member = "Principal", .is_required = true, .size_min = 1, .size_max = 1024},
        {.member = "SourceArn", .size_max = 1024},
        {.member = "SourceAccount", .size_max = 12},
        {.member = "PrincipalOrgID", .size_max = 34},
    };
    struct lambda_constraints constraints;
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
        lambda_constraints_string(&constraints, &rules[i]);
    return lambda_constraints_finish(&constraints);
}

bool lambda_edit_add_permission(struct lambda_edit *edit)
{
    const struct json *policies = lambda_record_list(edit->record, "Policies");
    struct json_items items;
    struct json_members entry;
    if (!check_permission(edit)) return false;
    if (edit->qualifier.size > 0 &&
        lambda_record_find_version(edit->record, edit->qualifier) == NULL)
        return lambda_edit_not_found(edit, edit->qualifier);
    struct str id = JSON_FIND_STR(edit->parameters, "StatementId");
    if (find_statement(edit, id) < policies->size)
        return lambda_exception_conflict(&edit->exception, edit->arena,
                                         "The statement id (%" STR_FORMAT ") provided already "
                                         "exists. Please provide a new statement id, or remove the "
                                         "existing statement.",
                                         STR_ARGS(id));
    struct json statement = make_statement(edit);
    if (json_rendered_size(policies) + json_rendered_size(&statement) > LAMBDA_POLICY_SIZE_MAX)
        return lambda_exception_set(
            &edit->exception, edit->arena, 400, STR("PolicyLengthExceededException"),
            "The final policy size is bigger than the limit (%d).", LAMBDA_POLICY_SIZE_MAX);
    json_members_init(&entry, edit->arena);
    json_members_append(&entry, STR("Qualifier"), json_from_str(edit->qualifier));
    json_members_append(&entry, STR("Statement"), statement);
    json_items_init(&items, edit->arena);
    for (uint32_t i = 0; i < policies->size; i++)
        json_items_append(&items, policies->items[i]);
    json_items_append(&items, json_members_finish(&entry));
    lambda_edit_set_member(edit, "Policies", json_items_finish(&items));
    edit->result = make_object(edit->arena, "Statement",
                               json_from_str(json_render_to_arena(edit->arena, &statement)));
    return true;
}

bool lambda_edit_get_policy(struct lambda_edit *edit)
{
    struct json_members members;
    struct str policy = render_policy(edit);
    if (policy.size == 0)
        return lambda_exception_not_found(&edit->exception, edit->arena,
                                          "The resource you requested does not exist.");
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("Policy"), json_from_str(policy));
    json_members_append(&members, STR("RevisionId"),
                        *JSON_FIND(JSON_FIND(edit->record, "Latest"), "RevisionId"));
    edit->result = json_members_finish(&members);
    return true;
}

bool lambda_edit_remove_permission(struct lambda_edit *edit)
{
    const struct json *policies = lambda_record_list(edit->record, "Policies");
    struct str id = JSON_FIND_STR(edit->parameters, "StatementId");
    uint32_t found = find_statement(edit, id);
    struct json_items items;
    if (found == policies->size)
        return lambda_exception_not_found(
            &edit->exception, edit->arena,
            "Statement %" STR_FORMAT " is not found in resource policy.", STR_ARGS(id));
    json_items_init(&items, edit->arena);
    for (uint32_t i = 0; i < policies->size; i++) {
        if (i != found) json_items_append(&items, policies->items[i]);
    }
    lambda_edit_set_member(edit, "Policies", json_items_finish(&items));
    return true;
}
