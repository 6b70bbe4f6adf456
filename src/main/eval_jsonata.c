// "galop eval jsonata": {"expr", "data"?, "bindings"?, "timelimit"?, "depth"?} -> {"result"} or
// {"undefined": true} or {"error": {"code", …}}.

#include "base/clock.h"
#include "jsonata/jsonata.h"
#include "main/eval.h"

static void answer_failure(struct json_writer *writer, const struct jsonata_error *error)
{
    json_writer_begin_object(writer);
    json_writer_name(writer, STR("error"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("code"), str_from_c(error->code));
    json_writer_string_member(writer, STR("message"), error->message);
    if (error->has_position)
        json_writer_integer_member(writer, STR("position"), (int64_t)error->position);
    if (error->token.size > 0) json_writer_string_member(writer, STR("token"), error->token);
    if (error->function_name.size > 0)
        json_writer_string_member(writer, STR("functionName"), error->function_name);
    if (error->has_index) json_writer_integer_member(writer, STR("index"), error->index);
    if (error->has_value) json_writer_value_member(writer, STR("value"), &error->value);
    if (error->has_value2) json_writer_value_member(writer, STR("value2"), &error->value2);
    json_writer_end_object(writer);
    json_writer_end_object(writer);
}

static int64_t integer_member(const struct json *request, struct str name)
{
    const struct json *member = json_find(request, name);
    int64_t value;
    return member != NULL && json_to_integer(member, &value) && value > 0 ? value : 0;
}

static bool read_bindings(const struct json *request, struct arena *arena,
                          struct jsonata_environment *environment)
{
    const struct json *object = JSON_FIND(request, "bindings");
    if (object == NULL || !json_is_object(object)) return true;
    struct jsonata_binding *bindings = arena_alloc_array(arena, object->size, sizeof(*bindings));
    if (bindings == NULL) return false;
    for (uint32_t i = 0; i < object->size; i++)
        bindings[i] =
            (struct jsonata_binding){json_str(&object->members[i].name), object->members[i].value};
    environment->bindings = bindings;
    environment->binding_count = object->size;
    return true;
}

static void answer_expression(struct json_writer *writer, struct arena *arena, struct str text,
                              const struct json *request)
{
    struct clock clock;
    struct random random;
    clock_init_real(&clock);
    random_init_system(&random);
    struct jsonata_environment environment = {
        .input = JSON_FIND(request, "data"),
        .random = &random,
        .now_unix_ms = clock_unix_ms(&clock),
        .time_max_ms = integer_member(request, STR("timelimit")),
        .depth_max = (uint32_t)integer_member(request, STR("depth")),
    };
    const struct jsonata *jsonata;
    struct jsonata_error error;
    struct json value;
    enum status status = jsonata_compile(arena, text, &jsonata, &error);
    if (status == STATUS_OK && !read_bindings(request, arena, &environment))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = jsonata_evaluate(jsonata, &environment, arena, &value, &error);
    if (status == STATUS_INVALID) {
        answer_failure(writer, &error);
        return;
    }
    if (status == STATUS_NO_MEMORY) {
        eval_answer_error(writer, "OTHER", STR("out of memory"));
        return;
    }
    json_writer_begin_object(writer);
    if (status == STATUS_OK) {
        json_writer_value_member(writer, STR("result"), &value);
    } else {
        json_writer_bool_member(writer, STR("undefined"), true);
    }
    json_writer_end_object(writer);
}

static void answer(struct json_writer *writer, struct arena *arena, const struct json *request)
{
    const struct json *expression = JSON_FIND(request, "expr");
    if (expression == NULL || !json_is_string(expression)) {
        eval_answer_error(writer, "OTHER", STR("a request has a string \"expr\""));
        return;
    }
    answer_expression(writer, arena, json_str(expression), request);
}

int eval_jsonata(int argc, char **argv)
{
    return eval_lines(argc, argv, answer);
}
