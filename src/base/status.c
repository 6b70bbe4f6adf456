// One name per status, for log lines.

#include "base/status.h"

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK: return "OK";
    case STATUS_NOT_FOUND: return "NOT_FOUND";
    case STATUS_CONFLICT: return "CONFLICT";
    case STATUS_INVALID: return "INVALID";
    case STATUS_OVER_LIMIT: return "OVER_LIMIT";
    case STATUS_TIMED_OUT: return "TIMED_OUT";
    case STATUS_NO_MEMORY: return "NO_MEMORY";
    case STATUS_IO: return "IO";
    case STATUS_CORRUPT: return "CORRUPT";
    }
    return "?";
}
