// Versions of state machines: publish, list, delete.
//
// A version is made of the state machine's current revision, and a revision has at most one. The
// state machine remembers the highest number it gave away, so none is ever used again.

#include "api/states.h"
#include "runtime/alias.h"

enum { VERSIONS_MAX = 1000 }; // Of a state machine.

// ---------------------------------------------------------------------------------------------
// Publishing

struct state_machine *states_published_version(struct api_request *request,
                                               const struct state_machine *state_machine)
{
    // Revisions only go on, so no version but the last can be of the current one.
    struct str arn =
        arena_printf(request->arena, "%" STR_FORMAT ":%llu", STR_ARGS(state_machine->arn),
                     (unsigned long long)state_machine->last_version);
    struct state_machine *version = state_machine_find(&request->worker->runtime->catalog, arn);
    bool is_current =
        version != NULL && str_equal(version->revision_id, state_machine->revision_id);
    return is_current ? version : NULL;
}

bool states_version_quota_check(struct api_request *request, struct str arn)
{
    struct catalog *catalog = &request->worker->api->runtime->catalog;
    if (catalog_count(catalog, STORE_KIND_STATE_MACHINE_VERSION, STR(""), arn) < VERSIONS_MAX) {
        return true;
    }
    api_exception(request, STR("ServiceQuotaExceededException"),
                  "A state machine can have at most %d versions: '%" STR_FORMAT "'", VERSIONS_MAX,
                  STR_ARGS(arn));
    return false;
}

struct state_machine *states_change_publish(struct states_change *change,
                                            const struct state_machine_fields *fields,
                                            const struct asl_machine *machine,
                                            struct str description, int64_t now_unix_ms)
{
    struct state_machine_fields version = *fields;
    version.version = fields->last_version;
    version.description = description;
    version.created_unix_ms = now_unix_ms;
    version.tags = json_empty_object;
    version.last_version = 0;
    version.is_created_published = false;
    version.creation_description = STR("");
    return states_change_machine(change, NULL, &version, machine);
}

static const struct api_member publish_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("revisionId"), .type = API_MEMBER_STRING},
    {.name = STR_INIT("description"), .type = API_MEMBER_STRING, .max = 256},
};

struct publication {
    struct states_arn arn;
    struct state_machine *version; // Made, and kept by the change; or there before.
};

// `revisionId` must be the current revision's. Replies and returns false when it is not.
static bool check_revision(struct api_request *request, const struct state_machine *state_machine)
{
    // The revision of a state machine that was never updated has no id, but this name.
    struct str current =
        state_machine->revision_id.size > 0 ? state_machine->revision_id : STR("INITIAL");
    struct str wanted = api_member_str(&request->body, STR("revisionId"), current);
    if (str_equal(wanted, current)) return true;
    api_exception(request, STR("ConflictException"),
                  "Failed to publish the State Machine version for revision %" STR_FORMAT
                  ". The current State Machine revision is %" STR_FORMAT ".",
                  STR_ARGS(wanted), STR_ARGS(current));
    return false;
}

static enum states_plan plan_publication(struct api_request *request, void *context,
                                         struct states_change *change)
{
    struct publication *publication = context;
    struct state_machine *existing = states_find_machine(request, &publication->arn);
    if (existing == NULL || !check_revision(request, existing)) return STATES_PLAN_REPLIED;
    publication->version = states_published_version(request, existing);
    if (publication->version != NULL) return STATES_PLAN_MADE;
    struct state_machine_fields fields = state_machine_fields_of(existing);
    if (!states_version_quota_check(request, fields.arn)) return STATES_PLAN_REPLIED;
    fields.last_version++;
    states_change_machine(change, existing, &fields, existing->machine);
    publication->version =
        states_change_publish(change, &fields, existing->machine,
                              api_member_str(&request->body, STR("description"), STR("")),
                              clock_unix_ms(request->worker->api->clock));
    return STATES_PLAN_MADE;
}

static void on_published(struct api_request *request, void *context, enum status status)
{
    if (status != STATUS_OK) {
        states_reply_failure(request, status);
        return;
    }
    const struct publication *publication = context;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("creationDate"),
                                 publication->version->created_unix_ms);
    json_writer_string_member(&writer, STR("stateMachineVersionArn"),
                              publication->version->version_arn);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void publish(struct api_request *request)
{
    struct publication *publication = ARENA_NEW(request->arena, struct publication);
    if (publication == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct states_arn *arn = &publication->arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", arn)) return;
    states_change(request, plan_publication, on_published, publication);
}

// ---------------------------------------------------------------------------------------------
// ListStateMachineVersions

static const struct api_member list_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    STATES_NEXT_TOKEN_MEMBER,
    STATES_MAX_RESULTS_MEMBER,
};

