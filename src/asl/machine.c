// From text to machine: parse the JSON, walk it, link the graph, and put the parts into the arrays
// that executions use.

#include "asl/machine.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "asl/compile.h"
#include "base/encoding.h"

enum {
    // A definition's values and compiled parts are some dozen times the size of its text at worst.
    MACHINE_ARENA_LIMIT = 128 << 20,
};

// A machine with what it is made of. States are found by name in a table of indices.
struct asl_machine_storage {
    struct asl_machine machine;
    struct arena arena;
    atomic_uint references;
    uint32_t *slots; // Open addressing: state index + 1, or 0.
    size_t slot_count;
};

// ---------------------------------------------------------------------------------------------
// The text

// The service's parser points behind what it does not understand, ours to where that begins.
static uint32_t service_column(const struct json_error *error)
{
    static const struct str token = STR_INIT("Unrecognized token '");
    if (str_starts_with(error->message, token)) {
        size_t size = str_find_byte(str_skip(error->message, token.size), '\'');
        return error->column + (size == SIZE_MAX ? 0 : (uint32_t)size);
    }
    return error->column + (str_starts_with(error->message, STR("Unexpected character")) ? 1 : 0);
}

// As the service's parser describes its source: at most 500 bytes of it, and no part of a
// character.
static struct str describe_source(struct arena *arena, struct str text,
                                  const struct json_error *error)
{
    enum { SHOWN_MAX = 500 };
    if (encoding_utf8_check(text) != SIZE_MAX) text = STR("...");
    struct str shown = str_slice(text, 0, SHOWN_MAX);
    while (shown.size < text.size && (text.data[shown.size] & 0xc0) == 0x80)
        shown.size--;
    struct str rest = shown.size < text.size
                          ? arena_printf(arena, "[truncated %zu chars]", text.size - shown.size)
                          : STR("");
    return arena_printf(
        arena, "[Source: (String)\"%" STR_FORMAT "\"%" STR_FORMAT "; line: %u, column: %u]",
        STR_ARGS(shown), STR_ARGS(rest), error->line, service_column(error));
}

static void report_syntax(struct asl_diagnostics *diagnostics, struct str text,
                          const struct json_error *error)
{
    struct str source = describe_source(diagnostics->arena, text, error);
    asl_diagnostics_add(
        diagnostics,
        (struct asl_diagnostic){
            .code = STR("INVALID_JSON_DESCRIPTION"),
            .message = arena_printf(diagnostics->arena, "%" STR_FORMAT "\n at %" STR_FORMAT,
                                    STR_ARGS(error->message), STR_ARGS(source)),
            .location = source,
            .offset = error->offset,
        });
}

static void report_definition(struct asl_diagnostics *diagnostics, const char *code,
                              const char *message)
{
    asl_diagnostics_add(diagnostics, (struct asl_diagnostic){.code = str_from_c(code),
                                                             .message = str_from_c(message),
                                                             .offset = SIZE_MAX});
}

static enum status parse_text(struct asl_compiler *compiler, struct json *ret_root)
{
    struct str text = compiler->text;
    if (text.size == 0) {
        report_definition(compiler->diagnostics, "MISSING_DESCRIPTION",
                          "Definition must not be empty");
        return STATUS_INVALID;
    }
    if (text.size > ASL_DEFINITION_SIZE_BYTES_MAX) {
        report_definition(compiler->diagnostics, ASL_SCHEMA_VALIDATION_FAILED,
                          "Definition must not be larger than 1048576 bytes");
        return STATUS_INVALID;
    }
    struct json_error error = {0};
    bool is_blank = str_trim(text).size == 0;
    enum status status =
        is_blank ? STATUS_OK : json_parse(compiler->arena, text, 0, ret_root, &error);
    if (status == STATUS_INVALID) {
        report_syntax(compiler->diagnostics, text, &error);
    } else if (status == STATUS_OK && (is_blank || !json_is_object(ret_root))) {
        report_definition(compiler->diagnostics, ASL_SCHEMA_VALIDATION_FAILED,
                          "Definition must be a valid JSON object");
        return STATUS_INVALID;
    }
    return status;
}

// ---------------------------------------------------------------------------------------------
// The machine

// {"StartAt": "StateName", "States": {"StateName": `state`}}
static struct json wrap_state(struct asl_compiler *compiler, const struct json *state)
{
    struct json_members states, root;
    json_members_init(&states, compiler->arena);
    json_members_append(&states, ASL_SINGLE_STATE_NAME, *state);
    json_members_init(&root, compiler->arena);
    json_members_append(&root, STR("StartAt"), json_from_str(ASL_SINGLE_STATE_NAME));
    json_members_append(&root, STR("States"), json_members_finish(&states));
    return json_members_finish(&root);
}

