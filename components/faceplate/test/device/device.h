/* A whole device: a firmware with Faceplate in it, over the stand-ins, in real time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

/* The most hosts that can be named, and the most settings. */
#define HOSTS 8
#define SETTINGS 8

typedef struct {
    const char *flash;    /* the file with the flash; made when there is none */
    const char *www;      /* an image that a new device gets into its first slot; NULL: none */
    const char *name;     /* of the device; NULL: Faceplate's */
    const char *firmware; /* its version; NULL: that of the stand-in */
    const char *hosts[HOSTS + 1];
    const char *settings[SETTINGS + 1]; /* what is stored already */
    unsigned long reboot_ms; /* how long a restart takes */
    uint32_t power_cut_after; /* operations; 0: none */
    uint16_t port;        /* 0: any that is free */
    bool own_port;        /* of Faceplate's own, and not of the HTTP server */
    const char *password; /* as the configuration has it; NULL: none */
    bool password_for_reading;
    bool slow_flash;
    bool stays_on;
} options_t;

/* What app_main() is in a firmware; it does not return. */
void firmware(const options_t *options) __attribute__((__noreturn__));
