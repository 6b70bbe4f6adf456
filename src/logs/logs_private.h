// What the files of this folder share: the registry of names, and the store thread's memory of
// streams.

#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "logs/logs.h"
#include "store/log_table.h"

// A name in a region. Freed when nobody refers to it; while its group exists the registry does.
struct logs_group {
    struct logs *logs;
    struct str key; // Region, a line feed, name: the key in the registry.
    struct str region;
    struct str name;
    struct str arn;
    _Atomic int64_t store_id; // Of the row; 0: no such group. Set on the store thread.
    _Atomic uint32_t reference_count;
    _Atomic bool is_created_when_written;
    bool is_seen; // Store thread: during a reload.
};

struct writer;

struct logs {
    struct store *store;
    const struct clock *clock;
    char account[16];
    pthread_mutex_t mutex;            // Guards `groups`; never held while anything waits.
    struct map groups;                // By key.
    pthread_key_t writer_key;         // This thread's writer.
    _Atomic(struct writer *) writers; // Only grows.
    _Atomic size_t queued_bytes;      // Capacity of all batches.
    _Atomic uint64_t lost_events;     // The store could not write them.
    struct store_task purge;
    _Atomic bool is_purging;
    _Atomic uint32_t reload_count; // Under way.
    _Atomic bool is_closing;
    // Store thread only: identifiers of streams being written, by group identifier and name.
    struct map streams;
};

// Handle of an existing or referenced name without taking a reference: for the store thread, which
// alone ends the existence of groups. NULL when unknown.
struct logs_group *logs_group_find(struct logs *logs, struct str region, struct str name);

// Names known, whether or not their groups exist.
size_t logs_group_count(struct logs *logs);

// Store thread: identifier of a stream, created when missing. STATUS_NOT_FOUND: the group is gone.
MUST_USE enum status logs_stream_resolve(struct logs *logs, struct store_tx *tx, int64_t group_id,
                                         struct str name, int64_t now_unix_ms, int64_t *ret_id);

// Store thread: forget what is known of streams, because rows may have gone.
void logs_streams_forget(struct logs *logs);

// Store thread: create the row of a group, which must not exist, or hide it. Should the transaction
// fail later, logs_groups_reload() must follow.
MUST_USE enum status logs_group_create_row(struct logs_group *group, struct store_tx *tx,
                                           struct str tags);
MUST_USE enum status logs_group_delete_row(struct logs_group *group, struct store_tx *tx);

// Any thread: read again from the store which groups exist, after a transaction failed.
void logs_groups_reload(struct logs *logs);

// Wait until the store has run everything lazy that was submitted.
void logs_wait_for_store(struct logs *logs);

// Wait until what has been appended is written, and free the writers.
void logs_writers_release(struct logs *logs);
void logs_writer_abandon(void *writer);
