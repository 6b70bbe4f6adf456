// A server answers in order, keeps its limits and time-outs, and drains; seen through a socket.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server.h"
#include "test/lib/test.h"

enum { RECEIVED_MAX = 8 << 20, HELD_MAX = 64 };

static struct clock the_clock;
static struct net_loop *loop;
static struct http_server *server;
static int client;     // Our end of the connection.
static char *received; // What came out of it.
static size_t received_size;
static bool is_closed; // The server closed its end.

static struct http_exchange *held[HELD_MAX]; // Exchanges not replied to yet.
static int held_count;
static int aborted_count;
static int drained_count;

static void on_abort(void *context, struct http_exchange *exchange)
{
    (void)context;
    CHECK(http_exchange_is_aborted(exchange));
    aborted_count++;
}

static void on_drained(void *context)
{
    (void)context;
    drained_count++;
}

// "/hold..." is kept for later, "/big/N" gets N bytes, all else an echo of path and body.
static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    const struct http_request *request = http_exchange_request(exchange);
    static const struct http_header injected = {STR_INIT("X-Header"), STR_INIT("a\r\nB: c")};
    if (str_starts_with(request->path, STR("/hold")) && held_count < HELD_MAX) {
        http_exchange_set_abort(exchange, on_abort, NULL);
        held[held_count++] = exchange;
        return;
    }
    if (str_starts_with(request->path, STR("/big/"))) {
        uint64_t size = 0;
        CHECK(str_to_u64(str_skip(request->path, 5), &size));
        struct buffer *body = http_exchange_begin_reply(exchange, 200, NULL, 0);
        for (uint64_t i = 0; i < size; i++)
            buffer_append_byte(body, (char)('a' + i % 26));
        http_exchange_finish_reply(exchange);
        return;
    }
    if (str_equal(request->path, STR("/adopt"))) {
        int sockets[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
        CHECK(http_server_adopt(server, sockets[0]) == STATUS_OVER_LIMIT);
        close(sockets[1]);
    }
    if (str_equal(request->path, STR("/empty"))) {
        http_exchange_reply(exchange, 204, NULL, 0, STR("never sent"));
        return;
    }
    struct str body =
        arena_printf(http_exchange_arena(exchange), "[%" STR_FORMAT ":%" STR_FORMAT "]",
                     STR_ARGS(request->path), STR_ARGS(request->body));
    http_exchange_reply(exchange, 200, &injected, str_equal(request->path, STR("/inject")), body);
}

static void start_with(const struct http_server_options *options)
{
    clock_init_real(&the_clock);
    int sockets[2];
    CHECK(net_loop_new(&the_clock, &loop) == STATUS_OK);
    CHECK(http_server_new(loop, options, handle, NULL, &server) == STATUS_OK);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    CHECK(http_server_adopt(server, sockets[0]) == STATUS_OK);
    client = sockets[1];
    received = malloc(RECEIVED_MAX);
    received_size = 0;
    is_closed = false;
    held_count = aborted_count = drained_count = 0;
}

static void start(void)
{
    start_with(NULL);
}

static void stop(void)
{
    if (client >= 0) close(client);
    http_server_free(server);
    net_loop_free(loop);
    free(received);
}

static void receive_all(void)
{
    while (!is_closed && received_size < RECEIVED_MAX) {
        ssize_t size =
            recv(client, received + received_size, RECEIVED_MAX - received_size, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) return;
        if (size <= 0) is_closed = true;
        if (size > 0) received_size += (size_t)size;
    }
}

// Let the server do all it can without waiting.
static void run(void)
{
    do {
        receive_all();
    } while (net_loop_turn(loop, 0));
    receive_all();
}

