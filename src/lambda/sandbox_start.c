// Everything for execve() is built in an arena that is given back right after.

#include "lambda/sandbox_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "lambda/files.h"
#include "lambda/private.h"

enum { OWN_VARIABLES_MAX = 32, START_SIZE_LIMIT = 256 * 1024 };

// "NAME=value" strings for execve().
struct environment {
    struct arena *arena;
    const struct lambda_configuration *configuration;
    char **items;
    size_t count;
};

static void append(struct environment *environment, struct str name, struct str value)
{
    struct str text = arena_printf(environment->arena, "%" STR_FORMAT "=%" STR_FORMAT,
                                   STR_ARGS(name), STR_ARGS(value));
    // The arena hands out memory that may be written; execve() asks for char *.
    environment->items[environment->count++] = (char *)(uintptr_t)text.data;
}

// A variable of ours, unless the function has its own of that name.
static void set(struct environment *environment, const char *name, struct str value)
{
    const struct lambda_configuration *configuration = environment->configuration;
    for (size_t i = 0; i < configuration->variable_count; i++) {
        if (str_is(configuration->variables[i].name, name)) return;
    }
    append(environment, str_from_c(name), value);
}

static bool has_variable(const struct lambda_configuration *configuration, const char *name)
{
    for (size_t i = 0; i < configuration->variable_count; i++) {
        if (str_is(configuration->variables[i].name, name)) return true;
    }
    return false;
}

static void set_credentials(struct environment *environment, const struct lambda_settings *settings)
{
    bool is_given = settings->access_key_id.size > 0;
    set(environment, "AWS_ACCESS_KEY_ID",
        is_given ? settings->access_key_id : STR("ASIAGALOPLOCALFUNCT"));
    set(environment, "AWS_SECRET_ACCESS_KEY",
        is_given ? settings->secret_access_key : STR("local"));
    if (!is_given) set(environment, "AWS_SESSION_TOKEN", STR("local"));
    if (settings->endpoint_url.size > 0)
        set(environment, "AWS_ENDPOINT_URL", settings->endpoint_url);
}

static char **make_environment(struct arena *arena, const struct lambda_sandbox *sandbox)
{
    const struct lambda_version *version = sandbox->version;
    const struct lambda_configuration *configuration = &version->configuration;
    const struct lambda *lambda = sandbox->lambda;
    const struct lambda_settings *settings = &lambda->settings;
    char scratch[PATH_MAX];
    struct environment environment = {.arena = arena, .configuration = configuration};
    environment.items = arena_alloc_array(
        arena, configuration->variable_count + OWN_VARIABLES_MAX + 1, sizeof(char *));
    if (environment.items == NULL) return NULL;
    for (size_t i = 0; i < configuration->variable_count; i++)
        append(&environment, configuration->variables[i].name, configuration->variables[i].value);
    const char *path = getenv("PATH");
    struct str bootstrap = str_from_c(version->bootstrap);
    const char *slash = strrchr(version->bootstrap, '/');
    struct str runtime_folder = slash == NULL
                                    ? settings->directory
                                    : str_slice(bootstrap, 0, (size_t)(slash - version->bootstrap));
    lambda_sandbox_scratch_path(sandbox, scratch);
    set(&environment, "AWS_LAMBDA_RUNTIME_API",
        arena_printf(arena, "127.0.0.1:%u/%s", http_server_port(lambda->server), sandbox->token));
    set(&environment, "_HANDLER", configuration->handler);
    set(&environment, "LAMBDA_TASK_ROOT", str_from_c(version->code_folder));
    set(&environment, "LAMBDA_RUNTIME_DIR", runtime_folder);
    set(&environment, "AWS_LAMBDA_FUNCTION_NAME", configuration->name);
    set(&environment, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        arena_printf(arena, "%u", configuration->memory_mb));
    set(&environment, "AWS_LAMBDA_FUNCTION_VERSION", configuration->version);
    set(&environment, "AWS_LAMBDA_LOG_GROUP_NAME", configuration->log_group);
    set(&environment, "AWS_LAMBDA_LOG_STREAM_NAME", str_from_c(sandbox->stream_name));
    set(&environment, "AWS_LAMBDA_INITIALIZATION_TYPE", STR("on-demand"));
    set(&environment, "AWS_EXECUTION_ENV",
        arena_printf(arena, "AWS_Lambda_%" STR_FORMAT, STR_ARGS(configuration->runtime)));
    set(&environment, "AWS_REGION", version->region);
    set(&environment, "AWS_DEFAULT_REGION", version->region);
    set_credentials(&environment, settings);
    set(&environment, "TZ", STR(":UTC"));
    set(&environment, "LANG", STR("C.UTF-8"));
    set(&environment, "PATH",
        path == NULL ? STR("/usr/local/bin:/usr/bin:/bin") : str_from_c(path));
    set(&environment, "TMPDIR", str_from_c(scratch));
    environment.items[environment.count] = NULL;
    return environment.items;
}

