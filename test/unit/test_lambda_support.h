// What the tests that run functions have in common: zips made in memory, a Lambda on a store in
// memory, calls that wait for their answer, and the functions' logs as one text.
//
// The logs library is replaced by the functions at the end of this file, so that a test sees what
// was logged at once and in order.

#pragma once

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <zip.h>

#include "base/clock.h"
#include "lambda/archive.h"
#include "lambda/lambda.h"
#include "lambda/language.h"
#include "logs/logs.h"
#include "test/lib/test.h"

struct file {
    const char *name;
    const char *content;
    unsigned mode; // 0: 0644.
};

// A zip of the files in `arena`.
static struct str make_zip(struct arena *arena, const struct file *files, size_t count)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_source_keep(target);
    zip_t *zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source =
            zip_source_buffer(zip, files[i].content, strlen(files[i].content), 0);
        zip_int64_t index = zip_file_add(zip, files[i].name, source, ZIP_FL_ENC_UTF_8);
        unsigned mode = files[i].mode == 0 ? 0100644 : files[i].mode | 0100000;
        zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX, mode << 16);
    }
    if (zip_close(zip) != 0) abort();
    zip_source_open(target);
    zip_source_seek(target, 0, SEEK_END);
    size_t size = (size_t)zip_source_tell(target);
    zip_source_seek(target, 0, SEEK_SET);
    char *bytes = arena_alloc(arena, size);
    if (zip_source_read(target, bytes, size) != (zip_int64_t)size) abort();
    zip_source_close(target);
    zip_source_free(target);
    return (struct str){bytes, size};
}

struct fixture {
    struct arena arena;
    struct store *store;
    struct lambda *lambda;
    struct mailbox mailbox;
    char directory[64];
    int awaited; // Answers that are still to come.
};

static char log_text[1 << 20]; // All messages so far.
static size_t log_size;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;

static void start_lambda(struct fixture *fixture, const struct lambda_settings *changes)
{
    struct str text = STR("");
    struct lambda_settings settings = *changes;
    settings.directory = str_from_c(fixture->directory);
    settings.account = STR("000000000000");
    settings.store = fixture->store;
    settings.logs = (struct logs *)(void *)fixture;
    if (lambda_new(&settings, &fixture->arena, &fixture->lambda, &text) != STATUS_OK) {
        fprintf(stderr, "%" STR_FORMAT "\n", STR_ARGS(text));
        abort();
    }
}

static void set_up(struct fixture *fixture, const struct lambda_settings *changes)
{
    struct str text;
    *fixture = (struct fixture){.directory = "/tmp/galop-test-XXXXXX"};
    arena_init(&fixture->arena, MIB(512));
    if (mkdtemp(fixture->directory) == NULL || mailbox_init(&fixture->mailbox) != STATUS_OK ||
        store_open(STR(""), &fixture->arena, &fixture->store, &text) != STATUS_OK)
        abort();
    log_size = 0;
    start_lambda(fixture, changes);
}

static void tear_down(struct fixture *fixture)
{
    lambda_free(fixture->lambda);
    store_close(fixture->store);
    mailbox_run(&fixture->mailbox);
    mailbox_release(&fixture->mailbox);
    CHECK(lambda_tree_remove(fixture->directory) == STATUS_OK);
    arena_release(&fixture->arena);
}

static void await_answers(struct fixture *fixture)
{
    while (fixture->awaited > 0) {
        mailbox_wait(&fixture->mailbox, 1000);
        mailbox_run(&fixture->mailbox);
    }
}

// ---------------------------------------------------------------------------------------------
// Operations

static struct fixture *current_fixture;

static void on_operation_done(struct lambda_operation *operation)
{
    (void)operation;
    current_fixture->awaited--;
}

// Carry out an operation; the answer's body, or "Type: message" of its exception.
static struct str operate(struct fixture *fixture, enum lambda_operation_kind kind,
                          const char *parameters, struct str zip)
{
    struct lambda_operation *operation = ARENA_NEW(&fixture->arena, struct lambda_operation);
    *operation = (struct lambda_operation){.reply_to = &fixture->mailbox,
                                           .done = on_operation_done,
                                           .kind = kind,
                                           .arena = &fixture->arena,
                                           .region = STR("us-east-1"),
                                           .zip = zip};
    if (json_parse(&fixture->arena, str_from_c(parameters), JSON_PARSE_COPY, &operation->parameters,
                   NULL) != STATUS_OK)
        abort();
    current_fixture = fixture;
    fixture->awaited++;
    lambda_operate(fixture->lambda, operation);
    await_answers(fixture);
    if (lambda_exception_is_set(&operation->exception))
        return arena_printf(&fixture->arena, "%" STR_FORMAT ": %" STR_FORMAT,
                            STR_ARGS(operation->exception.type),
                            STR_ARGS(operation->exception.message));
    return operation->body;
}

static const struct str no_zip = {NULL, 0};

