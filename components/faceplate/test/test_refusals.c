/* What is refused, and that nothing came of it. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static uint8_t s_before[SLOT_SIZE];

/* A copy of an image that may be changed. */
static image_t copy(image_t of)
{
    image_t image = {malloc(of.len), of.len};
    CHECK(image.bytes != NULL);
    memcpy(image.bytes, of.bytes, of.len);
    return image;
}

static void before_anything(void)
{
    faceplate_upload_t *upload_ = NULL;
    image_t junk = copy(g_second), odd = copy(g_second), cut = copy(g_second);
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    memcpy(s_before, g_board->slots[0], SLOT_SIZE);

    CHECK_IS(faceplate_upload_begin(SLOT_SIZE + 1, 0, &upload_), FACEPLATE_ERR_TOO_LARGE);
    CHECK_IS(faceplate_upload_begin(4095, 0, &upload_), FACEPLATE_ERR_LENGTH);
    CHECK_IS(faceplate_upload_begin(0, 0, &upload_), FACEPLATE_ERR_LENGTH);
    CHECK_IS(faceplate_upload_begin(8192, 9, &upload_), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_upload_begin(8192, 3601, &upload_), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_upload_begin(8192, 0, NULL), ESP_ERR_INVALID_ARG);
    CHECK(upload_ == NULL);

    memset(junk.bytes, 'x', 4096);
    CHECK_IS(upload(junk, 0), FACEPLATE_ERR_NOT_AN_IMAGE);
    odd.len -= 1;
    CHECK_IS(upload(odd, 0), FACEPLATE_ERR_TRUNCATED);
    cut.len -= 4096;
    CHECK_IS(upload(cut, 0), FACEPLATE_ERR_TRUNCATED);

    CHECK(memcmp(s_before, g_board->slots[0], SLOT_SIZE) == 0);
    CHECK(g_board->operations == 0);
    CHECK(serves("1"));
}

static void a_wrong_file_is_refused_before_anything_is_touched(void)
{
    board_with_first();
    CHECK(power(before_anything) == 0);
}

static void damaged(void)
{
    image_t image = copy(g_second);
    faceplate_status_t status;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    /* Content of a file: its first bytes are known. */
    for (uint32_t at = 0; at + 4 < image.len; at++) {
        if (memcmp(image.bytes + at, "\x00\x07\x0e\x15\x1c", 5) == 0) {
            image.bytes[at + 2] ^= 1;
        }
    }
    CHECK(memcmp(image.bytes, g_second.bytes, image.len) != 0);
    CHECK_IS(upload(image, 0), FACEPLATE_ERR_REJECTED);
    CHECK_IS(faceplate_get_status(&status), ESP_OK);
    CHECK(status.upload == FACEPLATE_UPLOAD_NONE && !status.restarting);
    CHECK(!status.slots[0].valid && strlen(status.slots[0].problem) > 0);
    CHECK(serves("1"));
    /* And it is no way back. */
    CHECK_IS(faceplate_rollback(), FACEPLATE_ERR_NOT_VALID);
    /* Another one can come. */
    CHECK_IS(upload(g_second, 0), ESP_OK);
    pass_until_restart();
}

static void a_damaged_image_is_not_switched_to(void)
{
    board_with_first();
    CHECK(power(damaged) == END_RESTARTED);
}

static void not_all(void)
{
    static const uint8_t wrong[32];
    faceplate_upload_t *upload_, *other;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);

    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &other), FACEPLATE_ERR_BUSY);
    CHECK_IS(faceplate_rollback(), FACEPLATE_ERR_BUSY);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, 5000), ESP_OK);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), FACEPLATE_ERR_INCOMPLETE);

    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, g_second.len), ESP_OK);
    CHECK_IS(faceplate_upload_finish(upload_, wrong), FACEPLATE_ERR_DIGEST);

    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, g_second.len), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, wrong, 1), FACEPLATE_ERR_TOO_LONG);
    CHECK_IS(faceplate_upload_write(upload_, wrong, 1), ESP_ERR_INVALID_STATE);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_ERR_INVALID_STATE);
    faceplate_upload_abort(upload_);

    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, NULL, 1), ESP_ERR_INVALID_ARG);
    CHECK_IS(faceplate_upload_write(NULL, wrong, 1), ESP_ERR_INVALID_ARG);
    faceplate_upload_abort(upload_);
    faceplate_upload_abort(NULL);
    CHECK(serves("1"));
}

static void a_part_of_an_image_is_not_switched_to(void)
{
    board_with_first();
    CHECK(power(not_all) == 0);
}

static void broken_flash(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    g_board->flash_fails = true;
    CHECK_IS(upload(g_second, 0), FACEPLATE_ERR_FLASH);
    g_board->flash_fails = false;
    CHECK(serves("1"));
}

static void broken_nvs(void)
{
    faceplate_upload_t *upload_;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, g_second.len), ESP_OK);
    g_board->nvs_fails = true;
    CHECK_IS(faceplate_upload_finish(upload_, NULL), FACEPLATE_ERR_NVS);
    g_board->nvs_fails = false;
    CHECK(serves("1"));
}

static void still_the_first(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("1"));
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
}

static void what_fails_leaves_what_runs(void)
{
    board_with_first();
    CHECK(power(broken_flash) == 0);
    CHECK(power(still_the_first) == 0);
    CHECK(power(broken_nvs) == 0);
    CHECK(power(still_the_first) == 0);
}

static void no_memory(void)
{
    faceplate_upload_t *upload_;
    g_board->no_memory = true;
    CHECK_IS(faceplate_boot(NULL), ESP_ERR_NO_MEM);
    g_board->no_memory = false;
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, g_second.len), ESP_OK);
    g_board->no_memory = true;
    CHECK_IS(faceplate_rollback(), ESP_ERR_NO_MEM);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_ERR_NO_MEM);
    /* The upload is not over: what it has written is not lost. */
    g_board->no_memory = false;
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_OK);
    pass_until_restart();
}

static void what_has_no_memory_can_be_tried_again(void)
{
    board_with_first();
    CHECK(power(no_memory) == END_RESTARTED);
}

void test_refusals(void)
{
    run_test("a_wrong_file_is_refused_before_anything_is_touched",
             a_wrong_file_is_refused_before_anything_is_touched);
    run_test("a_damaged_image_is_not_switched_to", a_damaged_image_is_not_switched_to);
    run_test("a_part_of_an_image_is_not_switched_to", a_part_of_an_image_is_not_switched_to);
    run_test("what_fails_leaves_what_runs", what_fails_leaves_what_runs);
    run_test("what_has_no_memory_can_be_tried_again", what_has_no_memory_can_be_tried_again);
}
