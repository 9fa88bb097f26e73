/* Flash of NOR kind: an erase makes ones, a write makes zeros. */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "esp_partition.h"

#define ROWS 5
#define FIRST_SLOT 3

/* Another chip than that of the program, with a partition that has the name of one of ours. */
#define ELSEWHERE ((esp_flash_t *)&s_elsewhere)
static char s_elsewhere;

struct esp_partition_iterator_opaque_ {
    unsigned at;
};

static const esp_partition_t s_rows[ROWS] = {
    {ELSEWHERE, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0, SLOT_SIZE, SECTOR, "www_0", false, false},
    {NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, 0x9000, 0x6000, SECTOR, "nvs", false, false},
    {NULL, ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, 0x10000, 0x100000, SECTOR, "factory", false, false},
    {NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0x310000, SLOT_SIZE, SECTOR, "www_0", false, false},
    {NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0x410000, SLOT_SIZE, SECTOR, "www_1", false, false},
};

/* The same, with slots of two sizes. */
static const esp_partition_t s_unequal = {
    NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0x410000, SLOT_SIZE - SECTOR, SECTOR, "www_1", false, false};

/* The same, with large ones. */
static const esp_partition_t s_large[2] = {
    {NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0x310000, LARGE_SLOT_SIZE, SECTOR, "www_0", false, false},
    {NULL, ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS, 0xf10000, LARGE_SLOT_SIZE, SECTOR, "www_1", false, false},
};

static const esp_partition_t *row(unsigned at)
{
    if (at >= FIRST_SLOT && g_board->large_slots) {
        return &s_large[at - FIRST_SLOT];
    }
    return at == ROWS - 1 && g_board->second_slot_less ? &s_unequal : &s_rows[at];
}

esp_partition_iterator_t esp_partition_find(esp_partition_type_t type,
                                            esp_partition_subtype_t subtype, const char *label)
{
    /* All that is asked for. */
    if (type != ESP_PARTITION_TYPE_ANY || subtype != ESP_PARTITION_SUBTYPE_ANY || label != NULL) {
        abort();
    }
    return calloc(1, sizeof(struct esp_partition_iterator_opaque_));
}

const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator)
{
    return row(iterator->at);
}

esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator)
{
    iterator->at++;
    if (iterator->at < ROWS) {
        return iterator;
    }
    free(iterator);
    return NULL;
}

void esp_partition_iterator_release(esp_partition_iterator_t iterator)
{
    free(iterator);
}

/* The bytes at a place; NULL: outside of the slots, or of the beginning of a large one. */
static uint8_t *at(const esp_partition_t *partition, size_t offset, size_t size)
{
    size_t there = partition->size < SLOT_SIZE ? partition->size : SLOT_SIZE;
    if (offset > there || size > there - offset) {
        return NULL;
    }
    for (int slot = 0; slot < 2; slot++) {
        if (partition == row(FIRST_SLOT + slot)) {
            return g_board->slots[slot] + offset;
        }
    }
    return NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst,
                             size_t size)
{
    const uint8_t *from = at(partition, src_offset, size);
    if (from == NULL) {
        return ESP_ERR_INVALID_SIZE;
    }
    /* As where the chip cannot read into dst itself, which may be in external memory. */
    void *buffer = malloc(size);
    if (buffer == NULL) {
        return ESP_ERR_NO_MEM;
    }
    memcpy(buffer, from, size);
    memcpy(dst, buffer, size);
    free(buffer);
    return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src,
                              size_t size)
{
    uint8_t *to = at(partition, dst_offset, size);
    if (to == NULL) {
        return ESP_ERR_INVALID_SIZE;
    }
    if (g_board->flash_fails) {
        return ESP_FAIL;
    }
    /* Pages of 256 bytes, 0.4 ms each. */
    board_flash_takes((uint32_t)(size + 255) / 256 * 400);
    bool cut = board_operation();
    /* A cut comes in the middle. */
    for (size_t i = 0; i < (cut ? size / 2 : size); i++) {
        to[i] &= ((const uint8_t *)src)[i];
    }
    if (cut) {
        board_power_cut();
    }
    return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    uint8_t *to = at(partition, offset, size);
    if (to == NULL || offset % SECTOR != 0 || size % SECTOR != 0) {
        return ESP_ERR_INVALID_SIZE;
    }
    if (g_board->flash_fails) {
        return ESP_FAIL;
    }
    board_flash_takes(size >= 16 * SECTOR ? 150000 : 45000);
    bool cut = board_operation();
    memset(to, 0xff, cut ? size / 2 : size);
    if (cut) {
        board_power_cut();
    }
    return ESP_OK;
}
