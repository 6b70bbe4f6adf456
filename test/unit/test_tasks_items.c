// Items and results of Map runs against an S3 of our own on the same loop.

#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "iam/iam.h"
#include "net/http_server.h"
#include "tasks/items.h"
#include "tasks/results.h"
#include "test/lib/test.h"

enum { OBJECTS_MAX = 64, PUTS_SIZE_MAX = 32 << 20 };

#define ROLE_ARN "arn:aws:iam::000000000000:role/anybody"

struct object {
    const char *key;
    struct str text;
};

// S3 as far as it is needed: ranges, lists in pages of two, and what is put, in order.
static struct fake {
    struct clock clock;
    struct net_loop *loop;
    struct http_server *server;
    struct http_client *client;
    struct store *store;
    struct iam *iam;
    struct iam_reader reader;
    struct random random;
    struct sigv4 *sigv4;
    struct tasks_endpoint endpoint;
    struct tasks tasks;
    struct arena arena;
    struct object objects[OBJECTS_MAX];
    size_t object_count;
    int requests;
    int failures_left;  // Requests to answer with 503.
    bool is_changing;   // Another version from the second piece on.
    struct buffer puts; // "KEY\nBODY\n" of each, one after the other.
} fake;

static const struct object *find_object(struct str path)
{
    struct str key = str_skip(path, strlen("/bucket/"));
    for (size_t i = 0; i < fake.object_count; i++) {
        if (str_is(key, fake.objects[i].key)) return &fake.objects[i];
    }
    return NULL;
}

static void reply_error(struct http_exchange *exchange, int status, const char *code,
                        const char *message)
{
    static const struct http_header headers[] = {{STR_INIT("x-amz-request-id"), STR_INIT("R1")},
                                                 {STR_INIT("x-amz-id-2"), STR_INIT("X1")}};
    struct buffer *body = http_exchange_begin_reply(exchange, status, headers, 2);
    buffer_printf(body,
                  "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message></Error>",
                  code, message);
    http_exchange_finish_reply(exchange);
}

static void reply_list(struct http_exchange *exchange, struct str query)
{
    struct str token = STR("0");
    uint64_t start = 0;
    (void)http_query_find(query, STR("continuation-token"), &token);
    CHECK(str_to_u64(token, &start));
    struct buffer *body = http_exchange_begin_reply(exchange, 200, NULL, 0);
    bool is_truncated = start + 2 < fake.object_count;
    buffer_printf(body, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        "<EncodingType>url</EncodingType>");
    for (size_t i = start; i < fake.object_count && i < start + 2; i++) {
        buffer_printf(body, "<Contents><Key>");
        encoding_percent_encode(body, str_from_c(fake.objects[i].key), true);
        buffer_printf(
            body,
            "</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified><ETag>&quot;e&quot;"
            "</ETag><Size>%zu</Size><StorageClass>STANDARD</StorageClass></Contents>",
            fake.objects[i].text.size);
    }
    buffer_printf(body, "<IsTruncated>%s</IsTruncated>", is_truncated ? "true" : "false");
    if (is_truncated)
        buffer_printf(body, "<NextContinuationToken>%llu</NextContinuationToken>",
                      (unsigned long long)start + 2);
    buffer_printf(body, "</ListBucketResult>");
    http_exchange_finish_reply(exchange);
}

static void reply_range(struct http_exchange *exchange, const struct object *object,
                        struct str range)
{
    unsigned long long first = 0, last = 0;
    char text[64], part[100];
    snprintf(text, sizeof(text), "%" STR_FORMAT, STR_ARGS(range));
    CHECK(sscanf(text, "bytes=%llu-%llu", &first, &last) == 2);
    struct str if_match = http_request_header(http_exchange_request(exchange), STR("If-Match"));
    if (first > 0) CHECK_STR(if_match, STR("\"1\""));
    if (fake.is_changing && first > 0) {
        reply_error(exchange, 412, "PreconditionFailed", "It changed");
        return;
    }
    if (first >= object->text.size) {
        reply_error(exchange, 416, "InvalidRange", "The requested range is not satisfiable");
        return;
    }
    struct str body = str_slice(object->text, first, last - first + 1);
    snprintf(part, sizeof(part), "bytes %llu-%llu/%zu", first, first + body.size - 1,
             object->text.size);
    struct http_header headers[] = {{STR("Content-Range"), str_from_c(part)},
                                    {STR("ETag"), STR("\"1\"")}};
    http_exchange_reply(exchange, 206, headers, 2, body);
}

