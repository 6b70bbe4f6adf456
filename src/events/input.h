// What a target is given: the event as it is, a constant, a part of the event, or a text made of
// parts of it (InputTransformer).
//
// In a template `<name>` stands for the value at a path of the event, or for one of the reserved
// names: aws.events.event, aws.events.event.json, aws.events.event.ingestion-time,
// aws.events.rule-arn, aws.events.rule-name. Outside quotes a value appears as JSON, inside quotes
// as text; a path that leads nowhere is null outside quotes and nothing inside.
//
// Source: Amazon EventBridge User Guide, "Input transformation".

#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum {
    EVENTS_INPUT_SIZE_MAX = 8192, // Of Input and InputTemplate, in characters.
    EVENTS_INPUT_PATHS_MAX = 100, // Of InputPathsMap.
};

enum events_input_kind {
    EVENTS_INPUT_EVENT,
    EVENTS_INPUT_CONSTANT,
    EVENTS_INPUT_PATH,
    EVENTS_INPUT_TEMPLATE,
};

struct events_input_piece;
struct jsonpath;

struct events_input {
    enum events_input_kind kind;
    struct str constant;
    const struct jsonpath *path;
    const struct events_input_piece *pieces;
    size_t piece_count;
};

// Compile the members Input, InputPath and InputTransformer of a target, which must outlive the
// result.
//
//   reterr_message   on STATUS_INVALID what ValidationException says, in `arena`
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status events_input_compile(struct arena *arena, const struct json *target,
                                          struct events_input *ret_input,
                                          struct str *reterr_message);

// What templates may name besides the event.
struct events_input_facts {
    struct str rule_arn;
    struct str rule_name;
    struct str ingestion_time;
};

// Append the input for `event` to `buffer`; a failure is the buffer's.
//
//   event_text   the event as text
//   scratch      for values on the way
void events_input_render(const struct events_input *input, const struct json *event,
                         struct str event_text, const struct events_input_facts *facts,
                         struct arena *scratch, struct buffer *buffer);
