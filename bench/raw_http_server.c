// The ceiling: a bare epoll loop that finds the blank line and the Content-Length of a request and
// answers with fixed bytes. It checks nothing; what it costs is what the kernel costs.
//
//     raw_http_server PORT

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_SIZE = 64 * 1024, DESCRIPTORS_MAX = 65536, EVENTS_MAX = 256 };

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "x-amzn-RequestId: 01234567-89ab-cdef-0123-456789abcdef\r\nContent-Length: 55\r\n\r\n"
    "{\"status\":\"SUCCEEDED\",\"output\":\"{}\",\"name\":\"benchmark\"}";

struct connection {
    size_t size;
    char input[INPUT_SIZE];
};

static struct connection *connections[DESCRIPTORS_MAX];
static char output[INPUT_SIZE * 8];

// Bytes of the first request, or 0 when it is not complete.
static size_t request_size(const char *input, size_t size)
{
    const char *end = memmem(input, size, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head_size = (size_t)(end + 4 - input);
    size_t body_size = 0;
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

static void close_connection(int fd)
{
    close(fd);
    free(connections[fd]);
    connections[fd] = NULL;
}

static void serve(int fd)
{
    struct connection *connection = connections[fd];
    ssize_t received =
        recv(fd, connection->input + connection->size, INPUT_SIZE - connection->size, 0);
    if (received <= 0) {
        close_connection(fd);
        return;
    }
    connection->size += (size_t)received;
    size_t start = 0, output_size = 0, size;
    while ((size = request_size(connection->input + start, connection->size - start)) > 0 &&
           output_size + sizeof(answer) <= sizeof(output)) {
        start += size;
        memcpy(output + output_size, answer, sizeof(answer) - 1);
        output_size += sizeof(answer) - 1;
    }
    connection->size -= start;
    memmove(connection->input, connection->input + start, connection->size);
    if (output_size > 0 && send(fd, output, output_size, MSG_NOSIGNAL) != (ssize_t)output_size) {
        close_connection(fd);
    }
}

static void accept_connection(int epoll_fd, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (fd >= DESCRIPTORS_MAX || (connections[fd] = calloc(1, sizeof(struct connection))) == NULL) {
        close(fd);
        return;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8091)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, SOMAXCONN) != 0) {
        perror("raw_http_server");
        return 1;
    }
    int epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener) {
                accept_connection(epoll_fd, listener);
            } else {
                serve(events[i].data.fd);
            }
        }
    }
}
