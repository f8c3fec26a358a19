/*
 * board.h - from a board's name to all properties that a build or an upload of it goes by.
 *
 *   FQBN --jig_board_resolve--> jig_board_config --jig_build_props--> what recipes are expanded
 * with
 *
 * The merge, later over earlier:
 *   the variant's platform, the core's platform, the board's platform (one and the same, unless
 *   build.core or build.variant say "vendor:name"); the board; one option of each of its menus;
 *   runtime.platform.path, runtime.hardware.path, build.board.platform.path, build.core.path,
 *   build.core.platform.path, build.system.path, build.variant.path; runtime.tools.*.path;
 *   runtime.os, runtime.ide.*, ide_version, software, build.board, build.library_discovery_phase;
 *   then FOLDER/platform.txt. For a build: build.path, sketch_path, build.source.path,
 *   build.project_name, compiler.optimization_flags, compiler.warning_flags, and the caller's own.
 *
 * Every path is a literal value (props.h). Two differences from arduino-cli, on purpose: warnings
 * are set once for all recipes (it sets them per compile), and tools.avrdude.path is only
 * overridden by {runtime.tools.avrdude.path} when it names no folder that is there, so a system
 * platform's own value lives.
 *
 * A runtime.tools.NAME.path that several installed versions could set is that of: the version which
 * the board's platform asks for in installed.json; else one from the board's vendor, then from the
 * core's vendor, then the newest, then the first vendor by name. Where none is installed a tool of
 * the system may stand in (DATA/system-tools.txt).
 *
 * Source: the Arduino platform specification; arduino-cli 1.0.4 (`compile --show-properties`).
 * Threads: a config does not change once made; any number may read it.
 */
#ifndef JIG_ARDUINO_BOARD_H
#define JIG_ARDUINO_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arduino/fqbn.h"
#include "core/arduino/hardware.h"
#include "core/arduino/platform.h"
#include "core/arduino/props.h"
#include "core/base/err.h"
#include "core/base/strv.h"

/* The IDE version that sketches see as ARDUINO; the last of IDE 1.6, as the specification fixes. */
#define JIG_IDE_VERSION "10607"

struct jig_board_config {
    struct jig_hardware_view *view; /* a reference: keeps all that is borrowed below */
    struct jig_fqbn fqbn;           /* as asked for */
    char *fqbn_text;
    const struct jig_platform *platform;         /* the board's */
    const struct jig_platform *core_platform;    /* often the same */
    const struct jig_platform *variant_platform; /* often the same */
    const struct jig_board *board;
    struct jig_props *options; /* menu=value for every menu, defaults included */
    struct jig_props *props;
    char *core_path;         /* absolute; expanded build.core.path */
    char *variant_path;      /* NULL when the board has none, or the folder is not there */
    struct jig_strv notices; /* overlays that were applied, and values that had to be made up */
    bool uses_time; /* some property mentions {extra.time.*}: the build is not repeatable */
};

/* `version` pins the board's platform; NULL takes the newest. NOT_FOUND or INVALID_ARGUMENT name
 * what is unknown and the nearest names or valid values. */
enum jig_code jig_board_resolve(struct jig_hardware_view *v, const char *fqbn, const char *version,
                                struct jig_board_config **ret, struct jig_err *reterr) JIG_CHECKED;

/* What a project changes about its board, as platformio.ini's board_* options do. */
struct jig_board_changes {
    struct jig_props
        *set; /* over the board and its options, before a core or variant is looked up */
    struct jig_props
        *append;        /* key = text, split like a shell would, each word one more argument */
    char *variants_dir; /* variants are looked for in here (absolute); NULL: the platform's own */
};

void jig_board_changes_init(struct jig_board_changes *c);
void jig_board_changes_release(struct jig_board_changes *c);

/* The same, changed. `changes` may be NULL; a changed upload.X goes before upload.PROTOCOL.X. */
enum jig_code jig_board_resolve_changed(struct jig_hardware_view *v, const char *fqbn,
                                        const char *version,
                                        const struct jig_board_changes *changes,
                                        struct jig_board_config **ret,
                                        struct jig_err *reterr) JIG_CHECKED;

void jig_board_config_free(struct jig_board_config *c);

/* Every file that was read for it: platform, core's and variant's platform, overlays. */
void jig_board_config_files(const struct jig_board_config *c, struct jig_strv *out);

/* The FQBN in its shortest form: options that are defaults left out, the rest in menu order. Two
 * that mean the same build have the same one. The caller frees. */
char *jig_board_normal_fqbn(const struct jig_board_config *c);

enum jig_warnings { JIG_WARNINGS_NONE, JIG_WARNINGS_DEFAULT, JIG_WARNINGS_MORE, JIG_WARNINGS_ALL };

struct jig_build_place {
    const char *build_path;   /* absolute */
    const char *source_path;  /* the sketch's or project's folder, absolute */
    const char *project_name; /* "Blink.ino"; artifacts are named after it */
    bool debug;               /* compiler.optimization_flags.debug instead of .release */
    enum jig_warnings warnings;
    const struct jig_props *custom; /* the caller's own properties, over all others; may be NULL */
    int64_t time_utc_s;             /* for {extra.time.*}, only when config->uses_time */
    int32_t zone_s;                 /* east of UTC, without daylight saving */
    int32_t dst_s;                  /* what daylight saving adds now */
};

/* A fresh set that the caller owns and may add to. */
struct jig_props *jig_build_props(const struct jig_board_config *c,
                                  const struct jig_build_place *place);

#endif
