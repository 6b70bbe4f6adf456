// Functions and their versions. Aliases are in record_alias.c; concurrency, tags and permissions in
// record_settings.c.

#include "lambda/record.h"

#include <assert.h>

#include "base/clock.h"
#include "lambda/arn.h"
#include "lambda/configuration.h"
#include "lambda/constraint.h"

// ---------------------------------------------------------------------------------------------
// Help for all operations

static bool bool_member(const struct json *object, const char *name)
{
    const struct json *value = json_find(object, str_from_c(name));
    return value != NULL && value->type == JSON_TRUE;
}

static struct json with_member(struct arena *arena, const struct json *object, const char *name,
                               struct json value)
{
    const struct json *changed = json_with_member(arena, object, str_from_c(name), &value);
    return changed == NULL ? json_null : *changed; // The arena remembers that it is exhausted.
}

const struct json *lambda_record_list(const struct json *record, const char *name)
{
    const struct json *list = json_find(record, str_from_c(name));
    return list == NULL ? &json_empty_array : list;
}

void lambda_edit_set_member(struct lambda_edit *edit, const char *name, struct json value)
{
    const struct json *record =
        json_is_object(&edit->new_record) ? &edit->new_record : edit->record;
    edit->new_record = with_member(edit->arena, record, name, value);
}

bool lambda_edit_not_found(struct lambda_edit *edit, struct str qualifier)
{
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, qualifier);
    return lambda_exception_not_found(&edit->exception, edit->arena,
                                      "Function not found: %" STR_FORMAT, STR_ARGS(arn));
}

bool lambda_edit_check_revision(struct lambda_edit *edit, struct str revision_id)
{
    const struct json *wanted = JSON_FIND(edit->parameters, "RevisionId");
    if (wanted == NULL || !json_is_string(wanted) || str_equal(json_str(wanted), revision_id))
        return true;
    return lambda_exception_set(&edit->exception, edit->arena, 412,
                                STR("PreconditionFailedException"),
                                "The Revision Id provided does not match the latest Revision Id. "
                                "Call the GetFunction/GetAlias API to retrieve the latest Revision "
                                "Id");
}

struct json lambda_edit_make_revision(struct lambda_edit *edit)
{
    char text[RANDOM_UUID_SIZE];
    struct str copy = STR("");
    random_uuid(edit->random, text);
    if (!arena_copy_str(edit->arena, (struct str){text, sizeof(text)}, &copy)) return json_null;
    return json_from_str(copy);
}

bool lambda_edit_page(struct lambda_edit *edit, const char *name, const struct json *items,
                      uint32_t page_size_max)
{
    struct lambda_constraints constraints;
    uint64_t start = 0;
    int64_t size = page_size_max;
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *max = lambda_constraints_integer(&constraints, "MaxItems", false, 1, 10000);
    if (!lambda_constraints_finish(&constraints)) return false;
    if (max != NULL && json_to_integer(max, &size) && size > page_size_max) size = page_size_max;
    struct str marker = JSON_FIND_STR(edit->parameters, "Marker");
    if (marker.size > 0 && (!str_to_u64(marker, &start) || start > items->size))
        return lambda_exception_invalid(&edit->exception, edit->arena, "Invalid Marker");
    uint64_t end = start + (uint64_t)size > items->size ? items->size : start + (uint64_t)size;
    struct json_members members;
    json_members_init(&members, edit->arena);
    json_members_append(&members, str_from_c(name),
                        json_from_items(items->items + start, (size_t)(end - start)));
    if (end < items->size)
        json_members_append(
            &members, STR("NextMarker"),
            json_from_str(arena_printf(edit->arena, "%llu", (unsigned long long)end)));
    edit->result = json_members_finish(&members);
    return true;
}

// "2024-01-31T12:00:00.000+0000".
static struct json render_modified(struct lambda_edit *edit)
{
    char iso[CLOCK_ISO_SIZE];
    clock_render_iso(edit->now_unix_ms, iso);
    return json_from_str(arena_printf(edit->arena, "%.*s+0000", CLOCK_ISO_SIZE - 1, iso));
}

// ---------------------------------------------------------------------------------------------
// Versions

