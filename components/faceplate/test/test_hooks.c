/* What the firmware is asked and told. */
#include <string.h>

#include "harness.h"

/* What a hook has seen. */
typedef struct {
    const char *why_not;
    faceplate_event_t events[200];
    int count;
    bool calls_back;
} seen_t;

static const char *may_update(void *ctx)
{
    return ((seen_t *)ctx)->why_not;
}

static void on_event(const faceplate_event_t *event, void *ctx)
{
    seen_t *seen = ctx;
    if (seen->count < 200) {
        seen->events[seen->count++] = *event;
    }
    if (seen->calls_back) {
        faceplate_status_t status;
        faceplate_upload_t *upload_;
        CHECK(faceplate_state() == FACEPLATE_STATE_NOT_BOOTED);
        CHECK_IS(faceplate_get_status(&status), ESP_ERR_INVALID_STATE);
        CHECK_IS(faceplate_confirm(NULL), ESP_ERR_INVALID_STATE);
        CHECK_IS(faceplate_rollback(), ESP_ERR_INVALID_STATE);
        CHECK_IS(faceplate_upload_begin(8192, 0, &upload_), ESP_ERR_INVALID_STATE);
    }
}

static seen_t s_seen;

static void boot(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.may_update = may_update;
    config.on_event = on_event;
    config.ctx = &s_seen;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
}

static void refuse(void)
{
    char line[101];
    boot();
    s_seen.why_not = "the lamp is on";
    CHECK_IS(upload(g_second, 0), FACEPLATE_ERR_NOT_NOW);
    CHECK(strcmp(faceplate_last_error(line, sizeof(line)), "not now: the lamp is on") == 0);
    CHECK_IS(faceplate_rollback(), FACEPLATE_ERR_NOT_NOW);
    CHECK(s_seen.count == 0);
    CHECK(g_board->operations == 0);
    s_seen.why_not = NULL;
    s_seen.calls_back = true;
    CHECK_IS(faceplate_rollback(), ESP_OK);
    CHECK(s_seen.count == 1);
    CHECK(s_seen.events[0].id == FACEPLATE_EVENT_RESTARTING);
    pass_until_restart();
}

static void the_firmware_may_refuse_a_change_for_now(void)
{
    board_with_both();
    CHECK(power(refuse) == END_RESTARTED);
}

static void told(void)
{
    boot();
    CHECK_IS(upload(g_second, 0), ESP_OK);
    CHECK(s_seen.count > 3);
    CHECK(s_seen.events[0].id == FACEPLATE_EVENT_BEGAN);
    CHECK(s_seen.events[0].total == g_second.len);
    uint32_t received = 0;
    for (int i = 1; i < s_seen.count - 1; i++) {
        CHECK(s_seen.events[i].id == FACEPLATE_EVENT_PROGRESS);
        CHECK(s_seen.events[i].received > received);
        received = s_seen.events[i].received;
    }
    CHECK(received == g_second.len);
    CHECK(s_seen.events[s_seen.count - 1].id == FACEPLATE_EVENT_RESTARTING);
    CHECK(s_seen.events[s_seen.count - 1].restart_in_ms == 500);
    pass_until_restart();
}

static void given_up(void)
{
    faceplate_upload_t *upload_;
    boot();
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    faceplate_upload_abort(upload_);
    CHECK(s_seen.count == 2);
    CHECK(s_seen.events[1].id == FACEPLATE_EVENT_FAILED);
    CHECK_IS(faceplate_upload_begin(g_second.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), FACEPLATE_ERR_INCOMPLETE);
    CHECK(s_seen.count == 4);
    CHECK(s_seen.events[3].id == FACEPLATE_EVENT_FAILED);
}

static void the_firmware_is_told_how_an_update_goes(void)
{
    board_with_first();
    CHECK(power(given_up) == 0);
    CHECK(power(told) == END_RESTARTED);
}

void test_hooks(void)
{
    run_test("the_firmware_may_refuse_a_change_for_now", the_firmware_may_refuse_a_change_for_now);
    run_test("the_firmware_is_told_how_an_update_goes", the_firmware_is_told_how_an_update_goes);
}
