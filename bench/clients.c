// Clients that run workflows: N of them, each starting one, waiting for its end, starting the next.
//
//     clients [options] HOST PORT
//       -c N      clients (16)
//       -s N      seconds (3)
//       -f FILE   bytes of one whole request
//       -w        the answer names an execution: ask DescribeExecution until it has ended
//
// Without -w the answer to the request is the workflow's result. Prints one line of "name value"
// pairs. Ends with status 1 when an answer was not a 2xx or an execution did not succeed.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    REQUEST_SIZE_MAX = 64 * 1024,
    ANSWER_SIZE_MAX = 64 * 1024,
    DESCRIBE_SIZE_MAX = 1024,
    CLIENTS_MAX = 1024,
    ARN_SIZE_MAX = 512,
    LATENCY_SLOTS = 100000, // Of 0.1 ms each.
    POLL_NS_MIN = 1000000,
};

struct client {
    pthread_t thread;
    int fd;
    uint64_t done_count, poll_count, failed_count;
    int64_t expected_ns; // How long the latest executions took.
    uint32_t *latencies;
    char answer[ANSWER_SIZE_MAX];
};

static struct {
    uint32_t client_count;
    double seconds;
    bool must_wait;
    const char *host, *port;
    size_t request_size;
    char request[REQUEST_SIZE_MAX];
} options = {.client_count = 16, .seconds = 3};

static struct client clients[CLIENTS_MAX];
static int64_t end_ns;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void sleep_ns(int64_t duration_ns)
{
    struct timespec duration = {duration_ns / 1000000000, duration_ns % 1000000000};
    nanosleep(&duration, NULL);
}

// --- HTTP ---------------------------------------------------------------------------------------

static int open_connection(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(options.port, NULL, 10)),
    };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) die("host");
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect");
    const struct timeval timeout = {.tv_sec = 20};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return fd;
}

static size_t body_size(const char *head, const char *end)
{
    for (const char *line = head; line < end; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, "content-length:", 15) == 0) return strtoul(line + 15, NULL, 10);
    }
    return 0;
}

// Send a request and read its whole answer into `client->answer`, ended by a zero byte.
static void exchange(struct client *client, const char *request, size_t size)
{
    size_t received = 0, wanted = 0;
    if (send(client->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
    do {
        ssize_t got =
            recv(client->fd, client->answer + received, ANSWER_SIZE_MAX - 1 - received, 0);
        if (got <= 0) die("connection closed by the server");
        received += (size_t)got;
        client->answer[received] = '\0';
        const char *end = strstr(client->answer, "\r\n\r\n");
        if (end != NULL && wanted == 0)
            wanted = (size_t)(end + 4 - client->answer) + body_size(client->answer, end);
    } while (wanted == 0 || received < wanted);
}

static bool is_success(const struct client *client)
{
    return strncmp(client->answer, "HTTP/1.1 2", 10) == 0;
}

// --- One workflow -------------------------------------------------------------------------------

static size_t render_describe(const struct client *client, char request[static DESCRIBE_SIZE_MAX])
{
    static const char member[] = "\"executionArn\":\"";
    const char *arn = strstr(client->answer, member);
    if (arn == NULL) return 0;
    arn += sizeof(member) - 1;
    size_t size = strcspn(arn, "\"");
    if (size > ARN_SIZE_MAX) return 0;
    int written = snprintf(
        request, DESCRIBE_SIZE_MAX,
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        "X-Amz-Target: AWSStepFunctions.DescribeExecution\r\nContent-Length: %zu\r\n\r\n"
        "{\"executionArn\":\"%.*s\"}",
        size + 19, (int)size, arn);
    return (size_t)written;
}

// Ask until the execution has ended: first when it should be nearly so, then often.
static bool wait_for_end(struct client *client)
{
    char request[DESCRIBE_SIZE_MAX];
    size_t size = render_describe(client, request);
    if (size == 0) return false;
    int64_t gap_ns = client->expected_ns / 10;
    sleep_ns(client->expected_ns * 8 / 10);
    for (;;) {
        exchange(client, request, size);
        client->poll_count++;
        if (!is_success(client)) return false;
        if (strstr(client->answer, "\"status\":\"RUNNING\"") == NULL) break;
        sleep_ns(gap_ns > POLL_NS_MIN ? gap_ns : POLL_NS_MIN);
    }
    return strstr(client->answer, "\"status\":\"SUCCEEDED\"") != NULL;
}

static void run_one(struct client *client)
{
    int64_t start_ns = now_ns();
    exchange(client, options.request, options.request_size);
    bool has_succeeded = is_success(client) && (!options.must_wait || wait_for_end(client));
    int64_t took_ns = now_ns() - start_ns, slot = took_ns / 100000;
    if (!has_succeeded && client->failed_count++ == 0)
        fprintf(stderr, "answer: %.600s\n", client->answer);
    client->expected_ns += (took_ns - client->expected_ns) / 8;
    client->latencies[slot < LATENCY_SLOTS ? slot : LATENCY_SLOTS - 1]++;
    client->done_count++;
}

static void *run_client(void *argument)
{
    struct client *client = argument;
    while (now_ns() < end_ns)
        run_one(client);
    return NULL;
}

// --- Figures ------------------------------------------------------------------------------------

static double latency_ms(uint64_t done_count, double share)
{
    uint64_t wanted = (uint64_t)((double)done_count * share), seen = 0;
    for (int slot = 0; slot < LATENCY_SLOTS; slot++) {
        for (uint32_t i = 0; i < options.client_count; i++)
            seen += clients[i].latencies[slot];
        if (seen > wanted) return slot / 10.0;
    }
    return 0;
}

static void parse_options(int argc, char **argv)
{
    const char *path = NULL;
    for (int option; (option = getopt(argc, argv, "c:s:f:w")) != -1;) {
        switch (option) {
        case 'c': options.client_count = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 's': options.seconds = strtod(optarg, NULL); break;
        case 'f': path = optarg; break;
        case 'w': options.must_wait = true; break;
        default: exit(2);
        }
    }
    if (argc - optind != 2 || path == NULL || options.client_count > CLIENTS_MAX) {
        fprintf(stderr, "usage: clients [-c N] [-s N] [-w] -f FILE HOST PORT\n");
        exit(2);
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) die(path);
    options.request_size = fread(options.request, 1, sizeof(options.request), file);
    fclose(file);
    options.host = argv[optind];
    options.port = argv[optind + 1];
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    int64_t start_ns = now_ns();
    end_ns = start_ns + (int64_t)(options.seconds * 1e9);
    for (uint32_t i = 0; i < options.client_count; i++) {
        clients[i].fd = open_connection();
        clients[i].latencies = calloc(LATENCY_SLOTS, sizeof(uint32_t));
        if (clients[i].latencies == NULL ||
            pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0)
            die("thread");
    }
    uint64_t done_count = 0, poll_count = 0, failed_count = 0;
    for (uint32_t i = 0; i < options.client_count; i++) {
        pthread_join(clients[i].thread, NULL);
        done_count += clients[i].done_count;
        poll_count += clients[i].poll_count;
        failed_count += clients[i].failed_count;
    }
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    printf("done %lu per_second %.1f p50_ms %.1f p99_ms %.1f polls %.2f failed %lu\n", done_count,
           (double)done_count / seconds, latency_ms(done_count, 0.5), latency_ms(done_count, 0.99),
           (double)poll_count / (double)(done_count > 0 ? done_count : 1), failed_count);
    return failed_count > 0;
}
