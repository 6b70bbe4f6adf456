// Machines: definitions, parsed, validated and compiled.
//
// A machine is immutable once built and shared by all its executions and threads. Everything that a
// running execution needs is resolved here: states are indices, paths and expressions are compiled,
// resources are taken apart. States of nested branches and item processors stand in the same array
// as the others; a *scope* says which state starts a branch.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/diagnostic.h"
#include "asl/error.h"
#include "asl/template.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "jsonpath/jsonpath.h"

enum {
    ASL_DEFINITION_SIZE_BYTES_MAX = 1048576,
    ASL_PAYLOAD_SIZE_BYTES_MAX = 262144, // Of inputs, outputs and results, as UTF-8 JSON text.
    ASL_STATE_NAME_SIZE_MAX = 80,        // Characters.
    ASL_SECONDS_MAX = 99999999,
};

#define ASL_STATE_NONE UINT32_MAX

enum asl_state_type {
#define X(name, text, has_next, may_retry) ASL_STATE_##name,
#include "asl/state_type.def"
#undef X
};

enum asl_machine_type { ASL_MACHINE_STANDARD, ASL_MACHINE_EXPRESS };
enum asl_query_language { ASL_JSONPATH, ASL_JSONATA };

// A path field. Absent means "$".
struct asl_path {
    bool is_null;                // "InputPath": null
    const struct jsonpath *path; // NULL when absent, `$` or null: then there is nothing to do.
};

enum asl_jitter_strategy { ASL_JITTER_NONE, ASL_JITTER_FULL };

struct asl_error_list { // ErrorEquals
    const struct str *names;
    uint32_t count;
};

struct asl_retrier {
    struct asl_error_list error_equals;
    uint32_t interval_seconds;
    uint32_t attempts_max;
    double backoff_rate;
    uint32_t max_delay_seconds; // 0: no cap.
    enum asl_jitter_strategy jitter_strategy;
};

struct asl_catcher {
    struct asl_error_list error_equals;
    uint32_t next_state;
    struct asl_path result_path;       // JSONPath
    const struct asl_template *output; // JSONata; NULL when absent.
    const struct asl_template *assign; // NULL when absent.
};

// One branch of a Parallel state, the item processor of a Map state, or the machine itself.
struct asl_scope {
    uint32_t start_state;
    uint32_t
        outer_state; // The Parallel or Map state it belongs to; ASL_STATE_NONE for the machine.
};

enum asl_resource_kind {
    ASL_RESOURCE_LAMBDA_FUNCTION, // arn:aws:lambda:R:A:function:NAME[:QUALIFIER]
    ASL_RESOURCE_ACTIVITY,        // arn:aws:states:R:A:activity:NAME
    ASL_RESOURCE_SERVICE,         // arn:aws:states:::SERVICE:ACTION[.PATTERN], aws-sdk:… included
    ASL_RESOURCE_OTHER,           // Any other URI: only in machines parsed by ASL_RULES_LANGUAGE.
};

enum asl_service_pattern {
    ASL_REQUEST_RESPONSE,
    ASL_RUN_JOB,             // .sync
    ASL_RUN_JOB_2,           // .sync:2
    ASL_WAIT_FOR_TASK_TOKEN, // .waitForTaskToken
};

struct asl_resource {
    enum asl_resource_kind kind;
    enum asl_service_pattern pattern;
    struct str arn; // As written.
    struct str
        type; // History's resourceType: "lambda", "aws-sdk:dynamodb"; empty unless a service.
    struct str action;   // "invoke", "putItem", without pattern; empty unless a service.
    struct str resource; // History's resource: "invoke", "startExecution.sync:2".
};

struct asl_task {
    struct asl_resource resource;
    const struct asl_template *timeout_seconds;   // Literal, path or expression; NULL when absent.
    const struct asl_template *heartbeat_seconds; // The same.
    const struct asl_template *credentials;       // An object with RoleArn; NULL when absent.
};

struct asl_choice_test; // A compiled comparison or combination (asl/choice.h).

struct asl_choice_rule {
    const struct asl_choice_test *test;   // JSONPath
    const struct asl_template *condition; // JSONata
    uint32_t next_state;
    const struct asl_template *assign; // NULL when absent.
    const struct asl_template *output; // JSONata; NULL when absent.
};

