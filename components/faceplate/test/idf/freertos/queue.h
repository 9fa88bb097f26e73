/* Stand-in: see ../esp_err.h. In FreeRTOS these are macros. */
#pragma once

#include "freertos/FreeRTOS.h"

typedef struct stand_in_queue *QueueHandle_t;

QueueHandle_t xQueueCreate(const UBaseType_t uxQueueLength, const UBaseType_t uxItemSize);
BaseType_t xQueueSend(QueueHandle_t xQueue, const void *const pvItemToQueue, TickType_t xTicksToWait);
BaseType_t xQueueReceive(QueueHandle_t xQueue, void *const pvBuffer, TickType_t xTicksToWait);