static const struct json *find_numbered(const struct json *record, struct str number)
{
    const struct json *versions = lambda_record_list(record, "Versions");
    for (uint32_t i = 0; i < versions->size; i++) {
        if (str_equal(JSON_FIND_STR(&versions->items[i], "Version"), number))
            return &versions->items[i];
    }
    return NULL;
}

const struct json *lambda_record_find_version(const struct json *record, struct str qualifier)
{
    if (qualifier.size == 0 || str_is(qualifier, "$LATEST")) return JSON_FIND(record, "Latest");
    if (lambda_qualifier_is_version(qualifier)) return find_numbered(record, qualifier);
    const struct json *aliases = lambda_record_list(record, "Aliases");
    for (uint32_t i = 0; i < aliases->size; i++) {
        if (!str_equal(JSON_FIND_STR(&aliases->items[i], "Name"), qualifier)) continue;
        struct str target = JSON_FIND_STR(&aliases->items[i], "FunctionVersion");
        if (str_is(target, "$LATEST")) return JSON_FIND(record, "Latest");
        return find_numbered(record, target);
    }
    return NULL;
}

// Whether two configurations differ in nothing but what tells versions apart.
static bool is_same_version(const struct json *a, const struct json *b)
{
    static const char *const own[] = {"FunctionArn", "Version", "LastModified", "RevisionId",
                                      "Description"};
    for (uint32_t i = 0; i < a->size; i++) {
        struct str name = json_str(&a->members[i].name);
        bool is_own = false;
        for (size_t k = 0; k < ARRAY_COUNT(own); k++)
            is_own |= str_is(name, own[k]);
        if (is_own) continue;
        const struct json *other = json_find(b, name);
        if (other == NULL || !json_equal(&a->members[i].value, other)) return false;
    }
    return a->size == b->size;
}

// Append a snapshot of $LATEST to the versions of the (new) record, unless the last version is the
// same. Gives the version's configuration.
static struct json publish(struct lambda_edit *edit, const struct json *description)
{
    const struct json *record =
        json_is_object(&edit->new_record) ? &edit->new_record : edit->record;
    const struct json *versions = lambda_record_list(record, "Versions");
    const struct json *latest = JSON_FIND(record, "Latest");
    const struct json *counted = JSON_FIND(record, "VersionCount");
    int64_t count = 0;
    if (counted != NULL && !json_to_integer(counted, &count)) count = versions->size;
    if (versions->size > 0 && is_same_version(latest, &versions->items[versions->size - 1]))
        return versions->items[versions->size - 1];

    struct str number = arena_printf(edit->arena, "%lld", (long long)count + 1);
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, number);
    struct json version = with_member(edit->arena, latest, "Version", json_from_str(number));
    version = with_member(edit->arena, &version, "FunctionArn", json_from_str(arn));
    version = with_member(edit->arena, &version, "RevisionId", lambda_edit_make_revision(edit));
    if (description != NULL)
        version = with_member(edit->arena, &version, "Description", *description);
    struct json_items items;
    json_items_init(&items, edit->arena);
    for (uint32_t i = 0; i < versions->size; i++)
        json_items_append(&items, versions->items[i]);
    json_items_append(&items, version);
    lambda_edit_set_member(edit, "Versions", json_items_finish(&items));
    lambda_edit_set_member(edit, "VersionCount", json_from_integer(count + 1));
    return version;
}

static bool check_room_for_version(struct lambda_edit *edit)
{
    if (lambda_record_list(edit->record, "Versions")->size < LAMBDA_VERSIONS_MAX) return true;
    return lambda_exception_set(&edit->exception, edit->arena, 400,
                                STR("CodeStorageExceededException"),
                                "A function may have %d versions.", LAMBDA_VERSIONS_MAX);
}

