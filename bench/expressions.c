// Our evaluators over the expressions of a file, without anything around them.
//
//     expressions FILE
//
// Prints the nanoseconds of CPU time for each, the best of five rounds, as JSON.

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "jsonata/jsonata.h"
#include "jsonpath/jsonpath.h"

enum { ROUNDS = 5, ROUND_NS = 300000000 };

static struct arena text_arena, value_arena;

static void require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "expressions: %s failed\n", what);
    exit(1);
}

static double cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void run_jsonata(const void *expression, const struct json *input)
{
    const struct jsonata_environment environment = {.input = input};
    struct json value;
    struct jsonata_error error;
    arena_reset(&value_arena);
    require(jsonata_evaluate(expression, &environment, &value_arena, &value, &error) == STATUS_OK,
            "evaluation");
}

static void run_jsonpath(const void *path, const struct json *input)
{
    struct json value;
    arena_reset(&value_arena);
    require(jsonpath_evaluate(path, input, input, &value_arena, &value, NULL) == STATUS_OK,
            "look-up");
}

static double measure(void (*run)(const void *, const struct json *), const void *compiled,
                      const struct json *input)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double before = cpu_ns();
        int64_t end_ns = clock_steady_ns() + ROUND_NS;
        double count = 0;
        for (; clock_steady_ns() < end_ns; count += 200) {
            for (int i = 0; i < 200; i++)
                run(compiled, input);
        }
        double each = (cpu_ns() - before) / count;
        if (each < best) best = each;
    }
    return best;
}

static double measure_case(const struct json *benchmark)
{
    const struct json *expression = JSON_FIND(benchmark, "expression");
    const struct json *path = JSON_FIND(benchmark, "path");
    const struct json *input = JSON_FIND(benchmark, "input");
    require(input != NULL && (expression != NULL || path != NULL), "reading a case");
    if (expression != NULL) {
        const struct jsonata *jsonata;
        require(jsonata_compile(&text_arena, json_str(expression), &jsonata, NULL) == STATUS_OK,
                "expression");
        return measure(run_jsonata, jsonata, input);
    }
    const struct jsonpath *jsonpath;
    require(jsonpath_compile(&text_arena, json_str(path), 0, &jsonpath, NULL) == STATUS_OK, "path");
    return measure(run_jsonpath, jsonpath, input);
}

int main(int argc, char **argv)
{
    arena_init(&text_arena, MIB(4));
    arena_init(&value_arena, MIB(16));
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    require(file != NULL, "opening the file");
    char *data = arena_alloc(&text_arena, MIB(1));
    require(data != NULL, "memory");
    struct json cases;
    struct str text = {data, fread(data, 1, MIB(1), file)};
    fclose(file);
    require(json_parse(&text_arena, text, 0, &cases, NULL) == STATUS_OK, "reading the file");
    for (uint32_t i = 0; i < cases.size; i++) {
        struct str name = json_str(JSON_FIND(&cases.items[i], "name"));
        printf("%s\"%" STR_FORMAT "\": %.1f", i == 0 ? "{" : ", ", STR_ARGS(name),
               measure_case(&cases.items[i]));
    }
    printf("}\n");
    return 0;
}
