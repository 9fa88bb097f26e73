/*
 * A lamp whose web frontend is updated over the air.
 *
 * What the lamp has anyway: NVS, a network, a server, its own handlers. What Faceplate needs of it is marked.
 */
#include "board.h"
#include "esp_err.h"
#include "esp_http_server.h"
#include "esp_log.h"
#include "faceplate.h"      /* Faceplate */
#include "faceplate_http.h" /* Faceplate */
#include "lamp.h"
#include "nvs_flash.h"

static httpd_handle_t start_server(void)
{
    httpd_handle_t server = NULL;
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    board_ports(&config);
    /* A browser keeps its connections: the one that was idle longest makes room for a new one. */
    config.lru_purge_enable = true;
    /* Faceplate: is to know of that before others may have the connection's number. */
    config.close_fn = faceplate_close_connection;
    ESP_ERROR_CHECK(httpd_start(&server, &config));
    ESP_ERROR_CHECK(lamp_register(server));
    return server;
}

void app_main(void)
{
    board_init();
    ESP_ERROR_CHECK(nvs_flash_init());
    board_network();

    /* Faceplate: checks both slots and chooses the one that is served. */
    ESP_ERROR_CHECK(faceplate_boot(NULL));

    httpd_handle_t server = start_server();

    /* Faceplate: answers what the lamp has no handler for: its files, /api/ota/..., /recovery. The server
     * warns of each such request before it asks for an answer. */
    esp_log_level_set("httpd_uri", ESP_LOG_ERROR);
    faceplate_http_config_t http = FACEPLATE_HTTP_CONFIG_DEFAULT();
    http.name = "lamp";
    ESP_ERROR_CHECK(faceplate_register(server, &http));
}
