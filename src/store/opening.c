// Opening a directory: lock it, look at the database file with plain reads, and only then let
// SQLite touch it, so that what we refuse stays as it is.
//
// A new database is built in memory and appears under its name complete or not at all: two syncs,
// where SQLite would take nine to create it in place.

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/connection.h"
#include "store/schema.h"

enum {
    HEADER_SIZE = 100,           // Of an SQLite file; see "The Database Header" in its file format.
    PAGE_SIZE = 8192,            // Of new databases: log events cost a fifth less than with 4096.
    QUICK_CHECK_PAGES_MAX = 256, // A full check of up to 2 MB costs about 2 ms.
    BUSY_TIMEOUT_MS = 5000,      // For a person's sqlite3 shell that holds the write lock.
    CACHE_KIB_MAX = 4096,        // SQLite's pages in memory; taken only as needed.
    WAL_SIZE_KEPT_BYTES = 8 << 20, // A longer write-ahead log is cut when it starts over.
};

struct opening {
    struct store_tx *tx;
    struct arena *arena;
    struct str text; // What is wrong.
};

static enum status fail(struct opening *opening, enum status status, const char *format, ...)
    PRINTF(3, 4);

static enum status fail(struct opening *opening, enum status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    opening->text = arena_vprintf(opening->arena, format, args);
    va_end(args);
    return status;
}

static enum status fail_sqlite(struct opening *opening, int code)
{
    const char *path = opening->tx->path == NULL ? "memory" : opening->tx->path;
    const char *text = sqlite3_errmsg(opening->tx->database);
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fail(opening, STATUS_CORRUPT, "%s is damaged: %s", path, text);
    case SQLITE_NOMEM: return fail(opening, STATUS_NO_MEMORY, "no memory to open %s", path);
    default: return fail(opening, STATUS_IO, "cannot open %s: %s", path, text);
    }
}

// Like mkdir -p, for ourselves only.
static enum status make_directory(struct opening *opening, char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        (void)mkdir(path, 0700); // The last call below tells whether it worked out.
        *at = '/';
    }
    struct stat facts;
    if (mkdir(path, 0700) == 0) return STATUS_OK;
    if (errno == EEXIST && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) return STATUS_OK;
    if (errno == EEXIST) errno = ENOTDIR;
    return fail(opening, STATUS_IO, "cannot create the directory %s: %s", path, strerror(errno));
}

// One server per directory. The lock dies with the process, however it ends; the number in the file
// is for the message only.
static enum status lock_directory(struct opening *opening, const char *directory)
{
    struct str path = arena_printf(opening->arena, "%s/galop.lock", directory);
    int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail(opening, STATUS_IO, "cannot open %s: %s", path.data, strerror(errno));
    }
    opening->tx->lock_fd = fd;
    char pid[24] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return fail(opening, STATUS_IO, "cannot lock %s: %s", path.data, strerror(errno));
        }
        ssize_t size = pread(fd, pid, sizeof(pid) - 1, 0);
        pid[size < 0 ? 0 : size] = '\0';
        pid[strspn(pid, "0123456789")] = '\0';
        return fail(opening, STATUS_CONFLICT, "%s is in use by another server%s%s%s", directory,
                    pid[0] == '\0' ? "" : " (process ", pid, pid[0] == '\0' ? "" : ")");
    }
    int size = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size) {
        // A full disk must not keep the server from starting: the lock itself holds.
        opening->text = STR("");
    }
    return STATUS_OK;
}

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool exists_and_has_bytes(struct opening *opening, const char *suffix)
{
    struct str path = arena_printf(opening->arena, "%s%s", opening->tx->path, suffix);
    struct stat facts;
    return stat(path.data, &facts) == 0 && facts.st_size > 0;
}

