// From a body to a snapshot, which points into its own copy of the body throughout.

#include "iam/identity.h"

#include <assert.h>

#include "base/log.h"
#include "iam/body.h"

// Far above what the limits on documents, tags and attachments admit.
enum { IDENTITY_ARENA_SIZE_MAX = 64 << 20 };

struct iam_identity *iam_identity_ref(struct iam_identity *identity)
{
    atomic_fetch_add_explicit(&identity->reference_count, 1, memory_order_relaxed);
    return identity;
}

static void release_identity(struct iam_identity *identity)
{
    for (size_t i = 0; i < identity->policy_count; i++)
        iam_policy_unref(identity->policies[i]);
    iam_policy_unref(identity->trust_policy);
    struct arena arena = identity->arena; // The identity lies in its own arena.
    arena_release(&arena);
}

void iam_identity_unref(struct iam_identity *identity)
{
    if (identity == NULL) return;
    if (atomic_fetch_sub_explicit(&identity->reference_count, 1, memory_order_acq_rel) != 1) return;
    release_identity(identity);
}

// Compile a document that was accepted before.
static enum status parse_policy(struct iam_identity *identity, struct str document,
                                enum iam_policy_kind kind, struct iam_policy **ret_policy)
{
    struct str message = {0};
    enum status status = iam_policy_parse(document, kind, &identity->arena, ret_policy, &message);
    if (status != STATUS_INVALID) return status;
    log_error("iam: a stored policy of %" STR_FORMAT " is malformed: %" STR_FORMAT,
              STR_ARGS(identity->arn), STR_ARGS(message));
    return STATUS_CORRUPT;
}

static enum status read_inline_policies(struct iam_identity *identity)
{
    struct json items = iam_body_items(&identity->body, STR("inline"));
    struct iam_inline_policy *policies =
        arena_alloc_array(&identity->arena, items.size, sizeof(*policies));
    if (policies == NULL) return STATUS_NO_MEMORY;
    identity->inline_policies = policies;
    identity->inline_policy_count = items.size;
    for (uint32_t i = 0; i < items.size; i++) {
        policies[i].name = JSON_FIND_STR(&items.items[i], "name");
        policies[i].document = JSON_FIND_STR(&items.items[i], "document");
        struct iam_policy **next = &identity->policies[identity->policy_count];
        enum status status =
            parse_policy(identity, policies[i].document, IAM_POLICY_IDENTITY, next);
        if (status != STATUS_OK) return status;
        identity->policy_count++;
    }
    return STATUS_OK;
}

static struct str name_of_arn(struct str arn)
{
    while (str_find_byte(arn, '/') != SIZE_MAX)
        str_cut(&arn, '/');
    return arn;
}

static enum status read_attachments(struct iam_identity *identity, iam_policy_lookup_fn lookup,
                                    void *context)
{
    struct json items = iam_body_items(&identity->body, STR("attached"));
    struct iam_attachment *attachments =
        arena_alloc_array(&identity->arena, items.size, sizeof(*attachments));
    if (attachments == NULL) return STATUS_NO_MEMORY;
    identity->attachments = attachments;
    identity->attachment_count = items.size;
    for (uint32_t i = 0; i < items.size; i++) {
        struct str arn = JSON_FIND_STR(&items.items[i], "arn");
        attachments[i] = (struct iam_attachment){arn, name_of_arn(arn)};
        struct iam_policy *policy = lookup(context, arn);
        if (policy != NULL) {
            identity->policies[identity->policy_count++] = policy;
        } else {
            log_warn("iam: %" STR_FORMAT " has %" STR_FORMAT " attached, which does not exist",
                     STR_ARGS(identity->arn), STR_ARGS(arn));
        }
    }
    return STATUS_OK;
}

static enum status read_role(struct iam_identity *identity)
{
    const struct json *body = &identity->body;
    identity->description = JSON_FIND_STR(body, "description");
    identity->trust_document = JSON_FIND_STR(body, "trust");
    identity->session_duration_max_s = (int32_t)iam_body_integer(body, STR("sessionSeconds"));
    return parse_policy(identity, identity->trust_document, IAM_POLICY_TRUST,
                        &identity->trust_policy);
}

