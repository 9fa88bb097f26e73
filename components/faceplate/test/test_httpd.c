/* The stand-in for esp_http_server does what ESP-IDF's does where it matters: else the tests of Faceplate
 * over it would show nothing. No Faceplate is in these. */
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "client.h"
#include "esp_http_server.h"
#include "esp_idf_version.h"
#include "harness.h"

#define IS_5 (ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(6, 0, 0))

static httpd_handle_t s_server;
static uint16_t s_port;
static client_t s_one, s_two;
static response_t s_response;

/* A request that the handler took out of the server's task, and how often that happened. */
static httpd_req_t *s_taken;
static sem_t s_took;
static int s_calls;

static esp_err_t echo(httpd_req_t *request)
{
    char host[100] = "", body[100] = "", text[300];
    int len = httpd_req_recv(request, body, sizeof(body) - 1);
    httpd_req_get_hdr_value_str(request, "Host", host, sizeof(host));
    __atomic_fetch_add(&s_calls, 1, __ATOMIC_SEQ_CST);
    snprintf(text, sizeof(text), "%s %s %d %s", http_method_str(request->method), host, len, body);
    return httpd_resp_sendstr(request, text);
}

static esp_err_t take_over(httpd_req_t *request)
{
    esp_err_t err = httpd_req_async_handler_begin(request, &s_taken);
    sem_post(&s_took);
    return err;
}

static esp_err_t not_found(httpd_req_t *request, httpd_err_code_t error)
{
    CHECK(error == HTTPD_404_NOT_FOUND);
    return httpd_resp_sendstr(request, "somewhere else");
}

static void start(bool purges)
{
    static const httpd_uri_t handlers[] = {
        {.uri = "/echo", .method = HTTP_ANY, .handler = echo},
        {.uri = "/get/*", .method = HTTP_GET, .handler = echo},
        {.uri = "/taken", .method = HTTP_ANY, .handler = take_over},
    };
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    signal(SIGPIPE, SIG_IGN);
    sem_init(&s_took, 0, 0);
    config.stack_size = 65536;
    config.recv_wait_timeout = 1;
    config.max_open_sockets = 2;
    config.max_uri_len = 512;
    config.max_req_hdr_len = 1024;
    config.lru_purge_enable = purges;
    config.uri_match_fn = httpd_uri_match_wildcard;
    CHECK_IS(httpd_start(&s_server, &config), ESP_OK);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        CHECK_IS(httpd_register_uri_handler(s_server, &handlers[i]), ESP_OK);
    }
    s_port = httpd_stand_in_port(s_server);
    client_open(&s_one, s_port);
}

static void stop(void)
{
    client_close(&s_one);
    CHECK_IS(httpd_stop(s_server), ESP_OK);
}

static void expect(client_t *client, int status, const char *body)
{
    client_read(client, &s_response);
    CHECK(s_response.status == status);
    CHECK(body == NULL || strcmp(s_response.body, body) == 0);
}

static void routes(void)
{
    start(false);
    CHECK(client_get(s_port, "/echo?query", &s_response) == 200);
    CHECK(client_get(s_port, "/get/anything", &s_response) == 200);
    CHECK(client_get(s_port, "/echo/more", &s_response) == 404);
    client_send(&s_one, "POST /get/it HTTP/1.1\r\n\r\n");
    expect(&s_one, 405, NULL);
    CHECK(client_is_closed(&s_one));
    CHECK_IS(httpd_register_err_handler(s_server, HTTPD_404_NOT_FOUND, not_found), ESP_OK);
    CHECK(client_get(s_port, "/echo/more", &s_response) == 200);
    stop();
}

static void heads(void)
{
    static const char hides[] = "GET /echo HTTP/1.1\r\nX: a\0b\r\nHost: h\r\n\r\n";
    static const char hides_last[] = "GET /echo HTTP/1.1\r\nX: a\0b: c\r\nHost: h\r\n\r\n";
    static char line[1100];
    start(false);
    client_send(&s_one, "GET /echo HTTP/1.1\nhost: first\nHost:second\n\n");
    expect(&s_one, 200, "GET first 0 ");
    /* A NUL in a value hides what is behind it; one with a colon behind it the last. */
    client_send_bytes(&s_one, hides, sizeof(hides) - 1);
    expect(&s_one, 200, "GET  0 ");
    client_send_bytes(&s_one, hides_last, sizeof(hides_last) - 1);
    expect(&s_one, 200, "GET  0 ");
    /* What is read together with a request waits for something else to happen. */
    client_send(&s_one, "GET /echo HTTP/1.1\r\n\r\nGET /echo HTTP/1.1\r\n\r\n");
    expect(&s_one, 200, NULL);
    CHECK(client_hears_nothing(&s_one, 50));
    CHECK(client_get(s_port, "/echo", &s_response) == 200);
    expect(&s_one, 200, NULL);
    memset(line, 'x', sizeof(line) - 1);
    /* No byte more than is read: what is left when a connection is closed can cost the answer. */
    client_send(&s_one, "GET /");
    client_send_bytes(&s_one, line, 507);
    expect(&s_one, 414, NULL);
    client_close(&s_one);
    client_open(&s_one, s_port);
    client_send(&s_one, "GET /echo HTTP/1.1\r\nX: ");
    client_send_bytes(&s_one, line, 1021);
    expect(&s_one, 431, NULL);
    stop();
}