static char **make_arguments(struct arena *arena, const struct lambda_sandbox *sandbox)
{
    const struct lambda_version *version = sandbox->version;
    const struct lambda_configuration *configuration = &version->configuration;
    char **arguments = arena_alloc_array(arena, 4, sizeof(char *));
    struct str option = STR("");
    size_t count = 0;
    if (arguments == NULL) return NULL;
    switch (configuration->language) {
    case LAMBDA_NODEJS:
        // Node's heap must know the limit, or its garbage grows past it.
        if (!has_variable(configuration, "NODE_OPTIONS"))
            option = arena_printf(arena, "--max-old-space-size=%u",
                                  configuration->memory_mb - configuration->memory_mb / 4);
        break;
    case LAMBDA_PYTHON: option = arena_printf(arena, "-u"); break; // Output is not held back.
    case LAMBDA_PROVIDED: break;
    }
    arguments[count++] = (char *)(uintptr_t)version->program;
    if (option.size > 0) arguments[count++] = (char *)(uintptr_t)option.data;
    if (version->bootstrap[0] != '\0') arguments[count++] = (char *)(uintptr_t)version->bootstrap;
    arguments[count] = NULL;
    return arguments;
}

void lambda_sandbox_scratch_path(const struct lambda_sandbox *sandbox,
                                 char ret_path[static PATH_MAX])
{
    // Half of the token: who reads the folder's name does not learn the rest.
    snprintf(ret_path, PATH_MAX, "%" STR_FORMAT "/scratch/%.*s",
             STR_ARGS(sandbox->lambda->settings.directory), LAMBDA_TOKEN_SIZE / 2, sandbox->token);
}

// Say why the program could not be started, in the service's words where it is the function's own.
static void explain(const struct lambda_version *version, int error, struct str *reterr_type,
                    char reterr_message[static 256])
{
    *reterr_type = STR("Runtime.InvalidEntrypoint");
    if (version->configuration.language == LAMBDA_PROVIDED && error == ENOENT) {
        snprintf(reterr_message, 256,
                 "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
        return;
    }
    const char *program = version->configuration.language == LAMBDA_PROVIDED ? "/var/task/bootstrap"
                                                                             : version->program;
    const char *reason = error == EACCES    ? "permission denied"
                         : error == ENOEXEC ? "exec format error"
                                            : strerrordesc_np(error);
    snprintf(reterr_message, 256, "fork/exec %s: %s", program, reason == NULL ? "error" : reason);
}

bool lambda_sandbox_spawn(struct lambda_sandbox *sandbox, struct str *reterr_type,
                          char reterr_message[static 256])
{
    const struct lambda_version *version = sandbox->version;
    struct arena CLEANUP(arena_release) arena;
    char scratch[PATH_MAX];
    int ends[2], error = 0;
    arena_init(&arena, START_SIZE_LIMIT);
    char **arguments = make_arguments(&arena, sandbox);
    char **environment = make_environment(&arena, sandbox);
    if (arguments == NULL || environment == NULL || arena.is_exhausted) return false;
    lambda_sandbox_scratch_path(sandbox, scratch);
    if (mkdir(scratch, 0700) != 0 && errno != EEXIST) {
        log_error("lambda: %s cannot be made: %s", scratch, strerrordesc_np(errno));
        return false;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    const struct lambda_process_start start = {
        .program = version->program,
        .arguments = arguments,
        .environment = environment,
        .folder = version->code_folder,
        .output = ends[1],
        .error = ends[1],
        .records = -1,
    };
    enum status status = lambda_process_start(&start, &sandbox->process, &error);
    close(ends[1]);
    if (status == STATUS_OK) {
        // Only our end: the child's writes must block rather than fail.
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        sandbox->output_watch.fd = ends[0];
        return true;
    }
    close(ends[0]);
    lambda_files_remove_later(sandbox->lambda->files, scratch);
    log_error("lambda: %s cannot be started: %s", version->program, strerrordesc_np(error));
    if (status == STATUS_IO) explain(version, error, reterr_type, reterr_message);
    return false;
}
