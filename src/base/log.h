// The server's own log: one line per event on stderr, "TIME LEVEL message".
//
// Messages never contain secrets (keys, signatures, function environment, payloads). A line is
// written whole or not at all, so lines of several threads do not mix.

#pragma once

#include "base/attributes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

// Lines below `level` are dropped; LOG_INFO at start.
void log_set_level(enum log_level level);

void log_debug(const char *format, ...) PRINTF(1, 2);
void log_info(const char *format, ...) PRINTF(1, 2);
void log_warn(const char *format, ...) PRINTF(1, 2);
void log_error(const char *format, ...) PRINTF(1, 2);
