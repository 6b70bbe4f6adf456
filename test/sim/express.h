// Asynchronous Express executions: whoever was told that one has started knows that it runs to its
// end, once or more often.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct engine_update;
struct express_start;
struct runtime_execution;

// Nothing has happened yet; the process died; it ended politely.
void express_init(void);
void express_crash(void);
void express_settle(void);

// The runtime begins one that is nobody's child; it has ended.
struct express_start *express_note_begin(const struct runtime_execution *execution);
void express_note_end(struct express_start *start, const struct engine_update *update);

// One of its tasks, or of those of an Express child of a Map run, is performed.
void express_note_task(const struct runtime_execution *execution, uint64_t task_id);

// Start one, as the API does. `on_done` is told whether that is certain.
typedef void (*express_started_fn)(void *context, bool is_acknowledged);
void express_begin(express_started_fn on_done, void *context);

// Some have begun in this life and have not ended, or are in the journal and have to begin.
bool express_is_under_way(void);

// At the end.
void express_check(void);
