// galop run: one execution of a definition in process, without a server.
//
// The execution goes through the same driver as on a server (src/runtime); only who performs the
// tasks differs (run_tasks.h). In virtual time the loop's clock jumps from timer to timer.

#include "main/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "lambda/arn.h"
#include "main/commands.h"
#include "main/read_file.h"
#include "main/run_definition.h"
#include "main/run_tasks.h"
#include "main/run_trace.h"

enum {
    FILE_SIZE_MAX = 64 << 20,
};

struct run {
    struct run_settings settings;
    struct arena arena; // Of everything that lives as long as the process.
    struct clock clock;
    struct net_loop *loop;
    struct net_watch signal_watch;
    struct runtime runtime;
    struct runtime_worker worker;
    struct run_tasks tasks;
    struct run_trace trace;
    struct run_definition definition;
    struct str input_text;
    struct json input;
    struct state_machine *state_machine;
    struct str result; // JSON, when it succeeded.
    int exit_status;
};

static void require(enum status status, const char *what)
{
    if (status != STATUS_OK) run_refuse("cannot %s: %s", what, status_name(status));
}

// ---------------------------------------------------------------------------------------------
// Reading what was given

static void read_input(struct run *run)
{
    const char *given = run->settings.input;
    const char *source = "--input";
    struct json_error error;
    struct str why;
    if (given == NULL) {
        run->input_text = STR("{}");
    } else if (strcmp(given, "-") == 0 || access(given, F_OK) == 0) {
        if (strcmp(given, "-") == 0 && strcmp(run->settings.file, "-") == 0) {
            run_refuse("standard input cannot be both the definition and the input");
        }
        source = given;
        if (!read_file(given, FILE_SIZE_MAX, &run->arena, &run->input_text, &why)) {
            run_refuse("--input %s: %" STR_FORMAT, given, STR_ARGS(why));
        }
    } else {
        run->input_text = str_from_c(given);
    }
    enum status status = json_parse(&run->arena, run->input_text, 0, &run->input, &error);
    if (status == STATUS_INVALID && source != given && given != NULL &&
        strpbrk(given, "{[\"") == NULL) {
        run_refuse("--input: '%s' is neither a file nor JSON", given);
    }
    if (status == STATUS_INVALID) {
        run_refuse("%s is no JSON: line %u, column %u: %" STR_FORMAT, source, error.line,
                   error.column, STR_ARGS(error.message));
    }
    require(status, "read the input");
    if (run->input_text.size > ASL_PAYLOAD_SIZE_BYTES_MAX) {
        run_refuse("the input has %zu bytes; an execution takes at most %d", run->input_text.size,
                   ASL_PAYLOAD_SIZE_BYTES_MAX);
    }
}

// The file's name without folder and extension, as far as a state machine may be called so.
static struct str machine_name(struct run *run)
{
    if (run->settings.state_machine.size > 0) return run->settings.state_machine;
    struct str path = str_from_c(run->settings.file);
    size_t start = path.size, end = path.size;
    while (start > 0 && path.data[start - 1] != '/')
        start--;
    for (size_t i = start + 1; i < path.size && end == path.size; i++) {
        if (path.data[i] == '.') end = i;
    }
    struct str name = str_slice(path, start, end - start);
    return lambda_name_is_valid(name) ? name : STR("run");
}

static void compile(struct run *run)
{
    static struct asl_diagnostics diagnostics;
    run_definition_load(&run->settings, &run->arena, &run->definition);
    const struct asl_machine *machine = run->definition.machine;
    struct str name = machine_name(run);
    struct state_machine_fields fields = {
        .arn = arena_printf(&run->arena,
                            "arn:aws:states:us-east-1:000000000000:stateMachine:%" STR_FORMAT,
                            STR_ARGS(name)),
        .name = name,
        .region = RUN_REGION,
        .role_arn = STR("arn:aws:iam::000000000000:role/local"),
        .definition = STR("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}"),
        .type = machine->type,
        .encryption = json_null,
        .tags = json_empty_object,
    };
    asl_diagnostics_init(&diagnostics, &run->arena);
    // A state machine is made by the service's rules; the definition that may break them takes the
    // place of a sound one before anybody else sees it.
    require(state_machine_new(&fields, &diagnostics, &run->state_machine), "make a state machine");
    asl_machine_unref(run->state_machine->machine);
    run->state_machine->machine = machine;
}

static void read_mocks(struct run *run)
{
    const struct run_settings *settings = &run->settings;
    struct mock_file *mock_file = &run->tasks.mock_file;
    struct str text, why = STR("out of memory");
    if (settings->mock == NULL) {
        if (settings->test_case.size > 0)
            run_refuse("--test-case is of a mock file: give --mock FILE");
        return;
    }
    if (!read_file(settings->mock, MOCK_FILE_SIZE_MAX, &run->arena, &text, &why)) {
        run_refuse("--mock %s: %" STR_FORMAT, settings->mock, STR_ARGS(why));
    }
    enum status status = mock_file_parse(&run->arena, text, mock_file, &why);
    if (status == STATUS_OK) {
        status = mock_file_choose(mock_file, settings->state_machine, settings->test_case, &why);
    }
    if (status != STATUS_OK) run_refuse("--mock %s: %" STR_FORMAT, settings->mock, STR_ARGS(why));
    for (uint32_t i = 0; i < mock_file->state_count; i++) {
        const struct mock_state *mocked = &mock_file->states[i];
        const struct asl_state *state =
            asl_machine_find_state(run->state_machine->machine, mocked->name);
        if (state != NULL && state->type == ASL_STATE_TASK) continue;
        fprintf(stderr,
                "galop run: note: the test case mocks '%" STR_FORMAT "', which is no Task "
                "state of the definition\n",
                STR_ARGS(mocked->name));
    }
}

