// AWS Step Functions: what the files of this service share.

#pragma once

#include <stdbool.h>

#include "api/api.h"
#include "runtime/arn.h"
#include "runtime/execution.h"
#include "runtime/state_machine.h"
#include "store/store.h"

// One operation: its members as the model has them, and who serves it.
struct states_operation {
    struct str name;
    const struct api_member *members;
    size_t member_count;
    void (*handle)(struct api_request *request);
};

// An entry of such a table.
#define STATES_OPERATION(text, table, function)                                                    \
    {                                                                                              \
        .name = STR_INIT(text), .members = (table), .member_count = ARRAY_COUNT(table),            \
        .handle = (function)                                                                       \
    }

// The member of a request that holds an ARN and must be there.
#define STATES_ARN_MEMBER(text)                                                                    \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = true, .min = 1,          \
        .max = 256                                                                                 \
    }

// Members that several operations have (states_configuration.c, states_tags.c, states_pages.c).
extern const struct api_member states_logging_members[3];
extern const struct api_member states_encryption_members[3];
extern const struct api_member states_tag_item;

#define STATES_LOGGING_MEMBER                                                                      \
    {                                                                                              \
        .name = STR_INIT("loggingConfiguration"), .type = API_MEMBER_OBJECT,                       \
        .members = states_logging_members, .member_count = ARRAY_COUNT(states_logging_members)     \
    }
#define STATES_ENCRYPTION_MEMBER                                                                   \
    {                                                                                              \
        .name = STR_INIT("encryptionConfiguration"), .type = API_MEMBER_OBJECT,                    \
        .members = states_encryption_members,                                                      \
        .member_count = ARRAY_COUNT(states_encryption_members)                                     \
    }
#define STATES_MAX_RESULTS_MEMBER                                                                  \
    {                                                                                              \
        .name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = 1000                    \
    }
#define STATES_NEXT_TOKEN_MEMBER                                                                   \
    {                                                                                              \
        .name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 1024            \
    }
#define STATES_INCLUDED_DATA_MEMBER                                                                \
    {                                                                                              \
        .name = STR_INIT("includedData"), .type = API_MEMBER_STRING,                               \
        .enum_values = "[ALL_DATA, METADATA_ONLY]"                                                 \
    }
#define STATES_ERROR_MEMBER                                                                        \
    {                                                                                              \
        .name = STR_INIT("error"), .type = API_MEMBER_STRING, .max = 256                           \
    }
#define STATES_CAUSE_MEMBER                                                                        \
    {                                                                                              \
        .name = STR_INIT("cause"), .type = API_MEMBER_STRING, .max = 32768                         \
    }

// Tables of the files, put together by states.c.
extern const struct states_operation states_activity_operations[];
extern const size_t states_activity_operation_count;
extern const struct states_operation states_alias_operations[];
extern const size_t states_alias_operation_count;
extern const struct states_operation states_describe_operations[];
extern const size_t states_describe_operation_count;
extern const struct states_operation states_execution_operations[];
extern const size_t states_execution_operation_count;
extern const struct states_operation states_start_operations[];
extern const size_t states_start_operation_count;
extern const struct states_operation states_task_operations[];
extern const size_t states_task_operation_count;
extern const struct states_operation states_history_operations[];
extern const size_t states_history_operation_count;
extern const struct states_operation states_machine_operations[];
extern const size_t states_machine_operation_count;
extern const struct states_operation states_map_run_operations[];
extern const size_t states_map_run_operation_count;
extern const struct states_operation states_tag_operations[];
extern const size_t states_tag_operation_count;
extern const struct states_operation states_test_operations[];
extern const size_t states_test_operation_count;
extern const struct states_operation states_validate_operations[];
extern const size_t states_validate_operation_count;
extern const struct states_operation states_version_operations[];
extern const size_t states_version_operation_count;

// ---------------------------------------------------------------------------------------------
// ARNs and names

// arn:PARTITION:states:REGION:ACCOUNT:TYPE:NAME[/LABEL][:QUALIFIER[:…]]; parts point into the text.
struct states_arn {
    struct str text;
    struct str region;
    struct str account;
    struct str type;      // "stateMachine", "execution", "express", "activity", "mapRun", …
    struct str name;      // Of the state machine or activity, without label.
    struct str label;     // Empty unless labelled.
    struct str qualifier; // What follows the name: version, alias or execution; empty if nothing.
};

// Parts of any ARN of the service; false when it is none.
MUST_USE bool states_arn_parse(struct str text, struct states_arn *ret_arn);