struct asl_choice {
    const struct asl_choice_rule *rules;
    uint32_t rule_count;
    uint32_t default_state; // ASL_STATE_NONE when absent.
};

enum asl_wait_kind { ASL_WAIT_SECONDS, ASL_WAIT_TIMESTAMP };

struct asl_wait {
    enum asl_wait_kind kind;
    bool is_path; // SecondsPath or TimestampPath: their errors have texts of their own.
    const struct asl_template *value;
    int64_t unix_ms; // Of a literal Timestamp, so that nobody parses it again.
};

struct asl_pass {
    const struct json *result; // NULL when absent.
};

struct asl_fail {
    const struct asl_template *error; // Literal, path, intrinsic or expression; NULL when absent.
    const struct asl_template *cause;
};

struct asl_parallel {
    const uint32_t *scopes; // Indices of scopes, one per branch.
    uint32_t branch_count;
};

enum asl_map_mode { ASL_MAP_INLINE, ASL_MAP_DISTRIBUTED };

struct asl_map {
    enum asl_map_mode mode;
    enum asl_machine_type execution_type; // Of a distributed map's children.
    uint32_t scope;
    struct asl_path items_path;       // JSONPath
    const struct asl_template *items; // JSONata; NULL when absent.
    const struct asl_template *item_selector;
    const struct asl_template *max_concurrency; // Literal, path or expression; NULL when absent.
    const struct asl_template *tolerated_failure_count;
    const struct asl_template *tolerated_failure_percentage;
    struct str label; // Distributed; empty when absent.
    // Distributed: the raw fields, compiled as templates whole; NULL when absent.
    const struct asl_template *item_reader;
    const struct asl_template *item_batcher;
    const struct asl_template *result_writer;
};

struct asl_state {
    enum asl_state_type type;
    enum asl_query_language query_language;
    struct str name;
    uint32_t index;
    uint32_t scope;       // It belongs to.
    uint32_t next_state;  // ASL_STATE_NONE when End is true or the type has no Next.
    bool uses_context;    // Some field reads the context object.
    bool uses_task_token; // Some field reads the task token.

    const struct str *variables; // Names of those that its fields read: sorted, each once.
    uint32_t variable_count;

    struct asl_path input_path;
    struct asl_path output_path;
    struct asl_path result_path;
    const struct asl_template
        *parameters; // Parameters; NULL when absent. For Map see item_selector.
    const struct asl_template *arguments;       // JSONata
    const struct asl_template *result_selector; // NULL when absent.
    const struct asl_template *output;          // JSONata
    const struct asl_template *assign;          // For Choice: what goes with Default.

    const struct asl_retrier *retriers;
    const struct asl_catcher *catchers;
    uint32_t retrier_count;
    uint32_t catcher_count;

    union {
        struct asl_task task;
        struct asl_choice choice;
        struct asl_wait wait;
        struct asl_pass pass;
        struct asl_fail fail;
        struct asl_parallel parallel;
        struct asl_map map;
    };
};

struct asl_machine {
    enum asl_machine_type type;
    enum asl_query_language query_language;
    uint32_t timeout_seconds;       // 0: none.
    const struct asl_scope *scopes; // The first is the machine itself.
    uint32_t scope_count;
    const struct asl_state *states;
    uint32_t state_count;
    struct str definition;               // As given.
    struct asl_machine_storage *storage; // Private: references, memory and the index of names.
};

// Whose rules a definition must keep. The service refuses what it cannot perform: resources that it
// does not know, Credentials without RoleArn. The States Language itself leaves such things to the
// interpreter and asks only for a URI; on the other hand it is stricter in places where the service
// is generous (a branch without a terminal state, IntervalSeconds 0).
enum asl_rules { ASL_RULES_SERVICE, ASL_RULES_LANGUAGE };

// Parse and validate a state machine definition.
//
//   definition    JSON text in UTF-8, at most ASL_DEFINITION_SIZE_BYTES_MAX; copied
//   type          Express refuses what asl.md §10 lists
//   diagnostics   one is appended per problem, in document order
//   ret_machine   on STATUS_OK, a machine with one reference, which the caller owns and gives back
//                 with asl_machine_unref(); otherwise untouched; may be NULL to validate only
//
// Returns STATUS_OK (there may be warnings), STATUS_INVALID (at least one diagnostic is an ERROR),
// or a fault. Source: AWS Step Functions API Reference, ValidateStateMachineDefinition.
MUST_USE enum status asl_machine_parse(struct str definition, enum asl_machine_type type,
                                       struct asl_diagnostics *diagnostics,
                                       const struct asl_machine **ret_machine);

