/* How connections end: what is left of a body is never taken for a request, whatever the firmware's server
 * would make of it. */
#include <semaphore.h>
#include <string.h>

#include "server.h"

/* A request as a page of a stranger could put it into a body; short, so that it fits into what the server
 * reads ahead. */
#define SMUGGLED "GET /mine HTTP/1.1\r\n\r\n"

#ifdef __SANITIZE_THREAD__
#define THREADS_ARE_WATCHED true
#else
#define THREADS_ARE_WATCHED false
#endif

#define UPLOAD "POST /api/ota/frontend HTTP/1.1\r\nHost: 127.0.0.1\r\n"
#define BINARY "Content-Type: application/octet-stream\r\n"

static client_t s_client;
static response_t s_response;

/* A body of such requests, of 4840 bytes. */
static char s_body[220 * (sizeof(SMUGGLED) - 1)];

static void fill(void)
{
    for (size_t at = 0; at < sizeof(s_body); at += sizeof(SMUGGLED) - 1) {
        memcpy(s_body + at, SMUGGLED, sizeof(SMUGGLED) - 1);
    }
}

/* The head, then a body; what is answered. Nothing else may be answered on this connection. */
static int refused(const char *head)
{
    int asked = server_asked();
    client_open(&s_client, g_port);
    client_send(&s_client, head);
    client_try_to_send(&s_client, s_body, sizeof(s_body));
    client_read(&s_client, &s_response);
    int status = s_response.status;
    pass_until_it_comes(&s_client);
    CHECK(client_is_closed(&s_client));
    client_close(&s_client);
    /* Whatever was to be answered was. */
    CHECK(client_get(g_port, "/api/ota/status", &s_response) == 200);
    CHECK(server_asked() == asked);
    return status;
}

static void bodies(void)
{
    fill();
    server_start_with_faceplate(NULL);
    CHECK(refused(UPLOAD "Content-Length: 4840\r\n\r\n") == 415);
    CHECK(refused(UPLOAD BINARY "Content-Length: 4840\r\n\r\n") == 422);
    CHECK(refused(UPLOAD BINARY "Content-Length: 8192\r\n\r\n") == 422);
    CHECK(refused(UPLOAD BINARY "Content-Length: 1000000\r\n\r\n") == 413);
    CHECK(refused(UPLOAD BINARY "Origin: http://elsewhere.example\r\nContent-Length: 4840\r\n\r\n") == 403);
    CHECK(refused(UPLOAD BINARY "Transfer-Encoding: chunked\r\n\r\n1000\r\n") == 411);
    CHECK(refused(UPLOAD BINARY "Padding: 123456789012345\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" SMUGGLED "\r\n0\r\n\r\n") == 411);
    CHECK(refused("POST /api/ota/frontend HTTP/1.1\r\nHost: elsewhere.example\r\n" BINARY
                  "Content-Length: 4840\r\n\r\n") == 403);
    CHECK(refused("POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4840\r\n\r\n") == 405);
    CHECK(refused("GET /version.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4840\r\n\r\n") != 0);
    server_stop();
}

static void what_is_left_of_a_body_is_no_request(void)
{
    CHECK(sizeof(s_body) == 4840);
    board_with_first();
    CHECK(power(bodies) == 0);
}

/* The same where there is no memory to look at the request. */
static void without_memory(void)
{
    char request[600];
    int refused_so = 0;
    server_start_with_faceplate(NULL);
    for (size_t largest = CONFIG_HTTPD_MAX_REQ_HDR_LEN; largest < 16384; largest += 256) {
        int n = snprintf(request, sizeof(request),
                         "POST /api/ota/confirm HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n%s",
                         2 * strlen(SMUGGLED), SMUGGLED SMUGGLED);
        client_open(&s_client, g_port);
        __atomic_store_n(&g_board->largest_block, largest, __ATOMIC_SEQ_CST);
        client_send_bytes(&s_client, request, (size_t)n);
        client_read(&s_client, &s_response);
        __atomic_store_n(&g_board->largest_block, 0, __ATOMIC_SEQ_CST);
        CHECK(s_response.status == 503 || s_response.status == 415);
        refused_so += s_response.status == 503;
        pass_until_it_comes(&s_client);
        CHECK(client_is_closed(&s_client));
        client_close(&s_client);
        CHECK(client_get(g_port, "/api/ota/status", &s_response) == 200);
        CHECK(server_asked() == 0);
    }
    CHECK(refused_so > 0);
    server_stop();
}

static void without_memory_a_body_is_no_request_either(void)
{
    board_with_first();
    CHECK(power(without_memory) == 0);
}

static void aborted(void)
{
    server_start_with_faceplate(NULL);
    for (int i = 0; i < 2 * CONFIG_FACEPLATE_REQUESTS; i++) {
        client_open(&s_client, g_port);
        send_upload_head(&s_client, g_second.len, "");
        client_send_bytes(&s_client, g_second.bytes, 6000);
        wait_for_status(g_port, "\"phase\":\"writing\"");
        client_close(&s_client);
        wait_for_status(g_port, "\"upload\":null");
    }
    server_stop();
}

static void a_client_that_goes_away_gives_its_upload_up(void)
{
    board_with_first();
    CHECK(power(aborted) == 0);
}

