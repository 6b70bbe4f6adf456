// Work on a data directory from outside its server: a copy of the database, and a look at whether
// everything in it fits together. Both read one state of it while a server may go on writing.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

// Copy the database of a data directory to a file, which holds all there is to save: everything
// else in the directory is made from it again.
struct store_backup {
    const char *directory;
    const char *path; // Appears complete or not at all.
    bool may_replace; // An existing file.
    // After each piece, with pages copied so far; then with `done` at `total` while the copy is
    // being checked. May be NULL.
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
    uint64_t size_bytes; // Set: of the file.
};

// STATUS_OK; STATUS_NOT_FOUND (no database there); STATUS_CONFLICT (the file exists);
// STATUS_INVALID (not Galop's); STATUS_CORRUPT (the copy does not pass its check, and is removed);
// STATUS_IO; STATUS_NO_MEMORY.
//
//   reterr_text  one sentence for the operator, in `arena`
MUST_USE enum status store_backup(struct store_backup *backup, struct arena *arena,
                                  struct str *reterr_text);

// Check a database.
struct store_check {
    const char *path; // Of the database file, or of the data directory that has it.
    // What is about to be checked, and each thing that is wrong, one sentence each.
    void (*begin)(void *context, struct str what);
    void (*find)(void *context, struct str problem);
    void *context;
    uint64_t problem_count; // Set.
};

// STATUS_OK: it has been checked, and `problem_count` says with which result. Otherwise it could
// not be: as above.
MUST_USE enum status store_check(struct store_check *check, struct arena *arena,
                                 struct str *reterr_text);