static void compile_machine(struct asl_compiler *compiler, const struct json *root)
{
    struct asl_place place = {0};
    if (str_is(ASL_STRING(root, "QueryLanguage"), "JSONata"))
        compiler->machine_language = compiler->language = ASL_JSONATA;
    if (!compiler->is_processor) asl_check_fields(compiler, &place, ASL_SHAPE_MACHINE, root);
    asl_compile_scope(compiler, &place, root, ASL_STATE_NONE, false);
    asl_check_assigned(compiler);
    // The graph of a definition with other errors would only repeat them.
    if (compiler->diagnostics->error_count == 0 && !compiler->is_graph_open) asl_link(compiler);
}

static uint32_t machine_timeout(const struct json *root)
{
    const struct json *timeout = asl_member(root, STR("TimeoutSeconds"), JSON_INTEGER);
    return timeout == NULL ? 0 : (uint32_t)timeout->integer;
}

static bool build_states(struct asl_compiler *compiler, struct asl_machine_storage *storage)
{
    struct asl_state *states =
        arena_alloc_array(compiler->arena, compiler->draft_count, sizeof(*states));
    struct asl_scope *scopes =
        arena_alloc_array(compiler->arena, compiler->scope_count, sizeof(*scopes));
    if (states == NULL || scopes == NULL) return false;
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        asl_collect_references(compiler, compiler->drafts[i]);
        states[i] = compiler->drafts[i]->state;
    }
    for (uint32_t i = 0; i < compiler->scope_count; i++) {
        scopes[i] = compiler->scopes[i]->scope;
    }
    storage->machine.states = states;
    storage->machine.state_count = compiler->draft_count;
    storage->machine.scopes = scopes;
    storage->machine.scope_count = compiler->scope_count;
    return true;
}

static size_t find_slot(const struct asl_machine_storage *storage, struct str name)
{
    size_t mask = storage->slot_count - 1;
    for (size_t slot = str_hash(name) & mask;; slot = (slot + 1) & mask) {
        uint32_t index = storage->slots[slot];
        if (index == 0 || str_equal(storage->machine.states[index - 1].name, name)) return slot;
    }
}

static bool build_index(struct asl_machine_storage *storage)
{
    storage->slot_count = 8;
    while (storage->slot_count < (size_t)storage->machine.state_count * 2)
        storage->slot_count *= 2;
    storage->slots =
        arena_alloc_zeroed(&storage->arena, storage->slot_count * sizeof(*storage->slots));
    if (storage->slots == NULL) return false;
    for (uint32_t i = 0; i < storage->machine.state_count; i++) {
        storage->slots[find_slot(storage, storage->machine.states[i].name)] = i + 1;
    }
    return true;
}

static void storage_free(struct asl_machine_storage *storage)
{
    arena_release(&storage->arena);
    free(storage);
}

static enum status compile(struct asl_compiler *compiler, struct asl_machine_storage *storage)
{
    struct json root;
    enum status status = parse_text(compiler, &root);
    if (status != STATUS_OK) return status;
    if (compiler->is_single_state) root = wrap_state(compiler, &root);
    compile_machine(compiler, &root);
    if (compiler->arena->is_exhausted || compiler->scratch->is_exhausted ||
        compiler->diagnostics->arena->is_exhausted)
        return STATUS_NO_MEMORY;
    if (compiler->diagnostics->error_count > 0) return STATUS_INVALID;
    // Parts with placeholders in them were not compiled: there is no machine to build.
    if (compiler->allows_placeholders) return STATUS_OK;
    storage->machine.type = compiler->type;
    storage->machine.query_language = compiler->machine_language;
    storage->machine.timeout_seconds = machine_timeout(&root);
    storage->machine.definition = compiler->text;
    storage->machine.storage = storage;
    return build_states(compiler, storage) && build_index(storage) ? STATUS_OK : STATUS_NO_MEMORY;
}

