/*
 * Faceplate: the web frontend of a device, updated over the air in two slots, never lost.
 *
 * Threading: every function may be called from any task, but from no interrupt, and at the same time as
 * any other, unless it says otherwise. They share one lock, which is held for one step at a time (at most
 * one erase of 64 KiB of flash, one write to NVS, or one verification of a signature), and not while waiting
 * for a network. It is held while your hooks run, and while esp_http_server posts its events: see "Events" in
 * faceplate_http.h.
 *
 * Stack: a function needs at most 3.5 KiB of its caller's, and what ESP-IDF's functions for NVS and flash
 * need below that. What needs more (faceplate_boot, faceplate_upload_finish, faceplate_rollback, and
 * faceplate_check_password where the password is needed) runs in a task of its own while the caller waits,
 * whose stack of CONFIG_FACEPLATE_STACK_SIZE bytes is taken from the heap for so long: at most 8 KiB, and as
 * much for ESP-IDF's functions as its main task has by default. Where keys are named, each verification of a
 * signature (in the first three, and at the first 4096 bytes of an upload) runs in one more task of that
 * size, besides that one.
 *
 * Errors: ESP_OK or a code. Codes of ESP-IDF mean what they mean there; those of this header come
 * beside. faceplate_last_error() has a line for people.
 */
#ifndef FACEPLATE_H
#define FACEPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Codes of this component begin here: above all of ESP-IDF's, which have 16 bits. */
#define FACEPLATE_ERR_BASE         0x1fa00
/** Another upload, or a check of the other slot, runs. */
#define FACEPLATE_ERR_BUSY         (FACEPLATE_ERR_BASE + 0x01)
/** The running frontend is on trial, so the other slot is its way back: confirm it, or roll back. */
#define FACEPLATE_ERR_ON_TRIAL     (FACEPLATE_ERR_BASE + 0x02)
/** A change of slot was made and the device is about to restart. */
#define FACEPLATE_ERR_RESTARTING   (FACEPLATE_ERR_BASE + 0x03)
/** Nothing is on trial. */
#define FACEPLATE_ERR_NOT_ON_TRIAL (FACEPLATE_ERR_BASE + 0x04)
/** Another build runs than the one that was to be confirmed. */
#define FACEPLATE_ERR_OTHER_BUILD  (FACEPLATE_ERR_BASE + 0x05)
/** The hook may_update does not want it now. */
#define FACEPLATE_ERR_NOT_NOW      (FACEPLATE_ERR_BASE + 0x06)
/** The partition table has no two slots that can be used; the fault in the status says why. */
#define FACEPLATE_ERR_NO_SLOTS     (FACEPLATE_ERR_BASE + 0x07)
/** NVS failed, now or at boot. What runs goes on. */
#define FACEPLATE_ERR_NVS          (FACEPLATE_ERR_BASE + 0x08)
/** The flash does not take, or does not give, the bytes. */
#define FACEPLATE_ERR_FLASH        (FACEPLATE_ERR_BASE + 0x09)
/** The first bytes are not those of a frontend image. Nothing was erased. */
#define FACEPLATE_ERR_NOT_AN_IMAGE (FACEPLATE_ERR_BASE + 0x0a)
/** No image has this length. Nothing was erased. */
#define FACEPLATE_ERR_LENGTH       (FACEPLATE_ERR_BASE + 0x0b)
/** The image is longer than a slot. Nothing was erased. */
#define FACEPLATE_ERR_TOO_LARGE    (FACEPLATE_ERR_BASE + 0x0c)
/** The end of the image is missing, as its first bytes tell. Nothing was erased. */
#define FACEPLATE_ERR_TRUNCATED    (FACEPLATE_ERR_BASE + 0x0d)
/** More bytes came than were announced. */
#define FACEPLATE_ERR_TOO_LONG     (FACEPLATE_ERR_BASE + 0x0e)
/** Fewer bytes came than were announced. */
#define FACEPLATE_ERR_INCOMPLETE   (FACEPLATE_ERR_BASE + 0x0f)
/** The bytes do not have the SHA-256 that was asked for. */
#define FACEPLATE_ERR_DIGEST       (FACEPLATE_ERR_BASE + 0x10)
/** They are no whole frontend, or none for this firmware. Where its first bytes tell, nothing was erased. */
#define FACEPLATE_ERR_REJECTED     (FACEPLATE_ERR_BASE + 0x11)
/** The other slot holds no whole frontend. */
#define FACEPLATE_ERR_NOT_VALID    (FACEPLATE_ERR_BASE + 0x12)
/** None of the keys has signed the image. Where its first bytes tell, nothing was erased. */
#define FACEPLATE_ERR_SIGNATURE    (FACEPLATE_ERR_BASE + 0x13)
/** The image is older than one that was confirmed. Where its first bytes tell, nothing was erased. */
#define FACEPLATE_ERR_STEP_BACK    (FACEPLATE_ERR_BASE + 0x14)

