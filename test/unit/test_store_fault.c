// Each write, each sync and each truncation fails once, alone or with those that follow: what was
// acknowledged is there, what was refused is not, and the store goes on when the disk does.
//
// The disk is SQLite's own interface to it with a wrapper around the files, which refuses what the
// test asks for.
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/execution.h"
#include "store/maintenance.h"
#include "test/lib/test.h"

// ---------------------------------------------------------------------------------------------
// Files that fail

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs faulty_vfs;
static atomic_int change_count; // Writes, syncs and truncations so far.
static atomic_int fault_from, fault_until;
static atomic_int fault_code_of_writes;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static bool fails(void)
{
    int number = ++change_count;
    return number >= fault_from && number < fault_until;
}

static int faulty_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods == NULL ? SQLITE_OK : real->pMethods->xClose(real);
}

static int faulty_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    if (!fails()) return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
    // A disk that fills up takes the first part.
    int code = real_of(file)->pMethods->xWrite(real_of(file), bytes, size / 2, offset);
    return code == SQLITE_OK ? fault_code_of_writes : code;
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails()) return SQLITE_IOERR_TRUNCATE;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags; // Nothing but this process ends here: no need to wait for the disk.
    return fails() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int faulty_file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int faulty_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int faulty_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int faulty_check_reserved_lock(sqlite3_file *file, int *ret_is_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_is_locked);
}

static int faulty_file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int faulty_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_map(sqlite3_file *file, int region, int size, int may_extend,
                          void volatile **ret_bytes)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, may_extend, ret_bytes);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int is_deletion)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deletion);
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_file_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check_reserved_lock,
    .xFileControl = faulty_file_control,
    .xSectorSize = faulty_sector_size,
    .xDeviceCharacteristics = faulty_device_characteristics,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
    (void)vfs;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->real = (sqlite3_file *)(faulty + 1);
    int code = real_vfs->xOpen(real_vfs, name, faulty->real, flags, ret_flags);
    file->pMethods = code == SQLITE_OK ? &faulty_methods : NULL;
    return code;
}

// All databases that are opened from now on are on the faulty disk.
static void install(void)
{
    if (real_vfs != NULL) return;
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile += (int)sizeof(struct faulty_file);
    faulty_vfs.xOpen = faulty_open;
    if (sqlite3_vfs_register(&faulty_vfs, 1) != SQLITE_OK) abort();
}

static void set_fault(int from, int until, int code_of_writes)
{
    change_count = 0;
    fault_from = from;
    fault_until = until;
    fault_code_of_writes = code_of_writes;
}

// ---------------------------------------------------------------------------------------------
// Work

enum { EXECUTION_COUNT = 12 };

static char directory[64], name_text[EXECUTION_COUNT + 2][16];

static void remove_directory(void)
{
    DIR *entries = opendir(directory);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(directory);
}

static struct store *open_store(void)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store *store = NULL;
    struct str text = STR("");
    if (store_open(str_from_c(directory), &arena, &store, &text) == STATUS_OK) return store;
    printf("# %.*s\n", STR_ARGS(text));
    return NULL;
}

struct start {
    struct store_task task;
    int64_t id;
    bool is_there;
};

static enum status run_start(struct store_task *task, struct store_tx *tx)
{
    static const char events[] = "[{\"id\":1,\"previousEventId\":0}]";
    static char input[9000]; // More than a page.
    const struct start *start = CONTAINER_OF(task, struct start, task);
    memset(input, ' ', sizeof(input));
    memcpy(input, "{}", 2);
    snprintf(name_text[start->id], sizeof(name_text[0]), "n%d", (int)start->id);
    struct store_execution execution = {
        .id = start->id,
        .state_machine_arn = STR("machine"),
        .name = str_from_c(name_text[start->id]),
        .definition_key = start->id % 2 == 0 ? STR("even") : STR("odd"),
        .status = STR("SUCCEEDED"),
        .input = {input, sizeof(input)},
        .history_count = 1,
        .item_count = -1,
    };
    struct store_step step = {start->id, 1, STR("[]"), 1, 1, str_from_c(events)};
    enum status status = store_definition_put(tx, execution.definition_key, STR("{}"));
    if (status == STATUS_OK) status = store_execution_insert(tx, &execution);
    return status == STATUS_OK ? store_step_append(tx, &step) : status;
}