// Take the ARN in `member` apart and check its type. Replies with InvalidArn and returns false when
// it is none, or of none of the types ("stateMachine", or "execution|express").
MUST_USE bool states_arn_read(struct api_request *request, struct str member, const char *types,
                              struct states_arn *ret_arn);

// 1 to 80 characters without those that the service forbids.
bool states_name_is_valid(struct str name);

// What an ARN of a state machine names.
enum states_qualifier { STATES_UNQUALIFIED, STATES_VERSION, STATES_ALIAS };
enum states_qualifier states_arn_qualifier(const struct states_arn *arn);

// The ARN in `member` of a state machine as it is, without version, alias or label. Replies and
// returns false when it is something else.
MUST_USE bool states_machine_arn_read(struct api_request *request, struct str member,
                                      struct states_arn *ret_arn);

// Replies, each with the service's text.
void states_refuse_unknown_machine(struct api_request *request, struct str arn);
void states_refuse_label(struct api_request *request);
void states_refuse_unknown_resource(struct api_request *request, struct str arn);

// The state machine of an unqualified ARN, borrowed until the next call. Replies with
// StateMachineDoesNotExist and returns NULL when there is none.
struct state_machine *states_find_machine(struct api_request *request,
                                          const struct states_arn *arn);

// What an ARN leads to: a state machine as it is now, or a version, be it by way of an alias.
struct states_target {
    struct state_machine *state_machine; // Borrowed until the next call.
    struct str alias_arn;                // In the request; empty without an alias.
};

// For one start: an alias picks a version. Replies and returns false when it leads nowhere.
MUST_USE bool states_find_target(struct api_request *request, const struct states_arn *arn,
                                 struct states_target *ret_target);

// Borrowed until the next call. Replies with ActivityDoesNotExist and returns NULL when there is
// none.
struct activity *states_find_activity(struct api_request *request, const struct states_arn *arn);

// "STANDARD", "EXPRESS"
const char *states_type_name(const struct state_machine *state_machine);

// ---------------------------------------------------------------------------------------------
// Configuration

// Is `role_arn` a role that lets the service assume it for `resource_arn`? Replies and returns
// false when it is not.
MUST_USE bool states_role_check(struct api_request *request, struct str role_arn,
                                struct str resource_arn);

// Role, logging, tracing and encryption of the request into `fields`; what is absent stays. Replies
// and returns false when something is invalid.
MUST_USE bool states_configuration_read(struct api_request *request,
                                        struct state_machine_fields *fields);

// encryptionConfiguration alone, with all its members; JSON_NULL for a key of the service's.
// Absent: stays. Replies and returns false when it is invalid.
MUST_USE bool states_encryption_read(struct api_request *request, struct json *encryption);
void states_encryption_write(struct json_writer *writer, const struct json *encryption);

// The `tags` member as {key: value}; an empty object when absent. Replies and returns false on a
// tag that breaks the rules.
MUST_USE bool states_tags_read(struct api_request *request, struct json *ret_tags);

// ---------------------------------------------------------------------------------------------
// Pages (states_pages.c)

// One page of a sorted list, as maxResults and nextToken ask for it.
struct states_page {
    struct str purpose;
    struct str after; // Key of the last item of the page before; empty: the first page.
    size_t size;
};

// Reply that a token, of a page or of a task, is none of ours.
void states_refuse_token(struct api_request *request);

// Replies with InvalidToken and returns false when the token is not of this operation and
// `subject`.
MUST_USE bool states_page_read(struct api_request *request, struct str subject,
                               struct states_page *ret_page);

// Pages that are told apart by a number: of their first item, or how many stand before it.
//
//   first   the number of the page to begin with: what is given when there is no token
//
// Replies with InvalidToken and returns false as above.
MUST_USE bool states_page_read_number(struct api_request *request, struct str subject,
                                      int64_t first, struct states_page *ret_page,
                                      int64_t *ret_number);

// The member nextToken, for the page of `number`.
void states_page_write_number(struct json_writer *writer, struct api_request *request,
                              const struct states_page *page, int64_t number);

// A list that an operation shows.
struct states_list {
    struct str name; // "stateMachines"
    // Where an entry stands: the list is in the order of these texts, and no two have the same. In
    // `arena` or in the entry.
    struct str (*key)(struct arena *arena, struct catalog_entry *entry);
    void (*write)(struct json_writer *writer, struct catalog_entry *entry); // One item.
};

// Reply with a page of `entries`, and give their references back.
void states_page_reply(struct api_request *request, const struct states_page *page,
                       const struct states_list *list, struct catalog_entry **entries,
                       size_t count);

