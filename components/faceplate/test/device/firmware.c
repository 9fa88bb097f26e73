/* What a firmware does that has Faceplate in it: a server, handlers of its own, and Faceplate beside them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "esp_http_server.h"
#include "faceplate_http.h"
#include "freertos/task.h"

static bool s_lamp;

static esp_err_t get_lamp(httpd_req_t *request)
{
    httpd_resp_set_type(request, "application/json");
    return httpd_resp_sendstr(request, s_lamp ? "{\"on\":true}" : "{\"on\":false}");
}

static esp_err_t post_lamp(httpd_req_t *request)
{
    char body[64];
    int n = httpd_req_recv(request, body, sizeof(body) - 1);
    if (n <= 0) {
        return ESP_FAIL;
    }
    body[n] = '\0';
    s_lamp = strstr(body, "true") != NULL;
    return get_lamp(request);
}

/* Holds the server's task, as handlers do. */
static esp_err_t get_slow(httpd_req_t *request)
{
    vTaskDelay(pdMS_TO_TICKS(1000));
    return httpd_resp_sendstr(request, "slow");
}

static void on_event(const faceplate_event_t *event, void *ctx)
{
    (void)ctx;
    if (event->id == FACEPLATE_EVENT_RESTARTING) {
        __atomic_store_n(&g_board->restart_in_ms, event->restart_in_ms, __ATOMIC_SEQ_CST);
    }
}

static void must(esp_err_t err, const char *what)
{
    if (err != ESP_OK) {
        char line[101];
        fprintf(stderr, "%s: %s (%s)\n", what, faceplate_err_to_name(err), faceplate_last_error(line, sizeof(line)));
        _exit(1);
    }
}

static void serve(const options_t *options, const faceplate_http_config_t *faceplate)
{
    static const httpd_uri_t handlers[] = {
        {.uri = "/api/lamp", .method = HTTP_GET, .handler = get_lamp},
        {.uri = "/api/lamp", .method = HTTP_POST, .handler = post_lamp},
        {.uri = "/api/slow", .method = HTTP_GET, .handler = get_slow},
    };
    (void)options;
    httpd_handle_t server;
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.stack_size = 65536;
    config.server_port = g_board->port;
    config.lru_purge_enable = true;
    config.close_fn = faceplate_close_connection;
    must(httpd_start(&server, &config), "httpd_start");
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        must(httpd_register_uri_handler(server, &handlers[i]), "httpd_register_uri_handler");
    }
    must(faceplate_register(server, faceplate), "faceplate_register");
}

void firmware(const options_t *options)
{
    static faceplate_status_t status;
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    faceplate_http_config_t http = FACEPLATE_HTTP_CONFIG_DEFAULT();
    /* lwIP tells of a client that has gone by the result alone. */
    signal(SIGPIPE, SIG_IGN);
    config.on_event = on_event;
    config.password = options->password;
    config.password_for_reading = options->password_for_reading;
    must(faceplate_boot(&config), "faceplate_boot");
    http.name = options->name;
    http.firmware = options->firmware;
    http.hosts = options->hosts;
    if (options->own_port) {
        must(faceplate_listen(g_board->port, &http, NULL), "faceplate_listen");
    } else {
        serve(options, &http);
    }
    must(faceplate_get_status(&status), "faceplate_get_status");
    const faceplate_slot_t *slot = &status.slots[status.active];
    printf("http://127.0.0.1:%u/ serves %s%s%s\n", (unsigned)g_board->port,
           status.state == FACEPLATE_STATE_RECOVERY ? "the recovery page" : slot->version,
           status.state == FACEPLATE_STATE_RECOVERY ? "" : " from ",
           status.state == FACEPLATE_STATE_RECOVERY ? "" : slot->label);
    fflush(stdout);
    /* Whoever wants to know asks by a line. */
    for (int key; (key = getchar()) != EOF;) {
        if (key == '\n') {
            printf("%u %u\n", (unsigned)__atomic_load_n(&g_board->operations, __ATOMIC_SEQ_CST),
                   (unsigned)__atomic_load_n(&g_board->restart_in_ms, __ATOMIC_SEQ_CST));
            fflush(stdout);
        }
    }
    for (;;) {
        pause();
    }
}