// `settings` says by which rules, of which type and in which form; the rest of it is set up here.
static enum status parse(struct asl_compiler settings, struct str definition,
                         struct asl_diagnostics *diagnostics,
                         const struct asl_machine **ret_machine)
{
    struct asl_machine_storage *storage = calloc(1, sizeof(*storage));
    if (storage == NULL) return STATUS_NO_MEMORY;
    struct arena CLEANUP(arena_release) scratch;
    arena_init(&scratch, MACHINE_ARENA_LIMIT);
    arena_init(&storage->arena, MACHINE_ARENA_LIMIT);
    atomic_init(&storage->references, 1);

    struct asl_compiler compiler = settings;
    compiler.arena = &storage->arena;
    compiler.scratch = &scratch;
    compiler.diagnostics = diagnostics;
    map_init(&compiler.names);
    map_init(&compiler.labels);
    map_init(&compiler.targets);
    // A text that is too large is refused without being copied.
    struct str kept = str_slice(definition, 0, ASL_DEFINITION_SIZE_BYTES_MAX + 1);
    enum status status = STATUS_NO_MEMORY;
    if (arena_copy_str(&storage->arena, kept, &compiler.text)) status = compile(&compiler, storage);
    map_release(&compiler.names);
    map_release(&compiler.labels);
    map_release(&compiler.targets);
    if (status != STATUS_OK || ret_machine == NULL)
        storage_free(storage);
    else
        *ret_machine = &storage->machine;
    return status;
}

enum status asl_machine_parse_by(enum asl_rules rules, struct str definition,
                                 enum asl_machine_type type, struct asl_diagnostics *diagnostics,
                                 const struct asl_machine **ret_machine)
{
    struct asl_compiler settings = {.rules = rules, .type = type};
    return parse(settings, definition, diagnostics, ret_machine);
}

enum status asl_machine_parse_state(struct str definition, enum asl_query_language language,
                                    struct asl_diagnostics *diagnostics,
                                    const struct asl_machine **ret_machine)
{
    struct asl_compiler settings = {
        .machine_language = language,
        .language = language,
        .is_single_state = true,
    };
    return parse(settings, definition, diagnostics, ret_machine);
}

enum status asl_machine_check(const struct asl_check *check, struct str definition,
                              struct asl_diagnostics *diagnostics)
{
    struct asl_compiler settings = {
        .rules = check->rules,
        .type = check->type,
        .allows_placeholders = check->allows_placeholders,
    };
    return parse(settings, definition, diagnostics, NULL);
}

enum status asl_processor_parse(struct str definition, enum asl_machine_type type,
                                const struct asl_machine **ret_machine)
{
    // It was accepted by either of them, which nobody remembers.
    static const enum asl_rules rules[] = {ASL_RULES_SERVICE, ASL_RULES_LANGUAGE};
    enum status status = STATUS_INVALID;
    for (size_t i = 0; i < ARRAY_COUNT(rules) && status == STATUS_INVALID; i++) {
        struct arena CLEANUP(arena_release) arena;
        struct asl_diagnostics diagnostics;
        struct asl_compiler settings = {.rules = rules[i], .type = type, .is_processor = true};
        arena_init(&arena, MACHINE_ARENA_LIMIT);
        asl_diagnostics_init(&diagnostics, &arena);
        status = parse(settings, definition, &diagnostics, ret_machine);
    }
    return status;
}

enum status asl_machine_parse(struct str definition, enum asl_machine_type type,
                              struct asl_diagnostics *diagnostics,
                              const struct asl_machine **ret_machine)
{
    return asl_machine_parse_by(ASL_RULES_SERVICE, definition, type, diagnostics, ret_machine);
}

const struct asl_machine *asl_machine_ref(const struct asl_machine *machine)
{
    atomic_fetch_add_explicit(&machine->storage->references, 1, memory_order_relaxed);
    return machine;
}

void asl_machine_unref(const struct asl_machine *machine)
{
    if (machine == NULL) return;
    struct asl_machine_storage *storage = machine->storage;
    unsigned before = atomic_fetch_sub_explicit(&storage->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) storage_free(storage);
}

const struct asl_state *asl_machine_find_state(const struct asl_machine *machine, struct str name)
{
    uint32_t index = machine->storage->slots[find_slot(machine->storage, name)];
    return index == 0 ? NULL : &machine->states[index - 1];
}

bool asl_machine_variable_references(const struct asl_machine *machine, struct arena *arena,
                                     struct json *ret_references)
{
    struct json_members members;
    json_members_init(&members, arena);
    for (uint32_t i = 0; i < machine->state_count; i++) {
        const struct asl_state *state = &machine->states[i];
        if (state->variable_count == 0) continue;
        struct json_items names;
        json_items_init(&names, arena);
        for (uint32_t n = 0; n < state->variable_count; n++) {
            json_items_append(&names, json_from_str(state->variables[n]));
        }
        json_members_append(&members, state->name, json_items_finish(&names));
    }
    *ret_references = json_members_finish(&members);
    return !arena->is_exhausted;
}
