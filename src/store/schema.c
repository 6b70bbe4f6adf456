// Comments inside the SQL stay in the database and are shown by ".schema".

#include "store/schema.h"

// What an event of a step refers to.
#define VALUE(member) "json_extract(e.value, '$." member "')"
#define REFERRED(member)                                                                           \
    "    CASE WHEN " VALUE(                                                                        \
        member) " = '$input' THEN x.input\n"                                                       \
                "      WHEN " VALUE(                                                               \
                    member) " = '$output' THEN x.output\n"                                         \
                            "      WHEN typeof(" VALUE(                                            \
                                member) ") = 'text' THEN json_extract(s.causes,\n"                 \
                                        "        '$[' || substr(" VALUE(                           \
                                            member) ", 2) || '].output')\n"                        \
                                                    "      ELSE json_extract(s.data, '$[' "        \
                                                    "|| " VALUE(member) " || ']') END"

const char *const schema_steps[SCHEMA_VERSION] = {
    // 0 -> 1
    "CREATE TABLE resource (\n"
    "  kind TEXT NOT NULL,    -- state_machine, function, role, ...\n"
    "  region TEXT NOT NULL,  -- empty for global kinds\n"
    "  name TEXT NOT NULL,\n"
    "  body NOT NULL,         -- JSON text, or bytes for function_code\n"
    "  PRIMARY KEY (kind, region, name)\n"
    ");\n"

    "CREATE TABLE express_journal (\n"
    "  id INTEGER PRIMARY KEY, -- in order of acknowledgement\n"
    "  record BLOB NOT NULL    -- what is needed to run the start again\n"
    ");\n"

    "CREATE TABLE log_group (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  region TEXT NOT NULL,\n"
    "  name TEXT NOT NULL,\n"
    "  created_unix_ms INTEGER NOT NULL,\n"
    "  retention_days INTEGER NOT NULL DEFAULT 0, -- 0: for ever\n"
    "  stored_bytes INTEGER NOT NULL DEFAULT 0,   -- of messages\n"
    "  tags TEXT NOT NULL DEFAULT '',             -- JSON object, or empty\n"
    "  deleted_unix_ms INTEGER                    -- set: hidden, its events are being removed\n"
    ");\n"
    "CREATE UNIQUE INDEX log_group_by_name ON log_group (region, name)\n"
    "  WHERE deleted_unix_ms IS NULL;\n"

    "CREATE TABLE log_stream (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  group_id INTEGER NOT NULL REFERENCES log_group (id),\n"
    "  name TEXT NOT NULL,\n"
    "  created_unix_ms INTEGER NOT NULL,\n"
    "  event_count INTEGER NOT NULL DEFAULT 0, -- ever written\n"
    "  first_event_unix_ms INTEGER,            -- NULL: no event yet\n"
    "  last_event_unix_ms INTEGER,\n"
    "  last_ingestion_unix_ms INTEGER,\n"
    "  deleted_unix_ms INTEGER                 -- set: hidden, its events are being removed\n"
    ");\n"
    "CREATE UNIQUE INDEX log_stream_by_name ON log_stream (group_id, name)\n"
    "  WHERE deleted_unix_ms IS NULL;\n"
    "CREATE INDEX log_stream_by_last_event\n"
    "  ON log_stream (group_id, ifnull(last_event_unix_ms, -1), id)\n"
    "  WHERE deleted_unix_ms IS NULL;\n"
    "CREATE INDEX log_stream_deleted ON log_stream (id) WHERE deleted_unix_ms IS NOT NULL;\n"

    "CREATE TABLE log_event (\n"
    "  id INTEGER PRIMARY KEY, -- in order of ingestion\n"
    "  group_id INTEGER NOT NULL,\n"
    "  stream_id INTEGER NOT NULL,\n"
    "  timestamp_unix_ms INTEGER NOT NULL,\n"
    "  ingestion_unix_ms INTEGER NOT NULL,\n"
    "  message TEXT NOT NULL\n"
    ");\n"
    "CREATE INDEX log_event_by_time\n"
    "  ON log_event (group_id, timestamp_unix_ms, id, stream_id);\n",

    // 1 -> 2
    // Standard executions. Rows of `execution` are appended, so the indexes hold what rises with
    // them; `name` is in the order its maker gives it. The large columns come last: who does not
    // ask for them does not read their pages.
    "CREATE TABLE arn ( -- of state machines and Map runs that executions belong to\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  arn TEXT NOT NULL UNIQUE\n"
    ");\n"

    "CREATE TABLE definition ( -- what executions run, as it was when they started\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  key TEXT NOT NULL UNIQUE,\n"
    "  used_until_id INTEGER NOT NULL, -- no execution with a larger id runs it\n"
    "  body TEXT NOT NULL\n"
    ");\n"

    "CREATE TABLE execution (\n"
    "  id INTEGER PRIMARY KEY,            -- rises with the time of the start\n"
    "  state_machine_id INTEGER NOT NULL, -- arn.id\n"
    "  map_run_id INTEGER,                -- arn.id; of a Map run's child\n"
    "  definition_id INTEGER NOT NULL,    -- definition.id\n"
    "  name TEXT NOT NULL,\n"
    "  status TEXT NOT NULL,              -- RUNNING, SUCCEEDED, ...\n"
    "  started_unix_ms INTEGER NOT NULL,\n"
    "  stopped_unix_ms INTEGER,           -- NULL while RUNNING\n"
    "  history_count INTEGER NOT NULL,    -- events; right when not RUNNING\n"
    "  redrive_count INTEGER NOT NULL,\n"
    "  redriven_unix_ms INTEGER,          -- last time\n"
    "  item_count INTEGER,                -- of a Map run's child\n"
    "  is_express INTEGER NOT NULL,       -- 1: a Map run's child without steps\n"
    "  version_arn TEXT,                  -- started through it\n"
    "  alias_arn TEXT,                    -- likewise\n"
    "  trace_header TEXT,\n"
    "  error TEXT,\n"
    "  cause TEXT,\n"
    "  input TEXT NOT NULL,               -- JSON\n"
    "  output TEXT                        -- JSON\n"
    ");\n"
    "CREATE UNIQUE INDEX execution_by_name ON execution (state_machine_id, name);\n"
    "CREATE INDEX execution_by_state_machine ON execution (state_machine_id, id);\n"
    "CREATE INDEX execution_by_map_run ON execution (map_run_id, id)\n"
    "  WHERE map_run_id IS NOT NULL;\n"
    "CREATE INDEX execution_open ON execution (id, state_machine_id) WHERE status = 'RUNNING';\n"
    "CREATE INDEX execution_failed ON execution (state_machine_id, status, id)\n"
    "  WHERE status NOT IN ('RUNNING', 'SUCCEEDED');\n"

    // Not WITHOUT ROWID, with the key as the order of rows: there a row of more than a quarter of a
    // page takes another page for itself, and most histories are that long.
    "CREATE TABLE step ( -- one commit of an execution's driver\n"
    "  id INTEGER PRIMARY KEY, -- in order of commits; nothing refers to it\n"
    "  execution_id INTEGER NOT NULL,\n"
    "  number INTEGER NOT NULL,         -- from 1, dense\n"
    "  first_event_id INTEGER NOT NULL, -- of the first of `events`, or of the next to come\n"
    "  event_count INTEGER NOT NULL,\n"
    "  causes TEXT NOT NULL,            -- JSON array: what the engine was given\n"
    "  events TEXT NOT NULL             -- JSON array: history events that it made of that\n"
    ");\n"
    "CREATE UNIQUE INDEX step_by_number ON step (execution_id, number);\n"

    "CREATE TABLE snapshot ( -- of a sleeping execution\n"
    "  execution_id INTEGER PRIMARY KEY,\n"
    "  step_number INTEGER NOT NULL, -- the last step that it contains\n"
    "  wakes_unix_ms INTEGER,        -- when its next timer fires; NULL: none\n"
    "  state TEXT NOT NULL           -- the engine's\n"
    ");\n"

    "CREATE VIEW execution_overview AS -- for people\n"
    "  SELECT e.id, m.arn AS state_machine_arn, e.name, e.status,\n"
    "    strftime('%Y-%m-%d %H:%M:%f', e.started_unix_ms / 1000.0, 'unixepoch') AS started,\n"
    "    strftime('%Y-%m-%d %H:%M:%f', e.stopped_unix_ms / 1000.0, 'unixepoch') AS stopped,\n"
    "    e.stopped_unix_ms - e.started_unix_ms AS duration_ms, e.error, e.cause, e.input,\n"
    "    e.output, r.arn AS map_run_arn\n"
    "  FROM execution e JOIN arn m ON m.id = e.state_machine_id\n"
    "    LEFT JOIN arn r ON r.id = e.map_run_id;\n"
    "CREATE VIEW history_event AS -- for people: a row for each event in the steps\n"
    "  SELECT s.execution_id, s.number AS step_number, json_extract(e.value, '$.id') AS id,\n"
    "    json_extract(e.value, '$.previousEventId') AS previous_event_id,\n"
    "    json_extract(e.value, '$.type') AS type,\n"
    "    strftime('%Y-%m-%d %H:%M:%f', json_extract(e.value, '$.timestamp'), 'unixepoch') AS at,\n"
    "    e.value AS event\n"
    "  FROM step s JOIN json_each(s.events) e;\n",

    // 2 -> 3
    "CREATE TABLE map_run ( -- of a distributed Map; counts are right when not RUNNING\n"
    "  id INTEGER PRIMARY KEY,        -- arn.id\n"
    "  status TEXT NOT NULL,          -- RUNNING, SUCCEEDED, FAILED, ABORTED\n"
    "  stopped_unix_ms INTEGER,       -- NULL while RUNNING\n"
    "  max_concurrency INTEGER NOT NULL,    -- 0: no limit of its own\n"
    "  tolerated_failure_count INTEGER,     -- NULL: not limited\n"
    "  tolerated_failure_percentage REAL,   -- likewise\n"
    "  items_pending INTEGER NOT NULL,\n"
    "  items_running INTEGER NOT NULL,\n"
    "  items_succeeded INTEGER NOT NULL,\n"
    "  items_failed INTEGER NOT NULL,\n"
    "  items_timed_out INTEGER NOT NULL,\n"
    "  items_aborted INTEGER NOT NULL,\n"
    "  items_total INTEGER NOT NULL,\n"
    "  items_results_written INTEGER NOT NULL,\n"
    "  executions_pending INTEGER NOT NULL,\n"
    "  executions_running INTEGER NOT NULL,\n"
    "  executions_succeeded INTEGER NOT NULL,\n"
    "  executions_failed INTEGER NOT NULL,\n"
    "  executions_timed_out INTEGER NOT NULL,\n"
    "  executions_aborted INTEGER NOT NULL,\n"
    "  executions_total INTEGER NOT NULL,\n"
    "  executions_results_written INTEGER NOT NULL,\n"
    "  redrive_count INTEGER NOT NULL,\n"
    "  redriven_unix_ms INTEGER,      -- last time\n"
    "  execution_id INTEGER NOT NULL, -- the parent\n"
    "  started_unix_ms INTEGER NOT NULL\n"
    ");\n"
    "CREATE INDEX map_run_by_execution ON map_run (execution_id);\n"
    "CREATE INDEX map_run_open ON map_run (id) WHERE status = 'RUNNING';\n",

    // 3 -> 4
    // Before, each event of a step held its values itself; such steps stay as they are, and have no
    // `data`.
    "ALTER TABLE step ADD COLUMN data TEXT; -- JSON array: values that events refer to\n"
    "DROP VIEW history_event;\n"
    "CREATE VIEW history_event AS -- for people: a row for each event in the steps\n"
    "  SELECT s.execution_id, s.number AS step_number, s.first_event_id + e.key AS id,\n"
    "    ifnull(json_extract(e.value, '$.previousEventId'), s.first_event_id + e.key - 1)\n"
    "      AS previous_event_id,\n"
    "    json_extract(e.value, '$.type') AS type,\n"
    "    strftime('%Y-%m-%d %H:%M:%f', ifnull(json_extract(e.value, '$.timestamp'),\n"
    "      ifnull(json_extract(e.value, '$.at'), json_extract(s.events, '$[0].at')) / 1000.0),\n"
    "      'unixepoch') AS at,\n"
    "    json_extract(e.value, '$.name') AS name,\n" //
    "    CASE WHEN json_extract(e.value, '$.type') = 'ExecutionStarted' THEN x.input "
    "ELSE\n" REFERRED("input") " END AS input,\n" //
    REFERRED("parameters") " AS parameters,\n"    //
    REFERRED("output") " AS output,\n"
                       "    json_extract(e.value, '$.error') AS error, json_extract(e.value, "
                       "'$.cause') AS cause,\n"
                       "    e.value AS event\n"
                       "  FROM step s JOIN execution x ON x.id = s.execution_id JOIN "
                       "json_each(s.events) e;\n",
};

const char *const schema_tables[SCHEMA_VERSION] = {
    "'resource', 'express_journal', 'log_group', 'log_stream', 'log_event'",
    "'arn', 'definition', 'execution', 'step', 'snapshot'",
    "'map_run'",
    "",
};
const int64_t schema_table_counts[SCHEMA_VERSION] = {5, 5, 1, 0};
