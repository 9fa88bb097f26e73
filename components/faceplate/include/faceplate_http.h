/*
 * Faceplate over HTTP: the Update page's API, the files of the frontend and the recovery page, on an
 * esp_http_server of the firmware's, beside the firmware's own handlers.
 *
 * A request that is Faceplate's is taken from httpd's task at once and answered by a task of Faceplate's:
 * neither httpd's task nor another handler is ever held by an upload. Parser, guards, limits and documents
 * are those of every other device with Faceplate.
 *
 * Events: for each piece of a body that Faceplate reads, esp_http_server posts HTTP_SERVER_EVENT_ON_DATA to the
 * default event loop, with Faceplate's lock held. Up to ESP-IDF 5.3.x it waits without a limit while the
 * loop's queue is full, later for 2 s (CONFIG_HTTPD_SERVER_EVENT_POST_TIMEOUT). So no handler of the default
 * event loop may call a function of Faceplate's up to 5.3.x: each would wait for the other, for ever; later
 * it may take that long. Let it set a flag, or give a semaphore to a task that calls.
 *
 * Needs ESP-IDF 5.2.4, 5.3.2, or newer: what came before them goes on reading a request that was taken
 * over. faceplate_listen() needs none of that.
 */
#ifndef FACEPLATE_HTTP_H
#define FACEPLATE_HTTP_H

#include "esp_http_server.h"
#include "faceplate.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a request is about to do. */
typedef enum {
    FACEPLATE_ACCESS_READ = 0,   /*!< read: files, pages, the status */
    FACEPLATE_ACCESS_CHANGE = 1, /*!< change something else; nothing does so today */
    FACEPLATE_ACCESS_UPDATE = 2, /*!< upload a frontend, go back to the other one, or confirm the running one */
} faceplate_access_t;

/** Whether it may. */
typedef enum {
    FACEPLATE_ALLOW = 0,
    FACEPLATE_UNAUTHORIZED = 1, /*!< 401 with the challenge of the configuration: nobody is known by it yet */
    FACEPLATE_FORBIDDEN = 2,    /*!< 403: who asks is known, and may not */
} faceplate_verdict_t;

/** A request that is being judged; only until the hook returns. */
typedef struct faceplate_request faceplate_request_t;

/** What the firmware decides about HTTP. Begin with FACEPLATE_HTTP_CONFIG_DEFAULT(). All texts are copied. */
typedef struct {
    /** Name of the device on the network, without ".local"; requests may name it as their host. NULL:
     *  "faceplate". 1 to 63 letters, digits and '-'. */
    const char *name;
    /** The firmware's version, for the status; NULL: that of esp_app_get_description(). At most 64 bytes. */
    const char *firmware;
    /** Hosts that lead to the device besides its addresses and its name, as a browser shows them, such as
     *  "home.example" or "10.0.0.1:8443"; the last is NULL. NULL: none. */
    const char *const *hosts;
    /** Whether a request may do what it is about to; NULL: anybody may do anything. Asked once for each
     *  request of Faceplate's, before any of its body is read, and after a password that is needed for it. A
     *  hook as those of faceplate_config_t: it must return at once, and call nothing of faceplate.h. */
    faceplate_verdict_t (*authorize)(const faceplate_request_t *request, faceplate_access_t access, void *ctx);
    /** The challenge of FACEPLATE_UNAUTHORIZED; NULL: `Basic realm="faceplate"`, for which a browser asks
     *  for a name and a password. At most 100 bytes, ASCII. */
    const char *challenge;
    /** Given to the hook. */
    void *ctx;
} faceplate_http_config_t;

/** The name "faceplate", no further hosts, no login. */
#define FACEPLATE_HTTP_CONFIG_DEFAULT()                                                            \
    {                                                                                              \
        NULL, NULL, NULL, NULL, NULL, NULL                                                         \
    }

/**
 * Lets Faceplate answer what no handler of the firmware's does, on a server that runs: its own paths
 * (/api/ota/..., /recovery) and the files of the frontend. After faceplate_boot().
 *
 * It becomes the server's handler for HTTPD_404_NOT_FOUND: no URI handler is taken, and the order does not
 * matter. A firmware that has a handler for all paths registers faceplate_handler() for Faceplate's paths
 * before it, and faceplate_handler() as that handler.
 *
 * @param server of httpd_start(); may be one of several
 * @param config what the firmware decides; NULL: FACEPLATE_HTTP_CONFIG_DEFAULT(). Only the first that is
 *        given, here or to faceplate_listen(), counts
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG server is NULL, or a text of the configuration is none
 *         ESP_ERR_INVALID_STATE not booted, in a hook, or another task is in faceplate_stop() for this server:
 *         it can be registered again when that has returned
 *         ESP_ERR_NOT_SUPPORTED this ESP-IDF is too old
 *         ESP_ERR_NO_MEM
 */
esp_err_t faceplate_register(httpd_handle_t server, const faceplate_http_config_t *config);

/**
 * Hands a request to Faceplate: a handler for httpd_uri_t, for every method. Before faceplate_register()
 * for its server it answers 500.
 *
 * When all of CONFIG_FACEPLATE_REQUESTS are taken, or there is no memory, it answers 503. Whatever is
 * refused so, in httpd's own task, ends the connection, with its body unread: a client that is still sending may
 * see a reset instead of the answer.
 *
 * @return ESP_OK; another one closes the connection
 */
