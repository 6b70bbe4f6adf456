// AWS Step Functions: dispatch, ARNs and names.

#include "api/states.h"

#include "base/encoding.h"
#include "runtime/alias.h"

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
    {states_describe_operations, &states_describe_operation_count},
    {states_map_run_operations, &states_map_run_operation_count},
    {states_version_operations, &states_version_operation_count},
    {states_alias_operations, &states_alias_operation_count},
    {states_activity_operations, &states_activity_operation_count},
    {states_tag_operations, &states_tag_operation_count},
    {states_test_operations, &states_test_operation_count},
    {states_validate_operations, &states_validate_operation_count},
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

bool states_arn_parse(struct str text, struct states_arn *ret_arn)
{
    struct str rest = text;
    struct states_arn arn = {.text = text};
    bool is_arn = str_is(str_cut(&rest, ':'), "arn");
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
    return is_arn && partition.size > 0 && str_is(service, "states") && arn.type.size > 0;
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
    if (!states_arn_parse(text, &arn) || !type_is_among(arn.type, types) || arn.name.size == 0) {
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

enum states_qualifier states_arn_qualifier(const struct states_arn *arn)
{
    if (arn->qualifier.size == 0) return STATES_UNQUALIFIED;
    for (size_t i = 0; i < arn->qualifier.size; i++) {
        if (arn->qualifier.data[i] < '0' || arn->qualifier.data[i] > '9') return STATES_ALIAS;
    }
    return STATES_VERSION;
}

void states_refuse_unknown_machine(struct api_request *request, struct str arn)
{
    api_exception(request, STR("StateMachineDoesNotExist"),
                  "State Machine Does Not Exist: '%" STR_FORMAT "'", STR_ARGS(arn));
}

void states_refuse_label(struct api_request *request)
{
    api_exception_member(
        request, STR("ValidationException"),
        arena_printf(request->arena, "%" STR_FORMAT " does not support labelled state machine ARNs",
                     STR_ARGS(request->operation)),
        STR("reason"), STR("API_DOES_NOT_SUPPORT_LABELED_ARNS"));
}

void states_refuse_unknown_resource(struct api_request *request, struct str arn)
{
    api_exception_member(request, STR("ResourceNotFound"),
                         STR("Request references a resource that does not exist."),
                         STR("resourceName"), arn);
}

bool states_machine_arn_read(struct api_request *request, struct str member,
                             struct states_arn *ret_arn)
{
    if (!states_arn_read(request, member, "stateMachine", ret_arn)) return false;
    if (ret_arn->label.size > 0) {
        states_refuse_label(request);
    } else if (ret_arn->qualifier.size > 0) {
        api_exception(request, STR("ValidationException"),
                      "%" STR_FORMAT " takes the ARN of a state machine without version or alias. "
                      "Received: %" STR_FORMAT,
                      STR_ARGS(request->operation), STR_ARGS(ret_arn->text));
    } else {
        return true;
    }
    return false;
}

struct state_machine *states_find_machine(struct api_request *request, const struct states_arn *arn)
{
    if (arn->label.size > 0) {
        states_refuse_label(request);
        return NULL;
    }
    struct state_machine *found = NULL;
    if (arn->qualifier.size == 0) {
        found = state_machine_find(&request->worker->runtime->catalog, arn->text);
    }
    if (found == NULL) states_refuse_unknown_machine(request, arn->text);
    return found;
}

// The version that an alias picks. Looking it up may lose the alias, so its text is copied. NULL
// when it leads nowhere, because it changed just now.
static struct state_machine *follow_alias(struct api_request *request, const struct alias *alias)
{
    struct str version_arn;
    struct str picked = alias_pick(alias, &request->worker->random);
    if (!arena_copy_str(request->arena, picked, &version_arn)) return NULL;
    return state_machine_find(&request->worker->runtime->catalog, version_arn);
}

bool states_find_target(struct api_request *request, const struct states_arn *arn,
                        struct states_target *ret_target)
{
    struct catalog_cache *catalog = &request->worker->runtime->catalog;
    struct catalog_entry *entry = catalog_cache_find(catalog, arn->text);
    *ret_target = (struct states_target){.state_machine = state_machine_of(entry)};
    if (LIKELY(ret_target->state_machine != NULL)) return true;
    struct alias *alias = alias_of(entry);
    for (int i = 0; alias != NULL && i < 2; i++) {
        ret_target->state_machine = follow_alias(request, alias);
        ret_target->alias_arn = arn->text;
        if (ret_target->state_machine != NULL) return true;
        alias = alias_find(catalog, arn->text); // As it is now.
    }
    if (arn->label.size > 0) {
        states_refuse_label(request);
    } else {
        states_refuse_unknown_machine(request, arn->text);
    }
    return false;
}
