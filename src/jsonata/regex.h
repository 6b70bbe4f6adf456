// Regular expressions: JavaScript's, by PCRE2.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

struct regex;
struct evaluation;

enum regex_flags { REGEX_IGNORE_CASE = 1, REGEX_MULTILINE = 2 };

// Returns STATUS_OK, STATUS_INVALID (with a message in `arena`) or STATUS_NO_MEMORY.
MUST_USE enum status regex_compile(struct arena *arena, struct str pattern, unsigned flags,
                                   const struct regex **ret_regex, struct str *reterr_message);

struct str regex_source(const struct regex *regex);

struct regex_match {
    size_t start;
    size_t end;
    size_t group_count;
    const size_t *groups; // Start and end of each, SIZE_MAX when it took no part; until the next.
};

// The first match at or after `offset`. Patterns that take too long end the evaluation as any other
// endless work does.
bool regex_find(struct evaluation *evaluation, const struct regex *regex, struct str subject,
                size_t offset, struct regex_match *ret_match);
