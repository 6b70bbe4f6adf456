// Tasks, transactions and group commit; reopening; acknowledged appends survive SIGKILL; a full
// disk.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/journal.h"
#include "store/resource.h"
#include "store/store.h"
#include "test/lib/test.h"

static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/galop-test-XXXXXX");
    if (mkdtemp(directory) == NULL) abort();
}

static void remove_directory(void)
{
    DIR *entries = opendir(directory);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(directory);
}

static struct store *open_store(const char *path)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store = NULL;
    struct str text = STR("");
    if (store_open(str_from_c(path), &arena, &store, &text) != STATUS_OK) {
        printf("# %.*s\n", STR_ARGS(text));
        return NULL;
    }
    return store;
}

// ---------------------------------------------------------------------------------------------
// Tasks of the tests

struct put {
    struct store_task task;
    struct str name, body;
    enum status outcome;  // What `run` returns after putting.
    enum status answered; // What `done` got.
    int *done_count;
    int pieces; // Runs in so many pieces.
};

static enum status put_run(struct store_task *task, struct store_tx *tx)
{
    struct put *put = CONTAINER_OF(task, struct put, task);
    enum status status =
        store_resource_put(tx, STORE_KIND_STATE_MACHINE, STR("r"), put->name, put->body);
    if (status != STATUS_OK) return status;
    if (put->pieces > 1) {
        put->pieces--;
        task->is_unfinished = true;
    }
    return put->outcome;
}

static void put_done(struct store_task *task, enum status status)
{
    struct put *put = CONTAINER_OF(task, struct put, task);
    put->answered = status;
    if (put->done_count != NULL) (*put->done_count)++;
}

struct look {
    struct store_task task;
    struct str name;
    struct arena *arena;
    struct str body;
    int count;
    int64_t last_id;
};

static enum status get_run(struct store_task *task, struct store_tx *tx)
{
    struct look *look = CONTAINER_OF(task, struct look, task);
    return store_resource_get(tx, STORE_KIND_STATE_MACHINE, STR("r"), look->name, look->arena,
                              &look->body);
}

static enum status get(struct store *store, const char *name, struct arena *arena,
                       struct str *ret_body)
{
    struct look look = {.task = {.mode = STORE_READ, .run = get_run}};
    look.name = str_from_c(name);
    look.arena = arena;
    enum status status = store_run(store, &look.task);
    if (status == STATUS_OK) *ret_body = look.body;
    return status;
}

static enum status put(struct store *store, const char *name, const char *body)
{
    struct put put = {.task = {.mode = STORE_DURABLE, .run = put_run}};
    put.name = str_from_c(name);
    put.body = str_from_c(body);
    return store_run(store, &put.task);
}

// Run the mailbox until `count` reaches `wanted` or five seconds pass.
static void wait_for(struct mailbox *mailbox, const int *count, int wanted)
{
    int64_t begin_ns = clock_steady_ns();
    while (*count < wanted && clock_steady_ns() - begin_ns < 5000000000) {
        mailbox_wait(mailbox, 100);
        mailbox_run(mailbox);
    }
}

// ---------------------------------------------------------------------------------------------

TEST(store_creates_a_private_directory_with_its_parents)
{
    make_directory();
    char path[128];
    snprintf(path, sizeof(path), "%s/a/b/", directory);
    struct store *store = open_store(path);
    REQUIRE(store != NULL);
    store_close(store);
    struct stat facts;
    snprintf(path, sizeof(path), "%s/a/b", directory);
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 0777) == 0700);
    snprintf(path, sizeof(path), "%s/a/b/galop.db", directory);
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 0777) == 0600);
    unlink(path);
    snprintf(path, sizeof(path), "%s/a/b/galop.lock", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/a/b", directory);
    CHECK(rmdir(path) == 0); // Nothing else is left after closing.
    snprintf(path, sizeof(path), "%s/a", directory);
    rmdir(path);
    remove_directory();
}

