// Outcomes and faults of this program.
//
// Three kinds of failure have three channels: a bug is an assert() and ends the process; a fault or
// outcome of this program is an `enum status`; a failure of the user's workflow is data (struct
// asl_error). Positive codes are outcomes that the callee documents and the direct caller handles.
// Negative codes are faults: return them unchanged up to the step or request boundary, which alone
// logs them.

#pragma once

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND = 1,
    STATUS_CONFLICT = 2,
    STATUS_INVALID = 3,
    STATUS_OVER_LIMIT = 4,
    STATUS_TIMED_OUT = 5,
    STATUS_NO_MEMORY = -1,
    STATUS_IO = -2,
    STATUS_CORRUPT = -3,
};

// Name of a status for log lines, e.g. "NOT_FOUND".
const char *status_name(enum status status);
