/*
 * Requests that come from esp_http_server, and go back to it.
 *
 * A request is taken out of httpd's task by httpd's own "async" functions. Until it is given back, httpd does
 * not look at that connection.
 */
#include "faceplate_http.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "esp_app_desc.h"
#include "esp_idf_version.h"
#include "esp_log.h"
#include "esp_random.h"
#include "faceplate_http_port.h"
#include "faceplate_port.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "sdkconfig.h"

static const char *TAG = "faceplate";

/* Before these, httpd goes on to read the body of a request that was taken over. */
#define CAN_TAKE_OVER                                                                              \
    (ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 3, 2) ||                                            \
     (ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 4) && ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 3, 0)))

/* How soon a server is asked again that has not done what it was asked for, and how late at last. */
#define ASK_AGAIN_MS     200
#define ASK_AGAIN_MAX_MS 5000

/* So long a request whose connection is gone waits for its place in httpd to be free. */
#define GIVE_BACK_AFTER_MS 15000

/* So long what comes of a request that was refused is read. */
#define THROW_AWAY_MS 1000

/* Servers at once: a firmware has one, or two. */
#define SERVERS 4

/* A server that was registered. */
typedef struct {
    httpd_handle_t handle; /* NULL: none */
    TaskHandle_t task;     /* its own, once a request came from it */
    bool stopped;          /* nothing more is taken from it */
    int active;            /* requests that were taken and not given back */
    bool asked;            /* to cut connections, and has not looked at it yet */
    int64_t again_ms;      /* when it is to be asked again; these two are for the task of HTTP alone */
    uint32_t wait_ms;      /* how long that was put off */
} server_t;

static server_t s_servers[SERVERS];

/* Somebody changes them. Never for long: nobody waits for a server meanwhile. */
static bool s_changing;

static void begin_change(void)
{
    while (__atomic_exchange_n(&s_changing, true, __ATOMIC_SEQ_CST)) {
        vTaskDelay(1);
    }
}

static void end_change(void)
{
    __atomic_store_n(&s_changing, false, __ATOMIC_SEQ_CST);
}

/* What is known of the connection with each number. */
typedef struct {
    uint16_t session; /* another one with each connection that ends */
    bool taken;       /* a request of it was taken over */
} connection_t;

static connection_t s_connections[FD_SETSIZE];

/* What waits for the task: a request, or a connection of the own port. */
typedef struct {
    httpd_req_t *request; /* NULL: none of httpd's */
    int fd;
    uint16_t session; /* of httpd's connection */
} waiting_t;

static QueueHandle_t s_queue;

/* Requests and connections that were taken and are not done with, waiting or not. */
static int s_taken;

/* Places for connections that may have to be cut. */
static faceplate_port_socket_t *s_places[CONFIG_FACEPLATE_REQUESTS];

/* Requests of connections that are gone, which are about to be given back. Nothing may be taken over until then:
 * giving one back marks the connection that has its place in httpd now as nobody's. */
static int s_giving_back;

/* Connections of the own port, which leave some places to httpd. */
static int s_own;
#define OWN_MAX (CONFIG_FACEPLATE_REQUESTS > 2 ? CONFIG_FACEPLATE_REQUESTS - 2 : 1)

/* False: there are as many as may be. */
static bool reserve(void)
{
    if (__atomic_add_fetch(&s_taken, 1, __ATOMIC_SEQ_CST) <= CONFIG_FACEPLATE_REQUESTS) {
        return true;
    }
    __atomic_sub_fetch(&s_taken, 1, __ATOMIC_SEQ_CST);
    return false;
}

static void release(void)
{
    __atomic_sub_fetch(&s_taken, 1, __ATOMIC_SEQ_CST);
}

static server_t *find(httpd_handle_t handle)
{
    for (int i = 0; i < SERVERS; i++) {
        if (__atomic_load_n(&s_servers[i].handle, __ATOMIC_SEQ_CST) == handle) {
            return &s_servers[i];
        }
    }
    return NULL;
}