TEST(resources_are_there_after_reopening)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct str body = STR("");
    make_directory();
    for (int round = 0; round < 2; round++) {
        struct store *store = open_store(directory);
        REQUIRE(store != NULL);
        if (round == 0) {
            CHECK(get(store, "m", &arena, &body) == STATUS_NOT_FOUND);
            CHECK(put(store, "m", "{\"a\":1}") == STATUS_OK);
            CHECK(put(store, "m", "{\"a\":2}") == STATUS_OK);
        }
        CHECK(get(store, "m", &arena, &body) == STATUS_OK);
        CHECK_STR(body, STR("{\"a\":2}"));
        store_close(store);
    }
    remove_directory();
}

TEST(tasks_submitted_together_are_committed_with_few_syncs_and_answered_in_order)
{
    enum { COUNT = 500 };
    make_directory();
    struct store *store = open_store(directory);
    struct mailbox mailbox;
    REQUIRE(store != NULL && mailbox_init(&mailbox) == STATUS_OK);
    int done_count = 0;
    struct put *puts = calloc(COUNT, sizeof(*puts));
    for (int i = 0; i < COUNT; i++) {
        puts[i] = (struct put){.name = STR("x"), .body = STR("y"), .done_count = &done_count};
        puts[i].task = (struct store_task){
            .reply_to = &mailbox, .mode = STORE_DURABLE, .run = put_run, .done = put_done};
        store_submit(store, &puts[i].task);
    }
    wait_for(&mailbox, &done_count, COUNT);
    CHECK(done_count == COUNT);
    struct store_figures figures = store_figures(store);
    CHECK(figures.writes == COUNT);
    CHECK(figures.syncs < COUNT / 2);
    store_close(store);
    mailbox_release(&mailbox);
    free(puts);
    remove_directory();
}

TEST(a_task_that_fails_changes_nothing_and_leaves_the_others_alone)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store = open_store("");
    struct mailbox mailbox;
    REQUIRE(store != NULL && mailbox_init(&mailbox) == STATUS_OK);
    int done_count = 0;
    const char *names[] = {"a", "b", "c"};
    struct put puts[3];
    for (int i = 0; i < 3; i++) {
        puts[i] = (struct put){.name = str_from_c(names[i]), .body = STR("y")};
        puts[i].done_count = &done_count;
        puts[i].outcome = i == 1 ? STATUS_INVALID : STATUS_OK;
        puts[i].task = (struct store_task){
            .reply_to = &mailbox, .mode = STORE_DURABLE, .run = put_run, .done = put_done};
        store_submit(store, &puts[i].task);
    }
    wait_for(&mailbox, &done_count, 3);
    CHECK(puts[0].answered == STATUS_OK);
    CHECK(puts[1].answered == STATUS_INVALID);
    CHECK(puts[2].answered == STATUS_OK);
    struct str body;
    CHECK(get(store, "a", &arena, &body) == STATUS_OK);
    CHECK(get(store, "b", &arena, &body) == STATUS_NOT_FOUND);
    CHECK(get(store, "c", &arena, &body) == STATUS_OK);
    store_close(store);
    mailbox_release(&mailbox);
}

TEST(a_lazy_write_is_seen_by_the_next_read_and_needs_no_sync)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL);
    struct put lazy = {.name = STR("l"), .body = STR("y"), .pieces = 3};
    lazy.task = (struct store_task){.mode = STORE_LAZY, .run = put_run};
    store_submit(store, &lazy.task);
    struct str body;
    CHECK(get(store, "l", &arena, &body) == STATUS_OK);
    CHECK(lazy.pieces == 1);
    CHECK(store_figures(store).syncs == 0);
    CHECK(store_figures(store).transactions == 3);
    store_close(store);
    remove_directory();
}

