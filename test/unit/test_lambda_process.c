// Children: what they inherit, how their end is told, and that they die with who started them.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lambda/process.h"
#include "test/lib/test.h"

static char *const environment[] = {(char[]){"GREETING=hello"}, (char[]){"PATH=/usr/bin:/bin"},
                                    NULL};

// Run a shell script to its end; what it prints goes to `ret_text`.
static int run_script(const char *script, char *ret_text, size_t size_max)
{
    int ends[2], error = 0, wait_status = -1;
    char shell[] = "sh", flag[] = "-c", copy[512];
    snprintf(copy, sizeof(copy), "%s", script);
    char *arguments[] = {shell, flag, copy, NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    struct lambda_process_start start = {"/bin/sh", arguments, environment, "/usr",
                                         ends[1],   ends[1],   -1};
    struct lambda_process process;
    enum status status = lambda_process_start(&start, &process, &error);
    close(ends[1]);
    size_t size = 0;
    ssize_t got;
    while (size < size_max - 1 && (got = read(ends[0], ret_text + size, size_max - 1 - size)) > 0)
        size += (size_t)got;
    ret_text[size] = '\0';
    close(ends[0]);
    if (status != STATUS_OK) return -1;
    lambda_process_reap(&process, true, &wait_status);
    CHECK(process.pid == 0);
    return wait_status;
}

TEST(child_gets_its_environment_folder_and_output_and_nothing_else)
{
    char text[4096];
    int leak = open("/dev/null", O_RDONLY); // On purpose without O_CLOEXEC.
    REQUIRE(leak > 2);
    signal(SIGPIPE, SIG_IGN);
    int status = run_script("echo $GREETING $HOME; pwd; ls /proc/self/fd | wc -l; "
                            "grep SigIgn /proc/self/status; "
                            "read -r pid name state parent group rest < /proc/$$/stat; "
                            "test $group = $$",
                            text, sizeof(text));
    close(leak);
    CHECK(status == 0);
    // 0, 1, 2 and the folder that ls itself reads.
    CHECK(strstr(text, "hello\n/usr\n4\n") == text);
    const char *ignored = strstr(text, "SigIgn:");
    REQUIRE(ignored != NULL);
    CHECK((strtoull(ignored + strlen("SigIgn:"), NULL, 16) & (1ULL << (SIGPIPE - 1))) == 0);
}

TEST(end_of_a_child_is_described)
{
    char text[64], end[LAMBDA_PROCESS_END_SIZE];
    lambda_process_describe_end(run_script("exit 0", text, sizeof(text)), end);
    CHECK_STR(str_from_c(end), STR(""));
    lambda_process_describe_end(run_script("exit 3", text, sizeof(text)), end);
    CHECK_STR(str_from_c(end), STR("exit status 3"));
    lambda_process_describe_end(run_script("kill -9 $$", text, sizeof(text)), end);
    CHECK_STR(str_from_c(end), STR("signal: killed"));
    lambda_process_describe_end(run_script("kill -SEGV $$", text, sizeof(text)), end);
    CHECK_STR(str_from_c(end), STR("signal: segmentation fault"));
}

TEST(program_that_cannot_be_started_says_why)
{
    char name[] = "x";
    char *arguments[] = {name, NULL};
    struct lambda_process process;
    int error = 0;
    struct lambda_process_start start = {"/nonexistent", arguments, environment, "/", -1, -1, -1};
    CHECK(lambda_process_start(&start, &process, &error) == STATUS_IO && error == ENOENT);
    start.program = "/etc/passwd";
    CHECK(lambda_process_start(&start, &process, &error) == STATUS_IO && error == EACCES);
    start.program = "/bin/true";
    start.folder = "/nonexistent";
    CHECK(lambda_process_start(&start, &process, &error) == STATUS_IO && error == ENOENT);
}

// Start `sleep 60` and something in its group; gives the process of the former.
static struct lambda_process start_sleeper(void)
{
    char shell[] = "sh", flag[] = "-c", script[] = "sleep 60 & sleep 60";
    char *arguments[] = {shell, flag, script, NULL};
    struct lambda_process_start start = {"/bin/sh", arguments, environment, "/", -1, -1, -1};
    struct lambda_process process = {0, -1};
    int error;
    CHECK(lambda_process_start(&start, &process, &error) == STATUS_OK);
    return process;
}

TEST(kill_ends_the_whole_group_and_is_seen_on_the_descriptor)
{
    struct lambda_process process = start_sleeper();
    REQUIRE(process.pid > 0);
    int wait_status;
    pid_t group = process.pid;
    struct pollfd end = {.fd = process.pid_fd, .events = POLLIN};
    CHECK(poll(&end, 1, 50) == 0);
    CHECK(!lambda_process_reap(&process, false, &wait_status));
    CHECK(lambda_process_memory_bytes(&process) > 100000);
    lambda_process_kill(&process);
    CHECK(poll(&end, 1, 5000) == 1);
    CHECK(lambda_process_reap(&process, false, &wait_status) && WIFSIGNALED(wait_status));
    for (int i = 0; i < 100 && kill(-group, 0) == 0; i++)
        usleep(10000); // Until init has reaped the orphan.
    CHECK(lambda_process_memory_bytes(&process) == 0);
}

static void *start_and_leave(void *process)
{
    *(struct lambda_process *)process = start_sleeper();
    return NULL;
}

TEST(child_dies_with_the_thread_that_started_it)
{
    pthread_t thread;
    struct lambda_process process;
    int wait_status;
    REQUIRE(pthread_create(&thread, NULL, start_and_leave, &process) == 0);
    pthread_join(thread, NULL);
    struct pollfd end = {.fd = process.pid_fd, .events = POLLIN};
    CHECK(poll(&end, 1, 5000) == 1);
    REQUIRE(lambda_process_reap(&process, true, &wait_status));
    CHECK(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL);
}
