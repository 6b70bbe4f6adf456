// A record is parsed into an arena of the function's, and each configuration in it becomes a
// version with an arena of its own, so that versions outlive the record they came from.

#include "lambda/function.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "base/log.h"
#include "lambda/arn.h"
#include "lambda/files.h"
#include "lambda/pool.h"
#include "lambda/private.h"
#include "lambda/record.h"

enum { VERSION_SIZE_LIMIT = 256 * 1024 };

struct str lambda_function_key(char bytes[static LAMBDA_FUNCTION_KEY_MAX], struct str region,
                               struct str name)
{
    int size = snprintf(bytes, LAMBDA_FUNCTION_KEY_MAX, "%" STR_FORMAT "/%" STR_FORMAT,
                        STR_ARGS(region), STR_ARGS(name));
    if (size < 0 || size >= LAMBDA_FUNCTION_KEY_MAX) return STR("");
    return (struct str){bytes, (size_t)size};
}

struct lambda_function *lambda_function_new(struct str region, struct str name)
{
    struct lambda_function *function = calloc(1, sizeof(*function) + region.size + 1 + name.size);
    if (function == NULL) return NULL;
    memcpy(function->key_bytes, region.data, region.size);
    function->key_bytes[region.size] = '/';
    memcpy(function->key_bytes + region.size + 1, name.data, name.size);
    function->key = (struct str){function->key_bytes, region.size + 1 + name.size};
    function->region = str_slice(function->key, 0, region.size);
    function->name = str_skip(function->key, region.size + 1);
    function->reference_count = 1;
    function->reserved_concurrency = -1;
    function->record = json_null;
    arena_init(&function->arena, LAMBDA_RECORD_SIZE_LIMIT);
    return function;
}

struct lambda_function *lambda_function_ref(struct lambda_function *function)
{
    function->reference_count++;
    return function;
}

void lambda_function_unref(struct lambda_function *function)
{
    if (function == NULL || --function->reference_count > 0) return;
    assert(function->running == 0 && function->latest == NULL);
    arena_release(&function->arena);
    free(function);
}

// ---------------------------------------------------------------------------------------------
// Versions

static void on_patience(struct net_timer *timer)
{
    // Those that are at work may have had their time: start others instead.
    lambda_pool_grow(CONTAINER_OF(timer, struct lambda_version, patience));
}

bool lambda_code_id_read(struct arena *arena, struct str sha256_base64,
                         char ret_id[static LAMBDA_CODE_ID_SIZE + 1])
{
    struct str bytes;
    if (!encoding_base64_decode(arena, sha256_base64, &bytes) ||
        bytes.size != LAMBDA_CODE_ID_SIZE / 2)
        return false;
    encoding_hex(bytes, ret_id);
    ret_id[LAMBDA_CODE_ID_SIZE] = '\0';
    return true;
}

static enum status version_new(struct lambda *lambda, struct lambda_function *function,
                               const struct json *configuration,
                               struct lambda_version **ret_version)
{
    struct arena arena;
    struct json copy;
    arena_init(&arena, VERSION_SIZE_LIMIT);
    struct lambda_version *version = ARENA_NEW(&arena, struct lambda_version);
    enum status status = STATUS_NO_MEMORY;
    if (version == NULL || !json_copy(&arena, configuration, &copy) ||
        !arena_copy_str(&arena, function->region, &version->region))
        goto out;
    status = lambda_configuration_read(&arena, &copy, &version->configuration);
    if (status != STATUS_OK) goto out;
    status = STATUS_CORRUPT;
    if (!lambda_code_id_read(&arena, version->configuration.code_sha256, version->code_id))
        goto out;
    status = STATUS_NO_MEMORY;
    version->log_group =
        logs_group_open(lambda->settings.logs, version->region, version->configuration.log_group,
                        LOGS_GROUP_CREATE_WHEN_WRITTEN);
    if (version->log_group == NULL) goto out;
    version->reference_count = 1;
    version->lambda = lambda;
    version->function = lambda_function_ref(function);
    list_init(&version->sandboxes);
    list_init(&version->idle);
    list_init(&version->waiting);
    net_timer_init(&version->patience, on_patience);
    version->arena = arena;
    *ret_version = version;
    return STATUS_OK;
out:
    arena_release(&arena);
    return status;
}

