// Pairing heap of timers, ordered by due time and then by the order of arming. Internal to loop.c.
//
// Invariants:
//   1. A timer in the heap has `previous` set (the root points to itself), all others NULL.
//   2. No child is due before its parent.

#pragma once

#include "net/loop.h"

struct timer_heap {
    struct net_timer *root; // The next one due; NULL when empty.
};

// `timer` is in no heap and has its due_ms and sequence set.
void timer_heap_insert(struct timer_heap *heap, struct net_timer *timer);

// `timer` is in `heap`.
void timer_heap_remove(struct timer_heap *heap, struct net_timer *timer);