/* False: there are too many. */
static bool add(httpd_handle_t handle)
{
    server_t *server = find(NULL);
    if (server != NULL) {
        __atomic_store_n(&server->handle, handle, __ATOMIC_SEQ_CST);
    }
    return server != NULL;
}

static bool is_stopped(const server_t *server)
{
    return __atomic_load_n(&server->stopped, __ATOMIC_SEQ_CST);
}

/* Counts a request in; NULL: nothing is taken from this server. */
static server_t *enter(httpd_handle_t handle)
{
    server_t *server = find(handle);
    if (server == NULL) {
        return NULL;
    }
    /* Counted first: who stops the server waits for what was counted before it looked. */
    __atomic_add_fetch(&server->active, 1, __ATOMIC_SEQ_CST);
    if (is_stopped(server) || __atomic_load_n(&server->handle, __ATOMIC_SEQ_CST) != handle) {
        __atomic_sub_fetch(&server->active, 1, __ATOMIC_SEQ_CST);
        return NULL;
    }
    __atomic_store_n(&server->task, xTaskGetCurrentTaskHandle(), __ATOMIC_SEQ_CST);
    return server;
}

static void leave(server_t *server)
{
    __atomic_sub_fetch(&server->active, 1, __ATOMIC_SEQ_CST);
}

/* Whether it has a body without a length: httpd says 0, and would take the body for the next request. */
static bool is_chunked(httpd_req_t *request)
{
    char first[2];
    /* Of several the first is told, and one may be empty: whatever is there counts. */
    return httpd_req_get_hdr_value_str(request, "Transfer-Encoding", first, sizeof(first)) != ESP_ERR_NOT_FOUND;
}

/* Whether its body has the length that httpd takes it for: that has lost what was above 32 bits, and is there
 * where a NUL hides the header from all others. What is behind the body for one of the two would be a request. */
static bool is_of_this_length(httpd_req_t *request)
{
    char told[24] = "0", taken[24];
    snprintf(taken, sizeof(taken), "%lu", (unsigned long)request->content_len);
    esp_err_t err = httpd_req_get_hdr_value_str(request, "Content-Length", told, sizeof(told));
    if (err != ESP_OK) {
        return err == ESP_ERR_NOT_FOUND && request->content_len == 0;
    }
    told[strcspn(told, " \t")] = '\0';
    const char *number = told + strspn(told, "0");
    return strcmp(*number != '\0' ? number : "0", taken) == 0;
}

/* A refusal of httpd's own task, as docs/http-api.md has them. */
typedef struct {
    const char *status;
    const char *slug;
    const char *title;
    const char *detail;
} refusal_t;

static const refusal_t NOT_REGISTERED = {"500 Internal Server Error", "no-answer", "The firmware has no answer",
                                         "this server was not registered"};
static const refusal_t OVER_TLS = {"501 Not Implemented", "no-tls", "Not over TLS",
                                   "ask by plain HTTP, or put a proxy in front"};
static const refusal_t WRONG_LENGTH = {"400 Bad Request", "bad-request", "This is not an HTTP request",
                                       "its length is hidden, or not what the server took it for"};
static const refusal_t NO_LENGTH = {"411 Length Required", "length-required", "The length is missing",
                                    "send Content-Length; chunks are not supported"};
static const refusal_t NO_PLACE = {"503 Service Unavailable", "no-place", "All places for requests are taken",
                                   "try again in a second"};

/* Refuses a request in httpd's own task, and has the connection closed: httpd would go on behind the body, and
 * what it takes for its length need not be that. It has 32 bits of it, none of it behind a NUL, and none of
 * chunks. */
static esp_err_t refuse(httpd_req_t *request, const refusal_t *refusal)
{
    char body[200], answer[480];
    snprintf(body, sizeof(body), "{\"type\":\"/problems/%s\",\"title\":\"%s\",\"status\":%.3s,\"detail\":\"%s\"}",
             refusal->slug, refusal->title, refusal->status, refusal->detail);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\n%sConnection: close\r\nContent-Length: %u\r\n\r\n%s",
             refusal->status, refusal == &NO_PLACE ? "Retry-After: 1\r\n" : "", (unsigned)strlen(body),
             request->method == HTTP_HEAD ? "" : body);
    /* In one piece: of several the network may still wait to send the last, which would be lost where the
     * connection is closed. */
    httpd_send(request, answer, strlen(answer));
    return ESP_FAIL;
}