/** What is served, and how sure that is. */
typedef enum {
    FACEPLATE_STATE_NOT_BOOTED = 0, /*!< faceplate_boot was not called, or failed */
    FACEPLATE_STATE_SETTLED = 1,    /*!< a confirmed frontend */
    FACEPLATE_STATE_TRIAL = 2,      /*!< a frontend that is still to be confirmed */
    FACEPLATE_STATE_RECOVERY = 3,   /*!< no slot holds a whole frontend */
} faceplate_state_t;

/** Why the active slot is what it is. */
typedef enum {
    FACEPLATE_LAST_NONE = 0,            /*!< it never changed, as far as is known */
    FACEPLATE_LAST_UPDATED = 1,         /*!< an upload was switched to */
    FACEPLATE_LAST_ROLLED_BACK = 2,     /*!< somebody asked for the other slot */
    FACEPLATE_LAST_NOT_CONFIRMED = 3,   /*!< it was not confirmed in time, so the device went back */
    FACEPLATE_LAST_KEPT_RESTARTING = 4, /*!< it restarted too often unconfirmed: the device went back */
    FACEPLATE_LAST_DID_NOT_MOUNT = 5,   /*!< it did not pass the check at boot: the device went back */
    FACEPLATE_LAST_KEPT = 6,            /*!< not confirmed, but there was nothing to go back to */
    FACEPLATE_LAST_TAKEN_BACK = 7,      /*!< somebody went back before it was confirmed */
    FACEPLATE_LAST_RETURNED = 8,        /*!< somebody went again to what had been taken back */
} faceplate_last_t;

/** How far an upload is. */
typedef enum {
    FACEPLATE_UPLOAD_NONE = 0,       /*!< none runs */
    FACEPLATE_UPLOAD_WRITING = 1,    /*!< bytes arrive and are written */
    FACEPLATE_UPLOAD_CHECKING = 2,   /*!< all is read back and verified */
    FACEPLATE_UPLOAD_SWITCHING = 3,  /*!< it is good; NVS is being changed */
    FACEPLATE_UPLOAD_RESTARTING = 4, /*!< done */
} faceplate_upload_phase_t;

/** What happens in an update. */
typedef enum {
    FACEPLATE_EVENT_BEGAN = 1,      /*!< an upload began: total */
    FACEPLATE_EVENT_PROGRESS = 2,   /*!< bytes were taken: received, total */
    FACEPLATE_EVENT_FAILED = 3,     /*!< it failed, or was given up; what runs goes on */
    FACEPLATE_EVENT_RESTARTING = 4, /*!< the slot changed; the device restarts: restart_in_ms */
} faceplate_event_id_t;

/** An event; fields that do not belong to it are 0. */
typedef struct {
    faceplate_event_id_t id;
    uint32_t received;      /*!< bytes of the upload that have come */
    uint32_t total;         /*!< bytes of the whole image */
    uint32_t restart_in_ms; /*!< milliseconds until esp_restart() */
} faceplate_event_t;

/** So many keys can be named. */
#define FACEPLATE_KEYS_MAX 4

/** Instead of a verifier: the password has to be set at first use, before anything can be changed. */
#define FACEPLATE_PASSWORD_DEMANDED "demand"

/**
 * What the firmware decides. Begin with FACEPLATE_CONFIG_DEFAULT().
 *
 * Hooks are called in the task of whoever calls a function, or in one of Faceplate's, with the lock held:
 * they must return at once, must wait for nobody who may be in a function of this header, and must not
 * call one themselves: it returns ESP_ERR_INVALID_STATE, or what is said there. Set a flag, give a
 * semaphore, post an event.
 */
