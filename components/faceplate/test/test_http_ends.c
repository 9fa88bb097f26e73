/* How connections end: what is left of a body is never taken for a request, whatever the firmware's server
 * would make of it. */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/wait.h>

#include "esp_idf_version.h"
#include "faceplate_port.h"
#include "server.h"

/* A request as a page of a stranger could put it into a body; short, so that it fits into what the server
 * reads ahead. */
#define SMUGGLED "GET /mine HTTP/1.1\r\n\r\n"

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
    CHECK(refused(UPLOAD BINARY "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" SMUGGLED "\r\n0\r\n\r\n") == 411);
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

/* The head of a command with two bytes, and the first of them. */
static void send_command(client_t *client, const char *first)
{
    client_send(client, "POST /api/ota/confirm HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n");
    client_send(client, first);
}

static void ask_mine_alone(void)
{
    CHECK(client_get(g_port, "/mine", &s_response) == 200);
}

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

static int s_done;

static void count(void *arg)
{
    (void)arg;
    s_done++;
}

/* Of 6 messages, those that are left when it was asked four times in 5 s. From 6 on what is being done has its
 * place still. */
#define ROOM_BESIDE (ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(6, 0, 0) ? 2 : 1)

/* A server that does not come to it, as where half a head holds it, is not asked so often that the firmware's
 * own work has no room. */
static void patience(void)
{
    static client_t clients[3];
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    fill();
    server_start_with_faceplate(NULL);
    for (int i = 0; i < 3; i++) {
        client_open(&clients[i], g_port);
        send_command(&clients[i], "{");
    }
    /* They are taken over when another, which comes later, is answered. */
    ask_mine_alone();
    CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
    sem_wait(&s_holds);
    /* What comes behind the body ends the connection. */
    for (int i = 0; i < 3; i++) {
        client_send(&clients[i], "!");
        client_read(&clients[i], &s_response);
        CHECK(s_response.status == 400);
    }
    for (int i = 0; i < 50; i++) {
        pass_ms(100);
        usleep(20000);
    }
    for (int i = 0; i < ROOM_BESIDE; i++) {
        CHECK_IS(httpd_queue_work(g_server, count, NULL), ESP_OK);
    }
    sem_post(&s_go);
    for (int i = 0; i < 3; i++) {
        pass_until_it_comes(&clients[i]);
        CHECK(client_is_closed(&clients[i]));
    }
    server_stop();
    CHECK(s_done == ROOM_BESIDE);
}

static void a_server_that_is_held_is_asked_seldom(void)
{
    board_with_first();
    CHECK(power(patience) == 0);
}

/* What the server was asked for is lost, though it has taken it, and what it was asked for again. */
static void loss(void)
{
    server_start_with_faceplate(NULL);
    for (uint32_t lost = 1; lost <= CONFIG_FACEPLATE_REQUESTS; lost++) {
        client_open(&s_client, g_port);
        send_command(&s_client, "{");
        /* It is taken over when another, which comes later, is answered. */
        ask_mine_alone();
        __atomic_store_n(&httpd_stand_in_lose, lost, __ATOMIC_SEQ_CST);
        client_send(&s_client, "!");
        client_read(&s_client, &s_response);
        CHECK(s_response.status == 400);
        pass_until_it_comes(&s_client);
        CHECK(client_is_closed(&s_client));
        CHECK(__atomic_load_n(&httpd_stand_in_lose, __ATOMIC_SEQ_CST) == 0);
        client_close(&s_client);
    }
    server_stop();
}

static void a_message_that_is_lost_is_sent_again(void)
{
    board_with_first();
    CHECK(power(loss) == 0);
}

/* A server with room for two connections, of which one gives way to `third`, which sends this, in the moment at
 * which an upload by it is taken over. */