static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    const struct http_request *request = http_exchange_request(exchange);
    struct str range = http_request_header(request, STR("Range"));
    fake.requests++;
    CHECK(http_request_header(request, STR("Authorization")).size > 0);
    const struct object *object = find_object(request->path);
    if (fake.failures_left > 0) {
        fake.failures_left--;
        reply_error(exchange, 503, "SlowDown", "Please reduce your request rate.");
    } else if (str_is(request->method, "PUT")) {
        buffer_printf(&fake.puts, "%" STR_FORMAT "\n%" STR_FORMAT "\n", STR_ARGS(request->path),
                      STR_ARGS(request->body));
        http_exchange_reply(exchange, 200, NULL, 0, STR(""));
    } else if (str_is(request->path, "/bucket")) {
        reply_list(exchange, request->query);
    } else if (object == NULL) {
        reply_error(exchange, 404, "NoSuchKey", "The specified key does not exist.");
    } else if (range.size > 0) {
        reply_range(exchange, object, range);
    } else {
        http_exchange_reply(exchange, 200, NULL, 0, object->text);
    }
}

static void start(void)
{
    struct str error;
    unsetenv("http_proxy");
    fake = (struct fake){0};
    arena_init(&fake.arena, MIB(64));
    buffer_init(&fake.puts, PUTS_SIZE_MAX);
    clock_init_real(&fake.clock);
    random_init_system(&fake.random);
    CHECK(net_loop_new(&fake.clock, &fake.loop) == STATUS_OK);
    CHECK(http_server_new(fake.loop, NULL, handle, NULL, &fake.server) == STATUS_OK);
    CHECK(http_server_listen(fake.server, STR("127.0.0.1:0"), true) == STATUS_OK);
    CHECK(http_client_new(fake.loop, NULL, &fake.client) == STATUS_OK);
    CHECK(sigv4_new(&fake.sigv4) == STATUS_OK);
    CHECK(store_open(STR(""), &fake.arena, &fake.store, &error) == STATUS_OK);
    struct iam_options options = {
        .account = STR("000000000000"), .store = fake.store, .clock = &fake.clock};
    CHECK(iam_open(&options, &fake.iam) == STATUS_OK);
    iam_reader_init(&fake.reader, fake.iam);
    fake.endpoint = (struct tasks_endpoint){
        STR("s3"), arena_printf(&fake.arena, "http://127.0.0.1:%u", http_server_port(fake.server))};
    fake.tasks = (struct tasks){
        .loop = fake.loop,
        .iam = &fake.reader,
        .client = fake.client,
        .random = &fake.random,
        .sigv4 = fake.sigv4,
        .endpoint_credentials = {STR("key"), STR("secret"), STR("")},
        .endpoints = &fake.endpoint,
        .endpoint_count = 1,
    };
}

static void stop(void)
{
    CHECK(http_client_call_count(fake.client) == 0);
    http_client_free(fake.client);
    http_server_free(fake.server);
    iam_reader_release(&fake.reader);
    iam_close(fake.iam);
    store_close(fake.store);
    sigv4_free(fake.sigv4);
    net_loop_free(fake.loop);
    buffer_release(&fake.puts);
    arena_release(&fake.arena);
}

static void add_object(const char *key, struct str text)
{
    fake.objects[fake.object_count++] = (struct object){key, text};
}

static struct json parse(const char *text)
{
    struct json value = json_null;
    CHECK(json_parse(&fake.arena, str_from_c(text), 0, &value, NULL) == STATUS_OK);
    return value;
}

// ---------------------------------------------------------------------------------------------

struct reading {
    bool is_answered;
    bool is_over;
    uint64_t count;
    uint32_t batches;
    struct buffer text; // Of the items: "A;B;…", or "!ERROR: CAUSE".
};

static void on_batch(void *context, const struct items_batch *batch)
{
    struct reading *reading = context;
    reading->is_answered = true;
    reading->batches++;
    reading->is_over = batch->is_end || batch->is_failed;
    if (batch->is_failed) {
        buffer_printf(&reading->text, "!%" STR_FORMAT ": %" STR_FORMAT, STR_ARGS(batch->error),
                      STR_ARGS(batch->cause));
        return;
    }
    CHECK(batch->first_index == reading->count);
    reading->count += batch->count;
    for (uint32_t i = 0; i < batch->count && reading->text.size < KIB(10); i++) {
        json_render(&reading->text, &batch->items[i]);
        buffer_append_byte(&reading->text, ';');
    }
}

