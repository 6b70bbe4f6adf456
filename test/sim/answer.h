// What the world answers: a pure function of what it is asked, but for the time that it takes.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"
#include "tasks/tasks.h"

struct engine_start;
struct store_execution;

struct answer {
    bool is_success;
    unsigned value;      // On success.
    const char *error;   // Otherwise.
    int64_t delay_ms;    // -1: it never comes.
    unsigned beat_count; // Heartbeats before.
    bool is_late;        // Behind the task's time-out.
};

// To a task's question, see machine.h.
struct answer answer_to(const struct json *question);

// As the answer of a call.
struct tasks_answer answer_as_task(const struct answer *answer);

// Of what is quick as a rule.
int64_t answer_short_delay_ms(void);

// A nested execution of that name has been started before and has ended.
struct tasks_answer answer_exists_already(const struct store_execution *existing,
                                          const struct engine_start *start);
