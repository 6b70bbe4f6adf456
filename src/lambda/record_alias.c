// Aliases: names that point at versions.

#include "lambda/arn.h"
#include "lambda/constraint.h"
#include "lambda/record.h"

static bool is_version_name(struct str value)
{
    return str_is(value, "$LATEST") || lambda_qualifier_is_version(value);
}

static const struct json *find_alias(const struct json *record, struct str name)
{
    const struct json *aliases = lambda_record_list(record, "Aliases");
    for (uint32_t i = 0; i < aliases->size; i++) {
        if (str_equal(JSON_FIND_STR(&aliases->items[i], "Name"), name)) return &aliases->items[i];
    }
    return NULL;
}

static struct str render_arn(struct lambda_edit *edit, struct str name)
{
    return lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, name);
}

static bool alias_not_found(struct lambda_edit *edit, struct str name)
{
    struct str arn = render_arn(edit, name);
    return lambda_exception_not_found(&edit->exception, edit->arena,
                                      "Cannot find alias arn: %" STR_FORMAT, STR_ARGS(arn));
}

// One other version may get a part of the calls, and then neither may be $LATEST.
static bool check_routing(struct lambda_edit *edit, const struct json *routing, struct str target)
{
    const struct json *weights = JSON_FIND(routing, "AdditionalVersionWeights");
    if (weights == NULL || json_is_null(weights)) return true;
    if (!json_is_object(weights) || weights->size > 1)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Number of items in AdditionalVersionWeights cannot be "
                                        "greater than 1");
    if (weights->size == 0) return true;
    struct str version = json_str(&weights->members[0].name);
    const struct json *weight = &weights->members[0].value;
    if (str_is(target, "$LATEST") || !lambda_qualifier_is_version(version))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "$LATEST is not supported for an alias pointing to more "
                                        "than 1 version");
    if (!json_is_number(weight) || !(json_to_real(weight) >= 0 && json_to_real(weight) <= 1))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "The weight of a version must be between 0 and 1");
    if (str_equal(version, target))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Invalid function version %" STR_FORMAT
                                        ". Function version %" STR_FORMAT
                                        " is already included in routing configuration.",
                                        STR_ARGS(version), STR_ARGS(version));
    return lambda_record_find_version(edit->record, version) != NULL ||
           lambda_edit_not_found(edit, version);
}

// The alias in its new form: what the parameters say, else what `base` says.
static bool make_alias(struct lambda_edit *edit, struct str name, const struct json *base,
                       struct json *ret_alias)
{
    static const struct lambda_string_rule description_rule = {.member = "Description",
                                                               .size_max = 256};
    const struct lambda_string_rule version_rule = {
        .member = "FunctionVersion",
        .is_required = base == NULL,
        .size_max = 1024,
        .matches = is_version_name,
        .pattern = "(\\$LATEST|[0-9]+)",
    };
    struct lambda_constraints constraints;
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *description = lambda_constraints_string(&constraints, &description_rule);
    const struct json *version = lambda_constraints_string(&constraints, &version_rule);
    const struct json *routing =
        lambda_constraints_typed(&constraints, "RoutingConfig", false, JSON_OBJECT);
    if (!lambda_constraints_finish(&constraints)) return false;
    if (base != NULL && version == NULL) version = JSON_FIND(base, "FunctionVersion");
    if (base != NULL && description == NULL) description = JSON_FIND(base, "Description");
    if (base != NULL && routing == NULL) routing = JSON_FIND(base, "RoutingConfig");
    if (lambda_record_find_version(edit->record, json_str(version)) == NULL)
        return lambda_edit_not_found(edit, json_str(version));
    if (routing != NULL && !check_routing(edit, routing, json_str(version))) return false;

    struct json_members members;
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("AliasArn"), json_from_str(render_arn(edit, name)));
    json_members_append(&members, STR("Name"), json_from_str(name));
    json_members_append(&members, STR("FunctionVersion"), *version);
    json_members_append(&members, STR("Description"),
                        description == NULL ? json_from_str(STR("")) : *description);
    if (routing != NULL) json_members_append(&members, STR("RoutingConfig"), *routing);
    json_members_append(&members, STR("RevisionId"), lambda_edit_make_revision(edit));
    *ret_alias = json_members_finish(&members);
    return true;
}