static struct reading read_all(const char *reader, uint32_t count_max, size_t size_max)
{
    struct reading reading = {0};
    struct items_request request = {
        .tasks = &fake.tasks,
        .reader = parse(reader),
        .role_arn = STR(ROLE_ARN),
        .session_name = STR("session"),
        .region = STR("us-east-1"),
    };
    buffer_init(&reading.text, MIB(1));
    struct items_source *source = items_source_new(&request);
    CHECK(source != NULL);
    while (!reading.is_over && source != NULL) {
        struct arena CLEANUP(arena_release) arena;
        int64_t end_ns = clock_steady_ns() + INT64_C(20000000000);
        arena_init(&arena, MIB(64));
        reading.is_answered = false;
        items_next(source, count_max, size_max, &arena, on_batch, &reading);
        while (!reading.is_answered && clock_steady_ns() < end_ns)
            net_loop_turn(fake.loop, 100);
        CHECK(reading.is_answered);
        if (!reading.is_answered) break;
    }
    items_source_free(source);
    return reading;
}

static void check_items(const char *reader, const char *expected)
{
    struct reading reading = read_all(reader, 2, MIB(1));
    CHECK_STR(buffer_str(&reading.text), str_from_c(expected));
    buffer_release(&reading.text);
}

#define READER(config, key)                                                                        \
    "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"ReaderConfig\":{" config                    \
    "},\"Parameters\":{\"Bucket\":\"bucket\",\"Key\":\"" key "\"}}"
#define LISTER(config)                                                                             \
    "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"ReaderConfig\":{" config                \
    "},\"Arguments\":{\"Bucket\":\"bucket\"}}"

// "A\n1\n2\n", compressed.
static const unsigned char gzip_text[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                          0x03, 0x73, 0xe4, 0x32, 0xe4, 0x32, 0xe2, 0x02, 0x00,
                                          0xb6, 0xc7, 0xd3, 0x77, 0x06, 0x00, 0x00, 0x00};

TEST(items_come_from_objects_of_every_format)
{
    start();
    add_object("a.json", STR("[1,{\"b\":2},3]"));
    add_object("a.jsonl", STR("1\n2\n3\n"));
    add_object("a.csv", STR("A;B\n1;2\n3;4\n"));
    check_items(READER("\"InputType\":\"JSON\"", "a.json"), "1;{\"b\":2};3;");
    check_items(READER("\"InputType\":\"JSON\",\"MaxItems\":2", "a.json"), "1;{\"b\":2};");
    check_items(READER("\"InputType\":\"JSON\",\"MaxItems\":0", "a.json"), "1;{\"b\":2};3;");
    check_items(READER("\"InputType\":\"JSONL\"", "a.jsonl"), "1;2;3;");
    check_items(READER("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\","
                       "\"CSVDelimiter\":\"SEMICOLON\"",
                       "a.csv"),
                "{\"A\":\"1\",\"B\":\"2\"};{\"A\":\"3\",\"B\":\"4\"};");
    stop();
}

