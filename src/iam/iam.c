// Opening, closing, and replacing one snapshot by another.

#include "iam/iam.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "iam/registry.h"

enum {
    REGISTRY_ARENA_SIZE_MAX = 64 << 10,
    LOAD_ARENA_SIZE_MAX = 256 << 20,
    WARNED_ARENA_SIZE_MAX = 1 << 20, // Roles beyond this are not warned about any more.
};

const struct iam_limits iam_limits_default = {
    .roles = 1000,
    .users = 5000,
    .policies = 1500,
    .policy_versions = 5,
    .attached_policies = 10,
    .role_inline_size = 10240,
    .user_inline_size = 2048,
    .managed_policy_size = 6144,
    .trust_policy_size = 2048,
    .tags = 50,
    .access_keys = 2,
};

// ---------------------------------------------------------------------------------------------
// The registry

struct iam_identity *iam_registry_find_identity(struct iam *iam, enum iam_identity_kind kind,
                                                struct str name)
{
    char folded[128]; // Names are at most 64 characters; longer ones are nobody's.
    if (name.size > sizeof(folded)) return NULL;
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        folded[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    return map_find(&iam->identities[kind], (struct str){folded, name.size});
}

struct iam_managed_policy *iam_registry_find_policy(struct iam *iam, struct str policy_arn)
{
    return map_find(&iam->policies, policy_arn);
}

struct iam_policy *iam_registry_lookup_policy(void *context, struct str policy_arn)
{
    struct iam *iam = context;
    struct iam_managed_policy *policy = iam_registry_find_policy(iam, policy_arn);
    return policy == NULL ? NULL : iam_policy_ref(policy->policy);
}

static void count_attachments(struct iam *iam, const struct iam_identity *identity, int difference)
{
    for (size_t i = 0; i < identity->attachment_count; i++) {
        struct iam_managed_policy *policy =
            iam_registry_find_policy(iam, identity->attachments[i].policy_arn);
        if (policy == NULL) continue;
        atomic_fetch_add_explicit(&policy->attachment_count, (uint32_t)difference,
                                  memory_order_relaxed);
    }
}

static void forget_identity(struct iam *iam, struct iam_identity *identity)
{
    map_remove(&iam->identities[identity->kind], identity->folded_name);
    map_remove(&iam->identities_by_arn, identity->arn);
    for (size_t i = 0; i < identity->access_key_count; i++)
        map_remove(&iam->users_by_key, identity->access_keys[i].id);
    count_attachments(iam, identity, -1);
}

static bool remember_identity(struct iam *iam, struct iam_identity *identity)
{
    bool is_done = map_set(&iam->identities[identity->kind], identity->folded_name, identity) &&
                   map_set(&iam->identities_by_arn, identity->arn, identity);
    for (size_t i = 0; i < identity->access_key_count && is_done; i++)
        is_done = map_set(&iam->users_by_key, identity->access_keys[i].id, identity);
    count_attachments(iam, identity, 1);
    return is_done;
}

bool iam_registry_replace_identity(struct iam *iam, struct iam_identity *previous,
                                   struct iam_identity *next)
{
    if (previous != NULL) forget_identity(iam, previous);
    if (next != NULL && !remember_identity(iam, next)) {
        forget_identity(iam, next);
        // There was room for the previous one a moment ago.
        bool is_restored = previous == NULL || remember_identity(iam, previous);
        assert(is_restored);
        return false;
    }
    atomic_fetch_add_explicit(&iam->generation, 1, memory_order_release);
    iam_identity_unref(previous);
    return true;
}

static void forget_policy(struct iam *iam, struct iam_managed_policy *policy)
{
    map_remove(&iam->policies, policy->arn);
    if (!policy->is_aws) map_remove(&iam->policies_by_name, policy->folded_name);
}

static bool remember_policy(struct iam *iam, struct iam_managed_policy *policy)
{
    return map_set(&iam->policies, policy->arn, policy) &&
           (policy->is_aws || map_set(&iam->policies_by_name, policy->folded_name, policy));
}

static bool has_attached(const struct iam_identity *identity, struct str policy_arn)
{
    for (size_t i = 0; i < identity->attachment_count; i++) {
        if (str_equal(identity->attachments[i].policy_arn, policy_arn)) return true;
    }
    return false;
}

struct rebuilt {
    struct iam_identity *previous;
    struct iam_identity *next;
};

static enum status build_attached(struct iam *iam, struct str policy_arn, struct rebuilt *rebuilt,
                                  size_t *count)
{
    for (int kind = 0; kind < IAM_IDENTITY_KIND_COUNT; kind++) {
        MAP_EACH(entry, &iam->identities[kind])
        {
            struct iam_identity *identity = entry->value;
            if (!has_attached(identity, policy_arn)) continue;
            struct rebuilt *pair = &rebuilt[*count];
            enum status status = iam_identity_new(identity->kind, &identity->body, iam->account,
                                                  iam_registry_lookup_policy, iam, &pair->next);
            if (status != STATUS_OK) return status;
            pair->previous = identity;
            ++*count;
        }
    }
    return STATUS_OK;
}

// Roles and users carry the compiled policies that are attached to them, so a new default version
// makes new snapshots of all who have it: of all or, without memory, of none.
static bool rebuild_attached(struct iam *iam, struct str policy_arn)
{
    size_t identity_count = iam->identities[IAM_ROLE].count + iam->identities[IAM_USER].count;
    struct rebuilt *rebuilt = calloc(identity_count + 1, sizeof(*rebuilt));
    if (rebuilt == NULL) return false;
    size_t count = 0;
    bool is_built = build_attached(iam, policy_arn, rebuilt, &count) == STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (!is_built) {
            iam_identity_unref(rebuilt[i].next);
            continue;
        }
        // The same names go out and in, so there is room for them.
        bool is_replaced = iam_registry_replace_identity(iam, rebuilt[i].previous, rebuilt[i].next);
        assert(is_replaced);
    }
    free(rebuilt);
    return is_built;
}

