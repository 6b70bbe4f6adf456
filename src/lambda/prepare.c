// Runs on the files thread, which may wait: for the store, for the disk, for a program's answer.

#include "lambda/prepare.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "lambda/archive.h"
#include "lambda/bootstrap.h"
#include "lambda/private.h"
#include "store/resource.h"

// The code of a version, fetched from the store.
struct fetch {
    struct store_task task;
    struct str region;
    struct str name; // "NAME/DIGEST"
    struct arena arena;
    struct str zip;
};

static enum status run_fetch(struct store_task *task, struct store_tx *tx)
{
    struct fetch *fetch = CONTAINER_OF(task, struct fetch, task);
    return store_resource_get(tx, STORE_KIND_FUNCTION_CODE, fetch->region, fetch->name,
                              &fetch->arena, &fetch->zip);
}

static void fail(struct lambda_preparing *preparing, struct str type, const char *message)
{
    preparing->error_type = type;
    snprintf(preparing->error_message, sizeof(preparing->error_message), "%s", message);
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

// Rename the draft to its place. A folder that may not be written cannot be moved to another one.
static enum status move_into_place(const char *draft, const char *place)
{
    if (chmod(draft, 0700) != 0 || rename(draft, place) != 0 || chmod(place, 0555) != 0)
        return STATUS_IO;
    return STATUS_OK;
}

static enum status unpack(const struct lambda_version *version, const char *place)
{
    const char *directory = version->lambda->settings.directory.data;
    char draft[PATH_MAX], name[LAMBDA_FUNCTION_KEY_MAX + 64];
    struct fetch fetch = {.task = {.mode = STORE_READ, .run = run_fetch},
                          .region = version->region};
    snprintf(name, sizeof(name), "%" STR_FORMAT "/%s", STR_ARGS(version->configuration.name),
             version->code_id);
    fetch.name = str_from_c(name);
    if (snprintf(draft, sizeof(draft), "%s/scratch/code-%s", directory, version->code_id) >=
        (int)sizeof(draft))
        return STATUS_IO;
    arena_init(&fetch.arena, LAMBDA_ARCHIVE_SIZE_MAX + MIB(1));
    enum status status = store_run(version->lambda->settings.store, &fetch.task);
    if (status == STATUS_NOT_FOUND) status = STATUS_CORRUPT; // The code belongs to the record.
    if (status == STATUS_OK) status = lambda_tree_remove(draft);
    if (status == STATUS_OK) status = lambda_archive_unpack(fetch.zip, draft);
    if (status == STATUS_OK) status = move_into_place(draft, place);
    if (status != STATUS_OK && lambda_tree_remove(draft) != STATUS_OK)
        log_warn("lambda: %s is left behind", draft);
    arena_release(&fetch.arena);
    return status;
}

// The working copy, made unless it is there.
static bool find_code(struct lambda_preparing *preparing)
{
    const struct lambda_version *version = preparing->version;
    char *path = preparing->code_folder_bytes;
    int size = 0;
    struct stat stat_of_path;
    const struct str parts[] = {version->lambda->settings.directory, STR("functions"),
                                version->region, version->configuration.name,
                                str_from_c(version->code_id)};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (i > 0 && !make_folder(path)) break;
        size += snprintf(path + size, (size_t)(PATH_MAX - size), "%s%" STR_FORMAT, i > 0 ? "/" : "",
                         STR_ARGS(parts[i]));
        if (size >= PATH_MAX) break;
    }
    if (size < PATH_MAX && stat(path, &stat_of_path) == 0) return true;
    enum status status = size < PATH_MAX ? unpack(version, path) : STATUS_IO;
    if (status == STATUS_OK) return true;
    if (status == STATUS_INVALID) {
        fail(preparing, STR("InvalidZipFileException"),
             "Lambda could not unzip the deployment package.");
    } else {
        log_error("lambda: unpacking to %s: %s", path, status_name(status));
        fail(preparing, STR("ServiceException"), "The function's code could not be unpacked.");
    }
    return false;
}

static bool find_programs(struct lambda_preparing *preparing, struct lambda_programs *programs)
{
    const struct lambda_version *version = preparing->version;
    const struct lambda_configuration *configuration = &version->configuration;
    char wanted[LAMBDA_WANTED_SIZE], folder[PATH_MAX];
    bool is_exact;
    if (configuration->language == LAMBDA_PROVIDED) {
        int size = snprintf(preparing->program_bytes, PATH_MAX, "%s/bootstrap",
                            preparing->code_folder_bytes);
        return size < PATH_MAX;
    }
    if (!lambda_language_find_program(programs, configuration->runtime, preparing->program_bytes,
                                      &is_exact, wanted)) {
        fail(preparing, STR("InvalidRuntimeException"), "");
        snprintf(preparing->error_message, sizeof(preparing->error_message),
                 "The runtime %" STR_FORMAT " needs the program %s, which this machine does not "
                 "have (it was looked for in PATH).",
                 STR_ARGS(configuration->runtime), wanted);
        return false;
    }
    if (!is_exact)
        log_info("lambda: %" STR_FORMAT " of %" STR_FORMAT " is run by %s",
                 STR_ARGS(configuration->runtime), STR_ARGS(configuration->name),
                 preparing->program_bytes);
    snprintf(folder, sizeof(folder), "%" STR_FORMAT "/runtimes",
             STR_ARGS(version->lambda->settings.directory));
    if (lambda_bootstrap_install(configuration->language, folder, preparing->bootstrap_bytes) ==
        STATUS_OK)
        return true;
    log_error("lambda: the runtime could not be written to %s", folder);
    fail(preparing, STR("ServiceException"), "The runtime could not be written to the disk.");
    return false;
}

static void work(struct lambda_job *job, struct lambda_programs *programs)
{
    struct lambda_preparing *preparing = CONTAINER_OF(job, struct lambda_preparing, job);
    if (!find_code(preparing) || !find_programs(preparing, programs))
        assert(preparing->error_type.size > 0);
}

static void on_worked(struct lambda_job *job)
{
    struct lambda_preparing *preparing = CONTAINER_OF(job, struct lambda_preparing, job);
    struct arena *arena = &preparing->version->arena;
    struct str code_folder = STR(""), program = STR(""), bootstrap = STR("");
    if (preparing->error_type.size == 0 &&
        (!arena_copy_str(arena, str_from_c(preparing->code_folder_bytes), &code_folder) ||
         !arena_copy_str(arena, str_from_c(preparing->program_bytes), &program) ||
         !arena_copy_str(arena, str_from_c(preparing->bootstrap_bytes), &bootstrap)))
        fail(preparing, STR("ServiceException"), "Out of memory.");
    preparing->code_folder = code_folder.data;
    preparing->program = program.data;
    preparing->bootstrap = bootstrap.data;
    preparing->version->lambda->pending--;
    preparing->done(preparing);
}

void lambda_prepare(struct lambda *lambda, struct lambda_preparing *preparing)
{
    preparing->job = (struct lambda_job){.work = work, .done = on_worked};
    lambda->pending++;
    lambda_files_submit(lambda->files, &preparing->job);
}

enum status lambda_prepare_directory(const char *directory)
{
    static const char *const names[] = {"functions", "runtimes", "scratch"};
    char path[PATH_MAX];
    if (!make_folder(directory)) return STATUS_IO;
    if (snprintf(path, sizeof(path), "%s/scratch", directory) >= (int)sizeof(path))
        return STATUS_IO;
    if (lambda_tree_remove(path) != STATUS_OK) return STATUS_IO;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (!make_folder(path)) return STATUS_IO;
    }
    return STATUS_OK;
}
