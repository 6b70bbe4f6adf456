// What may not be opened is refused with a clear sentence and left as it is.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "store/execution.h"
#include "store/resource.h"
#include "store/store.h"
#include "test/lib/test.h"

static char directory[64], database_path[80];

static void make_directory(void)
{
    strcpy(directory, "/tmp/galop-test-XXXXXX");
    if (mkdtemp(directory) == NULL) abort();
    snprintf(database_path, sizeof(database_path), "%s/galop.db", directory);
}

static int count_and_remove(bool is_removal)
{
    int count = 0;
    DIR *entries = opendir(directory);
    if (entries == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += entry->d_name[0] != '.';
        if (is_removal) unlinkat(dirfd(entries), entry->d_name, 0);
    }
    closedir(entries);
    if (is_removal) rmdir(directory);
    return count;
}

struct put {
    struct store_task task;
    int number;
};

static enum status put_run(struct store_task *task, struct store_tx *tx)
{
    static const char zeros[3000];
    char name[16];
    snprintf(name, sizeof(name), "n%d", CONTAINER_OF(task, struct put, task)->number);
    return store_resource_put(tx, STORE_KIND_FUNCTION_CODE, STR("r"), str_from_c(name),
                              (struct str){zeros, sizeof(zeros)});
}

static enum status each(void *context, struct str region, struct str name, struct str body)
{
    (void)region, (void)name, (void)body;
    ++*(int *)context;
    return STATUS_OK;
}

struct count {
    struct store_task task;
    int count;
};

static enum status count_run(struct store_task *task, struct store_tx *tx)
{
    return store_resource_each(tx, STORE_KIND_FUNCTION_CODE, each,
                               &CONTAINER_OF(task, struct count, task)->count);
}

// A healthy database of `count` resources.
static bool create(int count)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store;
    struct str text;
    if (store_open(str_from_c(directory), &arena, &store, &text) != STATUS_OK) return false;
    for (int i = 0; i < count; i++) {
        struct put put = {.task = {.mode = STORE_LAZY, .run = put_run}, .number = i};
        if (store_run(store, &put.task) != STATUS_OK) return false;
    }
    store_close(store);
    return true;
}

static char *read_file(size_t *ret_size)
{
    int fd = open(database_path, O_RDONLY);
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) != 0) abort();
    char *bytes = malloc((size_t)facts.st_size + 1);
    if (read(fd, bytes, (size_t)facts.st_size) != facts.st_size) abort();
    close(fd);
    *ret_size = (size_t)facts.st_size;
    return bytes;
}

static void write_file(size_t offset, const void *bytes, size_t size)
{
    int fd = open(database_path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || pwrite(fd, bytes, size, (off_t)offset) != (ssize_t)size) abort();
    close(fd);
}

// Open, expecting `expected` with `part` in the sentence, and nothing changed.
static void check_refused(enum status expected, const char *part)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    size_t size_before, size_after;
    char *before = read_file(&size_before);
    int files_before = count_and_remove(false);
    struct store *store = NULL;
    struct str text = STR("");
    enum status status = store_open(str_from_c(directory), &arena, &store, &text);
    CHECK(status == expected);
    CHECK(str_find(text, str_from_c(part)) != SIZE_MAX);
    if (status != expected || str_find(text, str_from_c(part)) == SIZE_MAX) {
        printf("# %s: %.*s\n", status_name(status), STR_ARGS(text));
    }
    if (status == STATUS_OK) store_close(store);
    char *after = read_file(&size_after);
    CHECK(size_before == size_after && memcmp(before, after, size_before) == 0);
    CHECK(count_and_remove(false) == files_before);
    free(before);
    free(after);
}

TEST(a_second_opener_is_refused_by_name_of_the_first)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    make_directory();
    struct store *store = NULL;
    struct str text = STR("");
    REQUIRE(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK);
    char part[64];
    snprintf(part, sizeof(part), "%s is in use by another server (process %ld)", directory,
             (long)getpid());
    check_refused(STATUS_CONFLICT, part);
    store_close(store);
    REQUIRE(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK);
    store_close(store);
    count_and_remove(true);
}

TEST(a_directory_of_a_killed_server_is_free_again)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    make_directory();
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    struct store *store = NULL;
    struct str text = STR("");
    if (child == 0) {
        enum status status = store_open(str_from_c(directory), &arena, &store, &text);
        if (status != STATUS_OK || write(ends[1], "x", 1) != 1) _exit(1);
        pause();
    }
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_CONFLICT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK);
    store_close(store);
    close(ends[0]);
    close(ends[1]);
    count_and_remove(true);
}

