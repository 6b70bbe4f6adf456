// Mail posted by several threads all arrives, each sender's in order.

#include <pthread.h>
#include <stdlib.h>

#include "base/mailbox.h"
#include "test/lib/test.h"

enum { SENDERS = 4, MAILS = 20000 };

struct numbered {
    struct mail mail;
    int sender, number;
};

static struct mailbox mailbox;
static int last_number[SENDERS];
static bool is_in_order = true;

static void receive(struct mail *mail)
{
    struct numbered *numbered = CONTAINER_OF(mail, struct numbered, mail);
    if (numbered->number != last_number[numbered->sender] + 1) is_in_order = false;
    last_number[numbered->sender] = numbered->number;
    free(numbered);
}

static void *send_all(void *sender)
{
    for (int i = 1; i <= MAILS; i++) {
        struct numbered *numbered = malloc(sizeof(*numbered));
        *numbered = (struct numbered){{.run = receive}, *(int *)sender, i};
        mailbox_post(&mailbox, &numbered->mail);
    }
    return NULL;
}

TEST(mailbox_delivers_everything_in_order)
{
    pthread_t threads[SENDERS];
    int senders[SENDERS];
    REQUIRE(mailbox_init(&mailbox) == STATUS_OK);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, send_all, &senders[i]) == 0);
    }
    size_t count = 0;
    while (count < SENDERS * MAILS) {
        mailbox_wait(&mailbox, 1000);
        size_t got = mailbox_run(&mailbox);
        REQUIRE(got > 0 || count == 0);
        count += got;
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(is_in_order);
    CHECK(mailbox_take(&mailbox) == NULL);
    mailbox_release(&mailbox);
}
