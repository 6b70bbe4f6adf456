// Executions per second in process, without HTTP: parse the input, run four states, render the
// output.
//
//     in_process [SECONDS]
//
// Prints one line of "name value" pairs.

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "engine/engine.h"

static const char definition[] =
    "{\"StartAt\":\"First\",\"States\":{"
    "\"First\":{\"Type\":\"Pass\",\"Result\":{\"n\":1},\"ResultPath\":\"$.first\",\"Next\":"
    "\"Choose\"},"
    "\"Choose\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.first.n\",\"NumericEquals\":1,"
    "\"Next\":\"Shape\"}]},"
    "\"Shape\":{\"Type\":\"Pass\",\"Parameters\":{\"order.$\":\"$.order.id\",\"n.$\":\"$.first.n\"}"
    ","
    "\"Next\":\"Done\"},"
    "\"Done\":{\"Type\":\"Succeed\"}}}";

static const char input[] =
    "{\"order\":{\"id\":\"0d3f8a52-1c1e-4f0e-9a56-c1f3a7b2d901\",\"customer\":{\"name\":\"A. "
    "Rider\","
    "\"city\":\"Lisbon\",\"since\":2016},\"items\":[{\"sku\":\"GB-17\",\"price\":12.5,\"qty\":2},"
    "{\"sku\":\"TX-02\",\"price\":7.25,\"qty\":1}],\"express\":true,\"note\":null},\"source\":"
    "\"shop\","
    "\"attempt\":1,\"at\":\"2026-01-01T00:00:00Z\"}";

static void require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "in_process: %s failed\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void run_once(const struct asl_machine *machine, struct arena *arena, struct arena *step,
                     struct buffer *output)
{
    struct engine_start start = {
        .machine = machine,
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:express:bench:e:u"),
        .execution_name = STR("e"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:bench"),
        .state_machine_name = STR("bench"),
        .role_arn = STR("arn:aws:iam::000000000000:role/bench"),
        .region = STR("us-east-1"),
        .input_text = str_from_c(input),
    };
    struct engine_execution *execution;
    struct engine_event event = {.type = ENGINE_EVENT_START, .now_unix_ms = 1, .random_seed = 1};
    struct engine_update update;
    arena_reset(arena);
    arena_reset(step);
    buffer_clear(output);
    require(json_parse(arena, start.input_text, 0, &start.input, NULL) == STATUS_OK, "input");
    require(engine_execution_new(arena, &start, &execution) == STATUS_OK, "execution");
    require(engine_step(execution, &event, step, &update) == STATUS_OK, "step");
    require(update.status == ENGINE_SUCCEEDED, "success");
    json_render(output, &update.output);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    struct arena text, arena, step;
    arena_init(&text, MIB(1));
    arena_init(&arena, MIB(1));
    arena_init(&step, MIB(1));
    struct buffer output;
    buffer_init(&output, MIB(1));
    struct asl_diagnostics *diagnostics = ARENA_NEW(&text, struct asl_diagnostics);
    require(diagnostics != NULL, "memory");
    asl_diagnostics_init(diagnostics, &text);
    const struct asl_machine *machine;
    require(asl_machine_parse(str_from_c(definition), ASL_MACHINE_EXPRESS, diagnostics, &machine) ==
                STATUS_OK,
            "definition");
    uint64_t count = 0;
    double before = cpu_seconds();
    int64_t end_ns = clock_steady_ns() + (int64_t)(seconds * 1e9);
    do {
        for (int i = 0; i < 1000; i++)
            run_once(machine, &arena, &step, &output);
        count += 1000;
    } while (clock_steady_ns() < end_ns);
    double cpu = cpu_seconds() - before;
    printf("executions %llu per_second %.0f cpu_us_per_execution %.3f\n", (unsigned long long)count,
           (double)count / cpu, cpu / (double)count * 1e6);
    return 0;
}
