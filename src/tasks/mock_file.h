// Mock files: answers of tasks written down beforehand, in the format of AWS Step Functions Local.
//
//     { "StateMachines":   { "Orders": { "TestCases": { "Happy": { "Pay": "PaySucceeds" } } } },
//       "MockedResponses": { "PaySucceeds": { "0":   { "Throw": { "Error": "Busy", "Cause": "…" }
//       },
//                                             "1-2": { "Return": { "paid": true } } } } }
//
// A test case says which states are mocked and by which response. Each state counts its tasks from
// 0 through the whole execution, attempts, loops and iterations of a Map alike; the response's
// member whose number or range holds the count answers.
//
// The outline of a file is checked when it is read; a response only when a task asks for it, so
// that what a test case does not use may be anything. Both as the original does it.
//
// Source: AWS Step Functions Developer Guide, "Configuration file for mocked service integrations".

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum { MOCK_FILE_SIZE_MAX = 16 << 20 };

// One state of the test case in use.
struct mock_state {
    struct str name;             // Of the state.
    struct str response_name;    // Of what MockedResponses holds for it.
    const struct json *response; // NULL when there is none of that name.
    uint32_t task_count;         // Answered so far.
};

struct mock_file {
    struct arena *arena;
    struct json root;
    struct mock_state *states; // Of the chosen test case.
    uint32_t state_count;
};

// Read a file's text.
//
//   arena         holds everything that is made, messages too; outlives the mock file
//   text          borrowed as long as the mock file
//   reterr_text   a sentence without full stop that says what is wrong, with line and column where
//                 it is no JSON
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status mock_file_parse(struct arena *arena, struct str text,
                                     struct mock_file *ret_file, struct str *reterr_text);

// The same from a value, which is borrowed.
MUST_USE enum status mock_file_read(struct arena *arena, const struct json *root,
                                    struct mock_file *ret_file, struct str *reterr_text);

// Choose the test case that answers from now on. All counts start at 0.
//
//   state_machine   empty: the only one of the file
//   test_case       empty: the only one of that state machine
//
// Returns STATUS_OK, STATUS_NOT_FOUND or STATUS_INVALID (`reterr_text` says what there is instead),
// or STATUS_NO_MEMORY.
MUST_USE enum status mock_file_choose(struct mock_file *file, struct str state_machine,
                                      struct str test_case, struct str *reterr_text);

// What a task is answered with; values are the file's.
struct mock_answer {
    const struct json *result; // Return: any value; NULL when it throws.
    struct str error;          // Throw
    struct str cause;
    uint32_t number; // Of the task, from 0.
};

// The answer to the next task of `state`, which is counted.
//
// Returns STATUS_OK; STATUS_NOT_FOUND when the test case does not mock the state; STATUS_INVALID
// when it does but has no answer for this task (`reterr_text` says why); or STATUS_NO_MEMORY.
MUST_USE enum status mock_file_answer(struct mock_file *file, struct str state,
                                      struct mock_answer *ret_answer, struct str *reterr_text);

// The result of a task whose Resource is a function's own ARN. Responses for it are written both
// ways: as what the function returns, and as what the API's Invoke answers with, of which the task
// gets the Payload.
const struct json *mock_function_result(const struct json *result);
