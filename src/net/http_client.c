// A call is an easy handle of libcurl with its callbacks; the multi handle says which sockets to
// watch and when it wants to be called. Handles are kept for the next call.
//
// A call moves from the list `waiting` (the queue) to `running` (with libcurl) to `ended` (its
// outcome is known). Starting and delivering happen in one hook at the end of the turn, so nothing
// runs from within http_client_call(), and libcurl is never entered from its own callbacks.

#include "net/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/list.h"

enum {
    ANSWER_HEADERS_MAX = 100,
    SPARE_HANDLES_MAX = 32,
    CONNECT_TIMEOUT_MS = 10000,
    ERROR_SIZE_MAX = CURL_ERROR_SIZE,
    CALL_ARENA_SIZE_MAX = 1 << 20, // The request without its body, and the answer's headers.
};

struct http_client {
    struct net_loop *loop;
    struct http_client_options options; // With defaults filled in.
    CURLM *multi;                       // NULL before the first call.
    struct list waiting;
    struct list running;
    struct list ended;
    size_t waiting_count;
    size_t running_count;
    size_t ended_count;
    struct net_timer timer;   // When libcurl wants to be called.
    struct net_deferred pump; // Delivers ended calls and starts waiting ones.
    CURL *spare_handles[SPARE_HANDLES_MAX];
    size_t spare_handle_count;
};

enum call_state { CALL_WAITING, CALL_RUNNING, CALL_ENDED, CALL_DELIVERED };

struct http_call {
    struct list link; // In the client's list of its state.
    enum call_state state;
    struct http_client *client;
    http_call_fn on_answer;
    void *context;
    struct net_timer timeout; // Of the whole call.
    uint32_t timeout_ms;
    CURL *handle; // While running.
    struct curl_slist *header_list;
    struct str method; // These two in the arena, followed by a NUL.
    struct str url;
    struct buffer request_body;
    uint32_t connect_timeout_ms;
    bool must_omit_user_agent;
    bool is_invalid; // A header cannot be sent; ends the call when it would start.
    enum http_call_outcome outcome;
    bool is_too_large; // Why libcurl was made to give up.
    int status;
    struct arena arena;
    struct buffer answer_body;
    size_t header_count;
    struct http_header headers[ANSWER_HEADERS_MAX];
    char error[ERROR_SIZE_MAX];
};

// A socket of libcurl's.
struct watched_socket {
    struct net_watch watch;
    struct http_client *client;
};

// --- Ends of calls ------------------------------------------------------------------------------

// Take a call out of its list, and its handle from libcurl.
static void detach(struct http_call *call)
{
    struct http_client *client = call->client;
    size_t *counts[] = {[CALL_WAITING] = &client->waiting_count,
                        [CALL_RUNNING] = &client->running_count,
                        [CALL_ENDED] = &client->ended_count};
    assert(call->state != CALL_DELIVERED && *counts[call->state] > 0);
    (*counts[call->state])--;
    list_remove(&call->link);
    net_timer_disarm(client->loop, &call->timeout);
    if (call->handle == NULL) return;
    curl_multi_remove_handle(client->multi, call->handle);
    if (client->spare_handle_count < SPARE_HANDLES_MAX) {
        curl_easy_reset(call->handle); // Its connections are the multi handle's and stay open.
        client->spare_handles[client->spare_handle_count++] = call->handle;
    } else {
        curl_easy_cleanup(call->handle);
    }
    call->handle = NULL;
}

static void free_call(struct http_call *call)
{
    net_loop_busy_end(call->client->loop);
    curl_slist_free_all(call->header_list);
    buffer_release(&call->request_body);
    buffer_release(&call->answer_body);
    arena_release(&call->arena);
    free(call);
}

// The outcome of a call is known; its callback follows at the end of the turn.
static void end_call(struct http_call *call, enum http_call_outcome outcome, const char *error)
{
    struct http_client *client = call->client;
    detach(call);
    call->outcome = outcome;
    if (error != call->error) snprintf(call->error, sizeof(call->error), "%s", error);
    call->state = CALL_ENDED;
    list_append(&client->ended, &call->link);
    client->ended_count++;
    net_loop_defer(client->loop, &client->pump);
}

static void time_out(struct net_timer *timer)
{
    struct http_call *call = CONTAINER_OF(timer, struct http_call, timeout);
    snprintf(call->error, sizeof(call->error), "no answer within %u ms", call->timeout_ms);
    end_call(call, HTTP_CALL_TIMED_OUT, call->error);
}

