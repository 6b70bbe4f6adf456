// The file stays the JSON value that it is; looking an answer up walks it.

#include "tasks/mock_file.h"

#include <assert.h>

enum { LIST_SIZE_MAX = 400 }; // Of the names that a message offers.

// ---------------------------------------------------------------------------------------------
// Messages

// "A, B, C", cut where it gets long.
static struct str list_names(struct arena *arena, const struct json *object)
{
    struct buffer CLEANUP(buffer_release) text;
    struct str copy;
    buffer_init(&text, KIB(64));
    for (uint32_t i = 0; i < object->size; i++) {
        struct str name = json_str(&object->members[i].name);
        if (text.size + name.size > LIST_SIZE_MAX) {
            buffer_append_str(&text, i == 0 ? STR("…") : STR(", …"));
            break;
        }
        if (i > 0) buffer_append_str(&text, STR(", "));
        buffer_append_str(&text, name);
    }
    return buffer_copy_to_arena(&text, arena, &copy) ? copy : STR("");
}

// ---------------------------------------------------------------------------------------------
// Reading

// A member that must be an object.
static bool find_object(struct arena *arena, const struct json *parent, struct str where,
                        struct str name, const struct json **ret_object, struct str *reterr_text)
{
    const struct json *object = json_find(parent, name);
    if (object != NULL && json_is_object(object)) {
        *ret_object = object;
        return true;
    }
    *reterr_text = arena_printf(
        arena, "%" STR_FORMAT "%s must have an object \"%" STR_FORMAT "\"%s%s", STR_ARGS(where),
        where.size == 0 ? "the file" : "", STR_ARGS(name),
        object == NULL ? "" : "; found: ", object == NULL ? "" : json_type_name(object));
    return false;
}

static bool test_cases_are_sound(struct arena *arena, struct str machine, const struct json *cases,
                                 struct str *reterr_text)
{
    for (uint32_t i = 0; i < cases->size; i++) {
        struct str test_case = json_str(&cases->members[i].name);
        const struct json *states = &cases->members[i].value;
        if (!json_is_object(states)) {
            *reterr_text =
                arena_printf(arena,
                             "test case \"%" STR_FORMAT "\" of \"%" STR_FORMAT
                             "\" must be an object that gives states their responses; found: %s",
                             STR_ARGS(test_case), STR_ARGS(machine), json_type_name(states));
            return false;
        }
        for (uint32_t j = 0; j < states->size; j++) {
            if (json_is_string(&states->members[j].value)) continue;
            struct str state = json_str(&states->members[j].name);
            *reterr_text = arena_printf(
                arena,
                "test case \"%" STR_FORMAT "\" must give state \"%" STR_FORMAT
                "\" the name of a response; found: %s",
                STR_ARGS(test_case), STR_ARGS(state), json_type_name(&states->members[j].value));
            return false;
        }
    }
    return true;
}

static bool is_sound(struct arena *arena, const struct json *root, struct str *reterr_text)
{
    const struct json *machines, *cases;
    if (!json_is_object(root)) {
        *reterr_text =
            arena_printf(arena, "the file must be an object; found: %s", json_type_name(root));
        return false;
    }
    if (!find_object(arena, root, STR(""), STR("StateMachines"), &machines, reterr_text)) {
        return false;
    }
    const struct json *responses = JSON_FIND(root, "MockedResponses");
    if (responses != NULL && !json_is_object(responses)) {
        *reterr_text = arena_printf(arena, "\"MockedResponses\" must be an object; found: %s",
                                    json_type_name(responses));
        return false;
    }
    for (uint32_t i = 0; i < machines->size; i++) {
        struct str name = json_str(&machines->members[i].name);
        struct str where = arena_printf(arena, "state machine \"%" STR_FORMAT "\"", STR_ARGS(name));
        if (!find_object(arena, &machines->members[i].value, where, STR("TestCases"), &cases,
                         reterr_text) ||
            !test_cases_are_sound(arena, name, cases, reterr_text)) {
            return false;
        }
    }
    return true;
}

