// Child processes: how a sandbox comes to life and how all of it dies.
//
// A child gets its own process group, so that what it starts itself can be killed with it; it dies
// when the thread that started it dies (the kernel sends SIGKILL), so that no function outlives
// galop, whatever ends it. Its end is seen on a descriptor (pidfd) that an event loop can watch.
//
// Only the child itself is bound to the death of galop: processes that a function started are
// killed with their group at every ordinary end, and must notice the closed pipes after a kill -9.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/status.h"

// The child's descriptors: 0 is /dev/null, and these.
enum { LAMBDA_PROCESS_OUTPUT = 1, LAMBDA_PROCESS_ERROR = 2, LAMBDA_PROCESS_RECORDS = 3 };

struct lambda_process_start {
    const char *program;      // Absolute path.
    char *const *arguments;   // argv, NULL at the end.
    char *const *environment; // "NAME=value", NULL at the end; nothing is inherited.
    const char *folder;       // To run in.
    int output;               // Becomes LAMBDA_PROCESS_OUTPUT; negative: /dev/null. Likewise:
    int error;
    int records; // Negative: closed.
};

struct lambda_process {
    pid_t pid;  // Also the process group. 0: there is none.
    int pid_fd; // Readable once the child has ended.
};

// Start a child. The thread that calls must live as long as the child shall.
//
//   reterr_errno   on STATUS_IO, why the program could not be started
//
// Returns STATUS_OK, STATUS_NO_MEMORY, STATUS_OVER_LIMIT (no process or descriptor left) or
// STATUS_IO. Blocks until the child has become the program, which takes some 100 microseconds.
MUST_USE enum status lambda_process_start(const struct lambda_process_start *start,
                                          struct lambda_process *ret_process, int *reterr_errno);

// Kill the child and all of its group. It must still be reaped.
void lambda_process_kill(const struct lambda_process *process);

// Take the exit status (as of wait(2)) of a child that has ended, kill what is left of its group,
// and forget it. Returns false while it is still running. With `may_block`, waits for the end.
bool lambda_process_reap(struct lambda_process *process, bool may_block, int *ret_wait_status);

// Memory in use by the child and its descendants, in bytes; 0 when it has ended.
uint64_t lambda_process_memory_bytes(const struct lambda_process *process);

// "exit status 3" or "signal: killed", as the service describes an end. "" for exit status 0.
enum { LAMBDA_PROCESS_END_SIZE = 64 };
void lambda_process_describe_end(int wait_status, char ret_text[static LAMBDA_PROCESS_END_SIZE]);
