// The client against our own server on the same loop.

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "test/lib/test.h"

static struct clock the_clock;
static struct net_loop *loop;
static struct http_server *server;
static struct http_client *client;
static struct http_exchange *held;
static char url[64];

// "/hold" is kept, "/big" gets 100,000 bytes, all else an echo of the request.
static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    const struct http_request *request = http_exchange_request(exchange);
    static const struct http_header headers[] = {{STR_INIT("X-Empty"), STR_INIT("")},
                                                 {STR_INIT("X-Kind"), STR_INIT("echo")}};
    if (str_equal(request->path, STR("/hold"))) {
        held = exchange;
        return;
    }
    if (str_equal(request->path, STR("/big"))) {
        struct buffer *body = http_exchange_begin_reply(exchange, 200, NULL, 0);
        for (int i = 0; i < 100000; i++)
            buffer_append_byte(body, 'b');
        http_exchange_finish_reply(exchange);
        return;
    }
    struct buffer *body = http_exchange_begin_reply(exchange, 404, headers, ARRAY_COUNT(headers));
    buffer_printf(body, "%" STR_FORMAT " %" STR_FORMAT "?%" STR_FORMAT "\n",
                  STR_ARGS(request->method), STR_ARGS(request->path), STR_ARGS(request->query));
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (str_equal(header->name, STR("Host"))) continue;
        buffer_printf(body, "%" STR_FORMAT "=%" STR_FORMAT "\n", STR_ARGS(header->name),
                      STR_ARGS(header->value));
    }
    buffer_append_str(body, request->body);
    http_exchange_finish_reply(exchange);
}

static void start_with(const struct http_client_options *options)
{
    unsetenv("http_proxy");
    clock_init_real(&the_clock);
    CHECK(net_loop_new(&the_clock, &loop) == STATUS_OK);
    CHECK(http_server_new(loop, NULL, handle, NULL, &server) == STATUS_OK);
    CHECK(http_server_listen(server, STR("127.0.0.1:0"), true) == STATUS_OK);
    CHECK(http_client_new(loop, options, &client) == STATUS_OK);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(server));
}

static void stop(void)
{
    CHECK(http_client_call_count(client) == 0);
    http_client_free(client);
    http_server_free(server);
    net_loop_free(loop);
}

// What a callback saw.
struct seen {
    int count;
    enum http_call_outcome outcome;
    int status;
    size_t body_size;
    char text[2000]; // The body, or the error.
    char kind[20];
};

static void note_answer(void *context, const struct http_answer *answer)
{
    struct seen *seen = context;
    struct str text = answer->outcome == HTTP_CALL_ANSWERED ? answer->body : answer->error;
    struct str kind = STR("");
    seen->count++;
    seen->outcome = answer->outcome;
    seen->status = answer->status;
    seen->body_size = answer->body.size;
    snprintf(seen->text, sizeof(seen->text), "%" STR_FORMAT, STR_ARGS(text));
    if (http_headers_find(answer->headers, answer->header_count, STR("x-kind"), &kind)) {
        snprintf(seen->kind, sizeof(seen->kind), "%" STR_FORMAT, STR_ARGS(kind));
    }
}

static void run_until(const struct seen *seen, int count)
{
    int64_t end_ns = clock_steady_ns() + INT64_C(20000000000);
    while (seen->count < count && clock_steady_ns() < end_ns)
        net_loop_turn(loop, 100);
    CHECK(seen->count == count);
}

static void call_path(const char *path, struct http_call_request request, struct seen *seen)
{
    char full[128];
    snprintf(full, sizeof(full), "%s%s", url, path);
    request.url = str_from_c(full);
    struct http_call *call = http_client_call(client, &request, note_answer, seen);
    CHECK(call != NULL);
}

TEST(request_arrives_as_given_and_its_answer_comes_back)
{
    start_with(NULL);
    struct seen seen = {0};
    static const struct http_header headers[] = {{STR_INIT("X-One"), STR_INIT("a b")},
                                                 {STR_INIT("X-Empty"), STR_INIT("")}};
    call_path(
        "/a/../b?c=%20",
        (struct http_call_request){.headers = headers, .header_count = 2, .body = STR("text")},
        &seen);
    CHECK(seen.count == 0 && http_client_call_count(client) == 1);
    run_until(&seen, 1);
    CHECK(seen.outcome == HTTP_CALL_ANSWERED && seen.status == 404);
    CHECK_STR(str_from_c(seen.kind), STR("echo"));
    CHECK_STR(str_from_c(seen.text), STR("POST /a/../b?c=%20\nUser-Agent=galop/" GALOP_VERSION
                                         "\nX-One=a b\nX-Empty=\nContent-Length=4\ntext"));
    stop();
}