typedef struct {
    /** The API that this firmware offers to frontends; images say which they need. */
    uint16_t api;
    /** Refuse images without a manifest, whose files cannot be proved intact. */
    bool require_manifest;
    /** Refuse new frontends with a lower sequence than one that was confirmed (docs/signing.md). */
    bool no_step_back;
    /** The password is needed for reading, too: the status. The files of the frontend and the recovery page stay
     *  open. Needs a password. */
    bool password_for_reading;
    /** Take and boot only what one of these keys has signed (docs/signing.md): Ed25519 public keys, each as 64
     *  hexadecimal digits, which `faceplate keygen` prints. NULL: no key; all NULL: anyone's frontends. Copied.
     *  Keys need CONFIG_FACEPLATE_SIGNATURES. */
    const char *keys[FACEPLATE_KEYS_MAX];
    /** Answer changes over HTTP only to who knows this password (docs/password.md): a verifier, which `faceplate
     *  hash-password` prints, or FACEPLATE_PASSWORD_DEMANDED. One that somebody sets goes before it. NULL: there is
     *  none, and anybody may change everything. Copied. Needs CONFIG_FACEPLATE_PASSWORD. */
    const char *password;
    /** Label of the NVS partition; NULL: "nvs". Copied. */
    const char *nvs_label;
    /** Labels of the slots; NULL: "www_0" and "www_1". Copied. */
    const char *slot_labels[2];
    /** May an update, or a change of slot, begin now? NULL: yes, always. Returns NULL for yes, or a short
     *  reason for people, UTF-8, which is copied at once. */
    const char *(*may_update)(void *ctx);
    /** What happens in an update; NULL: nobody wants to know. */
    void (*on_event)(const faceplate_event_t *event, void *ctx);
    /** Given to both hooks. */
    void *ctx;
} faceplate_config_t;

/** The usual labels, API 1, anyone's images taken, older ones and those without a manifest too, no password, no
 *  hooks. */
#define FACEPLATE_CONFIG_DEFAULT()                                                                  \
    {                                                                                              \
        1, false, false, false, {NULL, NULL, NULL, NULL}, NULL, NULL, {NULL, NULL}, NULL, NULL,    \
        NULL                                                                                       \
    }

/** A slot. */
typedef struct {
    char label[17];    /*!< of its partition */
    bool valid;        /*!< it holds a whole frontend: one can switch to it */
    uint32_t size;     /*!< bytes of the partition; 0: there is none */
    uint32_t used;     /*!< bytes of the image in it; 0: none */
    char version[65];  /*!< as the image says it, UTF-8; "": it says none */
    char build[17];    /*!< build id, 16 hex digits; "": it says none */
    uint32_t sequence; /*!< how new it says that it is; 0: nobody counts */
    char signer[17];   /*!< id of the key that signed it, 16 hex digits; "": the firmware names none */
    uint8_t sha256[32]; /*!< of the image, if valid */
    char problem[101]; /*!< why it is not valid, for people; "": it is */
} faceplate_slot_t;

/** Everything that can be known. 676 bytes: rather static than on a small stack. */
typedef struct {
    faceplate_state_t state;
    uint32_t active; /*!< 0 or 1, into slots */
    faceplate_slot_t slots[2];
    bool trial_by_client;          /*!< on trial: a client has to confirm; else the device itself does */
    uint8_t trial_boots_left;      /*!< on trial: boots to be confirmed in */
    uint32_t trial_seconds_left;   /*!< on trial: seconds until the device decides */
    faceplate_last_t last;         /*!< the last change of slot */
    faceplate_upload_phase_t upload;
    uint32_t upload_received; /*!< bytes */
    uint32_t upload_written;  /*!< bytes that are on flash and were read back */
    uint32_t upload_total;    /*!< bytes */
    bool restarting;          /*!< a change of slot was made; the restart comes */
    char fault[101]; /*!< why no change can be made (slots, NVS), for people; "": all is well */
} faceplate_status_t;

/** A file that is open. */
typedef struct faceplate_file faceplate_file_t;

/** An upload that runs. */
typedef struct faceplate_upload faceplate_upload_t;

/**
 * Checks both slots, chooses one, stores what that means, and starts the task that lets trials end and
 * restarts when that is due. To be called until it has succeeded once, after nvs_flash_init() (or
 * nvs_flash_init_partition() of the partition named); not at the same time as any other function.
 *
 * It reads and hashes all that is in the slots, which takes its time. A slot or an NVS that cannot be used
 * is no error here: what can be served is, and the status says what is wrong.
 *
 * @param config what the firmware decides; NULL: FACEPLATE_CONFIG_DEFAULT()
 * @return ESP_OK, also where no slot holds a frontend (FACEPLATE_STATE_RECOVERY)
 *         ESP_ERR_INVALID_ARG a label is empty, longer than 16 bytes or no ASCII; a key has not 64 hex digits; the
 *         password is no verifier, or for reading without being there (the log says what is wrong)
 *         ESP_ERR_NOT_SUPPORTED keys are named without CONFIG_FACEPLATE_SIGNATURES, or a password without
 *         CONFIG_FACEPLATE_PASSWORD
 *         ESP_ERR_INVALID_STATE it was called before
 *         ESP_ERR_INVALID_VERSION the library was built for another faceplate.h
 *         ESP_ERR_NO_MEM also where ESP-IDF's functions for flash, partitions or NVS had none. Nothing was
 *         concluded from what could not be read, and it can be called again. For that the lock, the labels
 *         and the task (CONFIG_FACEPLATE_TASK_STACK_SIZE) stay. Where NVS had enough to count a boot of a
 *         trial, and not to read that back, the next call counts it once more
 */
