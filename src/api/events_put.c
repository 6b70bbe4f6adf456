// PutEvents: each entry is checked alone and, when it is good, sent to its bus.

#include "api/events.h"
#include "events/event.h"
#include "events/events.h"

enum { ENTRIES_MAX = 10, ENTRY_SIZE_MAX = 2 * EVENTS_ENTRY_SIZE_MAX };

static const struct api_member put_members[] = {{.name = STR_INIT("Entries"),
                                                 .type = API_MEMBER_LIST,
                                                 .is_required = true,
                                                 .min = 1,
                                                 .max = ENTRIES_MAX}};

static const struct api_member entry_members[] = {
    {.name = STR_INIT("Source"), .type = API_MEMBER_STRING},
    {.name = STR_INIT("DetailType"), .type = API_MEMBER_STRING},
    {.name = STR_INIT("Detail"), .type = API_MEMBER_STRING},
    {.name = STR_INIT("EventBusName"), .type = API_MEMBER_STRING},
    {.name = STR_INIT("Resources"), .type = API_MEMBER_LIST},
    {.name = STR_INIT("Time"), .type = API_MEMBER_NUMBER},
};

struct failure {
    const char *code; // NULL: none.
    const char *message;
};

// Executions send their own ARN and that of their state machine along.
static struct json resources_of(const struct json *entry)
{
    const struct json *resources = JSON_FIND(entry, "Resources");
    return resources == NULL || !json_is_array(resources) ? json_empty_array : *resources;
}

// What is wrong with an entry; its detail's text must be an object.
static struct failure check_entry(struct api_request *request, const struct json *entry)
{
    static const struct {
        const char *name, *message;
    } required[] = {
        {"Source", "Parameter Source is not valid. Reason: Source is a required argument."},
        {"DetailType",
         "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
        {"Detail", "Parameter Detail is not valid. Reason: Detail is a required argument."},
    };
    for (size_t i = 0; i < ARRAY_COUNT(required); i++) {
        if (api_member_str(entry, str_from_c(required[i].name), STR("")).size == 0) {
            return (struct failure){"InvalidArgument", required[i].message};
        }
    }
    struct str source = api_member_str(entry, STR("Source"), STR(""));
    if (str_starts_with(source, STR("aws."))) {
        return (struct failure){"NotAuthorizedForSourceException",
                                "Not authorized for the source."};
    }
    struct json detail;
    enum status status =
        json_parse(request->arena, api_member_str(entry, STR("Detail"), STR("")), 0, &detail, NULL);
    if (status != STATUS_OK || !json_is_object(&detail)) {
        return (struct failure){"MalformedDetail", "Detail is malformed."};
    }
    return (struct failure){NULL, NULL};
}

static int64_t time_of(struct api_request *request, const struct json *entry)
{
    const struct json *time = JSON_FIND(entry, "Time");
    if (time == NULL || !json_is_number(time)) return clock_unix_ms(request->worker->api->clock);
    double seconds = json_to_real(time);
    bool is_sane = seconds > -1e11 && seconds < 1e11;
    return is_sane ? (int64_t)(seconds * 1000) : clock_unix_ms(request->worker->api->clock);
}

// Send it. Returns false when there is no room for it now.
static bool publish(struct api_request *request, const struct json *entry, struct str id)
{
    struct events *events = request->worker->api->events;
    if (!events_has_rules(events)) return true;
    struct buffer CLEANUP(buffer_release) text;
    struct json_writer writer;
    struct json resources = resources_of(entry);
    const struct events_envelope envelope = {
        .id = id,
        .detail_type = api_member_str(entry, STR("DetailType"), STR("")),
        .source = api_member_str(entry, STR("Source"), STR("")),
        .account = request->account,
        .region = request->region,
        .time_unix_ms = time_of(request, entry),
    };
    buffer_init(&text, ENTRY_SIZE_MAX);
    json_writer_init(&writer, &text);
    events_envelope_begin(&writer, &envelope, &resources);
    json_writer_raw(&writer, api_member_str(entry, STR("Detail"), STR("")));
    events_envelope_end(&writer);
    struct str bus =
        api_events_bus_name(api_member_str(entry, STR("EventBusName"), STR("default")));
    return !text.is_failed &&
           events_publish(events, request->worker->loop, request->region, bus, buffer_str(&text));
}

static void put_entry(struct api_request *request, struct json_writer *writer,
                      const struct json *entry, int *failed_count)
{
    char id[RANDOM_UUID_SIZE];
    random_uuid(&request->worker->random, id);
    struct failure failure = check_entry(request, entry);
    if (failure.code == NULL && !publish(request, entry, (struct str){id, sizeof(id)})) {
        failure = (struct failure){"ThrottlingException", "Rate exceeded"};
    }
    json_writer_begin_object(writer);
    if (failure.code == NULL) {
        json_writer_string_member(writer, STR("EventId"), (struct str){id, sizeof(id)});
    } else {
        ++*failed_count;
        json_writer_string_member(writer, STR("ErrorCode"), str_from_c(failure.code));
        json_writer_string_member(writer, STR("ErrorMessage"), str_from_c(failure.message));
    }
    json_writer_end_object(writer);
}

// Types and sizes of all entries. Returns false after replying.
static bool check_entries(struct api_request *request, const struct json *entries)
{
    size_t size = 0;
    for (uint32_t i = 0; i < entries->size; i++) {
        const struct json *entry = &entries->items[i];
        if (!json_is_object(entry)) {
            api_exception(request, STR("SerializationException"),
                          "Expected structures in 'Entries'.");
            return false;
        }
        if (!api_members_check(request, entry, entry_members, ARRAY_COUNT(entry_members))) {
            return false;
        }
        size += json_rendered_size(entry);
    }
    if (size <= EVENTS_ENTRY_SIZE_MAX) return true;
    api_exception(request, STR("ValidationException"),
                  "Total size of the entries in the request is over the limit.");
    return false;
}

void api_events_put(struct api_request *request)
{
    if (!api_members_check(request, &request->body, put_members, ARRAY_COUNT(put_members))) return;
    const struct json *entries = JSON_FIND(&request->body, "Entries");
    if (!check_entries(request, entries)) return;
    struct json_writer writer;
    int failed_count = 0;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("Entries"));
    json_writer_begin_array(&writer);
    for (uint32_t i = 0; i < entries->size; i++)
        put_entry(request, &writer, &entries->items[i], &failed_count);
    json_writer_end_array(&writer);
    json_writer_integer_member(&writer, STR("FailedEntryCount"), failed_count);
    json_writer_end_object(&writer);
    api_reply_end(request);
}
