/* Who may do what, as the firmware says. */
#include <string.h>

#include "server.h"

static client_t s_client;
static response_t s_response;

/* What the hook was asked. */
static int s_asked;
static faceplate_access_t s_access;
static char s_path[100], s_token[100];

static faceplate_verdict_t authorize(const faceplate_request_t *request, faceplate_access_t access, void *ctx)
{
    char value[100], small[4];
    CHECK(ctx == &s_asked);
    s_asked++;
    s_access = access;
    CHECK_IS(faceplate_request_path(request, s_path, sizeof(s_path)), ESP_OK);
    CHECK_IS(faceplate_request_path(request, NULL, 0), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_request_header(request, "X-None", value, sizeof(value)), ESP_ERR_NOT_FOUND);
    CHECK_IS(faceplate_request_header(request, NULL, value, sizeof(value)), ESP_ERR_INVALID_ARG);
    s_token[0] = '\0';
    faceplate_request_header(request, "X-Token", s_token, sizeof(s_token));
    /* No way back into Faceplate from here. */
    CHECK(faceplate_state() == FACEPLATE_STATE_NOT_BOOTED);
    CHECK_IS(faceplate_rollback(), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_register(g_server, NULL), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_listen(0, NULL, NULL), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_stop(g_server), ESP_ERR_INVALID_STATE);
    if (faceplate_request_header(request, "Authorization", value, sizeof(value)) != ESP_OK) {
        return FACEPLATE_UNAUTHORIZED;
    }
    CHECK_IS(faceplate_request_header(request, "authorization", small, sizeof(small)), ESP_ERR_INVALID_SIZE);
    CHECK(strcmp(small, "Bas") == 0);
    if (strcmp(value, "Basic owner") == 0) {
        return FACEPLATE_ALLOW;
    }
    return access == FACEPLATE_ACCESS_READ ? FACEPLATE_ALLOW : FACEPLATE_FORBIDDEN;
}

static int ask(const char *line, const char *headers)
{
    char request[400];
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", line, headers);
    client_open(&s_client, g_port);
    client_send(&s_client, request);
    client_read(&s_client, &s_response);
    client_close(&s_client);
    return s_response.status;
}

/* An upload of which only the first byte comes. */
static int begin(const char *headers)
{
    client_open(&s_client, g_port);
    send_upload_head(&s_client, g_second.len, headers);
    client_send(&s_client, "x");
    client_read(&s_client, &s_response);
    client_close(&s_client);
    return s_response.status;
}

static void judge(void)
{
    faceplate_http_config_t config = FACEPLATE_HTTP_CONFIG_DEFAULT();
    config.authorize = authorize;
    config.challenge = "Basic realm=\"the lamp\"";
    config.ctx = &s_asked;
    server_start_with_faceplate(&config);
    CHECK(ask("GET /version%2etxt?x=y", "X-Token: a b\r\n") == 401);
    CHECK(strstr(s_response.head, "\r\nWWW-Authenticate: Basic realm=\"the lamp\"\r\n") != NULL);
    CHECK(s_asked == 1 && s_access == FACEPLATE_ACCESS_READ);
    CHECK(strcmp(s_path, "/version.txt") == 0 && strcmp(s_token, "a b") == 0);
    CHECK(ask("GET /version.txt", "Authorization: Basic guest\r\n") == 200);
    CHECK(s_asked == 2);
    CHECK(begin("") == 401);
    CHECK(begin("Authorization: Basic guest\r\n") == 403);
    CHECK(s_asked == 4 && s_access == FACEPLATE_ACCESS_UPDATE);
    CHECK(strcmp(s_path, "/api/ota/frontend") == 0);
    CHECK(ask("POST /api/ota/rollback", "Authorization: Basic guest\r\nContent-Type: application/json\r\n") == 403);
    CHECK(ask("GET /api/ota/status", "Authorization: Basic owner\r\n") == 200);
    CHECK(strstr(s_response.body, "\"upload\":null") != NULL);
    /* The firmware's own is the firmware's own to judge. */
    s_asked = 0;
    CHECK(ask("GET /mine", "") == 200);
    CHECK(s_asked == 0);
    server_stop();
}

static void the_firmware_says_who_may_do_what(void)
{
    board_with_first();
    CHECK(power(judge) == 0);
    CHECK(g_board->operations == 0);
}

void test_http_access(void)
{
    run_test("the_firmware_says_who_may_do_what", the_firmware_says_who_may_do_what);
}
