/*
 * fqbn.h - a fully qualified board name: vendor:architecture:board[:menu=option[,menu=option]].
 *
 * The three names hold letters, digits, '_', '.' and '-'; vendor and architecture may be empty (the
 * specification allows it), the board may not. An option's value may also hold '='. Whether such a
 * board and such options exist is board.h's business.
 *
 * Source: the Arduino platform specification, "FQBN"; arduino-cli's fqbn_test for the corner cases.
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_FQBN_H
#define JIG_ARDUINO_FQBN_H

#include <stdbool.h>

#include "core/arduino/props.h"
#include "core/base/err.h"

struct jig_fqbn {
    char *vendor;
    char *arch;
    char *board;
    struct jig_props *options; /* menu=option, in the order written; never NULL once parsed */
};

#define JIG_FQBN_INIT                                                                              \
    {                                                                                              \
        0                                                                                          \
    }

/* INVALID_ARGUMENT says what is wrong with it. */
enum jig_code jig_fqbn_parse(const char *text, struct jig_fqbn *ret,
                             struct jig_err *reterr) JIG_CHECKED;
void jig_fqbn_release(struct jig_fqbn *f);
void jig_fqbn_copy(struct jig_fqbn *to, const struct jig_fqbn *from); /* `to` was not in use */

/* The text of it, with or without the options. The caller frees. */
char *jig_fqbn_format(const struct jig_fqbn *f, bool with_options);

/* True when both name the same board and f has every option that `wanted` has. */
bool jig_fqbn_matches(const struct jig_fqbn *f, const struct jig_fqbn *wanted);

#endif
