// galop backup: a copy of the data directory's database, also while a server runs.

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "main/commands.h"
#include "main/options.h"
#include "store/maintenance.h"

struct settings {
    struct str data;
    struct str path;
    bool is_forced;
    bool is_terminal;
    int64_t progress_ns; // Time of the last line of progress.
};

static const char *take_data(void *context, struct str value)
{
    ((struct settings *)context)->data = value;
    return value.size == 0 ? "name a directory" : NULL;
}

static const char *take_force(void *context, struct str value)
{
    (void)value;
    ((struct settings *)context)->is_forced = true;
    return NULL;
}

static const char *take_path(void *context, struct str word)
{
    struct settings *settings = context;
    if (settings->path.size > 0) return "one file is enough";
    settings->path = word;
    return word.size == 0 ? "name a file" : NULL;
}

static const struct option options[] = {
    {"--data", "DIR", "The data directory, as given to galop serve (./galop-data).", take_data},
    {"--force", NULL, "Replace FILE if it exists.", take_force},
};

static const char usage[] =
    "Usage: galop backup [OPTION...] FILE\n\n"
    "Copy everything that galop serve keeps to one file: state machines, executions and their\n"
    "histories, functions with their code, roles, logs. A server may run meanwhile: the copy is\n"
    "the state of one moment, and the server goes on. FILE appears when it is complete and has\n"
    "been checked, or not at all. It holds secrets (access keys, inputs): keep it as safely.\n\n"
    "To go back to it, give a server a directory with nothing but that file in it:\n\n"
    "  galop backup --data ./galop-data monday.db\n"
    "  mkdir restored && cp monday.db restored/galop.db\n"
    "  galop serve --data restored\n\n"
    "What was acknowledged after the backup is gone then, and executions that were open go on\n"
    "from where they were: a task that they performed since is performed again.\n\n"
    "The exit status is 0 when FILE is complete, 1 when it could not be made, 2 for a mistake\n"
    "on the command line.\n";

// A line that a terminal keeps rewriting; nothing elsewhere.
static void show_progress(void *context, uint64_t done, uint64_t total)
{
    enum { INTERVAL_NS = 200000000 };
    struct settings *settings = context;
    int64_t now_ns = clock_steady_ns();
    if (!settings->is_terminal) return;
    if (done < total && now_ns - settings->progress_ns < INTERVAL_NS) return;
    settings->progress_ns = now_ns;
    fprintf(stderr, "\r%3" PRIu64 " %% of %" PRIu64 " pages%s",
            total == 0 ? 100 : done * 100 / total, total, done == total ? ", checking" : "");
}

int command_backup(int argc, char **argv)
{
    struct settings settings = {.data = STR("./galop-data")};
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, take_path, &settings);
    if (settings.path.size == 0) {
        fputs("galop backup: name the file to write\nTry: galop backup --help\n", stderr);
        return 2;
    }
    settings.is_terminal = isatty(STDERR_FILENO) == 1;
    struct arena arena;
    arena_init(&arena, MIB(1));
    struct store_backup backup = {
        .directory = settings.data.data, // Both are words of the command line.
        .path = settings.path.data,
        .may_replace = settings.is_forced,
        .progress = show_progress,
        .context = &settings,
    };
    struct str why = STR("");
    enum status status = store_backup(&backup, &arena, &why);
    if (settings.is_terminal) fputs("\r\033[K", stderr);
    if (status == STATUS_OK) {
        printf("%s: %" PRIu64 " bytes, complete and checked\n", backup.path, backup.size_bytes);
    } else {
        const char *remedy = status == STATUS_CONFLICT ? "; --force replaces it"
                             : status == STATUS_NOT_FOUND
                                 ? "; --data names the directory of galop serve"
                                 : "";
        fprintf(stderr, "galop backup: %" STR_FORMAT "%s\n", STR_ARGS(why), remedy);
    }
    arena_release(&arena);
    return status == STATUS_OK ? 0 : 1;
}
