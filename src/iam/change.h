// What the operations that change the registry have in common: private to the *_change.c files.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/iam.h"
#include "json/json.h"

// Fill in the error and return STATUS_INVALID.
COLD enum status iam_change_refuse(struct iam_change *change, const char *code, int http_status,
                                   const char *format, ...) PRINTF(4, 5);
COLD enum status iam_refuse_limit(struct iam_change *change, const char *format, ...) PRINTF(2, 3);

// With the mutex held: make snapshots of a new body, put it in the place of `previous` (may be
// NULL) and send it to the store.
MUST_USE enum status iam_change_identity(struct iam_change *change, enum iam_identity_kind kind,
                                         struct iam_identity *previous, const struct json *body);
MUST_USE enum status iam_change_policy(struct iam_change *change,
                                       struct iam_managed_policy *previous,
                                       const struct json *body);

// With the mutex held: remove from the registry and from the store.
MUST_USE enum status iam_change_delete_identity(struct iam_change *change,
                                                struct iam_identity *identity);
MUST_USE enum status iam_change_delete_policy(struct iam_change *change,
                                              struct iam_managed_policy *policy);

// Check a new document: its size in characters that are not white space, and its content.
//
//   size_max, what_is_exceeded   the limit and the text of LimitExceeded
MUST_USE enum status iam_change_check_document(struct iam_change *change, struct str document,
                                               enum iam_policy_kind kind, uint32_t size_max,
                                               const char *what_is_exceeded);

// Characters of a document that are not white space.
size_t iam_document_size(struct str document);

// "AROA", "AIDA", "ANPA" or "AKIA" and `letter_count` random letters and digits, in the change's
// arena. With the mutex held.
struct str iam_change_id(struct iam_change *change, const char *prefix, size_t letter_count);

// The tags of `body` after `tags` were set; the error when there are too many. Failures for want of
// memory are the arena's.
MUST_USE enum status iam_change_tags(struct iam_change *change, const struct json *body,
                                     const struct iam_tag *tags, size_t tag_count,
                                     struct json *ret_items);
struct json iam_change_untag(struct iam_change *change, const struct json *body,
                             const struct str *keys, size_t key_count);
