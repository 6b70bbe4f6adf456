// A line that is no JSON and an answer that is too large are refused; neither ends the loop.

#include "main/eval_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

enum { MEMORY_BYTES_MAX = 1 << 30 };

static void answer_line(struct str line, struct arena *arena, eval_answer_fn answer,
                        eval_refuse_fn refuse, struct buffer *buffer)
{
    struct json request;
    struct json_error error;
    enum status status = json_parse(arena, line, 0, &request, &error);
    if (status == STATUS_OK) {
        answer(&request, arena, buffer);
    } else {
        refuse(status == STATUS_INVALID ? error.message : STR("out of memory"), buffer);
    }
    if (!buffer->is_failed) return;
    buffer_clear(buffer);
    refuse(STR("the answer is too large"), buffer);
}

int eval_lines(eval_answer_fn answer, eval_refuse_fn refuse)
{
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) buffer;
    arena_init(&arena, MEMORY_BYTES_MAX);
    buffer_init(&buffer, MEMORY_BYTES_MAX);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    bool is_written = true;
    while (is_written && (size = getline(&line, &capacity, stdin)) >= 0) {
        answer_line(str_trim((struct str){line, (size_t)size}), &arena, answer, refuse, &buffer);
        buffer_append_byte(&buffer, '\n');
        is_written =
            fwrite(buffer.data, 1, buffer.size, stdout) == buffer.size && fflush(stdout) == 0;
        buffer_clear(&buffer);
        arena_reset(&arena);
    }
    free(line);
    return is_written ? 0 : 1;
}
