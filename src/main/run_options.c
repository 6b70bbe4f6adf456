// The command line of galop run.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "lambda/arn.h"
#include "main/options.h"
#include "main/run.h"

enum { NAME_SIZE_MAX = 80 };

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

static const char *take_file(void *context, struct str word)
{
    struct run_settings *settings = context;
    if (settings->file != NULL) return "one definition is run at a time";
    settings->file = word.data;
    return NULL;
}

static const char *take_input(void *context, struct str value)
{
    ((struct run_settings *)context)->input = value.data;
    return NULL;
}

static const char *take_mock(void *context, struct str value)
{
    ((struct run_settings *)context)->mock = value.data;
    return NULL;
}

static const char *take_test_case(void *context, struct str value)
{
    ((struct run_settings *)context)->test_case = value;
    return value.size == 0 ? "name a test case of the mock file" : NULL;
}

static const char *take_state_machine(void *context, struct str value)
{
    ((struct run_settings *)context)->state_machine = value;
    return value.size == 0 || value.size > NAME_SIZE_MAX ? "write 1 to 80 characters" : NULL;
}

static const char *take_function(void *context, struct str value)
{
    struct run_settings *settings = context;
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
    struct run_settings *settings = context;
    bool is_express = str_equal_ignoring_case(value, STR("EXPRESS"));
    settings->has_type = true;
    settings->type = is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    return is_express || str_equal_ignoring_case(value, STR("STANDARD"))
               ? NULL
               : "write STANDARD or EXPRESS";
}

static const char *take_time(void *context, struct str value)
{
    ((struct run_settings *)context)->is_time_virtual = str_is(value, "virtual");
    return str_is(value, "virtual") || str_is(value, "real") ? NULL : "write real or virtual";
}

static const char *take_start(void *context, struct str value)
{
    struct run_settings *settings = context;
    settings->has_start = true;
    return clock_parse_rfc3339(value, &settings->start_unix_ms, NULL)
               ? NULL
               : "write a time like 2024-01-31T12:00:00Z";
}

static const char *take_seed(void *context, struct str value)
{
    struct run_settings *settings = context;
    settings->has_seed = true;
    return str_to_u64(value, &settings->seed) ? NULL : "write a whole number";
}

static const char *take_trace(void *context, struct str value)
{
    (void)value;
    ((struct run_settings *)context)->is_traced = true;
    return NULL;
}

static const char *take_history(void *context, struct str value)
{
    (void)value;
    ((struct run_settings *)context)->wants_history = true;
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
     "Which state machine of the mock file; needed when there are several. Also that of a\n"
     "template, and the name in the context object (the file name otherwise).",
     take_state_machine},
    {"--function", "NAME=PATH",
     "Run this file or folder for tasks that call the Lambda function NAME, by ARN or by\n"
     "lambda:invoke. JavaScript (Node.js), Python, or a folder with a program `bootstrap`.\n"
     "PATH:HANDLER names the handler outright, e.g. pay=src:app.handler. Repeatable.",
     take_function},
    {"--type", "STANDARD|EXPRESS",
     "Whose rules and limits hold (what a template says, else STANDARD).", take_type},
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
    "Run a state machine definition in this process, without a server: JSON, YAML, or one in a\n"
    "template of CloudFormation or SAM. The result goes to stdout, what went wrong to stderr.\n\n"
    "  galop run order.json --input '{\"order\": 7}' --trace\n"
    "  galop run order.json --input order-7.json --function pay=functions/pay.mjs\n"
    "  galop run order.json --mock mocks.json --test-case PaymentRefused\n"
    "  galop run billing.json --mock mocks.json --time virtual --start 2024-01-31T00:00:00Z\n\n"
    "Exit status: 0 succeeded; 1 the execution failed, timed out or was aborted; 2 nothing was\n"
    "run, for a mistake in the definition, the input or the options.\n";

static void check(const struct run_settings *settings)
{
    if (settings->file == NULL) {
        run_refuse("name a definition: galop run FILE\nTry: galop run --help");
    }
    if (settings->has_start && !settings->is_time_virtual) {
        run_refuse("--start is for virtual time: add --time virtual");
    }
}

bool run_has_colors(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

void run_settings_read(int argc, char **argv, struct run_settings *ret_settings)
{
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, take_file, ret_settings);
    check(ret_settings);
}
