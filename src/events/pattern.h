// Event patterns: which events a rule is about.
//
// A pattern has the shape of the events that it matches, with lists of accepted values at its
// leaves:
//
//     {"source": ["aws.states"], "detail": {"status": [{"anything-but": "RUNNING"}]}}
//
// It is compiled once; matching allocates nothing and takes time in proportion to the product of
// the sizes of pattern and event.
//
//   exact        "text", 3, true, null          wildcard              {"wildcard": "a*z"}
//   prefix       {"prefix": "a"}                equals-ignore-case    {"equals-ignore-case": "a"}
//   suffix       {"suffix": "a"}                numeric               {"numeric": [">", 0, "<=",
//   5]} exists       {"exists": false}              cidr                  {"cidr": "10.0.0.0/24"}
//   anything-but {"anything-but": "a" or ["a", "b"] or {"prefix": …}}
//   $or          {"$or": [{…}, {…}]}, in place of fields or among them
//
// Source: Amazon EventBridge User Guide, "Event patterns".

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum {
    EVENTS_PATTERN_SIZE_MAX = 4096,
    EVENTS_PATTERN_DEPTH_MAX = 64, // Of nested objects; a limit of this program.
};

struct events_pattern; // Immutable once compiled; lives in the arena it was compiled to.

// Compile the text of a pattern, which is copied.
//
//   reterr_reason   on STATUS_INVALID what InvalidEventPatternException says after "Reason: ", in
//                   `arena`
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status events_pattern_compile(struct arena *arena, struct str text,
                                            const struct events_pattern **ret_pattern,
                                            struct str *reterr_reason);

bool events_pattern_matches(const struct events_pattern *pattern, const struct json *event);
