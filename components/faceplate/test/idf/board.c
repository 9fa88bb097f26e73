/* Clock, restart and power. */
#include "board.h"

#include <unistd.h>

#include "esp_system.h"
#include "esp_timer.h"

board_t *g_board;

bool board_operation(void)
{
    g_board->operations++;
    return g_board->cut_at != 0 && g_board->operations == g_board->cut_at;
}

void board_power_cut(void)
{
    _exit(END_POWER_CUT);
}

int64_t esp_timer_get_time(void)
{
    return __atomic_load_n(&g_board->time_us, __ATOMIC_SEQ_CST);
}

void esp_restart(void)
{
    _exit(END_RESTARTED);
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
