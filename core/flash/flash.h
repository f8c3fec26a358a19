/*
 * flash.h - writing an image to a board: a table of ways to do it, and what is common to them.
 *
 *   touching ----> connecting ----> erasing ----> writing ----> verifying ----> done
 *   (1200 bps,      the bootloader   |                |              |
 *    a new port)    answers          '-- from here on a failure leaves a partial image --'
 *
 * A verify goes the same way without erasing and writing, and leaves what is there.
 *
 * The flasher owns the port while it works: whoever watches the port pauses before (core/monitor;
 * handlers compose the two). When it returns, for whatever reason, no process of ours has the port
 * open. Every failure says what is on the board now.
 *
 * Threads: one flash is one thread's; several boards may be flashed at once. Events come from the
 * thread that called.
 */
#ifndef JIG_FLASH_FLASH_H
#define JIG_FLASH_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/device/inventory.h"
#include "core/os/cancel.h"
#include "core/os/proc.h"

enum jig_flash_phase {
    JIG_FLASH_TOUCHING,
    JIG_FLASH_CONNECTING,
    JIG_FLASH_ERASING,
    JIG_FLASH_WRITING,
    JIG_FLASH_VERIFYING,
    JIG_FLASH_DONE,
};
const char *jig_flash_phase_name(enum jig_flash_phase phase); /* "touching", ... */

struct jig_flash_progress {
    enum jig_flash_phase phase;
    int percent;    /* of the phase; -1: unknown */
    uint64_t bytes; /* done of total in this phase; 0 of 0: unknown */
    uint64_t total;
};

/* All may be NULL. */
struct jig_flash_watcher {
    void (*progress)(void *ctx, const struct jig_flash_progress *p);   /* only when it changed */
    void (*line)(void *ctx, enum jig_stream stream, const char *text); /* of the tool, as it ends */
    void *ctx;
};

/* What the board may hold after a failure. */
enum jig_flash_state {
    JIG_FLASH_UNTOUCHED,  /* nothing was written: what was there is there */
    JIG_FLASH_PARTIAL,    /* part of the new image; it must be flashed again */
    JIG_FLASH_UNVERIFIED, /* all of it was written, and not, or not rightly, read back */
    JIG_FLASH_UNKNOWN,    /* the tool did not say what it did */
    JIG_FLASH_COMPLETE,
};

struct jig_flash_request {
    struct jig_inventory *inventory; /* for the port after a touch; borrowed */
    const char *device;              /* its id */
    const char *port;                /* its port now */

    /* platform.txt's upload properties */
    bool use_1200bps_touch;
    bool wait_for_upload_port;

    /* The upload command for `port`, which is another one after a touch. */
    enum jig_code (*command)(void *ctx, const char *port, struct jig_strv *ret_argv,
                             struct jig_err *reterr);
    void *command_ctx;
    const char *cwd;      /* NULL: "/" */
    uint64_t image_bytes; /* for progress; 0: unknown */
    int64_t tool_ms;      /* the tool's own deadline; 0: JIG_FLASH_TOOL_MS */
    int64_t port_wait_ms; /* for a port to come (back); 0: JIG_FLASH_PORT_MS */
};

#define JIG_FLASH_TOOL_MS 180000 /* 32 kB at 9600 baud, twice, and a lost start: about 100 s */
#define JIG_FLASH_PORT_MS 10000  /* what arduino-cli waits for an upload port */
#define JIG_FLASH_LOG_MAX (512 * 1024)

struct jig_flash_result {
    uint64_t bytes_written;  /* as the tool reports it, else image_bytes */
    uint64_t bytes_verified; /* as the tool reports it, else 0; after a verify else image_bytes */
    bool verified;           /* the tool read all of it back, and it was the same */
    char *port;              /* the device's port now, also after a failure; "": gone; owned */
    enum jig_flash_state state;
    struct jig_buf log; /* all the tool said, up to JIG_FLASH_LOG_MAX */
};

void jig_flash_result_init(struct jig_flash_result *r);
void jig_flash_result_release(struct jig_flash_result *r);

/* ret is initialised by the caller and is filled as far as it goes on failure too: its log and
 * state say what happened. Failures have reason DEPLOY_FAILED, or BUSY when the port is held. */
struct jig_flasher_ops {
    const char *name;
    enum jig_code (*flash)(const struct jig_flash_request *request,
                           const struct jig_flash_watcher *watcher, const struct jig_until *until,
                           struct jig_flash_result *ret, struct jig_err *reterr);
    /* Compares only, by the flasher's own means. UNIMPLEMENTED, with the port untouched, when it
     * has none for this request: then the image is to be written. NULL: it never has. */
    enum jig_code (*verify)(const struct jig_flash_request *request,
                            const struct jig_flash_watcher *watcher, const struct jig_until *until,
                            struct jig_flash_result *ret, bool *ret_same, struct jig_err *reterr);
};

/* "tool": runs the platform's upload recipe. NULL when there is none of that name. */
const struct jig_flasher_ops *jig_flasher_find(const char *name);

enum jig_code jig_flash(const struct jig_flasher_ops *ops, const struct jig_flash_request *request,
                        const struct jig_flash_watcher *watcher, const struct jig_until *until,
                        struct jig_flash_result *ret, struct jig_err *reterr) JIG_CHECKED;

/* Does the board hold the image? A board that holds another is an answer, not a failure. */
enum jig_code jig_flash_verify(const struct jig_flasher_ops *ops,
                               const struct jig_flash_request *request,
                               const struct jig_flash_watcher *watcher,
                               const struct jig_until *until, struct jig_flash_result *ret,
                               bool *ret_same, struct jig_err *reterr) JIG_CHECKED;

#endif
