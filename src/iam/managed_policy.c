// From a body, or a line of the table of policies that AWS provides, to a snapshot.

#include "iam/managed_policy.h"

#include <assert.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "iam/body.h"

enum { MANAGED_POLICY_ARENA_SIZE_MAX = 64 << 20 };

struct iam_managed_policy *iam_managed_policy_ref(struct iam_managed_policy *policy)
{
    atomic_fetch_add_explicit(&policy->reference_count, 1, memory_order_relaxed);
    return policy;
}

static void release_policy(struct iam_managed_policy *policy)
{
    iam_policy_unref(policy->policy);
    struct arena arena = policy->arena; // The policy lies in its own arena.
    arena_release(&arena);
}

void iam_managed_policy_unref(struct iam_managed_policy *policy)
{
    if (policy == NULL) return;
    if (atomic_fetch_sub_explicit(&policy->reference_count, 1, memory_order_acq_rel) != 1) return;
    release_policy(policy);
}

const struct iam_policy_version *
iam_managed_policy_find_version(const struct iam_managed_policy *policy, struct str version_id)
{
    for (size_t i = 0; i < policy->version_count; i++) {
        if (str_equal(policy->versions[i].id, version_id)) return &policy->versions[i];
    }
    return NULL;
}

static struct iam_managed_policy *new_policy(void)
{
    struct arena arena;
    arena_init(&arena, MANAGED_POLICY_ARENA_SIZE_MAX);
    struct iam_managed_policy *policy = ARENA_NEW(&arena, struct iam_managed_policy);
    if (policy == NULL) return NULL;
    atomic_init(&policy->reference_count, 1);
    atomic_init(&policy->attachment_count, 0);
    policy->arena = arena;
    return policy;
}

// What remains once the fields are set: the ARN and the compiled default version.
static enum status complete_policy(struct iam_managed_policy *policy, struct str account)
{
    struct arena *arena = &policy->arena;
    struct str message = {0};
    if (policy->default_version == NULL || policy->name.size == 0) return STATUS_CORRUPT;
    policy->arn =
        arena_printf(arena, "arn:aws:iam::%" STR_FORMAT ":policy%" STR_FORMAT "%" STR_FORMAT,
                     STR_ARGS(account), STR_ARGS(policy->path), STR_ARGS(policy->name));
    if (!iam_fold_name(arena, policy->name, &policy->folded_name)) return STATUS_NO_MEMORY;
    enum status status = iam_policy_parse(policy->default_version->document, IAM_POLICY_IDENTITY,
                                          arena, &policy->policy, &message);
    if (status == STATUS_INVALID) {
        log_error("iam: the stored policy %" STR_FORMAT " is malformed: %" STR_FORMAT,
                  STR_ARGS(policy->arn), STR_ARGS(message));
        return STATUS_CORRUPT;
    }
    if (status == STATUS_OK && arena->is_exhausted) return STATUS_NO_MEMORY;
    return status;
}

static enum status read_versions(struct iam_managed_policy *policy)
{
    struct json items = iam_body_items(&policy->body, STR("versions"));
    struct iam_policy_version *versions =
        arena_alloc_array(&policy->arena, items.size, sizeof(*versions));
    if (versions == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < items.size; i++) {
        versions[i] = (struct iam_policy_version){
            .id = JSON_FIND_STR(&items.items[i], "id"),
            .document = JSON_FIND_STR(&items.items[i], "document"),
            .created_unix_ms = iam_body_integer(&items.items[i], STR("created")),
        };
    }
    policy->versions = versions;
    policy->version_count = items.size;
    policy->default_version =
        iam_managed_policy_find_version(policy, JSON_FIND_STR(&policy->body, "default"));
    return STATUS_OK;
}

static enum status read_body(struct iam_managed_policy *policy, struct str account)
{
    const struct json *body = &policy->body;
    policy->name = JSON_FIND_STR(body, "name");
    policy->path = JSON_FIND_STR(body, "path");
    policy->id = JSON_FIND_STR(body, "id");
    policy->description = JSON_FIND_STR(body, "description");
    policy->created_unix_ms = iam_body_integer(body, STR("created"));
    policy->updated_unix_ms = iam_body_integer(body, STR("updated"));
    if (!iam_body_tags(&policy->arena, body, &policy->tags, &policy->tag_count)) {
        return STATUS_NO_MEMORY;
    }
    enum status status = read_versions(policy);
    return status == STATUS_OK ? complete_policy(policy, account) : status;
}

enum status iam_managed_policy_new(const struct json *body, struct str account,
                                   struct iam_managed_policy **ret_policy)
{
    struct iam_managed_policy *policy = new_policy();
    if (policy == NULL) return STATUS_NO_MEMORY;
    enum status status = STATUS_NO_MEMORY;
    if (json_copy(&policy->arena, body, &policy->body)) {
        policy->body_text = json_render_to_arena(&policy->arena, &policy->body);
        status = read_body(policy, account);
    }
    if (status != STATUS_OK) {
        release_policy(policy);
        return status;
    }
    *ret_policy = policy;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// The policies that AWS provides

static const struct aws_policy {
    const char *name;
    const char *path;
    const char *version_id;
    const char *created;
    const char *updated;
    const char *description;
    const char *statements;
} aws_policies[] = {
#define X(name, path, version_id, created, updated, description, statements)                       \
    {name, path, version_id, created, updated, description, statements},
#include "iam/aws_policy.def"
#undef X
};

static int64_t table_time(const char *text)
{
    int64_t unix_ms = 0;
    bool is_valid = clock_parse_rfc3339(str_from_c(text), &unix_ms, NULL);
    assert(is_valid);
    return unix_ms;
}

// An id that is the same in every process: AWS's are stable too.
static struct str table_id(struct arena *arena, struct str name)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char digest[DIGEST_SIZE_MAX];
    char text[17];
    digest_compute(DIGEST_SHA256, name, digest);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = alphabet[digest[i] % 32];
    return arena_printf(arena, "ANPA%.*s", (int)sizeof(text), text);
}

enum status iam_managed_policy_new_aws(size_t index, struct iam_managed_policy **ret_policy)
{
    *ret_policy = NULL;
    if (index >= ARRAY_COUNT(aws_policies)) return STATUS_OK;
    const struct aws_policy *source = &aws_policies[index];
    struct iam_managed_policy *policy = new_policy();
    if (policy == NULL) return STATUS_NO_MEMORY;
    struct iam_policy_version *version = ARENA_NEW(&policy->arena, struct iam_policy_version);
    enum status status = STATUS_NO_MEMORY;
    if (version != NULL) {
        version->id = str_from_c(source->version_id);
        version->document = arena_printf(
            &policy->arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", source->statements);
        version->created_unix_ms = table_time(source->updated);
        policy->is_aws = true;
        policy->name = str_from_c(source->name);
        policy->path = str_from_c(source->path);
        policy->id = table_id(&policy->arena, policy->name);
        policy->description = str_from_c(source->description);
        policy->created_unix_ms = table_time(source->created);
        policy->updated_unix_ms = version->created_unix_ms;
        policy->versions = policy->default_version = version;
        policy->version_count = 1;
        status = complete_policy(policy, STR("aws"));
    }
    if (status != STATUS_OK) {
        release_policy(policy);
        return status;
    }
    *ret_policy = policy;
    return STATUS_OK;
}
