// Tags of state machines.

#include "api/states.h"
#include "base/encoding.h"

enum { TAGS_MAX = 50, KEY_CHARACTERS_MAX = 128, VALUE_CHARACTERS_MAX = 256 };

static bool refuse_tag(struct api_request *request, struct str key, const char *why)
{
    api_exception(request, STR("ValidationException"), "Invalid tag '%" STR_FORMAT "': %s",
                  STR_ARGS(key), why);
    return false;
}

// Add the `tags` member, a list of {key, value}, to `members`. Replies and returns false on a tag
// that breaks the rules.
static bool add_tags(struct api_request *request, struct json_members *members)
{
    const struct json *tags = JSON_FIND(&request->body, "tags");
    if (tags == NULL || !json_is_array(tags)) return true;
    for (uint32_t i = 0; i < tags->size; i++) {
        struct str key = api_member_str(&tags->items[i], STR("key"), STR(""));
        struct str value = api_member_str(&tags->items[i], STR("value"), STR(""));
        size_t key_size = encoding_utf16_size(key);
        if (key_size == 0 || key_size > KEY_CHARACTERS_MAX) {
            return refuse_tag(request, key, "the key must have 1 to 128 characters");
        }
        if (encoding_utf16_size(value) > VALUE_CHARACTERS_MAX) {
            return refuse_tag(request, key, "the value must have at most 256 characters");
        }
        if (str_starts_with(key, STR("aws:"))) {
            return refuse_tag(request, key, "keys that start with 'aws:' are reserved");
        }
        json_members_set(members, key, json_from_str(value));
    }
    return true;
}

bool states_tags_read(struct api_request *request, struct json *ret_tags)
{
    struct json_members members;
    json_members_init(&members, request->arena);
    if (!add_tags(request, &members)) return false;
    *ret_tags = json_members_finish(&members);
    if (ret_tags->size <= TAGS_MAX) return true;
    api_exception_member(request, STR("TooManyTags"), STR("Too many tags: at most 50"),
                         STR("resourceName"), STR(""));
    return false;
}

// ---------------------------------------------------------------------------------------------
// Operations

static const struct api_member list_members[] = {STATES_ARN_MEMBER("resourceArn")};
static const struct api_member tag_members[] = {
    STATES_ARN_MEMBER("resourceArn"),
    {.name = STR_INIT("tags"), .type = API_MEMBER_LIST, .is_required = true},
};
static const struct api_member untag_members[] = {
    STATES_ARN_MEMBER("resourceArn"),
    {.name = STR_INIT("tagKeys"), .type = API_MEMBER_LIST, .is_required = true},
};

// The tagged state machine, borrowed; NULL after a reply.
static struct state_machine *find_tagged(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("resourceArn"), "stateMachine|activity", &arn)) return NULL;
    struct state_machine *found = NULL;
    if (arn.qualifier.size == 0) {
        found = state_machine_cache_find(&request->worker->runtime->state_machines, arn.text);
    }
    if (found == NULL) {
        api_exception_member(request, STR("ResourceNotFound"),
                             arena_printf(request->arena, "Resource not found: '%" STR_FORMAT "'",
                                          STR_ARGS(arn.text)),
                             STR("resourceName"), arn.text);
    }
    return found;
}

static void list_tags(struct api_request *request)
{
    const struct state_machine *state_machine = find_tagged(request);
    if (state_machine == NULL) return;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("tags"));
    json_writer_begin_array(&writer);
    for (uint32_t i = 0; i < state_machine->tags.size; i++) {
        const struct json_member *tag = &state_machine->tags.members[i];
        json_writer_begin_object(&writer);
        json_writer_value_member(&writer, STR("key"), &tag->name);
        json_writer_value_member(&writer, STR("value"), &tag->value);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void on_tagged(struct api_request *request, struct state_machine *state_machine,
                      enum status status)
{
    (void)state_machine;
    if (status == STATUS_OK) {
        api_reply_empty(request);
    } else if (status == STATUS_CONFLICT) {
        api_exception(request, STR("ConflictException"),
                      "The state machine was changed by another request at the same time.");
    } else {
        api_fault(request, status);
    }
}

static void publish_tags(struct api_request *request, struct state_machine *existing,
                         struct json tags)
{
    struct state_machine_fields fields = state_machine_fields_of(existing);
    struct state_machine *state_machine;
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    fields.tags = tags;
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    enum status status = state_machine_new(&fields, diagnostics, &state_machine);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    states_publish(request, existing, state_machine, on_tagged);
}

static void tag(struct api_request *request)
{
    struct state_machine *existing = find_tagged(request);
    if (existing == NULL) return;
    struct json_members members;
    json_members_init(&members, request->arena);
    for (uint32_t i = 0; i < existing->tags.size; i++) {
        const struct json_member *old = &existing->tags.members[i];
        json_members_append(&members, json_str(&old->name), old->value);
    }
    if (!add_tags(request, &members)) return;
    struct json tags = json_members_finish(&members);
    if (tags.size > TAGS_MAX) {
        api_exception_member(request, STR("TooManyTags"), STR("Too many tags: at most 50"),
                             STR("resourceName"), existing->arn);
        return;
    }
    publish_tags(request, existing, tags);
}

static bool list_has(const struct json *list, const struct json *text)
{
    for (uint32_t i = 0; i < list->size; i++) {
        if (json_equal(&list->items[i], text)) return true;
    }
    return false;
}

static void untag(struct api_request *request)
{
    struct state_machine *existing = find_tagged(request);
    if (existing == NULL) return;
    const struct json *keys = JSON_FIND(&request->body, "tagKeys");
    struct json_members members;
    json_members_init(&members, request->arena);
    for (uint32_t i = 0; i < existing->tags.size; i++) {
        const struct json_member *old = &existing->tags.members[i];
        if (!list_has(keys, &old->name)) {
            json_members_append(&members, json_str(&old->name), old->value);
        }
    }
    publish_tags(request, existing, json_members_finish(&members));
}

const struct states_operation states_tag_operations[] = {
    STATES_OPERATION("ListTagsForResource", list_members, list_tags),
    STATES_OPERATION("TagResource", tag_members, tag),
    STATES_OPERATION("UntagResource", untag_members, untag),
};
const size_t states_tag_operation_count = ARRAY_COUNT(states_tag_operations);
