/*
 * installed.h - what is installed, as the folders say.
 *
 *   ROOT/platforms/VENDOR~ARCH/VERSION/            boards.txt and the rest of a platform
 *   ROOT/toolchains/VENDOR~NAME/VERSION/           a tool
 *   ROOT/libraries/NAME/VERSION/NAME_/             a library, in a folder called after it
 *   .../VERSION/jig-package.json                   where it came from (record.h)
 *
 * The cache makes them, complete the moment they are visible (core/blob/tree.h); nothing else says
 * what is installed. Every look goes through core/os/fs.h, so that an answer which rests on it is
 * looked at anew when a package comes or goes.
 *
 * There may be several roots, the user's and the machine's; what two of them have is taken from the
 * first.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_INSTALLED_H
#define JIG_PACKAGES_INSTALLED_H

#include "core/packages/plan.h"

#define JIG_INSTALLED_MAX 16384 /* packages of a kind */

/* The folder's name of a package: "arduino~avr", "Servo". The caller frees. */
char *jig_installed_name(enum jig_package_kind kind, const char *vendor, const char *name);
const char *jig_installed_kind(enum jig_package_kind kind); /* "platforms" */

/* The folder in which a library's own files are, within its tree: its name with '_' for blanks. */
char *jig_installed_library_folder(const char *name);

struct jig_installed {
    enum jig_package_kind kind;
    char *vendor; /* "" for a library */
    char *name;
    char *version;
    char *path; /* of the tree */
};

struct jig_installed_list {
    struct jig_installed *items; /* by vendor and name, newest first */
    size_t n;
    size_t cap;
};

/* All packages of a kind; roots that are not there hold none. */
enum jig_code jig_installed_read(const struct jig_strv *roots, enum jig_package_kind kind,
                                 struct jig_installed_list *ret,
                                 struct jig_err *reterr) JIG_CHECKED;
void jig_installed_release(struct jig_installed_list *l);

/* The best version of a name that the range takes; names of libraries are compared without regard
 * to case. NULL when there is none. `range` NULL: any. */
const struct jig_installed *jig_installed_best(const struct jig_installed_list *l,
                                               const char *vendor, const char *name,
                                               const struct jig_range *range);

/* What a wish means: as above from an index, else the one that came from its very URL, ref or hash;
 * of several commits of one branch or tag, the one that was asked for last. NULL when there is
 * none. */
const struct jig_installed *jig_installed_wish(const struct jig_installed_list *l,
                                               const struct jig_wish *w);

/* The package in that folder was asked for now. */
void jig_installed_ask(const char *path);

/* That very version. NULL when there is none. */
const struct jig_installed *jig_installed_exact(const struct jig_installed_list *l,
                                                const char *vendor, const char *name,
                                                const char *version);

/* The package that a path lies in, by its words alone. False when it lies in none. Release `ret`
 * with jig_installed_clear. */
bool jig_installed_of(const struct jig_strv *roots, const char *path, struct jig_installed *ret);
void jig_installed_clear(struct jig_installed *one);

/* What its tree says of it. */
enum jig_code jig_installed_record(const struct jig_installed *one, struct jig_package *ret,
                                   struct jig_err *reterr) JIG_CHECKED;

/* Is it what the plan means? DATA_LOSS (INTEGRITY), with both values, when it came from an archive
 * with another hash. */
enum jig_code jig_installed_check(const struct jig_installed *one, const struct jig_package *p,
                                  struct jig_err *reterr) JIG_CHECKED;

#endif
