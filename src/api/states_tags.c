// Tags of state machines and activities.

#include "api/states.h"
#include "runtime/activity_resource.h"

enum { TAGS_MAX = 50, KEY_CHARACTERS_MAX = 128, VALUE_CHARACTERS_MAX = 256 };

static const struct api_member tag_item_members[] = {
    {.name = STR_INIT("key"), .type = API_MEMBER_STRING, .min = 1, .max = KEY_CHARACTERS_MAX},
    {.name = STR_INIT("value"), .type = API_MEMBER_STRING, .max = VALUE_CHARACTERS_MAX},
};
const struct api_member states_tag_item = {
    .type = API_MEMBER_OBJECT,
    .members = tag_item_members,
    .member_count = ARRAY_COUNT(tag_item_members),
    .structure = "Tag",
};
static const struct api_member tag_key_item = {
    .type = API_MEMBER_STRING, .min = 1, .max = KEY_CHARACTERS_MAX};

static bool refuse_tag(struct api_request *request, struct str key, const char *why)
{
    api_exception(request, STR("ValidationException"), "Invalid tag '%" STR_FORMAT "': %s",
                  STR_ARGS(key), why);
    return false;
}

// Letters and digits of any script, spaces and "_.:/=+-@".
static bool is_tag_text(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && (c == 0 || strchr(" _.:/=+-@", c) == NULL)) return false;
    }
    return true;
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
        if (key.size == 0) return refuse_tag(request, key, "it has no key");
        if (!is_tag_text(key) || !is_tag_text(value)) {
            return refuse_tag(request, key,
                              "letters, digits, spaces and _ . : / = + - @ may be used");
        }
        if (str_starts_with(key, STR("aws:"))) {
            return refuse_tag(request, key, "keys that start with 'aws:' are reserved");
        }
        json_members_set(members, key, json_from_str(value));
    }
    return true;
}

static void refuse_too_many(struct api_request *request, struct str arn)
{
    api_exception_member(request, STR("TooManyTags"), STR("Too many tags: at most 50"),
                         STR("resourceName"), arn);
}

bool states_tags_read(struct api_request *request, struct json *ret_tags)
{
    struct json_members members;
    json_members_init(&members, request->arena);
    if (!add_tags(request, &members)) return false;
    *ret_tags = json_members_finish(&members);
    if (ret_tags->size <= TAGS_MAX) return true;
    refuse_too_many(request, STR(""));
    return false;
}

// ---------------------------------------------------------------------------------------------
// Operations

static const struct api_member list_members[] = {STATES_ARN_MEMBER("resourceArn")};
static const struct api_member tag_members[] = {
    STATES_ARN_MEMBER("resourceArn"),
    {.name = STR_INIT("tags"),
     .type = API_MEMBER_LIST,
     .is_required = true,
     .item = &states_tag_item},
};
static const struct api_member untag_members[] = {
    STATES_ARN_MEMBER("resourceArn"),
    {.name = STR_INIT("tagKeys"),
     .type = API_MEMBER_LIST,
     .is_required = true,
     .item = &tag_key_item},
};

// What the request names: one of the two.
struct tagged {
    struct state_machine *state_machine; // Borrowed.
    struct activity *activity;           // Borrowed.
    const struct json *tags;
};

// Replies and returns false when there is nothing of that ARN that can have tags.
static bool find_tagged(struct api_request *request, struct tagged *ret_tagged)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("resourceArn"), "stateMachine|activity", &arn)) return false;
    struct catalog_entry *entry = NULL;
    if (arn.qualifier.size == 0) {
        entry = catalog_cache_find(&request->worker->runtime->catalog, arn.text);
    }
    struct tagged tagged = {.state_machine = state_machine_of(entry),
                            .activity = activity_of(entry)};
    if (tagged.state_machine != NULL) tagged.tags = &tagged.state_machine->tags;
    if (tagged.activity != NULL) tagged.tags = &tagged.activity->tags;
    *ret_tagged = tagged;
    if (tagged.tags != NULL) return true;
    api_exception_member(
        request, STR("ResourceNotFound"),
        arena_printf(request->arena, "Resource not found: '%" STR_FORMAT "'", STR_ARGS(arn.text)),
        STR("resourceName"), arn.text);
    return false;
}

