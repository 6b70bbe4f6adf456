// Names are checked by their shape and not by a list: a list would be out of date with every
// release of the runtimes.

#include "lambda/language.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "lambda/process.h"

enum { PROBE_MS = 10000 }; // For a program to say where it lies.

static const int64_t silent_ns = 60000000000; // A minute.

// "20.x": one or more digits, then ".x".
static bool is_node_version(struct str text)
{
    uint64_t version;
    if (!str_ends_with(text, STR(".x"))) return false;
    return text.size <= 5 && str_to_u64(str_slice(text, 0, text.size - 2), &version) &&
           version >= 4;
}

static bool is_python_version(struct str text)
{
    uint64_t minor;
    return str_starts_with(text, STR("3.")) && text.size <= 5 &&
           str_to_u64(str_skip(text, 2), &minor);
}

bool lambda_language_parse(struct str runtime, enum lambda_language *ret_language)
{
    if (str_starts_with(runtime, STR("nodejs")) && is_node_version(str_skip(runtime, 6))) {
        *ret_language = LAMBDA_NODEJS;
        return true;
    }
    if (str_starts_with(runtime, STR("python")) && is_python_version(str_skip(runtime, 6))) {
        *ret_language = LAMBDA_PYTHON;
        return true;
    }
    if (str_is(runtime, "provided") || str_is(runtime, "provided.al2") ||
        str_is(runtime, "provided.al2023")) {
        *ret_language = LAMBDA_PROVIDED;
        return true;
    }
    return false;
}

// Look for a file in the folders of PATH, beginning with the folder number `*skip`, which becomes
// the number of the folder after the one where it was found.
static bool find_in_path(const char *name, size_t *skip, char ret_path[static PATH_MAX])
{
    struct str rest = str_from_c(getenv("PATH"));
    if (rest.size == 0) rest = STR("/usr/local/bin:/usr/bin:/bin");
    for (size_t i = 0; rest.data != NULL; i++) {
        struct str folder = str_cut(&rest, ':');
        struct stat stat_of_path;
        // Relative folders are left out: what they mean changes with the working folder.
        if (i < *skip || folder.size == 0 || folder.data[0] != '/') continue;
        int size = snprintf(ret_path, PATH_MAX, "%" STR_FORMAT "/%s", STR_ARGS(folder), name);
        if (size < 0 || size >= PATH_MAX) continue;
        if (stat(ret_path, &stat_of_path) != 0 || !S_ISREG(stat_of_path.st_mode) ||
            access(ret_path, X_OK) != 0)
            continue;
        *skip = i + 1;
        return true;
    }
    return false;
}

// Everything a child prints until it closes its output, at most `size_max` bytes and as long as
// PROBE_MS. Returns its size.
static size_t read_answer(int output, char *ret_text, size_t size_max)
{
    int64_t deadline_ns = clock_steady_ns() + (int64_t)PROBE_MS * 1000000;
    size_t size = 0;
    while (size < size_max) {
        int64_t left_ms = (deadline_ns - clock_steady_ns()) / 1000000;
        struct pollfd wait = {.fd = output, .events = POLLIN};
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) <= 0) break;
        ssize_t got = read(output, ret_text + size, size_max - size);
        if (got <= 0) break;
        size += (size_t)got;
    }
    return size;
}

// Start the program once and let it say where it lies. Returns false when it does not run.
static bool probe(enum lambda_language language, char path[static PATH_MAX])
{
    static const char node_question[] = "process.stdout.write(process.execPath)";
    static const char python_question[] = "import sys; sys.stdout.write(sys.executable)";
    char flag[] = "-c", question[64], answer[PATH_MAX], variable[PATH_MAX + 8];
    int pipe_ends[2], wait_status, error;
    bool is_node = language == LAMBDA_NODEJS;
    if (is_node) flag[1] = 'e';
    snprintf(question, sizeof(question), "%s", is_node ? node_question : python_question);
    snprintf(variable, sizeof(variable), "PATH=%s", getenv("PATH") == NULL ? "" : getenv("PATH"));
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return false;
    struct lambda_process process;
    char *arguments[] = {path, flag, question, NULL}, *environment[] = {variable, NULL};
    const struct lambda_process_start start = {path,         arguments, environment, "/",
                                               pipe_ends[1], -1,        -1};
    enum status status = lambda_process_start(&start, &process, &error);
    close(pipe_ends[1]);
    size_t size = status == STATUS_OK ? read_answer(pipe_ends[0], answer, sizeof(answer) - 1) : 0;
    close(pipe_ends[0]);
    if (status != STATUS_OK) return false;
    if (size == 0) lambda_process_kill(&process);
    lambda_process_reap(&process, true, &wait_status);
    answer[size] = '\0';
    if (wait_status != 0 || answer[0] != '/' || access(answer, X_OK) != 0) return false;
    memcpy(path, answer, size + 1);
    return true;
}

