// Mailboxes: how threads hand work to each other.
//
// Any thread may post; one thread owns the mailbox and takes. Posting is one atomic exchange, and
// wakes the owner (by an eventfd that its event loop watches) only when the mailbox was empty, so a
// busy owner costs its senders no system call.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

// Embedded in whatever is posted. `run` is called by the owner and may free the message.
struct mail {
    struct mail *next;
    void (*run)(struct mail *mail);
};

struct mailbox {
    _Atomic(struct mail *) newest; // A stack; taken whole and reversed.
    int event_fd;                  // Readable when there is mail.
};

MUST_USE enum status mailbox_init(struct mailbox *mailbox);

// Any thread. The mail belongs to the owner of the mailbox from here on.
void mailbox_post(struct mailbox *mailbox, struct mail *mail);

// Owner only: everything posted so far, oldest first, or NULL. Clears the event_fd.
struct mail *mailbox_take(struct mailbox *mailbox);

// Owner only: take all and run each. Returns how many ran.
size_t mailbox_run(struct mailbox *mailbox);

// Owner only: block until there is mail or `timeout_ms` passed (negative: for ever).
void mailbox_wait(struct mailbox *mailbox, int timeout_ms);

void mailbox_release(struct mailbox *mailbox);
