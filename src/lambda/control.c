// An operation that changes something takes these steps, each on the thread it belongs to:
//
//   start   lambda thread   find the function, check the request by a first edit
//   work    files thread    check the package, look for the runtime       [only if there is one]
//   edit    lambda thread   make the new record
//   store   store thread    write it, with the code, in one transaction
//   finish  lambda thread   install the record, answer
//
// From start to finish the function is marked as changing; another change meanwhile is refused, as
// the service does.

#include "lambda/control.h"

#include <assert.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "lambda/archive.h"
#include "lambda/arn.h"
#include "lambda/constraint.h"
#include "lambda/files.h"
#include "lambda/function.h"
#include "lambda/private.h"
#include "lambda/record.h"
#include "store/resource.h"

struct change {
    struct lambda *lambda;
    struct lambda_operation *operation;
    struct lambda_function *function; // A reference; NULL: none of that name.
    struct lambda_edit edit;
    bool is_marked; // `function->is_changing` is ours.
    bool is_creation;

    struct lambda_job job;
    enum lambda_archive_fault archive_fault;
    struct str runtime; // To look for; empty: none.
    bool is_runtime_missing;
    char runtime_wanted[LAMBDA_WANTED_SIZE];

    struct store_task task;
    struct str record_text;
    struct str code_name;     // Of the new code's resource; empty: none.
    struct str *unused_names; // Of code resources that nothing needs any more.
    size_t unused_count;
};

static const struct {
    const char *name;
    int http_status;
} operations[LAMBDA_OPERATION_COUNT] = {
#define X(kind, name, http_status) [LAMBDA_##kind] = {name, http_status},
#include "lambda/operation.def"
#undef X
};

const char *lambda_operation_name(enum lambda_operation_kind kind)
{
    return operations[kind].name;
}

// ---------------------------------------------------------------------------------------------
// Answers

static void on_reply(struct mail *mail)
{
    struct lambda_operation *operation = CONTAINER_OF(mail, struct lambda_operation, mail);
    operation->done(operation);
}

static void reply(struct lambda_operation *operation)
{
    operation->http_status = operations[operation->kind].http_status;
    if (operation->arena->is_exhausted && !lambda_exception_is_set(&operation->exception))
        operation->exception = (struct lambda_exception){500, STR("ServiceException"),
                                                         STR("The answer is too large.")};
    operation->mail.run = on_reply;
    mailbox_post(operation->reply_to, &operation->mail);
}

static void reply_exception(struct lambda_operation *operation, struct lambda_exception exception)
{
    operation->exception = exception;
    reply(operation);
}

static void set_body(struct lambda_operation *operation, const struct json *value)
{
    if (!json_is_null(value)) operation->body = json_render_to_arena(operation->arena, value);
}

// The last act of every change.
static void change_end(struct change *change)
{
    struct lambda *lambda = change->lambda;
    struct lambda_function *function = change->function;
    if (change->is_marked) function->is_changing = false;
    // What was to be created has not come to be.
    if (change->is_creation && json_is_null(&function->record)) {
        map_remove(&lambda->functions, function->key);
        lambda_function_unref(function);
    }
    lambda->function_figure = lambda->functions.count;
    struct lambda_operation *operation = change->operation;
    struct lambda_edit *edit = &change->edit;
    if (lambda_exception_is_set(&edit->exception)) {
        reply_exception(operation, edit->exception);
    } else {
        reply(operation);
    }
    lambda_function_unref(function);
}

// ---------------------------------------------------------------------------------------------
// Storing

static enum status run_store(struct store_task *task, struct store_tx *tx)
{
    struct change *change = CONTAINER_OF(task, struct change, task);
    const struct lambda_edit *edit = &change->edit;
    enum status status = STATUS_OK;
    if (change->code_name.size > 0)
        status = store_resource_put(tx, STORE_KIND_FUNCTION_CODE, edit->region, change->code_name,
                                    change->operation->zip);
    for (size_t i = 0; status == STATUS_OK && i < change->unused_count; i++) {
        status = store_resource_delete(tx, STORE_KIND_FUNCTION_CODE, edit->region,
                                       change->unused_names[i]);
        if (status == STATUS_NOT_FOUND) status = STATUS_OK;
    }
    if (status != STATUS_OK) return status;
    if (edit->is_deletion)
        return store_resource_delete(tx, STORE_KIND_FUNCTION, edit->region, edit->name);
    return store_resource_put(tx, STORE_KIND_FUNCTION, edit->region, edit->name,
                              change->record_text);
}

