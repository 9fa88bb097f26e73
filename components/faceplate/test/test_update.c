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

static bool s_looks;
static faceplate_status_t s_seen;

/* Another task, which looks at the status once. */
static void *look(void *arg)
{
    (void)arg;
    __atomic_store_n(&s_looks, true, __ATOMIC_SEQ_CST);
    CHECK_IS(faceplate_get_status(&s_seen), ESP_OK);
    return NULL;
}

/* The lock is held here: from now on the other one waits for it. */
static void when_it_began(const faceplate_event_t *event, void *other)
{
    if (event->id == FACEPLATE_EVENT_BEGAN) {
        CHECK(pthread_create(other, NULL, look, NULL) == 0);
        while (!__atomic_load_n(&s_looks, __ATOMIC_SEQ_CST)) {
            usleep(100);
        }
        usleep(10000);
    }
}

static void update_beside_another(void)
{
    pthread_t other;
    faceplate_upload_t *upload_;
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.on_event = when_it_began;
    config.ctx = &other;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_second.bytes, g_second.len), ESP_OK);
    pthread_join(other, NULL);
    /* It has seen the upload in the middle. */
    CHECK(s_seen.state == FACEPLATE_STATE_SETTLED && s_seen.active == 1);
    CHECK(s_seen.upload == FACEPLATE_UPLOAD_WRITING);
    CHECK(s_seen.upload_written < s_seen.upload_total);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_OK);
    pass_until_restart();
}

static void other_tasks_may_look_while_one_uploads(void)
{
    board_with_first();
    CHECK(power(update_beside_another) == END_RESTARTED);
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