TEST(a_lazy_write_is_committed_by_itself_after_a_while)
{
    struct store *store = open_store("");
    struct mailbox mailbox;
    REQUIRE(store != NULL && mailbox_init(&mailbox) == STATUS_OK);
    int done_count = 0;
    struct put lazy = {.name = STR("l"), .body = STR("y"), .done_count = &done_count};
    lazy.task = (struct store_task){
        .reply_to = &mailbox, .mode = STORE_LAZY, .run = put_run, .done = put_done};
    store_submit(store, &lazy.task);
    wait_for(&mailbox, &done_count, 1);
    CHECK(done_count == 1 && lazy.answered == STATUS_OK);
    store_close(store);
    mailbox_release(&mailbox);
}

TEST(closing_runs_what_is_pending)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL);
    struct put lazy = {.name = STR("l"), .body = STR("y")};
    lazy.task = (struct store_task){.mode = STORE_LAZY, .run = put_run};
    store_submit(store, &lazy.task);
    store_close(store);
    store = open_store(directory);
    REQUIRE(store != NULL);
    struct str body;
    CHECK(get(store, "l", &arena, &body) == STATUS_OK);
    store_close(store);
    remove_directory();
}

// ---------------------------------------------------------------------------------------------
// Journal

struct append {
    struct store_task task;
    struct str record;
    int64_t id;
    int *done_count;
    enum status answered;
};

static enum status append_run(struct store_task *task, struct store_tx *tx)
{
    struct append *append = CONTAINER_OF(task, struct append, task);
    return store_journal_append(tx, append->record, &append->id);
}

static void append_done(struct store_task *task, enum status status)
{
    struct append *append = CONTAINER_OF(task, struct append, task);
    append->answered = status;
    (*append->done_count)++;
}

static enum status append_one(struct store *store, const char *record, int64_t *ret_id)
{
    struct append append = {.record = str_from_c(record)};
    append.task =
        (struct store_task){.mode = STORE_DURABLE, .is_single_change = true, .run = append_run};
    enum status status = store_run(store, &append.task);
    *ret_id = append.id;
    return status;
}

struct walk {
    struct store_task task;
    int64_t after_id, ids[64];
    uint32_t count_max;
    int count;
    char *seen; // Marks by identifier; NULL: none.
};

static enum status walk_each(void *context, int64_t id, struct str record)
{
    struct walk *walk = context;
    if (walk->count < 64) walk->ids[walk->count] = id;
    if (walk->seen != NULL) walk->seen[id] = 1;
    walk->count++;
    return record.size > 0 ? STATUS_OK : STATUS_CORRUPT;
}

static enum status walk_run(struct store_task *task, struct store_tx *tx)
{
    struct walk *walk = CONTAINER_OF(task, struct walk, task);
    return store_journal_each(tx, walk->after_id, walk->count_max, walk_each, walk);
}

// Append in rounds for ever and write each acknowledged identifier to `fd`.
static void append_until_killed(int fd)
{
    enum { ROUND = 64 };
    struct store *store = open_store(directory);
    struct mailbox mailbox;
    if (store == NULL || mailbox_init(&mailbox) != STATUS_OK) _exit(1);
    static struct append appends[ROUND];
    for (;;) {
        int done_count = 0;
        for (int i = 0; i < ROUND; i++) {
            appends[i] = (struct append){.record = STR("{\"input\":1}"), .done_count = &done_count};
            appends[i].task = (struct store_task){.reply_to = &mailbox,
                                                  .mode = STORE_DURABLE,
                                                  .is_single_change = true,
                                                  .run = append_run,
                                                  .done = append_done};
            store_submit(store, &appends[i].task);
        }
        wait_for(&mailbox, &done_count, ROUND);
        for (int i = 0; i < ROUND; i++) {
            if (appends[i].answered != STATUS_OK) continue;
            if (write(fd, &appends[i].id, sizeof(appends[i].id)) < 0) _exit(1);
        }
    }
}

enum { IDS_MAX = 1 << 20 };

static int note_acknowledged(char *acknowledged, int64_t id)
{
    if (id < 0 || id >= IDS_MAX) return 0;
    acknowledged[id] = 1;
    return 1;
}

