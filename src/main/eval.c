// The loop of all evaluators: a request line in, an answer line out, flushed.

#include "main/eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

enum { MEMORY_LIMIT = 256 << 20 }; // Of one request and its answer, each.

void eval_answer_error(struct json_writer *writer, const char *code, struct str message)
{
    json_writer_begin_object(writer);
    json_writer_name(writer, STR("error"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("code"), str_from_c(code));
    json_writer_string_member(writer, STR("message"), message);
    json_writer_end_object(writer);
    json_writer_end_object(writer);
}

static void answer_line(eval_answer *answer, struct json_writer *writer, struct arena *arena,
                        struct str line)
{
    struct json request;
    struct json_error error;
    enum status status = json_parse(arena, line, 0, &request, &error);
    if (status == STATUS_OK)
        answer(writer, arena, &request);
    else
        eval_answer_error(writer, "OTHER",
                          status == STATUS_INVALID ? error.message : STR("out of memory"));
}

int eval_lines(int argc, char **argv, eval_answer *answer)
{
    if (argc > 1) {
        fprintf(stderr, "usage: galop eval %s < requests\n", argv[0]);
        return 2;
    }
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) text;
    arena_init(&arena, MEMORY_LIMIT);
    buffer_init(&text, MEMORY_LIMIT);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    bool is_written = true;
    while (is_written && (size = getline(&line, &capacity, stdin)) >= 0) {
        struct json_writer writer;
        json_writer_init(&writer, &text);
        answer_line(answer, &writer, &arena, str_trim((struct str){line, (size_t)size}));
        if (text.is_failed) {
            buffer_clear(&text);
            json_writer_init(&writer, &text);
            eval_answer_error(&writer, "OTHER", STR("the answer is too large"));
        }
        buffer_append_byte(&text, '\n');
        is_written = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
        buffer_clear(&text);
        arena_reset(&arena);
    }
    free(line);
    return is_written ? 0 : 1;
}
