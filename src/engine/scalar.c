// Scalar fields: numbers and texts that a definition gives literally, by a path or by an
// expression, and what the service says when they are not what the field wants.

#include "engine/data_flow.h"

struct str flow_print(struct step *step, const struct json *value)
{
    return json_is_string(value) ? json_str(value) : json_render_to_arena(step->values, value);
}

enum status flow_type_error(struct flow *flow, const struct asl_template *template,
                            const char *expected, const struct json *value,
                            struct asl_error *reterr_error)
{
    assert(flow->state->query_language == ASL_JSONATA);
    struct asl_error error = asl_template_type_error(template, expected, value, flow->step->values);
    *reterr_error = flow_name_state(flow->step, flow->strand, error);
    return STATUS_INVALID;
}

enum status flow_scalar(struct flow *flow, const struct asl_template *template,
                        const struct payload *data, struct json *ret_value,
                        struct asl_error *reterr_error)
{
    assert(template != NULL);
    if (template->kind == ASL_TEMPLATE_LITERAL) {
        *ret_value = template->literal;
        return STATUS_OK;
    }
    enum status status;
    if (template->kind == ASL_TEMPLATE_PATH) {
        flow->environment.data = data == NULL ? NULL : &data->value;
        status = asl_path_evaluate(template->path, &flow->environment, flow->step->values,
                                   ret_value, reterr_error);
    } else {
        flow->environment.data =
            flow->state->query_language == ASL_JSONATA || data == NULL ? NULL : &data->value;
        status = asl_template_evaluate(template, &flow->environment, flow->step->values, ret_value,
                                       reterr_error);
    }
    if (status == STATUS_INVALID) {
        *reterr_error = flow_name_state(flow->step, flow->strand, *reterr_error);
    }
    return status;
}

// A path may also lead to a string that spells the number.
static struct json spelled_number(struct flow *flow, struct json value)
{
    struct json number;
    if (flow->state->query_language == ASL_JSONATA || !json_is_string(&value)) return value;
    enum status status = json_parse(flow->step->values, json_str(&value), 0, &number, NULL);
    return status == STATUS_OK && json_is_number(&number) ? number : value;
}

enum status flow_number(struct flow *flow, const struct asl_template *template,
                        const struct payload *data, struct json *ret_value,
                        struct asl_error *reterr_error)
{
    struct json value;
    enum status status = flow_scalar(flow, template, data, &value, reterr_error);
    if (status == STATUS_OK) *ret_value = spelled_number(flow, value);
    return status;
}

enum status flow_integer(struct flow *flow, const struct flow_integer_field *field,
                         const struct payload *data, int64_t *ret_integer,
                         struct asl_error *reterr_error)
{
    struct json value;
    enum status status = flow_number(flow, field->template, data, &value, reterr_error);
    if (status != STATUS_OK) return status;
    bool is_integer = json_is_number(&value) && json_to_integer(&value, ret_integer);
    if (!is_integer && flow->state->query_language == ASL_JSONATA) {
        return flow_type_error(flow, field->template, json_is_number(&value) ? "integer" : "number",
                               &value, reterr_error);
    }
    if (!is_integer) {
        struct str path = field->template->kind == ASL_TEMPLATE_PATH
                              ? jsonpath_text(field->template->path)
                              : STR("");
        *reterr_error = flow_runtime_error(
            flow->step, flow->strand,
            "The %s field refers to value \"%" STR_FORMAT
            "\" which is not a valid integer: %" STR_FORMAT,
            field->path_name, STR_ARGS(flow_print(flow->step, &value)), STR_ARGS(path));
        return STATUS_INVALID;
    }
    if (*ret_integer >= field->minimum) return STATUS_OK;
    *reterr_error =
        flow_runtime_error(flow->step, flow->strand, "%s %s.", field->name,
                           field->minimum > 0 ? "must be positive" : "cannot be negative");
    if (flow->state->query_language == ASL_JSONATA) {
        reterr_error->name = ASL_ERROR_QUERY_EVALUATION;
        reterr_error->location = field->template->field;
    }
    return STATUS_INVALID;
}
