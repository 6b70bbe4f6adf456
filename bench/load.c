// Load generator: N connections, each keeping D requests under way, for a time or a count.
//
//     load [options] HOST PORT
//       -c N      connections (64)
//       -d N      requests pipelined on each (1)
//       -s N      seconds (3)
//       -n N      requests, instead of seconds
//       -f FILE   bytes of one whole request; "@@@@@@@@@@" in it becomes the request's number, ten
//                 digits, so that each request is another
//       -p PID    also print the CPU time of that process per request, by /proc/PID/stat
//
// Prints one line of "name value" pairs. Ends with status 1 when an answer was not a 2xx.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUT_SIZE = 256 * 1024,
    DEPTH_MAX = 256,
    EVENTS_MAX = 256,
    LATENCY_SLOTS = 200000, // Of a microsecond each.
    NUMBER_SIZE = 10,
};

struct connection {
    int fd;
    uint32_t depth;  // Requests under way.
    uint32_t oldest; // Of sent_ns, a ring.
    int64_t sent_ns[DEPTH_MAX];
    size_t input_size;
    size_t output_size, output_sent;
    char *output;
    char input[INPUT_SIZE];
};

static struct {
    uint32_t connection_count, depth;
    double seconds;
    uint64_t count;
    int pid;
    const char *host, *port, *file;
} options = {.connection_count = 64, .depth = 1, .seconds = 3};

static char *request;
static size_t request_size;
static char *request_number; // Where the number goes, or NULL.
static uint64_t sent_count, answered_count, refused_count;
static uint64_t latencies[LATENCY_SLOTS];
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

// --- Requests -----------------------------------------------------------------------------------