esp_err_t faceplate_boot(const faceplate_config_t *config);

/** What is served, and how sure that is. In a hook: FACEPLATE_STATE_NOT_BOOTED. */
faceplate_state_t faceplate_state(void);

/**
 * Everything that can be known now.
 *
 * @return ESP_OK; ESP_ERR_INVALID_ARG status is NULL; ESP_ERR_INVALID_STATE not booted, or in a hook
 */
esp_err_t faceplate_get_status(faceplate_status_t *status);

/**
 * Label of the partition whose frontend is served, to mount it read-only with esp_littlefs, say. It stays
 * the same until the restart, and the text for ever.
 *
 * @return NULL: none is (FACEPLATE_STATE_RECOVERY), not booted, or in a hook
 */
const char *faceplate_active_label(void);

/**
 * Ends the trial: what runs works.
 *
 * @param build the build that works, 16 hex digits: any other is not confirmed. NULL: whichever runs, which
 *        is for a person to say, or for a firmware that knows what it served.
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG build is no build id
 *         ESP_ERR_INVALID_STATE not booted, or in a hook
 *         FACEPLATE_ERR_NOT_ON_TRIAL, FACEPLATE_ERR_OTHER_BUILD
 *         FACEPLATE_ERR_NVS it cannot be stored; the trial goes on
 */
esp_err_t faceplate_confirm(const char *build);

/**
 * Goes to the other slot, if that passes the whole check now, and restarts half a second later. Takes as
 * long as to read and hash that slot. Asks may_update.
 *
 * @return ESP_OK the choice is made
 *         ESP_ERR_INVALID_STATE not booted, or in a hook; ESP_ERR_NO_MEM
 *         FACEPLATE_ERR_BUSY, FACEPLATE_ERR_RESTARTING, FACEPLATE_ERR_NOT_NOW
 *         FACEPLATE_ERR_NOT_VALID the other slot holds no whole frontend
 *         FACEPLATE_ERR_NVS it cannot be stored; the active slot stays
 */
esp_err_t faceplate_rollback(void);

/**
 * Forgets the password that somebody set, and ends all sessions: for a button that is held, say. That of the
 * configuration holds then; where it is demanded, the next client sets one.
 *
 * @return ESP_OK also where nobody had set one
 *         ESP_ERR_INVALID_STATE not booted, in a hook, or the configuration has no password
 *         ESP_ERR_NOT_SUPPORTED without CONFIG_FACEPLATE_PASSWORD
 *         FACEPLATE_ERR_NVS it cannot be stored; the password is what it was
 */
esp_err_t faceplate_reset_password(void);

/**
 * Sets another password, and ends all sessions: for one that comes by a serial console, say.
 *
 * @param verifier what `faceplate hash-password` prints
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG verifier is NULL or none (the log says what is wrong)
 *         and as faceplate_reset_password()
 */
esp_err_t faceplate_set_password(const char *verifier);

/**
 * Opens a file of the frontend that is served. Takes 184 bytes of heap.
 *
 * A text file may be there only compressed, under its name with ".gz" at the end.
 *
 * @param path exact, with or without a leading '/'
 * @param[out] file to be closed with faceplate_close()
 * @return ESP_OK
 *         ESP_ERR_INVALID_ARG an argument is NULL, or path is no UTF-8
 *         ESP_ERR_INVALID_STATE not booted, or in a hook
 *         ESP_ERR_NOT_FOUND no such file, or nothing is served; ESP_ERR_NO_MEM
 *         FACEPLATE_ERR_FLASH it cannot be read, or is damaged
 */
esp_err_t faceplate_open(const char *path, faceplate_file_t **file);

/** Bytes of the file, as it is stored. @param file open, not NULL */
uint32_t faceplate_size(const faceplate_file_t *file);

/**
 * Goes to a place in the file: reading goes on there. One task at a time may use a file.
 *
 * @param position bytes from its beginning; beyond its end reads nothing
 * @return ESP_OK; ESP_ERR_INVALID_ARG file is NULL
 */
