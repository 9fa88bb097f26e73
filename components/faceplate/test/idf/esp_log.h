/* Stand-in: see esp_err.h. What is logged is shown where the environment has LOG. */
#pragma once

void stand_in_log(char level, const char *tag, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));

typedef enum {
    ESP_LOG_NONE,
    ESP_LOG_ERROR,
} esp_log_level_t;

/* For the examples in the documentation, which are only compiled. */
void esp_log_level_set(const char *tag, esp_log_level_t level);

#define ESP_LOGE(tag, ...) stand_in_log('E', tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) stand_in_log('W', tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) stand_in_log('I', tag, __VA_ARGS__)