static enum status check_header(struct opening *opening, const unsigned char *header,
                                uint64_t file_size)
{
    const char *path = opening->tx->path;
    if (memcmp(header, "SQLite format 3", 16) != 0) {
        return fail(opening, STATUS_CORRUPT, "%s is damaged: not a database file", path);
    }
    uint32_t page_size = (uint32_t)header[16] << 8 | header[17];
    if (page_size == 1) page_size = 65536;
    if (page_size < 512 || (page_size & (page_size - 1)) != 0) {
        return fail(opening, STATUS_CORRUPT, "%s is damaged: bad page size", path);
    }
    uint32_t version = read_u32(header + 60);
    if (read_u32(header + 68) != SCHEMA_APPLICATION_ID) {
        return fail(opening, STATUS_INVALID, "%s is a database of another program", path);
    }
    if (version > SCHEMA_VERSION) {
        return fail(opening, STATUS_INVALID,
                    "%s was written by a newer Galop (format %" PRIu32 ", this one knows %d)", path,
                    version, SCHEMA_VERSION);
    }
    // The page count in the header is right unless the write-ahead log holds newer pages.
    bool is_count_valid = read_u32(header + 24) == read_u32(header + 92);
    uint64_t expected_size = (uint64_t)read_u32(header + 28) * page_size;
    if (is_count_valid && file_size < expected_size && !exists_and_has_bytes(opening, "-wal")) {
        return fail(opening, STATUS_CORRUPT,
                    "%s is damaged: %" PRIu64 " bytes long instead of %" PRIu64, path, file_size,
                    expected_size);
    }
    return STATUS_OK;
}

// Look at the file without SQLite. STATUS_NOT_FOUND: there is none.
static enum status inspect_file(struct opening *opening)
{
    const char *path = opening->tx->path;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return STATUS_NOT_FOUND;
    if (fd < 0) return fail(opening, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    struct stat facts;
    unsigned char header[HEADER_SIZE];
    enum status status = STATUS_OK;
    if (fstat(fd, &facts) != 0) {
        status = fail(opening, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
    } else if (!S_ISREG(facts.st_mode)) {
        status = fail(opening, STATUS_INVALID, "%s is not a file", path);
    } else if (pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header)) {
        status = fail(opening, STATUS_CORRUPT, "%s is damaged: too short", path);
    } else {
        status = check_header(opening, header, (uint64_t)facts.st_size);
    }
    close(fd);
    return status;
}

static int query_integer(sqlite3 *database, const char *text, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, text, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) *ret_value = sqlite3_column_int64(statement, 0);
    int final_code = sqlite3_finalize(statement);
    return code == SQLITE_ROW ? final_code : code == SQLITE_DONE ? SQLITE_CORRUPT : code;
}