static void say(struct str text)
{
    while (text.size > 0) {
        ssize_t sent = send(client, text.data, text.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return;
        if (sent > 0) text = str_skip(text, (size_t)sent);
        if (sent < 0 || text.size > 0) net_loop_turn(loop, 0);
    }
    run();
}

// What came since the last call, with the Date lines taken out.
static struct str heard(void)
{
    static char text[64 * 1024];
    struct str rest = {received, received_size};
    size_t size = 0;
    while (rest.size > 0) {
        size_t end = str_find(rest, STR("\n"));
        struct str line = str_slice(rest, 0, end == SIZE_MAX ? rest.size : end + 1);
        rest = str_skip(rest, line.size);
        if (str_starts_with(line, STR("Date: "))) {
            CHECK(line.size == 37 && str_ends_with(line, STR(" GMT\r\n")));
            continue;
        }
        if (line.size > sizeof(text) - size) break; // Enough for what is compared.
        memcpy(text + size, line.data, line.size);
        size += line.size;
    }
    received_size = 0;
    return (struct str){text, size};
}

// Status of the first answer heard since the last call; 0 when there was none.
static int heard_status(void)
{
    struct str text = heard();
    return text.size < 12
               ? 0
               : (text.data[9] - '0') * 100 + (text.data[10] - '0') * 10 + text.data[11] - '0';
}

#define GET(path)        "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK(length, body) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body
#define LAST(length, body)                                                                         \
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " length "\r\n\r\n" body

// --- Requests and replies -----------------------------------------------------------------------

TEST(request_is_answered_and_the_connection_kept)
{
    start();
    say(STR(GET("/a")));
    CHECK_STR(heard(), STR(OK("5", "[/a:]")));
    say(STR("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"));
    CHECK_STR(heard(), STR(OK("8", "[/b:xyz]")));
    CHECK(!is_closed);
    CHECK(http_server_counts(server).requests == 2);
    CHECK(http_server_counts(server).exchanges_open == 0);
    stop();
}

TEST(byte_by_byte_request_is_answered)
{
    start();
    struct str text = STR("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "3\r\nxyz\r\n2\r\nuv\r\n0\r\n\r\n" GET("/c"));
    for (size_t i = 0; i < text.size; i++)
        say(str_slice(text, i, 1));
    CHECK_STR(heard(), STR(OK("10", "[/b:xyzuv]") OK("5", "[/c:]")));
    stop();
}

TEST(pipelined_requests_are_answered_in_order_though_replied_out_of_order)
{
    start();
    say(STR(GET("/hold/1") GET("/2") GET("/hold/3") GET("/4")));
    CHECK(held_count == 2 && received_size == 0);
    http_exchange_reply(held[1], 200, NULL, 0, STR("three"));
    run();
    CHECK(received_size == 0);
    http_exchange_reply(held[0], 200, NULL, 0, STR("one"));
    run();
    CHECK_STR(heard(), STR(OK("3", "one") OK("5", "[/2:]") OK("5", "three") OK("5", "[/4:]")));
    stop();
}

TEST(request_stays_in_place_while_later_ones_arrive)
{
    start();
    say(STR("POST /hold HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 4\r\n\r\nbody"));
    REQUIRE(held_count == 1);
    static char padding[9000];
    memset(padding, 'p', sizeof(padding));
    for (int i = 0; i < 20; i++) {
        say(STR("POST /n HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"));
        say((struct str){padding, sizeof(padding)});
    }
    const struct http_request *request = http_exchange_request(held[0]);
    CHECK_STR(request->path, STR("/hold"));
    CHECK_STR(request->body, STR("body"));
    CHECK_STR(http_request_header(request, STR("x")), STR("y"));
    http_exchange_reply(held[0], 200, NULL, 0, request->body);
    run();
    CHECK(str_starts_with(heard(), STR(OK("4", "body"))));
    stop();
}

TEST(pipelining_beyond_the_limit_waits)
{
    static const struct http_server_options options = {.pipelined_max = 2};
    start_with(&options);
    say(STR(GET("/hold/1") GET("/hold/2") GET("/hold/3") GET("/4")));
    CHECK(held_count == 2);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK(held_count == 3);
    http_exchange_reply(held[1], 200, NULL, 0, STR("2"));
    http_exchange_reply(held[2], 200, NULL, 0, STR("3"));
    run();
    CHECK_STR(heard(), STR(OK("1", "1") OK("1", "2") OK("1", "3") OK("5", "[/4:]")));
    stop();
}

TEST(head_and_204_have_no_body)
{
    start();
    say(STR("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty") GET("/b")));
    CHECK_STR(heard(), STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                           "HTTP/1.1 204 No Content\r\n\r\n" OK("5", "[/b:]")));
    stop();
}

