// Two kinds of memory, so that a process can die without anybody cleaning up after it.
//
// Whatever the program under test allocates is on a list, and heap_crash() frees all of that at
// once: no callback runs, as when a process is killed. What must outlive a life of the process (the
// disk, the outside world) lies in lasting memory, which goes at the end of a run.
//
// The linker leads malloc() and its kin here (--wrap): the program under test knows nothing of it.

#pragma once

#include <stddef.h>

#include "base/str.h"

// Free all that malloc() has given out since the last call.
void heap_crash(void);

// Zeroed; never fails. Gone with lasting_reset().
void *lasting_alloc(size_t size);
struct str lasting_copy(struct str text);
void lasting_reset(void);

#define LASTING_NEW(type) ((type *)lasting_alloc(sizeof(type)))
