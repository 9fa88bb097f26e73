/* Servers that are registered and stopped by several tasks, and by their own. */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "server.h"

#define TASKS 3

static client_t s_client;
static response_t s_response;
static sem_t s_holds, s_go;

static void hold(void *arg)
{
    (void)arg;
    sem_post(&s_holds);
    sem_wait(&s_go);
}

static void *stop(void *arg)
{
    (void)arg;
    CHECK_IS(faceplate_stop(g_server), ESP_OK);
    return NULL;
}

static void *begin(void *arg)
{
    (void)arg;
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    return NULL;
}

static void *begin_or_not(void *arg)
{
    (void)arg;
    esp_err_t err = faceplate_register(g_server, NULL);
    CHECK(err == ESP_OK || err == ESP_ERR_INVALID_STATE);
    return NULL;
}

static void all_do(void *(*const (*what))(void *), int tasks)
{
    pthread_t threads[2 * TASKS];
    for (int i = 0; i < tasks; i++) {
        CHECK(pthread_create(&threads[i], NULL, what[i % TASKS], NULL) == 0);
    }
    for (int i = 0; i < tasks; i++) {
        pthread_join(threads[i], NULL);
    }
}

static const httpd_uri_t s_direct = {.uri = "/direct", .method = HTTP_ANY, .handler = faceplate_handler};

/* Whether a request that is given to Faceplate comes to a server that was registered. */
static bool is_registered(void)
{
    int status = client_get(g_port, "/direct", &s_response);
    CHECK(status == 404 || status == 500);
    return status == 404;
}

static void many(void)
{
    static void *(*const begins[TASKS])(void *) = {begin, begin, begin};
    static void *(*const stops[TASKS])(void *) = {stop, stop, stop};
    static void *(*const both[TASKS])(void *) = {stop, begin_or_not, stop};
    server_start_with_faceplate(NULL);
    CHECK_IS(httpd_register_uri_handler(g_server, &s_direct), ESP_OK);
    for (int i = 0; i < 100; i++) {
        all_do(stops, TASKS);
        CHECK(!is_registered());
        all_do(begins, TASKS);
        CHECK(is_registered());
        /* It takes one place, however many registered it. */
        CHECK_IS(faceplate_stop(g_server), ESP_OK);
        CHECK(!is_registered());
        all_do(both, 2 * TASKS);
        CHECK_IS(faceplate_stop(g_server), ESP_OK);
        CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
        CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    }
    server_stop();
}

static void many_tasks_may_register_and_stop(void)
{
    board_with_first();
    CHECK(power(many) == 0);
}

static void begin_upload(void)
{
    client_open(&s_client, g_port);
    send_upload_head(&s_client, g_second.len, "");
    client_send_bytes(&s_client, g_second.bytes, 6000);
    wait_for_status(g_port, "\"phase\":\"writing\"");
}

static void half(void)
{
    pthread_t thread;
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    server_start_with_faceplate(NULL);
    begin_upload();
    CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
    sem_wait(&s_holds);
    CHECK(pthread_create(&thread, NULL, stop, NULL) == 0);
    /* The upload is given up; its connection cannot be closed yet. */
    while (uploads()) {
        usleep(1000);
    }
    CHECK_IS(faceplate_register(g_server, NULL), ESP_ERR_INVALID_STATE);
    sem_post(&s_go);
    pthread_join(thread, NULL);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 404);
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    server_stop();
}

static void what_is_being_stopped_is_not_registered(void)
{
    board_with_first();
    CHECK(power(half) == 0);
}

static esp_err_t stop_here(httpd_req_t *request)
{
    return httpd_resp_sendstr(request, faceplate_stop(request->handle) == ESP_ERR_INVALID_STATE ? "no" : "done");
}

static void in_its_task(void)
{
    static const httpd_uri_t handler = {.uri = "/stop", .method = HTTP_ANY, .handler = stop_here};
    server_start_with_faceplate(NULL);
    CHECK_IS(httpd_register_uri_handler(g_server, &handler), ESP_OK);
    begin_upload();
    CHECK(client_get(g_port, "/stop", &s_response) == 200);
    CHECK(strcmp(s_response.body, "no") == 0);
    CHECK(uploads());
    server_stop();
}

static void a_server_is_not_stopped_in_its_own_task(void)
{
    board_with_first();
    CHECK(power(in_its_task) == 0);
}

void test_http_stop(void)
{
    run_test("many_tasks_may_register_and_stop", many_tasks_may_register_and_stop);
    run_test("what_is_being_stopped_is_not_registered", what_is_being_stopped_is_not_registered);
    run_test("a_server_is_not_stopped_in_its_own_task", a_server_is_not_stopped_in_its_own_task);
}