static void list_tags(struct api_request *request)
{
    struct tagged tagged;
    if (!find_tagged(request, &tagged)) return;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("tags"));
    json_writer_begin_array(&writer);
    for (uint32_t i = 0; i < tagged.tags->size; i++) {
        const struct json_member *tag = &tagged.tags->members[i];
        json_writer_begin_object(&writer);
        json_writer_value_member(&writer, STR("key"), &tag->name);
        json_writer_value_member(&writer, STR("value"), &tag->value);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// The resource with other tags in its place.
static enum states_plan plan_tags(struct states_change *change, const struct tagged *tagged,
                                  struct json tags)
{
    if (tagged->state_machine != NULL) {
        struct state_machine_fields fields = state_machine_fields_of(tagged->state_machine);
        fields.tags = tags;
        states_change_machine(change, tagged->state_machine, &fields,
                              tagged->state_machine->machine);
        return STATES_PLAN_MADE;
    }
    struct activity_fields fields = activity_fields_of(tagged->activity);
    struct activity *activity;
    fields.tags = tags;
    enum status status = activity_new(&fields, &activity);
    if (status == STATUS_OK) {
        states_change_add(change, &tagged->activity->entry, &activity->entry);
    } else {
        states_change_fail(change, status);
    }
    return STATES_PLAN_MADE;
}

static enum states_plan plan_tagging(struct api_request *request, void *context,
                                     struct states_change *change)
{
    (void)context;
    struct tagged tagged;
    if (!find_tagged(request, &tagged)) return STATES_PLAN_REPLIED;
    struct json_members members;
    json_members_init(&members, request->arena);
    for (uint32_t i = 0; i < tagged.tags->size; i++) {
        const struct json_member *old = &tagged.tags->members[i];
        json_members_append(&members, json_str(&old->name), old->value);
    }
    if (!add_tags(request, &members)) return STATES_PLAN_REPLIED;
    struct json tags = json_members_finish(&members);
    if (tags.size > TAGS_MAX) {
        refuse_too_many(request, api_member_str(&request->body, STR("resourceArn"), STR("")));
        return STATES_PLAN_REPLIED;
    }
    return plan_tags(change, &tagged, tags);
}

static void tag(struct api_request *request)
{
    states_change(request, plan_tagging, states_on_changed, NULL);
}

static bool list_has(const struct json *list, const struct json *text)
{
    for (uint32_t i = 0; i < list->size; i++) {
        if (json_equal(&list->items[i], text)) return true;
    }
    return false;
}

static enum states_plan plan_untagging(struct api_request *request, void *context,
                                       struct states_change *change)
{
    (void)context;
    struct tagged tagged;
    if (!find_tagged(request, &tagged)) return STATES_PLAN_REPLIED;
    const struct json *keys = JSON_FIND(&request->body, "tagKeys");
    struct json_members members;
    json_members_init(&members, request->arena);
    for (uint32_t i = 0; i < tagged.tags->size; i++) {
        const struct json_member *old = &tagged.tags->members[i];
        if (!list_has(keys, &old->name)) {
            json_members_append(&members, json_str(&old->name), old->value);
        }
    }
    return plan_tags(change, &tagged, json_members_finish(&members));
}

static void untag(struct api_request *request)
{
    states_change(request, plan_untagging, states_on_changed, NULL);
}

const struct states_operation states_tag_operations[] = {
    STATES_OPERATION("ListTagsForResource", list_members, list_tags),
    STATES_OPERATION("TagResource", tag_members, tag),
    STATES_OPERATION("UntagResource", untag_members, untag),
};
const size_t states_tag_operation_count = ARRAY_COUNT(states_tag_operations);
