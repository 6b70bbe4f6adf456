// Fuzzes asl_machine_parse(), and evaluates what comes out of it. Needs the libraries asl,
// jsonpath, jsonata, json and base.
//
// The first byte chooses rules and type; the rest is a definition. Whatever it is, parsing ends,
// and a machine that is accepted is whole: all its transitions lead to states. Its templates and
// choices are evaluated over some data, with any outcome but a crash.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct asl_diagnostics diagnostics;

static void evaluate(const struct asl_template *template, const struct asl_environment *environment,
                     struct arena *arena)
{
    struct json value;
    struct asl_error error;
    if (template == NULL) return;
    enum status status = asl_template_evaluate(template, environment, arena, &value, &error);
    assert(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_NO_MEMORY);
}

static void run_state(const struct asl_machine *machine, const struct asl_state *state,
                      const struct asl_environment *environment, struct arena *arena)
{
    assert(state->next_state == ASL_STATE_NONE || state->next_state < machine->state_count);
    assert(asl_machine_find_state(machine, state->name) == state);
    evaluate(state->parameters, environment, arena);
    evaluate(state->result_selector, environment, arena);
    evaluate(state->assign, environment, arena);
    if (state->type == ASL_STATE_MAP) {
        assert(state->map.scope < machine->scope_count);
        evaluate(state->map.item_selector, environment, arena);
        evaluate(state->map.item_reader, environment, arena);
    }
    if (state->type != ASL_STATE_CHOICE) return;
    uint32_t rule;
    struct asl_error error;
    enum status status = asl_choice_select(state, environment, arena, &rule, &error);
    if (status == STATUS_OK && rule != UINT32_MAX)
        assert(state->choice.rules[rule].next_state < machine->state_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    struct arena arena, small;
    arena_init(&arena, MIB(64));
    arena_init(&small, MIB(4));
    asl_diagnostics_init(&diagnostics, &arena);
    struct str definition = {(const char *)bytes + 1, size - 1};
    const struct asl_machine *machine = NULL;
    enum status status = asl_machine_parse_by(
        (bytes[0] & 1) != 0 ? ASL_RULES_LANGUAGE : ASL_RULES_SERVICE, definition,
        (bytes[0] & 2) != 0 ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, &diagnostics, &machine);
    assert((status == STATUS_INVALID) == (diagnostics.error_count > 0));
    struct str summary = asl_diagnostics_summary(&diagnostics, &arena);
    assert((summary.size > 0) == (status == STATUS_INVALID) || arena.is_exhausted);
    if (status == STATUS_OK) {
        struct json data = json_null, variables = json_null;
        struct random random;
        random_init_seed(&random, 1);
        status = json_parse(&arena, STR("{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null},\"s\":\"{}\"}"), 0,
                            &data, NULL);
        assert(status == STATUS_OK);
        variables = data;
        struct asl_variables scope = {.values = variables};
        struct asl_environment environment = {
            .data = &data, .context_object = &data, .variables = &scope, .random = &random};
        for (uint32_t i = 0; i < machine->state_count; i++)
            run_state(machine, &machine->states[i], &environment, &small);
        asl_machine_unref(machine);
    }
    arena_release(&small);
    arena_release(&arena);
    return 0;
}
