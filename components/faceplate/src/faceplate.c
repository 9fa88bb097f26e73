/*
 * ESP-IDF as the library wants it.
 */
#include "faceplate_port.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "esp_log.h"
#include "esp_partition.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "nvs.h"
#include "sdkconfig.h"

static const char *TAG = "faceplate";

/* How long something may take without a rest. */
#define REST_EVERY_US 500000

/* The one lock of the library, and how many tasks wait for it. */
static SemaphoreHandle_t s_lock;
static int s_waiting;

esp_err_t faceplate_boot(const faceplate_config_t *config)
{
    return faceplate_boot_sized(config, sizeof(faceplate_config_t), sizeof(faceplate_status_t));
}

const char *faceplate_err_to_name(esp_err_t code)
{
    const char *name = faceplate_own_err_name(code);
    return name != NULL ? name : esp_err_to_name(code);
}

/* Tasks */

/* Since some moment of before. */
static int64_t now_us(void)
{
#if CONFIG_IDF_TARGET_LINUX
    /* Up to 6.1, ESP-IDF has only the header of esp_timer there. */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
#else
    return esp_timer_get_time();
#endif
}

esp_err_t faceplate_port_init(void)
{
    if (s_lock == NULL) {
        s_lock = xSemaphoreCreateMutex();
    }
    return s_lock != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

/* False where the caller has it: in a hook, which would wait for itself. */
bool faceplate_port_lock(void)
{
    if (xSemaphoreGetMutexHolder(s_lock) == xTaskGetCurrentTaskHandle()) {
        return false;
    }
    __atomic_fetch_add(&s_waiting, 1, __ATOMIC_RELAXED);
    BaseType_t taken = xSemaphoreTake(s_lock, portMAX_DELAY);
    __atomic_fetch_sub(&s_waiting, 1, __ATOMIC_RELAXED);
    return taken == pdTRUE;
}

void faceplate_port_unlock(void)
{
    xSemaphoreGive(s_lock);
}

/* Whether the caller may wait for who needs the lock. */
bool faceplate_port_may_wait(void)
{
    return s_lock == NULL || xSemaphoreGetMutexHolder(s_lock) != xTaskGetCurrentTaskHandle();
}

/* Lets others have the lock, between two steps of something long. Giving it is not enough: who takes it again
 * at once is quicker than a task of the same priority, or a lower one, that has waited for it. From time to
 * time everybody else has a tick, too: ESP-IDF's idle task has a watchdog. */
void faceplate_port_give_way(void)
{
    static int64_t s_rested_us;
    int64_t now = now_us();
    if (__atomic_load_n(&s_waiting, __ATOMIC_RELAXED) > 0 ||
        now - __atomic_load_n(&s_rested_us, __ATOMIC_RELAXED) >= REST_EVERY_US) {
        vTaskDelay(1);
        __atomic_store_n(&s_rested_us, now, __ATOMIC_RELAXED);
    }
}

typedef struct {
    void (*work)(void *arg);
    void *arg;
    SemaphoreHandle_t done;
} job_t;

static void run_job(void *arg)
{
    job_t *job = arg;
    job->work(job->arg);
    /* Then the job, which is on the caller's stack, may be gone. */
    xSemaphoreGive(job->done);
    vTaskDelete(NULL);
}

/* Runs work on a stack that is large enough for it, and waits for its end. */
esp_err_t faceplate_port_run(void (*work)(void *arg), void *arg)
{
    job_t job = {work, arg, xSemaphoreCreateBinary()};
    if (job.done == NULL) {
        return ESP_ERR_NO_MEM;
    }
    esp_err_t err = ESP_OK;
    if (xTaskCreate(run_job, "faceplate_job", CONFIG_FACEPLATE_STACK_SIZE, &job,
                    uxTaskPriorityGet(NULL), NULL) != pdPASS) {
        err = ESP_ERR_NO_MEM;
    } else {
        xSemaphoreTake(job.done, portMAX_DELAY);
    }
    vSemaphoreDelete(job.done);
    return err;
}

/* What verifies signatures is linked where the firmware wants it. */
bool faceplate_port_can_verify(void)
{
#if CONFIG_FACEPLATE_SIGNATURES
    return true;
#else
    return false;
#endif
}

bool faceplate_port_verify(const uint8_t key[32], const uint8_t *statement, uint32_t len, const uint8_t signature[64])
{
#if CONFIG_FACEPLATE_SIGNATURES
    return faceplate_has_signed(key, statement, len, signature);
#else
    (void)key, (void)statement, (void)len, (void)signature;
    return false;
#endif
}

/* What nobody can guess. Only a library with a password asks for it. */
void faceplate_port_fill_random(void *to, uint32_t len)
{
    esp_fill_random(to, len);
}

/* Starts the task that runs for ever. */
esp_err_t faceplate_port_spawn(void (*task)(void *arg))
{
    BaseType_t made = xTaskCreate(task, "faceplate", CONFIG_FACEPLATE_TASK_STACK_SIZE, NULL,
                                  CONFIG_FACEPLATE_TASK_PRIORITY, NULL);
    return made == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}

void faceplate_port_sleep_ms(uint32_t ms)
{
    vTaskDelay(pdMS_TO_TICKS(ms));
}

int64_t faceplate_port_now_ms(void)
{
    return now_us() / 1000;
}

void faceplate_port_restart(void)
{
    esp_restart();
}

void faceplate_port_log(int level, const char *line)
{
    switch (level) {
    case 1:
        ESP_LOGE(TAG, "%s", line);
        break;
    case 2:
        ESP_LOGW(TAG, "%s", line);
        break;
    default:
        ESP_LOGI(TAG, "%s", line);
        break;
    }
}

void faceplate_port_panic(const char *line)
{
    ESP_LOGE(TAG, "panic: %s", line);
    abort();
}

/* Flash */

uint32_t faceplate_port_table_offset(void)
{
    return CONFIG_PARTITION_TABLE_OFFSET;
}

/* All partitions; NULL: there is no memory for it, as no firmware is without any. */
static esp_partition_iterator_t partitions(void)
{
    return esp_partition_find(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL);
}

/* The first one with a program; NULL: there is none, as may be on a computer. */
static const esp_partition_t *program(esp_partition_iterator_t it)
{
    const esp_partition_t *program = NULL;
    for (; it != NULL && program == NULL; it = esp_partition_next(it)) {
        const esp_partition_t *partition = esp_partition_get(it);
        program = partition->type == ESP_PARTITION_TYPE_APP ? partition : NULL;
    }
    esp_partition_iterator_release(it);
    return program;
}

/* The row with this number, of the flash chip that the firmware runs from. ESP_ERR_NOT_FOUND: there is none. */
esp_err_t faceplate_port_row(uint32_t index, faceplate_port_row_t *row)
{
    esp_partition_iterator_t it = partitions();
    if (it == NULL) {
        return ESP_ERR_NO_MEM;
    }
    const esp_partition_t *app = program(it);
    it = partitions();
    if (it == NULL) {
        return ESP_ERR_NO_MEM;
    }
    esp_err_t err = ESP_ERR_NOT_FOUND;
    for (; it != NULL && err != ESP_OK; it = esp_partition_next(it)) {
        const esp_partition_t *partition = esp_partition_get(it);
        /* Addresses on another chip say nothing about this one. */
        if (app != NULL && partition->flash_chip != app->flash_chip) {
            continue;
        }
        if (index-- > 0) {
            continue;
        }
        err = ESP_OK;
        memset(row, 0, sizeof(*row));
        row->handle = partition;
        row->address = partition->address;
        row->size = partition->size;
        row->type = (uint8_t)partition->type;
        row->subtype = (uint8_t)partition->subtype;
        row->encrypted = partition->encrypted;
        row->readonly = partition->readonly;
        memcpy(row->label, partition->label, sizeof(row->label) - 1);
    }
    esp_partition_iterator_release(it);
    return err;
}

esp_err_t faceplate_port_read(const void *handle, uint32_t offset, void *to, uint32_t len)
{
    return esp_partition_read(handle, offset, to, len);
}

esp_err_t faceplate_port_write(const void *handle, uint32_t offset, const void *from, uint32_t len)
{
    return esp_partition_write(handle, offset, from, len);
}

esp_err_t faceplate_port_erase(const void *handle, uint32_t offset, uint32_t len)
{
    return esp_partition_erase_range(handle, offset, len);
}

/* NVS. Opened for each access: there are few, and a handle that stays open would keep its namespace in
 * use when the firmware ends NVS. */

static esp_err_t get(nvs_handle_t nvs, const char *key, int kind, void *value, uint32_t len)
{
    size_t room = len;
    esp_err_t err;
    switch (kind) {
    case FACEPLATE_PORT_U8:
        return nvs_get_u8(nvs, key, value);
    case FACEPLATE_PORT_U32:
        return nvs_get_u32(nvs, key, value);
    default:
        err = nvs_get_blob(nvs, key, value, &room);
        /* One of another length is none of ours. */
        return err == ESP_OK && room != len ? ESP_ERR_NVS_INVALID_LENGTH : err;
    }
}

esp_err_t faceplate_port_nvs_get(const char *partition, const char *space, const char *key, int kind,
                                 void *value, uint32_t len, bool *found)
{
    nvs_handle_t nvs;
    *found = false;
    esp_err_t err = nvs_open_from_partition(partition, space, NVS_READONLY, &nvs);
    if (err == ESP_OK) {
        err = get(nvs, key, kind, value, len);
        nvs_close(nvs);
    }
    switch (err) {
    case ESP_OK:
        *found = true;
        return ESP_OK;
    case ESP_ERR_NVS_NOT_FOUND:
    case ESP_ERR_NVS_TYPE_MISMATCH:
    case ESP_ERR_NVS_INVALID_LENGTH:
        return ESP_OK;
    default:
        return err;
    }
}

static esp_err_t set(nvs_handle_t nvs, const char *key, int kind, const void *value, uint32_t len)
{
    switch (kind) {
    case FACEPLATE_PORT_U8:
        return nvs_set_u8(nvs, key, *(const uint8_t *)value);
    case FACEPLATE_PORT_U32:
        return nvs_set_u32(nvs, key, *(const uint32_t *)value);
    default:
        return nvs_set_blob(nvs, key, value, len);
    }
}

esp_err_t faceplate_port_nvs_set(const char *partition, const char *space, const char *key, int kind,
                                 const void *value, uint32_t len)
{
    nvs_handle_t nvs;
    esp_err_t err = nvs_open_from_partition(partition, space, NVS_READWRITE, &nvs);
    if (err != ESP_OK) {
        return err;
    }
    err = set(nvs, key, kind, value, len);
    if (err == ESP_OK) {
        err = nvs_commit(nvs);
    }
    nvs_close(nvs);
    return err;
}

esp_err_t faceplate_port_nvs_remove(const char *partition, const char *space, const char *key)
{
    nvs_handle_t nvs;
    /* Opened for writing, a namespace that is not there would be made. */
    esp_err_t err = nvs_open_from_partition(partition, space, NVS_READONLY, &nvs);
    if (err == ESP_OK) {
        nvs_close(nvs);
        err = nvs_open_from_partition(partition, space, NVS_READWRITE, &nvs);
    }
    if (err == ESP_OK) {
        err = nvs_erase_key(nvs, key);
        if (err == ESP_OK) {
            err = nvs_commit(nvs);
        }
        nvs_close(nvs);
    }
    return err == ESP_ERR_NVS_NOT_FOUND ? ESP_OK : err;
}
