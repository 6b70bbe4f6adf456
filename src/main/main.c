// The program: picks the command and hands it the rest of the arguments.

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "main/commands.h"
#include "main/eval.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv); // Gets its own name as argv[0].
    const char *help;
};

static const struct command evaluators[] = {
    {"jsonata", eval_jsonata, "{\"expr\", \"data\"?, \"bindings\"?, ...}"},
    {"jsonpath", eval_jsonpath, "{\"path\", \"document\"}"},
    {"validate", eval_validate, "{\"definition\", \"type\"?, \"rules\"?}"},
    {"run", eval_run, "{\"definition\", \"input\", \"tasks\"...}"},
};

static const struct command *find(const struct command *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}

static void print_list(FILE *stream, const struct command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "  %-10s%s\n", commands[i].name, commands[i].help);
}

static int command_eval(int argc, char **argv)
{
    const struct command *evaluator =
        argc < 2 ? NULL : find(evaluators, ARRAY_COUNT(evaluators), argv[1]);
    if (evaluator != NULL) return evaluator->run(argc - 1, argv + 1);
    bool is_asked = argc >= 2 && strcmp(argv[1], "--help") == 0;
    FILE *stream = is_asked ? stdout : stderr;
    fputs("Usage: galop eval WHAT\n\n"
          "Read one JSON request per line on stdin, write one JSON answer per line on stdout.\n\n"
          "What, and its request:\n",
          stream);
    print_list(stream, evaluators, ARRAY_COUNT(evaluators));
    return is_asked ? 0 : 2;
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("galop " GALOP_VERSION);
    return 0;
}

static const struct command commands[] = {
    {"serve", command_serve, "serve the AWS APIs on this machine"},
    {"run", command_run, "run a definition in process, with mocks or local functions"},
    {"validate", command_validate, "check definitions in JSON, YAML and templates"},
    {"backup", command_backup,
     "copy a data directory's content to a file, also while it is served"},
    {"check", command_check, "check a data directory or a backup for damage"},
    {"eval", command_eval, "answer JSON lines with the evaluators, for conformance suites"},
    {"version", command_version, "print the version"},
};

static void print_help(FILE *stream)
{
    fputs("Galop runs Amazon States Language workflows behind the AWS Step Functions API.\n\n"
          "Usage: galop COMMAND [OPTION...]\n\nCommands:\n",
          stream);
    print_list(stream, commands, ARRAY_COUNT(commands));
    fputs("\nEach command explains itself: galop COMMAND --help\n", stream);
}

int main(int argc, char **argv)
{
    const char *name = argc < 2 ? "" : argv[1];
    const struct command *command = find(commands, ARRAY_COUNT(commands), name);
    if (command != NULL) return command->run(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0) return command_version(argc, argv);
    bool is_asked =
        strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    if (!is_asked && argc >= 2) fprintf(stderr, "galop: there is no command '%s'\n\n", name);
    print_help(is_asked ? stdout : stderr);
    return is_asked ? 0 : 2;
}
