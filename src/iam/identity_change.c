// Operations on roles and users: each makes a new body from the old one.

#include <assert.h>

#include "base/encoding.h"
#include "iam/body.h"
#include "iam/change.h"
#include "iam/registry.h"

// ---------------------------------------------------------------------------------------------
// Finding, and what may be wrong

static const char *kind_word(enum iam_identity_kind kind)
{
    return kind == IAM_ROLE ? "role" : "user";
}

static enum status find(struct iam_change *change, enum iam_identity_kind kind, struct str name,
                        struct iam_identity **ret_identity)
{
    *ret_identity = iam_registry_find_identity(change->iam, kind, name);
    if (*ret_identity != NULL) return STATUS_OK;
    return iam_change_refuse(change, "NoSuchEntity", 404,
                             "The %s with name %" STR_FORMAT " cannot be found.", kind_word(kind),
                             STR_ARGS(name));
}

static enum status check_is_new(struct iam_change *change, enum iam_identity_kind kind,
                                struct str name)
{
    struct iam *iam = change->iam;
    if (iam_registry_find_identity(iam, kind, name) != NULL) {
        return iam_change_refuse(change, "EntityAlreadyExists", 409,
                                 "%s with name %" STR_FORMAT " already exists.",
                                 kind == IAM_ROLE ? "Role" : "User", STR_ARGS(name));
    }
    uint32_t count_max = kind == IAM_ROLE ? iam->limits.roles : iam->limits.users;
    if (iam->identities[kind].count < count_max) return STATUS_OK;
    return iam_refuse_limit(change, "Cannot exceed quota for %sPerAccount: %u",
                            kind == IAM_ROLE ? "Roles" : "Users", count_max);
}

// Replace one member of an identity's body.
static enum status change_member(struct iam_change *change, struct iam_identity *identity,
                                 struct str name, const struct json *value)
{
    const struct json *body = json_with_member(change->arena, &identity->body, name, value);
    if (body == NULL) return STATUS_NO_MEMORY;
    return iam_change_identity(change, identity->kind, identity, body);
}

static struct json object_of(struct arena *arena, struct str first_name, struct str first,
                             struct str second_name, struct str second)
{
    struct json_members members;
    json_members_init(&members, arena);
    json_members_append(&members, first_name, json_from_str(first));
    if (second_name.size > 0) json_members_append(&members, second_name, json_from_str(second));
    return json_members_finish(&members);
}

// ---------------------------------------------------------------------------------------------
// Creating and deleting

