/*
 * upload.h - the platform's own command for getting a build onto a board.
 *
 * The tool is upload.tool.PROTOCOL, else upload.tool.default, else upload.tool, of the board
 * ("serial" being the protocol of a serial port). "vendor:tool" takes the tool from another
 * platform. Its properties (tools.TOOL.*) are then what its patterns see first:
 *
 *   the tool's platform < the board's platform < board < tools.TOOL.* < the programmer
 *   upload.verbose = upload.params.verbose or .quiet,  upload.verify = upload.params.verify or
 * .noverify serial.port, serial.port.file, upload.port.*, build.path, build.project_name
 *
 * Two runs may be asked for: the port may only be known after the 1200 bps touch. So a plan is made
 * first, and the command from the plan once the port is known.
 *
 * Source: the Arduino platform specification, "Tools"; arduino-cli 1.0.4.
 * Threads: a plan does not change once made; any number may read it.
 */
#ifndef JIG_ARDUINO_UPLOAD_H
#define JIG_ARDUINO_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arduino/board.h"
#include "core/base/err.h"
#include "core/base/strv.h"

enum jig_upload_action {
    JIG_UPLOAD,     /* upload.pattern */
    JIG_PROGRAM,    /* program.pattern: through a programmer */
    JIG_ERASE,      /* erase.pattern: before a bootloader is burnt */
    JIG_BOOTLOADER, /* bootloader.pattern */
};

struct jig_upload_request {
    enum jig_upload_action action;
    const char *build_path;   /* holds PROJECT_NAME.hex and the like */
    const char *project_name; /* "Blink.ino" */
    const char *protocol;     /* of the port: "serial", "network"; NULL: "default", no port */
    const char *programmer;   /* its id; NULL for none; needed but for JIG_UPLOAD */
    bool verbose;
    bool verify;
    const struct jig_props *custom; /* over all others; may be NULL */
    const struct jig_strv *flags;   /* more words for the tool, at the end; may be NULL */
};

struct jig_upload_plan {
    char *tool;      /* "avrdude" */
    bool touch_1200; /* open the port at 1200 bps first */
    bool wait_port;  /* and then wait for a new port */
    bool needs_port; /* the pattern mentions a port */
    struct jig_props *props;
    const char *pattern_key; /* "upload.pattern" */
    struct jig_strv flags;
};

enum jig_code jig_upload_plan(const struct jig_board_config *c, const struct jig_upload_request *r,
                              struct jig_upload_plan **ret, struct jig_err *reterr) JIG_CHECKED;
/* The programmer whose protocol property is this ("usbasp"): its id, or NULL. Borrowed. */
const char *jig_upload_find_programmer(const struct jig_board_config *c, const char *protocol);

void jig_upload_plan_free(struct jig_upload_plan *p);

/* The command, its program found. `port` ("/dev/ttyACM0") may be NULL when the plan needs none. The
 * words are appended to argv; none when the pattern is blank: then there is nothing to run. */
enum jig_code jig_upload_argv(const struct jig_upload_plan *p, const char *port,
                              struct jig_strv *argv, struct jig_err *reterr) JIG_CHECKED;

#endif