static enum status read_user(struct iam_identity *identity)
{
    struct json items = iam_body_items(&identity->body, STR("keys"));
    struct iam_access_key *keys = arena_alloc_array(&identity->arena, items.size, sizeof(*keys));
    if (keys == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < items.size; i++) {
        const struct json *active = JSON_FIND(&items.items[i], "active");
        keys[i] = (struct iam_access_key){
            .id = JSON_FIND_STR(&items.items[i], "id"),
            .secret = JSON_FIND_STR(&items.items[i], "secret"),
            .is_active = active != NULL && active->type == JSON_TRUE,
            .created_unix_ms = iam_body_integer(&items.items[i], STR("created")),
        };
    }
    identity->access_keys = keys;
    identity->access_key_count = items.size;
    return STATUS_OK;
}

static enum status read_common(struct iam_identity *identity, struct str account)
{
    const struct json *body = &identity->body;
    struct arena *arena = &identity->arena;
    bool is_role = identity->kind == IAM_ROLE;
    identity->name = JSON_FIND_STR(body, "name");
    identity->path = JSON_FIND_STR(body, "path");
    identity->id = JSON_FIND_STR(body, "id");
    identity->created_unix_ms = iam_body_integer(body, STR("created"));
    if (identity->name.size == 0 || identity->path.size == 0) return STATUS_CORRUPT;
    identity->arn = arena_printf(
        arena, "arn:aws:iam::%" STR_FORMAT ":%s%" STR_FORMAT "%" STR_FORMAT, STR_ARGS(account),
        is_role ? "role" : "user", STR_ARGS(identity->path), STR_ARGS(identity->name));
    identity->subject = (struct iam_subject){
        .kind = is_role ? IAM_SUBJECT_ASSUMED_ROLE : IAM_SUBJECT_USER,
        .name = identity->name,
        .arn = identity->arn,
        .id = identity->id,
    };
    if (!arena_copy_str(arena, account, &identity->subject.account) ||
        !iam_fold_name(arena, identity->name, &identity->folded_name) ||
        !iam_body_tags(arena, body, &identity->tags, &identity->tag_count)) {
        return STATUS_NO_MEMORY;
    }
    identity->subject.tags = identity->tags;
    identity->subject.tag_count = identity->tag_count;
    return STATUS_OK;
}

static enum status read_body(struct iam_identity *identity, struct str account,
                             iam_policy_lookup_fn lookup, void *context)
{
    enum status status = read_common(identity, account);
    if (status != STATUS_OK) return status;
    size_t policies_max = iam_body_items(&identity->body, STR("inline")).size +
                          iam_body_items(&identity->body, STR("attached")).size;
    identity->policies =
        arena_alloc_array(&identity->arena, policies_max, sizeof(struct iam_policy *));
    if (identity->policies == NULL) return STATUS_NO_MEMORY;
    status = read_inline_policies(identity);
    if (status == STATUS_OK) status = read_attachments(identity, lookup, context);
    if (status != STATUS_OK) return status;
    assert(identity->policy_count <= policies_max);
    return identity->kind == IAM_ROLE ? read_role(identity) : read_user(identity);
}

enum status iam_identity_new(enum iam_identity_kind kind, const struct json *body,
                             struct str account, iam_policy_lookup_fn lookup, void *context,
                             struct iam_identity **ret_identity)
{
    struct arena arena;
    arena_init(&arena, IDENTITY_ARENA_SIZE_MAX);
    struct iam_identity *identity = ARENA_NEW(&arena, struct iam_identity);
    if (identity == NULL || !json_copy(&arena, body, &identity->body)) {
        arena_release(&arena);
        return STATUS_NO_MEMORY;
    }
    atomic_init(&identity->reference_count, 1);
    identity->kind = kind;
    identity->arena = arena;
    identity->body_text = json_render_to_arena(&identity->arena, &identity->body);
    enum status status = read_body(identity, account, lookup, context);
    if (status == STATUS_OK && identity->arena.is_exhausted) status = STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        release_identity(identity);
        return status;
    }
    *ret_identity = identity;
    return STATUS_OK;
}
