// What the store thread pays for a Standard execution that starts and ends in one commit: a row of
// `execution` and a row of `step`.
//
//     store_rows DIRECTORY [GROUP [EVENTS_BYTES [COUNT [rising|random [single|guarded]]]]]
//
// GROUP (64) executions are submitted together and answered before the next ones. Their names rise,
// or are in random order. Prints one line of "name value" pairs; `cpu_us` is of the store thread,
// `written_bytes` is the write-ahead log and what checkpoints move to the database file.

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "store/execution.h"

enum { GROUP_MAX = 4096, EVENTS_MAX = 1 << 20 };

struct start {
    struct store_task task;
    struct store_execution execution;
    struct store_step step;
    char name[40];
    uint32_t *done_count;
};

static char events[EVENTS_MAX], input[340];

static void require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "store_rows: %s failed\n", what);
    exit(1);
}

static enum status run(struct store_task *task, struct store_tx *tx)
{
    struct start *start = CONTAINER_OF(task, struct start, task);
    enum status status =
        store_definition_put(tx, start->execution.definition_key, STR("{\"StartAt\":\"A\"}"));
    if (status == STATUS_OK) status = store_execution_insert(tx, &start->execution);
    return status == STATUS_OK ? store_step_append(tx, &start->step) : status;
}

static void done(struct store_task *task, enum status status)
{
    require(status == STATUS_OK, status_name(status));
    ++*CONTAINER_OF(task, struct start, task)->done_count;
}

static void prepare(struct start *start, int64_t id, struct random *random, bool is_rising)
{
    uint64_t high = random_u64(random), low = random_u64(random);
    if (is_rising) high = (uint64_t)id;
    snprintf(start->name, sizeof(start->name), "%08x-%04x-%04x-%04x-%012llx",
             (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff),
             (unsigned)(low >> 48), (unsigned long long)(low & 0xffffffffffff));
    start->execution = (struct store_execution){
        .id = id,
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:Orders"),
        .name = str_from_c(start->name),
        .definition_key = STR("4f0e9a56c1f3a7b2d9014f0e9a56c1f3a7b2d901"),
        .status = STR("SUCCEEDED"),
        .started_unix_ms = id >> 20,
        .stopped_unix_ms = id >> 20,
        .input = {input, sizeof(input)},
        .output = {input, 200},
        .history_count = 10,
        .item_count = -1,
    };
    start->step.execution_id = id;
}

static double cpu_us(void)
{
    struct rusage usage;
    struct timespec own;
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
    double all = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return all - (double)own.tv_sec * 1e6 - (double)own.tv_nsec * 1e-3;
}

static double written_bytes(void)
{
    unsigned long long bytes = 0;
    FILE *file = fopen("/proc/self/io", "re");
    if (file == NULL) return 0;
    if (fscanf(file, "rchar: %*u wchar: %llu", &bytes) != 1) bytes = 0;
    fclose(file);
    return (double)bytes;
}

int main(int argc, char **argv)
{
    uint32_t group = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 64;
    uint32_t events_size = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 2500;
    uint32_t count = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 64000;
    bool is_rising = argc <= 5 || strcmp(argv[5], "random") != 0;
    bool is_single = argc <= 6 || strcmp(argv[6], "guarded") != 0;
    require(argc > 1 && group > 0 && group <= GROUP_MAX && events_size <= EVENTS_MAX, "reading");
    struct arena arena;
    arena_init(&arena, MIB(1));
    struct store *store;
    struct str text = STR("");
    struct mailbox mailbox;
    require(store_open(str_from_c(argv[1]), &arena, &store, &text) == STATUS_OK, "opening");
    require(mailbox_init(&mailbox) == STATUS_OK, "the mailbox");
    memset(events, 'e', sizeof(events));
    memset(input, 'i', sizeof(input));
    struct start *starts = calloc(group, sizeof(*starts));
    require(starts != NULL, "memory");
    struct random random;
    random_init_system(&random);
    struct clock clock;
    clock_init_real(&clock);
    int64_t id = clock_unix_ms(&clock) << 20;
    double cpu_before = cpu_us(), bytes_before = written_bytes();
    int64_t begin_ns = clock_steady_ns();
    for (uint32_t i = 0; i < count; i += group) {
        uint32_t done_count = 0;
        for (uint32_t j = 0; j < group; j++) {
            prepare(&starts[j], id += 1 << 16, &random, is_rising);
            starts[j].done_count = &done_count;
            starts[j].step = (struct store_step){id, 1, {input, 150}, 1, 10, {events, events_size}};
            starts[j].task = (struct store_task){.reply_to = &mailbox,
                                                 .mode = STORE_DURABLE,
                                                 .is_single_change = is_single,
                                                 .run = run,
                                                 .done = done};
        }
        for (uint32_t j = 0; j < group; j++)
            store_submit(store, &starts[j].task);
        while (done_count < group) {
            mailbox_wait(&mailbox, -1);
            mailbox_run(&mailbox);
        }
    }
    double cpu = cpu_us() - cpu_before, bytes = written_bytes() - bytes_before;
    double seconds = (double)(clock_steady_ns() - begin_ns) * 1e-9;
    printf("executions %u group %u events_bytes %u cpu_us %.2f written_bytes %.0f per_second %.0f "
           "per_sync %.1f\n",
           count, group, events_size, cpu / count, bytes / count, count / seconds,
           (double)count / (double)store_figures(store).syncs);
    store_close(store);
    mailbox_release(&mailbox);
    arena_release(&arena);
    free(starts);
    return 0;
}
