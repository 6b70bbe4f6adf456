// A table that is thrown away when the registry moved on.

#include "iam/reader.h"

#include <assert.h>
#include <stdlib.h>

#include "iam/registry.h"

// What a name was found to be. The same table serves ARNs and access key ids, which cannot be
// confused.
struct reader_entry {
    struct iam_identity *identity; // With a reference; NULL when the name is unknown.
    struct str secret;             // Of an access key; in the identity's arena.
    bool is_reported;              // The log has been told that the role is unknown.
    size_t name_size;
    char name[];
};

enum entry_kind { ENTRY_IDENTITY, ENTRY_ACCESS_KEY };

void iam_reader_init(struct iam_reader *reader, struct iam *iam)
{
    *reader = (struct iam_reader){.iam = iam};
    map_init(&reader->entries);
}

static void empty(struct iam_reader *reader)
{
    MAP_EACH(entry, &reader->entries)
    {
        struct reader_entry *value = entry->value;
        iam_identity_unref(value->identity);
        free(value);
    }
    map_release(&reader->entries);
}

void iam_reader_release(struct iam_reader *reader)
{
    empty(reader);
}

// Fill an entry from the registry.
static void look_up(struct iam *iam, enum entry_kind kind, struct reader_entry *entry)
{
    struct str name = {entry->name, entry->name_size};
    struct map *map = kind == ENTRY_IDENTITY ? &iam->identities_by_arn : &iam->users_by_key;
    pthread_mutex_lock(&iam->mutex);
    struct iam_identity *identity = map_find(map, name);
    if (identity != NULL) entry->identity = iam_identity_ref(identity);
    pthread_mutex_unlock(&iam->mutex);
    if (identity == NULL || kind == ENTRY_IDENTITY) return;
    for (size_t i = 0; i < identity->access_key_count; i++) {
        const struct iam_access_key *key = &identity->access_keys[i];
        if (str_equal(key->id, name) && key->is_active) entry->secret = key->secret;
    }
}

static COLD struct reader_entry *add_entry(struct iam_reader *reader, enum entry_kind kind,
                                           struct str name)
{
    if (reader->entries.count >= IAM_READER_ENTRIES_MAX) empty(reader);
    struct reader_entry *entry = calloc(1, sizeof(*entry) + name.size);
    if (entry == NULL) return NULL;
    if (name.size > 0) memcpy(entry->name, name.data, name.size);
    entry->name_size = name.size;
    if (!map_set(&reader->entries, (struct str){entry->name, name.size}, entry)) {
        free(entry);
        return NULL;
    }
    look_up(reader->iam, kind, entry);
    return entry;
}

// NULL without memory.
static struct reader_entry *find_entry(struct iam_reader *reader, enum entry_kind kind,
                                       struct str name)
{
    // Acquire: whoever sees the new number finds the new snapshots. It is read before them, so an
    // entry made while a change is being published is thrown away at the next call.
    uint64_t generation = atomic_load_explicit(&reader->iam->generation, memory_order_acquire);
    if (UNLIKELY(generation != reader->generation)) {
        empty(reader);
        reader->generation = generation;
    }
    struct reader_entry *entry = map_find(&reader->entries, name);
    return LIKELY(entry != NULL) ? entry : add_entry(reader, kind, name);
}

static struct iam_identity *find_identity(struct iam_reader *reader, enum iam_identity_kind kind,
                                          struct str arn)
{
    struct reader_entry *entry = find_entry(reader, ENTRY_IDENTITY, arn);
    if (entry == NULL || entry->identity == NULL || entry->identity->kind != kind) return NULL;
    return entry->identity;
}

struct iam_identity *iam_reader_find_role(struct iam_reader *reader, struct str role_arn)
{
    return find_identity(reader, IAM_ROLE, role_arn);
}

struct iam_identity *iam_reader_find_user(struct iam_reader *reader, struct str user_arn)
{
    return find_identity(reader, IAM_USER, user_arn);
}

