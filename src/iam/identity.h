// Roles and users: immutable snapshots.
//
// A snapshot is made from the text that the store keeps for a role or user (identity_body.c) and
// carries everything about it, its policies compiled. It never changes; a change makes another one.
// Roles and users have policies, tags and paths in common; what only one of them has is marked.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "iam/policy.h"

enum iam_identity_kind { IAM_ROLE, IAM_USER };

// An inline policy.
struct iam_inline_policy {
    struct str name;
    struct str document; // As it was sent.
};

struct iam_attachment {
    struct str policy_arn;
    struct str policy_name;
};

struct iam_access_key {
    struct str id;     // AKIA…
    struct str secret; // Never logged.
    bool is_active;
    int64_t created_unix_ms;
};

struct iam_identity {
    _Atomic uint32_t reference_count; // By iam_identity_ref() and _unref() only.
    struct arena arena;               // Holds the snapshot itself and all it points to.
    enum iam_identity_kind kind;
    struct str name;
    struct str path; // Begins and ends with '/'.
    struct str arn;
    struct str id; // AROA… or AIDA….
    int64_t created_unix_ms;
    const struct iam_tag *tags; // In the order they were added.
    size_t tag_count;
    const struct iam_inline_policy *inline_policies; // By name.
    size_t inline_policy_count;
    const struct iam_attachment *attachments; // In the order they were attached.
    size_t attachment_count;
    // Compiled: the inline policies, then the default versions of the attached ones.
    struct iam_policy *const *policies;
    size_t policy_count;
    struct iam_subject subject; // Without a session name.

    // Roles only.
    struct str description;
    struct str trust_document;
    struct iam_policy *trust_policy;
    int32_t session_duration_max_s;

    // Users only.
    const struct iam_access_key *access_keys;
    size_t access_key_count;
};

struct iam_identity *iam_identity_ref(struct iam_identity *identity);
void iam_identity_unref(struct iam_identity *identity);
