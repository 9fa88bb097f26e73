/*
 * What the library in Rust needs of esp_http_server and the network, in types of fixed size.
 */
#ifndef FACEPLATE_HTTP_PORT_H
#define FACEPLATE_HTTP_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "faceplate_http.h"

/** What a connection waits for. */
enum { FACEPLATE_PORT_READ = 1, FACEPLATE_PORT_WRITE = 2 };

/** What came of it, less than 0. */
enum { FACEPLATE_PORT_WOULD_BLOCK = -1, FACEPLATE_PORT_BROKEN = -2 };

/** What came of asking httpd to read nothing more; 0: it was not asked. */
enum {
    FACEPLATE_PORT_ASKED = 1,   /* it has not done it yet */
    FACEPLATE_PORT_CUTTING = 2, /* it is about to */
    FACEPLATE_PORT_CUT = 3,     /* it reads nothing more */
    FACEPLATE_PORT_GONE = 4,    /* it has closed the connection before, and the request can be given back */
};

/** A connection that is Faceplate's for now. */
typedef struct {
    void *request;     /* the httpd_req_t, if it came from httpd */
    int fd;            /* -1: there is none */
    uint32_t ended_ms; /* when httpd was first asked to read nothing more from it */
    uint16_t session;  /* of the connection, if it is httpd's */
    uint8_t wants;     /* what is waited for */
    uint8_t can;       /* what can be done without waiting */
    uint8_t cut;       /* whether httpd reads nothing more from it */
} faceplate_port_socket_t;

/* Of ESP-IDF, for the library: for its task of HTTP alone. */

esp_err_t faceplate_port_http_start(void (*task)(void *arg));
uint32_t faceplate_port_http_requests(void);
uint32_t faceplate_port_http_random(void);
const char *faceplate_port_http_chip(void);
const char *faceplate_port_http_firmware(void);
bool faceplate_port_http_next(bool wait, faceplate_port_socket_t *socket);
void faceplate_port_http_wait(faceplate_port_socket_t *sockets, uint32_t count, uint32_t ms);
const char *faceplate_port_http_method(const faceplate_port_socket_t *socket);
const char *faceplate_port_http_target(const faceplate_port_socket_t *socket);
uint32_t faceplate_port_http_body_len(const faceplate_port_socket_t *socket);
esp_err_t faceplate_port_http_header(void *request, const char *name, char *value, uint32_t len);
int faceplate_port_http_body(const faceplate_port_socket_t *socket, void *to, uint32_t len);
int faceplate_port_http_peek(const faceplate_port_socket_t *socket);
int faceplate_port_http_recv(const faceplate_port_socket_t *socket, void *to, uint32_t len);
int faceplate_port_http_send(const faceplate_port_socket_t *socket, const void *from, uint32_t len);
void faceplate_port_http_answer(void *request, const void *from, uint32_t len);
bool faceplate_port_http_is_there(const faceplate_port_socket_t *socket);
bool faceplate_port_http_is_wanted(const faceplate_port_socket_t *socket);
bool faceplate_port_http_cut(faceplate_port_socket_t *socket);
bool faceplate_port_http_give_back(faceplate_port_socket_t *socket);
void faceplate_port_http_close(faceplate_port_socket_t *socket);

/* Between the two files of it. */

esp_err_t faceplate_port_listen(uint16_t port, uint16_t *bound);
bool faceplate_port_connected(int fd);
int faceplate_port_own_send(int fd, const void *from, uint32_t len);

/* Of the library, for the C side. */

/** Starts HTTP, once, for a caller to whom the struct is so large. */
esp_err_t faceplate_http_start_sized(const faceplate_http_config_t *config, uint32_t config_size);

/** Whether a request, which a handler of the firmware's has, may go on as far as the password goes; there in a library
 *  with a password. ESP_FAIL: it was answered that it may not; another error: nobody has answered. */
esp_err_t faceplate_http_check_password(const faceplate_port_socket_t *socket);

#endif
