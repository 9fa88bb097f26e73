/*
 * What differs between a chip and a computer (the target linux).
 */
#pragma once

#include <stdbool.h>

#include "esp_http_server.h"

/** Comes first: nothing works before it. */
void board_init(void);

/** Brings up the network. */
void board_network(void);

/** Where the server is. */
void board_ports(httpd_config_t *config);

/** Switches the light. */
void board_light(bool on);
