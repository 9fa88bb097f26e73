/* The life of the device: its flash in a file, its port, and one process for each boot. */
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "faceplate.h"

/* The file is as large as the flash of a board, and its slots are where partitions.csv has them; what the
 * stand-ins keep besides lies behind these. */
#define FLASH_SIZE 0x1000000
#define BOARD_AT 0x310000

/* What `faceplate sim` ends with, too. */
#define STATUS_OF_POWER_CUT 3

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "%s: no number\n", text);
        exit(2);
    }
    return value;
}

/* A setting, such as `active=1` or `img0=` and hexadecimal bytes: Faceplate's, as another device has stored them. */
static void set(const char *setting)
{
    char key[16];
    unsigned char bytes[64];
    size_t len = 0;
    nvs_handle_t nvs;
    const char *value = strchr(setting, '=');
    if (value == NULL || (size_t)(value - setting) >= sizeof(key)) {
        fprintf(stderr, "%s: no setting\n", setting);
        exit(2);
    }
    snprintf(key, sizeof(key), "%.*s", (int)(value++ - setting), setting);
    if (nvs_open_from_partition("nvs", "www", NVS_READWRITE, &nvs) != ESP_OK) {
        exit(2);
    }
    if (strncmp(key, "img", 3) == 0) {
        while (len < sizeof(bytes) && sscanf(value + 2 * len, "%2hhx", &bytes[len]) == 1) {
            len++;
        }
        nvs_set_blob(nvs, key, bytes, len);
    } else if (strcmp(key, "active") == 0) {
        nvs_set_u8(nvs, key, (uint8_t)number(value));
    } else {
        nvs_set_u32(nvs, key, (uint32_t)number(value));
    }
    nvs_commit(nvs);
    nvs_close(nvs);
}

/* As serial flashing does. */
static void write_www(const char *path)
{
    FILE *image = fopen(path, "rb");
    if (image == NULL) {
        fail(path);
    }
    size_t len = fread(g_board->slots[0], 1, SLOT_SIZE, image);
    if (len == 0 || fgetc(image) != EOF) {
        fprintf(stderr, "%s: no image, or too large\n", path);
        exit(1);
    }
    fclose(image);
}

static void open_flash(const options_t *options)
{
    bool is_new = access(options->flash, F_OK) != 0;
    int fd = open(options->flash, O_RDWR | O_CREAT, 0644);
    if (fd < 0 || ftruncate(fd, FLASH_SIZE) != 0) {
        fail(options->flash);
    }
    uint8_t *flash = mmap(NULL, FLASH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (flash == MAP_FAILED) {
        fail(options->flash);
    }
    close(fd);
    g_board = (board_t *)(flash + BOARD_AT);
    if (is_new) {
        memset(g_board->slots, 0xff, sizeof(g_board->slots));
    }
    if (is_new && options->www != NULL) {
        write_www(options->www);
    }
    /* A flash from elsewhere has ones there, and no keys. */
    for (int i = 0; i < NVS_KEYS; i++) {
        if (g_board->keys[i].type == -1) {
            g_board->keys[i].type = 0;
        }
    }
    memset(&g_board->time_us, 0, sizeof(*g_board) - offsetof(board_t, time_us));
    for (int i = 0; options->settings[i] != NULL; i++) {
        set(options->settings[i]);
    }
    g_board->operations = 0;
    g_board->slow_flash = options->slow_flash;
    g_board->stays_on = options->stays_on;
    g_board->cut_at = options->power_cut_after == 0 ? 0 : options->power_cut_after + 1;
}

/* Keeps the port over restarts: bound, never listening. */
static void take_port(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(address);
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        fail("the port");
    }
    g_board->port = ntohs(address.sin_port);
}

static int boot(const options_t *options)
{
    board_runs_in_real_time();
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        /* Who takes the power away kills the parent alone. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            firmware(options);
        }
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Those of `faceplate sim` that such a device can obey, and some of its own. */
static options_t arguments(int argc, char **argv)
{
    enum { FLASH = 1, LISTEN, WWW, TIMING, CUT, HOST, REBOOT, NAME, FIRMWARE, OWN_PORT, STAY, SETTING, VERIFIER, DEMAND, READING };
    static const struct option known[] = {
        {"flash", required_argument, NULL, FLASH},        {"listen", required_argument, NULL, LISTEN},
        {"www", required_argument, NULL, WWW},            {"flash-timing", required_argument, NULL, TIMING},
        {"power-cut-after", required_argument, NULL, CUT}, {"host", required_argument, NULL, HOST},
        {"reboot-ms", required_argument, NULL, REBOOT},   {"name", required_argument, NULL, NAME},
        {"firmware", required_argument, NULL, FIRMWARE},  {"own-port", no_argument, NULL, OWN_PORT},
        {"stay", no_argument, NULL, STAY},                {"setting", required_argument, NULL, SETTING},
        {"verifier", required_argument, NULL, VERIFIER},  {"demand-password", no_argument, NULL, DEMAND},
        {"password-for-reading", no_argument, NULL, READING},
        {NULL, 0, NULL, 0},
    };
    options_t options = {.flash = "device.bin", .reboot_ms = 2000};
    unsigned hosts = 0, settings = 0;
    for (int which; (which = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (which) {
        case FLASH:
            options.flash = optarg;
            break;
        case LISTEN:
            if (strncmp(optarg, "127.0.0.1:", 10) != 0) {
                fprintf(stderr, "%s: it is reached at 127.0.0.1 alone\n", optarg);
                exit(2);
            }
            options.port = (uint16_t)number(optarg + 10);
            break;
        case WWW:
            options.www = optarg;
            break;
        case TIMING:
            options.slow_flash = strcmp(optarg, "real") == 0;
            break;
        case CUT:
            options.power_cut_after = (uint32_t)number(optarg);
            break;
        case HOST:
            if (hosts < HOSTS) {
                options.hosts[hosts++] = optarg;
            }
            break;
        case REBOOT:
            options.reboot_ms = number(optarg);
            break;
        case NAME:
            options.name = optarg;
            break;
        case FIRMWARE:
            options.firmware = optarg;
            break;
        case OWN_PORT:
            options.own_port = true;
            break;
        case STAY:
            options.stays_on = true;
            break;
        case SETTING:
            if (settings < SETTINGS) {
                options.settings[settings++] = optarg;
            }
            break;
        case VERIFIER:
            options.password = optarg;
            break;
        case DEMAND:
            options.password = FACEPLATE_PASSWORD_DEMANDED;
            break;
        case READING:
            options.password_for_reading = true;
            break;
        default:
            exit(2);
        }
    }
    return options;
}

int main(int argc, char **argv)
{
    /* `sim` is what the simulator's command is called: whoever starts that can start this. */
    bool as_sim = argc > 1 && strcmp(argv[1], "sim") == 0;
    options_t options = arguments(argc - as_sim, argv + as_sim);
    open_flash(&options);
    take_port(options.port);
    for (;;) {
        int end = boot(&options);
        if (end == END_POWER_CUT) {
            puts("power cut");
            return STATUS_OF_POWER_CUT;
        }
        if (end != END_RESTARTED) {
            fprintf(stderr, "the boot ended with %d\n", end);
            return 1;
        }
        g_board->restart_in_ms = 0;
        usleep((useconds_t)(options.reboot_ms * 1000));
    }
}
