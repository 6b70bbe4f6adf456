// The registry's inside: private to the files that read and change it.
//
// Everything but what is set once by iam_open() and the generation is guarded by `mutex`. The maps
// borrow their keys from the snapshots they point to, which they hold a reference to.

#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/random.h"
#include "iam/iam.h"

struct iam {
    struct arena arena; // Of the strings below.
    struct str account;
    bool is_strict;
    struct store *store;
    const struct clock *clock;
    struct iam_limits limits;

    _Atomic uint64_t generation; // Advanced after every change; starts at 1.

    pthread_mutex_t mutex;
    struct map identities[IAM_IDENTITY_KIND_COUNT]; // By folded name; these hold the references.
    struct map identities_by_arn;
    struct map users_by_key;     // By access key id.
    struct map policies;         // By ARN; AWS's and the customer's; these hold the references.
    struct map policies_by_name; // The customer's, by folded name.
    struct map warned_roles; // Role ARNs that were used and are not known; keys in `warned_arena`.
    struct arena warned_arena;
    struct random random;
};

// All below: with the mutex held.

struct iam_identity *iam_registry_find_identity(struct iam *iam, enum iam_identity_kind kind,
                                                struct str name);
struct iam_managed_policy *iam_registry_find_policy(struct iam *iam, struct str policy_arn);

// An iam_policy_lookup_fn whose context is the registry.
struct iam_policy *iam_registry_lookup_policy(void *iam, struct str policy_arn);

// Put `next` in the place of `previous`; either may be NULL. Takes over the caller's reference to
// `next` and gives back the one to `previous`. Returns false without memory; nothing has changed
// then and the reference stays with the caller.
MUST_USE bool iam_registry_replace_identity(struct iam *iam, struct iam_identity *previous,
                                            struct iam_identity *next);
MUST_USE bool iam_registry_replace_policy(struct iam *iam, struct iam_managed_policy *previous,
                                          struct iam_managed_policy *next);

// Warn, once per ARN, that a role is used which IAM does not know. Takes the mutex itself.
void iam_registry_warn_unknown_role(struct iam *iam, struct str role_arn);
