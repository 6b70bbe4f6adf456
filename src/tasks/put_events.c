// The entries of putEvents on their way out, and its answer.

#include "tasks/put_events.h"

static struct json with_arns(const struct tasks_request *request, const struct json *resources)
{
    struct json_items items;
    json_items_init(&items, request->arena);
    for (uint32_t i = 0; resources != NULL && json_is_array(resources) && i < resources->size; i++)
        json_items_append(&items, resources->items[i]);
    json_items_append(&items, json_from_str(request->execution_arn));
    json_items_append(&items, json_from_str(request->state_machine_arn));
    return json_items_finish(&items);
}

struct json tasks_put_events_parameters(const struct tasks_request *request, struct json parameters)
{
    const struct json *entries = JSON_FIND(&parameters, "Entries");
    if (entries == NULL || !json_is_array(entries) || request->execution_arn.size == 0) {
        return parameters;
    }
    struct json_items items;
    json_items_init(&items, request->arena);
    for (uint32_t i = 0; i < entries->size; i++) {
        const struct json *entry = &entries->items[i];
        if (json_is_object(entry)) {
            struct json resources = with_arns(request, JSON_FIND(entry, "Resources"));
            entry = json_with_member(request->arena, entry, STR("Resources"), &resources);
        }
        if (entry != NULL) json_items_append(&items, *entry);
    }
    struct json all = json_items_finish(&items);
    const struct json *changed =
        json_with_member(request->arena, &parameters, STR("Entries"), &all);
    return changed == NULL ? parameters : *changed;
}

bool tasks_put_events_failed(const struct json *answer)
{
    const struct json *count = JSON_FIND(answer, "FailedEntryCount");
    int64_t number;
    return count != NULL && json_is_number(count) && json_to_integer(count, &number) && number > 0;
}
