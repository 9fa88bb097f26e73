/* Stand-in: see esp_err.h. What is logged is shown where the environment has LOG. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define STAND_IN_LOG(level, tag, format, ...)                                                      \
    do {                                                                                           \
        if (getenv("LOG") != NULL) {                                                               \
            fprintf(stderr, level " %s: " format "\n", tag, __VA_ARGS__);                          \
        }                                                                                          \
    } while (0)

#define ESP_LOGE(tag, format, ...) STAND_IN_LOG("E", tag, format, __VA_ARGS__)
#define ESP_LOGW(tag, format, ...) STAND_IN_LOG("W", tag, format, __VA_ARGS__)
#define ESP_LOGI(tag, format, ...) STAND_IN_LOG("I", tag, format, __VA_ARGS__)
