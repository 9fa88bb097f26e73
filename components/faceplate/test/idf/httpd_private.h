/* What the files of the HTTP server's stand-in share.
 *
 * It is one task over sockets, as ESP-IDF's is, and does what that does where a component that answers
 * requests in a task of its own can tell: each such place says so. */
#pragma once

#include "esp_http_server.h"
#include "esp_idf_version.h"

#define IS_5 (ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(6, 0, 0))

/* The head is read in pieces of so many bytes; what is read too much waits in the session. */
#define PIECE 128

/* So many messages wait for the task at most, as datagrams do in lwIP. */
#define MESSAGES 6

typedef struct server server_t;

typedef struct {
    server_t *server;
    int fd;     /* -1: the place is free */
    bool taken; /* by an asynchronous request; accessed by several tasks */
    httpd_recv_func_t recv;
    httpd_send_func_t send;
    char pending[PIECE];
    size_t pending_at, pending_len;
    unsigned used; /* when, counted in requests */
    bool gives_way; /* it was chosen to be closed for another */
    void *transport;
    httpd_free_ctx_fn_t free_transport;
} session_t;

/* A header of the response. The texts are the caller's, and must live until it is sent. */
typedef struct {
    const char *field, *value;
} response_header_t;

/* `aux` of a request. */
typedef struct {
    session_t *session;
    char *head; /* lines of the head, each with a NUL at its end */
    size_t head_len;
    unsigned headers_in; /* how many lines of it are headers */
    size_t remaining; /* bytes of the body that nobody has read */
    const char *status, *type;
    response_header_t *headers;
    unsigned headers_len;
} aux_t;

struct server {
    httpd_config_t config;
    int listener;
    int control[2]; /* the task reads from the first */
    int queued;     /* messages that wait; accessed by several tasks */
    bool stopped;   /* accessed by several tasks */
    session_t *sessions;
    httpd_uri_t *handlers;
    unsigned handlers_len;
    httpd_err_handler_func_t on_error[HTTPD_ERR_CODE_MAX];
    unsigned requests;
};

/* Reads a head and has it answered. Not ESP_OK: the connection is to be closed. */
esp_err_t httpd_stand_in_request(server_t *server, session_t *session);

/* Finds who answers, and lets it do so. */
esp_err_t httpd_stand_in_answer(httpd_req_t *request);
/* What becomes of a request that has no handler, or is none. */
esp_err_t httpd_stand_in_error(httpd_req_t *request, httpd_err_code_t error);

/* Reads from a session; with `only_pending` no more than what waits, if something does. */
int httpd_stand_in_read(server_t *server, session_t *session, char *to, size_t len, bool only_pending);
/* Puts back what was read too much. */
void httpd_stand_in_unread(session_t *session, const char *bytes, size_t len);

/* Wakes the task from 6.0 on; waits where too many messages wait. */
void httpd_stand_in_wake(server_t *server);
