// The frame of an evaluation: its bounds, its errors, its memory.

#include "jsonata/evaluation.h"

#include <assert.h>
#include <math.h>

#include "base/encoding.h"

enum {
    STEPS_BETWEEN_CHECKS = 4096,
    DEPTH_MAX_DEFAULT = 20000,
    // Of the C stack. Threads have 8 MiB unless said otherwise; this leaves most of it to callers.
    STACK_SIZE_MAX = 2 << 20,
};

// ---------------------------------------------------------------------------------------------
// Errors

void evaluation_fail_at(struct evaluation *evaluation, const char *code, const struct node *node)
{
    struct jsonata_error *error = &evaluation->error;
    memcpy(error->code, code, JSONATA_CODE_SIZE);
    if (node != NULL) {
        error->has_position = true;
        error->position = node->position;
        bool is_call = node->type == NODE_FUNCTION || node->type == NODE_PARTIAL;
        if (!is_call)
            error->token = node->text;
        else if (node->lhs->type == NODE_PATH)
            error->token = node->lhs->items.items[0]->text;
        else if (node->lhs->type == NODE_VARIABLE)
            error->token = node->lhs->text;
    }
    longjmp(evaluation->on_error, 1);
}

void evaluation_fail(struct evaluation *evaluation, const char *code)
{
    evaluation_fail_at(evaluation, code, evaluation->call);
}

void evaluation_fail_value(struct evaluation *evaluation, const char *code, struct json value,
                           uint32_t index)
{
    evaluation->error.value = value;
    evaluation->error.has_value = true;
    evaluation->error.index = index;
    evaluation->error.has_index = index != 0;
    evaluation_fail(evaluation, code);
}

static NO_RETURN void fail_limit(struct evaluation *evaluation, enum jsonata_error_kind kind)
{
    evaluation->error = (struct jsonata_error){.kind = kind};
    evaluation_fail_at(evaluation, "U1001", NULL);
}

void evaluation_out_of_memory(struct evaluation *evaluation)
{
    fail_limit(evaluation, JSONATA_ERROR_MEMORY);
}

void evaluation_out_of_depth(struct evaluation *evaluation)
{
    fail_limit(evaluation, JSONATA_ERROR_DEPTH);
}

void evaluation_out_of_time(struct evaluation *evaluation)
{
    fail_limit(evaluation, JSONATA_ERROR_TIME);
}

void evaluation_check(struct evaluation *evaluation)
{
    evaluation->steps_checked = evaluation->steps + STEPS_BETWEEN_CHECKS;
    if (evaluation->steps_max != 0 && evaluation->steps > evaluation->steps_max)
        evaluation_out_of_time(evaluation);
    if (evaluation->deadline_ns != 0 && clock_steady_ns() > evaluation->deadline_ns)
        evaluation_out_of_time(evaluation);
}

// ---------------------------------------------------------------------------------------------
// Memory

void *evaluation_alloc_slow(struct evaluation *evaluation, size_t size)
{
    (void)size;
    evaluation_out_of_memory(evaluation);
}

void *evaluation_alloc_array(struct evaluation *evaluation, size_t count, size_t size)
{
    void *result = arena_alloc_array(evaluation->arena, count, size);
    if (result == NULL) evaluation_out_of_memory(evaluation);
    evaluation_steps(evaluation, count / 8);
    return result;
}

void list_grow(struct list_of_values *list, size_t count)
{
    size_t needed = list->count + count;
    if (needed > UINT32_MAX) evaluation_out_of_memory(list->evaluation);
    size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    if (capacity < needed) capacity = needed;
    struct json *items = evaluation_alloc_array(list->evaluation, capacity, sizeof(*items));
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof(*items));
    list->items = items;
    list->capacity = capacity;
}

void list_push_all(struct list_of_values *list, struct json value)
{
    if (!value_is_array(value)) {
        list_push(list, value_stored(value));
        return;
    }
    if (value.size > list->capacity - list->count) list_grow(list, value.size);
    if (value.size > 0)
        memcpy(list->items + list->count, value.items, value.size * sizeof(*value.items));
    list->count += value.size;
}

struct json list_to_array(const struct list_of_values *list, unsigned flags)
{
    struct json array = json_from_items(list->items, list->count);
    array.type = (uint8_t)(JSON_ARRAY | flags);
    return array;
}

struct json array_of_one(struct evaluation *evaluation, struct json value, unsigned flags)
{
    struct json *item = evaluation_alloc(evaluation, sizeof(*item));
    *item = value;
    struct json array = json_from_items(item, 1);
    array.type = (uint8_t)(JSON_ARRAY | flags);
    return array;
}

