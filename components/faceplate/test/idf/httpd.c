/* The task of the HTTP server: connections, messages to it, and who answers. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "freertos/task.h"
#include "httpd_private.h"

/* A message without work ends the task, or only wakes it. */
typedef struct {
    httpd_work_fn_t work;
    void *arg;
    bool stop;
} message_t;

void (*httpd_stand_in_on_close)(void);
uint32_t httpd_stand_in_lose;

static void free_transport(session_t *session)
{
    if (session->transport != NULL && session->free_transport != NULL) {
        session->free_transport(session->transport);
    }
    session->transport = NULL;
}

static void close_session(server_t *server, session_t *session)
{
    if (server->config.close_fn != NULL) {
        server->config.close_fn(server, session->fd);
    } else {
        close(session->fd);
    }
    /* From here on another task may be given the socket's number. ESP-IDF's posts an event first. */
    if (httpd_stand_in_on_close != NULL) {
        httpd_stand_in_on_close();
    }
    free_transport(session);
    session->fd = -1;
}

static session_t *find(server_t *server, int fd)
{
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        if (server->sessions[i].fd == fd) {
            return &server->sessions[i];
        }
    }
    return NULL;
}

static bool is_taken(const session_t *session)
{
    return __atomic_load_n(&session->taken, __ATOMIC_SEQ_CST);
}

static int moved(ssize_t n)
{
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? HTTPD_SOCK_ERR_TIMEOUT : HTTPD_SOCK_ERR_FAIL;
    }
    return (int)n;
}

static int receive(httpd_handle_t server, int fd, char *buf, size_t len, int flags)
{
    (void)server;
    return moved(recv(fd, buf, len, flags));
}

static int transmit(httpd_handle_t server, int fd, const char *buf, size_t len, int flags)
{
    (void)server;
    return moved(send(fd, buf, len, flags));
}

/* Of a connection that was to give way, whatever has become of it since: as ESP-IDF's, this closes one that
 * was taken meanwhile, too. */
static void give_way(void *arg)
{
    session_t *session = arg;
    if (session->fd != -1 && session->gives_way) {
        close_session(session->server, session);
    }
}

/* The connection that was idle the longest is to give way to a new one, unless it is taken. */
static void purge(server_t *server)
{
    session_t *oldest = NULL;
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        session_t *session = &server->sessions[i];
        if (!is_taken(session) && (oldest == NULL || session->used < oldest->used)) {
            oldest = session;
        }
    }
    if (oldest != NULL) {
        oldest->gives_way = true;
        httpd_queue_work(server, give_way, oldest);
    }
}

static void accept_one(server_t *server)
{
    if (find(server, -1) == NULL) {
        purge(server);
        return;
    }
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    struct timeval receive_limit = {.tv_sec = server->config.recv_wait_timeout};
    struct timeval send_limit = {.tv_sec = server->config.send_wait_timeout};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive_limit, sizeof(receive_limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof(send_limit));
    session_t *session = find(server, -1);
    memset(session, 0, sizeof(*session));
    session->server = server;
    /* One that is new is not the one that was idle the longest. */
    session->used = server->requests;
    session->recv = receive;
    session->send = transmit;
    session->fd = fd;
}

/* One message. False: the task is to end. */
static bool message(server_t *server)
{
    message_t next;
    if (recv(server->control[0], &next, sizeof(next), 0) != sizeof(next)) {
        abort();
    }
    /* From 6 on there is room for another only when this was done. */
    if (IS_5) {
        __atomic_fetch_sub(&server->queued, 1, __ATOMIC_SEQ_CST);
    }
    if (next.work != NULL) {
        next.work(next.arg);
    }
    if (!IS_5) {
        __atomic_fetch_sub(&server->queued, 1, __ATOMIC_SEQ_CST);
    }
    return !next.stop;
}