static void on_stored(struct store_task *task, enum status status)
{
    struct change *change = CONTAINER_OF(task, struct change, task);
    struct lambda *lambda = change->lambda;
    lambda->pending--;
    if (status == STATUS_OK && change->edit.is_deletion) {
        map_remove(&lambda->functions, change->function->key);
        lambda_function_retire(change->function);
        lambda_function_unref(change->function);
    } else if (status == STATUS_OK) {
        status = lambda_function_install(lambda, change->function, change->record_text);
    }
    if (status != STATUS_OK) {
        log_error("lambda: %s of %" STR_FORMAT ": %s",
                  lambda_operation_name(change->operation->kind), STR_ARGS(change->function->name),
                  status_name(status));
        lambda_exception_service(&change->edit.exception, change->edit.arena,
                                 "The change could not be stored.");
    }
    change_end(change);
}

// "NAME/DIGEST", the name of the resource that holds the code of a configuration.
static struct str render_code_name(struct arena *arena, struct str name, struct str sha256)
{
    char id[LAMBDA_CODE_ID_SIZE + 1];
    if (!lambda_code_id_read(arena, sha256, id)) return STR("");
    return arena_printf(arena, "%" STR_FORMAT "/%s", STR_ARGS(name), id);
}

static bool record_uses_code(const struct json *record, struct str sha256)
{
    if (!json_is_object(record)) return false;
    if (str_equal(JSON_FIND_STR(JSON_FIND(record, "Latest"), "CodeSha256"), sha256)) return true;
    const struct json *versions = lambda_record_list(record, "Versions");
    for (uint32_t i = 0; i < versions->size; i++) {
        if (str_equal(JSON_FIND_STR(&versions->items[i], "CodeSha256"), sha256)) return true;
    }
    return false;
}

// List the code that the old record uses and the new one does not.
static void find_unused(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    if (edit->record == NULL) return;
    const struct json *versions = lambda_record_list(edit->record, "Versions");
    change->unused_names =
        arena_alloc_array(edit->arena, (size_t)versions->size + 1, sizeof(struct str));
    if (change->unused_names == NULL) return;
    for (uint32_t i = 0; i <= versions->size; i++) {
        const struct json *configuration =
            i < versions->size ? &versions->items[i] : JSON_FIND(edit->record, "Latest");
        struct str sha256 = JSON_FIND_STR(configuration, "CodeSha256");
        if (!record_uses_code(&edit->new_record, sha256))
            change->unused_names[change->unused_count++] =
                render_code_name(edit->arena, edit->name, sha256);
    }
}

static void submit_store(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    find_unused(change);
    if (edit->code.sha256.size > 0)
        change->code_name = render_code_name(edit->arena, edit->name, edit->code.sha256);
    if (!edit->is_deletion)
        change->record_text = json_render_to_arena(edit->arena, &edit->new_record);
    if (edit->arena->is_exhausted) {
        lambda_exception_service(&edit->exception, edit->arena, "Out of memory.");
        change_end(change);
        return;
    }
    change->function->is_changing = true;
    change->is_marked = true;
    change->task = (struct store_task){.reply_to = lambda_mailbox(change->lambda),
                                       .mode = STORE_DURABLE,
                                       .run = run_store,
                                       .done = on_stored};
    change->lambda->pending++;
    store_submit(change->lambda->settings.store, &change->task);
}

// Apply the edit and store what comes out.
static void edit_and_store(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    bool is_applied = lambda_edit_apply(change->operation->kind, edit);
    // The result shares values with the present record, which goes when the new one comes.
    if (is_applied) set_body(change->operation, &edit->result);
    if (is_applied && (edit->is_deletion || !json_is_null(&edit->new_record))) {
        submit_store(change);
    } else {
        change_end(change);
    }
}

// ---------------------------------------------------------------------------------------------
// Packages and runtimes

