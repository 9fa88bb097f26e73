/* Faceplate beside a firmware's own handlers, on one server. */
#include <string.h>

#include "server.h"

/* Without its body of two bytes. */
#define CONFIRM                                                                                    \
    "POST /api/ota/confirm HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"        \
    "Content-Length: 2\r\n\r\n"

static client_t s_clients[CONNECTIONS];
static client_t *const s_one = &s_clients[0];
static response_t s_response;

static int ask(client_t *client, const char *request)
{
    client_send(client, request);
    client_read(client, &s_response);
    return s_response.status;
}

static int get(client_t *client, const char *path)
{
    char request[200];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    return ask(client, request);
}

/* Others are answered while an upload runs, waits for its client, and runs on. */
static void update(void)
{
    client_t *const other = &s_clients[1];
    server_start_with_faceplate(NULL);
    client_open(s_one, g_port);
    client_open(other, g_port);
    send_upload_head(s_one, g_second.len, "");
    client_send_bytes(s_one, g_second.bytes, g_second.len / 2);
    wait_for_status(g_port, "\"phase\":\"writing\"");
    for (int i = 0; i < 20; i++) {
        CHECK(get(other, "/mine") == 200 && strcmp(s_response.body, "mine") == 0);
        CHECK(get(other, "/version.txt") == 200 && strcmp(s_response.body, "version 1") == 0);
    }
    CHECK(upload_over_http(g_port, g_second, &s_response) == 409);
    CHECK(strstr(s_response.body, "/problems/busy") != NULL);
    client_send_bytes(s_one, g_second.bytes + g_second.len / 2, g_second.len - g_second.len / 2);
    client_read(s_one, &s_response);
    CHECK(s_response.status == 200);
    CHECK(get(other, "/mine") == 200);
    pass_until_restart();
}

static void trial(void)
{
    server_start_with_faceplate(NULL);
    CHECK(serves("2"));
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    CHECK(strcmp(s_response.body, "version 2") == 0);
    wait_for_status(g_port, "\"state\":\"trial\"");
    client_open(s_one, g_port);
    CHECK(ask(s_one, CONFIRM "{}") == 200);
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
    server_stop();
}

static void an_update_over_http_holds_nobody(void)
{
    board_with_first();
    CHECK(power(update) == END_RESTARTED);
    CHECK(power(trial) == 0);
}

static void stall(void)
{
    server_start_with_faceplate(NULL);
    client_open(s_one, g_port);
    send_upload_head(s_one, g_second.len, "");
    client_send_bytes(s_one, g_second.bytes, 5000);
    wait_for_status(g_port, "\"phase\":\"writing\"");
    pass_until_it_comes(s_one);
    client_read(s_one, &s_response);
    CHECK(s_response.status == 408);
    pass_until_it_comes(s_one);
    CHECK(client_is_closed(s_one));
    wait_for_status(g_port, "\"upload\":null");
    CHECK(client_get(g_port, "/mine", &s_response) == 200);
    server_stop();
}

static void a_client_that_stalls_is_given_up(void)
{
    board_with_first();
    CHECK(power(stall) == 0);
}

/* A connection goes from the firmware's handlers to Faceplate and back, more often than there are places. */
static void one_connection(void)
{
    server_start_with_faceplate(NULL);
    client_open(s_one, g_port);
    for (int i = 0; i < 20; i++) {
        CHECK(get(s_one, "/mine") == 200 && strcmp(s_response.body, "mine") == 0);
        /* A connection that Faceplate has answered on no longer does. */
        CHECK(server_waits_for_more() == (i == 0));
        CHECK(get(s_one, "/version.txt") == 200 && strcmp(s_response.body, "version 1") == 0);
        CHECK(get(s_one, "/api/ota/status") == 200);
        CHECK(get(s_one, "/api/none") == 404);
        CHECK(ask(s_one, CONFIRM "{}") == 409);
    }
    CHECK(server_asked() == 20);
    server_stop();
}

static void a_connection_is_shared_with_the_firmwares_handlers(void)
{
    board_with_first();
    CHECK(power(one_connection) == 0);
}

/* As many as there are places for are answered at once. */
static bool all_places_are_free(void)
{
    bool all = true;
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        client_open(&s_clients[i], g_port);
        client_send(&s_clients[i], CONFIRM "{");
    }
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        client_send(&s_clients[i], "}");
        client_read(&s_clients[i], &s_response);
        CHECK(s_response.status == 409 || s_response.status == 503);
        all = all && s_response.status == 409;
        client_close(&s_clients[i]);
    }
    return all;
}

/* All of Faceplate's places are taken by clients that stall. */
static void too_many(void)
{
    client_t *const last = &s_clients[CONFIG_FACEPLATE_REQUESTS];
    server_start_with_faceplate(NULL);
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        client_open(&s_clients[i], g_port);
        client_send(&s_clients[i], CONFIRM "{");
    }
    client_open(last, g_port);
    /* They are answered in turn. */
    CHECK(get(last, "/mine") == 200);
    CHECK(get(last, "/version.txt") == 503);
    CHECK(strstr(s_response.head, "\r\nRetry-After: 1\r\n") != NULL);
    CHECK(client_is_closed(last));
    client_close(last);
    client_open(last, g_port);
    CHECK(get(last, "/mine") == 200);
    client_send(s_one, "}");
    client_read(s_one, &s_response);
    CHECK(s_response.status == 409);
    CHECK(get(s_one, "/version.txt") == 200);
    /* Those that are given up give their places back. */
    for (int i = 1; i < CONFIG_FACEPLATE_REQUESTS; i++) {
        pass_until_it_comes(&s_clients[i]);
        client_read(&s_clients[i], &s_response);
        CHECK(s_response.status == 408);
        pass_until_it_comes(&s_clients[i]);
        CHECK(client_is_closed(&s_clients[i]));
    }
    /* Which comes after the connection is closed. */
    for (int i = 0; !all_places_are_free(); i++) {
        CHECK(i < 1000);
    }
    server_stop();
}

static void more_than_there_are_places_for_are_refused(void)
{
    board_with_first();
    CHECK(power(too_many) == 0);
}

void test_http(void)
{
    run_test("an_update_over_http_holds_nobody", an_update_over_http_holds_nobody);
    run_test("a_client_that_stalls_is_given_up", a_client_that_stalls_is_given_up);
    run_test("a_connection_is_shared_with_the_firmwares_handlers",
             a_connection_is_shared_with_the_firmwares_handlers);
    run_test("more_than_there_are_places_for_are_refused", more_than_there_are_places_for_are_refused);
}
