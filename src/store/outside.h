// A database that perhaps another process serves, opened for reading. Private to this folder.

#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "store/store.h"

struct outside {
    sqlite3 *database;
    struct arena *arena;
    struct str text; // What is wrong.
    int64_t version; // Of the format.
};

// Open and begin a reading transaction. See store_check() for outcomes.
MUST_USE enum status outside_open(struct outside *outside, const char *path);

// The status of an SQLite code, with a sentence.
MUST_USE enum status outside_fail(struct outside *outside, const char *path, int code);

// Accepts one that failed to open.
void outside_close(struct outside *outside);