enum status mock_file_read(struct arena *arena, const struct json *root, struct mock_file *ret_file,
                           struct str *reterr_text)
{
    bool sound = is_sound(arena, root, reterr_text);
    if (arena->is_exhausted) return STATUS_NO_MEMORY;
    if (!sound) return STATUS_INVALID;
    *ret_file = (struct mock_file){.arena = arena, .root = *root};
    return STATUS_OK;
}

enum status mock_file_parse(struct arena *arena, struct str text, struct mock_file *ret_file,
                            struct str *reterr_text)
{
    struct json root;
    struct json_error error;
    enum status status = json_parse(arena, text, 0, &root, &error);
    if (status == STATUS_INVALID) {
        *reterr_text = arena_printf(arena, "line %u, column %u: %" STR_FORMAT, error.line,
                                    error.column, STR_ARGS(error.message));
    }
    return status == STATUS_OK ? mock_file_read(arena, &root, ret_file, reterr_text) : status;
}

// ---------------------------------------------------------------------------------------------
// Choosing

// The member called `name`, or the only one when no name is given.
static enum status choose(struct arena *arena, const struct json *object, struct str name,
                          const char *what, struct str *ret_name, const struct json **ret_value,
                          struct str *reterr_text)
{
    struct str names = list_names(arena, object);
    if (name.size > 0) {
        *ret_name = name;
        *ret_value = json_find(object, name);
        if (*ret_value != NULL) return STATUS_OK;
        *reterr_text =
            arena_printf(arena, "there is no %s \"%" STR_FORMAT "\"; there is: %" STR_FORMAT, what,
                         STR_ARGS(name), STR_ARGS(names));
        return STATUS_NOT_FOUND;
    }
    if (object->size == 1) {
        *ret_name = json_str(&object->members[0].name);
        *ret_value = &object->members[0].value;
        return STATUS_OK;
    }
    *reterr_text = object->size == 0
                       ? arena_printf(arena, "there is no %s in the file", what)
                       : arena_printf(arena, "say which %s: %" STR_FORMAT, what, STR_ARGS(names));
    return STATUS_INVALID;
}

