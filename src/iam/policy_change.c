// Operations on the customer's managed policies.

#include <assert.h>

#include "iam/body.h"
#include "iam/change.h"
#include "iam/registry.h"

static enum status find(struct iam_change *change, struct str policy_arn,
                        struct iam_managed_policy **ret_policy)
{
    *ret_policy = iam_registry_find_policy(change->iam, policy_arn);
    if (*ret_policy == NULL) {
        return iam_change_refuse(change, "NoSuchEntity", 404,
                                 "Policy %" STR_FORMAT " was not found.", STR_ARGS(policy_arn));
    }
    if (!(*ret_policy)->is_aws) return STATUS_OK;
    return iam_change_refuse(change, "AccessDenied", 403, "Policy is outside your own account.");
}

static enum status check_document(struct iam_change *change, struct str document)
{
    return iam_change_check_document(change, document, IAM_POLICY_IDENTITY,
                                     change->iam->limits.managed_policy_size, "PolicySize");
}

static struct json version_body(struct iam_change *change, struct str id, struct str document)
{
    struct json_members members;
    json_members_init(&members, change->arena);
    json_members_append(&members, STR("id"), json_from_str(id));
    json_members_append(&members, STR("document"), json_from_str(document));
    json_members_append(&members, STR("created"),
                        json_from_integer(clock_unix_ms(change->iam->clock)));
    return json_members_finish(&members);
}

// ---------------------------------------------------------------------------------------------
// Creating and deleting

static enum status check_is_new(struct iam_change *change, struct str name)
{
    struct iam *iam = change->iam;
    struct str folded;
    if (!iam_fold_name(change->arena, name, &folded)) return STATUS_NO_MEMORY;
    if (map_find(&iam->policies_by_name, folded) != NULL) {
        return iam_change_refuse(change, "EntityAlreadyExists", 409,
                                 "A policy called %" STR_FORMAT
                                 " already exists. Duplicate names are not allowed.",
                                 STR_ARGS(name));
    }
    if (iam->policies_by_name.count < iam->limits.policies) return STATUS_OK;
    return iam_refuse_limit(change, "Cannot exceed quota for CustomerManagedPolicies: %u",
                            iam->limits.policies);
}

static enum status create(struct iam_change *change, const struct iam_policy_settings *settings)
{
    struct json tags;
    enum status status = check_is_new(change, settings->name);
    if (status != STATUS_OK) return status;
    status =
        iam_change_tags(change, &json_empty_object, settings->tags, settings->tag_count, &tags);
    if (status != STATUS_OK) return status;
    struct str path = settings->path.size > 0 ? settings->path : STR("/");
    struct json now = json_from_integer(clock_unix_ms(change->iam->clock));
    struct json version = version_body(change, STR("v1"), settings->document);
    struct json_members members;
    json_members_init(&members, change->arena);
    json_members_append(&members, STR("name"), json_from_str(settings->name));
    json_members_append(&members, STR("path"), json_from_str(path));
    json_members_append(&members, STR("id"), json_from_str(iam_change_id(change, "ANPA", 17)));
    json_members_append(&members, STR("description"), json_from_str(settings->description));
    json_members_append(&members, STR("created"), now);
    json_members_append(&members, STR("updated"), now);
    json_members_append(&members, STR("default"), json_from_str(STR("v1")));
    json_members_append(&members, STR("versionLast"), json_from_integer(1));
    json_members_append(&members, STR("versions"), json_from_items(&version, 1));
    json_members_append(&members, STR("tags"), tags);
    struct json body = json_members_finish(&members);
    return iam_change_policy(change, NULL, &body);
}

