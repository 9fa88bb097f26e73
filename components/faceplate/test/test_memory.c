/* Want of memory: what did not work because of it can be called again, and keeps nothing of it. */
#include <string.h>

#include "server.h"

#define TRIES 100

static board_t s_before;
static faceplate_status_t s_status;
static response_t s_response;

/* What a boot that wants nothing comes to. */
static faceplate_state_t s_state;
static const char *s_version;
static int s_blocks, s_boots_left;

/* What the firmware asks for; NULL: nothing. */
static const faceplate_config_t *s_config;

static void is_as_it_should_be(void)
{
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(strcmp(s_status.fault, "") == 0);
    CHECK(s_status.state == s_state);
    CHECK(s_status.slots[0].valid && s_status.slots[1].valid);
    CHECK(serves(s_version));
}

static void boot(void)
{
    CHECK_IS(faceplate_boot(s_config), ESP_OK);
    is_as_it_should_be();
    g_board->notes[0] = blocks();
    g_board->notes[1] = s_status.trial_boots_left;
}

/* How one went that wanted a block or a task, or all from one on. */
enum { WANTED_NONE, WENT, WENT_AGAIN, COUNTED_TWICE };

static void boot_in_want(void)
{
    bool of_tasks = g_board->refused_task != 0;
    esp_err_t err = faceplate_boot(s_config);
    uint32_t *left = of_tasks ? &g_board->refused_task : &g_board->refused_block;
    bool refused = __atomic_exchange_n(left, 0, __ATOMIC_SEQ_CST) == 0;
    __atomic_store_n(&g_board->no_block, false, __ATOMIC_SEQ_CST);
    g_board->no_memory = false;
    if (err != ESP_OK) {
        CHECK_IS(err, ESP_ERR_NO_MEM);
        CHECK(refused);
        CHECK(faceplate_state() == FACEPLATE_STATE_NOT_BOOTED);
        CHECK_IS(faceplate_boot(s_config), ESP_OK);
    }
    is_as_it_should_be();
    CHECK(blocks() == s_blocks);
    g_board->notes[0] = !refused ? WANTED_NONE : err == ESP_OK ? WENT : WENT_AGAIN;
    if (s_status.trial_boots_left != s_boots_left) {
        CHECK(s_status.trial_boots_left == s_boots_left - 1);
        g_board->notes[0] = COUNTED_TWICE;
    }
}

/* Boots of the board as it is, each without another block, or without another task, until there was no such. */
static void without_each(bool of_tasks, uint32_t at_least)
{
    for (int and_all_after = 0; and_all_after <= 1; and_all_after++) {
        uint32_t went[4] = {0};
        for (uint32_t number = 1; went[WANTED_NONE] == 0; number++) {
            memcpy(g_board, &s_before, sizeof(s_before));
            *(of_tasks ? &g_board->refused_task : &g_board->refused_block) = number;
            *(of_tasks ? &g_board->and_all_tasks : &g_board->and_all_after) = and_all_after != 0;
            CHECK(power(boot_in_want) == 0);
            went[g_board->notes[0]]++;
        }
        CHECK(went[WENT_AGAIN] >= at_least);
        /* Only where there was enough until it was counted, and then not enough to read that back. */
        CHECK(went[COUNTED_TWICE] <= 4);
    }
}

/* The two tasks of every boot, and that which verifies the signature of each slot. */
#define TASKS (s_config != NULL ? 4 : 2)

/* The same, of blocks and of tasks. */
static void without_each_block(faceplate_state_t state, const char *version)
{
    s_state = state;
    s_version = version;
    memcpy(&s_before, g_board, sizeof(s_before));
    CHECK(power(boot) == 0);
    s_blocks = g_board->notes[0];
    s_boots_left = g_board->notes[1];
    without_each(false, 100);
    without_each(true, TASKS);
    memcpy(g_board, &s_before, sizeof(s_before));
}

static void only_boot(void)
{
    CHECK_IS(faceplate_boot(s_config), ESP_OK);
    g_board->notes[0] = (int)faceplate_state();
}

/* Where a frontend is on trial a boot changes NVS; and the last boot of a trial is the one that ends it, going
 * back to what may not be readable for want of memory. */
static void a_boot_without_a_block_can_be_done_again(void)
{
    static board_t before;
    board_with_first();
    CHECK(power(install_second) == END_RESTARTED);
    without_each_block(FACEPLATE_STATE_TRIAL, "2");
    do {
        memcpy(&before, g_board, sizeof(before));
        CHECK(power(only_boot) == 0);
    } while (g_board->notes[0] == FACEPLATE_STATE_TRIAL);
    memcpy(g_board, &before, sizeof(before));
    without_each_block(FACEPLATE_STATE_SETTLED, "1");
}

/* A signature is verified in a task of its own, for which there may be no memory. */
static void nor_is_a_signature_wrong_for_want_of_memory(void)
{
    static faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.keys[0] = SIGNER;
    s_config = &config;
    a_boot_without_a_block_can_be_done_again();
    s_config = NULL;
}

/* Each task of a call is refused, one after the other: the first has the stack for it, those after it verify. */
static void verify_without_a_task(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.keys[0] = SIGNER;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    for (uint32_t task = 1; task <= 2; task++) {
        uint32_t before = g_board->operations;
        g_board->refused_task = task;
        g_board->and_all_tasks = true;
        CHECK_IS(faceplate_rollback(), ESP_ERR_NO_MEM);
        g_board->no_memory = false;
        CHECK(g_board->operations == before);
    }
    g_board->no_memory = true;
    CHECK_IS(upload(g_first, 0), ESP_ERR_NO_MEM);
    g_board->no_memory = false;
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.slots[0].valid && s_status.slots[1].valid);
    CHECK_IS(faceplate_rollback(), ESP_OK);
    pass_until_restart();
}

