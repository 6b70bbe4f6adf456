// Children are made by clone(CLONE_VM | CLONE_VFORK), as posix_spawn() does: no page table is
// copied however large galop is, and the caller sleeps until the child has called execve().
// posix_spawn() itself cannot bind the child's life to its parent's (PR_SET_PDEATHSIG), hence the
// clone() here.

#include "lambda/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHILD_STACK_SIZE = 64 * 1024,
    CHILD_FILES_MAX = 1024,    // As in the service.
    DESCRIPTOR_ABOVE_ALL = 10, // Where sources are moved before they are put in place.
    DESCENDANTS_MAX = 64,      // Of one child, whose memory is counted.
};

// Shared with the child while the caller sleeps.
struct child {
    const struct lambda_process_start *start;
    pid_t parent;
    int error; // errno of what failed in the child; 0: nothing.
};

// Handlers of the parent must not run in its memory on behalf of the child, and what it ignores
// must not be ignored by the child's program.
static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool place_descriptor(int source, int target)
{
    return source < 0 || dup2(source, target) == target;
}

static bool place_descriptors(const struct lambda_process_start *start)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return false;
    // Out of the way first: a source may lie where another one belongs.
    int sources[] = {null, start->output < 0 ? null : start->output,
                     start->error < 0 ? null : start->error, start->records};
    for (int i = 0; i < 4; i++) {
        if (sources[i] < 0) continue;
        sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, DESCRIPTOR_ABOVE_ALL);
        if (sources[i] < 0) return false;
    }
    for (int i = 0; i < 4; i++) {
        if (!place_descriptor(sources[i], i)) return false;
    }
    unsigned first_to_close =
        start->records < 0 ? LAMBDA_PROCESS_RECORDS : LAMBDA_PROCESS_RECORDS + 1;
    return close_range(first_to_close, ~0u, 0) == 0;
}

// Runs in the child, in the parent's memory but on a stack of its own: only system calls.
__attribute__((no_sanitize("address", "undefined"))) static int child_run(void *argument)
{
    struct child *child = argument;
    const struct lambda_process_start *start = child->start;
    const struct rlimit files = {CHILD_FILES_MAX, CHILD_FILES_MAX}, no_core = {0, 0};
    reset_signals();
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == child->parent &&
        place_descriptors(start) && chdir(start->folder) == 0 &&
        setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0) {
        umask(022);
        execve(start->program, start->arguments, start->environment);
    }
    child->error = errno == 0 ? ECHILD : errno;
    _exit(127);
}

static pid_t child_clone(struct child *child, char *stack, int *ret_pid_fd)
{
    sigset_t all, before;
    sigfillset(&all);
    int blocked = pthread_sigmask(SIG_SETMASK, &all, &before);
    assert(blocked == 0);
    pid_t pid = clone(child_run, stack + CHILD_STACK_SIZE,
                      CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, ret_pid_fd);
    int error = errno;
    int restored = pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(restored == 0);
    errno = error;
    return pid;
}

enum status lambda_process_start(const struct lambda_process_start *start,
                                 struct lambda_process *ret_process, int *reterr_errno)
{
    struct child child = {.start = start, .parent = getpid()};
    int pid_fd = -1;
    char *stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return STATUS_NO_MEMORY;
    pid_t pid = child_clone(&child, stack, &pid_fd);
    int error = errno;
    munmap(stack, CHILD_STACK_SIZE);
    if (pid < 0) {
        *reterr_errno = error;
        return error == EAGAIN || error == EMFILE || error == ENFILE ? STATUS_OVER_LIMIT
                                                                     : STATUS_IO;
    }
    fcntl(pid_fd, F_SETFD, FD_CLOEXEC);
    *ret_process = (struct lambda_process){pid, pid_fd};
    if (child.error == 0) return STATUS_OK;
    int wait_status;
    lambda_process_reap(ret_process, true, &wait_status);
    *reterr_errno = child.error;
    return STATUS_IO;
}

