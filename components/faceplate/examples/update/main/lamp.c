#include "lamp.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "faceplate_http.h" /* Faceplate */

/* Only the server's task has it. */
static bool s_on;

static esp_err_t tell_lamp(httpd_req_t *req)
{
    httpd_resp_set_type(req, "application/json");
    return httpd_resp_sendstr(req, s_on ? "true" : "false");
}

static esp_err_t get_lamp(httpd_req_t *req)
{
    /* Faceplate: whether that needs the device's password, and was asked for with it. */
    if (faceplate_check_password(req) != ESP_OK) {
        return ESP_FAIL;
    }
    return tell_lamp(req);
}

static esp_err_t post_lamp(httpd_req_t *req)
{
    char body[8] = {0};
    size_t received = 0;
    /* Faceplate: the same. */
    if (faceplate_check_password(req) != ESP_OK) {
        return ESP_FAIL;
    }
    if (req->content_len >= sizeof(body)) {
        return httpd_resp_send_err(req, HTTPD_400_BAD_REQUEST, "true or false");
    }
    while (received < req->content_len) {
        int n = httpd_req_recv(req, body + received, req->content_len - received);
        if (n <= 0) {
            return ESP_FAIL;
        }
        received += n;
    }
    if (strcmp(body, "true") != 0 && strcmp(body, "false") != 0) {
        return httpd_resp_send_err(req, HTTPD_400_BAD_REQUEST, "true or false");
    }
    s_on = strcmp(body, "true") == 0;
    board_light(s_on);
    return tell_lamp(req);
}

esp_err_t lamp_register(httpd_handle_t server)
{
    const httpd_uri_t get = {.uri = "/api/lamp", .method = HTTP_GET, .handler = get_lamp};
    const httpd_uri_t post = {.uri = "/api/lamp", .method = HTTP_POST, .handler = post_lamp};
    esp_err_t err = httpd_register_uri_handler(server, &get);
    return err == ESP_OK ? httpd_register_uri_handler(server, &post) : err;
}
