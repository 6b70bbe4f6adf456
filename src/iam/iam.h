// The registry of roles, users and managed policies, and the operations that change it.
//
// The registry is in memory and loaded from the store at start. A change is checked and takes
// effect under one mutex: a new snapshot replaces the old one, the generation number that readers
// watch (reader.h) moves on, and the new body goes to the store. The caller is told when it is on
// the disk, and only then acknowledges it. Bodies are whole, so the store always holds some state
// that the registry was in, and writes of one name arrive there in the order of the changes.
//
// When the store refuses a write the caller is told so and the operation's outcome is unknown: its
// effect lasts at least until a restart, and becomes durable with the next change of that name.
//
// Names, paths and documents come checked for characters and lengths (src/api); what depends on
// the state of the registry, and the content of policy documents, is checked here.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/identity.h"
#include "iam/managed_policy.h"
#include "store/resource.h"
#include "store/store.h"

struct iam;

// AWS's quotas by default; sizes in characters without white space.
struct iam_limits {
    uint32_t roles;               // 1,000
    uint32_t users;               // 5,000
    uint32_t policies;            // 1,500, the customer's
    uint32_t policy_versions;     // 5
    uint32_t attached_policies;   // 10 per role or user
    uint32_t role_inline_size;    // 10,240 together
    uint32_t user_inline_size;    // 2,048 together
    uint32_t managed_policy_size; // 6,144
    uint32_t trust_policy_size;   // 2,048
    uint32_t tags;                // 50
    uint32_t access_keys;         // 2 per user
};
extern const struct iam_limits iam_limits_default;

struct iam_options {
    struct str account; // Twelve digits.
    bool is_strict;     // Roles that IAM does not know may do nothing.
    struct store *store;
    const struct clock *clock;
    const struct iam_limits *limits; // NULL: the default.
};

// Load everything. Blocks: for start-up.
//
// Returns STATUS_OK, STATUS_CORRUPT (a body that this program did not write; named in the log), or
// what the store returned.
MUST_USE enum status iam_open(const struct iam_options *options, struct iam **ret_iam);

// No reader and no change may be left. Accepts NULL.
void iam_close(struct iam *iam);

// ---------------------------------------------------------------------------------------------
// Reading. Everything returned has a reference for the caller.

// NULL when there is none. Names ignore case.
struct iam_identity *iam_identity_find(struct iam *iam, enum iam_identity_kind kind,
                                       struct str name);
struct iam_managed_policy *iam_managed_policy_find(struct iam *iam, struct str policy_arn);

struct iam_filter {
    struct str path_prefix; // Empty: all.
    struct str policy_arn;  // Of identities: those that have it attached. Empty: all.
    struct str after; // Where the page before ended: a name, of policies an ARN. Empty at first.
    size_t count_max;
    bool wants_aws;      // Of managed policies: those that AWS provides,
    bool wants_customer; // and the customer's.
    bool wants_attached; // Of managed policies: only those attached to something.
};

// A page: identities in the order of names, policies of ARNs.
struct iam_identity_page {
    struct iam_identity **identities; // In the caller's arena.
    size_t count;
    bool is_truncated; // There are more after the last one.
};
struct iam_policy_page {
    struct iam_managed_policy **policies;
    size_t count;
    bool is_truncated;
};
MUST_USE enum status iam_identity_list(struct iam *iam, enum iam_identity_kind kind,
                                       const struct iam_filter *filter, struct arena *arena,
                                       struct iam_identity_page *ret_page);
MUST_USE enum status iam_managed_policy_list(struct iam *iam, const struct iam_filter *filter,
                                             struct arena *arena, struct iam_policy_page *ret_page);
void iam_identity_page_release(struct iam_identity_page *page);
void iam_policy_page_release(struct iam_policy_page *page);

// ---------------------------------------------------------------------------------------------
// Changing

// An error in IAM's words.
struct iam_error {
    struct str code; // "NoSuchEntity"
    int http_status;
    struct str message; // In the change's arena.
};

// One change on its way to the disk. The caller embeds it in a struct of its own, which must live
// until `done`.
struct iam_change {
    struct store_task task; // Private.
    struct iam *iam;
    struct arena *arena; // Receives messages; lives as long as the change.
    void (*done)(struct iam_change *change, enum status status); // On `task.reply_to`'s thread.
    struct iam_error error;                                      // After STATUS_INVALID.
    struct iam_identity *identity;     // The snapshot after the change, with a reference, when it
    struct iam_managed_policy *policy; // created or changed one; NULL when it deleted.
    enum store_kind store_kind;        // Private, as is the rest.
    struct str store_name;
    bool is_delete;
};