char *builder_reserve(struct text *text, size_t size)
{
    if (size > text->capacity - text->size) {
        size_t capacity = text->capacity == 0 ? 64 : text->capacity * 2;
        if (capacity < text->size + size) capacity = text->size + size;
        if (capacity > UINT32_MAX) evaluation_out_of_memory(text->evaluation);
        char *data = evaluation_alloc(text->evaluation, capacity);
        if (text->size > 0) memcpy(data, text->data, text->size);
        text->data = data;
        text->capacity = capacity;
    }
    return text->data + text->size;
}

static bool is_surrogate(struct str text, unsigned char least)
{
    const unsigned char *at = (const unsigned char *)text.data;
    return text.size >= 3 && at[0] == 0xed && at[1] >= least && at[1] < least + 16;
}

// When the text ends with the first half of a pair and `part` starts with the second, put the whole
// character; returns what is then left of `part`.
static struct str join_surrogates(struct text *text, struct str part)
{
    struct str last = str_skip(text_str(text), text->size < 3 ? text->size : text->size - 3);
    if (!is_surrogate(last, 0xa0) || !is_surrogate(part, 0xb0)) return part;
    uint32_t high = encoding_utf8_take(&last), low = encoding_utf8_take(&part);
    text->size -= 3;
    builder_append_code_point(text, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    return part;
}

void builder_append(struct text *text, struct str part)
{
    if (part.size == 0) return;
    evaluation_steps(text->evaluation, part.size / 64);
    if (UNLIKELY((unsigned char)part.data[0] == 0xed)) part = join_surrogates(text, part);
    memcpy(builder_reserve(text, part.size), part.data, part.size);
    text->size += part.size;
}

void builder_append_byte(struct text *text, char byte)
{
    *builder_reserve(text, 1) = byte;
    text->size++;
}

// ---------------------------------------------------------------------------------------------
// Frames

struct frame *frame_new(struct evaluation *evaluation, struct frame *outer)
{
    struct frame *frame = evaluation_alloc(evaluation, sizeof(*frame));
    *frame = (struct frame){.outer = outer};
    return frame;
}

struct frame *frame_of_tuple(struct evaluation *evaluation, struct frame *outer,
                             const struct tuple *tuple)
{
    struct frame *frame = evaluation_alloc(evaluation, sizeof(*frame));
    *frame = (struct frame){.outer = outer, .bindings = tuple->bindings, .is_tuple = true};
    return frame;
}

const struct binding *binding_add(struct evaluation *evaluation, const struct binding *bindings,
                                  uint32_t name, struct json value)
{
    struct binding *binding = evaluation_alloc(evaluation, sizeof(*binding));
    *binding = (struct binding){bindings, name, value};
    return binding;
}

// A name bound again gets a new binding in front of the old one, which is never found any more.
void frame_bind(struct evaluation *evaluation, struct frame *frame, uint32_t name,
                struct json value)
{
    frame->bindings = binding_add(evaluation, frame->bindings, name, value);
}

// ---------------------------------------------------------------------------------------------
// The way in and out

static void settle(struct evaluation *evaluation, const struct json *place, int depth);

static void settle_parts(struct evaluation *evaluation, struct json value, int depth)
{
    if (depth >= JSON_DEPTH_MAX) evaluation_out_of_depth(evaluation);
    evaluation_steps(evaluation, 1 + value.size / 8);
    for (uint32_t i = 0; i < value.size; i++)
        settle(evaluation, value_is_object(value) ? &value.members[i].value : &value.items[i],
               depth + 1);
}

// Make JSON of a part of the result. Functions are refused, and infinite numbers, and deeper
// nesting than JSON values may have; what is missing in an array becomes null.
static void settle(struct evaluation *evaluation, const struct json *place, int depth)
{
    struct json value = *place;
    if (value_is_array(value) || value_is_object(value)) settle_parts(evaluation, value, depth);
    if (value.type == JSON_REAL && !isfinite(value.real)) {
        evaluation->error.value = value;
        evaluation->error.has_value = true;
        evaluation_fail(evaluation, "D1001");
    }
    if (LIKELY(value.type <= JSON_OBJECT)) return;
    if (value_is_function(value)) {
        evaluation->error = (struct jsonata_error){.kind = JSONATA_ERROR_FUNCTION};
        evaluation_fail_at(evaluation, "D1010", NULL);
    }
    // No input has such values: the place was made by this evaluation and may be changed.
    struct json *own_place = (void *)(uintptr_t)place;
    *own_place = value_is_array(value) ? value_plain(value) : json_null;
}

static const struct json *bind_globals(struct evaluation *evaluation,
                                       const struct jsonata_environment *environment)
{
    const struct jsonata *jsonata = evaluation->jsonata;
    struct json *values =
        evaluation_alloc_array(evaluation, jsonata->global_count, sizeof(*values));
    for (uint32_t i = 0; i < jsonata->global_count; i++) {
        const struct global *global = &jsonata->globals[i];
        values[i] =
            global->function == NULL ? value_undefined : value_from_function(global->function);
        for (size_t k = 0; k < environment->binding_count; k++) {
            if (!str_equal(environment->bindings[k].name, global->name)) continue;
            values[i] = environment->bindings[k].value;
            break;
        }
    }
    return values;
}

static struct json run(struct evaluation *evaluation, const struct jsonata_environment *environment)
{
    evaluation->globals = bind_globals(evaluation, environment);
    struct json input = environment->input == NULL ? value_undefined : *environment->input;
    evaluation->root = input;
    // An array is one input, not many.
    if (value_is_array(input)) input = array_of_one(evaluation, input, VALUE_OUTER);
    struct frame frame = {0};
    struct json result = evaluate(evaluation, evaluation->jsonata->root, input, &frame);
    if (value_is_undefined(result)) return result;
    settle(evaluation, &result, 0);
    return result;
}

// Make JSON of a part of an error's value, as settle() does of a result, but without errors: what
// is no JSON becomes null. Returns false when it is nested too deeply to be shown.
static bool settle_shown(struct evaluation *evaluation, const struct json *place, int depth)
{
    struct json value = *place;
    evaluation_step(evaluation);
    if (value_is_array(value) || value_is_object(value)) {
        if (depth == JSON_DEPTH_MAX) return false;
        for (uint32_t i = 0; i < value.size; i++) {
            if (!settle_shown(evaluation,
                              value_is_object(value) ? &value.members[i].value : &value.items[i],
                              depth + 1))
                return false;
        }
    }
    bool is_finite = value.type != JSON_REAL || isfinite(value.real);
    if (LIKELY(value.type <= JSON_OBJECT && is_finite)) return true;
    // As in settle(): made by this evaluation.
    struct json *own_place = (void *)(uintptr_t)place;
    *own_place = value_is_array(value) ? value_plain(value) : json_null;
    return true;
}

static void settle_error_value(struct evaluation *evaluation, struct json *value, bool *has_value)
{
    // What is no JSON at all is not shown.
    bool is_shown = value_is_array(*value) || value->type <= JSON_OBJECT;
    if (is_shown && settle_shown(evaluation, value, 0)) return;
    *has_value = false;
    *value = json_null;
}

static void take_error(struct evaluation *evaluation, struct jsonata_error *ret_error)
{
    struct jsonata_error *error = &evaluation->error;
    settle_error_value(evaluation, &error->value, &error->has_value);
    settle_error_value(evaluation, &error->value2, &error->has_value2);
    error->message = error_message(evaluation->arena, error);
    error->position = encoding_utf16_size(str_slice(evaluation->jsonata->text, 0, error->position));
    *ret_error = *error;
}

enum status jsonata_evaluate(const struct jsonata *jsonata,
                             const struct jsonata_environment *environment, struct arena *arena,
                             struct json *ret_value, struct jsonata_error *reterr_error)
{
    struct random random;
    if (environment->random == NULL) random_init_seed(&random, 0);
    uint32_t depth_max = environment->depth_max;
    struct evaluation evaluation = {
        .arena = arena,
        .jsonata = jsonata,
        .random = environment->random == NULL ? &random : environment->random,
        .now_unix_ms = environment->now_unix_ms,
        .depth_max =
            depth_max == 0 || depth_max > DEPTH_MAX_DEFAULT ? DEPTH_MAX_DEFAULT : depth_max,
        .stack_end = (const char *)__builtin_frame_address(0) - STACK_SIZE_MAX,
        .steps_max = environment->steps_max,
        .steps_checked = STEPS_BETWEEN_CHECKS,
    };
    if (environment->time_max_ms != 0)
        evaluation.deadline_ns = clock_steady_ns() + environment->time_max_ms * 1000000;
    if (setjmp(evaluation.on_error) != 0) {
        take_error(&evaluation, reterr_error);
        return STATUS_INVALID;
    }
    struct json result = run(&evaluation, environment);
    if (value_is_undefined(result)) return STATUS_NOT_FOUND;
    assert(result.type <= JSON_OBJECT);
    *ret_value = result;
    return STATUS_OK;
}