enum iam_decision iam_authorize(struct iam_reader *reader, struct str role_arn,
                                const struct iam_request *request)
{
    struct reader_entry *entry = find_entry(reader, ENTRY_IDENTITY, role_arn);
    if (UNLIKELY(entry == NULL)) return IAM_DENIED; // Without memory nothing is known.
    const struct iam_identity *role = entry->identity;
    if (LIKELY(role != NULL && role->kind == IAM_ROLE)) {
        return iam_policies_evaluate(role->policies, role->policy_count, &role->subject, request);
    }
    if (reader->iam->is_strict) return IAM_DENIED;
    if (!entry->is_reported) iam_registry_warn_unknown_role(reader->iam, role_arn);
    entry->is_reported = true;
    return IAM_ALLOWED;
}

enum iam_decision iam_authorize_user(struct iam_reader *reader, struct str user_arn,
                                     const struct iam_request *request)
{
    const struct iam_identity *user = iam_reader_find_user(reader, user_arn);
    if (user == NULL) return IAM_DENIED;
    return iam_policies_evaluate(user->policies, user->policy_count, &user->subject, request);
}

bool iam_role_trusts_service(struct iam_reader *reader, struct str role_arn, struct str service,
                             struct str region, struct str source_arn)
{
    struct reader_entry *entry = find_entry(reader, ENTRY_IDENTITY, role_arn);
    if (entry == NULL) return false; // Without memory nothing is known.
    const struct iam_identity *role = entry->identity;
    if (role == NULL || role->kind != IAM_ROLE) return !reader->iam->is_strict;
    struct iam_context_entry context[2] = {
        {STR("aws:SourceAccount"), &reader->iam->account, 1},
        {STR("aws:SourceArn"), &source_arn, source_arn.size > 0},
    };
    return iam_policy_trusts_service(role->trust_policy, service, region, context,
                                     ARRAY_COUNT(context));
}

bool iam_find_secret(struct iam_reader *reader, struct str access_key_id, struct str *ret_secret,
                     struct iam_identity **ret_user)
{
    struct reader_entry *entry = find_entry(reader, ENTRY_ACCESS_KEY, access_key_id);
    if (entry == NULL || entry->secret.size == 0) return false;
    *ret_secret = entry->secret;
    *ret_user = entry->identity;
    return true;
}

// The ARN of the session of a role, from the role's ARN; that of a user as it is.
static struct str session_arn(struct arena *arena, struct str arn, struct str session_name)
{
    struct str rest = arn;
    str_cut(&rest, ':');
    struct str partition = str_cut(&rest, ':');
    str_cut(&rest, ':');
    str_cut(&rest, ':');
    struct str account = str_cut(&rest, ':');
    if (!str_starts_with(rest, STR("role/"))) return arn;
    while (str_find_byte(rest, '/') != SIZE_MAX)
        str_cut(&rest, '/');
    return arena_printf(
        arena, "arn:%" STR_FORMAT ":sts::%" STR_FORMAT ":assumed-role/%" STR_FORMAT "/%" STR_FORMAT,
        STR_ARGS(partition), STR_ARGS(account), STR_ARGS(rest), STR_ARGS(session_name));
}

struct str iam_denial_message(struct arena *arena, struct str identity_arn,
                              const struct iam_request *request, enum iam_decision decision)
{
    assert(decision != IAM_ALLOWED);
    struct str who = session_arn(arena, identity_arn, request->session_name);
    struct str reason =
        decision == IAM_DENIED_EXPLICITLY
            ? STR("with an explicit deny in an identity-based policy")
            : arena_printf(arena,
                           "because no identity-based policy allows the %" STR_FORMAT " action",
                           STR_ARGS(request->action));
    return arena_printf(arena,
                        "User: %" STR_FORMAT " is not authorized to perform: %" STR_FORMAT
                        " on resource: %" STR_FORMAT " %" STR_FORMAT,
                        STR_ARGS(who), STR_ARGS(request->action), STR_ARGS(request->resource),
                        STR_ARGS(reason));
}
