/*
 * piomap.h - PlatformIO's names for boards and their options, in the Arduino platform's words.
 *
 * Data: DATA/platformio.txt.
 *
 *   platform.PIO=VENDOR:ARCH            the Arduino platform that a PlatformIO platform stands for
 *   needs.PIO=WORDS                     one that is known, but whose boards are not listed
 *   board.PIO.BOARD=FQBN
 *   option.NAME=HOW [PROPERTY]          what a board_* or upload_* option changes; HOW is set,
 * quoted, append, folder or nothing
 *
 * A platform may be written as PlatformIO allows: "atmelavr", "platformio/atmelavr", "atmelavr @
 * ^4.0", "https://github.com/platformio/platform-atmelavr.git#v4.0.0". A version is of PlatformIO's
 * package, which is not what is installed here: it is noted, not obeyed.
 *
 * Threads: a map does not change once loaded; any number may read it.
 */
#ifndef JIG_ARDUINO_PIOMAP_H
#define JIG_ARDUINO_PIOMAP_H

#include <stdbool.h>

#include "core/arduino/board.h"
#include "core/arduino/props.h"
#include "core/arduino/readlog.h"
#include "core/base/err.h"
#include "core/base/strv.h"

struct jig_piomap;

/* Reads DATA_DIR/platformio.txt. INVALID_ARGUMENT names a line's key that makes no sense. Without
 * the file there is an empty map. */
enum jig_code jig_piomap_load(const char *data_dir, struct jig_readlog *log,
                              struct jig_piomap **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_piomap_free(struct jig_piomap *m);

/* "atmelavr" out of whatever a project writes. *ret_version is what follows '@' or '#', or NULL.
 * The caller frees both. */
char *jig_pio_platform_name(const char *written, char **ret_version);

/* A project's choice of a board. */
struct jig_pio_board {
    const char *platform;              /* as written */
    const char *board;                 /* as written */
    const struct jig_strv *frameworks; /* as written; "arduino" must be among them */
};

/* The FQBN, which the caller frees. *ret_note (may be NULL) is what the user should know about it,
 * or NULL. INVALID_ARGUMENT with BAD_PROJECT says what is missing or unknown, the nearest names,
 * and which Arduino platform would be needed. */
enum jig_code jig_piomap_board(const struct jig_piomap *m, const struct jig_pio_board *b,
                               char **ret_fqbn, char **ret_note,
                               struct jig_err *reterr) JIG_CHECKED;

/* How an option is known. */
enum jig_pio_option { JIG_PIO_UNKNOWN, JIG_PIO_TAKEN, JIG_PIO_NOTHING };

/* Puts what option NAME=VALUE changes into `changes`. `root` is the project's folder. */
enum jig_pio_option jig_piomap_option(const struct jig_piomap *m, const char *name,
                                      const char *value, const char *root,
                                      struct jig_board_changes *changes);

#endif
