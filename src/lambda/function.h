// Functions and their versions in memory, as the lambda thread holds them.
//
// What a function *is* is its record (record.h), kept in the store. From it come one `struct
// lambda_version` for $LATEST and one for each number: immutable, reference counted, and the owner
// of the sandboxes that run it. When a record changes, versions that stayed the same stay, those
// that changed are made anew, and the old ones are retired: their sandboxes finish what they are
// doing and end.
//
// Everything here belongs to the lambda thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/list.h"
#include "base/random.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "lambda/configuration.h"
#include "logs/logs.h"
#include "net/loop.h"

struct lambda;
struct lambda_function;

// Whether the code lies unpacked on the disk.
//
//   UNPREPARED -> PREPARING  [pool_grow(), when the first sandbox is needed]
//   PREPARING  -> PREPARED   [prepare_done()]
//   PREPARING  -> UNPREPARED [prepare_done(), after a failure: the next call tries again]
enum lambda_preparation { LAMBDA_UNPREPARED, LAMBDA_PREPARING, LAMBDA_PREPARED };

enum { LAMBDA_CODE_ID_SIZE = 64 };

struct lambda_version {
    uint32_t reference_count;
    struct arena arena;               // Holds the version and all that it points to.
    struct lambda *lambda;            // Borrowed.
    struct lambda_function *function; // A reference.
    struct str region;
    struct lambda_configuration configuration;
    char code_id[LAMBDA_CODE_ID_SIZE + 1]; // The code's SHA-256 in hexadecimal.
    struct logs_group *log_group;

    enum lambda_preparation preparation;
    const char *code_folder; // Valid when PREPARED, likewise:
    const char *program;     // That runs the bootstrap; the bootstrap itself for provided runtimes.
    const char *bootstrap;   // Our side in the sandbox; "" for provided runtimes.

    // The pool (pool.h).
    bool is_retired;       // No new sandbox; those that become idle end.
    struct list sandboxes; // All that are alive.
    struct list idle;      // Those that wait for work, the last used first.
    struct list waiting;   // Invocations that no sandbox has taken yet, the oldest first.
    uint32_t waiting_count;
    uint32_t starting_count;   // Sandboxes that have not asked for work yet.
    uint32_t busy_count;       // Sandboxes with an invocation.
    uint32_t finishing_count;  // Sandboxes that have answered and not asked for work again.
    int64_t usual_us;          // A sandbox's time with an invocation, of late; 0: not known yet.
    int64_t usual_start_us;    // The same of starts.
    struct net_timer patience; // Armed while invocations wait.
};

struct lambda_function {
    uint32_t reference_count; // One of the table's, one of each version.
    struct str key;           // "region/name", in `key_bytes`.
    struct str region;
    struct str name;
    struct arena arena; // Holds the record and the lists below.
    struct json record; // JSON_NULL: being created.
    struct lambda_version *latest;
    struct lambda_version **versions;
    size_t version_count;
    int64_t reserved_concurrency; // Negative: none.
    uint32_t running;             // Invocations under way, of all versions.
    bool is_changing;             // An operation is being stored.
    char key_bytes[];
};

enum { LAMBDA_RECORD_SIZE_LIMIT = 64 << 20, LAMBDA_FUNCTION_KEY_MAX = 128 };

// A function without a record.
MUST_USE struct lambda_function *lambda_function_new(struct str region, struct str name);

// Make `record_text` the function's record. On failure everything stays as it was.
//
// Returns STATUS_OK, STATUS_CORRUPT or STATUS_NO_MEMORY.
MUST_USE enum status lambda_function_install(struct lambda *lambda,
                                             struct lambda_function *function,
                                             struct str record_text);

// Retire all versions: the function is deleted.
void lambda_function_retire(struct lambda_function *function);

// The version that a qualifier stands for ("" is $LATEST), NULL when there is none. Of an alias
// that points at two versions, one is drawn by their weights.
struct lambda_version *lambda_function_find_version(const struct lambda_function *function,
                                                    struct str qualifier, struct random *random);

// The name of a deployment package: its SHA-256, given in base64, as hexadecimal digits and a NUL.
// False when it is none.
MUST_USE bool lambda_code_id_read(struct arena *arena, struct str sha256_base64,
                                  char ret_id[static LAMBDA_CODE_ID_SIZE + 1]);

// Whether the function has a version with that code.
bool lambda_function_has_code(const struct lambda_function *function, const char *code_id);

struct lambda_function *lambda_function_ref(struct lambda_function *function);
void lambda_function_unref(struct lambda_function *function);
struct lambda_version *lambda_version_ref(struct lambda_version *version);
void lambda_version_unref(struct lambda_version *version);

// "region/name" into a buffer of the caller's; the empty string when it does not fit.
struct str lambda_function_key(char bytes[static LAMBDA_FUNCTION_KEY_MAX], struct str region,
                               struct str name);
