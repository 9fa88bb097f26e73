/*
 * Cuts the power of a firmware on a computer (ESP-IDF's target linux) in the middle of what it does to flash.
 *
 * It is linked between the firmware and ESP-IDF, by the linker's --wrap. A change is made in units: a word that
 * is programmed, a sector that is erased. The units are counted, those of NVS apart from all others:
 *
 *   CUT=nvs:12    the power goes after so many units of NVS; CUT=other:12: of other partitions
 *   COUNTED=FILE  the file that holds both counts, "NVS OTHERS", after each change
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esp_partition.h"

#define WORD   4
#define SECTOR 4096

esp_err_t __real_esp_partition_write(const esp_partition_t *partition, size_t to, const void *from, size_t len);
esp_err_t __real_esp_partition_write_raw(const esp_partition_t *partition, size_t to, const void *from,
                                         size_t len);
esp_err_t __real_esp_partition_erase_range(const esp_partition_t *partition, size_t at, size_t len);

static unsigned s_count[2];

static int kind_of(const esp_partition_t *partition)
{
    return strcmp(partition->label, "nvs") == 0 ? 0 : 1;
}

static void tell(void)
{
    const char *name = getenv("COUNTED");
    char line[32];
    if (name == NULL) {
        return;
    }
    static int s_file = -1;
    if (s_file < 0) {
        s_file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    }
    int len = snprintf(line, sizeof(line), "%u %u\n", s_count[0], s_count[1]);
    if (s_file < 0 || pwrite(s_file, line, (size_t)len, 0) != len) {
        abort();
    }
}

/* How many of these units are made before the power goes: all of them, if it stays. */
static size_t units_made(int kind, size_t units)
{
    static const char *const NAMES[2] = {"nvs:", "other:"};
    const char *cut = getenv("CUT");
    size_t made = units;
    if (cut != NULL && strncmp(cut, NAMES[kind], strlen(NAMES[kind])) == 0) {
        size_t left = strtoul(cut + strlen(NAMES[kind]), NULL, 10) - s_count[kind];
        made = left < units ? left : units;
    }
    s_count[kind] += (unsigned)made;
    tell();
    return made;
}

static void cut_power(void)
{
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

typedef esp_err_t (*write_t)(const esp_partition_t *partition, size_t to, const void *from, size_t len);

static esp_err_t write_units(write_t real, const esp_partition_t *partition, size_t to, const void *from,
                             size_t len)
{
    size_t units = (len + WORD - 1) / WORD;
    size_t made = units_made(kind_of(partition), units);
    if (made < units) {
        real(partition, to, from, made * WORD);
        cut_power();
    }
    return real(partition, to, from, len);
}

esp_err_t __wrap_esp_partition_write(const esp_partition_t *partition, size_t to, const void *from, size_t len)
{
    return write_units(__real_esp_partition_write, partition, to, from, len);
}

esp_err_t __wrap_esp_partition_write_raw(const esp_partition_t *partition, size_t to, const void *from,
                                         size_t len)
{
    return write_units(__real_esp_partition_write_raw, partition, to, from, len);
}

esp_err_t __wrap_esp_partition_erase_range(const esp_partition_t *partition, size_t at, size_t len)
{
    size_t units = len / SECTOR;
    size_t made = units_made(kind_of(partition), units);
    if (made < units) {
        __real_esp_partition_erase_range(partition, at, made * SECTOR);
        cut_power();
    }
    return __real_esp_partition_erase_range(partition, at, len);
}
