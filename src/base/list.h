// Doubly linked lists through members of the listed structs. No allocation.
//
// A list is a ring with a head that is not an item. A link that is in no list points to itself
// after list_init(); membership is often an object's state, and the comment at the list says which.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

struct list {
    struct list *next;
    struct list *previous;
};

static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *link)
{
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}

static inline void list_prepend(struct list *list, struct list *link)
{
    list_append(list->next, link);
}

// Take out of whatever list it is in; harmless on a link that is in none.
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

#define LIST_ITEM(link, type, member) CONTAINER_OF(link, type, member)

// Walk a list; the current item may be removed on the way.
#define LIST_EACH(item, head)                                                                      \
    for (struct list *item = (head)->next, *item##_next = item->next; item != (head);              \
         item = item##_next, item##_next = item->next)