enum status iam_managed_policy_create(struct iam_change *change,
                                      const struct iam_policy_settings *settings)
{
    enum status status = check_document(change, settings->document);
    if (status != STATUS_OK) return status;
    pthread_mutex_lock(&change->iam->mutex);
    status = create(change, settings);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

static enum status check_is_unused(struct iam_change *change,
                                   const struct iam_managed_policy *policy)
{
    if (atomic_load(&policy->attachment_count) > 0) {
        return iam_change_refuse(change, "DeleteConflict", 409,
                                 "Cannot delete a policy attached to entities.");
    }
    if (policy->version_count == 1) return STATUS_OK;
    return iam_change_refuse(change, "DeleteConflict", 409,
                             "This policy has more than one version. Before you delete a policy, "
                             "you must delete the policy's versions. The default version is "
                             "deleted with the policy.");
}

enum status iam_managed_policy_delete(struct iam_change *change, struct str policy_arn)
{
    struct iam_managed_policy *policy;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) status = check_is_unused(change, policy);
    if (status == STATUS_OK) status = iam_change_delete_policy(change, policy);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Versions

// The body with other versions and, unless it is empty, another default.
static enum status change_versions(struct iam_change *change, struct iam_managed_policy *policy,
                                   struct json versions, struct str default_id, int64_t last)
{
    struct arena *arena = change->arena;
    struct json now = json_from_integer(clock_unix_ms(change->iam->clock));
    struct json last_value = json_from_integer(last);
    struct json default_value = json_from_str(default_id);
    const struct json *body = json_with_member(arena, &policy->body, STR("versions"), &versions);
    if (body != NULL) body = json_with_member(arena, body, STR("versionLast"), &last_value);
    if (body != NULL) body = json_with_member(arena, body, STR("updated"), &now);
    if (body != NULL && default_id.size > 0) {
        body = json_with_member(arena, body, STR("default"), &default_value);
    }
    return body == NULL ? STATUS_NO_MEMORY : iam_change_policy(change, policy, body);
}

static enum status create_version(struct iam_change *change, struct iam_managed_policy *policy,
                                  struct str document, bool is_default)
{
    uint32_t versions_max = change->iam->limits.policy_versions;
    if (policy->version_count >= versions_max) {
        return iam_refuse_limit(change,
                                "A managed policy can have up to %u versions. Before you create a "
                                "new version, you must delete an existing version.",
                                versions_max);
    }
    int64_t number = iam_body_integer(&policy->body, STR("versionLast")) + 1;
    struct str id = arena_printf(change->arena, "v%lld", (long long)number);
    struct json version = version_body(change, id, document);
    struct json versions = iam_body_items_with(
        change->arena, iam_body_items(&policy->body, STR("versions")), STR("id"), &version);
    return change_versions(change, policy, versions, is_default ? id : STR(""), number);
}

enum status iam_managed_policy_create_version(struct iam_change *change, struct str policy_arn,
                                              struct str document, bool is_default)
{
    struct iam_managed_policy *policy;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) status = check_document(change, document);
    if (status == STATUS_OK) status = create_version(change, policy, document, is_default);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

static enum status check_version(struct iam_change *change, const struct iam_managed_policy *policy,
                                 struct str version_id)
{
    if (iam_managed_policy_find_version(policy, version_id) != NULL) return STATUS_OK;
    return iam_change_refuse(change, "NoSuchEntity", 404,
                             "Policy %" STR_FORMAT " version %" STR_FORMAT
                             " does not exist or is not attachable.",
                             STR_ARGS(policy->arn), STR_ARGS(version_id));
}

enum status iam_managed_policy_set_default(struct iam_change *change, struct str policy_arn,
                                           struct str version_id)
{
    struct iam_managed_policy *policy;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) status = check_version(change, policy, version_id);
    if (status == STATUS_OK) {
        status = change_versions(change, policy, iam_body_items(&policy->body, STR("versions")),
                                 version_id, iam_body_integer(&policy->body, STR("versionLast")));
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_managed_policy_delete_version(struct iam_change *change, struct str policy_arn,
                                              struct str version_id)
{
    struct iam_managed_policy *policy;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) status = check_version(change, policy, version_id);
    if (status == STATUS_OK && str_equal(policy->default_version->id, version_id)) {
        status = iam_change_refuse(change, "DeleteConflict", 409,
                                   "Cannot delete the default version of a policy.");
    }
    if (status == STATUS_OK) {
        struct json versions = iam_body_items_without(
            change->arena, iam_body_items(&policy->body, STR("versions")), STR("id"), version_id);
        status = change_versions(change, policy, versions, STR(""),
                                 iam_body_integer(&policy->body, STR("versionLast")));
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Tags

static enum status change_tags(struct iam_change *change, struct iam_managed_policy *policy,
                               struct json tags)
{
    const struct json *body = json_with_member(change->arena, &policy->body, STR("tags"), &tags);
    return body == NULL ? STATUS_NO_MEMORY : iam_change_policy(change, policy, body);
}

enum status iam_managed_policy_tag(struct iam_change *change, struct str policy_arn,
                                   const struct iam_tag *tags, size_t tag_count)
{
    struct iam_managed_policy *policy;
    struct json items;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) {
        status = iam_change_tags(change, &policy->body, tags, tag_count, &items);
    }
    if (status == STATUS_OK) status = change_tags(change, policy, items);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_managed_policy_untag(struct iam_change *change, struct str policy_arn,
                                     const struct str *keys, size_t key_count)
{
    struct iam_managed_policy *policy;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, policy_arn, &policy);
    if (status == STATUS_OK) {
        struct json items = iam_change_untag(change, &policy->body, keys, key_count);
        status = change_tags(change, policy, items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}
