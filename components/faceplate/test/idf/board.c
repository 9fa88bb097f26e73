/* Clock, restart, power, and other small things. */
#include "board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "esp_app_desc.h"
#include "esp_log.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"

board_t *g_board;

bool board_operation(void)
{
    uint32_t number = __atomic_add_fetch(&g_board->operations, 1, __ATOMIC_SEQ_CST);
    return g_board->cut_at != 0 && number == g_board->cut_at;
}

bool board_counts_down(uint32_t *left)
{
    uint32_t had = __atomic_load_n(left, __ATOMIC_SEQ_CST);
    while (had > 0) {
        if (__atomic_compare_exchange_n(left, &had, had - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return had == 1;
        }
    }
    return false;
}

void board_power_cut(void)
{
    _exit(END_POWER_CUT);
}

void board_flash_takes(uint32_t us)
{
    if (g_board->slow_flash) {
        usleep(us);
    }
}

static int64_t machine_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void board_runs_in_real_time(void)
{
    g_board->power_us = machine_us();
}

int64_t esp_timer_get_time(void)
{
    int64_t passed = g_board->power_us == 0 ? 0 : machine_us() - g_board->power_us;
    return passed + __atomic_load_n(&g_board->time_us, __ATOMIC_SEQ_CST);
}

void esp_restart(void)
{
    while (g_board->stays_on) {
        pause();
    }
    _exit(END_RESTARTED);
}

uint32_t esp_random(void)
{
    uint32_t number;
    return getentropy(&number, sizeof(number)) == 0 ? number : 0;
}

void esp_fill_random(void *buf, size_t len)
{
    /* Of 256 bytes at most. */
    if (getentropy(buf, len) != 0) {
        abort();
    }
}

const esp_app_desc_t *esp_app_get_description(void)
{
    static const esp_app_desc_t description = {"0.0.0"};
    return &description;
}

void stand_in_log(char level, const char *tag, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (getenv("LOG") != NULL) {
        fprintf(stderr, "%c %s: %s\n", level, tag, line);
    }
}

const char *esp_err_to_name(esp_err_t code)
{
    switch (code) {
    case ESP_OK:
        return "ESP_OK";
    case ESP_FAIL:
        return "ESP_FAIL";
    case ESP_ERR_NVS_NOT_INITIALIZED:
        return "ESP_ERR_NVS_NOT_INITIALIZED";
    default:
        return "ERROR";
    }
}