// Prepare a change whose `done` will run on the thread that owns `reply_to`.
void iam_change_init(struct iam_change *change, struct iam *iam, struct arena *arena,
                     struct mailbox *reply_to,
                     void (*done)(struct iam_change *change, enum status status));

// Give back the snapshots. After `done`, or after an operation that did not return STATUS_OK.
void iam_change_release(struct iam_change *change);

// Every operation below returns
//
//   STATUS_OK         it has taken effect; `done` will be called once, with STATUS_OK when it is
//                     durable or a fault of the store
//   STATUS_INVALID    nothing happened and `done` will not be called; `error` says why
//   STATUS_NO_MEMORY  likewise

struct iam_role_settings {
    struct str name;
    struct str path; // Empty: "/".
    struct str trust_document;
    struct str description;
    int32_t session_duration_max_s; // 0: 3,600.
    const struct iam_tag *tags;
    size_t tag_count;
};
MUST_USE enum status iam_role_create(struct iam_change *change,
                                     const struct iam_role_settings *settings);

//   description              NULL: as it was
//   session_duration_max_s   0: as it was
MUST_USE enum status iam_role_update(struct iam_change *change, struct str name,
                                     const struct str *description, int32_t session_duration_max_s);
MUST_USE enum status iam_role_update_trust(struct iam_change *change, struct str name,
                                           struct str document);

MUST_USE enum status iam_user_create(struct iam_change *change, struct str name, struct str path,
                                     const struct iam_tag *tags, size_t tag_count);

// The new key is the last one of the snapshot.
MUST_USE enum status iam_access_key_create(struct iam_change *change, struct str user_name);
MUST_USE enum status iam_access_key_update(struct iam_change *change, struct str user_name,
                                           struct str key_id, bool is_active);
MUST_USE enum status iam_access_key_delete(struct iam_change *change, struct str user_name,
                                           struct str key_id);

// Of roles and users alike.
MUST_USE enum status iam_identity_delete(struct iam_change *change, enum iam_identity_kind kind,
                                         struct str name);
MUST_USE enum status iam_identity_tag(struct iam_change *change, enum iam_identity_kind kind,
                                      struct str name, const struct iam_tag *tags,
                                      size_t tag_count);
MUST_USE enum status iam_identity_untag(struct iam_change *change, enum iam_identity_kind kind,
                                        struct str name, const struct str *keys, size_t key_count);
MUST_USE enum status iam_identity_put_policy(struct iam_change *change, enum iam_identity_kind kind,
                                             struct str name, struct str policy_name,
                                             struct str document);
MUST_USE enum status iam_identity_delete_policy(struct iam_change *change,
                                                enum iam_identity_kind kind, struct str name,
                                                struct str policy_name);
MUST_USE enum status iam_identity_attach(struct iam_change *change, enum iam_identity_kind kind,
                                         struct str name, struct str policy_arn);
MUST_USE enum status iam_identity_detach(struct iam_change *change, enum iam_identity_kind kind,
                                         struct str name, struct str policy_arn);

struct iam_policy_settings {
    struct str name;
    struct str path; // Empty: "/".
    struct str document;
    struct str description;
    const struct iam_tag *tags;
    size_t tag_count;
};
MUST_USE enum status iam_managed_policy_create(struct iam_change *change,
                                               const struct iam_policy_settings *settings);

// The new version is the last one of the snapshot.
MUST_USE enum status iam_managed_policy_create_version(struct iam_change *change,
                                                       struct str policy_arn, struct str document,
                                                       bool is_default);
MUST_USE enum status iam_managed_policy_set_default(struct iam_change *change,
                                                    struct str policy_arn, struct str version_id);
MUST_USE enum status iam_managed_policy_delete_version(struct iam_change *change,
                                                       struct str policy_arn,
                                                       struct str version_id);
MUST_USE enum status iam_managed_policy_delete(struct iam_change *change, struct str policy_arn);
MUST_USE enum status iam_managed_policy_tag(struct iam_change *change, struct str policy_arn,
                                            const struct iam_tag *tags, size_t tag_count);
MUST_USE enum status iam_managed_policy_untag(struct iam_change *change, struct str policy_arn,
                                              const struct str *keys, size_t key_count);
