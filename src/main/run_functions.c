// Which file of a folder is the function, and which function of the file the handler, is found by
// the names that people use; "PATH:HANDLER" says it outright.

#include "main/run_functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iam/iam.h"
#include "lambda/archive.h"
#include "lambda/arn.h"
#include "lambda/lambda.h"
#include "lambda/pack.h"
#include "main/read_file.h"

enum { SOURCE_SIZE_MAX = 16 << 20 };

// Names of the file that holds the handler, the likeliest first.
static const char *const entry_files[] = {
    "index.mjs",   "index.js",   "index.cjs", "lambda_function.py", "app.mjs",
    "app.js",      "app.cjs",    "app.py",    "handler.mjs",        "handler.js",
    "handler.cjs", "handler.py", "main.py",   "index.py",
};

// What CreateFunction needs to know.
struct code {
    struct str runtime;
    struct str handler; // "index.handler"
    const char *path;   // To pack.
};

// ---------------------------------------------------------------------------------------------
// Looking at what was given

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static const char *join(struct arena *arena, const char *folder, const char *name)
{
    return arena_printf(arena, "%s/%s", folder, name).data;
}

// "nodejs22.x", "python3.13", or empty for a file that is no source of either.
static struct str runtime_of(struct str file)
{
    if (str_ends_with(file, STR(".py"))) return STR("python3.13");
    bool is_script = str_ends_with(file, STR(".js")) || str_ends_with(file, STR(".mjs")) ||
                     str_ends_with(file, STR(".cjs"));
    return is_script ? STR("nodejs22.x") : STR("");
}

static struct str without_extension(struct str file)
{
    for (size_t i = file.size; i > 0; i--) {
        if (file.data[i - 1] == '.') return str_slice(file, 0, i - 1);
    }
    return file;
}

static struct str base_name(struct str path)
{
    for (size_t i = path.size; i > 0; i--) {
        if (path.data[i - 1] == '/') return str_skip(path, i);
    }
    return path;
}

// The handler in a source file: "handler", in Python often "lambda_handler".
static struct str handler_in(struct arena *arena, const char *path, struct str runtime)
{
    struct str source = STR(""), why;
    if (!str_starts_with(runtime, STR("python")) ||
        !read_file(path, SOURCE_SIZE_MAX, arena, &source, &why)) {
        return STR("handler");
    }
    return str_find(source, STR("def lambda_handler(")) != SIZE_MAX ? STR("lambda_handler")
                                                                    : STR("handler");
}

static struct code code_of_file(struct arena *arena, const char *path, struct str handler)
{
    struct str file = base_name(str_from_c(path));
    struct code code = {.runtime = runtime_of(file), .path = path};
    if (code.runtime.size == 0) {
        run_refuse("--function: %s is no JavaScript (.js, .mjs, .cjs) and no Python (.py)", path);
    }
    if (handler.size == 0) handler = handler_in(arena, path, code.runtime);
    code.handler = str_find_byte(handler, '.') != SIZE_MAX
                       ? handler
                       : arena_printf(arena, "%" STR_FORMAT ".%" STR_FORMAT,
                                      STR_ARGS(without_extension(file)), STR_ARGS(handler));
    return code;
}

// The file of a folder that a handler such as "app.main" names.
static const char *file_of_handler(struct arena *arena, const char *folder, struct str handler)
{
    static const char *const extensions[] = {"mjs", "js", "cjs", "py"};
    struct str module = without_extension(handler);
    for (size_t i = 0; i < ARRAY_COUNT(extensions); i++) {
        const char *path =
            arena_printf(arena, "%s/%" STR_FORMAT ".%s", folder, STR_ARGS(module), extensions[i])
                .data;
        if (access(path, R_OK) == 0) return path;
    }
    return NULL;
}

static struct code code_of_folder(struct arena *arena, const char *folder, struct str handler)
{
    const char *file = NULL;
    if (handler.size > 0) {
        file = file_of_handler(arena, folder, handler);
        if (file == NULL) {
            run_refuse("--function: %s has no file for the handler '%" STR_FORMAT "'", folder,
                       STR_ARGS(handler));
        }
    } else if (access(join(arena, folder, "bootstrap"), X_OK) == 0) {
        return (struct code){STR("provided.al2023"), STR("bootstrap"), folder};
    }
    for (size_t i = 0; i < ARRAY_COUNT(entry_files) && file == NULL; i++) {
        const char *path = join(arena, folder, entry_files[i]);
        if (access(path, R_OK) == 0) file = path;
    }
    if (file == NULL) {
        run_refuse("--function: %s has none of index, app, handler (.mjs, .js, .cjs, .py), "
                   "lambda_function.py, main.py, bootstrap; name the handler: %s:FILE.FUNCTION",
                   folder, folder);
    }
    struct code code = code_of_file(arena, file, handler);
    code.path = folder;
    return code;
}

static struct code find_code(struct arena *arena, const struct run_function *function)
{
    struct str handler = STR("");
    struct str given = function->path;
    const char *path = arena_printf(arena, "%" STR_FORMAT, STR_ARGS(given)).data;
    if (access(path, F_OK) != 0) {
        size_t colon = given.size;
        while (colon > 0 && given.data[colon - 1] != ':')
            colon--;
        if (colon > 1) {
            handler = str_skip(given, colon);
            path = arena_printf(arena, "%" STR_FORMAT, (int)(colon - 1), given.data).data;
        }
    }
    if (access(path, R_OK) != 0) {
        run_refuse("--function %" STR_FORMAT ": there is no file or folder %" STR_FORMAT,
                   STR_ARGS(function->name), STR_ARGS(given));
    }
    return is_folder(path) ? code_of_folder(arena, path, handler)
                           : code_of_file(arena, path, handler);
}