static bool turn(server_t *server)
{
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(server->control[0], &readable);
    int last = server->control[0];
    if (server->config.lru_purge_enable || find(server, -1) != NULL) {
        FD_SET(server->listener, &readable);
        last = server->listener > last ? server->listener : last;
    }
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        const session_t *session = &server->sessions[i];
        if (session->fd != -1 && !is_taken(session)) {
            FD_SET(session->fd, &readable);
            last = session->fd > last ? session->fd : last;
        }
    }
    /* What is pending does not keep it from waiting: as with ESP-IDF's, a request that was read together
     * with the one before it is answered when something else happens. */
    if (select(last + 1, &readable, NULL, NULL, NULL) < 0) {
        abort();
    }
    if (FD_ISSET(server->control[0], &readable) && !message(server)) {
        return false;
    }
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        session_t *session = &server->sessions[i];
        if (session->fd == -1 || is_taken(session) ||
            (!FD_ISSET(session->fd, &readable) && session->pending_len == 0)) {
            continue;
        }
        if (httpd_stand_in_request(server, session) == ESP_OK) {
            session->used = ++server->requests;
        } else {
            close_session(server, session);
        }
    }
    if (FD_ISSET(server->listener, &readable)) {
        accept_one(server);
    }
    return true;
}

static void run(void *arg)
{
    server_t *server = arg;
    while (turn(server)) {
    }
    /* Those that are taken, too: who has them finds nothing there any more. */
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        if (server->sessions[i].fd != -1) {
            close_session(server, &server->sessions[i]);
        }
    }
    close(server->listener);
    __atomic_store_n(&server->stopped, true, __ATOMIC_SEQ_CST);
    vTaskDelete(NULL);
}

static int listen_at(uint16_t port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, backlog) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

uint16_t httpd_stand_in_port(httpd_handle_t handle)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    if (getsockname(((server_t *)handle)->listener, (struct sockaddr *)&address, &len) != 0) {
        abort();
    }
    return ntohs(address.sin_port);
}

static void free_server(server_t *server)
{
    free(server->sessions);
    free(server->handlers);
    free(server);
}

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config)
{
    server_t *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return ESP_ERR_HTTPD_ALLOC_MEM;
    }
    server->config = *config;
    server->sessions = calloc(config->max_open_sockets, sizeof(*server->sessions));
    server->handlers = calloc(config->max_uri_handlers, sizeof(*server->handlers));
    if (server->sessions == NULL || server->handlers == NULL) {
        free_server(server);
        return ESP_ERR_HTTPD_ALLOC_MEM;
    }
    for (unsigned i = 0; i < config->max_open_sockets; i++) {
        server->sessions[i].fd = -1;
    }
    server->listener = listen_at(config->server_port, config->backlog_conn);
    if (server->listener < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, server->control) != 0) {
        free_server(server);
        return ESP_FAIL;
    }
    *handle = server;
    return xTaskCreate(run, "httpd", config->stack_size, server, config->task_priority, NULL) == pdPASS
               ? ESP_OK
               : ESP_ERR_HTTPD_TASK;
}

