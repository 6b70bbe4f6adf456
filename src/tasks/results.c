// A sink collects the text of each kind of result until a file is full, then writes it as an object
// and tells its writer to wait meanwhile. Without a bucket it collects the text of one array.
//
//   WRITING   results_write()                        -> PUTTING when a file is full
//   PUTTING   the object has been written            -> WRITING [on_ready]
//   ENDING    results_end(): what is left, then the manifest, object by object
//   ANSWERING the answer is delivered from the loop

#include "tasks/results.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tasks/s3.h"

enum {
    FILE_SIZE_MAX = 5 << 20,   // Then the next one is begun.
    TEXT_SIZE_MAX = 16 << 20,  // Of a file, which ends after the record that fills it.
    ARENA_SIZE_MAX = 16 << 20, // The configuration and the list of files.
    KIND_COUNT = RESULTS_PENDING + 1,
};

enum transformation { TRANSFORM_NONE, TRANSFORM_COMPACT, TRANSFORM_FLATTEN };

// A file that has been written.
struct file {
    struct file *next;
    struct str key;
    size_t size;
};

struct files {
    struct buffer text; // Of the one being filled.
    uint32_t count;     // Of those written.
    struct file *first;
    struct file *last;
};

struct results_sink {
    struct tasks *tasks;
    results_ready_fn on_ready;
    void *ready_context;
    struct arena arena;
    struct str bucket; // Empty: the results become the state's output.
    struct str folder; // "PREFIX/UUID/".
    struct str map_run_arn;
    struct str role_arn;
    struct str session_name;
    struct str region;
    size_t output_size_max;
    enum transformation transformation;
    bool is_jsonl;
    struct files files[KIND_COUNT];
    struct buffer manifest;
    struct s3_call *call;  // Of an object being written.
    struct files *written; // Whose it is; NULL: the manifest.
    struct str written_key;
    bool is_waited_for; // on_ready is owed.
    bool is_manifest_written;
    struct str error, cause; // With data: writing failed.

    struct arena *answer_arena; // Set by results_end().
    results_answer_fn on_answer;
    void *answer_context;
    struct net_deferred work;
};

// ---------------------------------------------------------------------------------------------
// Failures

static void fail(struct results_sink *sink, struct str error, struct str cause)
{
    if (sink->error.data != NULL) return;
    sink->error = error;
    if (!arena_copy_str(&sink->arena, cause, &sink->cause)) sink->cause = STR("out of memory");
}

static void fail_writer(struct results_sink *sink, struct str cause)
{
    fail(sink, STR("States.ResultWriterFailed"), cause);
}

// ---------------------------------------------------------------------------------------------
// Records

static void add_details(struct json_writer *writer, struct str name)
{
    json_writer_name(writer, name);
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("Included"), true);
    json_writer_end_object(writer);
}

static void add_text(struct json_writer *writer, struct str name, struct str text)
{
    if (text.data != NULL) json_writer_string_member(writer, name, text);
}

static void add_time(struct json_writer *writer, struct str name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    if (unix_ms == 0) return;
    clock_render_iso(unix_ms, text);
    json_writer_string_member(writer, name, (struct str){text, sizeof(text)});
}

// All that is known of a child, members in the order of the alphabet.
static void render_record(struct buffer *buffer, const struct results_record *record)
{
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    add_text(&writer, STR("Cause"), record->cause);
    add_text(&writer, STR("Error"), record->error);
    add_text(&writer, STR("ExecutionArn"), record->execution_arn);
    if (record->input.data != NULL) {
        json_writer_string_member(&writer, STR("Input"), record->input);
        add_details(&writer, STR("InputDetails"));
    }
    add_text(&writer, STR("Name"), record->name);
    if (record->output.data != NULL) {
        json_writer_string_member(&writer, STR("Output"), record->output);
        add_details(&writer, STR("OutputDetails"));
    }
    if (record->execution_arn.data != NULL)
        json_writer_integer_member(&writer, STR("RedriveCount"), record->redrive_count);
    add_text(&writer, STR("RedriveStatus"), record->redrive_status);
    add_text(&writer, STR("RedriveStatusReason"), record->redrive_status_reason);
    add_time(&writer, STR("StartDate"), record->start_unix_ms);
    add_text(&writer, STR("StateMachineArn"), record->state_machine_arn);
    add_text(&writer, STR("Status"), record->status);
    add_time(&writer, STR("StopDate"), record->stop_unix_ms);
    json_writer_end_object(&writer);
}

