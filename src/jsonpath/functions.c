// Functions at the end of paths: of a list and of arguments.

#include <float.h>
#include <math.h>

#include "jsonpath/path.h"

static const struct {
    struct str name;
    enum function function;
} functions[] = {
    {STR_INIT("min"), FUNCTION_MIN},       {STR_INIT("max"), FUNCTION_MAX},
    {STR_INIT("sum"), FUNCTION_SUM},       {STR_INIT("avg"), FUNCTION_AVG},
    {STR_INIT("stddev"), FUNCTION_STDDEV}, {STR_INIT("length"), FUNCTION_LENGTH},
    {STR_INIT("keys"), FUNCTION_KEYS},     {STR_INIT("concat"), FUNCTION_CONCAT},
    {STR_INIT("append"), FUNCTION_APPEND}, {STR_INIT("first"), FUNCTION_FIRST},
    {STR_INIT("last"), FUNCTION_LAST},     {STR_INIT("index"), FUNCTION_INDEX},
    {STR_INIT("size"), FUNCTION_LENGTH},
};

bool function_find(struct str name, enum function *ret_function)
{
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        if (!str_equal(functions[i].name, name)) continue;
        *ret_function = functions[i].function;
        return true;
    }
    return false;
}

struct str function_name(enum function function)
{
    size_t i = 0;
    while (functions[i].function != function)
        i++;
    return functions[i].name;
}

// The values of the arguments, lists among them taken apart.
static enum outcome gather(struct evaluation *evaluation, const struct function_call *call,
                           bool takes_apart, struct json_items *items)
{
    json_items_init(items, evaluation->arena);
    for (uint32_t i = 0; i < call->count; i++) {
        const struct parameter *parameter = &call->parameters[i];
        struct json value = parameter->value;
        if (parameter->path != NULL) {
            enum outcome outcome = path_evaluate(evaluation, parameter->path, evaluation->document,
                                                 false, &value, NULL);
            if (outcome != OUTCOME_OK) return outcome;
        }
        if (!takes_apart || value.type != JSON_ARRAY) {
            json_items_append(items, value);
            continue;
        }
        for (uint32_t k = 0; k < value.size; k++)
            json_items_append(items, value.items[k]);
    }
    return evaluation->arena->is_exhausted ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

struct totals {
    uint32_t count;
    double sum;
    double sum_of_squares;
    double min;
    double max;
};

static void add(struct totals *totals, const struct json *value)
{
    if (!json_is_number(value)) return;
    double real = json_to_real(value);
    totals->count++;
    totals->sum += real;
    totals->sum_of_squares += real * real;
    if (real < totals->min) totals->min = real;
    if (real > totals->max) totals->max = real;
}

static double total_of(enum function function, const struct totals *totals)
{
    double count = totals->count;
    if (function == FUNCTION_MIN) return totals->min;
    if (function == FUNCTION_MAX) return totals->max;
    if (function == FUNCTION_SUM) return totals->sum;
    if (function == FUNCTION_AVG) return totals->sum / count;
    double mean_square = totals->sum_of_squares / count;
    return sqrt(mean_square - totals->sum * totals->sum / count / count);
}

static enum outcome aggregate(struct evaluation *evaluation, const struct function_call *call,
                              const struct json *model, struct json *ret_value)
{
    struct totals totals = {.min = DBL_MAX, .max = -DBL_MAX};
    struct json_items arguments;
    enum outcome outcome = gather(evaluation, call, true, &arguments);
    if (outcome != OUTCOME_OK) return outcome;
    for (uint32_t i = 0; model->type == JSON_ARRAY && i < model->size; i++)
        add(&totals, &model->items[i]);
    for (size_t i = 0; i < arguments.count; i++)
        add(&totals, &arguments.items[i]);
    if (totals.count == 0) return OUTCOME_FAILED;
    double real = total_of(call->function, &totals);
    if (!isfinite(real)) return OUTCOME_FAILED;
    *ret_value = json_from_real(real);
    return OUTCOME_OK;
}

// An argument is asked for instead when it gives a list. Its path starts where the function stands.
static enum outcome length(struct evaluation *evaluation, const struct function_call *call,
                           const struct json *model, struct json *ret_value)
{
    struct json value = *model;
    if (call->count > 0) {
        const struct jsonpath *path = call->parameters[0].path;
        if (path == NULL) return OUTCOME_FAILED;
        struct json inner;
        enum outcome outcome = path_evaluate(evaluation, path, model, false, &inner, NULL);
        if (outcome != OUTCOME_OK) return outcome;
        if (inner.type == JSON_ARRAY) value = inner;
    }
    bool has_length = value.type == JSON_ARRAY || value.type == JSON_OBJECT;
    *ret_value = has_length ? json_from_integer(value.size) : json_null;
    return OUTCOME_OK;
}

static enum outcome keys(struct evaluation *evaluation, const struct json *model,
                         struct json *ret_value)
{
    *ret_value = json_null;
    if (model->type != JSON_OBJECT) return OUTCOME_OK;
    struct json *names = arena_alloc_array(evaluation->arena, model->size, sizeof(*names));
    if (names == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < model->size; i++)
        names[i] = model->members[i].name;
    *ret_value = json_from_items(names, model->size);
    return OUTCOME_OK;
}

static void append_text(struct buffer *buffer, const struct json *value)
{
    if (value->type == JSON_STRING) {
        buffer_append_str(buffer, json_str(value));
    } else if (value->type != JSON_NULL) {
        json_render(buffer, value);
    }
}

static enum outcome concat(struct evaluation *evaluation, const struct function_call *call,
                           const struct json *model, struct json *ret_value)
{
    struct json_items arguments;
    enum outcome outcome = gather(evaluation, call, true, &arguments);
    if (outcome != OUTCOME_OK) return outcome;
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, evaluation->arena->limit_bytes);
    for (uint32_t i = 0; model->type == JSON_ARRAY && i < model->size; i++) {
        if (model->items[i].type == JSON_STRING) append_text(&buffer, &model->items[i]);
    }
    for (size_t i = 0; i < arguments.count; i++)
        append_text(&buffer, &arguments.items[i]);
    struct str text;
    if (!buffer_copy_to_arena(&buffer, evaluation->arena, &text)) return OUTCOME_NO_MEMORY;
    *ret_value = json_from_str(text);
    return OUTCOME_OK;
}

