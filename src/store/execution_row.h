// A row of `execution` as it comes out of a query. Private to this folder.

#pragma once

#include "store/connection.h"
#include "store/execution.h"

// Borrowed until the next step of `statement`, whose columns begin with EXECUTION_COLUMNS.
//
//   is_whole   error, cause, input and output follow them
struct store_execution execution_row(sqlite3_stmt *statement, bool is_whole);

// Call back for each row, whole, until the callback ends the walk; `statement` is reset.
MUST_USE enum status execution_each_row(struct store_tx *tx, sqlite3_stmt *statement,
                                        store_execution_fn callback, void *context);