// Reply with a page of the entries of a kind: those of `parent_arn`, or, when that is empty, of the
// request's region.
void states_list_reply(struct api_request *request, const struct states_list *list,
                       enum store_kind kind, struct str parent_arn);

// The name in the store.
struct str states_key_by_name(struct arena *arena, struct catalog_entry *entry);

// ---------------------------------------------------------------------------------------------
// Changes of the catalog and the store together (states_change.c)

struct states_change;

enum states_plan {
    STATES_PLAN_MADE,    // Go on with what was added; nothing added: there is nothing to do.
    STATES_PLAN_REPLIED, // The request has had its answer.
    STATES_PLAN_AGAIN,   // What the handler went by has changed: call it again.
};

// Looks at what is there and says what shall change. All plans run one after another, so nothing
// changes meanwhile; what is found in the worker's catalog stays valid. Must not block.
typedef enum states_plan (*states_plan_fn)(struct api_request *request, void *context,
                                           struct states_change *change);

// The change is durable (STATUS_OK), or has failed and left everything as it was. Replies.
typedef void (*states_done_fn)(struct api_request *request, void *context, enum status status);

// Plan, change the catalog, write to the store, and call `on_done` when that is durable.
//
//   context   passed on; must live as long as the request, e.g. in its arena
void states_change(struct api_request *request, states_plan_fn plan, states_done_fn on_done,
                   void *context);

// For plans: put `after` in the place of `before`; see struct catalog_change. The reference of
// `after` passes to the change, which keeps it until `on_done` has returned. Without memory the
// change fails, and `on_done` hears of it.
void states_change_add(struct states_change *change, struct catalog_entry *before,
                       struct catalog_entry *after);

// For plans: there is no way, or no memory, to go on; `on_done` hears of it.
void states_change_fail(struct states_change *change, enum status status);

// For plans: make a state machine or version of `fields`, compiled as `machine`, in the place of
// `before`. NULL without memory: then the change fails, as above.
struct state_machine *states_change_machine(struct states_change *change,
                                            struct state_machine *before,
                                            const struct state_machine_fields *fields,
                                            const struct asl_machine *machine);

// For plans: all versions and aliases of a state machine leave.
void states_change_remove_children(struct states_change *change, struct str state_machine_arn);

// The version of the current revision, borrowed; NULL when it was not published, or was deleted.
struct state_machine *states_published_version(struct api_request *request,
                                               const struct state_machine *state_machine);

// Whether one more version may be made. Replies and returns false when there are too many.
MUST_USE bool states_version_quota_check(struct api_request *request, struct str arn);

// Make version `fields->last_version` of `fields`. NULL as states_change_machine().
struct state_machine *states_change_publish(struct states_change *change,
                                            const struct state_machine_fields *fields,
                                            const struct asl_machine *machine,
                                            struct str description, int64_t now_unix_ms);

// Replies for the outcome of a change that failed.
void states_reply_failure(struct api_request *request, enum status status);

// A states_done_fn: "{}", or the failure.
void states_on_changed(struct api_request *request, void *context, enum status status);

// Whether the region has `max` entries of a kind already.
bool states_is_full(struct api_request *request, enum store_kind kind, size_t max);

// ---------------------------------------------------------------------------------------------
// Executions

// A look at the store on behalf of a request. Embedded in a struct of the request's arena.
struct states_read {
    struct store_task task;
    struct api_request *request;
    enum status (*run)(struct states_read *read, struct store_tx *tx); // On the store's thread.
    void (*reply)(struct states_read *read, enum status status);       // On the request's.
};

void states_read_submit(struct states_read *read);

// What the store knows the execution of a request by.
struct states_execution_key {
    struct str execution_arn;
    struct str state_machine_arn;
    struct str name;
};

// Of the member `executionArn`. Replies and returns false when it is no execution's.
//
//   may_be_express   that of a Map run's Express child will do
MUST_USE bool states_execution_key_read(struct api_request *request, bool may_be_express,
                                        struct states_execution_key *ret_key);

// STATUS_OK is; STATUS_NOT_FOUND and faults reply and return false.
MUST_USE bool states_execution_was_found(struct api_request *request, enum status status,
                                         struct str execution_arn);

struct runtime_letter;

// The members error and cause into a letter; each with NULL data when absent. Without memory, of
// which a letter that is NULL is a sign, replies, discards the letter and returns false.
MUST_USE bool states_letter_take_error(struct runtime_letter *letter, struct api_request *request);

// What `includedData` says: not only metadata, but inputs, outputs and definitions, too.
bool states_wants_data(const struct api_request *request);

// "inputDetails":{"included":true}
void states_write_data_details(struct json_writer *writer, struct str name, bool is_included);
