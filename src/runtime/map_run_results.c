// The end of a Map run with a ResultWriter: its children are read from the store again, a page at a
// time, and written out.
//
//   reading -> writing    [a page of rows is in memory]
//   writing -> waiting    [the writer has enough for now]
//   writing -> reading    [the page is written]
//   reading -> ending     [there are no more rows]
//   ending  -> answered   [map_run_note_written()]

#include <stdlib.h>

#include "base/log.h"
#include "runtime/arn.h"
#include "runtime/map_run_private.h"
#include "runtime/redrive.h"
#include "tasks/results.h"

enum { PAGE_ROWS = 50 };

struct map_writing {
    struct store_task task;
    struct map_run *run; // NULL: nobody waits any more.
    struct net_loop *loop;
    struct results_sink *sink;
    struct arena arena; // Of the page.
    struct store_execution rows[PAGE_ROWS];
    uint32_t count;
    uint32_t next;
    int64_t last_id;
    bool is_reading; // The store has the task.
    struct str arn;  // Of the run, which may go while the store reads: in `bytes`.
    char bytes[];
};

static void read_page(struct map_writing *writing);

void map_run_stop_writing(struct map_run *run)
{
    struct map_writing *writing = run->writing;
    run->writing = NULL;
    if (writing == NULL) return;
    results_sink_free(writing->sink);
    writing->sink = NULL;
    writing->run = NULL;
    if (writing->is_reading) return; // It is freed when the store gives it back.
    arena_release(&writing->arena);
    free(writing);
}

static void on_answer(void *context, const struct results_answer *answer)
{
    struct map_writing *writing = context;
    struct map_run *run = writing->run;
    struct asl_error error = {.name = {NULL, 0}};
    struct json output = json_null;
    bool is_copied = true;
    if (answer->is_success) {
        is_copied = json_copy(&run->arena, &answer->output, &output);
    } else {
        is_copied = arena_copy_str(&run->arena, answer->error, &error.name) &&
                    arena_copy_str(&run->arena, answer->cause, &error.cause);
    }
    if (!is_copied) {
        error = (struct asl_error){.name = ASL_ERROR_RUNTIME,
                                   .cause = STR("The Map run ran out of memory.")};
    }
    map_run_stop_writing(run);
    map_run_note_written(run, &output, error);
}

static bool write_row(struct map_writing *writing, const struct store_execution *row)
{
    struct map_run *run = writing->run;
    bool has_succeeded = str_is(row->status, "SUCCEEDED");
    struct str obstacle = runtime_redrive_obstacle(row, clock_unix_ms(run->worker->runtime->clock));
    struct results_record record = {
        .kind = has_succeeded ? RESULTS_SUCCEEDED : RESULTS_FAILED,
        .execution_arn = runtime_execution_arn(&writing->arena, row->state_machine_arn, row->name,
                                               row->is_express),
        .name = row->name,
        .state_machine_arn = row->state_machine_arn,
        .status = row->status,
        .input = row->input,
        .output = row->output,
        .error = row->error,
        .cause = row->cause,
        .start_unix_ms = row->started_unix_ms,
        .stop_unix_ms = row->stopped_unix_ms,
        .redrive_count = (uint32_t)row->redrive_count,
        .redrive_status = has_succeeded ? STR("NOT_REDRIVABLE") : STR("REDRIVABLE_BY_MAP_RUN"),
        .redrive_status_reason = has_succeeded ? obstacle : (struct str){NULL, 0},
    };
    return results_write(writing->sink, &record);
}

static void write_page(struct map_writing *writing)
{
    while (writing->next < writing->count) {
        const struct store_execution *row = &writing->rows[writing->next++];
        if (str_is(row->status, "RUNNING")) continue; // A redrive has opened it meanwhile.
        if (!write_row(writing, row)) return;         // on_ready goes on.
    }
    if (writing->count == PAGE_ROWS) {
        read_page(writing);
    } else {
        results_end(writing->sink, &writing->run->arena, on_answer, writing);
    }
}

static void on_ready(void *context)
{
    write_page(context);
}

// ---------------------------------------------------------------------------------------------
// Reading

static enum status note_child(void *context, const struct store_execution *row)
{
    struct map_writing *writing = context;
    writing->rows[writing->count++].id = row->id;
    return STATUS_OK;
}

static enum status run_page(struct store_task *task, struct store_tx *tx)
{
    struct map_writing *writing = CONTAINER_OF(task, struct map_writing, task);
    enum status status = store_map_run_each_child(tx, writing->arn, writing->last_id, PAGE_ROWS,
                                                  note_child, writing);
    for (uint32_t i = 0; i < writing->count && status == STATUS_OK; i++) {
        writing->last_id = writing->rows[i].id;
        status = store_execution_get(tx, writing->rows[i].id, &writing->arena, &writing->rows[i]);
    }
    return status;
}

static void on_page(struct store_task *task, enum status status)
{
    struct map_writing *writing = CONTAINER_OF(task, struct map_writing, task);
    struct map_run *run = writing->run;
    writing->is_reading = false;
    net_loop_busy_end(writing->loop);
    if (run == NULL) {
        arena_release(&writing->arena);
        free(writing);
        return;
    }
    if (status == STATUS_OK) {
        write_page(writing);
        return;
    }
    log_error("the children of %" STR_FORMAT " cannot be read: %s", STR_ARGS(run->arn),
              status_name(status));
    map_run_stop_writing(run);
    map_run_note_written(run, &json_null,
                         (struct asl_error){.name = STR("States.ResultWriterFailed"),
                                            .cause = STR("The results cannot be read.")});
}

static void read_page(struct map_writing *writing)
{
    struct map_run *run = writing->run;
    arena_reset(&writing->arena);
    writing->count = writing->next = 0;
    writing->is_reading = true;
    writing->task = (struct store_task){
        .reply_to = net_loop_mailbox(run->worker->loop),
        .mode = STORE_READ,
        .run = run_page,
        .done = on_page,
    };
    net_loop_busy_begin(writing->loop);
    store_submit(run->worker->runtime->store, &writing->task);
}

enum status map_run_write_results(struct map_run *run)
{
    const struct engine_start *start = &run->parent->start;
    struct map_writing *writing = calloc(1, sizeof(*writing) + run->arn.size);
    if (writing == NULL) return STATUS_NO_MEMORY;
    memcpy(writing->bytes, run->arn.data, run->arn.size);
    writing->arn = (struct str){writing->bytes, run->arn.size};
    writing->loop = run->worker->loop;
    struct results_request request = {
        .tasks = &run->worker->tasks,
        .writer = run->writer,
        .map_run_arn = run->arn,
        .role_arn = start->role_arn,
        .session_name = start->execution_name,
        .region = start->region,
        .output_size_max = ASL_PAYLOAD_SIZE_BYTES_MAX,
    };
    writing->sink = results_sink_new(&request, on_ready, writing);
    if (writing->sink == NULL) {
        free(writing);
        return STATUS_NO_MEMORY;
    }
    arena_init(&writing->arena, MIB(128));
    writing->run = run;
    run->writing = writing;
    read_page(writing);
    return STATUS_OK;
}
