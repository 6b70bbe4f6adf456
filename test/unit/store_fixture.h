// The store as every backend must be: tests that are written once and run on each of them.
//
//     STORE_TEST(what_is_put_is_found_again)
//     {
//         CHECK(fixture_run(fixture, STORE_DURABLE, put_it, &it) == STATUS_OK);
//         fixture_reopen(fixture);
//         …
//     }
//
// A backend is a line in `store_backends`: how to make an empty store and how to open it again. It
// passes when these tests do, which see the public headers of src/store only.

#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/store.h"
#include "test/lib/test.h"

struct store_fixture {
    const struct store_backend *backend;
    struct store *store;
    struct arena arena; // For what tests read; released with the fixture.
    char place[64];     // Of the backend: where the data is.
};

struct store_backend {
    const char *name;
    bool is_lasting; // What is committed is there after fixture_reopen().
    // Choose a place for an empty store, or false: this backend cannot be tested here.
    bool (*make)(struct store_fixture *fixture);
    void (*remove)(struct store_fixture *fixture);
};

// ---------------------------------------------------------------------------------------------
// SQLite

static bool memory_make(struct store_fixture *fixture)
{
    fixture->place[0] = '\0';
    return true;
}

static void memory_remove(struct store_fixture *fixture)
{
    (void)fixture;
}

static bool directory_make(struct store_fixture *fixture)
{
    strcpy(fixture->place, "/tmp/galop-test-XXXXXX");
    return mkdtemp(fixture->place) != NULL;
}

static void directory_remove(struct store_fixture *fixture)
{
    DIR *entries = opendir(fixture->place);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(fixture->place);
}

static const struct store_backend store_backends[] = {
    {"SQLite in memory", false, memory_make, memory_remove},
    {"SQLite in a directory", true, directory_make, directory_remove},
};

// ---------------------------------------------------------------------------------------------
// Running

static bool fixture_open(struct store_fixture *fixture)
{
    struct str text = STR("");
    enum status status =
        store_open(str_from_c(fixture->place), &fixture->arena, &fixture->store, &text);
    if (status != STATUS_OK) printf("# %s: %.*s\n", fixture->backend->name, STR_ARGS(text));
    return status == STATUS_OK;
}

// Close and open again, where data outlives that.
static inline void fixture_reopen(struct store_fixture *fixture)
{
    if (!fixture->backend->is_lasting) return;
    store_close(fixture->store);
    fixture->store = NULL;
    if (!fixture_open(fixture)) abort();
}

struct fixture_task {
    struct store_task task;
    enum status (*run)(struct store_tx *tx, void *context);
    void *context;
};

static inline enum status fixture_task_run(struct store_task *task, struct store_tx *tx)
{
    struct fixture_task *fixture_task = CONTAINER_OF(task, struct fixture_task, task);
    return fixture_task->run(tx, fixture_task->context);
}

// Run `run` in a task of its own and wait for its outcome.
static inline enum status fixture_run(struct store_fixture *fixture, enum store_mode mode,
                                      enum status (*run)(struct store_tx *tx, void *context),
                                      void *context)
{
    struct fixture_task task = {.task = {.mode = mode, .run = fixture_task_run}};
    task.run = run;
    task.context = context;
    return store_run(fixture->store, &task.task);
}

static inline enum status fixture_body_run(struct store_tx *tx, void *context)
{
    (*(void (**)(struct store_tx *))context)(tx);
    return STATUS_OK;
}

// Run a whole test inside one write transaction.
static inline void fixture_in_transaction(struct store_fixture *fixture,
                                          void (*body)(struct store_tx *tx))
{
    CHECK(fixture_run(fixture, STORE_DURABLE, fixture_body_run, &body) == STATUS_OK);
}

static inline void fixture_each_backend(const char *name,
                                        void (*run)(struct store_fixture *fixture))
{
    for (size_t i = 0; i < ARRAY_COUNT(store_backends); i++) {
        struct store_fixture fixture = {.backend = &store_backends[i]};
        arena_init(&fixture.arena, MIB(64));
        if (!fixture.backend->make(&fixture)) {
            printf("# %s: skipped with %s\n", name, fixture.backend->name);
        } else if (!fixture_open(&fixture)) {
            test_fail(__FILE__, __LINE__, "cannot open %s", fixture.backend->name);
        } else {
            run(&fixture);
            store_close(fixture.store);
            fixture.backend->remove(&fixture);
        }
        arena_release(&fixture.arena);
    }
}

#define STORE_TEST(sentence)                                                                       \
    static void store_test_##sentence(struct store_fixture *fixture);                              \
    TEST(sentence)                                                                                 \
    {                                                                                              \
        fixture_each_backend(#sentence, store_test_##sentence);                                    \
    }                                                                                              \
    static void store_test_##sentence(struct store_fixture *fixture)