TEST(methods_are_sent_as_asked)
{
    start_with(NULL);
    static const char *const methods[] = {"", "GET", "DELETE", "PUT", "HEAD", "OPTIONS"};
    static const char *const expected[] = {
        "GET /?\n", "GET /?\n", "DELETE /?\n", "PUT /?\nContent-Length=0\n", "", "OPTIONS /?\n"};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        struct seen seen = {0};
        call_path("/",
                  (struct http_call_request){.method = str_from_c(methods[i]),
                                             .must_omit_user_agent = true},
                  &seen);
        run_until(&seen, 1);
        CHECK(seen.outcome == HTTP_CALL_ANSWERED);
        CHECK_STR(str_from_c(seen.text), str_from_c(expected[i]));
    }
    stop();
}

TEST(connections_are_reused)
{
    start_with(NULL);
    struct seen seen = {0};
    for (int i = 0; i < 10; i++) {
        call_path("/", (struct http_call_request){0}, &seen);
        run_until(&seen, i + 1);
    }
    CHECK(http_server_counts(server).connections_accepted == 1);
    CHECK(http_server_counts(server).requests == 10);
    stop();
}

TEST(calls_beyond_the_limit_wait_and_those_beyond_the_queue_fail)
{
    const struct http_client_options options = {.calls_max = 2, .queue_max = 10};
    start_with(&options);
    struct seen seen = {0}, refused = {0};
    for (int i = 0; i < 10; i++)
        call_path("/", (struct http_call_request){0}, &seen);
    call_path("/", (struct http_call_request){0}, &refused);
    run_until(&refused, 1);
    CHECK(refused.outcome == HTTP_CALL_OVER_LIMIT);
    run_until(&seen, 10);
    CHECK(seen.outcome == HTTP_CALL_ANSWERED);
    CHECK(http_server_counts(server).connections_accepted <= 2);
    stop();
}

TEST(time_out_ends_a_call_that_gets_no_answer)
{
    start_with(NULL);
    struct seen seen = {0};
    held = NULL;
    call_path("/hold", (struct http_call_request){.timeout_ms = 3600000}, &seen);
    while (held == NULL)
        net_loop_turn(loop, 100);
    net_loop_skip_steady(loop, 3599000);
    net_loop_turn(loop, 0);
    CHECK(seen.count == 0);
    net_loop_skip_steady(loop, 1001);
    run_until(&seen, 1);
    CHECK(seen.outcome == HTTP_CALL_TIMED_OUT);
    CHECK_STR(str_from_c(seen.text), STR("no answer within 3600000 ms"));
    http_exchange_reply(held, 200, NULL, 0, STR(""));
    net_loop_turn(loop, 0);
    stop();
}

TEST(time_out_covers_waiting_in_the_queue)
{
    const struct http_client_options options = {.calls_max = 1};
    start_with(&options);
    struct seen first = {0}, second = {0};
    held = NULL;
    call_path("/hold", (struct http_call_request){.timeout_ms = 3600000}, &first);
    call_path("/", (struct http_call_request){.timeout_ms = 1000}, &second);
    while (held == NULL)
        net_loop_turn(loop, 100);
    net_loop_skip_steady(loop, 1100);
    run_until(&second, 1);
    CHECK(second.outcome == HTTP_CALL_TIMED_OUT && first.count == 0);
    http_exchange_reply(held, 200, NULL, 0, STR(""));
    run_until(&first, 1);
    CHECK(first.outcome == HTTP_CALL_ANSWERED);
    stop();
}

TEST(too_large_an_answer_fails)
{
    start_with(NULL);
    struct seen seen = {0};
    call_path("/big", (struct http_call_request){.answer_size_bytes_max = 99999}, &seen);
    run_until(&seen, 1);
    CHECK(seen.outcome == HTTP_CALL_TOO_LARGE && seen.body_size == 0);
    call_path("/big", (struct http_call_request){.answer_size_bytes_max = 100000}, &seen);
    run_until(&seen, 2);
    CHECK(seen.outcome == HTTP_CALL_ANSWERED && seen.body_size == 100000);
    stop();
}

