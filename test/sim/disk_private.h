// What the files of the disk share.

#pragma once

#include <stddef.h>

// `size` bytes of the disk at `where` are about to change, in the transaction in progress: they can
// be put back.
void disk_note_bytes(void *where, size_t size);
