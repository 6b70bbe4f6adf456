// The store thread. Each turn of its loop takes the mail, answers the reads, and commits the writes
// when one of them is durable or the oldest lazy one has waited long enough.

#include "store/store.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/connection.h"
#include "store/intern.h"

enum {
    WRITES_PER_TRANSACTION_MAX = 4096,
    LAZY_COUNT_MAX = 4096,               // Pending lazy writes that do not wait any longer.
    TRANSACTION_WORK_NS_MAX = 20000000,  // No further task is begun after this.
    CHECKPOINT_PAGES = 512,              // 4 MB of write-ahead log.
    IDLE_CHECKPOINT_MS = 1000,           // Then what is unsynced is synced and the log emptied.
    FAULT_LINE_INTERVAL_NS = 1000000000, // Between two lines about a failing disk.
};

// First in, first out, linked through the tasks' mail.
struct queue {
    struct mail *first;
    struct mail **end;
    size_t count;
};

struct store {
    struct mailbox mailbox;
    pthread_t thread;
    struct store_tx tx;
    struct queue reads;
    struct queue writes;  // In order of submission, durable and lazy mixed.
    size_t durable_count; // Of `writes`.
    int64_t lazy_due_ns;  // When lazy writes are committed at the latest; 0: none pending.
    bool is_stopping;
    // After an I/O error what has been written without a sync may be lost without trace; nothing is
    // acknowledged until a checkpoint has brought everything to the database file.
    bool must_checkpoint;
    bool is_failing;       // The last transaction failed.
    int64_t fault_line_ns; // Time of the last line about it.
    uint64_t unreported_faults;
    _Atomic uint64_t transactions, syncs, write_count, failed_writes;
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
}

static void queue_append(struct queue *queue, struct mail *mail)
{
    mail->next = NULL;
    *queue->end = mail;
    queue->end = &mail->next;
    queue->count++;
}

static struct store_task *task_of(struct mail *mail)
{
    return CONTAINER_OF(mail, struct store_task, mail);
}

static struct store_task *queue_take(struct queue *queue)
{
    struct mail *mail = queue->first;
    assert(mail != NULL && queue->count > 0);
    queue->first = mail->next;
    if (queue->first == NULL) queue->end = &queue->first;
    queue->count--;
    return task_of(mail);
}

// ---------------------------------------------------------------------------------------------
// Answers

static void run_done(struct mail *mail)
{
    struct store_task *task = task_of(mail);
    if (task->done != NULL) task->done(task, task->status);
}

static void answer(struct store_task *task, enum status status)
{
    task->status = status;
    if (task->reply_to == NULL) {
        run_done(&task->mail);
    } else {
        task->mail.run = run_done;
        mailbox_post(task->reply_to, &task->mail);
    }
}

// ---------------------------------------------------------------------------------------------
// Pending tasks

static void add_write(struct store *store, struct store_task *task, int64_t due_ns)
{
    queue_append(&store->writes, &task->mail);
    if (task->mode == STORE_DURABLE) {
        store->durable_count++;
    } else if (store->lazy_due_ns == 0 || store->lazy_due_ns > due_ns) {
        store->lazy_due_ns = due_ns;
    }
}

static void receive(struct mail *mail)
{
    struct store_task *task = task_of(mail);
    struct store *store = task->store;
    if (task->mode == STORE_READ) {
        queue_append(&store->reads, mail);
    } else {
        add_write(store, task, clock_steady_ns() + STORE_LAZY_DELAY_MS * INT64_C(1000000));
    }
}

static int wait_ms(const struct store *store)
{
    if (store->reads.count > 0 || store->durable_count > 0) return 0;
    if (store->lazy_due_ns != 0) {
        int64_t rest_ns = store->lazy_due_ns - clock_steady_ns();
        return rest_ns <= 0 ? 0 : (int)(rest_ns / 1000000) + 1;
    }
    return store->tx.wal_page_count > 0 ? IDLE_CHECKPOINT_MS : -1;
}

// ---------------------------------------------------------------------------------------------
// Faults

static void report_fault(struct store *store, const char *action)
{
    int64_t now_ns = clock_steady_ns();
    store->unreported_faults++;
    if (store->is_failing && now_ns - store->fault_line_ns < FAULT_LINE_INTERVAL_NS) return;
    log_error("store: cannot %s %s: %s (%llu since the last line); what was refused is not stored",
              action, store->tx.path == NULL ? "the database in memory" : store->tx.path,
              sqlite3_errstr(store->tx.fault), (unsigned long long)store->unreported_faults);
    store->fault_line_ns = now_ns;
    store->unreported_faults = 0;
    store->is_failing = true;
}

static void report_success(struct store *store)
{
    if (!store->is_failing) return;
    store->is_failing = false;
    store->unreported_faults = 0;
    log_info("store: writing to %s works again",
             store->tx.path == NULL ? "the database in memory" : store->tx.path);
}

static enum status fault_status(const struct store_tx *tx)
{
    int code = tx->fault & 0xff;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return STATUS_CORRUPT;
    return code == SQLITE_NOMEM ? STATUS_NO_MEMORY : STATUS_IO;
}

