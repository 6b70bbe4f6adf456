// Set-up, the thread, and the end.

#include "lambda/lambda.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lambda/event.h"
#include "lambda/function.h"
#include "lambda/pool.h"
#include "lambda/prepare.h"
#include "lambda/private.h"
#include "lambda/runtime_api.h"
#include "lambda/sandbox.h"
#include "store/resource.h"

enum { SETTINGS_SIZE_LIMIT = 64 * 1024, STARTS_MIN = 4 };

// ---------------------------------------------------------------------------------------------
// Set-up

static void set_default(uint32_t *value, uint32_t if_zero)
{
    if (*value == 0) *value = if_zero;
}

static bool copy_settings(struct lambda *lambda, const struct lambda_settings *settings)
{
    struct lambda_settings *copy = &lambda->settings;
    *copy = *settings;
    set_default(&copy->concurrency_max, 100);
    set_default(&copy->idle_s, 600);
    set_default(&copy->init_timeout_ms, 10000);
    set_default(&copy->event_retry_ms, 60000);
    set_default(&copy->events_max, 10000);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    lambda->starts_max = processors > STARTS_MIN ? (uint32_t)processors : STARTS_MIN;
    return arena_copy_str(&lambda->arena, settings->account, &copy->account) &&
           arena_copy_str(&lambda->arena, settings->endpoint_url, &copy->endpoint_url) &&
           arena_copy_str(&lambda->arena, settings->access_key_id, &copy->access_key_id) &&
           arena_copy_str(&lambda->arena, settings->secret_access_key, &copy->secret_access_key);
}

// The directory, made if need be, without links in its name: runtimes show resolved names.
static enum status set_up_directory(struct lambda *lambda, struct str directory,
                                    struct arena *arena, struct str *reterr_text)
{
    char given[PATH_MAX], resolved[PATH_MAX];
    if (directory.size == 0 || directory.size >= LAMBDA_DIRECTORY_SIZE_MAX) {
        *reterr_text = STR("The directory for functions has no name or too long a name.");
        return STATUS_IO;
    }
    memcpy(given, directory.data, directory.size);
    given[directory.size] = '\0';
    if (lambda_prepare_directory(given) != STATUS_OK || realpath(given, resolved) == NULL ||
        strlen(resolved) >= LAMBDA_DIRECTORY_SIZE_MAX) {
        *reterr_text = arena_printf(arena, "The directory for functions, %s, cannot be used: %s.",
                                    given, strerrordesc_np(errno));
        return STATUS_IO;
    }
    return arena_copy_str(&lambda->arena, str_from_c(resolved), &lambda->settings.directory)
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

struct loading {
    struct store_task task;
    struct lambda *lambda;
    struct arena *arena;
    struct str *text; // Of an error.
};

static enum status load_function(void *context, struct str region, struct str name, struct str body)
{
    struct loading *loading = context;
    struct lambda_function *function = lambda_function_new(region, name);
    if (function == NULL) return STATUS_NO_MEMORY;
    enum status status = lambda_function_install(loading->lambda, function, body);
    if (status == STATUS_OK && !map_set(&loading->lambda->functions, function->key, function))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK) return STATUS_OK;
    *loading->text =
        arena_printf(loading->arena,
                     "The stored function %" STR_FORMAT " of %" STR_FORMAT " cannot be read: %s.",
                     STR_ARGS(name), STR_ARGS(region), status_name(status));
    if (function->latest != NULL) lambda_function_retire(function);
    lambda_function_unref(function);
    return status;
}

static enum status run_loading(struct store_task *task, struct store_tx *tx)
{
    struct loading *loading = CONTAINER_OF(task, struct loading, task);
    return store_resource_each(tx, STORE_KIND_FUNCTION, load_function, loading);
}

static void free_functions(struct lambda *lambda)
{
    while (lambda->functions.count > 0) {
        struct lambda_function *function = lambda->functions.entries[0].value;
        map_remove(&lambda->functions, function->key);
        lambda_function_retire(function);
        lambda_function_unref(function);
    }
    map_release(&lambda->functions);
}

// Give back everything; no thread runs any more.
static void release(struct lambda *lambda)
{
    lambda_files_free(lambda->files);
    lambda->files = NULL;
    // Their answers are in the mailbox. With them nothing is under way any more.
    while (lambda->loop != NULL && net_loop_turn(lambda->loop, 0))
        continue;
    assert(lambda->pending == 0);
    if (lambda->server != NULL) http_server_free(lambda->server);
    free_functions(lambda);
    assert(lambda->sandboxes.count == 0);
    map_release(&lambda->sandboxes);
    if (lambda->loop != NULL) net_loop_free(lambda->loop);
    arena_release(&lambda->arena);
    free(lambda);
}