static void give_way(client_t *second, client_t *third, const char *request)
{
    client_open(&s_client, g_port);
    ask_mine(&s_client);
    client_open(second, g_port);
    ask_mine(second);
    CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
    sem_wait(&s_holds);
    CHECK_IS(httpd_queue_work(g_server, hold, NULL), ESP_OK);
    CHECK_IS(httpd_queue_work(g_server, nothing, NULL), ESP_OK);
    client_open(third, g_port);
    client_send(third, request);
    sem_post(&s_go);
    sem_wait(&s_holds);
    /* What closes the first comes behind the two that wait: the request is quicker. */
    send_upload_head(&s_client, g_second.len, "");
    client_send_bytes(&s_client, g_second.bytes, 6000);
    sem_post(&s_go);
}

static void start_small(httpd_close_func_t close)
{
    sem_init(&s_holds, 0, 0);
    sem_init(&s_go, 0, 0);
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    server_start_small(close);
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
}

static int s_stopped;

static void *stop(void *arg)
{
    (void)arg;
    CHECK_IS(faceplate_stop(g_server), ESP_OK);
    __atomic_store_n(&s_stopped, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Stops Faceplate; how much time has to pass for it, in steps of half a second. */
static int stop_ms(void)
{
    pthread_t thread;
    int ms = 0;
    __atomic_store_n(&s_stopped, 0, __ATOMIC_SEQ_CST);
    CHECK(pthread_create(&thread, NULL, stop, NULL) == 0);
    for (; usleep(30000), __atomic_load_n(&s_stopped, __ATOMIC_SEQ_CST) == 0; ms += 500) {
        CHECK(ms < 60000);
        pass_ms(500);
    }
    pthread_join(thread, NULL);
    return ms;
}

static void wait_until_it_is_given_up(void)
{
    /* Not asked over HTTP, which would take one of the two. */
    for (int more = 0; uploads(); more++) {
        CHECK(more < 1000);
        usleep(5000);
    }
}

/* A connection that is to give way to another is closed even if a request of it was taken over meanwhile; and
 * the other one gets its number. */
static void gives_way(void)
{
    static client_t second, third;
    start_small(NULL);
    for (int i = 0; i < CONFIG_FACEPLATE_REQUESTS + 1; i++) {
        give_way(&second, &third, MINE);
        CHECK(client_is_closed(&s_client));
        client_read(&third, &s_response);
        CHECK(s_response.status == 200 && strcmp(s_response.body, "mine") == 0);
        ask_mine(&third);
        CHECK(client_hears_nothing(&third, 20));
        client_close(&s_client);
        client_close(&second);
        wait_until_it_is_given_up();
        /* This waits until the request was given back: at once where its place is free, else when it has
         * waited for that. */
        if (i % 2 == 0) {
            client_close(&third);
            CHECK(stop_ms() < 14000);
        } else {
            int ms = stop_ms();
            CHECK(ms > 14000 && ms < 22000);
            client_close(&third);
        }
        CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    }
    server_stop();
}

static void what_was_closed_to_make_room_is_not_answered(void)
{
    board_with_first();
    CHECK(power(gives_way) == 0);
}

static httpd_req_t *s_taken;
static sem_t s_took;

static esp_err_t take(httpd_req_t *request)
{
    esp_err_t err = httpd_req_async_handler_begin(request, &s_taken);
    sem_post(&s_took);
    return err;
}

/* The same where the place is taken by a handler of the firmware's that answers later: nothing marks its
 * connection as nobody's. */
static void users_async(void)
{
    static const httpd_uri_t handler = {.uri = "/taken", .method = HTTP_ANY, .handler = take};
    static client_t second, third;
    sem_init(&s_took, 0, 0);
    start_small(faceplate_close_connection);
    CHECK_IS(httpd_register_uri_handler(g_server, &handler), ESP_OK);
    for (int i = 0; i < 3; i++) {
        give_way(&second, &third, "GET /taken HTTP/1.1\r\n\r\n");
        sem_wait(&s_took);
        wait_until_it_is_given_up();
        int asked = server_asked();
        client_send(&third, MINE);
        for (int more = 0; more < 10; more++) {
            pass_ms(500);
            CHECK(client_hears_nothing(&third, 20));
        }
        CHECK(server_asked() == asked);
        CHECK_IS(httpd_resp_sendstr(s_taken, "taken"), ESP_OK);
        client_read(&third, &s_response);
        CHECK(strcmp(s_response.body, "taken") == 0);
        CHECK_IS(httpd_req_async_handler_complete(s_taken), ESP_OK);
        client_close(&s_client);
        client_close(&second);
        client_close(&third);
        /* Its place is free then. */
        CHECK(stop_ms() < 9000);
        CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    }
    server_stop();
}

static void what_was_closed_leaves_the_firmwares_own_requests_alone(void)
{
    board_with_first();
    CHECK(power(users_async) == 0);
}

static sem_t s_closed, s_told;

static void hold_before_it_tells(void)
{
    httpd_stand_in_on_close = NULL;
    sem_post(&s_closed);
    sem_wait(&s_told);
}

/* In a process of its own, whose sockets have numbers of their own: connections to the port of Faceplate's own
 * are answered, when the moment has come. */
static void ask_elsewhere(int moment, int asked)
{
    static client_t clients[3];
    uint16_t port;
    CHECK(read(moment, &port, sizeof(port)) == sizeof(port));
    for (int i = 0; i < 3; i++) {
        client_open(&clients[i], port);
    }
    for (int i = 0; i < 3; i++) {
        client_send(&clients[i], "GET /version.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    CHECK(write(asked, &port, sizeof(port)) == sizeof(port));
    for (int i = 0; i < 3; i++) {
        client_read(&clients[i], &s_response);
        CHECK(s_response.status == 200 && strcmp(s_response.body, "version 1") == 0);
    }
}

/* The number of a connection that was closed is another's before the server tells of it. */
static void number(void)
{
    static client_t second, third;
    uint16_t port = 0;
    int moment[2], asked[2], status = 0;
    CHECK(pipe(moment) == 0 && pipe(asked) == 0);
    pid_t elsewhere = fork();
    if (elsewhere == 0) {
        ask_elsewhere(moment[0], asked[1]);
        _exit(0);
    }
    sem_init(&s_closed, 0, 0);
    sem_init(&s_told, 0, 0);
    start_small(faceplate_close_connection);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_OK);
    httpd_stand_in_on_close = hold_before_it_tells;
    /* The task of HTTP comes to the upload when its number is another's. */
    CHECK(faceplate_port_lock());
    give_way(&second, &third, MINE);
    sem_wait(&s_closed);
    CHECK(write(moment[1], &port, sizeof(port)) == sizeof(port));
    CHECK(read(asked[0], &port, sizeof(port)) == sizeof(port));
    /* Time to accept them, without which there would be nothing to see. */
    usleep(50000);
    faceplate_port_unlock();
    waitpid(elsewhere, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sem_post(&s_told);
    client_read(&third, &s_response);
    CHECK(s_response.status == 200);
    client_close(&third);
    CHECK(stop_ms() < 14000);
    CHECK_IS(httpd_stop(g_server), ESP_OK);
}

static void a_number_that_is_given_anew_is_not_shared(void)
{
    board_with_first();
    CHECK(power(number) == 0);
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
    run_test("a_server_that_is_held_is_asked_seldom", a_server_that_is_held_is_asked_seldom);
    run_test("a_message_that_is_lost_is_sent_again", a_message_that_is_lost_is_sent_again);
    /* That the server closes what another task uses is a race, and ESP-IDF's own: nothing to be found there. */
    if (!THREADS_ARE_WATCHED) {
        run_test("what_was_closed_to_make_room_is_not_answered", what_was_closed_to_make_room_is_not_answered);
        run_test("what_was_closed_leaves_the_firmwares_own_requests_alone",
                 what_was_closed_leaves_the_firmwares_own_requests_alone);
        run_test("a_number_that_is_given_anew_is_not_shared", a_number_that_is_given_anew_is_not_shared);
    }
    run_test("the_last_answer_is_the_last", the_last_answer_is_the_last);
}
