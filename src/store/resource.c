// One row per resource; see docs/STORE.md.

#include "store/resource.h"

#include <assert.h>

#include "store/connection.h"

static const char *const kind_names[STORE_KIND_COUNT] = {
#define X(kind, name, is_text) name,
#include "store/resource_kind.def"
#undef X
};

static const bool kind_is_text[STORE_KIND_COUNT] = {
#define X(kind, name, is_text) is_text,
#include "store/resource_kind.def"
#undef X
};

const char *store_kind_name(enum store_kind kind)
{
    assert(kind < STORE_KIND_COUNT);
    return kind_names[kind];
}

static sqlite3_stmt *statement_with_key(struct store_tx *tx, enum statement name,
                                        enum store_kind kind, struct str region,
                                        struct str resource_name)
{
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return NULL;
    connection_bind_text(statement, 1, str_from_c(store_kind_name(kind)));
    connection_bind_text(statement, 2, region);
    connection_bind_text(statement, 3, resource_name);
    return statement;
}

enum status store_resource_put(struct store_tx *tx, enum store_kind kind, struct str region,
                               struct str name, struct str body)
{
    assert(tx->is_writable);
    if (body.size > STORE_VALUE_SIZE_MAX) return STATUS_OVER_LIMIT;
    sqlite3_stmt *statement = statement_with_key(tx, STATEMENT_RESOURCE_PUT, kind, region, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    if (kind_is_text[kind]) {
        connection_bind_text(statement, 4, body);
    } else {
        connection_bind_bytes(statement, 4, body);
    }
    return connection_run(tx, statement);
}

enum status store_resource_get(struct store_tx *tx, enum store_kind kind, struct str region,
                               struct str name, struct arena *arena, struct str *ret_body)
{
    sqlite3_stmt *statement = statement_with_key(tx, STATEMENT_RESOURCE_GET, kind, region, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK && !arena_copy_str(arena, connection_column(statement, 0), ret_body)) {
        status = STATUS_NO_MEMORY;
    }
    sqlite3_reset(statement);
    return status;
}

enum status store_resource_delete(struct store_tx *tx, enum store_kind kind, struct str region,
                                  struct str name)
{
    assert(tx->is_writable);
    sqlite3_stmt *statement = statement_with_key(tx, STATEMENT_RESOURCE_DELETE, kind, region, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    enum status status = connection_run(tx, statement);
    if (status != STATUS_OK) return status;
    return sqlite3_changes(tx->database) == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

enum status store_resource_each(struct store_tx *tx, enum store_kind kind,
                                store_resource_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_RESOURCE_EACH);
    if (statement == NULL) return connection_status(tx, tx->fault);
    connection_bind_text(statement, 1, str_from_c(store_kind_name(kind)));
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        status = callback(context, connection_column(statement, 0), connection_column(statement, 1),
                          connection_column(statement, 2));
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
