// Backups are complete, of one moment, and never take another file's place; a check finds what does
// not fit together, and nothing else.

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/execution.h"
#include "store/log_table.h"
#include "store/maintenance.h"
#include "store/resource.h"
#include "test/lib/test.h"

static char directory[64], other[80], database_path[80], backup_path[80];

static void make_directory(void)
{
    snprintf(directory, sizeof(directory), "/tmp/galop-test-XXXXXX");
    if (mkdtemp(directory) == NULL) abort();
    snprintf(other, sizeof(other), "%s/other", directory);
    snprintf(database_path, sizeof(database_path), "%s/galop.db", directory);
    snprintf(backup_path, sizeof(backup_path), "%s/copy.db", directory);
}

static int remove_files(const char *path)
{
    int count = 0;
    DIR *entries = opendir(path);
    if (entries == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL; count++)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(path);
    return count - 2;
}

static void remove_directory(void)
{
    remove_files(other);
    remove_files(directory);
}

static struct store *open_store(const char *path)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store = NULL;
    struct str text = STR("");
    if (store_open(str_from_c(path), &arena, &store, &text) == STATUS_OK) return store;
    printf("# %.*s\n", STR_ARGS(text));
    return NULL;
}

// Executions 1 (ended, two steps), 2 (asleep), 3 (a Map run's Express child); a role; a log event.
static enum status fill(struct store_task *task, struct store_tx *tx)
{
    (void)task;
    struct store_execution execution = {
        .id = 1,
        .state_machine_arn = STR("machine"),
        .name = STR("one"),
        .definition_key = STR("key"),
        .status = STR("SUCCEEDED"),
        .started_unix_ms = 1,
        .stopped_unix_ms = 2,
        .input = STR("{}"),
        .history_count = 3,
        .item_count = -1,
    };
    struct store_step steps[] = {
        {1, 1, STR("[{}]"), 1, 2, STR("[{},{\"previousEventId\":0,\"input\":0}]"), STR("[7]")},
        {1, 2, STR("[]"), 3, 1, STR("[{\"previousEventId\":2}]")},
        {2, 1, STR("[]"), 1, 0, STR("[]")},
    };
    struct store_snapshot snapshot = {2, 1, 9, STR("s")};
    bool is_good = store_definition_put(tx, STR("key"), STR("{}")) == STATUS_OK;
    is_good &= store_execution_insert(tx, &execution) == STATUS_OK;
    execution.id = 2;
    execution.name = STR("two");
    execution.status = STR("RUNNING");
    is_good &= store_execution_insert(tx, &execution) == STATUS_OK;
    execution.id = 3;
    execution.name = STR("three");
    execution.map_run_arn = STR("map run");
    execution.is_express = true;
    is_good &= store_execution_insert(tx, &execution) == STATUS_OK;
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        is_good &= store_step_append(tx, &steps[i]) == STATUS_OK;
    is_good &= store_snapshot_put(tx, &snapshot) == STATUS_OK;
    is_good &=
        store_resource_put(tx, STORE_KIND_ROLE, STR(""), STR("r"), STR("{\"a\":1}")) == STATUS_OK;
    struct store_log_group group = {.region = STR("r"), .name = STR("g")};
    struct store_log_event event = {.message = STR("m")};
    int64_t group_id = 0;
    is_good &= store_log_group_create(tx, &group, &group_id) == STATUS_OK;
    is_good &= store_log_stream_create(tx, group_id, STR("s"), 1, &event.stream_id) == STATUS_OK;
    is_good &= store_log_event_insert(tx, group_id, &event) == STATUS_OK;
    return is_good ? STATUS_OK : STATUS_INVALID;
}

static bool fill_store(struct store *store)
{
    struct store_task task = {.mode = STORE_DURABLE, .run = fill};
    return store_run(store, &task) == STATUS_OK;
}

static bool execute(const char *path, const char *text)
{
    sqlite3 *database = NULL;
    bool is_done = sqlite3_open(path, &database) == SQLITE_OK &&
                   sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK;
    if (!is_done) printf("# %s\n", sqlite3_errmsg(database));
    sqlite3_close(database);
    return is_done;
}

// ---------------------------------------------------------------------------------------------
// Checking

struct findings {
    char text[4096];
    size_t size;
};

static void begin(void *context, struct str what)
{
    (void)context, (void)what;
}

static void find(void *context, struct str problem)
{
    struct findings *findings = context;
    int size = snprintf(findings->text + findings->size, sizeof(findings->text) - findings->size,
                        "%.*s\n", STR_ARGS(problem));
    if (findings->size + (size_t)size < sizeof(findings->text)) findings->size += (size_t)size;
}

static enum status check(const char *path, struct findings *ret_findings, uint64_t *ret_count)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    *ret_findings = (struct findings){0};
    struct store_check check = {path, begin, find, ret_findings, 0};
    struct str text = STR("");
    enum status status = store_check(&check, &arena, &text);
    if (status != STATUS_OK) find(ret_findings, text);
    *ret_count = check.problem_count;
    return status;
}

