// Bodies: the JSON that the store keeps for a role, user or policy.
//
// Reading is tolerant of absent members, so that a newer program reads what an older one wrote;
// what must be there is checked by whoever needs it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "iam/policy.h"
#include "json/json.h"

// 0 or no items when the member is absent or of another type.
int64_t iam_body_integer(const struct json *body, struct str name);
struct json iam_body_items(const struct json *body, struct str name);

// The tags of a body; false without memory.
MUST_USE bool iam_body_tags(struct arena *arena, const struct json *body,
                            const struct iam_tag **ret_tags, size_t *ret_count);

// `text` with ASCII letters in lower case; false without memory.
MUST_USE bool iam_fold_name(struct arena *arena, struct str text, struct str *ret_folded);

// A list of objects that are told apart by their member `key`: with `item` in place of the one that
// it equals in that, or at the end; or without the one whose key is `value`. Everything else is
// shared. Failures are the arena's.
struct json iam_body_items_with(struct arena *arena, struct json items, struct str key,
                                const struct json *item);
struct json iam_body_items_without(struct arena *arena, struct json items, struct str key,
                                   struct str value);