// Create a function from one file.
static struct str create(struct fixture *fixture, const char *name, const char *runtime,
                         const char *settings, const struct file *files, size_t count)
{
    struct str parameters =
        arena_printf(&fixture->arena,
                     "{\"FunctionName\":\"%s\",\"Runtime\":\"%s\",\"Role\":"
                     "\"arn:aws:iam::000000000000:role/r\",\"Handler\":\"handler.handler\"%s%s}",
                     name, runtime, settings[0] == '\0' ? "" : ",", settings);
    return operate(fixture, LAMBDA_CREATE_FUNCTION, parameters.data,
                   make_zip(&fixture->arena, files, count));
}

// ---------------------------------------------------------------------------------------------
// Invocations

static void on_invocation_done(struct lambda_invocation *invocation)
{
    struct lambda_invocation **slot = invocation->request.context;
    *slot = invocation;
    current_fixture->awaited--;
}

static void begin_invoke(struct fixture *fixture, const char *function, struct str payload,
                         enum lambda_invocation_type type, struct lambda_invocation **slot)
{
    const struct lambda_invocation_request request = {
        .region = STR("us-east-1"),
        .function = str_from_c(function),
        .type = type,
        .payload = payload,
        .wants_log_tail = true,
        .reply_to = &fixture->mailbox,
        .done = on_invocation_done,
        .context = slot,
    };
    struct lambda_invocation *invocation = lambda_invocation_new(&request);
    if (invocation == NULL) abort();
    current_fixture = fixture;
    fixture->awaited++;
    lambda_invoke(fixture->lambda, invocation);
}

// What came of it: "200 <payload>", "error <payload>", or "Type: message" of an exception.
static UNUSED struct str describe_outcome(struct fixture *fixture,
                                          const struct lambda_invocation *invocation)
{
    const struct lambda_outcome *outcome = &invocation->outcome;
    if (lambda_exception_is_set(&outcome->exception))
        return arena_printf(&fixture->arena, "%" STR_FORMAT ": %" STR_FORMAT,
                            STR_ARGS(outcome->exception.type),
                            STR_ARGS(outcome->exception.message));
    char status[16];
    snprintf(status, sizeof(status), "%d", outcome->http_status);
    return arena_printf(&fixture->arena, "%s %" STR_FORMAT,
                        outcome->is_function_error ? "error" : status, STR_ARGS(outcome->payload));
}

// Call a function and wait; see describe_outcome().
static UNUSED struct str invoke(struct fixture *fixture, const char *function, const char *payload)
{
    struct lambda_invocation *invocation = NULL;
    begin_invoke(fixture, function, str_from_c(payload), LAMBDA_REQUEST_RESPONSE, &invocation);
    await_answers(fixture);
    struct str text = describe_outcome(fixture, invocation);
    lambda_invocation_free(invocation);
    return text;
}

// Whether `text` has `part` in it; prints both when it has not.
static UNUSED bool contains(struct str text, const char *part)
{
    if (str_find(text, str_from_c(part)) != SIZE_MAX) return true;
    printf("# \"%" STR_FORMAT "\" has no \"%s\"\n", STR_ARGS(str_slice(text, 0, 2000)), part);
    return false;
}

// A copy of the log so far.
static UNUSED struct str read_log(struct fixture *fixture)
{
    struct str copy = STR("");
    pthread_mutex_lock(&log_mutex);
    if (!arena_copy_str(&fixture->arena, (struct str){log_text, log_size}, &copy)) abort();
    pthread_mutex_unlock(&log_mutex);
    return copy;
}

// ---------------------------------------------------------------------------------------------
// Python

static UNUSED bool has_python(void)
{
    static struct lambda_programs programs;
    char path[PATH_MAX], wanted[LAMBDA_WANTED_SIZE];
    bool is_exact;
    // Version managers put slow wrappers in front of PATH.
    if (access("/usr/bin/python3", X_OK) == 0) setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    bool is_found =
        lambda_language_find_program(&programs, STR("python3.12"), path, &is_exact, wanted);
    lambda_programs_release(&programs);
    if (!is_found) printf("# SKIP: this machine has no %s\n", wanted);
    return is_found;
}

static UNUSED struct str create_python(struct fixture *fixture, const char *name,
                                       const char *settings, const char *code)
{
    const struct file file = {"handler.py", code, 0};
    return create(fixture, name, "python3.12", settings, &file, 1);
}

// ---------------------------------------------------------------------------------------------
// In place of the logs library

struct logs_group {
    int reference_count;
};

struct logs_group *logs_group_open(struct logs *logs, struct str region, struct str name,
                                   enum logs_group_mode mode)
{
    (void)logs, (void)region, (void)name, (void)mode;
    return calloc(1, sizeof(struct logs_group));
}

void logs_group_unref(struct logs_group *group)
{
    free(group);
}

void logs_append(struct logs *logs, struct logs_group *group, struct str stream_name,
                 int64_t timestamp_unix_ms, struct str message)
{
    (void)logs, (void)group, (void)stream_name, (void)timestamp_unix_ms;
    pthread_mutex_lock(&log_mutex);
    if (log_size + message.size <= sizeof(log_text)) {
        memcpy(log_text + log_size, message.data, message.size);
        log_size += message.size;
    }
    pthread_mutex_unlock(&log_mutex);
}
