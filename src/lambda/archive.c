// libzip reads the archive; this file decides what may come out of it and writes it through
// descriptors of folders, so that no path of the archive is ever resolved by the kernel as a whole.

#include "lambda/archive.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/encoding.h"
#include "base/log.h"

enum { COPY_SIZE = 8192 };

// The kind of a file in the upper half of an entry's attributes, when it was made on Unix.
enum { UNIX_MODE_SHIFT = 16 };

struct entry {
    const char *name; // Belongs to the archive.
    uint64_t index;
    uint64_t size; // As promised.
    bool is_folder;
    bool is_executable;
};

struct archive {
    zip_t *zip;
    uint64_t entry_count;
    uint64_t unpacked_bytes; // Seen so far.
};

// Open without copying: libzip reads from the caller's bytes.
static bool archive_open(struct str bytes, struct archive *ret_archive)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes.data, bytes.size, 0, &error);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip == NULL && source != NULL) zip_source_free(source);
    zip_error_fini(&error);
    if (zip == NULL) return false;
    zip_int64_t count = zip_get_num_entries(zip, 0);
    *ret_archive = (struct archive){.zip = zip, .entry_count = count < 0 ? 0 : (uint64_t)count};
    return true;
}

static void archive_close(struct archive *archive)
{
    if (archive->zip != NULL) zip_discard(archive->zip);
}

// A name is safe when each of its components is an ordinary one. A trailing slash marks a folder.
static bool name_is_safe(struct str name)
{
    if (name.size == 0 || name.size > LAMBDA_ARCHIVE_NAME_SIZE_MAX || name.data[0] == '/' ||
        encoding_utf8_check(name) != SIZE_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte < ' ' || byte == '\\' || byte == 0x7f) return false;
    }
    struct str rest = name;
    while (rest.data != NULL && rest.size > 0) {
        struct str component = str_cut(&rest, '/');
        if (component.size == 0 || component.size > LAMBDA_ARCHIVE_COMPONENT_SIZE_MAX ||
            str_is(component, ".."))
            return false;
        // "./a" is made by some tools; it stays where it says.
    }
    return true;
}

// What an entry is. Returns false when it may not be unpacked.
static bool entry_read(const struct archive *archive, uint64_t index, struct entry *ret_entry)
{
    zip_stat_t stat;
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    zip_stat_init(&stat);
    if (zip_stat_index(archive->zip, index, 0, &stat) != 0) return false;
    if ((stat.valid & (ZIP_STAT_NAME | ZIP_STAT_SIZE)) != (ZIP_STAT_NAME | ZIP_STAT_SIZE))
        return false;
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        return false;
    struct str name = str_from_c(stat.name);
    if (!name_is_safe(name)) return false;
    struct entry entry = {.name = stat.name, .index = index, .size = stat.size};
    entry.is_folder = name.data[name.size - 1] == '/';
    if (zip_file_get_external_attributes(archive->zip, index, 0, &system, &attributes) != 0)
        return false;
    if (system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X) {
        uint32_t mode = attributes >> UNIX_MODE_SHIFT;
        uint32_t kind = mode & S_IFMT;
        if (kind != 0 && kind != S_IFREG && kind != S_IFDIR) return false;
        if (kind == S_IFDIR && !entry.is_folder) return false;
        entry.is_executable = (mode & 0111) != 0;
    }
    if (entry.is_folder && entry.size != 0) return false;
    *ret_entry = entry;
    return true;
}

// Read an entry to its end, counting what comes out, and write it to `file` unless that is
// negative. The archive's own promise of the size must be kept.
static enum lambda_archive_fault entry_copy(struct archive *archive, const struct entry *entry,
                                            int file, enum status *reterr_status)
{
    char bytes[COPY_SIZE];
    uint64_t size = 0;
    zip_file_t *reader = zip_fopen_index(archive->zip, entry->index, 0);
    if (reader == NULL) return LAMBDA_ARCHIVE_UNREADABLE;
    enum lambda_archive_fault fault = LAMBDA_ARCHIVE_SOUND;
    for (;;) {
        zip_int64_t got = zip_fread(reader, bytes, sizeof(bytes));
        if (got == 0) break;
        if (got < 0 || size + (uint64_t)got > entry->size) {
            fault = LAMBDA_ARCHIVE_UNREADABLE;
            break;
        }
        size += (uint64_t)got;
        archive->unpacked_bytes += (uint64_t)got;
        if (archive->unpacked_bytes > LAMBDA_ARCHIVE_UNPACKED_MAX) {
            fault = LAMBDA_ARCHIVE_TOO_LARGE;
            break;
        }
        if (file >= 0 && write(file, bytes, (size_t)got) != got) {
            *reterr_status = STATUS_IO;
            break;
        }
    }
    // The end of an entry is where libzip compares its checksum.
    if (zip_fclose(reader) != 0 && fault == LAMBDA_ARCHIVE_SOUND) fault = LAMBDA_ARCHIVE_UNREADABLE;
    if (fault == LAMBDA_ARCHIVE_SOUND && *reterr_status == STATUS_OK && size != entry->size)
        fault = LAMBDA_ARCHIVE_UNREADABLE;
    return fault;
}

