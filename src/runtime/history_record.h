// A history event as a step keeps it. Private to step_record.c and history_record.c.

#pragma once

#include "runtime/step_record.h"

// Append `event` to the events of a step, without its time when that is the first event's.
void history_record_write(struct step_writer *writer, const struct engine_history_event *event,
                          bool has_first_time);

// Append to the events how they refer to `value`, which is put into the data if it is new.
void step_writer_refer(struct step_writer *writer, const struct json *value);

// Parse one of a step's arrays; `flags` as for json_parse().
MUST_USE enum status step_record_read_array(struct arena *arena, struct str text, unsigned flags,
                                            struct json *ret_array);
