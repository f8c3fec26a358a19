/*
 * platform.h - one installed release of an Arduino platform, read from its folder.
 *
 *   platform.txt  <- overlays <- platform.local.txt          its properties, later over earlier
 *   boards.txt    <- boards.local.txt                        its boards and menus
 *   programmers.txt                                          its programmers
 *   installed.json                                           the tool versions it asks for
 *
 * Old forms are brought up to date while reading, as arduino-cli does: vid.N/pid.N become
 * upload_port.N.vid/pid, X.tool becomes X.tool.default, serial.disableRTS/DTR become
 * monitor_port.serial.rts/dtr, and a platform without pluggable discovery gets the built-in ones.
 *
 * Ceilings: 10,000 boards, 1,000 programmers.
 * Source: the Arduino platform specification; arduino-cli 1.0.4 for what old forms become.
 *
 * Threads: a platform does not change once loaded; any number may read it.
 */
#ifndef JIG_ARDUINO_PLATFORM_H
#define JIG_ARDUINO_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arduino/overlay.h"
#include "core/arduino/props.h"
#include "core/arduino/readlog.h"
#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/strv.h"
#include "core/base/usbid.h"

#define JIG_BOARDS_MAX      10000
#define JIG_PROGRAMMERS_MAX 1000

/* Where a release was found; see hardware.h for the layouts. */
struct jig_platform_place {
    const char *vendor;
    const char *arch;
    const char *version; /* "" when it names none */
    const char *path;
    const char *folder; /* the hardware folder that holds it */
};

/* A board, or a programmer: its properties without "uno.". */
struct jig_board {
    char *id;
    struct jig_props *props;
};

/* A tool version that installed.json asks for. */
struct jig_tool_need {
    char *vendor;
    char *name;
    char *version;
};

struct jig_platform {
    char *vendor;
    char *arch;
    char *version;
    char *path;
    char *folder;
    char *name; /* platform.txt's name, or "vendor-arch" */
    struct jig_props *props;
    struct jig_props *menus; /* menu id = label, in boards.txt's order */
    struct jig_board *boards;
    size_t board_count;
    struct jig_board *programmers;
    size_t programmer_count;
    struct jig_tool_need *needs; /* oldest version first */
    size_t need_count;
    struct jig_strv overlays;   /* "NAME: REASON" of each that was applied */
    struct jig_map board_index; /* id -> struct jig_board */
    struct jig_readlog *log;    /* borrowed: what was read to load it */
};

/* NOT_FOUND when there is no boards.txt; INVALID_ARGUMENT names the file and line that is wrong.
 * `log` lives longer than the platform, and says after a failure what was read until then. */
enum jig_code jig_platform_load(const struct jig_platform_place *place,
                                const struct jig_overlays *overlays, struct jig_readlog *log,
                                struct jig_platform **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_platform_free(struct jig_platform *p);

const struct jig_board *jig_platform_board(const struct jig_platform *p, const char *id);
const struct jig_board *jig_platform_programmer(const struct jig_platform *p, const char *id);

/* What people call it: board.name, or its id. */
const char *jig_board_name(const struct jig_board *b);
bool jig_board_hidden(const struct jig_board *b);

/* A menu of one board. */
struct jig_menu {
    char *id;
    char *label;
    struct jig_strv values; /* the first is the default */
    struct jig_strv labels; /* as many */
};

/* The board's menus in the platform's order. The caller frees with jig_menus_free. */
struct jig_menu *jig_board_menus(const struct jig_platform *p, const struct jig_board *b,
                                 size_t *ret_count);
void jig_menus_free(struct jig_menu *menus, size_t count);

/* The USB ids that a board may show, each once. Returns how many; at most `most` are written. */
size_t jig_board_usb_ids(const struct jig_board *b, struct jig_usb_id *out, size_t most);

#endif
