// Deployment packages: zip archives, checked before anything of them reaches a disk.
//
// Checking and unpacking read the archive from memory. Nothing is ever written outside the target
// folder: names that are absolute, that climb ("..") or that hold a NUL or a backslash are refused,
// and so are symbolic links, devices, duplicates that would overwrite each other, and archives that
// are too many files or unpack to too much. Sizes are those that really come out, not those that
// the archive promises.

#pragma once

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    LAMBDA_ARCHIVE_SIZE_MAX = 50 << 20,      // Of the zip itself, sent directly.
    LAMBDA_ARCHIVE_UNPACKED_MAX = 250 << 20, // Bytes that come out.
    LAMBDA_ARCHIVE_FILES_MAX = 50000,        // Entries, folders included.
    LAMBDA_ARCHIVE_NAME_SIZE_MAX = 1024,     // Of an entry's name.
    LAMBDA_ARCHIVE_COMPONENT_SIZE_MAX = 255, // Of one folder or file in it.
};

// What is wrong with an archive.
enum lambda_archive_fault {
    LAMBDA_ARCHIVE_SOUND,
    LAMBDA_ARCHIVE_UNREADABLE, // Not a zip, damaged, encrypted, or a name or kind refused above.
    LAMBDA_ARCHIVE_TOO_LARGE,  // Unpacks to more than the limit.
    LAMBDA_ARCHIVE_EMPTY,      // No file in it.
};

// Read every entry to its end (checksums included) without writing anything.
enum lambda_archive_fault lambda_archive_check(struct str zip);

// As the above, but trusting what the directory of the archive says about sizes and not reading the
// entries: for looking at arbitrary bytes quickly.
enum lambda_archive_fault lambda_archive_list(struct str zip);

// Unpack into the folder `path`, which must not exist and whose parent must. Files come out
// read-only (and executable when the archive says so), folders without write permission.
//
// Returns STATUS_OK, STATUS_INVALID (the archive is not sound), STATUS_IO or STATUS_NO_MEMORY.
// After a failure the folder may be half filled: remove it.
MUST_USE enum status lambda_archive_unpack(struct str zip, const char *path);

// Remove a folder and everything below it, write-protected or not, without following links.
// Returns STATUS_OK (also when there is none) or STATUS_IO.
enum status lambda_tree_remove(const char *path);
