// Compiling a definition: what the parts of the compiler share. Private to this folder.
//
// The definition is walked once. Whatever is wrong is reported and the walk goes on, so that one
// call shows all problems; what cannot be compiled stays empty, and nobody sees a machine that has
// errors. Memory for the machine comes from one arena, memory for the walk from another.
//
// Running out of memory is remembered by the arenas (`is_exhausted`) and looked at once, at the
// end; until then functions return what they would return for an invalid part.

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"
#include "asl/place.h"
#include "asl/template.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/map.h"
#include "base/str.h"
#include "json/json.h"

enum {
    ASL_SCOPES_NESTED_MAX = 40, // Branches and item processors within each other.
    ASL_CHOICE_TESTS_NESTED_MAX = 100,
    ASL_PARTS_MAX = 100000, // States, scopes and other numbered parts of one machine.
};

// A variable's name in a list of such; lists are short.
struct asl_name {
    struct asl_name *next;
    struct str name;
    const struct asl_place *place; // Where it is assigned; NULL for a reference.
};

// From one state to another, by name until all states are known.
struct asl_transition {
    struct asl_transition *next; // Of the same state.
    struct str name;
    uint32_t *target; // To be filled.
    const struct asl_place *place;
};

// A state being compiled.
struct asl_draft {
    struct asl_state state;
    const struct asl_place *place;
    struct asl_transition *transitions;
    struct asl_name *references; // Variables that it reads.
    struct asl_name *assigned;   // Variables that it assigns.
    bool is_terminal;
    bool is_reachable;
};

// A scope being compiled.
struct asl_scope_draft {
    struct asl_scope scope;
    uint32_t outer;      // Scope around it; itself for the machine.
    bool is_distributed; // Variables of outer scopes cannot be seen from here.
    const struct asl_place *place;
    struct str start_name;
};

// What expressions of the field being compiled may read beside the input and the context.
enum asl_visible { ASL_SEES_RESULT = 1, ASL_SEES_ERROR_OUTPUT = 2 };

struct asl_compiler {
    struct arena *arena;   // The machine's.
    struct arena *scratch; // Until the machine is built.
    struct str text;
    struct asl_diagnostics *diagnostics;
    enum asl_rules rules;
    bool allows_placeholders;   // Of deployment templates, asl_is_open().
    bool is_graph_open;         // States or transitions depend on placeholders.
    enum asl_machine_type type; // Of the machine, or of the children of the Distributed Map that is
                                // being compiled.
    enum asl_query_language machine_language;
    enum asl_query_language language; // Of the state being compiled.
    bool is_single_state;             // Where its transitions lead need not be there.
    bool is_processor;                // An item processor in place of a machine.
    unsigned visible;                 // enum asl_visible
    uint32_t depth;                   // Of scopes.

    struct asl_draft *draft; // The state being compiled.
    struct asl_draft **drafts;
    uint32_t draft_count;
    uint32_t draft_capacity;
    struct asl_scope_draft **scopes;
    uint32_t scope_count;
    uint32_t scope_capacity;
    struct map names;   // State name -> struct asl_draft.
    struct map labels;  // Label -> itself.
    struct map targets; // Of a single state: name -> struct asl_draft made for it.
};

// compile_report.c: diagnostics.

#define ASL_SCHEMA_VALIDATION_FAILED "SCHEMA_VALIDATION_FAILED"
#define ASL_HELP_TIMESTAMP                                                                         \
    "write it like 2026-01-31T09:30:00Z: upper-case T, and Z or an offset"

// Reporting gives the diagnostic, for what else there is to say about it; NULL when it is not kept.
struct asl_diagnostic *asl_report(struct asl_compiler *compiler, const struct asl_place *place,
                                  const char *code, const char *format, ...) PRINTF(4, 5);
struct asl_diagnostic *asl_report_schema(struct asl_compiler *compiler,
                                         const struct asl_place *place, const char *format, ...)
    PRINTF(3, 4);
// Let it point at the value of a member below its location, or at the name of that member.
void asl_point_at(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                  const struct asl_place *place);
void asl_point_at_name(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                       const struct asl_place *place);
void asl_help(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic, const char *format,
              ...) PRINTF(3, 4);

struct asl_diagnostic *asl_warn(struct asl_compiler *compiler, const struct asl_place *place,
                                const char *code, const char *format, ...) PRINTF(4, 5);

// compile_suggest.c: what was probably meant.

// "a string", "an object", "null": for help that says what was found.
const char *asl_kind_found(const struct json *value);

// The nearest of some names to a misspelt one: offer each, then take the best (data NULL: none is
// near enough). Names that differ only in case are nearest.
struct asl_suggestion {
    struct str wanted;
    struct str best;
    size_t distance; // Of `best`, in edits.
    uint32_t offer_count;
};

struct asl_suggestion asl_suggest_start(struct str wanted);
void asl_suggest_offer(struct asl_suggestion *suggestion, struct str candidate);

// compile_field.c: what an object may hold.