struct lambda_version *lambda_version_ref(struct lambda_version *version)
{
    version->reference_count++;
    return version;
}

// The working copy goes with the last version that used it.
static void remove_code(struct lambda_version *version)
{
    char key_bytes[LAMBDA_FUNCTION_KEY_MAX];
    struct lambda *lambda = version->lambda;
    struct str key = lambda_function_key(key_bytes, version->region, version->configuration.name);
    const struct lambda_function *function = map_find(&lambda->functions, key);
    if (version->preparation != LAMBDA_PREPARED || lambda->is_ending ||
        (function != NULL && lambda_function_has_code(function, version->code_id)))
        return;
    lambda_files_remove_later(lambda->files, version->code_folder);
}

void lambda_version_unref(struct lambda_version *version)
{
    if (version == NULL || --version->reference_count > 0) return;
    assert(list_is_empty(&version->sandboxes) && list_is_empty(&version->waiting));
    net_timer_disarm(version->lambda->loop, &version->patience);
    remove_code(version);
    logs_group_unref(version->log_group);
    lambda_function_unref(version->function);
    struct arena arena = version->arena; // Holds the version itself.
    arena_release(&arena);
}

// ---------------------------------------------------------------------------------------------
// Records

// A version that `function` has already and that the configuration leaves as it is, or NULL.
static struct lambda_version *find_unchanged(const struct lambda_function *function,
                                             const struct json *configuration)
{
    struct str revision = JSON_FIND_STR(configuration, "RevisionId");
    struct str number = JSON_FIND_STR(configuration, "Version");
    struct lambda_version *latest = function->latest;
    if (latest != NULL && str_equal(latest->configuration.version, number))
        return str_equal(latest->configuration.revision_id, revision) ? latest : NULL;
    for (size_t i = 0; i < function->version_count; i++) {
        const struct lambda_configuration *known = &function->versions[i]->configuration;
        if (str_equal(known->version, number) && str_equal(known->revision_id, revision))
            return function->versions[i];
    }
    return NULL;
}

static enum status take_version(struct lambda *lambda, struct lambda_function *function,
                                const struct json *configuration,
                                struct lambda_version **ret_version)
{
    struct lambda_version *unchanged = find_unchanged(function, configuration);
    if (unchanged == NULL) return version_new(lambda, function, configuration, ret_version);
    *ret_version = lambda_version_ref(unchanged);
    return STATUS_OK;
}

// What a record becomes, before it replaces what the function had.
struct content {
    struct arena arena;
    struct json record;
    struct lambda_version *latest;
    struct lambda_version **versions;
    size_t version_count;
};

static void content_release(struct content *content)
{
    lambda_version_unref(content->latest);
    for (size_t i = 0; i < content->version_count; i++)
        lambda_version_unref(content->versions[i]);
    arena_release(&content->arena);
}

static enum status content_read(struct lambda *lambda, struct lambda_function *function,
                                struct str text, struct content *content)
{
    enum status status = json_parse(&content->arena, text, JSON_PARSE_COPY, &content->record, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    const struct json *latest = JSON_FIND(&content->record, "Latest");
    const struct json *versions = lambda_record_list(&content->record, "Versions");
    if (latest == NULL || !json_is_object(latest) || !json_is_array(versions))
        return STATUS_CORRUPT;
    status = take_version(lambda, function, latest, &content->latest);
    if (status != STATUS_OK) return status;
    content->versions =
        arena_alloc_array(&content->arena, versions->size, sizeof(struct lambda_version *));
    if (content->versions == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < versions->size; i++) {
        status = take_version(lambda, function, &versions->items[i], &content->versions[i]);
        if (status != STATUS_OK) return status;
        content->version_count++;
    }
    return STATUS_OK;
}

static bool content_has(const struct content *content, const struct lambda_version *version)
{
    if (content->latest == version) return true;
    for (size_t i = 0; i < content->version_count; i++) {
        if (content->versions[i] == version) return true;
    }
    return false;
}

enum status lambda_function_install(struct lambda *lambda, struct lambda_function *function,
                                    struct str record_text)
{
    struct content content = {0};
    int64_t reserved = -1;
    arena_init(&content.arena, LAMBDA_RECORD_SIZE_LIMIT);
    enum status status = content_read(lambda, function, record_text, &content);
    if (status != STATUS_OK) {
        content_release(&content);
        return status;
    }
    const struct json *concurrency = JSON_FIND(&content.record, "Concurrency");
    if (concurrency != NULL && !json_to_integer(concurrency, &reserved)) reserved = -1;

