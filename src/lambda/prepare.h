// Preparing: what must be on the disk and known before a version's first sandbox can start.
//
// The working copy of the code is DIRECTORY/functions/REGION/NAME/DIGEST, unpacked once to a
// scratch folder and renamed, write-protected; the bootstrap is in DIRECTORY/runtimes; the program
// that runs it is looked for in PATH.

#pragma once

#include "lambda/files.h"
#include "lambda/function.h"

struct lambda_preparing {
    struct lambda_job job;                            // Private.
    struct lambda_version *version;                   // A reference of the caller's.
    void (*done)(struct lambda_preparing *preparing); // On the lambda thread.

    // The outcome; strings live in the version's arena.
    struct str error_type; // Empty: all is well.
    char error_message[512];
    const char *code_folder;
    const char *program;
    const char *bootstrap;

    // Private: as found on the other thread.
    char code_folder_bytes[PATH_MAX];
    char program_bytes[PATH_MAX];
    char bootstrap_bytes[PATH_MAX];
};

void lambda_prepare(struct lambda *lambda, struct lambda_preparing *preparing);

// Make the folders below `directory`, and empty the scratch folder that an earlier server left.
MUST_USE enum status lambda_prepare_directory(const char *directory);

enum { LAMBDA_DIRECTORY_SIZE_MAX = 3072 };