TEST(line_ends_in_reply_headers_become_blanks)
{
    start();
    say(STR(GET("/inject")));
    CHECK_STR(heard(), STR("HTTP/1.1 200 OK\r\nX-Header: a  B: c\r\nContent-Length: 10\r\n\r\n"
                           "[/inject:]"));
    stop();
}

TEST(http_1_0_closes_unless_asked_to_stay)
{
    start();
    say(STR("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK_STR(heard(), STR("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
                           "[/a:]"));
    CHECK(!is_closed);
    say(STR("GET /b HTTP/1.0\r\n\r\n"));
    CHECK_STR(heard(), STR(LAST("5", "[/b:]")));
    CHECK(is_closed);
    stop();
}

TEST(connection_close_is_honoured_after_the_reply)
{
    start();
    say(STR(GET("/hold") "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(!is_closed);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(heard(), STR(OK("1", "1") LAST("5", "[/b:]")));
    CHECK(is_closed);
    stop();
}

TEST(expectation_gets_its_100_in_its_turn)
{
    start();
    say(STR("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    CHECK_STR(heard(), STR("HTTP/1.1 100 Continue\r\n\r\n"));
    say(STR("xy" GET("/hold")));
    CHECK_STR(heard(), STR(OK("7", "[/a:xy]")));
    say(STR("POST /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    CHECK(received_size == 0);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(heard(), STR(OK("1", "1") "HTTP/1.1 100 Continue\r\n\r\n"));
    say(STR("x"));
    say(STR("y"));
    CHECK_STR(heard(), STR(OK("7", "[/b:xy]")));
    stop();
}

TEST(body_that_comes_without_waiting_gets_no_100)
{
    start();
    say(STR("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nx"));
    say(STR("y"));
    CHECK_STR(heard(), STR(OK("7", "[/a:xy]")));
    stop();
}

TEST(large_bodies_go_both_ways)
{
    start();
    enum { SIZE = 3 << 20 };
    char *body = malloc(SIZE);
    for (int i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 26);
    char head[100];
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", SIZE);
    say(str_from_c(head));
    say((struct str){body, SIZE});
    CHECK(received_size > SIZE && memcmp(received + received_size - SIZE - 1, body, SIZE) == 0);
    heard();
    say(STR(GET("/big/3145728") GET("/a")));
    size_t tail_size = sizeof(OK("5", "[/a:]")) - 1 + 37;
    CHECK(received_size > SIZE + tail_size &&
          memcmp(received + received_size - tail_size - SIZE, body, SIZE) == 0);
    CHECK(str_find((struct str){received, 200}, STR("Content-Length:  3145728\r\n")) != SIZE_MAX);
    free(body);
    stop();
}

TEST(chunked_body_of_tiny_chunks_is_joined)
{
    start();
    say(STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 1000; i++)
        say(STR("1\r\nx\r\n00A;ext=1\r\n0123456789\r\n"));
    say(STR("0\r\n\r\n"));
    struct str text = heard();
    CHECK(str_find(text, STR("Content-Length: 11004\r\n")) == SIZE_MAX); // Padded with blanks:
    CHECK(str_find(text, STR("Content-Length:    11004\r\n")) != SIZE_MAX);
    CHECK(str_ends_with(text, STR("x0123456789x0123456789]")));
    stop();
}

TEST(reply_over_its_limit_becomes_a_500)
{
    static const struct http_server_options options = {.reply_size_bytes_max = 100};
    start_with(&options);
    say(STR(GET("/big/100") GET("/big/101") GET("/big/400000") GET("/a")));
    struct str text = heard();
    CHECK(str_starts_with(text, STR("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")));
    size_t second = str_find(text, STR("HTTP/1.1 500"));
    CHECK(second != SIZE_MAX);
    CHECK(str_find(str_skip(text, second + 1), STR("HTTP/1.1 500")) != SIZE_MAX);
    CHECK(str_ends_with(text, STR("[/a:]")));
    stop();
}

// --- Refusals -----------------------------------------------------------------------------------

TEST(malformed_request_is_refused_after_the_answers_before_it)
{
    start();
    say(STR(GET("/hold") "BAD\r\n\r\n"));
    CHECK(received_size == 0);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(
        heard(),
        STR(OK("1", "1") "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                         "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\nBad Request\n"));
    CHECK(is_closed);
    CHECK(http_server_counts(server).requests_refused == 1);
    stop();
}

TEST(refused_client_that_goes_on_sending_still_reads_the_answer)
{
    static const struct http_server_options options = {.body_size_bytes_max = 1000};
    start_with(&options);
    say(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
    static char body[100000];
    say((struct str){body, sizeof(body)});
    CHECK(heard_status() == 413);
    CHECK(is_closed);
    CHECK(http_server_counts(server).connections_open == 1); // Lingering.
    close(client);
    client = -1;
    run();
    CHECK(http_server_counts(server).connections_open == 0);
    stop();
}

// --- Time-outs ----------------------------------------------------------------------------------

// Let `ms` of the loop's time pass at once.
static void pass(int64_t ms)
{
    net_loop_skip_steady(loop, ms);
    run();
    run();
}

TEST(idle_connection_is_closed_without_a_word)
{
    start();
    run();
    pass(74000);
    CHECK(!is_closed);
    pass(2100);
    CHECK(is_closed && received_size == 0);
    stop();
}

TEST(request_starts_idle_time_anew)
{
    start();
    run();
    pass(74000);
    say(STR(GET("/a")));
    pass(74000);
    say(STR(GET("/b")));
    CHECK_STR(heard(), STR(OK("5", "[/a:]") OK("5", "[/b:]")));
    pass(77000);
    CHECK(is_closed);
    stop();
}

TEST(slow_head_gets_a_408_however_it_drips)
{
    start();
    say(STR("GET / HTTP/1.1\r\n"));
    for (int i = 0; i < 19; i++) {
        CHECK(!is_closed && received_size == 0);
        pass(1000);
        say(STR("X: y\r\n"));
    }
    pass(2100);
    CHECK(is_closed && heard_status() == 408);
    stop();
}

TEST(stalled_body_gets_a_408_and_a_slow_one_does_not)
{
    start();
    say(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"));
    for (int i = 0; i < 9; i++) {
        pass(15000);
        say(STR("x"));
    }
    CHECK(received_size == 0 && !is_closed);
    pass(21100);
    CHECK(is_closed && heard_status() == 408);
    stop();
}

TEST(client_that_does_not_read_is_dropped)
{
    start();
    struct str request = STR(GET("/big/4000000"));
    CHECK(send(client, request.data, request.size, 0) == (ssize_t)request.size);
    for (int i = 0; i < 10; i++)
        net_loop_turn(loop, 0);
    net_loop_skip_steady(loop, 29000);
    for (int i = 0; i < 10; i++)
        net_loop_turn(loop, 0);
    CHECK(http_server_counts(server).connections_open == 1);
    net_loop_skip_steady(loop, 2100);
    for (int i = 0; i < 10; i++)
        net_loop_turn(loop, 0);
    CHECK(http_server_counts(server).connections_open == 0);
    stop();
}

TEST(handler_may_take_its_time)
{
    start();
    say(STR(GET("/hold")));
    pass(3600000);
    http_exchange_reply(held[0], 200, NULL, 0, STR("late"));
    run();
    CHECK_STR(heard(), STR(OK("4", "late")));
    stop();
}

TEST(refused_client_that_never_closes_is_dropped)
{
    start();
    say(STR("BAD\r\n\r\n"));
    CHECK(heard_status() == 400 && http_server_counts(server).connections_open == 1);
    pass(3100);
    CHECK(http_server_counts(server).connections_open == 0);
    stop();
}

// --- Ends ---------------------------------------------------------------------------------------

TEST(client_that_goes_is_told_and_its_replies_are_dropped)
{
    start();
    say(STR(GET("/hold/1") GET("/hold/2")));
    REQUIRE(held_count == 2);
    close(client);
    client = -1;
    is_closed = true;
    run();
    CHECK(aborted_count == 2);
    http_exchange_reply(held[1], 200, NULL, 0, STR("2"));
    run();
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK(http_server_counts(server).connections_open == 0);
    CHECK(http_server_counts(server).exchanges_open == 0);
    stop();
}

TEST(client_that_closes_its_sending_side_gets_its_answer)
{
    start();
    say(STR(GET("/hold")));
    shutdown(client, SHUT_WR);
    run();
    CHECK(aborted_count == 1 && !is_closed);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(heard(), STR(OK("1", "1")));
    CHECK(is_closed);
    stop();
}

TEST(drain_finishes_what_is_under_way)
{
    start();
    say(STR(GET("/hold")));
    int idle[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, idle) == 0);
    REQUIRE(http_server_adopt(server, idle[0]) == STATUS_OK);
    http_server_drain(server, on_drained, NULL);
    run();
    char byte;
    CHECK(recv(idle[1], &byte, 1, MSG_DONTWAIT) == 0);
    CHECK(drained_count == 0 && !is_closed);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(heard(), STR(LAST("1", "1")));
    CHECK(is_closed && drained_count == 1);
    close(idle[1]);
    stop();
}

TEST(drain_serves_a_request_that_has_just_arrived)
{
    start();
    struct str request = STR(GET("/a"));
    CHECK(send(client, request.data, request.size, 0) == (ssize_t)request.size);
    http_server_drain(server, on_drained, NULL);
    run();
    CHECK_STR(heard(), STR(LAST("5", "[/a:]")));
    CHECK(is_closed && drained_count == 1);
    stop();
}

TEST(free_with_requests_under_way_leaks_nothing)
{
    start();
    say(STR(GET("/hold") GET("/hold") "GET /part"));
    CHECK(held_count == 2);
    stop();
}

TEST(connection_over_the_limit_replaces_an_idle_one_or_gets_a_503)
{
    static const struct http_server_options options = {.connections_max = 1};
    start_with(&options);
    int second[2], third[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, second) == 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, third) == 0);
    CHECK(http_server_adopt(server, second[0]) == STATUS_OK);
    run();
    CHECK(is_closed);
    close(client);
    client = second[1];
    is_closed = false;
    say(STR(GET("/hold")));
    CHECK(http_server_adopt(server, third[0]) == STATUS_OVER_LIMIT);
    char text[100];
    CHECK(recv(third[1], text, sizeof(text), 0) > 12 && memcmp(text, "HTTP/1.1 503", 12) == 0);
    close(third[1]);
    http_exchange_reply(held[0], 200, NULL, 0, STR("1"));
    run();
    CHECK_STR(heard(), STR(OK("1", "1")));
    stop();
}

TEST(connection_whose_handler_takes_another_is_not_replaced_by_it)
{
    static const struct http_server_options options = {.connections_max = 1};
    start_with(&options);
    say(STR(GET("/adopt")));
    CHECK_STR(heard(), STR(OK("9", "[/adopt:]")));
    stop();
}

TEST(listening_takes_addresses_and_refuses_taken_ports)
{
    start();
    CHECK(http_server_listen(server, STR("127.0.0.1"), false) == STATUS_INVALID);
    CHECK(http_server_listen(server, STR("127.0.0.1:x"), false) == STATUS_INVALID);
    CHECK(http_server_listen(server, STR("127.0.0.1:65536"), false) == STATUS_INVALID);
    CHECK(http_server_listen(server, STR("::1:80"), false) == STATUS_INVALID);
    REQUIRE(http_server_listen(server, STR("127.0.0.1:0"), true) == STATUS_OK);
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%u", http_server_port(server));
    CHECK(http_server_listen(server, str_from_c(address), true) == STATUS_CONFLICT);
    CHECK(http_server_listen(server, str_from_c(address), false) == STATUS_OK);
    stop();
}