static bool publish_version(struct lambda_edit *edit)
{
    struct lambda_constraints constraints;
    const struct lambda_string_rule rule = {.member = "Description", .size_max = 256};
    const struct json *latest = JSON_FIND(edit->record, "Latest");
    struct str sha256 = JSON_FIND_STR(latest, "CodeSha256");
    struct str wanted = JSON_FIND_STR(edit->parameters, "CodeSha256");
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *description = lambda_constraints_string(&constraints, &rule);
    if (!lambda_constraints_finish(&constraints) ||
        !lambda_edit_check_revision(edit, JSON_FIND_STR(latest, "RevisionId")) ||
        !check_room_for_version(edit))
        return false;
    if (wanted.size > 0 && !str_equal(wanted, sha256))
        return lambda_exception_invalid(
            &edit->exception, edit->arena,
            "CodeSHA256 (%" STR_FORMAT ") is different from current CodeSHA256 in $LATEST "
            "(%" STR_FORMAT "). Please try again with the CodeSHA256 in $LATEST.",
            STR_ARGS(wanted), STR_ARGS(sha256));
    edit->result = publish(edit, description);
    return true;
}

// The version's configuration with the ARN that lists show for $LATEST.
static bool list_versions(struct lambda_edit *edit)
{
    const struct json *versions = lambda_record_list(edit->record, "Versions");
    const struct json *latest = JSON_FIND(edit->record, "Latest");
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, STR("$LATEST"));
    struct json_items items;
    json_items_init(&items, edit->arena);
    json_items_append(&items, with_member(edit->arena, latest, "FunctionArn", json_from_str(arn)));
    for (uint32_t i = 0; i < versions->size; i++)
        json_items_append(&items, versions->items[i]);
    struct json all = json_items_finish(&items);
    return lambda_edit_page(edit, "Versions", &all, 50);
}

// ---------------------------------------------------------------------------------------------
// Functions

// Note the code of the edit in the configuration of $LATEST.
static struct json with_code(struct lambda_edit *edit, const struct json *configuration)
{
    assert(edit->code.sha256.size > 0);
    struct json changed =
        with_member(edit->arena, configuration, "CodeSha256", json_from_str(edit->code.sha256));
    return with_member(edit->arena, &changed, "CodeSize",
                       json_from_integer((int64_t)edit->code.size_bytes));
}

// A changed $LATEST: new time and revision.
static struct json with_revision(struct lambda_edit *edit, const struct json *configuration)
{
    struct json changed =
        with_member(edit->arena, configuration, "LastModified", render_modified(edit));
    return with_member(edit->arena, &changed, "RevisionId", lambda_edit_make_revision(edit));
}

static bool create_function(struct lambda_edit *edit)
{
    struct json latest, name = json_from_str(edit->name);
    if (edit->record != NULL)
        return lambda_exception_conflict(&edit->exception, edit->arena,
                                         "Function already exist: %" STR_FORMAT,
                                         STR_ARGS(edit->name));
    // The name may have come as an ARN.
    struct json request = with_member(edit->arena, edit->parameters, "FunctionName", name);
    if (!lambda_configuration_merge(edit->arena, NULL, &request, &latest, &edit->exception))
        return false;
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, STR(""));
    latest = with_member(edit->arena, &latest, "FunctionName", name);
    latest = with_member(edit->arena, &latest, "FunctionArn", json_from_str(arn));
    latest = with_code(edit, &latest);
    latest = with_revision(edit, &latest);
    struct json_members members;
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("Latest"), latest);
    edit->new_record = json_members_finish(&members);
    edit->result = latest;
    const struct json *tags = JSON_FIND(edit->parameters, "Tags");
    if (tags != NULL && !json_is_null(tags)) {
        struct json result = edit->result;
        if (!lambda_edit_tag_resource(edit)) return false;
        edit->result = result;
    }
    if (bool_member(edit->parameters, "Publish")) edit->result = publish(edit, NULL);
    return true;
}

static bool update_code(struct lambda_edit *edit)
{
    const struct json *latest = JSON_FIND(edit->record, "Latest");
    struct json list = json_null, architectures, changed = *latest;
    if (!lambda_edit_check_revision(edit, JSON_FIND_STR(latest, "RevisionId"))) return false;
    // Of the configuration, only the architecture may come with the code.
    const struct json *wanted = JSON_FIND(edit->parameters, "Architectures");
    if (wanted != NULL && !json_is_null(wanted)) {
        struct json_members members;
        json_members_init(&members, edit->arena);
        json_members_append(&members, STR("Architectures"), *wanted);
        list = json_members_finish(&members);
        if (!lambda_configuration_merge(edit->arena, latest, &list, &architectures,
                                        &edit->exception))
            return false;
        changed = architectures;
    }
    changed = with_code(edit, &changed);
    changed = with_revision(edit, &changed);
    edit->result = changed;
    if (bool_member(edit->parameters, "DryRun")) return true;
    lambda_edit_set_member(edit, "Latest", changed);
    if (!bool_member(edit->parameters, "Publish")) return true;
    if (!check_room_for_version(edit)) return false;
    edit->result = publish(edit, NULL);
    return true;
}

