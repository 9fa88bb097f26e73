/* The firmware of the tests of HTTP: a server with handlers of its own, and Faceplate beside them. */
#pragma once

#include "client.h"
#include "esp_http_server.h"
#include "faceplate_http.h"
#include "harness.h"

/* More connections than Faceplate answers requests at once. */
#define CONNECTIONS (CONFIG_FACEPLATE_REQUESTS + 3)

extern httpd_handle_t g_server;
extern uint16_t g_port;

/* Starts a server with the firmware's handlers: `/mine` answers "mine" to every method, without reading a body, and
 * `/locked` does so where Faceplate says that the device's password is known. */
void server_start(void);
/* The same with room for two connections: the one that was idle the longest gives way to a third. `close`: what
 * closes connections; NULL: the server. */
void server_start_small(httpd_close_func_t close);
/* The same on a device that has booted, with Faceplate. */
void server_start_with_faceplate(const faceplate_http_config_t *config);
void server_stop(void);

/* How often they answered so. */
int server_asked(void);
/* Whether the connection by which it was asked last waits for more bytes before it sends few (Nagle). */
bool server_waits_for_more(void);

/* Sends the head of an upload, with more headers. */
void send_upload_head(client_t *client, size_t len, const char *headers);
/* A whole upload on a connection of its own, confirmed by a client; its status. */
int upload_over_http(uint16_t port, image_t image, response_t *response);
/* Waits until the status says this. */
void wait_for_status(uint16_t port, const char *text);
/* Lets time pass until something comes, if only the end of the connection. */
void pass_until_it_comes(client_t *client);
/* Whether an upload runs. */
bool uploads(void);