TEST(every_acknowledged_append_survives_sigkill)
{
    struct random random;
    random_init_seed(&random, 7);
    char *acknowledged = calloc(2, IDS_MAX), *seen = acknowledged + IDS_MAX;
    make_directory();
    int count = 0;
    for (int round = 0; round < 5; round++) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            append_until_killed(ends[1]);
        }
        close(ends[1]);
        int64_t id;
        uint64_t wanted = 500 + random_u64(&random) % 2000;
        while (wanted-- > 0 && read(ends[0], &id, sizeof(id)) == sizeof(id))
            count += note_acknowledged(acknowledged, id);
        kill(child, SIGKILL);
        while (read(ends[0], &id, sizeof(id)) == sizeof(id))
            count += note_acknowledged(acknowledged, id);
        close(ends[0]);
        waitpid(child, NULL, 0);
    }
    CHECK(count >= 2500);
    struct store *store = open_store(directory);
    REQUIRE(store != NULL);
    struct walk walk = {.task = {.mode = STORE_READ, .run = walk_run}, .count_max = IDS_MAX};
    walk.seen = seen;
    CHECK(store_run(store, &walk.task) == STATUS_OK);
    int lost = 0;
    for (int i = 0; i < IDS_MAX; i++)
        lost += acknowledged[i] && !seen[i];
    CHECK(lost == 0);
    store_close(store);
    free(acknowledged);
    remove_directory();
}

// ---------------------------------------------------------------------------------------------
// Faults of the disk

// Fill the disk under `path` with appends until one is refused, then let `make_room` help and check
// that everything acknowledged is there and appending works again. Returns 0 when all is well.
static int run_out_of_space(const char *path, void (*make_room)(void))
{
    struct store *store = open_store(path);
    if (store == NULL) return 1;
    char *record = malloc(20001);
    memset(record, 'r', 20000);
    record[20000] = '\0';
    int count = 0, failures = 0;
    int64_t id = 0;
    // After an I/O error a checkpoint may make some room once more.
    while (count < 2000 && failures < 3) {
        enum status status = append_one(store, record, &id);
        if (status != STATUS_OK && status != STATUS_IO) return 2;
        failures = status == STATUS_OK ? 0 : failures + 1;
        count += status == STATUS_OK;
    }
    if (failures == 0) return 3;
    struct walk walk = {.task = {.mode = STORE_READ, .run = walk_run}, .count_max = 5000};
    if (store_run(store, &walk.task) != STATUS_OK || walk.count != count) return 4;
    make_room();
    if (append_one(store, record, &id) != STATUS_OK) return 5;
    store_close(store);
    store = open_store(path);
    if (store == NULL) return 6;
    walk.count = 0;
    if (store_run(store, &walk.task) != STATUS_OK || walk.count != count + 1) return 7;
    store_close(store);
    free(record);
    return 0;
}

static void lift_file_size_limit(void)
{
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

TEST(a_file_size_limit_refuses_appends_and_the_store_goes_on_afterwards)
{
    make_directory();
    pid_t child = fork();
    if (child == 0) {
        log_set_level(LOG_ERROR + 1);
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){MIB(2), RLIM_INFINITY});
        _exit(run_out_of_space(directory, lift_file_size_limit));
    }
    int code = -1;
    waitpid(child, &code, 0);
    CHECK(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    if (code != 0) printf("# exit %d\n", WEXITSTATUS(code));
    remove_directory();
}

static void enlarge_disk(void)
{
    if (mount("tmpfs", directory, "tmpfs", MS_REMOUNT, "size=32m") != 0) _exit(10);
}

TEST(a_full_disk_refuses_appends_and_the_store_goes_on_afterwards)
{
    make_directory();
    if (mount("tmpfs", directory, "tmpfs", 0, "size=3m") != 0) {
        printf("# skipped: a small file system needs root\n");
        remove_directory();
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        log_set_level(LOG_ERROR + 1);
        _exit(run_out_of_space(directory, enlarge_disk));
    }
    int code = -1;
    waitpid(child, &code, 0);
    CHECK(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    if (code != 0) printf("# exit %d\n", WEXITSTATUS(code));
    umount(directory);
    remove_directory();
}