static enum status start(struct store *store, int64_t id)
{
    struct start start = {.task = {.mode = STORE_DURABLE, .run = run_start}, .id = id};
    start.task.is_single_change = id % 3 != 0;
    return store_run(store, &start.task);
}

static enum status note_step(void *context, const struct store_step *step)
{
    (void)step;
    *(bool *)context = true;
    return STATUS_OK;
}

static enum status run_look(struct store_task *task, struct store_tx *tx)
{
    struct start *look = CONTAINER_OF(task, struct start, task);
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct store_execution execution;
    bool has_step = false;
    enum status status = store_execution_get(tx, look->id, &arena, &execution);
    look->is_there = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND) status = STATUS_OK;
    if (status == STATUS_OK) status = store_step_each(tx, look->id, 0, note_step, &has_step);
    return has_step == look->is_there ? status : STATUS_CORRUPT;
}

static void check_there(struct store *store, const bool *acknowledged, bool is_exact)
{
    for (int64_t id = 1; id <= EXECUTION_COUNT + 1; id++) {
        struct start look = {.task = {.mode = STORE_READ, .run = run_look}, .id = id};
        CHECK(store_run(store, &look.task) == STATUS_OK);
        CHECK(look.is_there || !acknowledged[id]);
        CHECK(!look.is_there || acknowledged[id] || !is_exact);
    }
}

static void ignore(void *context, struct str text)
{
    (void)context, (void)text;
}

static void check_whole(void)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct str text;
    struct store_check check = {.path = directory, .begin = ignore, .find = ignore};
    CHECK(store_check(&check, &arena, &text) == STATUS_OK && check.problem_count == 0);
}

// Returns whether the fault was reached.
static bool run_with_fault(int from, int count, int code_of_writes)
{
    // Each of some hundred databases is synced when it is made: in memory where that is possible.
    snprintf(directory, sizeof(directory), "%s/galop-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(directory) == NULL) abort();
    bool acknowledged[EXECUTION_COUNT + 2] = {false};
    set_fault(0, 0, 0);
    struct store *store = open_store();
    if (store == NULL) abort();
    set_fault(from, from + count, code_of_writes);
    int refused_count = 0;
    for (int64_t id = 1; id <= EXECUTION_COUNT; id++) {
        enum status status = start(store, id);
        CHECK(status == STATUS_OK || status == STATUS_IO);
        acknowledged[id] = status == STATUS_OK;
        refused_count += status != STATUS_OK;
    }
    bool is_reached = change_count >= from;
    CHECK(refused_count > 0 || !is_reached || count == 1);
    set_fault(0, 0, 0);
    acknowledged[EXECUTION_COUNT + 1] = true;
    CHECK(start(store, EXECUTION_COUNT + 1) == STATUS_OK); // The disk works again, so do we.
    check_there(store, acknowledged, true);
    store_close(store);
    store = open_store();
    if (store != NULL) check_there(store, acknowledged, true);
    CHECK(store != NULL);
    store_close(store);
    check_whole();
    remove_directory();
    return is_reached;
}

static void run_all(int count, int code_of_writes, int stride)
{
    install();
    log_set_level(LOG_ERROR + 1);
    int from = 1;
    while (run_with_fault(from, count, code_of_writes) && from < 2000)
        from += stride;
    CHECK(from > 60 && from < 2000);
    log_set_level(LOG_INFO);
    printf("# %d places\n", from / stride);
}

TEST(each_change_of_a_file_may_fail_once_with_an_io_error)
{
    run_all(1, SQLITE_IOERR_WRITE, 1);
}

TEST(each_change_of_a_file_may_fail_for_want_of_space)
{
    run_all(1, SQLITE_FULL, 1);
}

TEST(a_disk_may_fail_for_a_while_from_any_change_on)
{
    run_all(7, SQLITE_FULL, 3);
    run_all(40, SQLITE_IOERR_WRITE, 3);
}
