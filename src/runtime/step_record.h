// What the store keeps of a step, as JSON arrays:
//
//     causes  [{"type":"TASK_SUCCEEDED","at":1700000000000,"seed":-42,"task":1,"output":[7]}]
//     events  [{"type":"LambdaFunctionSucceeded","at":1700000000000,"output":"$0"},
//              {"type":"TaskStateExited","name":"Charge","output":0},
//              {"type":"PassStateEntered","name":"Ship","input":0}]
//     data    [{"charged":[7]}]
//
// The causes are the events that the engine was given: given to it again in order, they bring an
// execution back to where it was. The history events are what it made of them. Most values pass
// through several events (what a state puts out, the next one takes in), so each stands once, and
// events refer to it: by its index in `data`, which is absent when it would be empty; as "$0", the
// output of cause 0; or as "$input" and "$output", those of the execution, which its row holds. An
// event says only what does not follow from its place: its id is `first_event_id` plus its index;
// it follows the event before it, unless "previousEventId" says otherwise, and happened when the
// first one of its step did, unless "at" does.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"
#include "json/json.h"
#include "store/execution.h"

enum { STEP_WRITER_RECENT_MAX = 8 }; // Values that are known again when they come again.

struct step_writer {
    struct buffer causes;
    struct buffer events;
    struct buffer data;
    struct json_writer causes_writer;
    uint64_t first_event_id;
    uint64_t next_event_id;
    int64_t first_unix_ms;     // When the first event happened.
    const struct json *input;  // Of the execution.
    const struct json *output; // Likewise, when it has succeeded; NULL otherwise.
    struct step_value {
        struct json value;
        bool is_of_cause; // Whose index it is; otherwise of `data`.
        uint32_t index;
    } recent[STEP_WRITER_RECENT_MAX]; // The latest `known_count`, modulo the size.
    uint32_t known_count;
    uint32_t cause_count;
    uint32_t data_count;
};

void step_writer_init(struct step_writer *writer);
void step_writer_release(struct step_writer *writer);

// Bytes that have been written, and bytes of memory that it holds.
size_t step_writer_size(const struct step_writer *writer);
size_t step_writer_capacity(const struct step_writer *writer);

// Begin a step whose first event will have that id. `input` must live until step_writer_end().
void step_writer_begin(struct step_writer *writer, uint64_t first_event_id,
                       const struct json *input);

// What the engine was given, and what came of it. Their values must live until step_writer_end().
void step_writer_add(struct step_writer *writer, const struct engine_event *cause,
                     const struct engine_update *update);

// A history event that the engine did not make; its id is not looked at.
void step_writer_add_event(struct step_writer *writer, const struct engine_history_event *event);

// Fill in texts, first event and number of events. The texts live until the next begin.
// Returns STATUS_OK, STATUS_NO_MEMORY or STATUS_OVER_LIMIT (the store does not take it).
MUST_USE enum status step_writer_end(struct step_writer *writer, struct store_step *step);

// Steps that have been read, in one arena.
struct step_list {
    struct store_step *items;
    size_t count;
    size_t capacity;
};

// Append a copy of a step and its texts. Returns STATUS_OK or STATUS_NO_MEMORY.
MUST_USE enum status step_list_add(struct step_list *list, struct arena *arena,
                                   const struct store_step *step);

// Take the causes apart. Events and their values live in `arena`.
//
// Returns STATUS_OK, STATUS_CORRUPT or STATUS_NO_MEMORY.
MUST_USE enum status step_record_read_causes(struct arena *arena, const struct store_step *step,
                                             struct engine_event **ret_events, size_t *ret_count);

// Reads the history of one execution, step by step.
struct history_reader {
    struct arena *arena;
    struct str input_text; // Of the execution's row.
    struct str output_text;
    const struct json *input; // The same, once an event has shown them.
    const struct json *output;
};

// Make the events of a step. They live in the arena, and share the texts of step and row.
//
//   ret_events   `step->event_count` of them
//
// Returns STATUS_OK, STATUS_CORRUPT or STATUS_NO_MEMORY.
MUST_USE enum status history_reader_read(struct history_reader *reader,
                                         const struct store_step *step,
                                         struct engine_history_event **ret_events);