/* Who is told so by a finish has the upload still, to give it up. */
static void finish_without_a_task(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    faceplate_upload_t *upload_;
    config.keys[0] = SIGNER;
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    int before = blocks();
    CHECK_IS(faceplate_upload_begin(g_first.len, 0, &upload_), ESP_OK);
    CHECK_IS(faceplate_upload_write(upload_, g_first.bytes, g_first.len), ESP_OK);
    g_board->refused_task = 2;
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_ERR_NO_MEM);
    CHECK_IS(faceplate_upload_finish(upload_, NULL), ESP_ERR_INVALID_STATE);
    faceplate_upload_abort(upload_);
    CHECK(blocks() == before);
    CHECK(serves("2"));
    CHECK_IS(upload(g_first, 0), ESP_OK);
    pass_until_restart();
}

/* The same by HTTP, which says so. */
static void back_over_http_without_a_task(void)
{
    static client_t client;
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.keys[0] = SIGNER;
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    server_start();
    CHECK_IS(faceplate_register(g_server, NULL), ESP_OK);
    g_board->no_memory = true;
    client_open(&client, g_port);
    client_send(&client, "POST /api/ota/rollback HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    client_read(&client, &s_response);
    CHECK(s_response.status == 503);
    CHECK(strstr(s_response.body, "/problems/no-memory") != NULL);
    client_close(&client);
    g_board->no_memory = false;
    server_stop();
    CHECK_IS(faceplate_get_status(&s_status), ESP_OK);
    CHECK(s_status.slots[0].valid && s_status.slots[1].valid);
}

static void a_signature_that_cannot_be_verified_now_can_be_later(void)
{
    board_with_both();
    CHECK(power(verify_without_a_task) == END_RESTARTED);
    board_with_both();
    CHECK(power(finish_without_a_task) == END_RESTARTED);
    board_with_both();
    CHECK(power(back_over_http_without_a_task) == 0);
}

static void boot_without_a_task(void)
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    int before = 0;
    config.nvs_label = "nvs";
    config.slot_labels[0] = "www_0";
    config.slot_labels[1] = "www_1";
#if CONFIG_FACEPLATE_PASSWORD
    config.password = FACEPLATE_PASSWORD_DEMANDED;
#endif
    for (int i = 0; i < TRIES; i++) {
        /* The second, where the first is there already. */
        g_board->refused_task = i == 0 ? 2 : 1;
        CHECK_IS(faceplate_boot(&config), ESP_ERR_NO_MEM);
        before = i == 0 ? blocks() : before;
    }
    CHECK(blocks() == before);
    CHECK_IS(faceplate_boot(&config), ESP_OK);
    CHECK(serves("1"));
}

static void boots_without_a_task_keep_nothing(void)
{
    board_with_first();
    CHECK(power(boot_without_a_task) == 0);
}

static void http_without_a_task(void)
{
    static const char *const hosts[] = {"a.example", "b.example", NULL};
    faceplate_http_config_t config = FACEPLATE_HTTP_CONFIG_DEFAULT();
    uint16_t port = 0;
    int before = 0;
    config.name = "lamp";
    config.firmware = "1.2.3";
    config.hosts = hosts;
    board_runs_in_real_time();
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    server_start();
    for (int i = 0; i < 2 * TRIES; i++) {
        g_board->refused_task = 1;
        CHECK_IS(i % 2 == 0 ? faceplate_register(g_server, &config) : faceplate_listen(0, &config, NULL),
                 ESP_ERR_NO_MEM);
        before = i == 1 ? blocks() : before;
    }
    CHECK(blocks() == before);
    for (uint32_t block = 1;; block++) {
        g_board->refused_block = block;
        esp_err_t err = faceplate_register(g_server, &config);
        /* Its task may have wanted that block, and asked again. */
        if (err == ESP_OK) {
            CHECK(block > 3);
            break;
        }
        CHECK_IS(err, ESP_ERR_NO_MEM);
        CHECK(blocks() == before);
    }
    __atomic_store_n(&g_board->refused_block, 0, __ATOMIC_SEQ_CST);
    CHECK(client_get(g_port, "/version.txt", &s_response) == 200);
    before = blocks();
    for (int i = 0; i < TRIES; i++) {
        g_board->refused_task = 1;
        CHECK_IS(faceplate_listen(0, NULL, &port), ESP_ERR_NO_MEM);
    }
    CHECK(blocks() == before);
    CHECK_IS(faceplate_listen(0, NULL, &port), ESP_OK);
    CHECK(client_get(port, "/version.txt", &s_response) == 200);
    server_stop();
}

static void http_without_a_task_keeps_nothing(void)
{
    board_with_first();
    CHECK(power(http_without_a_task) == 0);
}

void test_memory(void)
{
    /* Hundreds of boots, each in want of another thing, take minutes there; what tasks do in one is seen by others. */
    if (!THREADS_ARE_WATCHED) {
        run_test("a_boot_without_a_block_can_be_done_again", a_boot_without_a_block_can_be_done_again);
        run_test("nor_is_a_signature_wrong_for_want_of_memory", nor_is_a_signature_wrong_for_want_of_memory);
    }
    run_test("a_signature_that_cannot_be_verified_now_can_be_later",
             a_signature_that_cannot_be_verified_now_can_be_later);
    run_test("boots_without_a_task_keep_nothing", boots_without_a_task_keep_nothing);
    run_test("http_without_a_task_keeps_nothing", http_without_a_task_keeps_nothing);
}
