// Parsing in progress: private to the policy_*.c files.
//
// A document is checked in passes, because the order in which IAM finds faults shows: the first one
// found is the one reported.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "iam/statement.h"
#include "json/json.h"

struct iam_parser {
    struct arena *arena;         // Of the policy.
    struct arena *message_arena; // Of the caller.
    struct str *reterr_message;
    enum iam_policy_kind kind;
    bool has_variables;             // Version 2012-10-17.
    const struct json *statements;  // As written,
    struct iam_statement *compiled; // and as compiled so far.
    uint32_t statement_count;
    struct str resource_error; // The first; reported only after what comes before it.
};

enum { IAM_STATEMENT_FIELD_COUNT = 9 };
extern const char *const iam_statement_fields[IAM_STATEMENT_FIELD_COUNT];

// Set the message and return STATUS_INVALID.
COLD enum status iam_parser_refuse(struct iam_parser *parser, const char *format, ...) PRINTF(2, 3);
COLD enum status iam_parser_refuse_syntax(struct iam_parser *parser);
COLD enum status iam_parser_refuse_legacy(struct iam_parser *parser);

// A value or a list of values, as an array; none for NULL.
const struct json *iam_parser_items(const struct json *value, uint32_t *ret_count);

// Does the statement have a value under either name?
bool iam_parser_has_any(const struct json *statement, const char *name, const char *negated_name);

// Is Effect "Allow" or "Deny" in that case?
bool iam_parser_has_effect(const struct json *statement);

// The name of a field that `object` must not have; NULL when all is well.
const struct json *iam_parser_find_unknown_field(const struct json *object,
                                                 const char *const *names, size_t count);

// Are the fields of a statement what they must be, but for principals?
bool iam_parser_is_well_formed(const struct json *statement);

// Check everything outside statements and set `statements` and `has_variables`.
MUST_USE enum status iam_parser_check_document(struct iam_parser *parser,
                                               const struct json *document);

// Check everything about the statements; compiles conditions and, of trust policies, principals.
MUST_USE enum status iam_parser_check_identity(struct iam_parser *parser);
MUST_USE enum status iam_parser_check_trust(struct iam_parser *parser);

// Compile the conditions of one statement.
MUST_USE enum status iam_parser_compile_conditions(struct iam_parser *parser, uint32_t index);