// ---------------------------------------------------------------------------------------------
// Writes

static void run_write(struct store *store, struct store_task *task)
{
    struct store_tx *tx = &store->tx;
    task->is_unfinished = false;
    if (task->is_single_change) {
        int64_t changes = sqlite3_total_changes64(tx->database) - tx->harmless_changes;
        task->status = task->run(task, tx);
        assert(task->status == STATUS_OK || tx->fault != SQLITE_OK ||
               sqlite3_total_changes64(tx->database) - tx->harmless_changes == changes);
        (void)changes;
        return;
    }
    task->status = connection_execute(tx, STATEMENT_SAVEPOINT);
    if (task->status == STATUS_OK) task->status = task->run(task, tx);
    if (tx->fault != SQLITE_OK) return; // Everything will be rolled back.
    enum status status = STATUS_OK;
    if (task->status != STATUS_OK) {
        intern_clear(tx);
        status = connection_execute(tx, STATEMENT_ROLLBACK_TO);
    }
    if (status == STATUS_OK) status = connection_execute(tx, STATEMENT_RELEASE);
    if (status != STATUS_OK && tx->fault == SQLITE_OK) tx->fault = SQLITE_INTERNAL;
}

static void run_tasks(struct store *store, struct queue *batch)
{
    int64_t begin_ns = clock_steady_ns();
    for (struct mail *mail = batch->first; mail != NULL; mail = mail->next) {
        struct store_task *task = task_of(mail);
        run_write(store, task);
        if (store->tx.fault != SQLITE_OK) return;
        if (task->is_single_change) continue;
        if (clock_steady_ns() - begin_ns < TRANSACTION_WORK_NS_MAX) continue;
        // Enough for one transaction: the rest goes back to the front, in its order.
        if (mail->next == NULL) return;
        struct queue rest = {.first = mail->next, .end = batch->end};
        for (struct mail *at = mail->next; at != NULL; at = at->next) {
            rest.count++;
            store->durable_count += task_of(at)->mode == STORE_DURABLE;
            if (task_of(at)->mode == STORE_LAZY) store->lazy_due_ns = 1;
        }
        mail->next = NULL;
        batch->end = &mail->next;
        batch->count -= rest.count;
        *rest.end = store->writes.first;
        if (store->writes.first == NULL) store->writes.end = rest.end;
        store->writes.first = rest.first;
        store->writes.count += rest.count;
        return;
    }
}

// Begin, run, commit. False: nothing of it happened.
static bool commit_tasks(struct store *store, struct queue *batch, bool is_durable)
{
    struct store_tx *tx = &store->tx;
    tx->fault = SQLITE_OK;
    if (store->must_checkpoint && !connection_checkpoint(tx)) {
        tx->fault = SQLITE_IOERR;
        return false;
    }
    store->must_checkpoint = false;
    connection_set_synced(tx, is_durable);
    if (tx->fault != SQLITE_OK || connection_execute(tx, STATEMENT_BEGIN_WRITE) != STATUS_OK) {
        return false;
    }
    tx->is_writable = true;
    run_tasks(store, batch);
    tx->is_writable = false;
    if (tx->fault == SQLITE_OK) {
        enum status status = connection_execute(tx, STATEMENT_COMMIT);
        if (status == STATUS_OK) return true;
    }
    intern_clear(tx);
    if ((tx->fault & 0xff) == SQLITE_IOERR && tx->path != NULL) store->must_checkpoint = true;
    if (!sqlite3_get_autocommit(tx->database)) {
        // SQLite may have rolled back by itself already; what failed is in `fault`.
        enum status status = connection_execute(tx, STATEMENT_ROLLBACK);
        assert(status == STATUS_OK || tx->fault != SQLITE_OK);
    }
    return false;
}

