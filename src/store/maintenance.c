// Looking at a database from outside its server.
//
// Everything is read in one transaction, so it is the state of one moment; the server's write-ahead
// log cannot start over meanwhile and grows.

#include "store/maintenance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/outside.h"
#include "store/schema.h"

enum { BUSY_TIMEOUT_MS = 10000, PROBLEMS_PER_CHECK_MAX = 20 };

static enum status fail(struct outside *outside, enum status status, const char *format, ...)
    PRINTF(3, 4);

static enum status fail(struct outside *outside, enum status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    outside->text = arena_vprintf(outside->arena, format, args);
    va_end(args);
    return status;
}

enum status outside_fail(struct outside *outside, const char *path, int code)
{
    const char *text =
        outside->database == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(outside->database);
    switch (code & 0xff) {
    case SQLITE_NOMEM: return fail(outside, STATUS_NO_MEMORY, "no memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fail(outside, STATUS_CORRUPT, "%s is damaged: %s", path, text);
    default: return fail(outside, STATUS_IO, "cannot read %s: %s", path, text);
    }
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

// Ours, and not newer than we are.
static enum status check_identity(struct outside *outside, const char *path)
{
    int64_t application_id = 0;
    int code = query_integer(outside->database, "PRAGMA application_id", &application_id);
    if (code == SQLITE_OK) {
        code = query_integer(outside->database, "PRAGMA user_version", &outside->version);
    }
    if (code != SQLITE_OK) return outside_fail(outside, path, code);
    if (application_id != SCHEMA_APPLICATION_ID) {
        return fail(outside, STATUS_INVALID, "%s is a database of another program", path);
    }
    if (outside->version > SCHEMA_VERSION) {
        return fail(outside, STATUS_INVALID,
                    "%s was written by a newer Galop (format %" PRId64 ", this one knows %d)", path,
                    outside->version, SCHEMA_VERSION);
    }
    return STATUS_OK;
}

// SQLite does not say which file it could not open or write, nor why.
static enum status fail_open(struct outside *outside, const char *path, int code)
{
    int kind = code & 0xff;
    if (kind != SQLITE_CANTOPEN && kind != SQLITE_READONLY)
        return outside_fail(outside, path, code);
    const char *slash = strrchr(path, '/');
    struct str folder = slash == NULL ? STR(".") : (struct str){path, (size_t)(slash - path) + 1};
    if (!arena_copy_str(outside->arena, folder, &folder)) return STATUS_NO_MEMORY;
    if (access(path, R_OK) != 0) {
        return fail(outside, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
    }
    if (access(folder.data, W_OK) == 0 && access(path, W_OK) == 0) {
        return outside_fail(outside, path, code);
    }
    return fail(
        outside, STATUS_IO,
        "cannot open %s: reading it takes an index beside it, which cannot be written (%s); "
        "be the user that galop serve runs as, or copy the file, and its -wal file if it "
        "has one, to another directory",
        path, strerror(errno));
}

enum status outside_open(struct outside *outside, const char *path)
{
    struct stat facts;
    if (stat(path, &facts) != 0) {
        if (errno == ENOENT) return fail(outside, STATUS_NOT_FOUND, "%s does not exist", path);
        return fail(outside, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    }
    // Not read-only: the first to look at a write-ahead log has to make its index.
    int code = sqlite3_open_v2(path, &outside->database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) return fail_open(outside, path, code);
    sqlite3_extended_result_codes(outside->database, 1);
    sqlite3_busy_timeout(outside->database, BUSY_TIMEOUT_MS);
    sqlite3_limit(outside->database, SQLITE_LIMIT_LENGTH, STORE_VALUE_SIZE_MAX + 65536);
    // A log that is there stays as it is, also when we are the last to close the database.
    struct str log = arena_printf(outside->arena, "%s-wal", path);
    bool has_log = stat(log.data, &facts) == 0 && facts.st_size > 0;
    sqlite3_db_config(outside->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log, NULL);
    code =
        sqlite3_exec(outside->database, "PRAGMA query_only=1; BEGIN; SELECT 1 FROM sqlite_schema",
                     NULL, NULL, NULL);
    return code == SQLITE_OK ? check_identity(outside, path) : fail_open(outside, path, code);
}

void outside_close(struct outside *outside)
{
    sqlite3_close(outside->database);
    outside->database = NULL;
}

// ---------------------------------------------------------------------------------------------
// Checking

struct store_rule {
    const char *name;
    const char *text;
};

static const struct store_rule rules[] = {
#define X(name, text) {name, text},
#include "store/check.def"
#undef X
};

// Report the first column of each row but "ok".
static enum status report_rows(struct outside *outside, struct store_check *check,
                               const struct store_rule *rule)
{
    sqlite3_stmt *statement = NULL;
    uint64_t count = 0;
    check->begin(check->context, str_from_c(rule->name));
    int code = sqlite3_prepare_v2(outside->database, rule->text, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW) break;
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (text == NULL || strcmp(text, "ok") == 0) continue;
        check->problem_count++;
        if (++count > PROBLEMS_PER_CHECK_MAX) continue;
        check->find(check->context, str_from_c(text));
    }
    sqlite3_finalize(statement);
    if (count > PROBLEMS_PER_CHECK_MAX) {
        char text[64];
        snprintf(text, sizeof(text), "and %" PRIu64 " more of this kind",
                 count - PROBLEMS_PER_CHECK_MAX);
        check->find(check->context, str_from_c(text));
    }
    if (code == SQLITE_DONE) return STATUS_OK;
    if ((code & 0xff) != SQLITE_CORRUPT && (code & 0xff) != SQLITE_ERROR) {
        return outside_fail(outside, check->path, code);
    }
    // Damage, or a table that is not there: that is what we are here to tell.
    check->problem_count++;
    check->find(check->context, str_from_c(sqlite3_errmsg(outside->database)));
    return STATUS_OK;
}

enum status store_check(struct store_check *check, struct arena *arena, struct str *reterr_text)
{
    static const struct store_rule pages = {"pages and indexes", "PRAGMA integrity_check(1000)"};
    struct outside outside = {.arena = arena, .text = STR("no memory")};
    struct stat facts;
    struct str path = str_from_c(check->path);
    if (stat(check->path, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        path = arena_printf(arena, "%s/galop.db", check->path);
    }
    check->problem_count = 0;
    enum status status = outside_open(&outside, path.data);
    if (status == STATUS_OK && outside.version < SCHEMA_VERSION) {
        status = fail(&outside, STATUS_INVALID,
                      "%s is of format %" PRId64 ", which this Galop turns into %d when it serves "
                      "it: check it afterwards",
                      path.data, outside.version, SCHEMA_VERSION);
    }
    if (status == STATUS_OK) status = report_rows(&outside, check, &pages);
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_COUNT(rules); i++)
        status = report_rows(&outside, check, &rules[i]);
    if (status != STATUS_OK) *reterr_text = outside.text;
    outside_close(&outside);
    return status;
}