/* Httpd has closed a connection. */
static void ended(void *arg)
{
    connection_t *connection = arg;
    __atomic_store_n(&connection->taken, false, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&connection->session, 1, __ATOMIC_SEQ_CST);
}

/* Has httpd tell when it closes this connection; false: what it would tell is taken, as by TLS.
 *
 * It closes one in the middle of a request that was taken over where it was idle before, was chosen to make
 * room for another (lru_purge_enable), and the request was quicker than that. The next connection may have
 * its number, and its place in httpd. */
static bool watch(const httpd_req_t *request, int fd)
{
    void *transport = httpd_sess_get_transport_ctx(request->handle, fd);
    if (transport == NULL) {
        httpd_sess_set_transport_ctx(request->handle, fd, &s_connections[fd], ended);
        return true;
    }
    return transport == &s_connections[fd];
}

/* Hands a request to the task. */
static esp_err_t take_over(httpd_req_t *request, int fd)
{
    if (__atomic_load_n(&s_giving_back, __ATOMIC_SEQ_CST) > 0 || !reserve()) {
        return ESP_ERR_NO_MEM;
    }
    connection_t *connection = &s_connections[fd];
    waiting_t waiting = {NULL, fd, __atomic_load_n(&connection->session, __ATOMIC_SEQ_CST)};
    esp_err_t err = httpd_req_async_handler_begin(request, &waiting.request);
    if (err != ESP_OK) {
        release();
        return err;
    }
    __atomic_store_n(&connection->taken, true, __ATOMIC_SEQ_CST);
    /* There is room for as many as may be taken. */
    xQueueSend(s_queue, &waiting, 0);
    return ESP_OK;
}

esp_err_t faceplate_handler(httpd_req_t *request)
{
    server_t *server = enter(request->handle);
    if (server == NULL) {
        ESP_LOGE(TAG, "faceplate_register() was not called for this server");
        return refuse(request, &NOT_REGISTERED);
    }
    int fd = httpd_req_to_sockfd(request);
    if (fd < 0 || fd >= FD_SETSIZE || !watch(request, fd)) {
        leave(server);
        ESP_LOGE(TAG, "a connection with a transport context of its own, as with TLS: Faceplate cannot answer on it");
        return refuse(request, &OVER_TLS);
    }
    if (is_chunked(request)) {
        leave(server);
        return refuse(request, &NO_LENGTH);
    }
    if (!is_of_this_length(request)) {
        leave(server);
        return refuse(request, &WRONG_LENGTH);
    }
    if (take_over(request, fd) != ESP_OK) {
        leave(server);
        return refuse(request, &NO_PLACE);
    }
    return ESP_OK;
}

#if CONFIG_FACEPLATE_PASSWORD
static const refusal_t NOT_STARTED = {"500 Internal Server Error", "no-answer", "The firmware has no answer",
                                      "the device's password cannot be asked for"};

/* Reads what the client still sends of a body, for a second: where a connection is closed with bytes that nobody
 * has read, the client may see a reset instead of the answer. */
static void throw_away(httpd_req_t *request)
{
    char bytes[128];
    int64_t until = faceplate_port_now_ms() + THROW_AWAY_MS;
    while (httpd_req_recv(request, bytes, sizeof(bytes)) > 0 && faceplate_port_now_ms() < until) {
    }
}
#endif