static void *run(void *argument)
{
    struct lambda *lambda = argument;
    sigset_t all;
    sigfillset(&all); // Signals are for the main thread.
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    net_loop_run(lambda->loop);
    return NULL;
}

static enum status set_up(struct lambda *lambda, const struct lambda_settings *settings,
                          struct arena *arena, struct str *reterr_text)
{
    struct loading loading = {.task = {.mode = STORE_READ, .run = run_loading},
                              .lambda = lambda,
                              .arena = arena,
                              .text = reterr_text};
    if (!copy_settings(lambda, settings)) return STATUS_NO_MEMORY;
    enum status status = set_up_directory(lambda, settings->directory, arena, reterr_text);
    if (status == STATUS_OK) status = net_loop_new(&lambda->clock, &lambda->loop);
    if (status == STATUS_OK) status = lambda_runtime_api_start(lambda);
    if (status == STATUS_OK) status = lambda_files_new(lambda_mailbox(lambda), &lambda->files);
    if (status == STATUS_OK) status = store_run(lambda->settings.store, &loading.task);
    if (status != STATUS_OK) return status;
    lambda->function_figure = lambda->functions.count;
    return pthread_create(&lambda->thread, NULL, run, lambda) == 0 ? STATUS_OK : STATUS_IO;
}

enum status lambda_new(const struct lambda_settings *settings, struct arena *arena,
                       struct lambda **ret_lambda, struct str *reterr_text)
{
    assert(settings->store != NULL && settings->logs != NULL);
    struct lambda *lambda = calloc(1, sizeof(*lambda));
    *reterr_text = STR("The functions could not be set up.");
    if (lambda == NULL) return STATUS_NO_MEMORY;
    arena_init(&lambda->arena, SETTINGS_SIZE_LIMIT);
    clock_init_real(&lambda->clock);
    random_init_system(&lambda->random);
    map_init(&lambda->functions);
    map_init(&lambda->sandboxes);
    list_init(&lambda->idle);
    list_init(&lambda->events);
    enum status status = set_up(lambda, settings, arena, reterr_text);
    if (status != STATUS_OK) {
        release(lambda);
        return status;
    }
    *ret_lambda = lambda;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// The end

// Answer all that wait for a sandbox of this version.
static void refuse_waiting(struct lambda_version *version)
{
    struct lambda_invocation *invocation;
    lambda_version_ref(version); // The last invocation may hold the last reference.
    while ((invocation = lambda_pool_take_waiting(version)) != NULL)
        lambda_pool_refuse(invocation, 500, STR("ServiceException"),
                           "The server is shutting down.");
    lambda_version_unref(version);
}

static void end_sandbox(struct lambda_sandbox *sandbox)
{
    struct lambda_invocation *invocation = sandbox->invocation;
    refuse_waiting(sandbox->version);
    sandbox->invocation = NULL;
    lambda_sandbox_end(sandbox);
    if (invocation != NULL)
        lambda_pool_refuse(invocation, 500, STR("ServiceException"),
                           "The server is shutting down.");
    lambda_sandbox_reap(sandbox);
}

static void on_end(struct mail *mail)
{
    struct lambda *lambda = CONTAINER_OF(mail, struct lambda, end);
    lambda->is_ending = true;
    // All are killed first, so that they end side by side.
    MAP_EACH(entry, &lambda->sandboxes)
    {
        lambda_process_kill(&((struct lambda_sandbox *)entry->value)->process);
    }
    while (lambda->sandboxes.count > 0)
        end_sandbox(lambda->sandboxes.entries[lambda->sandboxes.count - 1].value);
    MAP_EACH(entry, &lambda->functions)
    {
        struct lambda_function *function = entry->value;
        if (function->latest != NULL) refuse_waiting(function->latest);
        for (size_t i = 0; i < function->version_count; i++)
            refuse_waiting(function->versions[i]);
    }
    lambda_events_drop(lambda);
    net_loop_stop(lambda->loop);
}

void lambda_free(struct lambda *lambda)
{
    if (lambda == NULL) return;
    lambda->end.run = on_end;
    mailbox_post(lambda_mailbox(lambda), &lambda->end);
    pthread_join(lambda->thread, NULL);
    while (lambda->pending > 0)
        net_loop_turn(lambda->loop, 100);
    release(lambda);
}

struct lambda_figures lambda_figures(const struct lambda *lambda)
{
    return (struct lambda_figures){
        .invocations = lambda->invocation_figure,
        .errors = lambda->error_figure,
        .throttles = lambda->throttle_figure,
        .cold_starts = lambda->cold_start_figure,
        .sandbox_count = lambda->sandbox_figure,
        .function_count = lambda->function_figure,
    };
}
