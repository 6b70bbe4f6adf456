// A source is a chain: an S3 object is read in pieces (ranges), each piece is decompressed, what
// comes out is fed to a reader, and the reader's items go into the batch. Several objects, out of a
// manifest or a listing, are read one after the other.
//
// pump() goes on as far as it can without waiting: until the batch is full or a request is under
// way, whose answer pumps again.

#include "tasks/items.h"

#include <assert.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "tasks/decompress.h"
#include "tasks/item_reader.h"
#include "tasks/reader_config.h"
#include "tasks/s3.h"
#include "tasks/s3_list.h"

enum {
    PIECE_SIZE = 4 << 20,
    MANIFEST_SIZE_MAX = 16 << 20,
    LIST_SIZE_MAX = 4 << 20,
    CONFIG_ARENA_SIZE_MAX = 4 << 20,
    OBJECTS_ARENA_SIZE_MAX = 64 << 20, // A manifest or a page of a listing.
};

// What the answer under way is.
enum fetching { FETCHING_NOTHING, FETCHING_PIECE, FETCHING_MANIFEST, FETCHING_PAGE };

// The object being read.
struct current {
    struct s3_object object;
    uint64_t offset;  // Of the next piece.
    uint64_t size;    // Known once the first piece is there.
    bool is_all_here; // Nothing is left to fetch.
    char etag[128];   // So that all pieces are of one version; empty: not told.
    size_t etag_size;
    struct str piece; // What of the latest one was not used, in `piece_buffer`.
    struct item_reader *reader;
    struct decompressor *decompressor;
};

struct items_source {
    struct tasks *tasks;
    struct arena arena; // The configuration.
    struct reader_config config;
    struct str role_arn;
    struct str session_name;
    struct str region;
    bool is_started;
    bool is_end;
    uint64_t count; // Of all items given so far.

    // Objects to read, or to give as items.
    struct arena objects_arena;
    struct s3_object_list objects;
    size_t object_index;
    bool has_more_pages;
    struct str continuation_token; // Of the next page.

    bool is_reading; // `current` is set.
    struct current current;
    struct buffer piece_buffer;
    struct buffer output; // Of the decompressor.
    struct s3_call *call;
    enum fetching fetching;

    // The batch that is awaited.
    items_batch_fn on_batch; // NULL: none.
    void *context;
    struct arena *batch_arena;
    struct json_items batch;
    size_t batch_size;
    uint32_t count_max;
    size_t size_max;
    struct net_deferred work;
    bool is_failed;
    struct str error;
    struct str cause;
};

static void pump(struct items_source *source);

// ---------------------------------------------------------------------------------------------
// Ends of batches

static void deliver(struct items_source *source)
{
    items_batch_fn on_batch = source->on_batch;
    struct json items = json_items_finish(&source->batch);
    struct items_batch batch = {.first_index = source->count};
    if (!source->is_failed && source->batch_arena->is_exhausted) {
        source->is_failed = true;
        source->error = STR("States.Runtime");
        source->cause = STR("The items take more memory than a batch may.");
    }
    if (source->is_failed) {
        batch.is_failed = true;
        batch.error = source->error;
        batch.cause = source->cause;
    } else {
        batch.items = items.items;
        batch.count = items.size;
        batch.is_end = source->is_end;
        source->count += items.size;
    }
    source->on_batch = NULL;
    on_batch(source->context, &batch); // May free the source.
}

static void fail(struct items_source *source, struct str cause)
{
    source->is_failed = true;
    source->error = STR("States.ItemReaderFailed");
    if (!arena_copy_str(source->batch_arena, cause, &source->cause))
        source->cause = STR("out of memory");
}

static void fail_fault(struct items_source *source)
{
    source->is_failed = true;
    source->error = STR("States.Runtime");
    source->cause = STR("Reading the items took more memory than there is.");
}

// ---------------------------------------------------------------------------------------------
// Requests

static bool authorize(struct items_source *source, const char *action, struct str bucket,
                      struct str key)
{
    struct arena *arena = source->batch_arena;
    struct iam_request question = {
        .action = str_from_c(action),
        .resource = arena_printf(arena, "arn:aws:s3:::%" STR_FORMAT "%s%" STR_FORMAT,
                                 STR_ARGS(bucket), key.size > 0 ? "/" : "", STR_ARGS(key)),
        .session_name = source->session_name,
    };
    struct str message;
    if (tasks_authorize(source->tasks, arena, source->role_arn, &question, &message)) return true;
    fail(source, message);
    return false;
}