esp_err_t faceplate_check_password(httpd_req_t *request)
{
    if (request == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
#if CONFIG_FACEPLATE_PASSWORD
    const faceplate_port_socket_t socket = {.request = request, .fd = -1};
    esp_err_t err = faceplate_http_check_password(&socket);
    switch (err) {
    case ESP_OK:
        return ESP_OK;
    case ESP_FAIL:
        throw_away(request);
        return ESP_FAIL;
    case ESP_ERR_NO_MEM:
        return refuse(request, &NO_PLACE);
    default:
        ESP_LOGE(TAG, "the password cannot be asked for (%s): were faceplate_boot() and faceplate_register() called?",
                 faceplate_err_to_name(err));
        return refuse(request, &NOT_STARTED);
    }
#else
    return ESP_OK;
#endif
}

void faceplate_close_connection(httpd_handle_t server, int fd)
{
    if (fd >= 0 && fd < FD_SETSIZE && httpd_sess_get_transport_ctx(server, fd) == &s_connections[fd]) {
        /* Tells that it has ended, and does not again. */
        httpd_sess_set_transport_ctx(server, fd, NULL, NULL);
    }
    close(fd);
}

static esp_err_t not_found(httpd_req_t *request, httpd_err_code_t error)
{
    (void)error;
    return faceplate_handler(request);
}

static esp_err_t start(const faceplate_http_config_t *config)
{
    return faceplate_http_start_sized(config, sizeof(*config));
}

/* While others wait for their change. */
static esp_err_t register_now(httpd_handle_t handle, const faceplate_http_config_t *config)
{
    esp_err_t err = start(config);
    if (err != ESP_OK) {
        return err;
    }
    server_t *server = find(handle);
    if (server != NULL && is_stopped(server)) {
        /* Who waits for that may be httpd's own task, without which it would not end. */
        return ESP_ERR_INVALID_STATE;
    }
    if (server == NULL && !add(handle)) {
        return ESP_ERR_NO_MEM;
    }
    return httpd_register_err_handler(handle, HTTPD_404_NOT_FOUND, not_found);
}

esp_err_t faceplate_register(httpd_handle_t handle, const faceplate_http_config_t *config)
{
    if (handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!CAN_TAKE_OVER) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    if (!faceplate_port_may_wait()) {
        return ESP_ERR_INVALID_STATE;
    }
    begin_change();
    esp_err_t err = register_now(handle, config);
    end_change();
    return err;
}

/* Lets nothing more be taken from a server. NULL: there is nothing to wait for. */
static server_t *begin_stop(httpd_handle_t handle, bool *is_ours)
{
    begin_change();
    server_t *server = find(handle);
    if (server != NULL) {
        httpd_register_err_handler(handle, HTTPD_404_NOT_FOUND, NULL);
        *is_ours = !__atomic_exchange_n(&server->stopped, true, __ATOMIC_SEQ_CST);
    }
    end_change();
    return server;
}

static void end_stop(server_t *server)
{
    begin_change();
    __atomic_store_n(&server->task, NULL, __ATOMIC_SEQ_CST);
    /* In this order: between the two nothing can be taken. */
    __atomic_store_n(&server->handle, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&server->stopped, false, __ATOMIC_SEQ_CST);
    end_change();
}

static bool is_its_task(httpd_handle_t handle)
{
    const server_t *server = find(handle);
    return server != NULL && __atomic_load_n(&server->task, __ATOMIC_SEQ_CST) == xTaskGetCurrentTaskHandle();
}

esp_err_t faceplate_stop(httpd_handle_t handle)
{
    bool is_ours = false;
    if (handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    /* Either would wait for itself. */
    if (!faceplate_port_may_wait() || is_its_task(handle)) {
        return ESP_ERR_INVALID_STATE;
    }
    server_t *server = begin_stop(handle, &is_ours);
    if (server == NULL) {
        return ESP_OK;
    }
    if (!is_ours) {
        /* Another task does it. */
        while (__atomic_load_n(&server->handle, __ATOMIC_SEQ_CST) == handle && is_stopped(server)) {
            vTaskDelay(1);
        }
        return ESP_OK;
    }
    while (__atomic_load_n(&server->active, __ATOMIC_SEQ_CST) > 0) {
        vTaskDelay(1);
    }
    end_stop(server);
    return ESP_OK;
}

esp_err_t faceplate_listen(uint16_t port, const faceplate_http_config_t *config, uint16_t *bound)
{
    esp_err_t err = start(config);
    return err == ESP_OK ? faceplate_port_listen(port, bound) : err;
}

/* Of the task of HTTP */

esp_err_t faceplate_port_http_start(void (*task)(void *arg))
{
    if (s_queue == NULL) {
        s_queue = xQueueCreate(CONFIG_FACEPLATE_REQUESTS, sizeof(waiting_t));
    }
    if (s_queue == NULL) {
        return ESP_ERR_NO_MEM;
    }
    BaseType_t made = xTaskCreate(task, "faceplate_http", CONFIG_FACEPLATE_HTTP_STACK_SIZE, NULL,
                                  CONFIG_FACEPLATE_TASK_PRIORITY, NULL);
    return made == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}

uint32_t faceplate_port_http_requests(void)
{
    return CONFIG_FACEPLATE_REQUESTS;
}

uint32_t faceplate_port_http_random(void)
{
    return esp_random();
}

const char *faceplate_port_http_chip(void)
{
    return CONFIG_IDF_TARGET;
}

const char *faceplate_port_http_firmware(void)
{
    return esp_app_get_description()->version;
}

static void set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL, 0);
    fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* Answers are put together before they are sent: nothing has to wait for more. It stays so. */
static void set_no_delay(int fd)
{
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* A connection of the own port; false: there is no room for it now. */
bool faceplate_port_connected(int fd)
{
    waiting_t waiting = {NULL, fd, 0};
    if (__atomic_load_n(&s_own, __ATOMIC_SEQ_CST) >= OWN_MAX || !reserve()) {
        return false;
    }
    __atomic_add_fetch(&s_own, 1, __ATOMIC_SEQ_CST);
    xQueueSend(s_queue, &waiting, 0);
    return true;
}

void faceplate_port_http_close(faceplate_port_socket_t *socket)
{
    shutdown(socket->fd, SHUT_RDWR);
    close(socket->fd);
    socket->fd = -1;
    __atomic_sub_fetch(&s_own, 1, __ATOMIC_SEQ_CST);
    release();
}

/* So that a server's task finds it. */
static void remember(faceplate_port_socket_t *socket)
{
    int i = 0;
    for (; s_places[i] != NULL && s_places[i] != socket; i++) {
    }
    __atomic_store_n(&s_places[i], socket, __ATOMIC_SEQ_CST);
}

bool faceplate_port_http_next(bool wait, faceplate_port_socket_t *socket)
{
    waiting_t waiting;
    if (xQueueReceive(s_queue, &waiting, wait ? portMAX_DELAY : 0) != pdTRUE) {
        return false;
    }
    remember(socket);
    socket->request = waiting.request;
    socket->fd = waiting.fd;
    socket->session = waiting.session;
    __atomic_store_n(&socket->cut, 0, __ATOMIC_SEQ_CST);
    if (waiting.request != NULL && faceplate_port_http_is_there(socket)) {
        set_blocking(socket->fd, false);
        set_no_delay(socket->fd);
    }
    return true;
}

bool faceplate_port_http_is_there(const faceplate_port_socket_t *socket)
{
    return socket->request == NULL ||
           __atomic_load_n(&s_connections[socket->fd].session, __ATOMIC_SEQ_CST) == socket->session;
}

const char *faceplate_port_http_method(const faceplate_port_socket_t *socket)
{
    const httpd_req_t *request = socket->request;
    return http_method_str(request->method);
}

const char *faceplate_port_http_target(const faceplate_port_socket_t *socket)
{
    const httpd_req_t *request = socket->request;
    return request->uri;
}

uint32_t faceplate_port_http_body_len(const faceplate_port_socket_t *socket)
{
    const httpd_req_t *request = socket->request;
    return (uint32_t)request->content_len;
}

esp_err_t faceplate_port_http_header(void *request, const char *name, char *value, uint32_t len)
{
    switch (httpd_req_get_hdr_value_str(request, name, value, len)) {
    case ESP_OK:
        return ESP_OK;
    case ESP_ERR_HTTPD_RESULT_TRUNC:
        return ESP_ERR_INVALID_SIZE;
    default:
        return ESP_ERR_NOT_FOUND;
    }
}

/* What httpd says of a read or a write, in words of ours. */
static int came(int n)
{
    if (n >= 0) {
        return n;
    }
    return n == HTTPD_SOCK_ERR_TIMEOUT ? FACEPLATE_PORT_WOULD_BLOCK : FACEPLATE_PORT_BROKEN;
}

/* Bytes of the body, of which httpd may have read some already; 0: the client is gone. */
int faceplate_port_http_body(const faceplate_port_socket_t *socket, void *to, uint32_t len)
{
    if (!faceplate_port_http_is_there(socket)) {
        return FACEPLATE_PORT_BROKEN;
    }
    return came(httpd_req_recv(socket->request, to, len));
}

int faceplate_port_http_send(const faceplate_port_socket_t *socket, const void *from, uint32_t len)
{
    if (socket->request == NULL) {
        return faceplate_port_own_send(socket->fd, from, len);
    }
    if (!faceplate_port_http_is_there(socket)) {
        return FACEPLATE_PORT_BROKEN;
    }
    return came(httpd_send(socket->request, from, len));
}

/* To a request that a handler of the firmware's has, on whatever connection; who is gone does not hear it. */
void faceplate_port_http_answer(void *request, const void *from, uint32_t len)
{
    const char *at = from;
    for (int n; len > 0 && (n = httpd_send(request, at, len)) > 0; at += n) {
        len -= (uint32_t)n;
    }
}

/* False: the server that it came from is being stopped. */
bool faceplate_port_http_is_wanted(const faceplate_port_socket_t *socket)
{
    const httpd_req_t *request = socket->request;
    return request == NULL || !is_stopped(find(request->handle));
}

static int receive_nothing(httpd_handle_t handle, int fd, char *buf, size_t len, int flags)
{
    (void)handle, (void)fd, (void)buf, (void)len, (void)flags;
    return HTTPD_SOCK_ERR_FAIL;
}

/* Where httpd has closed the connection already: giving the request back marks the connection that has its
 * place now as nobody's, so that must not be one that somebody else has taken over. Of Faceplate's that is
 * known; of the firmware's own only while the place is free. */
static bool can_give_back(const faceplate_port_socket_t *socket)
{
    int fd = httpd_req_to_sockfd(socket->request);
    if (fd < 0) {
        return true;
    }
    if ((uint32_t)faceplate_port_now_ms() - socket->ended_ms < GIVE_BACK_AFTER_MS) {
        return false;
    }
    return fd >= FD_SETSIZE || !__atomic_load_n(&s_connections[fd].taken, __ATOMIC_SEQ_CST);
}

/* In the task of the server that this request came from: what has become of its connection. */
static uint8_t cut_now(const faceplate_port_socket_t *socket)
{
    httpd_req_t *request = socket->request;
    char ahead[64];
    if (faceplate_port_http_is_there(socket)) {
        httpd_sess_set_recv_override(request->handle, socket->fd, receive_nothing);
        /* What it has read ahead of the body it would take for a request still. */
        while (httpd_req_recv(request, ahead, sizeof(ahead)) > 0) {
        }
        shutdown(socket->fd, SHUT_RDWR);
        return FACEPLATE_PORT_CUT;
    }
    if (can_give_back(socket)) {
        /* As long as nothing is taken over, which happens in this task. */
        __atomic_add_fetch(&s_giving_back, 1, __ATOMIC_SEQ_CST);
        return FACEPLATE_PORT_GONE;
    }
    return FACEPLATE_PORT_ASKED;
}

/* In httpd's task: only there a session can be looked up while others come and go. More often than it was
 * asked for, it does nothing. */
static void cut_all(void *handle)
{
    server_t *server = find(handle);
    if (server != NULL) {
        /* First: what is to be cut from now on is asked for again. */
        __atomic_store_n(&server->asked, false, __ATOMIC_SEQ_CST);
    }
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        faceplate_port_socket_t *socket = __atomic_load_n(&s_places[i], __ATOMIC_SEQ_CST);
        uint8_t asked = FACEPLATE_PORT_ASKED;
        if (socket == NULL || !__atomic_compare_exchange_n(&socket->cut, &asked, FACEPLATE_PORT_CUTTING, false,
                                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            continue;
        }
        const httpd_req_t *request = socket->request;
        uint8_t done = request->handle == handle ? cut_now(socket) : FACEPLATE_PORT_ASKED;
        __atomic_store_n(&socket->cut, done, __ATOMIC_SEQ_CST);
    }
}

/* Asks a server to cut what is to be cut: once for all that is, and again later and later, for its messages are
 * the firmware's, too. Any may be lost, though httpd has taken it: it is a datagram, which lwIP drops where it has
 * no room or no memory for it. */
static void ask_to_cut(server_t *server, bool is_new)
{
    int64_t now = faceplate_port_now_ms();
    bool asked = __atomic_load_n(&server->asked, __ATOMIC_SEQ_CST);
    if (is_new && !asked) {
        server->wait_ms = ASK_AGAIN_MS;
    } else if (now < server->again_ms) {
        return;
    } else {
        server->wait_ms = server->wait_ms < ASK_AGAIN_MAX_MS / 4 ? server->wait_ms * 4 : ASK_AGAIN_MAX_MS;
    }
    server->again_ms = now + server->wait_ms;
    __atomic_store_n(&server->asked, true, __ATOMIC_SEQ_CST);
    if (httpd_queue_work(server->handle, cut_all, server->handle) != ESP_OK) {
        __atomic_store_n(&server->asked, false, __ATOMIC_SEQ_CST);
    }
}

/* Has httpd close the connection when it is given back: what is left of a body would be taken for a request.
 * False: it has not done it yet, and this is to be called again. */
bool faceplate_port_http_cut(faceplate_port_socket_t *socket)
{
    const httpd_req_t *request = socket->request;
    uint8_t cut = __atomic_load_n(&socket->cut, __ATOMIC_SEQ_CST);
    if (cut == FACEPLATE_PORT_CUT || cut == FACEPLATE_PORT_GONE) {
        return true;
    }
    if (cut == 0) {
        socket->ended_ms = (uint32_t)faceplate_port_now_ms();
        __atomic_store_n(&socket->cut, FACEPLATE_PORT_ASKED, __ATOMIC_SEQ_CST);
    }
    ask_to_cut(find(request->handle), cut == 0);
    return false;
}

#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(6, 0, 0)
static void do_nothing(void *arg)
{
    (void)arg;
}
#endif

/* False: httpd has closed the connection meanwhile, and has to be asked first, or again. */
bool faceplate_port_http_give_back(faceplate_port_socket_t *socket)
{
    httpd_req_t *request = socket->request;
    httpd_handle_t handle = request->handle;
    bool gone = __atomic_load_n(&socket->cut, __ATOMIC_SEQ_CST) == FACEPLATE_PORT_GONE;
    if (!gone && !faceplate_port_http_is_there(socket)) {
        __atomic_store_n(&socket->cut, 0, __ATOMIC_SEQ_CST);
        return false;
    }
    if (gone && !can_give_back(socket)) {
        /* Somebody has come into its place since httpd looked. */
        __atomic_sub_fetch(&s_giving_back, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&socket->cut, FACEPLATE_PORT_ASKED, __ATOMIC_SEQ_CST);
        return false;
    }
    if (!gone) {
        set_blocking(socket->fd, true);
        __atomic_store_n(&s_connections[socket->fd].taken, false, __ATOMIC_SEQ_CST);
    }
    socket->request = NULL;
    socket->fd = -1;
    /* Before it is given back: then the next request of this connection may come. */
    release();
    httpd_req_async_handler_complete(request);
    if (gone) {
        __atomic_sub_fetch(&s_giving_back, 1, __ATOMIC_SEQ_CST);
    }
#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(6, 0, 0)
    /* It waits for the connections that it had before. If this has no room, other work wakes it. */
    httpd_queue_work(handle, do_nothing, NULL);
#endif
    leave(find(handle));
    return true;
}
