// Aliases of state machines: create, describe, update, list, delete.

#include "api/states.h"
#include "runtime/alias.h"

enum { ALIASES_MAX = 100 }; // Of a state machine.

// ---------------------------------------------------------------------------------------------
// Routing

static const struct api_member route_members[] = {
    STATES_ARN_MEMBER("stateMachineVersionArn"),
    {.name = STR_INIT("weight"),
     .type = API_MEMBER_INTEGER,
     .is_required = true,
     .max = ALIAS_WEIGHT_SUM},
};
static const struct api_member route_item = {
    .type = API_MEMBER_OBJECT,
    .members = route_members,
    .member_count = ARRAY_COUNT(route_members),
    .structure = "RoutingConfigurationListItem",
};

static bool refuse_routing(struct api_request *request, const char *rule,
                           const struct alias_fields *fields)
{
    struct str received = STR("");
    for (size_t i = 0; i < fields->route_count; i++) {
        received = arena_printf(request->arena, "%" STR_FORMAT "%s%" STR_FORMAT, STR_ARGS(received),
                                i > 0 ? ", " : "", STR_ARGS(fields->routes[i].version_arn));
    }
    api_exception_member(request, STR("ValidationException"),
                         arena_printf(request->arena,
                                      "Routing configuration must contain %s. Received: "
                                      "[%" STR_FORMAT "]",
                                      rule, STR_ARGS(received)),
                         STR("reason"), STR("INVALID_ROUTING_CONFIGURATION"));
    return false;
}

static bool refuse_weights(struct api_request *request, const struct alias_fields *fields)
{
    struct str received = STR("");
    for (size_t i = 0; i < fields->route_count; i++) {
        received = arena_printf(request->arena, "%" STR_FORMAT "%s%u", STR_ARGS(received),
                                i > 0 ? ", " : "", fields->routes[i].weight);
    }
    api_exception_member(request, STR("ValidationException"),
                         arena_printf(request->arena,
                                      "Sum of routing configuration weights must equal 100. "
                                      "Received: [%" STR_FORMAT "]",
                                      STR_ARGS(received)),
                         STR("reason"), STR("INVALID_ROUTING_CONFIGURATION"));
    return false;
}

static struct str state_machine_arn_of(const struct states_arn *version)
{
    return str_slice(version->text, 0, version->text.size - version->qualifier.size - 1);
}

// routingConfiguration into `fields`, whose state machine is the versions'. An alias that has one
// already must keep it. Replies and returns false when the rules are broken.
static bool read_routing(struct api_request *request, struct alias_fields *fields)
{
    const struct json *routing = JSON_FIND(&request->body, "routingConfiguration");
    struct states_arn versions[ALIAS_ROUTES_MAX];
    bool are_versions = true;
    uint32_t sum = 0;
    fields->route_count = routing->size;
    for (uint32_t i = 0; i < routing->size; i++) {
        struct alias_route *route = &fields->routes[i];
        int64_t weight = api_member_integer(&routing->items[i], STR("weight"), 0);
        route->version_arn =
            api_member_str(&routing->items[i], STR("stateMachineVersionArn"), STR(""));
        route->weight = (uint32_t)weight;
        sum += route->weight;
        are_versions &= states_arn_parse(route->version_arn, &versions[i]) &&
                        str_is(versions[i].type, "stateMachine") && versions[i].label.size == 0 &&
                        states_arn_qualifier(&versions[i]) == STATES_VERSION;
    }
    if (!are_versions) return refuse_routing(request, "state machine version ARNs", fields);
    bool is_pair = fields->route_count == 2;
    if (is_pair && str_equal(fields->routes[0].version_arn, fields->routes[1].version_arn)) {
        return refuse_routing(request, "distinct state machine version ARNs", fields);
    }
    if (sum != ALIAS_WEIGHT_SUM) return refuse_weights(request, fields);
    if (fields->state_machine_arn.size == 0) {
        fields->state_machine_arn = state_machine_arn_of(&versions[0]);
        fields->state_machine_name = versions[0].name;
        fields->region = versions[0].region;
    }
    for (size_t i = 0; i < fields->route_count; i++) {
        if (!str_equal(state_machine_arn_of(&versions[i]), fields->state_machine_arn)) {
            return refuse_routing(request, "versions of one state machine", fields);
        }
    }
    return true;
}

