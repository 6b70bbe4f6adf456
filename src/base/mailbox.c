// A lock-free stack with one taker needs no protection against reuse: nodes are only ever pushed,
// and the taker exchanges the whole stack for an empty one.

#include "base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum status mailbox_init(struct mailbox *mailbox)
{
    atomic_init(&mailbox->newest, NULL);
    mailbox->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return mailbox->event_fd < 0 ? STATUS_IO : STATUS_OK;
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    struct mail *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        mail->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, mail,
                                                    memory_order_release, memory_order_relaxed));
    if (newest != NULL) return; // Somebody woke the owner already and it has not looked yet.
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(mailbox->event_fd, &one, sizeof(one));
    } while (written < 0 && errno == EINTR);
}

struct mail *mailbox_take(struct mailbox *mailbox)
{
    uint64_t count;
    ssize_t got = read(mailbox->event_fd, &count, sizeof(count));
    (void)got; // EAGAIN when nobody woke us: there may be mail all the same.
    struct mail *newest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    while (newest != NULL) {
        struct mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

size_t mailbox_run(struct mailbox *mailbox)
{
    size_t count = 0;
    struct mail *mail = mailbox_take(mailbox);
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->run(mail);
        mail = next;
        count++;
    }
    return count;
}

void mailbox_wait(struct mailbox *mailbox, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = mailbox->event_fd, .events = POLLIN};
    while (poll(&poll_fd, 1, timeout_ms) < 0 && errno == EINTR) {
    }
}

void mailbox_release(struct mailbox *mailbox)
{
    if (mailbox->event_fd >= 0) close(mailbox->event_fd);
    mailbox->event_fd = -1;
}
