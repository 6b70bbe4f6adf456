// Fuzzes event patterns and input templates: the input is a pattern, a line feed and an event; the
// pattern's text serves as a template too. Needs the library events.

#include <stddef.h>
#include <stdint.h>

#include "events/input.h"
#include "events/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(struct arena *arena, struct str text, const struct json *event)
{
    const struct events_pattern *pattern;
    struct str reason = STR("");
    enum status status = events_pattern_compile(arena, text, &pattern, &reason);
    if (status == STATUS_INVALID && reason.size == 0) __builtin_trap();
    if (status == STATUS_OK) (void)!events_pattern_matches(pattern, event);
}

static void render(struct arena *arena, struct str text, const struct json *event,
                   struct str event_text)
{
    struct events_input input;
    struct str message = STR("");
    const struct json template = json_from_str(text);
    const struct json path = json_from_str(STR("$.detail"));
    const struct json *paths = json_with_member(arena, NULL, STR("d"), &path);
    if (paths == NULL) return;
    const struct json *transformer = json_with_member(arena, NULL, STR("InputPathsMap"), paths);
    if (transformer == NULL) return;
    transformer = json_with_member(arena, transformer, STR("InputTemplate"), &template);
    if (transformer == NULL) return;
    const struct json *target = json_with_member(arena, NULL, STR("InputTransformer"), transformer);
    if (target == NULL || events_input_compile(arena, target, &input, &message) != STATUS_OK)
        return;
    const struct events_input_facts facts = {STR("arn"), STR("name"), STR("time")};
    struct buffer buffer;
    buffer_init(&buffer, MIB(1));
    events_input_render(&input, event, event_text, &facts, arena, &buffer);
    buffer_release(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str event_text = {(const char *)data, size};
    struct str text = str_cut(&event_text, '\n');
    struct arena arena;
    struct json event;
    arena_init(&arena, MIB(4));
    if (event_text.data == NULL || json_parse(&arena, event_text, 0, &event, NULL) != STATUS_OK) {
        event_text = STR("{\"detail\":{\"a\":[{\"b\":\"c\"},1]}}");
        if (json_parse(&arena, event_text, 0, &event, NULL) != STATUS_OK) __builtin_trap();
    }
    match(&arena, text, &event);
    render(&arena, text, &event, event_text);
    arena_release(&arena);
    return 0;
}