static bool update_configuration(struct lambda_edit *edit)
{
    const struct json *latest = JSON_FIND(edit->record, "Latest");
    struct json changed;
    if (!lambda_edit_check_revision(edit, JSON_FIND_STR(latest, "RevisionId"))) return false;
    if (!lambda_configuration_merge(edit->arena, latest, edit->parameters, &changed,
                                    &edit->exception))
        return false;
    changed = with_revision(edit, &changed);
    lambda_edit_set_member(edit, "Latest", changed);
    edit->result = changed;
    return true;
}

// The configuration that the request's qualifier names, as the service shows it then: its ARN ends
// with that qualifier.
static bool find_shown(struct lambda_edit *edit, struct json *ret_configuration)
{
    const struct json *found = lambda_record_find_version(edit->record, edit->qualifier);
    if (found == NULL) return lambda_edit_not_found(edit, edit->qualifier);
    *ret_configuration = *found;
    if (edit->qualifier.size == 0) return true;
    struct str arn =
        lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, edit->qualifier);
    *ret_configuration = with_member(edit->arena, found, "FunctionArn", json_from_str(arn));
    return true;
}

static bool get_configuration(struct lambda_edit *edit)
{
    return find_shown(edit, &edit->result);
}

static bool get_function(struct lambda_edit *edit)
{
    struct json configuration;
    struct json_members code, members;
    if (!find_shown(edit, &configuration)) return false;
    struct str link = arena_printf(
        edit->arena,
        "%" STR_FORMAT "/2015-03-31/functions/%" STR_FORMAT "/code?Qualifier=%" STR_FORMAT,
        STR_ARGS(edit->endpoint_url), STR_ARGS(edit->name),
        STR_ARGS(edit->qualifier.size > 0 ? edit->qualifier : STR("$LATEST")));
    json_members_init(&code, edit->arena);
    json_members_append(&code, STR("RepositoryType"), json_from_str(STR("S3")));
    json_members_append(&code, STR("Location"), json_from_str(link));
    json_members_init(&members, edit->arena);
    json_members_append(&members, STR("Configuration"), configuration);
    json_members_append(&members, STR("Code"), json_members_finish(&code));
    const struct json *tags = JSON_FIND(edit->record, "Tags");
    if (tags != NULL && tags->size > 0) json_members_append(&members, STR("Tags"), *tags);
    const struct json *reserved = JSON_FIND(edit->record, "Concurrency");
    if (reserved != NULL) {
        struct json_members concurrency;
        json_members_init(&concurrency, edit->arena);
        json_members_append(&concurrency, STR("ReservedConcurrentExecutions"), *reserved);
        json_members_append(&members, STR("Concurrency"), json_members_finish(&concurrency));
    }
    edit->result = json_members_finish(&members);
    return true;
}

// The name of an alias that points at the version; empty when none does.
static struct str find_alias_of(const struct json *record, struct str number)
{
    const struct json *aliases = lambda_record_list(record, "Aliases");
    for (uint32_t i = 0; i < aliases->size; i++) {
        const struct json *routing = JSON_FIND(&aliases->items[i], "RoutingConfig");
        const struct json *weights =
            routing == NULL ? NULL : JSON_FIND(routing, "AdditionalVersionWeights");
        if (str_equal(JSON_FIND_STR(&aliases->items[i], "FunctionVersion"), number) ||
            (weights != NULL && json_find(weights, number) != NULL))
            return JSON_FIND_STR(&aliases->items[i], "Name");
    }
    return STR("");
}