bool iam_registry_replace_policy(struct iam *iam, struct iam_managed_policy *previous,
                                 struct iam_managed_policy *next)
{
    uint32_t attachments = previous == NULL ? 0 : atomic_load(&previous->attachment_count);
    if (previous != NULL) forget_policy(iam, previous);
    if (next != NULL) {
        atomic_store(&next->attachment_count, attachments);
        bool is_done =
            remember_policy(iam, next) && (attachments == 0 || rebuild_attached(iam, next->arn));
        if (!is_done) {
            forget_policy(iam, next);
            bool is_restored = previous == NULL || remember_policy(iam, previous);
            assert(is_restored); // There was room for it a moment ago.
            return false;
        }
    }
    atomic_fetch_add_explicit(&iam->generation, 1, memory_order_release);
    iam_managed_policy_unref(previous);
    return true;
}

void iam_registry_warn_unknown_role(struct iam *iam, struct str role_arn)
{
    pthread_mutex_lock(&iam->mutex);
    struct str copy;
    bool is_new = map_find(&iam->warned_roles, role_arn) == NULL &&
                  arena_copy_str(&iam->warned_arena, role_arn, &copy) &&
                  map_set(&iam->warned_roles, copy, iam);
    pthread_mutex_unlock(&iam->mutex);
    if (!is_new) return;
    log_warn("iam: role %" STR_FORMAT " does not exist; its executions may do everything",
             STR_ARGS(role_arn));
}

// ---------------------------------------------------------------------------------------------
// Opening and closing

static enum status load_aws_policies(struct iam *iam)
{
    for (size_t i = 0;; i++) {
        struct iam_managed_policy *policy;
        enum status status = iam_managed_policy_new_aws(i, &policy);
        if (status != STATUS_OK || policy == NULL) return status;
        if (!iam_registry_replace_policy(iam, NULL, policy)) {
            iam_managed_policy_unref(policy);
            return STATUS_NO_MEMORY;
        }
    }
}

static enum status load_policy(struct iam *iam, const struct json *body)
{
    struct iam_managed_policy *policy;
    enum status status = iam_managed_policy_new(body, iam->account, &policy);
    if (status != STATUS_OK) return status;
    if (iam_registry_replace_policy(iam, NULL, policy)) return STATUS_OK;
    iam_managed_policy_unref(policy);
    return STATUS_NO_MEMORY;
}