/* One more message waits; false: too many do. */
static bool reserve(server_t *server)
{
    int waiting = __atomic_load_n(&server->queued, __ATOMIC_SEQ_CST);
    while (waiting < MESSAGES) {
        if (__atomic_compare_exchange_n(&server->queued, &waiting, waiting + 1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return false;
}

static void post(server_t *server, message_t message)
{
    if (send(server->control[1], &message, sizeof(message), 0) != sizeof(message)) {
        abort();
    }
}

static void post_waiting(server_t *server, message_t message)
{
    while (!reserve(server)) {
        usleep(200);
    }
    post(server, message);
}

/* In the task itself this waits for ever where too many messages wait, as with ESP-IDF's. */
void httpd_stand_in_wake(server_t *server)
{
    if (!IS_5) {
        post_waiting(server, (message_t){0});
    }
}

esp_err_t httpd_queue_work(httpd_handle_t handle, httpd_work_fn_t work, void *arg)
{
    server_t *server = handle;
    /* As lwIP does where it has no memory for a datagram. */
    if (__atomic_load_n(&httpd_stand_in_lose, __ATOMIC_SEQ_CST) > 0) {
        __atomic_fetch_sub(&httpd_stand_in_lose, 1, __ATOMIC_SEQ_CST);
        return ESP_OK;
    }
    if (reserve(server)) {
        post(server, (message_t){.work = work, .arg = arg});
        return ESP_OK;
    }
    /* lwIP drops a datagram that nobody has room for, which ESP-IDF notices from 5.5.5 and 6.1 on. */
    return IS_5 ? ESP_OK : ESP_FAIL;
}

esp_err_t httpd_stop(httpd_handle_t handle)
{
    server_t *server = handle;
    post_waiting(server, (message_t){.stop = true});
    while (!__atomic_load_n(&server->stopped, __ATOMIC_SEQ_CST)) {
        usleep(1000);
    }
    close(server->control[0]);
    close(server->control[1]);
    free_server(server);
    return ESP_OK;
}

/* Who answers */

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler)
{
    server_t *server = handle;
    if (server->handlers_len == server->config.max_uri_handlers) {
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    }
    server->handlers[server->handlers_len++] = *uri_handler;
    return ESP_OK;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler_fn)
{
    static int s_inside;
    /* Nothing in ESP-IDF's is for two at once. */
    if (__atomic_add_fetch(&s_inside, 1, __ATOMIC_SEQ_CST) != 1) {
        fprintf(stderr, "two tasks change one server\n");
        abort();
    }
    usleep(20);
    /* The task may be running, and look at it. */
    __atomic_store_n(&((server_t *)handle)->on_error[error], handler_fn, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&s_inside, 1, __ATOMIC_SEQ_CST);
    return ESP_OK;
}

/* Only with an asterisk at the end, of all that it can. */
bool httpd_uri_match_wildcard(const char *uri_template, const char *uri_to_match, size_t match_upto)
{
    size_t len = strlen(uri_template);
    if (len > 0 && uri_template[len - 1] == '*') {
        return match_upto >= len - 1 && strncmp(uri_template, uri_to_match, len - 1) == 0;
    }
    return match_upto == len && strncmp(uri_template, uri_to_match, len) == 0;
}

static bool is_same(const char *uri, const char *path, size_t len)
{
    return strlen(uri) == len && strncmp(uri, path, len) == 0;
}

esp_err_t httpd_stand_in_answer(httpd_req_t *request)
{
    server_t *server = request->handle;
    httpd_uri_match_func_t match = server->config.uri_match_fn;
    httpd_err_code_t error = HTTPD_404_NOT_FOUND;
    size_t len = strcspn(request->uri, "?#");
    for (unsigned i = 0; i < server->handlers_len; i++) {
        const httpd_uri_t *handler = &server->handlers[i];
        if (!(match != NULL ? match : is_same)(handler->uri, request->uri, len)) {
            continue;
        }
        if ((int)handler->method == request->method || (int)handler->method == HTTP_ANY) {
            request->user_ctx = handler->user_ctx;
            return handler->handler(request);
        }
        error = HTTPD_405_METHOD_NOT_ALLOWED;
    }
    return httpd_stand_in_error(request, error);
}

esp_err_t httpd_stand_in_error(httpd_req_t *request, httpd_err_code_t error)
{
    const server_t *server = request->handle;
    httpd_err_handler_func_t on_error = __atomic_load_n(&server->on_error[error], __ATOMIC_SEQ_CST);
    if (on_error != NULL) {
        esp_err_t kept = on_error(request, error);
        return error == HTTPD_500_INTERNAL_SERVER_ERROR ? ESP_FAIL : kept;
    }
    httpd_resp_send_err(request, error, NULL);
    return ESP_FAIL;
}

/* Sessions */

esp_err_t httpd_sess_set_recv_override(httpd_handle_t hd, int sockfd, httpd_recv_func_t recv_func)
{
    session_t *session = find(hd, sockfd);
    if (session == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    session->recv = recv_func;
    return ESP_OK;
}

esp_err_t httpd_sess_set_send_override(httpd_handle_t hd, int sockfd, httpd_send_func_t send_func)
{
    session_t *session = find(hd, sockfd);
    if (session == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    session->send = send_func;
    return ESP_OK;
}

void *httpd_sess_get_transport_ctx(httpd_handle_t handle, int sockfd)
{
    const session_t *session = find(handle, sockfd);
    return session != NULL ? session->transport : NULL;
}

void httpd_sess_set_transport_ctx(httpd_handle_t handle, int sockfd, void *ctx, httpd_free_ctx_fn_t free_fn)
{
    session_t *session = find(handle, sockfd);
    if (session != NULL) {
        if (session->transport != ctx) {
            free_transport(session);
        }
        session->transport = ctx;
        session->free_transport = free_fn;
    }
}
