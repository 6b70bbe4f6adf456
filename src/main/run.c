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
#include "main/options.h"
#include "main/read_file.h"
#include "main/run_tasks.h"
#include "main/run_trace.h"

enum {
    FILE_SIZE_MAX = 64 << 20,
    NAME_SIZE_MAX = 80,
    SHOWN_LINE_SIZE_MAX = 160, // Of the definition, under a message.
};

struct settings {
    const char *file;
    const char *input; // As given; NULL: {}.
    const char *mock;
    struct str test_case;
    struct str state_machine;
    struct run_function functions[RUN_FUNCTIONS_MAX];
    size_t function_count;
    bool is_express;
    bool is_time_virtual;
    bool has_start;
    int64_t start_unix_ms;
    bool has_seed;
    uint64_t seed;
    bool is_traced;
    bool wants_history;
};

struct run {
    struct settings settings;
    struct arena arena; // Of everything that lives as long as the process.
    struct clock clock;
    struct net_loop *loop;
    struct net_watch signal_watch;
    struct runtime runtime;
    struct runtime_worker worker;
    struct run_tasks tasks;
    struct run_trace trace;
    struct str definition;
    struct str input_text;
    struct json input;
    struct state_machine *state_machine;
    struct str result; // JSON, when it succeeded.
    int exit_status;
};

void run_refuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("galop run: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(RUN_REFUSED);
}

static void require(enum status status, const char *what)
{
    if (status != STATUS_OK) run_refuse("cannot %s: %s", what, status_name(status));
}

// ---------------------------------------------------------------------------------------------
// Options

static const char *take_file(void *context, struct str word)
{
    struct settings *settings = context;
    if (settings->file != NULL) return "one definition is run at a time";
    settings->file = word.data;
    return NULL;
}

static const char *take_input(void *context, struct str value)
{
    ((struct settings *)context)->input = value.data;
    return NULL;
}

static const char *take_mock(void *context, struct str value)
{
    ((struct settings *)context)->mock = value.data;
    return NULL;
}

static const char *take_test_case(void *context, struct str value)
{
    ((struct settings *)context)->test_case = value;
    return value.size == 0 ? "name a test case of the mock file" : NULL;
}

static const char *take_state_machine(void *context, struct str value)
{
    ((struct settings *)context)->state_machine = value;
    return value.size == 0 || value.size > NAME_SIZE_MAX ? "write 1 to 80 characters" : NULL;
}

static const char *take_function(void *context, struct str value)
{
    struct settings *settings = context;
    struct str path = value;
    struct str name = str_cut(&path, '=');
    if (path.size == 0) return "write NAME=PATH, e.g. pay=functions/pay.mjs";
    if (!lambda_name_is_valid(name)) {
        return "a function's name has letters, digits, '-' and '_', 64 at most";
    }
    if (settings->function_count == RUN_FUNCTIONS_MAX) return "there are too many of them";
    settings->functions[settings->function_count++] = (struct run_function){name, path};
    return NULL;
}

static const char *take_type(void *context, struct str value)
{
    ((struct settings *)context)->is_express = str_is(value, "express");
    return str_is(value, "express") || str_is(value, "standard") ? NULL
                                                                 : "write standard or express";
}

static const char *take_time(void *context, struct str value)
{
    ((struct settings *)context)->is_time_virtual = str_is(value, "virtual");
    return str_is(value, "virtual") || str_is(value, "real") ? NULL : "write real or virtual";
}

static const char *take_start(void *context, struct str value)
{
    struct settings *settings = context;
    settings->has_start = true;
    return clock_parse_rfc3339(value, &settings->start_unix_ms, NULL)
               ? NULL
               : "write a time like 2024-01-31T12:00:00Z";
}

static const char *take_seed(void *context, struct str value)
{
    struct settings *settings = context;
    settings->has_seed = true;
    return str_to_u64(value, &settings->seed) ? NULL : "write a whole number";
}

static const char *take_trace(void *context, struct str value)
{
    (void)value;
    ((struct settings *)context)->is_traced = true;
    return NULL;
}

static const char *take_history(void *context, struct str value)
{
    (void)value;
    ((struct settings *)context)->wants_history = true;
    return NULL;
}

static const struct option options[] = {
    {"--input", "FILE|-|JSON",
     "The execution's input: a file, standard input, or the JSON itself ({}).", take_input},
    {"--mock", "FILE",
     "Answer tasks from a mock configuration file of AWS Step Functions Local. States that\n"
     "the test case does not name go to --function.",
     take_mock},
    {"--test-case", "NAME", "Which test case of the mock file; needed when there are several.",
     take_test_case},
    {"--state-machine", "NAME",
     "Which state machine of the mock file; needed when there are several. Also the name in\n"
     "the context object (the definition's file name otherwise).",
     take_state_machine},
    {"--function", "NAME=PATH",
     "Run this file or folder for tasks that call the Lambda function NAME, by ARN or by\n"
     "lambda:invoke. JavaScript (Node.js), Python, or a folder with a program `bootstrap`.\n"
     "PATH:HANDLER names the handler outright, e.g. pay=src:app.handler. Repeatable.",
     take_function},
    {"--type", "standard|express", "Whose rules and limits hold (standard).", take_type},
    {"--time", "real|virtual",
     "virtual: waits, time-outs and back-off take no time, and timestamps are modelled.",
     take_time},
    {"--start", "TIME",
     "In virtual time, when it is at the start (now), e.g. 2024-01-31T12:00:00Z.", take_start},
    {"--seed", "NUMBER", "Where random numbers start: jitter, UUIDs, names (by chance).",
     take_seed},
    {"--trace", NULL, "Tell on stderr what happens: states, tasks, attempts, data.", take_trace},
    {"--history", NULL, "Print the execution history as GetExecutionHistory does, not the result.",
     take_history},
};

