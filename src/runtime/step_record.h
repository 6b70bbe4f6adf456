// What the store keeps of a step: the events that the engine was given, as JSON.
//
//     [{"type":"TASK_SUCCEEDED","at":1700000000000,"seed":-42,"task":16777216,"output":{…}}, …]
//
// Given to the engine again in order, they bring an execution back to where it was.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"
#include "json/json.h"

// Append one event to an array that is being written.
void step_record_write(struct json_writer *writer, const struct engine_event *event);

// Take an array apart. Events and their values live in `arena`.
//
// Returns STATUS_OK, STATUS_CORRUPT or STATUS_NO_MEMORY.
MUST_USE enum status step_record_read(struct arena *arena, struct str text,
                                      struct engine_event **ret_events, size_t *ret_count);
