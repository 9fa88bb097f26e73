/* The board of the tests: flash, NVS and a clock. Flash and NVS are shared with the processes that are its
 * boots, and outlive them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nvs.h"

#define SECTOR 4096
/* Small for the tests of C, whose boards are copied often. */
#ifndef SLOT_SIZE
#define SLOT_SIZE (16 * SECTOR)
#endif
#define LARGE_SLOT_SIZE (12 << 20)
#define NVS_KEYS 16

/* How a boot may end. */
#define END_RESTARTED 42
#define END_POWER_CUT 43

typedef struct {
    char space[16];
    char key[16];
    int type; /* 0: there is none */
    size_t len;
    uint8_t value[96];
} board_key_t;

typedef struct {
    uint8_t slots[2][SLOT_SIZE];
    board_key_t keys[NVS_KEYS];
    int64_t time_us;      /* since power came, besides what passes by itself */
    int64_t power_us;     /* when power came, of this machine's clock; 0: no time passes by itself */
    uint32_t operations;  /* changes of flash and NVS since power came */
    uint32_t cut_at;      /* the power fails in this one; 0: in none */
    bool nvs_fails;       /* every access */
    bool flash_fails;     /* every write and erase */
    bool no_memory;        /* for another task */
    bool second_slot_less; /* the table has www_1 with one sector less */
    size_t largest_block;  /* of the heap; 0: any */
    uint32_t refused_block; /* the one of the heap with this number from now on is refused; 0: none */
    bool and_all_after;     /* all that come after it, too, ... */
    bool no_block;          /* ... which they are */
    uint32_t refused_task;  /* the task with this number from now on is refused; 0: none */
    bool and_all_tasks;     /* so are all that come after it */
    int notes[2];          /* what a boot tells the test */
    bool slow_flash;       /* an erase or a write takes about as long as on a W25Q128 */
    bool stays_on;         /* a restart is as if the device hung: nothing more happens */
    uint32_t restart_in_ms; /* what was told of the restart that is to come; 0: none */
    uint16_t port;         /* where it is reached; 0: nowhere yet */
    bool large_slots;      /* the table has slots of LARGE_SLOT_SIZE, of which there is only the beginning */
} board_t;

extern board_t *g_board;

/* One more change; true: the power fails in it. */
bool board_operation(void);
/* Power comes now, and from now on time passes by itself. */
void board_runs_in_real_time(void);
/* Waits so long, where the flash takes its time. */
void board_flash_takes(uint32_t us);
/* The power is gone. */
void board_power_cut(void) __attribute__((__noreturn__));
/* One less; true: that was the last. */
bool board_counts_down(uint32_t *left);
/* Blocks of the heap that are in use. */
int heap_blocks(void);
