// The tables, as steps from each format version to the next (docs/STORE.md explains them).

#pragma once

enum {
    SCHEMA_APPLICATION_ID = 0x47414c50, // "GALP", in the header of the database file.
    SCHEMA_VERSION = 1,                 // PRAGMA user_version of what this program writes.
    SCHEMA_TABLE_COUNT = 5,
};

// SQL that leads from version `i` to `i + 1`.
extern const char *const schema_steps[SCHEMA_VERSION];
