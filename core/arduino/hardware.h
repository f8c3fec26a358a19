/*
 * hardware.h - every platform and tool that is installed, as the daemon knows them.
 *
 * Each folder given is searched, in its order, for all layouts that Arduino tools know:
 *
 *   FOLDER/VENDOR/ARCH/boards.txt                    the system's, a sketchbook's "hardware"
 *   FOLDER/VENDOR/hardware/ARCH/VERSION/boards.txt   Boards Manager's "packages"
 *   FOLDER/VENDOR/tools/NAME/VERSION/                its tools
 *   FOLDER/packages/..., FOLDER/hardware/...         as above: Boards Manager's own, a sketchbook
 *   FOLDER/platforms/VENDOR~ARCH/VERSION/boards.txt  jig's own, FOLDER being called "installed"
 *   FOLDER/toolchains/VENDOR~NAME/VERSION/           its tools
 *   FOLDER/platform.txt                              properties set over every platform's
 *
 * A release without a version folder has the version its platform.txt states. Of several releases
 * the newest one serves, and of equal ones that of the folder named first.
 *
 *   jig_hardware --refresh--> jig_hardware_view (never changes) --> platforms, loaded when asked
 * for
 *
 * A view is what one build sees from start to end, while others may refresh. A damaged platform
 * fails only those who ask for it. Nothing is believed by its age: a refresh compares the stamps of
 * everything that was read (readlog.h), and reads anew only the platforms that changed.
 *
 * Ceilings: 64 folders, 4,096 releases, 16,384 tool versions.
 *
 * Threads: all functions may be called from any thread; a view lives until its last unref.
 */
#ifndef JIG_ARDUINO_HARDWARE_H
#define JIG_ARDUINO_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arduino/platform.h"
#include "core/base/err.h"
#include "core/base/memo.h"
#include "core/base/strv.h"

#define JIG_HARDWARE_FOLDERS_MAX  64
#define JIG_HARDWARE_RELEASES_MAX 4096
#define JIG_HARDWARE_TOOLS_MAX    16384

struct jig_hardware;
struct jig_hardware_view;

/* An installed tool version. */
struct jig_tool {
    char *vendor;
    char *name;
    char *version;
    char *path;
};

/* Copies the list; a folder that is not there is looked for again at each refresh. `data_dir` holds
 * overlays/, platformio.txt and system-tools.txt (data.h). */
struct jig_hardware *jig_hardware_new(const struct jig_strv *folders, const char *data_dir);
void jig_hardware_free(struct jig_hardware *hw); /* views outlive it */

/* A folder of overlays besides DATA_DIR/overlays; before the first refresh. Copied. */
void jig_hardware_set_overlays(struct jig_hardware *hw, const char *dir);

/* A question is a refresh, an entry a platform. */
struct jig_memo_stats jig_hardware_stats(struct jig_hardware *hw);

/* The state of things now, with a reference for the caller. *ret_changed (may be NULL) says whether
 * it differs from the view that was handed out before. */
enum jig_code jig_hardware_refresh(struct jig_hardware *hw, struct jig_hardware_view **ret,
                                   bool *ret_changed, struct jig_err *reterr) JIG_CHECKED;

struct jig_hardware_view *jig_hardware_view_ref(struct jig_hardware_view *v);
void jig_hardware_view_unref(struct jig_hardware_view *v);

/* 1 for the first view of a jig_hardware, one more for each that differed. */
uint64_t jig_hardware_view_number(const struct jig_hardware_view *v);

/*
 * The release that serves vendor:arch; with `version`, that very one (1.8 is 1.8.0). Borrowed, as
 * long as the view lives. NOT_FOUND names the nearest, and the package to install where that is
 * known; a damaged platform's own error otherwise.
 */
enum jig_code jig_hardware_platform(struct jig_hardware_view *v, const char *vendor,
                                    const char *arch, const char *version,
                                    const struct jig_platform **ret,
                                    struct jig_err *reterr) JIG_CHECKED;

/* One release that is installed, whether or not it can be loaded. */
struct jig_release {
    const char *vendor;
    const char *arch;
    const char *version;
    const char *path;
    bool serves; /* it is the one that vendor:arch means */
};
size_t jig_hardware_release_count(const struct jig_hardware_view *v);
struct jig_release jig_hardware_release(const struct jig_hardware_view *v, size_t at);

/* Every board of every release that serves. Damaged platforms are left out, and appended to
 * `faults` (may be NULL) as "PATH: what is wrong". Free with jig_board_list_free. */
struct jig_board_info {
    char *fqbn;
    char *name;
    const struct jig_platform *platform; /* borrowed from the view */
    const struct jig_board *board;       /* borrowed from the view */
};
struct jig_board_info *jig_hardware_boards(struct jig_hardware_view *v, size_t *ret_count,
                                           struct jig_strv *faults);
void jig_board_list_free(struct jig_board_info *boards, size_t count);

/* The FQBNs of all boards that show this USB id, sorted. */
void jig_hardware_boards_with_usb(struct jig_hardware_view *v, uint16_t vid, uint16_t pid,
                                  struct jig_strv *out);

size_t jig_hardware_tool_count(const struct jig_hardware_view *v);
const struct jig_tool *jig_hardware_tool(const struct jig_hardware_view *v, size_t at);

/* Tools of the system that stand in where none is installed: name = folder (system-tools.txt). */
const struct jig_props *jig_hardware_system_tools(const struct jig_hardware_view *v);

/* PlatformIO's names, from the data folder: see piomap.h. */
struct jig_piomap;
const struct jig_piomap *jig_hardware_piomap(const struct jig_hardware_view *v);

/* The properties of FOLDER/platform.txt files, merged. */
const struct jig_props *jig_hardware_global_props(const struct jig_hardware_view *v);

/* Every file that was read for the list of releases, the overlays, and this platform: what a key of
 * anything made from it must cover. `p` may be NULL. */
void jig_hardware_files(const struct jig_hardware_view *v, const struct jig_platform *p,
                        struct jig_strv *out);

#endif
