// Intrinsic functions over arrays. Where a number must be whole, its fraction is dropped, as the
// service does.

#include <math.h>

#include "asl/intrinsic.h"
#include "asl/value_set.h"

// A number without its fraction. Returns false when it is none or does not fit.
static bool to_whole(const struct json *value, int64_t *ret_whole)
{
    if (!json_is_number(value)) return false;
    if (json_to_integer(value, ret_whole)) return true;
    double real = trunc(json_to_real(value));
    if (!(real > -9.2e18 && real < 9.2e18)) return false;
    *ret_whole = (int64_t)real;
    return true;
}

enum status asl_intrinsic_array(struct asl_call *call, struct json *ret_value)
{
    *ret_value = json_from_items(call->arguments, call->argument_count);
    return STATUS_OK;
}

enum status asl_intrinsic_array_partition(struct asl_call *call, struct json *ret_value)
{
    const struct json *array = &call->arguments[0];
    int64_t size;
    if (!json_is_array(array) || !to_whole(&call->arguments[1], &size) || size < 1)
        return STATUS_INVALID;
    size_t chunk = size < (int64_t)array->size ? (size_t)size : (size_t)array->size;
    size_t count = chunk == 0 ? 0 : (array->size + chunk - 1) / chunk;
    struct json *chunks = arena_alloc_array(call->arena, count, sizeof(*chunks));
    if (chunks == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t start = i * chunk;
        size_t rest = array->size - start;
        chunks[i] = json_from_items(array->items + start, rest < chunk ? rest : chunk);
    }
    *ret_value = json_from_items(chunks, count);
    return STATUS_OK;
}

enum status asl_intrinsic_array_contains(struct asl_call *call, struct json *ret_value)
{
    const struct json *array = &call->arguments[0];
    if (!json_is_array(array)) return STATUS_INVALID;
    bool is_found = false;
    for (uint32_t i = 0; i < array->size && !is_found; i++) {
        is_found = json_equal(&array->items[i], &call->arguments[1]);
    }
    *ret_value = json_from_bool(is_found);
    return STATUS_OK;
}

enum status asl_intrinsic_array_range(struct asl_call *call, struct json *ret_value)
{
    int64_t first, last, step, span;
    if (!to_whole(&call->arguments[0], &first) || !to_whole(&call->arguments[1], &last) ||
        !to_whole(&call->arguments[2], &step))
        return STATUS_INVALID;
    if (step == 0 || step == INT64_MIN || __builtin_sub_overflow(last, first, &span))
        return STATUS_INVALID;
    bool is_empty = step > 0 ? span < 0 : span > 0;
    int64_t steps = is_empty ? -1 : span / step;
    if (steps >= ASL_INTRINSIC_RANGE_ITEMS_MAX) return STATUS_INVALID;
    size_t count = (size_t)(steps + 1);
    struct json *items = arena_alloc_array(call->arena, count, sizeof(*items));
    if (items == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        items[i] = json_from_integer(first + (int64_t)i * step);
    }
    *ret_value = json_from_items(items, count);
    return STATUS_OK;
}

enum status asl_intrinsic_array_get_item(struct asl_call *call, struct json *ret_value)
{
    const struct json *array = &call->arguments[0];
    int64_t index;
    if (!json_is_array(array) || !to_whole(&call->arguments[1], &index)) return STATUS_INVALID;
    if (index < 0 || index >= (int64_t)array->size) return STATUS_INVALID;
    *ret_value = array->items[index];
    return STATUS_OK;
}

enum status asl_intrinsic_array_length(struct asl_call *call, struct json *ret_value)
{
    if (!json_is_array(&call->arguments[0])) return STATUS_INVALID;
    *ret_value = json_from_integer(call->arguments[0].size);
    return STATUS_OK;
}

// The first of equal items stays.
enum status asl_intrinsic_array_unique(struct asl_call *call, struct json *ret_value)
{
    const struct json *array = &call->arguments[0];
    if (!json_is_array(array)) return STATUS_INVALID;
    struct value_set set;
    struct json *items = arena_alloc_array(call->arena, array->size, sizeof(*items));
    if (items == NULL || !value_set_init(&set, call->arena, array->size)) return STATUS_NO_MEMORY;
    size_t count = 0;
    for (uint32_t i = 0; i < array->size; i++) {
        if (value_set_add(&set, &array->items[i])) items[count++] = array->items[i];
    }
    *ret_value = json_from_items(items, count);
    return STATUS_OK;
}