static enum http_call_outcome outcome_of(const struct http_call *call, CURLcode code)
{
    switch ((int)code) { // The enumeration has a hundred more.
    case CURLE_OK: return HTTP_CALL_ANSWERED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return HTTP_CALL_INVALID;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return HTTP_CALL_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_PEER_FAILED_VERIFICATION: return HTTP_CALL_TLS_FAILED;
    case CURLE_OPERATION_TIMEDOUT: return HTTP_CALL_TIMED_OUT;
    case CURLE_FILESIZE_EXCEEDED: return HTTP_CALL_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY: return HTTP_CALL_OVER_LIMIT;
    default: return call->is_too_large ? HTTP_CALL_TOO_LARGE : HTTP_CALL_BROKEN;
    }
}

// Collect the calls that libcurl is done with.
static void take_ended(struct http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result;
        char *private_data = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
        struct http_call *call = (struct http_call *)(void *)private_data;
        long status = 0;
        curl_easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &status);
        call->status = (int)status;
        enum http_call_outcome outcome = outcome_of(call, code);
        if (outcome == HTTP_CALL_TOO_LARGE) {
            end_call(call, outcome, "the answer is too large");
        } else if (outcome == HTTP_CALL_ANSWERED) {
            end_call(call, outcome, "");
        } else {
            end_call(call, outcome,
                     call->error[0] != '\0' ? call->error : curl_easy_strerror(code));
        }
    }
}

// --- libcurl's callbacks ------------------------------------------------------------------------

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    size_t total = size * count;
    // The limit is checked here since a buffer's is reached only by growing.
    if (total > call->answer_body.limit_bytes - call->answer_body.size) {
        call->is_too_large = true;
        return 0;
    }
    buffer_append(&call->answer_body, bytes, total);
    return call->answer_body.is_failed ? 0 : total;
}

// One line of the answer's head. A status line begins a new head (after "100 Continue", say).
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    struct str line = {bytes, size * count};
    if (str_starts_with(line, STR("HTTP/"))) {
        call->header_count = 0;
        return line.size;
    }
    struct str rest = line;
    struct str name = str_cut(&rest, ':');
    if (rest.data == NULL) return line.size; // The empty line at the end.
    if (call->header_count == ANSWER_HEADERS_MAX) {
        call->is_too_large = true;
        return 0;
    }
    struct http_header *header = &call->headers[call->header_count];
    if (!arena_copy_str(&call->arena, name, &header->name) ||
        !arena_copy_str(&call->arena, str_trim(rest), &header->value)) {
        call->is_too_large = true;
        return 0;
    }
    call->header_count++;
    return line.size;
}

static void act(struct http_client *client, curl_socket_t fd, int action)
{
    int running;
    curl_multi_socket_action(client->multi, fd, action, &running);
    take_ended(client);
}

static void socket_ready(struct net_watch *watch, uint32_t ready_events)
{
    struct watched_socket *socket = CONTAINER_OF(watch, struct watched_socket, watch);
    int action = ((ready_events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                 ((ready_events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                 ((ready_events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
    act(socket->client, watch->fd, action); // The watch may be gone after this.
}

static int watch_socket(CURL *handle, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)handle;
    struct http_client *client = context;
    struct watched_socket *socket = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) net_watch_stop(client->loop, &socket->watch);
        free(socket);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    uint32_t events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    if (socket != NULL) {
        net_watch_change(client->loop, &socket->watch, events);
        return 0;
    }
    socket = calloc(1, sizeof(*socket));
    if (socket == NULL) return -1;
    socket->client = client;
    socket->watch = (struct net_watch){.fd = fd, .events = events, .run = socket_ready};
    if (net_watch_start(client->loop, &socket->watch) != STATUS_OK) {
        free(socket);
        return -1;
    }
    curl_multi_assign(client->multi, fd, socket);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    if (timeout_ms < 0) {
        net_timer_disarm(client->loop, &client->timer);
    } else {
        net_timer_arm_steady(client->loop, &client->timer, timeout_ms);
    }
    return 0;
}

static void timer_fired(struct net_timer *timer)
{
    act(CONTAINER_OF(timer, struct http_client, timer), CURL_SOCKET_TIMEOUT, 0);
}

// --- Starting -----------------------------------------------------------------------------------

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool ensure_multi(struct http_client *client)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (client->multi != NULL) return true;
    pthread_once(&once, global_init);
    client->multi = curl_multi_init();
    if (client->multi == NULL) return false;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS,
                      (long)client->options.idle_connections_max);
    return true;
}

static CURL *take_handle(struct http_client *client)
{
    if (client->spare_handle_count > 0) return client->spare_handles[--client->spare_handle_count];
    return curl_easy_init();
}

static void set_method(struct http_call *call)
{
    CURL *handle = call->handle;
    bool has_body = call->request_body.size > 0;
    if (str_equal(call->method, STR("HEAD")) && !has_body) {
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
        return;
    }
    bool is_posting = has_body || str_equal(call->method, STR("POST")) ||
                      str_equal(call->method, STR("PUT")) || str_equal(call->method, STR("PATCH"));
    if (is_posting) { // Sends a Content-Length, even when that is 0.
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request_body.size);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, has_body ? call->request_body.data : "");
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call->method.data);
}

