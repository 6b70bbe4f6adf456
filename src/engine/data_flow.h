// Data flow: from a state's raw input to its work and from the work to the state's output. Private
// to the folder.
//
// Every function returns STATUS_OK, STATUS_INVALID with the workflow's error (its cause complete,
// naming the state), or a fault.

#pragma once

#include "engine/execution.h"

// What the fields of one state see, and where results of evaluation go.
struct flow {
    struct step *step;
    struct strand *strand;
    const struct asl_state *state;
    struct asl_environment environment;
    struct json context_object; // What the environment points to.
};

// Set up for the strand's state: raw input, variables and, if some field reads it, the context
// object.
MUST_USE enum status flow_init(struct flow *flow, struct step *step, struct strand *strand);

// The same for ItemSelector, which also sees an item of the strand's Map state.
MUST_USE enum status flow_init_for_item(struct flow *flow, struct step *step, struct strand *strand,
                                        uint64_t index, const struct json *item);

// A path field, with `source` as `$`.
MUST_USE enum status flow_path(struct flow *flow, const struct asl_path *path,
                               const struct payload *source, struct payload *ret_value,
                               struct asl_error *reterr_error);

// The effective input: InputPath of the raw input.
MUST_USE enum status flow_effective_input(struct flow *flow, struct payload *ret_input,
                                          struct asl_error *reterr_error);

// What the state's work is given: Parameters of the effective input, or Arguments.
MUST_USE enum status flow_work_input(struct flow *flow, struct payload *ret_input,
                                     struct asl_error *reterr_error);

// `template` with `data` as `$`.
MUST_USE enum status flow_evaluate(struct flow *flow, const struct asl_template *template,
                                   const struct payload *data, struct payload *ret_value,
                                   struct asl_error *reterr_error);

// ResultPath: the raw input with `result` put into it.
MUST_USE enum status flow_merge_result(struct flow *flow, const struct asl_path *result_path,
                                       const struct payload *result, struct payload *ret_merged,
                                       struct asl_error *reterr_error);

// Assign: evaluated, but not yet in force. `ret_assigned` is JSON_NULL when `template` is NULL.
MUST_USE enum status flow_assign(struct flow *flow, const struct asl_template *template,
                                 const struct payload *data, struct json *ret_assigned,
                                 struct asl_error *reterr_error);

// `output` must keep the limit of size; the error names the state.
MUST_USE enum status flow_check_output(struct flow *flow, struct payload *output,
                                       struct asl_error *reterr_error);

// The error that says that something called `name` gave too much.
struct asl_error flow_data_limit_error(struct step *step, struct str name);

// States.Runtime with a cause that names the state, then says what the format says.
struct asl_error flow_runtime_error(struct step *step, const struct strand *strand,
                                    const char *format, ...) PRINTF(3, 4);

// The same error with a cause that names the state first.
struct asl_error flow_name_state(struct step *step, const struct strand *strand,
                                 struct asl_error error);

// What a state hands on.
struct outcome {
    struct payload output;
    struct json assigned; // JSON_NULL: nothing.
};

// Task, Parallel, Map, Pass: from the result of the work to the outcome.
MUST_USE enum status flow_finish_work(struct flow *flow, const struct payload *result,
                                      struct outcome *ret_outcome, struct asl_error *reterr_error);

// Choice, Wait, Succeed: from the input to the outcome, by the templates that apply (either NULL).
MUST_USE enum status flow_finish_input(struct flow *flow, const struct asl_template *output,
                                       const struct asl_template *assign,
                                       struct outcome *ret_outcome, struct asl_error *reterr_error);

// A scalar field: literal, path or expression. Paths fail with the words of InputPath.
MUST_USE enum status flow_scalar(struct flow *flow, const struct asl_template *template,
                                 const struct payload *data, struct json *ret_value,
                                 struct asl_error *reterr_error);

// The same for a field that wants a number; it may still get something else.
MUST_USE enum status flow_number(struct flow *flow, const struct asl_template *template,
                                 const struct payload *data, struct json *ret_value,
                                 struct asl_error *reterr_error);

// The same for a field that wants an integer of at least `minimum`. `name` is the field's name in
// JSONPath mode when it holds a path ("TimeoutSecondsPath").
struct flow_integer_field {
    const struct asl_template *template;
    const char *name;      // "TimeoutSeconds"
    const char *path_name; // "TimeoutSecondsPath"
    int64_t minimum;
};
MUST_USE enum status flow_integer(struct flow *flow, const struct flow_integer_field *field,
                                  const struct payload *data, int64_t *ret_integer,
                                  struct asl_error *reterr_error);

// STATUS_INVALID with what a JSONata field says of a value of the wrong type.
MUST_USE enum status flow_type_error(struct flow *flow, const struct asl_template *template,
                                     const char *expected, const struct json *value,
                                     struct asl_error *reterr_error);

// A value as error texts print it between quotes: a string bare, all else as JSON.
struct str flow_print(struct step *step, const struct json *value);
