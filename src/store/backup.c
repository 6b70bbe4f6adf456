// A copy of the database through SQLite's backup interface: pages of one moment, written beside the
// name they get when they have been checked and synced.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maintenance.h"
#include "store/outside.h"

enum { PIECE_PAGES = 1024 }; // 8 MB.

struct copying {
    struct store_backup *backup;
    struct outside source;
    sqlite3 *target;
    const char *new_path; // What is written, until it is complete.
};

static enum status fail_file(struct copying *copying, const char *action, const char *path)
{
    enum status status = errno == EEXIST ? STATUS_CONFLICT : STATUS_IO;
    copying->source.text =
        arena_printf(copying->source.arena, "cannot %s %s: %s", action, path, strerror(errno));
    return status;
}

static enum status fail_target(struct copying *copying, int code)
{
    const char *text =
        copying->target == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(copying->target);
    copying->source.text =
        arena_printf(copying->source.arena, "cannot write %s: %s", copying->new_path, text);
    return (code & 0xff) == SQLITE_NOMEM ? STATUS_NO_MEMORY : STATUS_IO;
}

static void report(const struct copying *copying, int rest, int total)
{
    const struct store_backup *backup = copying->backup;
    if (backup->progress == NULL) return;
    backup->progress(backup->context, (uint64_t)(total - rest), (uint64_t)total);
}

static enum status copy_pages(struct copying *copying)
{
    sqlite3_backup *pages =
        sqlite3_backup_init(copying->target, "main", copying->source.database, "main");
    if (pages == NULL) return fail_target(copying, sqlite3_errcode(copying->target));
    int code;
    do {
        // The source is in a reading transaction, so what its server writes meanwhile is not seen
        // and does not make this start again.
        code = sqlite3_backup_step(pages, PIECE_PAGES);
        report(copying, sqlite3_backup_remaining(pages), sqlite3_backup_pagecount(pages));
    } while (code == SQLITE_OK);
    int final_code = sqlite3_backup_finish(pages);
    if (code == SQLITE_DONE) return STATUS_OK;
    return fail_target(copying, final_code == SQLITE_OK ? code : final_code);
}

static enum status check_copy(struct copying *copying)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(copying->target, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    enum status status = STATUS_OK;
    if (text == NULL) {
        status = fail_target(copying, code);
    } else if (strcmp(text, "ok") != 0) {
        copying->source.text = arena_printf(
            copying->source.arena, "the database is damaged, and so would be its copy: %s", text);
        status = STATUS_CORRUPT;
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status copy_to_new_file(struct copying *copying)
{
    // Nobody else opens it before it has its name, and it is synced as a whole.
    int code = sqlite3_open_v2(copying->new_path, &copying->target,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(copying->target,
                            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF;"
                            " PRAGMA journal_mode=OFF;",
                            NULL, NULL, NULL);
    }
    enum status status = code == SQLITE_OK ? copy_pages(copying) : fail_target(copying, code);
    if (status == STATUS_OK) status = check_copy(copying);
    code = sqlite3_close(copying->target);
    copying->target = NULL;
    return status == STATUS_OK && code != SQLITE_OK ? fail_target(copying, code) : status;
}

// Give the new file its name. A link, unlike a renaming, does not replace what appeared meanwhile.
static enum status publish(struct copying *copying, int fd)
{
    struct store_backup *backup = copying->backup;
    struct stat facts;
    if (fsync(fd) != 0 || fstat(fd, &facts) != 0) {
        return fail_file(copying, "write", copying->new_path);
    }
    backup->size_bytes = (uint64_t)facts.st_size;
    if (backup->may_replace) {
        if (rename(copying->new_path, backup->path) != 0) {
            return fail_file(copying, "replace", backup->path);
        }
    } else {
        if (link(copying->new_path, backup->path) != 0) {
            return fail_file(copying, "create", backup->path);
        }
        (void)unlink(copying->new_path); // A second name does no harm.
    }
    const char *slash = strrchr(backup->path, '/');
    struct str folder =
        slash == NULL ? STR(".") : (struct str){backup->path, (size_t)(slash - backup->path) + 1};
    struct str name = arena_printf(copying->source.arena, "%" STR_FORMAT, STR_ARGS(folder));
    int folder_fd = open(name.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = folder_fd >= 0 && fsync(folder_fd) == 0;
    enum status status = is_synced ? STATUS_OK : fail_file(copying, "sync", name.data);
    if (folder_fd >= 0) close(folder_fd);
    return status;
}

static enum status copy(struct copying *copying)
{
    struct stat facts;
    if (!copying->backup->may_replace && lstat(copying->backup->path, &facts) == 0) {
        errno = EEXIST;
        return fail_file(copying, "create", copying->backup->path);
    }
    // Ours alone: it holds secrets, such as access keys.
    int fd = open(copying->new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return fail_file(copying, "create", copying->new_path);
    enum status status = copy_to_new_file(copying);
    if (status == STATUS_OK) status = publish(copying, fd);
    close(fd);
    if (status != STATUS_OK) (void)unlink(copying->new_path); // The first failure counts.
    return status;
}

enum status store_backup(struct store_backup *backup, struct arena *arena, struct str *reterr_text)
{
    struct copying copying = {
        .backup = backup,
        .source = {.arena = arena, .text = STR("no memory")},
        .new_path = arena_printf(arena, "%s.%ld.new", backup->path, (long)getpid()).data,
    };
    struct str path = arena_printf(arena, "%s/galop.db", backup->directory);
    enum status status = outside_open(&copying.source, path.data);
    if (status == STATUS_OK) status = copy(&copying);
    if (status != STATUS_OK) *reterr_text = copying.source.text;
    outside_close(&copying.source);
    return status;
}