static sem_t s_holds, s_go;

static void hold(void *arg)
{
    (void)arg;
    sem_post(&s_holds);
    sem_wait(&s_go);
}

static void nothing(void *arg)
{
    (void)arg;
}

#define MINE "GET /mine HTTP/1.1\r\n\r\n"

static void ask_mine(client_t *client)
{
    client_send(client, MINE);
    client_read(client, &s_response);
    CHECK(s_response.status == 200);
}

/* The firmware's own work leaves no room for Faceplate's, which has to end a connection. */
static void queue(void)
{
    fill();
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    server_start_with_faceplate(NULL);
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS + 1; i++) {
        client_open(&s_client, g_port);
        send_upload_head(&s_client, g_second.len, "");
        client_send(&s_client, "x");
        /* It is taken over when another, which comes later, is answered. */
        CHECK(client_get(g_port, "/mine", &s_response) == 200);
        while (httpd_queue_work(g_server, hold, NULL) != ESP_OK) {
        }
        sem_wait(&s_holds);
        for (int more = 0; more < 6 && httpd_queue_work(g_server, nothing, NULL) == ESP_OK; more++) {
        }
        client_try_to_send(&s_client, s_body, sizeof(s_body));
        /* Until it has answered, read enough of the rest, and wants the connection to be closed. */
        for (int more = 0; more < 20; more++) {
            pass_ms(200);
            usleep(5000);
        }
        sem_post(&s_go);
        client_read(&s_client, &s_response);
        CHECK(s_response.status == 422);
        pass_until_it_comes(&s_client);
        CHECK(client_is_closed(&s_client));
        client_close(&s_client);
    }
    CHECK(server_asked() == CONFIG_FACEPLATE_REQUESTS + 1);
    server_stop();
}

static void a_server_that_has_no_room_for_work_closes_connections_later(void)
{
    board_with_first();
    CHECK(power(queue) == 0);
}

/* A connection that is to give way to another is closed even if a request of it was taken over meanwhile; and
 * the other one gets its number. */
static void gives_way(void)
{
    static client_t second, third;
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    server_start_small();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS + 1; i++) {
        client_open(&s_client, g_port);
        ask_mine(&s_client);
        client_open(&second, g_port);
        ask_mine(&second);
        CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
        sem_wait(&s_holds);
        CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
        CHECK_IS(httpd_queue_work(g_server, nothing, NULL), ESP_OK);
        client_open(&third, g_port);
        client_send(&third, MINE);
        sem_post(&s_go);
        sem_wait(&s_holds);
        /* What closes the first comes behind the two that wait: the request is quicker. */
        send_upload_head(&s_client, g_second.len, "");
        client_send_bytes(&s_client, g_second.bytes, 6000);
        sem_post(&s_go);
        CHECK(client_is_closed(&s_client));
        client_read(&third, &s_response);
        CHECK(s_response.status == 200 && strcmp(s_response.body, "mine") == 0);
        ask_mine(&third);
        CHECK(client_hears_nothing(&third, 20));
        client_close(&s_client);
        client_close(&second);
        client_close(&third);
        /* Not asked over HTTP, which would take one of the two. */
        for (int more = 0; uploads(); more++) {
            CHECK(more < 1000);
            usleep(5000);
        }
        /* This waits until the request was given back, too: nothing is taken over before. */
        CHECK_IS(faceplate_stop(g_server), ESP_OK);
        CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    }
    server_stop();
}

static void what_was_closed_to_make_room_is_not_answered(void)
{
    board_with_first();
    CHECK(power(gives_way) == 0);
}

/* Who wants no more answers gets none. */
static void last(void)
{
    server_start_with_faceplate(NULL);
    for (int i = 0; i < 2 * CONFIG_FACEPLATE_REQUESTS; i++) {
        client_open(&s_client, g_port);
        client_send(&s_client, "GET /version.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        client_read(&s_client, &s_response);
        CHECK(s_response.status == 200);
        CHECK(strstr(s_response.head, "\r\nConnection: close\r\n") != NULL);
        pass_until_it_comes(&s_client);
        CHECK(client_is_closed(&s_client));
        client_close(&s_client);
    }
    server_stop();
}

static void the_last_answer_is_the_last(void)
{
    board_with_first();
    CHECK(power(last) == 0);
}

void test_http_ends(void)
{
    run_test("what_is_left_of_a_body_is_no_request", what_is_left_of_a_body_is_no_request);
    run_test("without_memory_a_body_is_no_request_either", without_memory_a_body_is_no_request_either);
    run_test("a_client_that_goes_away_gives_its_upload_up", a_client_that_goes_away_gives_its_upload_up);
    run_test("a_server_that_has_no_room_for_work_closes_connections_later",
             a_server_that_has_no_room_for_work_closes_connections_later);
    /* That the server closes what another task uses is a race, and ESP-IDF's own: nothing to be found there. */
    if (!THREADS_ARE_WATCHED) {
        run_test("what_was_closed_to_make_room_is_not_answered", what_was_closed_to_make_room_is_not_answered);
    }
    run_test("the_last_answer_is_the_last", the_last_answer_is_the_last);
}