enum status mock_file_choose(struct mock_file *file, struct str state_machine, struct str test_case,
                             struct str *reterr_text)
{
    struct arena *arena = file->arena;
    const struct json *machine, *states;
    enum status status = choose(arena, JSON_FIND(&file->root, "StateMachines"), state_machine,
                                "state machine", &state_machine, &machine, reterr_text);
    if (status != STATUS_OK) return status;
    struct str what =
        arena_printf(arena, "test case of \"%" STR_FORMAT "\"", STR_ARGS(state_machine));
    if (what.size == 0) return STATUS_NO_MEMORY;
    status = choose(arena, JSON_FIND(machine, "TestCases"), test_case, what.data, &test_case,
                    &states, reterr_text);
    if (status != STATUS_OK) return status;
    file->states = arena_alloc_array(arena, states->size, sizeof(*file->states));
    if (file->states == NULL) return STATUS_NO_MEMORY;
    file->state_count = states->size;
    const struct json *responses = JSON_FIND(&file->root, "MockedResponses");
    for (uint32_t i = 0; i < states->size; i++) {
        struct str name = json_str(&states->members[i].value);
        file->states[i] = (struct mock_state){
            .name = json_str(&states->members[i].name),
            .response_name = name,
            .response = responses == NULL ? NULL : json_find(responses, name),
        };
    }
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Answering

// "3" or "0-2", both ends included. Returns false when it is neither.
static bool parse_range(struct str text, uint64_t *ret_first, uint64_t *ret_last)
{
    struct str rest = str_trim(text);
    struct str first = str_trim(str_cut(&rest, '-'));
    if (!str_to_u64(first, ret_first)) return false;
    if (rest.data == NULL) {
        *ret_last = *ret_first;
        return true;
    }
    return str_to_u64(str_trim(rest), ret_last) && *ret_first <= *ret_last;
}

// Why the response does not do, in `reterr_text`: "mocked response "R" of state "S" …".
static enum status reject(struct mock_file *file, const struct mock_state *state, struct str why,
                          struct str *reterr_text)
{
    *reterr_text = arena_printf(
        file->arena,
        "The mocked response '%" STR_FORMAT "' of the state '%" STR_FORMAT "' %" STR_FORMAT,
        STR_ARGS(state->response_name), STR_ARGS(state->name), STR_ARGS(why));
    return file->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
}

static enum status read_answer(struct mock_file *file, const struct mock_state *state,
                               const struct json *entry, struct mock_answer *answer,
                               struct str *reterr_text)
{
    const struct json *result = JSON_FIND(entry, "Return");
    const struct json *throw = JSON_FIND(entry, "Throw");
    if ((result == NULL) == (throw == NULL)) {
        return reject(file, state,
                      arena_printf(file->arena,
                                   "must have either Return or Throw for invocation %u.",
                                   answer->number),
                      reterr_text);
    }
    answer->result = result;
    if (result != NULL) return STATUS_OK;
    answer->error = json_find_str(throw, STR("Error"), (struct str){0});
    answer->cause = json_find_str(throw, STR("Cause"), (struct str){0});
    if (answer->error.data != NULL) return STATUS_OK;
    return reject(file, state,
                  arena_printf(file->arena,
                               "must have the strings Error and Cause in the Throw of "
                               "invocation %u.",
                               answer->number),
                  reterr_text);
}

static enum status answer_state(struct mock_file *file, struct mock_state *state,
                                struct mock_answer *ret_answer, struct str *reterr_text)
{
    struct arena *arena = file->arena;
    const struct json *response = state->response;
    *ret_answer = (struct mock_answer){.number = state->task_count};
    if (state->task_count < UINT32_MAX) state->task_count++;
    if (response == NULL || !json_is_object(response)) {
        return reject(file, state, STR("is not in MockedResponses."), reterr_text);
    }
    for (uint32_t i = 0; i < response->size; i++) {
        struct str range = json_str(&response->members[i].name);
        uint64_t first, last;
        if (!parse_range(range, &first, &last)) {
            return reject(file, state,
                          arena_printf(arena,
                                       "has a member '%" STR_FORMAT
                                       "', which is no number (\"0\") and no range (\"1-2\").",
                                       STR_ARGS(range)),
                          reterr_text);
        }
        if (ret_answer->number >= first && ret_answer->number <= last) {
            return read_answer(file, state, &response->members[i].value, ret_answer, reterr_text);
        }
    }
    return reject(file, state,
                  arena_printf(arena, "has nothing for invocation %u (it has: %" STR_FORMAT ").",
                               ret_answer->number, STR_ARGS(list_names(arena, response))),
                  reterr_text);
}

enum status mock_file_answer(struct mock_file *file, struct str state,
                             struct mock_answer *ret_answer, struct str *reterr_text)
{
    for (uint32_t i = 0; i < file->state_count; i++) {
        if (str_equal(file->states[i].name, state)) {
            return answer_state(file, &file->states[i], ret_answer, reterr_text);
        }
    }
    return STATUS_NOT_FOUND;
}

// What the API's Invoke answers with, beside the payload.
static bool is_envelope_member(struct str name)
{
    static const char *const names[] = {
        "StatusCode",    "Payload",   "ExecutedVersion",     "SdkHttpMetadata",
        "FunctionError", "LogResult", "SdkResponseMetadata",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_is(name, names[i])) return true;
    }
    return false;
}

const struct json *mock_function_result(const struct json *result)
{
    const struct json *payload = JSON_FIND(result, "Payload");
    if (payload == NULL || JSON_FIND(result, "StatusCode") == NULL) return result;
    for (uint32_t i = 0; i < result->size; i++) {
        if (!is_envelope_member(json_str(&result->members[i].name))) return result;
    }
    return payload;
}
