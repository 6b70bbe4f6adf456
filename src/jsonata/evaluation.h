// One evaluation: what it sees, what it may use up, and how its parts call each other.
//
// Errors leave the evaluation by longjmp to jsonata_evaluate(): an evaluation owns nothing but
// memory of its arena, so there is nothing to unwind, and every function here simply returns its
// value. Allocation never returns NULL for the same reason.

#pragma once

#include <setjmp.h>

#include "base/clock.h"
#include "jsonata/node.h"
#include "jsonata/value.h"

// ---------------------------------------------------------------------------------------------
// Environments

struct binding {
    const struct binding *next;
    uint32_t name;
    struct json value;
};

struct frame {
    struct frame *outer;
    const struct binding *bindings;
    bool is_tuple; // The bindings are shared with a tuple, so they are covered, not changed.
};

// One row of a path that binds variables or remembers ancestors.
struct tuple {
    struct json at;
    const struct binding *bindings;
};

static inline const struct tuple *value_tuple(struct json value)
{
    return (const void *)value.text;
}

static inline struct json value_from_tuple(const struct tuple *tuple)
{
    return (struct json){.type = VALUE_TUPLE, .text = (const void *)tuple};
}

// ---------------------------------------------------------------------------------------------
// Functions

struct evaluation;

struct call {
    struct json *arguments;
    size_t count;
    struct json input; // The context at the call.
};

typedef struct json (*builtin_fn)(struct evaluation *evaluation, const struct call *call);

struct builtin {
    const char *name;
    const char *signature; // "" without.
    builtin_fn run;
    uint8_t arity;
};

enum function_kind {
    FUNCTION_BUILTIN,
    FUNCTION_LAMBDA,
    FUNCTION_PARTIAL,   // `first` with `arguments`, holes to be filled.
    FUNCTION_COMPOSED,  // `second` after `first`.
    FUNCTION_TRANSFORM, // `node`
    FUNCTION_REGEX,     // `regex`
    FUNCTION_NEXT,      // The next match of `regex` in `subject` from `offset` on.
};

struct function {
    enum function_kind kind;
    uint32_t arity;
    const struct signature *signature;
    const struct builtin *builtin;
    const struct node *node;
    struct frame *frame;
    struct json input; // Where a lambda was defined; also the subject of FUNCTION_NEXT.
    const struct function *first;
    const struct function *second;
    const struct json *arguments;
    size_t argument_count;
    const struct regex *regex;
    size_t offset;
};

static inline const struct function *value_function(struct json value)
{
    return (const void *)value.text;
}

static inline struct json value_from_function(const struct function *function)
{
    return (struct json){.type = VALUE_FUNCTION, .text = (const void *)function};
}

const struct builtin *builtin_find(struct str name);

// ---------------------------------------------------------------------------------------------
// The evaluation

struct regex_matcher;

struct evaluation {
    struct arena *arena;
    const struct jsonata *jsonata;
    const struct json *globals; // Values of jsonata->globals.
    struct json root;           // $$
    struct random *random;
    int64_t now_unix_ms;
    uint32_t depth;
    uint32_t depth_max;
    const char *stack_end; // The C stack must not pass this address.
    uint64_t steps;
    uint64_t steps_max;
    uint64_t steps_checked;   // When the clock is to be read next.
    int64_t deadline_ns;      // 0: none
    const struct node *call;  // Whose function is running, for errors.
    const struct node *thunk; // The pending tail call.
    struct json thunk_input;
    struct frame *thunk_frame;
    struct regex_matcher *matcher;
    struct jsonata_error error;
    jmp_buf on_error;
};

void *evaluation_alloc_slow(struct evaluation *evaluation, size_t size);

static inline void *evaluation_alloc(struct evaluation *evaluation, size_t size)
{
    void *result = arena_alloc(evaluation->arena, size);
    return LIKELY(result != NULL) ? result : evaluation_alloc_slow(evaluation, size);
}

void *evaluation_alloc_array(struct evaluation *evaluation, size_t count, size_t size);

// Count work, so that no evaluation runs for ever. Loops of the library call it too.
void evaluation_check(struct evaluation *evaluation);

static inline void evaluation_step(struct evaluation *evaluation)
{
    if (UNLIKELY(++evaluation->steps >= evaluation->steps_checked)) evaluation_check(evaluation);
}

static inline void evaluation_steps(struct evaluation *evaluation, size_t count)
{
    evaluation->steps += count;
    if (UNLIKELY(evaluation->steps >= evaluation->steps_checked)) evaluation_check(evaluation);
}

// Leave with an error of the language. Position and token are those of the running call, unless
// `node` says otherwise. What else the error says has been put into evaluation->error before.
NO_RETURN void evaluation_fail(struct evaluation *evaluation, const char *code);
NO_RETURN void evaluation_fail_at(struct evaluation *evaluation, const char *code,
                                  const struct node *node);
NO_RETURN void evaluation_fail_value(struct evaluation *evaluation, const char *code,
                                     struct json value, uint32_t index);
NO_RETURN void evaluation_out_of_memory(struct evaluation *evaluation);
NO_RETURN void evaluation_out_of_depth(struct evaluation *evaluation);
NO_RETURN void evaluation_out_of_time(struct evaluation *evaluation);

