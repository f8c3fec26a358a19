/*
 * libindex.h - which library an #include means.
 *
 * Each library in the folders given claims the headers in its source folder. Of several that claim
 * one, the strongest wins, by points (arduino-cli's):
 *
 *   1010 it lists the architecture, 1000 it is for any ("*"), 0 it is for others
 *    700 its name and its folder are the header's name, 600 one of them is, 500 NAME-main,
 *    400 NAME-master, 300 starts with it, 200 ends with it, 100 contains it
 *  10000 the project's own, 3 the user's, 2 the platform's, 1 the referenced platform's, 0 built in
 *
 * Equal ones: the name that shares most letter pairs with the header, then the first by name. Names
 * are compared in lower case, with '_' for what is not a letter, a digit, '-' or '.'.
 *
 *   jig_libcache (one a daemon) --jig_libindex_open--> jig_libindex (never changes; refcounted)
 *
 * The cache keeps what folders held, and looks again at all that was read (readlog.h) whenever an
 * index is opened: an index is exact for that moment. The index also holds what was damaged, since
 * a header that is "not found" may be in there.
 *
 * Ceilings: 256 folders an index, 10,000 libraries a folder, 256 folders cached.
 *
 * Source: the Arduino "Sketch build process", "Dependency resolution"; arduino-cli 1.0.4.
 * Threads: the cache locks itself; an index may be read by any number.
 */
#ifndef JIG_ARDUINO_LIBINDEX_H
#define JIG_ARDUINO_LIBINDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arduino/library.h"
#include "core/base/err.h"
#include "core/base/memo.h"
#include "core/base/strv.h"

#define JIG_LIBINDEX_FOLDERS_MAX 256
#define JIG_BOARD_FOLDERS_MAX    2
#define JIG_LIBRARIES_MAX        10000
#define JIG_LIBCACHE_FOLDERS_MAX 256

struct jig_libcache;
struct jig_libindex;

struct jig_libcache *jig_libcache_new(void);
void jig_libcache_free(struct jig_libcache *c);                   /* indexes outlive it */
struct jig_memo_stats jig_libcache_stats(struct jig_libcache *c); /* an entry is a folder */

struct jig_library_folder {
    const char *path; /* absolute; one that is not there holds nothing */
    enum jig_library_location location;
    bool single;      /* the folder is a library, not a folder of libraries */
    const char *twin; /* another one, whose libraries are these's twins (library.h), or are ones
                         that are not here; NULL: none */
};

/* `ignore` (may be NULL) holds names of libraries that are as if they were not there. A folder
 * named twice counts once, where it was named first. */
enum jig_code jig_libindex_open(struct jig_libcache *c, const struct jig_library_folder *folders,
                                size_t n, const struct jig_strv *ignore, struct jig_libindex **ret,
                                struct jig_err *reterr) JIG_CHECKED;
struct jig_libindex *jig_libindex_ref(struct jig_libindex *x);
void jig_libindex_unref(struct jig_libindex *x);

/* The folders in which the libraries of a resolved board are: the platform's, and the referenced
 * core's. Borrowed strings in `out` are owned by `paths`. */
struct jig_board_config;
size_t jig_libindex_board_folders(const struct jig_board_config *c, struct jig_strv *paths,
                                  struct jig_library_folder out[JIG_BOARD_FOLDERS_MAX]);

struct jig_library_match {
    const struct jig_library *best;              /* NULL: nobody claims the header */
    const struct jig_library *const *candidates; /* all that claim it, `best` among them */
    size_t n;
};

/* `header` as written: "Wire.h". Everything is borrowed from the index. */
struct jig_library_match jig_libindex_find(const struct jig_libindex *x, const char *header,
                                           const char *arch);

/* "Multiple libraries were found for ...": which one is used and which are not. NULL when there was
 * no choice. The caller frees. */
char *jig_library_match_notice(const struct jig_library_match *m, const char *header);

/* "the library X says that it runs on ... and may not run on this board": NULL when it lists
 * `arch`, one of the platform's architecture.override_check (in the board's properties), or "*".
 * The caller frees. */
char *jig_library_arch_notice(const struct jig_library *lib, const char *arch,
                              const struct jig_props *board);

/* Why no library may have been found for a header: one with a like name ("Wire.h" for "wire.h"),
 * and libraries that are damaged. NULL when there is nothing to say. The caller frees. */
char *jig_libindex_missing_hint(const struct jig_libindex *x, const char *header);

/* By the name it states or its folder's; the strongest location first. NULL when there is none. */
const struct jig_library *jig_libindex_by_name(const struct jig_libindex *x, const char *name);
void jig_libindex_names(const struct jig_libindex *x, struct jig_strv *out); /* sorted, each once */

/* "PATH: what is wrong with it", for each library that could not be loaded. */
const struct jig_strv *jig_libindex_faults(const struct jig_libindex *x);

/* The points of a library, as above. */
int jig_library_points(const struct jig_library *lib, const char *header, const char *arch);

#endif
