/* Firmware that names keys, and firmware that wants no step back. Both images are signed by SIGNER; the second
 * has a higher sequence. */
#include <string.h>

#include "harness.h"

#define SIGNER_ID "d75a980182b10ab7"
/* Of RFC 8032, 7.1, test 2. */
#define STRANGER  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"

static uint8_t s_before[2 * SLOT_SIZE];

static void by_the_second_of_two_keys(void)
{
    static faceplate_status_t status;
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.keys[1] = STRANGER;
    config.keys[3] = SIGNER;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(serves("1"));
    CHECK_IS(faceplate_get_status(&status), ESP_OK);
    CHECK(strcmp(status.slots[status.active].signer, SIGNER_ID) == 0);
    CHECK(status.slots[status.active].sequence == 1);
    /* The other is empty. */
    CHECK(strcmp(status.slots[1 - status.active].signer, "") == 0 && status.slots[1 - status.active].sequence == 0);
    CHECK_IS(upload(g_second, 0), ESP_OK);
    pass_until_restart();
}

static void what_a_key_has_signed_is_taken(void)
{
    board_with_first();
    CHECK(power(by_the_second_of_two_keys) == END_RESTARTED);
}

static void by_nobody_it_knows(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.keys[0] = STRANGER;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_RECOVERY);
    memcpy(s_before, g_board->slots, sizeof(s_before));
    CHECK_IS(upload(g_second, 0), FACEPLATE_ERR_SIGNATURE);
    CHECK(memcmp(s_before, g_board->slots, sizeof(s_before)) == 0);
    CHECK(g_board->operations == 0);
}

static void nothing_else_is_booted_or_taken(void)
{
    board_with_first();
    CHECK(power(by_nobody_it_knows) == 0);
}

static void older(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    uint32_t before;
    config.no_step_back = true;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(serves("2"));
    before = g_board->operations;
    CHECK_IS(upload(g_first, 0), FACEPLATE_ERR_STEP_BACK);
    CHECK(g_board->operations == before);
    CHECK_IS(upload(g_second, 0), ESP_OK);
    pass_until_restart();
}

static void there_is_no_step_back(void)
{
    board_with_both();
    CHECK(power(older) == END_RESTARTED);
}

static void no_keys(void)
{
    static const char *const wrong[] = {
        "", "d75a", SIGNER "0", SIGNER " ", "g75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "\xff" "75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    };
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        config.keys[2] = wrong[i];
        CHECK_IS(faceplate_boot(&config), ESP_ERR_INVALID_ARG);
    }
    config.keys[2] = SIGNER;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(serves("1"));
}

static void what_is_no_key_is_refused(void)
{
    board_with_first();
    CHECK(power(no_keys) == 0);
}

void test_signed(void)
{
    run_test("what_a_key_has_signed_is_taken", what_a_key_has_signed_is_taken);
    run_test("nothing_else_is_booted_or_taken", nothing_else_is_booted_or_taken);
    run_test("there_is_no_step_back", there_is_no_step_back);
    run_test("what_is_no_key_is_refused", what_is_no_key_is_refused);
}