void lambda_process_kill(const struct lambda_process *process)
{
    if (process->pid == 0) return;
    kill(-process->pid, SIGKILL);
    kill(process->pid, SIGKILL); // In case that it left its group.
}

bool lambda_process_reap(struct lambda_process *process, bool may_block, int *ret_wait_status)
{
    int wait_status = 0;
    pid_t pid;
    assert(process->pid > 0);
    // What it started lives in its group. While the child is a zombie its number, and with it that
    // of the group, cannot have been given to others; so look first, kill, and only then reap.
    siginfo_t info = {0};
    int flags = WEXITED | WNOWAIT | (may_block ? 0 : WNOHANG);
    while (waitid(P_PID, (id_t)process->pid, &info, flags) != 0 && errno == EINTR)
        continue;
    if (info.si_pid != process->pid && !may_block) return false;
    kill(-process->pid, SIGKILL);
    while ((pid = waitpid(process->pid, &wait_status, 0)) < 0 && errno == EINTR)
        continue;
    assert(pid == process->pid);
    close(process->pid_fd);
    *process = (struct lambda_process){0, -1};
    *ret_wait_status = wait_status;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Memory

// Read a small file whole. Returns its size, 0 on failure.
static size_t read_file(const char *path, char *ret_text, size_t size_max)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t size = read(file, ret_text, size_max - 1);
    close(file);
    if (size <= 0) return 0;
    ret_text[size] = '\0';
    return (size_t)size;
}

// Resident pages of one process; without those it shares with files when `is_own_only`.
static uint64_t resident_pages(pid_t pid, bool is_own_only)
{
    char path[64], text[128];
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    if (read_file(path, text, sizeof(text)) == 0) return 0;
    char *at = text;
    unsigned long long total = strtoull(at, &at, 10);
    unsigned long long resident = strtoull(at, &at, 10);
    unsigned long long shared = strtoull(at, &at, 10);
    if (resident > total) return 0;
    return is_own_only && shared <= resident ? resident - shared : resident;
}

uint64_t lambda_process_memory_bytes(const struct lambda_process *process)
{
    static _Atomic long page_size;
    if (page_size == 0) page_size = sysconf(_SC_PAGESIZE);
    if (process->pid == 0) return 0;
    pid_t pids[DESCENDANTS_MAX] = {process->pid};
    size_t count = 1;
    uint64_t pages = 0;
    for (size_t i = 0; i < count; i++) {
        char path[64], text[1024];
        pages += resident_pages(pids[i], i > 0);
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pids[i], (int)pids[i]);
        if (read_file(path, text, sizeof(text)) == 0) continue;
        for (char *at = text; count < DESCENDANTS_MAX;) {
            long pid = strtol(at, &at, 10);
            if (pid <= 0) break;
            pids[count++] = (pid_t)pid;
        }
    }
    return pages * (uint64_t)page_size;
}

void lambda_process_describe_end(int wait_status, char ret_text[static LAMBDA_PROCESS_END_SIZE])
{
    // The service's words for signals, by number from 1.
    static const char *const names[] = {
        "hangup",
        "interrupt",
        "quit",
        "illegal instruction",
        "trace/breakpoint trap",
        "aborted",
        "bus error",
        "floating point exception",
        "killed",
        "user defined signal 1",
        "segmentation fault",
        "user defined signal 2",
        "broken pipe",
        "alarm clock",
        "terminated",
    };
    ret_text[0] = '\0';
    if (WIFSIGNALED(wait_status)) {
        int signal = WTERMSIG(wait_status);
        if (signal >= 1 && signal <= (int)(sizeof(names) / sizeof(names[0]))) {
            snprintf(ret_text, LAMBDA_PROCESS_END_SIZE, "signal: %s", names[signal - 1]);
        } else {
            snprintf(ret_text, LAMBDA_PROCESS_END_SIZE, "signal: signal %d", signal);
        }
    } else if (WEXITSTATUS(wait_status) != 0) {
        snprintf(ret_text, LAMBDA_PROCESS_END_SIZE, "exit status %d", WEXITSTATUS(wait_status));
    }
}
