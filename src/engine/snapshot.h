// Snapshots: all that a waiting execution still needs, as a JSON text.
//
// An execution that is put down and brought back goes on as if nothing had happened: the same
// events give the same updates, byte for byte. States are told by name and members are called as
// the fields of struct strand and its like are, so that a person can read a snapshot:
//
//     {"version":1,"history":{"count":2},"sequence":1,"deadline_unix_ms":1735603200000,
//      "payload_bytes_max":11,
//      "strands":[{"state":"Sleep","wait":"TIME","input":{"value":0,"size_bytes":11,"depth":5},
//                  "last_event_id":2,"entered_event_id":2,"entered_unix_ms":1704067200000,
//                  "timer_id":16777216,"timer_unix_ms":1704070800000}],
//      "values":[{"order":7}]}
//
// Members that are zero, false or absent are left out. Values that are shared stand once in
// `values`, and where they are used their index does. A later version may add members; one that a
// reader must not ignore raises `version`.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"

enum { ENGINE_SNAPSHOT_VERSION = 1 };

// Append the snapshot of a running execution, between two steps, to `buffer`.
//
// Returns STATUS_OK, STATUS_OVER_LIMIT (the buffer failed, or nobody could read so long a text
// back) or STATUS_NO_MEMORY.
MUST_USE enum status engine_execution_encode(const struct engine_execution *execution,
                                             struct buffer *buffer);

// The way back.
//
//   start   as for engine_execution_new(), with the definition that the execution ran by; its input
//           is not looked at: what is needed of it stands in the snapshot
//   text    may go afterwards
//
// Returns STATUS_OK, STATUS_CORRUPT (no snapshot, or none of this definition's) or
// STATUS_NO_MEMORY. What the execution waits for is told by engine_execution_each_wait().
MUST_USE enum status engine_execution_decode(struct arena *arena, const struct engine_start *start,
                                             struct str text,
                                             struct engine_execution **ret_execution);