esp_err_t faceplate_seek(faceplate_file_t *file, uint32_t position);

/**
 * Reads on. One task at a time may use a file.
 *
 * @param[out] buffer for len bytes
 * @param[out] read how many came; 0 at the end of the file, or where len is 0
 * @return ESP_OK; ESP_ERR_INVALID_ARG an argument is NULL
 *         FACEPLATE_ERR_FLASH it cannot be read, or is damaged
 */
esp_err_t faceplate_read(faceplate_file_t *file, void *buffer, size_t len, size_t *read);

/** Closes a file, whose pointer is of no use then. NULL is none. */
void faceplate_close(faceplate_file_t *file);

/**
 * Begins an upload from a source of yours: MQTT, a serial line, a download. It goes into the slot that is
 * not active. One can run at a time. Asks may_update. Takes 64 bytes of heap.
 *
 * @param total bytes of the whole image
 * @param confirm_within_s 0: the device confirms the new frontend once it has served for 30 s. 10 to 3600:
 *        a client has to, within so many seconds of its first boot
 * @param[out] upload to be given to faceplate_upload_finish() or faceplate_upload_abort()
 * @return ESP_OK nothing was touched yet
 *         ESP_ERR_INVALID_ARG upload is NULL, or confirm_within_s is none of these
 *         ESP_ERR_INVALID_STATE not booted, or in a hook; ESP_ERR_NO_MEM
 *         FACEPLATE_ERR_BUSY, _ON_TRIAL, _RESTARTING, _NOT_NOW, _NO_SLOTS, _NVS, _LENGTH, _TOO_LARGE
 */
esp_err_t faceplate_upload_begin(uint32_t total, uint16_t confirm_within_s, faceplate_upload_t **upload);

/**
 * Takes the next bytes, as many as there are: any number. Each time 4096 have come they are written and
 * read back; the longest of that is an erase of 64 KiB (W25Q128: 150 ms, at worst 2 s).
 *
 * After an error the upload is over, and only faceplate_upload_abort() is to be called. One task at a
 * time may use an upload.
 *
 * @return ESP_OK; ESP_ERR_INVALID_ARG an argument is NULL
 *         ESP_ERR_INVALID_STATE in a hook, or the upload is over
 *         FACEPLATE_ERR_NOT_AN_IMAGE, _LENGTH, _TRUNCATED, _SIGNATURE, _STEP_BACK, _REJECTED from the first 4096
 *         bytes, and ESP_ERR_NO_MEM where there was none to verify their signature; nothing was erased
 *         FACEPLATE_ERR_TOO_LONG, FACEPLATE_ERR_FLASH, FACEPLATE_ERR_NVS
 */
esp_err_t faceplate_upload_write(faceplate_upload_t *upload, const void *data, size_t len);

/**
 * Verifies everything as it is on flash, makes it the slot of the next boot, on trial, and restarts half a
 * second later. Takes as long as to read and hash the slot. Whatever it returns (but for ESP_ERR_INVALID_ARG,
 * ESP_ERR_INVALID_STATE and ESP_ERR_NO_MEM) the upload is over and its pointer of no use.
 *
 * @param sha256 the 32 bytes that the image must have; NULL: any
 * @return ESP_OK the choice is made
 *         ESP_ERR_INVALID_ARG upload is NULL
 *         ESP_ERR_INVALID_STATE in a hook, or the upload was over: abort it
 *         ESP_ERR_NO_MEM abort it, or call this again: where there was none to verify the signature, the upload
 *         is over, and this says ESP_ERR_INVALID_STATE then
 *         FACEPLATE_ERR_INCOMPLETE, _DIGEST, _REJECTED, _SIGNATURE, _STEP_BACK, _FLASH, _NVS: what runs goes
 *         on, and stays
 */
esp_err_t faceplate_upload_finish(faceplate_upload_t *upload, const uint8_t *sha256);

/** Gives an upload up. The pointer is of no use then. NULL is none. Not to be called in a hook. */
void faceplate_upload_abort(faceplate_upload_t *upload);

/**
 * Why the last call that failed with a code of this header did so, of whichever task: a line for people,
 * UTF-8. It is in the log, too.
 *
 * @param[out] line for len bytes, with the NUL; cut where it does not fit. 101 are enough.
 * @return line; "" before the first, and in a hook
 */
char *faceplate_last_error(char *line, size_t len);

/** Name of a code of this header; of any other what esp_err_to_name() says. */
const char *faceplate_err_to_name(esp_err_t code);

#ifdef __cplusplus
}
#endif

#endif
