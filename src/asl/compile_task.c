// Tasks, and what Task, Parallel and Map share: Retry and Catch.

#include "asl/compile.h"

// ---------------------------------------------------------------------------------------------
// ErrorEquals

// Source: Amazon States Language, "Retrying after error": States.ALL stands alone, and in the last
// retrier or catcher.
static struct asl_error_list compile_error_list(struct asl_compiler *compiler,
                                                const struct asl_place *outer,
                                                const struct json *object, bool is_last)
{
    struct asl_error_list list = {0};
    const struct json *names = ASL_ARRAY(object, "ErrorEquals");
    if (names == NULL) return list;
    struct asl_place place = asl_place_member(outer, STR("ErrorEquals"));
    struct str *copies = arena_alloc_array(compiler->arena, names->size, sizeof(*copies));
    if (copies == NULL) return list;
    for (uint32_t i = 0; i < names->size; i++) {
        const struct json *name = &names->items[i];
        struct asl_place here = asl_place_item(&place, i);
        if (!json_is_string(name)) {
            asl_report_schema(compiler, &here, "Expected value of type String");
            continue;
        }
        copies[list.count++] = json_str(name);
        if (str_equal(json_str(name), ASL_ERROR_ALL) && (!is_last || names->size > 1)) {
            struct asl_diagnostic *diagnostic = asl_report_schema(
                compiler, &place, "States.ALL must appear alone and at end of list");
            asl_help(compiler, diagnostic,
                     "it matches whatever is left: give it an entry of its own, the last one");
        }
    }
    list.names = copies;
    return list;
}

// ---------------------------------------------------------------------------------------------
// Retry

static uint32_t number_member(const struct json *object, struct str name, uint32_t absent)
{
    const struct json *value = asl_member(object, name, JSON_INTEGER);
    if (value == NULL || value->integer < 0 || value->integer > UINT32_MAX) return absent;
    return (uint32_t)value->integer;
}

// The language wants a positive interval and fewer attempts than the service's largest number.
static void check_language_ranges(struct asl_compiler *compiler, const struct asl_place *place,
                                  const struct asl_retrier *retrier)
{
    struct asl_place interval = asl_place_member(place, STR("IntervalSeconds"));
    struct asl_place attempts = asl_place_member(place, STR("MaxAttempts"));
    if (retrier->interval_seconds == 0)
        asl_report_schema(compiler, &interval, "Minimum value is 1");
    if (retrier->attempts_max >= ASL_SECONDS_MAX)
        asl_report_schema(compiler, &attempts, "Maximum value is %d", ASL_SECONDS_MAX - 1);
}

static struct asl_retrier compile_retrier(struct asl_compiler *compiler,
                                          const struct asl_place *place, const struct json *object,
                                          bool is_last)
{
    const struct json *rate = JSON_FIND(object, "BackoffRate");
    struct asl_retrier retrier = {
        .error_equals = compile_error_list(compiler, place, object, is_last),
        .interval_seconds = number_member(object, STR("IntervalSeconds"), 1),
        .attempts_max = number_member(object, STR("MaxAttempts"), 3),
        .backoff_rate = rate != NULL && json_is_number(rate) ? json_to_real(rate) : 2.0,
        .max_delay_seconds = number_member(object, STR("MaxDelaySeconds"), 0),
        .jitter_strategy = str_is(ASL_STRING(object, "JitterStrategy"), "FULL") ? ASL_JITTER_FULL
                                                                                : ASL_JITTER_NONE,
    };
    if (compiler->rules == ASL_RULES_LANGUAGE) check_language_ranges(compiler, place, &retrier);
    return retrier;
}

static void compile_retry(struct asl_compiler *compiler, const struct json *retry)
{
    struct asl_state *state = &compiler->draft->state;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Retry"));
    struct asl_retrier *retriers =
        arena_alloc_array(compiler->arena, retry->size, sizeof(*retriers));
    if (retriers == NULL) return;
    for (uint32_t i = 0; i < retry->size; i++) {
        struct asl_place here = asl_place_item(&place, i);
        if (!asl_check_fields(compiler, &here, ASL_SHAPE_RETRIER, &retry->items[i])) continue;
        retriers[state->retrier_count++] =
            compile_retrier(compiler, &here, &retry->items[i], i + 1 == retry->size);
    }
    state->retriers = retriers;
}

// ---------------------------------------------------------------------------------------------
// Catch

static void compile_catch(struct asl_compiler *compiler, const struct json *catch)
{
    struct asl_state *state = &compiler->draft->state;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Catch"));
    struct asl_catcher *catchers =
        arena_alloc_array(compiler->arena, catch->size, sizeof(*catchers));
    if (catchers == NULL) return;
    compiler->visible = ASL_SEES_ERROR_OUTPUT;
    for (uint32_t i = 0; i < catch->size; i++) {
        const struct json *object = &catch->items[i];
        struct asl_place here = asl_place_item(&place, i);
        if (!asl_check_fields(compiler, &here, ASL_SHAPE_CATCHER, object)) continue;
        struct asl_catcher *catcher = &catchers[state->catcher_count++];
        *catcher = (struct asl_catcher){
            .error_equals = compile_error_list(compiler, &here, object, i + 1 == catch->size),
            .result_path =
                asl_compile_path(compiler, &here, object, STR("ResultPath"), JSONPATH_REFERENCE),
            .output = asl_compile_payload(compiler, &here, object, STR("Output")),
            .assign = asl_compile_assign(compiler, &here, object),
        };
        asl_add_transition(compiler, &here, object, "Next", &catcher->next_state);
    }
    compiler->visible = 0;
    state->catchers = catchers;
}

