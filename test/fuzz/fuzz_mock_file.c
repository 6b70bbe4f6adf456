// Fuzzes the reader of mock files (src/tasks/mock_file.c) with texts.
//
// Needs: tasks, json, base (tasks_dep).
//
// Every test case of a file that is taken can be chosen, and every state of it gives an answer or
// a reason, whatever its responses are.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks/mock_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TASKS_PER_STATE = 4, CASES_MAX = 64 };

static void play(struct mock_file *file)
{
    for (uint32_t i = 0; i < file->state_count; i++) {
        for (uint32_t number = 0; number < TASKS_PER_STATE; number++) {
            struct mock_answer answer;
            struct str text = STR("");
            enum status status = mock_file_answer(file, file->states[i].name, &answer, &text);
            assert(status != STATUS_NOT_FOUND);
            if (status == STATUS_OK) {
                assert(answer.number == number);
                assert((answer.result == NULL) == (answer.error.data != NULL));
            } else {
                assert(status == STATUS_NO_MEMORY || text.size > 0);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_release) arena;
    struct mock_file file;
    struct str text = STR("");
    arena_init(&arena, MIB(16));
    enum status status =
        mock_file_parse(&arena, (struct str){(const char *)data, size}, &file, &text);
    if (status != STATUS_OK) {
        assert(status == STATUS_NO_MEMORY || text.size > 0);
        return 0;
    }
    const struct json *machines = JSON_FIND(&file.root, "StateMachines");
    for (uint32_t i = 0; i < machines->size && i < CASES_MAX; i++) {
        const struct json *cases = JSON_FIND(&machines->members[i].value, "TestCases");
        for (uint32_t j = 0; j < cases->size && j < CASES_MAX; j++) {
            struct str machine = json_str(&machines->members[i].name);
            struct str test_case = json_str(&cases->members[j].name);
            status = mock_file_choose(&file, machine, test_case, &text);
            assert(status == STATUS_OK || status == STATUS_NO_MEMORY || machine.size == 0 ||
                   test_case.size == 0);
            if (status == STATUS_OK) play(&file);
        }
    }
    return 0;
}
