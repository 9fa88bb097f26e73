/* A client that sends exactly what it is told. Whatever goes wrong ends the boot, as CHECK does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int fd;
    size_t len; /* bytes that were read ahead */
    char bytes[70000];
} client_t;

/* An answer. */
typedef struct {
    int status;
    size_t len; /* of the body, which has a NUL behind it */
    char head[2048];
    char body[70000];
} response_t;

void client_open(client_t *client, uint16_t port);
void client_close(client_t *client);
void client_send(client_t *client, const char *text);
void client_send_bytes(client_t *client, const void *bytes, size_t len);
/* The same where the other side may be gone; false: it is. */
bool client_try_to_send(client_t *client, const void *bytes, size_t len);

/* Waits for an answer. */
void client_read(client_t *client, response_t *response);
/* Whether nothing more came, and nothing comes for `ms`. */
bool client_hears_nothing(client_t *client, int ms);
/* Waits for the end of the connection; false: something else came. */
bool client_is_closed(client_t *client);

/* A request without a body on a connection of its own; its status. */
int client_get(uint16_t port, const char *path, response_t *response);