static bool delete_function(struct lambda_edit *edit)
{
    if (edit->qualifier.size == 0) {
        edit->is_deletion = true;
        return true;
    }
    if (str_is(edit->qualifier, "$LATEST"))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "$LATEST version cannot be deleted without deleting the "
                                        "function.");
    if (!lambda_qualifier_is_version(edit->qualifier))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Deletion of aliases is not currently supported.");
    const struct json *versions = lambda_record_list(edit->record, "Versions");
    struct str alias = find_alias_of(edit->record, edit->qualifier);
    if (alias.size > 0)
        return lambda_exception_conflict(
            &edit->exception, edit->arena,
            "Cannot delete version %" STR_FORMAT
            ". Please remove all references to it first (alias %" STR_FORMAT ").",
            STR_ARGS(edit->qualifier), STR_ARGS(alias));
    struct json_items items;
    json_items_init(&items, edit->arena);
    for (uint32_t i = 0; i < versions->size; i++) {
        if (!str_equal(JSON_FIND_STR(&versions->items[i], "Version"), edit->qualifier))
            json_items_append(&items, versions->items[i]);
    }
    // A version that is not there is as good as deleted, as in the service.
    struct json left = json_items_finish(&items);
    if (left.size < versions->size) lambda_edit_set_member(edit, "Versions", left);
    return true;
}

// ---------------------------------------------------------------------------------------------

static bool apply(enum lambda_operation_kind kind, struct lambda_edit *edit)
{
    switch (kind) {
    case LAMBDA_CREATE_FUNCTION: return create_function(edit);
    case LAMBDA_GET_FUNCTION: return get_function(edit);
    case LAMBDA_GET_FUNCTION_CONFIGURATION: return get_configuration(edit);
    case LAMBDA_UPDATE_FUNCTION_CODE: return update_code(edit);
    case LAMBDA_UPDATE_FUNCTION_CONFIGURATION: return update_configuration(edit);
    case LAMBDA_DELETE_FUNCTION: return delete_function(edit);
    case LAMBDA_PUBLISH_VERSION: return publish_version(edit);
    case LAMBDA_LIST_VERSIONS: return list_versions(edit);
    case LAMBDA_CREATE_ALIAS: return lambda_edit_create_alias(edit);
    case LAMBDA_GET_ALIAS: return lambda_edit_get_alias(edit);
    case LAMBDA_UPDATE_ALIAS: return lambda_edit_update_alias(edit);
    case LAMBDA_DELETE_ALIAS: return lambda_edit_delete_alias(edit);
    case LAMBDA_LIST_ALIASES: return lambda_edit_list_aliases(edit);
    case LAMBDA_PUT_CONCURRENCY: return lambda_edit_put_concurrency(edit);
    case LAMBDA_GET_CONCURRENCY: return lambda_edit_get_concurrency(edit);
    case LAMBDA_DELETE_CONCURRENCY: return lambda_edit_delete_concurrency(edit);
    case LAMBDA_TAG_RESOURCE: return lambda_edit_tag_resource(edit);
    case LAMBDA_UNTAG_RESOURCE: return lambda_edit_untag_resource(edit);
    case LAMBDA_LIST_TAGS: return lambda_edit_list_tags(edit);
    case LAMBDA_ADD_PERMISSION: return lambda_edit_add_permission(edit);
    case LAMBDA_GET_POLICY: return lambda_edit_get_policy(edit);
    case LAMBDA_REMOVE_PERMISSION: return lambda_edit_remove_permission(edit);
    case LAMBDA_GET_CODE: // These concern more than a record; see control.c.
    case LAMBDA_LIST_FUNCTIONS:
    case LAMBDA_GET_ACCOUNT_SETTINGS:
    case LAMBDA_OPERATION_COUNT: break;
    }
    assert(false); // Not an operation on one function.
    return false;
}

bool lambda_edit_apply(enum lambda_operation_kind kind, struct lambda_edit *edit)
{
    assert(!lambda_exception_is_set(&edit->exception));
    edit->new_record = json_null;
    edit->result = json_null;
    if (edit->record == NULL && kind != LAMBDA_CREATE_FUNCTION)
        return lambda_edit_not_found(edit, edit->qualifier);
    bool is_done = apply(kind, edit);
    assert(is_done != lambda_exception_is_set(&edit->exception));
    if (is_done && edit->arena->is_exhausted)
        return lambda_exception_service(&edit->exception, edit->arena, "Out of memory.");
    return is_done;
}
