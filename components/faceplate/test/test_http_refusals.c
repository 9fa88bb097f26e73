/* What is refused in the server's own task ends the connection, whatever length a body is said to have: the
 * server has 32 bits of it, and hides what is behind a NUL. */
#include <string.h>

#include "server.h"

#define SMUGGLED "GET /mine HTTP/1.1\r\n\r\n"

static client_t s_client;
static response_t s_response;

typedef struct {
    const char *bytes;
    size_t len;
} bytes_t;

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Headers, with the end of the head. From LYING on the server does not tell handlers the length that it has. */
static const bytes_t s_lengths[] = {
    BYTES("\r\n"),
    BYTES("Content-Length: 22\r\n\r\n"),
    BYTES("Content-Length: 4294967318\r\n\r\n"),
    BYTES("Content-Length: 4294967295\r\n\r\n"),
    BYTES("Content-Length: 4294967296\r\n\r\n"),
    BYTES("X: a\0b\r\nContent-Length: 44\r\n\r\n"),
    BYTES("X: a\0b\r\nContent-Length: 4294967318\r\n\r\n"),
    BYTES("X: a\0b: c\r\nContent-Length: 4294967318\r\n\r\n"),
};

#define LYING 2
#define LENGTHS (sizeof(s_lengths) / sizeof(s_lengths[0]))

static void send_request(const char *line, bytes_t rest)
{
    char request[1000];
    size_t len = (size_t)snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n", line);
    memcpy(request + len, rest.bytes, rest.len);
    len += rest.len;
    for (int i = 0; i < 3; i++) {
        memcpy(request + len, SMUGGLED, sizeof(SMUGGLED) - 1);
        len += sizeof(SMUGGLED) - 1;
    }
    client_open(&s_client, g_port);
    client_send_bytes(&s_client, request, len);
}

/* What is answered to a request with these headers, and requests in its body: it alone, and the connection ends. */
static void check(const char *line, bytes_t rest, int status, const char *slug)
{
    int asked = server_asked();
    send_request(line, rest);
    client_read(&s_client, &s_response);
    CHECK(s_response.status == status);
    CHECK(strstr(s_response.body, slug) != NULL);
    CHECK(strstr(s_response.head, "\r\nConnection: close\r\n") != NULL);
    CHECK(client_is_closed(&s_client));
    client_close(&s_client);
    CHECK(server_asked() == asked);
}

static void all(const char *line, int status, const char *slug)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        check(line, s_lengths[i], status, slug);
    }
}

static esp_err_t over_tls(httpd_req_t *request)
{
    static char transport;
    httpd_sess_set_transport_ctx(request->handle, httpd_req_to_sockfd(request), &transport, NULL);
    return faceplate_handler(request);
}

static void refusals(void)
{
    static client_t held[CONFIG_FACEPLATE_REQUESTS];
    static const httpd_uri_t direct = {.uri = "/direct", .method = HTTP_ANY, .handler = faceplate_handler};
    static const httpd_uri_t tls = {.uri = "/tls", .method = HTTP_ANY, .handler = over_tls};
    static const bytes_t coded = BYTES("Transfer-Encoding: identity\r\nContent-Length: 4294967318\r\n\r\n");
    static const bytes_t chunked = BYTES("Transfer-Encoding: chunked\r\n\r\n");
    static const bytes_t hidden = BYTES("X: a\0b\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n");
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    server_start();
    CHECK_IS(httpd_register_uri_handler(g_server, &direct), ESP_OK);
    CHECK_IS(httpd_register_uri_handler(g_server, &tls), ESP_OK);
    all("POST /direct", 500, "/problems/no-answer");
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    all("POST /tls", 501, "/problems/no-tls");
    check("POST /nothing", coded, 411, "/problems/length-required");
    check("POST /nothing", chunked, 411, "/problems/length-required");
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        client_open(&held[i], g_port);
        client_send(&held[i], "POST /api/ota/confirm HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{");
    }
    /* They are taken over in turn. */
    CHECK(client_get(g_port, "/mine", &s_response) == 200);
    for (size_t i = 0; i < LYING; i++) {
        check("POST /nothing", s_lengths[i], 503, "/problems/no-place");
    }
    /* Chunks are not seen there. */
    check("POST /nothing", hidden, 503, "/problems/no-place");
    CHECK(strstr(s_response.head, "\r\nRetry-After: 1\r\n") != NULL);
    server_stop();
}

static void what_the_servers_task_refuses_ends_the_connection(void)
{
    board_with_first();
    CHECK(power(refusals) == 0);
}

/* A length that is not the one that httpd reads is refused by itself. */
static void lengths(void)
{
    server_start_with_faceplate(NULL);
    for (size_t i = LYING; i < LENGTHS; i++) {
        check("GET /version.txt", s_lengths[i], 400, "/problems/bad-request");
    }
    server_stop();
}

static void a_length_that_httpd_tells_wrong_or_not_is_refused(void)
{
    board_with_first();
    CHECK(power(lengths) == 0);
}

void test_http_refusals(void)
{
    run_test("what_the_servers_task_refuses_ends_the_connection", what_the_servers_task_refuses_ends_the_connection);
    run_test("a_length_that_httpd_tells_wrong_or_not_is_refused", a_length_that_httpd_tells_wrong_or_not_is_refused);
}
