/* Boots: what is served, and what is wrong. */
#include <string.h>

#include "harness.h"

static faceplate_status_t s_status;

static void before_boot(void)
{
    faceplate_file_t *file;
    faceplate_upload_t *upload;
    CHECK(faceplate_state() == FACEPLATE_STATE_NOT_BOOTED);
    CHECK(faceplate_active_label() == NULL);
    CHECK_IS(faceplate_get_status(&s_status), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_confirm(NULL), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_rollback(), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_open("index.html", &file), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_upload_begin(8192, 0, &upload), ESP_ERR_INVALID_STATE);
}

static void nothing_works_before_boot(void)
{
    new_board();
    power(before_boot);
}

static void empty(void)
{
    faceplate_file_t *file = (faceplate_file_t *)&s_status;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_boot(NULL), ESP_ERR_INVALID_STATE);
    CHECK(faceplate_state() == FACEPLATE_STATE_RECOVERY);
    CHECK(faceplate_active_label() == NULL);
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.state == FACEPLATE_STATE_RECOVERY);
    CHECK(s_status.last == FACEPLATE_LAST_NONE);
    CHECK(s_status.upload == FACEPLATE_UPLOAD_NONE);
    CHECK(strcmp(s_status.fault, "") == 0);
    for (int slot = 0; slot < 2; slot++) {
        CHECK(!s_status.slots[slot].valid);
        CHECK(s_status.slots[slot].size == SLOT_SIZE);
        CHECK(strlen(s_status.slots[slot].problem) > 0);
    }
    CHECK(strcmp(s_status.slots[0].label, "www_0") == 0);
    CHECK(strcmp(s_status.slots[1].label, "www_1") == 0);
    CHECK_IS(faceplate_open("index.html", &file), ESP_ERR_NOT_FOUND);
    CHECK(file == NULL);
    CHECK_IS(faceplate_confirm(NULL), FACEPLATE_ERR_NOT_ON_TRIAL);
    CHECK_IS(faceplate_rollback(), FACEPLATE_ERR_NOT_VALID);
    /* What is new is not touched. */
    CHECK(g_board->operations == 0);
}

static void an_empty_device_boots_to_recovery_and_writes_nothing(void)
{
    new_board();
    CHECK(power(empty) == 0);
}

static void files(void)
{
    static uint8_t whole[SLOT_SIZE], piece[100];
    faceplate_file_t *file;
    size_t n;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_open("no such", &file), ESP_ERR_NOT_FOUND);
    CHECK_IS(faceplate_open(NULL, &file), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_open("data.bin", NULL), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_open("a\xff", &file), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_open("folder", &file), ESP_ERR_NOT_FOUND);
    CHECK_IS(faceplate_open("/folder/data.bin", &file), ESP_OK);
    CHECK(faceplate_size(file) == 10000);
    CHECK_IS(faceplate_read(file, whole, sizeof(whole), &n), ESP_OK);
    CHECK(n == 10000);
    CHECK_IS(faceplate_read(file, whole, sizeof(whole), &n), ESP_OK);
    CHECK(n == 0);
    for (uint32_t at = 0; at < 10000; at++) {
        CHECK(whole[at] == (uint8_t)(at * 7));
    }
    CHECK_IS(faceplate_seek(file, 4090), ESP_OK);
    CHECK_IS(faceplate_read(file, piece, sizeof(piece), &n), ESP_OK);
    CHECK(n == sizeof(piece));
    CHECK(memcmp(piece, whole + 4090, sizeof(piece)) == 0);
    CHECK_IS(faceplate_seek(file, 10001), ESP_OK);
    CHECK_IS(faceplate_read(file, piece, sizeof(piece), &n), ESP_OK);
    CHECK(n == 0);
    CHECK_IS(faceplate_read(file, NULL, 1, &n), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_read(NULL, piece, 1, &n), ESP_ERR_INVALID_ARG);
    faceplate_close(file);
    faceplate_close(NULL);
}

