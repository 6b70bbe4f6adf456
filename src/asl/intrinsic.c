// Evaluating intrinsic calls: arguments first, then the function; failures get their text here.

#include "asl/intrinsic.h"

#include <assert.h>
#include <stdlib.h>

typedef enum status (*function)(struct asl_call *call, struct json *ret_value);

static const struct {
    const char *name;
    function run;
} functions[] = {
#define INTRINSIC(name, text, least, most, function, gives_string) {text, function},
#include "asl/intrinsic.def"
#undef INTRINSIC
};

COLD static struct asl_error failure(const struct asl_intrinsic *intrinsic, struct str message,
                                     struct arena *arena)
{
    return (struct asl_error){
        .name = ASL_ERROR_RUNTIME,
        .cause = arena_printf(
            arena, "The function '%" STR_FORMAT "' had the following error: %" STR_FORMAT,
            STR_ARGS(intrinsic->text), STR_ARGS(message)),
    };
}

COLD static struct asl_error missing_argument(const struct asl_intrinsic *intrinsic,
                                              const struct jsonpath *path,
                                              const struct asl_environment *environment,
                                              struct arena *arena)
{
    struct str input = asl_render_input(environment, arena);
    return failure(intrinsic,
                   arena_printf(arena,
                                "The JsonPath argument for the field '%" STR_FORMAT
                                "' could not be found in the input '%" STR_FORMAT "'",
                                STR_ARGS(jsonpath_text(path)), STR_ARGS(input)),
                   arena);
}

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_INTRINSIC_NESTED_MAX deep.
static enum status evaluate_argument(const struct asl_intrinsic *intrinsic,
                                     const struct asl_argument *argument,
                                     const struct asl_environment *environment, struct arena *arena,
                                     struct json *ret_value, struct asl_error *reterr_error)
{
    switch (argument->kind) {
    case ASL_ARGUMENT_LITERAL: *ret_value = argument->literal; return STATUS_OK;
    case ASL_ARGUMENT_CALL:
        return asl_intrinsic_evaluate(argument->call, environment, arena, ret_value, reterr_error);
    case ASL_ARGUMENT_PATH: {
        enum status status = asl_path_find(argument->path, environment, arena, ret_value, NULL);
        if (status == STATUS_OK || status < 0) return status;
        *reterr_error = missing_argument(intrinsic, argument->path, environment, arena);
        return STATUS_INVALID;
    }
    }
    abort();
}

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_INTRINSIC_NESTED_MAX deep.
enum status asl_intrinsic_evaluate(const struct asl_intrinsic *intrinsic,
                                   const struct asl_environment *environment, struct arena *arena,
                                   struct json *ret_value, struct asl_error *reterr_error)
{
    assert(intrinsic->function < ARRAY_COUNT(functions));
    uint32_t count = intrinsic->argument_count;
    struct json *arguments = arena_alloc_array(arena, count, sizeof(*arguments));
    if (arguments == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        enum status status = evaluate_argument(intrinsic, &intrinsic->arguments[i], environment,
                                               arena, &arguments[i], reterr_error);
        if (status != STATUS_OK) return status;
    }
    struct asl_call call = {
        .intrinsic = intrinsic,
        .environment = environment,
        .arena = arena,
        .arguments = arguments,
        .argument_count = count,
    };
    enum status status = functions[intrinsic->function].run(&call, ret_value);
    if (status != STATUS_INVALID) return status;
    struct str message =
        arena_printf(arena, "Invalid arguments in %s%s", functions[intrinsic->function].name,
                     call.reason == NULL ? "" : call.reason);
    *reterr_error = failure(intrinsic, message, arena);
    return STATUS_INVALID;
}