    struct content old = {.arena = function->arena,
                          .latest = function->latest,
                          .versions = function->versions,
                          .version_count = function->version_count};
    function->arena = content.arena;
    function->record = content.record;
    function->latest = content.latest;
    function->versions = content.versions;
    function->version_count = content.version_count;
    function->reserved_concurrency = reserved;
    if (old.latest != NULL && !content_has(&content, old.latest)) lambda_pool_retire(old.latest);
    for (size_t i = 0; i < old.version_count; i++) {
        if (!content_has(&content, old.versions[i])) lambda_pool_retire(old.versions[i]);
    }
    content_release(&old);
    return STATUS_OK;
}

void lambda_function_retire(struct lambda_function *function)
{
    struct content old = {.arena = function->arena,
                          .latest = function->latest,
                          .versions = function->versions,
                          .version_count = function->version_count};
    arena_init(&function->arena, LAMBDA_RECORD_SIZE_LIMIT);
    function->record = json_null;
    function->latest = NULL;
    function->versions = NULL;
    function->version_count = 0;
    if (old.latest != NULL) lambda_pool_retire(old.latest);
    for (size_t i = 0; i < old.version_count; i++)
        lambda_pool_retire(old.versions[i]);
    content_release(&old);
}

// ---------------------------------------------------------------------------------------------
// Look-up

static struct lambda_version *find_numbered(const struct lambda_function *function,
                                            struct str number)
{
    if (str_is(number, "$LATEST")) return function->latest;
    for (size_t i = 0; i < function->version_count; i++) {
        if (str_equal(function->versions[i]->configuration.version, number))
            return function->versions[i];
    }
    return NULL;
}

// The version number that an alias stands for in this call.
static struct str draw_target(const struct json *alias, struct random *random)
{
    const struct json *routing = JSON_FIND(alias, "RoutingConfig");
    const struct json *weights =
        routing == NULL ? NULL : JSON_FIND(routing, "AdditionalVersionWeights");
    if (weights != NULL && json_is_object(weights) && weights->size == 1 &&
        json_is_number(&weights->members[0].value) &&
        random_uniform(random) < json_to_real(&weights->members[0].value))
        return json_str(&weights->members[0].name);
    return JSON_FIND_STR(alias, "FunctionVersion");
}

struct lambda_version *lambda_function_find_version(const struct lambda_function *function,
                                                    struct str qualifier, struct random *random)
{
    if (qualifier.size == 0) return function->latest;
    if (str_is(qualifier, "$LATEST") || lambda_qualifier_is_version(qualifier))
        return find_numbered(function, qualifier);
    const struct json *aliases = lambda_record_list(&function->record, "Aliases");
    for (uint32_t i = 0; i < aliases->size; i++) {
        if (str_equal(JSON_FIND_STR(&aliases->items[i], "Name"), qualifier))
            return find_numbered(function, draw_target(&aliases->items[i], random));
    }
    return NULL;
}

bool lambda_function_has_code(const struct lambda_function *function, const char *code_id)
{
    if (function->latest != NULL && strcmp(function->latest->code_id, code_id) == 0) return true;
    for (size_t i = 0; i < function->version_count; i++) {
        if (strcmp(function->versions[i]->code_id, code_id) == 0) return true;
    }
    return false;
}
