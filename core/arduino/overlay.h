/*
 * overlay.h - properties that mend a known platform, as data.
 *
 * An overlay is a properties file in DATA/overlays/, named NAME.txt. Its keys that start with
 * "overlay." say what it is and which platforms it is for; all others are set in such a platform's
 * properties, after platform.txt and before platform.local.txt (so a user's own word still wins).
 *
 *   overlay.reason=gcc 5.4 hides DECIMAL_DIG from C++    shown to the user; required
 *   overlay.match.vendor=arduino                          required
 *   overlay.match.architecture=avr                        required
 *   overlay.match.version=1.8.*                           a shell pattern; absent: any
 *   overlay.match.name=*(Debian packaged)*                on platform.txt's name=
 *   overlay.match.path=/usr/share/arduino/hard*       on the platform's folder
 *   overlay.match.property.KEY=VALUE                      only while KEY has exactly this value;
 *                                                         no value: absent or empty
 *
 * Overlays apply in the order of their file names. A file that cannot be read right is an error for
 * every platform: what would be built without it is not what was asked for.
 *
 * Threads: an overlay set does not change once loaded; any number may read it.
 */
#ifndef JIG_ARDUINO_OVERLAY_H
#define JIG_ARDUINO_OVERLAY_H

#include "core/arduino/props.h"
#include "core/arduino/readlog.h"
#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_OVERLAYS_MAX 256

struct jig_overlays;

/* What an overlay is matched against. */
struct jig_overlay_target {
    const char *vendor;
    const char *arch;
    const char *version;
    const char *path;
};

/* Reads DATA_DIR/overlays, and then the folder `more` (may be NULL), through `log`. No folder means
 * no overlays. Of two that set the same, the later one wins. */
enum jig_code jig_overlays_load(const char *data_dir, const char *more, struct jig_readlog *log,
                                struct jig_overlays **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_overlays_free(struct jig_overlays *o);

/* Sets in `props` what the matching overlays say, and appends "NAME: REASON" of each to applied. */
void jig_overlays_apply(const struct jig_overlays *o, const struct jig_overlay_target *target,
                        struct jig_props *props, struct jig_strv *applied);

#endif
