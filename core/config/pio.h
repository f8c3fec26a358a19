/*
 * pio.h - platformio.ini resolved: PlatformIO's ProjectConfig, one question at a time.
 *
 * Private to core/config; project.h is what the rest of jig uses.
 *
 * A value is found by walking sections: for [env:x] the section itself, then what it extends (the
 * last named first, each with what it extends in turn), then [env]. The first that has the option
 * under its present or a legacy name wins. Then a PLATFORMIO_* variable replaces it, or adds lines
 * to a list; then the built-in default; then ${...} is resolved; then lists are split and values
 * checked.
 *
 * Differences from PlatformIO (docs/platformio.md): an extends cycle is an error, where PlatformIO
 * never ends; "~user" is left as it is; there are ceilings.
 *
 * Source: platformio-core 6.2, platformio/project/config.py.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_CONFIG_PIO_H
#define JIG_CONFIG_PIO_H

#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/strv.h"
#include "core/config/ini.h"
#include "core/config/inputs.h"
#include "core/config/pio_options.h"
#include "core/config/project.h"

#define JIG_PIO_MOST_FILES 256    /* platformio.ini and its extra_configs */
#define JIG_PIO_MOST_DEPTH 128    /* of ${...} in ${...}, and of extends */
#define JIG_PIO_MOST_STEPS 300000 /* options looked at in one load */
#define JIG_PIO_VALUE_MAX  (1u << 20)

struct jig_pio_frame; /* an option being resolved, and the one that asked for it */

struct jig_pio {
    const char *root; /* absolute, without links; borrowed */
    struct jig_project_how how;
    struct jig_ini ini;
    struct jig_strv files;     /* read so far, by the words they were named with */
    struct jig_inputs inputs;  /* of the load, and what follows is of the load too */
    struct jig_map variables;  /* name -> value (NULL: unset) */
    struct jig_strv needs_env; /* variables that the request did not settle */
    struct jig_strv warnings;
    bool uses_unix_time;
    struct jig_map walks; /* section -> struct jig_pio_walk * */
    unsigned steps;
    const struct jig_pio_frame *frame;
};

/* The sections in which a section's options are looked for, in that order. */
struct jig_pio_walk {
    const struct jig_ini_section **sections;
    size_t n;
    size_t cap;
};

void jig_pio_init(struct jig_pio *pio, const char *root, const struct jig_project_how *how);
void jig_pio_release(struct jig_pio *pio);

/* Reads `file` (absolute) and the extra_configs it asks for. */
enum jig_code jig_pio_read(struct jig_pio *pio, const char *file,
                           struct jig_err *reterr) JIG_CHECKED;

/* Cached; borrowed until the next file is read. */
enum jig_code jig_pio_walk(struct jig_pio *pio, const char *section,
                           const struct jig_pio_walk **ret, struct jig_err *reterr) JIG_CHECKED;

/* ProjectConfig.options(): names in order, variables that stand for unset ones last. */
enum jig_code jig_pio_options_of(struct jig_pio *pio, const char *section, struct jig_strv *out,
                                 struct jig_err *reterr) JIG_CHECKED;

/* ProjectConfig.get(). The caller frees with jig_option_free. */
enum jig_code jig_pio_get(struct jig_pio *pio, const char *section, const char *name,
                          struct jig_option **ret, struct jig_err *reterr) JIG_CHECKED;

void jig_option_free(void *option);

/* The value of an environment variable of the request; NULL when unset or not known (and then it
 * is in needs_env). */
const char *jig_pio_variable(struct jig_pio *pio, const char *name);

/* os.path.expanduser and os.path.abspath from the root. The caller frees. */
char *jig_pio_absolute(struct jig_pio *pio, const char *path);

/* A step of work; RESOURCE_EXHAUSTED when there were too many. */
enum jig_code jig_pio_step(struct jig_pio *pio, struct jig_err *reterr) JIG_CHECKED;

#endif
