/*
 * The port of its own, and what all connections have in common.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "esp_log.h"
#include "faceplate_http_port.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

static const char *TAG = "faceplate";

/* Waits for connections; -1: nobody listens. */
static int s_listener = -1;

static int listener(void)
{
    return __atomic_load_n(&s_listener, __ATOMIC_SEQ_CST);
}

static bool listen_at(int fd, uint16_t port, uint16_t *bound)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof(address);
    const int yes = 1;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(port);
    /* The connections of before a restart are no reason to wait. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, CONFIG_FACEPLATE_REQUESTS) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return false;
    }
    if (bound != NULL) {
        *bound = ntohs(address.sin_port);
    }
    return true;
}

/* Waits for the next connection. */
static int next_connection(void)
{
    const int yes = 1;
    int fd = accept(listener(), NULL, NULL);
    if (fd < 0) {
        return -1;
    }
    int flags = fcntl(fd, F_GETFL, 0);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    /* Answers are put together before they are sent. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* The task that runs for ever. */
static void accept_all(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = next_connection();
        if (fd < 0) {
            /* Out of sockets, say: others will be closed. */
            vTaskDelay(pdMS_TO_TICKS(200));
            continue;
        }
        /* Who comes while all places are taken waits. */
        while (!faceplate_port_connected(fd)) {
            vTaskDelay(1);
        }
    }
}

esp_err_t faceplate_port_listen(uint16_t port, uint16_t *bound)
{
    int none = -1;
    if (listener() >= 0) {
        return ESP_ERR_INVALID_STATE;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || !listen_at(fd, port, bound)) {
        ESP_LOGE(TAG, "cannot listen at port %u: %s", port, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return ESP_FAIL;
    }
    if (!__atomic_compare_exchange_n(&s_listener, &none, fd, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        close(fd);
        return ESP_ERR_INVALID_STATE;
    }
    if (xTaskCreate(accept_all, "faceplate_listen", CONFIG_FACEPLATE_TASK_STACK_SIZE, NULL,
                    CONFIG_FACEPLATE_TASK_PRIORITY, NULL) != pdPASS) {
        __atomic_store_n(&s_listener, -1, __ATOMIC_SEQ_CST);
        close(fd);
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}

/* What the network says of a read or a write, in words of ours. */
static int came(ssize_t n)
{
    if (n >= 0) {
        return (int)n;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? FACEPLATE_PORT_WOULD_BLOCK
                                                                      : FACEPLATE_PORT_BROKEN;
}

int faceplate_port_http_recv(const faceplate_port_socket_t *socket, void *to, uint32_t len)
{
    if (!faceplate_port_http_is_there(socket)) {
        return FACEPLATE_PORT_BROKEN;
    }
    return came(recv(socket->fd, to, len, MSG_DONTWAIT));
}

/* More than 0: there are bytes behind the request. 0: the client has gone. */
int faceplate_port_http_peek(const faceplate_port_socket_t *socket)
{
    char byte;
    if (!faceplate_port_http_is_there(socket)) {
        return FACEPLATE_PORT_BROKEN;
    }
    return came(recv(socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
}

int faceplate_port_own_send(int fd, const void *from, uint32_t len)
{
    return came(send(fd, from, len, MSG_DONTWAIT));
}

void faceplate_port_http_wait(faceplate_port_socket_t *sockets, uint32_t count, uint32_t ms)
{
    fd_set readable, writable;
    int max = -1;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    for (uint32_t i = 0; i < count; i++) {
        faceplate_port_socket_t *one = &sockets[i];
        if (one->fd < 0 || one->wants == 0) {
            continue;
        }
        if (!faceplate_port_http_is_there(one)) {
            /* Its number may be another connection's. Whoever waits for it is told so when it tries. */
            one->can |= one->wants;
            one->wants = 0;
            ms = 0;
            continue;
        }
        if (one->wants & FACEPLATE_PORT_READ) {
            FD_SET(one->fd, &readable);
        }
        if (one->wants & FACEPLATE_PORT_WRITE) {
            FD_SET(one->fd, &writable);
        }
        max = one->fd > max ? one->fd : max;
    }
    if (max < 0) {
        vTaskDelay(ms > 0 ? pdMS_TO_TICKS(ms) + 1 : 0);
        return;
    }
    struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    int ready = select(max + 1, &readable, &writable, NULL, &timeout);
    bool broken = ready < 0 && errno != EINTR;
    if (ready <= 0 && !broken) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        faceplate_port_socket_t *one = &sockets[i];
        if (one->fd < 0) {
            continue;
        }
        /* Where one is broken each is tried, and says it. */
        if ((one->wants & FACEPLATE_PORT_READ) && (broken || FD_ISSET(one->fd, &readable))) {
            one->can |= FACEPLATE_PORT_READ;
        }
        if ((one->wants & FACEPLATE_PORT_WRITE) && (broken || FD_ISSET(one->fd, &writable))) {
            one->can |= FACEPLATE_PORT_WRITE;
        }
    }
}
