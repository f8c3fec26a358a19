/*
 * sketch.h - the files that make up an Arduino sketch.
 *
 * A sketch is a folder with a main tab of the folder's own name (Blink/Blink.ino):
 *
 *   Blink/
 *     Blink.ino        the main tab; .pde is the old spelling
 *     Alarm.ino        other tabs, only at the root, bytewise by name
 *     lamp.cpp lamp.h  sources and headers beside them, compiled on their own
 *     src/...          the same, recursively
 *     data/ extras/... other folders: their headers and the like travel with the sketch (a relative
 *                      #include finds them), but nothing in them is compiled
 *
 * What counts, and in which order, follows arduino-cli 1.0.4, since the order of the files decides
 * the layout of the firmware (tests/vectors/arduino-cli):
 *   tabs         .ino .pde
 *   additional   .h .hh .hpp .ipp .tpp .c .cc .cpp .cxx .S .adoc .md .json, anywhere below the
 *                folder, bytewise by relative path
 *   left out     names with a leading dot, the folder build/ at the root (exported binaries), and
 *                build folders inside the sketch: those that hold a build.options.json
 *                (arduino-cli's) or a CACHEDIR.TAG (bford.info/cachedir; jig's build folders)
 *   sources      of the additional ones: .c .cc .cpp .cxx .S at the root or below src/; below src/
 *                no folder with a leading dot and none of a version control system's
 *
 * Ceilings: JIG_SKETCH_MAX_FILES files; more is an error, not a silent cut.
 *
 * Threads: a loaded sketch does not change; any thread may read it.
 */
#ifndef JIG_ARDUINO_SKETCH_H
#define JIG_ARDUINO_SKETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_SKETCH_MAX_FILES 10000
#define JIG_TAB_MAX          ((size_t)4 << 20) /* bytes; a longer tab is an error */

struct jig_sketch {
    char *name;                 /* "Blink" */
    char *folder;               /* absolute, without links: what __FILE__ shows */
    char *twin;                 /* another one, where files are that are not there; NULL: none */
    char *main_name;            /* "Blink.ino": the specification's build.project_name */
    struct jig_strv tabs;       /* relative to folder or twin; the main tab first */
    struct jig_strv additional; /* likewise; sources and what they may include */
};

/* Loads a sketch from its folder or its main tab (any .ino or .pde in the folder will do, as in
 * arduino-cli). NOT_FOUND when there is no main tab: the message names the folder, what was looked
 * for and the tabs that are there. INVALID_ARGUMENT when there are two main tabs (.ino and .pde) or
 * a name has a control character, which no #line can carry. Errors have reason BAD_PROJECT. */
enum jig_code jig_sketch_load(const char *path, struct jig_sketch **ret,
                              struct jig_err *reterr) JIG_CHECKED;

/* For projects that are not sketch folders (PlatformIO's src/ with .ino files): the tabs are given,
 * relative to folder. The main one is the first that defines setup() or loop(), else the first; the
 * others follow in the order given. There are no additional files: the project names its sources
 * itself. INVALID_ARGUMENT when the list is empty. `twin` (may be NULL) has those that are not in
 * folder. */
enum jig_code jig_sketch_from_tabs(const char *folder, const char *twin,
                                   const struct jig_strv *tabs, struct jig_sketch **ret,
                                   struct jig_err *reterr) JIG_CHECKED;

/* Adds the tabs and additional files that are below another folder and not in the sketch, as if
 * they stood at the same places in it; the lists stay in order. A folder that is not there has
 * none. INVALID_ARGUMENT when it has the main tab in the other spelling. Once a sketch. */
enum jig_code jig_sketch_add_twin(struct jig_sketch *s, const char *folder,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Where a tab or an additional file is, absolute. The caller frees. */
char *jig_sketch_path(const struct jig_sketch *s, const char *relative);

void jig_sketch_free(struct jig_sketch *s);

/* True for an additional file that is compiled: a source (sources.h) at the root or below src/. */
bool jig_sketch_is_source(const char *relative);

/* True when the folder is a sketch: it holds <folder>.ino or <folder>.pde. */
bool jig_sketch_is_folder(const char *folder);

#endif