static enum status quick_check(struct opening *opening)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(opening->tx->database, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    enum status status = STATUS_OK;
    if (code != SQLITE_ROW) {
        status = fail_sqlite(opening, code);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
        status = fail(opening, STATUS_CORRUPT, "%s is damaged: %s", opening->tx->path,
                      (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return status;
}

// Whether all tables of format `version` are there.
static int find_tables(sqlite3 *database, int64_t version, bool *ret_are_there)
{
    *ret_are_there = true;
    for (int64_t at = 0; at < version; at++) {
        char text[256];
        int64_t count = 0;
        snprintf(text, sizeof(text),
                 "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN (%s)",
                 schema_tables[at]);
        int code = query_integer(database, text, &count);
        if (code != SQLITE_OK) return code;
        if (count != schema_table_counts[at]) *ret_are_there = false;
    }
    return SQLITE_OK;
}

// What SQLite makes of the file: version, tables, and for a small file every page.
static enum status check_content(struct opening *opening, int64_t *ret_version)
{
    sqlite3 *database = opening->tx->database;
    int64_t version = 0, page_count = 0;
    bool are_there = false;
    int code = query_integer(database, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version > SCHEMA_VERSION) {
        return fail(opening, STATUS_INVALID,
                    "%s was written by a newer Galop (format %" PRId64 ", this one knows %d)",
                    opening->tx->path, version, SCHEMA_VERSION);
    }
    if (code == SQLITE_OK) code = find_tables(database, version, &are_there);
    if (code == SQLITE_OK) code = query_integer(database, "PRAGMA page_count", &page_count);
    if (code != SQLITE_OK) return fail_sqlite(opening, code);
    *ret_version = version;
    if (version <= 0 || !are_there) {
        return fail(opening, STATUS_CORRUPT, "%s is damaged: tables are missing",
                    opening->tx->path);
    }
    return page_count <= QUICK_CHECK_PAGES_MAX ? quick_check(opening) : STATUS_OK;
}

// Each step is one transaction together with its version number.
static enum status migrate(struct opening *opening, int64_t version)
{
    sqlite3 *database = opening->tx->database;
    for (int64_t at = version; at < SCHEMA_VERSION; at++) {
        char numbers[96];
        snprintf(numbers, sizeof(numbers),
                 "PRAGMA application_id=%d; PRAGMA user_version=%" PRId64 ";",
                 SCHEMA_APPLICATION_ID, at + 1);
        int code = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (code == SQLITE_OK) code = sqlite3_exec(database, schema_steps[at], NULL, NULL, NULL);
        if (code == SQLITE_OK) code = sqlite3_exec(database, numbers, NULL, NULL, NULL);
        if (code == SQLITE_OK) code = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
        if (code == SQLITE_OK) continue;
        enum status status = fail_sqlite(opening, code);
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL); // The first failure counts.
        return status;
    }
    return STATUS_OK;
}

static int note_wal_size(void *context, sqlite3 *database, const char *name, int page_count)
{
    (void)database, (void)name;
    ((struct store_tx *)context)->wal_page_count = page_count;
    return SQLITE_OK;
}

static enum status configure(struct opening *opening)
{
    struct store_tx *tx = opening->tx;
    char text[256];
    snprintf(text, sizeof(text),
             "PRAGMA cache_size=-%d; PRAGMA mmap_size=0; PRAGMA foreign_keys=ON;"
             " PRAGMA temp_store=MEMORY; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=%d;",
             CACHE_KIB_MAX, WAL_SIZE_KEPT_BYTES);
    int code = sqlite3_exec(tx->database, text, NULL, NULL, NULL);
    if (code == SQLITE_OK && tx->path != NULL) {
        code = sqlite3_exec(tx->database, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = query_integer(tx->database, "SELECT ifnull(max(id), 0) + 1 FROM express_journal",
                             &tx->journal_id_next);
    }
    if (code == SQLITE_OK) {
        code = query_integer(tx->database, "SELECT ifnull(max(id), 0) + 1 FROM log_event",
                             &tx->log_event_id_next);
    }
    if (code != SQLITE_OK) return fail_sqlite(opening, code);
    // Checkpoints are made by the store thread between transactions, when nobody waits. (This also
    // turns off SQLite's own.)
    sqlite3_wal_hook(tx->database, note_wal_size, tx);
    tx->is_synced = true;
    return STATUS_OK;
}

static void configure_library(void)
{
    // No statistics of memory: they cost a lock at every allocation.
    int code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)code; // Refused when somebody else in the process has started SQLite: no harm.
}

// A connection to `path`, or to a new database in memory, which gets its tables.
static enum status connect(struct opening *opening, const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_library);
    struct store_tx *tx = opening->tx;
    bool is_in_memory = path == NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (is_in_memory) flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(is_in_memory ? ":memory:" : path, &tx->database, flags, NULL);
    if (tx->database == NULL) return fail(opening, STATUS_NO_MEMORY, "no memory for the database");
    if (code != SQLITE_OK) return fail_sqlite(opening, code);
    sqlite3_extended_result_codes(tx->database, 1);
    sqlite3_busy_timeout(tx->database, BUSY_TIMEOUT_MS);
    sqlite3_limit(tx->database, SQLITE_LIMIT_LENGTH, STORE_VALUE_SIZE_MAX + 65536);
    if (!is_in_memory) return STATUS_OK;
    char text[40];
    snprintf(text, sizeof(text), "PRAGMA page_size=%d", PAGE_SIZE);
    code = sqlite3_exec(tx->database, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? migrate(opening, 0) : fail_sqlite(opening, code);
}

static void disconnect(struct opening *opening)
{
    sqlite3_close(opening->tx->database);
    opening->tx->database = NULL;
}

// ---------------------------------------------------------------------------------------------
// Creating

static bool write_and_sync(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return fdatasync(fd) == 0;
}

// Write `bytes` beside the database's name, give it that name, and sync both.
static enum status write_new_file(struct opening *opening, const char *directory,
                                  const unsigned char *bytes, size_t size)
{
    const char *path = opening->tx->path;
    struct str new_path = arena_printf(opening->arena, "%s.new", path);
    int fd = open(new_path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write_and_sync(fd, bytes, size);
    int error = errno;
    if (fd >= 0) close(fd);
    int directory_fd = -1;
    if (is_written && rename(new_path.data, path) == 0) {
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        is_written = directory_fd >= 0 && fsync(directory_fd) == 0;
        error = errno;
    } else if (is_written) {
        error = errno;
        is_written = false;
    }
    if (directory_fd >= 0) close(directory_fd);
    if (is_written) return STATUS_OK;
    (void)unlink(new_path.data); // Normally absent by now.
    return fail(opening, STATUS_IO, "cannot create %s: %s", path, strerror(error));
}

static enum status create_file(struct opening *opening, const char *directory)
{
    enum { WRITE_VERSION = 18, READ_VERSION = 19, IS_WAL = 2 }; // In the header.
    enum status status = connect(opening, NULL);
    if (status != STATUS_OK) return status;
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(opening->tx->database, "main", &size, 0);
    if (image == NULL || size < HEADER_SIZE) {
        sqlite3_free(image);
        return fail(opening, STATUS_NO_MEMORY, "no memory to create %s", opening->tx->path);
    }
    image[WRITE_VERSION] = image[READ_VERSION] = IS_WAL;
    status = write_new_file(opening, directory, image, (size_t)size);
    sqlite3_free(image);
    disconnect(opening);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Opening

static enum status open_file(struct opening *opening)
{
    struct store_tx *tx = opening->tx;
    enum status status = connect(opening, tx->path);
    if (status != STATUS_OK) return status;
    // Until the content has been checked, closing must not move the log into the database file.
    sqlite3_db_config(tx->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int64_t version = 0;
    status = check_content(opening, &version);
    if (status != STATUS_OK) return status;
    sqlite3_db_config(tx->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    status = migrate(opening, version);
    return status == STATUS_OK ? configure(opening) : status;
}

// Remove what SQLite laid beside a database that was refused, if it was not there before.
static void remove_leftovers(struct opening *opening, bool had_wal)
{
    if (had_wal) return;
    static const char *const suffixes[] = {"-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        struct str path = arena_printf(opening->arena, "%s%s", opening->tx->path, suffixes[i]);
        (void)unlink(path.data); // Normally absent.
    }
}

static enum status open_locked(struct opening *opening, const char *directory)
{
    enum status status = inspect_file(opening);
    if (status == STATUS_NOT_FOUND) status = create_file(opening, directory);
    if (status != STATUS_OK) return status;
    bool had_wal = exists_and_has_bytes(opening, "-wal");
    status = open_file(opening);
    if (status == STATUS_CORRUPT || status == STATUS_INVALID) {
        disconnect(opening);
        remove_leftovers(opening, had_wal);
    }
    return status;
}

static enum status open_in_memory(struct opening *opening)
{
    enum status status = connect(opening, NULL);
    return status == STATUS_OK ? configure(opening) : status;
}

static enum status open_in_directory(struct opening *opening, struct str directory)
{
    char *name = strndup(directory.data, directory.size);
    if (name == NULL) return STATUS_NO_MEMORY;
    while (strlen(name) > 1 && name[strlen(name) - 1] == '/')
        name[strlen(name) - 1] = '\0';
    enum status status = STATUS_NO_MEMORY;
    if (asprintf(&opening->tx->path, "%s/galop.db", name) >= 0) {
        status = make_directory(opening, name);
        if (status == STATUS_OK) status = lock_directory(opening, name);
        if (status == STATUS_OK) status = open_locked(opening, name);
    } else {
        opening->tx->path = NULL;
    }
    free(name);
    return status;
}

enum status connection_open(struct store_tx *tx, struct str directory, struct arena *arena,
                            struct str *reterr_text)
{
    *tx = (struct store_tx){.lock_fd = -1};
    struct opening opening = {.tx = tx, .arena = arena, .text = STR("no memory")};
    enum status status =
        directory.size == 0 ? open_in_memory(&opening) : open_in_directory(&opening, directory);
    if (status != STATUS_OK) {
        *reterr_text = opening.text;
        connection_close(tx);
    }
    return status;
}
