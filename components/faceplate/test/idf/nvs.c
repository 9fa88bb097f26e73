/* A store with the calls of NVS and its promise: each set is made whole or not at all. How ESP-IDF's own
 * keeps that promise is not looked at here. */
#include "nvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

enum { U8 = 1, U32 = 2, BLOB = 3 };

/* Handles: the namespaces that are open. */
#define HANDLES 4

static struct {
    bool open;
    bool writes;
    bool uncommitted;
    void *memory; /* ESP-IDF's handles are on the heap */
    char space[16];
} s_handles[HANDLES];

static board_key_t *find(const char *space, const char *key)
{
    for (int i = 0; i < NVS_KEYS; i++) {
        board_key_t *found = &g_board->keys[i];
        if (found->type != 0 && strcmp(found->space, space) == 0 &&
            (key == NULL || strcmp(found->key, key) == 0)) {
            return found;
        }
    }
    return NULL;
}

esp_err_t nvs_open_from_partition(const char *part_name, const char *namespace_name,
                                  nvs_open_mode_t open_mode, nvs_handle_t *out_handle)
{
    if (g_board->nvs_fails || strcmp(part_name, "nvs") != 0) {
        return ESP_ERR_NVS_NOT_INITIALIZED;
    }
    if (open_mode == NVS_READONLY && find(namespace_name, NULL) == NULL) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    for (nvs_handle_t handle = 0; handle < HANDLES; handle++) {
        if (!s_handles[handle].open) {
            s_handles[handle].memory = malloc(sizeof(s_handles[0]));
            if (s_handles[handle].memory == NULL) {
                return ESP_ERR_NO_MEM;
            }
            s_handles[handle].open = true;
            s_handles[handle].uncommitted = false;
            s_handles[handle].writes = open_mode == NVS_READWRITE;
            strncpy(s_handles[handle].space, namespace_name, sizeof(s_handles[handle].space) - 1);
            *out_handle = handle;
            return ESP_OK;
        }
    }
    return ESP_ERR_NO_MEM;
}

/* ESP-IDF's writes at once today, and promises no more than that a commit does. */
void nvs_close(nvs_handle_t handle)
{
    if (s_handles[handle].uncommitted) {
        fprintf(stderr, "closed without a commit: %s\n", s_handles[handle].space);
        abort();
    }
    free(s_handles[handle].memory);
    s_handles[handle].open = false;
}

static esp_err_t get(nvs_handle_t handle, const char *key, int type, void *value, size_t *len)
{
    const board_key_t *found = find(s_handles[handle].space, key);
    if (found == NULL || found->type != type) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    if (found->len > *len) {
        return ESP_ERR_NVS_INVALID_LENGTH;
    }
    *len = found->len;
    memcpy(value, found->value, found->len);
    return ESP_OK;
}

static esp_err_t set(nvs_handle_t handle, const char *key, int type, const void *value, size_t len)
{
    if (!s_handles[handle].writes) {
        return ESP_ERR_NVS_READ_ONLY;
    }
    if (board_operation()) {
        board_power_cut();
    }
    board_key_t *place = find(s_handles[handle].space, key);
    for (int i = 0; place == NULL && i < NVS_KEYS; i++) {
        if (g_board->keys[i].type == 0) {
            place = &g_board->keys[i];
        }
    }
    if (place == NULL || len > sizeof(place->value)) {
        return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    }
    memset(place, 0, sizeof(*place));
    strncpy(place->space, s_handles[handle].space, sizeof(place->space) - 1);
    strncpy(place->key, key, sizeof(place->key) - 1);
    place->type = type;
    place->len = len;
    memcpy(place->value, value, len);
    s_handles[handle].uncommitted = true;
    return ESP_OK;
}

esp_err_t nvs_get_u8(nvs_handle_t handle, const char *key, uint8_t *out_value)
{
    size_t len = sizeof(*out_value);
    return get(handle, key, U8, out_value, &len);
}

esp_err_t nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *out_value)
{
    size_t len = sizeof(*out_value);
    return get(handle, key, U32, out_value, &len);
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *out_value, size_t *length)
{
    return get(handle, key, BLOB, out_value, length);
}

esp_err_t nvs_set_u8(nvs_handle_t handle, const char *key, uint8_t value)
{
    return set(handle, key, U8, &value, sizeof(value));
}

esp_err_t nvs_set_u32(nvs_handle_t handle, const char *key, uint32_t value)
{
    return set(handle, key, U32, &value, sizeof(value));
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t length)
{
    return set(handle, key, BLOB, value, length);
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key)
{
    board_key_t *found = find(s_handles[handle].space, key);
    if (found == NULL) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    if (board_operation()) {
        board_power_cut();
    }
    found->type = 0;
    s_handles[handle].uncommitted = true;
    return ESP_OK;
}

esp_err_t nvs_commit(nvs_handle_t handle)
{
    s_handles[handle].uncommitted = false;
    return ESP_OK;
}
