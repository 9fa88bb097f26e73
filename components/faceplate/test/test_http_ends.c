/* How connections end: what is left of a body is never taken for a request, whatever the firmware's server
 * would make of it. */
#include <semaphore.h>
#include <string.h>

#include "server.h"

/* A request as a page of a stranger could put it into a body. */
#define SMUGGLED "POST /mine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"

#define UPLOAD "POST /api/ota/frontend HTTP/1.1\r\nHost: 127.0.0.1\r\n"
#define BINARY "Content-Type: application/octet-stream\r\n"

static client_t s_client;
static response_t s_response;

/* A body of such requests, of 4720 bytes. */
static char s_body[80 * (sizeof(SMUGGLED) - 1)];

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
    CHECK(refused(UPLOAD "Content-Length: 4720\r\n\r\n") == 415);
    CHECK(refused(UPLOAD BINARY "Content-Length: 4720\r\n\r\n") == 422);
    CHECK(refused(UPLOAD BINARY "Content-Length: 8192\r\n\r\n") == 422);
    CHECK(refused(UPLOAD BINARY "Content-Length: 1000000\r\n\r\n") == 413);
    CHECK(refused(UPLOAD BINARY "Origin: http://elsewhere.example\r\nContent-Length: 4720\r\n\r\n") == 403);
    CHECK(refused(UPLOAD BINARY "Transfer-Encoding: chunked\r\n\r\n1000\r\n") == 411);
    CHECK(refused("POST /api/ota/frontend HTTP/1.1\r\nHost: elsewhere.example\r\n" BINARY
                  "Content-Length: 4720\r\n\r\n") == 403);
    CHECK(refused("POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4720\r\n\r\n") == 405);
    CHECK(refused("GET /version.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4720\r\n\r\n") != 0);
    server_stop();
}

static void what_is_left_of_a_body_is_no_request(void)
{
    CHECK(sizeof(s_body) == 4720);
    board_with_first();
    CHECK(power(bodies) == 0);
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

void test_http_ends(void)
{
    run_test("what_is_left_of_a_body_is_no_request", what_is_left_of_a_body_is_no_request);
    run_test("a_client_that_goes_away_gives_its_upload_up", a_client_that_goes_away_gives_its_upload_up);
    run_test("a_server_that_has_no_room_for_work_closes_connections_later",
             a_server_that_has_no_room_for_work_closes_connections_later);
}
