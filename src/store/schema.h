// The tables, as steps from each format version to the next (docs/STORE.md explains them).

#pragma once

#include <stdint.h>

enum {
    SCHEMA_APPLICATION_ID = 0x47414c50, // "GALP", in the header of the database file.
    SCHEMA_VERSION = 4,                 // PRAGMA user_version of what this program writes.
};

// SQL that leads from version `i` to `i + 1`.
extern const char *const schema_steps[SCHEMA_VERSION];

// The tables that each of these steps adds, as a list of SQL texts, and how many they are.
extern const char *const schema_tables[SCHEMA_VERSION];
extern const int64_t schema_table_counts[SCHEMA_VERSION];
