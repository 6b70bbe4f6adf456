// "galop eval jsonpath": {"path", "document"} -> {"result"} or {"error": {"code", "message"}}.
//
// Paths are taken as the library's front end takes them: without a '$' they start at the root.

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "jsonpath/jsonpath.h"
#include "main/eval.h"

static void answer_error(struct json_writer *writer, const char *code, struct str message)
{
    json_writer_begin_object(writer);
    json_writer_name(writer, STR("error"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("code"), str_from_c(code));
    json_writer_string_member(writer, STR("message"), message);
    json_writer_end_object(writer);
    json_writer_end_object(writer);
}

static struct str with_root(struct arena *arena, struct str path)
{
    struct str trimmed = str_trim(path);
    if (str_starts_with(trimmed, STR("$"))) return path;
    return arena_printf(arena, "$.%" STR_FORMAT, STR_ARGS(trimmed));
}

static struct str missing_message(struct arena *arena, const struct jsonpath_missing *missing)
{
    return arena_printf(arena, "%s %" STR_FORMAT,
                        missing->is_last ? "No results for path:" : "Missing property in path",
                        STR_ARGS(missing->path));
}

static void answer_path(struct json_writer *writer, struct arena *arena, struct str text,
                        const struct json *document)
{
    const struct jsonpath *path;
    struct str message = STR("out of memory");
    enum status status =
        jsonpath_compile(arena, with_root(arena, text), JSONPATH_DEMAND_START, &path, &message);
    if (status != STATUS_OK) {
        answer_error(writer, status == STATUS_INVALID ? "INVALID_PATH" : "OTHER", message);
        return;
    }
    struct json value;
    struct jsonpath_missing missing;
    status = jsonpath_evaluate(path, document, document, arena, &value, &missing);
    if (status == STATUS_OK) {
        json_writer_begin_object(writer);
        json_writer_value_member(writer, STR("result"), &value);
        json_writer_end_object(writer);
    } else if (status == STATUS_NOT_FOUND) {
        answer_error(writer, "PATH_NOT_FOUND", missing_message(arena, &missing));
    } else {
        answer_error(writer, "OTHER", str_from_c(status_name(status)));
    }
}

static void answer_line(struct json_writer *writer, struct arena *arena, struct str line)
{
    struct json request;
    struct json_error error;
    enum status status = json_parse(arena, line, 0, &request, &error);
    if (status != STATUS_OK) {
        answer_error(writer, "OTHER",
                     status == STATUS_INVALID ? error.message : STR("out of memory"));
        return;
    }
    const struct json *path = JSON_FIND(&request, "path");
    const struct json *document = JSON_FIND(&request, "document");
    if (path == NULL || !json_is_string(path) || document == NULL) {
        answer_error(writer, "OTHER", STR("a request has a string \"path\" and a \"document\""));
        return;
    }
    answer_path(writer, arena, json_str(path), document);
}

int eval_jsonpath(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        fputs("usage: galop eval jsonpath < requests\n", stderr);
        return 2;
    }
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) answer;
    arena_init(&arena, MIB(256));
    buffer_init(&answer, MIB(256));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    bool is_written = true;
    while (is_written && (size = getline(&line, &capacity, stdin)) >= 0) {
        struct json_writer writer;
        json_writer_init(&writer, &answer);
        answer_line(&writer, &arena, str_trim((struct str){line, (size_t)size}));
        if (answer.is_failed) {
            buffer_clear(&answer);
            json_writer_init(&writer, &answer);
            answer_error(&writer, "OTHER", STR("the answer is too large"));
        }
        buffer_append_byte(&answer, '\n');
        is_written =
            fwrite(answer.data, 1, answer.size, stdout) == answer.size && fflush(stdout) == 0;
        buffer_clear(&answer);
        arena_reset(&arena);
    }
    free(line);
    return is_written ? 0 : 1;
}