/* The first byte of a body is waited for, and others with it. */
static void bodies(void)
{
    start(false);
    client_send(&s_one, "POST /echo HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client_hears_nothing(&s_one, 50));
    CHECK(__atomic_load_n(&s_calls, __ATOMIC_SEQ_CST) == 0);
    client_send(&s_one, "abc");
    expect(&s_one, 200, "POST  3 abc");
    client_send(&s_one, "def");
    /* Of a length it has 32 bits; and the number of "none" is 0. */
    client_send(&s_one, "POST /echo HTTP/1.1\r\nContent-Length: 4294967299\r\n\r\nabc");
    expect(&s_one, 200, "POST  3 abc");
    client_send(&s_one, "POST /echo HTTP/1.1\r\nContent-Length: 4294967295\r\n\r\n");
    expect(&s_one, 200, "POST  0 ");
    client_send(&s_one, "GET /echo HTTP/1.1\r\nHost: h");
    client_open(&s_two, s_port);
    client_send(&s_two, "GET /echo HTTP/1.1\r\n\r\n");
    expect(&s_two, 200, NULL);
    /* By then it was given up. */
    CHECK(!client_hears_nothing(&s_one, 0));
    expect(&s_one, 408, NULL);
    CHECK(client_is_closed(&s_one));
    client_close(&s_two);
    stop();
}

static void take(const char *request)
{
    client_send(&s_one, request);
    sem_wait(&s_took);
}

static void others_go_on(void)
{
    char bytes[300];
    start(false);
    take("POST /taken HTTP/1.1\r\nContent-Length: 200\r\n\r\n0123456789");
    CHECK(client_get(s_port, "/echo", &s_response) == 200);
    /* What was read already comes first. */
    client_send(&s_one, "abc");
    int n = 0;
    while (n < 13) {
        int more = httpd_req_recv(s_taken, bytes + n, sizeof(bytes) - (size_t)n);
        CHECK(more > 0);
        n += more;
    }
    CHECK(memcmp(bytes, "0123456789abc", 13) == 0);
    CHECK(httpd_req_recv(s_taken, bytes, sizeof(bytes)) == HTTPD_SOCK_ERR_TIMEOUT);
    /* What is left is taken for a request. */
    CHECK_IS(httpd_resp_sendstr(s_taken, "enough"), ESP_OK);
    client_send(&s_one, "GET /echo HTTP/1.1\r\n\r\n");
    CHECK_IS(httpd_req_async_handler_complete(s_taken), ESP_OK);
    expect(&s_one, 200, "enough");
    CHECK(client_hears_nothing(&s_one, 50) == IS_5);
    CHECK(client_get(s_port, "/echo", &s_response) == 200);
    expect(&s_one, 200, "GET  0 ");
    stop();
}

static sem_t s_holds, s_go;

static void hold(void *arg)
{
    (void)arg;
    sem_post(&s_holds);
    sem_wait(&s_go);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void a_full_queue(void)
{
    /* From 6 on what is being done has its place still. */
    const int room = IS_5 ? 6 : 5;
    int done = 0;
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    start(false);
    CHECK_IS(httpd_queue_work(s_server, hold, NULL), ESP_OK);
    sem_wait(&s_holds);
    for (int i = 0; i < room; i++) {
        CHECK_IS(httpd_queue_work(s_server, count, &done), ESP_OK);
    }
    CHECK_IS(httpd_queue_work(s_server, count, &done), IS_5 ? ESP_OK : ESP_FAIL);
    sem_post(&s_go);
    stop();
    CHECK(done == room);
}

static void connections(void)
{
    response_t other;
    start(true);
    take("GET /taken HTTP/1.1\r\n\r\n");
    client_open(&s_two, s_port);
    client_send(&s_two, "GET /echo HTTP/1.1\r\n\r\n");
    expect(&s_two, 200, NULL);
    /* There are two: the one that is taken stays. */
    CHECK(client_get(s_port, "/echo", &other) == 200);
    CHECK(client_is_closed(&s_two));
    CHECK_IS(httpd_resp_sendstr(s_taken, "still here"), ESP_OK);
    expect(&s_one, 200, "still here");
    CHECK_IS(httpd_req_async_handler_complete(s_taken), ESP_OK);
    stop();
}

#define BOOT(name, boot)                                                                           \
    static void name(void)                                                                         \
    {                                                                                              \
        new_board();                                                                               \
        CHECK(power(boot) == 0);                                                                   \
    }

BOOT(finds_handlers, routes)
BOOT(reads_heads_as_esp_idf_does, heads)
BOOT(waits_for_bodies_and_half_heads, bodies)
BOOT(leaves_what_is_taken_alone, others_go_on)
BOOT(has_room_for_six_messages, a_full_queue)
BOOT(closes_the_oldest_connection, connections)

void test_httpd(void)
{
    run_test("httpd_finds_handlers", finds_handlers);
    run_test("httpd_reads_heads_as_esp_idf_does", reads_heads_as_esp_idf_does);
    run_test("httpd_waits_for_bodies_and_half_heads", waits_for_bodies_and_half_heads);
    run_test("httpd_leaves_what_is_taken_alone", leaves_what_is_taken_alone);
    run_test("httpd_has_room_for_six_messages", has_room_for_six_messages);
    run_test("httpd_closes_the_oldest_connection", closes_the_oldest_connection);
}
