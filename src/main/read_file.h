// Reading a whole file, or standard input, for commands that are given one.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

//   path          NUL-terminated; "-" is standard input
//   size_max      a larger file is refused
//   ret_text      in `arena`
//   reterr_text   why not, without full stop: "No such file or directory"; in `arena`
MUST_USE bool read_file(const char *path, size_t size_max, struct arena *arena,
                        struct str *ret_text, struct str *reterr_text);