// The next element of a file's text.
static void separate(const struct results_sink *sink, struct buffer *text)
{
    bool is_lines = sink->is_jsonl && sink->bucket.size > 0;
    if (is_lines) {
        if (text->size > 0) buffer_append_byte(text, '\n');
    } else {
        buffer_append_byte(text, text->size == 0 ? '[' : ',');
    }
}

// An output that is an array gives its elements instead of itself.
static void append_flat(const struct results_sink *sink, struct buffer *text, struct str output)
{
    struct arena CLEANUP(arena_release) arena;
    struct json value;
    arena_init(&arena, TEXT_SIZE_MAX);
    if (json_parse(&arena, output, 0, &value, NULL) == STATUS_OK && json_is_array(&value)) {
        for (uint32_t i = 0; i < value.size; i++) {
            separate(sink, text);
            json_render(text, &value.items[i]);
        }
    } else {
        separate(sink, text);
        buffer_append_str(text, output);
    }
}

static void append_record(const struct results_sink *sink, struct buffer *text,
                          const struct results_record *record)
{
    //    If a child workflow execution fails, Step Functions returns its execution result
    //    unchanged. The results would be equivalent to having set Transformation to NONE.
    bool is_plain = sink->transformation != TRANSFORM_NONE && record->kind == RESULTS_SUCCEEDED;
    if (!is_plain) {
        separate(sink, text);
        render_record(text, record);
    } else if (sink->transformation == TRANSFORM_FLATTEN) {
        append_flat(sink, text, record->output);
    } else {
        separate(sink, text);
        buffer_append_str(text, record->output);
    }
}

static void close_text(const struct results_sink *sink, struct buffer *text)
{
    bool is_lines = sink->is_jsonl && sink->bucket.size > 0;
    if (is_lines) {
        buffer_append_byte(text, '\n');
    } else {
        buffer_append_str(text, text->size == 0 ? STR("[]") : STR("]"));
    }
}

// ---------------------------------------------------------------------------------------------
// Objects

static void go_on(struct results_sink *sink);

static bool authorize(struct results_sink *sink, struct str key)
{
    struct str message;
    struct iam_request question = {
        .action = STR("s3:PutObject"),
        .resource = arena_printf(&sink->arena, "arn:aws:s3:::%" STR_FORMAT "/%" STR_FORMAT,
                                 STR_ARGS(sink->bucket), STR_ARGS(key)),
        .session_name = sink->session_name,
    };
    if (tasks_authorize(sink->tasks, &sink->arena, sink->role_arn, &question, &message))
        return true;
    fail_writer(sink, message);
    return false;
}

static void note_file(struct results_sink *sink)
{
    struct files *files = sink->written;
    struct file *file = ARENA_NEW(&sink->arena, struct file);
    if (file == NULL) {
        fail_writer(sink, STR("There are too many files of results."));
        return;
    }
    *file = (struct file){.key = sink->written_key, .size = files->text.size};
    if (files->last == NULL) {
        files->first = file;
    } else {
        files->last->next = file;
    }
    files->last = file;
    files->count++;
    buffer_clear(&files->text);
}

static void on_put(void *context, const struct s3_answer *answer)
{
    struct results_sink *sink = context;
    sink->call = NULL;
    if (!answer->is_success) {
        fail_writer(sink, s3_optimised_cause(&sink->arena, answer));
    } else if (sink->written == NULL) {
        sink->is_manifest_written = true;
    } else {
        note_file(sink);
    }
    go_on(sink);
}