// What was found before, unless it was removed since.
static bool recall(struct lambda_programs *programs, const char *name,
                   char ret_path[static PATH_MAX])
{
    for (size_t i = 0; i < programs->count; i++) {
        if (strcmp(programs->found[i].name, name) != 0) continue;
        if (access(programs->found[i].path, X_OK) == 0) {
            snprintf(ret_path, PATH_MAX, "%s", programs->found[i].path);
            return true;
        }
        free(programs->found[i].path);
        programs->found[i] = programs->found[--programs->count];
        return false;
    }
    return false;
}

static void remember(struct lambda_programs *programs, const char *name, const char *path)
{
    char *copy = programs->count < LAMBDA_PROGRAMS_MAX ? strdup(path) : NULL;
    if (copy == NULL) return; // It will be searched again.
    size_t i = programs->count++;
    snprintf(programs->found[i].name, sizeof(programs->found[i].name), "%s", name);
    programs->found[i].path = copy;
}

// Whether the file did not answer a short while ago.
static bool is_silent(struct lambda_programs *programs, const char *path)
{
    for (size_t i = 0; i < programs->silent_count; i++) {
        if (strcmp(programs->silent[i].path, path) != 0) continue;
        if (clock_steady_ns() - programs->silent[i].asked_steady_ns < silent_ns) return true;
        free(programs->silent[i].path);
        programs->silent[i] = programs->silent[--programs->silent_count];
        return false;
    }
    return false;
}

static void remember_silent(struct lambda_programs *programs, const char *path)
{
    char *copy = programs->silent_count < LAMBDA_PROGRAMS_MAX ? strdup(path) : NULL;
    if (copy == NULL) return; // It will be asked again.
    size_t i = programs->silent_count++;
    programs->silent[i].path = copy;
    programs->silent[i].asked_steady_ns = clock_steady_ns();
}

void lambda_programs_release(struct lambda_programs *programs)
{
    for (size_t i = 0; i < programs->count; i++)
        free(programs->found[i].path);
    for (size_t i = 0; i < programs->silent_count; i++)
        free(programs->silent[i].path);
    *programs = (struct lambda_programs){0};
}

// A program by its name, from memory or by search.
static bool find_program(struct lambda_programs *programs, enum lambda_language language,
                         const char *name, char ret_path[static PATH_MAX])
{
    size_t folder = 0;
    if (recall(programs, name, ret_path)) return true;
    while (find_in_path(name, &folder, ret_path)) {
        if (is_silent(programs, ret_path)) continue;
        if (!probe(language, ret_path)) {
            remember_silent(programs, ret_path); // Unchanged.
            continue;
        }
        remember(programs, name, ret_path);
        return true;
    }
    return false;
}

bool lambda_language_find_program(struct lambda_programs *programs, struct str runtime,
                                  char ret_path[static PATH_MAX], bool *ret_is_exact,
                                  char ret_wanted[static LAMBDA_WANTED_SIZE])
{
    enum lambda_language language;
    ret_path[0] = ret_wanted[0] = '\0';
    *ret_is_exact = true;
    if (runtime.size > LAMBDA_RUNTIME_SIZE_MAX || !lambda_language_parse(runtime, &language))
        return false;
    if (language == LAMBDA_PROVIDED) {
        snprintf(ret_wanted, LAMBDA_WANTED_SIZE, "bootstrap");
        return true;
    }
    if (language == LAMBDA_NODEJS) {
        snprintf(ret_wanted, LAMBDA_WANTED_SIZE, "node");
        return find_program(programs, language, "node", ret_path);
    }
    char exact[LAMBDA_RUNTIME_SIZE_MAX + 1];
    snprintf(exact, sizeof(exact), "%" STR_FORMAT, STR_ARGS(runtime));
    snprintf(ret_wanted, LAMBDA_WANTED_SIZE, "%s or python3", exact);
    if (find_program(programs, language, exact, ret_path)) return true;
    *ret_is_exact = false;
    return find_program(programs, language, "python3", ret_path);
}
