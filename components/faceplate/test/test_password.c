/* The device's password. How people and programs log in, the tests of the command line try with this component. */
#include <string.h>

#include "login.h"
#include "server.h"

/* Of nobody knows what. */
#define ANOTHER                                                                                    \
    "SCRAM-SHA-256$4096:c2FsdCBvZiB0aGUgdGVzdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"    \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
/* ":correct horse" in base64. */
#define RIGHT "Authorization: Basic OmNvcnJlY3QgaG9yc2U=\r\n"

static client_t s_client;
static response_t s_response;

static faceplate_config_t with(const char *password)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.password = password;
    return config;
}

/* Boots, and answers over HTTP. */
static void serve(const faceplate_config_t *config)
{
    CHECK_IS(faceplate_boot(config), ESP_OK);
    server_start();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
}

/* A request with a body of JSON; its status. */
static int ask(const char *line, const char *headers, const char *body)
{
    char request[800];
    snprintf(request, sizeof(request),
             "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %u\r\n%s\r\n%s", line,
             (unsigned)strlen(body), headers, body);
    client_open(&s_client, g_port);
    client_send(&s_client, request);
    client_read(&s_client, &s_response);
    client_close(&s_client);
    return s_response.status;
}

static bool is_problem(const char *slug)
{
    return strstr(s_response.body, slug) != NULL;
}

/* Whether a confirmation is looked at: there is nothing to confirm. */
static bool may_change(const char *headers)
{
    return ask("POST /api/ota/confirm", headers, "{}") == 409 && is_problem("/problems/not-on-trial\"");
}

static bool is_needed(void)
{
    return ask("POST /api/ota/confirm", "", "{}") == 401 && is_problem("/problems/password-needed\"");
}

#if CONFIG_FACEPLATE_PASSWORD

static bool is_unset(void)
{
    return ask("POST /api/ota/confirm", RIGHT, "{}") == 403 && is_problem("/problems/password-unset\"");
}

static void built_in(void)
{
    faceplate_config_t config = with(VERIFIER);
    serve(&config);
    CHECK(is_needed());
    CHECK(ask("POST /api/ota/rollback", "", "{}") == 401);
    CHECK(ask("PUT /api/ota/password", "", "{\"verifier\":\"" ANOTHER "\"}") == 401);
    client_open(&s_client, g_port);
    send_upload_head(&s_client, g_second.len, "");
    client_send(&s_client, "x");
    client_read(&s_client, &s_response);
    client_close(&s_client);
    CHECK(s_response.status == 401);
    CHECK(!may_change("Authorization: Basic OmFub3RoZXI=\r\n") && is_problem("/problems/wrong-password\""));
    CHECK(may_change(RIGHT));
    CHECK(client_get(g_port, "/api/ota/status", &s_response) == 200);
    CHECK(strstr(s_response.body, "\"last\":\"wrong-password\"") != NULL);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    /* The firmware's own handlers are open where they do not ask. */
    CHECK(ask("POST /mine", "", "") == 200);
    CHECK(g_board->operations == 0);
    server_stop();
}

static void what_the_build_says_is_needed_for_every_change(void)
{
    board_with_first();
    CHECK(power(built_in) == 0);
}

static void for_reading(void)
{
    faceplate_config_t config = with(VERIFIER);
    config.password_for_reading = true;
    serve(&config);
    CHECK(client_get(g_port, "/api/ota/status", &s_response) == 401);
    CHECK(ask("GET /api/ota/status", RIGHT, "") == 200);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    CHECK(client_get(g_port, "/recovery", &s_response) == 200);
    CHECK(client_get(g_port, "/api/ota/login", &s_response) == 200);
    CHECK(strstr(s_response.body, "\"set\":true") != NULL);
    CHECK(client_get(g_port, "/api/ota/login.js", &s_response) == 200);
    server_stop();
}

static void it_may_be_needed_for_reading_too(void)
{
    board_with_first();
    CHECK(power(for_reading) == 0);
}

static void set_over_http(void)
{
    faceplate_config_t config = with(FACEPLATE_PASSWORD_DEMANDED);
    serve(&config);
    CHECK(is_unset());
    CHECK(ask("PUT /api/ota/password", "", "{\"verifier\":\"demand\"}") == 400);
    CHECK(g_board->operations == 0);
    CHECK(ask("PUT /api/ota/password", "", "{\"verifier\":\"" VERIFIER "\"}") == 204);
    CHECK(is_needed() && may_change(RIGHT));
    server_stop();
}

static void still_there(void)
{
    /* What was set goes before that of the build. */
    faceplate_config_t config = with(ANOTHER);
    serve(&config);
    CHECK(is_needed() && may_change(RIGHT));
    server_stop();
}

static void reset(void)
{
    faceplate_config_t config = with(FACEPLATE_PASSWORD_DEMANDED);
    serve(&config);
    CHECK(may_change(RIGHT));
    CHECK_IS(faceplate_reset_password(), ESP_OK);
    CHECK(is_unset());
    CHECK_IS(faceplate_reset_password(), ESP_OK);
    server_stop();
}

static void still_reset(void)
{
    faceplate_config_t config = with(FACEPLATE_PASSWORD_DEMANDED);
    serve(&config);
    CHECK(is_unset());
    server_stop();
}

static void one_that_is_demanded_stays_until_the_button_is_held(void)
{
    board_with_first();
    CHECK(power(set_over_http) == 0);
    CHECK(power(still_there) == 0);
    CHECK(power(reset) == 0);
    CHECK(power(still_reset) == 0);
}

