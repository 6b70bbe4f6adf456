// "galop eval jsonpath": {"path", "document"} -> {"result"} or {"error": {"code", "message"}}.
//
// Paths are taken as the library's front end takes them: without a '$' they start at the root.

#include "jsonpath/jsonpath.h"
#include "main/eval.h"

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
        eval_answer_error(writer, status == STATUS_INVALID ? "INVALID_PATH" : "OTHER", message);
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
        eval_answer_error(writer, "PATH_NOT_FOUND", missing_message(arena, &missing));
    } else {
        eval_answer_error(writer, "OTHER", str_from_c(status_name(status)));
    }
}

static void answer(struct json_writer *writer, struct arena *arena, const struct json *request)
{
    const struct json *path = JSON_FIND(request, "path");
    const struct json *document = JSON_FIND(request, "document");
    if (path == NULL || !json_is_string(path) || document == NULL) {
        eval_answer_error(writer, "OTHER",
                          STR("a request has a string \"path\" and a \"document\""));
        return;
    }
    answer_path(writer, arena, json_str(path), document);
}

int eval_jsonpath(int argc, char **argv)
{
    return eval_lines(argc, argv, answer);
}