enum asl_shape {
    ASL_SHAPE_MACHINE,
    ASL_SHAPE_BRANCH,
    ASL_SHAPE_ITEM_PROCESSOR,
    ASL_SHAPE_PROCESSOR_CONFIG,
    ASL_SHAPE_TASK,
    ASL_SHAPE_PASS,
    ASL_SHAPE_CHOICE,
    ASL_SHAPE_WAIT,
    ASL_SHAPE_SUCCEED,
    ASL_SHAPE_FAIL,
    ASL_SHAPE_PARALLEL,
    ASL_SHAPE_MAP,
    ASL_SHAPE_ITEM_READER,
    ASL_SHAPE_READER_CONFIG,
    ASL_SHAPE_ITEM_BATCHER,
    ASL_SHAPE_RESULT_WRITER,
    ASL_SHAPE_WRITER_CONFIG,
    ASL_SHAPE_RETRIER,
    ASL_SHAPE_CATCHER,
    ASL_SHAPE_CHOICE_RULE,
    ASL_SHAPE_CHOICE_TEST,
};

// Report everything about `object` that the table of fields (field.def) forbids. Returns false when
// it is no object at all.
bool asl_check_fields(struct asl_compiler *compiler, const struct asl_place *place,
                      enum asl_shape shape, const struct json *object);

// Members whose type the table has checked: NULL, or data NULL, when absent or of another type.
const struct json *asl_member(const struct json *object, struct str name, enum json_type type);
struct str asl_string_member(const struct json *object, struct str name);
#define ASL_STRING(object, literal) asl_string_member((object), STR(literal))
#define ASL_ARRAY(object, literal)  asl_member((object), STR(literal), JSON_ARRAY)
#define ASL_OBJECT(object, literal) asl_member((object), STR(literal), JSON_OBJECT)

// Is `text` an item of `list`, whose items are separated by ", "?
bool asl_list_has(struct str list, struct str text);

// Does a text depend on a placeholder ("${Name}") that is allowed here?
bool asl_is_open(const struct asl_compiler *compiler, struct str text);

// Does a string hold an expression of JSONata ("{% … %}")?
bool asl_is_query(struct str text);

// compile_template.c: templates and paths.

// Compile a path and note what it reads. NULL when it is no path; nothing is reported.
const struct jsonpath *asl_compile_path_text(struct asl_compiler *compiler, struct str text,
                                             unsigned flags);

// Report a path that is none, unless it has a placeholder in it.
void asl_report_path(struct asl_compiler *compiler, const struct asl_place *place, struct str text,
                     bool is_reference);

// InputPath and the like; absent members give the default.
struct asl_path asl_compile_path(struct asl_compiler *compiler, const struct asl_place *outer,
                                 const struct json *object, struct str name, unsigned flags);

// A payload template or a value of JSONata mode, by the language of the state. NULL when absent.
const struct asl_template *asl_compile_payload(struct asl_compiler *compiler,
                                               const struct asl_place *outer,
                                               const struct json *object, struct str name);

// The same for any value.
struct asl_template asl_compile_value(struct asl_compiler *compiler, const struct asl_place *place,
                                      const struct json *value);

// A scalar that may be given as `name`, a literal or an expression, or as `path_name`, a path.
const struct asl_template *asl_compile_scalar(struct asl_compiler *compiler,
                                              const struct asl_place *outer,
                                              const struct json *object, struct str name,
                                              struct str path_name);

// A template of a place of its own.
const struct asl_template *asl_keep_template(struct asl_compiler *compiler,
                                             struct asl_template template);

// compile_variable.c: Assign.

const struct asl_template *asl_compile_assign(struct asl_compiler *compiler,
                                              const struct asl_place *outer,
                                              const struct json *object);
// Note that the state being compiled reads a variable.
void asl_note_variable(struct asl_compiler *compiler, struct str name);
// After all states are known: no scope assigns a name of a scope around it.
void asl_check_assigned(struct asl_compiler *compiler);
// Fill `state->variables`.
void asl_collect_references(struct asl_compiler *compiler, struct asl_draft *draft);

// resource.c

// Take a resource apart and report what is wrong with it.
struct asl_resource asl_compile_resource(struct asl_compiler *compiler,
                                         const struct asl_place *place, struct str arn);

// compile_state.c, compile_task.c, compile_map.c, choice_compile.c: states by type.

void asl_compile_state(struct asl_compiler *compiler, uint32_t scope, const struct asl_place *outer,
                       const struct json_member *member);
void asl_compile_retry_and_catch(struct asl_compiler *compiler, const struct json *object);
void asl_compile_task(struct asl_compiler *compiler, const struct json *object);
void asl_compile_map(struct asl_compiler *compiler, const struct json *object);
void asl_compile_choice(struct asl_compiler *compiler, const struct json *object);
// Remember that the state being compiled leads to the state named by a member.
void asl_add_transition(struct asl_compiler *compiler, const struct asl_place *outer,
                        const struct json *object, const char *member, uint32_t *target);
// A copy of a place that outlives the caller's stack.
const struct asl_place *asl_keep_place(struct asl_compiler *compiler,
                                       const struct asl_place *place);

// A new state of this name, not registered by it. NULL without memory.
struct asl_draft *asl_new_draft(struct asl_compiler *compiler, struct str name,
                                const struct asl_place *place);

// compile_scope.c: machines, branches and item processors.

// Compile all states of a scope; ASL_STATE_NONE when it is nested too deep. Returns its index.
uint32_t asl_compile_scope(struct asl_compiler *compiler, const struct asl_place *place,
                           const struct json *object, uint32_t outer_state, bool is_distributed);

// compile_graph.c: resolve transitions; report missing targets, unreachable states and scopes
// without an end.
void asl_link(struct asl_compiler *compiler);