void asl_compile_retry_and_catch(struct asl_compiler *compiler, const struct json *object)
{
    const struct json *retry = ASL_ARRAY(object, "Retry");
    const struct json *catch = ASL_ARRAY(object, "Catch");
    if (retry != NULL) compile_retry(compiler, retry);
    if (catch != NULL) compile_catch(compiler, catch);
}

// ---------------------------------------------------------------------------------------------
// Task

// HeartbeatSeconds must be smaller than TimeoutSeconds where both are known.
static void check_heartbeat(struct asl_compiler *compiler, const struct json *object)
{
    uint32_t timeout = number_member(object, STR("TimeoutSeconds"), UINT32_MAX);
    uint32_t heartbeat = number_member(object, STR("HeartbeatSeconds"), 0);
    if (heartbeat == 0 || heartbeat < timeout) return;
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, compiler->draft->place, "HeartbeatSeconds must be smaller than TimeoutSeconds");
    struct asl_place place = asl_place_member(compiler->draft->place, STR("HeartbeatSeconds"));
    asl_point_at(compiler, diagnostic, &place);
    asl_help(compiler, diagnostic, "TimeoutSeconds is %u", timeout);
}

static void compile_credentials(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_task *task = &compiler->draft->state.task;
    const struct json *credentials = ASL_OBJECT(object, "Credentials");
    if (credentials == NULL) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Credentials"));
    task->credentials =
        asl_compile_payload(compiler, compiler->draft->place, object, STR("Credentials"));
    if (compiler->rules == ASL_RULES_LANGUAGE) return;
    if (task->resource.kind == ASL_RESOURCE_ACTIVITY) {
        asl_report_schema(compiler, &place,
                          "The field 'Credentials' is not supported for activities");
        return;
    }
    bool has_role =
        JSON_FIND(credentials, "RoleArn") != NULL ||
        (compiler->language == ASL_JSONPATH && JSON_FIND(credentials, "RoleArn.$") != NULL);
    if (!has_role)
        asl_report_schema(compiler, &place, "The field 'RoleArn' is required but was missing");
}

static void report_parameter(struct asl_compiler *compiler, const struct asl_place *place,
                             struct str name, struct str instead)
{
    if (str_ends_with(name, STR(".$"))) name.size -= 2;
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, place, "The field \"%" STR_FORMAT "\" is not supported by Step Functions",
        STR_ARGS(name));
    asl_help(compiler, diagnostic,
             "parameters of services begin with a capital: \"%" STR_FORMAT "\"", STR_ARGS(instead));
}

// Services take parameters in PascalCase, whatever their own API does. Only what is plainly written
// otherwise is reported: which parameters there are is the service's business.
// Source: AWS Step Functions Developer Guide, "Passing parameters to a service API".
static void check_parameters(struct asl_compiler *compiler, const struct json *object)
{
    bool is_jsonata = compiler->language == ASL_JSONATA;
    struct str field = is_jsonata ? STR("Arguments") : STR("Parameters");
    const struct json *parameters = asl_member(object, field, JSON_OBJECT);
    if (parameters == NULL || compiler->rules == ASL_RULES_LANGUAGE) return;
    struct asl_place place = asl_place_member(compiler->draft->place, field);
    for (uint32_t i = 0; i < parameters->size; i++) {
        struct str name = json_str(&parameters->members[i].name);
        if (name.size == 0 || name.data[0] < 'a' || name.data[0] > 'z') continue;
        struct str instead = arena_printf(compiler->scratch, "%c%" STR_FORMAT,
                                          name.data[0] - 'a' + 'A', STR_ARGS(str_skip(name, 1)));
        report_parameter(compiler, &place, name, instead);
    }
    const struct json *network = JSON_FIND(parameters, "NetworkConfiguration");
    if (network == NULL || !str_is(compiler->draft->state.task.resource.type, "ecs")) return;
    for (uint32_t i = 0; i < network->size && json_is_object(network); i++) {
        struct str name = json_str(&network->members[i].name);
        struct str right = STR("AwsvpcConfiguration");
        if (str_equal_ignoring_case(name, right) && !str_equal(name, right))
            report_parameter(compiler, &place, name, right);
    }
}

void asl_compile_task(struct asl_compiler *compiler, const struct json *object)
{
    const struct asl_place *place = compiler->draft->place;
    struct asl_task *task = &compiler->draft->state.task;
    struct str arn = ASL_STRING(object, "Resource");
    if (arn.data != NULL) {
        struct asl_place here = asl_place_member(place, STR("Resource"));
        task->resource = asl_compile_resource(compiler, &here, arn);
    }
    task->timeout_seconds = asl_compile_scalar(compiler, place, object, STR("TimeoutSeconds"),
                                               STR("TimeoutSecondsPath"));
    task->heartbeat_seconds = asl_compile_scalar(compiler, place, object, STR("HeartbeatSeconds"),
                                                 STR("HeartbeatSecondsPath"));
    check_heartbeat(compiler, object);
    compile_credentials(compiler, object);
    if (task->resource.kind == ASL_RESOURCE_SERVICE) check_parameters(compiler, object);
}