static void files_are_read(void)
{
    board_with_first();
    CHECK(power(files) == 0);
}

static void boot_with_labels(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.slot_labels[0] = "a label that is too long";
    CHECK_IS(faceplate_boot(&config), ESP_ERR_INVALID_ARG);
    config.slot_labels[0] = "";
    CHECK_IS(faceplate_boot(&config), ESP_ERR_INVALID_ARG);
    config.slot_labels[0] = "other";
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_RECOVERY);
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(strcmp(s_status.fault, "the partition table has no `other`") == 0);
    CHECK(strcmp(s_status.slots[0].label, "other") == 0);
    CHECK(s_status.slots[0].size == 0);
}

static void slots_are_found_by_their_labels(void)
{
    board_with_first();
    CHECK(power(boot_with_labels) == 0);
}

static void boot_with_unequal_slots(void)
{
    faceplate_upload_t *upload;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(strcmp(s_status.fault, "`www_0` and `www_1` differ in size") == 0);
    CHECK_IS(faceplate_upload_begin(g_first.len, 0, &upload), FACEPLATE_ERR_NO_SLOTS);
}

static void slots_of_two_sizes_are_a_fault(void)
{
    new_board();
    g_board->second_slot_less = true;
    CHECK(power(boot_with_unequal_slots) == 0);
}

static void update_with_large_slots(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(strcmp(s_status.fault, "") == 0);
    CHECK(s_status.slots[0].size == LARGE_SLOT_SIZE);
    CHECK_IS(upload(g_first, 0), ESP_OK);
    pass_until_restart();
}

static void boot_with_large_slots(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("1"));
}

static void slots_may_be_large(void)
{
    new_board();
    g_board->large_slots = true;
    CHECK(power(update_with_large_slots) == END_RESTARTED);
    CHECK(power(boot_with_large_slots) == 0);
}

static void boot_without_nvs(void)
{
    faceplate_upload_t *upload;
    char line[101];
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    /* Without NVS it is not known that www_1 is the one: what can be served is. */
    CHECK(serves("1"));
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(strcmp(s_status.fault, "ESP_ERR_NVS_NOT_INITIALIZED") == 0);
    CHECK_IS(faceplate_upload_begin(g_first.len, 0, &upload), FACEPLATE_ERR_NVS);
    faceplate_last_error(line, sizeof(line));
    CHECK(strstr(line, "ESP_ERR_NVS_NOT_INITIALIZED") != NULL);
    CHECK(strcmp(faceplate_last_error(line, 9), "the sett") == 0);
}

static void without_nvs_it_serves_and_changes_nothing(void)
{
    board_with_first();
    g_board->nvs_fails = true;
    CHECK(power(boot_without_nvs) == 0);
}

static void names(void)
{
    CHECK(strcmp(faceplate_err_to_name(FACEPLATE_ERR_BUSY), "FACEPLATE_ERR_BUSY") == 0);
    CHECK(strcmp(faceplate_err_to_name(FACEPLATE_ERR_NOT_VALID), "FACEPLATE_ERR_NOT_VALID") == 0);
    CHECK(strcmp(faceplate_err_to_name(ESP_FAIL), "ESP_FAIL") == 0);
}

void test_boot(void)
{
    run_test("nothing_works_before_boot", nothing_works_before_boot);
    run_test("an_empty_device_boots_to_recovery_and_writes_nothing",
             an_empty_device_boots_to_recovery_and_writes_nothing);
    run_test("files_are_read", files_are_read);
    run_test("slots_are_found_by_their_labels", slots_are_found_by_their_labels);
    run_test("slots_of_two_sizes_are_a_fault", slots_of_two_sizes_are_a_fault);
    run_test("slots_may_be_large", slots_may_be_large);
    run_test("without_nvs_it_serves_and_changes_nothing", without_nvs_it_serves_and_changes_nothing);
    run_test("codes_have_names", names);
}