TEST(a_newer_format_is_refused)
{
    make_directory();
    REQUIRE(create(3));
    write_file(60, "\0\0\0\5", 4);
    check_refused(STATUS_INVALID, "written by a newer Galop (format 5, this one knows 4)");
    count_and_remove(true);
}

static bool execute(const char *text)
{
    sqlite3 *database = NULL;
    bool is_done = sqlite3_open(database_path, &database) == SQLITE_OK &&
                   sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK;
    if (!is_done) printf("# %s\n", sqlite3_errmsg(database));
    sqlite3_close(database);
    return is_done;
}

// What a query of one number answers; -1 when it fails or has no row.
static int64_t ask(const char *text)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer = -1;
    if (sqlite3_open(database_path, &database) == SQLITE_OK &&
        sqlite3_prepare_v2(database, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        answer = sqlite3_column_int64(statement, 0);
    }
    if (answer == -1) printf("# %s\n", sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return answer;
}

static const char format_1[] = "DROP VIEW execution_overview; DROP VIEW history_event;"
                               " DROP TABLE execution; DROP TABLE step; DROP TABLE snapshot;"
                               " DROP TABLE arn; DROP TABLE definition; DROP TABLE map_run;"
                               " PRAGMA user_version=1;";

static enum status read_last_id(struct store_task *task, struct store_tx *tx)
{
    int64_t id = -1;
    enum status status = store_execution_last_id(tx, &id);
    CONTAINER_OF(task, struct count, task)->count = (int)id;
    return status;
}

TEST(a_database_of_format_1_gets_the_tables_of_executions_and_keeps_what_it_has)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    make_directory();
    REQUIRE(create(3));
    REQUIRE(execute(format_1));
    struct store *store = NULL;
    struct str text = STR("");
    REQUIRE(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK);
    struct count count = {.task = {.mode = STORE_READ, .run = count_run}};
    CHECK(store_run(store, &count.task) == STATUS_OK && count.count == 3);
    count = (struct count){.task = {.mode = STORE_READ, .run = read_last_id}, .count = -1};
    CHECK(store_run(store, &count.task) == STATUS_OK && count.count == 0);
    store_close(store);
    CHECK(create(4)); // Opens it once more.
    CHECK(ask("SELECT user_version FROM pragma_user_version") == 4);
    CHECK(ask("SELECT count(*) FROM history_event, execution_overview") == 0);
    count_and_remove(true);
}

// A step as format 3 had it.
static const char format_3[] =
    "DROP VIEW history_event; CREATE VIEW history_event AS SELECT 1;"
    " ALTER TABLE step DROP COLUMN data;"
    " INSERT INTO definition VALUES (1, 'd', 1, '{}'); INSERT INTO arn VALUES (1, 'm');"
    " INSERT INTO execution VALUES (1, 1, NULL, 1, 'e', 'SUCCEEDED', 1, 2, 2, 0, NULL, NULL, 0,"
    "  NULL, NULL, NULL, NULL, NULL, '{}', '7');"
    " INSERT INTO step VALUES (1, 1, 1, 1, 2, '[]', '[{\"timestamp\":0.5,\"id\":1,"
    "\"type\":\"A\",\"previousEventId\":0},{\"timestamp\":1.5,\"id\":2,\"type\":\"B\","
    "\"previousEventId\":1}]');"
    " PRAGMA user_version=3;";

TEST(a_database_of_format_3_keeps_its_steps)
{
    make_directory();
    REQUIRE(create(3));
    REQUIRE(execute(format_3));
    CHECK(create(4));
    CHECK(ask("SELECT count(*) FROM step WHERE data IS NULL") == 1);
    CHECK(ask("SELECT count(*) FROM history_event") == 2);
    CHECK(ask("SELECT count(*) FROM history_event WHERE id = 1 AND type = 'A'"
              " AND previous_event_id = 0 AND at = '1970-01-01 00:00:00.500'") == 1);
    CHECK(ask("SELECT count(*) FROM history_event WHERE id = 2 AND type = 'B'"
              " AND at = '1970-01-01 00:00:01.500' AND output IS NULL") == 1);
    count_and_remove(true);
}