// ---------------------------------------------------------------------------------------------
// Creating

struct creation {
    struct lambda_operation operation;
    bool is_done;
};

static void on_created(struct lambda_operation *operation)
{
    CONTAINER_OF(operation, struct creation, operation)->is_done = true;
}

static struct json parameters_of(struct arena *arena, const struct run_function *function,
                                 const struct code *code)
{
    struct json_members members;
    json_members_init(&members, arena);
    json_members_append(&members, STR("FunctionName"), json_from_str(function->name));
    json_members_append(&members, STR("Runtime"), json_from_str(code->runtime));
    json_members_append(&members, STR("Handler"), json_from_str(code->handler));
    json_members_append(&members, STR("Role"),
                        json_from_str(STR("arn:aws:iam::000000000000:role/local")));
    // What the real function is given is not known here: its limits are not to be met by chance.
    json_members_append(&members, STR("Timeout"), json_from_integer(900));
    json_members_append(&members, STR("MemorySize"), json_from_integer(1024));
    return json_members_finish(&members);
}

static void create(struct run_functions *functions, const struct run_function *function,
                   struct net_loop *loop, struct arena *arena)
{
    struct code code = find_code(arena, function);
    struct creation creation = {
        .operation = {.reply_to = net_loop_mailbox(loop),
                      .done = on_created,
                      .kind = LAMBDA_CREATE_FUNCTION,
                      .arena = arena,
                      .region = RUN_REGION,
                      .parameters = parameters_of(arena, function, &code)},
    };
    struct str why = STR("");
    if (lambda_pack(code.path, arena, &creation.operation.zip, &why) != STATUS_OK) {
        run_refuse("--function %" STR_FORMAT ": %" STR_FORMAT, STR_ARGS(function->name),
                   STR_ARGS(why));
    }
    lambda_operate(functions->lambda, &creation.operation);
    while (!creation.is_done)
        net_loop_turn(loop, -1);
    const struct lambda_exception *exception = &creation.operation.exception;
    if (lambda_exception_is_set(exception)) {
        run_refuse("--function %" STR_FORMAT ": %" STR_FORMAT, STR_ARGS(function->name),
                   STR_ARGS(exception->message));
    }
}

static void require(enum status status, struct str why)
{
    if (status == STATUS_OK) return;
    run_refuse("cannot set up functions: %" STR_FORMAT "%s", STR_ARGS(why),
               why.size > 0 ? "" : status_name(status));
}

// A message must not keep the folder from being removed.
static struct run_functions *started;

static void stop_at_exit(void)
{
    if (started != NULL) run_functions_stop(started);
}

void run_functions_start(struct run_functions *functions, struct net_loop *loop,
                         struct random *random, struct arena *arena, struct tasks *tasks)
{
    static struct clock real; // Of what happens to functions, which are real.
    struct str why = STR("");
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0' || strlen(parent) > 40) parent = "/tmp";
    snprintf(functions->folder, sizeof(functions->folder), "%s/galop-run-XXXXXX", parent);
    started = functions;
    atexit(stop_at_exit);
    if (mkdtemp(functions->folder) == NULL) {
        functions->folder[0] = '\0';
        run_refuse("cannot make a scratch folder in %s", parent);
    }
    clock_init_real(&real);
    require(store_open(STR(""), arena, &functions->store, &why), why);
    struct iam_options iam = {.account = RUN_ACCOUNT, .store = functions->store, .clock = &real};
    require(iam_open(&iam, &functions->iam), STR(""));
    require(logs_open(functions->store, &real, RUN_ACCOUNT, &functions->logs), STR(""));
    struct lambda_settings settings = {.directory = str_from_c(functions->folder),
                                       .account = RUN_ACCOUNT,
                                       .store = functions->store,
                                       .logs = functions->logs};
    require(lambda_new(&settings, arena, &functions->lambda, &why), why);
    iam_reader_init(&functions->iam_reader, functions->iam);
    for (size_t i = 0; i < functions->count; i++)
        create(functions, &functions->functions[i], loop, arena);
    *tasks = (struct tasks){.loop = loop,
                            .lambda = functions->lambda,
                            .iam = &functions->iam_reader,
                            .random = random,
                            .account = RUN_ACCOUNT};
}

struct str run_function_name(struct str reference)
{
    struct lambda_reference parts;
    if (str_starts_with(reference, STR("${")) && str_ends_with(reference, STR("}"))) {
        struct str name = str_slice(reference, 2, reference.size - 3);
        if (str_ends_with(name, STR(".Arn"))) name.size -= 4;
        return name;
    }
    return lambda_reference_parse(reference, &parts) ? parts.name : reference;
}

const struct run_function *run_functions_find(const struct run_functions *functions,
                                              struct str reference)
{
    struct str name = run_function_name(reference);
    for (size_t i = 0; i < functions->count; i++) {
        if (str_equal(functions->functions[i].name, name)) return &functions->functions[i];
    }
    return NULL;
}

void run_functions_stop(struct run_functions *functions)
{
    started = NULL;
    if (functions->iam != NULL) iam_reader_release(&functions->iam_reader);
    lambda_free(functions->lambda);
    logs_close(functions->logs);
    iam_close(functions->iam);
    if (functions->store != NULL) store_close(functions->store);
    if (functions->folder[0] != '\0' && lambda_tree_remove(functions->folder) != STATUS_OK) {
        fprintf(stderr, "galop run: %s could not be removed\n", functions->folder);
    }
}
