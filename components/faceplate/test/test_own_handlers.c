/* The firmware's own handlers, which ask for the device's password before they go on. */
#include <string.h>
#include <sys/socket.h>

#include "login.h"
#include "server.h"

static client_t s_client;
static response_t s_response;

/* ":correct horse" and ":another" in base64. */
#define RIGHT "Authorization: Basic OmNvcnJlY3QgaG9yc2U=\r\n"
#define WRONG "Authorization: Basic OmFub3RoZXI=\r\n"

static void serve(const faceplate_config_t *config)
{
    CHECK_IS(faceplate_boot(config), ESP_OK);
    server_start();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
}

/* A request for a handler; its status. `headers` have that of the host. */
static int ask_with(const char *line, const char *headers)
{
    char request[800];
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\n%s\r\n", line, headers);
    client_open(&s_client, g_port);
    client_send(&s_client, request);
    client_read(&s_client, &s_response);
    client_close(&s_client);
    return s_response.status;
}

/* The same with the right host. */
static int ask(const char *line, const char *headers)
{
    char all[700];
    snprintf(all, sizeof(all), "Host: 127.0.0.1\r\n%s", headers);
    return ask_with(line, all);
}

/* Whether the handler has gone on. */
static bool goes_on(const char *line, const char *headers)
{
    int asked = server_asked();
    int status = ask(line, headers);
    CHECK((status == 200) == (server_asked() == asked + 1));
    return status == 200;
}

#if CONFIG_FACEPLATE_PASSWORD

static faceplate_config_t with_password(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.password = VERIFIER;
    return config;
}

static bool is_problem(const char *slug)
{
    char problem[64];
    snprintf(problem, sizeof(problem), "\"/problems/%s\"", slug);
    return strstr(s_response.body, problem) != NULL;
}

/* Whether the last answer was this refusal, and the end of its connection. */
static bool was_refused(int status, const char *slug)
{
    return s_response.status == status && is_problem(slug) &&
           strstr(s_response.head, "\r\nConnection: close\r\n") != NULL;
}

static bool is_refused(const char *line, const char *headers, int status, const char *slug)
{
    return !goes_on(line, headers) && was_refused(status, slug);
}

