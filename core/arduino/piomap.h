/*
 * piomap.h - PlatformIO's names for boards and their options, in the Arduino platform's words.
 *
 * Data: DATA/platformio.txt.
 *
 *   platform.PIO=VENDOR:ARCH            the Arduino platform that a PlatformIO platform stands for
 *   needs.PIO=WORDS                     one that is known, but whose boards are not listed
 *   board.PIO.BOARD=FQBN
 *   release.PIO.VERSION=WORDS           what that release of PlatformIO's platform brings
 *   core.PIO.VERSION=VERSION            the version of the Arduino platform that this is
 *   option.NAME=HOW [PROPERTY]          what a board_* or upload_* option changes; HOW is set,
 * quoted, append, folder or nothing
 *
 * A platform may be written as PlatformIO allows: "atmelavr", "platformio/atmelavr", "atmelavr @
 * ^4.0", "https://github.com/platformio/platform-atmelavr.git#v4.0.0". A version is of PlatformIO's
 * package, which is not what is installed here: where the data says which version of the Arduino
 * platform it brings, that one is to be used; else whoever uses another tells so (jig_pio_pin).
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

/* The version of a PlatformIO platform that a project asks for, and what is known of it. */
struct jig_pio_pin {
    char *platform;       /* "atmelavr"; NULL when the project asks for no version */
    char *version;        /* as written: "4.1.0", "^4", "v4.1.0" */
    const char *brings;   /* "framework-arduino-avr 5.1.0 with avr-gcc 7.3.0"; NULL: not known */
    const char *core;     /* the version of the Arduino platform; NULL: not known */
    bool is_core_at_hand; /* for who uses it: that version is used */
};
void jig_pio_pin_release(struct jig_pio_pin *pin);

/* What the user should know about it, when `used` ("arduino:avr 1.8.6") is what is built with; NULL
 * when there is nothing to say. The caller frees. */
char *jig_pio_pin_note(const struct jig_pio_pin *pin, const char *used);

/* The same of platform_packages, which are PlatformIO's, all of them. */
char *jig_pio_packages_note(const struct jig_strv *packages, const char *used);

/* The FQBN, which the caller frees; `pin` (released by the caller, borrows from the map) what
 * version it asks for. INVALID_ARGUMENT with BAD_PROJECT says what is missing or unknown, the
 * nearest names, and which Arduino platform would be needed. */
enum jig_code jig_piomap_board(const struct jig_piomap *m, const struct jig_pio_board *b,
                               char **ret_fqbn, struct jig_pio_pin *pin,
                               struct jig_err *reterr) JIG_CHECKED;

/* How an option is known. */
enum jig_pio_option { JIG_PIO_UNKNOWN, JIG_PIO_TAKEN, JIG_PIO_NOTHING };

/* Puts what option NAME=VALUE changes into `changes`. `root` is the project's folder. */
enum jig_pio_option jig_piomap_option(const struct jig_piomap *m, const char *name,
                                      const char *value, const char *root,
                                      struct jig_board_changes *changes);

#endif
