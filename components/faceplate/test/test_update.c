/* Updates, trials, and the way back. */
#include <pthread.h>
#include <string.h>

#include "harness.h"

static faceplate_status_t s_status;

static void update(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(upload(g_second, 60), ESP_OK);
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.restarting);
    CHECK(s_status.upload == FACEPLATE_UPLOAD_RESTARTING);
    CHECK(s_status.upload_received == g_second.len && s_status.upload_written == g_second.len);
    /* Until then the old one is served. */
    CHECK(serves("1"));
    CHECK_IS(upload(g_second, 60), FACEPLATE_ERR_RESTARTING);
    CHECK_IS(faceplate_rollback(), FACEPLATE_ERR_RESTARTING);
    pass_until_restart();
}

static void trial(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_TRIAL);
    CHECK(strcmp(faceplate_active_label(), "www_0") == 0);
    CHECK(serves("2"));
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.active == 0);
    CHECK(s_status.trial_by_client && s_status.trial_seconds_left == 60);
    CHECK(s_status.last == FACEPLATE_LAST_UPDATED);
    CHECK(s_status.slots[0].used == g_second.len);
    CHECK(strlen(s_status.slots[0].build) == 16);
    CHECK_IS(upload(g_first, 0), FACEPLATE_ERR_ON_TRIAL);
    CHECK_IS(faceplate_confirm("0123456789abcdef"), FACEPLATE_ERR_OTHER_BUILD);
    CHECK_IS(faceplate_confirm("no build"), ESP_ERR_INVALID_ARG);
    CHECK(faceplate_state() == FACEPLATE_STATE_TRIAL);
    CHECK_IS(faceplate_confirm(s_status.slots[0].build), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
}

static void settled(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
    CHECK(serves("2"));
}

static void a_new_frontend_is_tried_and_confirmed(void)
{
    board_with_first();
    CHECK(power(update) == END_RESTARTED);
    CHECK(power(trial) == 0);
    CHECK(power(settled) == 0);
}

static void unconfirmed(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("2"));
    pass_until_restart();
}

static void fallen_back(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
    CHECK(serves("1"));
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.last == FACEPLATE_LAST_NOT_CONFIRMED);
}

static void what_is_not_confirmed_in_time_is_gone_back_from(void)
{
    board_with_first();
    CHECK(power(update) == END_RESTARTED);
    CHECK(power(unconfirmed) == END_RESTARTED);
    CHECK(power(fallen_back) == 0);
}

static void crash(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("2"));
}

static void crashed(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("1"));
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.last == FACEPLATE_LAST_KEPT_RESTARTING);
}

static void what_keeps_restarting_is_gone_back_from(void)
{
    board_with_first();
    CHECK(power(update) == END_RESTARTED);
    for (int boots = 0; boots < 3; boots++) {
        CHECK(power(crash) == 0);
    }
    CHECK(power(crashed) == 0);
}

static void go_back(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(serves("2"));
    CHECK_IS(faceplate_rollback(), ESP_OK);
    pass_until_restart();
}

static void gone_back(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK(faceplate_state() == FACEPLATE_STATE_TRIAL);
    CHECK(serves("1"));
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(!s_status.trial_by_client);
    CHECK(s_status.last == FACEPLATE_LAST_ROLLED_BACK);
    /* The device itself confirms what has served for 30 s. */
    for (int i = 0; i < 400 && faceplate_state() == FACEPLATE_STATE_TRIAL; i++) {
        pass_ms(100);
        usleep(5000);
    }
    CHECK(faceplate_state() == FACEPLATE_STATE_SETTLED);
}

static void one_can_go_back_to_the_frontend_before(void)
{
    board_with_both();
    CHECK(power(go_back) == END_RESTARTED);
    CHECK(power(gone_back) == 0);
}

static bool s_done;

/* Looks at the status for as long as an upload runs; counts how often there was one. */
static void *look(void *arg)
{
    faceplate_status_t status;
    int *looked = arg;
    while (!__atomic_load_n(&s_done, __ATOMIC_SEQ_CST)) {
        CHECK_IS(faceplate_get_status(&status), ESP_OK);
        CHECK(status.state == FACEPLATE_STATE_SETTLED && status.active == 1);
        CHECK(status.upload_written <= status.upload_received);
        CHECK(status.upload_received <= status.upload_total);
        *looked += status.upload != FACEPLATE_UPLOAD_NONE;
    }
    return NULL;
}

static void update_beside_others(void)
{
    pthread_t others[3];
    int looked[3] = {0};
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&others[i], NULL, look, &looked[i]) == 0);
    }
    CHECK_IS(upload(g_second, 0), ESP_OK);
    __atomic_store_n(&s_done, true, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 3; i++) {
        pthread_join(others[i], NULL);
        CHECK(looked[i] > 0);
    }
    pass_until_restart();
}

static void other_tasks_may_look_while_one_uploads(void)
{
    board_with_first();
    CHECK(power(update_beside_others) == END_RESTARTED);
}

void test_update(void)
{
    run_test("a_new_frontend_is_tried_and_confirmed", a_new_frontend_is_tried_and_confirmed);
    run_test("what_is_not_confirmed_in_time_is_gone_back_from",
             what_is_not_confirmed_in_time_is_gone_back_from);
    run_test("what_keeps_restarting_is_gone_back_from", what_keeps_restarting_is_gone_back_from);
    run_test("one_can_go_back_to_the_frontend_before", one_can_go_back_to_the_frontend_before);
    run_test("other_tasks_may_look_while_one_uploads", other_tasks_may_look_while_one_uploads);
}