TEST(failures_before_an_answer_are_told_apart)
{
    start_with(NULL);
    struct seen seen = {0};
    static const struct {
        const char *url;
        enum http_call_outcome outcome;
    } examples[] = {
        {"http://127.0.0.1:1/", HTTP_CALL_UNREACHABLE},
        {"ftp://127.0.0.1/", HTTP_CALL_INVALID},
        {"http://", HTTP_CALL_INVALID},
        {"", HTTP_CALL_INVALID},
        {"http://127.0.0.1/\r\nX: y", HTTP_CALL_INVALID},
    };
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        struct http_call_request request = {.url = str_from_c(examples[i].url)};
        REQUIRE(http_client_call(client, &request, note_answer, &seen) != NULL);
        run_until(&seen, (int)i + 1);
        if (seen.outcome != examples[i].outcome || seen.text[0] == '\0') {
            test_fail(__FILE__, __LINE__, "%s: %d, %s", examples[i].url, seen.outcome, seen.text);
        }
    }
    char tls_url[80];
    snprintf(tls_url, sizeof(tls_url), "https%s", url + 4);
    struct http_call_request request = {.url = str_from_c(tls_url)};
    REQUIRE(http_client_call(client, &request, note_answer, &seen) != NULL);
    run_until(&seen, (int)ARRAY_COUNT(examples) + 1);
    CHECK(seen.outcome == HTTP_CALL_TLS_FAILED);
    stop();
}

TEST(header_with_a_line_end_is_not_sent)
{
    start_with(NULL);
    struct seen seen = {0};
    const struct http_header header = {STR("X"), STR("a\r\nY: b")};
    call_path("/", (struct http_call_request){.headers = &header, .header_count = 1}, &seen);
    run_until(&seen, 1);
    CHECK(seen.outcome == HTTP_CALL_INVALID);
    CHECK(http_server_counts(server).requests == 0);
    stop();
}

TEST(connection_that_ends_early_is_told)
{
    start_with(NULL);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    REQUIRE(bind(listener, (const struct sockaddr *)&address, size) == 0);
    REQUIRE(listen(listener, 1) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    char full[64];
    snprintf(full, sizeof(full), "http://127.0.0.1:%u/", ntohs(address.sin_port));
    struct seen seen = {0};
    struct http_call_request request = {.url = str_from_c(full)};
    REQUIRE(http_client_call(client, &request, note_answer, &seen) != NULL);
    for (int i = 0; i < 20; i++)
        net_loop_turn(loop, 5);
    int accepted = accept(listener, NULL, NULL);
    CHECK(write(accepted, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 40) == 40);
    shutdown(accepted, SHUT_WR);
    run_until(&seen, 1);
    CHECK(seen.outcome == HTTP_CALL_BROKEN);
    close(accepted);
    close(listener);
    stop();
}

TEST(cancelled_call_is_not_heard_of_again)
{
    start_with(NULL);
    struct seen seen = {0};
    held = NULL;
    char full[80];
    snprintf(full, sizeof(full), "%s/hold", url);
    struct http_call_request request = {.url = str_from_c(full)};
    struct http_call *waiting = http_client_call(client, &request, note_answer, &seen);
    REQUIRE(waiting != NULL);
    http_call_cancel(waiting);
    CHECK(http_client_call_count(client) == 0);
    struct http_call *running = http_client_call(client, &request, note_answer, &seen);
    REQUIRE(running != NULL);
    while (held == NULL)
        net_loop_turn(loop, 100);
    http_call_cancel(running);
    for (int i = 0; i < 20 && !http_exchange_is_aborted(held); i++)
        net_loop_turn(loop, 5);
    CHECK(http_exchange_is_aborted(held));
    http_exchange_reply(held, 200, NULL, 0, STR(""));
    net_loop_turn(loop, 0);
    CHECK(seen.count == 0);
    stop();
}

TEST(call_under_way_keeps_virtual_time_still)
{
    start_with(NULL);
    clock_init_virtual(&the_clock, 1000);
    struct net_timer timer;
    net_timer_init(&timer, NULL);
    net_timer_arm(loop, &timer, 1000000);
    struct seen seen = {0};
    call_path("/", (struct http_call_request){0}, &seen);
    run_until(&seen, 1);
    CHECK(clock_unix_ms(&the_clock) == 1000);
    net_timer_disarm(loop, &timer);
    stop();
}

static void call_again(void *context, const struct http_answer *answer)
{
    struct seen *seen = context;
    CHECK(answer->outcome == HTTP_CALL_ANSWERED);
    if (++seen->count < 5) {
        struct http_call_request request = {.url = str_from_c(url)};
        struct http_call *call = http_client_call(client, &request, call_again, seen);
        CHECK(call != NULL);
    }
}

TEST(callback_may_call_again)
{
    start_with(NULL);
    struct seen seen = {0};
    struct http_call_request request = {.url = str_from_c(url)};
    REQUIRE(http_client_call(client, &request, call_again, &seen) != NULL);
    run_until(&seen, 5);
    stop();
}