static void set_by_the_firmware(void)
{
    char line[101];
    faceplate_config_t config = with(ANOTHER);
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_reset_password(), ESP_ERR_INVALID_STATE);
    serve(&config);
    CHECK(is_needed() && !may_change(RIGHT));
    CHECK_IS(faceplate_set_password(NULL), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_set_password(FACEPLATE_PASSWORD_DEMANDED), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_OK);
    CHECK(may_change(RIGHT));
    g_board->nvs_fails = true;
    CHECK_IS(faceplate_set_password(ANOTHER), FACEPLATE_ERR_NVS);
    CHECK(strcmp(faceplate_last_error(line, sizeof(line)), "") != 0);
    CHECK_IS(faceplate_reset_password(), FACEPLATE_ERR_NVS);
    g_board->nvs_fails = false;
    CHECK(may_change(RIGHT));
    CHECK_IS(faceplate_reset_password(), ESP_OK);
    CHECK(is_needed() && !may_change(RIGHT));
    server_stop();
}

static void the_firmware_may_set_another(void)
{
    board_with_first();
    CHECK(power(set_by_the_firmware) == 0);
}

static void cannot_be_read(void)
{
    faceplate_config_t config = with(FACEPLATE_PASSWORD_DEMANDED);
    serve(&config);
    g_board->nvs_fails = true;
    CHECK(ask("POST /api/ota/confirm", RIGHT, "{}") == 500 && is_problem("/problems/nvs-fault\""));
    CHECK(ask("PUT /api/ota/password", "", "{\"verifier\":\"" VERIFIER "\"}") == 500);
    g_board->nvs_fails = false;
    CHECK(is_unset());
    server_stop();
}

static void what_cannot_be_read_lets_nobody_in(void)
{
    board_with_first();
    CHECK(power(cannot_be_read) == 0);
}

static void on_event(const faceplate_event_t *event, void *ctx)
{
    (void)event, (void)ctx;
    CHECK_IS(faceplate_reset_password(), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_ERR_INVALID_STATE);
    g_board->notes[0]++;
}

static void in_a_hook(void)
{
    faceplate_config_t config = with(VERIFIER);
    config.on_event = on_event;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK_IS(upload(g_second, 0), ESP_OK);
    pass_until_restart();
}

static void not_in_a_hook(void)
{
    board_with_first();
    CHECK(power(in_a_hook) == END_RESTARTED);
    CHECK(g_board->notes[0] > 0);
}

static void no_verifiers(void)
{
    static const char *const wrong[] = {
        "", "correct horse", "DEMAND", VERIFIER " ", VERIFIER "\n", "\xff" VERIFIER, "SCRAM-SHA-1" VERIFIER,
        "SCRAM-SHA-256$4095:c2FsdCBvZiB0aGUgdGVzdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    faceplate_config_t config;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        config = with(wrong[i]);
        CHECK_IS(faceplate_boot(&config), ESP_ERR_INVALID_ARG);
    }
    config = with(NULL);
    config.password_for_reading = true;
    CHECK_IS(faceplate_boot(&config), ESP_ERR_INVALID_ARG);
    config.password_for_reading = false;
    serve(&config);
    CHECK(may_change(""));
    CHECK(client_get(g_port, "/api/ota/login", &s_response) == 404);
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_reset_password(), ESP_ERR_INVALID_STATE);
    server_stop();
}

static void what_is_no_password_is_refused(void)
{
    board_with_first();
    CHECK(power(no_verifiers) == 0);
}

void test_password(void)
{
    run_test("what_the_build_says_is_needed_for_every_change", what_the_build_says_is_needed_for_every_change);
    run_test("it_may_be_needed_for_reading_too", it_may_be_needed_for_reading_too);
    run_test("one_that_is_demanded_stays_until_the_button_is_held",
             one_that_is_demanded_stays_until_the_button_is_held);
    run_test("the_firmware_may_set_another", the_firmware_may_set_another);
    run_test("what_cannot_be_read_lets_nobody_in", what_cannot_be_read_lets_nobody_in);
    run_test("not_in_a_hook", not_in_a_hook);
    run_test("what_is_no_password_is_refused", what_is_no_password_is_refused);
}

#else

static void without(void)
{
    faceplate_config_t config = with(VERIFIER);
    CHECK_IS(faceplate_boot(&config), ESP_ERR_NOT_SUPPORTED);
    config = with(NULL);
    config.password_for_reading = true;
    CHECK_IS(faceplate_boot(&config), ESP_ERR_NOT_SUPPORTED);
    config.password_for_reading = false;
    serve(&config);
    CHECK(may_change("") && may_change(RIGHT) && !is_needed());
    CHECK(client_get(g_port, "/api/ota/login", &s_response) == 404);
    CHECK(ask("PUT /api/ota/password", "", "{\"verifier\":\"" ANOTHER "\"}") == 404);
    CHECK_IS(faceplate_set_password(VERIFIER), ESP_ERR_NOT_SUPPORTED);
    CHECK_IS(faceplate_reset_password(), ESP_ERR_NOT_SUPPORTED);
    server_stop();
}

static void a_firmware_that_was_built_without_it_does_not_pretend(void)
{
    board_with_first();
    CHECK(power(without) == 0);
}

void test_password(void)
{
    run_test("a_firmware_that_was_built_without_it_does_not_pretend",
             a_firmware_that_was_built_without_it_does_not_pretend);
}

#endif
