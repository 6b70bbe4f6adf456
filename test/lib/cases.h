// Cases written as data: each file test/cases/<folder>/*.json holds an array of objects. What their
// members mean is the business of the test; "about" says in a sentence what a case shows.

#pragma once

#include <stddef.h>

#include "json/json.h"

// Give every case of a folder to `run`, file by file in the order of their names. It is a failure
// when a file cannot be read, is no array of objects or has no cases, and when there are fewer than
// `file_count_min` files.
//
//   run    `path` is the file's, for messages; both live for the call
void test_each_case(const char *folder, size_t file_count_min,
                    void (*run)(const char *path, const struct json *test_case));

// A text member; data NULL when absent.
#define CASE_TEXT(test_case, literal)                                                              \
    json_find_str((test_case), STR(literal), (struct str){NULL, 0})
