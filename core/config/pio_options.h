/*
 * pio_options.h - the options that PlatformIO knows, as data.
 *
 * Facts only (names, kinds, choices, defaults, variables), source: platformio-core 6.2,
 * platformio/project/options.py. tests/differential compares the table with the installed one, so
 * that a new PlatformIO shows itself there.
 */
#ifndef JIG_CONFIG_PIO_OPTIONS_H
#define JIG_CONFIG_PIO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config/project.h"

#define JIG_PIO_MOST_OLD_NAMES 3
#define JIG_PIO_MOST_CHOICES   5

struct jig_pio_option {
    const char *scope; /* "platformio" or "env" */
    const char *name;
    const char *variable; /* PLATFORMIO_..., or NULL */
    const char *fallback; /* before interpolation; a list's items by lines; NULL: none */
    const char *old_names[JIG_PIO_MOST_OLD_NAMES];
    const char *choices[JIG_PIO_MOST_CHOICES];
    enum jig_option_type type;
    bool is_list;
    bool is_zero_or_one; /* an integer with only these values */
};

extern const struct jig_pio_option jig_pio_options[];
extern const size_t jig_pio_option_count;

/* Defaults that depend on the project rather than on the table. */
#define JIG_PIO_FALLBACK_ROOT_NAME "\1name" /* the last part of the project folder */
#define JIG_PIO_FALLBACK_CORE_DIR  "\1core" /* ~/.platformio */

/* The scope of a section: "env" for "env:uno". NULL when options mean nothing there. */
const char *jig_pio_scope(const char *section);

/* By present or legacy name. NULL when PlatformIO does not know it in such a section. */
const struct jig_pio_option *jig_pio_option_find(const char *section, const char *name);

/* Whether `name` is the option's present name or one of its legacy names. */
bool jig_pio_option_is(const struct jig_pio_option *o, const char *name);

/* custom_* and board_*: PlatformIO takes any. */
bool jig_pio_option_is_custom(const char *name);

#endif