TEST(the_view_of_events_shows_what_steps_refer_to)
{
    make_directory();
    REQUIRE(create(3));
    REQUIRE(execute(format_3));
    REQUIRE(create(4));
    REQUIRE(
        execute("INSERT INTO step VALUES (2, 1, 2, 3, 3, '[{},{\"output\":[9]}]',"
                " '[{\"type\":\"A\",\"at\":2500,\"input\":\"$input\"},"
                "{\"type\":\"B\",\"at\":3500,\"parameters\":1,\"input\":\"$1\",\"error\":\"E\"},"
                "{\"type\":\"C\",\"previousEventId\":3,\"name\":\"S\",\"output\":"
                "\"$output\"}]', '[5,{\"b\":6}]')"));
    CHECK(ask("SELECT count(*) FROM history_event WHERE execution_id = 1") == 5);
    CHECK(ask("SELECT count(*) FROM history_event WHERE id = 3 AND previous_event_id = 2"
              " AND at = '1970-01-01 00:00:02.500' AND input = '{}' AND output IS NULL") == 1);
    CHECK(ask("SELECT count(*) FROM history_event WHERE id = 4 AND previous_event_id = 3"
              " AND parameters = '{\"b\":6}' AND input = '[9]' AND error = 'E' AND type = 'B'") ==
          1);
    CHECK(ask("SELECT count(*) FROM history_event WHERE id = 5 AND previous_event_id = 3 AND"
              " at = '1970-01-01 00:00:02.500' AND output = '7' AND name = 'S'") == 1);
    count_and_remove(true);
}

TEST(a_database_of_format_2_without_one_of_its_tables_is_refused)
{
    make_directory();
    REQUIRE(create(3));
    REQUIRE(execute("DROP TABLE snapshot;"));
    check_refused(STATUS_CORRUPT, "tables are missing");
    count_and_remove(true);
}

TEST(a_database_of_another_program_is_refused)
{
    make_directory();
    REQUIRE(create(3));
    write_file(68, "\0\0\0\0", 4);
    check_refused(STATUS_INVALID, "database of another program");
    count_and_remove(true);
}

TEST(a_file_that_is_no_database_is_refused)
{
    make_directory();
    REQUIRE(create(0));
    write_file(0, "Once upon a time", 16);
    check_refused(STATUS_CORRUPT, "is damaged: not a database file");
    REQUIRE(truncate(database_path, 50) == 0);
    check_refused(STATUS_CORRUPT, "is damaged: too short");
    count_and_remove(true);
}

TEST(a_file_that_lost_its_end_is_refused)
{
    make_directory();
    REQUIRE(create(20));
    size_t size;
    free(read_file(&size));
    REQUIRE(truncate(database_path, (off_t)size - 8192) == 0);
    check_refused(STATUS_CORRUPT, "is damaged:");
    count_and_remove(true);
}

TEST(a_file_whose_pages_were_overwritten_is_refused)
{
    make_directory();
    REQUIRE(create(20));
    size_t size;
    free(read_file(&size));
    // The schema, then pages of tables.
    static const char noise[512] = "\x0d\xff\xff\xff\xff\xff\xff noise";
    for (size_t at = 100; at + 8192 < size && at < 8192 * 10; at = (at / 8192 + 1) * 8192) {
        char *bytes = read_file(&size);
        write_file(at, noise, sizeof(noise));
        check_refused(STATUS_CORRUPT, "is damaged:");
        write_file(at, bytes + at, sizeof(noise));
        free(bytes);
    }
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store;
    struct str text = STR("");
    REQUIRE(store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK);
    struct count count = {.task = {.mode = STORE_READ, .run = count_run}};
    CHECK(store_run(store, &count.task) == STATUS_OK);
    CHECK(count.count == 20);
    store_close(store);
    count_and_remove(true);
}

TEST(no_damage_of_bytes_makes_opening_crash)
{
    make_directory();
    REQUIRE(create(5));
    size_t size;
    char *bytes = read_file(&size);
    struct random random;
    random_init_seed(&random, 11);
    for (int round = 0; round < 100; round++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, KIB(64));
        for (int i = 0; i < 8; i++) {
            char byte = (char)random_u64(&random);
            size_t at = random_u64(&random) % (i < 2 ? 200 : size);
            write_file(at, &byte, 1);
        }
        struct store *store;
        struct str text = STR("");
        if (store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK) {
            struct count count = {.task = {.mode = STORE_READ, .run = count_run}};
            (void)!store_run(store, &count.task);
            store_close(store);
        } else {
            CHECK(text.size > 0);
        }
        count_and_remove(true);
        mkdir(directory, 0700);
        write_file(0, bytes, size);
    }
    free(bytes);
    count_and_remove(true);
}

TEST(a_path_that_cannot_be_a_directory_is_refused)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store;
    struct str text = STR("");
    CHECK(store_open(STR("/dev/null/data"), &arena, &store, &text) == STATUS_IO);
    CHECK_STR(text, STR("cannot create the directory /dev/null/data: Not a directory"));
    CHECK(store_open(STR("/dev/null"), &arena, &store, &text) == STATUS_IO);
}
