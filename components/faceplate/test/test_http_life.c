/* HTTP begins, stops, listens on a port of its own, and runs out of memory. */
#include <string.h>

#include "server.h"

static client_t s_client;
static response_t s_response;

static void wrong(void)
{
    faceplate_http_config_t config = FACEPLATE_HTTP_CONFIG_DEFAULT();
    uint16_t port = 0;
    server_start();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_ERR_INVALID_STATE);
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_register(NULL, NULL), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_stop(NULL), ESP_ERR_INVALID_ARG);
    config.name = "a name with spaces";
    CHECK_IS(faceplate_register(g_server, &config), ESP_ERR_INVALID_ARG);
    config.name = NULL;
    config.challenge = "two\r\nlines";
    CHECK_IS(faceplate_listen(0, &config, NULL), ESP_ERR_INVALID_ARG);
    CHECK(client_get(g_port, "/", &s_response) == 404);
    g_board->no_memory = true;
    CHECK_IS(faceplate_register(g_server, NULL), ESP_ERR_NO_MEM);
    g_board->no_memory = false;
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    CHECK_IS(faceplate_listen(g_port, NULL, NULL), ESP_FAIL);
    server_stop();
}

static void what_is_wrong_is_told_and_can_be_put_right(void)
{
    board_with_first();
    CHECK(power(wrong) == 0);
}

static void stops(void)
{
    server_start_with_faceplate(NULL);
    for (int i = 0; i < 3; i++) {
        client_open(&s_client, g_port);
        send_upload_head(&s_client, g_second.len, "");
        client_send_bytes(&s_client, g_second.bytes, 6000);
        wait_for_status(g_port, "\"phase\":\"writing\"");
        CHECK_IS(faceplate_stop(g_server), ESP_OK);
        CHECK(!uploads());
        CHECK(client_is_closed(&s_client));
        client_close(&s_client);
        /* The firmware's server goes on without it. */
        CHECK(client_get(g_port, "/mine", &s_response) == 200);
        CHECK(client_get(g_port, "/version.txt", &s_response) == 404);
        CHECK_IS(faceplate_stop(g_server), ESP_OK);
        CHECK_IS(httpd_stop(g_server), ESP_OK);
        server_start();
        CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    }
    CHECK(upload_over_http(g_port, g_second, &s_response) == 200);
    pass_until_restart();
}

static void it_stops_in_the_middle_of_an_upload(void)
{
    board_with_first();
    CHECK(power(stops) == END_RESTARTED);
}

static void two_servers(void)
{
    uint16_t first;
    server_start_with_faceplate(NULL);
    httpd_handle_t one = g_server;
    first = g_port;
    server_start();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    client_open(&s_client, first);
    send_upload_head(&s_client, g_second.len, "");
    client_send_bytes(&s_client, g_second.bytes, 6000);
    wait_for_status(g_port, "\"phase\":\"writing\"");
    server_stop();
    CHECK(uploads());
    g_server = one;
    server_stop();
    CHECK(!uploads());
}

static void of_two_servers_one_stops(void)
{
    board_with_first();
    CHECK(power(two_servers) == 0);
}

static void listens(void)
{
    uint16_t port = 0;
    server_start_with_faceplate(NULL);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_OK);
    CHECK(port != 0 && port != g_port);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_ERR_INVALID_STATE);
    CHECK(client_get(port, "/version.txt", &s_response) == 200);
    CHECK(client_get(port, "/mine", &s_response) != 200 || strcmp(s_response.body, "mine") != 0);
    /* Half a head holds nobody. */
    client_open(&s_client, port);
    client_send(&s_client, "GET / HTTP/1.1\r\nHost: 1");
    for (int i = 0; i < 10; i++) {
        CHECK(client_get(port, "/version.txt", &s_response) == 200);
        CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    }
    client_send(&s_client, "27.0.0.1\r\nHost: elsewhere.example\r\n\r\n");
    client_read(&s_client, &s_response);
    CHECK(s_response.status == 400);
    client_close(&s_client);
    client_open(&s_client, port);
    send_upload_head(&s_client, g_second.len, "Expect: 100-continue\r\n");
    client_read(&s_client, &s_response);
    CHECK(s_response.status == 100);
    client_send_bytes(&s_client, g_second.bytes, g_second.len / 2);
    wait_for_status(g_port, "\"phase\":\"writing\"");
    /* It has nothing to do with the other server. */
    server_stop();
    CHECK(uploads());
    client_send_bytes(&s_client, g_second.bytes + g_second.len / 2, g_second.len - g_second.len / 2);
    client_read(&s_client, &s_response);
    CHECK(s_response.status == 200);
    pass_until_restart();
}

static void it_has_a_port_of_its_own(void)
{
    board_with_first();
    CHECK(power(listens) == END_RESTARTED);
}

/* Where no block of the heap may be larger than that. */
static int get_with(size_t largest_block)
{
    __atomic_store_n(&g_board->largest_block, largest_block, __ATOMIC_SEQ_CST);
    client_open(&s_client, g_port);
    client_send(&s_client, "GET /version.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    client_read(&s_client, &s_response);
    client_close(&s_client);
    __atomic_store_n(&g_board->largest_block, 0, __ATOMIC_SEQ_CST);
    return s_response.status;
}

static void heap(void)
{
    int refused = 0;
    server_start_with_faceplate(NULL);
    CHECK(get_with(0) == 200);
    /* What the server itself needs for a head it has. */
    for (size_t largest = CONFIG_HTTPD_MAX_REQ_HDR_LEN; largest < 16384; largest += 64) {
        int status = get_with(largest);
        CHECK(status == 200 || status == 503);
        refused += status == 503;
    }
    CHECK(refused > 0);
    CHECK(get_with(0) == 200);
    /* All is given back, when it is done. */
    wait_for_status(g_port, "\"upload\":null");
    int before = heap_blocks();
    for (int i = 0; i < 20; i++) {
        CHECK(get_with(0) == 200);
        CHECK(get_with(CONFIG_HTTPD_MAX_REQ_HDR_LEN) == 503);
    }
    for (int i = 0; heap_blocks() > before; i++) {
        CHECK(i < 1000);
        usleep(5000);
    }
    server_stop();
}

static void without_memory_requests_are_refused(void)
{
    board_with_first();
    CHECK(power(heap) == 0);
}

void test_http_life(void)
{
    run_test("what_is_wrong_is_told_and_can_be_put_right", what_is_wrong_is_told_and_can_be_put_right);
    run_test("it_stops_in_the_middle_of_an_upload", it_stops_in_the_middle_of_an_upload);
    run_test("of_two_servers_one_stops", of_two_servers_one_stops);
    run_test("it_has_a_port_of_its_own", it_has_a_port_of_its_own);
    run_test("without_memory_requests_are_refused", without_memory_requests_are_refused);
}
