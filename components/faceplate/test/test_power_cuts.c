/* The power fails in each change of flash and NVS, in turn: the next boot serves a whole frontend. */
#include <string.h>

#include "server.h"

static board_t s_start;

static void go_back(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_rollback(), ESP_OK);
    pass_until_restart();
}

static void serves_one(void)
{
    faceplate_status_t status;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_get_status(&status), ESP_OK);
    CHECK(strcmp(status.fault, "") == 0);
    CHECK(serves(status.active == 0 ? "2" : "1"));
}

/* Where nothing is to be lost, an update must still be possible. */
static void takes_an_update(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    if (faceplate_state() == FACEPLATE_STATE_TRIAL) {
        CHECK_IS(faceplate_confirm(NULL), ESP_OK);
    }
    faceplate_status_t status;
    CHECK_IS(faceplate_get_status(&status), ESP_OK);
    CHECK_IS(upload(status.active == 0 ? g_first : g_second, 0), ESP_OK);
    pass_until_restart();
}

static void cut_each(const char *what, void (*boot)(void))
{
    uint32_t cuts = 0;
    memcpy(&s_start, g_board, sizeof(s_start));
    for (;; cuts++) {
        memcpy(g_board, &s_start, sizeof(s_start));
        if (!power_until(boot, cuts + 1)) {
            break;
        }
        CHECK(power(serves_one) == 0);
        CHECK(power(takes_an_update) == END_RESTARTED);
    }
    CHECK(cuts > 0);
    printf("%s: %u power cuts\n", what, (unsigned)cuts);
    fflush(stdout);
}

static void of_an_update(void)
{
    board_with_first();
    cut_each("update", install_second);
}

static void install_second_over_http(void)
{
    static response_t response;
    server_start_with_faceplate(NULL);
    CHECK(upload_over_http(g_port, g_second, &response) == 200);
    pass_until_restart();
}

static void of_an_update_over_http(void)
{
    board_with_first();
    cut_each("update over HTTP", install_second_over_http);
}

static void of_a_second_update(void)
{
    board_with_both();
    /* Over another frontend, in use until the last moment. */
    memset(g_board->slots[1] + 4096, 0x55, 4096);
    CHECK(power(serves_one) == 0);
    cut_each("update over a damaged slot", takes_an_update);
}

static void of_a_rollback(void)
{
    board_with_both();
    cut_each("rollback", go_back);
}

static void of_a_trial(void)
{
    board_with_first();
    CHECK(power(install_second) == END_RESTARTED);
    cut_each("trial and confirmation", confirm);
}

void test_power_cuts(void)
{
    run_test("power_cuts_of_an_update", of_an_update);
    run_test("power_cuts_of_an_update_over_http", of_an_update_over_http);
    run_test("power_cuts_of_an_update_over_a_damaged_slot", of_a_second_update);
    run_test("power_cuts_of_a_rollback", of_a_rollback);
    run_test("power_cuts_of_a_trial", of_a_trial);
}
