/* Stand-in: see esp_err.h. For the examples in the documentation, which are only compiled. */
#pragma once

#include "esp_err.h"

esp_err_t nvs_flash_init(void);