static void put(struct results_sink *sink, struct files *files, struct str key, struct str text)
{
    assert(sink->call == NULL);
    sink->written = files;
    sink->written_key = key;
    bool is_lines = sink->is_jsonl && files != NULL;
    struct http_header type = {STR("Content-Type"),
                               is_lines ? STR("application/jsonl") : STR("application/json")};
    struct s3_request request = {
        .method = STR("PUT"),
        .bucket = sink->bucket,
        .key = key,
        .headers = &type,
        .header_count = 1,
        .body = text,
        .region = sink->region,
    };
    if (sink->arena.is_exhausted) {
        fail_writer(sink, STR("There are too many files of results."));
    } else if (authorize(sink, key)) {
        sink->call = s3_call_new(sink->tasks, &request, on_put, sink);
        if (sink->call == NULL) fail_writer(sink, STR("out of memory"));
    }
}

// The file is full, or the last one of its kind.
static void put_file(struct results_sink *sink, enum results_kind kind)
{
    static const char *const names[] = {
        [RESULTS_SUCCEEDED] = "SUCCEEDED",
        [RESULTS_FAILED] = "FAILED",
        [RESULTS_PENDING] = "PENDING",
    };
    struct files *files = &sink->files[kind];
    close_text(sink, &files->text);
    if (files->text.is_failed) {
        fail_writer(sink, STR("A result is larger than a file of results may be."));
        return;
    }
    put(sink, files,
        arena_printf(&sink->arena, "%" STR_FORMAT "%s_%u.%s", STR_ARGS(sink->folder), names[kind],
                     files->count, sink->is_jsonl ? "jsonl" : "json"),
        buffer_str(&files->text));
}

static void add_files(struct json_writer *writer, const struct files *files, struct str name)
{
    json_writer_name(writer, name);
    json_writer_begin_array(writer);
    for (const struct file *file = files->first; file != NULL; file = file->next) {
        json_writer_begin_object(writer);
        json_writer_string_member(writer, STR("Key"), file->key);
        json_writer_integer_member(writer, STR("Size"), (int64_t)file->size);
        json_writer_end_object(writer);
    }
    json_writer_end_array(writer);
}

static struct str manifest_key(struct results_sink *sink)
{
    return arena_printf(&sink->arena, "%" STR_FORMAT "manifest.json", STR_ARGS(sink->folder));
}

static void put_manifest(struct results_sink *sink)
{
    struct json_writer writer;
    json_writer_init(&writer, &sink->manifest);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("DestinationBucket"), sink->bucket);
    json_writer_string_member(&writer, STR("MapRunArn"), sink->map_run_arn);
    json_writer_name(&writer, STR("ResultFiles"));
    json_writer_begin_object(&writer);
    add_files(&writer, &sink->files[RESULTS_FAILED], STR("FAILED"));
    add_files(&writer, &sink->files[RESULTS_PENDING], STR("PENDING"));
    add_files(&writer, &sink->files[RESULTS_SUCCEEDED], STR("SUCCEEDED"));
    json_writer_end_object(&writer);
    json_writer_end_object(&writer);
    if (sink->manifest.is_failed) {
        fail_writer(sink, STR("There are too many files of results."));
    } else {
        put(sink, NULL, manifest_key(sink), buffer_str(&sink->manifest));
    }
}

// ---------------------------------------------------------------------------------------------
// The answer

static struct json location_output(struct results_sink *sink)
{
    struct arena *arena = sink->answer_arena;
    struct json_members details, output;
    struct str bucket, key, arn;
    if (!arena_copy_str(arena, sink->bucket, &bucket) ||
        !arena_copy_str(arena, sink->map_run_arn, &arn) ||
        !arena_copy_str(arena, manifest_key(sink), &key)) {
        return json_null;
    }
    json_members_init(&details, arena);
    json_members_append(&details, STR("Bucket"), json_from_str(bucket));
    json_members_append(&details, STR("Key"), json_from_str(key));
    json_members_init(&output, arena);
    json_members_append(&output, STR("MapRunArn"), json_from_str(arn));
    json_members_append(&output, STR("ResultWriterDetails"), json_members_finish(&details));
    return json_members_finish(&output);
}