static void check_finds(const char *path, uint64_t count_min, const char *part)
{
    struct findings findings;
    uint64_t count;
    CHECK(check(path, &findings, &count) == STATUS_OK);
    bool is_found = strstr(findings.text, part) != NULL;
    CHECK(count >= count_min && (count_min > 0 || count == 0) && is_found);
    if (!is_found || (count > 0 && count_min == 0)) printf("# '%s': %s", part, findings.text);
}

TEST(a_check_finds_nothing_in_a_good_store_while_it_is_served)
{
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL && fill_store(store));
    check_finds(directory, 0, "");
    store_close(store);
    check_finds(directory, 0, "");
    CHECK(remove_files(directory) == 2); // The database and the lock.
    remove_directory();
}

TEST(a_check_tells_each_thing_that_does_not_fit)
{
    static const char *const cases[][2] = {
        {"UPDATE resource SET body = '{'", "role r: its text is no JSON"},
        {"UPDATE log_stream SET group_id = 7", "there is no log group 7"},
        {"UPDATE log_event SET group_id = 7", "log events of stream 1: there is no log group 7"},
        {"DELETE FROM arn WHERE arn = 'machine'",
         "execution 2 (two): its state machine is unknown"},
        {"DELETE FROM arn WHERE arn = 'map run'", "execution 3 (three): its Map run is unknown"},
        {"DELETE FROM definition", "execution 1 (one): its definition is missing"},
        {"UPDATE definition SET used_until_id = 1", "but execution 3 runs it"},
        {"UPDATE execution SET status = 'FAILED' WHERE id = 2", "it is FAILED and has no end"},
        {"UPDATE execution SET stopped_unix_ms = 5 WHERE id = 2", "it is RUNNING and has an end"},
        {"UPDATE execution SET stopped_unix_ms = 0 WHERE id = 1", "it ended before it started"},
        {"UPDATE execution SET redrive_count = 1 WHERE id = 1", "its redrives do not fit"},
        {"DELETE FROM execution WHERE id = 1", "execution 1: it has steps but is not there"},
        {"UPDATE step SET execution_id = 3 WHERE execution_id = 2", "it has steps though it is Ex"},
        {"UPDATE step SET number = 3 WHERE number = 2", "2 steps numbered from 1 to 3"},
        {"DELETE FROM step WHERE execution_id = 2", "execution 2 (two): it has no steps"},
        {"UPDATE step SET causes = '[' WHERE number = 2", "step 2: its causes are no JSON"},
        {"UPDATE step SET events = '[' WHERE number = 2", "step 2: its events are no JSON"},
        {"UPDATE step SET events = '[{}]' WHERE event_count = 2", "1 events instead of 2"},
        {"UPDATE step SET first_event_id = 4 WHERE number = 2", "begin with 4 instead of 3"},
        {"UPDATE step SET events = replace(events, 'Id\":2', 'Id\":3')",
         "step 2: event 3 follows event 3"},
        {"UPDATE step SET data = '[7' WHERE number = 1", "step 1: its data is no JSON"},
        {"UPDATE step SET data = '[]' WHERE number = 1", "event 2 refers to value 0, which is not"},
        {"UPDATE step SET events = replace(events, ':0}', ':\"$1\"}')",
         "refers to value $1, which"},
        {"UPDATE step SET data = NULL WHERE number = 1", "event 2 refers to value 0, which is not"},
        {"UPDATE execution SET history_count = 9 WHERE id = 1", "with 9 events, its steps hold 3"},
        {"UPDATE snapshot SET step_number = 8", "it is of step 8, which is not there"},
        {"UPDATE snapshot SET execution_id = 1", "snapshot of execution 1: the execution is SUCC"},
        {"UPDATE snapshot SET execution_id = 8", "of execution 8: the execution is not there"},
        {"DROP TABLE snapshot", "no such table: snapshot"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        make_directory();
        struct store *store = open_store(directory);
        REQUIRE(store != NULL && fill_store(store));
        store_close(store);
        CHECK(execute(database_path, cases[i][0]));
        check_finds(directory, 1, cases[i][1]);
        check_finds(database_path, 1, cases[i][1]);
        remove_directory();
    }
}

TEST(a_check_tells_of_damaged_pages_and_refuses_what_is_not_galops)
{
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL && fill_store(store));
    store_close(store);
    static const char junk[4000];
    int fd = open(database_path, O_WRONLY);
    REQUIRE(fd >= 0 && pwrite(fd, junk, sizeof(junk), 3 * 8192) == (ssize_t)sizeof(junk));
    close(fd);
    check_finds(directory, 1, "");
    struct findings findings;
    uint64_t count;
    CHECK(truncate(database_path, 0) == 0);
    CHECK(check(directory, &findings, &count) == STATUS_INVALID);
    CHECK(strstr(findings.text, "of another program") != NULL);
    CHECK(unlink(database_path) == 0);
    CHECK(check(directory, &findings, &count) == STATUS_NOT_FOUND);
    remove_directory();
}

