// Read in pieces until the end, as pipes have no size.

#include "main/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

enum { PIECE_SIZE = 64 << 10 };

bool read_file(const char *path, size_t size_max, struct arena *arena, struct str *ret_text,
               struct str *reterr_text)
{
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, size_max + PIECE_SIZE);
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && text.size <= size_max) {
        char *room = buffer_reserve(&text, PIECE_SIZE);
        if (room == NULL) break;
        got = read(fd, room, PIECE_SIZE);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        if (got > 0) text.size += (size_t)got;
    }
    int error = errno;
    if (fd >= 0 && !is_stdin) close(fd);
    if (got < 0) {
        *reterr_text = arena_printf(arena, "%s", strerror(error));
        return false;
    }
    if (text.size > size_max) {
        *reterr_text = arena_printf(arena, "it is larger than %zu bytes", size_max);
        return false;
    }
    if (buffer_copy_to_arena(&text, arena, ret_text)) return true;
    *reterr_text = STR("out of memory");
    return false;
}