static const char usage[] =
    "Usage: galop run FILE [OPTION...]\n\n"
    "Run a state machine definition in this process, without a server. The result goes to\n"
    "stdout, what went wrong to stderr.\n\n"
    "  galop run order.json --input '{\"order\": 7}' --trace\n"
    "  galop run order.json --input order-7.json --function pay=functions/pay.mjs\n"
    "  galop run order.json --mock mocks.json --test-case PaymentRefused\n"
    "  galop run billing.json --mock mocks.json --time virtual --start 2024-01-31T00:00:00Z\n\n"
    "Exit status: 0 succeeded; 1 the execution failed, timed out or was aborted; 2 nothing was\n"
    "run, for a mistake in the definition, the input or the options.\n";

// ---------------------------------------------------------------------------------------------
// Reading what was given

static void read_definition(struct run *run)
{
    const char *file = run->settings.file;
    struct str why;
    if (!read_file(file, FILE_SIZE_MAX, &run->arena, &run->definition, &why)) {
        run_refuse("%s: %" STR_FORMAT, file, STR_ARGS(why));
    }
}

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

// "file:12:7: error: MESSAGE at /States/Pay" and the line itself.
static void print_diagnostic(const struct run *run, const struct asl_diagnostic *diagnostic)
{
    struct str text = run->definition;
    bool is_error = diagnostic->severity == ASL_SEVERITY_ERROR;
    bool has_place = diagnostic->location.data != NULL && diagnostic->location.size > 0;
    fputs(run->settings.file, stderr);
    size_t line = 1, line_start = 0, offset = diagnostic->offset;
    bool is_placed = offset <= text.size;
    for (size_t i = 0; is_placed && i < offset; i++) {
        if (text.data[i] != '\n') continue;
        line++;
        line_start = i + 1;
    }
    if (is_placed) fprintf(stderr, ":%zu:%zu", line, offset - line_start + 1);
    fprintf(stderr, ": %s: %" STR_FORMAT "%s%" STR_FORMAT "\n", is_error ? "error" : "warning",
            STR_ARGS(diagnostic->message), has_place ? " at " : "", STR_ARGS(diagnostic->location));
    if (!is_placed) return;
    struct str rest = str_skip(text, line_start);
    struct str shown = str_cut(&rest, '\n');
    if (shown.size > SHOWN_LINE_SIZE_MAX) return; // One long line helps nobody.
    fprintf(stderr, "  %" STR_FORMAT "\n", STR_ARGS(shown));
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

// The definition by the service's rules, or, where it breaks those alone, by the language's: what
// never leaves the process may hold placeholders and call what the service does not know.
static const struct asl_machine *parse(struct run *run)
{
    static struct asl_diagnostics diagnostics, others; // Large.
    enum asl_machine_type type =
        run->settings.is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    const struct asl_machine *machine;
    asl_diagnostics_init(&diagnostics, &run->arena);
    asl_diagnostics_init(&others, &run->arena);
    enum status status = asl_machine_parse(run->definition, type, &diagnostics, &machine);
    if (status == STATUS_INVALID) {
        status = asl_machine_parse_by(ASL_RULES_LANGUAGE, run->definition, type, &others, &machine);
    }
    if (status == STATUS_INVALID) {
        for (size_t i = 0; i < diagnostics.count; i++)
            print_diagnostic(run, &diagnostics.items[i]);
        run_refuse("the definition is not valid");
    }
    require(status, "compile the definition");
    return machine;
}

static void compile(struct run *run)
{
    static struct asl_diagnostics diagnostics;
    const struct asl_machine *machine = parse(run);
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
    const struct settings *settings = &run->settings;
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
    const struct settings *settings = &run->settings;
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
    const char *terminal = getenv("TERM");
    run_trace_init(trace, run->state_machine->machine);
    trace->definition = run->definition;
    trace->file = run->settings.file;
    trace->is_traced = run->settings.is_traced;
    trace->wants_history = run->settings.wants_history;
    trace->has_colors = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL && terminal != NULL &&
                        strcmp(terminal, "dumb") != 0;
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

static void check_settings(const struct settings *settings)
{
    if (settings->file == NULL) {
        run_refuse("name a definition: galop run FILE\nTry: galop run --help");
    }
    if (settings->has_start && !settings->is_time_virtual) {
        run_refuse("--start is for virtual time: add --time virtual");
    }
}

int command_run(int argc, char **argv)
{
    static struct run run;
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, take_file, &run.settings);
    check_settings(&run.settings);
    log_set_level(LOG_ERROR);
    arena_init(&run.arena, MIB(1024));
    read_definition(&run);
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