static enum outcome append(struct evaluation *evaluation, const struct function_call *call,
                           const struct json *model, struct json *ret_value)
{
    *ret_value = *model;
    struct json_items arguments;
    enum outcome outcome = gather(evaluation, call, false, &arguments);
    if (outcome != OUTCOME_OK || model->type != JSON_ARRAY) return outcome;
    size_t count = model->size + arguments.count;
    struct json *items = arena_alloc_array(evaluation->arena, count, sizeof(*items));
    if (items == NULL) return OUTCOME_NO_MEMORY;
    if (model->size > 0) memcpy(items, model->items, model->size * sizeof(*items));
    if (arguments.count > 0) {
        memcpy(items + model->size, arguments.items, arguments.count * sizeof(*items));
    }
    *ret_value = json_from_items(items, count);
    return OUTCOME_OK;
}

// An item by its place; a negative one counts from the end, and never reaches the first item, as in
// the library.
static enum outcome pick(struct evaluation *evaluation, const struct function_call *call,
                         const struct json *model, struct json *ret_value)
{
    int64_t index = call->function == FUNCTION_LAST ? -1 : 0;
    if (call->function == FUNCTION_INDEX) {
        struct json_items arguments;
        enum outcome outcome = gather(evaluation, call, true, &arguments);
        if (outcome != OUTCOME_OK) return outcome;
        bool is_index = arguments.count > 0 && json_is_number(&arguments.items[0]);
        if (!is_index) return OUTCOME_FAILED;
        double real = trunc(json_to_real(&arguments.items[0]));
        if (real < INT32_MIN || real > INT32_MAX) return OUTCOME_FAILED;
        index = (int64_t)real;
    }
    if (model->type != JSON_ARRAY) return OUTCOME_FAILED;
    if (index < 0) {
        index += model->size;
        if (index == 0 && call->function == FUNCTION_INDEX) return OUTCOME_FAILED;
    }
    if (index < 0 || index >= model->size) return OUTCOME_FAILED;
    *ret_value = model->items[index];
    return OUTCOME_OK;
}

enum outcome function_call(struct evaluation *evaluation, const struct function_call *call,
                           const struct json *model, struct json *ret_value)
{
    switch (call->function) {
    case FUNCTION_MIN:
    case FUNCTION_MAX:
    case FUNCTION_SUM:
    case FUNCTION_AVG:
    case FUNCTION_STDDEV: return aggregate(evaluation, call, model, ret_value);
    case FUNCTION_LENGTH: return length(evaluation, call, model, ret_value);
    case FUNCTION_KEYS: return keys(evaluation, model, ret_value);
    case FUNCTION_CONCAT: return concat(evaluation, call, model, ret_value);
    case FUNCTION_APPEND: return append(evaluation, call, model, ret_value);
    case FUNCTION_FIRST:
    case FUNCTION_LAST:
    case FUNCTION_INDEX: return pick(evaluation, call, model, ret_value);
    }
    return OUTCOME_FAILED;
}