static enum status load_identity(struct iam *iam, enum iam_identity_kind kind,
                                 const struct json *body)
{
    struct iam_identity *identity;
    enum status status =
        iam_identity_new(kind, body, iam->account, iam_registry_lookup_policy, iam, &identity);
    if (status != STATUS_OK) return status;
    if (iam_registry_replace_identity(iam, NULL, identity)) return STATUS_OK;
    iam_identity_unref(identity);
    return STATUS_NO_MEMORY;
}

struct loading {
    struct store_task task;
    struct iam *iam;
    enum store_kind kind; // Being walked.
    struct arena arena;   // For one body at a time.
};

static enum status load_resource(void *context, struct str region, struct str name, struct str text)
{
    (void)region;
    struct loading *loading = context;
    struct json body;
    arena_reset(&loading->arena);
    enum status status = json_parse(&loading->arena, text, 0, &body, NULL);
    if (status == STATUS_INVALID) status = STATUS_CORRUPT;
    if (status == STATUS_OK && loading->kind == STORE_KIND_POLICY) {
        status = load_policy(loading->iam, &body);
    } else if (status == STATUS_OK) {
        bool is_role = loading->kind == STORE_KIND_ROLE;
        status = load_identity(loading->iam, is_role ? IAM_ROLE : IAM_USER, &body);
    }
    if (status != STATUS_OK) {
        log_error("iam: %s %" STR_FORMAT " cannot be loaded: %s", store_kind_name(loading->kind),
                  STR_ARGS(name), status_name(status));
    }
    return status;
}

// Policies first: roles and users look up what is attached to them.
static enum status load_all(struct store_task *task, struct store_tx *tx)
{
    static const enum store_kind kinds[] = {STORE_KIND_POLICY, STORE_KIND_ROLE, STORE_KIND_USER};
    struct loading *loading = CONTAINER_OF(task, struct loading, task);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        loading->kind = kinds[i];
        enum status status = store_resource_each(tx, kinds[i], load_resource, loading);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

static enum status load(struct iam *iam)
{
    enum status status = load_aws_policies(iam);
    if (status != STATUS_OK) return status;
    struct loading loading = {.task = {.mode = STORE_READ, .run = load_all}, .iam = iam};
    arena_init(&loading.arena, LOAD_ARENA_SIZE_MAX);
    status = store_run(iam->store, &loading.task);
    arena_release(&loading.arena);
    return status;
}

enum status iam_open(const struct iam_options *options, struct iam **ret_iam)
{
    struct iam *iam = calloc(1, sizeof(*iam));
    if (iam == NULL) return STATUS_NO_MEMORY;
    arena_init(&iam->arena, REGISTRY_ARENA_SIZE_MAX);
    arena_init(&iam->warned_arena, WARNED_ARENA_SIZE_MAX);
    pthread_mutex_init(&iam->mutex, NULL);
    random_init_system(&iam->random);
    atomic_init(&iam->generation, 1);
    iam->is_strict = options->is_strict;
    iam->store = options->store;
    iam->clock = options->clock;
    iam->limits = options->limits == NULL ? iam_limits_default : *options->limits;
    enum status status = STATUS_NO_MEMORY;
    if (arena_copy_str(&iam->arena, options->account, &iam->account)) {
        pthread_mutex_lock(&iam->mutex);
        status = load(iam);
        pthread_mutex_unlock(&iam->mutex);
    }
    if (status != STATUS_OK) {
        iam_close(iam);
        return status;
    }
    *ret_iam = iam;
    return STATUS_OK;
}

void iam_close(struct iam *iam)
{
    if (iam == NULL) return;
    for (int kind = 0; kind < IAM_IDENTITY_KIND_COUNT; kind++) {
        MAP_EACH(entry, &iam->identities[kind])
        {
            iam_identity_unref(entry->value);
        }
        map_release(&iam->identities[kind]);
    }
    MAP_EACH(entry, &iam->policies)
    {
        iam_managed_policy_unref(entry->value);
    }
    map_release(&iam->identities_by_arn);
    map_release(&iam->users_by_key);
    map_release(&iam->policies);
    map_release(&iam->policies_by_name);
    map_release(&iam->warned_roles);
    pthread_mutex_destroy(&iam->mutex);
    arena_release(&iam->warned_arena);
    arena_release(&iam->arena);
    free(iam);
}
