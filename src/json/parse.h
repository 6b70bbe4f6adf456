// What the files of the parser share; nothing outside src/json includes it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct json_parser {
    struct arena *arena;
    const char *start;
    const char *end;
    unsigned flags;
    enum status status;              // Why a function returned NULL.
    struct json_error *reterr_error; // May be NULL.

    // Values waiting for the end of their container, contiguous so that closing a container copies
    // one block. An open container is itself such a value: its type is set, and `size` is the
    // index of the container around it, or NO_CONTAINER.
    struct json *pending;
    uint32_t pending_count;
    uint32_t pending_capacity;
    uint32_t container; // Index of the innermost open one, or NO_CONTAINER.
    uint32_t depth;
    struct json *pending_heap; // `pending` when it outgrew the stack, otherwise NULL.
};

enum { NO_CONTAINER = UINT32_MAX >> 1 };

// A part of an identifier as Java sees it; everything outside ASCII is taken for a letter.
static inline bool json_is_identifier_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (c & 0x80) != 0;
}

// The position in the text is handed from function to function so that it stays in a register. All
// of them return it behind what they read, or NULL with `status` set.

// `at` is behind the opening quote.
const char *json_parse_string(struct json_parser *parser, const char *at, bool is_name,
                              struct json *ret_value);

// `at` is on a digit or a minus sign.
const char *json_parse_number(struct json_parser *parser, const char *at, struct json *ret_value);

// Make the names of `members` unique: the last value wins and takes the place of the first.
// `*count` is lowered accordingly.
MUST_USE enum status json_drop_duplicates(struct json_member *members, size_t *count);

// The errors. Each notes message and place `at`, and returns NULL.
COLD const char *json_parse_fail(struct json_parser *parser, const char *at, const char *format,
                                 ...) PRINTF(3, 4);
COLD const char *json_parse_fail_memory(struct json_parser *parser);
COLD const char *json_parse_fail_character(struct json_parser *parser, const char *at,
                                           const char *expectation);
COLD const char *json_parse_fail_number(struct json_parser *parser, const char *at,
                                        const char *expectation);
COLD const char *json_parse_fail_end(struct json_parser *parser, const char *where);
COLD const char *json_parse_fail_open(struct json_parser *parser);
COLD const char *json_parse_fail_mismatch(struct json_parser *parser, const char *at);
COLD const char *json_parse_fail_token(struct json_parser *parser, const char *at);
COLD const char *json_parse_fail_control(struct json_parser *parser, const char *at, bool is_name);
COLD const char *json_parse_fail_escape(struct json_parser *parser, const char *at);