static void load_request(void)
{
    static char standard[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    request = standard;
    request_size = sizeof(standard) - 1;
    if (options.file != NULL) {
        FILE *file = fopen(options.file, "r");
        if (file == NULL) die(options.file);
        request = malloc(1 << 20);
        request_size = request == NULL ? 0 : fread(request, 1, 1 << 20, file);
        fclose(file);
    }
    if (request_size == 0) die("no request");
    request_number = memmem(request, request_size, "@@@@@@@@@@", NUMBER_SIZE);
}

static void queue_request(struct connection *connection, int64_t at_ns)
{
    if (request_number != NULL) {
        char digits[NUMBER_SIZE + 1];
        snprintf(digits, sizeof(digits), "%010u", (unsigned)(sent_count % 1000000000));
        memcpy(request_number, digits, NUMBER_SIZE);
    }
    memcpy(connection->output + connection->output_size, request, request_size);
    connection->output_size += request_size;
    connection->sent_ns[(connection->oldest + connection->depth) % DEPTH_MAX] = at_ns;
    connection->depth++;
    sent_count++;
}

static bool is_over(int64_t at_ns)
{
    return options.count > 0 ? sent_count >= options.count : at_ns >= end_ns;
}

static void fill(struct connection *connection)
{
    int64_t at_ns = now_ns();
    while (connection->depth < options.depth && !is_over(at_ns))
        queue_request(connection, at_ns);
    if (connection->output_sent == connection->output_size) return;
    ssize_t sent = send(connection->fd, connection->output + connection->output_sent,
                        connection->output_size - connection->output_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) die("send");
    if (sent > 0) connection->output_sent += (size_t)sent;
    if (connection->output_sent == connection->output_size) {
        connection->output_sent = connection->output_size = 0;
    }
}

// --- Answers ------------------------------------------------------------------------------------

// Bytes of the first answer, or 0 when it is not complete.
static size_t answer_size(const char *input, size_t size)
{
    const char *end = memmem(input, size, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head_size = (size_t)(end + 4 - input), body_size = 0;
    for (const char *line = input; line < end;) {
        if (strncasecmp(line, "content-length:", 15) == 0) {
            body_size = strtoul(line + 15, NULL, 10);
            break;
        }
        line = memchr(line, '\n', (size_t)(end + 2 - line));
        line = line == NULL ? end : line + 1;
    }
    return size - head_size < body_size ? 0 : head_size + body_size;
}

static void note_answer(struct connection *connection, const char *answer, int64_t at_ns)
{
    int64_t latency_us = (at_ns - connection->sent_ns[connection->oldest]) / 1000;
    connection->oldest = (connection->oldest + 1) % DEPTH_MAX;
    connection->depth--;
    latencies[latency_us < LATENCY_SLOTS ? latency_us : LATENCY_SLOTS - 1]++;
    answered_count++;
    if (answer[9] != '2' && refused_count++ == 0) fprintf(stderr, "answer: %.300s\n", answer);
}

static void receive(struct connection *connection)
{
    ssize_t received = recv(connection->fd, connection->input + connection->input_size,
                            INPUT_SIZE - 1 - connection->input_size, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) die("connection closed by the server");
    connection->input_size += (size_t)received;
    connection->input[connection->input_size] = '\0';
    int64_t at_ns = now_ns();
    size_t start = 0, size;
    while ((size = answer_size(connection->input + start, connection->input_size - start)) > 0) {
        note_answer(connection, connection->input + start, at_ns);
        start += size;
    }
    connection->input_size -= start;
    memmove(connection->input, connection->input + start, connection->input_size);
}

// --- Figures ------------------------------------------------------------------------------------

// CPU time of a process in seconds, user and system.
static double cpu_seconds(int pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *after_name = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (after_name == NULL ||
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2) {
        return 0;
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double latency_ms(double share)
{
    uint64_t wanted = (uint64_t)((double)answered_count * share), seen = 0;
    for (int i = 0; i < LATENCY_SLOTS; i++) {
        seen += latencies[i];
        if (seen > wanted) return i / 1000.0;
    }
    return 0;
}

static void parse_options(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "c:d:s:n:f:p:")) != -1;) {
        switch (option) {
        case 'c': options.connection_count = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'd': options.depth = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 's': options.seconds = strtod(optarg, NULL); break;
        case 'n': options.count = strtoul(optarg, NULL, 10); break;
        case 'f': options.file = optarg; break;
        case 'p': options.pid = (int)strtol(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
    if (argc - optind != 2 || options.depth == 0 || options.depth > DEPTH_MAX) {
        fprintf(stderr, "usage: load [-c N] [-d N] [-s N | -n N] [-f FILE] [-p PID] HOST PORT\n");
        exit(2);
    }
    options.host = argv[optind];
    options.port = argv[optind + 1];
}

static struct connection *open_connection(int epoll_fd)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(options.port, NULL, 10)),
    };
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) die("host");
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) die("memory");
    connection->output = malloc(request_size * options.depth);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->output == NULL || connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        die("connect");
    }
    int one = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
    return connection;
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    load_request();
    int epoll_fd = epoll_create1(0);
    struct connection **connections = calloc(options.connection_count, sizeof(*connections));
    if (connections == NULL) die("memory");
    for (uint32_t i = 0; i < options.connection_count; i++)
        connections[i] = open_connection(epoll_fd);
    double cpu_start = options.pid > 0 ? cpu_seconds(options.pid) : 0;
    int64_t start_ns = now_ns();
    end_ns = start_ns + (int64_t)(options.seconds * 1e9);
    for (uint32_t i = 0; i < options.connection_count; i++)
        fill(connections[i]);
    while (answered_count < sent_count) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, 10000);
        if (count == 0) die("no answer in 10 seconds");
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if ((events[i].events & EPOLLIN) != 0) receive(connection);
            fill(connection);
        }
    }
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    double answered = (double)answered_count;
    printf("requests %lu seconds %.2f requests_per_second %.0f p50_ms %.3f p99_ms %.3f refused %lu",
           answered_count, seconds, answered / seconds, latency_ms(0.5), latency_ms(0.99),
           refused_count);
    if (options.pid > 0) {
        printf(" cpu_us_per_request %.2f", (cpu_seconds(options.pid) - cpu_start) * 1e6 / answered);
    }
    printf("\n");
    return refused_count > 0;
}
