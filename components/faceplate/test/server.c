/* The firmware of the tests of HTTP. */
#include "server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

httpd_handle_t g_server;
uint16_t g_port;

static int s_asked;
static int s_waits_for_more;

/* The firmware's handlers block in reading and writing, as they do without Faceplate. */
static esp_err_t mine(httpd_req_t *request)
{
    int fd = httpd_req_to_sockfd(request), no_delay = 0;
    socklen_t len = sizeof(no_delay);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len) == 0);
    __atomic_store_n(&s_waits_for_more, !no_delay, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&s_asked, 1, __ATOMIC_SEQ_CST);
    return httpd_resp_sendstr(request, "mine");
}

/* The same for who knows the device's password. */
static esp_err_t locked(httpd_req_t *request)
{
    if (faceplate_check_password(request) != ESP_OK) {
        return ESP_FAIL;
    }
    return mine(request);
}

static void start(uint16_t connections, bool purges, httpd_close_func_t close)
{
    static const httpd_uri_t handlers[] = {
        {.uri = "/mine", .method = HTTP_ANY, .handler = mine},
        {.uri = "/locked", .method = HTTP_ANY, .handler = locked},
    };
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    /* lwIP tells of a client that has gone by the result alone. */
    signal(SIGPIPE, SIG_IGN);
    config.stack_size = 65536;
    config.recv_wait_timeout = 1;
    config.max_open_sockets = connections;
    config.lru_purge_enable = purges;
    config.close_fn = close;
    CHECK_IS(httpd_start(&g_server, &config), ESP_OK);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        CHECK_IS(httpd_register_uri_handler(g_server, &handlers[i]), ESP_OK);
    }
    g_port = httpd_stand_in_port(g_server);
}

void server_start(void)
{
    start(CONNECTIONS, false, NULL);
}

void server_start_small(httpd_close_func_t close)
{
    start(2, true, close);
}

void server_start_with_faceplate(const faceplate_http_config_t *config)
{
    /* Faceplate waits for a millisecond now and then. */
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    server_start();
    CHECK_IS(faceplate_register(g_server, config), ESP_OK);
}

void server_stop(void)
{
    CHECK_IS(faceplate_stop(g_server), ESP_OK);
    CHECK_IS(httpd_stop(g_server), ESP_OK);
}

bool server_waits_for_more(void)
{
    return __atomic_load_n(&s_waits_for_more, __ATOMIC_SEQ_CST);
}

int server_asked(void)
{
    return __atomic_load_n(&s_asked, __ATOMIC_SEQ_CST);
}

void send_upload_head(client_t *client, size_t len, const char *headers)
{
    char head[512];
    int n = snprintf(head, sizeof(head),
                     "POST /api/ota/frontend?confirm=client&within=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n%s\r\n",
                     len, headers);
    client_send_bytes(client, head, (size_t)n);
}

int upload_over_http(uint16_t port, image_t image, response_t *response)
{
    static client_t client;
    client_open(&client, port);
    send_upload_head(&client, image.len, "");
    client_try_to_send(&client, image.bytes, image.len);
    client_read(&client, response);
    client_close(&client);
    return response->status;
}

void wait_for_status(uint16_t port, const char *text)
{
    static response_t response;
    for (int i = 0; i < 1000; i++) {
        CHECK(client_get(port, "/api/ota/status", &response) == 200);
        if (strstr(response.body, text) != NULL) {
            return;
        }
        usleep(5000);
    }
    fprintf(stderr, "no %s in %s\n", text, response.body);
    _exit(1);
}

void pass_until_it_comes(client_t *client)
{
    for (int i = 0; client_hears_nothing(client, 5); i++) {
        CHECK(i < 1000);
        pass_ms(500);
    }
}

bool uploads(void)
{
    static faceplate_status_t status;
    CHECK_IS(faceplate_get_status(&status), ESP_OK);
    return status.upload != FACEPLATE_UPLOAD_NONE;
}