// The highest number first.
static struct str key_of_version(struct arena *arena, struct catalog_entry *entry)
{
    return arena_printf(arena, "%020llu",
                        (unsigned long long)(UINT64_MAX - state_machine_of(entry)->version));
}

static void write_version(struct json_writer *writer, struct catalog_entry *entry)
{
    const struct state_machine *version = state_machine_of(entry);
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("stateMachineVersionArn"), version->version_arn);
    json_writer_timestamp_member(writer, STR("creationDate"), version->created_unix_ms);
    json_writer_end_object(writer);
}

static void list(struct api_request *request)
{
    static const struct states_list shown = {
        .name = STR_INIT("stateMachineVersions"), .key = key_of_version, .write = write_version};
    struct states_arn arn;
    if (!states_machine_arn_read(request, STR("stateMachineArn"), &arn)) return;
    // A state machine that is not there has none: the operation knows no other answer.
    states_list_reply(request, &shown, STORE_KIND_STATE_MACHINE_VERSION, arn.text);
}

// ---------------------------------------------------------------------------------------------
// DeleteStateMachineVersion

static const struct api_member delete_members[] = {
    {.name = STR_INIT("stateMachineVersionArn"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 2000},
};

// "[a, b]": the names of the aliases that refer to a version; empty when none does.
static enum status list_referring(struct api_request *request, const struct state_machine *version,
                                  struct str *ret_names)
{
    struct catalog_entry **aliases;
    size_t count;
    struct buffer CLEANUP(buffer_release) names;
    buffer_init(&names, KIB(64));
    enum status status =
        catalog_list(&request->worker->api->runtime->catalog, STORE_KIND_STATE_MACHINE_ALIAS,
                     STR(""), version->arn, request->arena, &aliases, &count);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < count; i++) {
        const struct alias *alias = alias_of(aliases[i]);
        if (alias_has_version(alias, version->version_arn)) {
            buffer_append_str(&names, names.size == 0 ? STR("[") : STR(", "));
            buffer_append_str(&names, alias->name);
        }
        catalog_entry_unref(aliases[i]);
    }
    if (names.size > 0) buffer_append_byte(&names, ']');
    return buffer_copy_to_arena(&names, request->arena, ret_names) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum states_plan plan_deletion(struct api_request *request, void *context,
                                      struct states_change *change)
{
    const struct states_arn *arn = context;
    struct state_machine *version =
        state_machine_find(&request->worker->runtime->catalog, arn->text);
    if (version == NULL) return STATES_PLAN_MADE; // Deleting what is not there succeeds.
    struct str names;
    enum status status = list_referring(request, version, &names);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return STATES_PLAN_REPLIED;
    }
    if (names.size > 0) {
        api_exception(request, STR("ConflictException"),
                      "Version to be deleted must not be referenced by an alias. Current list of "
                      "aliases referencing this version: %" STR_FORMAT,
                      STR_ARGS(names));
        return STATES_PLAN_REPLIED;
    }
    states_change_add(change, &version->entry, NULL);
    return STATES_PLAN_MADE;
}

static void delete_version(struct api_request *request)
{
    struct states_arn *arn = ARENA_NEW(request->arena, struct states_arn);
    if (arn == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    if (!states_arn_read(request, STR("stateMachineVersionArn"), "stateMachine", arn)) return;
    if (arn->label.size > 0) {
        states_refuse_label(request);
    } else if (states_arn_qualifier(arn) != STATES_VERSION) {
        api_exception(
            request, STR("ValidationException"),
            "DeleteStateMachineVersion takes the ARN of a version. Received: %" STR_FORMAT,
            STR_ARGS(arn->text));
    } else {
        states_change(request, plan_deletion, states_on_changed, arn);
    }
}

const struct states_operation states_version_operations[] = {
    STATES_OPERATION("PublishStateMachineVersion", publish_members, publish),
    STATES_OPERATION("ListStateMachineVersions", list_members, list),
    STATES_OPERATION("DeleteStateMachineVersion", delete_members, delete_version),
};
const size_t states_version_operation_count = ARRAY_COUNT(states_version_operations);
