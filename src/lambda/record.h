// Records: everything about one function as one JSON object, and the operations on it.
//
//     { "Latest":   configuration of $LATEST,
//       "Versions": [configuration, …] in the order of their numbers,
//       "VersionCount": number of versions ever published,
//       "Aliases":  [{"AliasArn", "Name", "FunctionVersion", "Description", "RevisionId", …}, …],
//       "Tags":     {…},
//       "Concurrency": reserved concurrent executions, absent when none are,
//       "Policies": [{"Qualifier", "Statement"}, …] }
//
// An operation is a pure function: from the old record and the parameters to the new record and the
// answer. Time and identifiers come in with the edit. Whoever called it stores the new record, and
// only then makes it the function's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/random.h"
#include "json/json.h"
#include "lambda/exception.h"
#include "lambda/operation.h"

enum {
    LAMBDA_VERSIONS_MAX = 1000,     // Of one function.
    LAMBDA_ALIASES_MAX = 1000,      // Of one function.
    LAMBDA_TAGS_MAX = 50,           // Of one function.
    LAMBDA_POLICY_SIZE_MAX = 20480, // Of one function's policy, in bytes.
};

// A checked deployment package.
struct lambda_code {
    struct str sha256; // Base64; empty: none came with the request.
    uint64_t size_bytes;
};

struct lambda_edit {
    // Given.
    struct arena *arena; // Holds all results.
    struct str region;
    struct str account;
    int64_t now_unix_ms;
    struct random *random;     // For revision ids.
    const struct json *record; // NULL: there is no such function.
    const struct json *parameters;
    struct str name;      // Of the function.
    struct str qualifier; // Of `FunctionName` or `Qualifier`; empty: none.
    struct lambda_code code;
    struct str endpoint_url; // Where GetFunction's link to the code leads.

    // Made.
    struct json new_record; // JSON_NULL: unchanged.
    bool is_deletion;       // The whole function goes.
    struct json result;     // JSON_NULL: no body.
    struct lambda_exception exception;
};

// Carry out `kind`. Returns false when `edit->exception` says why not.
MUST_USE bool lambda_edit_apply(enum lambda_operation_kind kind, struct lambda_edit *edit);

// The configuration that a qualifier stands for: $LATEST when it is empty, a version, or what an
// alias points at. NULL when there is none.
const struct json *lambda_record_find_version(const struct json *record, struct str qualifier);

// ---------------------------------------------------------------------------------------------
// Shared by the files that hold the operations.

// "Function not found: <ARN with the qualifier>". Returns false.
bool lambda_edit_not_found(struct lambda_edit *edit, struct str qualifier);

// Check the member RevisionId, if given, against `revision_id`.
MUST_USE bool lambda_edit_check_revision(struct lambda_edit *edit, struct str revision_id);

// A new revision id, in the arena.
struct json lambda_edit_make_revision(struct lambda_edit *edit);

// The record with one member replaced, into `edit->new_record`.
void lambda_edit_set_member(struct lambda_edit *edit, const char *name, struct json value);

// The member, or an empty array.
const struct json *lambda_record_list(const struct json *record, const char *name);

bool lambda_edit_create_alias(struct lambda_edit *edit);
bool lambda_edit_get_alias(struct lambda_edit *edit);
bool lambda_edit_update_alias(struct lambda_edit *edit);
bool lambda_edit_delete_alias(struct lambda_edit *edit);
bool lambda_edit_list_aliases(struct lambda_edit *edit);
bool lambda_edit_put_concurrency(struct lambda_edit *edit);
bool lambda_edit_get_concurrency(struct lambda_edit *edit);
bool lambda_edit_delete_concurrency(struct lambda_edit *edit);
bool lambda_edit_tag_resource(struct lambda_edit *edit);
bool lambda_edit_untag_resource(struct lambda_edit *edit);
bool lambda_edit_list_tags(struct lambda_edit *edit);
bool lambda_edit_add_permission(struct lambda_edit *edit);
bool lambda_edit_get_policy(struct lambda_edit *edit);
bool lambda_edit_remove_permission(struct lambda_edit *edit);

// Cut a list into pages by Marker and MaxItems: {"<name>": [part], "NextMarker": …}. Markers are
// positions in the list.
bool lambda_edit_page(struct lambda_edit *edit, const char *name, const struct json *items,
                      uint32_t page_size_max);
