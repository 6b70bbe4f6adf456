// One pass over the words of a command line.

#include "main/options.h"

#include <stdio.h>
#include <stdlib.h>

static NO_RETURN void print_help(const struct option *options, size_t count, const char *usage)
{
    printf("%s\nOptions:\n", usage);
    for (size_t i = 0; i < count; i++) {
        if (options[i].take == NULL) continue;
        printf("  %s%s%s\n", options[i].name, options[i].value == NULL ? "" : " ",
               options[i].value == NULL ? "" : options[i].value);
        struct str help = str_from_c(options[i].help);
        while (help.data != NULL) {
            struct str line = str_cut(&help, '\n');
            printf("        %" STR_FORMAT "\n", STR_ARGS(line));
        }
    }
    printf("  --help\n        Print this.\n");
    exit(0);
}

static NO_RETURN void refuse(const char *command, const char *what, struct str word,
                             const char *remedy)
{
    fprintf(stderr, "galop %s: %s '%" STR_FORMAT "'%s%s\nTry: galop %s --help\n", command, what,
            STR_ARGS(word), remedy == NULL ? "" : ": ", remedy == NULL ? "" : remedy, command);
    exit(2);
}

static const struct option *find_option(const struct option *options, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(name, options[i].name)) return &options[i];
    }
    return NULL;
}

void options_read(int argc, char **argv, const struct option *options, size_t option_count,
                  const char *usage, const char *(*take_argument)(void *context, struct str word),
                  void *context)
{
    const char *command = argv[0];
    for (int i = 1; i < argc; i++) {
        struct str word = str_from_c(argv[i]);
        if (str_is(word, "--help") || str_is(word, "-h")) {
            print_help(options, option_count, usage);
        }
        if (!str_starts_with(word, STR("--"))) {
            if (take_argument == NULL) refuse(command, "unexpected argument", word, NULL);
            const char *remedy = take_argument(context, word);
            if (remedy != NULL) refuse(command, "bad argument", word, remedy);
            continue;
        }
        struct str value = word;
        struct str name = str_cut(&value, '=');
        const struct option *option = find_option(options, option_count, name);
        if (option == NULL || option->take == NULL) {
            refuse(command, "unknown option", name, option == NULL ? NULL : option->help);
        }
        if (option->value != NULL && value.data == NULL) {
            if (i + 1 == argc) refuse(command, "a value is missing after", name, option->value);
            value = str_from_c(argv[++i]);
        }
        const char *remedy = option->take(context, value.data == NULL ? STR("") : value);
        if (remedy != NULL) {
            fprintf(stderr, "galop %s: %s: '%" STR_FORMAT "' will not do: %s\n", command,
                    option->name, STR_ARGS(value), remedy);
            exit(2);
        }
    }
}
