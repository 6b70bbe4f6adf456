// The envelope of events, as text.

#pragma once

#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"
#include "json/json.h"

struct events_envelope {
    struct str id; // A UUID.
    struct str detail_type;
    struct str source;
    struct str account;
    struct str region;
    int64_t time_unix_ms; // Shown to the second.
};

// Append the event up to the value of "detail", which the caller writes, followed by
// events_envelope_end().
//
//   resources   a list; NULL: an empty one
void events_envelope_begin(struct json_writer *writer, const struct events_envelope *envelope,
                           const struct json *resources);
void events_envelope_end(struct json_writer *writer);
