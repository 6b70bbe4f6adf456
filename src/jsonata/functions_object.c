// Functions of objects, and of any value.

#include <math.h>

#include "jsonata/functions.h"

static void check_arena(struct evaluation *evaluation)
{
    if (evaluation->arena->is_exhausted) evaluation_out_of_memory(evaluation);
}

static void collect_keys(struct json_members *keys, struct evaluation *evaluation,
                         struct json value)
{
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    for (uint32_t i = 0; value_is_array(value) && i < value.size; i++)
        collect_keys(keys, evaluation, value.items[i]);
    for (uint32_t i = 0; value_is_object(value) && i < value.size; i++)
        json_members_set(keys, json_str(&value.members[i].name), json_null);
}

struct json builtin_keys(struct evaluation *evaluation, const struct call *call)
{
    struct json_members keys;
    json_members_init(&keys, evaluation->arena);
    collect_keys(&keys, evaluation, argument(call, 0));
    check_arena(evaluation);
    struct list_of_values list = {.evaluation = evaluation};
    for (size_t i = 0; i < keys.count; i++)
        list_push(&list, keys.members[i].name);
    return list_to_sequence(&list);
}

struct json builtin_lookup(struct evaluation *evaluation, const struct call *call)
{
    struct json name = argument(call, 1);
    if (!value_is_string(name)) return value_undefined;
    return value_lookup(evaluation, argument(call, 0), json_str(&name));
}

static void spread(struct list_of_values *list, struct json value)
{
    struct evaluation *evaluation = list->evaluation;
    evaluation_step(evaluation);
    evaluation_guard_stack(evaluation);
    for (uint32_t i = 0; value_is_array(value) && i < value.size; i++)
        spread(list, value.items[i]);
    for (uint32_t i = 0; value_is_object(value) && i < value.size; i++)
        list_push(list, json_from_members(&value.members[i], 1));
    if (!value_is_array(value) && !value_is_object(value)) list_push(list, value);
}

struct json builtin_spread(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (!value_is_array(value) && !value_is_object(value)) return value;
    struct list_of_values list = {.evaluation = evaluation};
    spread(&list, value);
    // Only what comes from a single object is a sequence.
    bool is_sequence = value_is_object(value) || value.size == 0;
    return list_to_array(&list, is_sequence ? VALUE_SEQUENCE : 0);
}

struct json builtin_merge(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0);
    if (value_is_undefined(array)) return array;
    struct json_members members;
    json_members_init(&members, evaluation->arena);
    for (uint32_t i = 0; i < array.size; i++) {
        struct json object = array.items[i];
        evaluation_steps(evaluation, object.size);
        for (uint32_t k = 0; k < object.size; k++)
            json_members_set(&members, json_str(&object.members[k].name), object.members[k].value);
    }
    struct json result = json_members_finish(&members);
    check_arena(evaluation);
    return result;
}

struct json builtin_each(struct evaluation *evaluation, const struct call *call)
{
    struct json object = argument(call, 0), function = argument(call, 1);
    struct list_of_values list = {.evaluation = evaluation};
    if (!value_is_object(object)) return list_to_sequence(&list);
    for (uint32_t i = 0; i < object.size; i++) {
        struct json result = apply_to_item(evaluation, function, object.members[i].value,
                                           object.members[i].name, object);
        if (value_is_defined(result)) list_push(&list, value_stored(result));
    }
    return list_to_sequence(&list);
}

struct json builtin_sift(struct evaluation *evaluation, const struct call *call)
{
    struct json object = argument(call, 0), function = argument(call, 1);
    if (!value_is_object(object)) return value_undefined;
    struct json_member *members = evaluation_alloc_array(evaluation, object.size, sizeof(*members));
    size_t size = 0;
    for (uint32_t i = 0; i < object.size; i++) {
        struct json result = apply_to_item(evaluation, function, object.members[i].value,
                                           object.members[i].name, object);
        if (value_to_boolean(evaluation, result)) members[size++] = object.members[i];
    }
    return size == 0 ? value_undefined : json_from_members(members, size);
}

struct json builtin_clone(struct evaluation *evaluation, const struct call *call)
{
    return value_copy(evaluation, argument(call, 0));
}

struct json builtin_exists(struct evaluation *evaluation, const struct call *call)
{
    (void)evaluation;
    return json_from_bool(value_is_defined(argument(call, 0)));
}

struct json builtin_boolean(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    return json_from_bool(value_to_boolean(evaluation, value));
}

struct json builtin_not(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    return json_from_bool(!value_to_boolean(evaluation, value));
}

struct json builtin_type(struct evaluation *evaluation, const struct call *call)
{
    struct json value = argument(call, 0);
    if (value_is_undefined(value)) return value;
    if (value_is_function(value)) return json_from_str(STR("function"));
    if (value_is_number(value) && !value_is_numeric(evaluation, value))
        return json_from_str(STR("object")); // Not a number.
    value = value_plain(value);
    return json_from_str(str_from_c(json_type_name(&value)));
}

static NO_RETURN void fail_with_message(struct evaluation *evaluation, const char *code,
                                        struct json message, struct str otherwise)
{
    evaluation->error.message = value_is_string(message) ? json_str(&message) : otherwise;
    evaluation_fail(evaluation, code);
}

struct json builtin_error(struct evaluation *evaluation, const struct call *call)
{
    fail_with_message(evaluation, "D3137", argument(call, 0), STR("$error() function evaluated"));
}

struct json builtin_assert(struct evaluation *evaluation, const struct call *call)
{
    if (argument(call, 0).type == JSON_TRUE) return value_undefined;
    fail_with_message(evaluation, "D3141", argument(call, 1), STR("$assert() statement failed"));
}