TEST(items_of_an_empty_object_are_none)
{
    start();
    add_object("a.csv", STR(""));
    check_items(READER("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"", "a.csv"), "");
    stop();
}

TEST(items_that_cannot_be_read_say_why)
{
    start();
    add_object("a.json", STR("{}"));
    add_object("a.json.gz", STR("no gzip"));
    check_items(READER("\"InputType\":\"JSON\"", "none"),
                "!States.ItemReaderFailed: The specified key does not exist. (Service: Amazon S3; "
                "Status Code: 404; Error Code: NoSuchKey; Request ID: R1; S3 Extended Request ID: "
                "X1; Proxy: null)");
    check_items(READER("\"InputType\":\"JSON\"", "a.json"),
                "!States.ItemReaderFailed: Attempting to map over non-iterable node.");
    check_items(READER("\"InputType\":\"JSON\",\"MaxItems\":-1", "a.json"),
                "!States.ItemReaderFailed: field MaxItems must be positive");
    check_items(READER("\"InputType\":\"JSON\"", "a.json.gz"),
                "!States.ItemReaderFailed: The object is not compressed as its name says.");
    check_items(READER("\"InputType\":\"PARQUET\"", "a.json"),
                "!States.ItemReaderFailed: InputType PARQUET is valid but not read by this version "
                "of Galop.");
    stop();
}

TEST(items_of_a_large_object_are_read_in_pieces)
{
    struct buffer CLEANUP(buffer_release) text;
    start();
    buffer_init(&text, MIB(16));
    buffer_printf(&text, "A,B\n");
    for (int i = 0; i < 500000; i++)
        buffer_printf(&text, "%d,value of %d\n", i, i);
    add_object("large.csv", buffer_str(&text));
    struct reading reading =
        read_all(READER("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"", "large.csv"),
                 1000000, MIB(1));
    CHECK(reading.count == 500000);
    CHECK(reading.batches >= 10);
    CHECK((size_t)fake.requests == text.size / MIB(4) + 1);
    buffer_release(&reading.text);
    fake.is_changing = true;
    reading =
        read_all(READER("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"", "large.csv"),
                 1000, MIB(1));
    CHECK(str_find(buffer_str(&reading.text), STR("!States.ItemReaderFailed: It changed")) !=
          SIZE_MAX);
    CHECK(reading.count < 500000);
    buffer_release(&reading.text);
    stop();
}

TEST(items_survive_failures_that_pass)
{
    start();
    add_object("a.json", STR("[1]"));
    fake.failures_left = 2;
    check_items(READER("\"InputType\":\"JSON\"", "a.json"), "1;");
    CHECK(fake.requests == 3);
    fake.failures_left = 3;
    check_items(READER("\"InputType\":\"JSON\"", "a.json"),
                "!States.ItemReaderFailed: Please reduce your request rate. (Service: Amazon S3; "
                "Status Code: 503; Error Code: SlowDown; Request ID: R1; S3 Extended Request ID: "
                "X1; Proxy: null)");
    stop();
}

#define LISTED(key, size)                                                                          \
    "{\"Etag\":\"\\\"e\\\"\",\"Key\":\"" key "\",\"LastModified\":1714979289,\"Size\":" #size      \
    ",\"StorageClass\":\"STANDARD\"};"

TEST(items_are_objects_of_a_bucket_or_what_is_in_them)
{
    start();
    add_object("a+ b", STR("1\n2\n"));
    add_object("folder/", STR(""));
    add_object("folder/c", STR("3"));
    check_items(LISTER(""), LISTED("a+ b", 4) LISTED("folder/", 0) LISTED("folder/c", 1));
    check_items(LISTER("\"MaxItems\":1"), LISTED("a+ b", 4));
    fake.objects[0].key = "a";
    check_items(LISTER("\"InputType\":\"JSONL\",\"Transformation\":\"LOAD_AND_FLATTEN\""),
                "1;2;3;");
    stop();
}

TEST(items_come_from_objects_that_a_manifest_names)
{
    start();
    add_object("manifest.json",
               STR("{\"sourceBucket\":\"x\",\"destinationBucket\":\"arn:aws:s3:::bucket\","
                   "\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key\","
                   "\"files\":[{\"key\":\"f1.csv\"},{\"key\":\"f2.csv\"}]}"));
    add_object("f1.csv", STR("\"x\",\"k1\"\n\"x\",\"k2\"\n"));
    add_object("f2.csv", STR("\"x\",\"k3\"\n"));
    add_object("locations.csv", STR("s3://bucket/l1\ns3://bucket/l2.gz\n"));
    add_object("l1", STR("A\n0\n"));
    add_object("l2.gz", (struct str){(const char *)gzip_text, sizeof(gzip_text)});
    add_object("bad.csv", STR("bucket/l1\n"));
    check_items(READER("\"InputType\":\"MANIFEST\"", "manifest.json"),
                "{\"Bucket\":\"x\",\"Key\":\"k1\"};{\"Bucket\":\"x\",\"Key\":\"k2\"};"
                "{\"Bucket\":\"x\",\"Key\":\"k3\"};");
    check_items(READER("\"InputType\":\"MANIFEST\"", "l1"),
                "!States.ItemReaderFailed: The manifest is not valid JSON.");
#define ATHENA                                                                                     \
    "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\",\"ManifestType\":\"ATHENA_DATA\""
    check_items(READER(ATHENA, "bad.csv"),
                "!States.ItemReaderFailed: A line of the manifest does not name an object as "
                "s3://BUCKET/KEY.");
    check_items(READER(ATHENA, "locations.csv"), "{\"A\":\"0\"};{\"A\":\"1\"};{\"A\":\"2\"};");
    stop();
}

TEST(items_need_an_endpoint)
{
    start();
    fake.tasks.endpoint_count = 0;
    check_items(READER("\"InputType\":\"JSON\"", "a.json"),
                "!States.ItemReaderFailed: Unable to execute HTTP request: no endpoint for s3 is "
                "configured: start galop with --forward s3=URL");
    stop();
}

// ---------------------------------------------------------------------------------------------

struct writing {
    bool is_ready;
    bool is_answered;
    struct str text; // Of the output, or "!ERROR: CAUSE".
};

static void on_ready(void *context)
{
    ((struct writing *)context)->is_ready = true;
}

static void on_written(void *context, const struct results_answer *answer)
{
    struct writing *writing = context;
    writing->is_answered = true;
    writing->text = answer->is_success
                        ? json_render_to_arena(&fake.arena, &answer->output)
                        : arena_printf(&fake.arena, "!%" STR_FORMAT ": %" STR_FORMAT,
                                       STR_ARGS(answer->error), STR_ARGS(answer->cause));
}

static struct results_record record_of(enum results_kind kind, struct str output)
{
    bool is_good = kind == RESULTS_SUCCEEDED;
    return (struct results_record){
        .kind = kind,
        .execution_arn = STR("arn:e"),
        .name = STR("n"),
        .state_machine_arn = STR("arn:m"),
        .status = is_good ? STR("SUCCEEDED") : STR("FAILED"),
        .input = STR("1"),
        .output = is_good ? output : (struct str){0},
        .error = is_good ? (struct str){0} : STR("Oops"),
        .cause = is_good ? (struct str){0} : STR("why"),
        .start_unix_ms = 1714979289000,
        .stop_unix_ms = 1714979289001,
        .redrive_status = STR("NOT_REDRIVABLE"),
    };
}

static struct str write_all(const char *writer, const struct results_record *records, size_t count,
                            int times)
{
    struct writing writing = {.is_ready = true};
    struct results_request request = {
        .tasks = &fake.tasks,
        .writer = parse(writer),
        .map_run_arn = STR("arn:aws:states:us-east-1:000000000000:mapRun:m/Map:the-uuid"),
        .role_arn = STR(ROLE_ARN),
        .session_name = STR("session"),
        .region = STR("us-east-1"),
        .output_size_max = KIB(256),
    };
    int64_t end_ns = clock_steady_ns() + INT64_C(20000000000);
    struct results_sink *sink = results_sink_new(&request, on_ready, &writing);
    CHECK(sink != NULL);
    for (int i = 0; i < times; i++) {
        for (size_t k = 0; k < count; k++) {
            writing.is_ready = results_write(sink, &records[k]);
            while (!writing.is_ready && clock_steady_ns() < end_ns)
                net_loop_turn(fake.loop, 100);
        }
    }
    results_end(sink, &fake.arena, on_written, &writing);
    while (!writing.is_answered && clock_steady_ns() < end_ns)
        net_loop_turn(fake.loop, 100);
    CHECK(writing.is_answered);
    results_sink_free(sink);
    return writing.text;
}

#define WRITER(config)                                                                             \
    "{\"Resource\":\"arn:aws:states:::s3:putObject\",\"WriterConfig\":{" config                    \
    "},\"Parameters\":{\"Bucket\":\"bucket\",\"Prefix\":\"out/\"}}"
#define OUTPUT                                                                                     \
    "{\"MapRunArn\":\"arn:aws:states:us-east-1:000000000000:mapRun:m/Map:the-uuid\","              \
    "\"ResultWriterDetails\":{\"Bucket\":\"bucket\",\"Key\":\"out/the-uuid/manifest.json\"}}"
#define MANIFEST(failed, succeeded)                                                                \
    "/bucket/out/the-uuid/manifest.json\n{\"DestinationBucket\":\"bucket\",\"MapRunArn\":"         \
    "\"arn:aws:states:us-east-1:000000000000:mapRun:m/Map:the-uuid\",\"ResultFiles\":{"            \
    "\"FAILED\":[" failed "],\"PENDING\":[],\"SUCCEEDED\":[" succeeded "]}}\n"
#define FAILED_RECORD                                                                              \
    "{\"Cause\":\"why\",\"Error\":\"Oops\",\"ExecutionArn\":\"arn:e\",\"Input\":\"1\","            \
    "\"InputDetails\":{\"Included\":true},\"Name\":\"n\",\"RedriveCount\":0,\"RedriveStatus\":"    \
    "\"NOT_REDRIVABLE\",\"StartDate\":\"2024-05-06T07:08:09.000Z\",\"StateMachineArn\":\"arn:m\"," \
    "\"Status\":\"FAILED\",\"StopDate\":\"2024-05-06T07:08:09.001Z\"}"

TEST(results_become_files_and_a_manifest)
{
    start();
    struct results_record records[] = {record_of(RESULTS_SUCCEEDED, STR("[1,2]")),
                                       record_of(RESULTS_FAILED, STR(""))};
    CHECK_STR(write_all(WRITER("\"Transformation\":\"FLATTEN\""), records, 2, 2), STR(OUTPUT));
    CHECK_STR(buffer_str(&fake.puts),
              STR("/bucket/out/the-uuid/SUCCEEDED_0.json\n[1,2,1,2]\n"
                  "/bucket/out/the-uuid/FAILED_0.json\n[" FAILED_RECORD "," FAILED_RECORD
                  "]\n" MANIFEST("{\"Key\":\"out/the-uuid/FAILED_0.json\",\"Size\":563}",
                                 "{\"Key\":\"out/the-uuid/SUCCEEDED_0.json\",\"Size\":9}")));
    stop();
}

TEST(results_as_lines_and_with_all_that_is_known)
{
    start();
    struct results_record record = record_of(RESULTS_SUCCEEDED, STR("[1]"));
    CHECK_STR(
        write_all(WRITER("\"Transformation\":\"COMPACT\",\"OutputType\":\"JSONL\""), &record, 1, 2),
        STR(OUTPUT));
    CHECK(str_find(buffer_str(&fake.puts), STR("SUCCEEDED_0.jsonl\n[1]\n[1]\n")) != SIZE_MAX);
    buffer_clear(&fake.puts);
    CHECK_STR(write_all(WRITER(""), &record, 1, 1), STR(OUTPUT));
    CHECK(str_find(buffer_str(&fake.puts),
                   STR("\"Output\":\"[1]\",\"OutputDetails\":{\"Included\":true}")) != SIZE_MAX);
    buffer_clear(&fake.puts);
    CHECK_STR(write_all(WRITER(""), NULL, 0, 0), STR(OUTPUT));
    CHECK_STR(buffer_str(&fake.puts), STR(MANIFEST("", "")));
    stop();
}

TEST(results_fill_several_files)
{
    start();
    static char text[100001];
    memset(text, '1', sizeof(text) - 1);
    struct results_record record = record_of(RESULTS_SUCCEEDED, str_from_c(text));
    CHECK_STR(write_all(WRITER("\"Transformation\":\"COMPACT\""), &record, 1, 120), STR(OUTPUT));
    CHECK(str_find(buffer_str(&fake.puts), STR("SUCCEEDED_2.json\",\"Size\":1400015}")) !=
          SIZE_MAX);
    CHECK(fake.requests == 4);
    stop();
}

TEST(results_without_a_bucket_are_the_output)
{
    start();
    struct results_record records[] = {record_of(RESULTS_SUCCEEDED, STR("[1,2]")),
                                       record_of(RESULTS_FAILED, STR(""))};
    CHECK_STR(write_all("null", records, 2, 2), STR("[[1,2],[1,2]]"));
    CHECK_STR(write_all("{\"WriterConfig\":{\"Transformation\":\"FLATTEN\"}}", records, 1, 2),
              STR("[1,2,1,2]"));
    CHECK_STR(write_all("{\"WriterConfig\":{\"Transformation\":\"NONE\"}}", records + 1, 1, 1),
              STR("[" FAILED_RECORD "]"));
    CHECK_STR(write_all("null", NULL, 0, 0), STR("[]"));
    CHECK_STR(write_all("null", records, 1, 60000), STR("!States.DataLimitExceeded: "));
    stop();
}

TEST(results_that_cannot_be_written_say_why)
{
    start();
    struct results_record record = record_of(RESULTS_SUCCEEDED, STR("1"));
    fake.failures_left = 3;
    CHECK_STR(
        write_all(WRITER(""), &record, 1, 1),
        STR("!States.ResultWriterFailed: Please reduce your request rate. (Service: Amazon S3; "
            "Status Code: 503; Error Code: SlowDown; Request ID: R1; S3 Extended Request ID: "
            "X1; Proxy: null)"));
    stop();
}