static void work(struct lambda_job *job, struct lambda_programs *programs)
{
    struct change *change = CONTAINER_OF(job, struct change, job);
    struct str zip = change->operation->zip;
    if (change->runtime.size > 0) {
        char path[PATH_MAX];
        bool is_exact;
        change->is_runtime_missing = !lambda_language_find_program(
            programs, change->runtime, path, &is_exact, change->runtime_wanted);
    }
    if (zip.data == NULL || change->is_runtime_missing) return;
    change->archive_fault = lambda_archive_check(zip);
    unsigned char digest[DIGEST_SIZE_MAX];
    struct buffer base64;
    size_t size = digest_compute(DIGEST_SHA256, zip, digest);
    buffer_init(&base64, KIB(4));
    encoding_base64_encode(&base64, (struct str){(const char *)digest, size});
    struct str text = STR("");
    if (buffer_copy_to_arena(&base64, change->operation->arena, &text))
        change->edit.code = (struct lambda_code){text, zip.size};
    buffer_release(&base64);
}

static bool check_archive(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    switch (change->archive_fault) {
    case LAMBDA_ARCHIVE_SOUND: return true;
    case LAMBDA_ARCHIVE_EMPTY:
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Uploaded file must be a non-empty zip");
    case LAMBDA_ARCHIVE_TOO_LARGE:
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Unzipped size must be smaller than %d bytes",
                                        LAMBDA_ARCHIVE_UNPACKED_MAX);
    case LAMBDA_ARCHIVE_UNREADABLE: break;
    }
    return lambda_exception_invalid(&edit->exception, edit->arena,
                                    "Could not unzip uploaded file. Please check your file, then "
                                    "try to upload again.");
}

static void on_worked(struct lambda_job *job)
{
    struct change *change = CONTAINER_OF(job, struct change, job);
    struct lambda_edit *edit = &change->edit;
    change->lambda->pending--;
    if (change->is_runtime_missing) {
        lambda_exception_invalid(&edit->exception, edit->arena,
                                 "The runtime %" STR_FORMAT " needs the program %s, which this "
                                 "machine does not have (it was looked for in PATH).",
                                 STR_ARGS(change->runtime), change->runtime_wanted);
        change_end(change);
    } else if (!check_archive(change)) {
        change_end(change);
    } else {
        edit_and_store(change);
    }
}

static bool check_code_source(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    struct str zip = change->operation->zip;
    const struct json *code = JSON_FIND(edit->parameters, "Code");
    const struct json *source = code != NULL && json_is_object(code) ? code : edit->parameters;
    if (zip.data == NULL && JSON_FIND(source, "S3Bucket") != NULL)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Code from S3 (S3Bucket, S3Key) is not supported here: "
                                        "send the deployment package as ZipFile.");
    if (zip.data == NULL && JSON_FIND(source, "ImageUri") != NULL)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Container images are not supported here: send the "
                                        "deployment package as ZipFile.");
    if (zip.data == NULL)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Please provide a source for function code.");
    if (zip.size > LAMBDA_ARCHIVE_SIZE_MAX)
        return lambda_exception_set(
            &edit->exception, edit->arena, 413, STR("RequestEntityTooLargeException"),
            "Zipped size must be smaller than %d bytes", LAMBDA_ARCHIVE_SIZE_MAX);
    return true;
}

// Check what can be checked at once, then let the files thread look at the rest.
static void submit_work(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    bool has_code = change->operation->kind != LAMBDA_UPDATE_FUNCTION_CONFIGURATION;
    if (has_code && !check_code_source(change)) {
        change_end(change);
        return;
    }
    // The first edit is for its exceptions; its code stands for the one that is to be checked.
    struct lambda_edit trial = *edit;
    trial.code.sha256 = STR("0");
    if (!lambda_edit_apply(change->operation->kind, &trial)) {
        edit->exception = trial.exception;
        change_end(change);
        return;
    }
    const struct json *runtime = JSON_FIND(edit->parameters, "Runtime");
    if (runtime != NULL && json_is_string(runtime)) change->runtime = json_str(runtime);
    change->function->is_changing = true;
    change->is_marked = true;
    change->job = (struct lambda_job){.work = work, .done = on_worked};
    change->lambda->pending++;
    lambda_files_submit(change->lambda->files, &change->job);
}

// ---------------------------------------------------------------------------------------------
// The code itself

struct fetch {
    struct store_task task;
    struct lambda_operation *operation;
    struct lambda *lambda;
    struct str name;
};

static enum status run_fetch(struct store_task *task, struct store_tx *tx)
{
    struct fetch *fetch = CONTAINER_OF(task, struct fetch, task);
    return store_resource_get(tx, STORE_KIND_FUNCTION_CODE, fetch->operation->region, fetch->name,
                              fetch->operation->arena, &fetch->operation->body);
}

