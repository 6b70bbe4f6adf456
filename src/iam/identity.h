// Roles and users: immutable snapshots.
//
// A snapshot is made from the JSON that the store keeps for a role or user and carries everything
// about it, its policies compiled. It never changes; a change makes another one. Roles and users
// have policies, tags and paths in common; what only one of them has is marked.

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

enum iam_identity_kind { IAM_ROLE, IAM_USER };
enum { IAM_IDENTITY_KIND_COUNT = 2 };

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
    struct json body;                 // What the store keeps,
    struct str body_text;             // and its text.
    enum iam_identity_kind kind;
    struct str name;
    struct str folded_name; // In lower case: names that differ in case only are the same.
    struct str path;        // Begins and ends with '/'.
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
    struct iam_policy **policies;
    size_t policy_count;
    struct iam_subject subject;

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

// The customer or AWS managed policy with this ARN in its default version, with a reference for the
// caller; NULL when there is none.
typedef struct iam_policy *(*iam_policy_lookup_fn)(void *context, struct str policy_arn);

// Make a snapshot of `body`, which is copied.
//
//   account   of the ARN
//   lookup    finds attached policies; one that it does not find permits nothing
//
// Returns STATUS_OK (the caller owns one reference), STATUS_CORRUPT (not a body that this program
// wrote) or STATUS_NO_MEMORY.
MUST_USE enum status iam_identity_new(enum iam_identity_kind kind, const struct json *body,
                                      struct str account, iam_policy_lookup_fn lookup,
                                      void *context, struct iam_identity **ret_identity);