// Go through all entries; `is_reading` also reads each to its end.
static enum lambda_archive_fault walk(struct str zip, bool is_reading)
{
    struct archive CLEANUP(archive_close) archive = {0};
    uint64_t promised_bytes = 0, file_count = 0;
    if (zip.size == 0 || !archive_open(zip, &archive)) return LAMBDA_ARCHIVE_UNREADABLE;
    if (archive.entry_count > LAMBDA_ARCHIVE_FILES_MAX) return LAMBDA_ARCHIVE_UNREADABLE;
    for (uint64_t i = 0; i < archive.entry_count; i++) {
        struct entry entry;
        enum status status = STATUS_OK;
        if (!entry_read(&archive, i, &entry)) return LAMBDA_ARCHIVE_UNREADABLE;
        if (entry.size > LAMBDA_ARCHIVE_UNPACKED_MAX - promised_bytes)
            return LAMBDA_ARCHIVE_TOO_LARGE;
        promised_bytes += entry.size;
        if (entry.is_folder) continue;
        file_count++;
        if (!is_reading) continue;
        enum lambda_archive_fault fault = entry_copy(&archive, &entry, -1, &status);
        if (fault != LAMBDA_ARCHIVE_SOUND) return fault;
    }
    return file_count == 0 ? LAMBDA_ARCHIVE_EMPTY : LAMBDA_ARCHIVE_SOUND;
}

enum lambda_archive_fault lambda_archive_check(struct str zip)
{
    return walk(zip, true);
}

enum lambda_archive_fault lambda_archive_list(struct str zip)
{
    return walk(zip, false);
}

// ---------------------------------------------------------------------------------------------
// Unpacking

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0) close(*descriptor);
}

// The folder that an entry lies in, made as needed below `root`, and the entry's last component.
// Each step refuses to follow links. Returns a descriptor that the caller closes, or -1.
static int open_folder_of(int root, struct str name, char ret_last[static NAME_MAX + 1])
{
    int folder = dup(root);
    struct str rest = name;
    ret_last[0] = '\0';
    while (folder >= 0 && rest.data != NULL && rest.size > 0) {
        struct str component = str_cut(&rest, '/');
        if (str_is(component, ".")) continue;
        if (ret_last[0] != '\0') {
            if (mkdirat(folder, ret_last, 0700) != 0 && errno != EEXIST) break;
            int next = openat(folder, ret_last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            close(folder);
            folder = next;
        }
        assert(component.size <= NAME_MAX);
        memcpy(ret_last, component.data, component.size);
        ret_last[component.size] = '\0';
    }
    if (folder >= 0 && rest.data != NULL && rest.size > 0) {
        close(folder);
        return -1;
    }
    return folder;
}

static enum status entry_unpack(struct archive *archive, const struct entry *entry, int root)
{
    char last[NAME_MAX + 1];
    enum status status = STATUS_OK;
    int CLEANUP(close_descriptor) folder = open_folder_of(root, str_from_c(entry->name), last);
    if (folder < 0) return errno == EEXIST || errno == ENOTDIR ? STATUS_INVALID : STATUS_IO;
    if (last[0] == '\0') return entry->is_folder ? STATUS_OK : STATUS_INVALID; // "./"
    if (entry->is_folder) {
        if (mkdirat(folder, last, 0700) == 0) return STATUS_OK;
        struct stat stat;
        if (errno != EEXIST || fstatat(folder, last, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            return STATUS_IO;
        return S_ISDIR(stat.st_mode) ? STATUS_OK : STATUS_INVALID;
    }
    // O_EXCL: a second entry of the same name would overwrite the first.
    int CLEANUP(close_descriptor) file =
        openat(folder, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return errno == EEXIST ? STATUS_INVALID : STATUS_IO;
    enum lambda_archive_fault fault = entry_copy(archive, entry, file, &status);
    if (fault != LAMBDA_ARCHIVE_SOUND) return STATUS_INVALID;
    if (status != STATUS_OK) return status;
    return fchmod(file, entry->is_executable ? 0555 : 0444) == 0 ? STATUS_OK : STATUS_IO;
}

// Walk a tree by `visit`, which sees every folder before and after what it holds and never through
// a link. Stops at the first failure.
static enum status walk_tree(const char *path, bool (*visit)(const FTSENT *entry))
{
    char copy[PATH_MAX];
    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) return STATUS_IO;
    char *const roots[] = {copy, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL) return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (;;) {
        errno = 0;
        const FTSENT *entry = fts_read(walk);
        if (entry == NULL) {
            if (errno != 0 && errno != ENOENT) status = STATUS_IO;
            break;
        }
        if (!visit(entry)) {
            log_warn("cannot change %s: %s", entry->fts_path, strerror(errno));
            status = STATUS_IO;
            break;
        }
    }
    fts_close(walk);
    return status;
}

static bool protect_entry(const FTSENT *entry)
{
    return entry->fts_info != FTS_DP || chmod(entry->fts_path, 0555) == 0;
}

static bool remove_entry(const FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_D: return chmod(entry->fts_path, 0700) == 0;
    case FTS_DP: return rmdir(entry->fts_path) == 0 || errno == ENOENT;
    case FTS_NS: return entry->fts_errno == ENOENT;
    default: return unlink(entry->fts_path) == 0 || errno == ENOENT;
    }
}

enum status lambda_tree_remove(const char *path)
{
    return walk_tree(path, remove_entry);
}

enum status lambda_archive_unpack(struct str zip, const char *path)
{
    struct archive CLEANUP(archive_close) archive = {0};
    if (zip.size == 0 || !archive_open(zip, &archive)) return STATUS_INVALID;
    if (archive.entry_count > LAMBDA_ARCHIVE_FILES_MAX) return STATUS_INVALID;
    if (mkdir(path, 0700) != 0) return STATUS_IO;
    int CLEANUP(close_descriptor) root =
        open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0) return STATUS_IO;
    for (uint64_t i = 0; i < archive.entry_count; i++) {
        struct entry entry;
        if (!entry_read(&archive, i, &entry)) return STATUS_INVALID;
        enum status status = entry_unpack(&archive, &entry, root);
        if (status != STATUS_OK) return status;
    }
    return walk_tree(path, protect_entry);
}
