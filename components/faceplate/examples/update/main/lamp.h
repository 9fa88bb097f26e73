/*
 * The lamp, and its own API: GET and POST /api/lamp, with true or false.
 */
#pragma once

#include "esp_err.h"
#include "esp_http_server.h"

/** Registers the lamp's handlers. */
esp_err_t lamp_register(httpd_handle_t server);
