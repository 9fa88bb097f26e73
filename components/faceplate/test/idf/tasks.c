/* FreeRTOS's tasks and semaphores over threads of this machine. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "board.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

struct tskTaskControlBlock {
    TaskFunction_t code;
    void *parameters;
};

struct QueueDefinition {
    pthread_mutex_t mutex;
    bool there; /* it can be taken */
    TaskHandle_t holder;
};

/* Of a thread that is no task of ours: each is one of its own. */
static _Thread_local struct tskTaskControlBlock t_other;
static _Thread_local TaskHandle_t t_current;

static void *run(void *arg)
{
    t_current = arg;
    t_current->code(t_current->parameters);
    /* FreeRTOS lets no task return. */
    abort();
}

BaseType_t xTaskCreate(TaskFunction_t pxTaskCode, const char *const pcName,
                       const uint32_t usStackDepth, void *const pvParameters,
                       UBaseType_t uxPriority, TaskHandle_t *const pxCreatedTask)
{
    (void)pcName;
    (void)uxPriority;
    TaskHandle_t task = calloc(1, sizeof(*task));
    bool refused = board_counts_down(&g_board->refused_task);
    if (refused && g_board->and_all_tasks) {
        g_board->no_memory = true;
    }
    if (task == NULL || refused || g_board->no_memory) {
        free(task);
        return 0;
    }
    task->code = pxTaskCode;
    task->parameters = pvParameters;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, usStackDepth + 65536);
    int error = pthread_create(&thread, &attributes, run, task);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        free(task);
        return 0;
    }
    if (pxCreatedTask != NULL) {
        *pxCreatedTask = task;
    }
    return pdPASS;
}

void vTaskDelete(TaskHandle_t xTaskToDelete)
{
    if (xTaskToDelete != NULL) {
        abort();
    }
    free(t_current);
    pthread_exit(NULL);
}

/* Ten times as fast as it should be where no time passes by itself: who waits for a time looks at the clock. */
void vTaskDelay(const TickType_t xTicksToDelay)
{
    usleep(xTicksToDelay * (1000 / configTICK_RATE_HZ) * (g_board->power_us != 0 ? 1000 : 100));
}

UBaseType_t uxTaskPriorityGet(const TaskHandle_t xTask)
{
    (void)xTask;
    return 1;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return t_current != NULL ? t_current : &t_other;
}

static SemaphoreHandle_t create(bool there)
{
    SemaphoreHandle_t semaphore = calloc(1, sizeof(*semaphore));
    if (semaphore != NULL) {
        pthread_mutex_init(&semaphore->mutex, NULL);
        semaphore->there = there;
    }
    return semaphore;
}

SemaphoreHandle_t xSemaphoreCreateMutex(void)
{
    return create(true);
}

SemaphoreHandle_t xSemaphoreCreateBinary(void)
{
    return create(false);
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t xSemaphore, TickType_t xBlockTime)
{
    if (xBlockTime != portMAX_DELAY) {
        abort();
    }
    pthread_mutex_lock(&xSemaphore->mutex);
    while (!xSemaphore->there) {
        /* Who waits is slow, as a task of lower priority is: it gets nothing that is given and taken again
         * at once. */
        pthread_mutex_unlock(&xSemaphore->mutex);
        usleep(200);
        pthread_mutex_lock(&xSemaphore->mutex);
    }
    xSemaphore->there = false;
    xSemaphore->holder = xTaskGetCurrentTaskHandle();
    pthread_mutex_unlock(&xSemaphore->mutex);
    return pdTRUE;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t xSemaphore)
{
    pthread_mutex_lock(&xSemaphore->mutex);
    xSemaphore->there = true;
    xSemaphore->holder = NULL;
    pthread_mutex_unlock(&xSemaphore->mutex);
    return pdTRUE;
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t xSemaphore)
{
    pthread_mutex_lock(&xSemaphore->mutex);
    TaskHandle_t holder = xSemaphore->holder;
    pthread_mutex_unlock(&xSemaphore->mutex);
    return holder;
}

void vSemaphoreDelete(SemaphoreHandle_t xSemaphore)
{
    /* Who gave it may still be about to leave. */
    pthread_mutex_lock(&xSemaphore->mutex);
    pthread_mutex_unlock(&xSemaphore->mutex);
    pthread_mutex_destroy(&xSemaphore->mutex);
    free(xSemaphore);
}