// ---------------------------------------------------------------------------------------------
// Running

static void on_update(struct runtime_execution *execution, const struct engine_update *update)
{
    run_trace_update(&((struct run *)execution->context)->trace, update);
}

static void on_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct run *run = execution->context;
    run_tasks_end(&run->tasks);
    net_loop_stop(run->loop);
    if (update->status != ENGINE_SUCCEEDED) {
        run->exit_status = RUN_FAILED;
        run_trace_explain(&run->trace, update);
        return;
    }
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(64));
    if (isatty(STDOUT_FILENO)) {
        json_render_pretty(&text, &update->output);
    } else {
        json_render(&text, &update->output);
    }
    if (!buffer_copy_to_arena(&text, &run->arena, &run->result)) {
        fputs("galop run: the result is too large to print\n", stderr);
        run->exit_status = RUN_FAILED;
    }
}

static void on_signal(struct net_watch *watch, uint32_t ready_events)
{
    (void)ready_events;
    struct run *run = CONTAINER_OF(watch, struct run, signal_watch);
    run->exit_status = RUN_INTERRUPTED;
    run_tasks_end(&run->tasks);
    net_loop_stop(run->loop);
}

// The first signal ends the run in order, so that nothing of it is left behind.
static void watch_signals(struct run *run)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    run->signal_watch = (struct net_watch){.fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC),
                                           .events = EPOLLIN,
                                           .run = on_signal};
    if (run->signal_watch.fd < 0) run_refuse("cannot watch signals");
    require(net_watch_start(run->loop, &run->signal_watch), "watch signals");
}

static void set_up(struct run *run)
{
    const struct run_settings *settings = &run->settings;
    clock_init_real(&run->clock);
    if (settings->is_time_virtual) {
        int64_t now = clock_unix_ms(&run->clock);
        clock_init_virtual(&run->clock, settings->has_start ? settings->start_unix_ms : now);
    }
    require(net_loop_new(&run->clock, &run->loop), "make an event loop");
    watch_signals(run);
    runtime_init(&run->runtime, &run->clock, NULL, NULL);
    runtime_worker_init(&run->worker, &run->runtime, run->loop);
    if (settings->has_seed) random_init_seed(&run->worker.random, settings->seed);
    run_tasks_init(&run->tasks, run->loop);
    run->worker.stand_in = &run->tasks.stand_in;
}

static void set_up_trace(struct run *run)
{
    struct run_trace *trace = &run->trace;
    run_trace_init(trace, run->state_machine->machine);
    trace->definition = &run->definition;
    trace->file = run->settings.file;
    trace->is_traced = run->settings.is_traced;
    trace->wants_history = run->settings.wants_history;
    trace->has_colors = run_has_colors();
}

static void execute(struct run *run)
{
    struct runtime_execution *execution;
    require(runtime_execution_new(&run->worker, run->state_machine, STR(""), &execution),
            "make an execution");
    execution->start.input = run->input;
    execution->start.input_text = run->input_text;
    execution->start.history_mask = ENGINE_HISTORY_ALL;
    execution->on_update = on_update;
    execution->context = run;
    run->trace.started_unix_ms = execution->start.started_unix_ms;
    require(runtime_execution_begin(execution, on_end, run), "start the execution");
    if (!run->tasks.is_over) net_loop_run(run->loop);
}

static void print_result(struct run *run)
{
    bool is_written = true;
    if (run->settings.wants_history) {
        is_written = run_trace_print_history(&run->trace);
    } else if (run->exit_status == RUN_SUCCEEDED) {
        is_written = fwrite(run->result.data, 1, run->result.size, stdout) == run->result.size &&
                     putchar('\n') != EOF;
    }
    if (is_written && fflush(stdout) == 0) return;
    fputs("galop run: the result could not be written\n", stderr);
    run->exit_status = RUN_FAILED;
}

int command_run(int argc, char **argv)
{
    static struct run run;
    run_settings_read(argc, argv, &run.settings);
    log_set_level(LOG_ERROR);
    arena_init(&run.arena, MIB(1024));
    read_input(&run);
    compile(&run);
    set_up(&run);
    read_mocks(&run);
    set_up_trace(&run);
    run.tasks.functions.functions = run.settings.functions;
    run.tasks.functions.count = run.settings.function_count;
    if (run.settings.function_count > 0) {
        run_functions_start(&run.tasks.functions, run.loop, &run.worker.random, &run.arena,
                            &run.worker.tasks);
    }
    execute(&run);
    print_result(&run);
    if (run.settings.function_count > 0) run_functions_stop(&run.tasks.functions);
    return run.exit_status;
}
