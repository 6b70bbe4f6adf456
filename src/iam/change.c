// A change takes effect in the registry first and is sent to the store under the same mutex, so the
// store sees the changes of one name in their order.

#include "iam/change.h"

#include <stdarg.h>

#include "iam/body.h"
#include "iam/registry.h"

static void finish_change(struct store_task *task, enum status status)
{
    struct iam_change *change = CONTAINER_OF(task, struct iam_change, task);
    change->done(change, status);
}

static enum status write_change(struct store_task *task, struct store_tx *tx)
{
    struct iam_change *change = CONTAINER_OF(task, struct iam_change, task);
    if (!change->is_delete) {
        struct str body = change->store_kind == STORE_KIND_POLICY ? change->policy->body_text
                                                                  : change->identity->body_text;
        return store_resource_put(tx, change->store_kind, STR(""), change->store_name, body);
    }
    enum status status = store_resource_delete(tx, change->store_kind, STR(""), change->store_name);
    // Absent when the write that should have made it failed.
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void iam_change_init(struct iam_change *change, struct iam *iam, struct arena *arena,
                     struct mailbox *reply_to,
                     void (*done)(struct iam_change *change, enum status status))
{
    *change = (struct iam_change){
        .task =
            {
                .reply_to = reply_to,
                .mode = STORE_DURABLE,
                .is_single_change = true,
                .run = write_change,
                .done = finish_change,
            },
        .iam = iam,
        .arena = arena,
        .done = done,
    };
}

void iam_change_release(struct iam_change *change)
{
    iam_identity_unref(change->identity);
    iam_managed_policy_unref(change->policy);
    change->identity = NULL;
    change->policy = NULL;
}

enum status iam_change_refuse(struct iam_change *change, const char *code, int http_status,
                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    change->error = (struct iam_error){
        .code = str_from_c(code),
        .http_status = http_status,
        .message = arena_vprintf(change->arena, format, args),
    };
    va_end(args);
    return STATUS_INVALID;
}

enum status iam_refuse_limit(struct iam_change *change, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(change->arena, format, args);
    va_end(args);
    return iam_change_refuse(change, "LimitExceeded", 409, "%" STR_FORMAT, STR_ARGS(message));
}

static void submit(struct iam_change *change, enum store_kind kind, struct str name, bool is_delete)
{
    change->store_kind = kind;
    change->store_name = name;
    change->is_delete = is_delete;
    store_submit(change->iam->store, &change->task);
}

static enum store_kind store_kind_of(enum iam_identity_kind kind)
{
    return kind == IAM_ROLE ? STORE_KIND_ROLE : STORE_KIND_USER;
}

// The store knows everything by its folded name; `name` must outlive the change.
enum status iam_change_identity(struct iam_change *change, enum iam_identity_kind kind,
                                struct iam_identity *previous, const struct json *body)
{
    if (change->arena->is_exhausted) return STATUS_NO_MEMORY;
    struct iam *iam = change->iam;
    struct iam_identity *next;
    enum status status =
        iam_identity_new(kind, body, iam->account, iam_registry_lookup_policy, iam, &next);
    if (status != STATUS_OK) return status;
    if (!iam_registry_replace_identity(iam, previous, next)) {
        iam_identity_unref(next);
        return STATUS_NO_MEMORY;
    }
    change->identity = iam_identity_ref(next);
    submit(change, store_kind_of(kind), next->folded_name, false);
    return STATUS_OK;
}

enum status iam_change_policy(struct iam_change *change, struct iam_managed_policy *previous,
                              const struct json *body)
{
    if (change->arena->is_exhausted) return STATUS_NO_MEMORY;
    struct iam *iam = change->iam;
    struct iam_managed_policy *next;
    enum status status = iam_managed_policy_new(body, iam->account, &next);
    if (status != STATUS_OK) return status;
    if (!iam_registry_replace_policy(iam, previous, next)) {
        iam_managed_policy_unref(next);
        return STATUS_NO_MEMORY;
    }
    change->policy = iam_managed_policy_ref(next);
    submit(change, STORE_KIND_POLICY, next->folded_name, false);
    return STATUS_OK;
}

enum status iam_change_delete_identity(struct iam_change *change, struct iam_identity *identity)
{
    struct str name;
    if (!arena_copy_str(change->arena, identity->folded_name, &name)) return STATUS_NO_MEMORY;
    enum store_kind kind = store_kind_of(identity->kind);
    if (!iam_registry_replace_identity(change->iam, identity, NULL)) return STATUS_NO_MEMORY;
    submit(change, kind, name, true);
    return STATUS_OK;
}

enum status iam_change_delete_policy(struct iam_change *change, struct iam_managed_policy *policy)
{
    struct str name;
    if (!arena_copy_str(change->arena, policy->folded_name, &name)) return STATUS_NO_MEMORY;
    if (!iam_registry_replace_policy(change->iam, policy, NULL)) return STATUS_NO_MEMORY;
    submit(change, STORE_KIND_POLICY, name, true);
    return STATUS_OK;
}

size_t iam_document_size(struct str document)
{
    size_t size = 0;
    for (size_t i = 0; i < document.size; i++) {
        unsigned char byte = (unsigned char)document.data[i];
        bool is_blank = byte == ' ' || (byte >= '\t' && byte <= '\r');
        size += !is_blank && (byte & 0xC0) != 0x80;
    }
    return size;
}

enum status iam_change_check_document(struct iam_change *change, struct str document,
                                      enum iam_policy_kind kind, uint32_t size_max,
                                      const char *what_is_exceeded)
{
    struct iam_policy *policy = NULL;
    struct str message = {0};
    if (iam_document_size(document) > size_max) {
        return iam_refuse_limit(change, "Cannot exceed quota for %s: %u", what_is_exceeded,
                                size_max);
    }
    enum status status = iam_policy_parse(document, kind, change->arena, &policy, &message);
    iam_policy_unref(policy);
    if (status != STATUS_INVALID) return status;
    return iam_change_refuse(change, "MalformedPolicyDocument", 400, "%" STR_FORMAT,
                             STR_ARGS(message));
}

struct str iam_change_id(struct iam_change *change, const char *prefix, size_t letter_count)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t prefix_size = strlen(prefix);
    char *text = arena_alloc(change->arena, prefix_size + letter_count);
    if (text == NULL) return STR("");
    memcpy(text, prefix, prefix_size);
    for (size_t i = 0; i < letter_count; i++)
        text[prefix_size + i] = alphabet[random_u64(&change->iam->random) % 32];
    return (struct str){text, prefix_size + letter_count};
}

enum status iam_change_tags(struct iam_change *change, const struct json *body,
                            const struct iam_tag *tags, size_t tag_count, struct json *ret_items)
{
    struct json items = iam_body_items(body, STR("tags"));
    for (size_t i = 0; i < tag_count; i++) {
        struct json_members members;
        json_members_init(&members, change->arena);
        json_members_append(&members, STR("key"), json_from_str(tags[i].key));
        json_members_append(&members, STR("value"), json_from_str(tags[i].value));
        struct json tag = json_members_finish(&members);
        items = iam_body_items_with(change->arena, items, STR("key"), &tag);
    }
    uint32_t tags_max = change->iam->limits.tags;
    if (items.size > tags_max) {
        return iam_refuse_limit(change, "The number of tags has reached the maximum limit: %u",
                                tags_max);
    }
    *ret_items = items;
    return STATUS_OK;
}

struct json iam_change_untag(struct iam_change *change, const struct json *body,
                             const struct str *keys, size_t key_count)
{
    struct json items = iam_body_items(body, STR("tags"));
    for (size_t i = 0; i < key_count; i++)
        items = iam_body_items_without(change->arena, items, STR("key"), keys[i]);
    return items;
}