// The list of aliases with `name` replaced by `alias`, left out (NULL), or added at the end.
static void set_alias(struct lambda_edit *edit, struct str name, const struct json *alias)
{
    const struct json *aliases = lambda_record_list(edit->record, "Aliases");
    struct json_items items;
    json_items_init(&items, edit->arena);
    bool is_placed = alias == NULL;
    for (uint32_t i = 0; i < aliases->size; i++) {
        if (!str_equal(JSON_FIND_STR(&aliases->items[i], "Name"), name)) {
            json_items_append(&items, aliases->items[i]);
        } else if (alias != NULL) {
            json_items_append(&items, *alias);
            is_placed = true;
        }
    }
    if (!is_placed) json_items_append(&items, *alias);
    lambda_edit_set_member(edit, "Aliases", json_items_finish(&items));
}

// The alias that the request names.
static bool read_name(struct lambda_edit *edit, struct str *ret_name)
{
    const struct lambda_string_rule rule = {
        .member = "Name",
        .is_required = true,
        .size_min = 1,
        .size_max = LAMBDA_QUALIFIER_SIZE_MAX,
        .matches = lambda_alias_name_is_valid,
        .pattern = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    };
    struct lambda_constraints constraints;
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *name = lambda_constraints_string(&constraints, &rule);
    if (!lambda_constraints_finish(&constraints)) return false;
    *ret_name = json_str(name);
    return true;
}

bool lambda_edit_create_alias(struct lambda_edit *edit)
{
    struct str name;
    struct json alias;
    if (!read_name(edit, &name)) return false;
    if (find_alias(edit->record, name) != NULL) {
        struct str arn = render_arn(edit, name);
        return lambda_exception_conflict(&edit->exception, edit->arena,
                                         "Alias already exists: %" STR_FORMAT, STR_ARGS(arn));
    }
    if (lambda_record_list(edit->record, "Aliases")->size >= LAMBDA_ALIASES_MAX)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "A function may have %d aliases.", LAMBDA_ALIASES_MAX);
    if (!make_alias(edit, name, NULL, &alias)) return false;
    set_alias(edit, name, &alias);
    edit->result = alias;
    return true;
}

bool lambda_edit_get_alias(struct lambda_edit *edit)
{
    struct str name;
    if (!read_name(edit, &name)) return false;
    const struct json *alias = find_alias(edit->record, name);
    if (alias == NULL) return alias_not_found(edit, name);
    edit->result = *alias;
    return true;
}

bool lambda_edit_update_alias(struct lambda_edit *edit)
{
    struct str name;
    struct json changed;
    if (!read_name(edit, &name)) return false;
    const struct json *alias = find_alias(edit->record, name);
    if (alias == NULL) return alias_not_found(edit, name);
    if (!lambda_edit_check_revision(edit, JSON_FIND_STR(alias, "RevisionId")) ||
        !make_alias(edit, name, alias, &changed))
        return false;
    set_alias(edit, name, &changed);
    edit->result = changed;
    return true;
}

bool lambda_edit_delete_alias(struct lambda_edit *edit)
{
    struct str name;
    if (!read_name(edit, &name)) return false;
    // One that is not there is as good as deleted, as in the service.
    if (find_alias(edit->record, name) != NULL) set_alias(edit, name, NULL);
    return true;
}

bool lambda_edit_list_aliases(struct lambda_edit *edit)
{
    const struct json *aliases = lambda_record_list(edit->record, "Aliases");
    struct str version = JSON_FIND_STR(edit->parameters, "FunctionVersion");
    struct json_items items;
    json_items_init(&items, edit->arena);
    for (uint32_t i = 0; i < aliases->size; i++) {
        if (version.size == 0 ||
            str_equal(JSON_FIND_STR(&aliases->items[i], "FunctionVersion"), version))
            json_items_append(&items, aliases->items[i]);
    }
    struct json all = json_items_finish(&items);
    return lambda_edit_page(edit, "Aliases", &all, 50);
}
