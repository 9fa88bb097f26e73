/* What the pieces of C in docs/esp-idf.md take from the firmware around them. They are compiled, and not run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_http_server.h"
#include "faceplate.h"
#include "faceplate_http.h"

extern httpd_handle_t server;
extern httpd_config_t config;
extern faceplate_http_config_t http;

/* A source of an image. */
extern uint32_t total;
extern char buffer[1024];
extern int n;
int next_bytes(char *to, size_t len);

/* A login. */
bool is_ours(const char *value);

/* Of joltwallet/littlefs, with its names. */
typedef struct {
    const char *base_path;
    const char *partition_label;
    uint8_t format_if_mount_failed : 1;
    uint8_t read_only : 1;
    uint8_t dont_mount : 1;
    uint8_t grow_on_mount : 1;
} esp_vfs_littlefs_conf_t;
esp_err_t esp_vfs_littlefs_register(const esp_vfs_littlefs_conf_t *conf);