// Run the first `count` pending writes in one transaction and answer them.
static void run_writes(struct store *store, size_t count)
{
    struct queue batch;
    queue_init(&batch);
    bool is_durable = false;
    while (batch.count < count && batch.count < WRITES_PER_TRANSACTION_MAX) {
        struct store_task *task = queue_take(&store->writes);
        is_durable |= task->mode == STORE_DURABLE;
        store->durable_count -= task->mode == STORE_DURABLE;
        queue_append(&batch, &task->mail);
    }
    // What stays behind is due as it was, or at once where only the transaction was full.
    if (store->writes.count == 0) store->lazy_due_ns = 0;
    bool is_committed = commit_tasks(store, &batch, is_durable);
    enum status fault = is_committed ? STATUS_OK : fault_status(&store->tx);
    if (is_committed) {
        store->transactions++;
        store->syncs += is_durable;
        store->write_count += batch.count;
        report_success(store);
    } else {
        store->failed_writes += batch.count;
        report_fault(store, "write to");
    }
    while (batch.first != NULL) {
        struct store_task *task = queue_take(&batch);
        if (is_committed && task->is_unfinished && task->status == STATUS_OK) {
            add_write(store, task, 1);
        } else {
            answer(task, is_committed ? task->status : fault);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Reads

static void run_read(struct store *store, struct store_task *task)
{
    struct store_tx *tx = &store->tx;
    tx->fault = SQLITE_OK;
    task->is_unfinished = false;
    task->status = connection_execute(tx, STATEMENT_BEGIN_READ);
    if (task->status == STATUS_OK) task->status = task->run(task, tx);
    if (!sqlite3_get_autocommit(tx->database)) {
        enum status status = connection_execute(tx, STATEMENT_COMMIT);
        if (status != STATUS_OK && task->status == STATUS_OK) task->status = status;
    }
    if (tx->fault != SQLITE_OK) report_fault(store, "read");
    if (task->is_unfinished && task->status == STATUS_OK) {
        queue_append(&store->reads, &task->mail);
    } else {
        answer(task, task->status);
    }
}

// Each waiting read once; pieces of long ones stay for the next turn.
static void run_reads(struct store *store)
{
    // Lazy writes go first, with what stands before them, so that a reader sees what it wrote. The
    // mailbox is not looked at meanwhile, so this ends.
    while (store->writes.count > store->durable_count)
        run_writes(store, store->writes.count);
    for (size_t count = store->reads.count; count > 0; count--)
        run_read(store, queue_take(&store->reads));
}

// ---------------------------------------------------------------------------------------------
// The loop

static void checkpoint(struct store *store)
{
    if (connection_checkpoint(&store->tx)) store->must_checkpoint = false;
    // Otherwise a reader outside this process holds the log, or the disk is full: the next
    // transaction tries again, and the log grows meanwhile.
}

static bool is_write_due(const struct store *store)
{
    if (store->writes.count == 0) return false;
    return store->durable_count > 0 || store->is_stopping ||
           store->writes.count >= LAZY_COUNT_MAX || store->lazy_due_ns <= clock_steady_ns();
}

static void turn(struct store *store)
{
    if (store->reads.count > 0) run_reads(store);
    if (is_write_due(store)) run_writes(store, store->writes.count);
    assert(store->writes.count > 0 || store->lazy_due_ns == 0);
}

static void *run_thread(void *context)
{
    struct store *store = context;
    while (!store->is_stopping || store->reads.count > 0 || store->writes.count > 0) {
        int timeout_ms = wait_ms(store);
        if (timeout_ms != 0) mailbox_wait(&store->mailbox, timeout_ms);
        bool is_idle = mailbox_run(&store->mailbox) == 0;
        turn(store);
        if (store->tx.wal_page_count >= CHECKPOINT_PAGES ||
            (is_idle && timeout_ms == IDLE_CHECKPOINT_MS)) {
            checkpoint(store);
        }
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Public functions

// Signals are for the threads that wait for them.
static bool start_thread(struct store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&store->thread, NULL, run_thread, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0;
}

enum status store_open(struct str directory, struct arena *arena, struct store **ret_store,
                       struct str *reterr_text)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        *reterr_text = STR("no memory for the store");
        return STATUS_NO_MEMORY;
    }
    queue_init(&store->reads);
    queue_init(&store->writes);
    enum status status = mailbox_init(&store->mailbox);
    if (status != STATUS_OK) {
        *reterr_text = STR("no file descriptor for the store");
        free(store);
        return status;
    }
    status = connection_open(&store->tx, directory, arena, reterr_text);
    if (status == STATUS_OK && !start_thread(store)) {
        *reterr_text = STR("no thread for the store");
        connection_close(&store->tx);
        status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        mailbox_release(&store->mailbox);
        free(store);
        return status;
    }
    *ret_store = store;
    return STATUS_OK;
}

void store_submit(struct store *store, struct store_task *task)
{
    assert(task->run != NULL);
    task->store = store;
    task->mail.run = receive;
    mailbox_post(&store->mailbox, &task->mail);
}

enum status store_run(struct store *store, struct store_task *task)
{
    struct mailbox mailbox;
    enum status status = mailbox_init(&mailbox);
    if (status != STATUS_OK) return status;
    task->reply_to = &mailbox;
    task->done = NULL;
    store_submit(store, task);
    // Wait for the wake-up, not for the mail: the sender writes to the eventfd last.
    mailbox_wait(&mailbox, -1);
    size_t count = mailbox_run(&mailbox);
    assert(count == 1);
    (void)count;
    mailbox_release(&mailbox);
    return task->status;
}

struct store_figures store_figures(const struct store *store)
{
    return (struct store_figures){
        .transactions = store->transactions,
        .syncs = store->syncs,
        .writes = store->write_count,
        .failed_writes = store->failed_writes,
    };
}

struct stop {
    struct mail mail;
    struct store *store;
};

static void receive_stop(struct mail *mail)
{
    CONTAINER_OF(mail, struct stop, mail)->store->is_stopping = true;
}

void store_close(struct store *store)
{
    if (store == NULL) return;
    struct stop stop = {.mail.run = receive_stop, .store = store};
    mailbox_post(&store->mailbox, &stop.mail);
    int code = pthread_join(store->thread, NULL);
    assert(code == 0);
    (void)code;
    connection_close(&store->tx);
    mailbox_release(&store->mailbox);
    free(store);
}