// The same by the rules of the caller's choice; asl_machine_parse() goes by the service's.
MUST_USE enum status asl_machine_parse_by(enum asl_rules rules, struct str definition,
                                          enum asl_machine_type type,
                                          struct asl_diagnostics *diagnostics,
                                          const struct asl_machine **ret_machine);

// The name that a state has when it is parsed alone.
#define ASL_SINGLE_STATE_NAME STR("StateName")

// Parse one state as a Standard machine of its own, in which it is called ASL_SINGLE_STATE_NAME and
// stands first. Every state that it leads to and that is not there is a Succeed state.
//
//   definition   of the state alone
//   language     of the machine that the state stands in
//
// The rest as asl_machine_parse(). Source: AWS Step Functions API Reference, TestState.
MUST_USE enum status asl_machine_parse_state(struct str definition,
                                             enum asl_query_language language,
                                             struct asl_diagnostics *diagnostics,
                                             const struct asl_machine **ret_machine);

// How asl_machine_check() looks at a definition.
struct asl_check {
    enum asl_rules rules;
    enum asl_machine_type type;
    // Placeholders of deployment templates ("${Name}") may stand for any value or part of one; what
    // depends on what they will be replaced with is not checked.
    bool allows_placeholders;
};

// Validate a definition that is not to be run. As asl_machine_parse().
MUST_USE enum status asl_machine_check(const struct asl_check *check, struct str definition,
                                       struct asl_diagnostics *diagnostics);

// The definition of a distributed Map's item processor as a machine of its own, which the children
// of its Map runs run: the processor as written, with the query language of the machine around it.
//
//   state   a distributed Map of `machine`
//
// Returns STATUS_OK with a text in `arena`, or a fault.
MUST_USE enum status asl_processor_definition(const struct asl_machine *machine,
                                              const struct asl_state *state, struct arena *arena,
                                              struct str *ret_definition);

// Parse such a definition. Its rules were checked when the machine around it was parsed.
//
//   type   the children's: asl_map.execution_type
//
// Returns STATUS_OK, STATUS_INVALID (it is none) or a fault.
MUST_USE enum status asl_processor_parse(struct str definition, enum asl_machine_type type,
                                         const struct asl_machine **ret_machine);

// Any thread.
const struct asl_machine *asl_machine_ref(const struct asl_machine *machine);
void asl_machine_unref(const struct asl_machine *machine);

// State by name, of any scope; NULL when absent.
const struct asl_state *asl_machine_find_state(const struct asl_machine *machine, struct str name);

// DescribeStateMachine's variableReferences: {"State": ["variable", …]}, sorted; states that read
// none are left out. An empty object when there are none. Returns false when the arena is
// exhausted.
MUST_USE bool asl_machine_variable_references(const struct asl_machine *machine,
                                              struct arena *arena, struct json *ret_references);

const char *asl_state_type_name(enum asl_state_type type);

// Does `error` match one of the names of an ErrorEquals, with the meaning of States.ALL,
// States.TaskFailed and States.Timeout?
bool asl_error_list_matches(const struct asl_error_list *list, struct str error_name);

// Delay before retry number `attempt` of `retrier`.
//
//   attempt   1 for the first retry, at most `retrier->attempts_max`
//   uniform   in [0, 1), drawn by the caller so that a replayed step gives the same delay
//
// Returns milliseconds, at most max_delay_seconds when that is set. Cannot fail; saturates.
// Source: Amazon States Language, "Retrying after error".
uint64_t asl_retry_delay_ms(const struct asl_retrier *retrier, uint32_t attempt, double uniform);

// First rule of a Choice state that matches: its index, or UINT32_MAX when none does.
//
// Returns STATUS_OK, STATUS_INVALID (`reterr_error`: a path that leads nowhere, a condition that is
// not boolean) or STATUS_NO_MEMORY.
MUST_USE enum status asl_choice_select(const struct asl_state *state,
                                       const struct asl_environment *environment,
                                       struct arena *arena, uint32_t *ret_rule,
                                       struct asl_error *reterr_error);