esp_err_t faceplate_handler(httpd_req_t *request);

/**
 * Whether a request to a handler of the firmware's own may go on, as far as the device's password goes
 * (docs/password.md): what such a handler begins with. Without CONFIG_FACEPLATE_PASSWORD, and where the
 * configuration has no password, every request may.
 *
 *     static esp_err_t set_lamp(httpd_req_t *request)
 *     {
 *         if (faceplate_check_password(request) != ESP_OK) {
 *             return ESP_FAIL;
 *         }
 *
 * A request changes something unless its method is GET or HEAD; one for a WebSocket does, too. With a
 * password, a change may go on if a session has signed it, or if it has the password itself (Basic). It must
 * name the device as its host then, and come from no page of another origin. What reads may go on as it is,
 * and needs the same with password_for_reading. The hook authorize is not asked.
 *
 * A signature is good for one call. It is for method, target and Content-Digest: a handler that wants to know
 * that the body is what was signed compares the body with that header, and takes none without.
 *
 * Where a request may not go on, it was answered as Faceplate answers its own: 401, 403, 415, 429
 * (docs/http-api.md); 500 before faceplate_register() or faceplate_listen(), 503 where there is no memory. For
 * up to a second what still comes of its body is read, so that the client sees the answer (and where nothing
 * comes, for the recv_wait_timeout of httpd, as in any handler that reads a body).
 *
 * Not in a hook. It may take as long as stretching a password does, and runs in a task of its own for so long, whose
 * stack (CONFIG_FACEPLATE_STACK_SIZE) is taken from the heap.
 *
 * @param request of httpd, of which nothing was answered yet; its server need not be registered
 * @return ESP_OK: the handler goes on
 *         ESP_FAIL: it was answered, and the handler returns that, which closes the connection
 *         ESP_ERR_INVALID_ARG request is NULL
 */
esp_err_t faceplate_check_password(httpd_req_t *request);

/**
 * Ends what Faceplate does on a server: to be called before httpd_stop(). What runs is given up, an upload
 * too, and its connections are closed. Waits for that, which httpd's task has to do, and for another task
 * that does the same. That takes up to 20 s where httpd has closed a connection by itself while a request of it
 * was answered (lru_purge_enable), see docs/esp-idf.md.
 *
 * @param server that was registered; others go on
 * @return ESP_OK also where it was not registered
 *         ESP_ERR_INVALID_ARG server is NULL
 *         ESP_ERR_INVALID_STATE in a hook, or in that server's own task, as in a handler. In a handler of another
 *         server it waits; two servers whose handlers stop each other wait for ever
 */
esp_err_t faceplate_stop(httpd_handle_t server);

/**
 * Closes a connection of a server: for httpd_config_t.close_fn, wherever lru_purge_enable is set.
 *
 * With lru_purge_enable httpd may close a connection while Faceplate answers on it, and tells so only after its
 * number is free. Another task that is given the number in between (a socket of the firmware's, a connection of
 * faceplate_listen()) then shares it with that answer for a moment: bytes go to, or are taken from, the wrong
 * one. That is unlikely, and httpd's handlers of HTTP_SERVER_EVENT_DISCONNECTED make the moment longer. This
 * function tells first and closes then. What it leaves is the moment between Faceplate's look whether the
 * connection is still there and the call to the network that follows.
 *
 * A firmware with a close_fn of its own calls this in it, instead of close(). In httpd's task.
 *
 * @param server the connection's; need not be registered
 * @param fd of the connection
 */
void faceplate_close_connection(httpd_handle_t server, int fd);

/**
 * Serves Faceplate on a port of its own as well, by the server that devices without ESP-IDF have: strict
 * with what esp_http_server lets pass, and with nothing of the firmware's on it. Takes a socket for the
 * port, one for each connection that is answered (at most two less than CONFIG_FACEPLATE_REQUESTS; one where
 * that is 1 or 2), and one for a connection that waits.
 *
 * @param port such as 8080; 0: any that is free
 * @param[out] bound the port; NULL: nobody wants to know
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG a text of the configuration is none
 *         ESP_ERR_INVALID_STATE not booted, in a hook, or it listens already
 *         ESP_FAIL the port cannot be had; ESP_ERR_NO_MEM
 */
esp_err_t faceplate_listen(uint16_t port, const faceplate_http_config_t *config, uint16_t *bound);

/**
 * Path of the request, decoded, UTF-8, without its query; begins with '/'. Of 1024 bytes at most.
 *
 * @param[out] path for len bytes, with the NUL
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG an argument is NULL
 *         ESP_ERR_INVALID_SIZE there is more of it than fits; path is cut off then
 */
esp_err_t faceplate_request_path(const faceplate_request_t *request, char *path, size_t len);

/**
 * A header of the request, such as "Authorization".
 *
 * @param[out] value for len bytes, with the NUL
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG an argument is NULL
 *         ESP_ERR_NOT_FOUND there is none, or it is no single one
 *         ESP_ERR_INVALID_SIZE there is more of it than fits; value is cut off then
 */
esp_err_t faceplate_request_header(const faceplate_request_t *request, const char *name, char *value,
                                   size_t len);

#ifdef __cplusplus
}
#endif

#endif