static void signed_by_a_session(void)
{
    faceplate_config_t config = with_password();
    login_t login;
    char header[128], headers[256];
    serve(&config);
    login_begin(&login, g_port);

    CHECK(is_refused("POST /locked", "", 401, "password-needed"));
    CHECK(strstr(s_response.head, "\r\nWWW-Authenticate: Faceplate\r\n") != NULL);
    CHECK(strstr(s_response.head, "\r\nContent-Type: application/problem+json\r\n") != NULL);

    login_sign(&login, 1, "POST", "/locked", "", header);
    CHECK(goes_on("POST /locked", header));
    CHECK(strcmp(s_response.body, "mine") == 0);
    CHECK(is_refused("POST /locked", header, 401, "session-over"));

    /* The target as it came, with its query. */
    login_sign(&login, 2, "DELETE", "/locked?on=%31&x", "", header);
    CHECK(is_refused("DELETE /locked?on=1&x", header, 401, "session-over"));
    CHECK(is_refused("DELETE /locked?on=%31", header, 401, "session-over"));
    CHECK(is_refused("PUT /locked?on=%31&x", header, 401, "session-over"));
    CHECK(is_refused("DELETE /locked?on=%31&x", "Authorization: Faceplate x\r\n", 401, "session-over"));
    CHECK(goes_on("DELETE /locked?on=%31&x", header));

    /* What a body should be is signed, if the client says so. */
    login_sign(&login, 3, "PUT", "/locked", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", header);
    CHECK(is_refused("PUT /locked", header, 401, "session-over"));
    snprintf(headers, sizeof(headers), "%sContent-Digest: sha-256=:BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n", header);
    CHECK(is_refused("PUT /locked", headers, 401, "session-over"));
    snprintf(headers, sizeof(headers), "%sContent-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n", header);
    CHECK(goes_on("PUT /locked", headers));

    /* A number that was used here is used up there, too. */
    login_sign(&login, 4, "POST", "/api/ota/confirm", "", header);
    snprintf(headers, sizeof(headers), "%sContent-Type: application/json\r\nContent-Length: 0\r\n", header);
    CHECK(ask("POST /api/ota/confirm", headers) == 400);
    login_sign(&login, 4, "POST", "/locked", "", header);
    CHECK(is_refused("POST /locked", header, 401, "session-over"));

    /* Reading is open. */
    CHECK(goes_on("GET /locked", ""));
    CHECK_IS(faceplate_reset_password(), ESP_OK);
    login_sign(&login, 5, "POST", "/locked", "", header);
    CHECK(is_refused("POST /locked", header, 401, "session-over"));
    server_stop();
}

static void a_session_signs_for_the_handlers_of_the_firmware(void)
{
    board_with_first();
    CHECK(power(signed_by_a_session) == 0);
}

static void in_the_clear(void)
{
    faceplate_config_t config = with_password();
    serve(&config);
    /* Twice: the second time it is known. */
    CHECK(goes_on("POST /locked", RIGHT) && goes_on("POST /locked", RIGHT));
    for (int i = 0; i < 5; i++) {
        CHECK(is_refused("POST /locked", WRONG, 401, "wrong-password"));
    }
    CHECK(is_refused("POST /locked", RIGHT, 429, "too-many-attempts"));
    CHECK(strstr(s_response.head, "\r\nRetry-After: 1\r\n") != NULL);
    CHECK(client_get(g_port, "/api/ota/status", &s_response) == 200);
    CHECK(strstr(s_response.body, "\"refused\":{\"count\":6,\"last\":\"too-many-attempts\"") != NULL);
    pass_ms(1000);
    CHECK(goes_on("POST /locked", RIGHT));
    server_stop();
}

static void a_plain_password_is_taken_and_guesses_wait(void)
{
    board_with_first();
    CHECK(power(in_the_clear) == 0);
}

static void from_elsewhere(void)
{
    faceplate_config_t config = with_password();
    serve(&config);
    CHECK(is_refused("POST /locked", RIGHT "Origin: http://evil.example\r\n", 403, "foreign-origin"));
    CHECK(goes_on("POST /locked", RIGHT "Origin: http://127.0.0.1\r\n"));
    CHECK(ask_with("POST /locked", "Host: evil.example\r\n" RIGHT) == 403 && was_refused(403, "foreign-host"));
    CHECK(is_refused("POST /locked", RIGHT "Content-Length: 1\r\n\r\nx", 415, "media-type"));
    CHECK(goes_on("POST /locked", RIGHT "Content-Type: application/json\r\nContent-Length: 1\r\n\r\nx"));
    /* What reads is looked at no further where it is open. */
    CHECK(ask_with("GET /locked", "Host: evil.example\r\n") == 200);
    server_stop();
}

static void pages_from_elsewhere_may_nothing(void)
{
    board_with_first();
    CHECK(power(from_elsewhere) == 0);
}

static void reading(void)
{
    faceplate_config_t config = with_password();
    login_t login;
    char header[128], line[200];
    config.password_for_reading = true;
    serve(&config);
    CHECK(is_refused("GET /locked", "", 401, "password-needed"));
    CHECK(ask_with("GET /locked", "Host: evil.example\r\n" RIGHT) == 403 && was_refused(403, "foreign-host"));
    CHECK(goes_on("GET /locked", RIGHT));
    /* Who cannot send headers has it in the address. */
    login_begin(&login, g_port);
    login_sign(&login, 1, "GET", "/locked?x", "", header);
    const char *signature = header + strlen("Authorization: Faceplate ");
    snprintf(line, sizeof(line), "GET /locked?x&auth=%.*s", (int)strcspn(signature, "\r"), signature);
    CHECK(goes_on(line, ""));
    CHECK(is_refused(line, "", 401, "session-over"));
    server_stop();
}

static void reading_is_refused_where_the_password_is_for_that_too(void)
{
    board_with_first();
    CHECK(power(reading) == 0);
}

static void unset(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.password = FACEPLATE_PASSWORD_DEMANDED;
    serve(&config);
    CHECK(is_refused("POST /locked", RIGHT, 403, "password-unset"));
    CHECK(goes_on("GET /locked", ""));
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_OK);
    CHECK(goes_on("POST /locked", RIGHT));
    g_board->nvs_fails = true;
    CHECK_IS(faceplate_reset_password(), FACEPLATE_ERR_NVS);
    g_board->nvs_fails = false;
    CHECK(goes_on("POST /locked", RIGHT));
    server_stop();
}

static void nothing_is_changed_before_one_is_set_that_is_demanded(void)
{
    board_with_first();
    CHECK(power(unset) == 0);
}

static void too_early(void)
{
    faceplate_config_t config = with_password();
    CHECK_IS(faceplate_check_password(NULL), ESP_ERR_INVALID_ARG);
    server_start();
    CHECK(is_refused("GET /locked", RIGHT, 500, "no-answer"));
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(is_refused("POST /locked", RIGHT, 500, "no-answer"));
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    CHECK(goes_on("POST /locked", RIGHT));
    /* Whether Faceplate answers on this server does not matter. */
    CHECK_IS(faceplate_stop(g_server), ESP_OK);
    CHECK(is_refused("POST /locked", "", 401, "password-needed"));
    CHECK(goes_on("POST /locked", RIGHT));
    server_stop();
}

static void who_cannot_be_asked_lets_nobody_in(void)
{
    board_with_first();
    CHECK(power(too_early) == 0);
}

