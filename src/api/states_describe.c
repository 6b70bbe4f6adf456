// DescribeStateMachine of a state machine, a version or the workflow of a labelled Map state, and
// DescribeStateMachineForExecution.

#include "api/states.h"
#include "store/execution.h"

static const struct api_member describe_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    STATES_INCLUDED_DATA_MEMBER,
};

static void write_logging(struct json_writer *writer, const struct state_machine *state_machine)
{
    json_writer_name(writer, STR("loggingConfiguration"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("level"),
                              str_from_c(state_machine_log_level_name(state_machine->log_level)));
    json_writer_bool_member(writer, STR("includeExecutionData"),
                            state_machine->logs_execution_data);
    if (state_machine->log_group_arn.size > 0) {
        json_writer_name(writer, STR("destinations"));
        json_writer_begin_array(writer);
        json_writer_begin_object(writer);
        json_writer_name(writer, STR("cloudWatchLogsLogGroup"));
        json_writer_begin_object(writer);
        json_writer_string_member(writer, STR("logGroupArn"), state_machine->log_group_arn);
        json_writer_end_object(writer);
        json_writer_end_object(writer);
        json_writer_end_array(writer);
    }
    json_writer_end_object(writer);
}

const char *states_type_name(const struct state_machine *state_machine)
{
    return state_machine->type == ASL_MACHINE_EXPRESS ? "EXPRESS" : "STANDARD";
}

struct described {
    const struct state_machine *state_machine;
    struct str arn;              // As asked for.
    struct str label;            // Of a Map state; otherwise empty.
    const struct json *workflow; // Of a Map state: its ItemProcessor.
    struct str definition;
    struct str map_run_arn; // Of the child that runs it; otherwise empty.
};

static void write_description(struct json_writer *writer, const struct described *described,
                              bool is_metadata_only)
{
    const struct state_machine *state_machine = described->state_machine;
    json_writer_string_member(writer, STR("stateMachineArn"), described->arn);
    json_writer_string_member(writer, STR("name"), state_machine->name);
    json_writer_string_member(writer, STR("definition"),
                              is_metadata_only ? STR("{}") : described->definition);
    json_writer_string_member(writer, STR("roleArn"), state_machine->role_arn);
    write_logging(writer, state_machine);
    json_writer_name(writer, STR("tracingConfiguration"));
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("enabled"), state_machine->tracing_enabled);
    json_writer_end_object(writer);
    if (described->map_run_arn.size > 0) {
        json_writer_string_member(writer, STR("mapRunArn"), described->map_run_arn);
    }
    if (described->label.size > 0) {
        json_writer_string_member(writer, STR("label"), described->label);
    }
    if (state_machine->revision_id.size > 0) {
        json_writer_string_member(writer, STR("revisionId"), state_machine->revision_id);
    }
    if (state_machine->description.size > 0) {
        json_writer_string_member(writer, STR("description"), state_machine->description);
    }
    states_encryption_write(writer, &state_machine->encryption);
}

// The States objects of a workflow and of what is nested in it, one call each.
struct walk {
    struct str label; // Looked for: the Map state with this Label.
    struct str name;  // Looked for: the state of this name.
    const struct json *found;
};

// NOLINTNEXTLINE(misc-no-recursion): a definition nests at most as deep as the parser lets it.
static void walk_workflow(struct walk *walk, const struct json *workflow)
{
    const struct json *states = JSON_FIND(workflow, "States");
    if (states == NULL || !json_is_object(states)) return;
    for (uint32_t i = 0; i < states->size && walk->found == NULL; i++) {
        const struct json *state = &states->members[i].value;
        const struct json *processor = JSON_FIND(state, "ItemProcessor");
        const struct json *branches = JSON_FIND(state, "Branches");
        if (str_equal(json_str(&states->members[i].name), walk->name)) walk->found = state;
        if (processor == NULL) processor = JSON_FIND(state, "Iterator");
        if (processor != NULL) {
            struct str label = api_member_str(state, STR("Label"), STR(""));
            if (label.size > 0 && str_equal(label, walk->label)) walk->found = processor;
            if (walk->found == NULL) walk_workflow(walk, processor);
        }
        for (uint32_t k = 0; branches != NULL && json_is_array(branches) && k < branches->size; k++)
            walk_workflow(walk, &branches->items[k]);
    }
}

// States of the described workflow that read variables.
static void write_references(struct json_writer *writer, const struct described *described,
                             const struct json *references)
{
    bool has_any = false;
    for (uint32_t i = 0; i < references->size; i++) {
        const struct json_member *member = &references->members[i];
        struct walk walk = {.name = json_str(&member->name)};
        if (described->workflow != NULL) walk_workflow(&walk, described->workflow);
        if (described->workflow != NULL && walk.found == NULL) continue;
        if (!has_any) {
            json_writer_name(writer, STR("variableReferences"));
            json_writer_begin_object(writer);
        }
        json_writer_value_member(writer, json_str(&member->name), &member->value);
        has_any = true;
    }
    if (has_any) json_writer_end_object(writer);
}

