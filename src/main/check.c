// galop check: whether a data directory, or a backup of one, fits together.

#include <inttypes.h>
#include <stdio.h>

#include "main/commands.h"
#include "main/options.h"
#include "store/maintenance.h"

struct settings {
    struct str path;
    bool has_path;
    bool is_quiet;
};

static const char *take_data(void *context, struct str value)
{
    struct settings *settings = context;
    if (settings->has_path) return "one directory or file is enough";
    settings->has_path = true;
    settings->path = value;
    return value.size == 0 ? "name a directory" : NULL;
}

static const char *take_quiet(void *context, struct str value)
{
    (void)value;
    ((struct settings *)context)->is_quiet = true;
    return NULL;
}

static const struct option options[] = {
    {"--data", "DIR", "The data directory, as given to galop serve (./galop-data).", take_data},
    {"--quiet", NULL, "Print nothing but what is wrong.", take_quiet},
};

static const char usage[] =
    "Usage: galop check [OPTION...] [FILE]\n\n"
    "Check a data directory, or FILE that galop backup has made: that the database is not\n"
    "damaged, and that what is in it fits together (executions, their steps and histories,\n"
    "snapshots, definitions, logs). Nothing is changed. A server may run meanwhile: what is\n"
    "checked is the state of one moment. A large directory takes a while, as everything is "
    "read.\n\n"
    "  galop check --data ./galop-data\n"
    "  galop check monday.db\n\n"
    "The exit status is 0 when all is well, 1 when something is wrong (one line each), 2 when\n"
    "it could not be checked.\n";

static void begin(void *context, struct str what)
{
    const struct settings *settings = context;
    if (!settings->is_quiet) printf("checking %" STR_FORMAT "\n", STR_ARGS(what));
    fflush(stdout);
}

static void find(void *context, struct str problem)
{
    const struct settings *settings = context;
    printf("%s%" STR_FORMAT "\n", settings->is_quiet ? "" : "  ", STR_ARGS(problem));
}

int command_check(int argc, char **argv)
{
    struct settings settings = {.path = STR("./galop-data")};
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, take_data, &settings);
    struct arena arena;
    arena_init(&arena, MIB(1));
    struct store_check check = {
        .path = settings.path.data, // A word of the command line.
        .begin = begin,
        .find = find,
        .context = &settings,
    };
    struct str why = STR("");
    enum status status = store_check(&check, &arena, &why);
    int code = 2;
    if (status != STATUS_OK) {
        fprintf(stderr, "galop check: %" STR_FORMAT "%s\n", STR_ARGS(why),
                status == STATUS_NOT_FOUND
                    ? "; name the directory of galop serve with --data, or a file that galop "
                      "backup made"
                    : "");
    } else if (check.problem_count > 0) {
        printf("%" PRIu64 " %s wrong\n", check.problem_count,
               check.problem_count == 1 ? "thing is" : "things are");
        code = 1;
    } else {
        if (!settings.is_quiet) puts("all is well");
        code = 0;
    }
    arena_release(&arena);
    return code;
}