// ---------------------------------------------------------------------------------------------
// Backups

static enum status back_up(struct store_backup *backup)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct str text = STR("");
    backup->directory = directory;
    backup->path = backup_path;
    enum status status = store_backup(backup, &arena, &text);
    CHECK(status == STATUS_OK || text.size > 10);
    return status;
}

struct put {
    struct store_task task;
    int number;
};

static enum status put_run(struct store_task *task, struct store_tx *tx)
{
    static const char zeros[100000];
    char name[16];
    snprintf(name, sizeof(name), "n%d", CONTAINER_OF(task, struct put, task)->number);
    return store_resource_put(tx, STORE_KIND_FUNCTION_CODE, STR("r"), str_from_c(name),
                              (struct str){zeros, sizeof(zeros)});
}

static bool put_many(struct store *store, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        struct put put = {.task = {.mode = STORE_DURABLE, .run = put_run}, .number = i};
        if (store_run(store, &put.task) != STATUS_OK) return false;
    }
    return true;
}

static enum status count_resource(void *context, struct str region, struct str name,
                                  struct str body)
{
    (void)region, (void)name;
    ++*(int *)context;
    return body.size == 100000 ? STATUS_OK : STATUS_CORRUPT;
}

static enum status count_run(struct store_task *task, struct store_tx *tx)
{
    return store_resource_each(tx, STORE_KIND_FUNCTION_CODE, count_resource,
                               &CONTAINER_OF(task, struct put, task)->number);
}

struct writing {
    struct store *store;
    int pieces;
    uint64_t total;
};

// The server writes on while pages are copied.
static void write_more(void *context, uint64_t done, uint64_t total)
{
    struct writing *writing = context;
    CHECK(done <= total && (writing->total == 0 || total == writing->total));
    writing->total = total;
    CHECK(put_many(writing->store, 1000 + writing->pieces++, 1));
}

TEST(a_backup_of_a_store_that_is_written_to_is_the_state_of_its_beginning)
{
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL && fill_store(store) && put_many(store, 0, 200));
    struct writing writing = {.store = store};
    struct store_backup backup = {.progress = write_more, .context = &writing};
    CHECK(back_up(&backup) == STATUS_OK);
    CHECK(writing.pieces > 2); // 20 MB in pieces of 8.
    struct stat facts;
    CHECK(stat(backup_path, &facts) == 0 && (facts.st_mode & 0777) == 0600);
    CHECK((uint64_t)facts.st_size == backup.size_bytes && facts.st_size > 20000000);
    check_finds(backup_path, 0, "");
    store_close(store);
    CHECK(access(database_path, F_OK) == 0);

    char restored[100];
    snprintf(restored, sizeof(restored), "%s/galop.db", other);
    REQUIRE(mkdir(other, 0700) == 0 && rename(backup_path, restored) == 0);
    store = open_store(other);
    REQUIRE(store != NULL);
    struct put count = {.task = {.mode = STORE_READ, .run = count_run}};
    CHECK(store_run(store, &count.task) == STATUS_OK && count.number == 200);
    store_close(store);
    remove_files(other);
    CHECK(remove_files(directory) == 2); // Nothing is left beside the database and the lock.
    remove_directory();
}

TEST(a_backup_does_not_take_the_place_of_a_file_unless_told_to)
{
    make_directory();
    struct store_backup backup = {0};
    CHECK(back_up(&backup) == STATUS_NOT_FOUND);
    struct store *store = open_store(directory);
    REQUIRE(store != NULL && fill_store(store));
    int fd = open(backup_path, O_WRONLY | O_CREAT, 0600);
    REQUIRE(fd >= 0 && write(fd, "mine", 4) == 4);
    close(fd);
    struct stat facts;
    CHECK(back_up(&backup) == STATUS_CONFLICT);
    CHECK(stat(backup_path, &facts) == 0 && facts.st_size == 4);
    backup.may_replace = true;
    CHECK(back_up(&backup) == STATUS_OK);
    check_finds(backup_path, 0, "");
    store_close(store);
    CHECK(remove_files(directory) == 3);
    remove_directory();
}

TEST(a_backup_of_a_damaged_database_is_not_kept)
{
    make_directory();
    struct store *store = open_store(directory);
    REQUIRE(store != NULL && fill_store(store));
    store_close(store);
    static const char junk[4000];
    int fd = open(database_path, O_WRONLY);
    REQUIRE(fd >= 0 && pwrite(fd, junk, sizeof(junk), 3 * 8192) == (ssize_t)sizeof(junk));
    close(fd);
    struct store_backup backup = {0};
    CHECK(back_up(&backup) == STATUS_CORRUPT);
    CHECK(remove_files(directory) == 2);
    remove_directory();
}