// Whether all versions are there. Replies and returns false when one is not.
static bool check_versions(struct api_request *request, const struct alias_fields *fields)
{
    for (size_t i = 0; i < fields->route_count; i++) {
        struct str arn = fields->routes[i].version_arn;
        if (state_machine_find(&request->worker->runtime->catalog, arn) == NULL) {
            states_refuse_unknown_resource(request, arn);
            return false;
        }
    }
    return true;
}

// The order of the two does not count.
static bool is_same_routing(const struct alias *alias, const struct alias_fields *fields)
{
    if (alias->route_count != fields->route_count) return false;
    for (size_t i = 0; i < alias->route_count; i++) {
        bool is_found = false;
        for (size_t k = 0; k < fields->route_count; k++) {
            is_found |= str_equal(alias->routes[i].version_arn, fields->routes[k].version_arn) &&
                        alias->routes[i].weight == fields->routes[k].weight;
        }
        if (!is_found) return false;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// CreateStateMachineAlias

// "^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$": never to be taken for a version's number.
static bool is_alias_name(struct str name)
{
    bool has_other = false;
    for (size_t i = 0; i < name.size; i++)
        has_other |= name.data[i] < '0' || name.data[i] > '9';
    return has_other && str_is_alphanumeric(name, "_-.");
}

static const struct api_member create_members[] = {
    {.name = STR_INIT("description"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("name"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 80,
     .pattern = "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
     .matches = is_alias_name},
    {.name = STR_INIT("routingConfiguration"),
     .type = API_MEMBER_LIST,
     .is_required = true,
     .min = 1,
     .max = ALIAS_ROUTES_MAX,
     .item = &route_item},
};

struct alias_change {
    struct alias_fields fields;
    struct states_arn arn; // Of an update or a deletion.
    struct alias *alias;   // Made, and kept by the change; or there before.
};

// What the change has made of `fields`; NULL when it fails, as it does without memory.
static void add_alias(struct alias_change *alias_change, struct states_change *change,
                      struct alias *before)
{
    enum status status = alias_new(&alias_change->fields, &alias_change->alias);
    if (status != STATUS_OK) {
        states_change_fail(change, status);
        return;
    }
    states_change_add(change, before == NULL ? NULL : &before->entry, &alias_change->alias->entry);
}

static enum states_plan plan_creation(struct api_request *request, void *context,
                                      struct states_change *change)
{
    struct alias_change *creation = context;
    const struct alias_fields *fields = &creation->fields;
    struct catalog *catalog = &request->worker->api->runtime->catalog;
    if (!check_versions(request, fields)) return STATES_PLAN_REPLIED;
    struct str arn = arena_printf(request->arena, "%" STR_FORMAT ":%" STR_FORMAT,
                                  STR_ARGS(fields->state_machine_arn), STR_ARGS(fields->name));
    creation->alias = alias_find(&request->worker->runtime->catalog, arn);
    if (creation->alias != NULL) {
        if (is_same_routing(creation->alias, fields) &&
            str_equal(creation->alias->description, fields->description)) {
            return STATES_PLAN_MADE;
        }
        api_exception(request, STR("ConflictException"),
                      "Failed to create alias because an alias with the same name and a different "
                      "routing configuration already exists.");
        return STATES_PLAN_REPLIED;
    }
    if (catalog_count(catalog, STORE_KIND_STATE_MACHINE_ALIAS, STR(""),
                      fields->state_machine_arn) >= ALIASES_MAX) {
        api_exception(request, STR("ServiceQuotaExceededException"),
                      "A state machine can have at most %d aliases: '%" STR_FORMAT "'", ALIASES_MAX,
                      STR_ARGS(fields->state_machine_arn));
        return STATES_PLAN_REPLIED;
    }
    add_alias(creation, change, NULL);
    return STATES_PLAN_MADE;
}

static void on_created(struct api_request *request, void *context, enum status status)
{
    if (status != STATUS_OK) {
        states_reply_failure(request, status);
        return;
    }
    const struct alias_change *creation = context;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("creationDate"), creation->alias->created_unix_ms);
    json_writer_string_member(&writer, STR("stateMachineAliasArn"), creation->alias->arn);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void create(struct api_request *request)
{
    struct alias_change *creation = ARENA_NEW(request->arena, struct alias_change);
    if (creation == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    int64_t now_unix_ms = clock_unix_ms(request->worker->api->clock);
    *creation = (struct alias_change){
        .fields = {.name = api_member_str(&request->body, STR("name"), STR("")),
                   .description = api_member_str(&request->body, STR("description"), STR("")),
                   .created_unix_ms = now_unix_ms,
                   .updated_unix_ms = now_unix_ms},
    };
    if (!read_routing(request, &creation->fields)) return;
    states_change(request, plan_creation, on_created, creation);
}

// ---------------------------------------------------------------------------------------------
// DescribeStateMachineAlias

static const struct api_member describe_members[] = {STATES_ARN_MEMBER("stateMachineAliasArn")};

static void describe(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineAliasArn"), "stateMachine", &arn)) return;
    const struct alias *alias = alias_find(&request->worker->runtime->catalog, arn.text);
    if (alias == NULL) {
        states_refuse_unknown_resource(request, arn.text);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("creationDate"), alias->created_unix_ms);
    if (alias->description.size > 0) {
        json_writer_string_member(&writer, STR("description"), alias->description);
    }
    json_writer_string_member(&writer, STR("name"), alias->name);
    json_writer_name(&writer, STR("routingConfiguration"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < alias->route_count; i++) {
        json_writer_begin_object(&writer);
        json_writer_string_member(&writer, STR("stateMachineVersionArn"),
                                  alias->routes[i].version_arn);
        json_writer_integer_member(&writer, STR("weight"), alias->routes[i].weight);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    json_writer_string_member(&writer, STR("stateMachineAliasArn"), alias->arn);
    json_writer_timestamp_member(&writer, STR("updateDate"), alias->updated_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// ---------------------------------------------------------------------------------------------
// UpdateStateMachineAlias

static const struct api_member update_members[] = {
    STATES_ARN_MEMBER("stateMachineAliasArn"),
    {.name = STR_INIT("description"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("routingConfiguration"),
     .type = API_MEMBER_LIST,
     .min = 1,
     .max = ALIAS_ROUTES_MAX,
     .item = &route_item},
};

static enum states_plan plan_update(struct api_request *request, void *context,
                                    struct states_change *change)
{
    struct alias_change *update = context;
    struct alias *existing = alias_find(&request->worker->runtime->catalog, update->arn.text);
    if (existing == NULL) {
        states_refuse_unknown_resource(request, update->arn.text);
        return STATES_PLAN_REPLIED;
    }
    struct alias_fields *fields = &update->fields;
    *fields = alias_fields_of(existing);
    fields->description = api_member_str(&request->body, STR("description"), existing->description);
    fields->updated_unix_ms = clock_unix_ms(request->worker->api->clock);
    if (api_member_is_present(&request->body, STR("routingConfiguration")) &&
        (!read_routing(request, fields) || !check_versions(request, fields))) {
        return STATES_PLAN_REPLIED;
    }
    add_alias(update, change, existing);
    return STATES_PLAN_MADE;
}

static void on_updated(struct api_request *request, void *context, enum status status)
{
    if (status != STATUS_OK) {
        states_reply_failure(request, status);
        return;
    }
    const struct alias_change *update = context;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("updateDate"), update->alias->updated_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void update(struct api_request *request)
{
    struct alias_change *update = ARENA_NEW(request->arena, struct alias_change);
    if (update == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct states_arn *arn = &update->arn;
    if (!states_arn_read(request, STR("stateMachineAliasArn"), "stateMachine", arn)) return;
    if (!api_member_is_present(&request->body, STR("description")) &&
        !api_member_is_present(&request->body, STR("routingConfiguration"))) {
        api_exception_member(request, STR("ValidationException"),
                             STR("Either the description or the routing configuration must be "
                                 "specified"),
                             STR("reason"), STR("MISSING_REQUIRED_PARAMETER"));
        return;
    }
    states_change(request, plan_update, on_updated, update);
}

// ---------------------------------------------------------------------------------------------
// ListStateMachineAliases

static const struct api_member list_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    STATES_NEXT_TOKEN_MEMBER,
    STATES_MAX_RESULTS_MEMBER,
};

// The one created last first; of the same millisecond by name.
static struct str key_of_alias(struct arena *arena, struct catalog_entry *entry)
{
    const struct alias *alias = alias_of(entry);
    return arena_printf(arena, "%020lld %" STR_FORMAT,
                        (long long)(INT64_MAX - alias->created_unix_ms), STR_ARGS(alias->name));
}

static void write_alias(struct json_writer *writer, struct catalog_entry *entry)
{
    const struct alias *alias = alias_of(entry);
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("stateMachineAliasArn"), alias->arn);
    json_writer_timestamp_member(writer, STR("creationDate"), alias->created_unix_ms);
    json_writer_end_object(writer);
}

static const struct states_list shown_aliases = {
    .name = STR_INIT("stateMachineAliases"), .key = key_of_alias, .write = write_alias};

// Those that refer to one version.
static void list_of_version(struct api_request *request, const struct states_arn *arn)
{
    struct states_page page;
    struct catalog_entry **entries;
    size_t count, kept_count = 0;
    if (!states_page_read(request, arn->text, &page)) return;
    enum status status =
        catalog_list(&request->worker->api->runtime->catalog, STORE_KIND_STATE_MACHINE_ALIAS,
                     STR(""), state_machine_arn_of(arn), request->arena, &entries, &count);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (alias_has_version(alias_of(entries[i]), arn->text)) {
            entries[kept_count++] = entries[i];
        } else {
            catalog_entry_unref(entries[i]);
        }
    }
    states_page_reply(request, &page, &shown_aliases, entries, kept_count);
}

static void list(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    enum states_qualifier qualifier = states_arn_qualifier(&arn);
    if (arn.label.size > 0) {
        states_refuse_label(request);
    } else if (state_machine_find(&request->worker->runtime->catalog, arn.text) == NULL) {
        if (qualifier == STATES_VERSION) {
            states_refuse_unknown_resource(request, arn.text);
        } else {
            states_refuse_unknown_machine(request, arn.text);
        }
    } else if (qualifier == STATES_VERSION) {
        list_of_version(request, &arn);
    } else {
        states_list_reply(request, &shown_aliases, STORE_KIND_STATE_MACHINE_ALIAS, arn.text);
    }
}

// ---------------------------------------------------------------------------------------------
// DeleteStateMachineAlias

static const struct api_member delete_members[] = {STATES_ARN_MEMBER("stateMachineAliasArn")};

static enum states_plan plan_deletion(struct api_request *request, void *context,
                                      struct states_change *change)
{
    const struct states_arn *arn = context;
    struct alias *alias = alias_find(&request->worker->runtime->catalog, arn->text);
    if (alias != NULL) states_change_add(change, &alias->entry, NULL);
    return STATES_PLAN_MADE; // Deleting what is not there succeeds.
}

static void delete_alias(struct api_request *request)
{
    struct states_arn *arn = ARENA_NEW(request->arena, struct states_arn);
    if (arn == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    if (!states_arn_read(request, STR("stateMachineAliasArn"), "stateMachine", arn)) return;
    if (arn->label.size > 0) {
        states_refuse_label(request);
    } else if (states_arn_qualifier(arn) != STATES_ALIAS) {
        api_exception(request, STR("ValidationException"),
                      "DeleteStateMachineAlias takes the ARN of an alias. Received: %" STR_FORMAT,
                      STR_ARGS(arn->text));
    } else {
        states_change(request, plan_deletion, states_on_changed, arn);
    }
}

const struct states_operation states_alias_operations[] = {
    STATES_OPERATION("CreateStateMachineAlias", create_members, create),
    STATES_OPERATION("DescribeStateMachineAlias", describe_members, describe),
    STATES_OPERATION("UpdateStateMachineAlias", update_members, update),
    STATES_OPERATION("ListStateMachineAliases", list_members, list),
    STATES_OPERATION("DeleteStateMachineAlias", delete_members, delete_alias),
};
const size_t states_alias_operation_count = ARRAY_COUNT(states_alias_operations);