static void on_answer(void *context, const struct s3_answer *answer);

static void fetch(struct items_source *source, enum fetching fetching,
                  const struct s3_request *request)
{
    assert(source->call == NULL);
    source->fetching = fetching;
    source->call = s3_call_new(source->tasks, request, on_answer, source);
    if (source->call == NULL) fail_fault(source);
}

static void fetch_object(struct items_source *source, enum fetching fetching,
                         const struct s3_object *object, const struct http_header *headers,
                         size_t header_count)
{
    struct http_header version = {STR("versionId"), object->version_id};
    struct s3_request request = {
        .method = STR("GET"),
        .bucket = object->bucket,
        .key = object->key,
        .query = &version,
        .query_count = object->version_id.size > 0,
        .headers = headers,
        .header_count = header_count,
        .region = source->region,
        .answer_size_max = fetching == FETCHING_PIECE ? PIECE_SIZE : MANIFEST_SIZE_MAX,
    };
    fetch(source, fetching, &request);
}

static void fetch_piece(struct items_source *source)
{
    struct current *current = &source->current;
    struct str range =
        arena_printf(source->batch_arena, "bytes=%llu-%llu", (unsigned long long)current->offset,
                     (unsigned long long)current->offset + PIECE_SIZE - 1);
    struct http_header headers[2] = {
        {STR("Range"), range},
        {STR("If-Match"), {current->etag, current->etag_size}},
    };
    fetch_object(source, FETCHING_PIECE, &current->object, headers, 1 + (current->etag_size > 0));
}

static void fetch_page(struct items_source *source)
{
    const struct reader_config *config = &source->config;
    struct http_header query[4] = {
        {STR("list-type"), STR("2")},
        {STR("encoding-type"), STR("url")},
    };
    size_t count = 2;
    if (config->prefix.size > 0)
        query[count++] = (struct http_header){STR("prefix"), config->prefix};
    if (source->continuation_token.size > 0)
        query[count++] =
            (struct http_header){STR("continuation-token"), source->continuation_token};
    struct s3_request request = {
        .method = STR("GET"),
        .bucket = config->bucket,
        .query = query,
        .query_count = count,
        .region = source->region,
        .answer_size_max = LIST_SIZE_MAX,
    };
    fetch(source, FETCHING_PAGE, &request);
}

// ---------------------------------------------------------------------------------------------
// Answers

// "bytes 0-99/1234": the size of the whole.
static bool parse_content_range(struct str text, uint64_t *ret_size)
{
    size_t slash = str_find_byte(text, '/');
    return slash != SIZE_MAX && str_to_u64(str_skip(text, slash + 1), ret_size);
}

static void take_piece(struct items_source *source, const struct s3_answer *answer)
{
    struct current *current = &source->current;
    struct str etag = s3_answer_header(answer, STR("ETag"));
    if (etag.size <= sizeof(current->etag) && current->offset == 0) {
        memcpy(current->etag, etag.data, etag.size);
        current->etag_size = etag.size;
    }
    buffer_clear(&source->piece_buffer);
    buffer_append_str(&source->piece_buffer, answer->body);
    current->piece = buffer_str(&source->piece_buffer);
    current->offset += answer->body.size;
    bool is_part =
        answer->status == 206 &&
        parse_content_range(s3_answer_header(answer, STR("Content-Range")), &current->size);
    if (!is_part) current->size = current->offset;
    current->is_all_here = current->offset >= current->size;
    if (is_part && answer->body.size == 0 && !current->is_all_here)
        fail(source, STR("The object ended before its size said so."));
    if (source->piece_buffer.is_failed) fail_fault(source);
}

static void take_manifest(struct items_source *source, struct str body)
{
    struct str cause = STR("");
    enum status status = reader_config_read_manifest(&source->config, body, &source->objects_arena,
                                                     &source->objects, &cause);
    if (status == STATUS_INVALID) fail(source, cause);
    if (status < 0) fail_fault(source);
}

