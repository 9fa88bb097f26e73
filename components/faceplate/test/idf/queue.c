/* FreeRTOS's queues over threads of this machine. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "freertos/queue.h"

struct stand_in_queue {
    pthread_mutex_t mutex;
    pthread_cond_t came;
    unsigned length, size, first, count;
    unsigned char items[];
};

QueueHandle_t xQueueCreate(const UBaseType_t uxQueueLength, const UBaseType_t uxItemSize)
{
    QueueHandle_t queue = g_board->no_memory ? NULL : malloc(sizeof(*queue) + uxQueueLength * uxItemSize);
    if (queue != NULL) {
        pthread_mutex_init(&queue->mutex, NULL);
        pthread_cond_init(&queue->came, NULL);
        queue->length = uxQueueLength;
        queue->size = uxItemSize;
        queue->first = queue->count = 0;
    }
    return queue;
}

BaseType_t xQueueSend(QueueHandle_t xQueue, const void *const pvItemToQueue, TickType_t xTicksToWait)
{
    /* All that is asked for. */
    if (xTicksToWait != 0) {
        abort();
    }
    pthread_mutex_lock(&xQueue->mutex);
    bool room = xQueue->count < xQueue->length;
    if (room) {
        unsigned at = (xQueue->first + xQueue->count++) % xQueue->length;
        memcpy(xQueue->items + at * xQueue->size, pvItemToQueue, xQueue->size);
        pthread_cond_signal(&xQueue->came);
    }
    pthread_mutex_unlock(&xQueue->mutex);
    return room ? pdTRUE : pdFALSE;
}

BaseType_t xQueueReceive(QueueHandle_t xQueue, void *const pvBuffer, TickType_t xTicksToWait)
{
    if (xTicksToWait != 0 && xTicksToWait != portMAX_DELAY) {
        abort();
    }
    pthread_mutex_lock(&xQueue->mutex);
    while (xQueue->count == 0 && xTicksToWait != 0) {
        pthread_cond_wait(&xQueue->came, &xQueue->mutex);
    }
    bool got = xQueue->count > 0;
    if (got) {
        memcpy(pvBuffer, xQueue->items + xQueue->first * xQueue->size, xQueue->size);
        xQueue->first = (xQueue->first + 1) % xQueue->length;
        xQueue->count--;
    }
    pthread_mutex_unlock(&xQueue->mutex);
    return got ? pdTRUE : pdFALSE;
}