static void on_fetched(struct store_task *task, enum status status)
{
    struct fetch *fetch = CONTAINER_OF(task, struct fetch, task);
    fetch->lambda->pending--;
    if (status != STATUS_OK)
        lambda_exception_service(&fetch->operation->exception, fetch->operation->arena,
                                 "The code could not be read: %s", status_name(status));
    reply(fetch->operation);
}

static void get_code(struct change *change)
{
    struct lambda_edit *edit = &change->edit;
    const struct json *found =
        edit->record == NULL ? NULL : lambda_record_find_version(edit->record, edit->qualifier);
    struct fetch *fetch = ARENA_NEW(edit->arena, struct fetch);
    if (found == NULL || fetch == NULL) {
        lambda_edit_not_found(edit, edit->qualifier);
        change_end(change);
        return;
    }
    change->operation->region = edit->region;
    *fetch = (struct fetch){
        .task = {.reply_to = lambda_mailbox(change->lambda),
                 .mode = STORE_READ,
                 .run = run_fetch,
                 .done = on_fetched},
        .operation = change->operation,
        .lambda = change->lambda,
        .name = render_code_name(edit->arena, edit->name, JSON_FIND_STR(found, "CodeSha256")),
    };
    lambda_function_unref(change->function);
    change->lambda->pending++;
    store_submit(change->lambda->settings.store, &fetch->task);
}

// ---------------------------------------------------------------------------------------------
// Operations on one function

static bool is_reading(enum lambda_operation_kind kind)
{
    switch (kind) {
    case LAMBDA_GET_FUNCTION:
    case LAMBDA_GET_FUNCTION_CONFIGURATION:
    case LAMBDA_GET_CODE:
    case LAMBDA_LIST_VERSIONS:
    case LAMBDA_GET_ALIAS:
    case LAMBDA_LIST_ALIASES:
    case LAMBDA_GET_CONCURRENCY:
    case LAMBDA_LIST_TAGS:
    case LAMBDA_GET_POLICY:
    case LAMBDA_LIST_FUNCTIONS:
    case LAMBDA_GET_ACCOUNT_SETTINGS: return true;
    case LAMBDA_CREATE_FUNCTION:
    case LAMBDA_UPDATE_FUNCTION_CODE:
    case LAMBDA_UPDATE_FUNCTION_CONFIGURATION:
    case LAMBDA_DELETE_FUNCTION:
    case LAMBDA_PUBLISH_VERSION:
    case LAMBDA_CREATE_ALIAS:
    case LAMBDA_UPDATE_ALIAS:
    case LAMBDA_DELETE_ALIAS:
    case LAMBDA_PUT_CONCURRENCY:
    case LAMBDA_DELETE_CONCURRENCY:
    case LAMBDA_TAG_RESOURCE:
    case LAMBDA_UNTAG_RESOURCE:
    case LAMBDA_ADD_PERMISSION:
    case LAMBDA_REMOVE_PERMISSION:
    case LAMBDA_OPERATION_COUNT: break;
    }
    return false;
}

static bool is_of_tags(enum lambda_operation_kind kind)
{
    return kind == LAMBDA_TAG_RESOURCE || kind == LAMBDA_UNTAG_RESOURCE || kind == LAMBDA_LIST_TAGS;
}

static bool is_reference(struct str text)
{
    struct lambda_reference reference;
    return lambda_reference_parse(text, &reference);
}

// Which function and which version of it the request names.
static bool read_name(struct change *change, struct lambda_reference *ret_reference)
{
    const struct lambda_operation *operation = change->operation;
    struct lambda_edit *edit = &change->edit;
    struct lambda_constraints constraints;
    bool is_tags = is_of_tags(operation->kind);
    const struct lambda_string_rule name_rule = {
        .member = is_tags ? "Resource" : "FunctionName",
        .is_required = true,
        .size_min = 1,
        .size_max = operation->kind == LAMBDA_CREATE_FUNCTION ? 140 : 170,
        .matches = is_reference,
        .pattern = "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?"
                   "(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"};
    const struct lambda_string_rule qualifier_rule = {.member = "Qualifier",
                                                      .size_min = 1,
                                                      .size_max = LAMBDA_QUALIFIER_SIZE_MAX,
                                                      .matches = lambda_qualifier_is_valid,
                                                      .pattern = "(|[a-zA-Z0-9$_-]+)"};
    lambda_constraints_init(&constraints, edit->arena, edit->parameters, &edit->exception);
    const struct json *name = lambda_constraints_string(&constraints, &name_rule);
    const struct json *qualifier = lambda_constraints_string(&constraints, &qualifier_rule);
    if (!lambda_constraints_finish(&constraints)) return false;
    if (!lambda_reference_parse(json_str(name), ret_reference)) return false; // As checked above.
    if (qualifier != NULL && ret_reference->qualifier.size > 0 &&
        !str_equal(json_str(qualifier), ret_reference->qualifier))
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "The derived qualifier from the function name does not "
                                        "match the specified qualifier.");
    if (qualifier != NULL) ret_reference->qualifier = json_str(qualifier);
    if (is_tags && ret_reference->qualifier.size > 0)
        return lambda_exception_invalid(&edit->exception, edit->arena,
                                        "Tags on function aliases and versions are not supported. "
                                        "Please specify a function ARN.");
    return true;
}

