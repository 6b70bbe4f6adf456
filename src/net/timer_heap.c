// The usual two-pass pairing heap, without recursion: a removed node's children are melded in pairs
// from left to right and the pairs then from right to left.

#include "net/timer_heap.h"

#include <assert.h>

static bool is_before(const struct net_timer *a, const struct net_timer *b)
{
    if (a->due_ms != b->due_ms) return a->due_ms < b->due_ms;
    return a->sequence < b->sequence;
}

// Join two trees whose roots have no siblings; returns the root of both.
static struct net_timer *meld(struct net_timer *a, struct net_timer *b)
{
    if (a == NULL) return b;
    if (b == NULL) return a;
    struct net_timer *parent = is_before(a, b) ? a : b;
    struct net_timer *child = parent == a ? b : a;
    child->sibling = parent->child;
    if (child->sibling != NULL) child->sibling->previous = child;
    child->previous = parent;
    parent->child = child;
    return parent;
}

// Join a list of siblings into one tree.
static struct net_timer *meld_siblings(struct net_timer *first)
{
    struct net_timer *pairs = NULL; // Newest first, through `sibling`.
    while (first != NULL) {
        struct net_timer *second = first->sibling;
        struct net_timer *rest = second == NULL ? NULL : second->sibling;
        first->sibling = NULL;
        if (second != NULL) second->sibling = NULL;
        struct net_timer *pair = meld(first, second);
        pair->sibling = pairs;
        pairs = pair;
        first = rest;
    }
    struct net_timer *root = NULL;
    while (pairs != NULL) {
        struct net_timer *rest = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = rest;
    }
    return root;
}

static void set_root(struct timer_heap *heap, struct net_timer *root)
{
    heap->root = root;
    if (root != NULL) root->previous = root;
}

void timer_heap_insert(struct timer_heap *heap, struct net_timer *timer)
{
    assert(timer->previous == NULL);
    timer->child = NULL;
    timer->sibling = NULL;
    set_root(heap, meld(heap->root, timer));
}

void timer_heap_remove(struct timer_heap *heap, struct net_timer *timer)
{
    assert(timer->previous != NULL && heap->root != NULL);
    struct net_timer *children = meld_siblings(timer->child);
    if (timer == heap->root) {
        set_root(heap, children);
    } else {
        if (timer->previous->child == timer) {
            timer->previous->child = timer->sibling;
        } else {
            timer->previous->sibling = timer->sibling;
        }
        if (timer->sibling != NULL) timer->sibling->previous = timer->previous;
        set_root(heap, meld(heap->root, children));
    }
    timer->child = NULL;
    timer->sibling = NULL;
    timer->previous = NULL;
}