static void take_page(struct items_source *source, struct str body)
{
    struct s3_page page;
    arena_reset(&source->objects_arena);
    source->object_index = 0;
    enum status status = s3_page_read(body, source->config.bucket, &source->objects_arena, &page);
    if (status == STATUS_INVALID) fail(source, STR("The list of objects is not valid XML."));
    if (status < 0) fail_fault(source);
    if (status != STATUS_OK) return;
    source->objects = page.objects;
    source->continuation_token = page.next_token;
    source->has_more_pages = page.is_truncated && page.next_token.size > 0;
}

static void on_answer(void *context, const struct s3_answer *answer)
{
    struct items_source *source = context;
    enum fetching fetching = source->fetching;
    source->call = NULL;
    source->fetching = FETCHING_NOTHING;
    bool is_empty = fetching == FETCHING_PIECE && answer->status == 416 &&
                    source->current.offset == 0; // No range of an empty object can be read.
    if (is_empty) {
        source->current.is_all_here = true;
    } else if (answer->is_too_large) {
        fail(source, STR("The object is larger than such an object may be."));
    } else if (!answer->is_success) {
        fail(source, s3_optimised_cause(source->batch_arena, answer));
    } else if (fetching == FETCHING_PIECE) {
        take_piece(source, answer);
    } else if (fetching == FETCHING_MANIFEST) {
        take_manifest(source, answer->body);
    } else {
        take_page(source, answer->body);
    }
    pump(source);
}

// ---------------------------------------------------------------------------------------------
// One object

static void close_object(struct items_source *source)
{
    item_reader_free(source->current.reader);
    decompressor_free(source->current.decompressor);
    source->current = (struct current){0};
    source->is_reading = false;
}

static void open_object(struct items_source *source, const struct s3_object *object)
{
    struct current *current = &source->current;
    struct str cause = STR("");
    enum compression compression = compression_of_key(object->key);
    if (!authorize(source, "s3:GetObject", object->bucket, object->key)) return;
    source->is_reading = true;
    *current = (struct current){.object = *object};
    enum status status = item_reader_new(&source->config.options, &current->reader, &cause);
    if (status == STATUS_INVALID) fail(source, cause);
    if (status < 0) fail_fault(source);
    if (status != STATUS_OK || compression == COMPRESSION_NONE) return;
    current->decompressor = decompressor_new(compression);
    if (current->decompressor == NULL) fail_fault(source);
}

static void feed(struct items_source *source, struct str text, bool is_last)
{
    if (item_reader_feed(source->current.reader, text, is_last) != STATUS_OK) fail_fault(source);
}

// Give the reader more of a compressed object.
static void feed_decompressed(struct items_source *source)
{
    struct current *current = &source->current;
    buffer_clear(&source->output);
    enum status status = decompressor_step(current->decompressor, &current->piece, &source->output);
    bool is_stuck = status == STATUS_OK && source->output.size == 0 && current->piece.size == 0;
    if (status == STATUS_INVALID) {
        fail(source, STR("The object is not compressed as its name says."));
    } else if (status != STATUS_OK) {
        fail_fault(source);
    } else if (!is_stuck) {
        feed(source, buffer_str(&source->output), false);
    } else if (!current->is_all_here) {
        fetch_piece(source);
    } else if (!decompressor_may_end(current->decompressor)) {
        fail(source, STR("The object ends in the middle of its compressed data."));
    } else {
        feed(source, STR(""), true);
    }
}

// The reader has used up what it was fed.
static void read_on(struct items_source *source)
{
    struct current *current = &source->current;
    if (item_reader_is_done(current->reader)) {
        close_object(source);
    } else if (current->decompressor != NULL) {
        feed_decompressed(source);
    } else if (current->piece.size == 0 && !current->is_all_here) {
        fetch_piece(source);
    } else {
        struct str piece = current->piece;
        current->piece = (struct str){0};
        feed(source, piece, current->is_all_here);
    }
}

static void add_item(struct items_source *source, struct json item, size_t size)
{
    json_items_append(&source->batch, item);
    source->batch_size += size;
    uint64_t total = source->count + source->batch.count;
    if (total >= source->config.items_max) source->is_end = true;
}

static void read_item(struct items_source *source)
{
    struct json item;
    size_t size = 0;
    enum status status =
        item_reader_next(source->current.reader, source->batch_arena, &item, &size);
    if (status == STATUS_OK) {
        add_item(source, item, size);
    } else if (status == STATUS_NOT_FOUND) {
        read_on(source);
    } else if (status == STATUS_INVALID) {
        fail(source, item_reader_cause(source->current.reader));
    } else {
        fail_fault(source);
    }
}