static struct json array_output(struct results_sink *sink)
{
    struct buffer *text = &sink->files[RESULTS_SUCCEEDED].text;
    struct json output = json_null;
    close_text(sink, text);
    bool is_too_large = text->is_failed || text->size > sink->output_size_max;
    if (is_too_large) {
        fail(sink, STR("States.DataLimitExceeded"), STR(""));
    } else if (json_parse(sink->answer_arena, buffer_str(text), JSON_PARSE_COPY, &output, NULL) !=
               STATUS_OK) {
        fail(sink, STR("States.Runtime"), STR("The results take too much memory."));
    }
    return output;
}

static void deliver(struct results_sink *sink)
{
    struct results_answer answer = {0};
    if (sink->error.data == NULL) {
        answer.output = sink->bucket.size > 0 ? location_output(sink) : array_output(sink);
    }
    if (sink->error.data == NULL && sink->answer_arena->is_exhausted)
        fail(sink, STR("States.Runtime"), STR("The results take too much memory."));
    answer.is_success = sink->error.data == NULL;
    answer.error = sink->error;
    if (!arena_copy_str(sink->answer_arena, sink->cause, &answer.cause)) answer.cause = STR("");
    results_answer_fn on_answer = sink->on_answer;
    sink->on_answer = NULL;
    on_answer(sink->answer_context, &answer); // May free the sink.
}

// What is left to be written, once all results are there.
static void write_rest(struct results_sink *sink)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (sink->files[kind].text.size == 0) continue;
        put_file(sink, (enum results_kind)kind);
        return;
    }
    if (!sink->is_manifest_written) put_manifest(sink);
}

static enum results_kind fullest(const struct results_sink *sink)
{
    enum results_kind kind = RESULTS_SUCCEEDED;
    if (sink->files[RESULTS_FAILED].text.size > sink->files[kind].text.size) kind = RESULTS_FAILED;
    if (sink->files[RESULTS_PENDING].text.size > sink->files[kind].text.size)
        kind = RESULTS_PENDING;
    return kind;
}

static void go_on(struct results_sink *sink)
{
    bool is_over = false;
    while (sink->call == NULL && !is_over) {
        enum results_kind kind = fullest(sink);
        if (sink->bucket.size == 0 || sink->error.data != NULL) {
            is_over = true;
        } else if (sink->files[kind].text.size >= FILE_SIZE_MAX) {
            put_file(sink, kind);
        } else if (sink->on_answer == NULL || sink->is_manifest_written) {
            is_over = true;
        } else {
            write_rest(sink);
        }
    }
    if (!is_over) return;
    if (sink->on_answer != NULL) {
        deliver(sink);
    } else if (sink->is_waited_for) {
        sink->is_waited_for = false;
        sink->on_ready(sink->ready_context); // May free the sink.
    }
}

static void on_work(struct net_deferred *deferred)
{
    go_on(CONTAINER_OF(deferred, struct results_sink, work));
}

// ---------------------------------------------------------------------------------------------

