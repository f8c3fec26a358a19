/*
 * hardware_scan.h - finding releases and tools in hardware folders. For hardware.c.
 */
#ifndef JIG_ARDUINO_HARDWARE_SCAN_H
#define JIG_ARDUINO_HARDWARE_SCAN_H

#include "core/arduino/hardware.h"
#include "core/arduino/piomap.h"

struct jig_found_release {
    char *vendor;
    char *arch;
    char *version;
    char *path;
    char *folder;
};

/* What the folders hold; `log` says what was looked at. */
struct jig_hardware_scan {
    struct jig_found_release *releases; /* in the order found */
    size_t release_count;
    struct jig_tool *tools; /* sorted by name, then newest first, then vendor */
    size_t tool_count;
    struct jig_props *system_tools; /* name = folder, of those that are there */
    struct jig_strv faults;         /* "what could not be searched: why" */
    struct jig_props *global;
    struct jig_overlays *overlays;
    struct jig_piomap *piomap;
    struct jig_readlog *log;
};

/* `overlays` (may be NULL) is a folder of them besides the data folder's. The caller frees *ret
 * with jig_hardware_scan_free. */
enum jig_code jig_hardware_scan(const struct jig_strv *folders, const char *data_dir,
                                const char *overlays, struct jig_hardware_scan **ret,
                                struct jig_err *reterr) JIG_CHECKED;
void jig_hardware_scan_free(struct jig_hardware_scan *s);

#endif