// ---------------------------------------------------------------------------------------------
// All objects

static void start(struct items_source *source)
{
    const struct reader_config *config = &source->config;
    source->is_started = true;
    if (config->cause.data != NULL) {
        fail(source, config->cause);
        return;
    }
    struct s3_object object = {
        .bucket = config->bucket, .key = config->key, .version_id = config->version_id};
    switch (config->kind) {
    case READER_OBJECT: open_object(source, &object); return;
    case READER_MANIFEST:
        if (authorize(source, "s3:GetObject", object.bucket, object.key))
            fetch_object(source, FETCHING_MANIFEST, &object, NULL, 0);
        return;
    case READER_LIST:
    case READER_LISTED_OBJECTS:
        if (authorize(source, "s3:ListBucket", config->bucket, STR(""))) fetch_page(source);
        return;
    }
}

static void next_object(struct items_source *source)
{
    if (source->object_index < source->objects.count) {
        const struct s3_object *object = &source->objects.objects[source->object_index++];
        bool is_folder = object->size == 0 && str_ends_with(object->key, STR("/"));
        if (source->config.kind == READER_LISTED_OBJECTS && is_folder) return;
        if (source->config.kind == READER_LIST) {
            struct json item = s3_object_item(source->batch_arena, object);
            add_item(source, item, s3_object_item_size(object));
        } else {
            open_object(source, object);
        }
    } else if (source->has_more_pages) {
        fetch_page(source);
    } else {
        source->is_end = true;
    }
}

static bool is_full(const struct items_source *source)
{
    return source->batch.count >= source->count_max || source->batch_size >= source->size_max ||
           source->batch_arena->is_exhausted;
}

static void pump(struct items_source *source)
{
    while (source->call == NULL && !source->is_failed && !source->is_end && !is_full(source)) {
        if (!source->is_started) {
            start(source);
        } else if (source->is_reading) {
            read_item(source);
        } else {
            next_object(source);
        }
    }
    if (source->call == NULL) deliver(source);
}

// ---------------------------------------------------------------------------------------------

static void on_work(struct net_deferred *deferred)
{
    pump(CONTAINER_OF(deferred, struct items_source, work));
}

struct items_source *items_source_new(const struct items_request *request)
{
    struct items_source *source = calloc(1, sizeof(*source));
    if (source == NULL) return NULL;
    source->tasks = request->tasks;
    arena_init(&source->arena, CONFIG_ARENA_SIZE_MAX);
    arena_init(&source->objects_arena, OBJECTS_ARENA_SIZE_MAX);
    buffer_init(&source->piece_buffer, MANIFEST_SIZE_MAX);
    buffer_init(&source->output, 2 * DECOMPRESS_SIZE_MAX);
    net_deferred_init(&source->work, on_work);
    struct json reader;
    if (!json_copy(&source->arena, &request->reader, &reader) ||
        !arena_copy_str(&source->arena, request->role_arn, &source->role_arn) ||
        !arena_copy_str(&source->arena, request->session_name, &source->session_name) ||
        !arena_copy_str(&source->arena, request->region, &source->region)) {
        items_source_free(source);
        return NULL;
    }
    reader_config_init(&source->config, &reader, &source->arena);
    return source;
}

void items_next(struct items_source *source, uint32_t count_max, size_t size_max,
                struct arena *arena, items_batch_fn on_batch, void *context)
{
    assert(source->on_batch == NULL && count_max > 0);
    source->on_batch = on_batch;
    source->context = context;
    source->batch_arena = arena;
    source->batch_size = 0;
    source->count_max = count_max;
    source->size_max = size_max > 0 ? size_max : 1;
    json_items_init(&source->batch, arena);
    net_loop_defer(source->tasks->loop, &source->work);
}

void items_source_free(struct items_source *source)
{
    if (source == NULL) return;
    s3_call_cancel(source->call);
    net_deferred_cancel(&source->work);
    close_object(source);
    buffer_release(&source->piece_buffer);
    buffer_release(&source->output);
    arena_release(&source->objects_arena);
    arena_release(&source->arena);
    free(source);
}
