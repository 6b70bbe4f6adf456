// The tree is walked once to name its files; libzip reads them when the archive is closed.

#include "lambda/pack.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "lambda/archive.h"

enum { DEFLATE_LEVEL = 1, FILE_MODE = 0100644, PROGRAM_MODE = 0100755, UNIX_MODE_SHIFT = 16 };

struct pack {
    zip_t *zip;
    struct arena *arena;
    size_t root_size; // Of the part of each path that the archive leaves out.
    uint64_t file_count;
    uint64_t bytes;
    struct str *reterr_text;
};

static enum status refuse(struct pack *pack, const char *path, const char *why)
{
    *pack->reterr_text = arena_printf(pack->arena, "%s: %s", path, why);
    return STATUS_INVALID;
}

static enum status fail(struct pack *pack, const char *path, int error)
{
    *pack->reterr_text = arena_printf(pack->arena, "%s: %s", path, strerror(error));
    return STATUS_IO;
}

static enum status add_file(struct pack *pack, const FTSENT *entry)
{
    const char *name = entry->fts_path + pack->root_size;
    if (name[0] == '\0') name = entry->fts_name; // The one file that was asked for.
    while (name[0] == '/')
        name++;
    pack->file_count++;
    pack->bytes += (uint64_t)entry->fts_statp->st_size;
    if (pack->file_count > LAMBDA_ARCHIVE_FILES_MAX) {
        return refuse(pack, entry->fts_path, "there are more files than a package may have");
    }
    if (pack->bytes > LAMBDA_ARCHIVE_UNPACKED_MAX) {
        return refuse(pack, entry->fts_path, "the files are larger together than a package may be");
    }
    zip_source_t *source = zip_source_file(pack->zip, entry->fts_path, 0, -1);
    if (source == NULL) return STATUS_NO_MEMORY;
    zip_int64_t index = zip_file_add(pack->zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return refuse(pack, entry->fts_path, zip_strerror(pack->zip));
    }
    zip_uint32_t mode = (entry->fts_statp->st_mode & 0111) != 0 ? PROGRAM_MODE : FILE_MODE;
    bool is_set = zip_file_set_external_attributes(pack->zip, (zip_uint64_t)index, 0,
                                                   ZIP_OPSYS_UNIX, mode << UNIX_MODE_SHIFT) == 0 &&
                  zip_set_file_compression(pack->zip, (zip_uint64_t)index, ZIP_CM_DEFLATE,
                                           DEFLATE_LEVEL) == 0;
    return is_set ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status add_entry(struct pack *pack, FTS *walk, FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_D:
        if (entry->fts_level > 0 && strcmp(entry->fts_name, ".git") == 0) {
            fts_set(walk, entry, FTS_SKIP);
        }
        return STATUS_OK;
    case FTS_F: return add_file(pack, entry);
    case FTS_NS:
    case FTS_DNR:
    case FTS_ERR: return fail(pack, entry->fts_path, entry->fts_errno);
    case FTS_DC: return refuse(pack, entry->fts_path, "a link leads back to its own folder");
    default: return STATUS_OK; // The end of a folder, a link to nowhere, a socket.
    }
}

static enum status add_tree(struct pack *pack, const char *path)
{
    char root[PATH_MAX];
    if (snprintf(root, sizeof(root), "%s", path) >= (int)sizeof(root)) {
        return fail(pack, path, ENAMETOOLONG);
    }
    char *const roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL) return fail(pack, path, errno);
    pack->root_size = strlen(root);
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        errno = 0;
        FTSENT *entry = fts_read(walk);
        if (entry == NULL) {
            if (errno != 0) status = fail(pack, path, errno);
            break;
        }
        status = add_entry(pack, walk, entry);
    }
    fts_close(walk);
    if (status == STATUS_OK && pack->file_count == 0) status = refuse(pack, path, "is empty");
    return status;
}

static enum status take_bytes(struct pack *pack, const char *path, zip_source_t *target,
                              struct str *ret_zip)
{
    if (zip_source_open(target) != 0) return STATUS_NO_MEMORY;
    enum status status = STATUS_NO_MEMORY;
    zip_source_seek(target, 0, SEEK_END);
    zip_int64_t size = zip_source_tell(target);
    zip_source_seek(target, 0, SEEK_SET);
    if (size > LAMBDA_ARCHIVE_SIZE_MAX) {
        status = refuse(pack, path, "the package is larger than Lambda takes (50 MB)");
    } else if (size > 0) {
        char *bytes = arena_alloc(pack->arena, (size_t)size);
        if (bytes != NULL && zip_source_read(target, bytes, (zip_uint64_t)size) == size) {
            *ret_zip = (struct str){bytes, (size_t)size};
            status = STATUS_OK;
        }
    }
    zip_source_close(target);
    return status;
}

enum status lambda_pack(const char *path, struct arena *arena, struct str *ret_zip,
                        struct str *reterr_text)
{
    struct pack pack = {.arena = arena, .reterr_text = reterr_text};
    *reterr_text = STR("out of memory");
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, NULL);
    if (target == NULL) return STATUS_NO_MEMORY;
    zip_source_keep(target); // The archive takes one reference, the bytes are read by the other.
    pack.zip = zip_open_from_source(target, ZIP_TRUNCATE, NULL);
    if (pack.zip == NULL) {
        zip_source_free(target);
        zip_source_free(target);
        return STATUS_NO_MEMORY;
    }
    enum status status = add_tree(&pack, path);
    if (status == STATUS_OK && zip_close(pack.zip) != 0) {
        *reterr_text = arena_printf(arena, "%s: %s", path, zip_strerror(pack.zip));
        status = STATUS_IO;
        zip_discard(pack.zip);
    } else if (status != STATUS_OK) {
        zip_discard(pack.zip);
    }
    if (status == STATUS_OK) status = take_bytes(&pack, path, target, ret_zip);
    zip_source_free(target);
    return status;
}