static void set_limits(struct http_call *call)
{
    const struct http_client_options *options = &call->client->options;
    CURL *handle = call->handle;
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_timeout_ms);
    curl_easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->answer_body.limit_bytes);
    if (options->ca_file != NULL) curl_easy_setopt(handle, CURLOPT_CAINFO, options->ca_file);
    if (!call->must_omit_user_agent) {
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "galop/" GALOP_VERSION);
    }
}

static void start_call(struct http_call *call)
{
    struct http_client *client = call->client;
    if (call->is_invalid) {
        end_call(call, HTTP_CALL_INVALID, "a header contains a control character");
        return;
    }
    CURL *handle = ensure_multi(client) ? take_handle(client) : NULL;
    if (handle == NULL) {
        end_call(call, HTTP_CALL_OVER_LIMIT, "no memory");
        return;
    }
    call->handle = handle;
    set_method(call);
    set_limits(call);
    curl_easy_setopt(handle, CURLOPT_URL, call->url.data);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L); // What is sent is what was signed.
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, call->header_list);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, call);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, call);
    list_remove(&call->link);
    client->waiting_count--;
    list_append(&client->running, &call->link);
    client->running_count++;
    call->state = CALL_RUNNING;
    if (curl_multi_add_handle(client->multi, handle) != CURLM_OK) {
        end_call(call, HTTP_CALL_OVER_LIMIT, "no memory");
    }
}

static void deliver(struct http_call *call)
{
    detach(call);
    call->state = CALL_DELIVERED;
    struct http_answer answer = {.outcome = call->outcome, .error = str_from_c(call->error)};
    if (call->outcome == HTTP_CALL_ANSWERED) {
        answer.error = STR("");
        answer.status = call->status;
        answer.headers = call->headers;
        answer.header_count = call->header_count;
        answer.body = buffer_str(&call->answer_body);
    }
    call->on_answer(call->context, &answer);
    free_call(call);
}

static void pump(struct net_deferred *deferred)
{
    struct http_client *client = CONTAINER_OF(deferred, struct http_client, pump);
    // Those that end meanwhile have their turn later, lest a callback that calls again and is
    // refused again hold the loop.
    for (size_t left = client->ended_count; left > 0 && !list_is_empty(&client->ended); left--)
        deliver(LIST_ITEM(client->ended.next, struct http_call, link));
    while (!list_is_empty(&client->waiting) && client->running_count < client->options.calls_max)
        start_call(LIST_ITEM(client->waiting.next, struct http_call, link));
}

// --- Requests -----------------------------------------------------------------------------------

static bool append_line(struct http_call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->header_list, line);
    if (longer == NULL) return false;
    call->header_list = longer;
    return true;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
    }
    return false;
}

// Headers in libcurl's form, where "Name;" is one without a value and "Name:" keeps libcurl from
// sending its own.
static bool copy_headers(struct http_call *call, const struct http_call_request *request)
{
    static const char *const unwanted[] = {"Expect", "Accept", "Content-Type"};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (str_equal_ignoring_case(header->name, STR("content-length"))) continue;
        if (header->name.size == 0 || has_control(header->name) || has_control(header->value)) {
            call->is_invalid = true;
            return true;
        }
        struct str line =
            header->value.size == 0
                ? arena_printf(&call->arena, "%" STR_FORMAT ";", STR_ARGS(header->name))
                : arena_printf(&call->arena, "%" STR_FORMAT ": %" STR_FORMAT,
                               STR_ARGS(header->name), STR_ARGS(header->value));
        if (line.size == 0 || !append_line(call, line.data)) return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(unwanted); i++) {
        struct str value;
        if (http_headers_find(request->headers, request->header_count, str_from_c(unwanted[i]),
                              &value)) {
            continue;
        }
        struct str line = arena_printf(&call->arena, "%s:", unwanted[i]);
        if (line.size == 0 || !append_line(call, line.data)) return false;
    }
    return true;
}

