// TestState: what the files of this operation share.
//
// A request goes through them in this order: states_test_request.c reads the members and compiles
// the state, states_test_mock.c and states_test_context.c check what stands in for the world,
// states_test_state.c runs the state as an execution with an inspection, and states_test_reply.c
// tells what became of it.

#pragma once

#include "api/states.h"
#include "engine/inspection.h"

enum test_state_level { TEST_STATE_INFO, TEST_STATE_DEBUG, TEST_STATE_TRACE };
enum test_state_validation { TEST_STATE_STRICT, TEST_STATE_PRESENT, TEST_STATE_NO_VALIDATION };

// One test. Lives in the request's arena.
struct test_state {
    struct api_request *request;
    struct json members; // The request's, nested ones as "mock.result".
    enum test_state_level level;
    enum test_state_validation validation;
    struct str role_arn;               // data NULL: none.
    const struct asl_machine *machine; // The state alone; owned until the execution has it.
    const struct asl_state *state;
    struct str input_text;
    struct json input;
    struct engine_inspection inspection;
};

// Every function that returns bool has replied when it returns false.

// states_test_request.c

// Read members, compile the state and find out whether it can be tested like this.
MUST_USE bool test_state_read(struct test_state *test);

// A member's text; data NULL when it is absent.
struct str test_state_text(const struct test_state *test, struct str name);

// The JSON in a member. `exception` and `message`: what to say when it is none.
MUST_USE bool test_state_parse(struct test_state *test, struct str text, const char *message,
                               struct json *ret_value);

// Reply with a ValidationException.
void test_state_refuse(struct test_state *test, const char *format, ...) PRINTF(2, 3);

// states_test_mock.c: `mock` and `stateConfiguration`.

MUST_USE bool test_state_read_mock(struct test_state *test);

// states_test_context.c: `context`.

MUST_USE bool test_state_read_context(struct test_state *test);

// states_test_schema.c

// Hold the result of a service's operation against what its API model says.
//
//   is_complete   required fields must be there
//
// Returns true when it conforms, or nothing is known of the operation; otherwise what is wrong is
// in `ret_problem`, in the service's words.
bool test_state_conforms(struct arena *arena, const struct asl_resource *resource,
                         const struct json *result, bool is_complete, struct str *ret_problem);

// states_test_reply.c

void test_state_reply(struct test_state *test, const struct engine_update *update);
