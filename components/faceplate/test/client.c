/* The client of the tests. */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "harness.h"

/* Longer than anything here takes, so that no test waits for ever. */
#define PATIENCE_MS 10000

void client_open(client_t *client, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1;
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    /* Each piece is sent when it is told to be. */
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    client->len = 0;
    CHECK(connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0);
}

void client_close(client_t *client)
{
    close(client->fd);
}

bool client_try_to_send(client_t *client, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        ssize_t n = send(client->fd, at, len, MSG_NOSIGNAL);
        if (n < 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

void client_send_bytes(client_t *client, const void *bytes, size_t len)
{
    CHECK(client_try_to_send(client, bytes, len));
}

void client_send(client_t *client, const char *text)
{
    client_send_bytes(client, text, strlen(text));
}

static bool comes(client_t *client, int ms)
{
    struct pollfd wanted = {.fd = client->fd, .events = POLLIN};
    return poll(&wanted, 1, ms) > 0;
}

/* Reads on; false: the connection has ended. */
static bool more(client_t *client)
{
    CHECK(client->len < sizeof(client->bytes) - 1);
    CHECK(comes(client, PATIENCE_MS));
    ssize_t n = recv(client->fd, client->bytes + client->len, sizeof(client->bytes) - 1 - client->len, 0);
    CHECK(n >= 0 || errno == ECONNRESET);
    client->len += n > 0 ? (size_t)n : 0;
    client->bytes[client->len] = '\0';
    return n > 0;
}

/* Takes what was read. */
static void take(client_t *client, size_t len, char *to)
{
    memcpy(to, client->bytes, len);
    to[len] = '\0';
    client->len -= len;
    memmove(client->bytes, client->bytes + len, client->len + 1);
}

/* Waits until so much was read, and takes it. */
static void wait_for(client_t *client, size_t len, char *to)
{
    while (client->len < len) {
        CHECK(more(client));
    }
    take(client, len, to);
}

/* Waits for a line, and takes it with its end. */
static size_t line(client_t *client, const char *ending, char *to, size_t room)
{
    const char *end;
    while (client->len == 0 || (end = strstr(client->bytes, ending)) == NULL) {
        CHECK(more(client));
    }
    size_t len = (size_t)(end - client->bytes) + strlen(ending);
    CHECK(len < room);
    take(client, len, to);
    return len;
}

void client_read(client_t *client, response_t *response)
{
    char size[32];
    line(client, "\r\n\r\n", response->head, sizeof(response->head));
    CHECK(sscanf(response->head, "HTTP/1.1 %d ", &response->status) == 1);
    response->len = 0;
    /* Nothing comes behind these heads. */
    if (response->status < 200 || response->status == 204) {
        return;
    }
    const char *length = strcasestr(response->head, "\r\nContent-Length: ");
    if (length != NULL) {
        response->len = strtoul(strchr(length, ':') + 1, NULL, 10);
        CHECK(response->len < sizeof(response->body));
        wait_for(client, response->len, response->body);
        return;
    }
    CHECK(strcasestr(response->head, "\r\nTransfer-Encoding: chunked\r\n") != NULL);
    for (size_t chunk = 1; chunk > 0; response->len += chunk) {
        line(client, "\r\n", size, sizeof(size));
        chunk = strtoul(size, NULL, 16);
        CHECK(response->len + chunk < sizeof(response->body));
        wait_for(client, chunk, response->body + response->len);
        CHECK(line(client, "\r\n", size, sizeof(size)) == 2);
    }
}

bool client_hears_nothing(client_t *client, int ms)
{
    return client->len == 0 && !comes(client, ms);
}

bool client_is_closed(client_t *client)
{
    return client->len == 0 && !more(client);
}

int client_get(uint16_t port, const char *path, response_t *response)
{
    static client_t client;
    char request[256];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    client_open(&client, port);
    client_send(&client, request);
    client_read(&client, response);
    client_close(&client);
    return response->status;
}
