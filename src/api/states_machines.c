// State machines: create, update, list and delete.

#include "api/states.h"

enum { STATE_MACHINES_MAX = 100000 }; // Of a region.

// Parse. Replies with InvalidDefinition and returns NULL when it does not. One reference, for the
// caller.
static const struct asl_machine *compile(struct api_request *request, struct str definition,
                                         enum asl_machine_type type)
{
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    const struct asl_machine *machine = NULL;
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return NULL;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    enum status status = asl_machine_parse(definition, type, diagnostics, &machine);
    if (status == STATUS_INVALID) {
        struct str summary = asl_diagnostics_summary(diagnostics, request->arena);
        api_exception(request, STR("InvalidDefinition"),
                      "Invalid State Machine Definition: '%" STR_FORMAT "'", STR_ARGS(summary));
    } else if (status != STATUS_OK) {
        api_fault(request, status);
    }
    return machine;
}

// `publish` and `versionDescription`. Replies and returns false when they do not fit together.
static bool check_publish(struct api_request *request)
{
    if (!api_member_bool(&request->body, STR("publish"), false) &&
        api_member_is_present(&request->body, STR("versionDescription"))) {
        api_exception(request, STR("ValidationException"),
                      "Version description can only be set when publish is true");
        return false;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// CreateStateMachine

static const struct api_member create_members[] = {
    {.name = STR_INIT("name"), .type = API_MEMBER_STRING, .is_required = true, .min = 1, .max = 80},
    {.name = STR_INIT("definition"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 1048576},
    {.name = STR_INIT("roleArn"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 256},
    {.name = STR_INIT("type"), .type = API_MEMBER_STRING, .enum_values = "[STANDARD, EXPRESS]"},
    STATES_LOGGING_MEMBER,
    {.name = STR_INIT("tags"), .type = API_MEMBER_LIST, .item = &states_tag_item},
    {.name = STR_INIT("tracingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("publish"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("versionDescription"), .type = API_MEMBER_STRING, .max = 256},
    STATES_ENCRYPTION_MEMBER,
};

static void reply_created(struct api_request *request, const struct state_machine *state_machine)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("creationDate"), state_machine->created_unix_ms);
    json_writer_string_member(&writer, STR("stateMachineArn"), state_machine->arn);
    if (state_machine->is_created_published) {
        struct str version_arn =
            arena_printf(request->arena, "%" STR_FORMAT ":1", STR_ARGS(state_machine->arn));
        json_writer_string_member(&writer, STR("stateMachineVersionArn"), version_arn);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// What a revision is made of, but for the role.
static bool is_same_revision(const struct state_machine *existing,
                             const struct state_machine_fields *fields)
{
    return str_equal(existing->machine->definition, fields->definition) &&
           existing->type == fields->type && existing->log_level == fields->log_level &&
           existing->logs_execution_data == fields->logs_execution_data &&
           str_equal(existing->log_group_arn, fields->log_group_arn) &&
           existing->tracing_enabled == fields->tracing_enabled &&
           json_equal(&existing->encryption, &fields->encryption);
}

// The key of idempotency: all but the role and the tags.
static bool is_same_creation(const struct state_machine *existing,
                             const struct state_machine_fields *fields)
{
    return is_same_revision(existing, fields) &&
           existing->is_created_published == fields->is_created_published &&
           str_equal(existing->creation_description, fields->creation_description);
}

static bool read_creation(struct api_request *request, struct state_machine_fields *fields)
{
    fields->name = api_member_str(&request->body, STR("name"), STR(""));
    if (!states_name_is_valid(fields->name)) {
        api_exception(request, STR("InvalidName"), "Invalid Name: '%" STR_FORMAT "'",
                      STR_ARGS(fields->name));
        return false;
    }
    fields->arn = arena_printf(
        request->arena, "arn:aws:states:%" STR_FORMAT ":%" STR_FORMAT ":stateMachine:%" STR_FORMAT,
        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(fields->name));
    fields->region = request->region;
    fields->definition = api_member_str(&request->body, STR("definition"), STR(""));
    fields->type = str_is(api_member_str(&request->body, STR("type"), STR("")), "EXPRESS")
                       ? ASL_MACHINE_EXPRESS
                       : ASL_MACHINE_STANDARD;
    fields->created_unix_ms = clock_unix_ms(request->worker->api->clock);
    fields->updated_unix_ms = fields->created_unix_ms;
    fields->is_created_published = api_member_bool(&request->body, STR("publish"), false);
    fields->last_version = fields->is_created_published ? 1 : 0;
    fields->creation_description =
        api_member_str(&request->body, STR("versionDescription"), STR(""));
    return check_publish(request) && states_tags_read(request, &fields->tags) &&
           states_configuration_read(request, fields);
}

struct creation {
    struct state_machine_fields fields;
    const struct asl_machine *machine;
    struct state_machine *state_machine; // Made; the change keeps it.
};

static void reply_existing(struct api_request *request, const struct state_machine *existing,
                           const struct state_machine_fields *fields)
{
    if (is_same_creation(existing, fields)) {
        reply_created(request, existing);
    } else {
        api_exception(request, STR("StateMachineAlreadyExists"),
                      "State Machine Already Exists: '%" STR_FORMAT "'", STR_ARGS(fields->arn));
    }
}

static enum states_plan plan_creation(struct api_request *request, void *context,
                                      struct states_change *change)
{
    struct creation *creation = context;
    const struct state_machine_fields *fields = &creation->fields;
    const struct state_machine *existing =
        state_machine_find(&request->worker->runtime->catalog, fields->arn);
    if (existing != NULL) {
        reply_existing(request, existing, fields);
        return STATES_PLAN_REPLIED;
    }
    if (states_is_full(request, STORE_KIND_STATE_MACHINE, STATE_MACHINES_MAX)) {
        api_exception(request, STR("StateMachineLimitExceeded"),
                      "State Machine Limit Exceeded: '%d'", STATE_MACHINES_MAX);
        return STATES_PLAN_REPLIED;
    }
    creation->state_machine = states_change_machine(change, NULL, fields, creation->machine);
    if (fields->is_created_published) {
        states_change_publish(change, fields, creation->machine, fields->creation_description,
                              fields->created_unix_ms);
    }
    return STATES_PLAN_MADE;
}

static void on_created(struct api_request *request, void *context, enum status status)
{
    const struct creation *creation = context;
    if (status == STATUS_OK) {
        reply_created(request, creation->state_machine);
    } else {
        states_reply_failure(request, status);
    }
}

static void create(struct api_request *request)
{
    struct creation *creation = ARENA_NEW(request->arena, struct creation);
    if (creation == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct state_machine_fields *fields = &creation->fields;
    *fields = (struct state_machine_fields){.encryption = json_null, .tags = json_empty_object};
    if (!read_creation(request, fields)) return;
    const struct state_machine *existing =
        state_machine_find(&request->worker->runtime->catalog, fields->arn);
    if (existing != NULL) {
        reply_existing(request, existing, fields);
        return;
    }
    const struct asl_machine *machine = compile(request, fields->definition, fields->type);
    if (machine == NULL) return;
    creation->machine = machine;
    states_change(request, plan_creation, on_created, creation);
    asl_machine_unref(machine);
}

// ---------------------------------------------------------------------------------------------
// UpdateStateMachine

static const struct api_member update_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("definition"), .type = API_MEMBER_STRING, .min = 1, .max = 1048576},
    {.name = STR_INIT("roleArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
    STATES_LOGGING_MEMBER,
    {.name = STR_INIT("tracingConfiguration"), .type = API_MEMBER_OBJECT},
    {.name = STR_INIT("publish"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("versionDescription"), .type = API_MEMBER_STRING, .max = 256},
    STATES_ENCRYPTION_MEMBER,
};

struct update {
    struct state_machine *existing;    // What the request was checked against.
    const struct asl_machine *machine; // Of the new definition.
    struct state_machine_fields fields;
    int64_t now_unix_ms;
    bool has_changes;
    struct state_machine *version; // Made, and kept by the change; or there before.
};

static void reply_updated(struct api_request *request, const struct update *update)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("updateDate"), update->now_unix_ms);
    if (update->has_changes) {
        json_writer_string_member(&writer, STR("revisionId"), update->fields.revision_id);
    }
    if (update->version != NULL) {
        json_writer_string_member(&writer, STR("stateMachineVersionArn"),
                                  update->version->version_arn);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static bool has_update(const struct json *body)
{
    return api_member_is_present(body, STR("definition")) ||
           api_member_is_present(body, STR("roleArn")) ||
           api_member_is_present(body, STR("loggingConfiguration")) ||
           api_member_is_present(body, STR("tracingConfiguration")) ||
           api_member_is_present(body, STR("encryptionConfiguration"));
}

static enum states_plan plan_update(struct api_request *request, void *context,
                                    struct states_change *change)
{
    struct update *update = context;
    struct state_machine_fields *fields = &update->fields;
    bool is_publishing = api_member_bool(&request->body, STR("publish"), false);
    struct state_machine *existing =
        state_machine_find(&request->worker->runtime->catalog, fields->arn);
    if (existing != update->existing) return STATES_PLAN_AGAIN;
    if (is_publishing && !update->has_changes) {
        update->version = states_published_version(request, existing);
        if (update->version != NULL) return STATES_PLAN_MADE;
    }
    if (is_publishing) {
        if (!states_version_quota_check(request, fields->arn)) return STATES_PLAN_REPLIED;
        fields->last_version++;
    }
    if (update->has_changes || is_publishing) {
        states_change_machine(change, existing, fields, update->machine);
    }
    if (is_publishing) {
        update->version = states_change_publish(
            change, fields, update->machine,
            api_member_str(&request->body, STR("versionDescription"), STR("")),
            update->now_unix_ms);
    }
    return STATES_PLAN_MADE;
}

static void on_updated(struct api_request *request, void *context, enum status status)
{
    if (status == STATUS_OK) {
        reply_updated(request, context);
    } else {
        states_reply_failure(request, status);
    }
}

// What the request makes of the existing state machine, but for the definition's compiled form.
// Replies and returns false when it is not valid.
static bool read_update(struct api_request *request, struct update *update)
{
    struct state_machine_fields *fields = &update->fields;
    *fields = state_machine_fields_of(update->existing);
    fields->definition = api_member_str(&request->body, STR("definition"), fields->definition);
    if (!states_configuration_read(request, fields)) return false;
    update->now_unix_ms = clock_unix_ms(request->worker->api->clock);
    update->has_changes = !is_same_revision(update->existing, fields) ||
                          !str_equal(update->existing->role_arn, fields->role_arn);
    if (!update->has_changes) return true;
    char *revision_id = arena_alloc(request->arena, RANDOM_UUID_SIZE);
    if (revision_id == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return false;
    }
    random_uuid(&request->worker->random, revision_id);
    fields->revision_id = (struct str){revision_id, RANDOM_UUID_SIZE};
    fields->updated_unix_ms = update->now_unix_ms;
    return true;
}

static void begin_update(struct api_request *request, struct update *update)
{
    if (!read_update(request, update)) return;
    struct str definition = update->fields.definition;
    const struct asl_machine *machine = str_equal(update->existing->machine->definition, definition)
                                            ? asl_machine_ref(update->existing->machine)
                                            : compile(request, definition, update->fields.type);
    if (machine == NULL) return;
    update->machine = machine;
    states_change(request, plan_update, on_updated, update); // The request may be gone after this.
    asl_machine_unref(machine);
}

static void update(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct state_machine *existing = states_find_machine(request, &arn);
    if (existing == NULL || !check_publish(request)) return;
    if (!has_update(&request->body)) {
        api_exception(request, STR("MissingRequiredParameter"),
                      "Either the definition, the role ARN, the LoggingConfiguration, or the "
                      "TracingConfiguration must be specified");
        return;
    }
    struct update *update = ARENA_NEW(request->arena, struct update);
    if (update == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    *update = (struct update){.existing = state_machine_ref(existing)};
    begin_update(request, update);
    state_machine_unref(existing);
}

// ---------------------------------------------------------------------------------------------
// ListStateMachines

static const struct api_member list_members[] = {STATES_MAX_RESULTS_MEMBER,
                                                 STATES_NEXT_TOKEN_MEMBER};

static void write_item(struct json_writer *writer, struct catalog_entry *entry)
{
    const struct state_machine *state_machine = state_machine_of(entry);
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("stateMachineArn"), state_machine->arn);
    json_writer_string_member(writer, STR("name"), state_machine->name);
    json_writer_string_member(writer, STR("type"), str_from_c(states_type_name(state_machine)));
    json_writer_timestamp_member(writer, STR("creationDate"), state_machine->created_unix_ms);
    json_writer_end_object(writer);
}

static void list(struct api_request *request)
{
    static const struct states_list shown = {
        .name = STR_INIT("stateMachines"), .key = states_key_by_name, .write = write_item};
    states_list_reply(request, &shown, STORE_KIND_STATE_MACHINE, STR(""));
}

// ---------------------------------------------------------------------------------------------
// DeleteStateMachine

static const struct api_member delete_members[] = {STATES_ARN_MEMBER("stateMachineArn")};

static enum states_plan plan_deletion(struct api_request *request, void *context,
                                      struct states_change *change)
{
    const struct states_arn *arn = context;
    struct state_machine *existing =
        state_machine_find(&request->worker->runtime->catalog, arn->text);
    if (existing == NULL) return STATES_PLAN_MADE; // Deleting what is not there succeeds.
    states_change_remove_children(change, arn->text);
    states_change_add(change, &existing->entry, NULL);
    return STATES_PLAN_MADE;
}

static void delete_machine(struct api_request *request)
{
    struct states_arn *arn = ARENA_NEW(request->arena, struct states_arn);
    if (arn == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
    } else if (states_machine_arn_read(request, STR("stateMachineArn"), arn)) {
        states_change(request, plan_deletion, states_on_changed, arn);
    }
}

const struct states_operation states_machine_operations[] = {
    STATES_OPERATION("CreateStateMachine", create_members, create),
    STATES_OPERATION("UpdateStateMachine", update_members, update),
    STATES_OPERATION("ListStateMachines", list_members, list),
    STATES_OPERATION("DeleteStateMachine", delete_members, delete_machine),
};
const size_t states_machine_operation_count = ARRAY_COUNT(states_machine_operations);
