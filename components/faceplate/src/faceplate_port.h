/*
 * What the library in Rust needs of ESP-IDF, in types of fixed size.
 *
 * The library knows neither a struct nor a macro of ESP-IDF: those differ between its versions, and the C
 * compiler sees the ones that the firmware is built with.
 */
#ifndef FACEPLATE_PORT_H
#define FACEPLATE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "faceplate.h"

/** A row of the partition table. */
typedef struct {
    const void *handle; /* the esp_partition_t, which lives for ever */
    uint32_t address;
    uint32_t size;
    uint8_t type;
    uint8_t subtype;
    bool encrypted;
    bool readonly;
    char label[17];
} faceplate_port_row_t;

/** What kind of value is in NVS. */
enum { FACEPLATE_PORT_U8 = 0, FACEPLATE_PORT_U32 = 1, FACEPLATE_PORT_BLOB = 2 };

/* Of ESP-IDF, for the library. */

esp_err_t faceplate_port_init(void);
bool faceplate_port_can_verify(void);
bool faceplate_port_verify(const uint8_t key[32], const uint8_t *statement, uint32_t len, const uint8_t signature[64]);
void faceplate_port_fill_random(void *to, uint32_t len);
bool faceplate_port_lock(void);
void faceplate_port_unlock(void);
bool faceplate_port_may_wait(void);
void faceplate_port_give_way(void);
esp_err_t faceplate_port_run(void (*work)(void *arg), void *arg);
esp_err_t faceplate_port_spawn(void (*task)(void *arg));
void faceplate_port_sleep_ms(uint32_t ms);
int64_t faceplate_port_now_ms(void);
void faceplate_port_restart(void) __attribute__((__noreturn__));
void faceplate_port_log(int level, const char *line);
void faceplate_port_panic(const char *line) __attribute__((__noreturn__));
uint32_t faceplate_port_table_offset(void);
esp_err_t faceplate_port_row(uint32_t index, faceplate_port_row_t *row);
esp_err_t faceplate_port_read(const void *handle, uint32_t offset, void *to, uint32_t len);
esp_err_t faceplate_port_write(const void *handle, uint32_t offset, const void *from, uint32_t len);
esp_err_t faceplate_port_erase(const void *handle, uint32_t offset, uint32_t len);
esp_err_t faceplate_port_nvs_get(const char *partition, const char *space, const char *key, int kind,
                                 void *value, uint32_t len, bool *found);
esp_err_t faceplate_port_nvs_set(const char *partition, const char *space, const char *key, int kind,
                                 const void *value, uint32_t len);
esp_err_t faceplate_port_nvs_remove(const char *partition, const char *space, const char *key);

/* Of the library, for the C side. */

/** faceplate_boot, for a caller to whom these structs are so large. */
esp_err_t faceplate_boot_sized(const faceplate_config_t *config, uint32_t config_size,
                               uint32_t status_size);
/** Whether the key has signed the statement (Ed25519). Named by nobody but who needs it, so that others are linked
 *  without it. Takes 4.6 KiB of the stack. */
bool faceplate_has_signed(const uint8_t key[32], const uint8_t *statement, uint32_t len, const uint8_t signature[64]);
/** Name of a code of ours; NULL: it is none. */
const char *faceplate_own_err_name(esp_err_t code);

#endif