// Find the function, or reserve its name if it is to be created.
static bool find_function(struct change *change, const struct lambda_reference *reference)
{
    struct lambda *lambda = change->lambda;
    struct lambda_edit *edit = &change->edit;
    char key_bytes[LAMBDA_FUNCTION_KEY_MAX];
    if (reference->region.size > 0) edit->region = reference->region;
    edit->name = reference->name;
    edit->qualifier = reference->qualifier;
    bool is_own = reference->account.size == 0 || str_equal(reference->account, edit->account);
    struct str key = lambda_function_key(key_bytes, edit->region, edit->name);
    struct lambda_function *function =
        is_own && key.size > 0 ? map_find(&lambda->functions, key) : NULL;
    bool is_creation = change->operation->kind == LAMBDA_CREATE_FUNCTION;
    if (!is_own && is_creation)
        return lambda_exception_set(&edit->exception, edit->arena, 403,
                                    STR("AccessDeniedException"),
                                    "The account of the function's ARN is not yours.");
    if (!is_own) edit->account = reference->account;
    bool is_changing = function != NULL && function->is_changing;
    if (is_changing && !is_reading(change->operation->kind)) {
        struct str arn =
            lambda_arn_render(edit->arena, edit->region, edit->account, edit->name, STR(""));
        return lambda_exception_conflict(&edit->exception, edit->arena,
                                         "The operation cannot be performed at this time. An "
                                         "update is in progress for resource: %" STR_FORMAT,
                                         STR_ARGS(arn));
    }
    if (function != NULL && json_is_object(&function->record)) {
        change->function = lambda_function_ref(function);
        edit->record = &function->record;
    } else if (is_creation) {
        function = lambda_function_new(edit->region, edit->name);
        if (function == NULL || !map_set(&lambda->functions, function->key, function)) {
            lambda_function_unref(function);
            return lambda_exception_service(&edit->exception, edit->arena, "Out of memory.");
        }
        change->function = lambda_function_ref(function);
        change->is_creation = true;
    }
    return true;
}

static void start_on_function(struct lambda *lambda, struct lambda_operation *operation)
{
    struct lambda_reference reference;
    struct change *change = ARENA_NEW(operation->arena, struct change);
    if (change == NULL) {
        reply(operation); // Says that the arena is exhausted.
        return;
    }
    change->lambda = lambda;
    change->operation = operation;
    change->edit = (struct lambda_edit){
        .arena = operation->arena,
        .region = operation->region,
        .account = lambda->settings.account,
        .now_unix_ms = lambda_now_unix_ms(lambda),
        .random = &lambda->random,
        .parameters = &operation->parameters,
        .endpoint_url = lambda->settings.endpoint_url,
    };
    if (!read_name(change, &reference) || !find_function(change, &reference)) {
        change_end(change);
        return;
    }
    bool has_runtime = JSON_FIND(&operation->parameters, "Runtime") != NULL;
    bool is_found = change->function != NULL;
    if (operation->kind == LAMBDA_GET_CODE) {
        get_code(change);
    } else if (is_found &&
               (operation->kind == LAMBDA_CREATE_FUNCTION ||
                operation->kind == LAMBDA_UPDATE_FUNCTION_CODE ||
                (operation->kind == LAMBDA_UPDATE_FUNCTION_CONFIGURATION && has_runtime))) {
        submit_work(change);
    } else {
        edit_and_store(change);
    }
}

// ---------------------------------------------------------------------------------------------
// Operations on all functions

static int compare_names(const void *a, const void *b)
{
    const struct lambda_function *const *left = a;
    const struct lambda_function *const *right = b;
    return str_compare((*left)->name, (*right)->name);
}

