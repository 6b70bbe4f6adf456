// Filter patterns of CloudWatch Logs, compiled once and evaluated per event.
//
//   (empty)                          every event
//   ERROR "exact phrase" -debug      all terms, none of the excluded ones
//   ?ERROR ?WARN                     at least one of the optional terms
//   %regular expression%             a restricted regular expression
//   { $.type = "Task*" && $.id > 3 } selectors on events that are JSON objects
//   [ip, ..., status = 4*, size > 9] fields of events separated by blanks
//
// Optional terms beside terms without a question mark have no effect, as in the service.
// Source: CloudWatch Logs User Guide, "Filter pattern syntax".

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    LOGS_FILTER_SIZE_MAX = 1024, // Of a pattern, in bytes; a service limit.
};

struct logs_filter;

// Compile `pattern`.
//
//   ret_filter      to be freed with logs_filter_free(); NULL for a pattern that matches every
//   event reterr_message  the service's words for what is wrong, in `arena`
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status logs_filter_new(struct str pattern, struct arena *arena,
                                     struct logs_filter **ret_filter, struct str *reterr_message);

// Whether `message` matches. Uses scratch memory of the filter: one thread at a time.
bool logs_filter_matches(struct logs_filter *filter, struct str message);

// Accepts NULL.
void logs_filter_free(struct logs_filter *filter);