static void with_a_body(void)
{
    static char body[60000];
    faceplate_config_t config = with_password();
    serve(&config);
    int asked = server_asked();
    client_open(&s_client, g_port);
    client_send(&s_client, "POST /locked HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n");
    client_send_bytes(&s_client, body, sizeof(body));
    client_read(&s_client, &s_response);
    CHECK(was_refused(401, "password-needed"));
    /* Its end, and no reset. */
    CHECK(recv(s_client.fd, s_client.bytes, 1, 0) == 0);
    client_close(&s_client);
    CHECK(server_asked() == asked);

    /* One that does not come is not waited for. */
    client_open(&s_client, g_port);
    client_send(&s_client, "POST /locked HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\nx");
    client_read(&s_client, &s_response);
    CHECK(was_refused(401, "password-needed") && client_is_closed(&s_client));
    client_close(&s_client);

    /* A head that Faceplate does not take. */
    CHECK(is_refused("POST /locked", RIGHT "Origin: a\x7f\r\n", 400, "bad-request"));
    server_stop();
}

static void a_refusal_is_seen_behind_a_body_too(void)
{
    board_with_first();
    CHECK(power(with_a_body) == 0);
}

static void without_memory(void)
{
    faceplate_config_t config = with_password();
    /* The first is the server's own. */
    uint32_t block = 2;
    serve(&config);
    CHECK(goes_on("POST /locked", RIGHT) && !goes_on("POST /locked", ""));
    int before = blocks();
    g_board->refused_task = 1;
    CHECK(is_refused("POST /locked", RIGHT, 503, "no-place"));
    CHECK(blocks() == before);
    /* Nor for a refusal. */
    for (; ; block++) {
        g_board->refused_block = block;
        int status = ask("POST /locked", "");
        if (__atomic_exchange_n(&g_board->refused_block, 0, __ATOMIC_SEQ_CST) != 0) {
            CHECK(status == 401);
            break;
        }
        CHECK(status == 503 && is_problem("no-place"));
        CHECK(blocks() == before);
    }
    CHECK(block > 8);
    server_stop();
}

static void without_memory_nobody_gets_in_and_nothing_is_kept(void)
{
    board_with_first();
    CHECK(power(without_memory) == 0);
}

static void beside_others(void)
{
    static client_t other;
    static response_t response;
    faceplate_config_t config = with_password();
    uint16_t port = 0;
    serve(&config);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_OK);
    client_open(&s_client, g_port);
    client_send(&s_client, "POST /locked HTTP/1.1\r\nHost: 127.0.0.1\r\n" RIGHT "\r\n");
    client_open(&other, port);
    for (int i = 0; i < 20; i++) {
        client_send(&other, "GET /api/ota/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        client_read(&other, &response);
        CHECK(response.status == 200);
    }
    client_read(&s_client, &s_response);
    CHECK(s_response.status == 200);
    client_close(&s_client);
    client_close(&other);
    server_stop();
}

static void others_are_answered_while_a_password_is_stretched(void)
{
    board_with_first();
    CHECK(power(beside_others) == 0);
}

static void none(void)
{
    serve(NULL);
    CHECK(goes_on("POST /locked", "") && goes_on("GET /locked", ""));
    CHECK(ask_with("POST /locked", "Host: evil.example\r\nOrigin: http://evil.example\r\n") == 200);
    server_stop();
}

static void without_a_password_all_may_go_on(void)
{
    board_with_first();
    CHECK(power(none) == 0);
}

void test_own_handlers(void)
{
    run_test("a_session_signs_for_the_handlers_of_the_firmware", a_session_signs_for_the_handlers_of_the_firmware);
    run_test("a_plain_password_is_taken_and_guesses_wait", a_plain_password_is_taken_and_guesses_wait);
    run_test("pages_from_elsewhere_may_nothing", pages_from_elsewhere_may_nothing);
    run_test("reading_is_refused_where_the_password_is_for_that_too",
             reading_is_refused_where_the_password_is_for_that_too);
    run_test("nothing_is_changed_before_one_is_set_that_is_demanded",
             nothing_is_changed_before_one_is_set_that_is_demanded);
    run_test("who_cannot_be_asked_lets_nobody_in", who_cannot_be_asked_lets_nobody_in);
    run_test("a_refusal_is_seen_behind_a_body_too", a_refusal_is_seen_behind_a_body_too);
    run_test("without_memory_nobody_gets_in_and_nothing_is_kept", without_memory_nobody_gets_in_and_nothing_is_kept);
    run_test("others_are_answered_while_a_password_is_stretched", others_are_answered_while_a_password_is_stretched);
    run_test("without_a_password_all_may_go_on", without_a_password_all_may_go_on);
}

#else

static void without(void)
{
    CHECK_IS(faceplate_check_password(NULL), ESP_ERR_INVALID_ARG);
    server_start();
    CHECK(goes_on("POST /locked", "") && goes_on("POST /locked", WRONG));
    server_stop();
    serve(NULL);
    CHECK(goes_on("POST /locked", "") && goes_on("GET /locked", RIGHT));
    CHECK(ask_with("POST /locked", "Host: evil.example\r\n") == 200);
    server_stop();
}

static void a_firmware_that_was_built_without_a_password_asks_nobody(void)
{
    board_with_first();
    CHECK(power(without) == 0);
}

void test_own_handlers(void)
{
    run_test("a_firmware_that_was_built_without_a_password_asks_nobody",
             a_firmware_that_was_built_without_a_password_asks_nobody);
}

#endif
