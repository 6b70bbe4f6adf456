// Managed policies, the customer's and those that AWS provides: immutable snapshots with all their
// versions.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "iam/policy.h"
#include "json/json.h"

struct iam_policy_version {
    struct str id; // "v1"
    struct str document;
    int64_t created_unix_ms;
};

struct iam_managed_policy {
    _Atomic uint32_t reference_count;  // By iam_managed_policy_ref() and _unref() only.
    _Atomic uint32_t attachment_count; // Of roles and users that have it; kept by the registry.
    struct arena arena;                // Holds the snapshot itself and all it points to.
    struct json body;                  // What the store keeps,
    struct str body_text;              // and its text. Both empty when AWS provides the policy.
    bool is_aws;
    struct str name;
    struct str folded_name;
    struct str path;
    struct str arn;
    struct str id; // ANPA….
    struct str description;
    int64_t created_unix_ms;
    int64_t updated_unix_ms;
    const struct iam_tag *tags;
    size_t tag_count;
    const struct iam_policy_version *versions; // Oldest first.
    size_t version_count;
    const struct iam_policy_version *default_version;
    struct iam_policy *policy; // The default version, compiled.
};

struct iam_managed_policy *iam_managed_policy_ref(struct iam_managed_policy *policy);
void iam_managed_policy_unref(struct iam_managed_policy *policy);

// The version, NULL when there is none.
const struct iam_policy_version *
iam_managed_policy_find_version(const struct iam_managed_policy *policy, struct str version_id);

// Make a snapshot of `body`, which is copied.
//
// Returns STATUS_OK (the caller owns one reference), STATUS_CORRUPT or STATUS_NO_MEMORY.
MUST_USE enum status iam_managed_policy_new(const struct json *body, struct str account,
                                            struct iam_managed_policy **ret_policy);

// The policies that AWS provides, by index from 0. NULL in `ret_policy` after the last one.
MUST_USE enum status iam_managed_policy_new_aws(size_t index,
                                                struct iam_managed_policy **ret_policy);
