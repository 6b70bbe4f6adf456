// Authorization on the hot path: each worker's view of roles and users, without locks.
//
// Roles, users and policies change under the mutex of `struct iam` (iam.h). A change builds new
// immutable snapshots (identity.h), replaces the old ones in the registry and then advances one
// atomic generation number. Every worker owns a reader: a table of the snapshots it used, each with
// a reference, together with the generation they were taken at. A look-up loads the generation; as
// long as it has not moved, the table answers without a lock and without touching shared memory
// that anyone writes. When it moved, the table is emptied and filled again from the registry, entry
// by entry as they are asked for.
//
// So a change is seen by every check that begins after the change was published, and a check in
// progress finishes with the snapshot it began with.
//
// Invariants:
//   1. A reader is used by one thread at a time.
//   2. What iam_reader_find_* returns stays valid until the next call with the same reader; take a
//      reference (iam_identity_ref) to keep it longer.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/map.h"
#include "base/str.h"
#include "iam/identity.h"
#include "iam/policy.h"

struct iam;

enum {
    IAM_READER_ENTRIES_MAX = 4096, // Known and unknown names together; then the table is emptied.
};

struct iam_reader {
    struct iam *iam;
    uint64_t generation; // Of the registry when `entries` was last emptied.
    struct map entries;  // Role ARN, user ARN or access key id -> struct iam_reader_entry.
};

void iam_reader_init(struct iam_reader *reader, struct iam *iam);

// May the role do that? The question that src/tasks asks before each task.
//
// A role that IAM knows is enforced. A role that it does not know may do everything, with one
// warning in the server's log per role, unless the server runs with `--iam strict`.
enum iam_decision iam_authorize(struct iam_reader *reader, struct str role_arn,
                                const struct iam_request *request);

// The same for a user, by ARN. A user that IAM does not know may do nothing.
enum iam_decision iam_authorize_user(struct iam_reader *reader, struct str user_arn,
                                     const struct iam_request *request);

// Why not, in the service's words, without the service's suffix:
// "User: arn:aws:sts::<account>:assumed-role/<role>/<session> is not authorized to perform:
// <action> on resource: <resource> because no identity-based policy allows the <action> action".
//
//   identity_arn   of the role or user
//   decision       IAM_DENIED or IAM_DENIED_EXPLICITLY
struct str iam_denial_message(struct arena *arena, struct str identity_arn,
                              const struct iam_request *request, enum iam_decision decision);

// May the service ("states", "lambda") assume the role? Roles that IAM does not know are trusted
// unless the server runs with `--iam strict`.
//
//   region, source_arn   of the resource that the role is given to; may be empty
bool iam_role_trusts_service(struct iam_reader *reader, struct str role_arn, struct str service,
                             struct str region, struct str source_arn);

// The role with this ARN, NULL when there is none.
struct iam_identity *iam_reader_find_role(struct iam_reader *reader, struct str role_arn);

// The user with this ARN, NULL when there is none.
struct iam_identity *iam_reader_find_user(struct iam_reader *reader, struct str user_arn);

// The secret of an access key, for checking a signature.
//
//   ret_secret  valid until the next call with this reader
//   ret_user    whose key it is, likewise
//
// Returns false when there is no such key or it is not active.
MUST_USE bool iam_find_secret(struct iam_reader *reader, struct str access_key_id,
                              struct str *ret_secret, struct iam_identity **ret_user);

void iam_reader_release(struct iam_reader *reader);
