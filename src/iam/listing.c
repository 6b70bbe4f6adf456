// Finding and listing. A page is taken under the mutex: all that qualify, sorted, cut to
// size.

#include <stdlib.h>

#include "iam/registry.h"

struct iam_identity *iam_identity_find(struct iam *iam, enum iam_identity_kind kind,
                                       struct str name)
{
    pthread_mutex_lock(&iam->mutex);
    struct iam_identity *identity = iam_registry_find_identity(iam, kind, name);
    if (identity != NULL) iam_identity_ref(identity);
    pthread_mutex_unlock(&iam->mutex);
    return identity;
}

struct iam_managed_policy *iam_managed_policy_find(struct iam *iam, struct str policy_arn)
{
    pthread_mutex_lock(&iam->mutex);
    struct iam_managed_policy *policy = iam_registry_find_policy(iam, policy_arn);
    if (policy != NULL) iam_managed_policy_ref(policy);
    pthread_mutex_unlock(&iam->mutex);
    return policy;
}

static bool identity_qualifies(const struct iam_identity *identity, const struct iam_filter *filter)
{
    if (!str_starts_with(identity->path, filter->path_prefix)) return false;
    if (str_compare(identity->name, filter->after) <= 0) return false;
    if (filter->policy_arn.size == 0) return true;
    for (size_t i = 0; i < identity->attachment_count; i++) {
        if (str_equal(identity->attachments[i].policy_arn, filter->policy_arn)) return true;
    }
    return false;
}

static int compare_identities(const void *a, const void *b)
{
    const struct iam_identity *const *first = a, *const *second = b;
    return str_compare((*first)->name, (*second)->name);
}

static enum status list_identities(struct iam *iam, enum iam_identity_kind kind,
                                   const struct iam_filter *filter, struct arena *arena,
                                   struct iam_identity_page *ret_page)
{
    const struct map *map = &iam->identities[kind];
    struct iam_identity **found = arena_alloc_array(arena, map->count, sizeof(*found));
    if (found == NULL) return STATUS_NO_MEMORY;
    size_t count = 0;
    MAP_EACH(entry, map)
    {
        if (identity_qualifies(entry->value, filter)) found[count++] = entry->value;
    }
    qsort(found, count, sizeof(*found), compare_identities);
    ret_page->identities = found;
    ret_page->count = count < filter->count_max ? count : filter->count_max;
    ret_page->is_truncated = ret_page->count < count;
    for (size_t i = 0; i < ret_page->count; i++)
        iam_identity_ref(found[i]);
    return STATUS_OK;
}

enum status iam_identity_list(struct iam *iam, enum iam_identity_kind kind,
                              const struct iam_filter *filter, struct arena *arena,
                              struct iam_identity_page *ret_page)
{
    pthread_mutex_lock(&iam->mutex);
    enum status status = list_identities(iam, kind, filter, arena, ret_page);
    pthread_mutex_unlock(&iam->mutex);
    return status;
}

static bool policy_qualifies(const struct iam_managed_policy *policy,
                             const struct iam_filter *filter)
{
    if (policy->is_aws ? !filter->wants_aws : !filter->wants_customer) return false;
    if (filter->wants_attached && atomic_load(&policy->attachment_count) == 0) return false;
    return str_starts_with(policy->path, filter->path_prefix) &&
           str_compare(policy->arn, filter->after) > 0;
}

static int compare_policies(const void *a, const void *b)
{
    const struct iam_managed_policy *const *first = a, *const *second = b;
    return str_compare((*first)->arn, (*second)->arn);
}

static enum status list_policies(struct iam *iam, const struct iam_filter *filter,
                                 struct arena *arena, struct iam_policy_page *ret_page)
{
    struct iam_managed_policy **found =
        arena_alloc_array(arena, iam->policies.count, sizeof(*found));
    if (found == NULL) return STATUS_NO_MEMORY;
    size_t count = 0;
    MAP_EACH(entry, &iam->policies)
    {
        if (policy_qualifies(entry->value, filter)) found[count++] = entry->value;
    }
    qsort(found, count, sizeof(*found), compare_policies);
    ret_page->policies = found;
    ret_page->count = count < filter->count_max ? count : filter->count_max;
    ret_page->is_truncated = ret_page->count < count;
    for (size_t i = 0; i < ret_page->count; i++)
        iam_managed_policy_ref(found[i]);
    return STATUS_OK;
}

enum status iam_managed_policy_list(struct iam *iam, const struct iam_filter *filter,
                                    struct arena *arena, struct iam_policy_page *ret_page)
{
    pthread_mutex_lock(&iam->mutex);
    enum status status = list_policies(iam, filter, arena, ret_page);
    pthread_mutex_unlock(&iam->mutex);
    return status;
}

void iam_identity_page_release(struct iam_identity_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        iam_identity_unref(page->identities[i]);
    *page = (struct iam_identity_page){0};
}

void iam_policy_page_release(struct iam_policy_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        iam_managed_policy_unref(page->policies[i]);
    *page = (struct iam_policy_page){0};
}