static bool copy_request(struct http_call *call, const struct http_call_request *request)
{
    struct str method = request->method;
    if (method.size == 0) method = request->body.size > 0 ? STR("POST") : STR("GET");
    if (!arena_copy_str(&call->arena, method, &call->method) ||
        !arena_copy_str(&call->arena, request->url, &call->url)) {
        return false;
    }
    if (has_control(method) || has_control(request->url)) call->is_invalid = true;
    buffer_append_str(&call->request_body, request->body);
    return !call->request_body.is_failed && copy_headers(call, request);
}

static uint32_t first_set(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

struct http_call *http_client_call(struct http_client *client,
                                   const struct http_call_request *request, http_call_fn on_answer,
                                   void *context)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (call == NULL) return NULL;
    size_t answer_size_max = request->answer_size_bytes_max;
    if (answer_size_max == 0) answer_size_max = client->options.answer_size_bytes_max;
    call->client = client;
    call->on_answer = on_answer;
    call->context = context;
    call->timeout_ms = first_set(request->timeout_ms, client->options.timeout_ms);
    call->connect_timeout_ms = first_set(request->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    call->must_omit_user_agent = request->must_omit_user_agent;
    arena_init(&call->arena, CALL_ARENA_SIZE_MAX);
    buffer_init(&call->request_body, SIZE_MAX);
    buffer_init(&call->answer_body, answer_size_max);
    net_timer_init(&call->timeout, time_out);
    list_init(&call->link);
    net_loop_busy_begin(client->loop);
    call->state = CALL_WAITING;
    if (!copy_request(call, request)) {
        free_call(call);
        return NULL;
    }
    list_append(&client->waiting, &call->link);
    client->waiting_count++;
    net_timer_arm_steady(client->loop, &call->timeout, call->timeout_ms);
    net_loop_defer(client->loop, &client->pump);
    if (client->waiting_count > client->options.queue_max) {
        end_call(call, HTTP_CALL_OVER_LIMIT, "too many calls are waiting");
    }
    return call;
}

void http_call_cancel(struct http_call *call)
{
    if (call->state == CALL_DELIVERED) return; // From within its own callback.
    detach(call);
    net_loop_defer(call->client->loop, &call->client->pump); // Another may start.
    free_call(call);
}

// --- Client -------------------------------------------------------------------------------------

enum status http_client_new(struct net_loop *loop, const struct http_client_options *options,
                            struct http_client **ret_client)
{
    struct http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) return STATUS_NO_MEMORY;
    struct http_client_options *set = &client->options;
    if (options != NULL) *set = *options;
    set->calls_max = first_set(set->calls_max, 256);
    set->queue_max = first_set(set->queue_max, 100000);
    set->idle_connections_max = first_set(set->idle_connections_max, 64);
    set->timeout_ms = first_set(set->timeout_ms, 60000);
    if (set->answer_size_bytes_max == 0) set->answer_size_bytes_max = MIB(16);
    client->loop = loop;
    list_init(&client->waiting);
    list_init(&client->running);
    list_init(&client->ended);
    net_timer_init(&client->timer, timer_fired);
    net_deferred_init(&client->pump, pump);
    *ret_client = client;
    return STATUS_OK;
}

size_t http_client_call_count(const struct http_client *client)
{
    return client->waiting_count + client->running_count + client->ended_count;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) return;
    struct list *lists[] = {&client->waiting, &client->running, &client->ended};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        LIST_EACH(link, lists[i])
        {
            http_call_cancel(LIST_ITEM(link, struct http_call, link));
        }
    }
    while (client->spare_handle_count > 0)
        curl_easy_cleanup(client->spare_handles[--client->spare_handle_count]);
    if (client->multi != NULL) curl_multi_cleanup(client->multi);
    net_timer_disarm(client->loop, &client->timer);
    net_deferred_cancel(&client->pump);
    free(client);
}