//   is_for_execution   DescribeStateMachineForExecution, which dates the revision
static void reply_description(struct api_request *request, const struct described *described,
                              bool is_for_execution)
{
    const struct state_machine *state_machine = described->state_machine;
    struct json references;
    if (!asl_machine_variable_references(state_machine->machine, request->arena, &references)) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    write_description(&writer, described, !states_wants_data(request));
    write_references(&writer, described, &references);
    if (is_for_execution) {
        json_writer_timestamp_member(&writer, STR("updateDate"), state_machine->updated_unix_ms);
    } else {
        json_writer_string_member(&writer, STR("status"), STR("ACTIVE"));
        json_writer_string_member(&writer, STR("type"),
                                  str_from_c(states_type_name(state_machine)));
        json_writer_timestamp_member(&writer, STR("creationDate"), state_machine->created_unix_ms);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// Narrow `described` to the Map state with its label. False when there is none, or on a fault.
static bool narrow_to_label(struct api_request *request, struct described *described)
{
    struct json *definition = ARENA_NEW(request->arena, struct json);
    struct walk walk = {.label = described->label};
    if (definition == NULL ||
        json_parse(request->arena, described->definition, 0, definition, NULL) != STATUS_OK) {
        return false;
    }
    walk_workflow(&walk, definition);
    if (walk.found == NULL) return false;
    described->workflow = walk.found;
    described->definition = json_render_to_arena(request->arena, walk.found);
    return true;
}

static void describe(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct str machine_arn = arn.text; // Less a label.
    if (arn.label.size > 0) machine_arn.size = (size_t)(arn.label.data - 1 - arn.text.data);
    const struct state_machine *state_machine =
        state_machine_find(&request->worker->runtime->catalog, machine_arn);
    struct described described = {
        .state_machine = state_machine, .arn = arn.text, .label = arn.label};
    if (state_machine != NULL) described.definition = state_machine->machine->definition;
    if (state_machine == NULL || (arn.label.size > 0 && arn.qualifier.size > 0) ||
        (arn.label.size > 0 && !narrow_to_label(request, &described))) {
        states_refuse_unknown_machine(request, arn.text);
        return;
    }
    reply_description(request, &described, false);
}

static const struct api_member describe_for_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    STATES_INCLUDED_DATA_MEMBER,
};

struct definition_read {
    struct states_read read;
    struct states_execution_key key;
    struct str body;
    struct str map_run_arn;
};

static enum status run_definition(struct states_read *read, struct store_tx *tx)
{
    struct definition_read *definition = CONTAINER_OF(read, struct definition_read, read);
    struct arena *arena = read->request->arena;
    struct store_execution row;
    enum status status = store_execution_find(tx, definition->key.state_machine_arn,
                                              definition->key.name, arena, &row);
    if (status != STATUS_OK) return status;
    definition->map_run_arn = row.map_run_arn;
    status = store_definition_get(tx, row.definition_key, arena, &definition->body);
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

static void reply_definition(struct states_read *read, enum status status)
{
    struct definition_read *definition = CONTAINER_OF(read, struct definition_read, read);
    struct api_request *request = read->request;
    struct state_machine *state_machine;
    if (!states_execution_was_found(request, status, definition->key.execution_arn)) return;
    status = state_machine_decode(definition->body, &state_machine);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    size_t slash = str_find_byte(state_machine->name, '/'); // A Map run's child's.
    const struct described described = {
        .state_machine = state_machine,
        .arn = state_machine->arn,
        .definition = state_machine->machine->definition,
        .label = slash == SIZE_MAX ? STR("") : str_skip(state_machine->name, slash + 1),
        .map_run_arn = definition->map_run_arn,
    };
    reply_description(request, &described, true);
    state_machine_unref(state_machine);
}

static void describe_for_execution(struct api_request *request)
{
    struct definition_read *definition = ARENA_NEW(request->arena, struct definition_read);
    if (definition == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    definition->read =
        (struct states_read){.request = request, .run = run_definition, .reply = reply_definition};
    if (states_execution_key_read(request, true, &definition->key)) {
        states_read_submit(&definition->read);
    }
}

const struct states_operation states_describe_operations[] = {
    STATES_OPERATION("DescribeStateMachine", describe_members, describe),
    STATES_OPERATION("DescribeStateMachineForExecution", describe_for_members,
                     describe_for_execution),
};
const size_t states_describe_operation_count = ARRAY_COUNT(states_describe_operations);