static void take_config(struct results_sink *sink, const struct json *writer)
{
    const struct json *config = JSON_FIND(writer, "WriterConfig");
    const struct json *parameters = JSON_FIND(writer, "Parameters");
    if (parameters == NULL) parameters = JSON_FIND(writer, "Arguments");
    if (parameters == NULL) parameters = &json_empty_object;
    if (config == NULL) config = &json_empty_object;
    bool has_resource = JSON_FIND(writer, "Resource") != NULL;
    struct str transformation = JSON_FIND_STR(config, "Transformation");
    struct str prefix = JSON_FIND_STR(parameters, "Prefix");
    sink->transformation = has_resource ? TRANSFORM_NONE : TRANSFORM_COMPACT;
    if (str_is(transformation, "NONE")) sink->transformation = TRANSFORM_NONE;
    if (str_is(transformation, "COMPACT")) sink->transformation = TRANSFORM_COMPACT;
    if (str_is(transformation, "FLATTEN")) sink->transformation = TRANSFORM_FLATTEN;
    sink->is_jsonl = str_is(JSON_FIND_STR(config, "OutputType"), "JSONL");
    if (!has_resource) return;
    sink->bucket = JSON_FIND_STR(parameters, "Bucket");
    if (sink->bucket.size == 0)
        fail_writer(sink, STR("field Bucket must be a string that is not empty"));
    struct str uuid = sink->map_run_arn; // Stands behind the last colon.
    while (str_find_byte(uuid, ':') != SIZE_MAX)
        uuid = str_skip(uuid, str_find_byte(uuid, ':') + 1);
    if (str_ends_with(prefix, STR("/"))) prefix.size--;
    sink->folder = arena_printf(&sink->arena, "%" STR_FORMAT "%s%" STR_FORMAT "/", STR_ARGS(prefix),
                                prefix.size > 0 ? "/" : "", STR_ARGS(uuid));
}

struct results_sink *results_sink_new(const struct results_request *request,
                                      results_ready_fn on_ready, void *context)
{
    struct results_sink *sink = calloc(1, sizeof(*sink));
    struct json writer;
    if (sink == NULL) return NULL;
    sink->tasks = request->tasks;
    sink->on_ready = on_ready;
    sink->ready_context = context;
    sink->output_size_max = request->output_size_max;
    arena_init(&sink->arena, ARENA_SIZE_MAX);
    net_deferred_init(&sink->work, on_work);
    buffer_init(&sink->manifest, TEXT_SIZE_MAX);
    if (!json_copy(&sink->arena, &request->writer, &writer) ||
        !arena_copy_str(&sink->arena, request->map_run_arn, &sink->map_run_arn) ||
        !arena_copy_str(&sink->arena, request->role_arn, &sink->role_arn) ||
        !arena_copy_str(&sink->arena, request->session_name, &sink->session_name) ||
        !arena_copy_str(&sink->arena, request->region, &sink->region)) {
        results_sink_free(sink);
        return NULL;
    }
    take_config(sink, &writer);
    size_t limit = sink->bucket.size > 0 ? TEXT_SIZE_MAX : request->output_size_max + KIB(1);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        buffer_init(&sink->files[kind].text, limit);
    return sink;
}

bool results_write(struct results_sink *sink, const struct results_record *record)
{
    assert(sink->on_answer == NULL);
    if (sink->error.data != NULL) return true;
    // The state's output is one array, and tolerated failures have no part in it.
    bool is_output = sink->bucket.size == 0;
    if (is_output && record->kind != RESULTS_SUCCEEDED && sink->transformation != TRANSFORM_NONE)
        return true;
    struct files *files = &sink->files[is_output ? RESULTS_SUCCEEDED : record->kind];
    append_record(sink, &files->text, record);
    if (is_output || files->text.size < FILE_SIZE_MAX) return true;
    sink->is_waited_for = true;
    if (sink->call == NULL) net_loop_defer(sink->tasks->loop, &sink->work);
    return false;
}

void results_end(struct results_sink *sink, struct arena *arena, results_answer_fn on_answer,
                 void *context)
{
    assert(sink->on_answer == NULL);
    sink->answer_arena = arena;
    sink->on_answer = on_answer;
    sink->answer_context = context;
    if (sink->call == NULL) net_loop_defer(sink->tasks->loop, &sink->work);
}

void results_sink_free(struct results_sink *sink)
{
    if (sink == NULL) return;
    s3_call_cancel(sink->call);
    net_deferred_cancel(&sink->work);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        buffer_release(&sink->files[kind].text);
    buffer_release(&sink->manifest);
    arena_release(&sink->arena);
    free(sink);
}
