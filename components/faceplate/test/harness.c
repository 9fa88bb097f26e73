/* The main program: runs the tests, and says what came of them. */
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

image_t g_first, g_second;

static int s_passed, s_failed;

/* Tests that run, each on a board of its own: nearly all of them wait most of the time. */
#define AT_ONCE 8

static struct {
    pid_t pid; /* 0: none */
    const char *name;
} s_running[AT_ONCE];

/* Only the tests whose names have this in them; NULL: all. */
static const char *s_filter;

/* Power */

void new_board(void)
{
    memset(g_board, 0, sizeof(*g_board));
    memset(g_board->slots, 0xff, sizeof(g_board->slots));
}

static int run(void (*boot)(void))
{
    g_board->time_us = 1000000;
    g_board->power_us = 0;
    g_board->operations = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        /* A boot that hangs is one that fails. */
        alarm(60);
        boot();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int power(void (*boot)(void))
{
    g_board->cut_at = 0;
    int end = run(boot);
    if (end != 0 && end != END_RESTARTED) {
        fprintf(stderr, "a boot ended with %d\n", end);
        _exit(1);
    }
    return end;
}

bool power_until(void (*boot)(void), uint32_t change)
{
    g_board->cut_at = change;
    int end = run(boot);
    g_board->cut_at = 0;
    if (end != 0 && end != END_RESTARTED && end != END_POWER_CUT) {
        fprintf(stderr, "a boot ended with %d, power cut %u\n", end, (unsigned)change);
        _exit(1);
    }
    return end == END_POWER_CUT;
}

void pass_ms(uint32_t ms)
{
    __atomic_fetch_add(&g_board->time_us, (int64_t)ms * 1000, __ATOMIC_SEQ_CST);
}

void pass_until_restart(void)
{
    for (int i = 0; i < 1000; i++) {
        pass_ms(100);
        usleep(5000);
    }
    fprintf(stderr, "it does not restart\n");
    _exit(1);
}

/* Memory */

int blocks(void)
{
    int now = heap_blocks();
    for (int quiet = 0; quiet < 5; quiet++) {
        usleep(2000);
        if (heap_blocks() != now) {
            now = heap_blocks();
            quiet = 0;
        }
    }
    return now;
}

/* What devices do */

esp_err_t upload(image_t image, uint16_t confirm_within_s)
{
    faceplate_upload_t *upload = NULL;
    esp_err_t err = faceplate_upload_begin(image.len, confirm_within_s, &upload);
    if (err != ESP_OK) {
        return err;
    }
    for (uint32_t at = 0, piece = 1; at < image.len; at += piece, piece = piece * 3 + 1) {
        if (piece > 5000) {
            piece = 7;
        }
        if (piece > image.len - at) {
            piece = image.len - at;
        }
        err = faceplate_upload_write(upload, image.bytes + at, piece);
        if (err != ESP_OK) {
            faceplate_upload_abort(upload);
            return err;
        }
    }
    return faceplate_upload_finish(upload, NULL);
}

bool serves(const char *version)
{
    static faceplate_status_t status;
    char wanted[64], text[64] = "";
    faceplate_file_t *file;
    size_t n = 0;
    if (faceplate_get_status(&status) != ESP_OK || status.state == FACEPLATE_STATE_RECOVERY ||
        strcmp(status.slots[status.active].version, version) != 0 ||
        faceplate_open("/version.txt", &file) != ESP_OK) {
        return false;
    }
    esp_err_t err = faceplate_read(file, text, sizeof(text) - 1, &n);
    faceplate_close(file);
    snprintf(wanted, sizeof(wanted), "version %s", version);
    return err == ESP_OK && strcmp(text, wanted) == 0;
}

static void install_first(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(upload(g_first, 60), ESP_OK);
    pass_until_restart();
}

void install_second(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(upload(g_second, 60), ESP_OK);
    pass_until_restart();
}

void confirm(void)
{
    CHECK_IS(faceplate_boot(NULL), ESP_OK);
    CHECK_IS(faceplate_confirm(NULL), ESP_OK);
}

void board_with_first(void)
{
    new_board();
    CHECK(power(install_first) == END_RESTARTED);
    CHECK(power(confirm) == 0);
}

void board_with_both(void)
{
    board_with_first();
    CHECK(power(install_second) == END_RESTARTED);
    CHECK(power(confirm) == 0);
}

/* Tests */

static void get_board(void)
{
    g_board = mmap(NULL, sizeof(*g_board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (g_board == MAP_FAILED) {
        perror("mmap");
        _exit(1);
    }
}

/* Waits for the end of a test; its place. */
static int end_one(void)
{
    int status = 0, at = 0;
    pid_t pid = wait(&status);
    while (s_running[at].pid != pid) {
        at++;
    }
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("test %s ... %s\n", s_running[at].name, passed ? "ok" : "FAILED");
    passed ? s_passed++ : s_failed++;
    s_running[at].pid = 0;
    return at;
}

void run_test(const char *name, void (*test)(void))
{
    int at = 0;
    if (s_filter != NULL && strstr(name, s_filter) == NULL) {
        return;
    }
    while (at < AT_ONCE && s_running[at].pid != 0) {
        at++;
    }
    if (at == AT_ONCE) {
        at = end_one();
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        get_board();
        test();
        _exit(0);
    }
    s_running[at].pid = child;
    s_running[at].name = name;
}

static void end_all(void)
{
    for (int at = 0; at < AT_ONCE; at++) {
        while (s_running[at].pid != 0) {
            end_one();
        }
    }
}

static image_t load(const char *path)
{
    image_t image = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    image.bytes = malloc(SLOT_SIZE);
    if (image.bytes != NULL) {
        image.len = (uint32_t)fread(image.bytes, 1, SLOT_SIZE, file);
    }
    fclose(file);
    return image;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s VERSION-1.bin VERSION-2.bin [PART-OF-A-NAME]\n", argv[0]);
        return 1;
    }
    s_filter = argv[3];
    g_first = load(argv[1]);
    g_second = load(argv[2]);
    /* The longest first. */
    test_memory();
    test_boot();
    test_update();
    test_refusals();
    test_signed();
    test_password();
    test_own_handlers();
    test_hooks();
    test_power_cuts();
    test_httpd();
    test_http();
    test_http_ends();
    test_http_refusals();
    test_http_access();
    test_http_life();
    test_http_stop();
    end_all();
    printf("test result: %s. %d passed; %d failed; 0 ignored;\n", s_failed == 0 ? "ok" : "FAILED",
           s_passed, s_failed);
    return s_failed == 0 ? 0 : 1;
}