static enum status begin_body(struct iam_change *change, struct json_members *members,
                              enum iam_identity_kind kind, struct str name, struct str path)
{
    struct iam *iam = change->iam;
    struct str id = iam_change_id(change, kind == IAM_ROLE ? "AROA" : "AIDA", 17);
    json_members_init(members, change->arena);
    json_members_append(members, STR("name"), json_from_str(name));
    json_members_append(members, STR("path"), json_from_str(path.size > 0 ? path : STR("/")));
    json_members_append(members, STR("id"), json_from_str(id));
    json_members_append(members, STR("created"), json_from_integer(clock_unix_ms(iam->clock)));
    return change->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status add_tags(struct iam_change *change, struct json_members *members,
                            const struct iam_tag *tags, size_t tag_count)
{
    struct json items;
    enum status status = iam_change_tags(change, &json_empty_object, tags, tag_count, &items);
    if (status == STATUS_OK) json_members_append(members, STR("tags"), items);
    return status;
}

static enum status create_role(struct iam_change *change, const struct iam_role_settings *settings)
{
    enum status status = check_is_new(change, IAM_ROLE, settings->name);
    if (status != STATUS_OK) return status;
    struct json_members members;
    status = begin_body(change, &members, IAM_ROLE, settings->name, settings->path);
    if (status != STATUS_OK) return status;
    int32_t seconds = settings->session_duration_max_s;
    json_members_append(&members, STR("trust"), json_from_str(settings->trust_document));
    json_members_append(&members, STR("description"), json_from_str(settings->description));
    json_members_append(&members, STR("sessionSeconds"),
                        json_from_integer(seconds == 0 ? 3600 : seconds));
    status = add_tags(change, &members, settings->tags, settings->tag_count);
    if (status != STATUS_OK) return status;
    struct json body = json_members_finish(&members);
    return iam_change_identity(change, IAM_ROLE, NULL, &body);
}

static enum status check_trust(struct iam_change *change, struct str document)
{
    return iam_change_check_document(change, document, IAM_POLICY_TRUST,
                                     change->iam->limits.trust_policy_size, "ACLSizePerRole");
}

enum status iam_role_create(struct iam_change *change, const struct iam_role_settings *settings)
{
    enum status status = check_trust(change, settings->trust_document);
    if (status != STATUS_OK) return status;
    pthread_mutex_lock(&change->iam->mutex);
    status = create_role(change, settings);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_user_create(struct iam_change *change, struct str name, struct str path,
                            const struct iam_tag *tags, size_t tag_count)
{
    struct json_members members;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = check_is_new(change, IAM_USER, name);
    if (status == STATUS_OK) status = begin_body(change, &members, IAM_USER, name, path);
    if (status == STATUS_OK) status = add_tags(change, &members, tags, tag_count);
    if (status == STATUS_OK) {
        struct json body = json_members_finish(&members);
        status = iam_change_identity(change, IAM_USER, NULL, &body);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

static enum status check_is_bare(struct iam_change *change, const struct iam_identity *identity)
{
    const char *what = NULL;
    if (identity->attachment_count > 0) what = "detach all policies";
    if (identity->inline_policy_count > 0) what = "delete policies";
    if (identity->access_key_count > 0) what = "delete access keys";
    if (what == NULL) return STATUS_OK;
    return iam_change_refuse(change, "DeleteConflict", 409, "Cannot delete entity, must %s first.",
                             what);
}

enum status iam_identity_delete(struct iam_change *change, enum iam_identity_kind kind,
                                struct str name)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) status = check_is_bare(change, identity);
    if (status == STATUS_OK) status = iam_change_delete_identity(change, identity);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Changing what a role is

static enum status update_role(struct iam_change *change, struct iam_identity *role,
                               const struct str *description, int32_t session_duration_max_s)
{
    const struct json *body = &role->body;
    if (description != NULL) {
        struct json value = json_from_str(*description);
        body = json_with_member(change->arena, body, STR("description"), &value);
        if (body == NULL) return STATUS_NO_MEMORY;
    }
    if (session_duration_max_s != 0) {
        struct json value = json_from_integer(session_duration_max_s);
        body = json_with_member(change->arena, body, STR("sessionSeconds"), &value);
        if (body == NULL) return STATUS_NO_MEMORY;
    }
    return iam_change_identity(change, IAM_ROLE, role, body);
}

enum status iam_role_update(struct iam_change *change, struct str name,
                            const struct str *description, int32_t session_duration_max_s)
{
    struct iam_identity *role;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, IAM_ROLE, name, &role);
    if (status == STATUS_OK) {
        status = update_role(change, role, description, session_duration_max_s);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_role_update_trust(struct iam_change *change, struct str name, struct str document)
{
    struct iam_identity *role;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, IAM_ROLE, name, &role);
    if (status == STATUS_OK) status = check_trust(change, document);
    if (status == STATUS_OK) {
        struct json value = json_from_str(document);
        status = change_member(change, role, STR("trust"), &value);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Tags

enum status iam_identity_tag(struct iam_change *change, enum iam_identity_kind kind,
                             struct str name, const struct iam_tag *tags, size_t tag_count)
{
    struct iam_identity *identity;
    struct json items;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) {
        status = iam_change_tags(change, &identity->body, tags, tag_count, &items);
    }
    if (status == STATUS_OK) status = change_member(change, identity, STR("tags"), &items);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_identity_untag(struct iam_change *change, enum iam_identity_kind kind,
                               struct str name, const struct str *keys, size_t key_count)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) {
        struct json items = iam_change_untag(change, &identity->body, keys, key_count);
        status = change_member(change, identity, STR("tags"), &items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Inline policies

static const struct iam_inline_policy *find_inline(const struct iam_identity *identity,
                                                   struct str policy_name)
{
    for (size_t i = 0; i < identity->inline_policy_count; i++) {
        if (str_equal(identity->inline_policies[i].name, policy_name)) {
            return &identity->inline_policies[i];
        }
    }
    return NULL;
}

static enum status check_inline_size(struct iam_change *change, const struct iam_identity *identity,
                                     struct str policy_name, struct str document)
{
    const struct iam_limits *limits = &change->iam->limits;
    bool is_role = identity->kind == IAM_ROLE;
    size_t size_max = is_role ? limits->role_inline_size : limits->user_inline_size;
    size_t size = iam_document_size(document);
    for (size_t i = 0; i < identity->inline_policy_count; i++) {
        const struct iam_inline_policy *other = &identity->inline_policies[i];
        if (!str_equal(other->name, policy_name)) size += iam_document_size(other->document);
    }
    if (size <= size_max) return STATUS_OK;
    return iam_refuse_limit(change, "Maximum policy size of %zu bytes exceeded for %s %" STR_FORMAT,
                            size_max, kind_word(identity->kind), STR_ARGS(identity->name));
}

// The list with the policy, in the order of names.
static struct json with_inline(struct iam_change *change, const struct iam_identity *identity,
                               struct str policy_name, struct str document)
{
    struct json entry =
        object_of(change->arena, STR("name"), policy_name, STR("document"), document);
    struct json items = iam_body_items(&identity->body, STR("inline"));
    struct json_items list;
    json_items_init(&list, change->arena);
    bool is_placed = false;
    for (uint32_t i = 0; i < items.size; i++) {
        int order = str_compare(JSON_FIND_STR(&items.items[i], "name"), policy_name);
        if (order >= 0 && !is_placed) {
            json_items_append(&list, entry);
            is_placed = true;
        }
        if (order != 0) json_items_append(&list, items.items[i]);
    }
    if (!is_placed) json_items_append(&list, entry);
    return json_items_finish(&list);
}

enum status iam_identity_put_policy(struct iam_change *change, enum iam_identity_kind kind,
                                    struct str name, struct str policy_name, struct str document)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) {
        status = check_inline_size(change, identity, policy_name, document);
    }
    if (status == STATUS_OK) {
        status = iam_change_check_document(change, document, IAM_POLICY_IDENTITY, UINT32_MAX, "");
    }
    if (status == STATUS_OK) {
        struct json items = with_inline(change, identity, policy_name, document);
        status = change_member(change, identity, STR("inline"), &items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_identity_delete_policy(struct iam_change *change, enum iam_identity_kind kind,
                                       struct str name, struct str policy_name)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK && find_inline(identity, policy_name) == NULL) {
        status = iam_change_refuse(change, "NoSuchEntity", 404,
                                   "The %s policy with name %" STR_FORMAT " cannot be found.",
                                   kind_word(kind), STR_ARGS(policy_name));
    }
    if (status == STATUS_OK) {
        struct json items =
            iam_body_items_without(change->arena, iam_body_items(&identity->body, STR("inline")),
                                   STR("name"), policy_name);
        status = change_member(change, identity, STR("inline"), &items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Attached policies

static bool is_attached(const struct iam_identity *identity, struct str policy_arn)
{
    for (size_t i = 0; i < identity->attachment_count; i++) {
        if (str_equal(identity->attachments[i].policy_arn, policy_arn)) return true;
    }
    return false;
}

static enum status attach(struct iam_change *change, struct iam_identity *identity,
                          struct str policy_arn)
{
    struct iam *iam = change->iam;
    if (iam_registry_find_policy(iam, policy_arn) == NULL) {
        return iam_change_refuse(change, "NoSuchEntity", 404,
                                 "Policy %" STR_FORMAT " does not exist or is not attachable.",
                                 STR_ARGS(policy_arn));
    }
    uint32_t count_max = iam->limits.attached_policies;
    if (!is_attached(identity, policy_arn) && identity->attachment_count >= count_max) {
        return iam_refuse_limit(change, "Cannot exceed quota for PoliciesPer%s: %u",
                                identity->kind == IAM_ROLE ? "Role" : "User", count_max);
    }
    struct json entry = object_of(change->arena, STR("arn"), policy_arn, STR(""), STR(""));
    struct json items = iam_body_items_with(
        change->arena, iam_body_items(&identity->body, STR("attached")), STR("arn"), &entry);
    return change_member(change, identity, STR("attached"), &items);
}

enum status iam_identity_attach(struct iam_change *change, enum iam_identity_kind kind,
                                struct str name, struct str policy_arn)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) status = attach(change, identity, policy_arn);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

static enum status detach(struct iam_change *change, struct iam_identity *identity,
                          struct str policy_arn)
{
    if (!is_attached(identity, policy_arn)) {
        return iam_change_refuse(change, "NoSuchEntity", 404,
                                 "Policy %" STR_FORMAT " was not found.", STR_ARGS(policy_arn));
    }
    struct json items = iam_body_items_without(
        change->arena, iam_body_items(&identity->body, STR("attached")), STR("arn"), policy_arn);
    return change_member(change, identity, STR("attached"), &items);
}

enum status iam_identity_detach(struct iam_change *change, enum iam_identity_kind kind,
                                struct str name, struct str policy_arn)
{
    struct iam_identity *identity;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, kind, name, &identity);
    if (status == STATUS_OK) status = detach(change, identity, policy_arn);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Access keys

static struct str new_secret(struct iam_change *change)
{
    unsigned char bytes[30]; // 40 letters in base64.
    random_secret(bytes, sizeof(bytes));
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    encoding_base64_encode(&buffer, (struct str){(const char *)bytes, sizeof(bytes)});
    struct str secret = STR("");
    return buffer_copy_to_arena(&buffer, change->arena, &secret) ? secret : STR("");
}

static struct json key_body(struct iam_change *change, const struct iam_access_key *key)
{
    struct json_members members;
    json_members_init(&members, change->arena);
    json_members_append(&members, STR("id"), json_from_str(key->id));
    json_members_append(&members, STR("secret"), json_from_str(key->secret));
    json_members_append(&members, STR("active"), json_from_bool(key->is_active));
    json_members_append(&members, STR("created"), json_from_integer(key->created_unix_ms));
    return json_members_finish(&members);
}

static enum status create_key(struct iam_change *change, struct iam_identity *user)
{
    struct iam *iam = change->iam;
    if (user->access_key_count >= iam->limits.access_keys) {
        return iam_refuse_limit(change, "Cannot exceed quota for AccessKeysPerUser: %u",
                                iam->limits.access_keys);
    }
    struct iam_access_key key = {
        .id = iam_change_id(change, "AKIA", 16),
        .secret = new_secret(change),
        .is_active = true,
        .created_unix_ms = clock_unix_ms(iam->clock),
    };
    if (key.id.size == 0 || key.secret.size == 0) return STATUS_NO_MEMORY;
    struct json entry = key_body(change, &key);
    struct json items = iam_body_items_with(change->arena, iam_body_items(&user->body, STR("keys")),
                                            STR("id"), &entry);
    return change_member(change, user, STR("keys"), &items);
}

enum status iam_access_key_create(struct iam_change *change, struct str user_name)
{
    struct iam_identity *user;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, IAM_USER, user_name, &user);
    if (status == STATUS_OK) status = create_key(change, user);
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

static enum status find_key(struct iam_change *change, const struct iam_identity *user,
                            struct str key_id, struct iam_access_key *ret_key)
{
    for (size_t i = 0; i < user->access_key_count; i++) {
        if (!str_equal(user->access_keys[i].id, key_id)) continue;
        *ret_key = user->access_keys[i];
        return STATUS_OK;
    }
    return iam_change_refuse(change, "NoSuchEntity", 404,
                             "The Access Key with id %" STR_FORMAT " cannot be found.",
                             STR_ARGS(key_id));
}

enum status iam_access_key_update(struct iam_change *change, struct str user_name,
                                  struct str key_id, bool is_active)
{
    struct iam_identity *user;
    struct iam_access_key key;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, IAM_USER, user_name, &user);
    if (status == STATUS_OK) status = find_key(change, user, key_id, &key);
    if (status == STATUS_OK) {
        key.is_active = is_active;
        struct json entry = key_body(change, &key);
        struct json items = iam_body_items_with(
            change->arena, iam_body_items(&user->body, STR("keys")), STR("id"), &entry);
        status = change_member(change, user, STR("keys"), &items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}

enum status iam_access_key_delete(struct iam_change *change, struct str user_name,
                                  struct str key_id)
{
    struct iam_identity *user;
    struct iam_access_key key;
    pthread_mutex_lock(&change->iam->mutex);
    enum status status = find(change, IAM_USER, user_name, &user);
    if (status == STATUS_OK) status = find_key(change, user, key_id, &key);
    if (status == STATUS_OK) {
        struct json items = iam_body_items_without(
            change->arena, iam_body_items(&user->body, STR("keys")), STR("id"), key_id);
        status = change_member(change, user, STR("keys"), &items);
    }
    pthread_mutex_unlock(&change->iam->mutex);
    return status;
}
