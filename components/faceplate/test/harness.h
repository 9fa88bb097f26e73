/* What the tests are written with: boots of one board. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "board.h"
#include "faceplate.h"

/* A frontend image. */
typedef struct {
    uint8_t *bytes;
    uint32_t len;
} image_t;

/* Two builds of a frontend, of the versions "1" and "2", both with index.html and data.bin. */
extern image_t g_first, g_second;

/* Whose key has signed both. */
#define SIGNER "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* Ends the boot, and with it the test, where something is not so. */
#define CHECK(is_so)                                                                               \
    do {                                                                                           \
        if (!(is_so)) {                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #is_so);                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* The same, showing a code. */
#define CHECK_IS(code, wanted)                                                                     \
    do {                                                                                           \
        esp_err_t is_ = (code);                                                                    \
        if (is_ != (wanted)) {                                                                     \
            fprintf(stderr, "%s:%d: %s is %s, not %s\n", __FILE__, __LINE__, #code,                \
                    faceplate_err_to_name(is_), #wanted);                                          \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Whether a sanitizer looks at what threads do. */
#ifdef __SANITIZE_THREAD__
#define THREADS_ARE_WATCHED true
#else
#define THREADS_ARE_WATCHED false
#endif

/* An empty board. */
void new_board(void);

/* Power comes and `boot` runs, in a process of its own; how that ended: 0, or END_RESTARTED. The test ends
 * where it failed. */
int power(void (*boot)(void));

/* The same with a power cut in the change with this number; false: there were fewer. */
bool power_until(void (*boot)(void), uint32_t change);

/* Lets time pass. */
void pass_ms(uint32_t ms);

/* Lets time pass until the device restarts, which ends the boot. */
void pass_until_restart(void) __attribute__((__noreturn__));

/* Blocks of the heap, when a task that has just ended has given back what it had. */
int blocks(void);

/* Uploads an image in pieces of odd size, up to finish. */
esp_err_t upload(image_t image, uint16_t confirm_within_s);

/* Whether the frontend that is served is whole and of this version. */
bool serves(const char *version);

/* A boot that brings version 2, up to the restart. */
void install_second(void);

/* A boot that confirms what is on trial. */
void confirm(void);

/* A board with version 1, confirmed, in www_1, and nothing in www_0. */
void board_with_first(void);

/* A board with version 2, confirmed, in www_0, and version 1 in www_1. */
void board_with_both(void);

/* The tests. */
void test_boot(void);
void test_update(void);
void test_refusals(void);
void test_signed(void);
void test_password(void);
void test_own_handlers(void);
void test_hooks(void);
void test_power_cuts(void);
void test_httpd(void);
void test_http(void);
void test_http_ends(void);
void test_http_refusals(void);
void test_http_access(void);
void test_http_life(void);
void test_http_stop(void);
void test_memory(void);

/* A test of this name, which passes where it returns; others run beside it. */
void run_test(const char *name, void (*test)(void));
