/*
 * sketch_yaml.h - sketch.yaml, the sketch project file of arduino-cli.
 *
 * Its format is documented at arduino.github.io/arduino-cli/latest/sketch-project-file (read at
 * 1.4); keys that are not there are warned about by name and line. A value of the wrong kind and a
 * key given twice are errors with the line. Aliases are followed, not copied, so that nested ones
 * cost nothing; the file has a ceiling of 256 KiB, 32 levels and 1000 anchors, a list one of 10,000
 * items.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_CONFIG_SKETCH_YAML_H
#define JIG_CONFIG_SKETCH_YAML_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_SKETCH_YAML_MAX (256u << 10)

/* What one build is for: a profile, or the file's default_* values. NULL: not said. */
struct jig_sketch_profile {
    char *name; /* NULL for the defaults */
    unsigned line;
    char *notes;
    char *fqbn;
    char *programmer;
    char *port;
    char *protocol;
    struct jig_strv port_config;         /* "baudrate=115200" */
    struct jig_strv platforms;           /* "arduino:avr (1.8.6)", or without the version */
    struct jig_strv platform_index_urls; /* each once */
    struct jig_strv libraries;           /* "Servo (1.2.0)", dependencies too */
    struct jig_strv library_dirs;        /* as written */
};

struct jig_sketch_yaml {
    struct jig_sketch_profile defaults;
    char *default_profile;
    struct jig_sketch_profile *profiles; /* in file order */
    size_t n_profiles;
    struct jig_strv warnings;
};

/* `file` is what messages call it. On failure nothing is to be released. */
enum jig_code jig_sketch_yaml_parse(const char *file, const char *text, size_t n,
                                    struct jig_sketch_yaml *ret,
                                    struct jig_err *reterr) JIG_CHECKED;
void jig_sketch_yaml_release(struct jig_sketch_yaml *y);

#endif
