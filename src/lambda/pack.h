// Making deployment packages from what lies on this machine.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

// Zip a file, or a folder with everything below it but `.git`. Links are followed; what is neither
// file nor folder is left out.
//
//   path          NUL-terminated
//   ret_zip       in `arena`
//   reterr_text   why not, without full stop, in `arena`
//
// Returns STATUS_OK, STATUS_INVALID (nothing in it, or more than Lambda takes), STATUS_IO or
// STATUS_NO_MEMORY. Blocks.
MUST_USE enum status lambda_pack(const char *path, struct arena *arena, struct str *ret_zip,
                                 struct str *reterr_text);
