// AWS Step Functions: dispatch, ARNs and names.

#include "api/states.h"

#include "base/encoding.h"

// Operations of the service that this version does not serve; they answer with an error that names
// them instead of "unknown".
static const struct str unserved[] = {
    STR_INIT("CreateActivity"),
    STR_INIT("CreateStateMachineAlias"),
    STR_INIT("DeleteActivity"),
    STR_INIT("DeleteStateMachineAlias"),
    STR_INIT("DeleteStateMachineVersion"),
    STR_INIT("DescribeActivity"),
    STR_INIT("DescribeMapRun"),
    STR_INIT("DescribeStateMachineAlias"),
    STR_INIT("ListActivities"),
    STR_INIT("ListMapRuns"),
    STR_INIT("ListStateMachineAliases"),
    STR_INIT("ListStateMachineVersions"),
    STR_INIT("PublishStateMachineVersion"),
    STR_INIT("UpdateMapRun"),
    STR_INIT("UpdateStateMachineAlias"),
};

// Tables of the files, the hot ones first.
static const struct {
    const struct states_operation *operations;
    const size_t *count;
} tables[] = {
    {states_start_operations, &states_start_operation_count},
    {states_execution_operations, &states_execution_operation_count},
    {states_task_operations, &states_task_operation_count},
    {states_history_operations, &states_history_operation_count},
    {states_machine_operations, &states_machine_operation_count},
    {states_tag_operations, &states_tag_operation_count},
    {states_test_operations, &states_test_operation_count},
};

static const struct states_operation *find_operation(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        for (size_t k = 0; k < *tables[i].count; k++) {
            if (str_equal(tables[i].operations[k].name, name)) return &tables[i].operations[k];
        }
    }
    return NULL;
}

static void refuse_operation(struct api_request *request)
{
    for (size_t i = 0; i < ARRAY_COUNT(unserved); i++) {
        if (str_equal(unserved[i], request->operation)) {
            api_exception(request, STR("UnknownOperationException"),
                          "The operation %" STR_FORMAT " is not served by this version of Galop.",
                          STR_ARGS(request->operation));
            return;
        }
    }
    api_exception(request, STR("UnknownOperationException"),
                  "AWS Step Functions has no operation %" STR_FORMAT ".",
                  STR_ARGS(request->operation));
}

static void handle(struct api_request *request)
{
    const struct states_operation *operation = find_operation(request->operation);
    if (operation == NULL) {
        refuse_operation(request);
        return;
    }
    if (!api_members_check(request, &request->body, operation->members, operation->member_count)) {
        return;
    }
    operation->handle(request);
}

const struct api_service api_states = {
    .name = STR_INIT("states"),
    .target_prefix = STR_INIT("AWSStepFunctions."),
    .protocol = API_PROTOCOL_JSON_1_0,
    .handle = handle,
};

// ---------------------------------------------------------------------------------------------
// ARNs and names

static bool type_is_among(struct str type, const char *types)
{
    struct str rest = str_from_c(types);
    while (rest.data != NULL) {
        if (str_equal(str_cut(&rest, '|'), type)) return true;
    }
    return false;
}

static bool take_apart(struct str text, struct states_arn *ret_arn)
{
    struct str rest = text;
    struct states_arn arn = {.text = text};
    str_cut(&rest, ':'); // "arn"
    struct str partition = str_cut(&rest, ':');
    struct str service = str_cut(&rest, ':');
    arn.region = str_cut(&rest, ':');
    arn.account = str_cut(&rest, ':');
    arn.type = str_cut(&rest, ':');
    arn.name = str_cut(&rest, ':');
    arn.qualifier = rest;
    size_t slash = str_find_byte(arn.name, '/');
    if (slash != SIZE_MAX) {
        arn.label = str_skip(arn.name, slash + 1);
        arn.name = str_slice(arn.name, 0, slash);
    }
    *ret_arn = arn;
    return partition.size > 0 && str_is(service, "states") && arn.type.size > 0;
}

bool states_arn_read(struct api_request *request, struct str member, const char *types,
                     struct states_arn *ret_arn)
{
    struct str text = api_member_str(&request->body, member, STR(""));
    struct states_arn arn;
    if (!str_starts_with(text, STR("arn:"))) {
        api_exception(request, STR("InvalidArn"),
                      "Invalid Arn: 'Invalid ARN prefix: %" STR_FORMAT "'", STR_ARGS(text));
        return false;
    }
    if (!take_apart(text, &arn) || !type_is_among(arn.type, types) || arn.name.size == 0) {
        api_exception(request, STR("InvalidArn"),
                      "Invalid Arn: 'Resource type not valid in this context: %" STR_FORMAT "'",
                      STR_ARGS(arn.type));
        return false;
    }
    *ret_arn = arn;
    return true;
}

static bool is_forbidden(uint32_t c)
{
    static const char forbidden[] = "<>{}[]?*\"#%\\^|~`$&,;:/";
    if (c < 0x80) return c <= ' ' || c == 0x7f || strchr(forbidden, (int)c) != NULL;
    // Control characters, white space beyond ASCII, and what is no character at all.
    return c <= 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfffe || c == 0xffff || c == 0x10ffff;
}

bool states_name_is_valid(struct str name)
{
    if (name.size == 0) return false;
    while (name.size > 0) {
        if (is_forbidden(encoding_utf8_take(&name))) return false;
    }
    return true;
}

struct state_machine *states_find_machine(struct api_request *request, const struct states_arn *arn)
{
    struct state_machine *found = NULL;
    if (arn->label.size == 0 && arn->qualifier.size == 0) {
        found = state_machine_cache_find(&request->worker->runtime->state_machines, arn->text);
    }
    if (found == NULL) {
        api_exception(request, STR("StateMachineDoesNotExist"),
                      "State Machine Does Not Exist: '%" STR_FORMAT "'", STR_ARGS(arn->text));
    }
    return found;
}