// For recursions over values, which may be nested as deeply as an expression likes.
static inline void evaluation_guard_stack(struct evaluation *evaluation)
{
    if (UNLIKELY((const char *)__builtin_frame_address(0) < evaluation->stack_end))
        evaluation_out_of_depth(evaluation);
}

// The text of an error, with its members filled in.
struct str error_message(struct arena *arena, const struct jsonata_error *error);

struct json evaluate(struct evaluation *evaluation, const struct node *node, struct json input,
                     struct frame *frame);

// Parts of evaluate(), by file.
struct json evaluate_path(struct evaluation *evaluation, const struct node *node, struct json input,
                          struct frame *frame);
struct json evaluate_filter(struct evaluation *evaluation, const struct node *predicate,
                            struct json input, struct frame *frame);
struct json evaluate_group(struct evaluation *evaluation, const struct node *group,
                           struct json input, struct frame *frame);
struct json evaluate_sort(struct evaluation *evaluation, const struct node *sort, struct json input,
                          struct frame *frame);
struct json evaluate_binary(struct evaluation *evaluation, const struct node *node,
                            struct json input, struct frame *frame);
struct json evaluate_call(struct evaluation *evaluation, const struct node *node, struct json input,
                          struct frame *frame, const struct json *applied_to);
struct json evaluate_partial(struct evaluation *evaluation, const struct node *node,
                             struct json input, struct frame *frame);
struct json evaluate_apply(struct evaluation *evaluation, const struct node *node,
                           struct json input, struct frame *frame);
struct json run_transform(struct evaluation *evaluation, const struct function *transform,
                          struct json value);

// A deep copy, in which nothing tells how an array came about.
struct json value_copy(struct evaluation *evaluation, struct json value);

// Call a function value; what is no function is an error.
struct json apply(struct evaluation *evaluation, struct json function, const struct json *arguments,
                  size_t count, struct json input);

// How many parameters the function takes.
size_t function_arity(struct json function);

// Frames.
struct frame *frame_new(struct evaluation *evaluation, struct frame *outer);
struct frame *frame_of_tuple(struct evaluation *evaluation, struct frame *outer,
                             const struct tuple *tuple);
void frame_bind(struct evaluation *evaluation, struct frame *frame, uint32_t name,
                struct json value);
const struct binding *binding_add(struct evaluation *evaluation, const struct binding *bindings,
                                  uint32_t name, struct json value);

// ---------------------------------------------------------------------------------------------
// Lists being collected

struct list_of_values {
    struct evaluation *evaluation;
    struct json *items;
    size_t count;
    size_t capacity;
};

void list_grow(struct list_of_values *list, size_t count);

static inline void list_push(struct list_of_values *list, struct json value)
{
    if (UNLIKELY(list->count == list->capacity)) list_grow(list, 1);
    list->items[list->count++] = value;
}

// The items of an array, or the value.
void list_push_all(struct list_of_values *list, struct json value);

struct json list_to_array(const struct list_of_values *list, unsigned flags);

static inline struct json list_to_sequence(const struct list_of_values *list)
{
    return list_to_array(list, VALUE_SEQUENCE);
}

// An array with one item.
struct json array_of_one(struct evaluation *evaluation, struct json value, unsigned flags);

// What a sequence stands for: nothing, its single item, or itself.
struct json sequence_unwrap(struct json value, bool keep_array);

// Both as one array, as $append() does it.
struct json values_append(struct evaluation *evaluation, struct json a, struct json b);

// The member `name` of an object, or of each object in an array.
struct json value_lookup(struct evaluation *evaluation, struct json value, struct str name);

bool value_to_boolean(struct evaluation *evaluation, struct json value);
bool values_equal(struct evaluation *evaluation, struct json a, struct json b);

// A number that is finite: what is "not a number" is none, and an infinite one is an error.
bool value_is_numeric(struct evaluation *evaluation, struct json value);

// Order of strings as JavaScript's: by UTF-16 units.
int text_compare(struct str a, struct str b);

// ---------------------------------------------------------------------------------------------
// Text being built

struct text {
    struct evaluation *evaluation;
    char *data;
    size_t size;
    size_t capacity;
};

char *builder_reserve(struct text *text, size_t size);
void builder_append(struct text *text, struct str part);
void builder_append_byte(struct text *text, char byte);
void builder_append_code_point(struct text *text, uint32_t code_point);

static inline struct str text_str(const struct text *text)
{
    return (struct str){text->data, text->size};
}

static inline struct json text_value(const struct text *text)
{
    return json_from_str((struct str){text->size == 0 ? "" : text->data, text->size});
}

enum { NUMBER_TEXT_SIZE = 32 };

// The number with at most 15 significant digits, as $string() writes it. Returns the size.
size_t number_to_text(double number, char ret_text[static NUMBER_TEXT_SIZE]);

// The value as $string() makes it.
struct str value_to_text(struct evaluation *evaluation, struct json value, bool is_pretty);

// Stable; `is_after(a, b)` says that `a` belongs after `b`.
struct ordering {
    bool (*is_after)(struct evaluation *evaluation, const struct ordering *ordering, struct json a,
                     struct json b);
    const void *data;
};

void values_sort(struct evaluation *evaluation, struct json *items, size_t count,
                 const struct ordering *ordering);

// Arguments of a call.
static inline struct json argument(const struct call *call, size_t index)
{
    return index < call->count ? call->arguments[index] : value_undefined;
}
