/*
 * A computer: the lamp is a line of the log, the network is there, and the flash is a file.
 *
 * FLASH names that file, PORT the port; without them it is a new file in /tmp, and 8080.
 */
#include "board.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_partition.h"
#include "esp_private/partition_linux.h"

static const char *TAG = "board";

void board_init(void)
{
    /* A client that is gone is no reason to end. */
    signal(SIGPIPE, SIG_IGN);
    const char *flash = getenv("FLASH");
    if (flash != NULL) {
        esp_partition_file_mmap_ctrl_t *control = esp_partition_get_file_mmap_ctrl_input();
        strlcpy(control->flash_file_name, flash, sizeof(control->flash_file_name));
    }
}

void board_light(bool on)
{
    ESP_LOGI(TAG, "the lamp is %s", on ? "on" : "off");
}

void board_ports(httpd_config_t *config)
{
    const char *port = getenv("PORT");
    config->server_port = port != NULL ? (uint16_t)atoi(port) : 8080;
    /* The one that httpd talks to itself on, by UDP: another number for each program that runs. */
    config->ctrl_port = config->server_port;
}

void board_network(void)
{
    /* The server posts events. */
    ESP_ERROR_CHECK(esp_event_loop_create_default());
}