// The configurations of a region, by name; with `is_all` every version of each.
static struct json list_region(struct lambda *lambda, struct arena *arena, struct str region,
                               bool is_all)
{
    struct json_items items;
    size_t count = 0;
    json_items_init(&items, arena);
    const struct lambda_function **found =
        arena_alloc_array(arena, lambda->functions.count, sizeof(struct lambda_function *));
    if (found == NULL) return json_empty_array; // reply() says so.
    MAP_EACH(entry, &lambda->functions)
    {
        const struct lambda_function *function = entry->value;
        if (str_equal(function->region, region) && json_is_object(&function->record))
            found[count++] = function;
    }
    if (count > 1) qsort(found, count, sizeof(*found), compare_names);
    for (size_t i = 0; i < count; i++) {
        const struct json *versions = lambda_record_list(&found[i]->record, "Versions");
        json_items_append(&items, *JSON_FIND(&found[i]->record, "Latest"));
        for (uint32_t k = 0; is_all && k < versions->size; k++)
            json_items_append(&items, versions->items[k]);
    }
    return json_items_finish(&items);
}

static void list_functions(struct lambda *lambda, struct lambda_operation *operation)
{
    struct lambda_edit edit = {.arena = operation->arena, .parameters = &operation->parameters};
    bool is_all = str_is(JSON_FIND_STR(&operation->parameters, "FunctionVersion"), "ALL");
    struct json all = list_region(lambda, operation->arena, operation->region, is_all);
    if (lambda_edit_page(&edit, "Functions", &all, 50)) {
        set_body(operation, &edit.result);
        reply(operation);
    } else {
        reply_exception(operation, edit.exception);
    }
}

static void get_account_settings(struct lambda *lambda, struct lambda_operation *operation)
{
    int64_t reserved = 0, code_bytes = 0, size = 0, function_count = 0;
    struct json all = list_region(lambda, operation->arena, operation->region, true);
    for (uint32_t i = 0; i < all.size; i++) {
        const struct json *code_size = JSON_FIND(&all.items[i], "CodeSize");
        if (code_size != NULL && json_to_integer(code_size, &size)) code_bytes += size;
    }
    MAP_EACH(entry, &lambda->functions)
    {
        const struct lambda_function *function = entry->value;
        if (!str_equal(function->region, operation->region)) continue;
        function_count++;
        if (function->reserved_concurrency > 0) reserved += function->reserved_concurrency;
    }
    int64_t unreserved = (int64_t)lambda->settings.concurrency_max - reserved;
    operation->body =
        arena_printf(operation->arena,
                     "{\"AccountLimit\":{\"TotalCodeSize\":80530636800,\"CodeSizeUnzipped\":%d,"
                     "\"CodeSizeZipped\":%d,\"ConcurrentExecutions\":%u,"
                     "\"UnreservedConcurrentExecutions\":%lld},"
                     "\"AccountUsage\":{\"TotalCodeSize\":%lld,\"FunctionCount\":%lld}}",
                     LAMBDA_ARCHIVE_UNPACKED_MAX, LAMBDA_ARCHIVE_SIZE_MAX,
                     lambda->settings.concurrency_max, (long long)(unreserved < 0 ? 0 : unreserved),
                     (long long)code_bytes, (long long)function_count);
    reply(operation);
}

void lambda_control_start(struct lambda *lambda, struct lambda_operation *operation)
{
    operation->exception = (struct lambda_exception){0};
    operation->body = STR("");
    if (lambda->is_ending) {
        lambda_exception_service(&operation->exception, operation->arena,
                                 "The server is shutting down.");
        reply(operation);
    } else if (operation->kind == LAMBDA_LIST_FUNCTIONS) {
        list_functions(lambda, operation);
    } else if (operation->kind == LAMBDA_GET_ACCOUNT_SETTINGS) {
        get_account_settings(lambda, operation);
    } else {
        start_on_function(lambda, operation);
    }
}

static void on_operate(struct mail *mail)
{
    struct lambda_operation *operation = CONTAINER_OF(mail, struct lambda_operation, mail);
    lambda_control_start(operation->lambda, operation);
}

void lambda_operate(struct lambda *lambda, struct lambda_operation *operation)
{
    assert(operation->reply_to != NULL && operation->done != NULL);
    operation->lambda = lambda;
    operation->mail.run = on_operate;
    mailbox_post(lambda_mailbox(lambda), &operation->mail);
}
