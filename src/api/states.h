// AWS Step Functions: what the files of this service share.

#pragma once

#include <stdbool.h>

#include "api/api.h"
#include "runtime/arn.h"
#include "runtime/execution.h"
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

// Tables of the files, put together by states.c.
extern const struct states_operation states_machine_operations[];
extern const size_t states_machine_operation_count;
extern const struct states_operation states_execution_operations[];
extern const size_t states_execution_operation_count;
extern const struct states_operation states_start_operations[];
extern const size_t states_start_operation_count;
extern const struct states_operation states_task_operations[];
extern const size_t states_task_operation_count;
extern const struct states_operation states_history_operations[];
extern const size_t states_history_operation_count;
extern const struct states_operation states_tag_operations[];
extern const size_t states_tag_operation_count;
extern const struct states_operation states_test_operations[];
extern const size_t states_test_operation_count;

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

// Take the ARN in `member` apart and check its type. Replies with InvalidArn and returns false when
// it is none, or of none of the types ("stateMachine", or "execution|express").
MUST_USE bool states_arn_read(struct api_request *request, struct str member, const char *types,
                              struct states_arn *ret_arn);

// 1 to 80 characters without those that the service forbids.
bool states_name_is_valid(struct str name);

// The state machine of an unqualified ARN, borrowed until the next call. Replies with
// StateMachineDoesNotExist and returns NULL when there is none.
struct state_machine *states_find_machine(struct api_request *request,
                                          const struct states_arn *arn);

// Is `role_arn` a role that lets the service assume it for `resource_arn`? Replies and returns
// false when it is not.
MUST_USE bool states_role_check(struct api_request *request, struct str role_arn,
                                struct str resource_arn);

// The `tags` member as {key: value}; an empty object when absent. Replies and returns false on a
// tag that breaks the rules.
MUST_USE bool states_tags_read(struct api_request *request, struct json *ret_tags);

// ---------------------------------------------------------------------------------------------
// Changes

// Put a state machine in place of `expected` (NULL: of none) and into the store; `on_done` runs
// when that is durable, or has failed, in which case everything is as before. STATUS_CONFLICT says
// that somebody else was faster. One reference of `state_machine` passes to this function.
void states_publish(struct api_request *request, struct state_machine *expected,
                    struct state_machine *state_machine,
                    void (*on_done)(struct api_request *request,
                                    struct state_machine *state_machine, enum status status));

// Take a state machine out of the registry and the store.
void states_remove(struct api_request *request, struct str arn, struct str region, struct str name,
                   void (*on_done)(struct api_request *request, enum status status));

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
MUST_USE bool states_execution_key_read(struct api_request *request,
                                        struct states_execution_key *ret_key);

// STATUS_OK is; STATUS_NOT_FOUND and faults reply and return false.
MUST_USE bool states_execution_was_found(struct api_request *request, enum status status,
                                         struct str execution_arn);

// "inputDetails":{"included":true}
void states_write_data_details(struct json_writer *writer, struct str name, bool is_included);
