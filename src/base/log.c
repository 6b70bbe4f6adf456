// Each line is built in a local buffer and written by one write(2).

#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int level_min = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&level_min, (int)level);
}

static void PRINTF(2, 0) write_line(enum log_level level, const char *format, va_list args)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    if ((int)level < atomic_load_explicit(&level_min, memory_order_relaxed)) return;
    struct clock clock;
    clock_init_real(&clock);
    char line[4096];
    clock_render_iso(clock_unix_ms(&clock), line);
    size_t size = CLOCK_ISO_SIZE;
    size += (size_t)snprintf(line + size, sizeof(line) - size, " %s ", names[level]);
    int text = vsnprintf(line + size, sizeof(line) - size - 1, format, args);
    size += text < 0 ? 0 : (size_t)text;
    if (size > sizeof(line) - 1) size = sizeof(line) - 1;
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written; // Nowhere to report that the log cannot be written.
}

#define DEFINE_LOG(name, level)                                                                    \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        write_line(level, format, args);                                                           \
        va_end(args);                                                                              \
    }

DEFINE_LOG(log_debug, LOG_DEBUG)
DEFINE_LOG(log_info, LOG_INFO)
DEFINE_LOG(log_warn, LOG_WARN)
DEFINE_LOG(log_error, LOG_ERROR)
